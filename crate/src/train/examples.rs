//! Inputs with their labels, as tensors.

use tch::Tensor;

/// Inputs with their labels.
#[derive(Debug)]
pub struct Examples {
    /// The inputs, `[n, inputs]`.
    pub inputs: Tensor,
    /// The labels, integers from 0, `[n]`.
    pub labels: Tensor,
}

impl Examples {
    /// How many there are.
    pub fn count(&self) -> i64 {
        self.labels.size()[0]
    }
}

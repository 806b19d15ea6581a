//! Kernels: inner products of examples in the space where an SVM is linear.

use crate::error::Result;
use crate::features::{fill_by_blocks, squared_distances, write};
use crate::nn::above_zero;
use serde::Serialize;
use std::fmt;
use tch::Tensor;

/// The kernel `k(x, x')`. The bias, one more weight, adds 1 to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Kernel {
    /// `x . x'`: scores are linear in the features.
    Linear,
    /// The radial basis function `exp(-gamma ||x - x'||^2)`.
    Rbf {
        /// The inverse squared width, finite and above 0.
        gamma: f64,
    },
}

impl Kernel {
    pub(super) fn validate(self) -> Result<()> {
        match self {
            Kernel::Linear => Ok(()),
            Kernel::Rbf { gamma } => above_zero("gamma", gamma),
        }
    }

    /// `k(x, z) + 1` for all rows of `x`, `[m, d]`, and `z`, `[n, d]`: `[m, n]`. Both are matrices of doubles with
    /// equally many columns.
    pub(super) fn products(self, x: &Tensor, z: &Tensor) -> Tensor {
        let products = match self {
            Kernel::Linear => x.matmul(&z.tr()),
            Kernel::Rbf { gamma } => (squared_distances(x, z) * -gamma).exp(),
        };
        products + 1.
    }

    /// The Gram matrix: the products of all pairs of rows of `x`, `[n, d] -> [n, n]`, row by row.
    pub(super) fn gram(self, x: &Tensor) -> Vec<f64> {
        let n = x.size()[0] as usize;
        fill_by_blocks(x, n, &[x], |block, x, rows| write(&self.products(block, &x[0]), rows))
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kernel::Linear => f.write_str("linear kernel"),
            Kernel::Rbf { gamma } => write!(f, "RBF kernel, gamma {gamma}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_holds_the_kernel_of_every_pair_plus_1() {
        let x = Tensor::from_slice(&[1., 2., 3., 4.]).view([2, 2]);
        assert_eq!(Kernel::Linear.gram(&x), [6., 12., 12., 26.]);
        let off_diagonal = f64::exp(-0.1 * 8.) + 1.; // ||(1, 2) - (3, 4)||^2 = 8
        let rbf = Kernel::Rbf { gamma: 0.1 }.gram(&x);
        for (found, expected) in rbf.iter().zip([2., off_diagonal, off_diagonal, 2.]) {
            assert!((found - expected).abs() < 1e-12, "{rbf:?}");
        }
    }

    #[test]
    fn a_gamma_that_is_no_width_is_rejected() {
        for gamma in [0., -1., f64::NAN, f64::INFINITY] {
            let error = Kernel::Rbf { gamma }.validate().unwrap_err().to_string();
            assert!(error.starts_with("gamma must be finite and above 0"), "{error}");
        }
    }
}

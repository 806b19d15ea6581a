//! What stands behind the layers that are split among threads.

use super::reference::scale;
use crate::error::Result;
use crate::nn::Logits;
use crate::nn::Sgd;
use crate::nn::{Layer, Network};
use crate::train::trainer::{Steps, matrix};
use tch::{Kind, Tensor};

/// The bias of the second layer and all layers above it. Of a linear model nothing is left for it but the loss.
pub(super) struct Head {
    bias: Option<Bias>,
    upper: Option<Network>,
    upper_velocities: Vec<[Option<Tensor>; 2]>,
}

struct Bias {
    value: Tensor,
    velocity: Option<Tensor>,
}

/// The gradient at the outputs that the shards add up to.
pub(super) struct HeadGradient {
    /// Which examples of the minibatch have one: it is zero for those whose margins all hold.
    pub active: Vec<usize>,
    /// Theirs, `[active, outputs]`.
    pub delta: Tensor,
    /// The gradients of the upper layers.
    upper: Vec<Layer>,
}

impl Head {
    /// The bias of the second layer, if there is one, and the layers above.
    pub fn new(bias: Option<Tensor>, upper: Vec<Layer>) -> Head {
        Head {
            bias: bias.map(|value| Bias { value, velocity: None }),
            upper_velocities: upper.iter().map(|_| [None, None]).collect(),
            upper: (!upper.is_empty()).then_some(Network { layers: upper }),
        }
    }

    /// The logits, from the sums over the shards: `[n, outputs] -> [n, classes]`.
    pub fn logits(&self, sums: Tensor) -> Tensor {
        let outputs = self.outputs(sums);
        match &self.upper {
            Some(upper) => upper.outputs(&outputs.relu()),
            None => outputs,
        }
    }

    fn outputs(&self, sums: Tensor) -> Tensor {
        match &self.bias {
            Some(bias) => sums + &bias.value,
            None => sums,
        }
    }

    /// The gradient of minibatch `number` with labels `[n]`.
    pub fn backward(
        &self,
        sums: Tensor,
        labels: &[u8],
        steps: &Steps,
        number: usize,
    ) -> Result<HeadGradient> {
        let outputs = self.outputs(sums);
        let Some(upper) = &self.upper else {
            let logits = Logits::of(&outputs);
            let gradient = steps.loss_gradient(&logits, labels, number)?;
            let (active, rows) = without_zero_rows(&gradient, logits.classes());
            return Ok(HeadGradient { active, delta: matrix(&rows, &outputs), upper: Vec::new() });
        };
        let (inputs, logits) = upper.forward(&outputs.relu());
        let gradient = steps.loss_gradient(&Logits::of(&logits), labels, number)?;
        let (gradients, delta) = upper.backward(&inputs, matrix(&gradient, &logits));
        Ok(HeadGradient {
            active: (0..labels.len()).collect(),
            delta: delta.matmul(&upper.layers[0].weight) * inputs[0].gt(0.),
            upper: gradients,
        })
    }

    /// Takes a step with the gradient.
    pub fn step(&mut self, gradient: HeadGradient, sgd: &Sgd) {
        if let Some(Bias { value, velocity }) = &mut self.bias {
            sgd.step(value, gradient.of_bias(), velocity);
        }
        if let Some(upper) = &mut self.upper {
            upper.step(gradient.upper, sgd, &mut self.upper_velocities);
        }
    }

    /// The bias of the second layer, if there is one, and the layers above.
    pub fn parameters(&self) -> (Option<&Tensor>, Option<&Network>) {
        (self.bias.as_ref().map(|bias| &bias.value), self.upper.as_ref())
    }
}

impl HeadGradient {
    fn of_bias(&self) -> Tensor {
        self.delta.sum_dim_intlist(0, false, None)
    }

    /// The sum of the squares of the gradients of the parameters that the head holds.
    pub fn sum_of_squares(&self, head: &Head) -> f64 {
        let upper: f64 = self.upper.iter().map(Layer::sum_of_squares).sum();
        match &head.bias {
            Some(_) => upper + self.of_bias().square().sum(Kind::Double).double_value(&[]),
            None => upper,
        }
    }

    /// Multiplied by `factor` where that is below 1.
    pub fn scaled(mut self, factor: f64) -> HeadGradient {
        scale(&mut self.upper, factor);
        if factor < 1. {
            self.delta *= factor;
        }
        self
    }
}

/// The indices of the rows, of `columns` numbers each, that hold anything but zeros, and these rows.
fn without_zero_rows(values: &[f64], columns: usize) -> (Vec<usize>, Vec<f64>) {
    let rows = values.chunks_exact(columns).enumerate();
    let (indices, rows): (Vec<usize>, Vec<&[f64]>) =
        rows.filter(|(_, row)| row.iter().any(|value| *value != 0.)).unzip();
    (indices, rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_zeros_are_left_out() {
        let (indices, rows) = without_zero_rows(&[1., -1., 0., 0., 0., 2.], 2);
        assert_eq!((indices, rows), (vec![0, 2], vec![1., -1., 0., 2.]));
    }
}

//! The layers above those that are split among threads.

use crate::error::Result;
use crate::linalg::matrix;
use crate::nn::{Layer, Logits, Network, Sgd};
use crate::train::step::Step;
use tch::{Kind, Tensor};

/// The bias of the second layer and all layers above it. A linear model has neither: only its loss remains.
pub(super) struct Head {
    /// The bias and its velocity.
    bias: Option<[Tensor; 2]>,
    /// The upper layers and their velocities.
    upper: Option<(Network, Vec<Layer>)>,
}

/// The gradient at the outputs that the shards add up to.
pub(super) struct HeadGradient {
    /// The examples of the minibatch that have one: it is zero for those whose margins all hold.
    pub active: Vec<usize>,
    /// The gradient for them, `[active, outputs]`.
    pub delta: Tensor,
    /// The gradients of the upper layers.
    upper: Vec<Layer>,
}

impl Head {
    /// The bias of the second layer, if there is one, and the layers above.
    pub fn new(bias: Option<Tensor>, upper: Vec<Layer>) -> Head {
        let upper = Network { layers: upper };
        let velocities = upper.velocities();
        Head {
            // The first step broadcasts a velocity of 0.
            bias: bias.map(|bias| [bias, Tensor::from(0f32)]),
            upper: (!velocities.is_empty()).then_some((upper, velocities)),
        }
    }

    /// The logits, from the sums over the shards: `[n, outputs] -> [n, classes]`.
    pub fn logits(&self, sums: Tensor) -> Tensor {
        let outputs = self.outputs(sums);
        match &self.upper {
            Some((upper, _)) => upper.outputs(&outputs.relu()),
            None => outputs,
        }
    }

    fn outputs(&self, sums: Tensor) -> Tensor {
        match &self.bias {
            Some([bias, _]) => sums + bias,
            None => sums,
        }
    }

    /// The gradient of a step.
    pub fn backward(&self, sums: Tensor, step: &Step) -> Result<HeadGradient> {
        let outputs = self.outputs(sums);
        let Some((upper, _)) = &self.upper else {
            let logits = Logits::from_tensor(&outputs);
            let gradient = step.loss_gradient(&logits)?;
            let (active, rows) = without_zero_rows(&gradient, logits.classes());
            return Ok(HeadGradient { active, delta: matrix(&rows, &outputs), upper: Vec::new() });
        };
        let (inputs, logits) = upper.forward(&outputs.relu());
        let gradient = step.loss_gradient(&Logits::from_tensor(&logits))?;
        let (gradients, delta) = upper.backward(&inputs, matrix(&gradient, &logits));
        Ok(HeadGradient {
            active: (0..step.labels.len()).collect(),
            delta: delta.matmul(&upper.layers[0].weight) * inputs[0].gt(0.),
            upper: gradients,
        })
    }

    /// Takes a step with the gradient.
    pub fn step(&mut self, gradient: HeadGradient, sgd: &Sgd) {
        if let Some([bias, velocity]) = &mut self.bias {
            sgd.step(bias, gradient.of_bias(), velocity);
        }
        if let Some((upper, velocities)) = &mut self.upper {
            upper.step(gradient.upper, sgd, velocities);
        }
    }

    /// The bias of the second layer, if there is one, and the layers above.
    pub fn parameters(&self) -> (Option<&Tensor>, Option<&Network>) {
        (self.bias.as_ref().map(|[bias, _]| bias), self.upper.as_ref().map(|(upper, _)| upper))
    }
}

impl HeadGradient {
    fn of_bias(&self) -> Tensor {
        self.delta.sum_dim_intlist(0, false, None)
    }

    /// The sum of the squares of the gradients of the head's parameters.
    pub fn sum_of_squares(&self, head: &Head) -> f64 {
        let upper: f64 = self.upper.iter().map(Layer::sum_of_squares).sum();
        let square = |bias: Tensor| bias.square().sum(Kind::Double).double_value(&[]);
        upper + head.bias.as_ref().map_or(0., |_| square(self.of_bias()))
    }

    /// Multiplies the gradient by `factor`, in place.
    pub fn scale(&mut self, factor: f64) {
        self.upper.iter_mut().for_each(|gradient| gradient.scale(factor));
        self.delta *= factor;
    }
}

/// The indices of the rows, of `columns` numbers each, that are not all zeros, and these rows.
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

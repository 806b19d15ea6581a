//! The parameters of a model: its layers, forward and backward.

use crate::device::Device;
use crate::model::Model;
use crate::sgd::Sgd;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use tch::{Kind, Tensor};

/// A linear layer `x -> x W^T + b`.
#[derive(Debug)]
pub struct Layer {
    /// `W`, of shape `[outputs, inputs]`.
    pub weight: Tensor,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor,
}

impl Layer {
    /// PyTorch's default initialisation of
    /// [`torch.nn.Linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html): weights and
    /// biases uniform in `-1/sqrt(inputs) .. 1/sqrt(inputs)`. (tch's own default differs: `sqrt(6/inputs)`.)
    pub fn initialise(inputs: usize, outputs: usize, random: &mut ChaCha8Rng) -> Layer {
        let bound = 1. / (inputs as f32).sqrt();
        let mut uniform = |n: usize| -> Tensor {
            let values: Vec<f32> = (0..n)
                .map(|_| bound * (2. * random.random::<f32>() - 1.))
                .collect();
            Tensor::from_slice(&values)
        };
        Layer {
            weight: uniform(inputs * outputs).view([outputs as i64, inputs as i64]),
            bias: uniform(outputs),
        }
    }

    /// The sum of the squares of all parameters.
    pub(crate) fn sum_of_squares(&self) -> f64 {
        let sum = |tensor: &Tensor| tensor.square().sum(Kind::Double).double_value(&[]);
        sum(&self.weight) + sum(&self.bias)
    }

    /// `[n, inputs] -> [n, outputs]`
    pub fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight, Some(&self.bias))
    }
}

/// The layers of a [`Model`], with ReLU between them.
#[derive(Debug)]
pub struct Network {
    /// From input to output; at least one.
    pub layers: Vec<Layer>,
}

impl Network {
    /// Random layers for `model`, from `inputs` numbers to `classes` logits; see [`Layer::initialise`].
    pub fn initialise(
        model: &Model,
        inputs: usize,
        classes: usize,
        random: &mut ChaCha8Rng,
    ) -> Network {
        let mut widths = vec![inputs];
        widths.extend(&model.hidden_units);
        widths.push(classes);
        Network {
            layers: widths
                .windows(2)
                .map(|width| Layer::initialise(width[0], width[1], random))
                .collect(),
        }
    }

    /// How many numbers an example has.
    pub fn inputs(&self) -> usize {
        self.layers[0].weight.size()[1] as usize
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.layers[self.layers.len() - 1].bias.size()[0] as usize
    }

    /// The kind and the device of the parameters.
    pub(crate) fn options(&self) -> (Kind, tch::Device) {
        let weight = &self.layers[0].weight;
        (weight.kind(), weight.device())
    }

    /// The same network on another device.
    pub fn to_device(&self, device: Device) -> Network {
        self.map(|tensor| tensor.to_device(device.into()))
    }

    /// A network of its own with the same parameters.
    pub fn copy(&self) -> Network {
        self.map(Tensor::copy)
    }

    fn map(&self, of: impl Fn(&Tensor) -> Tensor) -> Network {
        let layer = |layer: &Layer| Layer {
            weight: of(&layer.weight),
            bias: of(&layer.bias),
        };
        Network {
            layers: self.layers.iter().map(layer).collect(),
        }
    }

    /// `[n, inputs] -> [n, classes]`
    pub fn logits(&self, x: &Tensor) -> Tensor {
        let mut signal = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            signal = layer.forward(&signal.relu());
        }
        signal
    }

    /// The input of every layer, and the logits.
    pub(crate) fn forward(&self, x: &Tensor) -> (Vec<Tensor>, Tensor) {
        let mut inputs = vec![x.shallow_clone()];
        let mut signal = self.layers[0].forward(x);
        for layer in &self.layers[1..] {
            inputs.push(signal.relu());
            signal = layer.forward(&inputs[inputs.len() - 1]);
        }
        (inputs, signal)
    }

    /// The gradient of every layer's parameters, from the inputs of [`forward`](Self::forward) and the
    /// gradient of the logits, `[n, classes]`; and the gradient of the first layer's outputs, `[n, outputs]`.
    pub(crate) fn backward(
        &self,
        inputs: &[Tensor],
        logits_gradient: Tensor,
    ) -> (Vec<Layer>, Tensor) {
        let mut gradients = Vec::with_capacity(self.layers.len());
        let mut delta = logits_gradient;
        for (index, input) in inputs.iter().enumerate().rev() {
            gradients.push(Layer {
                weight: delta.tr().matmul(input),
                bias: delta.sum_dim_intlist(0, false, None),
            });
            if index > 0 {
                // An input of a later layer is a ReLU's output: positive where the unit was active.
                delta = delta.matmul(&self.layers[index].weight) * input.gt(0.);
            }
        }
        gradients.reverse();
        (gradients, delta)
    }

    /// Takes one step of `sgd` with the gradient of every layer.
    pub(crate) fn step(
        &mut self,
        gradients: Vec<Layer>,
        sgd: &Sgd,
        velocities: &mut [[Option<Tensor>; 2]],
    ) {
        for ((layer, gradient), [weight, bias]) in
            self.layers.iter_mut().zip(gradients).zip(velocities)
        {
            sgd.step(&mut layer.weight, gradient.weight, weight);
            sgd.step(&mut layer.bias, gradient.bias, bias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Stream, random};

    fn extremes(values: &Tensor) -> (f64, f64) {
        (
            values.min().double_value(&[]),
            values.max().double_value(&[]),
        )
    }

    #[test]
    fn weights_and_biases_start_uniform_within_one_over_the_root_of_the_inputs() {
        let layer = Layer::initialise(784, 2_000, &mut random(0, Stream::Initialisation));
        let bound = 1. / 28.;
        for values in [&layer.weight, &layer.bias] {
            let (least, most) = extremes(values);
            assert!(-bound <= least && least < -0.99 * bound, "least {least}");
            assert!(0.99 * bound < most && most <= bound, "most {most}");
        }
        // The standard deviation of a uniform distribution on -b..b is b / sqrt(3).
        let deviation = layer.weight.std(true).double_value(&[]);
        assert!(
            (deviation - bound / 3f64.sqrt()).abs() < 1e-4,
            "standard deviation {deviation}"
        );
    }

    #[test]
    fn a_network_has_the_layers_of_its_model() {
        let model = Model {
            hidden_units: vec![7, 5],
        };
        let network = Network::initialise(&model, 12, 4, &mut random(0, Stream::Initialisation));
        let shapes: Vec<Vec<i64>> = network
            .layers
            .iter()
            .map(|layer| layer.weight.size())
            .collect();
        assert_eq!(shapes, [[7, 12], [5, 7], [4, 5]]);
    }
}

//! The parameters of a model: its layers, forward and backward.

use crate::error::{Result, require};
use crate::linalg::product;
use crate::nn::{Device, Logits, Model, Sgd};
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
    pub(crate) fn initialise(inputs: usize, outputs: usize, random: &mut ChaCha8Rng) -> Layer {
        let (inputs, outputs) = (inputs as i64, outputs as i64);
        Layer {
            weight: uniform(&[outputs, inputs], inputs, random),
            bias: uniform(&[outputs], inputs, random),
        }
    }

    /// The layer with weights and bias in `rows`, `[outputs, inputs + 1]`, the bias last.
    pub(crate) fn from_rows(rows: &Tensor) -> Layer {
        let inputs = rows.size()[1] - 1;
        let (weight, bias) = (rows.narrow(1, 0, inputs), rows.select(1, inputs));
        Layer { weight: weight.contiguous(), bias: bias.contiguous() }
    }

    fn options(&self) -> (Kind, tch::Device) {
        (self.weight.kind(), self.weight.device())
    }

    /// The sum of the squares of all parameters.
    pub(crate) fn sum_of_squares(&self) -> f64 {
        let sum = |tensor: &Tensor| tensor.square().sum(Kind::Double).double_value(&[]);
        sum(&self.weight) + sum(&self.bias)
    }

    /// Multiplies all parameters by `factor`.
    pub(crate) fn scale(&mut self, factor: f64) {
        self.weight *= factor;
        self.bias *= factor;
    }

    /// `[n, inputs] -> [n, outputs]`
    fn forward(&self, x: &Tensor) -> Tensor {
        product(x, &self.weight.tr()) + &self.bias
    }
}

/// Numbers drawn uniformly from `-1/sqrt(inputs) .. 1/sqrt(inputs)`.
pub(crate) fn uniform(shape: &[i64], inputs: i64, random: &mut ChaCha8Rng) -> Tensor {
    let bound = 1. / (inputs as f32).sqrt();
    let draw = |_| bound * (2. * random.random::<f32>() - 1.);
    let values: Vec<f32> = (0..shape.iter().product()).map(draw).collect();
    Tensor::from_slice(&values).view(shape)
}

/// The layers of a [`Model`], with ReLU between them.
///
/// ```
/// use hinge::{Layer, Network};
/// use tch::Tensor;
///
/// let difference = Layer { weight: Tensor::from_slice(&[1., -1.]).view([1, 2]), bias: Tensor::from_slice(&[0.]) };
/// let with_signs = Layer { weight: Tensor::from_slice(&[3., -3.]).view([2, 1]), bias: Tensor::from_slice(&[0., 1.]) };
/// let network = Network::new(vec![difference, with_signs])?;
/// assert_eq!((network.inputs(), network.classes()), (2, 2));
///
/// // Hidden units relu(5 - 1) = 4 and relu(1 - 5) = 0.
/// let logits = network.logits(&Tensor::from_slice(&[5., 1., 1., 5.]).view([2, 2]))?;
/// assert_eq!(logits.rows().collect::<Vec<_>>(), [[12., -11.], [0., 1.]]);
/// assert_eq!(logits.predictions().collect::<Vec<_>>(), [0, 1]);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Debug)]
pub struct Network {
    /// From input to output; at least one.
    pub(crate) layers: Vec<Layer>,
}

impl Network {
    /// The network of these layers, from input to output.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for no layers, or for one whose parameters do not fit each other or
    /// the layer before.
    pub fn new(layers: Vec<Layer>) -> Result<Network> {
        let mut inputs: Option<i64> = None;
        for layer in &layers {
            let (weight, bias) = (layer.weight.size(), layer.bias.size());
            let fit = matches!((&weight[..], &bias[..]), (&[outputs, found], &[biases])
                if outputs == biases && weight.iter().all(|side| *side > 0)
                    && inputs.is_none_or(|inputs| found == inputs));
            let alike = |tensor: &Tensor| (tensor.kind(), tensor.device()) == layers[0].options();
            let is_float = matches!(layer.weight.kind(), Kind::Float | Kind::Double);
            let holds = fit && is_float && alike(&layer.weight) && alike(&layer.bias);
            let wanted = inputs.map_or("inputs".to_string(), |inputs| inputs.to_string());
            let allowed = format_args!(
                "float weights [outputs, {wanted}] and biases [outputs], all of one kind"
            );
            require(holds, "layers", allowed, format_args!("{weight:?} and {bias:?}"))?;
            inputs = bias.first().copied();
        }
        require(!layers.is_empty(), "layers", "at least one", "none")?;
        Ok(Network { layers })
    }

    /// From input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Random layers for `model`, from `inputs` numbers to `classes` logits; see [`Layer::initialise`].
    pub(crate) fn initialise(
        model: &Model,
        inputs: usize,
        classes: usize,
        random: &mut ChaCha8Rng,
    ) -> Network {
        let widths = model.widths(inputs, classes);
        let layer = |width: &[usize]| Layer::initialise(width[0], width[1], random);
        Network { layers: widths.windows(2).map(layer).collect() }
    }

    /// The number of inputs of an example.
    pub fn inputs(&self) -> usize {
        self.layers[0].weight.size()[1] as usize
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.layers[self.layers.len() - 1].bias.size()[0] as usize
    }

    /// The kind and the device of the parameters.
    pub(crate) fn options(&self) -> (Kind, tch::Device) {
        self.layers[0].options()
    }

    /// A copy on a device.
    pub fn to_device(&self, device: Device) -> Network {
        self.map(|tensor| tensor.to_device(device.into()))
    }

    /// A copy with its own memory.
    pub fn copy(&self) -> Network {
        self.map(Tensor::copy)
    }

    /// Another handle to the same parameters, for another thread.
    pub(crate) fn share(&self) -> Network {
        self.map(Tensor::shallow_clone)
    }

    fn map(&self, of: impl Fn(&Tensor) -> Tensor) -> Network {
        let layer = |layer: &Layer| Layer { weight: of(&layer.weight), bias: of(&layer.bias) };
        Network { layers: self.layers.iter().map(layer).collect() }
    }

    /// The logits of examples `x`, `[n, inputs]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) unless `x` is a matrix with a column for each input.
    pub fn logits(&self, x: &Tensor) -> Result<Logits> {
        let (kind, device) = self.options();
        let (inputs, shape) = (self.inputs(), x.size());
        let fits = matches!(shape[..], [_, columns] if columns as usize == inputs);
        let allowed = format_args!("of shape [n, {inputs}]");
        require(fits, "x", allowed, format_args!("of shape {shape:?}"))?;
        Ok(Logits::from_tensor(&self.outputs(&x.to_kind(kind).to_device(device))))
    }

    /// `[n, inputs] -> [n, classes]`
    pub(crate) fn outputs(&self, x: &Tensor) -> Tensor {
        self.forward(x).1
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
    /// gradient of the logits, `delta`, `[n, classes]`; and the gradient of the first layer's outputs, `[n, outputs]`.
    pub(crate) fn backward(&self, inputs: &[Tensor], mut delta: Tensor) -> (Vec<Layer>, Tensor) {
        let mut gradients = Vec::with_capacity(self.layers.len());
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

    /// Velocities before the first step: zeros, which the first step broadcasts to the parameters' shapes.
    pub(crate) fn velocities(&self) -> Vec<Layer> {
        let zero = || Tensor::from(0f32);
        self.layers.iter().map(|_| Layer { weight: zero(), bias: zero() }).collect()
    }

    /// Takes one step of `sgd` with the gradient of every layer.
    pub(crate) fn step(&mut self, gradients: Vec<Layer>, sgd: &Sgd, velocities: &mut [Layer]) {
        for ((layer, gradient), v) in self.layers.iter_mut().zip(gradients).zip(velocities) {
            sgd.step(&mut layer.weight, gradient.weight, &mut v.weight);
            sgd.step(&mut layer.bias, gradient.bias, &mut v.bias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, random};

    fn extremes(values: &Tensor) -> (f64, f64) {
        (values.min().double_value(&[]), values.max().double_value(&[]))
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
        assert!((deviation - bound / 3f64.sqrt()).abs() < 1e-4, "standard deviation {deviation}");
    }

    #[test]
    fn layers_that_do_not_fit_each_other_are_rejected() {
        let layer = |inputs, outputs| {
            Layer::initialise(inputs, outputs, &mut random(0, Stream::Initialisation))
        };
        assert!(Network::new(vec![layer(4, 3), layer(3, 2)]).is_ok());
        assert!(Network::new(vec![layer(4, 3), layer(4, 2)]).is_err());
        assert!(Network::new(Vec::new()).is_err());
        let short = Layer { bias: Tensor::from(0f32), ..layer(4, 3) };
        assert!(Network::new(vec![short]).is_err());
    }

    #[test]
    fn inputs_of_another_width_are_an_error() -> Result<()> {
        let network =
            Network::new(vec![Layer::initialise(4, 3, &mut random(0, Stream::Initialisation))])?;
        let ones = |shape: &[i64]| Tensor::ones(shape, (Kind::Float, tch::Device::Cpu));
        assert_eq!(network.logits(&ones(&[2, 4]))?.rows().len(), 2);
        assert!(network.logits(&ones(&[2, 5])).is_err());
        assert!(network.logits(&ones(&[4])).is_err());
        Ok(())
    }

    #[test]
    fn a_network_has_the_layers_of_its_model() {
        let model = Model { hidden_units: vec![7, 5] };
        let network = Network::initialise(&model, 12, 4, &mut random(0, Stream::Initialisation));
        let shapes: Vec<Vec<i64>> =
            network.layers.iter().map(|layer| layer.weight.size()).collect();
        assert_eq!(shapes, [[7, 12], [5, 7], [4, 5]]);
    }
}

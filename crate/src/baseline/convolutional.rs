//! A small convolutional network.

use crate::data::{CLASSES, PIXELS, SIDE};
use crate::error::{Error, Result, require};
use crate::features::{doubles_in_columns, fill_by_blocks, write};
use crate::nn::{Logits, Sgd, accuracy, check_labels, uniform};
use crate::rng::{ChaCha8Rng, Stream, permutation, random};
use crate::runtime::threads::use_one_thread;
use serde::Serialize;
use tch::{Kind, Tensor, no_grad};

/// A network of two convolutions, after LeCun et al. (1998), trained on cross entropy:
///
/// ```text
/// [1, 28, 28] -> 16 maps of 5 x 5 -> ReLU -> max of 2 x 2    [16, 12, 12]
///             -> 32 maps of 5 x 5 -> ReLU -> max of 2 x 2    [32, 4, 4]
///             -> linear                                      [10]
/// ```
///
/// Weights and biases start uniform in `-1/sqrt(inputs) .. 1/sqrt(inputs)`, as in PyTorch. The same seed gives the same
/// bits on any number of threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Convolutional {
    /// How often all examples are used, at least 1. Defaults to `100`.
    pub epochs: usize,
    /// The size of a minibatch, at least 1. Defaults to the report's `32`.
    pub batch_size: usize,
    /// The steps. Defaults to the report's learning rate of `0.02` with momentum `0.9`: without momentum, 500 steps
    /// leave this network far from a minimum.
    pub sgd: Sgd,
    /// What weights and the order of the examples are drawn from. Defaults to `0`.
    pub seed: u64,
}

impl Default for Convolutional {
    fn default() -> Convolutional {
        let sgd = Sgd { momentum: 0.9, ..Sgd::default() };
        Convolutional { epochs: 100, batch_size: 32, sgd, seed: 0 }
    }
}

impl Convolutional {
    /// Trains on images, `[n, 784]`, with `labels`, `[n]`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting outside its range, anything but a matrix `[n, 784]` of finite numbers, or labels
    /// that are not `n` digits; [`Error::Diverged`] if the loss is no longer finite.
    pub fn fit(&self, pixels: &Tensor, labels: &[u8]) -> Result<TrainedConvolutional> {
        self.sgd.validate()?;
        for (field, value) in [("epochs", self.epochs), ("batch_size", self.batch_size)] {
            require(value > 0, field, "at least 1", value)?;
        }
        let pixels = images(pixels)?;
        check_labels(labels, pixels.size()[0] as usize, CLASSES)?;
        let classes = Tensor::from_slice(labels).to_kind(Kind::Int64);
        use_one_thread();
        Ok(TrainedConvolutional { parameters: self.train(&pixels, &classes)? })
    }

    fn train(&self, x: &Tensor, y: &Tensor) -> Result<Vec<Tensor>> {
        let mut parameters = initialise(&mut random(self.seed, Stream::Initialisation));
        let mut velocities: Vec<Tensor> =
            parameters.iter().map(|parameter| parameter.detach().zeros_like()).collect();
        let mut order = random(self.seed, Stream::Order);
        for epoch in 1..=self.epochs {
            let permutation = permutation(x.size()[0] as usize, &mut order);
            for (step, batch) in permutation.chunks(self.batch_size).enumerate() {
                let batch =
                    Tensor::from_slice(&batch.iter().map(|i| *i as i64).collect::<Vec<_>>());
                let logits = forward(&x.index_select(0, &batch), &parameters);
                let loss = logits.cross_entropy_for_logits(&y.index_select(0, &batch));
                if !loss.double_value(&[]).is_finite() {
                    let learning_rate = self.sgd.learning_rate;
                    return Err(Error::Diverged { epoch, step: step + 1, learning_rate });
                }
                let handles: Vec<&Tensor> = parameters.iter().collect();
                let gradients = Tensor::run_backward(&[loss], &handles, false, false);
                let steps = parameters.iter_mut().zip(gradients).zip(&mut velocities);
                no_grad(|| steps.for_each(|((p, g), v)| self.sgd.step(p, g, v)));
            }
        }
        Ok(parameters.iter().map(Tensor::detach).collect())
    }
}

/// The weights and biases of each layer.
fn initialise(random: &mut ChaCha8Rng) -> Vec<Tensor> {
    let mut draw = |shape: &[i64], inputs| uniform(shape, inputs, random).set_requires_grad(true);
    let shapes: [&[i64]; 3] = [&[16, 1, 5, 5], &[32, 16, 5, 5], &[10, 32 * 4 * 4]];
    let layer = |shape: &&[i64]| {
        let inputs = shape[1..].iter().product();
        [draw(shape, inputs), draw(&shape[..1], inputs)]
    };
    shapes.iter().flat_map(layer).collect()
}

/// `[n, 784] -> [n, 10]`
fn forward(x: &Tensor, parameters: &[Tensor]) -> Tensor {
    let side = SIDE as i64;
    let convolve = |x: &Tensor, layer: &[Tensor]| {
        x.conv2d(&layer[0], Some(&layer[1]), [1, 1], [0, 0], [1, 1], 1).relu().max_pool2d_default(2)
    };
    let maps = convolve(&x.view([-1, 1, side, side]), &parameters[0..2]);
    let maps = convolve(&maps, &parameters[2..4]);
    maps.flatten(1, -1).linear(&parameters[4], Some(&parameters[5]))
}

/// Images as single-precision floats, `[n, 784]`.
fn images(pixels: &Tensor) -> Result<Tensor> {
    Ok(doubles_in_columns("pixels", pixels, PIXELS)?.to_kind(Kind::Float))
}

/// A trained [`Convolutional`] network.
#[derive(Debug)]
pub struct TrainedConvolutional {
    parameters: Vec<Tensor>,
}

impl TrainedConvolutional {
    /// The logits of images, `[n, 784]`.
    ///
    /// # Errors
    /// [`Error::Setting`] for anything but a matrix `[n, 784]` of finite numbers.
    pub fn logits(&self, pixels: &Tensor) -> Result<Logits> {
        let parameters: Vec<&Tensor> = self.parameters.iter().collect();
        let logits =
            fill_by_blocks(&images(pixels)?, CLASSES, &parameters, |x, parameters, rows| {
                write(&forward(x, parameters).to_kind(Kind::Double), rows);
            });
        Ok(Logits::new(logits, CLASSES))
    }

    /// The fraction of images that are classified correctly, 0 to 1.
    ///
    /// # Errors
    /// As [`logits`](Self::logits), and [`Error::Setting`] unless there is a label for each image.
    pub fn accuracy(&self, pixels: &Tensor, labels: &[u8]) -> Result<f64> {
        accuracy(&self.logits(pixels)?.predictions().collect::<Vec<u8>>(), labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Digits, Sample, Split};

    fn data() -> Split {
        let sample = Sample { train: 60, test: 200, ..Sample::default() };
        Digits::synthetic(0).sample(&sample).expect("synthetic digits")
    }

    #[test]
    fn it_learns_and_the_same_seed_gives_the_same_bits() -> Result<()> {
        let Split { train, test, .. } = data();
        let fit = |seed| {
            Convolutional { epochs: 30, seed, ..Convolutional::default() }
                .fit(&train.to_tensor(), train.labels())
        };
        let network = fit(1)?;
        assert!(network.accuracy(&test.to_tensor(), test.labels())? > 0.5);
        assert_eq!(fit(1)?.logits(&test.to_tensor())?, network.logits(&test.to_tensor())?);
        assert_ne!(fit(2)?.logits(&test.to_tensor())?, network.logits(&test.to_tensor())?);
        Ok(())
    }

    #[test]
    fn what_it_cannot_train_on_is_rejected() {
        let train = data().train;
        let error = |network: Convolutional, x: &Tensor, y: &[u8]| {
            network.fit(x, y).unwrap_err().to_string()
        };
        let (x, y) = (train.to_tensor(), train.labels());
        let default = Convolutional::default;
        assert!(
            error(Convolutional { epochs: 0, ..default() }, &x, y)
                .starts_with("epochs must be at least 1")
        );
        assert!(
            error(default(), &x.narrow(1, 0, 700), y)
                .starts_with("pixels must be a matrix of 784 columns")
        );
        assert_eq!(
            error(default(), &x, &y[1..]),
            "labels must be one for each of 60 examples, but it is 59."
        );
        let steep = Sgd { learning_rate: 1e30, ..Sgd::default() };
        assert!(
            error(Convolutional { sgd: steep, ..default() }, &x, y)
                .starts_with("Training diverged in epoch 1")
        );
    }
}

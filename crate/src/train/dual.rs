//! Training of a linear model in its dual form.
//!
//! A linear model `s = x W` that is trained by gradient descent on images `X`, `[n, inputs]`, stays a combination
//! of its start and of these images:
//!
//! ```text
//! W = a * W0 + X^T A
//! ```
//!
//! with the *dual coefficients* `A`, `[n, classes]`, as of a support vector machine. A minibatch with rows `j`
//! and gradient `G`, `[batch, classes]`, of its logits has the gradient `X[j]^T G` in `W`. Whatever is linear in
//! `W` then takes the same step of [`Sgd`] with a gradient of its own:
//!
//! ```text
//! the logits Z = X W of all training images    K[:, j] G      where K = X X^T
//! A                                            G in rows j
//! a                                            0
//! ```
//!
//! So a minibatch of 32 costs some 10 000 multiplications and no product of matrices at all: for tensors it
//! would be too little work to be worth their calls. The images that scores are computed on need their
//! products with `X`, once, and one product with `A` each time.

use super::examples::{Examples, Options};
use super::score::Tally;
use super::sharded::{in_blocks, product, with_one};
use super::trainer::{BLOCK, Steps, Training};
use crate::error::Result;
use crate::logits::Logits;
use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::sgd::{Sgd, clip_factor};
use rayon::prelude::*;
use tch::{Kind, Tensor};

/// A linear model on images that stay the same.
pub(super) struct Dual {
    options: Options,
    classes: usize,
    /// `W0`, `[inputs + 1, classes]`, with the bias as last row.
    start: Tensor,
    /// `X`, `[n, inputs + 1]`, with a 1 appended, the input of the bias.
    images: Tensor,
    /// `K`, row by row.
    products: Vec<f64>,
    /// `Z`, class by class.
    logits: Stepped,
    /// `A`, class by class.
    coefficients: Stepped,
    /// `a`
    scale: Stepped,
    scored: Vec<Scored>,
}

/// Images that scores are computed on.
struct Scored {
    /// Their logits at the start, `[m, classes]`.
    at_start: Tensor,
    /// Their products with the training images, `[m, n]`.
    products: Tensor,
}

/// Numbers that take steps of [`Sgd`].
struct Stepped {
    values: Vec<f64>,
    velocities: Vec<f64>,
}

impl Dual {
    /// Training of the linear model `layer` on the examples `train`. Scores will be asked for on each of
    /// `scored`.
    pub fn new(
        layer: Layer,
        options: Options,
        train: &Examples,
        scored: &[Examples],
    ) -> Result<Dual> {
        let start = Tensor::cat(&[&layer.weight, &layer.bias.unsqueeze(1)], 1).tr();
        let images = with_one(&train.all(options)?);
        let scored = scored.iter().map(|examples| {
            let scored = with_one(&examples.all(options)?);
            Ok(Scored {
                at_start: product(&scored, &start),
                products: in_blocks(&scored, &images),
            })
        });
        let classes = layer.bias.size()[0] as usize;
        Ok(Dual {
            options,
            classes,
            products: numbers(&images.matmul(&images.tr())),
            logits: Stepped::new(numbers(&product(&images, &start).tr())),
            coefficients: Stepped::new(vec![0.; train.count() * classes]),
            scale: Stepped::new(vec![1.]),
            scored: scored.collect::<Result<_>>()?,
            start,
            images,
        })
    }

    /// A step on minibatch `number`, the examples at `batch`, with their labels.
    fn step(&mut self, batch: &[usize], labels: &[u8], steps: &Steps, number: usize) -> Result<()> {
        let n = self.logits.values.len() / self.classes;
        let logits = &self.logits.values;
        let of_example =
            |index: usize| (0..self.classes).map(move |class| logits[class * n + index]);
        let logits = batch.iter().flat_map(|index| of_example(*index)).collect();
        let logits = Logits::new(logits, self.classes);
        let gradient = steps.loss_gradient(&logits, labels, number)?;

        let mut of_logits = vec![0.; n * self.classes];
        let mut of_coefficients = vec![0.; n * self.classes];
        for (index, slopes) in batch.iter().zip(gradient.chunks_exact(self.classes)) {
            let products = &self.products[index * n..][..n];
            for (class, slope) in slopes.iter().enumerate().filter(|(_, slope)| **slope != 0.) {
                of_coefficients[class * n + index] = *slope;
                for (sum, product) in of_logits[class * n..][..n].iter_mut().zip(products) {
                    *sum += slope * product;
                }
            }
        }
        if let Some(clip_norm) = steps.clip_norm {
            // || X[j]^T G ||^2 is the sum of G * (K[j, j] G).
            let squares = of_logits
                .iter()
                .zip(&of_coefficients)
                .map(|(a, b)| a * b)
                .sum();
            let factor = clip_factor(squares, clip_norm).min(1.);
            of_logits
                .iter_mut()
                .chain(&mut of_coefficients)
                .for_each(|slope| *slope *= factor);
        }
        self.logits.step(&of_logits, &steps.sgd);
        self.coefficients.step(&of_coefficients, &steps.sgd);
        self.scale.step(&[0.], &steps.sgd);
        Ok(())
    }

    /// `A`, `[n, classes]`.
    fn coefficients(&self) -> Tensor {
        let (kind, device) = self.options;
        Tensor::from_slice(&self.coefficients.values)
            .view([self.classes as i64, -1])
            .to_kind(kind)
            .to_device(device)
            .tr()
    }
}

impl Training for Dual {
    fn epoch(&mut self, train: &Examples, order: &[usize], steps: &Steps) -> Result<()> {
        for (batch, number) in order.chunks(steps.batch_size).zip(1..) {
            let labels: Vec<u8> = batch.iter().map(|index| train.labels()[*index]).collect();
            self.step(batch, &labels, steps, number)?;
        }
        Ok(())
    }

    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let Scored { at_start, products } = &self.scored[set];
        let blocks = examples.blocks(BLOCK).map(|range| {
            let rows = |tensor: &Tensor| tensor.narrow(0, range.start as i64, range.len() as i64);
            let labels = &examples.labels()[range.clone()];
            (rows(at_start), rows(products), self.coefficients(), labels)
        });
        let blocks: Vec<_> = blocks.collect();
        let scale = self.scale.values[0];
        let tallies = blocks
            .into_par_iter()
            .map(|(at_start, products, coefficients, labels)| {
                let logits = (at_start * scale).addmm_(&products, &coefficients);
                Tally::of(&Logits::of(&logits), loss, labels)
            });
        Ok(tallies.collect::<Vec<_>>().into_iter().sum())
    }

    fn network(&self) -> Network {
        let trained = self.images.tr().matmul(&self.coefficients());
        let layer = (&self.start * self.scale.values[0] + trained).tr();
        let inputs = layer.size()[1] - 1;
        Network {
            layers: vec![Layer {
                weight: layer.narrow(1, 0, inputs).contiguous(),
                bias: layer.select(1, inputs).copy(),
            }],
        }
    }
}

impl Stepped {
    fn new(values: Vec<f64>) -> Stepped {
        Stepped {
            velocities: vec![0.; values.len()],
            values,
        }
    }

    fn step(&mut self, gradient: &[f64], sgd: &Sgd) {
        let each = self
            .values
            .iter_mut()
            .zip(&mut self.velocities)
            .zip(gradient);
        each.for_each(|((value, velocity), slope)| sgd.step_number(value, *slope, velocity));
    }
}

/// The entries of a matrix, row by row.
fn numbers(matrix: &Tensor) -> Vec<f64> {
    let mut numbers = vec![0.; matrix.numel()];
    matrix
        .to_kind(Kind::Double)
        .copy_data(&mut numbers, matrix.numel());
    numbers
}

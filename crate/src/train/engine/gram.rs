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
//! would be too little work to be worth their calls. Scores are computed from products, too ([`Products`]).

use super::products::{Combination, Products};
use super::sharded::with_one;
use crate::error::Result;
use crate::nn::Logits;
use crate::nn::Loss;
use crate::nn::{Layer, Network};
use crate::nn::{Sgd, clip_factor};
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::trainer::{Steps, Training};
use tch::{Kind, Tensor};

/// A linear model on images that stay the same.
pub(in crate::train) struct Dual {
    classes: usize,
    /// `[X; W0^T]`, `[n + classes, inputs + 1]`; images have a 1 appended, the input of the bias.
    combined: Tensor,
    /// `K`, row by row.
    products: Vec<f64>,
    /// `Z`, class by class.
    logits: Stepped,
    /// `A`, class by class.
    coefficients: Stepped,
    /// `a`
    scale: Stepped,
    /// `[Y X^T, Y W0]` of each set of scored examples.
    scored: Vec<Products>,
    /// What is to be scored later.
    moments: Vec<Combination>,
}

/// What a minibatch does to the logits and the coefficients, class by class.
struct Gradients {
    logits: Vec<f64>,
    coefficients: Vec<f64>,
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
        let (n, classes) = (train.count() as i64, layer.bias.size()[0]);
        let images = with_one(&train.all(options)?);
        let start = Tensor::cat(&[&layer.weight, &layer.bias.unsqueeze(1)], 1);
        let combined = Tensor::cat(&[images, start], 0);
        let own = Products::new(train, &combined, options)?;
        let scored = scored.iter().map(|examples| match examples == train {
            true => Ok(own.share()),
            false => Products::new(examples, &combined, options),
        });
        let scored = scored.collect::<Result<_>>()?;
        let own = own.whole();
        Ok(Dual {
            classes: classes as usize,
            products: numbers(&own.narrow(1, 0, n)),
            logits: Stepped::new(numbers(&own.narrow(1, n, classes).tr())),
            coefficients: Stepped::new(vec![0.; (n * classes) as usize]),
            scale: Stepped::new(vec![1.]),
            combined,
            scored,
            moments: Vec::new(),
        })
    }

    /// A step on minibatch `number`, the examples at `batch`, with their labels.
    fn step(&mut self, batch: &[usize], labels: &[u8], steps: &Steps, number: usize) -> Result<()> {
        let slopes = steps.loss_gradient(&self.logits_of(batch), labels, number)?;
        let mut gradients = self.gradients(batch, &slopes);
        if let Some(clip_norm) = steps.clip_norm {
            clip(&mut gradients, clip_norm);
        }
        self.logits.step(&gradients.logits, &steps.sgd);
        self.coefficients.step(&gradients.coefficients, &steps.sgd);
        self.scale.step(&[0.], &steps.sgd);
        Ok(())
    }

    /// The gradients with `slopes`, `G`, of the logits of the training images at `batch`.
    fn gradients(&self, batch: &[usize], slopes: &[f64]) -> Gradients {
        let n = self.logits.values.len() / self.classes;
        let rows = batch.iter().zip(slopes.chunks_exact(self.classes));
        let mut gradients = Gradients {
            logits: vec![0.; n * self.classes],
            coefficients: vec![0.; n * self.classes],
        };
        for (index, slopes) in rows.clone() {
            for (class, slope) in slopes.iter().enumerate() {
                gradients.coefficients[class * n + index] = *slope;
            }
        }
        let rows: Vec<Row> = rows
            .filter(|(_, slopes)| slopes.iter().any(|slope| *slope != 0.))
            .map(|(index, slopes)| (slopes, &self.products[index * n..][..n]))
            .collect();
        let (fours, rest) = rows.as_chunks::<4>();
        let sums = &mut gradients.logits;
        fours.iter().for_each(|rows| add(sums, n, *rows));
        rest.iter().for_each(|row| add(sums, n, [*row]));
        gradients
    }

    /// The logits of the training images at `indices`.
    fn logits_of(&self, indices: &[usize]) -> Logits {
        let n = self.logits.values.len() / self.classes;
        let mut values = Vec::with_capacity(indices.len() * self.classes);
        for index in indices {
            values.extend((0..self.classes).map(|class| self.logits.values[class * n + index]));
        }
        Logits::new(values, self.classes)
    }

    /// The weights as they are.
    fn combination(&self) -> Combination {
        let n = self.coefficients.values.len() / self.classes;
        let mut columns = Vec::with_capacity((n + self.classes) * self.classes);
        for (class, coefficients) in self.coefficients.values.chunks_exact(n).enumerate() {
            columns.extend_from_slice(coefficients);
            let start = columns.len();
            columns.resize(start + self.classes, 0.);
            columns[start + class] = self.scale.values[0];
        }
        columns
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
        let tallies = self.scored[set].tallies(&[self.combination()], examples.labels(), loss);
        Ok(tallies.into_iter().sum())
    }

    fn note(&mut self) -> bool {
        self.moments.push(self.combination());
        true
    }

    fn noted(&mut self, scored: &[Examples], loss: Loss) -> Result<Vec<Vec<Tally>>> {
        let moments = std::mem::take(&mut self.moments);
        let sets = self.scored.iter().zip(scored);
        Ok(sets.map(|(set, examples)| set.tallies(&moments, examples.labels(), loss)).collect())
    }

    fn network(&self) -> Network {
        let layer = Tensor::from_slice(&self.combination())
            .view([self.classes as i64, -1])
            .to_kind(self.combined.kind())
            .to_device(self.combined.device())
            .matmul(&self.combined);
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
        Stepped { velocities: vec![0.; values.len()], values }
    }

    fn step(&mut self, gradient: &[f64], sgd: &Sgd) {
        let each = self.values.iter_mut().zip(&mut self.velocities).zip(gradient);
        each.for_each(|((value, velocity), slope)| sgd.step_number(value, *slope, velocity));
    }
}

/// Scales them so that the norm of the weights' gradient `X[j]^T G`, whose square is the sum of
/// `G * (K[j, j] G)`, is at most `max_norm`.
fn clip(gradients: &mut Gradients, max_norm: f64) {
    let Gradients { logits, coefficients } = gradients;
    let squares = logits.iter().zip(&*coefficients).map(|(a, b)| a * b).sum();
    let factor = clip_factor(squares, max_norm).min(1.);
    let each = logits.iter_mut().chain(coefficients);
    each.for_each(|slope| *slope *= factor);
}

/// The gradient of an image's logits, `[classes]`, and its products with all images, `[n]`.
type Row<'a> = (&'a [f64], &'a [f64]);

/// Adds `G[j] K[j, :]` of some rows `j` to the sums, class by class. They are loaded and stored once for all rows.
fn add<const ROWS: usize>(sums: &mut [f64], n: usize, rows: [Row; ROWS]) {
    let products = rows.map(|(_, products)| &products[..n]);
    for (class, sums) in sums.chunks_exact_mut(n).enumerate() {
        let slopes = rows.map(|(slopes, _)| slopes[class]);
        if slopes == [0.; ROWS] {
            continue;
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            let terms = slopes.iter().zip(products);
            *sum = terms.fold(*sum, |sum, (slope, products)| sum + slope * products[i]);
        }
    }
}

/// The entries of a matrix, row by row.
fn numbers(matrix: &Tensor) -> Vec<f64> {
    let mut numbers = vec![0.; matrix.numel()];
    matrix.to_kind(Kind::Double).copy_data(&mut numbers, matrix.numel());
    numbers
}

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
use super::trainer::{Steps, Training};
use crate::error::Result;
use crate::logits::Logits;
use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::sgd::{Sgd, clip_factor};
use crate::threads::side_by_side;
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
    /// What is to be scored later.
    moments: Vec<Moment>,
}

/// Images that scores are computed on.
enum Scored {
    /// The training images themselves, whose logits are known.
    Train,
    Others {
        /// Their logits at the start, `[m, classes]`.
        at_start: Tensor,
        /// Their products with the training images, `[m, n]`.
        products: Tensor,
    },
}

/// What is linear in the weights at one moment of the training.
struct Moment {
    /// `Z^T` and `A^T`, `[classes, n]`.
    logits: Tensor,
    coefficients: Tensor,
    /// `a`
    scale: f64,
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
            Ok(match scored == images {
                true => Scored::Train,
                false => Scored::Others {
                    at_start: product(&scored, &start),
                    products: in_blocks(&scored, &images),
                },
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
            moments: Vec::new(),
            start,
            images,
        })
    }

    /// A step on minibatch `number`, the examples at `batch`, with their labels.
    fn step(&mut self, batch: &[usize], labels: &[u8], steps: &Steps, number: usize) -> Result<()> {
        let n = self.logits.values.len() / self.classes;
        let logits = self.logits_of(batch);
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

    /// The logits of the training images at `indices`.
    fn logits_of(&self, indices: &[usize]) -> Logits {
        let n = self.logits.values.len() / self.classes;
        let of_image = |index: &usize| self.logits.values.iter().skip(*index).step_by(n);
        Logits::new(
            indices.iter().flat_map(of_image).copied().collect(),
            self.classes,
        )
    }

    fn moment(&self) -> Moment {
        Moment {
            logits: self.by_class(&self.logits.values),
            coefficients: self.by_class(&self.coefficients.values),
            scale: self.scale.values[0],
        }
    }

    /// Class by class as a matrix `[classes, n]`.
    fn by_class(&self, values: &[f64]) -> Tensor {
        let (kind, device) = self.options;
        Tensor::from_slice(values)
            .view([self.classes as i64, -1])
            .to_kind(kind)
            .to_device(device)
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
        let tallies = self.scored[set].tallies(&[self.moment()], examples.labels(), loss);
        Ok(tallies?.into_iter().sum())
    }

    fn note(&mut self) -> bool {
        self.moments.push(self.moment());
        true
    }

    fn noted(&mut self, scored: &[Examples], loss: Loss) -> Result<Vec<Vec<Tally>>> {
        let moments = std::mem::take(&mut self.moments);
        let sets = self.scored.iter().zip(scored);
        sets.map(|(set, examples)| set.tallies(&moments, examples.labels(), loss))
            .collect()
    }

    fn network(&self) -> Network {
        let trained = self
            .by_class(&self.coefficients.values)
            .matmul(&self.images);
        let layer = self.start.tr() * self.scale.values[0] + trained;
        let inputs = layer.size()[1] - 1;
        Network {
            layers: vec![Layer {
                weight: layer.narrow(1, 0, inputs).contiguous(),
                bias: layer.select(1, inputs).copy(),
            }],
        }
    }
}

impl Scored {
    /// What examples with these labels count at each moment. One product for several moments is faster than one
    /// for each, and the moments can be shared out among threads.
    fn tallies(&self, moments: &[Moment], labels: &[u8], loss: Loss) -> Result<Vec<Tally>> {
        const TOGETHER: usize = 16;
        let groups: Vec<Group> = moments
            .chunks(TOGETHER)
            .map(|some| self.group(some))
            .collect();
        let tally = |logits: Tensor| Tally::of(&Logits::of(&logits.tr()), loss, labels);
        let tallies = |group: Group| group.logits().into_iter().map(tally).collect();
        let tallies: Vec<Vec<Tally>> = match groups.len() {
            1 => groups.into_iter().map(tallies).collect(),
            _ => side_by_side(groups, tallies),
        };
        Ok(tallies.concat())
    }

    fn group(&self, moments: &[Moment]) -> Group {
        let stacked = |part: fn(&Moment) -> &Tensor| {
            Tensor::stack(&moments.iter().map(part).collect::<Vec<_>>(), 0)
        };
        match self {
            Scored::Train => Group::Known(stacked(|moment| &moment.logits)),
            Scored::Others { at_start, products } => Group::Others {
                scales: moments.iter().map(|moment| moment.scale).collect(),
                coefficients: stacked(|moment| &moment.coefficients),
                at_start: at_start.tr(),
                products: products.tr(),
            },
        }
    }
}

/// What the logits at some moments are computed from.
enum Group {
    /// They are known, `[moments, classes, n]`.
    Known(Tensor),
    Others {
        scales: Vec<f64>,
        /// `[moments, classes, n]`
        coefficients: Tensor,
        /// `[classes, m]`
        at_start: Tensor,
        /// `[n, m]`
        products: Tensor,
    },
}

impl Group {
    /// The logits at each moment, `[classes, m]`.
    fn logits(self) -> Vec<Tensor> {
        match self {
            Group::Known(logits) => logits.unbind(0),
            Group::Others {
                scales,
                coefficients,
                at_start,
                products,
            } => {
                let trained = coefficients.flatten(0, 1).matmul(&products);
                let trained = trained.split(at_start.size()[0], 0).into_iter();
                let logits = trained
                    .zip(scales)
                    .map(|(trained, scale)| trained + &at_start * scale);
                logits.collect()
            }
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

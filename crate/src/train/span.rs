//! Training in the span of the training images: the same steps with far less arithmetic.
//!
//! Write the images of a training set with a 1 appended (the input of the bias) as rows of `X`, `[n, inputs]`,
//! and the first layer's weights and bias as `W`, `[units, inputs]`. A minibatch with rows `j` and gradient
//! `D`, `[batch, units]`, of the first layer's outputs changes `W` by `D^T X[j]`: a combination of training
//! images. Weight decay scales `W`, and momentum adds up such changes. So after any number of steps
//!
//! ```text
//! W = a * W0 + b * V0 + A^T X         (weights; A is [n, units])
//! V = c * W0 + d * V0 + B^T X         (velocity; B is [n, units])
//! ```
//!
//! with `W0`, `V0` the weights and the velocity at the start. It is enough to keep the four numbers, `A` and
//! `B`. With `K = X X^T` and `P = X W0^T`, `Q = X V0^T` computed once, the first layer's outputs are
//!
//! ```text
//! X[j] W^T = a * P[j] + b * Q[j] + K[j] A
//! ```
//!
//! and a step changes only rows `j` of `A`: a minibatch needs no product with the number of inputs, neither
//! forward nor backward. With 150 images of 784 pixels and 5 000 units that is a fifth of the arithmetic.
//! The images that scores are computed on need only their own `P`, `Q` and products with `X`.
//!
//! With other images every epoch (augmentation) the span changes. Then the sums are carried out at the end of
//! each epoch, and the next begins with `W0 = W`, `V0 = V`: see [`Span::fold`].

use super::engine::SpanImages;
use super::plain::scale;
use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::sgd::{Sgd, clip_factor};
use tch::{Kind, Tensor};

/// The first layer in the span of the training images, the other layers as they are.
pub struct Span {
    loss: Loss,
    labels: Tensor,
    /// Whether the training images change, and how the scored ones are followed.
    mode: SpanImages,
    /// Whether a velocity is kept.
    has_momentum: bool,
    /// `X^T`, `[inputs + 1, n]`.
    columns: Tensor,
    /// The first layer at the start: `W0^T`, and `V0^T` unless it is zero, `[inputs + 1, units]`.
    start: Pair,
    weights: Combination,
    velocity: Combination,
    /// What the training images give, and each set of images that scores are computed on.
    train: Outputs,
    scored: Vec<Outputs>,
    upper: Option<Network>,
    upper_velocities: Vec<[Option<Tensor>; 2]>,
}

/// Something made from `W0`, and the same made from `V0` unless that is zero.
struct Pair {
    of_weights: Tensor,
    of_velocity: Option<Tensor>,
}

/// The sum `of_weights * W0 + of_velocity * V0 + of_images^T X`.
struct Combination {
    of_weights: f64,
    of_velocity: f64,
    /// `A` or `B`, `[n, units]`; `None` for zero.
    of_images: Option<Tensor>,
}

/// What the first layer gives for some images.
struct Outputs {
    /// The images, `[m, inputs + 1]`.
    images: Tensor,
    /// Their products with the training images, `[m, n]`.
    products: Tensor,
    /// `P` and `Q`: the outputs at the start, `[m, units]`.
    at_start: Pair,
}

impl Span {
    /// Training of `network` on images `[n, inputs]` with labels `[n]`. Scores will be asked for on each of
    /// `scored`, `[m, inputs]`.
    pub fn new(
        network: Network,
        loss: Loss,
        [images, labels]: [&Tensor; 2],
        mode: SpanImages,
        scored: &[&Tensor],
    ) -> Span {
        let mut layers = network.layers;
        let Layer { weight, bias } = layers.remove(0);
        let of_weights = Tensor::cat(&[weight.tr(), bias.unsqueeze(0)], 0);
        let start = Pair {
            of_weights,
            of_velocity: None,
        };
        let images = with_one(images);
        let outputs = |images: Tensor, columns: &Tensor| Outputs::new(images, columns, &start);
        Span {
            loss,
            labels: labels.shallow_clone(),
            mode,
            has_momentum: false,
            scored: scored
                .iter()
                .map(|scored| outputs(with_one(scored), &images.tr()))
                .collect(),
            train: outputs(images.shallow_clone(), &images.tr()),
            columns: images.tr(),
            start,
            weights: Combination::WEIGHTS,
            velocity: Combination::VELOCITY,
            upper_velocities: layers.iter().map(|_| [None, None]).collect(),
            upper: (!layers.is_empty()).then_some(Network { layers }),
        }
    }

    /// Goes on with other images of the same examples.
    pub fn set_images(&mut self, images: &Tensor) {
        self.fold();
        let images = with_one(images);
        self.columns = images.tr();
        if self.mode == SpanImages::FollowedEveryEpoch {
            for scored in &mut self.scored {
                scored.products = scored.images.matmul(&self.columns);
            }
        }
        self.train = Outputs::new(images, &self.columns, &self.start);
    }

    /// Steps through the examples in `order`, in minibatches of `batch_size`; a short last one is kept.
    pub fn epoch(&mut self, order: &Tensor, batch_size: i64, sgd: &Sgd, clip_norm: Option<f64>) {
        // In the epoch's order every minibatch is a run of consecutive rows, which is taken without a copy.
        let mut rows = self.in_order(order);
        self.has_momentum = sgd.momentum != 0.;
        let n = order.size()[0];
        for first in (0..n).step_by(batch_size as usize) {
            self.step(&mut rows, first, batch_size.min(n - first), sgd, clip_norm);
        }
        let back = order.argsort(0, false);
        self.weights.of_images = Some(rows.weights.index_select(0, &back));
        self.velocity.of_images = self
            .has_momentum
            .then(|| rows.velocity.index_select(0, &back));
        if self.mode != SpanImages::Fixed {
            self.fold();
        }
    }

    /// Carries the sums out, and starts anew from them.
    fn fold(&mut self) {
        if self.weights.of_images.is_none() {
            return;
        }
        let (weights, velocity) = (&self.weights, self.has_momentum.then_some(&self.velocity));
        if self.mode == SpanImages::FollowedEveryEpoch {
            for scored in &mut self.scored {
                scored.at_start = scored
                    .at_start
                    .carried_out(weights, velocity, &scored.products);
            }
        }
        self.start = self.start.carried_out(weights, velocity, &self.columns);
        self.weights = Combination::WEIGHTS;
        self.velocity = Combination::VELOCITY;
    }

    fn in_order(&self, order: &Tensor) -> EpochRows {
        let rows = |tensor: &Tensor| tensor.index_select(0, order);
        let at_start = &self.train.at_start;
        let or_zero = |sum: &Combination| {
            sum.of_images
                .as_ref()
                .map_or_else(|| at_start.of_weights.zeros_like(), rows)
        };
        EpochRows {
            labels: rows(&self.labels),
            products: rows(&self.train.products).index_select(1, order),
            at_start: Pair {
                of_weights: rows(&at_start.of_weights),
                of_velocity: at_start.of_velocity.as_ref().map(rows),
            },
            weights: or_zero(&self.weights),
            velocity: or_zero(&self.velocity),
        }
    }

    fn step(
        &mut self,
        rows: &mut EpochRows,
        first: i64,
        size: i64,
        sgd: &Sgd,
        clip_norm: Option<f64>,
    ) {
        let products = rows.products.narrow(0, first, size);
        let labels = rows.labels.narrow(0, first, size);
        let outputs =
            rows.at_start
                .rows(first, size)
                .sum(&self.weights, &products, Some(&rows.weights));
        let (mut upper, mut delta) = self.backward(outputs, &labels);
        if let Some(clip_norm) = clip_norm {
            // || D^T X[j] ||^2 = sum of (D D^T) * K[j, j]
            let of_first = delta.matmul(&delta.tr()) * products.narrow(1, first, size);
            let of_upper: f64 = upper.iter().map(Layer::sum_of_squares).sum();
            let factor = clip_factor(
                of_first.sum(Kind::Double).double_value(&[]) + of_upper,
                clip_norm,
            );
            scale(&mut upper, factor);
            delta *= factor.min(1.);
        }
        if let Some(network) = &mut self.upper {
            network.step(upper, sgd, &mut self.upper_velocities);
        }
        self.step_first_layer(rows, &delta, first, sgd);
    }

    /// The gradients of the upper layers, and of the first layer's outputs.
    fn backward(&self, outputs: Tensor, labels: &Tensor) -> (Vec<Layer>, Tensor) {
        let Some(upper) = &self.upper else {
            return (Vec::new(), self.loss.gradient(&outputs, labels));
        };
        let hidden = { outputs }.relu_();
        let (inputs, logits) = upper.forward(&hidden);
        let (gradients, delta) = upper.backward(&inputs, self.loss.gradient(&logits, labels));
        (
            gradients,
            delta.matmul(&upper.layers[0].weight) * hidden.gt(0.),
        )
    }

    /// [`Sgd::step`] on the combinations, with the gradient `delta^T X[first..]`.
    fn step_first_layer(&mut self, rows: &mut EpochRows, delta: &Tensor, first: i64, sgd: &Sgd) {
        let size = delta.size()[0];
        let add = |to: &Tensor, factor: f64| {
            // A view: adding to it changes the rows of `to`.
            let mut part = to.narrow(0, first, size);
            part += delta * factor;
        };
        let (weights, velocity) = (&mut self.weights, &mut self.velocity);
        let Sgd {
            learning_rate,
            weight_decay,
            momentum,
            nesterov,
        } = *sgd;
        if momentum != 0. {
            // v <- momentum * v + weight_decay * W + gradient
            velocity.mix(momentum, weights, weight_decay);
            rows.velocity *= momentum;
            if weight_decay != 0. {
                rows.velocity += &rows.weights * weight_decay;
            }
            add(&rows.velocity, 1.);
        }
        if momentum == 0. || nesterov {
            // W <- W - learning_rate * (weight_decay * W + gradient)
            weights.scale(1. - learning_rate * weight_decay);
            if weight_decay != 0. {
                rows.weights *= 1. - learning_rate * weight_decay;
            }
            add(&rows.weights, -learning_rate);
        }
        if momentum != 0. {
            // W <- W - learning_rate * v, with Nesterov's momentum times as much
            let rate = if nesterov {
                learning_rate * momentum
            } else {
                learning_rate
            };
            weights.mix(1., velocity, -rate);
            rows.weights -= &rows.velocity * rate;
        }
    }

    /// The logits of the set of images with this index, `[m, classes]`.
    pub fn logits(&self, scored: usize) -> Tensor {
        // Block by block the hidden layer stays in the processor's cache.
        const BLOCK: i64 = 256;
        let scored = &self.scored[scored];
        let m = scored.images.size()[0];
        let block = |first: i64| self.logits_of_rows(scored, first, BLOCK.min(m - first));
        Tensor::cat(
            &(0..m)
                .step_by(BLOCK as usize)
                .map(block)
                .collect::<Vec<_>>(),
            0,
        )
    }

    fn logits_of_rows(&self, scored: &Outputs, first: i64, size: i64) -> Tensor {
        let rows = |tensor: &Tensor| tensor.narrow(0, first, size);
        let outputs = match self.mode {
            // The sums have been carried out after the epoch.
            SpanImages::ScoredAnew => rows(&scored.images).matmul(&self.start.of_weights),
            _ => {
                let of_images = self.weights.of_images.as_ref();
                scored
                    .at_start
                    .map(rows)
                    .sum(&self.weights, &rows(&scored.products), of_images)
            }
        };
        match &self.upper {
            Some(upper) => upper.logits(&{ outputs }.relu_()),
            None => outputs,
        }
    }

    /// The network as trained so far.
    pub fn network(&self) -> Network {
        let first = self.start.sum(
            &self.weights,
            &self.columns,
            self.weights.of_images.as_ref(),
        );
        let inputs = first.size()[0] - 1;
        let weight = first.narrow(0, 0, inputs).tr().contiguous();
        let mut layers = vec![Layer {
            weight,
            bias: first.select(0, inputs).copy(),
        }];
        layers.extend(self.upper.iter().flat_map(|upper| upper.copy().layers));
        Network { layers }
    }
}

/// What an epoch works on, in the epoch's order.
struct EpochRows {
    labels: Tensor,
    products: Tensor,
    at_start: Pair,
    weights: Tensor,
    velocity: Tensor,
}

impl Pair {
    fn rows(&self, first: i64, size: i64) -> Pair {
        self.map(|tensor| tensor.narrow(0, first, size))
    }

    fn map(&self, of: impl Fn(&Tensor) -> Tensor) -> Pair {
        Pair {
            of_weights: of(&self.of_weights),
            of_velocity: self.of_velocity.as_ref().map(of),
        }
    }

    /// The combination, with `products` in the place of `X` and `of_images` in that of its own.
    fn sum(
        &self,
        combination: &Combination,
        products: &Tensor,
        of_images: Option<&Tensor>,
    ) -> Tensor {
        let mut sum = match (of_images, combination.of_weights == 1.) {
            (Some(of_images), true) => self.of_weights.addmm(products, of_images),
            (Some(of_images), false) => {
                (&self.of_weights * combination.of_weights).addmm_(products, of_images)
            }
            (None, _) => &self.of_weights * combination.of_weights,
        };
        if let Some(velocity) = &self.of_velocity
            && combination.of_velocity != 0.
        {
            sum += velocity * combination.of_velocity;
        }
        sum
    }

    /// The same for the weights and the velocity reached.
    fn carried_out(
        &mut self,
        weights: &Combination,
        velocity: Option<&Combination>,
        products: &Tensor,
    ) -> Pair {
        let of_velocity =
            velocity.map(|velocity| self.sum(velocity, products, velocity.of_images.as_ref()));
        if let (None, Some(of_images)) = (&of_velocity, &weights.of_images) {
            // Without momentum there is no V0, and the sum needs no memory of its own.
            self.of_weights *= weights.of_weights;
            let of_weights = self.of_weights.addmm_(products, of_images);
            return Pair {
                of_weights,
                of_velocity: None,
            };
        }
        Pair {
            of_weights: self.sum(weights, products, weights.of_images.as_ref()),
            of_velocity,
        }
    }
}

impl Combination {
    /// `W0`.
    const WEIGHTS: Combination = Combination {
        of_weights: 1.,
        of_velocity: 0.,
        of_images: None,
    };
    /// `V0`.
    const VELOCITY: Combination = Combination {
        of_weights: 0.,
        of_velocity: 1.,
        of_images: None,
    };

    fn scale(&mut self, factor: f64) {
        self.of_weights *= factor;
        self.of_velocity *= factor;
    }

    /// `self <- factor * self + other_factor * other`, but for the images.
    fn mix(&mut self, factor: f64, other: &Combination, other_factor: f64) {
        self.of_weights = factor * self.of_weights + other_factor * other.of_weights;
        self.of_velocity = factor * self.of_velocity + other_factor * other.of_velocity;
    }
}

impl Outputs {
    fn new(images: Tensor, columns: &Tensor, start: &Pair) -> Outputs {
        let at_start = start.map(|layer| images.matmul(layer));
        Outputs {
            products: images.matmul(columns),
            at_start,
            images,
        }
    }
}

fn with_one(images: &Tensor) -> Tensor {
    let one = Tensor::ones([images.size()[0], 1], (images.kind(), images.device()));
    Tensor::cat(&[images, &one], 1)
}

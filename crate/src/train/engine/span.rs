//! Training in the span of the training images: the same steps with far less arithmetic.
//!
//! Write the images of a training set with a 1 appended (the input of the bias) as rows of `X`, `[n, inputs]`,
//! and the first layer's weights and bias as `W`, `[inputs, units]`. A minibatch with rows `j` and gradient
//! `D`, `[batch, units]`, of the first layer's outputs changes `W` by `X[j]^T D`: a combination of training
//! images. Weight decay scales `W`, and momentum adds up such changes. So at any step of an epoch
//!
//! ```text
//! W = a * W0 + b * V0 + X[r]^T A      (weights)
//! V = c * W0 + d * V0 + X[r]^T B      (velocity)
//! ```
//!
//! with `W0`, `V0` the weights and the velocity at the epoch's start and `r` the images seen since then that
//! had a gradient: one whose margins all hold has none. It is enough to keep the four numbers, `A` and `B`.
//! With `K = X X^T`, `P = X W0` and `Q = X V0` the first layer's outputs are
//!
//! ```text
//! X[j] W = a * P[j] + b * Q[j] + K[j, r] A
//! ```
//!
//! and a step appends its `D` to `A`: a minibatch needs no product with the number of inputs, neither forward
//! nor backward. With 150 images of 784 pixels and 5 000 units that is less than a fifth of the arithmetic.
//!
//! After the epoch all that is linear in `W` and `V` is brought to the next epoch's `W0` and `V0` by the same
//! two sums ([`Pair::advance`]): the outputs for the training images; those for the scored images, or else they
//! are computed when they are asked for ([`Scoring`]); and the weights themselves. While the images stay the
//! same the weights are not needed, so that of them only their coefficients are kept, `[n, units]`.
//!
//! Images that change every epoch, or that are many, are taken in *blocks* of some minibatches: each is an epoch
//! in the sense above. Then the weights are brought up to date after every block, and the outputs for the next
//! block are computed from them. That is the arithmetic of the direct form and a little more; but its products
//! are those of large matrices, and the weights, which fit into no cache, are gone over once a block and not
//! once a minibatch.

use super::plan::{Scoring, SpanPlan};
use super::sharded::{
    Batch, FirstLayer, Sharded, Share, in_blocks, index, product, rows, with_one,
};
use crate::error::Result;
use crate::nn::Logits;
use crate::nn::Loss;
use crate::nn::Network;
use crate::nn::Sgd;
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::trainer::{BLOCK, Steps, Training};
use std::ops::Range;
use tch::Tensor;

/// The network with its first layer in the span of the training images.
pub(in crate::train) struct Span {
    network: Sharded<SpanLayer>,
    options: Options,
    plan: SpanPlan,
    /// `X`, `[n, inputs + 1]`, and `K`, `[n, n]`; of a block, if there are blocks.
    images: Tensor,
    products: Tensor,
    /// Empty if scores are computed from the weights.
    scored: Vec<Scored>,
}

/// Images that scores are computed on.
struct Scored {
    /// `[m, inputs + 1]`
    images: Tensor,
    /// The products of `X` with them, `[n, m]`: so the rows `r` lie together.
    products: Tensor,
}

/// A shard's units.
struct SpanLayer {
    /// The layer where the coefficients begin: at the start of the block, or of training without blocks.
    layer: Pair,
    /// `[n, units]`, and by what the layer is to be multiplied; `None` if there are blocks.
    coefficients: Option<Coefficients>,
    /// What `X` gives at the start of the epoch or block, `[n, units]`.
    train: Pair,
    /// What the scored images give there, or at the start of training.
    scored: Vec<Pair>,
    epoch: Sums,
}

/// Something linear in the weights, and the same of the velocity unless that is zero.
struct Pair {
    of_weights: Tensor,
    of_velocity: Option<Tensor>,
}

/// The sums since the start of training, with rows for all images: the velocity was zero there.
struct Coefficients {
    weights: f64,
    velocity: f64,
    of_images: Pair,
}

/// The sums since the start of the epoch or block.
struct Sums {
    weights: Combination,
    /// `None` without momentum.
    velocity: Option<Combination>,
    /// How many rows of `A` and `B` are in use.
    rows: i64,
}

/// One of the two sums.
struct Combination {
    of_weights: f64,
    of_velocity: f64,
    /// `A` or `B`, `[n, units]`.
    of_images: Tensor,
}

/// A minibatch `j`.
struct SpanBatch {
    /// `j`
    indices: Tensor,
    /// `K[j, r]`
    with_earlier: Tensor,
    /// `K[j, j]`
    with_each_other: Tensor,
}

/// What an epoch's sums are multiplied with at its end: of some images the products with those in `r`.
struct Advance {
    /// `r`
    indices: Tensor,
    /// Of the training images if they stay the same, else `X[r]^T`, of the weights.
    own: Tensor,
    /// Of the scored images that are followed.
    scored: Vec<Tensor>,
}

impl Span {
    /// Training of `network` on the examples `train`. Scores will be asked for on each of `scored`.
    pub fn new(
        network: Network,
        train: &Examples,
        scored: &[Examples],
        plan: SpanPlan,
        has_momentum: bool,
    ) -> Result<Span> {
        let options = network.options();
        let followed = scored.iter().filter(|_| plan.scoring != Scoring::FromWeights);
        let scored = followed.map(|examples| {
            Ok(Scored { images: with_one(&examples.all(options)?), products: Tensor::new() })
        });
        let mut span = Span {
            scored: scored.collect::<Result<_>>()?,
            network: Sharded::new(network, |weights| {
                SpanLayer::new(weights, train.count(), plan.block, has_momentum)
            }),
            options,
            plan,
            products: Tensor::new(),
            images: Tensor::new(),
        };
        let images = span.scored.iter().map(|scored| &scored.images);
        let images = Several(images.map(Tensor::shallow_clone).collect());
        span.network.each(&images, |layer, images| {
            let outputs = |images| layer.layer.outputs(images);
            layer.scored = images.0.iter().map(outputs).collect();
        });
        if plan.block.is_none() {
            span.take(with_one(&train.all(options)?));
        }
        Ok(span)
    }

    /// Takes `images` for the training images.
    fn take(&mut self, images: Tensor) {
        self.products = images.matmul(&images.tr());
        for scored in &mut self.scored {
            scored.products = in_blocks(&scored.images, &images).tr();
        }
        let shared = Several(vec![images.shallow_clone()]);
        self.network.each(&shared, |layer, images| {
            layer.train = layer.layer.outputs(&images.0[0]);
        });
        self.images = images;
    }

    /// Steps through minibatches, of which the first has this number, of the images at `order` and returns the
    /// images that had a gradient.
    fn steps(
        &mut self,
        order: &[usize],
        labels: &[u8],
        steps: &Steps,
        first_number: usize,
    ) -> Result<Vec<usize>> {
        // In the epoch's order a minibatch's products lie together.
        let in_order = index(order);
        let products = self.products.index_select(0, &in_order).index_select(1, &in_order);
        let mut seen = Vec::with_capacity(order.len());
        let mut first = 0;
        for (labels, number) in labels.chunks(steps.batch_size).zip(first_number..) {
            let size = labels.len() as i64;
            let products = products.narrow(1, first as i64, size);
            let batch = SpanBatch {
                indices: in_order.narrow(0, first as i64, size),
                with_earlier: products.index_select(0, &index(&seen)).tr(),
                with_each_other: products.narrow(0, first as i64, size),
            };
            let active = self.network.step(batch, labels, steps, number)?;
            seen.extend(active.iter().map(|index| first + index));
            first += labels.len();
        }
        Ok(seen.iter().map(|place| order[*place]).collect())
    }

    /// Begins the next sums where these, over the images `seen`, end.
    fn advance(&mut self, seen: &[usize]) {
        let indices = index(seen);
        let with_seen = |products: &Tensor| products.index_select(0, &indices).tr();
        let is_followed = self.plan.scoring == Scoring::Followed;
        let followed = self.scored.iter().filter(|_| is_followed);
        let advance = Advance {
            own: match self.plan.block {
                None => with_seen(&self.products),
                Some(_) => with_seen(&self.images),
            },
            scored: followed.map(|scored| with_seen(&scored.products)).collect(),
            indices,
        };
        self.network.each(&advance, |layer, advance| layer.advance(&advance));
    }

    /// The logits of some scored images.
    fn logits(&mut self, set: usize, examples: &Examples, range: Range<usize>) -> Result<Logits> {
        let (first, size) = (range.start as i64, range.len() as i64);
        let scoring = self.plan.scoring;
        let of_images = match scoring {
            Scoring::FromWeights => with_one(&examples.range(range, self.options)?),
            Scoring::FromSums => self.scored[set].products.narrow(1, first, size).tr(),
            Scoring::Followed => Tensor::new(),
        };
        let of_images = Several(vec![of_images]);
        Ok(self.network.logits(&of_images, |layer, of_images| {
            let of_images = &of_images.0[0];
            let scored = layer.scored.get(set);
            let scored = scored.map(|pair| pair.of_weights.narrow(0, first, size));
            match (scoring, scored) {
                (Scoring::FromSums, Some(at_start)) => layer.summed_up(&at_start, of_images),
                (Scoring::Followed, Some(outputs)) => outputs.copy(),
                _ => product(of_images, &layer.layer.of_weights),
            }
        }))
    }
}

impl Training for Span {
    fn epoch(&mut self, train: &Examples, order: &[usize], steps: &Steps) -> Result<()> {
        let labels: Vec<u8> = order.iter().map(|index| train.labels()[*index]).collect();
        let Some(size) = self.plan.block else {
            let seen = self.steps(order, &labels, steps, 1)?;
            self.advance(&seen);
            return Ok(());
        };
        let places: Vec<usize> = (0..size).collect();
        let numbers = (1..).step_by(size.div_ceil(steps.batch_size));
        for ((block, labels), number) in order.chunks(size).zip(labels.chunks(size)).zip(numbers) {
            self.take(with_one(&train.rows(block, self.options)?));
            let seen = self.steps(&places[..block.len()], labels, steps, number)?;
            self.advance(&seen);
        }
        Ok(())
    }

    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let block = |range: Range<usize>| {
            let logits = self.logits(set, examples, range.clone())?;
            Ok(Tally::of(&logits, loss, &examples.labels()[range]))
        };
        examples.blocks(BLOCK).map(block).sum()
    }

    fn network(&self) -> Network {
        let columns = self.images.tr();
        self.network.network(|layer| layer.weights(&columns))
    }
}

impl SpanLayer {
    fn new(weights: Tensor, n: usize, block: Option<usize>, has_momentum: bool) -> SpanLayer {
        let of_images = || {
            let shape = [block.unwrap_or(n) as i64, weights.size()[1]];
            Tensor::zeros(shape, (weights.kind(), weights.device()))
        };
        SpanLayer {
            coefficients: block.is_none().then(|| Coefficients {
                weights: 1.,
                velocity: 0.,
                of_images: Pair::at_rest(of_images()),
            }),
            epoch: Sums {
                weights: Combination::of(of_images()),
                velocity: has_momentum.then(|| Combination::of(of_images())),
                rows: 0,
            }
            .restarted(),
            train: Pair::at_rest(Tensor::new()),
            scored: Vec::new(),
            layer: Pair::at_rest(weights),
        }
    }

    /// The outputs for images from what they were at the start, and from their products with the training
    /// images.
    fn summed_up(&self, at_start: &Tensor, products: &Tensor) -> Tensor {
        match &self.coefficients {
            Some(Coefficients { weights, of_images, .. }) => {
                (at_start * *weights).addmm_(products, &of_images.of_weights)
            }
            None => at_start.copy(),
        }
    }

    /// The layer as trained so far, where the training images are `columns`, `[inputs + 1, n]`.
    fn weights(&self, columns: &Tensor) -> Tensor {
        self.summed_up(&self.layer.of_weights, columns)
    }

    /// Ends an epoch: see [`Span::advance`].
    fn advance(&mut self, advance: &Advance) {
        let sums = &self.epoch;
        let by_product = |pair: &mut Pair, products: &Tensor| {
            pair.advance(sums, |to, rows| {
                let _ = to.addmm_(products, rows);
            });
        };
        match &mut self.coefficients {
            Some(coefficients) => {
                coefficients.advance(sums, &advance.indices);
                by_product(&mut self.train, &advance.own);
            }
            None => by_product(&mut self.layer, &advance.own),
        }
        for (pair, products) in self.scored.iter_mut().zip(&advance.scored) {
            by_product(pair, products);
        }
        self.epoch.restart();
    }
}

impl FirstLayer for SpanLayer {
    type Batch = SpanBatch;

    fn outputs(&mut self, batch: &SpanBatch) -> Tensor {
        let at_start = |tensor: &Tensor| tensor.index_select(0, &batch.indices);
        let Sums { weights, rows, .. } = &self.epoch;
        let mut outputs = at_start(&self.train.of_weights);
        if weights.of_weights != 1. {
            outputs *= weights.of_weights;
        }
        if let Some(of_velocity) = &self.train.of_velocity {
            outputs += at_start(of_velocity) * weights.of_velocity;
        }
        if *rows > 0 {
            let _ = outputs.addmm_(&batch.with_earlier, &weights.of_images.narrow(0, 0, *rows));
        }
        outputs
    }

    fn step(&mut self, _: &SpanBatch, delta: Tensor, sgd: &Sgd) {
        self.epoch.step(delta, sgd);
    }
}

impl Sums {
    /// [`Sgd::step`] on the sums, with the gradient `X[new]^T delta`, where `new` are the images that `delta` is
    /// of.
    fn step(&mut self, mut delta: Tensor, sgd: &Sgd) {
        let Sgd { learning_rate, weight_decay, nesterov, .. } = *sgd;
        let before = self.rows;
        self.rows += delta.size()[0];
        if let Some(velocity) = &mut self.velocity {
            // v <- momentum * v + weight_decay * W + gradient
            velocity.scale(sgd.momentum, before);
            if weight_decay != 0. {
                velocity.add(&self.weights, weight_decay, before);
            }
            velocity.append(&delta, before);
        }
        if self.velocity.is_none() || nesterov {
            // W <- W - learning_rate * (weight_decay * W + gradient)
            if weight_decay != 0. {
                self.weights.scale(1. - learning_rate * weight_decay, before);
            }
            delta *= -learning_rate;
        } else {
            let _ = delta.zero_();
        }
        self.weights.append(&delta, before);
        if let Some(velocity) = &self.velocity {
            // W <- W - learning_rate * v, with Nesterov's momentum times as much
            let rate = if nesterov { learning_rate * sgd.momentum } else { learning_rate };
            self.weights.add(velocity, -rate, self.rows);
        }
    }

    /// `W = W0`, `V = V0`.
    fn restart(&mut self) {
        self.rows = 0;
        (self.weights.of_weights, self.weights.of_velocity) = (1., 0.);
        if let Some(velocity) = &mut self.velocity {
            (velocity.of_weights, velocity.of_velocity) = (0., 1.);
        }
    }

    fn restarted(mut self) -> Sums {
        self.restart();
        self
    }
}

impl Combination {
    fn of(of_images: Tensor) -> Combination {
        Combination { of_weights: 0., of_velocity: 0., of_images }
    }

    /// The part of the training's start, where that has these parts in `W0` and `V0`.
    fn of_start(&self, [weights, velocity]: [f64; 2]) -> f64 {
        self.of_weights * weights + self.of_velocity * velocity
    }

    /// The first `rows` rows of `A` or `B`: a view, so that changing it changes them.
    fn rows(&self, rows: i64) -> Tensor {
        self.of_images.narrow(0, 0, rows)
    }

    /// Multiplied by `factor`, with so many rows in use.
    fn scale(&mut self, factor: f64, rows: i64) {
        self.of_weights *= factor;
        self.of_velocity *= factor;
        let mut rows = self.rows(rows);
        rows *= factor;
    }

    /// With `factor * other` added.
    fn add(&mut self, other: &Combination, factor: f64, rows: i64) {
        self.of_weights += factor * other.of_weights;
        self.of_velocity += factor * other.of_velocity;
        let mut own = self.rows(rows);
        own += other.rows(rows) * factor;
    }

    /// With more rows behind those in use.
    fn append(&mut self, more: &Tensor, rows: i64) {
        self.of_images.narrow(0, rows, more.size()[0]).copy_(more);
    }
}

impl Pair {
    /// With a velocity of zero.
    fn at_rest(of_weights: Tensor) -> Pair {
        Pair { of_weights, of_velocity: None }
    }

    /// What a layer, `[inputs + 1, units]`, gives for images, `[m, inputs + 1]`.
    fn outputs(&self, images: &Tensor) -> Pair {
        let outputs = |layer: &Tensor| product(images, layer);
        Pair {
            of_weights: outputs(&self.of_weights),
            of_velocity: self.of_velocity.as_ref().map(outputs),
        }
    }

    /// Takes the sums in. `add` adds to its first argument the images' part with coefficients `A` or `B`.
    fn advance(&mut self, sums: &Sums, add: impl Fn(&mut Tensor, &Tensor)) {
        let of_velocity = sums.velocity.as_ref().map(|velocity| {
            let mut sum = &self.of_weights * velocity.of_weights;
            if let Some(of_velocity) = &self.of_velocity {
                sum += of_velocity * velocity.of_velocity;
            }
            add(&mut sum, &velocity.rows(sums.rows));
            sum
        });
        if sums.weights.of_weights != 1. {
            self.of_weights *= sums.weights.of_weights;
        }
        if let Some(of_velocity) = &self.of_velocity {
            self.of_weights += of_velocity * sums.weights.of_velocity;
        }
        add(&mut self.of_weights, &sums.weights.rows(sums.rows));
        self.of_velocity = of_velocity;
    }
}

impl Coefficients {
    /// Takes in an epoch's sums over the images at `indices`.
    fn advance(&mut self, sums: &Sums, indices: &Tensor) {
        let start = [self.weights, self.velocity];
        self.weights = sums.weights.of_start(start);
        self.velocity = match &sums.velocity {
            Some(velocity) => velocity.of_start(start),
            None => 0.,
        };
        self.of_images.advance(sums, |to, rows| {
            let _ = to.index_add_(0, indices, rows);
        });
    }
}

/// Tensors that go to every shard together.
struct Several(Vec<Tensor>);

impl Share for Several {
    fn share(&self) -> Several {
        Several(self.0.iter().map(Tensor::shallow_clone).collect())
    }
}

impl Share for SpanBatch {
    fn share(&self) -> SpanBatch {
        SpanBatch {
            indices: self.indices.shallow_clone(),
            with_earlier: self.with_earlier.shallow_clone(),
            with_each_other: self.with_each_other.shallow_clone(),
        }
    }
}

impl Batch for SpanBatch {
    fn select(&self, indices: &[usize]) -> SpanBatch {
        SpanBatch {
            indices: rows(&self.indices, indices),
            with_earlier: self.with_earlier.shallow_clone(),
            with_each_other: rows(&rows(&self.with_each_other, indices).tr(), indices),
        }
    }

    fn products(&self) -> Tensor {
        self.with_each_other.shallow_clone()
    }
}

impl Share for Advance {
    fn share(&self) -> Advance {
        Advance {
            indices: self.indices.shallow_clone(),
            own: self.own.shallow_clone(),
            scored: self.scored.iter().map(Tensor::shallow_clone).collect(),
        }
    }
}

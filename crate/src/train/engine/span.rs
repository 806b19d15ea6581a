//! Training in the span of the training images: the same steps with far less arithmetic.
//!
//! Write the images of a training set with a 1 appended (the input of the bias) as rows of `X`, `[n, inputs]`,
//! and the first layer's weights and bias as `W`, `[inputs, units]`. A minibatch with rows `j` and gradient
//! `D`, `[batch, units]`, of the first layer's outputs changes `W` by `X[j]^T D`: a combination of training
//! images. Weight decay scales `W`, and momentum accumulates such changes. So at any step of an epoch
//!
//! ```text
//! W = a * W0 + b * V0 + X[r]^T A      (weights)
//! V = c * W0 + d * V0 + X[r]^T B      (velocity)
//! ```
//!
//! with `W0`, `V0` the weights and the velocity at the epoch's start and `r` the images seen since then that
//! had a gradient: one whose margins all hold has none. It suffices to store the four numbers, `A` and `B`. With the
//! Gram matrix `K = X X^T`, `P = X W0` and `Q = X V0` the first layer's outputs are
//!
//! ```text
//! X[j] W = a * P[j] + b * Q[j] + K[j, r] A
//! ```
//!
//! and a step appends its `D` to `A`: no product of a minibatch, forward or backward, has the inputs as a dimension.
//! With 150 images of 784 pixels and 5 000 units that is less than a fifth of the arithmetic.
//!
//! After the epoch everything linear in `W` and `V` is advanced to the next epoch's `W0` and `V0` by the same two
//! sums ([`Projection::advance`]): the outputs for the training images; those for the scored images, unless they are
//! computed on demand ([`Scoring`]); and the weights themselves. While the images stay the same the weights are not
//! needed, so only their coefficients are stored, `[n, units]`.
//!
//! Many images, or images that change every epoch, are trained on in *blocks* of some minibatches, each an epoch in
//! the sense above. Then the weights are updated after every block, and the outputs for the next block are computed
//! from them. That is slightly more arithmetic than in the direct form, but in products of large matrices; and the
//! weights, which fit into no cache, are read once a block instead of once a minibatch.

use super::plan::{Scoring, SpanPlan};
use super::sharded::{Batch, FirstLayer, Handle, Shard, Sharded};
use crate::error::Result;
use crate::linalg::{Factor, add_product, gram, index, product, rows};
use crate::nn::{Accumulate, Logits, Loss, Network, Parameter, Sgd};
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::step::{Step, Training};
use tch::Tensor;

/// The network with its first layer in the span of the training images.
pub(super) struct Span {
    network: Sharded<SpanLayer>,
    options: Options,
    plan: SpanPlan,
    /// `X`, `[n, inputs + 1]`, and `K`, `[n, n]`; of a block, if there are blocks.
    images: Tensor,
    gram: Tensor,
    /// `None` for the training images, if they stay the same. Empty if scores are computed from the weights.
    scored: Vec<Option<Scored>>,
}

/// Images that scores are computed on.
struct Scored {
    /// `[m, inputs + 1]`
    images: Tensor,
    /// The Gram matrix of `X` and these images, `[n, m]`: so each row `r` is contiguous.
    gram: Tensor,
}

/// A shard's units.
struct SpanLayer {
    /// The layer at the start of the block, or of training without blocks.
    layer: Projection,
    /// The sums since the start of training; `None` with blocks.
    coefficients: Option<Coefficients>,
    /// The outputs for `X` at the start of the epoch or block, `[n, units]`.
    train: Projection,
    /// The outputs for the scored images there, or at the start of training; `None` for those of `X`.
    scored: Vec<Option<Projection>>,
    /// `W` and `V`.
    epoch: Parameter<Expansion>,
}

/// A quantity linear in the weights, and the same of the velocity unless that is zero.
struct Projection {
    weights: Tensor,
    velocity: Option<Tensor>,
}

/// The sums since the start of training, where the velocity was zero: the factor of the layer there and the
/// coefficients of all images, `[n, units]`.
struct Coefficients {
    weights: f64,
    velocity: f64,
    images: Projection,
}

/// `weights * W0 + velocity * V0 + X[r]^T images`.
struct Expansion {
    weights: f64,
    velocity: f64,
    /// `A` or `B`, `[n, units]`, of which the first `rows` are in use.
    images: Tensor,
    rows: i64,
}

/// A minibatch `j`.
#[derive(Clone)]
struct SpanBatch {
    /// `j`
    indices: Handle,
    /// `K[j, r]`
    with_earlier: Handle,
    /// `K[j, j]`
    with_each_other: Handle,
}

/// The factors of an epoch's sums at its end: columns of Gram matrices for the images in `r`.
#[derive(Clone)]
struct Advance {
    /// `r`
    indices: Handle,
    /// Those of the training images if they stay the same, else `X[r]^T`, for the weights.
    train: Factor,
    /// Those of the scored images that are followed.
    scored: Vec<Option<Factor>>,
}

impl Span {
    /// Training of `network` on the examples `train`.
    pub fn new(
        network: Network,
        train: &Examples,
        scored: &[Examples; 2],
        plan: SpanPlan,
        sgd: &Sgd,
    ) -> Result<Span> {
        let options = network.options();
        let followed = scored.iter().filter(|_| plan.scoring != Scoring::FromWeights);
        let scored = followed.map(|examples| {
            if plan.block.is_none() && examples == train {
                return Ok(None);
            }
            let images = examples.all_with_one(options)?;
            Ok(Some(Scored { images, gram: Tensor::new() }))
        });
        let mut span = Span {
            scored: scored.collect::<Result<_>>()?,
            network: Sharded::new(network, sgd, |weights| {
                SpanLayer::new(weights, train.count(), plan.block, sgd)
            }),
            options,
            plan,
            gram: Tensor::new(),
            images: Tensor::new(),
        };
        let images = span.of_scored(|scored| Factor::new(scored.images.shallow_clone()));
        span.network.each(&images, |Shard { first, .. }, images| {
            let outputs = |images: &Option<Factor>| Some(first.layer.outputs(images.as_ref()?));
            first.scored = images.iter().map(outputs).collect();
        });
        if plan.block.is_none() {
            span.use_images(train.all_with_one(options)?);
        }
        Ok(span)
    }

    /// Makes `images` the training images.
    fn use_images(&mut self, images: Tensor) {
        self.gram = product(&images, &images.tr());
        for scored in self.scored.iter_mut().flatten() {
            scored.gram = gram(&scored.images, &images).tr();
        }
        self.network.each(&Factor::new(images.shallow_clone()), |shard, images| {
            shard.first.train = shard.first.layer.outputs(&images);
        });
        self.images = images;
    }

    /// Takes steps on the images at `order` and returns the images that had a gradient.
    fn take_steps(&mut self, order: &[usize], steps: &[Step]) -> Result<Vec<usize>> {
        // In the epoch's order a minibatch's columns are contiguous.
        let in_order = index(order);
        let gram = self.gram.index_select(0, &in_order).index_select(1, &in_order);
        let mut seen = Vec::with_capacity(order.len());
        let mut first = 0;
        for step in steps {
            let size = step.labels.len() as i64;
            let gram = gram.narrow(1, first as i64, size);
            let batch = SpanBatch {
                indices: Handle(in_order.narrow(0, first as i64, size)),
                with_earlier: Handle(gram.index_select(0, &index(&seen)).tr()),
                with_each_other: Handle(gram.narrow(0, first as i64, size)),
            };
            let active = self.network.step(batch, step)?;
            seen.extend(active.iter().map(|index| first + index));
            first += step.labels.len();
        }
        Ok(seen.iter().map(|place| order[*place]).collect())
    }

    /// Starts the next sums where these, over the images `seen`, end.
    fn advance(&mut self, seen: &[usize]) {
        let indices = Handle(index(seen));
        let of_seen = |rows: &Tensor| rows.index_select(0, &indices).tr();
        let advance = Advance {
            train: match self.plan.block {
                None => Factor::dense(of_seen(&self.gram)),
                Some(_) => Factor::new(of_seen(&self.images)),
            },
            scored: match self.plan.scoring {
                Scoring::Followed => self.of_scored(|scored| Factor::dense(of_seen(&scored.gram))),
                Scoring::FromSums | Scoring::FromWeights => Vec::new(),
            },
            indices,
        };
        self.network.each(&advance, |shard, advance| shard.first.advance(&advance));
    }

    /// What `of` makes of each set of scored images but that of the training images.
    fn of_scored<T>(&self, of: impl Fn(&Scored) -> T) -> Vec<Option<T>> {
        self.scored.iter().map(|scored| scored.as_ref().map(&of)).collect()
    }

    /// Whether the outputs for a set of scored images are up to date after every epoch.
    fn is_followed(&self, set: usize) -> bool {
        match self.plan.scoring {
            Scoring::Followed => true,
            Scoring::FromSums => self.scored[set].is_none(),
            Scoring::FromWeights => false,
        }
    }

    /// The logits of a block of scored images, of which the first has this index.
    fn logits(&mut self, set: usize, block: &Examples, first: usize) -> Result<Logits> {
        let (first, size) = (first as i64, block.count() as i64);
        let factor = match self.scored.get(set) {
            Some(Some(scored)) => Factor::dense(scored.gram.narrow(1, first, size).tr()),
            _ => Factor::new(block.all_with_one(self.options)?),
        };
        Ok(self.network.logits(&factor, |layer, factor| match layer.scored.get(set) {
            Some(Some(at_start)) => {
                layer.combined(&at_start.weights.narrow(0, first, size), &factor)
            }
            _ => factor.product(&layer.layer.weights),
        }))
    }
}

impl Training for Span {
    fn epoch(&mut self, train: &Examples, steps: &[Step]) -> Result<()> {
        let images = |steps: &[Step]| -> Vec<usize> {
            steps.iter().flat_map(|step| step.indices).copied().collect()
        };
        let Some(size) = self.plan.block else {
            let seen = self.take_steps(&images(steps), steps)?;
            self.advance(&seen);
            return Ok(());
        };
        let Some(first) = steps.first() else { return Ok(()) };
        // A block is a whole number of minibatches, or all images.
        for steps in steps.chunks(size.div_ceil(first.indices.len())) {
            let block = images(steps);
            self.use_images(train.rows_with_one(&block, self.options)?);
            let places: Vec<usize> = (0..block.len()).collect();
            let seen = self.take_steps(&places, steps)?;
            self.advance(&seen);
        }
        Ok(())
    }

    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        if self.is_followed(set) {
            let outputs = |layer: &mut SpanLayer, ()| layer.followed(set).weights.shallow_clone();
            return Ok(Tally::new(&self.network.logits(&(), outputs), loss, examples.labels()));
        }
        Tally::of_blocks(examples, loss, |block, first| self.logits(set, block, first))
    }

    fn network(&self) -> Network {
        let columns = Factor::dense(self.images.tr());
        self.network.network(|layer| layer.combined(&layer.layer.weights, &columns))
    }
}

impl SpanLayer {
    fn new(weights: Tensor, n: usize, block: Option<usize>, sgd: &Sgd) -> SpanLayer {
        let zeros = || {
            let shape = [block.unwrap_or(n) as i64, weights.size()[1]];
            Tensor::zeros(shape, (weights.kind(), weights.device()))
        };
        SpanLayer {
            coefficients: block.is_none().then(|| Coefficients {
                weights: 1.,
                velocity: 0.,
                images: Projection::at_rest(zeros()),
            }),
            epoch: Parameter {
                value: Expansion::new([1., 0.], zeros()),
                velocity: (sgd.momentum != 0.).then(|| Expansion::new([0., 1.], zeros())),
            },
            train: Projection::at_rest(Tensor::new()),
            scored: Vec::new(),
            layer: Projection::at_rest(weights.contiguous()),
        }
    }

    /// The outputs for images, given those at the start and the images' Gram matrix with the training images; the
    /// weights themselves, given those at the start and the training images as columns, `[inputs + 1, n]`.
    fn combined(&self, at_start: &Tensor, gram: &Factor) -> Tensor {
        match &self.coefficients {
            Some(Coefficients { weights, images, .. }) => {
                let mut combined = at_start * *weights;
                gram.add_product(&mut combined, &images.weights);
                combined
            }
            None => at_start.copy(),
        }
    }

    /// The outputs for a set of scored images that are followed.
    fn followed(&self, set: usize) -> &Projection {
        self.scored[set].as_ref().unwrap_or(&self.train)
    }

    /// Ends an epoch: see [`Span::advance`].
    fn advance(&mut self, advance: &Advance) {
        let sums = &self.epoch;
        let by_product = |projection: &mut Projection, factor: &Factor| {
            projection.advance(sums, |to, rows| factor.add_product(to, rows));
        };
        match &mut self.coefficients {
            Some(coefficients) => {
                coefficients.advance(sums, &advance.indices);
                by_product(&mut self.train, &advance.train);
            }
            None => by_product(&mut self.layer, &advance.train),
        }
        for (projection, factor) in self.scored.iter_mut().zip(&advance.scored) {
            if let Some((projection, factor)) = projection.as_mut().zip(factor.as_ref()) {
                by_product(projection, factor);
            }
        }
        self.epoch.value.restart([1., 0.]);
        if let Some(velocity) = &mut self.epoch.velocity {
            velocity.restart([0., 1.]);
        }
    }
}

impl FirstLayer for SpanLayer {
    type Batch = SpanBatch;

    fn outputs(&mut self, batch: &SpanBatch) -> Tensor {
        let at_start = |tensor: &Tensor| tensor.index_select(0, &batch.indices);
        let sums = &self.epoch.value;
        let mut outputs = at_start(&self.train.weights);
        if sums.weights != 1. {
            outputs *= sums.weights;
        }
        if let Some(velocity) = &self.train.velocity {
            outputs += at_start(velocity) * sums.velocity;
        }
        if sums.rows > 0 {
            add_product(&mut outputs, &batch.with_earlier, &sums.rows());
        }
        outputs
    }

    fn step(&mut self, _: &SpanBatch, delta: Tensor, sgd: &Sgd) {
        self.epoch.step(sgd, &delta);
    }
}

impl Expansion {
    /// `W0` or `V0`.
    fn new(start: [f64; 2], images: Tensor) -> Expansion {
        let [weights, velocity] = start;
        Expansion { weights, velocity, images, rows: 0 }
    }

    fn restart(&mut self, start: [f64; 2]) {
        [self.weights, self.velocity] = start;
        self.rows = 0;
    }

    /// The factor of the weights at the start of training, given those of `W0` and `V0`.
    fn of_start(&self, [weights, velocity]: [f64; 2]) -> f64 {
        self.weights * weights + self.velocity * velocity
    }

    /// The rows of `A` or `B` in use: a view, so that changing it changes them.
    fn rows(&self) -> Tensor {
        self.images.narrow(0, 0, self.rows)
    }

    /// Puts `more` rows into use and returns a view of them.
    fn extend(&mut self, more: i64) -> Tensor {
        let rows = self.images.narrow(0, self.rows, more);
        self.rows += more;
        rows
    }
}

/// The gradient is `X[new]^T delta`, where `new` are the images of `delta`.
impl Accumulate for Expansion {
    type Gradient<'a> = Tensor;

    fn scale(&mut self, factor: f64) {
        self.weights *= factor;
        self.velocity *= factor;
        let _ = self.rows().g_mul_scalar_(factor);
    }

    fn add(&mut self, other: &Expansion, factor: f64) {
        self.weights += factor * other.weights;
        self.velocity += factor * other.velocity;
        let _ = self.extend(other.rows - self.rows).zero_();
        let _ = self.rows().g_add_(&(other.rows() * factor));
    }

    fn add_gradient(&mut self, delta: &Tensor, factor: f64) {
        let mut rows = self.extend(delta.size()[0]);
        rows.copy_(delta);
        if factor != 1. {
            rows *= factor;
        }
    }
}

impl Projection {
    /// With a velocity of zero.
    fn at_rest(weights: Tensor) -> Projection {
        Projection { weights, velocity: None }
    }

    /// The outputs of a layer, `[inputs + 1, units]`, for images, `[m, inputs + 1]`.
    fn outputs(&self, images: &Factor) -> Projection {
        let outputs = |layer: &Tensor| images.product(layer);
        Projection {
            weights: outputs(&self.weights),
            velocity: self.velocity.as_ref().map(outputs),
        }
    }

    /// Applies the sums. `add` adds to its first argument the images' part, with coefficients `A` or `B`.
    fn advance(&mut self, sums: &Parameter<Expansion>, add: impl Fn(&mut Tensor, &Tensor)) {
        let velocity = sums.velocity.as_ref().map(|sums| {
            let mut sum = &self.weights * sums.weights;
            if let Some(velocity) = &self.velocity {
                sum += velocity * sums.velocity;
            }
            add(&mut sum, &sums.rows());
            sum
        });
        let sums = &sums.value;
        if sums.weights != 1. {
            self.weights *= sums.weights;
        }
        if let Some(velocity) = &self.velocity {
            self.weights += velocity * sums.velocity;
        }
        add(&mut self.weights, &sums.rows());
        self.velocity = velocity;
    }
}

impl Coefficients {
    /// Applies an epoch's sums over the images at `indices`.
    fn advance(&mut self, sums: &Parameter<Expansion>, indices: &Tensor) {
        let start = [self.weights, self.velocity];
        self.weights = sums.value.of_start(start);
        self.velocity = sums.velocity.as_ref().map_or(0., |velocity| velocity.of_start(start));
        self.images.advance(sums, |to, rows| {
            let _ = to.index_add_(0, indices, rows);
        });
    }
}

impl Batch for SpanBatch {
    fn select(&self, indices: &[usize]) -> SpanBatch {
        SpanBatch {
            indices: Handle(rows(&self.indices, indices)),
            with_earlier: self.with_earlier.clone(),
            with_each_other: Handle(rows(&rows(&self.with_each_other, indices).tr(), indices)),
        }
    }

    fn gram(&self) -> Tensor {
        self.with_each_other.shallow_clone()
    }
}

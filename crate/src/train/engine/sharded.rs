//! A network whose first layer is split among threads.
//!
//! The hidden units are divided into *shards*. Each shard stores its units' part of the first layer and of the
//! weights `W2` of the second. A minibatch goes through all shards in parallel, and only the second layer's
//! outputs, the sums over the shards, are combined in between:
//!
//! ```text
//! in each shard    h = relu(first layer's outputs)          [batch, units]
//! combined         z = sum of h W2^T                        [batch, outputs], then loss and gradient delta
//! in each shard    d = (delta W2) * (h > 0),  W2 -= learning_rate * delta^T h,  first layer's step with d
//! ```
//!
//! The number of shards depends on the network alone, and sums are taken in their order, so the results are the
//! same for any number of threads.

use super::head::{Head, HeadGradient};
use crate::error::Result;
use crate::linalg::{product, product_of_relu, rows};
use crate::nn::{Layer, Logits, Network, Parameter, Sgd};
use crate::runtime::threads::side_by_side;
use crate::train::step::Step;
use std::ops::Deref;
use tch::{Kind, Tensor};

/// The first layer's units of one shard, `[inputs + 1, units]`: the bias is the weight of one more input that
/// is always 1.
pub(super) trait FirstLayer: Send + Sized {
    /// The form of a minibatch that it needs.
    type Batch: Batch;

    /// The outputs for a minibatch, `[batch, units]`.
    fn outputs(&mut self, batch: &Self::Batch) -> Tensor;

    /// A step with the gradient `delta`, `[batch, units]`, of the outputs.
    fn step(&mut self, batch: &Self::Batch, delta: Tensor, sgd: &Sgd);
}

/// A tensor that several threads read: two threads cannot use one of tch's tensors, but two handles to the same memory.
pub(super) struct Handle(pub Tensor);

impl Clone for Handle {
    fn clone(&self) -> Handle {
        Handle(self.0.shallow_clone())
    }
}

impl Deref for Handle {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.0
    }
}

/// A minibatch with inputs `X`.
pub(super) trait Batch: Clone + Send {
    /// Only the examples at `indices`.
    fn select(&self, indices: &[usize]) -> Self;

    /// The Gram matrix `X X^T`, `[batch, batch]`.
    fn gram(&self) -> Tensor;
}

/// The network.
pub(super) struct Sharded<F> {
    shards: Vec<Shard<F>>,
    head: Head,
}

pub(super) struct Shard<F> {
    pub first: F,
    /// The shard's columns of the second layer's weights, `[outputs, units]`; none in a linear model.
    second: Option<Parameter<Tensor>>,
    /// Its hidden units for the minibatch, `[batch, units]`.
    hidden: Option<Tensor>,
}

/// The examples of a minibatch that have a gradient, and that gradient at the outputs that the shards add up to.
#[derive(Clone)]
struct Backward<B> {
    batch: B,
    active: Vec<usize>,
    /// `[active, outputs]`
    delta: Handle,
}

/// The gradient inside a shard.
struct ShardGradient {
    /// The hidden units of the active examples, `[active, units]`.
    hidden: Option<Tensor>,
    /// The gradient of the first layer's outputs, `[active, units]`.
    delta: Tensor,
}

impl<F: FirstLayer> Sharded<F> {
    /// Divides `network`; `first` makes a shard's first layer from weights `[inputs + 1, units]`.
    pub fn new(network: Network, sgd: &Sgd, first: impl Fn(Tensor) -> F) -> Sharded<F> {
        let mut layers = network.layers;
        let lowest = layers.remove(0);
        let mut layers = layers.into_iter();
        let (bias, second) = layers.next().map(|layer| (layer.bias, layer.weight)).unzip();
        let shard = |(from, units): (i64, i64)| {
            let [weight, bias] =
                [&lowest.weight, &lowest.bias].map(|all| all.narrow(0, from, units));
            let columns = |weight: &Tensor| weight.narrow(1, from, units).contiguous();
            Shard {
                // Unit by unit in memory, as torch stores it: products with few units are faster.
                first: first(Tensor::cat(&[weight, bias.unsqueeze(1)], 1).tr()),
                second: second.as_ref().map(|weight| Parameter::new(columns(weight), sgd)),
                hidden: None,
            }
        };
        let units = lowest.bias.size()[0];
        let parts = if second.is_some() { parts(units) } else { vec![(0, units)] };
        Sharded {
            shards: parts.into_iter().map(shard).collect(),
            head: Head::new(bias, layers.collect()),
        }
    }

    /// Calls `job` for every shard in parallel, with a handle to `shared`; the results are in the shards' order.
    pub fn each<S: Clone + Send, R: Send>(
        &mut self,
        shared: &S,
        job: impl Fn(&mut Shard<F>, S) -> R + Sync,
    ) -> Vec<R> {
        if let [shard] = &mut self.shards[..] {
            return vec![job(shard, shared.clone())];
        }
        let handles: Vec<S> = self.shards.iter().map(|_| shared.clone()).collect();
        let work = self.shards.iter_mut().zip(handles).collect();
        side_by_side(work, |(shard, shared)| job(shard, shared))
    }

    /// Takes a step and returns the examples of the minibatch that had a gradient.
    pub fn step(&mut self, batch: F::Batch, step: &Step) -> Result<Vec<usize>> {
        let parts = self.each(&batch, |shard, batch| shard.forward(&batch));
        let mut gradient = self.head.backward(parts.into_iter().sum(), step)?;
        let backward = Backward {
            batch: batch.select(&gradient.active),
            active: gradient.active.clone(),
            delta: Handle(gradient.delta.shallow_clone()),
        };
        if let Some(factor) = step.clip_factor(|| self.sum_of_squares(&backward, &gradient)) {
            // In place: this scales `backward.delta`, too.
            gradient.scale(factor);
        }
        self.each(&backward, |shard, backward| {
            let gradient = shard.backward(&backward);
            shard.step(gradient, &backward, step.sgd());
        });
        self.head.step(gradient, step.sgd());
        Ok(backward.active)
    }

    /// The sum of the squares of all gradients.
    fn sum_of_squares(&mut self, backward: &Backward<F::Batch>, gradient: &HeadGradient) -> f64 {
        let squares = self
            .each(backward, |shard, backward| shard.backward(&backward).sum_of_squares(&backward));
        squares.iter().sum::<f64>() + gradient.sum_of_squares(&self.head)
    }

    /// The logits, `[n, classes]`, given the first layer's outputs in each shard, `[n, units]`.
    pub fn logits<S: Clone + Send>(
        &mut self,
        shared: &S,
        outputs: impl Fn(&mut F, S) -> Tensor + Sync,
    ) -> Logits {
        let parts = self.each(shared, |shard, shared| {
            let outputs = outputs(&mut shard.first, shared);
            shard.part(&outputs)
        });
        Logits::from_tensor(&self.head.logits(parts.into_iter().sum()))
    }

    /// The network as trained so far, with the weights of the first layers, `[inputs + 1, units]`.
    pub fn network(&self, weights: impl Fn(&F) -> Tensor) -> Network {
        let rows = self.shards.iter().map(|shard| weights(&shard.first).tr());
        let mut layers = vec![Layer::from_rows(&Tensor::cat(&rows.collect::<Vec<_>>(), 0))];
        let (bias, upper) = self.head.parameters();
        let columns = self.shards.iter().filter_map(|shard| shard.second.as_ref());
        let columns: Vec<&Tensor> = columns.map(|second| &second.value).collect();
        layers
            .extend(bias.map(|bias| Layer { weight: Tensor::cat(&columns, 1), bias: bias.copy() }));
        layers.extend(upper.iter().flat_map(|upper| upper.copy().layers));
        Network { layers }
    }
}

impl<F: FirstLayer> Shard<F> {
    /// The shard's part of the outputs that the shards add up to, `[batch, outputs]`.
    fn forward(&mut self, batch: &F::Batch) -> Tensor {
        let mut outputs = self.first.outputs(batch);
        let part = self.part(&outputs);
        self.hidden = self.second.is_some().then(|| outputs.relu_());
        part
    }

    /// The shard's part, from the first layer's outputs.
    fn part(&self, outputs: &Tensor) -> Tensor {
        match &self.second {
            Some(second) => product_of_relu(outputs, &second.value.tr()),
            None => outputs.shallow_clone(),
        }
    }

    fn backward(&self, backward: &Backward<F::Batch>) -> ShardGradient {
        let Some((second, hidden)) = self.second.as_ref().zip(self.hidden.as_ref()) else {
            return ShardGradient { hidden: None, delta: backward.delta.shallow_clone() };
        };
        let hidden = rows(hidden, &backward.active);
        // ReLU's derivative: where the unit was active, the gradient passes.
        let delta = hidden.threshold_backward(&product(&backward.delta, &second.value), 0.);
        ShardGradient { hidden: Some(hidden), delta }
    }

    fn step(&mut self, gradient: ShardGradient, backward: &Backward<F::Batch>, sgd: &Sgd) {
        if let Some((second, hidden)) = self.second.as_mut().zip(gradient.hidden) {
            second.step(sgd, &[&backward.delta.tr(), &hidden]);
        }
        self.first.step(&backward.batch, gradient.delta, sgd);
    }
}

impl ShardGradient {
    /// `|| D^T X ||^2 + || delta^T h ||^2`, without computing these gradients: `|| A^T B ||^2` is the sum of
    /// `(A A^T) * (B B^T)`.
    fn sum_of_squares<B: Batch>(&self, backward: &Backward<B>) -> f64 {
        let gram = |a: &Tensor| product(a, &a.tr());
        let mut squares = gram(&self.delta) * backward.batch.gram();
        if let Some(hidden) = &self.hidden {
            squares += gram(&backward.delta) * gram(hidden);
        }
        squares.sum(Kind::Double).double_value(&[])
    }
}

/// The units of each shard: the first and how many.
fn parts(units: i64) -> Vec<(i64, i64)> {
    /// As many as a usual machine has processors. More shards would mean more calls for the same work.
    const SHARDS: i64 = 4;
    /// With fewer units the work ends before another thread has started.
    const LEAST_UNITS: i64 = 256;
    let shards = (units / LEAST_UNITS).clamp(1, SHARDS);
    let first = |shard: i64| shard * units / shards;
    (0..shards).map(|shard| (first(shard), first(shard + 1) - first(shard))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_in_one_shard() {
        for units in [1, 255, 600, 5_000, 5_003] {
            let mut next = 0;
            for (first, count) in parts(units) {
                assert_eq!(first, next);
                assert!(count > 0);
                next += count;
            }
            assert_eq!(next, units);
        }
    }
}

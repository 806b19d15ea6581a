//! A network whose first layer is split among threads.
//!
//! The hidden units are shared out in *shards*. Each keeps its units' part of the first layer and of the
//! weights `W2` of the second. A minibatch goes through all shards side by side, and only the second layer's
//! outputs, the sums over the shards, are put together in between:
//!
//! ```text
//! in each shard    h = relu(first layer's outputs)          [batch, units]
//! put together     z = sum of h W2^T                        [batch, outputs], then loss and gradient delta
//! in each shard    d = (delta W2) * (h > 0),  W2 -= learning_rate * delta^T h,  first layer's step with d
//! ```
//!
//! How many shards there are depends on the network alone, and sums are taken in their order: so the results
//! are the same for any number of threads.

use super::head::{Head, HeadGradient};
use crate::error::Result;
use crate::nn::Logits;
use crate::nn::{Layer, Network};
use crate::nn::{Parameter, Sgd, clip_factor};
use crate::runtime::threads::side_by_side;
use crate::train::trainer::{BLOCK, Steps};
use tch::{Kind, Tensor};

/// The first layer's units of one shard, `[inputs + 1, units]`: the bias is the weight of one more input that
/// is always 1.
pub(super) trait FirstLayer: Send + Sized {
    /// What a minibatch is to it.
    type Batch: Batch;

    /// The outputs for a minibatch, `[batch, units]`.
    fn outputs(&mut self, batch: &Self::Batch) -> Tensor;

    /// A step with the gradient `delta`, `[batch, units]`, of the outputs.
    fn step(&mut self, batch: &Self::Batch, delta: Tensor, sgd: &Sgd);
}

/// What can be handed to every shard. A tensor cannot be used by two threads at once, but each can have a
/// handle of its own to the same memory.
pub(super) trait Share: Send {
    /// Another handle.
    fn share(&self) -> Self;
}

/// A minibatch with inputs `X`.
pub(super) trait Batch: Share {
    /// Only the examples at `indices`.
    fn select(&self, indices: &[usize]) -> Self;

    /// `X X^T`, `[batch, batch]`.
    fn products(&self) -> Tensor;
}

/// The network.
pub(super) struct Sharded<F> {
    shards: Vec<Shard<F>>,
    head: Head,
}

struct Shard<F> {
    first: F,
    /// The shard's columns of the second layer's weights, `[outputs, units]`; none in a linear model.
    second: Option<Parameter>,
    /// Its hidden units for the minibatch, `[batch, units]`.
    hidden: Option<Tensor>,
}

/// The examples of a minibatch that have a gradient, and theirs at the outputs that the shards add up to.
struct Backward<B> {
    batch: B,
    active: Vec<usize>,
    /// `[active, outputs]`
    delta: Tensor,
}

/// The gradient inside a shard.
struct ShardGradient {
    /// The hidden units of the active examples, `[active, units]`.
    hidden: Option<Tensor>,
    /// The gradient of the first layer's outputs, `[active, units]`.
    delta: Tensor,
}

impl<F: FirstLayer> Sharded<F> {
    /// The network `network`, with first layers made by `first` from weights `[inputs + 1, units]`.
    pub fn new(network: Network, first: impl Fn(Tensor) -> F) -> Sharded<F> {
        let mut layers = network.layers.into_iter();
        let (lowest, second) = (layers.next(), layers.next());
        let (bias, second) = second.map(|layer| (layer.bias, layer.weight)).unzip();
        let shard = |(from, units): (i64, i64)| {
            let part = |layer: &Layer| {
                let weight = layer.weight.narrow(0, from, units);
                let bias = layer.bias.narrow(0, from, units);
                // Stored unit by unit, as torch does it: products with few units are faster that way.
                Tensor::cat(&[weight, bias.unsqueeze(1)], 1).tr()
            };
            let columns = |weight: &Tensor| weight.narrow(1, from, units).contiguous();
            Some(Shard {
                first: first(part(lowest.as_ref()?)),
                second: second.as_ref().map(columns).map(Parameter::new),
                hidden: None,
            })
        };
        let units = lowest.as_ref().map_or(0, |layer| layer.bias.size()[0]);
        let parts = if second.is_some() { parts(units) } else { vec![(0, units)] };
        Sharded {
            shards: parts.into_iter().filter_map(shard).collect(),
            head: Head::new(bias, layers.collect()),
        }
    }

    /// Calls `job` for every shard, side by side, with a handle to `shared`; the results are in their order.
    pub fn each<S: Share, R: Send>(
        &mut self,
        shared: &S,
        job: impl Fn(&mut F, S) -> R + Sync,
    ) -> Vec<R> {
        self.each_shard(shared, |shard, shared| job(&mut shard.first, shared))
    }

    fn each_shard<S: Share, R: Send>(
        &mut self,
        shared: &S,
        job: impl Fn(&mut Shard<F>, S) -> R + Sync,
    ) -> Vec<R> {
        if let [shard] = &mut self.shards[..] {
            return vec![job(shard, shared.share())];
        }
        let handles: Vec<S> = self.shards.iter().map(|_| shared.share()).collect();
        let work = self.shards.iter_mut().zip(handles).collect();
        side_by_side(work, |(shard, shared)| job(shard, shared))
    }

    /// Takes a step on minibatch `number` and returns which of its examples had a gradient.
    pub fn step(
        &mut self,
        batch: F::Batch,
        labels: &[u8],
        steps: &Steps,
        number: usize,
    ) -> Result<Vec<usize>> {
        let parts = self.each_shard(&batch, |shard, batch| shard.forward(&batch));
        let mut gradient = self.head.backward(sum(parts), labels, steps, number)?;
        let batch = batch.select(&gradient.active);
        if let Some(clip_norm) = steps.clip_norm {
            let squares = self.sum_of_squares(&batch, &gradient);
            gradient = gradient.scaled(clip_factor(squares, clip_norm));
        }
        let backward = Backward::new(&batch, &gradient);
        self.each_shard(&backward, |shard, backward| {
            let gradient = shard.backward(&backward);
            shard.step(gradient, &backward, &steps.sgd);
        });
        let active = gradient.active.clone();
        self.head.step(gradient, &steps.sgd);
        Ok(active)
    }

    /// The sum of the squares of all gradients.
    fn sum_of_squares(&mut self, batch: &F::Batch, gradient: &HeadGradient) -> f64 {
        let backward = Backward::new(batch, gradient);
        let squares = self.each_shard(&backward, |shard, backward| {
            shard.backward(&backward).sum_of_squares(&backward)
        });
        squares.iter().sum::<f64>() + gradient.sum_of_squares(&self.head)
    }

    /// The logits, `[n, classes]`, where each shard has the outputs that `outputs` gives, `[n, units]`.
    pub fn logits<S: Share>(
        &mut self,
        shared: &S,
        outputs: impl Fn(&mut F, S) -> Tensor + Sync,
    ) -> Logits {
        let parts = self.each_shard(shared, |shard, shared| {
            let outputs = outputs(&mut shard.first, shared);
            shard.part(outputs).1
        });
        Logits::of(&self.head.logits(sum(parts)))
    }

    /// The network as trained so far, with the weights of the first layers, `[inputs + 1, units]`.
    pub fn network(&self, weights: impl Fn(&F) -> Tensor) -> Network {
        let of_units = |shard: &Shard<F>| {
            let weights = weights(&shard.first);
            let inputs = weights.size()[0] - 1;
            (weights.narrow(0, 0, inputs).tr(), weights.select(0, inputs))
        };
        let (weights, biases): (Vec<_>, Vec<_>) = self.shards.iter().map(of_units).unzip();
        let mut layers =
            vec![Layer { weight: Tensor::cat(&weights, 0), bias: Tensor::cat(&biases, 0) }];
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
        let outputs = self.first.outputs(batch);
        let (hidden, part) = self.part(outputs);
        self.hidden = hidden;
        part
    }

    /// The hidden units and the shard's part, from the first layer's outputs, which are overwritten.
    fn part(&self, mut outputs: Tensor) -> (Option<Tensor>, Tensor) {
        match &self.second {
            Some(second) => {
                let hidden = outputs.relu_();
                let part = product(&hidden, &second.value.tr());
                (Some(hidden), part)
            }
            None => (None, outputs),
        }
    }

    fn backward(&self, backward: &Backward<F::Batch>) -> ShardGradient {
        let Some((second, hidden)) = self.second.as_ref().zip(self.hidden.as_ref()) else {
            return ShardGradient { hidden: None, delta: backward.delta.shallow_clone() };
        };
        let hidden = rows(hidden, &backward.active);
        // ReLU's derivative: where the unit was active, the gradient passes.
        let delta = hidden.threshold_backward(&backward.delta.matmul(&second.value), 0.);
        ShardGradient { hidden: Some(hidden), delta }
    }

    fn step(&mut self, gradient: ShardGradient, backward: &Backward<F::Batch>, sgd: &Sgd) {
        if let Some((second, hidden)) = self.second.as_mut().zip(gradient.hidden) {
            second.step(sgd, &backward.delta.tr(), &hidden);
        }
        self.first.step(&backward.batch, gradient.delta, sgd);
    }
}

impl<B: Batch> Backward<B> {
    fn new(active_batch: &B, gradient: &HeadGradient) -> Backward<B> {
        Backward {
            batch: active_batch.share(),
            active: gradient.active.clone(),
            delta: gradient.delta.shallow_clone(),
        }
    }
}

impl<B: Batch> Share for Backward<B> {
    fn share(&self) -> Backward<B> {
        Backward {
            batch: self.batch.share(),
            active: self.active.clone(),
            delta: self.delta.shallow_clone(),
        }
    }
}

impl ShardGradient {
    /// `|| D^T X ||^2 + || delta^T h ||^2`, where `|| A^T B ||^2` is the sum of `(A A^T) * (B B^T)`: the
    /// gradients of the weights need not be made for it.
    fn sum_of_squares<B: Batch>(&self, backward: &Backward<B>) -> f64 {
        let gram = |a: &Tensor| a.matmul(&a.tr());
        let mut squares = gram(&self.delta) * backward.batch.products();
        if let Some(hidden) = &self.hidden {
            squares += gram(&backward.delta) * gram(hidden);
        }
        squares.sum(Kind::Double).double_value(&[])
    }
}

/// The units of each shard: the first and how many.
fn parts(units: i64) -> Vec<(i64, i64)> {
    /// As many as the processors of a usual machine. More of them would make more calls of the same work.
    const SHARDS: i64 = 4;
    /// Fewer units are done before another thread has taken notice.
    const LEAST_UNITS: i64 = 256;
    let shards = (units / LEAST_UNITS).clamp(1, SHARDS);
    let first = |shard: i64| shard * units / shards;
    (0..shards).map(|shard| (first(shard), first(shard + 1) - first(shard))).collect()
}

/// `x w`, `[n, k] x [k, m] -> [n, m]`. MKL multiplies into few columns up to four times faster if these lie one
/// behind the other in memory.
pub(super) fn product(x: &Tensor, w: &Tensor) -> Tensor {
    const FEW: i64 = 16;
    match w.size()[1] < FEW {
        true => w.tr().matmul(&x.tr()).tr(),
        false => x.matmul(w),
    }
}

/// `a b^T`, `[m, k] x [n, k] -> [m, n]`, block by block of rows on as many threads as there are.
pub(super) fn in_blocks(a: &Tensor, b: &Tensor) -> Tensor {
    let blocks = a.split(BLOCK as i64, 0).into_iter();
    let blocks: Vec<(Tensor, Tensor)> = blocks.map(|block| (block, b.tr())).collect();
    let products: Vec<Tensor> = side_by_side(blocks, |(a, b)| a.matmul(&b));
    Tensor::cat(&products, 0)
}

/// The rows at `indices`, which rise; all of them without a copy.
pub(super) fn rows(tensor: &Tensor, indices: &[usize]) -> Tensor {
    if indices.len() as i64 == tensor.size()[0] {
        return tensor.shallow_clone();
    }
    tensor.index_select(0, &index(indices))
}

/// Indices as a tensor.
pub(super) fn index(indices: &[usize]) -> Tensor {
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Tensor::from_slice(&indices)
}

/// The inputs, `[n, inputs]`, with a 1 appended, the input of the bias.
pub(super) fn with_one(inputs: &Tensor) -> Tensor {
    let one = Tensor::ones([inputs.size()[0], 1], (inputs.kind(), inputs.device()));
    Tensor::cat(&[inputs, &one], 1)
}

/// The sum of the shards' parts, in their order.
fn sum(parts: Vec<Tensor>) -> Tensor {
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(|| Tensor::from(0.));
    parts.fold(first, |sum, part| sum + part)
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

    #[test]
    fn a_product_into_few_columns_is_the_same_product() {
        let x = Tensor::from_slice(&[1., 2., 3., 4., 5., 6.]).view([3, 2]);
        let w = Tensor::from_slice(&[1., -1., 2., 0.5]).view([2, 2]);
        assert_eq!(product(&x, &w), x.matmul(&w));
    }
}

//! Training with the weights as they are, for any number of images.

use super::sharded::{Batch, FirstLayer, Sharded, Share, product, rows, with_one};
use crate::error::Result;
use crate::nn::Loss;
use crate::nn::Network;
use crate::nn::{Parameter, Sgd};
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::trainer::{BLOCK, Steps, Training};
use std::ops::Range;
use tch::Tensor;

/// The steps of the plain definition, with the first layer in shards. A gradient is added to the weights by the
/// product that it is, and never stored: with 5 000 units that is 16 MB less to write and to read in every step.
pub(in crate::train) struct Direct {
    network: Sharded<Weights>,
    options: Options,
}

/// A shard's first layer.
struct Weights(Parameter);

/// A minibatch's inputs with a 1 appended, `[batch, inputs + 1]`.
struct Inputs(Tensor);

impl Direct {
    /// How many minibatches are taken from the examples at a time.
    const BATCHES: usize = 8;

    /// Training of `network`.
    pub fn new(network: Network) -> Direct {
        Direct {
            options: network.options(),
            network: Sharded::new(network, |weights| Weights(Parameter::new(weights))),
        }
    }
}

impl Training for Direct {
    fn epoch(&mut self, train: &Examples, order: &[usize], steps: &Steps) -> Result<()> {
        let mut number = 0;
        for some in order.chunks(steps.batch_size.saturating_mul(Self::BATCHES)) {
            let inputs = with_one(&train.rows(some, self.options)?);
            for (batch, inputs) in
                some.chunks(steps.batch_size).zip(inputs.split(steps.batch_size as i64, 0))
            {
                number += 1;
                let labels: Vec<u8> = batch.iter().map(|index| train.labels()[*index]).collect();
                self.network.step(Inputs(inputs), &labels, steps, number)?;
            }
        }
        Ok(())
    }

    fn score(&mut self, _: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let block = |range: Range<usize>| {
            let inputs = Inputs(with_one(&examples.range(range.clone(), self.options)?));
            let outputs = |layer: &mut Weights, inputs: Inputs| layer.outputs(&inputs);
            let logits = self.network.logits(&inputs, outputs);
            Ok(Tally::of(&logits, loss, &examples.labels()[range]))
        };
        examples.blocks(BLOCK).map(block).sum()
    }

    fn network(&self) -> Network {
        self.network.network(|Weights(weights)| weights.value.shallow_clone())
    }
}

impl FirstLayer for Weights {
    type Batch = Inputs;

    fn outputs(&mut self, Inputs(inputs): &Inputs) -> Tensor {
        product(inputs, &self.0.value)
    }

    fn step(&mut self, Inputs(inputs): &Inputs, delta: Tensor, sgd: &Sgd) {
        self.0.step(sgd, &inputs.tr(), &delta);
    }
}

impl Share for Inputs {
    fn share(&self) -> Inputs {
        Inputs(self.0.shallow_clone())
    }
}

impl Batch for Inputs {
    fn select(&self, indices: &[usize]) -> Inputs {
        Inputs(rows(&self.0, indices))
    }

    fn products(&self) -> Tensor {
        self.0.matmul(&self.0.tr())
    }
}

//! Training with the weights themselves, for any number of images.

use super::sharded::{Batch, FirstLayer, Handle, Sharded};
use crate::error::Result;
use crate::linalg::{product, rows};
use crate::nn::{Loss, Network, Parameter, Sgd};
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::step::{Step, Training};
use tch::Tensor;

/// The steps of the definition, with the first layer in shards. A gradient is a product of two matrices that is
/// added to the weights without being stored: with 5 000 units that saves 16 MB of memory traffic in every step.
pub(super) struct Direct {
    network: Sharded<Parameter<Tensor>>,
    options: Options,
}

impl Direct {
    /// Training of `network`.
    pub fn new(network: Network, sgd: &Sgd) -> Direct {
        Direct {
            options: network.options(),
            network: Sharded::new(network, sgd, |weights| Parameter::new(weights, sgd)),
        }
    }
}

impl Training for Direct {
    fn epoch(&mut self, train: &Examples, steps: &[Step]) -> Result<()> {
        for step in steps {
            let inputs = train.rows_with_one(step.indices, self.options)?;
            self.network.step(Handle(inputs), step)?;
        }
        Ok(())
    }

    fn score(&mut self, _: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        Ok(Tally::new(&examples.logits(&self.network())?, loss, examples.labels()))
    }

    fn network(&self) -> Network {
        self.network.network(|weights| weights.value.shallow_clone())
    }
}

/// A shard's first layer.
impl FirstLayer for Parameter<Tensor> {
    type Batch = Handle;

    fn outputs(&mut self, inputs: &Handle) -> Tensor {
        product(inputs, &self.value)
    }

    fn step(&mut self, inputs: &Handle, delta: Tensor, sgd: &Sgd) {
        self.step(sgd, &[&inputs.tr(), &delta]);
    }
}

/// A minibatch's inputs with a 1 appended, `[batch, inputs + 1]`.
impl Batch for Handle {
    fn select(&self, indices: &[usize]) -> Handle {
        Handle(rows(self, indices))
    }

    fn gram(&self) -> Tensor {
        product(self, &self.tr())
    }
}

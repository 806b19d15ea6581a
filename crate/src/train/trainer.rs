//! The plain definition of minibatch training.

use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::sgd::Sgd;
use tch::Tensor;

/// Trains a network: forward, gradient, step. This is the readable definition of what training means here.
pub struct Trainer {
    network: Network,
    loss: Loss,
    sgd: Sgd,
    velocities: Vec<[Option<Tensor>; 2]>,
}

impl Trainer {
    /// A trainer of `network`, which has made no step yet.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting of `sgd` is outside its range.
    pub fn new(network: Network, loss: Loss, sgd: Sgd) -> Result<Trainer> {
        sgd.validate()?;
        let velocities = network.layers.iter().map(|_| [None, None]).collect();
        Ok(Trainer {
            network,
            loss,
            sgd,
            velocities,
        })
    }

    /// One pass over the examples `x` `[n, inputs]`, `labels` `[n]`, in `order` and in minibatches of
    /// `batch_size`; a short last minibatch is kept.
    ///
    /// # Errors
    /// [`Error::Setting`] if `batch_size` is 0 or `order` names an example that `x` does not have.
    pub fn epoch(
        &mut self,
        x: &Tensor,
        labels: &Tensor,
        order: &[usize],
        batch_size: usize,
    ) -> Result<()> {
        let examples = x.size()[0];
        if let Some(index) = order.iter().find(|index| **index as i64 >= examples) {
            return Err(Error::setting(
                "order",
                format!("below the {examples} examples"),
                index,
            ));
        }
        if batch_size == 0 {
            return Err(Error::setting("batch_size", "at least 1", batch_size));
        }
        for batch in order.chunks(batch_size) {
            let batch: Vec<i64> = batch.iter().map(|index| *index as i64).collect();
            let batch = Tensor::from_slice(&batch);
            self.step(&x.index_select(0, &batch), &labels.index_select(0, &batch));
        }
        Ok(())
    }

    /// One step on a minibatch `[n, inputs]`, `[n]`.
    fn step(&mut self, x: &Tensor, labels: &Tensor) {
        let (inputs, logits) = self.network.forward(x);
        let gradients = self
            .network
            .backward(&inputs, self.loss.gradient(&logits, labels));
        for ((layer, gradient), velocity) in self
            .network
            .layers
            .iter_mut()
            .zip(gradients)
            .zip(&mut self.velocities)
        {
            let Layer { weight, bias } = gradient;
            self.sgd.step(&mut layer.weight, weight, &mut velocity[0]);
            self.sgd.step(&mut layer.bias, bias, &mut velocity[1]);
        }
    }

    /// The network as trained so far.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The trained network.
    pub fn into_network(self) -> Network {
        self.network
    }
}

//! A step of training, and the engines' common interface.

use super::examples::Examples;
use super::experiment::Experiment;
use super::score::Tally;
use crate::error::{Error, Result};
use crate::nn::{Logits, Loss, Network, Sgd, clip_factor};
use crate::runtime::interrupt;

/// An engine that trains one network.
pub(super) trait Training: Send {
    /// Takes the steps of one epoch.
    fn epoch(&mut self, train: &Examples, steps: &[Step]) -> Result<()>;

    /// Scores `examples`, the set of scored examples with index `set`.
    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally>;

    /// The network as trained so far.
    fn network(&self) -> Network;

    /// Snapshots the network, to score it later together with others; false for an engine that gains nothing by
    /// it.
    fn snapshot(&mut self) -> bool {
        false
    }

    /// The job of scoring the snapshots since the last call.
    fn scoring(&mut self, _scored: &[Examples; 2], _loss: Loss) -> Scoring {
        Box::new(Default::default)
    }
}

/// Scores snapshots, on any thread: for each set of scored examples a tally for each snapshot.
pub(super) type Scoring = Box<dyn FnOnce() -> [Vec<Tally>; 2] + Send>;

/// A step on one minibatch.
pub(super) struct Step<'a> {
    experiment: &'a Experiment,
    epoch: usize,
    /// The step's number in its epoch, counted from 1.
    number: usize,
    /// The minibatch's indices in the training examples.
    pub indices: &'a [usize],
    /// Their labels.
    pub labels: Vec<u8>,
}

impl<'a> Step<'a> {
    /// The steps of `epoch`, through the training examples in `order`.
    pub fn of_epoch(
        epoch: usize,
        experiment: &'a Experiment,
        train: &Examples,
        order: &'a [usize],
    ) -> Vec<Step<'a>> {
        let step = |(indices, number): (&'a [usize], usize)| {
            let labels = indices.iter().map(|index| train.labels()[*index]).collect();
            Step { experiment, epoch, number, indices, labels }
        };
        order.chunks(experiment.batch_size).zip(1..).map(step).collect()
    }

    /// The optimiser's settings.
    pub fn sgd(&self) -> &Sgd {
        &self.experiment.sgd
    }

    /// The gradient of the minibatch's mean loss with respect to its logits, `[batch, classes]`, row by row. Every
    /// engine calls it in every step, so it is also where training notices an interrupt.
    pub fn loss_gradient(&self, logits: &Logits) -> Result<Vec<f64>> {
        interrupt::check()?;
        if logits.are_finite() {
            return self.experiment.loss.gradient(logits, &self.labels);
        }
        let learning_rate = self.sgd().learning_rate;
        Err(Error::Diverged { epoch: self.epoch, step: self.number, learning_rate })
    }

    /// The factor that clips gradients whose squares add up to `sum_of_squares`; `None` without clipping.
    pub fn clip_factor(&self, sum_of_squares: impl FnOnce() -> f64) -> Option<f64> {
        self.experiment.clip_norm.map(|norm| clip_factor(sum_of_squares(), norm))
    }
}

//! The definition of minibatch training.

use crate::error::Result;
use crate::linalg::matrix;
use crate::nn::{Layer, Logits, Loss, Network};
use crate::train::examples::Examples;
use crate::train::score::Tally;
use crate::train::step::{Step, Training};

/// Trains by the definition: forward, gradient, step. The other engines must agree with it.
pub(super) struct Reference {
    network: Network,
    velocities: Vec<Layer>,
}

impl Reference {
    /// Training of `network`.
    pub fn new(network: Network) -> Reference {
        Reference { velocities: network.velocities(), network }
    }

    fn step(&mut self, train: &Examples, step: &Step) -> Result<()> {
        let inputs = train.rows(step.indices, self.network.options())?;
        let (inputs, logits) = self.network.forward(&inputs);
        let gradient = step.loss_gradient(&Logits::from_tensor(&logits))?;
        let (mut gradients, _) = self.network.backward(&inputs, matrix(&gradient, &logits));
        let squares = || gradients.iter().map(Layer::sum_of_squares).sum();
        if let Some(factor) = step.clip_factor(squares) {
            gradients.iter_mut().for_each(|gradient| gradient.scale(factor));
        }
        self.network.step(gradients, step.sgd(), &mut self.velocities);
        Ok(())
    }
}

impl Training for Reference {
    fn epoch(&mut self, train: &Examples, steps: &[Step]) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(train, step))
    }

    fn score(&mut self, _: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        Ok(Tally::new(&examples.logits(&self.network)?, loss, examples.labels()))
    }

    fn network(&self) -> Network {
        self.network.copy()
    }
}

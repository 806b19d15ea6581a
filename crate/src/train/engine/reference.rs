//! The plain definition of minibatch training.

use crate::error::Result;
use crate::nn::Logits;
use crate::nn::Loss;
use crate::nn::clip_factor;
use crate::nn::{Layer, Network};
use crate::train::examples::{Examples, Options};
use crate::train::score::Tally;
use crate::train::trainer::{BLOCK, Steps, Training, matrix};
use std::ops::Range;
use tch::Tensor;

/// Trains a network as it is written down: forward, gradient, step. The other engines have to give the same.
pub struct Plain {
    network: Network,
    velocities: Vec<[Option<Tensor>; 2]>,
    options: Options,
}

impl Plain {
    /// Training of `network`.
    pub fn new(network: Network) -> Plain {
        Plain {
            velocities: network.layers.iter().map(|_| [None, None]).collect(),
            options: network.options(),
            network,
        }
    }

    /// A step on a minibatch of inputs `[batch, inputs]` with labels `[batch]`.
    fn step(&mut self, inputs: &Tensor, labels: &[u8], steps: &Steps, number: usize) -> Result<()> {
        let (inputs, logits) = self.network.forward(inputs);
        let gradient = steps.loss_gradient(&Logits::of(&logits), labels, number)?;
        let gradient = matrix(&gradient, &logits);
        let (mut gradients, _) = self.network.backward(&inputs, gradient);
        if let Some(clip_norm) = steps.clip_norm {
            let squares = gradients.iter().map(Layer::sum_of_squares).sum();
            scale(&mut gradients, clip_factor(squares, clip_norm));
        }
        self.network.step(gradients, &steps.sgd, &mut self.velocities);
        Ok(())
    }
}

impl Training for Plain {
    fn epoch(&mut self, train: &Examples, order: &[usize], steps: &Steps) -> Result<()> {
        for (batch, number) in order.chunks(steps.batch_size).zip(1..) {
            let labels: Vec<u8> = batch.iter().map(|index| train.labels()[*index]).collect();
            self.step(&train.rows(batch, self.options)?, &labels, steps, number)?;
        }
        Ok(())
    }

    fn score(&mut self, _: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let block = |range: Range<usize>| {
            let inputs = examples.range(range.clone(), self.options)?;
            let logits = Logits::of(&self.network.outputs(&inputs));
            Ok(Tally::of(&logits, loss, &examples.labels()[range]))
        };
        examples.blocks(BLOCK).map(block).sum()
    }

    fn network(&self) -> Network {
        self.network.copy()
    }
}

pub(super) fn scale(gradients: &mut [Layer], factor: f64) {
    if factor < 1. {
        for gradient in gradients {
            gradient.weight *= factor;
            gradient.bias *= factor;
        }
    }
}

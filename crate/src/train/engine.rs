//! Which way of training is taken.

use crate::error::{Error, Result};
use serde::Serialize;

/// How the steps of training are computed. The steps are the same, within float rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// [`Direct`](Engine::Direct) or [`Span`](Engine::Span), whichever needs less arithmetic. The default.
    #[default]
    Automatic,
    /// As training is written down: forward, gradient, step. The definition, and what the others are tested
    /// against; on one thread.
    Plain,
    /// The hidden units of the first layer are shared out among threads, and gradients are added to the weights
    /// without being stored.
    Direct,
    /// The same, with the first layer kept as a combination of the training images, which needs less arithmetic
    /// as long as there are fewer images than inputs.
    Span,
}

/// The sizes that decide which engine is cheaper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub inputs: usize,
    pub train_examples: usize,
    pub scored_examples: usize,
    pub batch_size: usize,
    /// Whether the images change every epoch.
    pub augmented: bool,
    /// After how many epochs scores are computed.
    pub score_every: usize,
    /// How many epochs there will be.
    pub epochs: usize,
    /// The units of the first layer.
    pub units: usize,
}

/// Multiplications for each unit of the first layer; the other layers cost the same in all engines.
impl Cost {
    fn of_direct(self) -> usize {
        // Forward and backward for every training image, forward for every scored one. A step reads and writes
        // all weights, which takes as long as some 20 images (an estimate).
        const STEP: usize = 20;
        let steps = self.train_examples.div_ceil(self.batch_size);
        let of_epoch =
            2 * self.train_examples + STEP * steps + self.scored_examples / self.score_every;
        of_epoch
            .saturating_mul(self.inputs)
            .saturating_mul(self.epochs)
    }

    fn of_span(self) -> usize {
        let n = self.train_examples;
        // A minibatch is multiplied with those before it. Then the images' outputs are brought up to date; if the
        // images change, the weights are, and the new images' outputs are computed from them.
        let between_epochs = if self.augmented {
            2 * n * self.inputs + self.products()
        } else {
            n * n
        };
        let scoring = match self.scoring() {
            Scoring::Followed => self.scored_examples * n,
            Scoring::FromSums => self.scored_examples * n / self.score_every,
            Scoring::FromWeights => self.scored_examples * self.inputs / self.score_every,
        };
        // Before the first epoch the outputs of all images are computed, and after the last the weights.
        let once = (2 * n + self.scored_examples) * self.inputs + self.products();
        (n * n / 2 + between_epochs + scoring)
            .saturating_mul(self.epochs)
            .saturating_add(once)
    }

    /// The training images' products with each other and with the scored images; they serve all units.
    fn products(self) -> usize {
        let others = match self.scoring() {
            Scoring::FromWeights => 0,
            Scoring::Followed | Scoring::FromSums => self.scored_examples,
        };
        self.train_examples
            .saturating_mul(self.train_examples + others)
            .saturating_mul(self.inputs)
            / self.units
    }

    /// Checks that the products of the images with each other, which the span engine keeps, take a gigabyte at
    /// most.
    pub fn check_memory_of_span(self) -> Result<()> {
        const MOST_PRODUCTS: usize = 250_000_000;
        let images = self.train_examples + self.scored_examples;
        if self.train_examples.saturating_mul(images) <= MOST_PRODUCTS {
            return Ok(());
        }
        let found = format!("span, with {} training images", self.train_examples);
        Err(Error::setting(
            "engine",
            "direct or automatic for so many images",
            found,
        ))
    }

    /// How the span engine is to compute scores.
    pub fn scoring(self) -> Scoring {
        match self.augmented {
            false if self.score_every == 1 => Scoring::Followed,
            false => Scoring::FromSums,
            true if self.train_examples.saturating_mul(self.score_every) < self.inputs => {
                Scoring::Followed
            }
            true => Scoring::FromWeights,
        }
    }
}

impl Engine {
    /// The engine for training of this size.
    pub(crate) fn resolve(self, cost: Cost) -> Engine {
        match self {
            Engine::Automatic if cost.of_span() < cost.of_direct() => Engine::Span,
            Engine::Automatic => Engine::Direct,
            chosen => chosen,
        }
    }
}

/// How the span engine has the first layer's outputs for the scored images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scoring {
    /// They are brought up to date after every epoch.
    Followed,
    /// They are computed from the outputs at the start and the sums since then; for images that stay the same.
    FromSums,
    /// They are computed from the weights.
    FromWeights,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(train_examples: usize) -> Cost {
        Cost {
            inputs: 784,
            train_examples,
            scored_examples: 1_000,
            batch_size: 32,
            augmented: false,
            score_every: 1,
            epochs: 100,
            units: 5_000,
        }
    }

    #[test]
    fn few_images_are_trained_on_in_their_span() {
        assert_eq!(Engine::Automatic.resolve(cost(150)), Engine::Span);
    }

    #[test]
    fn more_images_than_inputs_are_trained_on_directly() {
        assert_eq!(Engine::Automatic.resolve(cost(10_000)), Engine::Direct);
    }

    #[test]
    fn products_that_one_epoch_would_not_repay_are_not_computed() {
        let linear = Cost {
            epochs: 1,
            units: 10,
            ..cost(1_000)
        };
        assert_eq!(Engine::Automatic.resolve(linear), Engine::Direct);
    }

    #[test]
    fn rejects_the_span_of_more_images_than_fit_into_memory() {
        let message = cost(60_000)
            .check_memory_of_span()
            .expect_err("too many")
            .to_string();
        assert!(
            message.starts_with("engine must be direct or automatic"),
            "{message}"
        );
    }

    #[test]
    fn a_chosen_engine_is_taken() {
        assert_eq!(Engine::Plain.resolve(cost(150)), Engine::Plain);
    }
}

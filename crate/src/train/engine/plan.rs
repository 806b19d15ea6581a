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
    /// The same, with the first layer kept as a combination of the training images: of all of them, which needs
    /// less arithmetic as long as there are fewer images than inputs, or of some minibatches at a time, which
    /// needs hardly more and goes over the weights less often.
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
    /// A step reads and writes all weights, which takes as long as some 20 images (an estimate).
    const STEP: usize = 20;

    fn of_direct(self) -> usize {
        // Forward and backward for every training image, forward for every scored one.
        let steps = self.train_examples.div_ceil(self.batch_size);
        let of_epoch =
            2 * self.train_examples + Self::STEP * steps + self.scored_examples / self.score_every;
        of_epoch.saturating_mul(self.inputs).saturating_mul(self.epochs)
    }

    /// In the span of all training images, which have to stay the same.
    fn of_all_images(self) -> usize {
        let n = self.train_examples;
        // A minibatch is multiplied with those before it, then the images' outputs are brought up to date.
        let of_epoch = n * n / 2 * 3
            + match self.scoring_all_images() {
                Scoring::Followed => self.scored_examples * n,
                _ => self.scored_examples * n / self.score_every,
            };
        // Before the first epoch the outputs of all images are computed, and after the last the weights.
        let once = (2 * n + self.scored_examples) * self.inputs
            + self.products(n, n + self.scored_examples);
        of_epoch.saturating_mul(self.epochs).saturating_add(once)
    }

    /// In the span of a block of training images after the other.
    fn of_blocks(self) -> usize {
        let (n, block) = (self.train_examples, self.block());
        let blocks = n.div_ceil(block);
        // The images' outputs are computed from the weights, and the weights brought up to date.
        let steps = 2 * n * self.inputs + n * block / 2 + Self::STEP * blocks * self.inputs;
        let scoring = match self.scoring_blocks() {
            Scoring::FromWeights => self.scored_examples * self.inputs / self.score_every,
            _ => self.scored_examples * n + self.products(n, self.scored_examples),
        };
        (steps + self.products(n, block) + scoring).saturating_mul(self.epochs)
    }

    /// The products of some images with others; they serve all units.
    fn products(self, some: usize, others: usize) -> usize {
        some.saturating_mul(others).saturating_mul(self.inputs) / self.units
    }

    /// How many images a block has: so many minibatches that a pass over the weights is shared by many images,
    /// and so few that it takes little to multiply the images with each other.
    fn block(self) -> usize {
        const IMAGES: usize = 256;
        let batches = (IMAGES / self.batch_size).max(1);
        self.train_examples.min(batches * self.batch_size)
    }

    fn scoring_all_images(self) -> Scoring {
        match self.score_every {
            1 => Scoring::Followed,
            _ => Scoring::FromSums,
        }
    }

    fn scoring_blocks(self) -> Scoring {
        match self.train_examples.saturating_mul(self.score_every) < self.inputs {
            true => Scoring::Followed,
            false => Scoring::FromWeights,
        }
    }

    fn of_span(self) -> usize {
        match self.all_images() {
            true => self.of_all_images(),
            false => self.of_blocks(),
        }
    }

    /// Whether all training images are combined, rather than block by block.
    fn all_images(self) -> bool {
        let products = self.train_examples + self.scored_examples;
        !self.augmented
            && self.train_examples.saturating_mul(products) <= MOST_PRODUCTS
            && self.of_all_images() < self.of_blocks()
    }

    /// How the span engine is to train.
    ///
    /// # Errors
    /// [`Error::Setting`] if the products of the images with each other take more than a gigabyte.
    pub fn span(self) -> Result<SpanPlan> {
        let block = self.block();
        match self.all_images() {
            true => Ok(SpanPlan { block: None, scoring: self.scoring_all_images() }),
            false if block.saturating_mul(block) <= MOST_PRODUCTS => {
                Ok(SpanPlan { block: Some(block), scoring: self.scoring_blocks() })
            }
            false => Err(Error::setting(
                "engine",
                "direct or automatic for such minibatches",
                format!("span, with minibatches of {} images", self.batch_size),
            )),
        }
    }
}

/// The most products of images that are kept: a gigabyte.
const MOST_PRODUCTS: usize = 250_000_000;

/// How the span engine trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpanPlan {
    /// After how many images their combination is added to the weights; `None` if all images are combined as long
    /// as training lasts.
    pub block: Option<usize>,
    pub scoring: Scoring,
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
    fn a_layer_with_few_units_is_trained_on_many_images_directly() {
        let linear = Cost { units: 10, ..cost(10_000) };
        assert_eq!(Engine::Automatic.resolve(linear), Engine::Direct);
    }

    #[test]
    fn products_that_one_epoch_would_not_repay_are_not_computed() {
        let linear = Cost { epochs: 1, units: 10, ..cost(1_000) };
        assert_eq!(Engine::Automatic.resolve(linear), Engine::Direct);
    }

    #[test]
    fn few_images_that_stay_are_combined_as_long_as_training_lasts() -> Result<()> {
        assert_eq!(cost(150).span()?.block, None);
        Ok(())
    }

    #[test]
    fn many_images_and_images_that_change_are_combined_in_blocks_of_whole_minibatches() -> Result<()>
    {
        let block = |cost: Cost| Ok::<_, Error>(cost.span()?.block);
        assert_eq!(block(cost(60_000))?, Some(256));
        let changing = Cost { augmented: true, ..cost(150) };
        assert_eq!(block(changing)?, Some(150));
        let of_a_hundred = Cost { batch_size: 100, ..cost(60_000) };
        assert_eq!(block(of_a_hundred)?, Some(200));
        Ok(())
    }

    #[test]
    fn rejects_the_span_of_minibatches_too_large_for_memory() {
        let message =
            Cost { batch_size: 60_000, ..cost(60_000) }.span().expect_err("too large").to_string();
        assert!(
            message.starts_with("engine must be direct or automatic for such minibatches"),
            "{message}"
        );
    }

    #[test]
    fn a_chosen_engine_is_taken() {
        assert_eq!(Engine::Plain.resolve(cost(150)), Engine::Plain);
    }
}

//! The choice of an engine by the arithmetic that it needs.

use crate::error::{Result, require};
use crate::train::experiment::{Engine, Experiment};

/// An engine that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Reference,
    Direct,
    Gram,
    Span(SpanPlan),
}

/// How the span engine trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpanPlan {
    /// The number of images after which their combination is added to the weights; `None` if all images are
    /// combined until training ends.
    pub block: Option<usize>,
    pub scoring: Scoring,
}

/// How the span engine computes the first layer's outputs for the scored images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scoring {
    /// It updates them after every epoch.
    Followed,
    /// From the outputs at the start and the sums since then; for images that stay the same.
    FromSums,
    /// From the weights.
    FromWeights,
}

/// What the cost of training depends on.
///
/// Costs are multiplications for each unit of the first layer; the other layers cost the same in all engines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost<'a> {
    pub experiment: &'a Experiment,
    pub inputs: usize,
    pub train_examples: usize,
    pub scored_examples: usize,
    /// Whether the training images change every epoch.
    pub augmented: bool,
    /// The units of the first layer.
    pub units: usize,
    /// Whether that is the only layer.
    pub is_linear: bool,
}

impl Cost<'_> {
    /// A step reads and writes all weights, which takes as long as some 20 images (an estimate).
    const STEP: usize = 20;

    /// The most entries of a Gram matrix to store: a gigabyte.
    const MOST_ENTRIES: usize = 250_000_000;

    /// The engine for this experiment.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if the span engine is demanded for minibatches whose Gram matrix
    /// exceeds a gigabyte.
    pub fn plan(self) -> Result<Plan> {
        match self.experiment.engine {
            Engine::Reference => Ok(Plan::Reference),
            Engine::Automatic if self.of_span() < self.of_direct() => self.span(),
            Engine::Direct | Engine::Automatic => Ok(Plan::Direct),
            Engine::Span => self.span(),
        }
    }

    fn span(self) -> Result<Plan> {
        let block = self.block();
        if self.combines_all_images() {
            let plan = SpanPlan { block: None, scoring: self.scoring_all_images() };
            return Ok(if self.is_linear { Plan::Gram } else { Plan::Span(plan) });
        }
        let fits = block.saturating_mul(block) <= Self::MOST_ENTRIES;
        let found = format_args!("span, with minibatches of {} images", self.experiment.batch_size);
        require(fits, "engine", "direct or automatic for such minibatches", found)?;
        Ok(Plan::Span(SpanPlan { block: Some(block), scoring: self.scoring_blocks() }))
    }

    /// About how many seconds one core needs.
    pub fn seconds(self) -> f64 {
        /// Of a layer with many units. One with few spends its time on reading images, which costs as much as 70.
        const PER_SECOND: f64 = 4e10;
        const OF_READING: f64 = 70.;
        let multiplications = match self.experiment.engine {
            Engine::Reference | Engine::Direct => self.of_direct(),
            Engine::Span => self.of_span(),
            Engine::Automatic => self.of_direct().min(self.of_span()),
        };
        let units = self.experiment.model.parameters() as f64 / self.inputs as f64;
        multiplications as f64 * (units + OF_READING) / PER_SECOND
    }

    fn of_direct(self) -> usize {
        // Forward and backward for every training image, forward for every scored one.
        let steps = self.train_examples.div_ceil(self.experiment.batch_size);
        let of_epoch = 2 * self.train_examples
            + Self::STEP * steps
            + self.scored_examples / self.experiment.score_every;
        of_epoch.saturating_mul(self.inputs).saturating_mul(self.experiment.epochs)
    }

    /// In the span of all training images, which must stay the same.
    fn of_all_images(self) -> usize {
        let n = self.train_examples;
        // A minibatch is multiplied by those before it, then the outputs for all images are updated.
        let scoring = match self.scoring_all_images() {
            Scoring::Followed => self.scored_examples * n,
            _ => self.scored_examples * n / self.experiment.score_every,
        };
        let of_epoch = n * n / 2 * 3 + scoring;
        // The outputs of all images before the first epoch, and the weights after the last.
        let once =
            (2 * n + self.scored_examples) * self.inputs + self.gram(n, n + self.scored_examples);
        of_epoch.saturating_mul(self.experiment.epochs).saturating_add(once)
    }

    /// In the span of one block of training images after the other.
    fn of_blocks(self) -> usize {
        let (n, block) = (self.train_examples, self.block());
        let blocks = n.div_ceil(block);
        // The images' outputs are computed from the weights, and the weights updated.
        let steps = 2 * n * self.inputs + n * block / 2 + Self::STEP * blocks * self.inputs;
        let scoring = match self.scoring_blocks() {
            Scoring::FromWeights => {
                self.scored_examples * self.inputs / self.experiment.score_every
            }
            _ => self.scored_examples * n + self.gram(n, self.scored_examples),
        };
        (steps + self.gram(n, block) + scoring).saturating_mul(self.experiment.epochs)
    }

    fn of_span(self) -> usize {
        if self.combines_all_images() { self.of_all_images() } else { self.of_blocks() }
    }

    /// A Gram matrix of some images with others, which serves all units.
    fn gram(self, some: usize, others: usize) -> usize {
        some.saturating_mul(others).saturating_mul(self.inputs) / self.units
    }

    /// The number of images in a block: enough minibatches to share a pass over the weights among many images,
    /// and few enough for a small Gram matrix.
    fn block(self) -> usize {
        const IMAGES: usize = 256;
        let batch_size = self.experiment.batch_size;
        self.train_examples.min((IMAGES / batch_size).max(1) * batch_size)
    }

    fn scoring_all_images(self) -> Scoring {
        if self.experiment.score_every == 1 { Scoring::Followed } else { Scoring::FromSums }
    }

    fn scoring_blocks(self) -> Scoring {
        let images = self.train_examples.saturating_mul(self.experiment.score_every);
        if images < self.inputs { Scoring::Followed } else { Scoring::FromWeights }
    }

    /// Whether all training images are combined, rather than block by block.
    fn combines_all_images(self) -> bool {
        let entries =
            self.train_examples.saturating_mul(self.train_examples + self.scored_examples);
        !self.augmented && entries <= Self::MOST_ENTRIES && self.of_all_images() < self.of_blocks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(experiment: &Experiment) -> Cost<'_> {
        Cost {
            experiment,
            inputs: 784,
            train_examples: experiment.train_examples,
            scored_examples: experiment.test_examples,
            augmented: false,
            units: 5_000,
            is_linear: false,
        }
    }

    /// The protocol with another number of training images.
    fn with(train_examples: usize) -> Experiment {
        Experiment { train_examples, ..Experiment::default() }
    }

    fn block(cost: Cost) -> Result<Option<usize>> {
        match cost.span()? {
            Plan::Span(plan) => Ok(plan.block),
            plan => panic!("{plan:?} is not the span engine"),
        }
    }

    #[test]
    fn few_images_are_trained_on_in_their_span() -> Result<()> {
        let plan = SpanPlan { block: None, scoring: Scoring::Followed };
        assert_eq!(cost(&with(150)).plan()?, Plan::Span(plan));
        assert_eq!(Cost { is_linear: true, ..cost(&with(150)) }.plan()?, Plan::Gram);
        Ok(())
    }

    #[test]
    fn a_layer_with_few_units_is_trained_on_many_images_directly() -> Result<()> {
        assert_eq!(Cost { units: 10, ..cost(&with(10_000)) }.plan()?, Plan::Direct);
        Ok(())
    }

    #[test]
    fn a_gram_matrix_that_one_epoch_would_not_repay_is_not_computed() -> Result<()> {
        let short = Experiment { epochs: 1, ..with(1_000) };
        assert_eq!(Cost { units: 10, ..cost(&short) }.plan()?, Plan::Direct);
        Ok(())
    }

    #[test]
    fn many_images_and_images_that_change_are_combined_in_blocks_of_whole_minibatches() -> Result<()>
    {
        assert_eq!(block(cost(&with(60_000)))?, Some(256));
        assert_eq!(block(Cost { augmented: true, ..cost(&with(150)) })?, Some(150));
        let hundreds = Experiment { batch_size: 100, ..with(60_000) };
        assert_eq!(block(cost(&hundreds))?, Some(200));
        Ok(())
    }

    #[test]
    fn rejects_the_span_of_minibatches_too_large_for_memory() {
        let engine = Engine::Span;
        let large = Experiment { batch_size: 60_000, engine, ..with(60_000) };
        let message = cost(&large).plan().expect_err("too large").to_string();
        let expected = "engine must be direct or automatic for such minibatches";
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn an_engine_that_is_asked_for_is_used() -> Result<()> {
        let reference = Experiment { engine: Engine::Reference, ..with(150) };
        assert_eq!(cost(&reference).plan()?, Plan::Reference);
        Ok(())
    }
}

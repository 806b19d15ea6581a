//! Which way of training is taken.

use super::plain::Plain;
use super::span::Span;
use serde::Serialize;

/// How the steps of training are computed. The steps are the same, within float rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The one that needs less arithmetic. The default.
    #[default]
    Automatic,
    /// As training is written down: forward, gradient, step.
    Plain,
    /// The first layer is kept as a combination of the training images, which needs less arithmetic as long
    /// as there are fewer images than inputs.
    Span,
}

/// The sizes that decide which engine is cheaper.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub inputs: i64,
    pub train_examples: i64,
    pub scored_examples: i64,
    pub batch_size: i64,
    /// Whether the images change every epoch.
    pub augmented: bool,
    /// After how many epochs scores are computed.
    pub score_every: i64,
}

impl Engine {
    /// Plain or span, for training of this size.
    pub(crate) fn resolve(self, cost: Cost) -> Engine {
        match self {
            Engine::Automatic if cost.of_span() < cost.of_plain() => Engine::Span,
            Engine::Automatic => Engine::Plain,
            chosen => chosen,
        }
    }
}

/// Multiplications an epoch and unit of the first layer; the other layers cost the same in both engines.
impl Cost {
    fn of_plain(self) -> i64 {
        // Forward and backward for every training image, forward for every scored one. A step reads and writes
        // all weights several times, which takes as long as some 50 images (measured with 5 000 units).
        const STEP: i64 = 50;
        let steps = self.train_examples / self.batch_size + 1;
        self.inputs
            * (2 * self.train_examples + STEP * steps + self.scored_examples / self.score_every)
    }

    fn of_span(self) -> i64 {
        let n = self.train_examples;
        // Forward for every training image; backward is no product at all. Augmentation adds the sums carried
        // out and the new images' outputs.
        let carried_out = if self.augmented {
            2 * n * self.inputs
        } else {
            0
        };
        n * n + carried_out + self.of_scoring_in_span()
    }

    fn of_scoring_in_span(self) -> i64 {
        match self.images() {
            SpanImages::Fixed => self.scored_examples * self.train_examples / self.score_every,
            SpanImages::FollowedEveryEpoch => self.scored_examples * self.train_examples,
            SpanImages::ScoredAnew => self.scored_examples * self.inputs / self.score_every,
        }
    }

    /// How the span engine is to compute scores.
    pub(super) fn images(self) -> SpanImages {
        if !self.augmented {
            SpanImages::Fixed
        } else if self.train_examples * self.score_every < self.inputs {
            SpanImages::FollowedEveryEpoch
        } else {
            SpanImages::ScoredAnew
        }
    }
}

/// Whether the training images change, and how the outputs for the scored images are then had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanImages {
    /// The training images stay the same.
    Fixed,
    /// They change, and the outputs for the scored images are brought up to date after every epoch.
    FollowedEveryEpoch,
    /// They change, and the outputs are computed from the weights when scores are asked for.
    ScoredAnew,
}

/// The engine at work.
pub(super) enum Running {
    Plain(Plain),
    Span(Box<Span>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(train_examples: i64) -> Engine {
        Engine::Automatic.resolve(Cost {
            inputs: 784,
            train_examples,
            scored_examples: 1_000,
            batch_size: 32,
            augmented: false,
            score_every: 1,
        })
    }

    #[test]
    fn few_images_are_trained_on_in_their_span() {
        assert_eq!(chosen(150), Engine::Span);
    }

    #[test]
    fn more_images_than_inputs_are_trained_on_plainly() {
        assert_eq!(chosen(10_000), Engine::Plain);
    }

    #[test]
    fn a_chosen_engine_is_taken() {
        let cost = Cost {
            inputs: 784,
            train_examples: 150,
            scored_examples: 0,
            batch_size: 32,
            augmented: true,
            score_every: 1,
        };
        assert_eq!(Engine::Plain.resolve(cost), Engine::Plain);
    }
}

//! How well a network does on a set of examples.

use crate::error::{Error, Result};
use crate::nn::Loss;
use crate::nn::{Logits, prediction};
use serde::Serialize;
use std::fmt;
use std::iter::Sum;

/// Loss and accuracy on a set of examples, every example weighted alike (the original averaged unequal
/// minibatches, so that a short last one counted too much).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The fraction classified rightly, 0 to 1.
    pub accuracy: f64,
}

impl Score {
    /// Scores logits against the labels of their examples.
    ///
    /// # Errors
    /// [`Error::Setting`] unless there is a row of logits for each label, at least one, and a logit for its class.
    pub fn of(logits: &Logits, loss: Loss, labels: &[u8]) -> Result<Score> {
        let rows = logits.rows().len();
        if rows != labels.len() || rows == 0 {
            let allowed = format!("rows for {} labels, at least one", labels.len());
            return Err(Error::setting("logits", allowed, format!("{rows} rows")));
        }
        check_labels(labels, logits.classes())?;
        Ok(Tally::of(logits, loss, labels).score())
    }
}

/// What a block of examples adds to the score of all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    examples: usize,
    /// The sum of their losses.
    loss: f64,
    /// How many are classified rightly.
    right: usize,
}

impl Tally {
    /// Counts examples with these logits and labels.
    pub fn of(logits: &Logits, loss: Loss, labels: &[u8]) -> Tally {
        let mut tally = Tally::default();
        for (row, label) in logits.rows().zip(labels) {
            tally.count(row, loss, *label);
        }
        tally
    }

    /// Counts one more example, with logits `row`.
    pub fn count(&mut self, row: &[f64], loss: Loss, label: u8) {
        self.examples += 1;
        self.loss += loss.of(row, usize::from(label));
        self.right += usize::from(prediction(row) == label);
    }

    /// The score of all that were counted.
    pub fn score(&self) -> Score {
        Score {
            loss: self.loss / self.examples as f64,
            accuracy: self.right as f64 / self.examples as f64,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(blocks: I) -> Tally {
        blocks.fold(Tally::default(), |all, block| Tally {
            examples: all.examples + block.examples,
            loss: all.loss + block.loss,
            right: all.right + block.right,
        })
    }
}

/// Checks that every label is one of `classes` classes.
pub(super) fn check_labels(labels: &[u8], classes: usize) -> Result<()> {
    match labels.iter().find(|label| usize::from(**label) >= classes) {
        Some(label) => Err(Error::setting("labels", format!("below {classes}"), label)),
        None => Ok(()),
    }
}

/// The scores after one epoch of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Which epoch, counted from 1.
    pub number: usize,
    /// On the training examples.
    pub train: Score,
    /// On the test examples.
    pub test: Score,
}

impl Epoch {
    /// The value of one metric.
    pub fn get(&self, metric: Metric) -> f64 {
        match metric {
            Metric::TrainLoss => self.train.loss,
            Metric::TrainAccuracy => self.train.accuracy,
            Metric::TestLoss => self.test.loss,
            Metric::TestAccuracy => self.test.accuracy,
        }
    }
}

/// One of the four numbers measured after every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mean loss on the training examples.
    TrainLoss,
    /// Accuracy on the training examples, 0 to 1.
    TrainAccuracy,
    /// Mean loss on the test examples.
    TestLoss,
    /// Accuracy on the test examples, 0 to 1.
    TestAccuracy,
}

impl Metric {
    /// All four, in the order of the report's tables.
    pub const ALL: [Metric; 4] =
        [Metric::TrainLoss, Metric::TrainAccuracy, Metric::TestLoss, Metric::TestAccuracy];

    /// Whether it is a fraction, shown in percent.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Metric::TrainAccuracy | Metric::TestAccuracy)
    }

    /// `value` as a reader expects it: `81.10 %` for an accuracy, `0.1048` for a loss.
    pub fn show(self, value: f64) -> String {
        if self.is_accuracy() { format!("{:.2} %", 100. * value) } else { format!("{value:.4}") }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Metric::TrainLoss => "train loss",
            Metric::TrainAccuracy => "train accuracy",
            Metric::TestLoss => "test loss",
            Metric::TestAccuracy => "test accuracy",
        })
    }
}

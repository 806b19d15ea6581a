//! How well a network does on a set of examples.

use crate::loss::Loss;
use serde::Serialize;
use std::fmt;
use tch::{Kind, Tensor};

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
    /// Scores logits `[n, classes]` against labels `[n]`.
    pub fn of_logits(logits: &Tensor, loss: Loss, labels: &Tensor) -> Score {
        let right = logits.argmax(1, false).eq_tensor(labels);
        Score {
            loss: loss.mean(logits, labels),
            accuracy: right.to_kind(Kind::Double).mean(None).double_value(&[]),
        }
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
    pub const ALL: [Metric; 4] = [
        Metric::TrainLoss,
        Metric::TrainAccuracy,
        Metric::TestLoss,
        Metric::TestAccuracy,
    ];

    /// Whether it is a fraction, shown in percent.
    pub fn is_accuracy(self) -> bool {
        matches!(self, Metric::TrainAccuracy | Metric::TestAccuracy)
    }

    /// `value` as a reader expects it: `81.10 %` for an accuracy, `0.1048` for a loss.
    pub fn show(self, value: f64) -> String {
        if self.is_accuracy() {
            format!("{:.2} %", 100. * value)
        } else {
            format!("{value:.4}")
        }
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

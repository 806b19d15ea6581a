//! Loss and accuracy.

use super::examples::Examples;
use crate::error::{Result, require};
use crate::linalg::{BLOCK, Job, LANES, Lanes, Real, memory_of};
use crate::nn::{Logits, Loss, Many, check_labels, is_predicted};
use crate::runtime::interrupt;
use serde::{Deserialize, Serialize};
use std::array;
use std::fmt;
use std::iter::Sum;
use tch::{Device, Kind, Tensor};

/// Loss and accuracy on a set of examples, each weighted equally. (The original averaged the means of unequal
/// minibatches, so a short last one counted too much.)
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The fraction classified correctly, 0 to 1.
    pub accuracy: f64,
}

impl Score {
    /// The score of logits, given the labels of their examples.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) unless there is a row of logits for each label, at least one, and a
    /// logit for its class.
    pub fn new(logits: &Logits, loss: Loss, labels: &[u8]) -> Result<Score> {
        let (rows, n) = (logits.rows().len(), labels.len());
        let allowed = format_args!("rows for {n} labels, at least one");
        require(rows == n && n > 0, "logits", allowed, format_args!("{rows} rows"))?;
        check_labels(labels, n, logits.classes())?;
        Ok(Tally::new(logits, loss, labels).score())
    }
}

/// The sums that a score is computed from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    examples: usize,
    /// The sum of the losses.
    loss: f64,
    /// The number classified correctly.
    correct: usize,
}

impl Tally {
    /// Counts examples with these logits and labels, block by block: the last digit of a sum depends on its order.
    pub fn new(logits: &Logits, loss: Loss, labels: &[u8]) -> Tally {
        let mut rows = logits.rows();
        let block = |labels: &[u8]| {
            let mut tally = Tally::default();
            let pairs = labels.iter().zip(&mut rows);
            pairs.for_each(|(label, row)| tally.count(row, loss, *label));
            tally
        };
        labels.chunks(BLOCK).map(block).sum()
    }

    /// Counts all examples, given the logits of a block of them and the index of its first.
    pub fn of_blocks(
        examples: &Examples,
        loss: Loss,
        mut logits: impl FnMut(&Examples, usize) -> Result<Logits>,
    ) -> Result<Tally> {
        let block = |(index, block): (usize, Examples)| {
            interrupt::check()?;
            Ok(Tally::new(&logits(&block, index * BLOCK)?, loss, block.labels()))
        };
        examples.blocks().enumerate().map(block).sum()
    }

    /// Counts examples for several models: the logits for each example lie class by class, and in each class model by
    /// model.
    pub fn of_models(logits: &Tensor, loss: Loss, labels: &[u8]) -> [Tally; LANES] {
        let mut logits = logits.to_device(Device::Cpu);
        match logits.kind() {
            Kind::Float => {
                f64::run(CountForModels { logits: memory_of::<f32>(&mut logits), loss, labels })
            }
            _ => f64::run(CountForModels { logits: memory_of::<f64>(&mut logits), loss, labels }),
        }
    }

    /// Counts one more example, with logits `row`.
    fn count(&mut self, row: &[f64], loss: Loss, label: u8) {
        self.examples += 1;
        self.loss += loss.value(row, usize::from(label));
        self.correct += is_predicted::<f64>(row, usize::from(label)) as usize;
    }

    /// The score of all examples counted.
    pub fn score(&self) -> Score {
        Score {
            loss: self.loss / self.examples as f64,
            accuracy: self.correct as f64 / self.examples as f64,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(blocks: I) -> Tally {
        blocks.fold(Tally::default(), |all, block| Tally {
            examples: all.examples + block.examples,
            loss: all.loss + block.loss,
            correct: all.correct + block.correct,
        })
    }
}

/// See [`Tally::of_models`].
struct CountForModels<'a, T> {
    logits: &'a [T],
    loss: Loss,
    labels: &'a [u8],
}

impl<T: Real> Job<f64> for CountForModels<'_, T> {
    type Output = [Tally; LANES];

    #[inline(always)]
    fn run<L: Lanes<f64>, const ROWS: usize>(self) -> [Tally; LANES] {
        let (logits, _) = self.logits.as_chunks::<LANES>();
        let mut row = vec![Many::from(0.); logits.len() / self.labels.len()];
        let [mut loss, mut correct] = [Many::from(0.); 2];
        for (logits, label) in logits.chunks_exact(row.len()).zip(self.labels) {
            for (to, logits) in row.iter_mut().zip(logits) {
                for (to, logit) in to.0.iter_mut().zip(logits) {
                    *to = (*logit).into();
                }
            }
            loss = loss + self.loss.value(&row, usize::from(*label));
            correct = correct + is_predicted(&row, usize::from(*label));
        }
        array::from_fn(|model| Tally {
            examples: self.labels.len(),
            loss: loss.0[model],
            correct: correct.0[model] as usize,
        })
    }
}

/// The scores after one epoch of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// The epoch, counted from 1; 0 before training.
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

/// One of the four numbers measured after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

//! A column of scores, from which files and frames are made.

use serde_json::Value;

/// A column of a table with a row for each [`Record`](super::Record). Every file and frame of scores consists of
/// [`columns`](super::Record::columns).
pub(crate) struct Column {
    /// `seed`, `epoch`, or a metric like `train_loss`. Runs with four seeds have a column for each.
    pub name: String,
    pub values: Values,
}

pub(crate) enum Values {
    Counts(Vec<u64>),
    Scores(Vec<f64>),
}

impl Column {
    pub fn cell(&self, row: usize) -> Value {
        match &self.values {
            Values::Counts(counts) => counts[row].into(),
            Values::Scores(scores) => scores[row].into(),
        }
    }
}

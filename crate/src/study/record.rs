//! The scores of one seed after one epoch, and a data frame of many of them.

use super::Seeds;
use crate::error::Result;
use crate::train::{Epoch, Metric};
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

/// The scores of one seed after one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// The seed of the run.
    pub seed: Seeds,
    /// The epoch and its scores.
    pub scores: Epoch,
}

impl Record {
    /// Seed, epoch, losses, and accuracies as fractions. Records of four seeds have a column for each.
    pub(super) fn frame(records: &[Record]) -> Result<DataFrame> {
        let counts = |name: &str, count: fn(&Record) -> u64| {
            let counts: Vec<u64> = records.iter().map(count).collect();
            Series::new(name.into(), counts).into_column()
        };
        let scores = |metric: Metric| {
            let scores: Vec<f64> = records.iter().map(|r| r.scores.get(metric)).collect();
            Series::new(metric.to_string().replace(' ', "_").into(), scores).into_column()
        };
        let mut columns = if records.iter().all(|record| record.seed.single().is_some()) {
            vec![counts("seed", |record| record.seed.order)]
        } else {
            vec![
                counts("train_sample_seed", |record| record.seed.train_sample),
                counts("test_sample_seed", |record| record.seed.test_sample),
                counts("initialisation_seed", |record| record.seed.initialisation),
                counts("order_seed", |record| record.seed.order),
            ]
        };
        columns.push(counts("epoch", |record| record.scores.number as u64));
        columns.extend(Metric::ALL.map(scores));
        Ok(DataFrame::new(records.len(), columns)?)
    }
}

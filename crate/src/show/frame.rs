//! Results as data frames.

use crate::error::Result;
use crate::study::{Record, Run, Runs};
use polars::prelude::*;

impl Run {
    /// A row for each epoch that was scored: seed, epoch, losses, and accuracies as fractions.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
    pub fn frame(&self) -> Result<DataFrame> {
        frame(&self.records())
    }
}

impl Runs {
    /// A row for each seed and epoch that was scored: seed, epoch, losses, and accuracies as fractions.
    ///
    /// # Errors
    /// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
    pub fn frame(&self) -> Result<DataFrame> {
        frame(&self.records())
    }
}

fn frame(records: &[Record]) -> Result<DataFrame> {
    let column = |value: fn(&Record) -> f64| records.iter().map(value).collect::<Vec<f64>>();
    let count = |value: fn(&Record) -> u64| records.iter().map(value).collect::<Vec<u64>>();
    Ok(df!(
        "seed" => count(|record| record.seed),
        "epoch" => count(|record| record.epoch as u64),
        "train loss" => column(|record| record.train_loss),
        "train accuracy" => column(|record| record.train_accuracy),
        "test loss" => column(|record| record.test_loss),
        "test accuracy" => column(|record| record.test_accuracy),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::study::Experiment;

    #[test]
    fn a_frame_has_a_row_for_each_seed_and_epoch() -> Result<()> {
        let short = Experiment { epochs: 3, ..Experiment::default() };
        let runs = short.repeat(&Digits::synthetic(0), 0..2)?;
        assert_eq!(runs.frame()?.shape(), (6, 6));
        Ok(())
    }
}

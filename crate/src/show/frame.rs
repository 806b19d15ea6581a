//! Results as data frames.

use crate::error::Result;
use crate::study::records::{Column, Values};
use crate::study::{Record, Run, Runs};
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

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
    let column = |column: Column| match column.values {
        Values::Counts(counts) => Series::new(column.name.into(), counts).into_column(),
        Values::Scores(scores) => Series::new(column.name.into(), scores).into_column(),
    };
    let columns = Record::columns(records).into_iter().map(column).collect();
    Ok(DataFrame::new(records.len(), columns)?)
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

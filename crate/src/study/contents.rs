//! What a file of the scores of several experiments has.

use super::guard::Guard;
use super::{Experiment, Record, Seeds, parquet, records};
use crate::error::{Error, Result};
use crate::train::Epoch;
use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::{fs, iter};

/// What a file of scores is of. With nothing else in it, a part is a function of its name.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents {
    pub guard: Guard,
    pub settings: Vec<Settings>,
}

/// An experiment and the seeds that it was run with.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub experiment: Experiment,
    pub seeds: Vec<Seeds>,
}

/// The scores of a run after each epoch that was scored; nothing of one that diverged.
pub(super) type History = Vec<Epoch>;

impl Contents {
    /// Reads a Parquet file that [`Study::save`](super::Study::save) wrote.
    pub fn read(path: &Path) -> Result<(Contents, Vec<History>)> {
        let fault = |found: &str| {
            let expected = "expected the scores of a study, undamaged";
            Error::Study(format!("{}: {expected}, found {found}.", path.display()))
        };
        let bytes = fs::read(path).map_err(|error| fault(&error.to_string()))?;
        let (text, rows) =
            parquet::read(bytes).ok_or_else(|| fault("another file, or a damaged one"))?;
        let contents: Contents =
            serde_json::from_str(&text).map_err(|error| fault(&error.to_string()))?;
        let histories = contents.histories(rows).collect();
        Ok((contents, histories))
    }

    /// Each run's experiment, by its number here, and seed.
    fn runs(&self) -> impl Iterator<Item = (u64, Seeds)> {
        let of = |(number, settings): (u64, &'_ Settings)| {
            settings.seeds.iter().map(move |seed| (number, *seed)).collect::<Vec<_>>()
        };
        (0..).zip(&self.settings).flat_map(of)
    }

    /// The rows of each run.
    pub fn histories(&self, rows: Vec<(u64, Record)>) -> impl Iterator<Item = History> {
        let mut rows = rows.into_iter().peekable();
        self.runs().map(move |run| {
            let of_run = || rows.next_if(|(experiment, record)| (*experiment, record.seed) == run);
            iter::from_fn(of_run).map(|(_, record)| record.scores).collect()
        })
    }

    /// A row for each run and epoch that was scored: the experiment's number, then the columns of [`Runs::frame`].
    pub fn frame(&self, histories: Vec<History>) -> Result<DataFrame> {
        let rows = self.runs().zip(&histories);
        let of_run = |((number, seed), history): ((u64, Seeds), &History)| {
            records::records(seed, history).map(|record| (number, record)).collect::<Vec<_>>()
        };
        let (numbers, records): (Vec<u64>, Vec<Record>) = rows.flat_map(of_run).unzip();
        let mut frame = Record::frame(&records)?;
        frame.insert_column(0, Series::new("experiment".into(), numbers).into_column())?;
        Ok(frame)
    }
}

//! Published values against the distribution over our seeds.

use super::published::{Origin, published};
use super::{Part, Published};
use crate::data::Source;
use crate::error::{Error, Result};
use crate::study::{Distribution, Interval, Runs};
use crate::train::Metric;

/// Every published value of a part of the report against our runs with the same settings.
///
/// ```
/// use hinge::prelude::*;
///
/// let runs = Experiment::default().repeat(&Digits::synthetic(0), 0..2)?;
/// let comparison = Comparison::new(Part::LinearSvm, &[&runs])?;
/// let last = comparison.last_epoch();
/// assert!(last.rows.iter().all(|row| row.epoch == 100));
/// assert_eq!(last.rows.len() + comparison.earlier_epochs().rows.len(), comparison.rows.len());
/// assert!(Comparison::new(Part::LogisticRegression, &[&runs]).is_err()); // it publishes no SVM
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The part of the report.
    pub part: Part,
    /// Where our images came from.
    pub source: Source,
    /// One row a published value.
    pub rows: Vec<Row>,
}

/// One published value and what our seeds give in its place.
#[derive(Clone, Debug)]
pub struct Row {
    /// What distinguishes the settings: "weight decay 0.1"; empty for the report's protocol.
    pub setting: String,
    /// Whether the report or its notebook published the value.
    pub origin: Origin,
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Which number it is.
    pub metric: Metric,
    /// The published value; an accuracy is a fraction.
    pub published: f64,
    /// Our values after the same epoch.
    pub ours: Distribution,
}

impl Comparison {
    /// Compares every value published for `part` with those of `runs` that have the same settings.
    ///
    /// # Errors
    /// [`Error::NotPublished`] for runs whose settings the part does not publish, [`Error::NoSuchEpoch`] if a
    /// value was published after more epochs than the runs have.
    pub fn new(part: Part, runs: &[&Runs]) -> Result<Comparison> {
        let published = published(part);
        let mut rows = Vec::new();
        for runs in runs {
            let mut matching =
                published.iter().filter(|value| value.has_settings_of(&runs.experiment)).peekable();
            if matching.peek().is_none() {
                return Err(Error::NotPublished {
                    part: part.to_string(),
                    settings: runs.experiment.to_string(),
                });
            }
            for value in matching {
                rows.extend(rows_of(value, runs)?);
            }
        }
        let source = runs.first().map_or(Source::Synthetic { seed: 0 }, |runs| runs.source.clone());
        Ok(Comparison { part, source, rows })
    }

    /// Only the values after the last published epoch, those of the report's tables.
    pub fn last_epoch(&self) -> Comparison {
        let last = self.rows.iter().map(|row| row.epoch).max();
        self.only(|row| Some(row.epoch) == last)
    }

    /// Only the values before the last published epoch, those of the printed logs.
    pub fn earlier_epochs(&self) -> Comparison {
        let last = self.rows.iter().map(|row| row.epoch).max();
        self.only(|row| Some(row.epoch) != last)
    }

    /// How many published values lie inside the 95 % prediction interval of our seeds.
    pub fn inside(&self) -> usize {
        self.rows.iter().filter(|row| row.is_inside()).count()
    }

    fn only(&self, keep: impl Fn(&Row) -> bool) -> Comparison {
        let rows = self.rows.iter().filter(|row| keep(row)).cloned().collect();
        Comparison { rows, ..self.clone() }
    }
}

fn rows_of(published: &Published, runs: &Runs) -> Result<Vec<Row>> {
    let row = |metric: Metric| {
        Ok(Row {
            setting: runs.experiment.to_string(),
            origin: published.source,
            epoch: published.scores.number,
            metric,
            published: published.scores.get(metric),
            ours: runs.at(published.scores.number, metric)?,
        })
    };
    Metric::ALL.into_iter().map(row).collect()
}

impl Row {
    /// The 95 % prediction interval of one more run; that of an accuracy ends at 0 and 1.
    pub fn prediction(&self) -> Interval {
        self.ours.prediction_interval().possible(self.metric)
    }

    /// Whether the published value is one that our runs could have given.
    pub fn is_inside(&self) -> bool {
        // Published values are rounded to 4 decimals.
        const ROUNDING: f64 = 0.5e-4;
        let Interval { low, high } = self.prediction();
        Interval { low: low - ROUNDING, high: high + ROUNDING }.contains(self.published)
    }

    /// How many standard deviations the published value lies above our mean; `None` if our runs all agree.
    pub fn deviations(&self) -> Option<f64> {
        let sd = self.ours.standard_deviation();
        (sd > 0.).then(|| (self.published - self.ours.mean()) / sd)
    }
}

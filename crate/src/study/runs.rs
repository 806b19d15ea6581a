//! An experiment repeated over seeds.

use super::run::at;
use super::{Distribution, Experiment};
use crate::data::{Digits, Source};
use crate::error::{Error, Result};
use crate::runtime::interrupt;
use crate::runtime::progress::Progress;
use crate::runtime::threads::side_by_side;
use crate::train::{Epoch, Metric};
use std::fmt;
use std::sync::Mutex;

/// The same experiment run once for each of several seeds.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let short = Experiment { epochs: 3, ..Experiment::default() };
/// let decayed = Experiment { sgd: Sgd { weight_decay: 0.1, ..Sgd::default() }, ..short.clone() };
/// let (plain, decayed) = (short.repeat(&digits, 0..4)?, decayed.repeat(&digits, 0..4)?);
/// assert_eq!(plain.records().len(), 4 * 3); // seeds, epochs
///
/// let gain = decayed.gain_over(&plain, Metric::TestLoss)?;
/// let of_seed_2 = decayed.last(Metric::TestLoss)?.values()[2] - plain.last(Metric::TestLoss)?.values()[2];
/// assert_eq!(gain.values()[2], of_seed_2);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone)]
pub struct Runs {
    /// What was done.
    pub experiment: Experiment,
    /// Where the images came from.
    pub source: Source,
    /// The seeds, in order.
    pub seeds: Vec<u64>,
    histories: Vec<Vec<Epoch>>,
}

impl Runs {
    pub(super) fn collect(
        experiment: &Experiment,
        digits: &Digits,
        seeds: Vec<u64>,
    ) -> Result<Runs> {
        if seeds.len() < 2 {
            return Err(Error::TooFew {
                purpose: "Repetition",
                what: "seeds",
                needed: 2,
                found: seeds.len(),
            });
        }
        let progress = Mutex::new(Progress::new(experiment, seeds.len()));
        let history = |seed: u64| {
            let run = experiment.run_with(digits, seed, interrupt::check)?;
            if let Ok(mut progress) = progress.lock() {
                progress.advance()?;
            }
            Ok(run.history().to_vec())
        };
        let histories: Result<_> = side_by_side(seeds.clone(), history);
        Ok(Runs {
            experiment: experiment.clone(),
            source: digits.source.clone(),
            seeds,
            histories: histories?,
        })
    }

    /// How many runs there are.
    pub fn count(&self) -> usize {
        self.seeds.len()
    }

    /// The runs with the first `count` seeds, to be paired with others that have no more.
    ///
    /// # Errors
    /// [`Error::TooFew`] for less than two.
    pub fn first(&self, count: usize) -> Result<Runs> {
        let count = count.min(self.count());
        if count < 2 {
            return Err(Error::TooFew {
                purpose: "Repetition",
                what: "seeds",
                needed: 2,
                found: count,
            });
        }
        Ok(Runs {
            seeds: self.seeds[..count].to_vec(),
            histories: self.histories[..count].to_vec(),
            ..self.clone()
        })
    }

    /// The scores of each seed after each epoch that was scored.
    pub(super) fn histories(&self) -> &[Vec<Epoch>] {
        &self.histories
    }

    /// How many epochs each run lasted.
    pub fn epochs(&self) -> usize {
        self.experiment.epochs
    }

    /// The epochs after which scores were computed.
    pub fn scored_epochs(&self) -> Vec<usize> {
        self.histories
            .first()
            .map_or(Vec::new(), |history| history.iter().map(|epoch| epoch.number).collect())
    }

    /// A metric after `epoch`, counted from 1, over the seeds.
    ///
    /// # Errors
    /// [`Error::NoSuchEpoch`] if the runs did not last that long.
    pub fn at(&self, epoch: usize, metric: Metric) -> Result<Distribution> {
        let value = |history: &Vec<Epoch>| at(history, epoch).map(|scores| scores.get(metric));
        Distribution::new(self.histories.iter().map(value).collect::<Result<_>>()?)
    }

    /// A metric after the last epoch, over the seeds.
    ///
    /// # Errors
    /// As [`at`](Self::at); the last epoch is always scored.
    pub fn last(&self, metric: Metric) -> Result<Distribution> {
        self.at(self.epochs(), metric)
    }

    /// How much worse a metric is after the last epoch than after its best epoch, at least 0: a test loss that
    /// rises, or a test accuracy that falls, while training goes on is overtraining.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two seeds.
    pub fn worsening(&self, metric: Metric) -> Result<Distribution> {
        let sign = if metric.is_accuracy() { -1. } else { 1. };
        let worsening = |history: &Vec<Epoch>| {
            let mut values = history.iter().map(|scores| sign * scores.get(metric));
            let best = values.clone().fold(f64::INFINITY, f64::min);
            values.next_back().map_or(0., |last| last - best)
        };
        Distribution::new(self.histories.iter().map(worsening).collect())
    }

    /// How much test accuracy still rises after the first epoch whose train accuracy is `fitted` or more; 0 for
    /// a run that never gets there. Late generalisation ("grokking") would be a large rise.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two seeds.
    pub fn gain_after_fitting(&self, fitted: f64) -> Result<Distribution> {
        let gain = |history: &Vec<Epoch>| {
            let first = history.iter().find(|epoch| epoch.train.accuracy >= fitted);
            first
                .zip(history.last())
                .map_or(0., |(first, last)| last.test.accuracy - first.test.accuracy)
        };
        Distribution::new(self.histories.iter().map(gain).collect())
    }

    /// Train accuracy less test accuracy after the last epoch, seed by seed.
    ///
    /// # Errors
    /// As [`last`](Self::last).
    pub fn gap(&self) -> Result<Distribution> {
        self.last(Metric::TrainAccuracy)?.minus(&self.last(Metric::TestAccuracy)?)
    }

    /// A metric after the last epoch less the same of `other`, seed by seed: both runs of a pair were trained
    /// and tested on the same images.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if the two have other seeds.
    pub fn gain_over(&self, other: &Runs, metric: Metric) -> Result<Distribution> {
        if self.seeds != other.seeds {
            let list = |runs: &Runs| format!("seeds {:?}", runs.seeds);
            return Err(Error::Unpaired { left: list(self), right: list(other) });
        }
        self.last(metric)?.minus(&other.last(metric)?)
    }
}

/// A sentence with the means after the last epoch.
impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} seeds, after {} epochs:", self.experiment, self.count(), self.epochs())?;
        for metric in Metric::ALL {
            let over_seeds = self.last(metric).map_err(|_| fmt::Error)?;
            write!(
                f,
                " {metric} {} ± {};",
                metric.show(over_seeds.mean()),
                metric.show(over_seeds.standard_deviation())
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

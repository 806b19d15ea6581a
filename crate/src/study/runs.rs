//! An experiment repeated over seeds.

use super::growing::GrowingCurve;
use super::run::{at, last};
use super::{Distribution, Run, Seeds};
use crate::data::{Digits, Source};
use crate::error::{Error, Result, at_least, require};
use crate::runtime::interrupt;
use crate::runtime::progress::Progress;
use crate::runtime::threads::side_by_side;
use crate::train::{Epoch, Experiment, Metric};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// An experiment run once for each of several seeds.
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
    /// The settings.
    pub experiment: Experiment,
    /// The origin of the images.
    pub source: Source,
    /// The seeds, in order.
    pub seeds: Vec<Seeds>,
    histories: Vec<Vec<Epoch>>,
}

impl Experiment {
    /// Runs the experiment once for every seed, in parallel, and prints a line every few seconds. The result does
    /// not depend on the number of threads.
    ///
    /// # Errors
    /// The first error of a run, [`Error::TooFew`] for fewer than two seeds, and [`Error::Setting`] for a seed that
    /// comes twice.
    pub fn repeat<S: Into<Seeds>>(
        &self,
        digits: &Digits,
        seeds: impl IntoIterator<Item = S>,
    ) -> Result<Runs> {
        Ok(self.repeat_and(digits, seeds, |_| Ok(()))?.0)
    }

    /// As [`repeat`](Self::repeat); each trained network is also scored on all test images of `digits`, of which a run
    /// draws some. The second result is the accuracy on these.
    ///
    /// ```
    /// use hinge::prelude::*;
    ///
    /// let digits = Digits::synthetic(0);
    /// let short = Experiment { epochs: 3, ..Experiment::default() }.scored_last();
    /// let (runs, on_all) = short.repeat_on_all(&digits, 0..3)?;
    /// assert_eq!(on_all.values()[2], short.run(&digits, 2)?.evaluate(&digits.test)?.score().accuracy);
    /// # Ok::<(), hinge::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`repeat`](Self::repeat).
    pub fn repeat_on_all<S: Into<Seeds>>(
        &self,
        digits: &Digits,
        seeds: impl IntoIterator<Item = S>,
    ) -> Result<(Runs, Distribution)> {
        let accuracy = |run: &Run| Ok(run.evaluate(&digits.test)?.score().accuracy);
        let (runs, accuracies) = self.repeat_and(digits, seeds, accuracy)?;
        Ok((runs, Distribution::new(accuracies)?))
    }

    /// As [`repeat`](Self::repeat), with what `of_run` makes of each trained network as the second result.
    ///
    /// # Errors
    /// As [`repeat`](Self::repeat), and the first error of `of_run`.
    pub fn repeat_and<S: Into<Seeds>, T: Send>(
        &self,
        digits: &Digits,
        seeds: impl IntoIterator<Item = S>,
        of_run: impl Fn(&Run) -> Result<T> + Sync + Send,
    ) -> Result<(Runs, Vec<T>)> {
        let seeds: Vec<Seeds> = seeds.into_iter().map(Into::into).collect();
        at_least(2, "seeds", seeds.len(), "Repetition")?;
        let result = |run: Run| Ok((run.history().to_vec(), of_run(&run)?));
        let results = self.repeat_with(digits, seeds.iter().copied(), result)?;
        let (histories, results) = results.into_iter().unzip();
        let (experiment, source) = (self.clone(), digits.source.clone());
        Ok((Runs { experiment, source, seeds, histories }, results))
    }

    /// Runs the experiment once for every seed, in parallel, and maps each run to what `of_run` makes of it, in the
    /// seeds' order. A run and its network are dropped after that.
    ///
    /// ```
    /// use hinge::prelude::*;
    ///
    /// // The test accuracy on the 1 000 images of each run, and on all test images there are.
    /// let digits = Digits::synthetic(0);
    /// let short = Experiment { epochs: 3, ..Experiment::default() }.scored_last();
    /// let accuracies = short.repeat_with(&digits, 0..3, |run: Run| {
    ///     let all = run.evaluate(&digits.test)?.score();
    ///     Ok((run.last().test.accuracy, all.accuracy))
    /// })?;
    /// assert_eq!(accuracies.len(), 3);
    /// # Ok::<(), hinge::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first error of a run or of `of_run`, and [`Error::Setting`] for a seed that comes twice.
    pub fn repeat_with<S: Into<Seeds>, T: Send>(
        &self,
        digits: &Digits,
        seeds: impl IntoIterator<Item = S>,
        of_run: impl Fn(Run) -> Result<T> + Sync + Send,
    ) -> Result<Vec<T>> {
        let seeds: Vec<Seeds> = seeds.into_iter().map(Into::into).collect();
        check_different(&seeds)?;
        let progress = Progress::new(self, seeds.len());
        let curve = Mutex::new(GrowingCurve::default());
        let job = |seed: Seeds| {
            let run = self.run_with(digits, seed, |_| interrupt::check())?;
            let grown = curve.lock().unwrap_or_else(PoisonError::into_inner).add(run.history());
            let result = of_run(run)?;
            progress.show(|| grown);
            progress.advance()?;
            Ok(result)
        };
        let results: Result<_> = side_by_side(seeds, job);
        results.map_err(|error| progress.with_position(error))
    }
}

/// Checks that no seed comes twice.
pub(super) fn check_different(seeds: &[Seeds]) -> Result<()> {
    let mut seen = HashSet::new();
    let Some(twice) = seeds.iter().find(|seed| !seen.insert(**seed)) else { return Ok(()) };
    let allowed = "different from each other, as the same seed gives the same run";
    Err(Error::setting("seeds", allowed, format!("a list with {twice} more than once")))
}

impl Runs {
    /// The runs of an experiment over several seeds, with the scores of each.
    pub(super) fn new(
        experiment: Experiment,
        source: Source,
        seeds: Vec<Seeds>,
        histories: Vec<Vec<Epoch>>,
    ) -> Result<Runs> {
        at_least(2, "seeds", seeds.len(), "Repetition")?;
        Ok(Runs { experiment, source, seeds, histories })
    }

    /// The number of runs.
    pub fn count(&self) -> usize {
        self.seeds.len()
    }

    /// The runs with the first `count` seeds, to pair them with runs that have no more.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two.
    pub fn first(&self, count: usize) -> Result<Runs> {
        let Runs { experiment, source, seeds, histories } = self.clone();
        let (seeds, histories) = (seeds.into_iter().take(count), histories.into_iter().take(count));
        Runs::new(experiment, source, seeds.collect(), histories.collect())
    }

    /// The scores of each seed after each epoch that was scored.
    pub(super) fn histories(&self) -> &[Vec<Epoch>] {
        &self.histories
    }

    /// The number of epochs of each run.
    pub fn epochs(&self) -> usize {
        self.experiment.epochs
    }

    /// The epochs after which scores were computed.
    pub fn scored_epochs(&self) -> Vec<usize> {
        // All runs are scored after the same epochs, and there are two runs or more.
        self.histories[0].iter().map(|epoch| epoch.number).collect()
    }

    /// A metric after `epoch`, counted from 1, over the seeds.
    ///
    /// # Errors
    /// [`Error::Setting`] if the runs ended before, or if the epoch was not scored.
    pub fn at(&self, epoch: usize, metric: Metric) -> Result<Distribution> {
        self.over_seeds(|history| Ok(at(history, epoch)?.get(metric)))
    }

    /// A metric after the last epoch, over the seeds.
    ///
    /// # Errors
    /// As [`at`](Self::at); the last epoch is always scored.
    pub fn last(&self, metric: Metric) -> Result<Distribution> {
        self.at(self.epochs(), metric)
    }

    /// How much worse a metric is after the last epoch than after its best epoch, at least 0: a test loss that
    /// rises, or a test accuracy that falls, while training continues is overtraining.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two seeds.
    pub fn worsening(&self, metric: Metric) -> Result<Distribution> {
        let sign = if metric.is_accuracy() { -1. } else { 1. };
        self.over_seeds(|history| {
            let values = history.iter().map(|scores| sign * scores.get(metric));
            Ok(sign * last(history).get(metric) - values.fold(f64::INFINITY, f64::min))
        })
    }

    /// How much test accuracy still rises after the first epoch whose train accuracy is `fitted` or more; 0 for
    /// a run that never reaches it. Late generalisation ("grokking") would be a large rise.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two seeds.
    pub fn gain_after_fitting(&self, fitted: f64) -> Result<Distribution> {
        self.over_seeds(|history| {
            let first = history.iter().find(|epoch| epoch.train.accuracy >= fitted);
            Ok(first.map_or(0., |first| last(history).test.accuracy - first.test.accuracy))
        })
    }

    fn over_seeds(&self, value: impl Fn(&[Epoch]) -> Result<f64>) -> Result<Distribution> {
        let values = self.histories.iter().map(|history| value(history));
        Distribution::new(values.collect::<Result<_>>()?)
    }

    /// Train accuracy minus test accuracy after the last epoch, seed by seed.
    ///
    /// # Errors
    /// As [`last`](Self::last).
    pub fn gap(&self) -> Result<Distribution> {
        self.last(Metric::TrainAccuracy)?.minus(&self.last(Metric::TestAccuracy)?)
    }

    /// A metric after the last epoch minus that of `other`, seed by seed: the runs of a pair were trained and tested
    /// on the same images.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if the seeds differ, [`Error::Setting`] if the images have another source.
    pub fn gain_over(&self, other: &Runs, metric: Metric) -> Result<Distribution> {
        other.check_source(&self.source)?;
        if self.seeds != other.seeds {
            let list = |runs: &Runs| {
                let seeds: Vec<String> = runs.seeds.iter().map(Seeds::to_string).collect();
                format!("seeds [{}]", seeds.join(", "))
            };
            return Err(Error::Unpaired { left: list(self), right: list(other) });
        }
        self.last(metric)?.minus(&other.last(metric)?)
    }

    /// Checks that the images are those of other runs.
    pub(crate) fn check_source(&self, source: &Source) -> Result<()> {
        let allowed = format_args!("the same for all runs, {source}");
        require(self.source == *source, "source", allowed, &self.source)
    }
}

/// A sentence with the means after the last epoch.
impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} seeds, after {} epochs:", self.experiment, self.count(), self.epochs())?;
        for metric in Metric::ALL {
            let over_seeds = self.last(metric).map_err(|_| fmt::Error)?;
            let [mean, sd] = [over_seeds.mean(), over_seeds.standard_deviation()];
            write!(f, " {metric} {} ± {};", metric.show(mean), metric.show(sd))?;
        }
        Ok(())
    }
}

debug_as_display!(Runs);

#[cfg(test)]
mod tests {
    use super::*;

    fn short() -> Experiment {
        Experiment { epochs: 3, ..Experiment::default() }
    }

    #[test]
    fn runs_side_by_side_give_what_they_give_alone() -> Result<()> {
        let digits = Digits::synthetic(0);
        let runs = short().repeat(&digits, 0..5)?;
        let alone = (0..5).map(|seed| Ok(short().run(&digits, seed)?.last().test.accuracy));
        let alone: Vec<f64> = alone.collect::<Result<_>>()?;
        assert_eq!(runs.last(Metric::TestAccuracy)?.values(), alone);
        Ok(())
    }

    #[test]
    fn a_seed_that_comes_twice_is_an_error_that_names_it() {
        let error = short().repeat(&Digits::synthetic(0), [1, 2, 1]).expect_err("1 comes twice");
        assert_eq!(
            error.to_string(),
            "seeds must be different from each other, as the same seed gives the same run, but it is a list with 1 \
             more than once."
        );
    }

    #[test]
    fn runs_on_different_images_are_no_pairs() -> Result<()> {
        let [runs, others] = [0, 1].map(|seed| short().repeat(&Digits::synthetic(seed), 0..2));
        let error = runs?.gain_over(&others?, Metric::TestLoss).expect_err("images differ");
        assert!(error.to_string().contains("source must be the same for all runs"), "{error}");
        Ok(())
    }
}

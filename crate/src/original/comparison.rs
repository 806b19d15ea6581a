//! Published values beside the distribution over our seeds.

use super::Part;
use super::published::{Origin, Published, published};
use crate::data::Source;
use crate::error::{Result, at_least, require};
use crate::study::{Distribution, Experiment, Interval, Judged, Mode, Runs};
use crate::train::Metric;
use serde::Serialize;

/// All published values of a part of the report beside our runs with the same settings.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::study::{Judged, Mode};
///
/// let runs = Experiment::default().repeat(&Digits::synthetic(0), 0..2)?;
/// let comparison = Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)?;
/// assert_eq!(comparison.judged, Judged::No("synthetic digits"));
/// assert_eq!((comparison.values().count(), comparison.inside()), (8, 0)); // two runs, four metrics
/// let other_part = Comparison::new(Part::LogisticRegression, &[&runs], Mode::Full);
/// assert!(other_part.is_err()); // it publishes no SVM
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The part of the report.
    pub part: Part,
    /// Where our images came from.
    pub source: Source,
    /// Whether published values are compared with ours, or only shown beside them.
    pub judged: Judged,
    /// The published runs, each after one epoch.
    pub runs: Vec<ComparedRun>,
}

/// A published run after one epoch, beside ours. Its four values are correlated: test them together.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    /// Our settings.
    pub experiment: Experiment,
    /// Whether the report or its notebook published the values.
    pub origin: Origin,
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// A value for each of [`Metric::ALL`], in that order.
    pub values: [ComparedValue; 4],
}

/// One published value and what our seeds give for it.
#[derive(Clone, Debug)]
pub struct ComparedValue {
    /// The metric.
    pub metric: Metric,
    /// The published value; an accuracy is a fraction.
    pub published: f64,
    /// Our values after the same epoch.
    pub ours: Distribution,
    judged: Judged,
}

const PURPOSE: &str = "Comparison with published values";

/// Where a published value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Place {
    /// Inside the 95 % prediction interval of our seeds: it could be one of our runs.
    #[serde(rename = "inside")]
    Inside,
    /// Outside that interval.
    #[serde(rename = "OUTSIDE")]
    Outside,
    /// Our results are not judged, so it is not compared.
    #[serde(rename = "not compared")]
    NotCompared,
}

impl Comparison {
    /// Compares every value published for `part` with those of `runs` that have the same settings. In the quick
    /// mode runs may have fewer images than the published ones, and nothing is judged.
    ///
    /// # Errors
    /// [`Error::TooFew`](crate::Error::TooFew) for no runs, [`Error::Setting`](crate::Error::Setting) for runs on
    /// different images, with settings that the part does not publish, or without scores after the epoch of a published
    /// value.
    pub fn new(part: Part, runs: &[&Runs], mode: Mode) -> Result<Comparison> {
        at_least(1, "runs", runs.len(), PURPOSE)?;
        let source = &runs[0].source;
        let judged = Judged::new(source, mode);
        let published = published(part)?;
        let mut compared = Vec::new();
        for runs in runs {
            runs.check_source(source)?;
            let of_runs = |published: &&&Published| {
                published.has_settings_of(&full_size(published, runs, mode))
            };
            let before = compared.len();
            for published in published.iter().filter(of_runs) {
                compared.push(ComparedRun::new(published, runs, judged)?);
            }
            let allowed = format_args!("published in part {part}, as those of its notebook are");
            require(compared.len() > before, "experiment", allowed, &runs.experiment)?;
        }
        Ok(Comparison { part, source: source.clone(), judged, runs: compared })
    }

    /// The number of our seeds.
    ///
    /// # Errors
    /// [`Error::TooFew`](crate::Error::TooFew) without a value.
    pub(crate) fn seeds(&self) -> Result<usize> {
        at_least(1, "published values", self.values().count(), PURPOSE)?;
        Ok(self.runs[0].values[0].ours.count())
    }

    /// All values, run by run.
    pub fn values(&self) -> impl Iterator<Item = &ComparedValue> {
        self.runs.iter().flat_map(|run| &run.values)
    }

    /// Only the values after the last published epoch, those of the report's tables.
    pub fn last_epoch(&self) -> Comparison {
        self.only(|epoch, last| epoch == last)
    }

    /// Only the values before the last published epoch, those of the printed logs.
    pub fn earlier_epochs(&self) -> Comparison {
        self.only(|epoch, last| epoch < last)
    }

    /// The number of published values inside the 95 % prediction interval of our seeds.
    pub fn inside(&self) -> usize {
        self.count(Place::Inside)
    }

    /// The number of published values outside it. Values that are not compared are neither.
    pub fn outside(&self) -> usize {
        self.count(Place::Outside)
    }

    fn count(&self, place: Place) -> usize {
        self.values().filter(|value| value.place() == place).count()
    }

    fn only(&self, keep: impl Fn(usize, usize) -> bool) -> Comparison {
        let mut comparison = self.clone();
        let last = comparison.runs.iter().map(|run| run.epoch).max();
        comparison.runs.retain(|run| last.is_some_and(|last| keep(run.epoch, last)));
        comparison
    }
}

/// Our settings; in the quick mode with as many images as the published run has.
fn full_size(published: &Published, runs: &Runs, mode: Mode) -> Experiment {
    let Experiment { train_examples, test_examples, .. } = published.experiment;
    match mode {
        Mode::Full => runs.experiment.clone(),
        Mode::Quick => Experiment { train_examples, test_examples, ..runs.experiment.clone() },
    }
}

impl ComparedRun {
    fn new(published: &Published, runs: &Runs, judged: Judged) -> Result<ComparedRun> {
        let epoch = published.scores.number;
        let value = |metric: Metric| -> Result<ComparedValue> {
            let (published, ours) = (published.scores.get(metric), runs.at(epoch, metric)?);
            Ok(ComparedValue { metric, published, ours, judged })
        };
        let [a, b, c, d] = Metric::ALL.map(value);
        let (experiment, values) = (runs.experiment.clone(), [a?, b?, c?, d?]);
        Ok(ComparedRun { experiment, origin: published.origin, epoch, values })
    }

    /// The published values, in the order of [`Metric::ALL`].
    pub fn published(&self) -> [f64; 4] {
        self.values.each_ref().map(|value| value.published)
    }

    /// Our values over the seeds, a column for each of [`published`](Self::published): shape `[4, seeds]`.
    pub fn ours(&self) -> [Distribution; 4] {
        self.values.each_ref().map(|value| value.ours.clone())
    }
}

impl ComparedValue {
    /// The 95 % prediction interval of one more run; that of an accuracy ends at 0 and 1.
    pub fn prediction(&self) -> Interval {
        self.ours.prediction_interval().possible(self.metric)
    }

    /// Whether the published value is one that our runs could have given.
    pub fn place(&self) -> Place {
        // Published values are rounded to 4 decimals.
        const ROUNDING: f64 = 0.5e-4;
        let Interval { low, high } = self.prediction();
        let rounded = Interval { low: low - ROUNDING, high: high + ROUNDING };
        match self.judged {
            Judged::No(_) => Place::NotCompared,
            Judged::Yes if rounded.contains(self.published) => Place::Inside,
            Judged::Yes => Place::Outside,
        }
    }

    /// How many of our standard deviations the published value lies above our mean; `None` if our runs all agree.
    pub fn z_score(&self) -> Option<f64> {
        let sd = self.ours.standard_deviation();
        (sd > 0.).then(|| (self.published - self.ours.mean()) / sd)
    }
}

display_as_serialised!(Place);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::data::Digits;

    impl ComparedValue {
        pub(crate) fn example(
            metric: Metric,
            published: f64,
            ours: Distribution,
            judged: Judged,
        ) -> ComparedValue {
            ComparedValue { metric, published, ours, judged }
        }
    }

    impl Comparison {
        /// The same comparison as if it were on MNIST.
        pub(crate) fn judged(mut self) -> Comparison {
            self.judged = Judged::Yes;
            for value in self.runs.iter_mut().flat_map(|run| &mut run.values) {
                value.judged = Judged::Yes;
            }
            self
        }
    }

    fn svm() -> Experiment {
        Experiment::default().scored_last()
    }

    fn compare(experiment: Experiment, mode: Mode) -> Result<Comparison> {
        let runs = experiment.repeat(&Digits::synthetic(0), 0..2)?;
        Comparison::new(Part::LinearSvm, &[&runs], mode)
    }

    fn value(published: f64, judged: Judged) -> Result<ComparedValue> {
        let ours = Distribution::new(vec![0.1, 0.2, 0.3])?;
        Ok(ComparedValue { metric: Metric::TestLoss, published, ours, judged })
    }

    #[test]
    fn a_value_lies_inside_or_outside_only_if_it_is_judged() -> Result<()> {
        assert_eq!(value(0.2, Judged::Yes)?.place(), Place::Inside);
        assert_eq!(value(9., Judged::Yes)?.place(), Place::Outside);
        assert_eq!(value(9., Judged::No("quick mode"))?.place(), Place::NotCompared);
        assert_eq!(value(0.4, Judged::Yes)?.z_score().map(f64::round), Some(2.));
        Ok(())
    }

    #[test]
    fn on_synthetic_digits_no_value_is_inside_or_outside() -> Result<()> {
        let comparison = compare(svm(), Mode::Full)?;
        assert!(comparison.values().all(|value| value.place() == Place::NotCompared));
        assert_eq!((comparison.inside(), comparison.outside()), (0, 0));
        Ok(())
    }

    #[test]
    fn smaller_runs_are_beside_published_values_in_the_quick_mode_only() -> Result<()> {
        let small = Experiment { train_examples: 10, ..svm() };
        assert_eq!(compare(small.clone(), Mode::Quick)?.runs.len(), 2);
        assert!(matches!(
            compare(small, Mode::Full),
            Err(Error::Setting { field: "experiment", .. })
        ));
        Ok(())
    }

    #[test]
    fn a_run_has_its_four_published_values_and_ours_in_the_same_order() -> Result<()> {
        let runs = svm().repeat(&Digits::synthetic(0), 0..3)?;
        let comparison = Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)?;
        let reported = &comparison.runs[0];
        assert_eq!(reported.published(), [0.01617, 1.0, 0.165001, 0.785]);
        for (ours, metric) in reported.ours().into_iter().zip(Metric::ALL) {
            assert_eq!(ours, runs.last(metric)?);
        }
        Ok(())
    }

    #[test]
    fn rejects_no_runs_and_runs_on_different_images() -> Result<()> {
        let error = Comparison::new(Part::LinearSvm, &[], Mode::Full).expect_err("there are none");
        assert!(error.to_string().contains("1 or more runs, found 0"), "{error}");
        let runs = [0, 1].map(|seed| svm().repeat(&Digits::synthetic(seed), 0..2));
        let [first, second] = runs;
        let error = Comparison::new(Part::LinearSvm, &[&first?, &second?], Mode::Full);
        let error = error.expect_err("their images differ").to_string();
        assert!(error.contains("the same for all runs"), "{error}");
        Ok(())
    }
}

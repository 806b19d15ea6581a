//! What changes to an experiment gain over the experiment itself.

use super::{Distribution, Runs, holm};
use crate::data::Source;
use crate::error::{Error, Result, at_least};
use crate::train::Metric;

/// A metric after the last epoch of several experiments, minus that of a baseline, seed by seed: the two runs of a
/// pair are trained and tested on the same images and start from the same weights.
///
/// ```
/// use hinge::prelude::*;
///
/// let plain = Experiment { epochs: 3, ..Experiment::default() }.repeat(&Digits::synthetic(0), 0..3)?;
/// let gains = Gains::over(&plain, Metric::TestAccuracy, [("nothing changed", plain.clone())])?;
/// assert_eq!(gains.of("nothing changed")?.values(), [0., 0., 0.]);
/// assert!(gains.of("another").is_err());
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gains {
    /// The metric that is compared.
    pub metric: Metric,
    /// The experiment without any of the changes.
    pub baseline: String,
    /// Where the images came from.
    pub source: Source,
    gains: Vec<Gain>,
}

/// The gain of one change.
#[derive(Clone, Debug)]
pub struct Gain {
    /// The change's name.
    pub name: String,
    /// The difference to the baseline, one for each seed.
    pub by_seed: Distribution,
}

impl Gains {
    /// The differences of `changed`, each under its name, to `baseline`.
    ///
    /// # Errors
    /// As [`Runs::gain_over`] if seeds or images are not those of the baseline, [`Error::TooFew`] for no runs.
    pub fn over<N: ToString>(
        baseline: &Runs,
        metric: Metric,
        changed: impl IntoIterator<Item = (N, Runs)>,
    ) -> Result<Gains> {
        let gain =
            |(name, runs): (N, Runs)| Ok((name.to_string(), runs.gain_over(baseline, metric)?));
        let gains = changed.into_iter().map(gain).collect::<Result<Vec<_>>>()?;
        Gains::new(metric, baseline.experiment.to_string(), baseline.source.clone(), gains)
    }

    /// Differences to `baseline` that were computed before, each under its name and in pairs; their numbers of seeds
    /// may differ.
    ///
    /// # Errors
    /// [`Error::TooFew`] for no gains.
    pub fn new<N: ToString>(
        metric: Metric,
        baseline: impl Into<String>,
        source: Source,
        gains: impl IntoIterator<Item = (N, Distribution)>,
    ) -> Result<Gains> {
        let gain = |(name, by_seed): (N, Distribution)| Gain { name: name.to_string(), by_seed };
        let gains: Vec<Gain> = gains.into_iter().map(gain).collect();
        at_least(1, "gains", gains.len(), "Comparison with a baseline")?;
        Ok(Gains { metric, baseline: baseline.into(), source, gains })
    }

    /// All gains, in the given order.
    pub fn all(&self) -> &[Gain] {
        &self.gains
    }

    /// The gain of the change with this name.
    ///
    /// # Errors
    /// [`Error::Setting`] with the existing names if there is none.
    pub fn of(&self, name: impl ToString) -> Result<&Distribution> {
        let name = name.to_string();
        let found = self.gains.iter().find(|gain| gain.name == name);
        found.map(|gain| &gain.by_seed).ok_or_else(|| {
            let names: Vec<&str> = self.gains.iter().map(|gain| gain.name.as_str()).collect();
            Error::setting("name", format!("one of {}", names.join(", ")), name)
        })
    }

    /// The two-sided p-values that each mean gain is 0, adjusted by Holm's method for all of them: Student's paired
    /// t-test, or the sign-flip test for gains that are all the same, of which the t-test is not defined.
    ///
    /// # Errors
    /// As [`Distribution::sign_flip_test`].
    pub fn p_values(&self) -> Result<Vec<f64>> {
        let test = |gain: &Gain| match gain.by_seed.standard_deviation() {
            0. => gain.by_seed.sign_flip_test(),
            _ => gain.by_seed.t_test(),
        };
        holm(&self.gains.iter().map(test).collect::<Result<Vec<_>>>()?)
    }

    /// The smallest mean gain.
    pub fn least(&self) -> f64 {
        self.means().fold(f64::INFINITY, f64::min)
    }

    /// The largest mean gain.
    pub fn greatest(&self) -> f64 {
        self.means().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The number of seeds, "200", or the least and the greatest, "4 to 36".
    pub fn seeds(&self) -> String {
        let counts = || self.gains.iter().map(|gain| gain.by_seed.count());
        match (counts().min(), counts().max()) {
            (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
            _ => self.gains[0].by_seed.count().to_string(),
        }
    }

    fn means(&self) -> impl Iterator<Item = f64> {
        self.gains.iter().map(|gain| gain.by_seed.mean())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::study::Experiment;

    fn runs(epochs: usize, seeds: std::ops::Range<u64>) -> Result<Runs> {
        let experiment = Experiment { epochs, ..Experiment::default() };
        experiment.repeat(&Digits::synthetic(0), seeds)
    }

    #[test]
    fn a_gain_is_the_difference_seed_by_seed() -> Result<()> {
        let (few, many) = (runs(2, 0..3)?, runs(20, 0..3)?);
        let gains = Gains::over(&few, Metric::TestAccuracy, [("more epochs", many.clone())])?;
        let (a, b) = (many.last(Metric::TestAccuracy)?, few.last(Metric::TestAccuracy)?);
        let expected: Vec<f64> = a.values().iter().zip(b.values()).map(|(a, b)| a - b).collect();
        assert_eq!(gains.of("more epochs")?.values(), expected);
        assert_eq!(gains.greatest(), gains.of("more epochs")?.mean());
        Ok(())
    }

    #[test]
    fn p_values_are_those_of_paired_t_tests_adjusted_by_holm() -> Result<()> {
        let by_seed = Distribution::new(vec![0.8, 1.1, -0.3, 2.0, 0.6, -0.1, 0.9])?;
        let nothing = Distribution::new(vec![0.; 3])?;
        let named = [("some", by_seed), ("none", nothing)];
        let gains = Gains::new(Metric::TestLoss, "nothing", Digits::synthetic(0).source, named)?;
        // scipy.stats.ttest_1samp(some, 0).pvalue is 0.0493 and counts twice.
        let [some, none] = gains.p_values()?[..] else { panic!("two gains") };
        assert!((some - 2. * 0.049295360818752416).abs() < 1e-10 && none == 1.);
        assert_eq!(gains.seeds(), "3 to 7");
        Ok(())
    }

    #[test]
    fn rejects_runs_with_other_seeds() -> Result<()> {
        let gains =
            Gains::over(&runs(1, 0..2)?, Metric::TestAccuracy, [("others", runs(1, 1..3)?)]);
        assert!(matches!(gains, Err(Error::Unpaired { .. })));
        Ok(())
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_existing_names() -> Result<()> {
        let runs = runs(1, 0..2)?;
        let gains = Gains::over(&runs, Metric::TestLoss, [("itself", runs.clone())])?;
        let message = gains.of("r9").expect_err("there is no r9").to_string();
        assert_eq!(message, "name must be one of itself, but it is r9.");
        Ok(())
    }
}

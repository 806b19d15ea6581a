//! A sweep: several experiments over the same seeds.

use super::runs::check_different;
use super::{Experiment, Seeds};
use crate::data::Digits;
use crate::error::{Error, Result, at_least, require};
use crate::train::seconds;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::{fmt, fs};

/// Several experiments, each run once for every seed: what a [`Study`](super::Study) computes. As JSON, fields that
/// are not given have their defaults: `{"experiments": [{"loss": "cross_entropy"}], "seeds": [0, 1, 2]}`.
///
/// ```
/// use hinge::prelude::*;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().join("sizes");
/// let digits = Digits::synthetic(0);
/// let of = |train_examples| Experiment { train_examples, epochs: 3, ..Experiment::default() }.scored_last();
/// let study: Study = Sweep::new([of(50), of(100)], 0..4).open(&folder, &digits)?;
/// study.run()?; // what is there after an interrupt is not computed again
/// let runs: Vec<Runs> = study.runs()?;
/// assert_eq!((runs.len(), runs[1].count()), (2, 4));
/// assert_eq!(runs[1].records(), of(100).repeat(&digits, 0..4)?.records());
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The experiments, no two equal.
    pub experiments: Vec<Experiment>,
    /// The seeds, no two equal.
    pub seeds: Vec<Seeds>,
    /// How many minutes of one core a shard takes, by estimate: shards are what is computed, stored and repeated as a
    /// whole. There are at most [`MOST_SHARDS`](Self::MOST_SHARDS), if need be larger ones. Defaults to `10`.
    #[serde(default = "ten")]
    pub shard_minutes: f64,
}

fn ten() -> f64 {
    10.
}

impl Sweep {
    /// The most shards of a study: Slurm's job arrays have by default no more than 1 001 tasks.
    pub const MOST_SHARDS: usize = 1_000;

    /// Experiments over seeds, in shards of ten minutes.
    pub fn new<S: Into<Seeds>>(
        experiments: impl Into<Vec<Experiment>>,
        seeds: impl IntoIterator<Item = S>,
    ) -> Sweep {
        let seeds = seeds.into_iter().map(Into::into).collect();
        Sweep { experiments: experiments.into(), seeds, shard_minutes: ten() }
    }

    /// Reads a sweep from a JSON file.
    ///
    /// # Errors
    /// [`Error::Study`] if it cannot be read, or has a field that is not known.
    pub fn read(path: impl AsRef<Path>) -> Result<Sweep> {
        let path = path.as_ref();
        let fault = |found: &dyn fmt::Display| {
            let expected = "expected a sweep in JSON, {\"experiments\": [...], \"seeds\": [...]}";
            Error::Study(format!(
                "{}: {expected}, found: {found}; correct the file.",
                path.display()
            ))
        };
        let text = fs::read_to_string(path).map_err(|error| fault(&error))?;
        serde_json::from_str(&text).map_err(|error| fault(&error))
    }

    /// Checks every setting, and that the digits suffice for every sample.
    pub(super) fn validate(&self, digits: &Digits) -> Result<()> {
        at_least(1, "experiments", self.experiments.len(), "A sweep")?;
        at_least(1, "seeds", self.seeds.len(), "A sweep")?;
        check_different(&self.seeds)?;
        let minutes = self.shard_minutes;
        require(
            minutes > 0. && minutes.is_finite(),
            "shard_minutes",
            "finite and above 0",
            minutes,
        )?;
        let mut seen = HashSet::new();
        for experiment in &self.experiments {
            let is_new = seen.insert(serde_json::to_string(experiment).unwrap_or_default());
            let found = format_args!("a list with this one more than once: {experiment}");
            require(is_new, "experiments", "different from each other", found)?;
            let check = || experiment.validate().and(experiment.split(digits, self.seeds[0]));
            check().map_err(|error| {
                Error::Study(format!("The experiment \"{experiment}\": {error}"))
            })?;
        }
        Ok(())
    }

    /// The number of runs.
    pub fn count(&self) -> usize {
        self.experiments.len() * self.seeds.len()
    }

    /// The run with an index, in the order of experiments, then seeds.
    pub(super) fn run(&self, index: usize) -> (&Experiment, Seeds) {
        (&self.experiments[index / self.seeds.len()], self.seeds[index % self.seeds.len()])
    }

    /// The indices of the runs of each shard. They follow from the sweep alone.
    pub(super) fn shards(&self) -> Vec<Range<usize>> {
        let costs: Vec<f64> = self.experiments.iter().map(seconds).collect();
        let total = costs.iter().sum::<f64>() * self.seeds.len() as f64;
        let least = (60. * self.shard_minutes).max(total / (Self::MOST_SHARDS - 1) as f64);
        let (mut shards, mut start, mut cost) = (Vec::new(), 0, 0.);
        for run in 0..self.count() {
            cost += costs[run / self.seeds.len()];
            if cost >= least || run + 1 == self.count() {
                shards.push(start..run + 1);
                (start, cost) = (run + 1, 0.);
            }
        }
        shards
    }
}

impl Experiment {
    /// Whether the experiment can be read from what is written of it: code of the user's own cannot.
    pub(super) fn can_be_read_back(&self) -> bool {
        serde_json::to_value(self)
            .is_ok_and(|json| serde_json::from_value::<Experiment>(json).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::*;
    use crate::nn::{CustomLoss, Loss, Model, Sgd};
    use crate::train::Plateau;

    fn read(json: &str) -> serde_json::Result<Sweep> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_written_is_read_back_with_the_same_bits() -> serde_json::Result<()> {
        let transforms: Vec<Transform> = vec![
            RandomRotation::new(10.).into(),
            RandomAffine { scale: 0.9..=1.1, ..RandomAffine::new(10.) }.into(),
            RandomPerspective::default().into(),
            ElasticTransform::default().into(),
            RandomAdjustSharpness { sharpness_factor: 1.5, p: 0.5 }.into(),
            Normalize::MNIST.into(),
            RandomErasing::default().into(),
            RandomApply { transforms: vec![GaussianBlur::new(3).into()], p: 1. / 3. }.into(),
        ];
        let experiment = Experiment {
            model: Model { hidden_units: vec![20, 10] },
            loss: Loss::CrossEntropy,
            // Without the feature float_roundtrip serde_json reads another number.
            sgd: Sgd { learning_rate: 31.245270191439438, momentum: 0.1 + 0.2, ..Sgd::default() },
            train_transform: Compose::new(transforms),
            plateau: Some(Plateau::default()),
            clip_norm: Some(1.5),
            ..Experiment::default()
        };
        let seeds = [Seeds { order: u64::MAX, ..Seeds::from(3) }, Seeds::from(7)];
        let sweep = Sweep::new([experiment], seeds);
        assert_eq!(read(&serde_json::to_string(&sweep)?)?, sweep);
        Ok(())
    }

    #[test]
    fn settings_that_are_not_given_have_their_defaults() -> serde_json::Result<()> {
        let sweep = read(r#"{"experiments": [{"sgd": {"momentum": 0.9}}], "seeds": [3]}"#)?;
        let sgd = Sgd { momentum: 0.9, ..Sgd::default() };
        assert_eq!(sweep, Sweep::new([Experiment { sgd, ..Experiment::default() }], [3]));
        Ok(())
    }

    #[test]
    fn what_is_unknown_is_an_error_that_names_it() {
        for (json, name) in [
            (r#"{"experiments": [{"epoch": 3}], "seeds": [1]}"#, "unknown field `epoch`"),
            (r#"{"experiments": [{"sgd": {"rate": 3}}], "seeds": [1]}"#, "unknown field `rate`"),
            (r#"{"experiments": [{"loss": "hinge"}], "seeds": [1]}"#, "unknown variant `hinge`"),
            (r#"{"experiments": [{}], "seeds": ["one"]}"#, "expected a number"),
            (r#"{"experiments": [{}]}"#, "missing field `seeds`"),
        ] {
            let error = read(json).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_sweep_of_nothing_or_of_the_same_twice_is_an_error() {
        let digits = Digits::synthetic(0);
        let protocol = Experiment::default;
        let message = |sweep: Sweep| sweep.validate(&digits).expect_err("it is wrong").to_string();
        let none: [u64; 0] = [];
        assert!(message(Sweep::new([], 0..2)).contains("1 or more experiments, found 0"));
        assert!(message(Sweep::new([protocol()], none)).contains("1 or more seeds, found 0"));
        assert!(message(Sweep::new([protocol()], [1, 1])).contains("a list with 1 more than once"));
        let twice = message(Sweep::new([protocol(), protocol()], 0..2));
        assert!(twice.starts_with("experiments must be different from each other"), "{twice}");
        let large = message(Sweep::new([Experiment { train_examples: 6_001, ..protocol() }], 0..2));
        assert!(large.contains("from 1 to 6000"), "{large}");
    }

    #[test]
    fn shards_hold_each_run_once_and_are_a_thousand_at_most() {
        let large = Experiment {
            train_examples: 60_000,
            model: Model::hidden(5_000),
            ..Experiment::default()
        };
        for seeds in [1, 2, 5_000] {
            let sweep = Sweep::new([Experiment::default(), large.clone()], 0..seeds);
            let shards = sweep.shards();
            let runs: Vec<usize> = shards.iter().flat_map(Range::clone).collect();
            assert_eq!(runs, (0..sweep.count()).collect::<Vec<_>>());
            assert!(shards.len() <= Sweep::MOST_SHARDS, "{}", shards.len());
        }
    }

    #[test]
    fn an_experiment_with_a_function_cannot_be_read_back() -> Result<()> {
        let zero = CustomLoss::new("zero", |_, _| 0., |s, _| vec![0.; s.len()])?;
        assert!(!Experiment { loss: zero.into(), ..Experiment::default() }.can_be_read_back());
        let nothing = CustomTransform::new("nothing", |_, _| ());
        let train_transform = Compose::new([nothing.into()]);
        assert!(!Experiment { train_transform, ..Experiment::default() }.can_be_read_back());
        assert!(Experiment::default().can_be_read_back());
        Ok(())
    }
}

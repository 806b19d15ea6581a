//! The stored results of a study, which can be checked by computing some of them again.

use super::contents::{Contents, Settings};
use super::guard::Guard;
use super::{Runs, Seeds, Sweep};
use crate::data::Digits;
use crate::error::{Error, Result, at_least};
use crate::rng::{Stream, permutation, random};
use crate::runtime::interrupt;
use crate::runtime::threads::side_by_side;
use crate::train::{Epoch, Metric, seconds};
use std::fmt;
use std::path::Path;

/// The runs that [`Study::save`](super::Study::save) wrote to a Parquet file.
pub struct Stored {
    /// The runs of each experiment that has two seeds or more, which did not diverge.
    pub runs: Vec<Runs>,
    guard: Guard,
}

impl Stored {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Study`] if it is not such a file, is damaged, or has runs on other digits.
    pub fn read(path: impl AsRef<Path>, digits: &Digits) -> Result<Stored> {
        let path = path.as_ref();
        let (contents, histories) = Contents::read(path)?;
        if contents.guard.data != Guard::hash(digits) {
            let expected = format!("{}: expected runs on {}", path.display(), digits.source);
            return Err(Error::Study(format!("{expected}, found runs on other digits.")));
        }
        let mut histories = histories.into_iter();
        let mut runs = Vec::new();
        for Settings { experiment, seeds } in &contents.settings {
            let there = seeds
                .iter()
                .copied()
                .zip(&mut histories)
                .filter(|(_, history)| !history.is_empty());
            let (seeds, histories): (Vec<Seeds>, Vec<_>) =
                there.collect::<Vec<_>>().into_iter().unzip();
            if seeds.len() > 1 {
                runs.push(Runs::new(experiment.clone(), digits.source.clone(), seeds, histories)?);
            }
        }
        Ok(Stored { runs, guard: contents.guard })
    }

    /// Computes `count` of the runs again and compares the scores. They are drawn at random, by `seed`, among those that
    /// take five seconds of one core or less by estimate.
    ///
    /// # Errors
    /// [`Error::TooFew`] if there are fewer such runs, and the errors of a run.
    pub fn rerun(&self, digits: &Digits, count: usize, seed: u64) -> Result<Rerun> {
        const MOST_SECONDS: f64 = 5.;
        let is_short = |runs: &&Runs| seconds(&runs.experiment) <= MOST_SECONDS;
        let runs = self.runs.iter().filter(is_short);
        let short: Vec<_> = runs
            .flat_map(|runs| runs.seeds.iter().zip(runs.histories()).map(move |run| (runs, run)))
            .collect();
        at_least(count.max(1), "short runs", short.len(), "Computing stored runs again")?;
        let order = permutation(short.len(), &mut random(seed, Stream::Order));
        let differences = |index: usize| {
            let (runs, (seed, stored)) = short[index];
            let run = runs.experiment.run_with(digits, *seed, |_| interrupt::check())?;
            Ok(difference(run.history(), stored))
        };
        let differences: Result<Vec<f64>> = side_by_side(order[..count].to_vec(), differences);
        let experiments = self.runs.iter().map(|runs| runs.experiment.clone()).collect::<Vec<_>>();
        let here = Guard::new(&Sweep::new(experiments, [0]), digits)?;
        Ok(Rerun {
            count,
            of: self.runs.iter().map(Runs::count).sum(),
            same_bits_expected: here == self.guard,
            greatest_difference: differences?.into_iter().fold(0., f64::max),
        })
    }
}

/// The greatest difference of two runs' scores.
fn difference(ours: &[Epoch], stored: &[Epoch]) -> f64 {
    let of =
        |(a, b): (&Epoch, &Epoch)| Metric::ALL.map(|metric| (a.get(metric) - b.get(metric)).abs());
    if ours.len() != stored.len() {
        return f64::INFINITY;
    }
    ours.iter().zip(stored).flat_map(of).fold(0., f64::max)
}

/// How stored runs compare with the same runs, computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct Rerun {
    /// The number of runs that were computed again.
    pub count: usize,
    /// The number of runs that are stored.
    pub of: usize,
    /// Whether this process computes the bits that the study's did: code, libraries, data and arithmetic are the same.
    pub same_bits_expected: bool,
    /// The greatest difference of a loss or an accuracy from the stored one; 0 if all bits are equal.
    pub greatest_difference: f64,
}

/// "5 of 280 stored runs, drawn at random, were computed again: all bits are equal."
impl fmt::Display for Rerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rerun { count, of, same_bits_expected, greatest_difference } = self;
        write!(f, "{count} of {of} stored runs, drawn at random, were computed again: ")?;
        match (greatest_difference, same_bits_expected) {
            (0., _) => write!(f, "all bits are equal."),
            (difference, true) => write!(
                f,
                "scores differ by up to {difference:.1e}, although code and processor are those of the study."
            ),
            (difference, false) => write!(
                f,
                "scores differ by up to {difference:.1e}, by another processor, library or version of the code."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Experiment;
    use tempfile::TempDir;

    /// Two experiments over three seeds, as a study saves them.
    fn saved(digits: &Digits) -> Result<(TempDir, std::path::PathBuf)> {
        let folder = tempfile::tempdir().expect("there is a folder");
        let short = |train_examples| Experiment {
            epochs: 2,
            train_examples,
            test_examples: 10,
            ..Experiment::default()
        };
        let study =
            Sweep::new([short(20), short(30)], 4..7).open(folder.path().join("s"), digits)?;
        study.run()?;
        let path = folder.path().join("all.parquet");
        study.save(&path)?;
        Ok((folder, path))
    }

    #[test]
    fn stored_runs_are_those_that_were_computed_and_give_the_same_bits_again() -> Result<()> {
        let digits = Digits::synthetic(0);
        let (_folder, path) = saved(&digits)?;
        let stored = Stored::read(path, &digits)?;
        for runs in &stored.runs {
            assert_eq!(runs.records(), runs.experiment.repeat(&digits, 4..7)?.records());
        }
        let rerun = stored.rerun(&digits, 4, 1)?;
        let sentence =
            "4 of 6 stored runs, drawn at random, were computed again: all bits are equal.";
        assert_eq!((rerun.to_string().as_str(), rerun.same_bits_expected), (sentence, true));
        Ok(())
    }

    #[test]
    fn a_stored_number_that_is_wrong_is_found() -> Result<()> {
        let digits = Digits::synthetic(0);
        let (_folder, path) = saved(&digits)?;
        let mut stored = Stored::read(path, &digits)?;
        let other = Experiment { epochs: 3, ..stored.runs[0].experiment.clone() };
        stored.runs[1] = other.repeat(&digits, 4..7)?;
        stored.runs[1].experiment.epochs = 2;
        let rerun = stored.rerun(&digits, 6, 0)?;
        assert!(rerun.to_string().contains("although code and processor are"), "{rerun}");
        Ok(())
    }

    #[test]
    fn runs_on_other_digits_and_too_few_of_them_are_errors() -> Result<()> {
        let digits = Digits::synthetic(0);
        let (_folder, path) = saved(&digits)?;
        let error = Stored::read(&path, &Digits::synthetic(1)).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.ends_with("found runs on other digits.")));
        assert!(Stored::read(&path, &digits)?.rerun(&digits, 7, 0).is_err());
        Ok(())
    }
}

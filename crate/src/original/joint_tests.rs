//! One joint test for each published run.

use super::{Comparison, Origin};
use crate::error::Result;
use crate::study::{Experiment, JointTest, holm};

/// The joint tests of all runs of a [`Comparison`], adjusted by Holm's method: the four values of a run are correlated,
/// so each run counts once.
#[derive(Clone, Debug)]
pub struct JointTests {
    /// The runs, in the order of the comparison.
    pub runs: Vec<TestedRun>,
}

/// The joint test of one published run against our runs with the same settings.
#[derive(Clone, Debug)]
pub struct TestedRun {
    /// Our settings.
    pub experiment: Experiment,
    /// Whether the report or its notebook published the values.
    pub origin: Origin,
    /// The p-value of Hotelling's test, see [`JointTest`].
    pub p_value: f64,
    /// The same, adjusted for all runs of the comparison.
    pub adjusted: f64,
}

impl Comparison {
    /// Tests whether each published run could be one more of ours.
    ///
    /// # Errors
    /// As [`JointTest::new`]: there must be more seeds than metrics.
    pub fn joint_tests(&self) -> Result<JointTests> {
        let tests = self.runs.iter().map(|run| JointTest::new(&run.ours(), &run.published()));
        let p_values = tests.map(|test| Ok(test?.p_value)).collect::<Result<Vec<_>>>()?;
        let adjusted = holm(&p_values)?;
        let run = |i: usize| TestedRun {
            experiment: self.runs[i].experiment.clone(),
            origin: self.runs[i].origin,
            p_value: p_values[i],
            adjusted: adjusted[i],
        };
        Ok(JointTests { runs: (0..p_values.len()).map(run).collect() })
    }
}

impl JointTests {
    /// The least adjusted p-value, 1 for no runs.
    pub fn least(&self) -> f64 {
        self.runs.iter().map(|run| run.adjusted).fold(1., f64::min)
    }

    /// Only the runs that the report published, or only those of its notebook; adjusted as before.
    pub fn of(&self, origin: Origin) -> JointTests {
        let runs = self.runs.iter().filter(|run| run.origin == origin).cloned().collect();
        JointTests { runs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::original::Part;
    use crate::study::Mode;

    #[test]
    fn every_published_run_has_one_test_and_p_values_are_adjusted_for_all() -> Result<()> {
        let runs = Experiment::default().scored_last().repeat(&Digits::synthetic(0), 0..6)?;
        let comparison = Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)?;
        let tests = comparison.joint_tests()?;
        let first = &comparison.runs[0];
        let alone = JointTest::new(&first.ours(), &first.published())?.p_value;
        assert_eq!((tests.runs.len(), tests.runs[0].p_value), (2, alone));
        let p_values = [tests.runs[0].p_value, tests.runs[1].p_value];
        assert_eq!(holm(&p_values)?, [tests.runs[0].adjusted, tests.runs[1].adjusted]);
        assert_eq!(tests.of(Origin::Report).runs.len(), 1);
        Ok(())
    }
}

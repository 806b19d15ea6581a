//! Learning curves that grow while a run lasts, or grow clearer while others still run.

use super::Unit;
use crate::runtime::progress::Curve;
use crate::train::Epoch;

/// The mean test accuracy of runs after each epoch that was scored.
#[derive(Default)]
pub(super) struct GrowingCurve {
    sums: Vec<f64>,
    runs: usize,
}

impl GrowingCurve {
    /// The curve with one more run; one that diverged, which has other epochs or none, is left out.
    pub fn add(&mut self, history: &[Epoch]) -> Option<Curve> {
        if self.runs == 0 {
            self.sums = vec![0.; history.len()];
        }
        if history.is_empty() || history.len() != self.sums.len() {
            return None;
        }
        self.runs += 1;
        for (sum, epoch) in self.sums.iter_mut().zip(history) {
            *sum += epoch.test.accuracy;
        }
        let means = self.sums.iter().map(|sum| sum / self.runs as f64);
        curve("mean test accuracy", means)
    }
}

/// The test accuracy of a run that still lasts; `None` before the first score.
pub(super) fn of_run(history: &[Epoch]) -> Option<Curve> {
    curve("test accuracy", history.iter().map(|epoch| epoch.test.accuracy))
}

/// Some of the values, the last among them.
fn curve(
    what: &str,
    values: impl DoubleEndedIterator<Item = f64> + ExactSizeIterator,
) -> Option<Curve> {
    const MOST_POINTS: usize = 100;
    let step = values.len().div_ceil(MOST_POINTS).max(1);
    let mut points: Vec<f64> = values.rev().step_by(step).collect();
    let label = format!("{what} so far {}", Unit::Percent.show(*points.first()?));
    points.reverse();
    Some(Curve { label, points })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Score;

    fn history(accuracies: &[f64]) -> Vec<Epoch> {
        let score = |accuracy| Score { loss: 0., accuracy };
        let epoch = |(number, accuracy): (usize, &f64)| Epoch {
            number,
            train: score(1.),
            test: score(*accuracy),
        };
        accuracies.iter().enumerate().map(epoch).collect()
    }

    #[test]
    fn it_is_the_mean_of_the_runs_that_did_not_diverge() {
        let mut curve = GrowingCurve::default();
        assert_eq!(curve.add(&[]), None);
        curve.add(&history(&[0.25, 0.75]));
        assert_eq!(curve.add(&[]), None);
        let label = "mean test accuracy so far 50.0 %".to_string();
        let points = vec![0.375, 0.5];
        assert_eq!(curve.add(&history(&[0.5, 0.25])), Some(Curve { label, points }));
    }

    #[test]
    fn that_of_a_run_ends_with_its_last_score() {
        assert_eq!(of_run(&[]), None);
        let label = "test accuracy so far 75.0 %".to_string();
        let points = vec![0.25, 0.75];
        assert_eq!(of_run(&history(&[0.25, 0.75])), Some(Curve { label, points }));
    }

    #[test]
    fn a_long_one_is_thinned_and_keeps_its_end() {
        let accuracies: Vec<f64> = (0..1_000).map(f64::from).collect();
        let points = GrowingCurve::default().add(&history(&accuracies)).map(|curve| curve.points);
        assert_eq!(points.as_deref().and_then(|points| points.last()), Some(&999.));
        assert_eq!(points.map(|points| points.len()), Some(100));
    }
}

//! A learning rate that falls when a loss stops falling.

use super::score::Metric;
use crate::error::{Result, require};
use crate::nn::at_least_zero;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The settings of
/// [`torch.optim.lr_scheduler.ReduceLROnPlateau`](https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html):
/// when a loss has not improved for more than `patience` epochs, the learning rate is multiplied by `factor`.
/// To improve it must fall by more than a 10 000th of the best loss so far, PyTorch's default threshold.
///
/// ```
/// use hinge::train::{Plateau, PlateauSchedule};
///
/// let mut schedule = PlateauSchedule::new(Plateau { factor: 0.5, patience: 1, ..Plateau::default() });
/// let rates = [1.0, 1.0, 1.0, 0.9].map(|loss| schedule.next(loss, 0.2));
/// assert_eq!(rates, [0.2, 0.2, 0.1, 0.2]); // the third epoch is the second without improvement
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    /// The loss to watch. A schedule on the test loss, like the original's, lets the test images steer the
    /// training. Defaults to the training loss.
    pub metric: Metric,
    /// The factor of the learning rate, above 0 and below 1. Defaults to `0.1`.
    pub factor: f64,
    /// The number of epochs without improvement that are tolerated. Defaults to `10`.
    pub patience: usize,
    /// The least learning rate, finite and at least 0. Defaults to `0`.
    pub min_learning_rate: f64,
}

impl Default for Plateau {
    fn default() -> Plateau {
        Plateau { metric: Metric::TrainLoss, factor: 0.1, patience: 10, min_learning_rate: 0. }
    }
}

impl Plateau {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) names the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        let allowed = "a loss (the schedule waits for it to fall)";
        require(!self.metric.is_accuracy(), "metric", allowed, self.metric)?;
        let lowers = self.factor > 0. && self.factor < 1.;
        require(lowers, "factor", "above 0 and below 1", self.factor)?;
        at_least_zero("min_learning_rate", self.min_learning_rate)
    }
}

/// "train loss, factor 0.1, patience 10"
impl fmt::Display for Plateau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plateau { metric, factor, patience, min_learning_rate } = self;
        write!(f, "{metric}, factor {factor}, patience {patience}")?;
        if *min_learning_rate > 0. {
            write!(f, ", least learning rate {min_learning_rate}")?;
        }
        Ok(())
    }
}

/// The schedule of one run: it remembers the best loss.
#[derive(Clone, Debug)]
pub struct PlateauSchedule {
    plateau: Plateau,
    best: f64,
    epochs_without_improvement: usize,
}

impl PlateauSchedule {
    /// PyTorch's default `threshold`, relative to the best loss.
    const THRESHOLD: f64 = 1e-4;
    /// PyTorch's default `eps`: smaller changes of the learning rate are skipped.
    const LEAST_CHANGE: f64 = 1e-8;

    /// The schedule before the first epoch.
    pub fn new(plateau: Plateau) -> PlateauSchedule {
        PlateauSchedule { plateau, best: f64::INFINITY, epochs_without_improvement: 0 }
    }

    /// The learning rate for the next epoch, from the present one and the loss after this epoch.
    pub fn next(&mut self, loss: f64, learning_rate: f64) -> f64 {
        if loss < self.best * (1. - Self::THRESHOLD) {
            self.best = loss;
            self.epochs_without_improvement = 0;
        } else {
            self.epochs_without_improvement += 1;
        }
        if self.epochs_without_improvement <= self.plateau.patience {
            return learning_rate;
        }
        self.epochs_without_improvement = 0;
        let reduced = (learning_rate * self.plateau.factor).max(self.plateau.min_learning_rate);
        if learning_rate - reduced > Self::LEAST_CHANGE { reduced } else { learning_rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(plateau: Plateau, losses: &[f64]) -> Vec<f64> {
        let mut schedule = PlateauSchedule::new(plateau);
        let mut learning_rate = 1.;
        let mut next = |loss: &f64| {
            learning_rate = schedule.next(*loss, learning_rate);
            learning_rate
        };
        losses.iter().map(&mut next).collect()
    }

    #[test]
    fn the_rate_falls_after_more_epochs_than_patience_without_improvement() {
        let plateau = Plateau { factor: 0.5, patience: 1, ..Plateau::default() };
        assert_eq!(rates(plateau, &[3., 3., 3., 3., 3.]), [1., 1., 0.5, 0.5, 0.25]);
    }

    #[test]
    fn the_rate_stays_while_the_loss_falls() {
        let plateau = Plateau { patience: 0, ..Plateau::default() };
        assert_eq!(rates(plateau, &[3., 2., 1.]), [1., 1., 1.]);
    }

    #[test]
    fn a_fall_within_the_threshold_is_no_improvement() {
        let plateau = Plateau { factor: 0.5, patience: 0, ..Plateau::default() };
        assert_eq!(rates(plateau, &[1., 0.99995]), [1., 0.5]);
    }

    #[test]
    fn the_rate_never_falls_below_its_minimum() {
        let plateau =
            Plateau { factor: 0.5, patience: 0, min_learning_rate: 0.4, ..Plateau::default() };
        assert_eq!(rates(plateau, &[1., 1., 1., 1.]), [1., 0.5, 0.4, 0.4]);
    }

    #[test]
    fn rejects_a_factor_that_would_not_lower_the_rate() {
        let plateau = Plateau { factor: 1., ..Plateau::default() };
        let message = plateau.validate().expect_err("the factor is invalid").to_string();
        assert_eq!(message, "factor must be above 0 and below 1, but it is 1.");
    }
}

//! Values over seeds: their mean, spread and intervals.

use crate::error::{Error, Result};
use crate::train::Metric;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt;

/// An interval `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in it, ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The part of it in which values of `metric` can lie. Student's intervals are symmetric and may reach past 0
    /// or 1, where there is no accuracy: what is cut off holds neither a mean nor a value, so that the interval
    /// covers as often as before.
    pub fn possible(self, metric: Metric) -> Interval {
        match metric.is_accuracy() {
            true => Interval { low: self.low.max(0.), high: self.high.min(1.) },
            false => self,
        }
    }
}

/// One number measured over several seeds.
///
/// ```
/// use hinge::prelude::*;
///
/// let over_seeds = Distribution::new(vec![1., 2., 3.])?;
/// assert_eq!((over_seeds.mean(), over_seeds.standard_deviation()), (2., 1.));
/// // Student's t with 2 degrees of freedom has its 97.5 % quantile at 4.303.
/// let interval = over_seeds.confidence_interval();
/// assert!((interval.high - (2. + 4.303 / 3f64.sqrt())).abs() < 1e-3);
/// assert_eq!(over_seeds.to_string(), "2.0000 ± 1.0000 (mean ± sd, 3 seeds)");
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    values: Vec<f64>,
}

impl Distribution {
    /// A distribution of `values`, in the order of their seeds.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two values: one value has no spread.
    pub fn new(values: Vec<f64>) -> Result<Distribution> {
        if values.len() < 2 {
            return Err(Error::TooFew {
                purpose: "Distribution over seeds",
                what: "values",
                needed: 2,
                found: values.len(),
            });
        }
        Ok(Distribution { values })
    }

    /// The values, in the order of their seeds.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.count() as f64
    }

    /// The standard deviation of a sample, `sqrt(sum of (value - mean)^2 / (n - 1))`.
    pub fn standard_deviation(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.values.iter().map(|value| (value - mean).powi(2)).sum();
        (squares / (self.count() - 1) as f64).sqrt()
    }

    /// The least value.
    pub fn min(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The greatest value.
    pub fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The 95 % confidence interval of the mean: `mean ± t * sd / sqrt(n)`, with `t` the 97.5 % quantile of
    /// Student's distribution with `n - 1` degrees of freedom.
    pub fn confidence_interval(&self) -> Interval {
        self.interval((1. / self.count() as f64).sqrt())
    }

    /// The 95 % prediction interval of one more value: `mean ± t * sd * sqrt(1 + 1/n)`. One run of somebody
    /// else's, made under the same protocol, falls inside it 95 times of 100 if values are about normal.
    pub fn prediction_interval(&self) -> Interval {
        self.interval((1. + 1. / self.count() as f64).sqrt())
    }

    /// The distribution of a function of the value.
    pub fn map(&self, of: impl Fn(f64) -> f64) -> Distribution {
        Distribution { values: self.values.iter().map(|value| of(*value)).collect() }
    }

    /// The values less those of `other`, seed by seed.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if there are not as many.
    pub fn minus(&self, other: &Distribution) -> Result<Distribution> {
        if self.count() != other.count() {
            let count = |n: usize| format!("{n} values");
            return Err(Error::Unpaired { left: count(self.count()), right: count(other.count()) });
        }
        Distribution::new(self.values.iter().zip(&other.values).map(|(a, b)| a - b).collect())
    }

    fn interval(&self, factor: f64) -> Interval {
        let half_width = self.t_quantile() * self.standard_deviation() * factor;
        Interval { low: self.mean() - half_width, high: self.mean() + half_width }
    }

    fn t_quantile(&self) -> f64 {
        // Student's distribution exists for every positive number of degrees of freedom, and n is at least 2.
        StudentsT::new(0., 1., (self.count() - 1) as f64).map_or(f64::NAN, |t| t.inverse_cdf(0.975))
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.4} ± {:.4} (mean ± sd, {} seeds)",
            self.mean(),
            self.standard_deviation(),
            self.count()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_to_five() -> Distribution {
        Distribution::new(vec![1., 2., 3., 4., 5.]).expect("five values")
    }

    #[test]
    fn mean_and_standard_deviation_are_those_of_a_sample() {
        assert_eq!(one_to_five().mean(), 3.);
        assert!((one_to_five().standard_deviation() - 2.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_intervals_use_students_quantile() {
        // The 97.5 % quantile of Student's t with 4 degrees of freedom, from published tables: 2.7764.
        let (t, sd) = (2.776_445, 2.5f64.sqrt());
        let confidence = one_to_five().confidence_interval();
        assert!((confidence.high - (3. + t * sd / 5f64.sqrt())).abs() < 1e-4, "{confidence:?}");
        let prediction = one_to_five().prediction_interval();
        assert!((prediction.low - (3. - t * sd * 1.2f64.sqrt())).abs() < 1e-4, "{prediction:?}");
    }

    #[test]
    fn the_interval_of_an_accuracy_ends_at_0_and_1_and_that_of_a_loss_does_not() {
        let wide = Interval { low: -0.2, high: 1.1 };
        let whole = Interval { low: 0., high: 1. };
        assert_eq!(wide.possible(Metric::TrainAccuracy), whole);
        assert_eq!(wide.possible(Metric::TrainLoss), wide);
    }

    #[test]
    fn a_function_of_the_value_is_distributed_as_its_values() {
        assert_eq!(one_to_five().map(|value| 1. - value).values(), [0., -1., -2., -3., -4.]);
    }

    #[test]
    fn one_value_has_no_distribution() {
        assert!(Distribution::new(vec![1.]).is_err());
    }
}

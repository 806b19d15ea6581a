//! Values over seeds: their mean, spread and intervals.

use super::Unit;
use crate::error::{Error, Result, at_least, statistics};
use crate::train::Metric;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};
use std::collections::BTreeMap;
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
    /// "0.5 to 0.7", with ends as `show` writes them.
    pub(crate) fn show(self, show: impl Fn(f64) -> String) -> String {
        format!("{} to {}", show(self.low), show(self.high))
    }

    /// Whether `value` lies inside, ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The part in which values of `metric` can lie. Student's intervals are symmetric and may extend beyond 0 or 1,
    /// where there is no accuracy; the part that is cut off can hold neither a mean nor a value, so the coverage
    /// stays the same.
    pub fn possible(self, metric: Metric) -> Interval {
        if metric.is_accuracy() {
            Interval { low: self.low.max(0.), high: self.high.min(1.) }
        } else {
            self
        }
    }
}

/// One number measured with several seeds; there are at least two values.
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
    /// Student's distribution with `n - 1` degrees of freedom.
    #[serde(skip)]
    pub(super) student: StudentsT,
}

impl Distribution {
    /// A distribution of `values`, in the order of their seeds.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two values: one value has no spread.
    pub fn new(values: Vec<f64>) -> Result<Distribution> {
        at_least(2, "values", values.len(), "Distribution over seeds")?;
        let student = StudentsT::new(0., 1., values.len() as f64 - 1.).map_err(statistics)?;
        Ok(Distribution { values, student })
    }

    /// A distribution for each class that occurs: the values that belong to its examples.
    ///
    /// # Errors
    /// [`Error::Unpaired`] unless there is a label for each value, [`Error::TooFew`] for a class with one value.
    pub fn by_class(values: &[f64], labels: &[u8]) -> Result<Vec<Distribution>> {
        check_paired(values.len(), labels.len(), "labels")?;
        let mut classes: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
        for (value, label) in values.iter().zip(labels) {
            classes.entry(*label).or_default().push(*value);
        }
        classes.into_values().map(Distribution::new).collect()
    }

    /// The values, in the order of their seeds.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The number of values.
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

    /// The 95 % confidence interval of the standard deviation: `sd sqrt((n - 1) / q)` with `q` the 97.5 % and the
    /// 2.5 % quantile of the chi-squared distribution with `n - 1` degrees of freedom. It is exact if the values are
    /// normally distributed.
    ///
    /// # Errors
    /// [`Error::Statistics`] if the quantiles cannot be computed.
    pub fn standard_deviation_interval(&self) -> Result<Interval> {
        let freedom = (self.count() - 1) as f64;
        let squares = ChiSquared::new(freedom).map_err(statistics)?;
        let [low, high] = [0.975, 0.025]
            .map(|p| self.standard_deviation() * (freedom / squares.inverse_cdf(p)).sqrt());
        Ok(Interval { low, high })
    }

    /// The fraction of the values that are below `value`.
    pub fn fraction_below(&self, value: f64) -> f64 {
        self.values.iter().filter(|other| **other < value).count() as f64 / self.count() as f64
    }

    /// The smallest value.
    pub fn min(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The largest value.
    pub fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The 95 % confidence interval of the mean: `mean ± t * sd / sqrt(n)`, with `t` the 97.5 % quantile of
    /// Student's distribution with `n - 1` degrees of freedom.
    pub fn confidence_interval(&self) -> Interval {
        self.interval((1. / self.count() as f64).sqrt())
    }

    /// The 95 % prediction interval of one more value: `mean ± t * sd * sqrt(1 + 1/n)`. It contains a new run under
    /// the same protocol with probability 0.95 if the values are normally distributed.
    pub fn prediction_interval(&self) -> Interval {
        self.interval((1. + 1. / self.count() as f64).sqrt())
    }

    /// The first `count` values, to pair them with those of fewer seeds; all if there are no more.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two.
    pub fn first(&self, count: usize) -> Result<Distribution> {
        Distribution::new(self.values[..count.min(self.count())].to_vec())
    }

    /// The distribution of a function of the value.
    pub fn map(&self, function: impl Fn(f64) -> f64) -> Distribution {
        let values = self.values.iter().map(|value| function(*value)).collect();
        Distribution { values, student: self.student }
    }

    /// The values minus those of `other`, seed by seed.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if the numbers of values differ.
    pub fn minus(&self, other: &Distribution) -> Result<Distribution> {
        check_paired(self.count(), other.count(), "values")?;
        Distribution::new(self.values.iter().zip(&other.values).map(|(a, b)| a - b).collect())
    }

    /// Pearson's correlation with `other`, seed by seed, -1 to 1; NaN if either does not vary.
    ///
    /// # Errors
    /// [`Error::Unpaired`] if the numbers of values differ.
    pub fn correlation(&self, other: &Distribution) -> Result<f64> {
        check_paired(self.count(), other.count(), "values")?;
        let scale = self.standard_deviation() * other.standard_deviation();
        Ok(self.covariance(other) / scale)
    }

    /// The sample covariance with a distribution over as many seeds.
    pub(super) fn covariance(&self, other: &Distribution) -> f64 {
        let means = (self.mean(), other.mean());
        let pairs = self.values.iter().zip(&other.values);
        let products = pairs.map(|(a, b)| (a - means.0) * (b - means.1));
        products.sum::<f64>() / (self.count() - 1) as f64
    }

    fn interval(&self, factor: f64) -> Interval {
        let half_width = self.student.inverse_cdf(0.975) * self.standard_deviation() * factor;
        Interval { low: self.mean() - half_width, high: self.mean() + half_width }
    }
}

/// Checks that there are as many values as `others`.
fn check_paired(values: usize, others: usize, what: &str) -> Result<()> {
    let (left, right) = (format!("{values} values"), format!("{others} {what}"));
    if values == others { Ok(()) } else { Err(Error::Unpaired { left, right }) }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [mean, sd] = [self.mean(), self.standard_deviation()].map(|v| Unit::Number.show(v));
        write!(f, "{mean} ± {sd} (mean ± sd, {} seeds)", self.count())
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
    fn the_interval_of_the_standard_deviation_uses_chi_squared() -> Result<()> {
        // [sd * np.sqrt(4 / scipy.stats.chi2.ppf(p, 4)) for p in (0.975, 0.025)] with sd = np.sqrt(2.5)
        let interval = one_to_five().standard_deviation_interval()?;
        assert!((interval.low - 0.947_312_671).abs() < 1e-6, "{interval:?}");
        assert!((interval.high - 4.543_490_393).abs() < 1e-6, "{interval:?}");
        Ok(())
    }

    #[test]
    fn the_correlation_is_pearsons() -> Result<()> {
        // np.corrcoef([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])[0, 1]
        let other = Distribution::new(vec![2., 1., 4., 3., 5.])?;
        assert!((one_to_five().correlation(&other)? - 0.8).abs() < 1e-12);
        assert!(one_to_five().correlation(&other.first(3)?).is_err());
        Ok(())
    }

    #[test]
    fn a_class_has_the_values_of_its_examples() -> Result<()> {
        let classes = Distribution::by_class(&[1., 2., 3., 4.], &[7, 0, 7, 0])?;
        assert_eq!([classes[0].values(), classes[1].values()], [[2., 4.], [1., 3.]]);
        assert!(Distribution::by_class(&[1., 2.], &[7, 0]).is_err());
        assert!(Distribution::by_class(&[1., 2.], &[7]).is_err());
        Ok(())
    }

    #[test]
    fn the_fraction_below_a_value_leaves_out_the_value_itself() {
        assert_eq!(one_to_five().fraction_below(4.), 0.6);
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
    fn fewer_than_two_values_have_no_distribution() {
        for values in [vec![], vec![1.]] {
            let found = values.len();
            let error = Distribution::new(values).expect_err("there is no spread").to_string();
            assert!(error.contains(&format!("2 or more values, found {found}")), "{error}");
        }
    }
}

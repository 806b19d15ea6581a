//! One test of several correlated values.

use super::Distribution;
use crate::error::{Result, at_least, require, statistics};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// Could another run have several values at once that runs over seeds did not have? Hotelling's test of one more
/// observation.
///
/// With the mean `m` and the covariance `S` of `p` metrics over `n` seeds, for values `x`,
///
/// ```text
/// T^2 = n / (n + 1) (x - m)^T S^-1 (x - m),    T^2 (n - p) / (p (n - 1)) ~ F(p, n - p)
/// ```
///
/// if all runs are about normal. A metric that does not vary over the seeds, or that those before it determine (share
/// more than a fraction `1 - 1e-9` of its variance with it), has no place in `S^-1`: it is left out and not tested.
#[derive(Clone, Debug, PartialEq)]
pub struct JointTest {
    /// Which of the metrics were tested, by index.
    pub tested: Vec<usize>,
    /// Which of them were left out, by index.
    pub left_out: Vec<usize>,
    /// Hotelling's `T^2`.
    pub t_squared: f64,
    /// The probability of a `T^2` at least as large.
    pub p_value: f64,
}

impl JointTest {
    /// Tests `values`, one for each of `metrics`, all over the same seeds.
    ///
    /// # Errors
    /// [`Error::Setting`] unless there is a finite value for each metric, all over equally many seeds, and at least one
    /// metric varies; [`Error::TooFew`] unless there are more seeds than metrics.
    pub fn new(metrics: &[Distribution], values: &[f64]) -> Result<JointTest> {
        let n = metrics.first().map_or(0, Distribution::count);
        let fit = metrics.len() == values.len() && metrics.iter().all(|metric| metric.count() == n);
        let allowed = format_args!("{} and all over {n} seeds", values.len());
        require(fit, "metrics", allowed, format_args!("{} or over other seeds", metrics.len()))?;
        let mut numbers = metrics.iter().flat_map(Distribution::values).chain(values);
        require(numbers.all(|value| value.is_finite()), "values", "finite", "not")?;
        at_least(metrics.len() + 1, "seeds", n, "Joint test")?;
        // The factor L of S = L L^T, row by row, without the rows of metrics that are left out; and L^-1 (x - m).
        let (mut tested, mut left_out) = (Vec::new(), Vec::new());
        let (mut factor, mut standardised): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        for (index, metric) in metrics.iter().enumerate() {
            let mut row: Vec<f64> = Vec::with_capacity(tested.len() + 1);
            for (before, above) in tested.iter().zip(&factor) {
                let shared: f64 = row.iter().zip(above).map(|(a, b)| a * b).sum();
                row.push((metric.covariance(&metrics[*before]) - shared) / above[above.len() - 1]);
            }
            let variance = metric.covariance(metric);
            let rest = variance - row.iter().map(|value| value * value).sum::<f64>();
            // A constant metric's variance can differ from 0 by the rounding of its mean.
            if metric.max() == metric.min() || rest <= 1e-9 * variance {
                left_out.push(index);
                continue;
            }
            let deviation = values[index] - metric.mean();
            let known: f64 = row.iter().zip(&standardised).map(|(a, b)| a * b).sum();
            standardised.push((deviation - known) / rest.sqrt());
            row.push(rest.sqrt());
            factor.push(row);
            tested.push(index);
        }
        let allowed = "different over seeds, at least one";
        require(!tested.is_empty(), "metrics", allowed, "constant, all of them")?;
        let (n, p) = (n as f64, tested.len() as f64);
        let t_squared = n / (n + 1.) * standardised.iter().map(|value| value * value).sum::<f64>();
        let f = FisherSnedecor::new(p, n - p).map_err(statistics)?;
        let p_value = f.sf(t_squared * (n - p) / (p * (n - 1.)));
        Ok(JointTest { tested, left_out, t_squared, p_value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(values: &[f64]) -> Distribution {
        Distribution::new(values.to_vec()).expect("several values")
    }

    fn loss() -> Distribution {
        metric(&[0.105, 0.112, 0.098, 0.121, 0.101, 0.109, 0.117, 0.095])
    }

    fn accuracy() -> Distribution {
        metric(&[0.78, 0.76, 0.79, 0.74, 0.79, 0.75, 0.77, 0.80])
    }

    #[test]
    fn the_test_of_two_metrics_is_hotellings() -> Result<()> {
        // X = np.array([loss, accuracy]).T; n, p = X.shape; d = [0.12, 0.80] - X.mean(0)
        // t2 = n / (n + 1) * d @ np.linalg.inv(np.cov(X.T)) @ d
        // p_value = scipy.stats.f.sf(t2 * (n - p) / (p * (n - 1)), p, n - p)
        let test = JointTest::new(&[loss(), accuracy()], &[0.12, 0.80])?;
        assert!((test.t_squared / 26.053470117354365 - 1.).abs() < 1e-9, "{test:?}");
        assert!((test.p_value - 0.009498235607494894).abs() < 1e-9, "{test:?}");
        Ok(())
    }

    #[test]
    fn one_metric_is_tested_as_the_prediction_interval_has_it() -> Result<()> {
        // Its end has p = 0.05.
        let end = loss().prediction_interval().high;
        assert!((JointTest::new(&[loss()], &[end])?.p_value - 0.05).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn metrics_that_are_constant_or_determined_by_others_are_left_out() -> Result<()> {
        let constant = metric(&[1.; 8]);
        let doubled = loss().map(|value| 2. * value + 1.);
        let all = JointTest::new(&[constant, loss(), doubled, accuracy()], &[1., 0.12, 9., 0.80])?;
        let two = JointTest::new(&[loss(), accuracy()], &[0.12, 0.80])?;
        assert_eq!((all.tested, all.left_out), (vec![1, 3], vec![0, 2]));
        assert_eq!(all.t_squared, two.t_squared);
        Ok(())
    }

    #[test]
    fn what_cannot_be_tested_is_an_error() {
        let constant = metric(&[0.1; 8]);
        assert!(JointTest::new(&[constant], &[0.1]).is_err());
        assert!(JointTest::new(&[], &[]).is_err());
        assert!(JointTest::new(&[loss()], &[0.1, 0.2]).is_err());
        assert!(JointTest::new(&[loss()], &[f64::NAN]).is_err());
        let two_seeds = [metric(&[1., 2.]), metric(&[2., 1.])];
        let error = JointTest::new(&two_seeds, &[1., 1.]).unwrap_err().to_string();
        assert_eq!(error, "Joint test: expected 3 or more seeds, found 2; give more of them.");
    }
}

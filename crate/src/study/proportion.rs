//! A counted fraction, such as the accuracy of one run.

use super::Interval;
use crate::error::{Result, require, statistics};
use statrs::distribution::{Beta, ContinuousCDF};

/// `successes` among `trials`, for example correctly classified images among all.
///
/// ```
/// use hinge::study::Proportion;
///
/// // All of 150 images are correct: an accuracy below 97.57 % would give this less than once in 40 times.
/// let all = Proportion::new(150, 150)?;
/// let interval = all.confidence_interval()?;
/// assert!((interval.low - 0.025f64.powf(1. / 150.)).abs() < 1e-9);
/// assert_eq!(interval.high, 1.);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proportion {
    successes: usize,
    trials: usize,
}

impl Proportion {
    /// A proportion of `successes` among `trials`.
    ///
    /// # Errors
    /// [`Error::Setting`] for no trials, or more successes than trials.
    pub fn new(successes: usize, trials: usize) -> Result<Proportion> {
        require(trials > 0, "trials", "at least 1", trials)?;
        require(successes <= trials, "successes", format_args!("at most {trials}"), successes)?;
        Ok(Proportion { successes, trials })
    }

    /// The fraction, 0 to 1.
    pub fn value(&self) -> f64 {
        self.successes as f64 / self.trials as f64
    }

    /// The exact 95 % confidence interval of Clopper and Pearson (1934): the probabilities under which neither so few
    /// nor so many successes have a chance below 2.5 %. It holds near 0 and 1, where intervals of the normal
    /// distribution fail.
    ///
    /// # Errors
    /// [`Error::Statistics`] if the quantile cannot be computed.
    pub fn confidence_interval(&self) -> Result<Interval> {
        let (k, n) = (self.successes as f64, self.trials as f64);
        let quantile = |a: f64, b: f64, p: f64| -> Result<f64> {
            Ok(Beta::new(a, b).map_err(statistics)?.inverse_cdf(p))
        };
        Ok(Interval {
            low: if self.successes == 0 { 0. } else { quantile(k, n - k + 1., 0.025)? },
            high: if self.successes == self.trials { 1. } else { quantile(k + 1., n - k, 0.975)? },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_scipys() -> Result<()> {
        // scipy.stats.binomtest(k, n).proportion_ci(0.95, method='exact')
        for (k, n, low, high) in [
            (0, 150, 0.0, 0.02429259716612193),
            (149, 150, 0.9634168322594198, 0.9998312288564442),
            (150, 150, 0.975707402833878, 1.0),
            (1000, 1000, 0.9963179161033608, 1.0),
            (771, 1000, 0.7436798486369468, 0.7967142301397079),
            (9731, 10000, 0.9697378417790652, 0.9761826607099169),
        ] {
            let interval = Proportion::new(k, n)?.confidence_interval()?;
            assert!((interval.low - low).abs() < 1e-9, "{k} of {n}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-9, "{k} of {n}: {interval:?}");
        }
        Ok(())
    }

    #[test]
    fn impossible_counts_are_rejected() {
        assert!(Proportion::new(0, 0).is_err());
        assert!(Proportion::new(3, 2).is_err());
    }
}

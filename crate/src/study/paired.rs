//! Tests of paired differences: is their mean 0?

use super::Distribution;
use crate::error::{Result, require};
use crate::rng::{RngExt, Stream, random};
use statrs::distribution::ContinuousCDF;

impl Distribution {
    /// The most values whose signs are flipped in all `2^n` ways; for more, flips are drawn.
    pub const MOST_EXACT: usize = 20;

    /// How many random flips are drawn for more than [`MOST_EXACT`](Self::MOST_EXACT) values.
    pub const FLIPS: usize = 100_000;

    /// The two-sided p-value of Student's one-sample t-test that the mean is 0, with `t = mean / (sd / sqrt(n))` and
    /// `n - 1` degrees of freedom. Applied to differences, see [`minus`](Self::minus), it is the paired t-test.
    ///
    /// # Errors
    /// [`Error::Setting`] if the values do not vary, so that `t` is not defined, or are not finite.
    pub fn t_test(&self) -> Result<f64> {
        let sd = self.standard_deviation();
        let allowed = "finite and different for a t-test";
        require(sd.is_finite() && sd > 0., "values", allowed, format_args!("with sd {sd}"))?;
        let t = self.mean().abs() * (self.count() as f64).sqrt() / sd;
        Ok(2. * self.student.sf(t))
    }

    /// The two-sided p-value of the sign-flip test (Fisher's randomisation test) that values are symmetric around 0:
    /// the fraction of all `2^n` choices of signs whose mean is at least as far from 0. It assumes no distribution.
    ///
    /// For more than [`MOST_EXACT`](Self::MOST_EXACT) values, [`FLIPS`](Self::FLIPS) choices are drawn with seed 0,
    /// and the values' own signs count as one more (Phipson and Smyth, 2010), so the p-value is never 0.
    ///
    /// # Errors
    /// [`Error::Setting`] if a value is not finite.
    pub fn sign_flip_test(&self) -> Result<f64> {
        let values = self.values();
        let check = |v: &f64| require(v.is_finite(), "values", "finite for a sign-flip test", v);
        values.iter().try_for_each(check)?;
        let size: f64 = values.iter().map(|value| value.abs()).sum();
        let observed = values.iter().sum::<f64>().abs();
        // Sums that are equal but for rounding count as equal.
        let is_as_far = |signs: &dyn Fn(usize) -> bool| {
            let signed =
                values.iter().enumerate().map(|(i, value)| if signs(i) { *value } else { -value });
            signed.sum::<f64>().abs() >= observed - 1e-12 * size
        };
        if values.len() <= Self::MOST_EXACT {
            let choices = 1u32 << values.len();
            let as_far = (0..choices).filter(|choice| is_as_far(&|i| choice >> i & 1 == 1)).count();
            return Ok(as_far as f64 / f64::from(choices));
        }
        let mut random = random(0, Stream::Sampling);
        let draws = (0..Self::FLIPS).map(|_| values.iter().map(|_| random.random()).collect());
        let as_far = draws.filter(|signs: &Vec<bool>| is_as_far(&|i| signs[i])).count();
        Ok((as_far + 1) as f64 / (Self::FLIPS + 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences() -> Distribution {
        Distribution::new(vec![0.8, 1.1, -0.3, 2.0, 0.6, -0.1, 0.9]).expect("seven values")
    }

    #[test]
    fn the_t_test_is_scipys() -> Result<()> {
        // scipy.stats.ttest_1samp([0.8, 1.1, -0.3, 2.0, 0.6, -0.1, 0.9], 0).pvalue
        assert!((differences().t_test()? - 0.049295360818752416).abs() < 1e-10);
        Ok(())
    }

    #[test]
    fn the_sign_flip_test_counts_all_choices_of_signs() -> Result<()> {
        // scipy.stats.permutation_test(([0.8, 1.1, -0.3, 2.0, 0.6, -0.1, 0.9],), np.mean,
        //                              permutation_type='samples', n_resamples=np.inf).pvalue
        assert_eq!(differences().sign_flip_test()?, 0.0625);
        Ok(())
    }

    #[test]
    fn differences_of_0_are_no_evidence() -> Result<()> {
        let equal = Distribution::new(vec![0.; 5])?;
        assert_eq!(equal.sign_flip_test()?, 1.);
        assert!(equal.t_test().is_err());
        Ok(())
    }

    #[test]
    fn drawn_flips_agree_with_the_t_test_on_many_values() -> Result<()> {
        let many = Distribution::new((0..60).map(|i| f64::from(i * 37 % 60) - 26.).collect())?;
        let (flips, t) = (many.sign_flip_test()?, many.t_test()?);
        assert!((flips - t).abs() < 0.01, "{flips} {t}");
        assert_eq!(flips, many.sign_flip_test()?);
        Ok(())
    }

    #[test]
    fn values_that_are_not_finite_are_rejected() -> Result<()> {
        let broken = Distribution::new(vec![1., f64::NAN, 2.])?;
        assert!(broken.sign_flip_test().is_err() && broken.t_test().is_err());
        Ok(())
    }
}

//! Factorial experiments: several factors varied together.

use super::Distribution;
use crate::error::{Error, Result, at_least};

/// A metric over seeds for combinations of factors, each on or off.
///
/// ```
/// use hinge::prelude::*;
///
/// // The first factor adds 2, the second nothing; two seeds differ by 1.
/// let metric = |on: &[bool]| Distribution::new([0., 1.].map(|seed| seed + if on[0] { 2. } else { 0. }).to_vec());
/// let combinations = [[false, false], [false, true], [true, false], [true, true]].map(Vec::from);
/// let measured = combinations.map(|on| Ok((on.clone(), metric(&on)?))).into_iter().collect::<hinge::Result<Vec<_>>>()?;
/// let factorial = Factorial::new(measured)?;
/// assert_eq!(factorial.effect(0)?.values(), [2., 2.]);
/// assert_eq!(factorial.effect(1)?.values(), [0., 0.]);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Factorial {
    combinations: Vec<(Vec<bool>, Distribution)>,
}

impl Factorial {
    /// The combinations of `factors` factors in which an even number of them is on: half of all. No main effect is
    /// mixed with an interaction of fewer than `factors - 1` factors (Box, Hunter and Hunter, 2005, chapter 6).
    pub fn half_fraction(factors: u32) -> Vec<Vec<bool>> {
        let is_even = |bits: &u64| bits.count_ones().is_multiple_of(2);
        let on = |bits: u64| (0..factors).map(|factor| bits >> factor & 1 == 1).collect();
        (0..1u64 << factors).filter(is_even).map(on).collect()
    }

    /// The metric of each combination, over the same seeds.
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two combinations, [`Error::Unpaired`] for combinations of other factors or over
    /// other numbers of seeds than the first.
    pub fn new(combinations: Vec<(Vec<bool>, Distribution)>) -> Result<Factorial> {
        at_least(2, "combinations", combinations.len(), "Factorial experiment")?;
        let size = |(on, metric): &(Vec<bool>, Distribution)| {
            format!("{} factors and {} seeds", on.len(), metric.count())
        };
        let first = size(&combinations[0]);
        match combinations.iter().map(size).find(|other| *other != first) {
            Some(right) => Err(Error::Unpaired { left: first, right }),
            None => Ok(Factorial { combinations }),
        }
    }

    /// The mean over the combinations for which `keep` holds, seed by seed.
    ///
    /// # Errors
    /// [`Error::TooFew`] if there is none.
    pub fn mean_where(&self, keep: impl Fn(&[bool]) -> bool) -> Result<Distribution> {
        let kept = self.combinations.iter().filter(|(on, _)| keep(on));
        let kept: Vec<&[f64]> = kept.map(|(_, metric)| metric.values()).collect();
        at_least(1, "combinations", kept.len(), "Mean over combinations")?;
        let mean = |seed| kept.iter().map(|values| values[seed]).sum::<f64>() / kept.len() as f64;
        Distribution::new((0..kept[0].len()).map(mean).collect())
    }

    /// The main effect of a factor: the mean with it less the mean without it, seed by seed.
    ///
    /// # Errors
    /// As [`mean_where`](Self::mean_where).
    pub fn effect(&self, factor: usize) -> Result<Distribution> {
        self.effect_among(factor, |_| true)
    }

    /// The effect of a factor among the combinations for which `keep` holds.
    ///
    /// # Errors
    /// As [`mean_where`](Self::mean_where).
    pub fn effect_among(
        &self,
        factor: usize,
        keep: impl Fn(&[bool]) -> bool,
    ) -> Result<Distribution> {
        let with = |is_on: bool| self.mean_where(|on| keep(on) && on.get(factor) == Some(&is_on));
        with(true)?.minus(&with(false)?)
    }

    /// The mean with a factor on, or off, without what a seed adds to all combinations: its spread is that of paired
    /// differences.
    ///
    /// # Errors
    /// As [`mean_where`](Self::mean_where).
    pub fn half(&self, factor: usize, is_on: bool) -> Result<Distribution> {
        let all = self.mean_where(|_| true)?;
        let half = self.mean_where(|on| on.get(factor) == Some(&is_on))?;
        Ok(half.minus(&all)?.map(|from_seed| from_seed + all.mean()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three factors that add 1, 10 and 100, of which the last two add 1 000 more together; seeds add 0 and 5.
    fn factorial(combinations: Vec<Vec<bool>>) -> Result<Factorial> {
        let sum = |on: &[bool]| {
            let added = (0..3).filter(|i| on[*i]).map(|i| 10f64.powi(i as i32)).sum::<f64>();
            added + if on[1] && on[2] { 1_000. } else { 0. }
        };
        let metric = |on: Vec<bool>| {
            let values = vec![sum(&on), sum(&on) + 5.];
            Ok((on, Distribution::new(values)?))
        };
        Factorial::new(combinations.into_iter().map(metric).collect::<Result<_>>()?)
    }

    fn all() -> Vec<Vec<bool>> {
        let on = |bits: u32| (0..3).map(|factor| bits >> factor & 1 == 1).collect();
        (0..8).map(on).collect()
    }

    #[test]
    fn an_effect_is_the_mean_with_a_factor_less_that_without() -> Result<()> {
        let factorial = factorial(all())?;
        assert_eq!(factorial.effect(0)?.values(), [1., 1.]);
        assert_eq!(factorial.effect(1)?.values(), [510., 510.]); // 10, and half of the interaction
        assert_eq!(factorial.effect_among(1, |on| on[2])?.values(), [1_010., 1_010.]);
        assert!(factorial.effect(3).is_err());
        Ok(())
    }

    #[test]
    fn a_half_fraction_mixes_a_main_effect_with_the_interaction_of_all_others() -> Result<()> {
        let half = Factorial::half_fraction(3);
        assert_eq!(half.len(), 4);
        assert!(half.iter().all(|on| on.iter().filter(|on| **on).count() % 2 == 0));
        // The interaction of the last two is 1000 / 2; with an even number on, the first is mixed with minus that.
        assert_eq!(factorial(half)?.effect(0)?.mean(), 1. - 500.);
        Ok(())
    }

    #[test]
    fn a_half_has_the_spread_of_paired_differences() -> Result<()> {
        let half = factorial(all())?.half(0, true)?;
        assert!(half.standard_deviation() < 1e-9, "{half}");
        Ok(())
    }

    #[test]
    fn combinations_of_other_factors_or_seeds_are_rejected() -> Result<()> {
        let metric = |seeds: usize| Distribution::new(vec![0.; seeds]);
        let two = Factorial::new(vec![(vec![true], metric(2)?), (vec![true, false], metric(2)?)]);
        let error = two.unwrap_err().to_string();
        assert!(error.contains("1 factors and 2 seeds"), "{error}");
        assert!(Factorial::new(vec![(vec![true], metric(2)?), (vec![false], metric(3)?)]).is_err());
        Ok(())
    }
}

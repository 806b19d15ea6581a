//! Several tests at once.

use crate::error::{Result, require};

/// Holm's adjusted p-values of a family of tests, in their order: rejecting those that are at most 0.05 makes any
/// false rejection in the whole family at most 5 % likely (Holm, 1979).
///
/// The `k`-th smallest of `m` p-values is multiplied by `m - k + 1`, and is at least the adjusted one before it and at
/// most 1.
///
/// ```
/// use hinge::study::holm;
///
/// assert_eq!(holm(&[0.25, 0.0625, 0.125])?, [0.25, 0.1875, 0.25]);
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] for a p-value outside 0 to 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>> {
    let check = |p: &f64| require((0. ..=1.).contains(p), "p_values", "from 0 to 1", p);
    p_values.iter().try_for_each(check)?;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.; p_values.len()];
    let mut least: f64 = 0.;
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max(p_values[index] * (p_values.len() - rank) as f64).min(1.);
        adjusted[index] = least;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_p_values_are_those_of_statsmodels() -> Result<()> {
        // statsmodels.stats.multitest.multipletests([0.012, 0.2, 0.03, 0.0004, 0.9, 0.03], method='holm')[1]
        let adjusted = holm(&[0.012, 0.2, 0.03, 0.0004, 0.9, 0.03])?;
        for (found, expected) in
            adjusted.iter().zip([0.06, 0.4, 0.12, 0.0024000000000000002, 0.9, 0.12])
        {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_probability_is_rejected() {
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(holm(&[0.5, p]).is_err());
        }
    }
}

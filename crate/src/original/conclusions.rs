//! The original's conclusions, judged by our runs.

use super::Measured;
use crate::study::{Judged, Unit};
use serde::Serialize;

/// A conclusion of the original, with what it is judged by.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::original::Support;
/// use hinge::study::Judged;
///
/// // Seed by seed one point more, give or take a tenth: the whole interval is above 0.
/// let gain = Distribution::new(vec![0.010, 0.011, 0.009])?;
/// let gain = Measured::new("gain", &gain, Unit::Points);
/// let helps = Conclusion::judge(Judged::Yes, "1c", "Weight decay helps", gain);
/// assert_eq!(helps.verdict(), Support::Supported);
/// // As one of nine comparisons it has a larger p, by Holm's correction.
/// assert_eq!(helps.adjusted(0.06).verdict(), Support::NotSupported);
///
/// let vague = Conclusion::not_testable("1c", "Training is unstable", "the report does not say what varies");
/// assert_eq!(vague.verdict(), Support::NotTestable);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// The part of the report that draws it, like "2c".
    pub part: String,
    /// What the original concludes.
    pub statement: String,
    /// What it is judged by.
    pub basis: Basis,
    judged: Judged,
}

/// What a conclusion is judged by.
#[derive(Clone, Debug, PartialEq)]
pub enum Basis {
    /// A quantity that the conclusion says is above 0.
    Measured {
        /// Its value with each seed.
        excess: Measured,
        /// The p-value, adjusted for all comparisons of its family; if there is one, it decides instead of the
        /// interval of the mean.
        adjusted_p: Option<f64>,
    },
    /// No measurement can decide, for this reason.
    NotTestable(String),
}

/// What our runs say about a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Support {
    /// The quantity is significantly above 0, as the conclusion says.
    #[serde(rename = "supported")]
    Supported,
    /// It does not differ significantly from 0.
    #[serde(rename = "not supported")]
    NotSupported,
    /// It is significantly below 0.
    #[serde(rename = "reversed")]
    Reversed,
    /// No measurement can decide.
    #[serde(rename = "not testable")]
    NotTestable,
    /// The results are not judged.
    #[serde(rename = "not checked")]
    NotChecked,
}

impl Conclusion {
    /// Judges a conclusion by `excess`, seed by seed the quantity that the conclusion says is above 0: it is
    /// supported or reversed if the 95 % interval of the mean lies on one side of 0.
    pub fn judge(judged: Judged, part: &str, statement: &str, excess: Measured) -> Conclusion {
        let basis = Basis::Measured { excess, adjusted_p: None };
        Conclusion { part: part.to_string(), statement: statement.to_string(), basis, judged }
    }

    /// A conclusion that no measurement can decide, for this reason.
    pub fn not_testable(part: &str, statement: &str, reason: &str) -> Conclusion {
        let basis = Basis::NotTestable(reason.to_string());
        let (part, statement) = (part.to_string(), statement.to_string());
        Conclusion { part, statement, basis, judged: Judged::Yes }
    }

    /// The same conclusion as one of several comparisons, with its adjusted p-value: it is supported or reversed if
    /// that is below 0.05.
    pub fn adjusted(mut self, p: f64) -> Conclusion {
        if let Basis::Measured { adjusted_p, .. } = &mut self.basis {
            *adjusted_p = Some(p);
        }
        self
    }

    /// Whether the results that it is judged by are judged.
    pub fn judged(&self) -> Judged {
        self.judged
    }

    /// What our runs say.
    pub fn verdict(&self) -> Support {
        let (excess, p) = match &self.basis {
            Basis::NotTestable(_) => return Support::NotTestable,
            Basis::Measured { .. } if self.judged != Judged::Yes => return Support::NotChecked,
            Basis::Measured { excess, adjusted_p } => (&excess.over_seeds, adjusted_p),
        };
        let is_significant =
            p.map_or_else(|| !excess.confidence_interval().contains(0.), |p| p < 0.05);
        if is_significant && excess.mean() > 0. {
            Support::Supported
        } else if is_significant && excess.mean() < 0. {
            Support::Reversed
        } else {
            Support::NotSupported
        }
    }

    /// The figures, or why there are none.
    pub fn evidence(&self) -> String {
        match &self.basis {
            Basis::NotTestable(reason) => reason.clone(),
            Basis::Measured { excess, adjusted_p } => {
                let p = adjusted_p.map(|p| format!(", adjusted p {}", Unit::Number.show(p)));
                format!(
                    "{}: {}, 95 % interval of the mean {}, {} seeds{}",
                    excess.quantity,
                    excess.mean(),
                    excess.interval(),
                    excess.over_seeds.count(),
                    p.unwrap_or_default()
                )
            }
        }
    }
}

display_as_serialised!(Support);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::study::Distribution;

    fn conclusion(judged: Judged, values: &[f64]) -> Result<Conclusion> {
        let excess = Measured::new("gain", &Distribution::new(values.to_vec())?, Unit::Points);
        Ok(Conclusion::judge(judged, "1c", "It is more", excess))
    }

    #[test]
    fn a_conclusion_is_judged_by_the_side_of_zero_on_which_the_interval_lies() -> Result<()> {
        for (values, verdict) in [
            ([1.0, 1.1, 0.9], Support::Supported),
            ([-1.0, -1.1, -0.9], Support::Reversed),
            ([-1.0, 1.1, 0.1], Support::NotSupported),
        ] {
            assert_eq!(conclusion(Judged::Yes, &values)?.verdict(), verdict, "{values:?}");
        }
        Ok(())
    }

    #[test]
    fn an_adjusted_p_decides_instead_of_the_interval() -> Result<()> {
        let less = conclusion(Judged::Yes, &[-0.010, -0.011, -0.009])?;
        assert_eq!(less.clone().adjusted(0.012).verdict(), Support::Reversed);
        let adjusted = less.adjusted(0.11);
        assert_eq!(adjusted.verdict(), Support::NotSupported);
        let evidence = adjusted.evidence();
        assert!(evidence.starts_with("gain: \u{2212}1.0 points, 95 % interval"), "{evidence}");
        assert!(evidence.ends_with("3 seeds, adjusted p 0.1100"), "{evidence}");
        Ok(())
    }

    #[test]
    fn results_that_are_not_judged_check_no_conclusion() -> Result<()> {
        let unchecked = conclusion(Judged::No("synthetic digits"), &[1.0, 1.1, 0.9])?;
        assert_eq!(unchecked.verdict(), Support::NotChecked);
        Ok(())
    }

    #[test]
    fn what_cannot_be_measured_is_not_testable_and_says_why() {
        let vague = Conclusion::not_testable("1b", "Other factors matter", "it names none");
        assert_eq!(
            (vague.verdict(), vague.evidence()),
            (Support::NotTestable, "it names none".into())
        );
    }
}

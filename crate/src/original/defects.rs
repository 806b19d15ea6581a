//! The audit of the original: its defects and its conclusions.

use crate::study::{Claims, Distribution, Unit};
use std::fmt;

/// A defect of the original, established from its code and logs. The number is that of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The optimiser that steps is another model's.
    NeverTrained = 1,
    /// The accuracy plots draw the test loss.
    WrongCurve = 2,
    /// No seed, one run each.
    OneRun = 3,
    /// Normalize is applied to the training images only.
    NormalizedTrainingOnly = 4,
    /// The best of eight attempts was picked on the test images.
    PickedOnTest = 5,
    /// Losses are averaged over minibatches of unequal size.
    UnweightedMean = 6,
    /// Task 4's training scores are those of augmented images.
    ScoredAugmented = 7,
    /// Report and notebook publish different runs, one with cells out of order.
    DifferentRuns = 8,
    /// "Grokking" is not what the curves show.
    NotGrokking = 9,
}

impl Defect {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Defect::NeverTrained => "Logistic regression was never trained",
            Defect::WrongCurve => "The accuracy plots draw the test loss",
            Defect::OneRun => "No seed, and one run each",
            Defect::NormalizedTrainingOnly => "Normalize was applied to training images only",
            Defect::PickedOnTest => "The winner was picked on the test set",
            Defect::UnweightedMean => "Losses were averaged over unequal minibatches",
            Defect::ScoredAugmented => "Training scores of Task 4 are those of augmented images",
            Defect::DifferentRuns => "Report and notebook publish different runs",
            Defect::NotGrokking => "\"Grokking\" is not what the curves show",
        }
    }

    /// The defect with the evidence for it, one sentence with figures.
    pub fn shown_by(self, evidence: impl Into<String>) -> Evidence {
        Evidence { defect: self, sentence: evidence.into() }
    }
}

/// A defect with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The defect.
    pub defect: Defect,
    /// What shows it.
    pub sentence: String,
}

/// A conclusion of the original that says that something is greater than something else, against what our
/// seeds give.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::original::Support;
///
/// // Seed by seed one point more, give or take a tenth: the whole interval is above 0.
/// let excess = Distribution::new(vec![0.010, 0.011, 0.009])?;
/// let claims = Claims::about_any_data();
/// let conclusion = Conclusion::judge(&claims, "1c", "Weight decay helps", &excess, Unit::Points);
/// assert_eq!(conclusion.verdict, Support::Supported);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// The part of the report that it stands in, like "2c".
    pub part: String,
    /// What the original concludes.
    pub statement: String,
    /// What our seeds say.
    pub verdict: Support,
    /// The figures.
    pub evidence: String,
}

/// What our seeds say of a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// The whole 95 % interval of the mean lies on the side that the conclusion says.
    Supported,
    /// The interval holds zero: the seeds do not tell.
    NotSupported,
    /// The whole interval lies on the other side.
    Reversed,
    /// Claims about these results are not checked: they are not on MNIST, or not with all seeds.
    NotChecked,
}

impl Conclusion {
    /// Judges the conclusion by `excess`, seed by seed the quantity that the conclusion says is above 0. It is
    /// checked if `claims` about the same results are.
    pub fn judge(
        claims: &Claims,
        part: &str,
        statement: &str,
        excess: &Distribution,
        unit: Unit,
    ) -> Conclusion {
        let interval = excess.confidence_interval();
        let verdict = match interval {
            _ if !claims.are_checked() => Support::NotChecked,
            interval if interval.low > 0. => Support::Supported,
            interval if interval.high < 0. => Support::Reversed,
            _ => Support::NotSupported,
        };
        let [mean, low, high] =
            [excess.mean(), interval.low, interval.high].map(|value| unit.show(value));
        let evidence =
            format!("{mean}, 95 % interval of the mean {low} to {high}, {} seeds", excess.count());
        Conclusion { part: part.to_string(), statement: statement.to_string(), verdict, evidence }
    }

    /// The same conclusion with the measured quantity said before the figures.
    pub fn measured_by(self, quantity: &str) -> Conclusion {
        Conclusion { evidence: format!("{quantity}: {}", self.evidence), ..self }
    }
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Support::Supported => "supported",
            Support::NotSupported => "not supported",
            Support::Reversed => "reversed",
            Support::NotChecked => "not checked",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;

    fn verdict(values: &[f64]) -> Result<Support> {
        let excess = Distribution::new(values.to_vec())?;
        Ok(Conclusion::judge(&Claims::about_any_data(), "1c", "It is more", &excess, Unit::Points)
            .verdict)
    }

    #[test]
    fn a_conclusion_is_judged_by_the_side_of_zero_that_the_interval_lies_on() -> Result<()> {
        assert_eq!(verdict(&[1.0, 1.1, 0.9])?, Support::Supported);
        assert_eq!(verdict(&[-1.0, -1.1, -0.9])?, Support::Reversed);
        assert_eq!(verdict(&[-1.0, 1.1, 0.1])?, Support::NotSupported);
        Ok(())
    }

    #[test]
    fn a_conclusion_is_not_judged_where_claims_are_not_checked() -> Result<()> {
        let excess = Distribution::new(vec![1.0, 1.1, 0.9])?;
        let claims = Claims::not_checked("synthetic digits");
        let judged = Conclusion::judge(&claims, "1c", "It is more", &excess, Unit::Points);
        assert_eq!(judged.verdict, Support::NotChecked);
        Ok(())
    }
}

//! The answers to the questions of the assignment, ours beside the original's.

use super::Conclusion;
use crate::study::{Distribution, Judged, Unit};

/// The answer to one question of the assignment.
///
/// ```
/// use hinge::original::{Answer, Measured};
/// use hinge::prelude::*;
///
/// let claims = Claims::about_any_data();
/// let gap = Distribution::new(vec![0.22, 0.21, 0.23])?; // train less test accuracy, seed by seed
/// let answer = Answer {
///     question: "Does it overfit?".to_string(),
///     text: format!("Yes: train accuracy is {} above test accuracy.", Unit::Points.show(gap.mean())),
///     measured: Measured::new("train less test accuracy", &gap, Unit::Points),
///     original: Conclusion::judge(claims.judged(), "1b", "There is significant overfitting", &gap, Unit::Points),
/// };
/// assert_eq!(answer.text(), "Yes: train accuracy is +22.0 points above test accuracy.");
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The question, in plain words.
    pub question: String,
    /// Our answer in one or two sentences, with computed numbers.
    pub text: String,
    /// The figure it rests on.
    pub measured: Measured,
    /// The original's answer, with our verdict on it; a question that the original never tested is
    /// [`not_testable`](Conclusion::not_testable).
    pub original: Conclusion,
}

/// A quantity over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What it is: "train less test accuracy".
    pub quantity: String,
    /// Its value with each seed.
    pub over_seeds: Distribution,
    /// Its unit.
    pub unit: Unit,
}

impl Measured {
    /// The quantity with this name.
    pub fn new(quantity: &str, over_seeds: &Distribution, unit: Unit) -> Measured {
        Measured { quantity: quantity.to_string(), over_seeds: over_seeds.clone(), unit }
    }

    /// The mean over seeds: "+2.3 points".
    pub fn mean(&self) -> String {
        self.unit.show(self.over_seeds.mean())
    }

    /// The 95 % interval of the mean: "+2.0 points to +2.6 points".
    pub fn interval(&self) -> String {
        self.over_seeds.confidence_interval().show(|end| self.unit.show(end))
    }
}

impl Answer {
    /// Our answer; results that are not judged answer nothing.
    pub fn text(&self) -> String {
        match self.original.judged() {
            Judged::Yes => self.text.clone(),
            Judged::No(reason) => {
                format!("No answer: these results are not a full run on MNIST ({reason}).")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;

    #[test]
    fn results_that_are_not_judged_answer_nothing() -> Result<()> {
        let gain = Distribution::new(vec![0.02, 0.03])?;
        let judged = Judged::No("synthetic digits");
        let answer = Answer {
            question: "Does it help?".to_string(),
            text: "Yes.".to_string(),
            measured: Measured::new("gain", &gain, Unit::Points),
            original: Conclusion::judge(judged, "1c", "It helps", &gain, Unit::Points),
        };
        assert!(answer.text().ends_with("(synthetic digits)."), "{}", answer.text());
        Ok(())
    }
}

//! The answers to the questions of the assignment, ours beside the original's.

use super::{Conclusion, Measured};
use crate::study::Judged;

/// The answer to one question of the assignment.
///
/// ```
/// use hinge::prelude::*;
///
/// let claims = Claims::about_any_data();
/// let gap = Distribution::new(vec![0.22, 0.21, 0.23])?; // train less test accuracy, seed by seed
/// let measured = Measured::new("train less test accuracy", &gap, Unit::Points);
/// let answer = Answer {
///     question: "Does it overfit?".to_string(),
///     text: format!("Yes: train accuracy is {} above test accuracy.", Unit::Points.size(gap.mean())),
///     original: Conclusion::judge(claims.judged(), "1b", "There is significant overfitting", measured.clone()),
///     measured,
/// };
/// assert_eq!(answer.text(), "Yes: train accuracy is 22.0 points above test accuracy.");
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
    use crate::study::{Distribution, Unit};

    #[test]
    fn results_that_are_not_judged_answer_nothing() -> Result<()> {
        let gain = Distribution::new(vec![0.02, 0.03])?;
        let judged = Judged::No("synthetic digits");
        let measured = Measured::new("gain", &gain, Unit::Points);
        let answer = Answer {
            question: "Does it help?".to_string(),
            text: "Yes.".to_string(),
            original: Conclusion::judge(judged, "1c", "It helps", measured.clone()),
            measured,
        };
        assert!(answer.text().ends_with("(synthetic digits)."), "{}", answer.text());
        Ok(())
    }
}

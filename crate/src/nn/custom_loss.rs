//! A loss that the user defines.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt;

/// A user-defined loss: a name, the loss of one example with logits `s`, `[classes]`, and label `y`, and its
/// gradient with respect to the logits, `[classes]`.
///
/// ```
/// use hinge::prelude::*;
///
/// /// Half the squared distance of the logits from the label's one-hot vector.
/// fn half_squares(s: &[f64], y: usize) -> f64 {
///     0.5 * gradient(s, y).iter().map(|g_j| g_j * g_j).sum::<f64>()
/// }
/// fn gradient(s: &[f64], y: usize) -> Vec<f64> {
///     s.iter().enumerate().map(|(j, s_j)| s_j - if j == y { 1. } else { 0. }).collect()
/// }
/// let loss: Loss = CustomLoss::new("least squares", half_squares, gradient)?.into();
/// let run = Experiment { loss, epochs: 5, ..Experiment::default() }.run(&Digits::synthetic(0), 0)?;
/// assert!(run.last().train.loss < 0.5);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)] // By name, as functions cannot be serialised.
pub struct CustomLoss {
    name: &'static str,
    #[serde(skip)]
    pub(super) value: Value,
    #[serde(skip)]
    gradient: Gradient,
}

type Value = fn(&[f64], usize) -> f64;
type Gradient = fn(&[f64], usize) -> Vec<f64>;

impl CustomLoss {
    /// A loss under the name that results show. The gradient is compared with difference quotients of the loss,
    /// for every label of ten classes and several logits, as a wrong one would silently train something else.
    ///
    /// # Errors
    /// [`Error::Gradient`] says where the two differ, or that a value is not finite.
    pub fn new(name: &'static str, value: Value, gradient: Gradient) -> Result<CustomLoss> {
        const CLASSES: usize = 10;
        let loss = CustomLoss { name, value, gradient };
        for point in 0..5 {
            // No two of these logits are equal or differ by 1, where hinge losses have a corner.
            let logit = |j: usize| 2. * (1.7 * (j * j) as f64 + point as f64).sin();
            let logits: Vec<f64> = (0..CLASSES).map(logit).collect();
            (0..CLASSES).try_for_each(|label| loss.check(&logits, label))?;
        }
        Ok(loss)
    }

    fn check(&self, logits: &[f64], label: usize) -> Result<()> {
        const STEP: f64 = 1e-5;
        const TOLERANCE: f64 = 1e-5;
        for (class, found) in self.gradient(logits, label)?.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut logits = logits.to_vec();
                logits[class] += by;
                (self.value)(&logits, label)
            };
            let expected = (moved(STEP) - moved(-STEP)) / (2. * STEP);
            let agree = (found - expected).abs() <= TOLERANCE * (1. + expected.abs());
            // Not `>` above, as NaN must not agree.
            if !agree {
                let what =
                    format!("expected {expected:.6} (a difference quotient), found {found:.6},");
                return Err(self.fault(format!("{what} in class {class}"), logits, label));
            }
        }
        Ok(())
    }

    /// The gradient, `[classes]`.
    pub(super) fn gradient(&self, s: &[f64], y: usize) -> Result<Vec<f64>> {
        let gradient = (self.gradient)(s, y);
        if gradient.len() == s.len() {
            return Ok(gradient);
        }
        let what = format!("expected {} numbers, found {},", s.len(), gradient.len());
        Err(self.fault(what, s, y))
    }

    fn fault(&self, what: String, s: &[f64], y: usize) -> Error {
        let name = self.name;
        Error::Gradient(format!("{what} for the logits {s:.3?} and label {y} of \"{name}\""))
    }
}

/// Two losses with the same name are equal.
impl PartialEq for CustomLoss {
    fn eq(&self, other: &CustomLoss) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for CustomLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

debug_as_display!(CustomLoss);

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(s: &[f64], _: usize) -> f64 {
        s.iter().map(|s_j| s_j * s_j).sum()
    }

    fn message(value: Value, gradient: Gradient) -> String {
        CustomLoss::new("mine", value, gradient).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_correct_gradient_is_accepted() {
        let loss =
            CustomLoss::new("squares", squares, |s, _| s.iter().map(|s_j| 2. * s_j).collect());
        assert_eq!(loss.map(|loss| loss.to_string()).ok(), Some("squares".into()));
    }

    #[test]
    fn a_wrong_gradient_is_an_error_with_the_class_and_both_values() {
        let message = message(squares, |s, _| s.to_vec());
        // The first logit is 0, the second 2 sin(1.7) = 1.983330.
        for part in ["expected 3.966659", "in class 1", "found 1.983330", "of \"mine\""] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_gradient_of_another_length_is_an_error() {
        let message = message(squares, |_, _| vec![0.; 3]);
        assert!(message.contains("expected 10 numbers, found 3"), "{message}");
    }

    #[test]
    fn a_gradient_that_changes_its_length_while_training_is_an_error() {
        // Right for the logits of the check, whose first is never below -1.99.
        let short_later = |s: &[f64], _: usize| {
            s.iter().map(|s_j| 2. * s_j).take(if s[0] < -1.99 { 3 } else { s.len() }).collect()
        };
        let loss = CustomLoss::new("mine", squares, short_later).expect("the check passes");
        let error = loss.gradient(&[-5.; 10], 0).expect_err("it is short");
        assert!(error.to_string().contains("expected 10 numbers, found 3"), "{error}");
    }

    #[test]
    fn a_loss_that_is_no_number_is_an_error() {
        let message = message(|_, _| f64::NAN, |s, _| vec![0.; s.len()]);
        assert!(message.contains("NaN"), "{message}");
    }
}

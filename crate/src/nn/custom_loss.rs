//! A loss that the user brings.

use crate::error::{Error, Result};
use serde::{Serialize, Serializer};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A loss of one's own: a name, the loss of one example with logits `s`, `[classes]`, and label `y`, and its
/// gradient with respect to the logits, `[classes]`.
///
/// ```
/// use hinge::prelude::*;
///
/// /// Half the squared distance of the logits from the label's one-hot vector.
/// fn half_squares(s: &[f64], y: usize) -> f64 {
///     0.5 * slopes(s, y).iter().map(|slope| slope * slope).sum::<f64>()
/// }
/// fn slopes(s: &[f64], y: usize) -> Vec<f64> {
///     s.iter().enumerate().map(|(j, s_j)| s_j - if j == y { 1. } else { 0. }).collect()
/// }
/// let loss: Loss = CustomLoss::new("least squares", half_squares, slopes)?.into();
/// let run = Experiment { loss, epochs: 5, ..Experiment::default() }.run(&Digits::synthetic(0), 0)?;
/// assert!(run.last().train.loss < 0.5);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct CustomLoss {
    name: &'static str,
    value: Value,
    gradient: Gradient,
}

type Value = fn(&[f64], usize) -> f64;
type Gradient = fn(&[f64], usize) -> Vec<f64>;

impl CustomLoss {
    /// A loss under the name that results show. The gradient is compared with difference quotients of the loss,
    /// for every label of ten classes and several logits: a wrong one would train something else unnoticed.
    ///
    /// # Errors
    /// [`Error::Gradient`] says where the two differ, or that a value is not finite.
    pub fn new(name: &'static str, value: Value, gradient: Gradient) -> Result<CustomLoss> {
        const CLASSES: usize = 10;
        let own = CustomLoss { name, value, gradient };
        for point in 0..5 {
            // No two of these logits are equal, and no difference is 1, where margins have a corner.
            let logit = |j: usize| 2. * (1.7 * (j * j) as f64 + point as f64).sin();
            let logits: Vec<f64> = (0..CLASSES).map(logit).collect();
            (0..CLASSES).try_for_each(|label| own.check(&logits, label))?;
        }
        Ok(own)
    }

    fn check(&self, logits: &[f64], label: usize) -> Result<()> {
        const STEP: f64 = 1e-5;
        const TOLERANCE: f64 = 1e-5;
        let fault = |what: String| {
            let loss = self.name;
            Error::Gradient(format!(
                "{what} for the logits {logits:.3?} and label {label} of \"{loss}\""
            ))
        };
        let gradient = (self.gradient)(logits, label);
        if gradient.len() != logits.len() {
            let (expected, found) = (logits.len(), gradient.len());
            return Err(fault(format!("expected {expected} slopes, found {found}")));
        }
        for (class, found) in gradient.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut logits = logits.to_vec();
                logits[class] += by;
                (self.value)(&logits, label)
            };
            let expected = (moved(STEP) - moved(-STEP)) / (2. * STEP);
            // Written so that it holds for NaN, too.
            let agree = (found - expected).abs() <= TOLERANCE * (1. + expected.abs());
            if !agree {
                return Err(fault(format!(
                    "expected the slope {expected:.6} in class {class} (a difference quotient), found {found:.6},"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn of(&self, s: &[f64], y: usize) -> f64 {
        (self.value)(s, y)
    }

    /// Writes the gradient; slopes that are missing stay as they are, and those beyond the classes are left out.
    pub(crate) fn gradient_of(&self, s: &[f64], y: usize, gradient: &mut [f64]) {
        for (slope, own) in gradient.iter_mut().zip((self.gradient)(s, y)) {
            *slope = own;
        }
    }
}

/// By name: its functions have no other form than code.
impl Serialize for CustomLoss {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// Two are the same loss if they have the same name.
impl PartialEq for CustomLoss {
    fn eq(&self, other: &CustomLoss) -> bool {
        self.name == other.name
    }
}

impl Eq for CustomLoss {}

impl Hash for CustomLoss {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for CustomLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for CustomLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(s: &[f64], _: usize) -> f64 {
        s.iter().map(|s_j| s_j * s_j).sum()
    }

    fn message(value: Value, gradient: Gradient) -> String {
        let error = CustomLoss::new("mine", value, gradient).expect_err("it is wrong");
        error.to_string()
    }

    #[test]
    fn a_right_gradient_is_accepted() {
        let own =
            CustomLoss::new("squares", squares, |s, _| s.iter().map(|s_j| 2. * s_j).collect());
        assert_eq!(own.map(|own| own.to_string()).ok(), Some("squares".into()));
    }

    #[test]
    fn a_wrong_gradient_is_an_error_with_the_class_and_both_slopes() {
        let message = message(squares, |s, _| s.to_vec());
        // The first logit is 0, the second 2 sin(1.7) = 1.983330.
        for part in ["slope 3.966659", "in class 1", "found 1.983330", "of \"mine\""] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_gradient_of_another_length_is_an_error() {
        let message = message(squares, |_, _| vec![0.; 3]);
        assert!(message.contains("expected 10 slopes, found 3"), "{message}");
    }

    #[test]
    fn a_loss_that_is_no_number_is_an_error() {
        let message = message(|_, _| f64::NAN, |s, _| vec![0.; s.len()]);
        assert!(message.contains("NaN"), "{message}");
    }
}

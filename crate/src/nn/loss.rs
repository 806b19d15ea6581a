//! Loss functions on logits, with their gradients.
//!
//! An example has logits `s`, `[classes]`, and a label `y`. The loss of several examples is their mean, as with
//! PyTorch's default `reduction="mean"`.

use super::{CustomLoss, Logits, Number};
use crate::error::Result;
use crate::linalg::{Job, Lanes, Real};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A loss on logits.
///
/// ```
/// use hinge::train::Score;
/// use hinge::{Layer, Loss, Network};
/// use tch::{Device, Kind, Tensor};
///
/// // Without weights the logits are the biases: one example with logits 2, 1.5, 0 and label 0.
/// let no_weights = Tensor::zeros([3, 1], (Kind::Double, Device::Cpu));
/// let network = Network::new(vec![Layer { weight: no_weights, bias: Tensor::from_slice(&[2., 1.5, 0.]) }])?;
/// let logits = network.logits(&Tensor::from_slice(&[0.]).view([1, 1]))?;
/// let loss = |loss: Loss| Score::new(&logits, loss, &[0]).map(|score| score.loss);
///
/// // Class 1 violates its margin by 1 - 2 + 1.5 = 0.5, class 2 does not.
/// assert_eq!(loss(Loss::MultiMargin)?, 0.5 / 3.);
/// assert_eq!(loss(Loss::MaxMargin)?, 0.5);
/// let by_definition = (2f64.exp() + 1.5f64.exp() + 0f64.exp()).ln() - 2.;
/// assert!((loss(Loss::CrossEntropy)? - by_definition).abs() < 1e-12);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Multi-class hinge loss with margin 1: `(1/classes) * sum over j != y of max(0, 1 - s_y + s_j)`, as
    /// [`torch.nn.MultiMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html)
    /// with `p = 1`. A linear model trained on it is a linear SVM (Weston and Watkins, 1999).
    MultiMargin,
    /// The multi-class hinge loss of the course's end-to-end SVM (Crammer and Singer, 2001):
    /// `max over j of (delta(j, y) + s_j - s_y)` with `delta` 0 for `j = y` and 1 otherwise. Where the
    /// multi-margin loss adds up all violated margins, this one counts the worst.
    MaxMargin,
    /// Softmax cross entropy: `log(sum over j of exp(s_j)) - s_y`, as
    /// [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html).
    /// A linear model trained on it is multinomial logistic regression.
    CrossEntropy,
    /// A loss that the user defines.
    #[serde(skip_deserializing)]
    Custom(CustomLoss),
}

impl Loss {
    /// The loss of one example with logits `s`, `[classes]`, and label `y`, below the number of classes.
    #[inline(always)]
    pub(crate) fn value<N: Number>(self, s: &[N], y: usize) -> N {
        let zero = N::from(0.);
        match self {
            Loss::MultiMargin => violations(s, y).fold(zero, N::add) * N::from(1. / s.len() as f64),
            Loss::MaxMargin => violations(s, y).fold(zero, N::max),
            Loss::CrossEntropy => {
                let greatest = greatest(s);
                let mut sum = zero;
                for s_j in s {
                    sum = sum + (*s_j - greatest).exp();
                }
                sum.ln() + greatest - s[y]
            }
            Loss::Custom(custom) => N::each(s, |s| (custom.value)(s, y)),
        }
    }

    /// Writes the gradient with respect to the logits of one example to `gradient`, `[classes]`:
    ///
    /// - Multi-margin: `1 / classes` for every class `j != y` whose margin is violated
    ///   (`1 - s_y + s_j > 0`), and minus their sum for class `y`.
    /// - Max-margin: 1 for the class with the worst violated margin, -1 for class `y`.
    /// - Cross entropy: `softmax(s) - onehot(y)`.
    #[inline(always)]
    fn write_gradient(self, s: &[f64], y: usize, gradient: &mut [f64]) -> Result<()> {
        match self {
            Loss::MultiMargin => {
                for (g_j, violation) in gradient.iter_mut().zip(violations(s, y)) {
                    *g_j = if violation > 0. { 1. / s.len() as f64 } else { 0. };
                }
                gradient[y] = -gradient.iter().sum::<f64>();
            }
            Loss::MaxMargin => {
                gradient.fill(0.);
                let worse = |a: (usize, f64), b: (usize, f64)| if b.1 > a.1 { b } else { a };
                let (class, worst) = violations(s, y).enumerate().fold((y, 0.), worse);
                if worst > 0. {
                    (gradient[class], gradient[y]) = (1., -1.);
                }
            }
            Loss::CrossEntropy => {
                let greatest = greatest(s);
                for (g_j, s_j) in gradient.iter_mut().zip(s) {
                    *g_j = Number::exp(s_j - greatest);
                }
                let sum: f64 = gradient.iter().sum();
                gradient.iter_mut().for_each(|g_j| *g_j /= sum);
                gradient[y] -= 1.;
            }
            Loss::Custom(custom) => gradient.copy_from_slice(&custom.gradient(s, y)?),
        }
        Ok(())
    }

    /// The loss of each example, `[n]`.
    pub(crate) fn values(self, logits: &Logits, labels: &[u8]) -> Vec<f64> {
        let pairs = logits.rows().zip(labels);
        pairs.map(|(s, y)| self.value(s, usize::from(*y))).collect()
    }

    /// The gradient of the mean loss with respect to the logits, `[n, classes]`, row by row.
    ///
    /// # Errors
    /// [`Error::Gradient`](crate::Error::Gradient) for a custom gradient without an entry for each class.
    pub(crate) fn gradient(self, logits: &Logits, labels: &[u8]) -> Result<Vec<f64>> {
        f64::run(Gradient { loss: self, logits, labels })
    }
}

/// See [`Loss::gradient`].
struct Gradient<'a> {
    loss: Loss,
    logits: &'a Logits,
    labels: &'a [u8],
}

impl Job<f64> for Gradient<'_> {
    type Output = Result<Vec<f64>>;

    #[inline(always)]
    fn run<L: Lanes<f64>, const ROWS: usize>(self) -> Result<Vec<f64>> {
        let mut gradient = vec![0.; self.labels.len() * self.logits.classes()];
        let rows = gradient.chunks_exact_mut(self.logits.classes());
        for ((row, s), y) in rows.zip(self.logits.rows()).zip(self.labels) {
            self.loss.write_gradient(s, usize::from(*y), row)?;
        }
        let n = self.labels.len() as f64;
        for g_j in &mut gradient {
            *g_j /= n;
        }
        Ok(gradient)
    }
}

/// The violation of each class's margin, `max(0, 1 - s_y + s_j)`; 0 for class `y` itself.
#[inline(always)]
fn violations<N: Number>(s: &[N], y: usize) -> impl Iterator<Item = N> {
    let (zero, less) = (N::from(0.), N::from(1.) - s[y]);
    s.iter().enumerate().map(move |(j, s_j)| if j == y { zero } else { (less + *s_j).max(zero) })
}

#[inline(always)]
fn greatest<N: Number>(s: &[N]) -> N {
    s.iter().copied().fold(N::from(f64::NEG_INFINITY), N::max)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::MultiMargin => f.write_str("multi-margin loss"),
            Loss::MaxMargin => f.write_str("max-margin loss"),
            Loss::CrossEntropy => f.write_str("cross entropy"),
            Loss::Custom(custom) => write!(f, "{custom}"),
        }
    }
}

impl From<CustomLoss> for Loss {
    fn from(custom: CustomLoss) -> Loss {
        Loss::Custom(custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Kind, Tensor};

    const LABELS: [u8; 2] = [0, 2];

    fn tensor() -> Tensor {
        Tensor::from_slice(&[2.0, 1.5, -1.0, 0.0, 3.0, 0.5]).view([2, 3])
    }

    fn mean_of(loss: Loss, logits: &Logits, labels: &[u8]) -> f64 {
        loss.values(logits, labels).iter().sum::<f64>() / labels.len() as f64
    }

    fn mean(loss: Loss) -> f64 {
        mean_of(loss, &Logits::from_tensor(&tensor()), &LABELS)
    }

    #[test]
    fn multi_margin_is_the_mean_violation_over_all_classes() {
        // Example 1: max(0, 1 - 2 + 1.5) + max(0, 1 - 2 - 1) = 0.5; example 2: 0.5 + 3.5 = 4; over 3 classes.
        assert!((mean(Loss::MultiMargin) - (0.5 / 3. + 4. / 3.) / 2.).abs() < 1e-12);
    }

    #[test]
    fn max_margin_is_the_mean_of_the_worst_violation() {
        assert!((mean(Loss::MaxMargin) - (0.5 + 3.5) / 2.).abs() < 1e-12);
    }

    #[test]
    fn cross_entropy_of_equal_logits_is_the_logarithm_of_the_number_of_classes() {
        let logits = Logits::from_tensor(&Tensor::zeros([4, 10], (Kind::Double, tch::Device::Cpu)));
        let loss = mean_of(Loss::CrossEntropy, &logits, &[0, 3, 7, 9]);
        assert!((loss - 10f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn cross_entropy_of_great_logits_is_finite() {
        let logits = Logits::from_tensor(&Tensor::from_slice(&[1e30, -1e30]).view([1, 2]));
        assert_eq!(mean_of(Loss::CrossEntropy, &logits, &[1]), 2e30);
    }

    /// The definitions in tensor operations, which can be differentiated.
    fn by_definition(loss: Loss, logits: &Tensor, labels: &Tensor) -> Tensor {
        let column = labels.unsqueeze(1);
        let hinges = (logits - logits.gather(1, &column, false) + 1.).clamp_min(0.);
        let hinges = hinges.scatter_value(1, &column, 0.);
        match loss {
            Loss::MultiMargin => hinges.mean_dim(1, false, None).mean(None),
            Loss::MaxMargin => hinges.amax(1, false).mean(None),
            Loss::CrossEntropy => {
                let of_label = logits.gather(1, &column, false).squeeze_dim(1);
                (logits.logsumexp(1, false) - of_label).mean(None)
            }
            Loss::Custom(_) => unreachable!("the test has none"),
        }
    }

    #[test]
    fn losses_and_gradients_are_those_of_automatic_differentiation() -> Result<()> {
        let labels = Tensor::from_slice(&LABELS.map(i64::from));
        for loss in [Loss::MultiMargin, Loss::MaxMargin, Loss::CrossEntropy] {
            let logits = tensor().set_requires_grad(true);
            let expected = by_definition(loss, &logits, &labels);
            expected.backward();
            assert!((expected.double_value(&[]) - mean(loss)).abs() < 1e-12, "{loss}");
            let by_hand = loss.gradient(&Logits::from_tensor(&tensor()), &LABELS)?;
            let difference = logits.grad() - Tensor::from_slice(&by_hand).view([2, 3]);
            assert!(difference.abs().max().double_value(&[]) < 1e-12, "{loss}");
        }
        Ok(())
    }
}

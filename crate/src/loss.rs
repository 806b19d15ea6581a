//! Loss functions on logits, with their gradients.
//!
//! A batch has logits `s` of shape `[n, classes]` and labels `y` of shape `[n]` (integers). Both losses are
//! means over the batch, as PyTorch's default `reduction="mean"`.

use serde::{Deserialize, Serialize};
use std::fmt;
use tch::{Kind, Tensor};

/// A loss on logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
}

impl Loss {
    /// The loss of each example, `[n, classes]`, `[n]` -> `[n]`.
    pub fn of_each(self, logits: &Tensor, labels: &Tensor) -> Tensor {
        match self {
            // The term j = y contributes its margin, exactly 1, to the sum.
            Loss::MultiMargin => {
                let classes = logits.size()[1] as f64;
                (hinges(logits, labels).sum_dim_intlist(1, false, None) - 1.) / classes
            }
            // The term j = y is 0; its hinge, the margin 1, is taken off the true class.
            Loss::MaxMargin => without_true_class(hinges(logits, labels), labels).amax(1, false),
            Loss::CrossEntropy => -logits
                .log_softmax(1, None)
                .gather(1, &labels.unsqueeze(1), false)
                .squeeze_dim(1),
        }
    }

    /// The mean loss of the batch, `[n, classes]`, `[n]` -> number.
    pub fn mean(self, logits: &Tensor, labels: &Tensor) -> f64 {
        self.of_each(logits, labels)
            .mean(Kind::Double)
            .double_value(&[])
    }

    /// The gradient of the mean loss with respect to the logits, `[n, classes]`, `[n]` -> `[n, classes]`.
    ///
    /// - Multi-margin: `1 / (n * classes)` for every class `j != y` whose margin is violated
    ///   (`1 - s_y + s_j > 0`), and minus their sum for class `y`.
    /// - Max-margin: `1 / n` for the class with the worst violated margin, `-1 / n` for class `y`.
    /// - Cross entropy: `(softmax(s) - onehot(y)) / n`.
    pub fn gradient(self, logits: &Tensor, labels: &Tensor) -> Tensor {
        let (n, classes) = (logits.size()[0] as f64, logits.size()[1]);
        let column = labels.unsqueeze(1);
        match self {
            Loss::MultiMargin => {
                let hinges = without_true_class(hinges(logits, labels), labels);
                let violated = hinges.gt(0.).to_kind(logits.kind());
                let count = violated.sum_dim_intlist(1, true, None);
                violated.scatter(1, &column, &-count) / (n * classes as f64)
            }
            Loss::MaxMargin => {
                let (worst, class) =
                    without_true_class(hinges(logits, labels), labels).max_dim(1, true);
                let violated = worst.gt(0.).to_kind(logits.kind()) / n;
                logits
                    .zeros_like()
                    .scatter(1, &class, &violated)
                    .scatter_add(1, &column, &-violated)
            }
            Loss::CrossEntropy => {
                let minus_one = Tensor::full(column.size(), -1., (logits.kind(), logits.device()));
                logits.softmax(1, None).scatter_add(1, &column, &minus_one) / n
            }
        }
    }
}

/// `max(0, 1 - s_y + s_j)` for every class j, the true one included; `[n, classes]`.
fn hinges(logits: &Tensor, labels: &Tensor) -> Tensor {
    (logits - logits.gather(1, &labels.unsqueeze(1), false) + 1.).clamp_min(0.)
}

fn without_true_class(hinges: Tensor, labels: &Tensor) -> Tensor {
    hinges.scatter_value(1, &labels.unsqueeze(1), 0.)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::MultiMargin => "multi-margin loss",
            Loss::MaxMargin => "max-margin loss",
            Loss::CrossEntropy => "cross entropy",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> (Tensor, Tensor) {
        let logits = Tensor::from_slice(&[2.0, 1.5, -1.0, 0.0, 3.0, 0.5]).view([2, 3]);
        (logits, Tensor::from_slice(&[0i64, 2]))
    }

    #[test]
    fn multi_margin_is_the_mean_violation_over_all_classes() {
        let (logits, labels) = batch();
        // Example 1: max(0, 1 - 2 + 1.5) + max(0, 1 - 2 - 1) = 0.5; example 2: 0.5 + 3.5 = 4; over 3 classes.
        let expected = (0.5 / 3. + 4. / 3.) / 2.;
        assert!((Loss::MultiMargin.mean(&logits, &labels) - expected).abs() < 1e-12);
    }

    #[test]
    fn max_margin_is_the_mean_of_the_worst_violation() {
        let (logits, labels) = batch();
        assert!((Loss::MaxMargin.mean(&logits, &labels) - (0.5 + 3.5) / 2.).abs() < 1e-12);
    }

    #[test]
    fn cross_entropy_of_equal_logits_is_the_logarithm_of_the_number_of_classes() {
        let logits = Tensor::zeros([4, 10], (Kind::Double, tch::Device::Cpu));
        let labels = Tensor::from_slice(&[0i64, 3, 7, 9]);
        assert!((Loss::CrossEntropy.mean(&logits, &labels) - 10f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_gradients_are_those_of_automatic_differentiation() {
        for loss in [Loss::MultiMargin, Loss::MaxMargin, Loss::CrossEntropy] {
            let (logits, labels) = batch();
            let logits = logits.set_requires_grad(true);
            loss.of_each(&logits, &labels).mean(None).backward();
            let by_hand = loss.gradient(&logits.detach(), &labels);
            assert!(
                (logits.grad() - by_hand).abs().max().double_value(&[]) < 1e-12,
                "{loss}"
            );
        }
    }
}

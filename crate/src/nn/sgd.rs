//! Stochastic gradient descent as `torch.optim.SGD` defines it.

use crate::error::{Error, Result};
use serde::Serialize;
use tch::Tensor;

/// The settings of [`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).
///
/// A step with gradient `g` of the mean loss of a minibatch, parameters `p` and velocity `v` is
///
/// ```text
/// g <- g + weight_decay * p
/// v <- momentum * v + g               (v = g in the first step)
/// g <- g + momentum * v  if nesterov, else  v
/// p <- p - learning_rate * g
/// ```
///
/// Weight decay applies to weights and biases alike, as in PyTorch.
///
/// ```
/// use hinge::train::{Engine, Examples, Trainer, TrainerSettings};
/// use hinge::{Layer, Loss, Network, Sgd};
/// use tch::{Device, Kind, Tensor};
///
/// // The margin of logits 2 and 0 holds, so that the loss has no gradient: a step only decays.
/// let no_weights = Tensor::zeros([2, 1], (Kind::Double, Device::Cpu));
/// let network = Network::new(vec![Layer { weight: no_weights, bias: Tensor::from_slice(&[2., 0.]) }])?;
/// let example = Examples::new(Tensor::from_slice(&[0.]).view([1, 1]), vec![0])?;
/// let settings = TrainerSettings {
///     loss: Loss::MultiMargin,
///     sgd: Sgd { learning_rate: 0.1, weight_decay: 0.5, ..Sgd::default() },
///     batch_size: 1,
///     clip_norm: None,
///     engine: Engine::Plain,
///     score_every: 1,
///     epochs: 1,
/// };
/// let mut trainer = Trainer::new(settings, network, example, vec![])?;
/// trainer.epoch(&[0])?;
/// let bias = trainer.network().layers()[0].bias.double_value(&[0]);
/// assert!((bias - (2. - 0.1 * 0.5 * 2.)).abs() < 1e-12);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sgd {
    /// The learning rate, finite and at least 0. Defaults to the report's `0.02`.
    pub learning_rate: f64,
    /// The factor of the L2 penalty `weight_decay / 2 * ||p||^2`, finite and at least 0. Defaults to `0`.
    pub weight_decay: f64,
    /// The momentum, from 0 to 1. Defaults to `0`.
    pub momentum: f64,
    /// Whether to use Nesterov's momentum, which needs a momentum above 0. Defaults to `false`.
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Sgd {
        Sgd { learning_rate: 0.02, weight_decay: 0., momentum: 0., nesterov: false }
    }
}

impl Sgd {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] names the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        at_least_zero("learning_rate", self.learning_rate)?;
        at_least_zero("weight_decay", self.weight_decay)?;
        if !(0. ..=1.).contains(&self.momentum) {
            return Err(Error::setting("momentum", "from 0 to 1", self.momentum));
        }
        if self.nesterov && self.momentum == 0. {
            return Err(Error::setting("momentum", "above 0 with nesterov", self.momentum));
        }
        Ok(())
    }

    /// Takes one step on `parameter`, in place. `velocity` is empty before the first step. This is the definition
    /// above, line by line.
    pub(crate) fn step(
        &self,
        parameter: &mut Tensor,
        gradient: Tensor,
        velocity: &mut Option<Tensor>,
    ) {
        let mut gradient = gradient;
        if self.weight_decay != 0. {
            gradient += &*parameter * self.weight_decay;
        }
        if self.momentum != 0. {
            let moved = match velocity.take() {
                Some(velocity) => velocity * self.momentum + &gradient,
                None => gradient.copy(),
            };
            gradient = if self.nesterov {
                gradient + &moved * self.momentum
            } else {
                moved.shallow_clone()
            };
            *velocity = Some(moved);
        }
        *parameter -= gradient * self.learning_rate;
    }
}

impl Sgd {
    /// The step of one number, whose velocity is 0 before the first.
    #[inline]
    pub(crate) fn step_number(&self, parameter: &mut f64, gradient: f64, velocity: &mut f64) {
        let gradient = gradient + self.weight_decay * *parameter;
        *velocity = self.momentum * *velocity + gradient;
        let change = if self.nesterov { gradient + self.momentum * *velocity } else { *velocity };
        *parameter -= self.learning_rate * change;
    }
}

/// A parameter with its velocity, for steps whose gradient is the product of two matrices.
pub(crate) struct Parameter {
    pub value: Tensor,
    /// `None` before the first step with momentum.
    velocity: Option<Tensor>,
}

impl Parameter {
    pub fn new(value: Tensor) -> Parameter {
        Parameter { value, velocity: None }
    }

    /// The same step as [`Sgd::step`] with the gradient `left right`, which is added where it belongs without
    /// ever being stored by itself.
    pub fn step(&mut self, sgd: &Sgd, left: &Tensor, right: &Tensor) {
        let Sgd { learning_rate, weight_decay, momentum, nesterov } = *sgd;
        let value = &mut self.value;
        if momentum != 0. {
            let velocity = self.velocity.get_or_insert_with(|| value.zeros_like());
            *velocity *= momentum;
            if weight_decay != 0. {
                *velocity += &*value * weight_decay;
            }
            let _ = velocity.addmm_(left, right);
        }
        if momentum == 0. || nesterov {
            if weight_decay != 0. {
                *value *= 1. - learning_rate * weight_decay;
            }
            let _ = value.addmm_(&(left * -learning_rate), right);
        }
        if let Some(velocity) = &self.velocity {
            let rate = if nesterov { learning_rate * momentum } else { learning_rate };
            *value -= velocity * rate;
        }
    }
}

/// By what gradients are multiplied so that their common norm, the root of `sum_of_squares`, is at most
/// `max_norm`; 1 or more means that they stay as they are. As
/// [`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html):
/// `max_norm / (norm + 1e-6)`.
pub(crate) fn clip_factor(sum_of_squares: f64, max_norm: f64) -> f64 {
    max_norm / (sum_of_squares.sqrt() + 1e-6)
}

fn at_least_zero(field: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0. {
        Ok(())
    } else {
        Err(Error::setting(field, "finite and at least 0", value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(sgd: Sgd) -> String {
        sgd.validate().expect_err("the settings are invalid").to_string()
    }

    #[test]
    fn rejects_a_learning_rate_that_is_negative_or_not_a_number() {
        for learning_rate in [-0.1, f64::NAN, f64::INFINITY] {
            let message = rejected(Sgd { learning_rate, ..Sgd::default() });
            assert!(
                message.starts_with("learning_rate must be finite and at least 0"),
                "{message}"
            );
        }
    }

    #[test]
    fn rejects_a_negative_weight_decay() {
        let message = rejected(Sgd { weight_decay: -1., ..Sgd::default() });
        assert_eq!(message, "weight_decay must be finite and at least 0, but it is -1.");
    }

    #[test]
    fn rejects_a_momentum_outside_zero_to_one() {
        for momentum in [-0.1, 1.1, f64::NAN] {
            let message = rejected(Sgd { momentum, ..Sgd::default() });
            assert!(message.starts_with("momentum must be from 0 to 1"), "{message}");
        }
    }

    #[test]
    fn rejects_nesterov_without_momentum() {
        let message = rejected(Sgd { nesterov: true, ..Sgd::default() });
        assert!(message.starts_with("momentum must be above 0 with nesterov"), "{message}");
    }

    #[test]
    fn a_step_by_a_product_is_the_step_with_that_gradient() {
        let plain = Sgd { learning_rate: 0.5, ..Sgd::default() };
        let decay = Sgd { weight_decay: 0.1, ..plain };
        let momentum = Sgd { momentum: 0.9, ..decay };
        let nesterov = Sgd { nesterov: true, ..momentum };
        let column = |numbers: &[f64]| Tensor::from_slice(numbers).unsqueeze(1);
        let start = column(&[2., -1.]).matmul(&column(&[1., 3.]).tr());
        for sgd in [plain, decay, momentum, nesterov] {
            let (mut parameter, mut velocity) = (start.copy(), None);
            let mut by_product = Parameter::new(start.copy());
            for (left, right) in [([1., 2.], [3., -1.]), ([0.5, -3.], [2., 2.])] {
                let (left, right) = (column(&left), column(&right).tr());
                sgd.step(&mut parameter, left.matmul(&right), &mut velocity);
                by_product.step(&sgd, &left, &right);
            }
            let difference = (parameter - by_product.value).abs().max();
            assert!(difference.double_value(&[]) < 1e-12, "{sgd:?}");
        }
    }

    #[test]
    fn a_step_follows_the_definition() {
        let sgd = Sgd { learning_rate: 0.5, weight_decay: 0.1, momentum: 0.9, nesterov: true };
        let (mut parameter, mut velocity) = (Tensor::from_slice(&[2.0f64]), None);
        let mut expected = (2.0f64, None);
        for gradient in [1.0, -3.0, 0.25] {
            sgd.step(&mut parameter, Tensor::from_slice(&[gradient]), &mut velocity);
            let decayed = gradient + 0.1 * expected.0;
            let moved = expected.1.map_or(decayed, |v: f64| 0.9 * v + decayed);
            expected = (expected.0 - 0.5 * (decayed + 0.9 * moved), Some(moved));
            assert!((parameter.double_value(&[0]) - expected.0).abs() < 1e-12);
        }
    }
}

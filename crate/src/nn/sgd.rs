//! Stochastic gradient descent as `torch.optim.SGD` defines it.

use crate::error::{Result, require};
use crate::linalg::add_product;
use serde::{Deserialize, Serialize};
use std::ops::{Add, Mul, SubAssign};
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
/// use hinge::prelude::*;
///
/// // One step, on one minibatch of 150 images.
/// let one_step = |weight_decay: f64| {
///     let sgd = Sgd { learning_rate: 0.1, weight_decay, ..Sgd::default() };
///     let experiment = Experiment { sgd, epochs: 1, batch_size: 150, ..Experiment::default() };
///     Ok::<_, hinge::Error>(experiment.run(&Digits::synthetic(0), 0)?.network().layers()[0].bias.copy())
/// };
/// // Weight decay moves the bias b by -0.1 * 0.5 * b more; PyTorch's b starts within 1/28 of 0.
/// let difference = (one_step(0.)? - one_step(0.5)?).abs().max().double_value(&[]);
/// assert!(0. < difference && difference <= 0.1 * 0.5 / 28.);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    /// [`Error::Setting`](crate::Error::Setting) names the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        at_least_zero("learning_rate", self.learning_rate)?;
        at_least_zero("weight_decay", self.weight_decay)?;
        let (momentum, has_momentum) = (self.momentum, self.momentum != 0.);
        require((0. ..=1.).contains(&momentum), "momentum", "from 0 to 1", momentum)?;
        require(!self.nesterov || has_momentum, "momentum", "above 0 with nesterov", momentum)
    }

    /// Takes one step on the parameter `p` with gradient `g` and velocity `v`, numbers or tensors: the definition
    /// above, line by line. The velocity before the first step is 0.
    #[inline]
    pub(crate) fn step<T>(&self, p: &mut T, g: T, v: &mut T)
    where
        T: Add<Output = T> + for<'a> Add<&'a T, Output = T> + SubAssign,
        for<'a> &'a T: Mul<f64, Output = T>,
    {
        let Sgd { learning_rate, weight_decay, momentum, nesterov } = *self;
        let g = if weight_decay == 0. { g } else { g + &*p * weight_decay };
        if momentum == 0. {
            *p -= &g * learning_rate;
            return;
        }
        *v = &*v * momentum + &g;
        if nesterov {
            *p -= &(g + &*v * momentum) * learning_rate;
        } else {
            *p -= &*v * learning_rate;
        }
    }
}

/// A quantity linear in the weights that adds up gradients which are never stored by themselves.
pub(crate) trait Accumulate {
    /// What the gradient is computed from.
    type Gradient<'a>;

    /// Multiplies the quantity by `factor`.
    fn scale(&mut self, factor: f64);

    /// Adds `factor * other`.
    fn add(&mut self, other: &Self, factor: f64);

    /// Adds `factor` times the gradient.
    fn add_gradient(&mut self, gradient: &Self::Gradient<'_>, factor: f64);
}

/// A parameter with its velocity.
pub(crate) struct Parameter<T> {
    pub value: T,
    /// `None` without momentum.
    pub velocity: Option<T>,
}

impl<T: Accumulate> Parameter<T> {
    /// Takes the step of [`Sgd::step`], sum by sum:
    ///
    /// ```text
    /// v <- momentum * v + weight_decay * p + g
    /// p <- p - learning_rate * (weight_decay * p + g)                 without momentum or with Nesterov's
    /// p <- p - learning_rate * v                                      with momentum; with Nesterov's times it
    /// ```
    pub fn step(&mut self, sgd: &Sgd, gradient: &T::Gradient<'_>) {
        let Sgd { learning_rate, weight_decay, momentum, nesterov } = *sgd;
        let Parameter { value, velocity } = self;
        if let Some(velocity) = velocity {
            velocity.scale(momentum);
            if weight_decay != 0. {
                velocity.add(value, weight_decay);
            }
            velocity.add_gradient(gradient, 1.);
        }
        if velocity.is_none() || nesterov {
            if weight_decay != 0. {
                value.scale(1. - learning_rate * weight_decay);
            }
            value.add_gradient(gradient, -learning_rate);
        }
        if let Some(velocity) = velocity {
            value.add(velocity, -learning_rate * if nesterov { momentum } else { 1. });
        }
    }
}

impl Parameter<Tensor> {
    /// A parameter with velocity 0.
    pub fn new(value: Tensor, sgd: &Sgd) -> Parameter<Tensor> {
        Parameter { velocity: (sgd.momentum != 0.).then(|| value.zeros_like()), value }
    }
}

/// A matrix whose gradient is the product of two.
impl Accumulate for Tensor {
    type Gradient<'a> = [&'a Tensor; 2];

    fn scale(&mut self, factor: f64) {
        *self *= factor;
    }

    fn add(&mut self, other: &Tensor, factor: f64) {
        *self += other * factor;
    }

    fn add_gradient(&mut self, [left, right]: &[&Tensor; 2], factor: f64) {
        if factor == 1. {
            add_product(self, left, right);
        } else {
            add_product(self, &(*left * factor), right);
        }
    }
}

/// The factor that reduces the norm of all gradients, the root of `sum_of_squares`, to at most `max_norm`:
/// `max_norm / (norm + 1e-6)`, at most 1, as
/// [`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).
pub(crate) fn clip_factor(sum_of_squares: f64, max_norm: f64) -> f64 {
    (max_norm / (sum_of_squares.sqrt() + 1e-6)).min(1.)
}

/// Checks that a setting is finite and at least 0.
pub(crate) fn at_least_zero(field: &'static str, value: f64) -> Result<()> {
    require(value.is_finite() && value >= 0., field, "finite and at least 0", value)
}

/// Checks that a setting is finite and above 0.
pub(crate) fn above_zero(field: &'static str, value: f64) -> Result<()> {
    require(value.is_finite() && value > 0., field, "finite and above 0", value)
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

    const DECAY: Sgd = Sgd { learning_rate: 0.5, weight_decay: 0.1, momentum: 0., nesterov: false };
    const MOMENTUM: Sgd = Sgd { momentum: 0.9, ..DECAY };
    const NESTEROV: Sgd = Sgd { nesterov: true, ..MOMENTUM };

    #[test]
    fn a_step_by_a_product_is_the_step_with_that_gradient() {
        let column = |numbers: &[f64]| Tensor::from_slice(numbers).unsqueeze(1);
        let start = column(&[2., -1.]).matmul(&column(&[1., 3.]).tr());
        for sgd in [Sgd { weight_decay: 0., ..DECAY }, DECAY, MOMENTUM, NESTEROV] {
            let (mut parameter, mut velocity) = (start.copy(), Tensor::from(0.));
            let mut by_product = Parameter::new(start.copy(), &sgd);
            for (left, right) in [([1., 2.], [3., -1.]), ([0.5, -3.], [2., 2.])] {
                let (left, right) = (column(&left), column(&right).tr());
                sgd.step(&mut parameter, left.matmul(&right), &mut velocity);
                by_product.step(&sgd, &[&left, &right]);
            }
            let difference = (parameter - by_product.value).abs().max();
            assert!(difference.double_value(&[]) < 1e-12, "{sgd:?}");
        }
    }

    #[test]
    fn a_step_follows_the_definition() {
        let (mut parameter, mut velocity) = (2.0f64, 0.);
        let mut expected = (2.0f64, None);
        for gradient in [1.0, -3.0, 0.25] {
            NESTEROV.step(&mut parameter, gradient, &mut velocity);
            let decayed = gradient + 0.1 * expected.0;
            let moved = expected.1.map_or(decayed, |v: f64| 0.9 * v + decayed);
            expected = (expected.0 - 0.5 * (decayed + 0.9 * moved), Some(moved));
            assert!((parameter - expected.0).abs() < 1e-12);
        }
    }
}

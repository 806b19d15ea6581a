//! What losses are computed with: a number, or one for each of sixteen models side by side.

use crate::linalg::LANES;
use std::array;
use std::ops::{Add, Mul, Sub};

/// A number, or several at once. Methods are `#[inline(always)]`, so that they are compiled for the registers that the
/// processor has.
pub(crate) trait Number:
    Copy + From<f64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    fn max(self, other: Self) -> Self;

    /// 1 if it is at least `other`, else 0.
    fn is_at_least(self, other: Self) -> Self;

    /// The exponential function of a number that is at most 0.
    fn exp(self) -> Self;

    fn ln(self) -> Self;

    /// What `of` makes of numbers: of the first of each, of the second of each, and so on.
    fn each(numbers: &[Self], of: impl Fn(&[f64]) -> f64) -> Self;
}

impl Number for f64 {
    #[inline(always)]
    fn max(self, other: f64) -> f64 {
        f64::max(self, other)
    }

    #[inline(always)]
    fn is_at_least(self, other: f64) -> f64 {
        if self >= other { 1. } else { 0. }
    }

    #[inline(always)]
    fn exp(self) -> f64 {
        exp(self)
    }

    #[inline(always)]
    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn each(numbers: &[f64], of: impl Fn(&[f64]) -> f64) -> f64 {
        of(numbers)
    }
}

/// Numbers side by side.
#[derive(Clone, Copy)]
pub(crate) struct Many(pub [f64; LANES]);

// With loops, unlike iterators, the compiler does not leave these operations' registers.
impl Many {
    #[inline(always)]
    fn map(mut self, of: impl Fn(f64) -> f64) -> Many {
        for number in &mut self.0 {
            *number = of(*number);
        }
        self
    }

    #[inline(always)]
    fn zip(mut self, other: Many, of: impl Fn(f64, f64) -> f64) -> Many {
        for (number, other) in self.0.iter_mut().zip(other.0) {
            *number = of(*number, other);
        }
        self
    }
}

impl Number for Many {
    #[inline(always)]
    fn max(self, other: Many) -> Many {
        self.zip(other, f64::max)
    }

    #[inline(always)]
    fn is_at_least(self, other: Many) -> Many {
        self.zip(other, Number::is_at_least)
    }

    #[inline(always)]
    fn exp(self) -> Many {
        self.map(exp)
    }

    #[inline(always)]
    fn ln(self) -> Many {
        self.map(f64::ln)
    }

    fn each(numbers: &[Many], of: impl Fn(&[f64]) -> f64) -> Many {
        let at = |i: usize| numbers.iter().map(|number| number.0[i]).collect::<Vec<f64>>();
        Many(array::from_fn(|i| of(&at(i))))
    }
}

impl From<f64> for Many {
    #[inline(always)]
    fn from(number: f64) -> Many {
        Many([number; LANES])
    }
}

impl Add for Many {
    type Output = Many;

    #[inline(always)]
    fn add(self, other: Many) -> Many {
        self.zip(other, f64::add)
    }
}

impl Sub for Many {
    type Output = Many;

    #[inline(always)]
    fn sub(self, other: Many) -> Many {
        self.zip(other, f64::sub)
    }
}

impl Mul for Many {
    type Output = Many;

    #[inline(always)]
    fn mul(self, other: Many) -> Many {
        self.zip(other, f64::mul)
    }
}

/// `e^x` for `x` at most 0, to the last digit or one beside it. The system's is a call for each number, and differs
/// from one system to another; this one is computed for several numbers at once.
#[inline(always)]
fn exp(x: f64) -> f64 {
    // With k the nearest whole number to x / ln 2, e^x is 2^k e^r, and r = x - k ln 2 is at most 0.35.
    const LN_2: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fee0_0000), 1.908_214_929_270_587_7e-10];
    /// Below it, e^x is nearly below the least number with all digits.
    const LEAST: f64 = -708.;
    /// Added to a number, it leaves no place for a fraction: the last bits are then those of the whole number.
    const TO_WHOLE: f64 = 6_755_399_441_055_744.; // 1.5 * 2^52
    const BIAS: u64 = 1_023;
    const FACTORIALS: [f64; 14] = {
        let mut factorials = [1.; 14];
        let mut n = 1;
        while n < factorials.len() {
            factorials[n] = factorials[n - 1] * n as f64;
            n += 1;
        }
        factorials
    };
    let shifted = x * std::f64::consts::LOG2_E + TO_WHOLE;
    let k = shifted - TO_WHOLE;
    let r = (x - k * LN_2[0]) - k * LN_2[1];
    let mut series = 0.;
    for factorial in FACTORIALS.iter().rev() {
        series = series * r + 1. / factorial;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(BIAS) << 52);
    if x < LEAST { 0. } else { series * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_function_is_right_to_the_last_digits() {
        for i in 0..100_000 {
            let x = -0.00707 * f64::from(i);
            let (expected, found) = (x.exp(), exp(x));
            assert!((found - expected).abs() <= 4e-16 * expected, "{x}: {found}, not {expected}");
        }
        assert_eq!([0., -0., -709., f64::NEG_INFINITY].map(exp), [1., 1., 0., 0.]);
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn numbers_side_by_side_are_computed_as_each_by_itself() {
        let numbers = |by: f64| array::from_fn(|i| by * i as f64 - 7.5);
        let [a, b] = [numbers(0.5), numbers(-0.7)];
        let of_each = |of: fn(f64, f64) -> f64| array::from_fn(|i| of(a[i], b[i]));
        let both = |of: fn(Many, Many) -> Many| of(Many(a), Many(b)).0;
        assert_eq!(both(|a, b| a.max(b)), of_each(f64::max));
        assert_eq!(both(|a, b| a.is_at_least(b)), of_each(|a, b| a.is_at_least(b)));
        assert_eq!(both(|a, b| a + b - a * b), of_each(|a, b| a + b - a * b));
        assert_eq!(both(|a, b| (a * a).ln() + b.exp()), of_each(|a, b| (a * a).ln() + exp(b)));
        let difference = |pair: &[f64]| pair[0] - 2. * pair[1];
        assert_eq!(Many::each(&[Many(a), Many(b)], difference).0, of_each(|a, b| a - 2. * b));
    }
}

//! Dual coordinate ascent, one example at a time.
//!
//! Both problems have the penalty `mu/2 ||W||^2` and a loss that is a maximum of linear functions of the scores.
//! Each example `i` has a dual variable `alpha_ij >= 0` for every class `j` but its own, and
//!
//! ```text
//! tau_ij = -alpha_ij for j != y_i,   tau_iy = sum over j of alpha_ij
//! W      = (1/mu) sum over i of tau_i (outer) x_i
//! dual   = sum over i, j of alpha_ij - mu/2 ||W||^2
//! ```
//!
//! Only the upper bounds of `alpha` differ ([`Bounds`]): the course's problem bounds the sum of an example's
//! variables by `1/n` (a simplex), the report's bounds each by `1/(n classes)` (a box). An update maximises the dual
//! over all variables of one example, exactly. Examples are updated in a random order, which needs a tenth of the
//! passes of a fixed one (Shalev-Shwartz and Zhang, 2013).
//!
//! An example that meets its margins has no part in `W` and may be left out for a while. So passes over all examples
//! alternate with many over the others (chunking, Vapnik 1982); of 5 000 images these are a third.

use super::certificate::Certificate;
use super::problem::{Bounds, SvmProblem};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::rng::{ChaCha8Rng, Stream, permutation, random};
use crate::runtime::interrupt;

/// The dual variables and the weights that they give.
pub(super) struct Dual<W> {
    problem: SvmProblem,
    mu: f64,
    bounds: Bounds,
    labels: Vec<u8>,
    classes: usize,
    /// `n` of the problem, also where only some of the examples are kept.
    n: f64,
    /// `[examples, classes]`, 0 for an example's own class.
    alpha: Vec<f64>,
    weights: W,
}

impl<W: Weights> Dual<W> {
    /// Starts with `weights` of 0.
    pub fn new(
        problem: SvmProblem,
        strength: f64,
        weights: W,
        labels: &[u8],
        classes: usize,
    ) -> Dual<W> {
        let n = labels.len();
        Dual {
            problem,
            mu: problem.curvature(strength),
            bounds: problem.bounds(n, classes),
            labels: labels.to_vec(),
            classes,
            n: n as f64,
            alpha: vec![0.; n * classes],
            weights,
        }
    }

    /// Passes over examples until the gap is at most `tolerance`; returns the number of passes and the certificate.
    ///
    /// # Errors
    /// [`Error::Setting`] after `max_iterations` passes, and an interrupt.
    pub fn solve(&mut self, tolerance: f64, max_iterations: usize) -> Result<(usize, Certificate)> {
        /// The gap costs about as much as a pass over the part.
        const PASSES: usize = 3;
        let mut random = random(0, Stream::Order);
        let mut iterations = 0;
        while iterations < max_iterations {
            interrupt::check()?;
            self.pass(&mut random);
            iterations += 1;
            let certificate = self.certificate();
            if certificate.gap() <= tolerance {
                return Ok((iterations, certificate));
            }
            let indices = self.active();
            let mut part = self.select(&indices);
            let goal = (certificate.gap() / 10.).max(tolerance / 2.);
            while iterations < max_iterations && part.certificate().gap() > goal {
                for _ in 0..PASSES.min(max_iterations - iterations) {
                    interrupt::check()?;
                    part.pass(&mut random);
                    iterations += 1;
                }
            }
            self.adopt(&indices, &part);
        }
        let gap = self.certificate().gap();
        let allowed = format!(
            "enough for a relative duality gap of at most {tolerance:e} (the SVM is at {gap:.1e}; a greater tolerance \
             helps as well)"
        );
        Err(Error::setting("max_iterations", allowed, iterations))
    }

    /// Updates every example once, in random order.
    fn pass(&mut self, random: &mut ChaCha8Rng) {
        for i in permutation(self.labels.len(), random) {
            self.update(i);
        }
    }

    /// The primal and the dual value, by their definitions.
    fn certificate(&self) -> Certificate {
        let loss = self.problem.loss();
        let (mut losses, mut alphas, mut squares) = (0., 0., 0.);
        for i in 0..self.labels.len() {
            let (scores, tau) = (self.scores_of(i), self.tau(i));
            losses += loss.value(&scores, self.label(i));
            alphas += tau[self.label(i)];
            // mu ||W||^2 = sum over i of tau_i . s_i
            squares += tau.iter().zip(&scores).map(|(tau, s)| tau * s).sum::<f64>();
        }
        Certificate { objective: squares / 2. + losses / self.n, dual: alphas - squares / 2. }
    }

    /// The examples that have a part in `W` or violate a margin.
    fn active(&self) -> Vec<usize> {
        let loss = self.problem.loss();
        let has_part = |i: usize| self.alpha_of(i).iter().any(|alpha| *alpha > 0.);
        let violates = |i: usize| loss.value(&self.scores_of(i), self.label(i)) > 0.;
        (0..self.labels.len()).filter(|i| has_part(*i) || violates(*i)).collect()
    }

    /// The same problem with these examples alone: the same `W`, if all others have no part in it.
    fn select(&self, indices: &[usize]) -> Dual<W> {
        Dual {
            labels: indices.iter().map(|i| self.labels[*i]).collect(),
            alpha: indices.iter().flat_map(|i| self.alpha_of(*i)).copied().collect(),
            weights: self.weights.select(indices),
            ..*self
        }
    }

    /// Takes over the variables of the part with the examples `indices`, and computes the weights again, without the
    /// rounding errors that updates add up.
    fn adopt(&mut self, indices: &[usize], part: &Dual<W>) {
        for (i, alpha) in indices.iter().zip(part.alpha.chunks_exact(self.classes)) {
            self.alpha[i * self.classes..][..self.classes].copy_from_slice(alpha);
        }
        self.weights.clear();
        for i in indices {
            self.add(*i, self.tau(*i));
        }
    }

    /// `tau_i`, `[classes]`.
    pub fn tau(&self, i: usize) -> Vec<f64> {
        let alpha = self.alpha_of(i);
        let mut tau: Vec<f64> = alpha.iter().map(|alpha| -alpha).collect();
        tau[self.label(i)] = alpha.iter().sum();
        tau
    }

    /// The scores of example `i`, `[classes]`.
    pub fn scores_of(&self, i: usize) -> Vec<f64> {
        self.weights.scores(i)
    }

    fn alpha_of(&self, i: usize) -> &[f64] {
        &self.alpha[i * self.classes..][..self.classes]
    }

    fn label(&self, i: usize) -> usize {
        usize::from(self.labels[i])
    }

    /// Maximises the dual over the variables of example `i`: with `k = gram_ii / mu` and their sum `A`,
    ///
    /// ```text
    /// sum over j of alpha_j wish_j k - k/2 (sum over j of alpha_j^2 + A^2)
    /// ```
    ///
    /// where `wish_j k` is the violation `1 + s_j - s_y` with the part of example `i` itself taken out of the scores.
    fn update(&mut self, i: usize) {
        let (y, first) = (self.label(i), i * self.classes);
        let alpha = &mut self.alpha[first..][..self.classes];
        let (k, sum) = (self.weights.square(i) / self.mu, alpha.iter().sum::<f64>());
        let mut wishes = self.weights.scores(i);
        let of_label = wishes[y];
        for (wish, alpha) in wishes.iter_mut().zip(&*alpha) {
            *wish = (1. + *wish - of_label) / k + alpha + sum;
        }
        wishes[y] = f64::NEG_INFINITY; // no variable: it stays 0
        if sum == 0. && wishes.iter().all(|wish| *wish <= 0.) {
            return; // every margin holds, and this example has no part in W
        }
        maximise(&mut wishes, self.bounds);
        for (alpha, updated) in alpha.iter_mut().zip(&mut wishes) {
            (*updated, *alpha) = (*alpha - *updated, *updated);
        }
        let mut change = wishes;
        change[y] = -change.iter().sum::<f64>();
        self.add(i, change);
    }

    /// Adds `change`, `[classes]`, to `tau_i` in the weights.
    fn add(&mut self, i: usize, mut change: Vec<f64>) {
        change.iter_mut().for_each(|change| *change /= self.mu);
        self.weights.add(i, &change);
    }
}

/// Replaces the wishes by the `alpha_j` within the bounds that maximise
/// `sum of alpha_j wish_j - (sum of alpha_j^2 + A^2) / 2`, where `A` is the sum of all `alpha_j`.
///
/// The maximiser is `alpha_j = clamp(wish_j - level, 0, bounds.each)`, with the level at which these add up to
/// `min(level, bounds.sum)`: `A` itself, or more where the bound of the sum holds `A` back. Both sides are
/// piecewise linear in the level, so it lies on the line between two neighbouring kinks.
fn maximise(wishes: &mut [f64], bounds: Bounds) {
    let at = |wish: f64, level: f64| (wish - level).clamp(0., bounds.each);
    let excess = |level: f64| {
        wishes.iter().map(|wish| at(*wish, level)).sum::<f64>() - level.min(bounds.sum)
    };
    // The neighbouring kinks, with the excess there: few of the others lie between those found so far.
    let (mut low, mut high) = ((0., excess(0.)), (f64::INFINITY, f64::NEG_INFINITY));
    for kink in wishes.iter().flat_map(|wish| [*wish, wish - bounds.each]).chain([bounds.sum]) {
        if low.1 > 0. && low.0 < kink && kink < high.0 {
            let found = (kink, excess(kink));
            *(if found.1 > 0. { &mut low } else { &mut high }) = found;
        }
    }
    let level = if high.0 < f64::INFINITY {
        low.0 + (high.0 - low.0) * low.1 / (low.1 - high.1)
    } else {
        0.
    };
    wishes.iter_mut().for_each(|wish| *wish = at(*wish, level));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMPLEX: Bounds = Bounds { each: f64::INFINITY, sum: 1. };
    const BOX: Bounds = Bounds { each: 1., sum: f64::INFINITY };

    fn maximiser(wishes: &[f64], bounds: Bounds) -> Vec<f64> {
        let mut alpha = wishes.to_vec();
        maximise(&mut alpha, bounds);
        alpha
    }

    #[test]
    fn without_active_bounds_the_gradient_vanishes() {
        // alpha_j = wish_j - A: for wishes 0.6 and 0.3, A = 0.9 - 2 A = 0.3, so alpha is 0.3 and 0.
        for bounds in [SIMPLEX, BOX] {
            let alpha = maximiser(&[0.6, 0.3], bounds);
            assert!((alpha[0] - 0.3).abs() < 1e-15 && alpha[1] < 1e-15, "{alpha:?}");
        }
    }

    #[test]
    fn a_bounded_sum_is_shared_out_by_the_wishes() {
        let alpha = maximiser(&[5., 4.5, 1.], SIMPLEX);
        for (found, expected) in alpha.iter().zip([0.75, 0.25, 0.]) {
            assert!((found - expected).abs() < 1e-12, "{alpha:?}");
        }
    }

    #[test]
    fn each_variable_ends_at_its_own_bound() {
        assert_eq!(maximiser(&[9., 8., -1.], BOX), [1., 1., 0.]);
        // The first is at its bound; alpha_2 = 2.5 - (1 + alpha_2) = 0.75.
        let alpha = maximiser(&[9., 2.5], BOX);
        assert!(alpha[0] == 1. && (alpha[1] - 0.75).abs() < 1e-12, "{alpha:?}");
    }

    #[test]
    fn classes_without_a_violation_get_nothing() {
        assert_eq!(maximiser(&[-1., -0.5, f64::NEG_INFINITY], SIMPLEX), [0., 0., 0.]);
    }
}

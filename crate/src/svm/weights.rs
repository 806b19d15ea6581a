//! The weights `W` of an SVM while it is solved, in the form in which updates are cheap.

use crate::data::CLASSES;
use crate::linalg::{Job, Lanes, Real};
use crate::nn::numbers;
use std::sync::Arc;
use tch::Tensor;

/// `W`, which starts at 0, and the examples `x_i` that it scores. The bias is the weight of one more feature, 1.
pub(super) trait Weights {
    /// `x_i . x_i`, the bias included.
    fn square(&self, i: usize) -> f64;

    /// The scores `W x_i`, `[classes]`.
    fn scores(&self, i: usize) -> Vec<f64>;

    /// Adds `factors (outer) x_i`, with a factor for each class.
    fn add(&mut self, i: usize, factors: &[f64]);

    /// The same weights, with the examples `indices` alone.
    fn select(&self, indices: &[usize]) -> Self;

    /// Makes them 0 again.
    fn clear(&mut self);
}

/// By the scores of all examples, which is possible with every kernel. An update costs as much as there are examples.
pub(super) struct InKernel {
    /// `k(x_i, x_j) + 1`, `[n, n]`.
    gram: Vec<f64>,
    /// `[classes, n]`: an update changes few classes of all examples.
    scores: Vec<f64>,
    n: usize,
}

impl InKernel {
    /// Weights for examples with this Gram matrix.
    pub fn new(gram: Vec<f64>, classes: usize) -> InKernel {
        let n = gram.len().isqrt();
        InKernel { gram, scores: vec![0.; n * classes], n }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.gram[i * self.n..][..self.n]
    }
}

impl Weights for InKernel {
    fn square(&self, i: usize) -> f64 {
        self.row(i)[i]
    }

    fn scores(&self, i: usize) -> Vec<f64> {
        (i..self.scores.len()).step_by(self.n).map(|at| self.scores[at]).collect()
    }

    fn add(&mut self, i: usize, factors: &[f64]) {
        let row = &self.gram[i * self.n..][..self.n];
        f64::run(AddRow { scores: &mut self.scores, factors, row });
    }

    fn select(&self, indices: &[usize]) -> InKernel {
        let of = |row: &[f64]| indices.iter().map(|i| row[*i]).collect::<Vec<f64>>();
        InKernel {
            gram: indices.iter().flat_map(|i| of(self.row(*i))).collect(),
            scores: self.scores.chunks_exact(self.n).flat_map(of).collect(),
            n: indices.len(),
        }
    }

    fn clear(&mut self) {
        self.scores.fill(0.);
    }
}

/// Adds multiples of a row of the Gram matrix, with a factor for each class.
struct AddRow<'a> {
    scores: &'a mut [f64],
    factors: &'a [f64],
    row: &'a [f64],
}

impl Job<f64> for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<f64>, const ROWS: usize>(self) {
        for (factor, scores) in
            self.factors.iter().zip(self.scores.chunks_exact_mut(self.row.len()))
        {
            if *factor != 0. {
                for (score, k) in scores.iter_mut().zip(self.row) {
                    *score = factor.mul_add(*k, *score);
                }
            }
        }
    }
}

/// The weights of a linear SVM themselves. An update costs as much as an example has features other than 0: of many
/// images far less than a row of the Gram matrix.
pub(super) struct InFeatures {
    examples: Vec<Arc<Example>>,
    /// Those of some classes after the others, `[d + 1, LANES]` each; beyond the last class they stay 0.
    weights: Vec<Vec<Sums>>,
    classes: usize,
}

/// All classes of digits: so many sums at a time hide how long an addition takes.
const LANES: usize = CLASSES;
type Sums = [f64; LANES];

struct Example {
    /// The features other than 0, by their index, the bias last.
    features: Vec<(usize, f64)>,
    square: f64,
}

impl InFeatures {
    /// Weights for examples with `features`, doubles `[n, d]`; `None` where the Gram matrix is the cheaper form.
    pub fn new(features: &Tensor, classes: usize) -> Option<InFeatures> {
        /// An update reads the weights of all classes and changes some; with the Gram matrix it changes the scores of
        /// some classes for those examples that have a part in `W`.
        const FEATURES: usize = 16;
        let (n, d) = (features.size()[0] as usize, features.size()[1] as usize);
        let entries = numbers(features);
        let used = entries.iter().filter(|x| **x != 0.).count();
        (FEATURES * used < n * n).then(|| InFeatures {
            examples: entries.chunks_exact(d).map(|row| Arc::new(Example::new(row))).collect(),
            weights: vec![vec![[0.; LANES]; d + 1]; classes.div_ceil(LANES)],
            classes,
        })
    }
}

impl Example {
    fn new(features: &[f64]) -> Example {
        let bias = (features.len(), 1.);
        let used = features.iter().copied().enumerate().filter(|(_, x)| *x != 0.);
        let features: Vec<(usize, f64)> = used.chain([bias]).collect();
        Example { square: features.iter().map(|(_, x)| x * x).sum(), features }
    }
}

impl Weights for InFeatures {
    fn square(&self, i: usize) -> f64 {
        self.examples[i].square
    }

    fn scores(&self, i: usize) -> Vec<f64> {
        let features = &self.examples[i].features;
        let mut scores = Vec::with_capacity(self.weights.len() * LANES);
        for weights in &self.weights {
            let mut sums = [0.; LANES];
            for (feature, x) in features {
                let weights = &weights[*feature];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
            }
            scores.extend(sums);
        }
        scores.truncate(self.classes);
        scores
    }

    fn add(&mut self, i: usize, factors: &[f64]) {
        for (factors, weights) in factors.chunks(LANES).zip(&mut self.weights) {
            if factors.iter().all(|factor| *factor == 0.) {
                continue;
            }
            for (feature, x) in &self.examples[i].features {
                let weights = weights[*feature].iter_mut().zip(factors);
                weights.for_each(|(weight, factor)| *weight += factor * x);
            }
        }
    }

    fn select(&self, indices: &[usize]) -> InFeatures {
        InFeatures {
            examples: indices.iter().map(|i| self.examples[*i].clone()).collect(),
            weights: self.weights.clone(),
            classes: self.classes,
        }
    }

    fn clear(&mut self) {
        self.weights.iter_mut().for_each(|weights| weights.fill([0.; LANES]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kernel;
    use super::*;

    fn assert_same(a: &impl Weights, b: &impl Weights, examples: usize) {
        for i in 0..examples {
            assert!((a.square(i) - b.square(i)).abs() < 1e-12);
            let differences = a.scores(i).into_iter().zip(b.scores(i)).map(|(a, b)| (a - b).abs());
            assert!(differences.fold(0., f64::max) < 1e-9);
        }
    }

    #[test]
    fn both_forms_give_the_same_scores() {
        const CLASSES: usize = 12; // more than there are lanes
        let x = Tensor::arange(120, (tch::Kind::Double, tch::Device::Cpu)).view([60, 2]).sin();
        let mut features = InFeatures::new(&x, CLASSES).expect("few features");
        let mut kernel = InKernel::new(Kernel::Linear.gram(&x), CLASSES);
        for i in [3, 58, 3] {
            let factors: Vec<f64> = (0..CLASSES).map(|class| (class * i % 5) as f64 - 2.).collect();
            features.add(i, &factors);
            kernel.add(i, &factors);
        }
        assert!(kernel.scores(3).iter().any(|score| *score != 0.));
        assert_same(&features, &kernel, 60);
        assert_same(&features.select(&[58, 1]), &kernel.select(&[58, 1]), 2);
        features.clear();
        kernel.clear();
        assert_same(&features, &kernel, 60);
        assert_eq!(features.scores(3), [0.; CLASSES]);
    }

    #[test]
    fn of_few_examples_the_gram_matrix_is_the_cheaper_form() {
        let x = Tensor::ones([60, 8], (tch::Kind::Double, tch::Device::Cpu));
        assert!(InFeatures::new(&x, 2).is_none());
        assert!(InFeatures::new(&x.narrow(1, 0, 2), 2).is_some());
    }
}

//! An SVM's settings, and the SVM that they give.

use super::certificate::Certificate;
use super::dual::Dual;
use super::kernel::Kernel;
use super::problem::SvmProblem;
use super::weights::{InFeatures, InKernel, Weights};
use crate::data::CLASSES;
use crate::error::{Result, require};
use crate::features::{doubles, doubles_in_columns, fill_by_blocks, write};
use crate::nn::{Layer, Logits, Network, above_zero, accuracy, check_labels};
use serde::Serialize;
use std::fmt;
use tch::{Kind, Tensor};

/// A multi-class SVM, solved in its dual until the relative duality gap is at most `tolerance`.
///
/// Results have the same bits on any number of threads; the order of the updates is drawn from seed 0.
///
/// ```
/// use hinge::prelude::*;
///
/// let data = Digits::synthetic(0).sample(&Sample::default())?;
/// let svm = Svm { strength: 0.1, ..Svm::default() }.fit(&data.train.to_tensor(), data.train.labels())?;
/// assert!(svm.certificate.gap() <= 1e-6);
/// assert!(svm.accuracy(&data.test.to_tensor(), data.test.labels())? > 0.5);
///
/// // An example that meets its margins and is no support vector does not matter.
/// assert!(svm.support_vectors().len() < data.train.len());
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Svm {
    /// Which convex problem. Defaults to the course's.
    pub problem: SvmProblem,
    /// The factor of the penalty, lambda or omega, finite and above 0. Defaults to `0.1`.
    pub strength: f64,
    /// The kernel. Defaults to the linear one.
    pub kernel: Kernel,
    /// The number of classes, 2 to 256. Defaults to the `10` digits.
    pub classes: usize,
    /// The relative duality gap to reach, above 0. Defaults to `1e-6`.
    pub tolerance: f64,
    /// How many times each example may be updated, at least 1. Defaults to `10_000`.
    pub max_iterations: usize,
}

impl Default for Svm {
    fn default() -> Svm {
        Svm {
            problem: SvmProblem::Course,
            strength: 0.1,
            kernel: Kernel::Linear,
            classes: CLASSES,
            tolerance: 1e-6,
            max_iterations: 10_000,
        }
    }
}

impl Svm {
    /// The most examples to fit: their Gram matrix takes 3.2 GB.
    pub const MOST_EXAMPLES: usize = 20_000;

    /// Solves the problem for examples with `features`, `[n, d]`, and `labels`, `[n]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a setting outside its range, features that are not a matrix of
    /// finite numbers with a row for each label, a label beyond the classes, labels of one class only, or more than
    /// [`MOST_EXAMPLES`](Self::MOST_EXAMPLES), or too few `max_iterations`.
    pub fn fit(&self, features: &Tensor, labels: &[u8]) -> Result<TrainedSvm> {
        self.validate()?;
        let features = doubles(features)?;
        let n = features.size()[0] as usize;
        check_labels(labels, n, self.classes)?;
        let allowed = format_args!("at most {} examples", Self::MOST_EXAMPLES);
        require(n <= Self::MOST_EXAMPLES, "features", allowed, n)?;
        let found = format_args!("of class {} only", labels[0]);
        let are_several = labels.iter().any(|label| *label != labels[0]);
        require(are_several, "labels", "of two classes or more", found)?;
        if self.kernel == Kernel::Linear
            && let Some(weights) = InFeatures::new(&features, self.classes)
        {
            return self.solve(weights, features, labels);
        }
        let weights = InKernel::new(self.kernel.gram(&features), self.classes);
        self.solve(weights, features, labels)
    }

    fn solve<W: Weights>(&self, weights: W, features: Tensor, labels: &[u8]) -> Result<TrainedSvm> {
        // Then all other products are finite, too.
        let are_finite = (0..labels.len()).all(|i| weights.square(i).is_finite());
        require(are_finite, "features", "small enough for finite products", "too large")?;
        let mut dual = Dual::new(self.problem, self.strength, weights, labels, self.classes);
        let (iterations, certificate) = dual.solve(self.tolerance, self.max_iterations)?;
        Ok(TrainedSvm::new(self, &dual, iterations, certificate, features))
    }

    fn validate(&self) -> Result<()> {
        self.kernel.validate()?;
        above_zero("strength", self.strength)?;
        above_zero("tolerance", self.tolerance)?;
        let (classes, most) = (self.classes, self.max_iterations);
        require((2..=256).contains(&classes), "classes", "from 2 to 256", classes)?;
        require(most > 0, "max_iterations", "at least 1", most)
    }
}

impl fmt::Display for Svm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = match self.problem {
            SvmProblem::Course => "lambda",
            SvmProblem::Report => "omega",
        };
        write!(f, "{}, {symbol} {}, {}", self.problem, self.strength, self.kernel)
    }
}

/// The solution of an [`Svm`]'s problem.
pub struct TrainedSvm {
    /// The problem.
    pub svm: Svm,
    /// The objective and the dual value, which prove how near the optimum it is.
    pub certificate: Certificate,
    /// How many times each example was updated.
    pub iterations: usize,
    /// The scores of the training examples.
    pub training_scores: Logits,
    /// `||W||`, the root of the sum of all squared weights, biases included.
    pub norm: f64,
    /// For the linear kernel the weights of each class, `[d]`, and its bias behind them.
    pub weights: Option<Vec<Vec<f64>>>,
    /// `n` times the sum of each training example's dual variables, `[n]`.
    influences: Vec<f64>,
    /// The support vectors, `[m, d]`.
    support: Tensor,
    /// What scores combine the support vectors' kernels by, `[m, classes]`.
    coefficients: Tensor,
}

impl TrainedSvm {
    fn new(
        svm: &Svm,
        dual: &Dual<impl Weights>,
        iterations: usize,
        certificate: Certificate,
        features: Tensor,
    ) -> TrainedSvm {
        let n = features.size()[0] as usize;
        let taus: Vec<Vec<f64>> = (0..n).map(|i| dual.tau(i)).collect();
        let scores: Vec<f64> = (0..n).flat_map(|i| dual.scores_of(i)).collect();
        let mu = svm.problem.curvature(svm.strength);
        let squares: f64 = taus.iter().flatten().zip(&scores).map(|(tau, s)| tau * s / mu).sum();
        // An example's sum of dual variables is tau of its own class, the only positive one.
        let influence = |tau: &Vec<f64>| tau.iter().copied().fold(0., f64::max) * n as f64;
        let influences: Vec<f64> = taus.iter().map(influence).collect();
        let rows: Vec<i64> = (0..n).filter(|i| influences[*i] > 0.).map(|i| i as i64).collect();
        let coefficients: Vec<f64> =
            rows.iter().flat_map(|i| &taus[*i as usize]).map(|tau| tau / mu).collect();
        let support = features.index_select(0, &Tensor::from_slice(&rows));
        let coefficients = Tensor::from_slice(&coefficients).view([-1, svm.classes as i64]);
        TrainedSvm {
            certificate,
            iterations,
            training_scores: Logits::new(scores, svm.classes),
            norm: squares.max(0.).sqrt(),
            weights: (svm.kernel == Kernel::Linear).then(|| weights(&support, &coefficients)),
            svm: svm.clone(),
            influences,
            support,
            coefficients,
        }
    }

    /// The scores of examples with `features`, `[m, d]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for anything but a matrix of finite numbers with the columns of the
    /// training features.
    pub fn scores(&self, features: &Tensor) -> Result<Logits> {
        let features = doubles_in_columns("features", features, self.support.size()[1] as usize)?;
        let (kernel, classes) = (self.svm.kernel, self.svm.classes);
        let others = [&self.support, &self.coefficients];
        let scores = fill_by_blocks(&features, classes, &others, |x, others, rows| {
            write(&kernel.products(x, &others[0]).matmul(&others[1]), rows);
        });
        Ok(Logits::new(scores, classes))
    }

    /// The class with the greatest score of each example, the first among equals.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn predict(&self, features: &Tensor) -> Result<Vec<u8>> {
        Ok(self.scores(features)?.predictions().collect())
    }

    /// The fraction of examples that are classified correctly, 0 to 1.
    ///
    /// # Errors
    /// As [`scores`](Self::scores), and [`Error::Setting`](crate::Error::Setting) unless there is a label for each
    /// example.
    pub fn accuracy(&self, features: &Tensor, labels: &[u8]) -> Result<f64> {
        accuracy(&self.predict(features)?, labels)
    }

    /// The fraction of training examples that are classified correctly, 0 to 1.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) unless there is a label for each training example.
    pub fn training_accuracy(&self, labels: &[u8]) -> Result<f64> {
        accuracy(&self.training_scores.predictions().collect::<Vec<u8>>(), labels)
    }

    /// A linear SVM as a network of one layer, whose logits are its scores.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for another kernel, whose scores are not linear in the features.
    pub fn network(&self) -> Result<Network> {
        let found = self.svm.kernel;
        require(self.weights.is_some(), "kernel", Kernel::Linear, found)?;
        let numbers = self.weights.iter().flatten().flatten().copied().collect::<Vec<f64>>();
        let rows = Tensor::from_slice(&numbers).view([self.svm.classes as i64, -1]);
        Network::new(vec![Layer::from_rows(&rows)])
    }

    /// The indices of the training examples with a dual variable above 0. `W` is a combination of these alone.
    pub fn support_vectors(&self) -> Vec<usize> {
        (0..self.influences.len()).filter(|i| self.influences[*i] > 0.).collect()
    }

    /// How much each training example pulls at the weights, `[n]`: `n` times the sum of its dual variables, from 0
    /// to 1. It is 0 unless the example is a support vector.
    pub fn influences(&self) -> &[f64] {
        &self.influences
    }

    /// The margin `1 / ||W||`, infinite for `W = 0`. In the space of the kernel, an example whose scores meet
    /// `s_y >= 1 + s_j` is at least `1 / ||w_y - w_j|| >= margin / sqrt(2)` from the boundary between `y` and `j`.
    pub fn margin(&self) -> f64 {
        1. / self.norm
    }
}

impl fmt::Display for TrainedSvm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Certificate { objective, .. }, gap) = (self.certificate, self.certificate.gap());
        let (vectors, margin) = (self.support_vectors().len(), self.margin());
        write!(
            f,
            "{}: objective {objective:.6}, duality gap {gap:.1e}, {vectors} support vectors, margin {margin:.3}",
            self.svm
        )
    }
}

debug_as_display!(TrainedSvm);

/// `W`, a row for each class: `coefficients^T [support, 1]`.
fn weights(support: &Tensor, coefficients: &Tensor) -> Vec<Vec<f64>> {
    let weights = coefficients.tr().matmul(support);
    let biases = coefficients.sum_dim_intlist(0, false, Kind::Double).unsqueeze(1);
    let rows = Logits::from_tensor(&Tensor::cat(&[weights, biases], 1));
    rows.rows().map(<[f64]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two examples, at 1 and -1.
    fn two_points() -> (Tensor, [u8; 2]) {
        (Tensor::from_slice(&[1., -1.]).view([2, 1]), [0, 1])
    }

    fn two_classes() -> Svm {
        Svm { classes: 2, tolerance: 1e-12, ..Svm::default() }
    }

    fn fit(svm: Svm) -> TrainedSvm {
        let (x, y) = two_points();
        svm.fit(&x, &y).expect("two points of two classes")
    }

    #[test]
    fn a_weak_penalty_lets_both_margins_hold_with_the_least_weights() {
        // w_0 = -w_1 = 1/2 is the shortest W with s_y - s_j = 1 for both points; the biases are 0.
        let svm = fit(Svm { strength: 0.01, ..two_classes() });
        let weights = svm.weights.as_ref().expect("the kernel is linear").concat();
        for (found, expected) in weights.iter().zip([0.5, 0., -0.5, 0.]) {
            assert!((found - expected).abs() < 1e-6, "{weights:?}");
        }
        assert!((svm.certificate.objective - 0.01 * 0.5).abs() < 1e-9);
        assert!((svm.margin() - 2f64.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_strong_penalty_leaves_every_dual_variable_at_its_bound() {
        // Both losses are active: W = (1/mu) sum of tau x / n with mu = 2 lambda, so w_0 = 1 / (2 lambda) = 1/20.
        let svm = fit(Svm { strength: 10., ..two_classes() });
        assert!((svm.weights.as_ref().expect("linear")[0][0] - 0.05).abs() < 1e-12);
        assert_eq!(svm.influences(), [1., 1.]);
    }

    #[test]
    fn new_examples_are_scored_as_training_examples_are() -> Result<()> {
        let (x, y) = two_points();
        for kernel in [Kernel::Linear, Kernel::Rbf { gamma: 0.5 }] {
            let svm = fit(Svm { kernel, ..two_classes() });
            for (new, trained) in svm.scores(&x)?.rows().zip(svm.training_scores.rows()) {
                assert!(new.iter().zip(trained).all(|(a, b)| (a - b).abs() < 1e-12));
            }
            assert_eq!((svm.predict(&x)?, svm.accuracy(&x, &y)?), (vec![0, 1], 1.));
        }
        Ok(())
    }

    #[test]
    fn a_linear_svm_is_a_network_with_its_scores_and_another_is_none() -> Result<()> {
        let (x, _) = two_points();
        let svm = fit(Svm { strength: 10., ..two_classes() });
        assert_eq!(svm.network()?.logits(&x)?, svm.scores(&x)?);
        let rbf = fit(Svm { kernel: Kernel::Rbf { gamma: 0.5 }, ..two_classes() });
        let error = rbf.network().expect_err("it is not linear").to_string();
        assert_eq!(error, "kernel must be linear kernel, but it is RBF kernel, gamma 0.5.");
        Ok(())
    }

    #[test]
    fn an_unreached_gap_is_an_error_with_both_gaps_and_the_iterations() {
        let data = crate::data::Digits::synthetic(0)
            .sample(&Default::default())
            .expect("synthetic digits");
        let svm = Svm { strength: 0.001, max_iterations: 2, ..Svm::default() };
        let error = svm.fit(&data.train.to_tensor(), data.train.labels()).unwrap_err().to_string();
        let start = "max_iterations must be enough for a relative duality gap of at most 1e-6 (the SVM is at ";
        assert!(error.starts_with(start) && error.ends_with(", but it is 2."), "{error}");
    }

    #[test]
    fn a_setting_outside_its_range_is_rejected() {
        let (x, y) = two_points();
        let invalid = [
            ("strength", Svm { strength: 0., ..two_classes() }),
            ("strength", Svm { strength: f64::NAN, ..two_classes() }),
            ("gamma", Svm { kernel: Kernel::Rbf { gamma: 0. }, ..two_classes() }),
            ("classes", Svm { classes: 1, ..two_classes() }),
            ("tolerance", Svm { tolerance: -1., ..two_classes() }),
            ("max_iterations", Svm { max_iterations: 0, ..two_classes() }),
        ];
        for (field, svm) in invalid {
            let error = svm.fit(&x, &y).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{field} must be ")), "{error}");
        }
    }

    #[test]
    fn examples_that_are_no_problem_of_several_classes_are_rejected() {
        let (x, _) = two_points();
        let error = |x: &Tensor, y: &[u8]| two_classes().fit(x, y).unwrap_err().to_string();
        assert_eq!(
            error(&x, &[1, 1]),
            "labels must be of two classes or more, but it is of class 1 only."
        );
        assert_eq!(error(&x, &[0, 2]), "labels must be below 2, but it is 2.");
        assert_eq!(error(&x, &[0]), "labels must be one for each of 2 examples, but it is 1.");
        assert!(error(&x.slice(0, 0, 0, 1), &[]).starts_with("features must be "));
        assert!(error(&(&x * f64::NAN), &[0, 1]).starts_with("features must be "));
        assert!(error(&(&x * 1e200), &[0, 1]).starts_with("features must be small enough"));
    }

    #[test]
    fn scoring_needs_the_columns_of_the_training_features() {
        let error =
            fit(two_classes()).scores(&Tensor::from_slice(&[1., 2.]).view([1, 2])).unwrap_err();
        assert_eq!(error.to_string(), "features must be a matrix of 1 columns, but it is of 2.");
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let data = crate::data::Digits::synthetic(0)
            .sample(&Default::default())
            .expect("synthetic digits");
        let scores = |threads| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let (x, y) = (data.train.to_tensor(), data.train.labels());
            pool.install(move || Svm::default().fit(&x, y).map(|svm| svm.training_scores))
        };
        assert_eq!(scores(1).expect("one thread"), scores(3).expect("three threads"));
    }

    #[test]
    fn of_many_examples_the_optimum_is_that_of_the_gram_matrix() -> Result<()> {
        let x = Tensor::arange(200, (Kind::Double, tch::Device::Cpu)).view([100, 2]).sin();
        let labels: Vec<u8> = (0..100).map(|i| (i % 7) / 3).collect();
        let svm = Svm { classes: 3, strength: 0.01, ..Svm::default() };
        assert!(InFeatures::new(&x, 3).is_some());
        let weights = InKernel::new(svm.kernel.gram(&x), 3);
        let [found, expected] = [svm.fit(&x, &labels)?, svm.solve(weights, x, &labels)?];
        let [found, expected] = [found, expected].map(|svm| svm.certificate.objective);
        assert!((found - expected).abs() < 2e-6 * expected, "{found} is not {expected}");
        Ok(())
    }
}

//! Exact SVMs over seeds.

use super::Distribution;
use crate::data::{Digits, Sample};
use crate::error::Result;
use crate::features::Representation;
use crate::runtime::interrupt;
use crate::runtime::threads::side_by_side;
use crate::svm::Svm;

/// An exact SVM, solved on the samples of several seeds.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let solved = Svm::default().repeat(&digits, Representation::Pixels, &Sample::default(), 0..2)?;
/// assert!(solved.gap.max() <= 1e-6);
/// // A run with the same seed draws the same images.
/// let sgd = Experiment::default().scored_last().repeat(&digits, 0..2)?;
/// let difference = solved.test_accuracy.minus(&sgd.last(Metric::TestAccuracy)?)?;
/// assert!(difference.max().abs() < 0.2);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Solutions {
    /// The SVM.
    pub svm: Svm,
    /// The accuracy on the training images.
    pub train_accuracy: Distribution,
    /// The accuracy on the test images.
    pub test_accuracy: Distribution,
    /// The number of support vectors.
    pub support_vectors: Distribution,
    /// The margin `1 / ||W||`.
    pub margin: Distribution,
    /// The objective, penalty included.
    pub objective: Distribution,
    /// The relative duality gap.
    pub gap: Distribution,
}

impl Svm {
    /// Solves the problem once for every seed, in parallel, on a sample of the size of `sample` and in this
    /// representation. An experiment with the same seed draws the same images.
    ///
    /// # Errors
    /// The first error of [`fit`](Svm::fit), of the sample or of the representation, and
    /// [`Error::TooFew`](crate::Error::TooFew) for fewer than two seeds.
    pub fn repeat(
        &self,
        digits: &Digits,
        representation: Representation,
        sample: &Sample,
        seeds: impl IntoIterator<Item = u64>,
    ) -> Result<Solutions> {
        let solve = |seed: u64| {
            interrupt::check()?;
            let split = digits.sample(&Sample { seed, ..sample.clone() })?;
            let [train, test] = [&split.train, &split.test].map(|set| representation.extract(set));
            let trained = self.fit(&train?, split.train.labels())?;
            Ok([
                trained.training_accuracy(split.train.labels())?,
                trained.accuracy(&test?, split.test.labels())?,
                trained.support_vectors().len() as f64,
                trained.margin(),
                trained.certificate.objective,
                trained.certificate.gap(),
            ])
        };
        let solved: Result<Vec<[f64; 6]>> = side_by_side(seeds.into_iter().collect(), solve);
        let solved = solved?;
        let over_seeds = |i: usize| Distribution::new(solved.iter().map(|of| of[i]).collect());
        Ok(Solutions {
            svm: self.clone(),
            train_accuracy: over_seeds(0)?,
            test_accuracy: over_seeds(1)?,
            support_vectors: over_seeds(2)?,
            margin: over_seeds(3)?,
            objective: over_seeds(4)?,
            gap: over_seeds(5)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_has_the_solution_of_its_own_sample() -> Result<()> {
        let digits = Digits::synthetic(0);
        let svm = Svm::default();
        let sample = Sample { train: 40, test: 50, ..Sample::default() };
        let solved = svm.repeat(&digits, Representation::Deskewed, &sample, [7, 8])?;
        let split = digits.sample(&Sample { seed: 8, ..sample })?;
        let [train, test] =
            [&split.train, &split.test].map(|set| Representation::Deskewed.extract(set));
        let alone = svm.fit(&train?, split.train.labels())?;
        assert_eq!(solved.objective.values()[1], alone.certificate.objective);
        assert_eq!(solved.test_accuracy.values()[1], alone.accuracy(&test?, split.test.labels())?);
        Ok(())
    }
}

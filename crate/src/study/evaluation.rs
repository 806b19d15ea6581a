//! The evaluation of a trained network on some images.

use crate::error::Result;
use crate::nn::{Logits, Loss};
use crate::train::Score;

/// The logits of a trained network for some images, and what is computed from them: predictions, losses, score.
///
/// ```
/// use hinge::prelude::*;
///
/// let run: Run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 42)?;
/// let evaluation = run.evaluate(&run.split.test)?;
/// let pairs = evaluation.predictions().into_iter().zip(run.split.test.labels().to_vec());
/// let correct = pairs.filter(|(prediction, label)| prediction == label).count();
/// assert_eq!(evaluation.score().accuracy, correct as f64 / 1_000.);
/// assert_eq!(evaluation.losses(Loss::CrossEntropy).len(), 1_000); // need not be the loss of the training
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Evaluation {
    logits: Logits,
    labels: Vec<u8>,
    score: Score,
}

impl Evaluation {
    pub(super) fn new(logits: Logits, labels: &[u8], loss: Loss) -> Result<Evaluation> {
        let score = Score::new(&logits, loss, labels)?;
        Ok(Evaluation { logits, labels: labels.to_vec(), score })
    }

    /// The logits, `[n, classes]`.
    pub fn logits(&self) -> &Logits {
        &self.logits
    }

    /// The true labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The predicted classes, `argmax` of the logits, `[n]`.
    pub fn predictions(&self) -> Vec<u8> {
        self.logits.predictions().collect()
    }

    /// The loss of each image, `[n]`; it need not be the loss that the network was trained on.
    pub fn losses(&self, loss: Loss) -> Vec<f64> {
        loss.values(&self.logits, &self.labels)
    }

    /// The mean of the loss that the network was trained on, and the accuracy.
    pub fn score(&self) -> Score {
        self.score
    }
}

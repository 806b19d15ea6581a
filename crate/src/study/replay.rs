//! The original's mistakes, replayed so that they can be watched.

use super::{Experiment, Run};
use crate::data::Digits;
use crate::error::Result;
use crate::loss::Loss;
use crate::model::Model;
use crate::seed::{Stream, permutation, random};

/// The original's logistic regression: its cell makes a new optimiser under a misspelt name and steps the old
/// one, which belongs to Task 1's SVM. So every step is taken by `svm`, and every score is that of
/// `logistic_regression`, which stays where it started.
///
/// # Errors
/// As [`Experiment::run`].
pub fn never_trained(digits: &Digits, seed: u64) -> Result<Run> {
    let logistic_regression = Experiment {
        model: Model::linear(),
        loss: Loss::CrossEntropy,
        ..Experiment::default()
    };
    let svm = Experiment {
        loss: Loss::MultiMargin,
        ..logistic_regression.clone()
    };
    logistic_regression.run_while_stepping(&svm, digits, seed)
}

/// The training loss of `run`'s network as the original averages it, over minibatches of unequal size in
/// `shuffles` random orders: the network is always the same, the number is not.
pub fn unweighted_losses(run: &Run, shuffles: usize) -> Vec<f64> {
    let losses = run.losses(&run.split.train, run.experiment.loss);
    let mut order = random(run.seed, Stream::Order);
    let mean_of_batch = |batch: &[usize]| {
        batch.iter().map(|index| losses[*index]).sum::<f64>() / batch.len() as f64
    };
    let mean_of_means = |order: &[usize]| {
        let batches = order.chunks(run.experiment.batch_size);
        let count = batches.len() as f64;
        batches.map(mean_of_batch).sum::<f64>() / count
    };
    (0..shuffles)
        .map(|_| mean_of_means(&permutation(losses.len(), &mut order)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_never_stepped_keeps_its_scores() -> Result<()> {
        let run = never_trained(&Digits::synthetic(0), 0)?;
        let first = run.at(1)?;
        assert!(
            run.history()
                .iter()
                .all(|epoch| epoch.train == first.train && epoch.test == first.test)
        );
        Ok(())
    }

    #[test]
    fn the_unweighted_loss_of_one_network_depends_on_the_order() -> Result<()> {
        let losses = unweighted_losses(&never_trained(&Digits::synthetic(0), 0)?, 5);
        assert!(
            losses.iter().any(|loss| (loss - losses[0]).abs() > 1e-6),
            "{losses:?}"
        );
        Ok(())
    }
}

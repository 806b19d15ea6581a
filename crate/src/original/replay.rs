//! The original's mistakes, replayed.

use crate::augment::Compose;
use crate::data::Digits;
use crate::error::Result;
use crate::nn::Loss;
use crate::rng::{Stream, permutation, random};
use crate::study::{Experiment, Run};
use crate::train::{Epoch, Examples, Trainer};

/// The original's logistic regression. Its cell makes a new optimiser under a misspelt name and steps the old one,
/// which belongs to Task 1's SVM: the SVM takes every step, and the scores are those of a logistic regression that
/// stays at its initial weights.
///
/// # Errors
/// As [`Experiment::run`].
pub fn never_trained(digits: &Digits, seed: u64) -> Result<Run> {
    let svm = Experiment { loss: Loss::MultiMargin, ..Experiment::default() };
    let logistic_regression = Experiment { loss: Loss::CrossEntropy, ..Experiment::default() };
    let split = svm.split(digits, seed)?;
    let mut initialisation = random(seed, Stream::Initialisation);
    let mut trainer = |experiment: &Experiment| {
        let mut unused = random(seed, Stream::Augmentation);
        let [train, scored_train, test] = [&split.train, &split.train, &split.test]
            .map(|images| Examples::of_images(images, Compose::default(), &mut unused));
        let start = experiment.start(&mut initialisation);
        Trainer::new(experiment, start, train, [scored_train, test])
    };
    let mut stepped = trainer(&svm)?;
    let mut scored = trainer(&logistic_regression)?;
    let mut order = random(seed, Stream::Order);
    let mut history = Vec::with_capacity(svm.epochs);
    for number in 1..=svm.epochs {
        stepped.epoch(&permutation(svm.train_examples, &mut order))?;
        history.push(Epoch { number, ..scored.score()? });
    }
    let (seed, network) = (seed.into(), scored.network());
    Ok(Run { experiment: logistic_regression, seed, split, history, network })
}

/// The training loss of `run`'s network as the original computes it, the unweighted mean over minibatches of unequal
/// size, in each of `shuffles` random orders: the network stays the same, the number does not.
///
/// # Errors
/// As [`Run::evaluate`].
pub fn unweighted_losses(run: &Run, shuffles: usize) -> Result<Vec<f64>> {
    let losses = run.evaluate(&run.split.train)?.losses(run.experiment.loss);
    let mut order = random(run.seed.order, Stream::Order);
    let mean_of_batch = |batch: &[usize]| {
        batch.iter().map(|index| losses[*index]).sum::<f64>() / batch.len() as f64
    };
    let mean_of_means = |order: &[usize]| {
        let batches = order.chunks(run.experiment.batch_size);
        let count = batches.len() as f64;
        batches.map(mean_of_batch).sum::<f64>() / count
    };
    Ok((0..shuffles).map(|_| mean_of_means(&permutation(losses.len(), &mut order))).collect())
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
        let losses = unweighted_losses(&never_trained(&Digits::synthetic(0), 0)?, 5)?;
        assert!(losses.iter().any(|loss| (loss - losses[0]).abs() > 1e-6), "{losses:?}");
        Ok(())
    }
}

//! The original's mistakes, replayed so that they can be watched.

use crate::augment::Compose;
use crate::data::{Digits, Images};
use crate::error::Result;
use crate::nn::{Loss, Model};
use crate::rng::{Stream, permutation, random};
use crate::study::{Experiment, Run};
use crate::train::{Epoch, Examples, Trainer};

/// The original's logistic regression: its cell makes a new optimiser under a misspelt name and steps the old
/// one, which belongs to Task 1's SVM. So every step is taken by `svm`, and every score is that of
/// `logistic_regression`, which stays where it started.
///
/// # Errors
/// As [`Experiment::run`].
pub fn never_trained(digits: &Digits, seed: u64) -> Result<Run> {
    let logistic_regression =
        Experiment { model: Model::linear(), loss: Loss::CrossEntropy, ..Experiment::default() };
    let svm = Experiment { loss: Loss::MultiMargin, ..logistic_regression.clone() };
    score_while_stepping(&logistic_regression, &svm, digits, seed)
}

/// Trains the network of `stepped` and scores, after every epoch, the network of `scored`, which nothing steps.
fn score_while_stepping(
    scored: &Experiment,
    stepped: &Experiment,
    digits: &Digits,
    seed: u64,
) -> Result<Run> {
    let split = digits.sample(&scored.sample(seed))?;
    let untouched = |images: &Images| {
        let mut unused = random(seed, Stream::Augmentation);
        Examples::of_images(images, Compose::default(), &mut unused)
    };
    let mut initialisation = random(seed, Stream::Initialisation);
    let stepped_start = stepped.start(&mut initialisation);
    let scored_start = scored.start(&mut initialisation);
    let train = || untouched(&split.train);
    let mut trainer = Trainer::new(stepped.trainer_settings(), stepped_start, train(), Vec::new())?;
    let sets = vec![train(), untouched(&split.test)];
    let mut idle = Trainer::new(scored.trainer_settings(), scored_start, train(), sets)?;
    let mut order = random(seed, Stream::Order);
    let mut history = Vec::with_capacity(scored.epochs);
    for number in 1..=scored.epochs {
        trainer.epoch(&permutation(scored.train_examples, &mut order))?;
        history.push(Epoch { number, train: idle.score(0)?, test: idle.score(1)? });
    }
    let network = idle.network();
    Ok(Run::new(scored.clone(), seed, split, history, network))
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
    (0..shuffles).map(|_| mean_of_means(&permutation(losses.len(), &mut order))).collect()
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
        assert!(losses.iter().any(|loss| (loss - losses[0]).abs() > 1e-6), "{losses:?}");
        Ok(())
    }
}

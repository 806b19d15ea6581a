//! The original's mistakes, replayed so that they can be watched.

use crate::augment::Compose;
use crate::data::Digits;
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

/// Trains the network of `stepped` and scores, after every epoch, the network of `scored`, which is never stepped.
fn score_while_stepping(
    scored: &Experiment,
    stepped: &Experiment,
    digits: &Digits,
    seed: u64,
) -> Result<Run> {
    let split = scored.split(digits, seed)?;
    let examples = || {
        let mut unused = random(seed, Stream::Augmentation);
        [&split.train, &split.train, &split.test]
            .map(|images| Examples::of_images(images, Compose::default(), &mut unused))
    };
    let mut initialisation = random(seed, Stream::Initialisation);
    let stepped_start = stepped.start(&mut initialisation);
    let scored_start = scored.start(&mut initialisation);
    let trainer = |experiment, start| {
        let [train, scored_train, test] = examples();
        Trainer::new(experiment, start, train, [scored_train, test])
    };
    let mut trained = trainer(stepped, stepped_start)?;
    let mut idle = trainer(scored, scored_start)?;
    let mut order = random(seed, Stream::Order);
    let mut history = Vec::with_capacity(scored.epochs);
    for number in 1..=scored.epochs {
        trained.epoch(&permutation(scored.train_examples, &mut order))?;
        history.push(Epoch { number, ..idle.score()? });
    }
    let network = idle.network();
    Ok(Run::new(scored.clone(), seed.into(), split, history, network))
}

/// The training loss of `run`'s network as the original averages it, over minibatches of unequal size in
/// `shuffles` random orders: the network is always the same, the number is not.
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

//! One run of an experiment.

use super::{Evaluation, Seeds, growing};
use crate::augment::Compose;
use crate::data::{Digits, Images, Sample, Split};
use crate::error::{Error, Result};
use crate::nn::Network;
use crate::rng::{Stream, permutation, random};
use crate::runtime::progress::Progress;
use crate::train::{Epoch, Examples, Experiment, Metric, PlateauSchedule, Trainer};
use std::fmt;

impl Experiment {
    /// Runs the experiment once, and shows how far it is with the learning curve so far. The seed, or the four [`Seeds`], alone decide
    /// which images are drawn, where the weights start and in which order the images come: the same seed gives the
    /// same bits on any number of threads, with one libtorch on one kind of processor. Others round differently,
    /// unless the variables of [`PORTABLE`](super::PORTABLE) are set.
    ///
    /// # Errors
    /// An invalid setting, a sample larger than the data, or a training that diverges.
    pub fn run(&self, digits: &Digits, seed: impl Into<Seeds>) -> Result<Run> {
        let seed = seed.into();
        let progress = Progress::new(format!("{self}, epochs"), self.epochs);
        // The threads of the pool pass work to each other faster than an outside thread can.
        let after_epoch = |history: &[Epoch]| {
            progress.show(|| growing::of_run(history));
            progress.advance()
        };
        let run = rayon::scope(|_| self.run_with(digits, seed, after_epoch));
        run.map_err(|error| progress.with_position(error))
    }

    /// The run, with a call of `after_epoch` after every epoch, on the scores that are known by then.
    pub(super) fn run_with(
        &self,
        digits: &Digits,
        seed: Seeds,
        after_epoch: impl FnMut(&[Epoch]) -> Result<()> + Send,
    ) -> Result<Run> {
        self.validate()?;
        let split = self.split(digits, seed)?;
        let (history, network) = self.train(&split, seed, after_epoch)?;
        Ok(Run { experiment: self.clone(), seed, split, history, network })
    }

    /// The images that a run with this seed is trained and tested on.
    ///
    /// # Errors
    /// A sample of nothing, or larger than the data.
    pub fn split(&self, digits: &Digits, seed: impl Into<Seeds>) -> Result<Split> {
        let Seeds { train_sample: seed, test_sample, .. } = seed.into();
        let (train, test) = (self.train_examples, self.test_examples);
        digits.sample(&Sample { train, test, seed, test_seed: Some(test_sample) })
    }

    /// The scores after the epochs that are scored, and the trained network.
    fn train(
        &self,
        split: &Split,
        seed: Seeds,
        mut after_epoch: impl FnMut(&[Epoch]) -> Result<()> + Send,
    ) -> Result<(Vec<Epoch>, Network)> {
        let start = self.start(&mut random(seed.initialisation, Stream::Initialisation));
        let mut order = random(seed.order, Stream::Order);
        let mut augmentation = random(seed.order, Stream::Augmentation);
        let transform = self.train_transform.clone();
        let train = Examples::of_images(&split.train, transform, &mut augmentation);
        let scored = [&split.train, &split.test]
            .map(|images| scored_examples(images, &self.test_transform, seed));
        let mut trainer = Trainer::new(self, start, train, scored)?;
        let mut schedule =
            self.plateau.map(|plateau| (plateau.metric, PlateauSchedule::new(plateau)));
        let mut learning_rate = self.sgd.learning_rate;
        let mut history: Vec<Epoch> = Vec::with_capacity(self.epochs.div_ceil(self.score_every));
        let mut epoch = |trainer: &mut Trainer, number: usize| {
            trainer.redraw(&mut augmentation);
            trainer.epoch(&permutation(self.train_examples, &mut order))?;
            if number.is_multiple_of(self.score_every) || number == self.epochs {
                trainer.snapshot()?;
            }
            if let Some((metric, schedule)) = &mut schedule {
                for scores in trainer.take_scores()? {
                    learning_rate = schedule.next(scores.get(*metric), learning_rate);
                    history.push(scores);
                }
                trainer.set_learning_rate(learning_rate);
            }
            history.extend(trainer.take_known_scores());
            after_epoch(&history)
        };
        let together = Trainer::SCORED_TOGETHER.saturating_mul(self.score_every);
        for first in (1..=self.epochs).step_by(together) {
            let mut numbers = first..=self.epochs.min(first.saturating_add(together - 1));
            trainer
                .while_scoring(|trainer| numbers.try_for_each(|number| epoch(trainer, number)))?;
        }
        history.extend(trainer.take_scores()?);
        Ok((history, trainer.network()))
    }
}

/// Images as they are scored: a random transform depends on the seed alone.
fn scored_examples(images: &Images, transform: &Compose, seed: Seeds) -> Examples {
    let mut random = random(seed.order, Stream::Augmentation);
    Examples::of_images(images, transform.clone(), &mut random)
}

/// One run: its settings and seed, the images it drew, the scores after each epoch and the trained network.
///
/// ```
/// use hinge::prelude::*;
///
/// let run: Run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 42)?;
/// assert_eq!((run.split.train.len(), run.split.test.len()), (150, 1_000));
/// assert_eq!(run.curve(Metric::TestLoss), [1, 2, 3].map(|epoch| run.at(epoch).unwrap().test.loss));
/// assert!(run.at(4).is_err());
/// assert_eq!(run.evaluate(&run.split.test)?.score().accuracy, run.last().test.accuracy);
/// # Ok::<(), hinge::Error>(())
/// ```
pub struct Run {
    /// The settings.
    pub experiment: Experiment,
    /// The seed, or the four.
    pub seed: Seeds,
    /// The images that the network was trained and tested on.
    pub split: Split,
    pub(crate) history: Vec<Epoch>,
    pub(crate) network: Network,
}

impl Run {
    /// The scores after each epoch that was scored, first to last.
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// The scores after `epoch`, counted from 1.
    ///
    /// # Errors
    /// [`Error::Setting`] if the run ended before, if the epoch was not scored, or if it is 0.
    pub fn at(&self, epoch: usize) -> Result<Epoch> {
        at(&self.history, epoch)
    }

    /// The scores after the last epoch.
    pub fn last(&self) -> Epoch {
        last(&self.history)
    }

    /// The values of one metric after each epoch.
    pub fn curve(&self, metric: Metric) -> Vec<f64> {
        self.history.iter().map(|epoch| epoch.get(metric)).collect()
    }

    /// The trained network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Evaluates the trained network on images, after the experiment's `test_transform`: predictions, losses and
    /// score. On the run's own images the score is that of the last epoch in the history, within float rounding.
    ///
    /// # Errors
    /// [`Error::Setting`] for no images, and the errors of the transform.
    pub fn evaluate(&self, images: &Images) -> Result<Evaluation> {
        self.evaluate_with(images, &self.experiment.test_transform)
    }

    /// Evaluates the trained network on images after another transform. The run's seed decides what is random in
    /// it.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_with(&self, images: &Images, transform: &Compose) -> Result<Evaluation> {
        let logits = scored_examples(images, transform, self.seed).logits(&self.network)?;
        Evaluation::new(logits, images.labels(), self.experiment.loss)
    }
}

pub(super) fn at(history: &[Epoch], number: usize) -> Result<Epoch> {
    let epoch = history.iter().find(|epoch| epoch.number == number);
    epoch.copied().ok_or_else(|| {
        let last = last(history).number;
        Error::setting("epoch", format!("scored (see score_every), from 1 to {last}"), number)
    })
}

/// The last epoch; `Experiment::validate` demands at least one.
pub(super) fn last(history: &[Epoch]) -> Epoch {
    history[history.len() - 1]
}

/// A sentence with the scores after the last epoch.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Run { experiment, seed, .. }, last) = (self, self.last());
        let show = |metric: Metric| format!("{metric} {}", metric.show(last.get(metric)));
        let [a, b, c, d] = Metric::ALL.map(show);
        write!(f, "{experiment}, seed {seed}, after {} epochs: {a}, {b}; {c}, {d}", last.number)
    }
}

debug_as_display!(Run);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Loss, Model, Sgd};
    use crate::original::Recipe;
    use crate::train::Engine;

    fn short() -> Experiment {
        Experiment { epochs: 3, ..Experiment::default() }
    }

    /// Deterministic and random transforms before scoring.
    fn transformed() -> [Experiment; 2] {
        let normalize = crate::augment::Normalize { mean: 0.5, std: 0.5 };
        [Compose::new([normalize.into()]), Recipe::R2.transforms()]
            .map(|test_transform| Experiment { test_transform, ..short() })
    }

    #[test]
    fn an_evaluation_of_the_runs_own_images_agrees_with_its_history() -> Result<()> {
        let digits = Digits::synthetic(0);
        for experiment in transformed() {
            let exact = Experiment { engine: Engine::Reference, ..experiment.clone() };
            let run = exact.run(&digits, 5)?;
            assert_eq!(run.evaluate(&run.split.train)?.score(), run.last().train, "{exact}");
            assert_eq!(run.evaluate(&run.split.test)?.score(), run.last().test, "{exact}");

            let run = experiment.run(&digits, 5)?;
            let score = run.evaluate(&run.split.test)?.score();
            assert_eq!(score.accuracy, run.last().test.accuracy, "{experiment}");
            assert!((score.loss - run.last().test.loss).abs() < 1e-5, "{experiment}");
        }
        Ok(())
    }

    #[test]
    fn no_images_cannot_be_evaluated() -> Result<()> {
        let run = short().run(&Digits::synthetic(0), 0)?;
        let error = run.evaluate(&run.split.test.copies(&[])).expect_err("there are none");
        assert!(error.to_string().starts_with("logits must be rows for 0 labels"), "{error}");
        Ok(())
    }

    #[test]
    fn four_equal_seeds_are_one_seed() -> Result<()> {
        let digits = Digits::synthetic(0);
        let four = Seeds { train_sample: 5, test_sample: 5, initialisation: 5, order: 5 };
        let [one, four] = [short().run(&digits, 5)?, short().run(&digits, four)?];
        assert_eq!(one.history(), four.history());
        Ok(())
    }

    #[test]
    fn each_seed_changes_what_it_is_of_and_nothing_else() -> Result<()> {
        let digits = Digits::synthetic(0);
        let experiment = Experiment { epochs: 1, ..short() };
        let base = Seeds::from(5);
        let same = |seeds: Seeds| {
            let run = |seeds: Seeds| -> Result<_> {
                // Without a step the network is the initial one.
                let sgd = Sgd { learning_rate: 0., ..Sgd::default() };
                let start = Experiment { sgd, ..experiment.clone() }.run(&digits, seeds)?;
                Ok((experiment.run(&digits, seeds)?, start.network().layers()[0].bias.copy()))
            };
            let ((a, a_start), (b, b_start)) = (run(base)?, run(seeds)?);
            let images = [a.split.train == b.split.train, a.split.test == b.split.test];
            let training = a.last().train == b.last().train;
            Ok::<_, Error>((images, a_start == b_start, training))
        };
        assert_eq!(same(base)?, ([true, true], true, true));
        assert_eq!(same(Seeds { train_sample: 6, ..base })?, ([false, true], true, false));
        assert_eq!(same(Seeds { test_sample: 6, ..base })?, ([true, false], true, true));
        assert_eq!(same(Seeds { initialisation: 6, ..base })?, ([true, true], false, false));
        assert_eq!(same(Seeds { order: 6, ..base })?, ([true, true], true, false));
        Ok(())
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() -> Result<()> {
        let digits = Digits::synthetic(0);
        let augmented = Experiment {
            model: Model::hidden(30),
            train_transform: Recipe::R2.transforms(),
            ..short()
        };
        for experiment in [short(), augmented] {
            let [first, second] = [experiment.run(&digits, 5)?, experiment.run(&digits, 5)?];
            assert_eq!(first.history(), second.history());
        }
        Ok(())
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() -> Result<()> {
        let digits = Digits::synthetic(0);
        let hidden = Experiment { model: Model::hidden(1_100), ..short() };
        let augmented = Experiment { train_transform: Recipe::R4.transforms(), ..hidden.clone() };
        // Its snapshots are scored in several groups.
        let long = Experiment { epochs: 40, ..short() };
        for experiment in [short(), long, hidden, augmented] {
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .expect("there are threads");
                pool.install(|| experiment.run(&digits, 5))
            };
            let one = on(1)?;
            assert_eq!(one.history(), on(2)?.history(), "{experiment}");
            assert_eq!(one.history(), on(3)?.history(), "{experiment}");
        }
        Ok(())
    }

    #[test]
    fn the_scores_of_a_linear_run_are_known_while_it_is_trained() -> Result<()> {
        let (long, mut known) = (Experiment { epochs: 40, ..short() }, Vec::new());
        let note = |history: &[Epoch]| {
            known.push(history.len());
            Ok(())
        };
        let run = long.run_with(&Digits::synthetic(0), Seeds::from(0), note)?;
        assert!(known[0] == 0 && 0 < known[39] && known[39] < 40, "{known:?}");
        assert_eq!(run.history().len(), 40);
        Ok(())
    }

    #[test]
    fn another_seed_gives_another_run() -> Result<()> {
        let digits = Digits::synthetic(0);
        assert_ne!(short().run(&digits, 5)?.history(), short().run(&digits, 6)?.history());
        Ok(())
    }

    #[test]
    fn a_learning_rate_that_explodes_is_an_error_that_says_when() {
        let wild = Experiment {
            loss: Loss::CrossEntropy,
            sgd: Sgd { learning_rate: 1e38, ..Sgd::default() },
            ..Experiment::default()
        };
        let error = wild.run(&Digits::synthetic(0), 0).expect_err("it diverges").to_string();
        assert!(error.starts_with("Training diverged in epoch"), "{error}");
    }
}

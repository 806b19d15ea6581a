//! What is done: the settings of a training run.

use super::{Run, Runs};
use crate::augment::Compose;
use crate::data::{CLASSES, Digits, Images, PIXELS, Sample, Split};
use crate::error::{Error, Result};
use crate::nn::Device;
use crate::nn::Loss;
use crate::nn::Model;
use crate::nn::Network;
use crate::nn::Sgd;
use crate::rng::{ChaCha8Rng, Stream, permutation, random};
use crate::runtime::progress::Progress;
use crate::train::{
    Engine, Epoch, Examples, Plateau, PlateauSchedule, Score, Trainer, TrainerSettings,
};
use serde::Serialize;
use std::fmt;

/// The settings of a training run. The defaults are the report's protocol for Task 1.
///
/// ```
/// use hinge::prelude::*;
/// let svm = Experiment { epochs: 5, ..Experiment::default() };
/// let run: Run = svm.run(&Digits::synthetic(0), 42)?;
/// assert_eq!(run.history().len(), 5);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// The architecture. Defaults to a linear model.
    pub model: Model,
    /// The loss that is trained on. Defaults to the multi-margin loss.
    pub loss: Loss,
    /// The optimiser's settings. Defaults to learning rate 0.02 and nothing else.
    pub sgd: Sgd,
    /// How many training images are drawn. Defaults to `150`, 0.25 % of MNIST's 60 000.
    pub train_examples: usize,
    /// How many test images are drawn. Defaults to `1_000`, 10 % of MNIST's 10 000.
    pub test_examples: usize,
    /// How many times the training images are gone through, 1 to 100 000. Defaults to `100`.
    pub epochs: usize,
    /// The size of a minibatch, at least 1; a short last one is kept. Defaults to `32`.
    pub batch_size: usize,
    /// What is done to the training images, drawn afresh for every epoch. Defaults to nothing.
    pub train_transform: Compose,
    /// What is done to all images, training and test, before scores are computed on them: training scores are
    /// those of the training images themselves, not of what `train_transform` makes of them. Defaults to
    /// nothing.
    pub test_transform: Compose,
    /// A learning rate that falls when a loss no longer does. Defaults to a constant learning rate.
    pub plateau: Option<Plateau>,
    /// The most that the norm of a minibatch's gradient may be. Defaults to no bound.
    pub clip_norm: Option<f64>,
    /// After how many epochs scores are computed, at least 1; the last epoch is always scored. Defaults to
    /// `1`. Scoring rarely saves time where only the last epoch matters.
    pub score_every: usize,
    /// How the steps are computed; it changes the time, not the result. Defaults to whichever is faster.
    pub engine: Engine,
    /// What it is computed on. Defaults to the processor.
    pub device: Device,
}

impl Default for Experiment {
    fn default() -> Experiment {
        Experiment {
            model: Model::linear(),
            loss: Loss::MultiMargin,
            sgd: Sgd::default(),
            train_examples: 150,
            test_examples: 1_000,
            epochs: 100,
            batch_size: 32,
            train_transform: Compose::default(),
            test_transform: Compose::default(),
            plateau: None,
            clip_norm: None,
            score_every: 1,
            engine: Engine::default(),
            device: Device::default(),
        }
    }
}

impl Experiment {
    const MODEL: &str = "model";
    const LOSS: &str = "loss";

    /// The most epochs of a run.
    pub const MOST_EPOCHS: usize = 100_000;

    /// The same experiment with scores after the last epoch only, where nothing needs those before.
    pub fn scored_last(self) -> Experiment {
        let score_every = if self.plateau.is_some() { 1 } else { self.epochs };
        Experiment { score_every, ..self }
    }

    /// Runs it once, and prints a line every few seconds while it lasts. The `seed` alone decides which images
    /// are drawn, where the weights start and in which order the images come: the same seed gives the same
    /// bits, on any number of threads.
    ///
    /// # Errors
    /// An invalid setting, a sample larger than the data, or a training that diverges.
    pub fn run(&self, digits: &Digits, seed: u64) -> Result<Run> {
        let mut progress = Progress::new(format!("{self}, epochs"), self.epochs);
        // Threads of the pool hand work to each other faster than one outside of it does.
        rayon::scope(|_| self.run_with(digits, seed, || progress.advance()))
    }

    /// The run, with a call of `after_epoch` after every epoch.
    pub(super) fn run_with(
        &self,
        digits: &Digits,
        seed: u64,
        after_epoch: impl FnMut() -> Result<()>,
    ) -> Result<Run> {
        self.validate()?;
        let split = digits.sample(&self.sample(seed))?;
        let start = self.start(&mut random(seed, Stream::Initialisation));
        let (history, network) = self.train(&split, start, seed, after_epoch)?;
        Ok(Run::new(self.clone(), seed, split, history, network))
    }

    /// The untrained network.
    pub(crate) fn start(&self, random: &mut ChaCha8Rng) -> Network {
        Network::initialise(&self.model, PIXELS, CLASSES, random).to_device(self.device)
    }

    /// Runs it once for every seed, as many at a time as there are processors, and prints a line every few
    /// seconds while it lasts. The result does not depend on how many run at a time.
    ///
    /// # Errors
    /// The first error of a run, and [`Error::TooFew`] for fewer than two seeds.
    pub fn repeat(&self, digits: &Digits, seeds: impl IntoIterator<Item = u64>) -> Result<Runs> {
        Runs::collect(self, digits, seeds.into_iter().collect())
    }

    /// The subsets that a run with `seed` draws.
    pub fn sample(&self, seed: u64) -> Sample {
        Sample { train: self.train_examples, test: self.test_examples, seed }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Augment`] name the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        self.trainer_settings().validate()?;
        self.train_transform.validate()?;
        self.test_transform.validate()?;
        self.device.validate()?;
        if let Some(plateau) = &self.plateau {
            plateau.validate()?;
            if self.score_every != 1 {
                return Err(Error::setting(
                    "score_every",
                    "1 with a plateau schedule, which needs every loss",
                    self.score_every,
                ));
            }
        }
        if !(1..=Self::MOST_EPOCHS).contains(&self.epochs) {
            return Err(Error::setting(
                "epochs",
                format!("1 to {}", Self::MOST_EPOCHS),
                self.epochs,
            ));
        }
        Ok(())
    }

    /// What distinguishes the experiment from [`Experiment::default`], the report's protocol: the model and the
    /// loss, then every other setting that has another value and changes the result.
    ///
    /// ```
    /// use hinge::prelude::*;
    ///
    /// let sgd = Sgd { momentum: 0.9, nesterov: true, ..Sgd::default() };
    /// let differences = Experiment { sgd, epochs: 20, ..Experiment::default() }.differences();
    /// let pairs: Vec<_> = differences.iter().map(|d| (d.field, d.value.as_str())).collect();
    /// assert_eq!(pairs, [
    ///     ("model", "linear model"),
    ///     ("loss", "multi-margin loss"),
    ///     ("momentum", "0.9 (Nesterov)"),
    ///     ("epochs", "20"),
    /// ]);
    /// ```
    pub fn differences(&self) -> Vec<Difference> {
        let protocol = Experiment::default();
        let always = [(Self::MODEL, self.model.to_string()), (Self::LOSS, self.loss.to_string())];
        let others = self.others().into_iter().zip(protocol.others());
        let different = others.filter(|(ours, usual)| ours != usual).map(|(ours, _)| ours);
        let difference = |(field, value)| Difference { field, value };
        always.into_iter().chain(different).map(difference).collect()
    }

    /// The settings that change the result, beside the model and the loss. Every field is named here, so that a
    /// new one cannot be forgotten.
    fn others(&self) -> [(&'static str, String); 11] {
        let Experiment {
            model: _,
            loss: _,
            sgd: Sgd { learning_rate, weight_decay, momentum, nesterov },
            train_examples,
            test_examples,
            epochs,
            batch_size,
            train_transform,
            test_transform,
            plateau,
            clip_norm,
            score_every: _,
            engine: _,
            device: _,
        } = self;
        [
            ("learning rate", learning_rate.to_string()),
            ("weight decay", weight_decay.to_string()),
            ("momentum", format!("{momentum}{}", if *nesterov { " (Nesterov)" } else { "" })),
            ("training examples", train_examples.to_string()),
            ("test examples", test_examples.to_string()),
            ("epochs", epochs.to_string()),
            ("batch size", batch_size.to_string()),
            ("augmentation", train_transform.to_string()),
            ("transform before scoring", test_transform.to_string()),
            ("plateau schedule", plateau.map_or("none".into(), |plateau| plateau.to_string())),
            ("clip norm", clip_norm.map_or("none".into(), |norm| norm.to_string())),
        ]
    }

    pub(crate) fn trainer_settings(&self) -> TrainerSettings {
        TrainerSettings {
            loss: self.loss,
            sgd: self.sgd,
            batch_size: self.batch_size,
            clip_norm: self.clip_norm,
            engine: self.engine,
            score_every: self.score_every,
            epochs: self.epochs,
        }
    }

    fn train(
        &self,
        split: &Split,
        start: Network,
        seed: u64,
        mut after_epoch: impl FnMut() -> Result<()>,
    ) -> Result<(Vec<Epoch>, Network)> {
        let mut augmentation = random(seed, Stream::Augmentation);
        let mut examples = |images: &Images, transform: &Compose| {
            Examples::of_images(images, transform.clone(), &mut augmentation)
        };
        let train = examples(&split.train, &self.train_transform);
        let scored =
            [&split.train, &split.test].map(|images| examples(images, &self.test_transform));
        let mut trainer = Trainer::new(self.trainer_settings(), start, train, scored.into())?;
        let mut order = random(seed, Stream::Order);
        let mut schedule = self.plateau.map(PlateauSchedule::new);
        let mut learning_rate = self.sgd.learning_rate;
        let mut history = Vec::with_capacity(self.epochs.div_ceil(self.score_every));
        let mut scored = Vec::new();
        for number in 1..=self.epochs {
            trainer.redraw(&mut augmentation);
            trainer.epoch(&permutation(self.train_examples, &mut order))?;
            if number % self.score_every == 0 || number == self.epochs {
                trainer.note()?;
                scored.push(number);
            }
            if let (Some(schedule), Some(plateau)) = (&mut schedule, &self.plateau) {
                history.extend(epochs(&mut scored, trainer.scores()?));
                let loss =
                    history.last().map_or(f64::INFINITY, |epoch: &Epoch| epoch.get(plateau.metric));
                learning_rate = schedule.next(loss, learning_rate);
                trainer.set_learning_rate(learning_rate)?;
            }
            after_epoch()?;
        }
        history.extend(epochs(&mut scored, trainer.scores()?));
        Ok((history, trainer.network()))
    }
}

/// The scores, on training and test images, after the epochs with these numbers.
fn epochs(numbers: &mut Vec<usize>, scores: Vec<Vec<Score>>) -> Vec<Epoch> {
    let epoch = |(number, scores): (usize, Vec<Score>)| match scores[..] {
        [train, test] => Some(Epoch { number, train, test }),
        _ => None,
    };
    numbers.drain(..).zip(scores).filter_map(epoch).collect()
}

/// What distinguishes it from the report's protocol: "linear model, multi-margin loss, weight decay 0.1".
impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, difference) in self.differences().iter().enumerate() {
            write!(f, "{}{difference}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// A setting of an experiment that differs from the report's protocol; the model and the loss count always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The setting's name: "weight decay".
    pub field: &'static str,
    /// Its value: "0.1".
    pub value: String,
}

/// "weight decay 0.1"; a model or a loss needs no name before its value.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Experiment::MODEL | Experiment::LOSS => f.write_str(&self.value),
            // A list in a list.
            field if self.value.contains(", ") => write!(f, "{field} ({})", self.value),
            field => write!(f, "{field} {}", self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::original::Recipe;

    fn message(experiment: Experiment) -> String {
        experiment.validate().expect_err("the settings are invalid").to_string()
    }

    fn short() -> Experiment {
        Experiment { epochs: 3, ..Experiment::default() }
    }

    #[test]
    fn every_setting_that_changes_the_result_is_a_difference() {
        let changed = Experiment {
            model: Model::hidden(5_000),
            loss: Loss::CrossEntropy,
            sgd: Sgd { learning_rate: 0.1, weight_decay: 0.01, momentum: 0.9, nesterov: true },
            train_examples: 1_500,
            test_examples: 500,
            epochs: 20,
            batch_size: 64,
            train_transform: Recipe::R4.transforms(),
            test_transform: Recipe::R2.transforms(),
            plateau: Some(Plateau { min_learning_rate: 0.001, ..Plateau::default() }),
            clip_norm: Some(1.5),
            ..Experiment::default()
        };
        let differences: Vec<(&str, String)> =
            changed.differences().into_iter().map(|d| (d.field, d.value)).collect();
        let expected = [
            ("model", "hidden layer of 5000 ReLU units"),
            ("loss", "cross entropy"),
            ("learning rate", "0.1"),
            ("weight decay", "0.01"),
            ("momentum", "0.9 (Nesterov)"),
            ("training examples", "1500"),
            ("test examples", "500"),
            ("epochs", "20"),
            ("batch size", "64"),
            ("augmentation", "r4"),
            ("transform before scoring", "r2"),
            ("plateau schedule", "train loss, factor 0.1, patience 10, least learning rate 0.001"),
            ("clip norm", "1.5"),
        ];
        assert_eq!(differences, expected.map(|(field, value)| (field, value.to_string())));
        assert!(changed.to_string().contains("batch size 64, augmentation r4, transform"));
    }

    #[test]
    fn the_protocol_differs_from_itself_in_nothing_but_names_its_model_and_loss() {
        let cheap = Experiment { score_every: 5, engine: Engine::Direct, ..Experiment::default() };
        assert_eq!(cheap.to_string(), "linear model, multi-margin loss");
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
        for experiment in [short(), hidden, augmented] {
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
    fn another_seed_gives_another_run() -> Result<()> {
        let digits = Digits::synthetic(0);
        assert_ne!(short().run(&digits, 5)?.history(), short().run(&digits, 6)?.history());
        Ok(())
    }

    #[test]
    fn runs_side_by_side_give_what_they_give_alone() -> Result<()> {
        let digits = Digits::synthetic(0);
        let runs = short().repeat(&digits, 0..5)?;
        let alone = (0..5).map(|seed| Ok(short().run(&digits, seed)?.last().test.accuracy));
        let alone: Vec<f64> = alone.collect::<Result<_>>()?;
        assert_eq!(runs.last(Metric::TestAccuracy)?.values(), alone);
        Ok(())
    }

    #[test]
    fn rejects_zero_epochs() {
        let message = message(Experiment { epochs: 0, ..Experiment::default() });
        assert_eq!(message, "epochs must be 1 to 100000, but it is 0.");
    }

    #[test]
    fn rejects_an_empty_minibatch() {
        let message = message(Experiment { batch_size: 0, ..Experiment::default() });
        assert_eq!(message, "batch_size must be at least 1, but it is 0.");
    }

    #[test]
    fn rejects_an_empty_hidden_layer() {
        let message = message(Experiment { model: Model::hidden(0), ..Experiment::default() });
        assert!(
            message.starts_with("hidden_units must be 1 to 100000 in every layer"),
            "{message}"
        );
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

//! Training of one network.

use super::engine;
use super::examples::Examples;
use super::experiment::Experiment;
use super::score::{Epoch, Score, Tally};
use super::step::{Step, Training};
use crate::error::{Error, Result, require};
use crate::linalg::LANES;
use crate::nn::{Network, check_labels};
use crate::rng::ChaCha8Rng;
use crate::runtime::threads::use_one_thread;

/// Trains a network on examples, and scores it on the same and on others.
///
/// The engines [`Direct`](super::Engine::Direct) and [`Span`](super::Engine::Span) divide their work among the
/// threads of the [rayon](https://docs.rs/rayon) pool that calls them. The result does not depend on their number.
///
/// ```
/// use hinge::train::{Examples, Trainer};
/// use hinge::{Layer, Loss, Network, Sgd, study::Experiment};
/// use tch::{Device, Kind, Tensor};
///
/// // One example, x = 1 with label 0, and a network of zeros: softmax gives each of two classes a half.
/// let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Double, Device::Cpu));
/// let network = Network::new(vec![Layer { weight: zeros(&[2, 1]), bias: zeros(&[2]) }])?;
/// let example = || Examples::new(Tensor::from_slice(&[1.]).view([1, 1]), vec![0]);
/// let sgd = Sgd { learning_rate: 0.1, ..Sgd::default() };
/// let settings = Experiment { loss: Loss::CrossEntropy, sgd, ..Experiment::default() };
/// let mut trainer = Trainer::new(&settings, network, example()?, [example()?, example()?])?;
/// assert!((trainer.score()?.train.loss - 2f64.ln()).abs() < 1e-12);
///
/// // The gradient of the logits is (1/2 - 1, 1/2), which is that of the weights as x = 1.
/// trainer.epoch(&[0])?;
/// let trained = trainer.network();
/// let layer = &trained.layers()[0];
/// assert!((layer.weight.double_value(&[0, 0]) - 0.05).abs() < 1e-12);
/// assert!((layer.weight.double_value(&[1, 0]) + 0.05).abs() < 1e-12);
/// # Ok::<(), hinge::Error>(())
/// ```
pub struct Trainer {
    experiment: Experiment,
    training: Box<dyn Training>,
    train: Examples,
    /// Training and test examples as they are scored.
    scored: [Examples; 2],
    epochs: usize,
    /// The epochs after which snapshots were taken that are not scored yet.
    snapshots: Vec<usize>,
    scores: Vec<Epoch>,
}

impl Trainer {
    /// How many snapshots an engine scores at a time, if it scores several together.
    pub(crate) const SCORED_TOGETHER: usize = LANES;

    /// A trainer of `network` on the examples `train`, before the first step. `scored` are the training and the test
    /// examples that scores are computed on. Of the experiment it uses how to step (loss, optimiser, minibatches,
    /// clipping, engine) and, to choose an engine, how long; the rest is given by the network and the examples.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting is outside its range or examples do not fit the network.
    pub fn new(
        experiment: &Experiment,
        network: Network,
        train: Examples,
        scored: [Examples; 2],
    ) -> Result<Trainer> {
        experiment.validate()?;
        for examples in scored.iter().chain([&train]) {
            check_fit(examples, &network)?;
        }
        let batch_size = experiment.batch_size.min(train.count());
        let experiment = Experiment { batch_size, ..experiment.clone() };
        use_one_thread();
        Ok(Trainer {
            training: engine::start(&experiment, network, &train, &scored)?,
            experiment,
            train,
            scored,
            epochs: 0,
            snapshots: Vec::new(),
            scores: Vec::new(),
        })
    }

    /// Draws the random transform of the training examples again.
    pub fn redraw(&mut self, random: &mut ChaCha8Rng) {
        self.train.redraw(random);
    }

    /// Continues with another learning rate, finite and at least 0.
    pub(crate) fn set_learning_rate(&mut self, learning_rate: f64) {
        self.experiment.sgd.learning_rate = learning_rate;
    }

    /// One pass over the training examples in `order`, a permutation of their indices.
    ///
    /// # Errors
    /// [`Error::Setting`] if `order` is not a permutation of the training examples, [`Error::Diverged`] if a
    /// logit is no longer a finite number.
    pub fn epoch(&mut self, order: &[usize]) -> Result<()> {
        self.check_order(order)?;
        self.epochs += 1;
        let steps = Step::of_epoch(self.epochs, &self.experiment, &self.train, order);
        self.training.epoch(&self.train, &steps)
    }

    /// The scores of the network as trained so far.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss is not a finite number.
    pub fn score(&mut self) -> Result<Epoch> {
        let [train, test] = &self.scored;
        let loss = self.experiment.loss;
        let tallies = [self.training.score(0, train, loss)?, self.training.score(1, test, loss)?];
        self.scores_after(self.epochs, tallies)
    }

    /// Keeps the scores of the network as trained so far for [`take_scores`](Self::take_scores).
    ///
    /// # Errors
    /// As [`score`](Self::score): they may have to be computed at once.
    pub fn snapshot(&mut self) -> Result<()> {
        /// Of some 12 kB each with 150 images.
        const MOST_SNAPSHOTS: usize = 256;
        if !self.training.snapshot() {
            let scores = self.score()?;
            self.scores.push(scores);
            return Ok(());
        }
        self.snapshots.push(self.epochs);
        if self.snapshots.len() < MOST_SNAPSHOTS { Ok(()) } else { self.score_snapshots() }
    }

    /// What [`take_scores`](Self::take_scores) would give, as far as it is known: an engine may score many snapshots
    /// together, later.
    pub(crate) fn take_known_scores(&mut self) -> Vec<Epoch> {
        std::mem::take(&mut self.scores)
    }

    /// The scores of the snapshots since the last call, oldest first.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss is not a finite number.
    pub fn take_scores(&mut self) -> Result<Vec<Epoch>> {
        self.score_snapshots()?;
        Ok(self.take_known_scores())
    }

    fn score_snapshots(&mut self) -> Result<()> {
        self.while_scoring(|_| Ok(()))
    }

    /// Trains as `train` says, while threads that have nothing else to do score the snapshots so far.
    pub(crate) fn while_scoring(
        &mut self,
        train: impl FnOnce(&mut Trainer) -> Result<()> + Send,
    ) -> Result<()> {
        if self.snapshots.is_empty() {
            return train(self);
        }
        let snapshots = std::mem::take(&mut self.snapshots);
        let score = self.training.scoring(&self.scored, self.experiment.loss);
        let (trained, [train, test]) = rayon::join(|| train(self), score);
        for ((epoch, train), test) in snapshots.into_iter().zip(train).zip(test) {
            let scores = self.scores_after(epoch, [train, test])?;
            self.scores.push(scores);
        }
        trained
    }

    fn scores_after(&self, number: usize, tallies: [Tally; 2]) -> Result<Epoch> {
        let [train, test] = tallies.map(|tally| tally.score());
        if [train, test].iter().all(|score: &Score| score.loss.is_finite()) {
            return Ok(Epoch { number, train, test });
        }
        let step = self.train.count().div_ceil(self.experiment.batch_size);
        let learning_rate = self.experiment.sgd.learning_rate;
        Err(Error::Diverged { epoch: number, step, learning_rate })
    }

    /// The network as trained so far.
    pub fn network(&self) -> Network {
        self.training.network()
    }

    fn check_order(&self, order: &[usize]) -> Result<()> {
        let n = self.train.count();
        let allowed = format_args!("a permutation of the {n} training examples");
        let mut unseen = vec![true; n];
        for index in order {
            let is_new = unseen.get_mut(*index).is_some_and(std::mem::take);
            require(is_new, "order", allowed, index)?;
        }
        require(order.len() == n, "order", allowed, format_args!("{} long", order.len()))
    }
}

fn check_fit(examples: &Examples, network: &Network) -> Result<()> {
    let (n, inputs, expected) = (examples.count(), examples.inputs(), network.inputs());
    require(n > 0, "examples", "at least 1", n)?;
    require(inputs == expected, "inputs", format_args!("{expected} numbers an example"), inputs)?;
    check_labels(examples.labels(), n, network.classes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Compose;
    use crate::data::{CLASSES, Digits, PIXELS, Sample, Split};
    use crate::nn::{CustomLoss, Layer, Loss, Model, Sgd};
    use crate::original::Recipe;
    use crate::rng::{Stream, permutation, random};
    use crate::train::Engine;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tch::{Kind, Tensor};

    const SGD: Sgd = Sgd { learning_rate: 0.05, weight_decay: 0.01, momentum: 0.9, nesterov: true };

    /// Few images. That there is one epoch is what engines are chosen by; the tests train for four.
    fn few() -> Experiment {
        Experiment { train_examples: 70, test_examples: 40, epochs: 1, ..Experiment::default() }
    }

    fn split(experiment: &Experiment) -> Result<Split> {
        let Experiment { train_examples: train, test_examples: test, .. } = *experiment;
        Digits::synthetic(3).sample(&Sample { train, test, seed: 0, test_seed: None })
    }

    /// A network with 64-bit parameters, in which rounding is far below what is compared.
    fn start(experiment: &Experiment) -> Network {
        let mut random = random(1, Stream::Initialisation);
        let start = Network::initialise(&experiment.model, PIXELS, CLASSES, &mut random);
        let double = |layer: Layer| Layer {
            weight: layer.weight.to_kind(Kind::Double),
            bias: layer.bias.to_kind(Kind::Double),
        };
        Network { layers: start.layers.into_iter().map(double).collect() }
    }

    fn trainer(experiment: &Experiment) -> Result<Trainer> {
        let split = split(experiment)?;
        let mut random = random(1, Stream::Augmentation);
        let scored = [&split.train, &split.test]
            .map(|images| Examples::of_images(images, Compose::default(), &mut random));
        let train =
            Examples::of_images(&split.train, experiment.train_transform.clone(), &mut random);
        Trainer::new(experiment, start(experiment), train, scored)
    }

    /// The scores after four epochs, and the logits of the trained network.
    fn trained(experiment: &Experiment) -> Result<(Vec<Epoch>, Tensor)> {
        let mut trainer = trainer(experiment)?;
        let mut order = random(2, Stream::Order);
        let mut augmentation = random(3, Stream::Augmentation);
        let mut scores = vec![trainer.score()?];
        for epoch in 1..=4 {
            trainer.redraw(&mut augmentation);
            trainer.epoch(&permutation(experiment.train_examples, &mut order))?;
            if epoch % experiment.score_every == 0 {
                trainer.snapshot()?;
            }
        }
        scores.extend(trainer.take_scores()?);
        scores.push(trainer.score()?);
        let images = split(experiment)?.test.to_tensor().to_kind(Kind::Double);
        Ok((scores, trainer.network().outputs(&images)))
    }

    fn assert_follows_the_definition(experiment: &Experiment, engine: Engine) -> Result<()> {
        let with = |engine| trained(&Experiment { engine, ..experiment.clone() });
        let (expected, expected_logits) = with(Engine::Reference)?;
        let (scores, logits) = with(engine)?;
        let name = format!("{experiment}, {engine:?}");
        let [first, last] = [expected[0], expected[expected.len() - 1]];
        assert!(first.test.loss > last.test.loss, "{name}: training has an effect");
        assert_eq!(scores.len(), expected.len());
        for (score, expected) in scores.iter().zip(&expected) {
            let difference = (score.train.loss - expected.train.loss).abs()
                + (score.test.loss - expected.test.loss).abs();
            assert!(difference < 1e-9, "{name}: {score:?} is not {expected:?}");
        }
        let difference = (logits - expected_logits).abs().max().double_value(&[]);
        assert!(difference < 1e-9, "{name}: {difference}");
        Ok(())
    }

    /// Every combination of models, optimisers, clipping, images that stay or change, and when they are scored.
    fn cases() -> Vec<Experiment> {
        let optimisers = [
            Sgd::default(),
            Sgd { momentum: 0., nesterov: false, ..SGD },
            Sgd { nesterov: false, ..SGD },
            SGD,
        ];
        let models = [vec![], vec![20], vec![600], vec![20, 15]];
        let mut cases = Vec::new();
        for (hidden_units, sgd) in
            models.iter().flat_map(|model| optimisers.map(|sgd| (model, sgd)))
        {
            for (clip_norm, train_transform) in [None, Some(0.3)].into_iter().flat_map(|norm| {
                [Compose::default(), Recipe::R4.transforms()].map(|transform| (norm, transform))
            }) {
                cases.extend([1, 2].map(|score_every| Experiment {
                    model: Model { hidden_units: hidden_units.clone() },
                    loss: if score_every == 1 { Loss::MultiMargin } else { Loss::CrossEntropy },
                    sgd,
                    clip_norm,
                    train_transform: train_transform.clone(),
                    score_every,
                    ..few()
                }));
            }
        }
        cases
    }

    #[test]
    fn the_span_engine_takes_the_steps_of_the_definition() -> Result<()> {
        cases().iter().try_for_each(|case| assert_follows_the_definition(case, Engine::Span))
    }

    /// 300 digits are two blocks, of 8 minibatches and of 2.
    #[test]
    fn the_span_engine_takes_the_steps_of_the_definition_in_blocks() -> Result<()> {
        let in_blocks = |case: &Experiment| {
            case.model == Model::hidden(600) || case.train_transform.is_random()
        };
        let cases = cases().into_iter().filter(in_blocks);
        cases
            .map(|case| {
                let score_every = 2 * case.score_every;
                Experiment { train_examples: 300, score_every, ..case }
            })
            .try_for_each(|case| assert_follows_the_definition(&case, Engine::Span))
    }

    #[test]
    fn the_direct_engine_takes_the_steps_of_the_definition() -> Result<()> {
        cases().iter().try_for_each(|case| assert_follows_the_definition(case, Engine::Direct))
    }

    #[test]
    fn where_nothing_is_left_to_learn_the_engines_still_agree() -> Result<()> {
        // With this rate the margins of all 70 digits soon hold: minibatches without any gradient.
        let fitted = Experiment { sgd: Sgd { learning_rate: 2., ..Sgd::default() }, ..few() };
        assert_follows_the_definition(&fitted, Engine::Span)?;
        assert_follows_the_definition(&fitted, Engine::Direct)
    }

    /// Engines score several models together. The bias of a model that is trained keeps its logits from 0.
    #[test]
    fn the_users_loss_is_computed_only_of_models_that_exist() -> Result<()> {
        static IS_OF_NO_MODEL: AtomicBool = AtomicBool::new(false);
        let half_squares = |s: &[f64], _| {
            let _ = IS_OF_NO_MODEL.fetch_or(s.iter().all(|s_j| *s_j == 0.), Ordering::Relaxed);
            s.iter().map(|s_j| s_j * s_j / 2.).sum()
        };
        let loss = CustomLoss::new("half squares", half_squares, |s, _| s.to_vec())?.into();
        let _ = trained(&Experiment { loss, epochs: 100, engine: Engine::Span, ..few() })?;
        assert!(!IS_OF_NO_MODEL.load(Ordering::Relaxed));
        Ok(())
    }

    #[test]
    fn rejects_an_order_that_is_not_a_permutation() -> Result<()> {
        let mut trainer = trainer(&Experiment { train_examples: 3, ..few() })?;
        for order in [&[0, 1, 3][..], &[0, 1, 1], &[0, 1]] {
            let message = trainer.epoch(order).expect_err("it is no permutation").to_string();
            let expected = "order must be a permutation of the 3 training examples";
            assert!(message.starts_with(expected), "{message}");
        }
        Ok(())
    }

    #[test]
    fn a_minibatch_larger_than_all_examples_holds_them_all() -> Result<()> {
        for engine in [Engine::Reference, Engine::Direct, Engine::Span] {
            let batch_size = usize::MAX;
            trainer(&Experiment { train_examples: 3, batch_size, engine, ..few() })?
                .epoch(&[2, 0, 1])?;
        }
        Ok(())
    }

    #[test]
    fn rejects_examples_that_do_not_fit_the_network() -> Result<()> {
        let wide = Tensor::zeros([1, 785], (Kind::Double, tch::Device::Cpu));
        let message = |inputs: Tensor, labels: &[u8]| {
            let examples = || Examples::new(inputs.shallow_clone(), labels.to_vec());
            let scored = [examples()?, examples()?];
            let trainer = Trainer::new(&few(), start(&few()), examples()?, scored);
            Ok::<_, Error>(trainer.err().map_or(String::new(), |error| error.to_string()))
        };
        let expected = "inputs must be 784 numbers an example, but it is 785.";
        assert_eq!(message(wide.shallow_clone(), &[0])?, expected);
        let fitting = wide.narrow(1, 0, 784);
        assert_eq!(message(fitting.copy(), &[10])?, "labels must be below 10, but it is 10.");
        let none = fitting.narrow(0, 0, 0);
        assert_eq!(message(none, &[])?, "examples must be at least 1, but it is 0.");
        Ok(())
    }
}

//! Training of one network.

use super::engine::direct::Direct;
use super::engine::gram::Dual;
use super::engine::plan::{Cost, Engine, SpanPlan};
use super::engine::reference::Plain;
use super::engine::span::Span;
use super::examples::Examples;
use super::score::{Score, Tally, check_labels};
use crate::error::{Error, Result};
use crate::nn::Logits;
use crate::nn::Loss;
use crate::nn::Network;
use crate::nn::Sgd;
use crate::rng::ChaCha8Rng;
use crate::runtime::threads::multiply_alone;
use std::ops::Deref;
use tch::Tensor;

/// The settings of a [`Trainer`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainerSettings {
    /// The loss that is trained on and scored.
    pub loss: Loss,
    /// The optimiser.
    pub sgd: Sgd,
    /// The size of a minibatch, at least 1; a short last one is kept.
    pub batch_size: usize,
    /// The most that the norm of all gradients together may be, above 0, as
    /// [`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html);
    /// `None` for no bound.
    pub clip_norm: Option<f64>,
    /// How the steps are computed.
    pub engine: Engine,
    /// After how many epochs scores will be asked for, at least 1; it matters for speed only.
    pub score_every: usize,
    /// How many epochs there will be; it matters for speed only.
    pub epochs: usize,
}

impl TrainerSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] names the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        self.sgd.validate()?;
        at_least_one("batch_size", self.batch_size)?;
        at_least_one("score_every", self.score_every)?;
        match self.clip_norm {
            Some(norm) if !(norm.is_finite() && norm > 0.) => {
                Err(Error::setting("clip_norm", "finite and above 0", norm))
            }
            _ => Ok(()),
        }
    }
}

fn at_least_one(field: &'static str, value: usize) -> Result<()> {
    match value {
        0 => Err(Error::setting(field, "at least 1", value)),
        _ => Ok(()),
    }
}

/// A way of training: an engine at work on one network.
pub(super) trait Training: Send {
    /// Steps through the examples in `order`, in minibatches.
    fn epoch(&mut self, train: &Examples, order: &[usize], steps: &Steps) -> Result<()>;

    /// Scores `examples`, the set of scored examples with index `set`.
    fn score(&mut self, set: usize, examples: &Examples, loss: Loss) -> Result<Tally>;

    /// The network as trained so far.
    fn network(&self) -> Network;

    /// Takes note of the network as it is, so that it can be scored later together with others; false for an
    /// engine that gains nothing by that.
    fn note(&mut self) -> bool {
        false
    }

    /// For each set of scored examples the counts of the networks noted since this was last called.
    fn noted(&mut self, _scored: &[Examples], _loss: Loss) -> Result<Vec<Vec<Tally>>> {
        Ok(Vec::new())
    }
}

/// How many examples go through the network at a time where nothing else decides: few enough for their hidden
/// units to stay in the processor's cache.
pub(super) const BLOCK: usize = 256;

/// What the steps of an epoch need to know.
pub(super) struct Steps<'a> {
    settings: &'a TrainerSettings,
    epoch: usize,
}

impl Steps<'_> {
    /// The gradient of the mean loss with respect to the logits of minibatch `number`, counted from 1.
    pub fn loss_gradient(&self, logits: &Logits, labels: &[u8], number: usize) -> Result<Vec<f64>> {
        if logits.are_finite() {
            return Ok(self.loss.gradient(logits, labels));
        }
        Err(Error::Diverged {
            epoch: self.epoch,
            step: number,
            learning_rate: self.sgd.learning_rate,
        })
    }
}

impl Deref for Steps<'_> {
    type Target = TrainerSettings;

    fn deref(&self) -> &TrainerSettings {
        self.settings
    }
}

/// Numbers row by row as a tensor `[n, columns]`, with the columns, kind and device of `like`.
pub(super) fn matrix(values: &[f64], like: &Tensor) -> Tensor {
    Tensor::from_slice(values)
        .view([-1, like.size()[1]])
        .to_kind(like.kind())
        .to_device(like.device())
}

/// Trains a network on some examples and scores it on others.
///
/// The engines [`Direct`](Engine::Direct) and [`Span`](Engine::Span) share their work out among the threads of
/// the [rayon](https://docs.rs/rayon) pool that they are called in. What they compute does not depend on how
/// many there are.
///
/// ```
/// use hinge::train::{Engine, Examples, Trainer, TrainerSettings};
/// use hinge::{Layer, Loss, Network, Sgd};
/// use tch::{Device, Kind, Tensor};
///
/// // One example, x = 1 with label 0, and a network of zeros: softmax gives each of two classes a half.
/// let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Double, Device::Cpu));
/// let network = Network::new(vec![Layer { weight: zeros(&[2, 1]), bias: zeros(&[2]) }])?;
/// let example = || Examples::new(Tensor::from_slice(&[1.]).view([1, 1]), vec![0]);
/// let settings = TrainerSettings {
///     loss: Loss::CrossEntropy,
///     sgd: Sgd { learning_rate: 0.1, ..Sgd::default() },
///     batch_size: 1,
///     clip_norm: None,
///     engine: Engine::Automatic,
///     score_every: 1,
///     epochs: 1,
/// };
/// let mut trainer = Trainer::new(settings, network, example()?, vec![example()?])?;
/// assert!((trainer.score(0)?.loss - 2f64.ln()).abs() < 1e-12);
///
/// // The gradient of the logits is (1/2 - 1, 1/2), and x = 1 hands it on to the weights.
/// trainer.epoch(&[0])?;
/// let trained = trainer.network();
/// let layer = &trained.layers()[0];
/// assert!((layer.weight.double_value(&[0, 0]) - 0.05).abs() < 1e-12);
/// assert!((layer.weight.double_value(&[1, 0]) + 0.05).abs() < 1e-12);
/// # Ok::<(), hinge::Error>(())
/// ```
pub struct Trainer {
    settings: TrainerSettings,
    training: Box<dyn Training>,
    train: Examples,
    scored: Vec<Examples>,
    epochs: usize,
    /// The epochs after which networks were noted that are not scored yet, and the scores of those before.
    to_score: Vec<usize>,
    notes: Vec<Vec<Score>>,
}

impl Trainer {
    /// A trainer of `network` on the examples `train`, which has made no step yet. Scores can be asked for on
    /// each of `scored`.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting is outside its range or examples do not fit the network.
    pub fn new(
        settings: TrainerSettings,
        network: Network,
        train: Examples,
        scored: Vec<Examples>,
    ) -> Result<Trainer> {
        settings.validate()?;
        let settings =
            TrainerSettings { batch_size: settings.batch_size.min(train.count()), ..settings };
        for examples in scored.iter().chain([&train]) {
            check_fit(examples, &network)?;
        }
        // Threads are ours to share out.
        multiply_alone();
        let cost = Cost {
            inputs: train.inputs(),
            train_examples: train.count(),
            scored_examples: scored.iter().map(Examples::count).sum(),
            batch_size: settings.batch_size,
            augmented: train.are_random(),
            score_every: settings.score_every,
            epochs: settings.epochs,
            units: network.layers[0].bias.size()[0] as usize,
        };
        let training: Box<dyn Training> = match settings.engine.resolve(cost) {
            Engine::Plain => Box::new(Plain::new(network)),
            Engine::Span => in_span(network, &train, &scored, cost.span()?, &settings.sgd)?,
            Engine::Direct | Engine::Automatic => Box::new(Direct::new(network)),
        };
        Ok(Trainer {
            settings,
            training,
            train,
            scored,
            epochs: 0,
            to_score: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Draws anew what is random in the training examples.
    pub fn redraw(&mut self, random: &mut ChaCha8Rng) {
        self.train.redraw(random);
    }

    /// Goes on with another learning rate.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is not finite or below 0.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        let sgd = Sgd { learning_rate, ..self.settings.sgd };
        sgd.validate()?;
        self.settings.sgd = sgd;
        Ok(())
    }

    /// One pass over the training examples in `order`, a permutation of their indices.
    ///
    /// # Errors
    /// [`Error::Setting`] if `order` is not a permutation of the training examples, [`Error::Diverged`] if a
    /// logit is no longer a finite number.
    pub fn epoch(&mut self, order: &[usize]) -> Result<()> {
        self.check_order(order)?;
        self.epochs += 1;
        let steps = Steps { settings: &self.settings, epoch: self.epochs };
        self.training.epoch(&self.train, order, &steps)
    }

    /// The network's score on the set of scored examples with this index.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such set, [`Error::Diverged`] if its loss is not a finite number.
    pub fn score(&mut self, set: usize) -> Result<Score> {
        let sets = self.scored.len();
        let examples = self
            .scored
            .get(set)
            .ok_or_else(|| Error::setting("set", format!("below {sets}"), set))?;
        let tally = self.training.score(set, examples, self.settings.loss)?;
        self.finite(tally.score(), self.epochs)
    }

    /// Takes note of the network's scores as they are now.
    ///
    /// # Errors
    /// As [`scores`](Self::scores): they may have to be computed at once.
    pub fn note(&mut self) -> Result<()> {
        /// So many networks are remembered at most, some 12 kB each with 150 images.
        const MOST: usize = 256;
        if self.training.note() {
            self.to_score.push(self.epochs);
            return if self.to_score.len() < MOST { Ok(()) } else { self.score_noted() };
        }
        let scores = (0..self.scored.len()).map(|set| self.score(set));
        let scores = scores.collect::<Result<Vec<_>>>()?;
        self.notes.push(scores);
        Ok(())
    }

    /// The scores noted since this was last called, oldest first: for each note a score on every set of scored
    /// examples.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a loss is not a finite number.
    pub fn scores(&mut self) -> Result<Vec<Vec<Score>>> {
        self.score_noted()?;
        Ok(std::mem::take(&mut self.notes))
    }

    fn score_noted(&mut self) -> Result<()> {
        let sets = self.training.noted(&self.scored, self.settings.loss)?;
        for (note, epoch) in std::mem::take(&mut self.to_score).into_iter().enumerate() {
            let scores = sets.iter().map(|tallies| self.finite(tallies[note].score(), epoch));
            self.notes.push(scores.collect::<Result<_>>()?);
        }
        Ok(())
    }

    /// The score after `epoch`, if it is a number.
    fn finite(&self, score: Score, epoch: usize) -> Result<Score> {
        if score.loss.is_finite() {
            return Ok(score);
        }
        Err(Error::Diverged {
            epoch,
            step: self.train.count().div_ceil(self.settings.batch_size),
            learning_rate: self.settings.sgd.learning_rate,
        })
    }

    /// The network as trained so far.
    pub fn network(&self) -> Network {
        self.training.network()
    }

    fn check_order(&self, order: &[usize]) -> Result<()> {
        let mut seen = vec![false; self.train.count()];
        for index in order {
            match seen.get_mut(*index) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(self.no_permutation(index)),
            }
        }
        match order.len() == seen.len() {
            true => Ok(()),
            false => Err(self.no_permutation(format!("{} long", order.len()))),
        }
    }

    fn no_permutation(&self, found: impl ToString) -> Error {
        Error::setting(
            "order",
            format!("a permutation of the {} training examples", self.train.count()),
            found,
        )
    }
}

fn in_span(
    mut network: Network,
    train: &Examples,
    scored: &[Examples],
    plan: SpanPlan,
    sgd: &Sgd,
) -> Result<Box<dyn Training>> {
    if network.layers.len() > 1 || plan.block.is_some() {
        let has_momentum = sgd.momentum != 0.;
        let span = Span::new(network, train, scored, plan, has_momentum)?;
        return Ok(Box::new(span));
    }
    let options = network.options();
    let layer = network.layers.remove(0);
    Ok(Box::new(Dual::new(layer, options, train, scored)?))
}

fn check_fit(examples: &Examples, network: &Network) -> Result<()> {
    at_least_one("examples", examples.count())?;
    if examples.inputs() != network.inputs() {
        let allowed = format!("{} numbers an example", network.inputs());
        return Err(Error::setting("inputs", allowed, examples.inputs()));
    }
    check_labels(examples.labels(), network.classes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Compose;
    use crate::data::{CLASSES, Digits, PIXELS, Sample, Split};
    use crate::nn::Layer;
    use crate::nn::Model;
    use crate::original::Recipe;
    use crate::rng::{Stream, permutation, random};
    use tch::Kind;

    const SGD: Sgd = Sgd { learning_rate: 0.05, weight_decay: 0.01, momentum: 0.9, nesterov: true };

    /// What is trained, and how; four epochs.
    #[derive(Clone, Debug)]
    struct Case {
        digits: usize,
        model: Model,
        loss: Loss,
        sgd: Sgd,
        clip_norm: Option<f64>,
        augmented: bool,
        score_every: usize,
    }

    impl Case {
        fn settings(&self, engine: Engine) -> TrainerSettings {
            TrainerSettings {
                loss: self.loss,
                sgd: self.sgd,
                batch_size: 32,
                clip_norm: self.clip_norm,
                engine,
                score_every: self.score_every,
                epochs: 1,
            }
        }

        fn examples(&self, split: &Split) -> (Examples, Vec<Examples>) {
            let mut random = random(1, Stream::Augmentation);
            let transform = match self.augmented {
                true => Recipe::R4.transforms(),
                false => Compose::default(),
            };
            let scored = [&split.train, &split.test]
                .map(|images| Examples::of_images(images, Compose::default(), &mut random));
            let train = Examples::of_images(&split.train, transform, &mut random);
            (train, scored.into())
        }

        /// A network with 64-bit parameters, in which rounding is far below what is compared.
        fn start(&self) -> Network {
            let mut random = random(1, Stream::Initialisation);
            let start = Network::initialise(&self.model, PIXELS, CLASSES, &mut random);
            let double = |layer: Layer| Layer {
                weight: layer.weight.to_kind(Kind::Double),
                bias: layer.bias.to_kind(Kind::Double),
            };
            Network { layers: start.layers.into_iter().map(double).collect() }
        }

        /// The test scores that were asked for, and the logits of the network that comes out.
        fn trained_with(&self, engine: Engine) -> Result<(Vec<Score>, Tensor)> {
            let split = split(self.digits, 40)?;
            let (train, scored) = self.examples(&split);
            let mut trainer = Trainer::new(self.settings(engine), self.start(), train, scored)?;
            let mut order = random(2, Stream::Order);
            let mut augmentation = random(3, Stream::Augmentation);
            let mut scores = vec![trainer.score(1)?];
            for epoch in 1..=4 {
                trainer.redraw(&mut augmentation);
                trainer.epoch(&permutation(self.digits, &mut order))?;
                if epoch % self.score_every == 0 {
                    trainer.note()?;
                }
            }
            scores.extend(trainer.scores()?.concat());
            scores.push(trainer.score(1)?);
            let images = split.test.to_tensor().to_kind(Kind::Double);
            Ok((scores, trainer.network().outputs(&images)))
        }

        fn assert_follows_the_definition(&self, engine: Engine) -> Result<()> {
            let (expected, expected_logits) = self.trained_with(Engine::Plain)?;
            let (scores, logits) = self.trained_with(engine)?;
            assert!(
                expected[0].loss > expected[expected.len() - 1].loss,
                "{self:?}: training has an effect"
            );
            assert_eq!(scores.len(), expected.len());
            for (score, expected) in scores.iter().zip(&expected) {
                assert!(
                    (score.loss - expected.loss).abs() < 1e-9,
                    "{self:?}, {engine:?}: {score:?} is not {expected:?}"
                );
            }
            let difference = (logits - expected_logits).abs().max().double_value(&[]);
            assert!(difference < 1e-9, "{self:?}, {engine:?}: {difference}");
            Ok(())
        }
    }

    fn split(train: usize, test: usize) -> Result<Split> {
        Ok(Digits::synthetic(3).sample(&Sample { train, test, seed: 0 })?)
    }

    fn linear() -> Case {
        Case {
            digits: 70,
            model: Model::linear(),
            loss: Loss::MultiMargin,
            sgd: Sgd::default(),
            clip_norm: None,
            augmented: false,
            score_every: 1,
        }
    }

    /// Every combination of models, optimisers, clipping, images that stay or change, and when they are scored.
    fn cases() -> Vec<Case> {
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
            for (clip_norm, augmented) in
                [(None, false), (None, true), (Some(0.3), false), (Some(0.3), true)]
            {
                cases.extend([1, 2].map(|score_every| Case {
                    digits: 70,
                    model: Model { hidden_units: hidden_units.clone() },
                    loss: if score_every == 1 { Loss::MultiMargin } else { Loss::CrossEntropy },
                    sgd,
                    clip_norm,
                    augmented,
                    score_every,
                }));
            }
        }
        cases
    }

    #[test]
    fn the_span_engine_takes_the_steps_of_the_definition() -> Result<()> {
        cases().iter().try_for_each(|case| case.assert_follows_the_definition(Engine::Span))
    }

    /// 300 digits are two blocks, of 8 minibatches and of 2.
    #[test]
    fn the_span_engine_takes_the_steps_of_the_definition_in_blocks() -> Result<()> {
        let in_blocks = |case: &Case| match case.model.hidden_units[..] {
            [600] => true,
            _ => case.augmented,
        };
        let cases = cases().into_iter().filter(in_blocks);
        cases
            .map(|case| Case { digits: 300, score_every: 2 * case.score_every, ..case })
            .try_for_each(|case| case.assert_follows_the_definition(Engine::Span))
    }

    #[test]
    fn the_direct_engine_takes_the_steps_of_the_definition() -> Result<()> {
        cases().iter().try_for_each(|case| case.assert_follows_the_definition(Engine::Direct))
    }

    #[test]
    fn where_nothing_is_left_to_learn_the_engines_still_agree() -> Result<()> {
        // With this rate the margins of all 70 digits soon hold: minibatches without any gradient.
        let fitted = Case { sgd: Sgd { learning_rate: 2., ..Sgd::default() }, ..linear() };
        fitted.assert_follows_the_definition(Engine::Span)?;
        fitted.assert_follows_the_definition(Engine::Direct)
    }

    fn trainer(settings: TrainerSettings) -> Result<Trainer> {
        let (train, _) = linear().examples(&split(3, 1)?);
        Trainer::new(settings, linear().start(), train, Vec::new())
    }

    #[test]
    fn rejects_an_order_that_is_not_a_permutation() -> Result<()> {
        let mut trainer = trainer(linear().settings(Engine::Automatic))?;
        for order in [&[0, 1, 3][..], &[0, 1, 1], &[0, 1]] {
            let message = trainer.epoch(order).expect_err("it is no permutation").to_string();
            assert!(
                message.starts_with("order must be a permutation of the 3 training examples"),
                "{message}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_minibatch_larger_than_all_examples_holds_them_all() -> Result<()> {
        for engine in [Engine::Plain, Engine::Direct, Engine::Span] {
            trainer(TrainerSettings { batch_size: usize::MAX, ..linear().settings(engine) })?
                .epoch(&[2, 0, 1])?;
        }
        Ok(())
    }

    #[test]
    fn rejects_examples_that_do_not_fit_the_network() -> Result<()> {
        let wide = Tensor::zeros([1, 785], (Kind::Double, tch::Device::Cpu));
        let settings = linear().settings(Engine::Automatic);
        let message = |examples: Examples| {
            let trainer = Trainer::new(settings, linear().start(), examples, Vec::new());
            trainer.err().map(|error| error.to_string())
        };
        assert_eq!(
            message(Examples::new(wide.shallow_clone(), vec![0])?).as_deref(),
            Some("inputs must be 784 numbers an example, but it is 785.")
        );
        let ten = Examples::new(wide.narrow(1, 0, 784), vec![10])?;
        assert_eq!(message(ten).as_deref(), Some("labels must be below 10, but it is 10."));
        let none = Examples::new(wide.narrow(0, 0, 0).narrow(1, 0, 784), vec![])?;
        assert_eq!(message(none).as_deref(), Some("examples must be at least 1, but it is 0."));
        Ok(())
    }

    #[test]
    fn rejects_a_norm_that_would_clip_everything() {
        let settings =
            TrainerSettings { clip_norm: Some(0.), ..linear().settings(Engine::Automatic) };
        let message = settings.validate().expect_err("the norm is invalid").to_string();
        assert_eq!(message, "clip_norm must be finite and above 0, but it is 0.");
    }
}

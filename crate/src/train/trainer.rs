//! Training of one network.

use super::engine::{Cost, Engine, Running};
use super::examples::Examples;
use super::plain::Plain;
use super::score::Score;
use super::span::Span;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::network::Network;
use crate::sgd::Sgd;
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
    /// Whether every epoch has images of its own.
    pub augmented: bool,
    /// After how many epochs scores will be asked for; it matters for speed only.
    pub score_every: usize,
}

impl TrainerSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] names the first field that is outside its range.
    pub fn validate(&self) -> Result<()> {
        self.sgd.validate()?;
        if self.batch_size == 0 {
            return Err(Error::setting("batch_size", "at least 1", self.batch_size));
        }
        match self.clip_norm {
            Some(norm) if !(norm.is_finite() && norm > 0.) => {
                Err(Error::setting("clip_norm", "finite and above 0", norm))
            }
            _ => Ok(()),
        }
    }
}

/// Trains a network on some examples and scores it on others.
pub struct Trainer {
    settings: TrainerSettings,
    engine: Running,
    examples: i64,
    scored: Vec<Examples>,
}

impl Trainer {
    /// A trainer of `network` on the examples `train`, which has made no step yet. Scores can be asked for on
    /// each of `scored`.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting is outside its range.
    pub fn new(
        settings: TrainerSettings,
        network: Network,
        train: &Examples,
        scored: Vec<Examples>,
    ) -> Result<Trainer> {
        settings.validate()?;
        // One thread a run: sums are then always taken in the same order, and seeds run side by side.
        tch::set_num_threads(1);
        let cost = Cost {
            inputs: train.inputs.size()[1],
            train_examples: train.count(),
            scored_examples: scored.iter().map(Examples::count).sum(),
            batch_size: settings.batch_size as i64,
            augmented: settings.augmented,
            score_every: settings.score_every.max(1) as i64,
        };
        let Examples { inputs, labels } = train;
        let engine = match settings.engine.resolve(cost) {
            Engine::Span => {
                let images: Vec<&Tensor> = scored.iter().map(|examples| &examples.inputs).collect();
                Running::Span(Box::new(Span::new(
                    network,
                    settings.loss,
                    [inputs, labels],
                    cost.images(),
                    &images,
                )))
            }
            _ => Running::Plain(Plain::new(network, settings.loss, inputs, labels)),
        };
        Ok(Trainer {
            settings,
            engine,
            examples: train.count(),
            scored,
        })
    }

    /// Goes on with other inputs, `[n, inputs]`, for the same labels.
    pub fn set_inputs(&mut self, inputs: &Tensor) {
        match &mut self.engine {
            Running::Plain(plain) => plain.set_images(inputs),
            Running::Span(span) => span.set_images(inputs),
        }
    }

    /// Goes on with another learning rate.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.settings.sgd.learning_rate = learning_rate;
    }

    /// One pass over the training examples in `order`, a permutation of their indices.
    ///
    /// # Errors
    /// [`Error::Setting`] if `order` is not a permutation of the training examples.
    pub fn epoch(&mut self, order: &[usize]) -> Result<()> {
        let mut seen = vec![false; self.examples as usize];
        for index in order {
            match seen.get_mut(*index) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(self.no_permutation(index)),
            }
        }
        if order.len() != seen.len() {
            return Err(self.no_permutation(format!("{} long", order.len())));
        }
        let order: Vec<i64> = order.iter().map(|index| *index as i64).collect();
        let (
            order,
            TrainerSettings {
                sgd,
                clip_norm,
                batch_size,
                ..
            },
        ) = (Tensor::from_slice(&order), self.settings);
        match &mut self.engine {
            Running::Plain(plain) => plain.epoch(&order, batch_size as i64, &sgd, clip_norm),
            Running::Span(span) => span.epoch(&order, batch_size as i64, &sgd, clip_norm),
        }
        Ok(())
    }

    /// The network's score on the set of scored examples with this index.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no such set.
    pub fn score(&self, set: usize) -> Result<Score> {
        let sets = self.scored.len();
        let examples = self
            .scored
            .get(set)
            .ok_or_else(|| Error::setting("set", format!("below {sets}"), set))?;
        let logits = match &self.engine {
            Running::Plain(plain) => plain.logits(&examples.inputs),
            Running::Span(span) => span.logits(set),
        };
        Ok(Score::of_logits(
            &logits,
            self.settings.loss,
            &examples.labels,
        ))
    }

    /// The network as trained so far.
    pub fn network(&self) -> Network {
        match &self.engine {
            Running::Plain(plain) => plain.network(),
            Running::Span(span) => span.network(),
        }
    }

    fn no_permutation(&self, found: impl ToString) -> Error {
        Error::setting(
            "order",
            format!("a permutation of the {} training examples", self.examples),
            found,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{CLASSES, Digits, PIXELS, Sample};
    use crate::model::Model;
    use crate::seed::{Stream, permutation, random};
    use crate::tensors::examples;

    const SGD: Sgd = Sgd {
        learning_rate: 0.05,
        weight_decay: 0.01,
        momentum: 0.9,
        nesterov: true,
    };

    fn settings(
        engine: Engine,
        sgd: Sgd,
        clip_norm: Option<f64>,
        augmented: bool,
    ) -> TrainerSettings {
        TrainerSettings {
            loss: Loss::CrossEntropy,
            sgd,
            batch_size: 32,
            clip_norm,
            engine,
            augmented,
            score_every: 1,
        }
    }

    /// The logits on test images after four epochs, with other images in every epoch if `augmented`.
    fn logits(settings: TrainerSettings, model: &Model, augmented: bool) -> Result<Tensor> {
        let split = Digits::synthetic(3).sample(&Sample {
            train: 70,
            test: 40,
            seed: 0,
        })?;
        let (train, test) = (examples(&split.train), examples(&split.test));
        let test_inputs = test.inputs.to_kind(tch::Kind::Double);
        let train = Examples {
            inputs: train.inputs.to_kind(tch::Kind::Double),
            labels: train.labels,
        };
        let start = Network::initialise(
            model,
            PIXELS,
            CLASSES,
            &mut random(1, Stream::Initialisation),
        );
        let double = |layer: crate::Layer| crate::Layer {
            weight: layer.weight.to_kind(tch::Kind::Double),
            bias: layer.bias.to_kind(tch::Kind::Double),
        };
        let start = Network {
            layers: start.layers.into_iter().map(double).collect(),
        };
        let scored = vec![Examples {
            inputs: test_inputs.shallow_clone(),
            labels: test.labels,
        }];
        let mut trainer = Trainer::new(settings, start, &train, scored)?;
        let before = trainer.score(0)?.loss;
        let mut order = random(2, Stream::Order);
        for epoch in 0..4 {
            if augmented {
                trainer.set_inputs(&train.inputs.roll([epoch], [1]));
            }
            trainer.epoch(&permutation(70, &mut order))?;
        }
        let score = trainer.score(0)?;
        assert!(score.loss < before, "training has an effect");
        let logits = trainer.network().logits(&test_inputs);
        // The score is that of the network that the trainer hands out.
        assert!(
            (score.loss
                - Loss::CrossEntropy.mean(
                    &logits,
                    &Tensor::from_slice(split.test.labels()).to_kind(tch::Kind::Int64)
                ))
            .abs()
                < 1e-9
        );
        Ok(logits)
    }

    fn engines_agree(
        model: &Model,
        sgd: Sgd,
        clip_norm: Option<f64>,
        augmented: bool,
    ) -> Result<()> {
        let plain = logits(
            settings(Engine::Plain, sgd, clip_norm, augmented),
            model,
            augmented,
        )?;
        let span = logits(
            settings(Engine::Span, sgd, clip_norm, augmented),
            model,
            augmented,
        )?;
        let difference = (&plain - span).abs().max().double_value(&[]);
        assert!(
            difference < 1e-9,
            "{model}, {sgd:?}, clip {clip_norm:?}, augmented {augmented}: {difference}"
        );
        Ok(())
    }

    #[test]
    fn both_engines_take_the_same_steps() -> Result<()> {
        let plain_sgd = Sgd {
            momentum: 0.,
            nesterov: false,
            ..SGD
        };
        for model in [
            Model::linear(),
            Model::hidden(20),
            Model {
                hidden_units: vec![20, 15],
            },
        ] {
            for sgd in [
                Sgd::default(),
                plain_sgd,
                Sgd {
                    nesterov: false,
                    ..SGD
                },
                SGD,
            ] {
                for augmented in [false, true] {
                    engines_agree(&model, sgd, None, augmented)?;
                    engines_agree(&model, sgd, Some(0.3), augmented)?;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn rejects_an_order_that_is_not_a_permutation() -> Result<()> {
        let split = Digits::synthetic(3).sample(&Sample {
            train: 3,
            test: 1,
            seed: 0,
        })?;
        let start = Network::initialise(
            &Model::linear(),
            PIXELS,
            CLASSES,
            &mut random(1, Stream::Initialisation),
        );
        let settings = settings(Engine::Automatic, SGD, None, false);
        let mut trainer = Trainer::new(settings, start, &examples(&split.train), Vec::new())?;
        for order in [&[0, 1, 3][..], &[0, 1, 1], &[0, 1]] {
            let message = trainer
                .epoch(order)
                .expect_err("it is no permutation")
                .to_string();
            assert!(
                message.starts_with("order must be a permutation of the 3 training examples"),
                "{message}"
            );
        }
        Ok(())
    }

    #[test]
    fn rejects_a_norm_that_would_clip_everything() {
        let settings = settings(Engine::Automatic, SGD, Some(0.), false);
        let message = settings
            .validate()
            .expect_err("the norm is invalid")
            .to_string();
        assert_eq!(
            message,
            "clip_norm must be finite and above 0, but it is 0."
        );
    }
}

//! The settings of a training run.

use super::Plateau;
use crate::augment::Compose;
use crate::data::{CLASSES, PIXELS};
use crate::error::{Result, require};
use crate::nn::{Device, Loss, Model, Network, Sgd, above_zero};
use crate::rng::ChaCha8Rng;
use serde::{Deserialize, Serialize};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    /// The architecture. Defaults to a linear model.
    pub model: Model,
    /// The loss to minimise. Defaults to the multi-margin loss.
    pub loss: Loss,
    /// The optimiser's settings. Defaults to learning rate 0.02 and nothing else.
    pub sgd: Sgd,
    /// The number of training images to draw. Defaults to `150`, 0.25 % of MNIST's 60 000.
    pub train_examples: usize,
    /// The number of test images to draw. Defaults to `1_000`, 10 % of MNIST's 10 000.
    pub test_examples: usize,
    /// The number of passes over the training images, 1 to 100 000. Defaults to `100`.
    pub epochs: usize,
    /// The size of a minibatch, at least 1; a short last one is kept. Defaults to `32`.
    pub batch_size: usize,
    /// The transform of the training images, drawn again for every epoch. Defaults to none.
    pub train_transform: Compose,
    /// The transform of all images, training and test, before they are scored: training scores are those of the
    /// training images themselves, not of what `train_transform` makes of them. A random transform is drawn once
    /// for each set of images. Defaults to none.
    pub test_transform: Compose,
    /// A schedule that lowers the learning rate when a loss stops falling. Defaults to a constant learning rate.
    pub plateau: Option<Plateau>,
    /// The bound on the norm of a minibatch's gradient, finite and above 0, as
    /// [`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).
    /// Defaults to no bound.
    pub clip_norm: Option<f64>,
    /// The number of epochs from one scoring to the next, at least 1; the last epoch is always scored. Defaults to
    /// `1`. To score rarely saves time where only the last epoch matters.
    pub score_every: usize,
    /// How the steps are computed: the time changes, the result does not. Defaults to the faster engine.
    pub engine: Engine,
    /// The device that computes the training. Defaults to the processor.
    pub device: Device,
}

/// How the steps of training are computed. All engines take the same steps, within float rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// [`Direct`](Engine::Direct) or [`Span`](Engine::Span), whichever needs less arithmetic. The default.
    #[default]
    Automatic,
    /// The definition, which the other engines are tested against: forward, gradient, step.
    Reference,
    /// The hidden units of the first layer are divided among threads, and gradients are added to the weights
    /// without being stored.
    Direct,
    /// The same, with the first layer as a combination of training images. With fewer images than inputs it
    /// combines all of them, which needs less arithmetic; otherwise some minibatches at a time, which needs hardly
    /// more and reads the weights less often.
    Span,
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
    /// The most epochs of a run.
    pub const MOST_EPOCHS: usize = 100_000;

    /// The same experiment with scores after the last epoch only, unless a schedule needs all of them.
    pub fn scored_last(self) -> Experiment {
        let score_every = if self.plateau.is_some() { 1 } else { self.epochs };
        Experiment { score_every, ..self }
    }

    /// The untrained network.
    pub(crate) fn start(&self, random: &mut ChaCha8Rng) -> Network {
        Network::initialise(&self.model, PIXELS, CLASSES, random).to_device(self.device)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) and [`Error::Augment`](crate::Error::Augment) name the first field
    /// that is outside its range.
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        self.sgd.validate()?;
        self.train_transform.validate()?;
        self.test_transform.validate()?;
        self.device.validate()?;
        for (field, value) in [("batch_size", self.batch_size), ("score_every", self.score_every)] {
            require(value > 0, field, "at least 1", value)?;
        }
        let allowed = format_args!("1 to {}", Self::MOST_EPOCHS);
        require((1..=Self::MOST_EPOCHS).contains(&self.epochs), "epochs", allowed, self.epochs)?;
        self.clip_norm.map_or(Ok(()), |norm| above_zero("clip_norm", norm))?;
        let Some(plateau) = &self.plateau else { return Ok(()) };
        let allowed = "1 with a plateau schedule, which needs every loss";
        require(self.score_every == 1, "score_every", allowed, self.score_every)?;
        plateau.validate()
    }

    /// What distinguishes the experiment from [`Experiment::default`], the report's protocol: the model and the
    /// loss, then every other setting that has another value and changes the result.
    ///
    /// ```
    /// use hinge::prelude::*;
    ///
    /// let sgd = Sgd { momentum: 0.9, nesterov: true, ..Sgd::default() };
    /// let differences = Experiment { sgd, epochs: 20, ..Experiment::default() }.differences();
    /// let expected = ["linear model", "multi-margin loss", "momentum 0.9 (Nesterov)", "epochs 20"];
    /// assert_eq!(differences, expected);
    /// ```
    pub fn differences(&self) -> Vec<String> {
        let others = self.others().into_iter().zip(Experiment::default().others());
        let different = others.filter(|(ours, usual)| ours != usual).map(|(ours, _)| ours);
        let named = different.map(|(field, value)| match value.contains(", ") {
            true => format!("{field} ({value})"), // a list in a list
            false => format!("{field} {value}"),
        });
        [self.model.to_string(), self.loss.to_string()].into_iter().chain(named).collect()
    }

    /// The settings that change the result, beside the model and the loss.
    fn others(&self) -> [(&'static str, String); 11] {
        let Sgd { learning_rate, weight_decay, momentum, nesterov } = self.sgd;
        [
            ("learning rate", learning_rate.to_string()),
            ("weight decay", weight_decay.to_string()),
            ("momentum", format!("{momentum}{}", if nesterov { " (Nesterov)" } else { "" })),
            ("training examples", self.train_examples.to_string()),
            ("test examples", self.test_examples.to_string()),
            ("epochs", self.epochs.to_string()),
            ("batch size", self.batch_size.to_string()),
            ("augmentation", self.train_transform.to_string()),
            ("transform before scoring", self.test_transform.to_string()),
            ("plateau schedule", self.plateau.map_or("none".into(), |plateau| plateau.to_string())),
            ("clip norm", self.clip_norm.map_or("none".into(), |norm| norm.to_string())),
        ]
    }
}

/// What distinguishes it from the report's protocol: "linear model, multi-margin loss, weight decay 0.1".
impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.differences().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::original::Recipe;

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
        let expected = [
            "hidden layer of 5000 ReLU units",
            "cross entropy",
            "learning rate 0.1",
            "weight decay 0.01",
            "momentum 0.9 (Nesterov)",
            "training examples 1500",
            "test examples 500",
            "epochs 20",
            "batch size 64",
            "augmentation r4",
            "transform before scoring r2",
            "plateau schedule (train loss, factor 0.1, patience 10, least learning rate 0.001)",
            "clip norm 1.5",
        ];
        assert_eq!(changed.differences(), expected);
        assert!(changed.to_string().contains("batch size 64, augmentation r4, transform"));
    }

    /// A new setting belongs into `others`, too, if it changes the result.
    #[test]
    fn no_setting_is_forgotten_among_the_differences() {
        let json = serde_json::to_value(Experiment::default()).unwrap_or_default();
        let count = |settings: &serde_json::Value| settings.as_object().map(serde_json::Map::len);
        // The 14 with the model, the loss, the optimiser and three that change no result; momentum says both its own.
        assert_eq!((count(&json), count(&json["sgd"])), (Some(14), Some(4)));
        assert_eq!(Experiment::default().others().len(), (14 - 3 - 3) + (4 - 1));
    }

    #[test]
    fn the_protocol_differs_from_itself_in_nothing_but_names_its_model_and_loss() {
        let cheap = Experiment { score_every: 5, engine: Engine::Direct, ..Experiment::default() };
        assert_eq!(cheap.to_string(), "linear model, multi-margin loss");
    }

    #[test]
    fn a_setting_outside_its_range_is_an_error_that_names_it() {
        let protocol = Experiment::default;
        let plateau = Some(Plateau::default());
        let cases = [
            (Experiment { epochs: 0, ..protocol() }, "epochs must be 1 to 100000, but it is 0."),
            (
                Experiment { batch_size: 0, ..protocol() },
                "batch_size must be at least 1, but it is 0.",
            ),
            (
                Experiment { score_every: 0, ..protocol() },
                "score_every must be at least 1, but it is 0.",
            ),
            (
                Experiment { clip_norm: Some(0.), ..protocol() },
                "clip_norm must be finite and above 0, but it is 0.",
            ),
            (
                Experiment { plateau, score_every: 2, ..protocol() },
                "score_every must be 1 with a plateau schedule, which needs every loss, but it is 2.",
            ),
            (
                Experiment { model: Model::hidden(0), ..protocol() },
                "hidden_units must be 1 to 100000 in every layer, but it is 0.",
            ),
        ];
        for (experiment, expected) in cases {
            let error = experiment.validate().expect_err("the setting is invalid");
            assert_eq!(error.to_string(), expected);
        }
    }
}

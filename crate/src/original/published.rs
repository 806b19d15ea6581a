//! The numbers that the original report and its notebook published.

use super::Recipe;
use crate::error::{Error, Result};
use crate::nn::{Loss, Model, Sgd};
use crate::study::Experiment;
use crate::train::{Epoch, Score};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The published scores of one run after one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The part of the report that they belong to.
    pub part: Part,
    /// Whether the written report or its notebook gives the numbers; they are from different runs.
    pub origin: Origin,
    /// What was run.
    pub experiment: Experiment,
    /// The epoch and its scores.
    pub scores: Epoch,
    /// What is known to be wrong with them.
    pub note: Option<String>,
}

/// A part of the report that publishes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum Part {
    /// Task 1b: the linear SVM.
    #[serde(rename = "1b")]
    LinearSvm,
    /// Task 1c: the linear SVM with weight decay.
    #[serde(rename = "1c")]
    WeightDecay,
    /// Task 2b: logistic regression.
    #[serde(rename = "2b")]
    LogisticRegression,
    /// Task 3a: the hidden layer.
    #[serde(rename = "3a")]
    HiddenLayer,
    /// Task 4: data augmentation.
    #[serde(rename = "4")]
    Augmentation,
}

/// Where a number is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the written report.
    Report,
    /// In the notebook behind it.
    Notebook,
}

/// All scores published in `part`.
///
/// # Errors
/// [`Error::Published`] if the crate's own file of published values is damaged.
pub fn published(part: Part) -> Result<Vec<&'static Published>> {
    Ok(all()?.iter().filter(|published| published.part == part).collect())
}

/// The test accuracies (0 to 1) that are published for `experiment` after its last epoch; none if it was never run.
///
/// # Errors
/// As [`published`].
pub fn published_accuracies(experiment: &Experiment) -> Result<Vec<f64>> {
    let is_last = |run: &&Published| run.scores.number == experiment.epochs;
    let runs = all()?.iter().filter(|run| run.has_settings_of(experiment)).filter(is_last);
    Ok(runs.map(|run| run.scores.test.accuracy).collect())
}

fn all() -> Result<&'static [Published]> {
    static ALL: LazyLock<serde_json::Result<Vec<Published>>> =
        LazyLock::new(|| parse(include_str!("published.json")));
    ALL.as_deref().map_err(|reason| Error::Published(reason.to_string()))
}

impl Published {
    /// Whether `experiment` is the published one, as far as results go: where and how it is computed and how often it
    /// is scored changes none.
    pub fn has_settings_of(&self, experiment: &Experiment) -> bool {
        let Experiment { engine, device, score_every, .. } = self.experiment;
        self.experiment == Experiment { engine, device, score_every, ..experiment.clone() }
    }
}

/// `published.json`.
#[derive(Deserialize)]
struct File {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    part: Part,
    source: Origin,
    loss: Loss,
    hidden_units: Option<usize>,
    #[serde(default)]
    weight_decay: f64,
    augmentation: Option<Recipe>,
    epoch: usize,
    /// In the order of [`Metric::ALL`](crate::train::Metric::ALL).
    scores: [f64; 4],
    note: Option<String>,
}

fn parse(json: &str) -> serde_json::Result<Vec<Published>> {
    let File { results } = serde_json::from_str(json)?;
    Ok(results.into_iter().map(Entry::published).collect())
}

impl Entry {
    /// Its settings are those of the protocol, which are [`Experiment::default`]'s, but for what it names itself.
    fn published(self) -> Published {
        let base = self.augmentation.map_or_else(Experiment::default, Recipe::experiment);
        let experiment = Experiment {
            model: self.hidden_units.map_or_else(Model::linear, Model::hidden),
            loss: self.loss,
            sgd: Sgd { weight_decay: self.weight_decay, ..base.sgd },
            ..base
        };
        let score = |loss, accuracy| Score { loss, accuracy };
        let [train_loss, train_accuracy, test_loss, test_accuracy] = self.scores;
        let (train, test) = (score(train_loss, train_accuracy), score(test_loss, test_accuracy));
        let scores = Epoch { number: self.epoch, train, test };
        Published { part: self.part, origin: self.source, experiment, scores, note: self.note }
    }
}

display_as_serialised!(Part, Origin);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Device;
    use crate::train::Engine;
    use serde_json::json;

    #[test]
    fn every_part_of_the_report_publishes_something() -> Result<()> {
        for (part, count) in [
            (Part::LinearSvm, 2),
            (Part::WeightDecay, 18),
            (Part::LogisticRegression, 2),
            (Part::HiddenLayer, 3),
            (Part::Augmentation, 9),
        ] {
            assert_eq!(published(part)?.len(), count, "{part}");
        }
        Ok(())
    }

    #[test]
    fn every_augmentation_is_published_with_its_settings_except_the_blur() -> Result<()> {
        let published = published(Part::Augmentation)?;
        for recipe in Recipe::ALL {
            let experiment = recipe.experiment();
            let is_found = published.iter().any(|value| value.has_settings_of(&experiment));
            // The report says of the blur only that it is worse.
            assert_eq!(is_found, recipe != Recipe::Blur, "{recipe}");
        }
        Ok(())
    }

    #[test]
    fn the_reports_svm_has_the_default_settings() -> Result<()> {
        let svm = published(Part::LinearSvm)?[0];
        assert_eq!(svm.experiment, Experiment::default());
        assert_eq!((svm.origin, svm.scores.test.accuracy), (Origin::Report, 0.785));
        Ok(())
    }

    #[test]
    fn accuracies_of_an_experiment_are_those_of_its_last_epoch() -> Result<()> {
        let layer = Experiment { model: Model::hidden(5_000), ..Experiment::default() };
        assert_eq!(published_accuracies(&layer)?, [0.781, 0.775]);
        assert_eq!(published_accuracies(&Experiment { epochs: 7, ..layer })?, [0.; 0]);
        Ok(())
    }

    #[test]
    fn the_protocol_of_the_report_is_the_default() -> serde_json::Result<()> {
        let file: serde_json::Value = serde_json::from_str(include_str!("published.json"))?;
        let Experiment { train_examples, test_examples, batch_size, epochs, sgd, .. } =
            Experiment::default();
        let expected = json!({
            "train_examples": train_examples,
            "test_examples": test_examples,
            "batch_size": batch_size,
            "epochs": epochs,
            "learning_rate": sgd.learning_rate,
        });
        assert_eq!(file["protocol"], expected);
        Ok(())
    }

    #[test]
    fn a_run_with_other_settings_is_not_the_published_one() -> Result<()> {
        let svm = published(Part::LinearSvm)?[0];
        let protocol = Experiment::default;
        for other in [
            Experiment { train_examples: 1_500, ..protocol() },
            Experiment { test_examples: 10_000, ..protocol() },
            Experiment { batch_size: 16, ..protocol() },
            Experiment { epochs: 200, ..protocol() },
            Experiment { sgd: Sgd { momentum: 0.9, ..Sgd::default() }, ..protocol() },
            Experiment { test_transform: Recipe::R4.transforms(), ..protocol() },
        ] {
            assert!(!svm.has_settings_of(&other), "{other}");
        }
        Ok(())
    }

    #[test]
    fn how_a_run_is_computed_and_how_often_it_is_scored_does_not_matter() -> Result<()> {
        let computed = Experiment {
            engine: Engine::Direct,
            device: Device::Cuda,
            ..Experiment::default().scored_last()
        };
        assert!(published(Part::LinearSvm)?[0].has_settings_of(&computed));
        Ok(())
    }

    #[test]
    fn a_damaged_file_is_an_error_that_says_what_is_wrong() {
        let file = include_str!("published.json");
        for (text, instead, reason) in [
            ("\"epoch\": 100", "\"epoch\": -1", "invalid value"),
            ("\"1b\"", "\"7b\"", "unknown variant `7b`"),
            ("\"r4\"", "\"r6\"", "unknown variant `r6`"),
        ] {
            let error = parse(&file.replace(text, instead)).expect_err("it is damaged");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}

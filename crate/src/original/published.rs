//! The numbers that the original report and its notebook published.

use super::Recipe;
use crate::augment::Compose;
use crate::nn::Loss;
use crate::study::Experiment;
use crate::train::{Epoch, Score};
use serde::Deserialize;
use std::fmt;

/// One published result: the scores of one run after one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The part of the report it belongs to.
    pub part: Part,
    /// Whether the written report or the notebook behind it gives the numbers; they are from different runs.
    pub source: Origin,
    /// The scores.
    pub scores: Epoch,
    /// What is known to be wrong with it.
    pub note: Option<String>,
    settings: Settings,
}

/// A part of the report that publishes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Task 1b: the linear SVM.
    LinearSvm,
    /// Task 1c: the linear SVM with weight decay.
    WeightDecay,
    /// Task 2b: logistic regression.
    LogisticRegression,
    /// Task 3a: the hidden layer.
    HiddenLayer,
    /// Task 4: data augmentation.
    Augmentation,
}

/// Where a published number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the written report.
    Report,
    /// In the notebook behind it.
    Notebook,
}

/// Everything published about `part`.
pub fn published(part: Part) -> Vec<Published> {
    file()
        .results
        .into_iter()
        .map(Published::from)
        .filter(|published| published.part == part)
        .collect()
}

impl Published {
    /// Whether it was measured with the settings of `experiment`.
    pub fn has_settings_of(&self, experiment: &Experiment) -> bool {
        let settings = &self.settings;
        settings.loss == experiment.loss
            && settings.hidden_units.into_iter().eq(experiment.model.hidden_units.iter().copied())
            && settings.weight_decay == experiment.sgd.weight_decay
            && settings.learning_rate == experiment.sgd.learning_rate
            && settings.momentum == experiment.sgd.momentum
            && settings.nesterov == experiment.sgd.nesterov
            && settings.scheduled == experiment.plateau.is_some()
            && settings.clip_norm == experiment.clip_norm
            && settings.train_transform() == experiment.train_transform
            && experiment.test_transform == Compose::default()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Settings {
    loss: Loss,
    hidden_units: Option<usize>,
    weight_decay: f64,
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
    scheduled: bool,
    clip_norm: Option<f64>,
    augmentation: Option<String>,
}

impl Settings {
    fn train_transform(&self) -> Compose {
        let named = |name: &String| Recipe::ALL.into_iter().find(|recipe| recipe.name() == name);
        self.augmentation.as_ref().and_then(named).map(Recipe::transforms).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct File {
    results: Vec<Entry>,
}

/// An entry of `published.json`.
#[derive(Deserialize)]
struct Entry {
    task: u8,
    part: String,
    loss: Loss,
    source: Origin,
    epoch: usize,
    train_loss: f64,
    train_accuracy: f64,
    test_loss: f64,
    test_accuracy: f64,
    note: Option<String>,
    hidden_units: Option<usize>,
    #[serde(default)]
    weight_decay: f64,
    #[serde(default = "report_learning_rate")]
    lr: f64,
    #[serde(default)]
    momentum: f64,
    #[serde(default)]
    nesterov: bool,
    scheduler: Option<String>,
    gradient_clip: Option<f64>,
    augmentation: Option<String>,
}

fn report_learning_rate() -> f64 {
    Experiment::default().sgd.learning_rate
}

fn file() -> File {
    // The file is part of the crate, and a test reads it.
    serde_json::from_str(include_str!("published.json")).unwrap_or(File { results: Vec::new() })
}

impl From<Entry> for Published {
    fn from(entry: Entry) -> Published {
        Published {
            part: match entry.task {
                1 if entry.part == "b" => Part::LinearSvm,
                1 => Part::WeightDecay,
                2 => Part::LogisticRegression,
                3 => Part::HiddenLayer,
                _ => Part::Augmentation,
            },
            source: entry.source,
            scores: Epoch {
                number: entry.epoch,
                train: Score { loss: entry.train_loss, accuracy: entry.train_accuracy },
                test: Score { loss: entry.test_loss, accuracy: entry.test_accuracy },
            },
            note: entry.note,
            settings: Settings {
                loss: entry.loss,
                hidden_units: entry.hidden_units,
                weight_decay: entry.weight_decay,
                learning_rate: entry.lr,
                momentum: entry.momentum,
                nesterov: entry.nesterov,
                scheduled: entry.scheduler.is_some(),
                clip_norm: entry.gradient_clip,
                augmentation: entry.augmentation,
            },
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::LinearSvm => "1b",
            Part::WeightDecay => "1c",
            Part::LogisticRegression => "2b",
            Part::HiddenLayer => "3a",
            Part::Augmentation => "4",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Report => "report",
            Origin::Notebook => "notebook",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_report_publishes_something() {
        let counts = [
            Part::LinearSvm,
            Part::WeightDecay,
            Part::LogisticRegression,
            Part::HiddenLayer,
            Part::Augmentation,
        ]
        .map(|part| published(part).len());
        assert_eq!(counts, [2, 18, 2, 3, 9]);
    }

    #[test]
    fn every_augmentation_is_a_known_recipe() {
        for result in published(Part::Augmentation) {
            assert_ne!(
                result.settings.train_transform(),
                Compose::default(),
                "{:?}",
                result.settings.augmentation
            );
        }
    }

    #[test]
    fn every_augmented_experiment_is_published_with_its_settings() {
        for recipe in Recipe::ALL {
            let experiment = recipe.experiment();
            let found = published(Part::Augmentation)
                .iter()
                .filter(|published| published.has_settings_of(&experiment))
                .count();
            // The report says of the blur only that it is worse.
            assert_eq!(found > 0, recipe != Recipe::Blur, "{recipe}");
        }
    }

    #[test]
    fn the_reports_svm_is_found_by_the_default_settings() {
        let svm = &published(Part::LinearSvm)[0];
        assert!(svm.has_settings_of(&Experiment::default()));
        assert_eq!((svm.source, svm.scores.test.accuracy), (Origin::Report, 0.785));
    }
}

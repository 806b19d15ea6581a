//! The settings of the rows of a table: what all share goes to the caption, the rest to each row.

use crate::study::Experiment;
use polars::prelude::{Column, IntoColumn, NamedFrom, Series};

/// The settings of several experiments.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    /// What all have in common: "hidden layer of 5000 ReLU units, multi-margin loss".
    shared: String,
    /// What each has beside that; empty texts if they have everything in common.
    pub own: Vec<String>,
}

impl Settings {
    pub fn new<'a>(experiments: impl IntoIterator<Item = &'a Experiment>) -> Settings {
        let mut rows: Vec<Vec<String>> =
            experiments.into_iter().map(Experiment::differences).collect();
        let mut shared = rows.first().cloned().unwrap_or_default();
        shared.retain(|difference| rows.iter().all(|row| row.contains(difference)));
        rows.iter_mut().for_each(|row| row.retain(|difference| !shared.contains(difference)));
        Settings { own: rows.iter().map(|row| row.join(", ")).collect(), shared: shared.join(", ") }
    }

    /// The column of what each row has of its own; `None` if there is nothing.
    pub fn column(&self) -> Option<Column> {
        let cells =
            self.own.iter().map(|own| if own.is_empty() { "nothing else" } else { own.as_str() });
        let cells: Vec<&str> = cells.collect();
        self.differ().then(|| Series::new("settings".into(), cells).into_column())
    }

    /// Whether a row has something of its own.
    pub fn differ(&self) -> bool {
        self.own.iter().any(|own| !own.is_empty())
    }

    /// A caption that says what all have in common.
    pub fn caption(&self, caption: String) -> String {
        if self.shared.is_empty() {
            caption
        } else {
            format!("{caption} All with: {}.", self.shared)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::{Compose, Normalize, RandomRotation, Transform};

    fn captioned(experiments: &[&Experiment]) -> (String, Vec<String>) {
        let settings = Settings::new(experiments.iter().copied());
        (settings.caption("Losses.".into()), settings.own)
    }

    fn rotated_and(last: Transform) -> Experiment {
        let train_transform = Compose::new([RandomRotation::new(15.).into(), last]);
        Experiment { train_transform, ..Experiment::default() }
    }

    #[test]
    fn what_all_rows_share_is_said_in_the_caption() {
        let protocol = Experiment::default();
        let decay = Experiment { epochs: 20, ..protocol.clone() };
        let (caption, own) = captioned(&[&protocol, &decay]);
        assert_eq!(caption, "Losses. All with: linear model, multi-margin loss.");
        assert_eq!(own, ["", "epochs 20"]);
    }

    #[test]
    fn a_setting_that_comes_after_one_that_differs_is_shared_all_the_same() {
        let [short, long] =
            [5, 20].map(|epochs| Experiment { epochs, batch_size: 8, ..Experiment::default() });
        let (caption, own) = captioned(&[&short, &long]);
        assert_eq!(caption, "Losses. All with: linear model, multi-margin loss, batch size 8.");
        assert_eq!(own, ["epochs 5", "epochs 20"]);
    }

    #[test]
    fn a_composed_transform_is_one_setting_and_is_not_divided() {
        let normalized = rotated_and(Normalize::MNIST.into());
        let rotated = rotated_and(RandomRotation::new(5.).into());
        let (caption, own) = captioned(&[&normalized, &rotated]);
        assert_eq!(caption, "Losses. All with: linear model, multi-margin loss.");
        let augmentation =
            |experiment: &Experiment| experiment.differences().pop().unwrap_or_default();
        assert_eq!(own, [augmentation(&normalized), augmentation(&rotated)]);
    }

    #[test]
    fn rows_that_share_everything_need_no_column() {
        let protocol = Experiment::default();
        let settings = Settings::new([&protocol, &protocol]);
        assert!(settings.column().is_none());
        assert_eq!(
            settings.caption("Losses.".into()),
            "Losses. All with: linear model, multi-margin loss."
        );
        assert_eq!(Settings::new([]).caption("No runs.".into()), "No runs.");
    }
}

//! Whether results may be judged.

use crate::data::Source;
use serde::Serialize;

/// How much of a study runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All seeds and images.
    Full,
    /// Fewer seeds and images, for trying things out and for tests.
    Quick,
}

/// Whether results are judged: compared with published values, by claims and by conclusions. Only full runs on
/// MNIST are, because the report is about nothing else. This type alone decides; whatever judges carries it.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::study::{Judged, Mode};
///
/// let judged = Judged::new(&Source::Synthetic { seed: 0 }, Mode::Full);
/// assert_eq!(judged, Judged::No("synthetic digits"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// They are.
    Yes,
    /// They are only shown, for this reason.
    No(&'static str),
}

impl Judged {
    /// Decides for results on images from `source`, computed in `mode`.
    pub fn new(source: &Source, mode: Mode) -> Judged {
        match (source, mode) {
            (Source::Own { .. }, _) => Judged::No("own images"),
            (Source::Synthetic { .. }, _) => Judged::No("synthetic digits"),
            (Source::Mnist { .. }, Mode::Quick) => Judged::No("quick mode"),
            (Source::Mnist { .. }, Mode::Full) => Judged::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_runs_on_mnist_are_judged() {
        let mnist = Source::Mnist { folder: "mnist".into() };
        assert_eq!(Judged::new(&mnist, Mode::Full), Judged::Yes);
        assert_eq!(Judged::new(&mnist, Mode::Quick), Judged::No("quick mode"));
        let own = Source::Own { folder: "letters".into() };
        assert_eq!(Judged::new(&own, Mode::Quick), Judged::No("own images"));
    }
}

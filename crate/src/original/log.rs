//! The log of a run in the original's words.

use crate::study::Run;
use crate::train::{Epoch, Score};
use std::fmt;

/// Scores after some epochs, in the original's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    epochs: Vec<Epoch>,
}

impl Run {
    /// The lines that the original printed: the scores after each multiple of `every` epochs.
    pub fn log(&self, every: usize) -> Log {
        let epochs = self.history().iter().filter(|epoch| epoch.number.is_multiple_of(every));
        Log { epochs: epochs.copied().collect() }
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scores = |name: &str, score: Score| {
            let (loss, percent) = (score.loss, 100. * score.accuracy);
            format!("{name} loss: {loss:.4}, {name} accuracy: {percent:.2}%")
        };
        let lines = |epoch: &Epoch| {
            let [train, test] = [scores("Train", epoch.train), scores("Test", epoch.test)];
            format!("Epoch {:03} - {train}\n          - {test}", epoch.number)
        };
        f.write_str(&self.epochs.iter().map(lines).collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_the_originals_two_lines_for_each_epoch() {
        let score = |loss, accuracy| Score { loss, accuracy };
        let epoch = Epoch { number: 20, train: score(0.2499, 0.90667), test: score(0.3714, 0.73) };
        let first = "Epoch 020 - Train loss: 0.2499, Train accuracy: 90.67%";
        let second = "          - Test loss: 0.3714, Test accuracy: 73.00%";
        assert_eq!(Log { epochs: vec![epoch] }.to_string(), format!("{first}\n{second}"));
    }
}

//! The defects of the original.

/// A defect of the original, established from its code and logs, with its number in the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The optimiser that steps is another model's.
    NeverTrained = 1,
    /// The accuracy plots draw the test loss.
    WrongCurve = 2,
    /// No seed, one run each.
    OneRun = 3,
    /// Normalize is applied to the training images only.
    NormalizedTrainingOnly = 4,
    /// The best augmentation was chosen on the test images.
    PickedOnTest = 5,
    /// Losses are averaged over minibatches of unequal size.
    UnweightedMean = 6,
    /// Task 4's training scores are scores on augmented images.
    ScoredAugmented = 7,
    /// Report and notebook publish different runs, one with cells out of order.
    DifferentRuns = 8,
    /// "Grokking" is not what the curves show.
    NotGrokking = 9,
}

impl Defect {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Defect::NeverTrained => "Logistic regression was never trained",
            Defect::WrongCurve => "The accuracy plots draw the test loss",
            Defect::OneRun => "No seed, and one run each",
            Defect::NormalizedTrainingOnly => "Normalize was applied to training images only",
            Defect::PickedOnTest => "The winner was chosen on the test set",
            Defect::UnweightedMean => "Losses were averaged over unequal minibatches",
            Defect::ScoredAugmented => "Training scores of Task 4 are scores on augmented images",
            Defect::DifferentRuns => "Report and notebook publish different runs",
            Defect::NotGrokking => "\"Grokking\" is not what the curves show",
        }
    }

    /// The defect with the evidence for it, one sentence with figures.
    pub fn shown_by(self, evidence: impl Into<String>) -> Evidence {
        Evidence { defect: self, sentence: evidence.into() }
    }
}

/// A defect with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The defect.
    pub defect: Defect,
    /// What shows it.
    pub sentence: String,
}

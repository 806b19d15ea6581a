//! The seeds of a run, one for each source of randomness.

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};
use std::fmt;

/// The seeds of a run: one for each source of its variance, as in Bouthillier et al., "Accounting for Variance in
/// Machine Learning Benchmarks" (2021). A number stands for four equal seeds.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::study::Seeds;
///
/// let digits = Digits::synthetic(0);
/// let short = Experiment { epochs: 2, ..Experiment::default() };
/// let run: Run = short.run(&digits, 42)?;
/// assert_eq!(run.seed, Seeds::from(42));
///
/// // How much does the order of the images alone matter?
/// let orders = (0..3).map(|order| Seeds { order, ..Seeds::from(0) });
/// let spread = short.repeat(&digits, orders)?.last(Metric::TestLoss)?.standard_deviation();
/// assert!(spread > 0.);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seeds {
    /// Which training images are drawn.
    pub train_sample: u64,
    /// Which test images are drawn.
    pub test_sample: u64,
    /// The weights before the first step.
    pub initialisation: u64,
    /// The order of the training images in each epoch, and what is random in transforms.
    pub order: u64,
}

impl Seeds {
    /// The seed, if all four are the same.
    pub fn single(self) -> Option<u64> {
        (self == Seeds::from(self.order)).then_some(self.order)
    }
}

impl From<u64> for Seeds {
    fn from(seed: u64) -> Seeds {
        Seeds { train_sample: seed, test_sample: seed, initialisation: seed, order: seed }
    }
}

/// "42", or "train sample 0; test sample 0; initialisation 0; order 7".
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seed) = self.single() {
            return write!(f, "{seed}");
        }
        let Seeds { train_sample, test_sample, initialisation, order } = self;
        write!(f, "train sample {train_sample}; test sample {test_sample}; ")?;
        write!(f, "initialisation {initialisation}; order {order}")
    }
}

/// A number if all four are the same, else a text.
impl Serialize for Seeds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.single() {
            Some(seed) => serializer.serialize_u64(seed),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seeds, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let of_text = |text: &str| {
            let seed =
                |name| text.split("; ").find_map(|part| part.strip_prefix(name)?.parse().ok());
            Some(Seeds {
                train_sample: seed("train sample ")?,
                test_sample: seed("test sample ")?,
                initialisation: seed("initialisation ")?,
                order: seed("order ")?,
            })
        };
        let seeds = value.as_u64().map(Seeds::from).or_else(|| of_text(value.as_str()?));
        let expected =
            "expected a number, or \"train sample 0; test sample 0; initialisation 0; order 7\"";
        seeds.ok_or_else(|| de::Error::custom(format!("{expected}, found {value}")))
    }
}

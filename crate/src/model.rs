//! The architecture of a model: which layers it has.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt;

/// A fully connected classifier: `x -> Linear -> ReLU -> Linear -> ... -> logits`.
///
/// With no hidden layer it is a linear model: trained on [`Loss::MultiMargin`](crate::Loss::MultiMargin) a
/// linear SVM, on [`Loss::CrossEntropy`](crate::Loss::CrossEntropy) logistic regression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The number of ReLU units of each hidden layer, from input to output; empty for a linear model.
    pub hidden_units: Vec<usize>,
}

impl Model {
    /// One linear layer, `[n, inputs] -> [n, classes]`.
    pub fn linear() -> Model {
        Model {
            hidden_units: Vec::new(),
        }
    }

    /// One hidden layer of `units` ReLU units. The original report uses 5 000.
    pub fn hidden(units: usize) -> Model {
        Model {
            hidden_units: vec![units],
        }
    }

    /// The most units a hidden layer may have: 784 x 100 000 weights take 300 MB.
    pub const MOST_UNITS: usize = 100_000;

    /// The most hidden layers a model may have.
    pub const MOST_LAYERS: usize = 10;

    pub(crate) fn validate(&self) -> Result<()> {
        let layers = self.hidden_units.len();
        if layers > Self::MOST_LAYERS {
            return Err(Error::setting(
                "hidden_units",
                format!("at most {} layers", Self::MOST_LAYERS),
                layers,
            ));
        }
        match self
            .hidden_units
            .iter()
            .find(|units| !(1..=Self::MOST_UNITS).contains(*units))
        {
            Some(units) => Err(Error::setting(
                "hidden_units",
                format!("1 to {} in every layer", Self::MOST_UNITS),
                units,
            )),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hidden_units.as_slice() {
            [] => f.write_str("linear model"),
            units => {
                let units: Vec<String> = units.iter().map(usize::to_string).collect();
                write!(f, "hidden layer of {} ReLU units", units.join(" and "))
            }
        }
    }
}

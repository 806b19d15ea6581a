//! The architecture of a model: which layers it has.

use crate::data::{CLASSES, PIXELS};
use crate::error::{Result, require};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A fully connected classifier: `x -> Linear -> ReLU -> Linear -> ... -> logits`.
///
/// With no hidden layer it is a linear model: trained on [`Loss::MultiMargin`](crate::Loss::MultiMargin) a
/// linear SVM, on [`Loss::CrossEntropy`](crate::Loss::CrossEntropy) logistic regression.
///
/// ```
/// use hinge::prelude::*;
///
/// assert_eq!(Model::linear().parameters(), 784 * 10 + 10); // weights and biases
/// assert_eq!(Model::hidden(50).parameters(), (784 * 50 + 50) + (50 * 10 + 10));
/// assert_eq!(Model { hidden_units: vec![50, 20] }.to_string(), "hidden layer of 50 and 20 ReLU units");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The number of ReLU units of each hidden layer, from input to output; empty for a linear model.
    pub hidden_units: Vec<usize>,
}

impl Model {
    /// One linear layer, `[n, inputs] -> [n, classes]`.
    pub fn linear() -> Model {
        Model { hidden_units: Vec::new() }
    }

    /// One hidden layer of `units` ReLU units. The original report uses 5 000.
    pub fn hidden(units: usize) -> Model {
        Model { hidden_units: vec![units] }
    }

    /// The most units a hidden layer may have: 784 x 100 000 weights take 300 MB.
    pub const MOST_UNITS: usize = 100_000;

    /// The most hidden layers a model may have.
    pub const MOST_LAYERS: usize = 10;

    /// The most parameters a model may have: they take 800 MB, and training a multiple of it.
    pub const MOST_PARAMETERS: usize = 200_000_000;

    /// The number of weights and biases.
    pub fn parameters(&self) -> usize {
        let of_layer = |layer: &[usize]| layer[1].saturating_mul(layer[0].saturating_add(1));
        self.widths(PIXELS, CLASSES).windows(2).map(of_layer).fold(0, usize::saturating_add)
    }

    /// The numbers of inputs, of units of each hidden layer and of classes.
    pub(super) fn widths(&self, inputs: usize, classes: usize) -> Vec<usize> {
        [&[inputs][..], &self.hidden_units, &[classes]].concat()
    }

    pub(crate) fn validate(&self) -> Result<()> {
        const FIELD: &str = "hidden_units";
        let (layers, parameters) = (self.hidden_units.len(), self.parameters());
        let allowed = format_args!("at most {} layers", Self::MOST_LAYERS);
        require(layers <= Self::MOST_LAYERS, FIELD, allowed, layers)?;
        let allowed = format_args!("1 to {} in every layer", Self::MOST_UNITS);
        for units in &self.hidden_units {
            require((1..=Self::MOST_UNITS).contains(units), FIELD, allowed, units)?;
        }
        let allowed = format_args!("layers with at most {} parameters", Self::MOST_PARAMETERS);
        let found = format_args!("{self} with {parameters}");
        require(parameters <= Self::MOST_PARAMETERS, FIELD, allowed, found)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_model_has_a_weight_for_each_pixel_and_class_and_a_bias_for_each_class() {
        assert_eq!(Model::linear().parameters(), 784 * 10 + 10);
    }

    #[test]
    fn a_model_too_large_for_memory_is_rejected() {
        let wide = Model { hidden_units: vec![100_000, 100_000] };
        let message = wide.validate().expect_err("it is too large").to_string();
        assert!(message.contains("at most 200000000 parameters"), "{message}");
    }
}

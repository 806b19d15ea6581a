//! A quantity over seeds, as answers and conclusions rest on it.

use crate::study::{Distribution, Unit};

/// A quantity over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What it is: "train less test accuracy".
    pub quantity: String,
    /// Its value with each seed.
    pub over_seeds: Distribution,
    /// Its unit.
    pub unit: Unit,
}

impl Measured {
    /// The quantity with this name.
    pub fn new(quantity: &str, over_seeds: &Distribution, unit: Unit) -> Measured {
        Measured { quantity: quantity.to_string(), over_seeds: over_seeds.clone(), unit }
    }

    /// The mean over seeds: "+2.3 points".
    pub fn mean(&self) -> String {
        self.unit.show(self.over_seeds.mean())
    }

    /// The 95 % interval of the mean: "+2.0 points to +2.6 points".
    pub fn interval(&self) -> String {
        self.over_seeds.confidence_interval().show(|end| self.unit.show(end))
    }
}

//! What can be wrong with an augmentation or with the images given to it.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use tch::{Device, Kind};

/// An invalid parameter of a transform, or images that it cannot transform.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AugmentError {
    /// A parameter is outside its range.
    #[error("{transform}: {field} must be {allowed}, but it is {found}.")]
    Setting {
        /// The transform's name, as in the code.
        transform: &'static str,
        /// The field's name, as in the code.
        field: &'static str,
        /// The allowed range.
        allowed: String,
        /// The value found.
        found: String,
    },

    /// The images are not a batch of one-channel float images.
    #[error(
        "The images must be a float32 tensor of shape [images, height, width] on the CPU, without an empty \
         height or width, but their kind is {kind:?}, their shape {shape:?} and their device {device:?}."
    )]
    Images {
        /// The kind of their elements.
        kind: Kind,
        /// Their shape.
        shape: Vec<i64>,
        /// Where they are.
        device: Device,
    },
}

/// Checks that `value` lies in `allowed`. NaN does not.
pub(super) fn check(
    transform: &'static str,
    field: &'static str,
    allowed: RangeInclusive<f64>,
    value: f64,
) -> Result<(), AugmentError> {
    require(allowed.contains(&value), transform, field, || span(&allowed), value)
}

/// Checks that `range` lies in `allowed` and does not run backwards.
pub(super) fn check_range(
    transform: &'static str,
    field: &'static str,
    allowed: RangeInclusive<f64>,
    range: &RangeInclusive<f64>,
) -> Result<(), AugmentError> {
    let inside = allowed.contains(range.start()) && allowed.contains(range.end());
    let description = || format!("a range min..=max within {allowed:?} with min <= max");
    require(inside && range.start() <= range.end(), transform, field, description, range)
}

/// Checks that `holds`; otherwise `field` is said to be `found` where it must be `allowed`.
pub(super) fn require(
    holds: bool,
    transform: &'static str,
    field: &'static str,
    allowed: impl Fn() -> String,
    found: impl Debug,
) -> Result<(), AugmentError> {
    if holds {
        return Ok(());
    }
    Err(AugmentError::Setting { transform, field, allowed: allowed(), found: format!("{found:?}") })
}

fn span(range: &RangeInclusive<f64>) -> String {
    format!("in {range:?}")
}

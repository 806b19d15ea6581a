//! Invalid parameters of a transform, and images that cannot be transformed.

use std::fmt::{Debug, Display};
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
        /// The device that holds them.
        device: Device,
    },
}

/// What a check returns.
pub(super) type Checked = Result<(), AugmentError>;

/// Checks that `value` lies in `allowed`. NaN never does.
pub(super) fn check(
    transform: &'static str,
    field: &'static str,
    allowed: RangeInclusive<f64>,
    value: f64,
) -> Checked {
    require(allowed.contains(&value), transform, field, format_args!("in {allowed:?}"), value)
}

/// Checks that `range` lies in `allowed` and is not reversed.
pub(super) fn check_range(
    transform: &'static str,
    field: &'static str,
    allowed: RangeInclusive<f64>,
    range: &RangeInclusive<f64>,
) -> Checked {
    let (min, max) = (range.start(), range.end());
    let holds = allowed.contains(min) && allowed.contains(max) && min <= max;
    let description = format_args!("a range min..=max within {allowed:?} with min <= max");
    require(holds, transform, field, description, range)
}

/// Returns an error with `allowed` and `found` unless the condition `holds`.
pub(super) fn require(
    holds: bool,
    transform: &'static str,
    field: &'static str,
    allowed: impl Display,
    found: impl Debug,
) -> Checked {
    if holds {
        return Ok(());
    }
    let (allowed, found) = (allowed.to_string(), format!("{found:?}"));
    Err(AugmentError::Setting { transform, field, allowed, found })
}

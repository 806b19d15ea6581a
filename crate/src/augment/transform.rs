//! What every transform implements and needs. `use super::transform::*;` imports all of it.

pub(super) use super::image::{Image, Size};
pub(super) use crate::error::{Result, require};
pub(super) use crate::rng::{ChaCha8Rng, RngExt};
pub(super) use serde::{Deserialize, Serialize};
pub(super) use std::ops::RangeInclusive;

/// Checks that `value` lies in `allowed`. NaN never does.
pub(super) fn check(field: &'static str, allowed: RangeInclusive<f64>, value: f64) -> Result<()> {
    let found = format_args!("{value:?}");
    require(allowed.contains(&value), field, format_args!("in {allowed:?}"), found)
}

/// Checks that `range` lies in `allowed` and is not reversed.
pub(super) fn check_range(
    field: &'static str,
    allowed: RangeInclusive<f64>,
    range: &RangeInclusive<f64>,
) -> Result<()> {
    let (min, max) = (range.start(), range.end());
    let holds = allowed.contains(min) && allowed.contains(max) && min <= max;
    let description = format_args!("a range min..=max within {allowed:?} with min <= max");
    require(holds, field, description, format_args!("{range:?}"))
}

/// A change of images whose parameters are drawn for each image.
pub(super) trait RandomTransform {
    /// The name that results show; defaults to the type's.
    fn name(&self, type_name: &'static str) -> &'static str {
        type_name
    }

    /// Whether the same image may change differently each time.
    fn is_random(&self) -> bool {
        true
    }

    /// Checks every parameter.
    fn validate(&self) -> Result<()>;

    /// Checks the parameters whose range depends on the size of the images.
    fn check_size(&self, _: Size) -> Result<()> {
        Ok(())
    }

    /// Transforms an image with parameters drawn from its own generator. The transform's parameters and the image's size
    /// have been checked.
    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng);
}

/// Draws a number uniformly from `range`.
pub(super) fn uniform(random: &mut ChaCha8Rng, range: &RangeInclusive<f64>) -> f64 {
    random.random_range(range.clone())
}

//! What every transform implements and needs. `use super::transform::*;` imports all of it.

pub(super) use super::batch::{Size, check_images};
pub(super) use crate::error::{Result, require};
pub(super) use crate::rng::{ChaCha8Rng, RngExt};
pub(super) use serde::{Deserialize, Serialize};
pub(super) use std::ops::RangeInclusive;
pub(super) use tch::{Kind, Tensor};

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

/// The generators of the images of a batch, in the batch's order.
pub(super) type Sources<'a> = [&'a mut ChaCha8Rng];

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

    /// Transforms each image with parameters drawn from its own source. The parameters and the images have
    /// been checked.
    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor;
}

/// Draws the parameters of each image from its own source.
pub(super) fn draw_each<T>(sources: &mut Sources, draw: impl Fn(&mut ChaCha8Rng) -> T) -> Vec<T> {
    sources.iter_mut().map(|source| draw(source)).collect()
}

/// Draws a number uniformly from `range`.
pub(super) fn uniform(random: &mut ChaCha8Rng, range: &RangeInclusive<f64>) -> f64 {
    random.random_range(range.clone())
}

/// Applies `change` to each image with probability `p`.
pub(super) fn with_probability(
    p: f64,
    images: &Tensor,
    sources: &mut Sources,
    change: impl FnOnce(&Tensor, &mut Sources) -> Tensor,
) -> Tensor {
    let (chosen, mut their_sources): (Vec<i64>, Vec<&mut ChaCha8Rng>) = (0..)
        .zip(sources.iter_mut())
        .filter_map(|(i, source)| (source.random::<f64>() < p).then_some((i, &mut **source)))
        .unzip();
    if chosen.is_empty() {
        return images.shallow_clone();
    }
    let chosen = Tensor::from_slice(&chosen);
    let changed = change(&images.index_select(0, &chosen), &mut their_sources);
    images.index_copy(0, &chosen, &changed)
}

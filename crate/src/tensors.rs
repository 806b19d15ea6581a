//! Images as tensors.

use crate::data::{Images, PIXELS};
use crate::train::Examples;
use tch::{Kind, Tensor};

/// The pixels as numbers from 0 (background) to 1, `[n, 784]`.
pub fn pixels(images: &Images) -> Tensor {
    Tensor::from_slice(images.pixels())
        .view([-1, PIXELS as i64])
        .to_kind(Kind::Float)
        / 255.
}

/// The labels as integers, `[n]`.
pub fn labels(images: &Images) -> Tensor {
    Tensor::from_slice(images.labels()).to_kind(Kind::Int64)
}

/// Pixels and labels.
pub fn examples(images: &Images) -> Examples {
    Examples {
        inputs: pixels(images),
        labels: labels(images),
    }
}

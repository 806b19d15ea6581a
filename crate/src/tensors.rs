//! Images as tensors.

use crate::data::{Images, PIXELS};
use tch::{Kind, Tensor};

/// The pixels as numbers from 0 (background) to 1, `[n, 784]`.
pub fn pixels(images: &Images) -> Tensor {
    Tensor::from_slice(images.pixels())
        .view([-1, PIXELS as i64])
        .to_kind(Kind::Float)
        / 255.
}

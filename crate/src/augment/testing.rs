//! Images, generators and comparisons for the tests of transforms.

use super::{AugmentError, Compose, Transform};
use crate::rng::{ChaCha8Rng, RngExt, Stream, random};
use tch::Tensor;

/// The generator that the tests draw augmentations from.
pub fn source(seed: u64) -> ChaCha8Rng {
    random(seed, Stream::Augmentation)
}

/// Images of uniform noise in 0..1, the hardest case for interpolation.
pub fn noise(images: i64, height: i64, width: i64) -> Tensor {
    let mut random = random(0, Stream::Digits);
    let pixels: Vec<f32> = (0..images * height * width).map(|_| random.random()).collect();
    Tensor::from_slice(&pixels).view([images, height, width])
}

/// torchvision's test image for the values in the tests: `torch.arange(20) * 7 % 20 / 20` in 4 rows of 5.
pub fn small_image() -> Tensor {
    let pixels: Vec<f32> = (0..20).map(|i| (i * 7 % 20) as f32 / 20.0).collect();
    Tensor::from_slice(&pixels).view([1, 4, 5])
}

/// The images after one transform.
pub fn apply(transform: impl Into<Transform>, images: &Tensor) -> Result<Tensor, AugmentError> {
    Compose::new([transform.into()]).apply(images, &mut source(1))
}

/// The pixels of the only image of a batch.
pub fn pixels(images: &Tensor) -> Vec<f32> {
    (0..images.numel() as i64).map(|i| images.reshape([-1]).double_value(&[i]) as f32).collect()
}

/// The greatest difference between two batches at any pixel.
pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

/// Asserts that the pixels of one image are `expected` up to float32 rounding.
pub fn assert_pixels(image: &Tensor, expected: &[f32]) {
    for (ours, expected) in pixels(image).iter().zip(expected) {
        assert!((ours - expected).abs() < 2e-6, "{ours} is not {expected}");
    }
}

/// The field that a rejected setting names.
pub fn field(result: Result<Tensor, AugmentError>) -> &'static str {
    match result {
        Err(AugmentError::Setting { field, .. }) => field,
        other => panic!("expected a rejected setting, found {other:?}"),
    }
}

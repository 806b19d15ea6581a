//! Image augmentation with the transforms of torchvision 0.28: same names, parameters, defaults and, for the
//! same drawn parameters, the same pixels up to float32 rounding.
//!
//! Images are a batch: a float32 tensor `[images, height, width]` of one channel. A [`Compose`] transforms
//! all of them at once, each with its own random parameters:
//!
//! ```
//! use hinge::augment::{Compose, Normalize, RandomAffine};
//! use hinge::rng::{Stream, random};
//! use tch::{Device, Kind, Tensor};
//!
//! let augmentation = Compose::new([
//!     RandomAffine { translate: [0.05, 0.05], shear: -5.0..=5.0, ..RandomAffine::new(10.0) }.into(),
//!     Normalize { mean: 0.5, std: 0.25 }.into(),
//! ]);
//! let black = Tensor::zeros([3, 28, 28], (Kind::Float, Device::Cpu));
//! let augmented = augmentation.apply(&black, &mut random(0, Stream::Augmentation))?;
//! assert_eq!(augmented, &black - 2.0); // moved black is black; (0 - 0.5) / 0.25 = -2
//! # Ok::<(), hinge::Error>(())
//! ```
//!
//! # Randomness
//! Every image takes one seed from the caller's generator, in the order of the batch, and draws its parameters
//! from its own generator. A batch therefore gives what its images give one by one, bit for bit, and the same
//! seed gives the same images. There is no other source of randomness.
//!
//! # Differences from torchvision
//! - The drawn parameters have torchvision's distributions but not its values: the generator is another.
//!   Uniform numbers come from closed ranges.
//! - Pixels outside an image read as 0, and maps are about its centre: there is no `fill`, `center` or
//!   `expand`. Erased regions are 0. A random blur has a square kernel, an elastic distortion one `alpha`
//!   and one `sigma`.
//! - As in torchvision, the random geometric transforms (`fill=0`) and the functions (`fill=None`) differ where
//!   bilinear interpolation meets the edge: the former multiply a pixel there by its covered share once more.
//! - All transforms work on tensors. torchvision passes images that are not tensors to Pillow, which rounds
//!   values to whole numbers in 0..=255.
//! - Ranges that are optional in torchvision (`translate`, `scale`, `shear`) default to ranges of one value.
//! - Parameters have bounds far from ordinary use, so no result is infinite or NaN.
//!
//! # A new transform
//! Each transform has its own file, named and parameterised as in torchvision, and implements the trait in
//! `transform.rs`. A line in the list of `compose.rs` makes it a [`Transform`].

mod batch;
mod compose;
mod custom_transform;
mod elastic_transform;
mod gaussian_blur;
mod grid;
mod normalize;
mod random_adjust_sharpness;
mod random_affine;
mod random_erasing;
mod random_perspective;
mod random_rotation;
mod transform;

pub use compose::{Compose, RandomApply, Transform};
pub(crate) use compose::{ImageSeed, draw_seeds};
pub use custom_transform::CustomTransform;
pub use elastic_transform::ElasticTransform;
pub use gaussian_blur::{GaussianBlur, gaussian_blur};
pub use grid::Interpolation;
pub use normalize::{Normalize, normalize};
pub use random_adjust_sharpness::{RandomAdjustSharpness, adjust_sharpness};
pub use random_affine::{Affine, RandomAffine, affine};
pub use random_erasing::{RandomErasing, Region, erase};
pub use random_perspective::{Corners, RandomPerspective, perspective};
pub use random_rotation::{RandomRotation, rotate};

/// Images, generators and comparisons for the tests of transforms.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Compose, Transform};
    use crate::error::{Error, Result};
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
    pub fn apply(transform: impl Into<Transform>, images: &Tensor) -> Result<Tensor> {
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
    pub fn field(result: Result<Tensor>) -> &'static str {
        match result {
            Err(Error::Setting { field, .. }) => field.rsplit(": ").next().unwrap_or(field),
            other => panic!("expected a rejected setting, found {other:?}"),
        }
    }
}

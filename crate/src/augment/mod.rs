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
//! # Ok::<(), hinge::augment::AugmentError>(())
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
mod error;
mod gaussian_blur;
mod grid;
mod normalize;
mod random_adjust_sharpness;
mod random_affine;
mod random_erasing;
mod random_perspective;
mod random_rotation;
#[cfg(test)]
pub(crate) mod testing;
mod transform;

pub use compose::{Compose, RandomApply, Transform};
pub(crate) use compose::{ImageSeed, draw_seeds};
pub use custom_transform::CustomTransform;
pub use elastic_transform::ElasticTransform;
pub use error::AugmentError;
pub use gaussian_blur::{GaussianBlur, gaussian_blur};
pub use grid::Interpolation;
pub use normalize::{Normalize, normalize};
pub use random_adjust_sharpness::{RandomAdjustSharpness, adjust_sharpness};
pub use random_affine::{Affine, RandomAffine, affine};
pub use random_erasing::{RandomErasing, Region, erase};
pub use random_perspective::{Corners, RandomPerspective, perspective};
pub use random_rotation::{RandomRotation, rotate};

//! Image augmentation with the transforms of torchvision 0.28: same names, parameters, defaults and, for the
//! same drawn parameters, the same pixels up to float32 rounding.
//!
//! Images are a batch: a float32 tensor `[images, height, width]` of one channel. A [`Compose`] transforms
//! all of them at once, each with random parameters of its own:
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
//! assert_eq!(augmented, &black - 2.0); // black moved about is black; (0 - 0.5) / 0.25 = -2
//! # Ok::<(), hinge::augment::AugmentError>(())
//! ```
//!
//! # Randomness
//! Every image takes one seed from the caller's generator, in the order of the batch, and draws from a
//! generator of its own. So a batch gives what its images give one by one, bit for bit, and the same seed
//! gives the same images. There is no other source of randomness.
//!
//! # Differences from torchvision
//! - The random numbers are not torch's, so neither are the drawn parameters; their distributions are.
//!   Uniform numbers come from closed ranges.
//! - Pixels outside an image read as 0, and maps are about its centre: there is no `fill`, `center` or
//!   `expand`. Erased regions are 0. A random blur has a square kernel, an elastic distortion one `alpha`
//!   and one `sigma`.
//! - As in torchvision, the random geometric transforms, whose `fill` is 0, and the functions, whose `fill`
//!   is `None`, differ where bilinear interpolation meets the edge: the former weigh a pixel there by its
//!   covered share once more.
//! - Everything works on tensors. torchvision hands images that are not yet tensors to Pillow, which rounds
//!   to whole numbers of 0..=255.
//! - Ranges that a transform can leave out (`translate`, `scale`, `shear`) are ranges of one value here.
//! - Parameters have bounds far from ordinary use, so that no result is infinite or NaN.

mod batch;
mod custom_transform;
mod error;
mod geometry;
mod intensity;
mod random_geometry;
mod random_intensity;
mod transform;

pub use custom_transform::CustomTransform;
pub use error::AugmentError;
pub use geometry::{Affine, Corners, Interpolation, affine, perspective, rotate};
pub use intensity::{Region, adjust_sharpness, erase, gaussian_blur, normalize};
pub use random_geometry::{ElasticTransform, RandomAffine, RandomPerspective, RandomRotation};
pub use random_intensity::{GaussianBlur, Normalize, RandomAdjustSharpness, RandomErasing};
pub use transform::{Compose, RandomApply, Transform};
#[cfg(test)]
pub(crate) use batch::testing;
pub(crate) use transform::{ImageSeed, draw_seeds};

//! Image augmentation with the transforms of torchvision 0.28: same names, parameters, defaults and, for the
//! same drawn parameters, the same pixels up to float32 rounding.
//!
//! Images are a batch: a float32 tensor `[images, height, width]` of one channel. A [`Compose`] transforms
//! each of them with its own random parameters, several in parallel:
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
//! - Where bilinear interpolation meets the edge, a pixel is multiplied by its covered share once more, as by torchvision's
//!   random transforms (`fill=0`); its functions (`fill=None`) do not.
//! - All transforms work on tensors. torchvision passes images that are not tensors to Pillow, which rounds
//!   values to whole numbers in 0..=255.
//! - Ranges that are optional in torchvision (`translate`, `scale`, `shear`) default to ranges of one value.
//! - Parameters have bounds far from ordinary use, so no result is infinite or NaN.
//!
//! # A new transform
//! Each transform has its own file, named and parameterised as in torchvision, and implements the trait in
//! `transform.rs`. A line in the list of `compose.rs` makes it a [`Transform`].

mod compose;
mod custom_transform;
mod elastic_transform;
mod gaussian_blur;
mod grid;
mod image;
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
pub use gaussian_blur::GaussianBlur;
pub use grid::Interpolation;
pub use normalize::Normalize;
pub use random_adjust_sharpness::RandomAdjustSharpness;
pub use random_affine::RandomAffine;
pub use random_erasing::RandomErasing;
pub use random_perspective::RandomPerspective;
pub use random_rotation::RandomRotation;

/// Images, generators and comparisons for the tests of transforms.
#[cfg(test)]
pub(crate) mod testing {
    use super::image::{Image, check_images};
    use super::{Compose, Transform};
    use crate::error::Result;
    use crate::nn::entries;
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

    /// The images after a change of each.
    pub(super) fn changed(images: &Tensor, change: impl Fn(&mut Image)) -> Tensor {
        let (size, mut pixels) = (check_images(images).unwrap(), pixels(images));
        pixels.chunks_exact_mut(size.area()).for_each(|pixels| change(&mut Image { pixels, size }));
        Tensor::from_slice(&pixels).view_as(images)
    }

    /// The pixels of a batch, image by image.
    pub fn pixels(images: &Tensor) -> Vec<f32> {
        entries(images)
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
}

/// The transforms give torchvision 0.28's pixels: the cases of `tests/reference/transforms.json`, and of every
/// `transforms.json` below the folder that the environment variable `HINGE_REFERENCE_DIR` names.
#[cfg(test)]
mod reference {
    use super::common::{Checked, reference_files};
    use super::gaussian_blur::blur;
    use super::image::Image;
    use super::random_affine::{Affine, warp_affine};
    use super::random_erasing::erase;
    use super::random_perspective::{Corners, inverse_projection, warp_perspective};
    use super::testing::{apply, changed};
    use super::{Interpolation, Normalize, RandomAdjustSharpness};
    use serde::Deserialize;
    use serde_json::{Map, Value};
    use std::error::Error;
    use std::path::Path;
    use tch::Tensor;

    /// The greatest difference of a pixel: float32 rounding in another order of operations.
    const TOLERANCE: f64 = 1e-5;

    /// One image and torchvision's operations on it.
    #[derive(Deserialize)]
    struct Reference {
        image: Vec<f32>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        op: String,
        params: Value,
        output: Vec<f32>,
    }

    /// A function of `torchvision.transforms.functional` with its keyword arguments.
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    enum Operation {
        Rotate { angle: f64, interpolation: Mode },
        Affine { angle: f64, translate: [f64; 2], scale: f64, shear: [f64; 2], interpolation: Mode },
        Perspective { startpoints: Corners, endpoints: Corners, interpolation: Mode },
        GaussianBlur { kernel_size: [usize; 2], sigma: [f64; 2] },
        AdjustSharpness { sharpness_factor: f64 },
        Normalize { mean: [f64; 1], std: [f64; 1] },
        Erase { i: usize, j: usize, h: usize, w: usize },
    }

    #[derive(Clone, Copy, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        Nearest,
        Bilinear,
    }

    impl From<Mode> for Interpolation {
        fn from(mode: Mode) -> Interpolation {
            match mode {
                Mode::Nearest => Interpolation::Nearest,
                Mode::Bilinear => Interpolation::Bilinear,
            }
        }
    }

    impl Operation {
        fn apply(&self, images: &Tensor) -> crate::Result<Tensor> {
            Ok(match *self {
                Operation::Rotate { angle, interpolation } => {
                    let rotation = Affine { angle: -angle, ..Affine::IDENTITY };
                    plain(images, |image| warp_affine(image, &rotation, interpolation.into()))
                }
                Operation::Affine { angle, translate, scale, shear, interpolation } => {
                    let map = Affine { angle, translate, scale, shear };
                    plain(images, |image| warp_affine(image, &map, interpolation.into()))
                }
                Operation::Perspective { startpoints, endpoints, interpolation } => {
                    let inverse = inverse_projection(&startpoints, &endpoints);
                    plain(images, |image| warp_perspective(image, &inverse, interpolation.into()))
                }
                Operation::GaussianBlur { kernel_size, sigma } => {
                    changed(images, |image| blur(image, kernel_size, sigma))
                }
                Operation::AdjustSharpness { sharpness_factor } => {
                    apply(RandomAdjustSharpness { sharpness_factor, p: 1.0 }, images)?
                }
                Operation::Normalize { mean: [mean], std: [std] } => {
                    apply(Normalize { mean, std }, images)?
                }
                Operation::Erase { i, j, h, w } => {
                    changed(images, |image| erase(image, [i..i + h, j..j + w]))
                }
            })
        }
    }

    /// The warped image as torchvision's functions give it: without the share that each pixel of `warp` is multiplied by
    /// once more at the edge.
    fn plain(images: &Tensor, warp: impl Fn(&mut Image)) -> Tensor {
        let squared_shares = changed(&images.ones_like(), &warp);
        changed(images, warp) / squared_shares.sqrt().clamp_min(1e-30)
    }

    impl Case {
        /// The greatest difference of a pixel from torchvision's.
        fn largest_difference(&self, images: &Tensor) -> Result<f64, Box<dyn Error>> {
            let operation = Value::Object(Map::from_iter([(self.op.clone(), self.params.clone())]));
            let ours = serde_json::from_value::<Operation>(operation)?.apply(images)?;
            let torchvisions = Tensor::from_slice(&self.output).view_as(&ours);
            Ok((ours - torchvisions).abs().max().double_value(&[]))
        }
    }

    /// The cases of the file that disagree with torchvision, each as a sentence.
    fn check_transforms(file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
        let reference: Reference = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        let side = reference.image.len().isqrt() as i64;
        let images = Tensor::from_slice(&reference.image).view([1, side, side]);
        let mut failures = Vec::new();
        for case in &reference.cases {
            match case.largest_difference(&images) {
                Ok(difference) if difference <= TOLERANCE => {}
                Ok(difference) => {
                    failures.push(format!("{} {}: off by {difference:e}", case.op, case.params))
                }
                Err(error) => failures.push(format!("{} {}: {error}", case.op, case.params)),
            }
        }
        Ok(failures)
    }

    #[test]
    fn transforms_agree_with_torchvision() -> Checked {
        for file in reference_files("transforms.json")? {
            let failures = check_transforms(&file)?;
            assert!(failures.is_empty(), "{}:\n{}", file.display(), failures.join("\n"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "../../tests/common/mod.rs"]
mod common;

//! Random blur, sharpness and erasing, and normalisation, which is not random.

use super::batch::Size;
use super::error::{AugmentError, check, check_range};
use super::intensity::{
    Region, SHARPNESS_FACTORS, SIGMAS, blur_matrices, check_kernel_fits, check_kernel_size,
    check_normalize, convolve, erase_regions, sharpen, standardise,
};
use super::transform::{RandomTransform, Sources, uniform, with_probability};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::Serialize;
use std::ops::RangeInclusive;
use tch::Tensor;

/// Blurs each image with a Gaussian whose standard deviation is drawn uniformly from `sigma`. The weight of a pixel
/// `i` columns and `j` rows away is `exp(-(i^2 + j^2) / (2 sigma^2))`, divided by the sum of all weights.
///
/// Source: [torchvision's `GaussianBlur`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.GaussianBlur.html).
///
/// ```
/// use hinge::augment::{Compose, GaussianBlur};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// // So wide a Gaussian is flat over its 3 x 3 weights: each is a ninth.
/// let flat = GaussianBlur { kernel_size: 3, sigma: 1e6..=1e6 };
/// let dot = Tensor::from_slice(&[0f32, 0., 0., 0., 1., 0., 0., 0., 0.]).view([1, 3, 3]);
/// let blurred = Compose::new([flat.into()]).apply(&dot, &mut random(0, Stream::Augmentation))?;
/// assert!((blurred.double_value(&[0, 1, 1]) - 1. / 9.).abs() < 1e-6);
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GaussianBlur {
    /// The width and height of the kernel in pixels: odd, and less than twice the image's side.
    pub kernel_size: usize,
    /// The standard deviations in pixels, within 1e-6..=1e6. Defaults to 0.1..=2.0.
    pub sigma: RangeInclusive<f64>,
}

impl GaussianBlur {
    /// With a kernel of `kernel_size` pixels and a standard deviation from 0.1..=2.0.
    pub fn new(kernel_size: usize) -> GaussianBlur {
        GaussianBlur { kernel_size, sigma: 0.1..=2.0 }
    }
}

impl RandomTransform for GaussianBlur {
    fn validate(&self) -> Result<(), AugmentError> {
        check_kernel_size("GaussianBlur", self.kernel_size)?;
        check_range("GaussianBlur", "sigma", SIGMAS, &self.sigma)
    }

    fn check_size(&self, size: Size) -> Result<(), AugmentError> {
        check_kernel_fits(
            "GaussianBlur",
            "kernel_size",
            self.kernel_size,
            size.height.min(size.width),
        )
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let size = Size::of(images);
        let sigmas: Vec<f64> =
            sources.iter_mut().map(|random| uniform(random, &self.sigma)).collect();
        let horizontal = blur_matrices(size.width, self.kernel_size, &sigmas);
        let vertical = blur_matrices(size.height, self.kernel_size, &sigmas);
        convolve(images, &horizontal, &vertical)
    }
}

/// With probability `p`, sharpens an image by `sharpness_factor` and clamps it to 0..=1 (see
/// [`adjust_sharpness`](super::adjust_sharpness)), also if it was normalised before.
///
/// Source: [torchvision's `RandomAdjustSharpness`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAdjustSharpness.html).
///
/// ```
/// use hinge::augment::{Compose, RandomAdjustSharpness};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// // Factor 0 is the smoothed image, whose kernel has 5 of 13 parts in the middle.
/// let smooth = RandomAdjustSharpness { sharpness_factor: 0., p: 1. };
/// let dot = Tensor::from_slice(&[0f32, 0., 0., 0., 1., 0., 0., 0., 0.]).view([1, 3, 3]);
/// let smoothed = Compose::new([smooth.into()]).apply(&dot, &mut random(0, Stream::Augmentation))?;
/// assert!((smoothed.double_value(&[0, 1, 1]) - 5. / 13.).abs() < 1e-6);
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomAdjustSharpness {
    /// 0 smooths, 1 changes nothing, 2 doubles the sharpness; in 0..=1e6.
    pub sharpness_factor: f64,
    /// The probability in 0..=1. Defaults to 0.5.
    pub p: f64,
}

impl RandomAdjustSharpness {
    /// By `sharpness_factor` with probability 0.5.
    pub fn new(sharpness_factor: f64) -> RandomAdjustSharpness {
        RandomAdjustSharpness { sharpness_factor, p: 0.5 }
    }
}

impl RandomTransform for RandomAdjustSharpness {
    fn validate(&self) -> Result<(), AugmentError> {
        check(
            "RandomAdjustSharpness",
            "sharpness_factor",
            SHARPNESS_FACTORS,
            self.sharpness_factor,
        )?;
        check("RandomAdjustSharpness", "p", 0.0..=1.0, self.p)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        with_probability(self.p, images, sources, |images, _| {
            sharpen(images, self.sharpness_factor)
        })
    }
}

/// Subtracts `mean` from every pixel and divides by `std`. The only transform that also belongs on test
/// images: a model trained on normalised images expects them.
///
/// Source: [torchvision's `Normalize`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html).
///
/// ```
/// use hinge::augment::{Compose, Normalize};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let normalize = Compose::new([Normalize { mean: 0.5, std: 0.25 }.into()]);
/// let pixels = Tensor::from_slice(&[0.25f32, 0.5, 1.]).view([1, 1, 3]);
/// let normalized = normalize.apply(&pixels, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(normalized, Tensor::from_slice(&[-1f32, 0., 2.]).view([1, 1, 3]));
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Normalize {
    /// What becomes 0; in -1e6..=1e6.
    pub mean: f64,
    /// What becomes 1, above the mean; in 1e-6..=1e6.
    pub std: f64,
}

impl Normalize {
    /// The mean and standard deviation of the pixels of MNIST's training images.
    pub const MNIST: Normalize = Normalize { mean: 0.1307, std: 0.3081 };
}

impl RandomTransform for Normalize {
    fn validate(&self) -> Result<(), AugmentError> {
        check_normalize("Normalize", self.mean, self.std)
    }

    fn transform(&self, images: &Tensor, _: &mut Sources) -> Tensor {
        standardise(images, self.mean, self.std)
    }
}

/// With probability `p`, sets a random rectangle of an image to 0. Its area is drawn uniformly from `scale`
/// and the logarithm of its height over its width from that of `ratio`; a rectangle as high or as wide as
/// the image is drawn again, and after ten of them the image stays whole.
///
/// Source: [torchvision's `RandomErasing`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomErasing.html).
///
/// ```
/// use hinge::augment::{Compose, RandomErasing};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// // A quarter of the area, as high as wide: 14 x 14 of 28 x 28 pixels, somewhere.
/// let quarter = RandomErasing { p: 1., scale: 0.25..=0.25, ratio: 1.0..=1.0 };
/// let ones = Tensor::ones([1, 28, 28], (tch::Kind::Float, tch::Device::Cpu));
/// let erased = Compose::new([quarter.into()]).apply(&ones, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(erased.sum(tch::Kind::Float).double_value(&[]), 28. * 28. - 14. * 14.);
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomErasing {
    /// The probability in 0..=1. Defaults to 0.5.
    pub p: f64,
    /// The areas as fractions of the image's, within 0..=1. Defaults to 0.02..=0.33.
    pub scale: RangeInclusive<f64>,
    /// The heights over widths, within 0.001..=1000. Defaults to 0.3..=3.3.
    pub ratio: RangeInclusive<f64>,
}

impl Default for RandomErasing {
    fn default() -> RandomErasing {
        RandomErasing { p: 0.5, scale: 0.02..=0.33, ratio: 0.3..=3.3 }
    }
}

impl RandomErasing {
    const TRIES: usize = 10;

    fn draw(&self, size: Size, random: &mut ChaCha8Rng) -> Region {
        let image_area = (size.height * size.width) as f64;
        let log_ratio = self.ratio.start().ln()..=self.ratio.end().ln();
        for _ in 0..Self::TRIES {
            let area = image_area * uniform(random, &self.scale);
            let ratio = uniform(random, &log_ratio).exp();
            let height = (area * ratio).sqrt().round_ties_even() as usize;
            let width = (area / ratio).sqrt().round_ties_even() as usize;
            if height < size.height && width < size.width {
                let top = random.random_range(0..=size.height - height);
                let left = random.random_range(0..=size.width - width);
                return Region { top, left, height, width };
            }
        }
        Region { top: 0, left: 0, height: 0, width: 0 }
    }
}

impl RandomTransform for RandomErasing {
    fn validate(&self) -> Result<(), AugmentError> {
        check("RandomErasing", "p", 0.0..=1.0, self.p)?;
        check_range("RandomErasing", "scale", 0.0..=1.0, &self.scale)?;
        check_range("RandomErasing", "ratio", 1e-3..=1e3, &self.ratio)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        with_probability(self.p, images, sources, |images, sources| {
            let size = Size::of(images);
            let regions: Vec<Region> =
                sources.iter_mut().map(|random| self.draw(size, random)).collect();
            erase_regions(images, &regions)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::testing::{distance, noise, source};
    use super::super::intensity::{adjust_sharpness, gaussian_blur, normalize};
    use super::super::transform::{Compose, Transform};
    use super::*;

    const DRAWS: usize = 5_000;
    const MNIST: Size = Size { images: 1, height: 28, width: 28 };

    fn apply(transform: impl Into<Transform>, images: &Tensor) -> Result<Tensor, AugmentError> {
        Compose::new([transform.into()]).apply(images, &mut source(1))
    }

    #[test]
    fn a_range_of_one_sigma_makes_the_blur_of_that_sigma() -> Result<(), AugmentError> {
        let images = noise(3, 28, 20);
        let fixed = GaussianBlur { kernel_size: 5, sigma: 1.3..=1.3 };
        assert!(
            distance(&apply(fixed, &images)?, &gaussian_blur(&images, [5, 5], [1.3, 1.3])?) < 1e-6
        );
        Ok(())
    }

    #[test]
    fn each_image_is_blurred_by_a_sigma_of_its_own() -> Result<(), AugmentError> {
        let image = noise(1, 28, 28);
        let blurred = apply(GaussianBlur::new(3), &image.expand([2, 28, 28], false))?;
        assert!(distance(&blurred.get(0), &blurred.get(1)) > 0.0);
        Ok(())
    }

    #[test]
    fn a_certain_sharpness_is_adjust_sharpness() -> Result<(), AugmentError> {
        let images = noise(3, 28, 20);
        let certain = RandomAdjustSharpness { sharpness_factor: 1.7, p: 1.0 };
        assert_eq!(apply(certain, &images)?, adjust_sharpness(&images, 1.7)?);
        Ok(())
    }

    #[test]
    fn mnists_normalisation_has_mean_0_1307_and_standard_deviation_0_3081()
    -> Result<(), AugmentError> {
        let images = noise(3, 28, 20);
        assert_eq!(apply(Normalize::MNIST, &images)?, normalize(&images, 0.1307, 0.3081)?);
        Ok(())
    }

    #[test]
    fn erased_regions_lie_inside_and_have_areas_and_ratios_in_their_ranges() {
        let mut random = source(0);
        let erasing = RandomErasing { p: 1.0, scale: 0.02..=0.1, ratio: 1.5..=3.0 };
        for _ in 0..DRAWS {
            let Region { top, left, height, width } = erasing.draw(MNIST, &mut random);
            assert!(top + height <= 28 && left + width <= 28);
            // Height and width are rounded to whole pixels, each by at most half a pixel.
            let [low, high] = [-0.5, 0.5].map(|half| (height as f64 + half, width as f64 + half));
            assert!(low.0 * low.1 <= 78.4 && high.0 * high.1 >= 15.68, "{height} x {width}");
            assert!(low.0 / high.1 <= 3.0 && high.0 / low.1 >= 1.5, "{height} x {width}");
        }
    }

    #[test]
    fn erased_regions_reach_every_corner() {
        let mut random = source(0);
        let erasing = RandomErasing::default();
        let drawn: Vec<Region> = (0..DRAWS).map(|_| erasing.draw(MNIST, &mut random)).collect();
        assert!(
            drawn.iter().any(|region| region.top == 0)
                && drawn.iter().any(|region| region.left == 0)
        );
        assert!(drawn.iter().any(|region| region.top + region.height == 28));
        assert!(drawn.iter().any(|region| region.left + region.width == 28));
    }

    #[test]
    fn an_image_too_small_for_its_rectangles_stays_whole() -> Result<(), AugmentError> {
        let images = noise(50, 28, 28);
        let too_large = RandomErasing { p: 1.0, scale: 1.0..=1.0, ratio: 1.0..=1.0 };
        assert_eq!(apply(too_large, &images)?, images);
        Ok(())
    }
}

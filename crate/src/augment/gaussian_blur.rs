//! Convolution with a Gaussian.

use super::transform::*;

/// Standard deviations of a blur, in pixels.
const SIGMAS: RangeInclusive<f64> = 1e-6..=1e6;

/// Checks that half the kernel is shorter than the image's side, as reflection needs.
pub(super) fn check_kernel_fits(field: &'static str, kernel_size: usize, size: Size) -> Result<()> {
    let side = size.height.min(size.width);
    let limit = 2 * side;
    let allowed =
        format_args!("such that the kernel is shorter than {limit} for an image side of {side}");
    let found = format_args!("{kernel_size} weights long");
    require(kernel_size / 2 < side, field, allowed, found)
}

/// Blurs by a kernel of `kernel_size` (x, y) weights with standard deviations `sigma` (x, y): first along the rows, then
/// along the columns.
pub(super) fn blur(image: &mut Image, kernel_size: [usize; 2], sigma: [f64; 2]) {
    let Size { height, width } = image.size;
    let [across, down] = [0, 1].map(|axis| gaussian(kernel_size[axis], sigma[axis]));
    let mut blurred = vec![0.0; image.pixels.len()];
    for (to, row) in blurred.chunks_exact_mut(width).zip(image.pixels.chunks_exact(width)) {
        let places = 0..width + across.len() - 1;
        let row: Vec<f32> = places.map(|x| row[reflected(x, across.len() / 2, width)]).collect();
        let shifted = row.windows(width).zip(&across);
        shifted.for_each(|(shifted, weight)| add_times(to, shifted, *weight));
    }
    image.pixels.fill(0.0);
    for (y, to) in image.pixels.chunks_exact_mut(width).enumerate() {
        for (shift, weight) in down.iter().enumerate() {
            let row = reflected(y + shift, down.len() / 2, height);
            add_times(to, &blurred[row * width..], *weight);
        }
    }
}

/// Adds `weight * row`.
fn add_times(to: &mut [f32], row: &[f32], weight: f32) {
    to.iter_mut().zip(row).for_each(|(to, pixel)| *to += weight * pixel);
}

/// The weights of a Gaussian at the integers around 0, which add up to 1.
fn gaussian(kernel_size: usize, sigma: f64) -> Vec<f32> {
    let centre = (kernel_size / 2) as f64;
    let weight = |i: usize| (-0.5 * ((i as f64 - centre) / sigma).powi(2)).exp();
    let total: f64 = (0..kernel_size).map(weight).sum();
    (0..kernel_size).map(|i| (weight(i) / total) as f32).collect()
}

/// The index `i - shift`, reflected at 0 and at `side - 1` into the image.
fn reflected(i: usize, shift: usize, side: usize) -> usize {
    let distance = i.abs_diff(shift);
    distance.min(2 * (side - 1) - distance)
}

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
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    fn validate(&self) -> Result<()> {
        let (field, size) = ("GaussianBlur: kernel_size", self.kernel_size);
        require(size % 2 == 1, field, "an odd number", size)?;
        check_range("GaussianBlur: sigma", SIGMAS, &self.sigma)
    }

    fn check_size(&self, size: Size) -> Result<()> {
        check_kernel_fits("GaussianBlur: kernel_size", self.kernel_size, size)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        let sigma = uniform(random, &self.sigma);
        blur(image, [self.kernel_size; 2], [sigma; 2]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, assert_pixels, changed, distance, noise};
    use super::*;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn a_constant_image_stays_constant() {
        let grey = Tensor::full([2, 6, 7], 0.3, (Kind::Float, Device::Cpu));
        let blurred = changed(&grey, |image| blur(image, [5, 9], [1.0, 3.0]));
        assert!(distance(&grey, &blurred) < 1e-6);
    }

    #[test]
    fn the_border_is_reflected_without_repeating_the_edge() {
        let row = Tensor::from_slice(&[0.0_f32, 1.0, 3.0]).view([1, 1, 3]);
        let side = (-0.5_f32).exp() / (1.0 + 2.0 * (-0.5_f32).exp()); // the outer weight of 3 for sigma 1
        let centre = 1.0 - 2.0 * side;
        let expected = [2.0 * side, centre + 3.0 * side, 3.0 * centre + 2.0 * side];
        assert_pixels(&changed(&row, |image| blur(image, [3, 1], [1.0; 2])), &expected);
    }

    #[test]
    fn a_vanishing_sigma_leaves_the_images_unchanged() -> Result<()> {
        let images = noise(2, 6, 7);
        assert_eq!(apply(GaussianBlur { kernel_size: 3, sigma: 1e-6..=1e-6 }, &images)?, images);
        Ok(())
    }

    #[test]
    fn a_range_of_one_sigma_makes_the_blur_of_that_sigma() -> Result<()> {
        let images = noise(3, 28, 20);
        let fixed = apply(GaussianBlur { kernel_size: 5, sigma: 1.3..=1.3 }, &images)?;
        let blurred = changed(&images, |image| blur(image, [5, 5], [1.3; 2]));
        assert_eq!(fixed, blurred);
        Ok(())
    }

    #[test]
    fn each_image_is_blurred_by_its_own_sigma() -> Result<()> {
        let image = noise(1, 28, 28);
        let blurred = apply(GaussianBlur::new(3), &image.expand([2, 28, 28], false))?;
        assert!(distance(&blurred.get(0), &blurred.get(1)) > 0.0);
        Ok(())
    }
}

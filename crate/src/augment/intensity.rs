//! Blur, sharpness, normalisation and erasing of a batch of images.

use super::batch::{Size, check_images};
use super::error::{AugmentError, check, require};
use serde::Serialize;
use std::ops::RangeInclusive;
use tch::Tensor;

/// Standard deviations of a blur, in pixels.
pub(super) const SIGMAS: RangeInclusive<f64> = 1e-6..=1e6;

/// Factors by which an image can be sharpened.
pub(super) const SHARPNESS_FACTORS: RangeInclusive<f64> = 0.0..=1e6;

/// A rectangle of pixels, measured from the top-left corner. What lies outside the image does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// The first row (torchvision's `i`).
    pub top: usize,
    /// The first column (torchvision's `j`).
    pub left: usize,
    /// The number of rows.
    pub height: usize,
    /// The number of columns.
    pub width: usize,
}

/// Each image convolved with a Gaussian of `kernel_size` (x, y) weights, which add up to 1, and of standard
/// deviation `sigma` (x, y) pixels; at the border the image is reflected (torchvision's `gaussian_blur`).
///
/// # Errors
/// If a kernel size is even or not less than twice the image's side, if a sigma is outside 1e-6..=1e6, or if
/// `images` is not a float32 tensor `[n, height, width]`.
pub fn gaussian_blur(
    images: &Tensor,
    kernel_size: [usize; 2],
    sigma: [f64; 2],
) -> Result<Tensor, AugmentError> {
    let size = check_images(images)?;
    for (kernel_size, sigma, side) in
        [(kernel_size[0], sigma[0], size.width), (kernel_size[1], sigma[1], size.height)]
    {
        check_kernel_size("gaussian_blur", kernel_size)?;
        check_kernel_fits("gaussian_blur", "kernel_size", kernel_size, side)?;
        check("gaussian_blur", "sigma", SIGMAS, sigma)?;
    }
    let horizontal = blur_matrices(size.width, kernel_size[0], &[sigma[0]]);
    let vertical = blur_matrices(size.height, kernel_size[1], &[sigma[1]]);
    Ok(convolve(images, &horizontal, &vertical))
}

/// Each image blended with a smoothed copy of itself, `factor * image + (1 - factor) * smoothed`: `factor` 0 is the
/// smoothed copy, 1 the image, 2 twice as far from the copy. The smoothing kernel is 1 1 1 / 1 5 1 / 1 1 1 over 13;
/// the border is not smoothed, and the result is clamped to 0..=1 (torchvision's `adjust_sharpness`). An image with a
/// side below 3 is left as it is.
///
/// # Errors
/// If the factor is outside 0..=1e6 or `images` is not a float32 tensor `[n, height, width]`.
pub fn adjust_sharpness(images: &Tensor, factor: f64) -> Result<Tensor, AugmentError> {
    check_images(images)?;
    check("adjust_sharpness", "factor", SHARPNESS_FACTORS, factor)?;
    Ok(sharpen(images, factor))
}

/// (x - `mean`) / `std` of every pixel (torchvision's `normalize`).
///
/// # Errors
/// If `mean` is outside -1e6..=1e6, `std` outside 1e-6..=1e6, or `images` is not a float32 tensor
/// `[n, height, width]`.
pub fn normalize(images: &Tensor, mean: f64, std: f64) -> Result<Tensor, AugmentError> {
    check_images(images)?;
    check_normalize("normalize", mean, std)?;
    Ok(standardise(images, mean, std))
}

/// The images with `region` set to 0 (torchvision's `erase` with value 0).
///
/// # Errors
/// If `images` is not a float32 tensor `[n, height, width]`.
pub fn erase(images: &Tensor, region: Region) -> Result<Tensor, AugmentError> {
    check_images(images)?;
    Ok(erase_regions(images, &[region]))
}

pub(super) fn check_kernel_size(
    transform: &'static str,
    kernel_size: usize,
) -> Result<(), AugmentError> {
    require(
        kernel_size % 2 == 1,
        transform,
        "kernel_size",
        || "an odd number".to_owned(),
        kernel_size,
    )
}

/// Checks that a kernel's half is shorter than the image's side, so that reflection finds its pixel.
pub(super) fn check_kernel_fits(
    transform: &'static str,
    field: &'static str,
    kernel_size: usize,
    side: usize,
) -> Result<(), AugmentError> {
    let allowed =
        || format!("such that the kernel is shorter than {} for an image side of {side}", 2 * side);
    require(
        kernel_size / 2 < side,
        transform,
        field,
        allowed,
        format_args!("{kernel_size} weights long"),
    )
}

pub(super) fn check_normalize(
    transform: &'static str,
    mean: f64,
    std: f64,
) -> Result<(), AugmentError> {
    check(transform, "mean", -1e6..=1e6, mean)?;
    check(transform, "std", 1e-6..=1e6, std)
}

/// Convolution with a Gaussian along a side of the image, reflection at its ends included, is linear: the
/// matrix of each sigma, `[sigmas, side, side]`, whose row i holds the weights of the input in output i.
pub(super) fn blur_matrices(side: usize, kernel_size: usize, sigmas: &[f64]) -> Tensor {
    let mut matrices = vec![0.0_f32; sigmas.len() * side * side];
    for (matrix, sigma) in matrices.chunks_exact_mut(side * side).zip(sigmas) {
        let weights = gaussian(kernel_size, *sigma);
        for (i, row) in matrix.chunks_exact_mut(side).enumerate() {
            for (offset, weight) in weights.iter().enumerate() {
                row[reflected(i + offset, kernel_size / 2, side)] += weight;
            }
        }
    }
    Tensor::from_slice(&matrices).view([-1, side as i64, side as i64])
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

/// Each row of an image times its `horizontal` and each column times its `vertical` matrix: one matrix for
/// each image, or one for all.
pub(super) fn convolve(images: &Tensor, horizontal: &Tensor, vertical: &Tensor) -> Tensor {
    vertical.matmul(images).matmul(&horizontal.transpose(1, 2))
}

pub(super) fn standardise(images: &Tensor, mean: f64, std: f64) -> Tensor {
    let mut centred = images - mean;
    centred /= std;
    centred
}

pub(super) fn sharpen(images: &Tensor, factor: f64) -> Tensor {
    let Size { height, width, .. } = Size::of(images);
    if height < 3 || width < 3 {
        return images.shallow_clone();
    }
    let (height, width) = (height as i64 - 2, width as i64 - 2);
    let mut rows = images.narrow(1, 0, height) + images.narrow(1, 1, height);
    rows += images.narrow(1, 2, height);
    let mut sums = rows.narrow(2, 0, width) + rows.narrow(2, 1, width); // of 3 x 3
    sums += rows.narrow(2, 2, width);
    // Between an image x, with weight `factor`, and its smoothed (sums + 4 x) / 13; its border is not smoothed.
    let weight = (1.0 - factor) / 13.0;
    let mut sharpened = images.copy();
    let mut interior = sharpened.narrow(1, 1, height).narrow(2, 1, width);
    interior *= 1.0 - 9.0 * weight;
    interior += sums * weight;
    sharpened.clamp_(0.0, 1.0)
}

/// The images with a region of their own, or one for all, set to 0.
pub(super) fn erase_regions(images: &Tensor, regions: &[Region]) -> Tensor {
    let Size { height, width, .. } = Size::of(images);
    let rows = regions.iter().map(|region| (region.top, region.height));
    let columns = regions.iter().map(|region| (region.left, region.width));
    let inside_rows = inside_spans(height, rows).unsqueeze(2);
    let inside_columns = inside_spans(width, columns).unsqueeze(1);
    images.masked_fill(&inside_rows.logical_and(&inside_columns), 0.0)
}

/// For each span (first pixel, length) which pixels of a side lie inside it: `[spans, side]`.
fn inside_spans(side: usize, spans: impl Iterator<Item = (usize, usize)>) -> Tensor {
    let inside =
        |first: usize, end: usize| (0..side).map(move |pixel| (first..end).contains(&pixel));
    let inside: Vec<bool> =
        spans.flat_map(|(first, length)| inside(first, first.saturating_add(length))).collect();
    Tensor::from_slice(&inside).view([-1, side as i64])
}

#[cfg(test)]
mod tests {
    use super::super::batch::testing::{distance, noise, pixels};
    use super::*;
    use tch::{Device, Kind};

    fn field(result: Result<Tensor, AugmentError>) -> &'static str {
        match result {
            Err(AugmentError::Setting { field, .. }) => field,
            other => panic!("expected a rejected setting, found {other:?}"),
        }
    }

    #[test]
    fn blur_keeps_a_constant_image() -> Result<(), AugmentError> {
        let grey = Tensor::full([2, 6, 7], 0.3, (Kind::Float, Device::Cpu));
        assert!(distance(&grey, &gaussian_blur(&grey, [5, 9], [1.0, 3.0])?) < 1e-6);
        Ok(())
    }

    #[test]
    fn blur_reflects_at_the_border_without_repeating_the_edge() -> Result<(), AugmentError> {
        let row = Tensor::from_slice(&[0.0_f32, 1.0, 3.0]).view([1, 1, 3]);
        let side = (-0.5_f32).exp() / (1.0 + 2.0 * (-0.5_f32).exp()); // the outer weight of 3 for sigma 1
        let centre = 1.0 - 2.0 * side;
        let expected = [2.0 * side, centre + 3.0 * side, 3.0 * centre + 2.0 * side];
        let blurred = pixels(&gaussian_blur(&row, [3, 1], [1.0, 1.0])?);
        for (blurred, expected) in blurred.iter().zip(expected) {
            assert!((blurred - expected).abs() < 1e-6, "{blurred} is not {expected}");
        }
        Ok(())
    }

    #[test]
    fn blur_of_vanishing_sigma_leaves_the_images_unchanged() -> Result<(), AugmentError> {
        let images = noise(2, 6, 7);
        assert_eq!(gaussian_blur(&images, [3, 3], [1e-6, 1e-6])?, images);
        Ok(())
    }

    #[test]
    fn sharpness_1_leaves_the_images_unchanged() -> Result<(), AugmentError> {
        let images = noise(2, 6, 7);
        assert_eq!(adjust_sharpness(&images, 1.0)?, images);
        Ok(())
    }

    #[test]
    fn sharpness_0_weighs_the_centre_5_and_its_neighbours_1_of_13() -> Result<(), AugmentError> {
        let dot =
            Tensor::from_slice(&[0.0_f32, 0.0, 0.0, 0.0, 0.5, 0.0, 0.26, 0.0, 0.0]).view([1, 3, 3]);
        let smoothed = adjust_sharpness(&dot, 0.0)?;
        assert!((smoothed.double_value(&[0, 1, 1]) - (5.0 * 0.5 + 0.26) / 13.0).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn sharpness_changes_the_border_only_by_clamping_to_0_and_1() -> Result<(), AugmentError> {
        let images = noise(1, 6, 7) * 4.0 - 2.0;
        let sharpened = adjust_sharpness(&images, 2.0)?;
        assert_eq!(sharpened.select(1, 0), images.select(1, 0).clamp(0.0, 1.0));
        assert!(
            sharpened.min().double_value(&[]) >= 0.0 && sharpened.max().double_value(&[]) <= 1.0
        );
        Ok(())
    }

    #[test]
    fn an_image_with_a_side_below_3_is_not_sharpened() -> Result<(), AugmentError> {
        let images = noise(2, 2, 7);
        assert_eq!(adjust_sharpness(&images, 5.0)?, images);
        Ok(())
    }

    #[test]
    fn normalize_makes_the_mean_0_and_one_standard_deviation_1() -> Result<(), AugmentError> {
        let image = Tensor::from_slice(&[0.25_f32, 0.75]).view([1, 1, 2]);
        assert_eq!(pixels(&normalize(&image, 0.25, 0.5)?), [0.0, 1.0]);
        Ok(())
    }

    #[test]
    fn erase_sets_the_region_and_nothing_else_to_0() -> Result<(), AugmentError> {
        let white = Tensor::ones([1, 3, 4], (Kind::Float, Device::Cpu));
        let erased = erase(&white, Region { top: 1, left: 2, height: 1, width: 9 })?;
        assert_eq!(pixels(&erased), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        Ok(())
    }

    #[test]
    fn rejects_parameters_outside_their_range_by_name() {
        let images = noise(1, 6, 7);
        assert_eq!(field(gaussian_blur(&images, [4, 3], [1.0, 1.0])), "kernel_size");
        assert_eq!(field(gaussian_blur(&images, [3, 13], [1.0, 1.0])), "kernel_size");
        assert_eq!(field(gaussian_blur(&images, [3, 3], [1.0, 0.0])), "sigma");
        assert_eq!(field(gaussian_blur(&images, [3, 3], [f64::NAN, 1.0])), "sigma");
        assert_eq!(field(adjust_sharpness(&images, -0.1)), "factor");
        assert_eq!(field(adjust_sharpness(&images, f64::INFINITY)), "factor");
        assert_eq!(field(normalize(&images, f64::NAN, 1.0)), "mean");
        assert_eq!(field(normalize(&images, 0.0, 0.0)), "std");
    }
}

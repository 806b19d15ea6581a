//! Sharpening: a step away from the smoothed image, or towards it.

use super::transform::*;

fn sharpen(image: &mut Image, factor: f64) {
    let Size { height, width } = image.size;
    if height < 3 || width < 3 {
        return;
    }
    // Between an image x, with weight `factor`, and its smoothed (sums + 4 x) / 13; its border is not smoothed.
    let weight = (1.0 - factor) / 13.0;
    let [of_pixel, of_sum] = [1.0 - 9.0 * weight, weight].map(|weight| weight as f32);
    let original = image.pixels.to_vec();
    for (y, row) in image.pixels.chunks_exact_mut(width).enumerate().take(height - 1).skip(1) {
        let [above, below] = [&original[(y - 1) * width..], &original[(y + 1) * width..]];
        let columns: Vec<f32> = (0..width).map(|x| above[x] + row[x] + below[x]).collect();
        for (pixel, columns) in row[1..width - 1].iter_mut().zip(columns.windows(3)) {
            let sum = columns[0] + columns[1] + columns[2]; // of 3 x 3
            *pixel = *pixel * of_pixel + sum * of_sum;
        }
    }
    image.pixels.iter_mut().for_each(|pixel| *pixel = pixel.clamp(0.0, 1.0));
}

/// With probability `p`, blends an image with a smoothed copy of itself, `sharpness_factor * image +
/// (1 - sharpness_factor) * smoothed`, and clamps it to 0..=1, even if it was normalised before. The smoothing kernel is
/// 1 1 1 / 1 5 1 / 1 1 1 over 13; the border is not smoothed, and an image with a side below 3 stays as it is.
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
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomAdjustSharpness {
    /// 0 smooths, 1 changes nothing, 2 doubles the sharpness; in 0..=1e6.
    pub sharpness_factor: f64,
    /// The probability in 0..=1.
    pub p: f64,
}

impl RandomTransform for RandomAdjustSharpness {
    fn validate(&self) -> Result<()> {
        check("RandomAdjustSharpness: sharpness_factor", 0.0..=1e6, self.sharpness_factor)?;
        check("RandomAdjustSharpness: p", 0.0..=1.0, self.p)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        if random.random_bool(self.p) {
            sharpen(image, self.sharpness_factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, noise};
    use super::*;
    use tch::Tensor;

    fn certain(sharpness_factor: f64) -> RandomAdjustSharpness {
        RandomAdjustSharpness { sharpness_factor, p: 1.0 }
    }

    #[test]
    fn factor_1_and_images_with_a_side_below_3_stay_unchanged() -> Result<()> {
        for (images, factor) in [(noise(2, 6, 7), 1.0), (noise(2, 2, 7), 5.0)] {
            assert_eq!(apply(certain(factor), &images)?, images);
        }
        Ok(())
    }

    #[test]
    fn factor_0_weighs_the_centre_5_and_its_neighbours_1_of_13() -> Result<()> {
        let dot =
            Tensor::from_slice(&[0.0_f32, 0.0, 0.0, 0.0, 0.5, 0.0, 0.26, 0.0, 0.0]).view([1, 3, 3]);
        let smoothed = apply(certain(0.0), &dot)?;
        assert!((smoothed.double_value(&[0, 1, 1]) - (5.0 * 0.5 + 0.26) / 13.0).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn the_border_changes_only_by_clamping_to_0_and_1() -> Result<()> {
        let images = noise(1, 6, 7) * 4.0 - 2.0;
        let sharpened = apply(certain(2.0), &images)?;
        assert_eq!(sharpened.select(1, 0), images.select(1, 0).clamp(0.0, 1.0));
        assert!(sharpened.min().double_value(&[]) >= 0.0);
        assert!(sharpened.max().double_value(&[]) <= 1.0);
        Ok(())
    }
}

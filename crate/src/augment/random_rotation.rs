//! Rotation about an image's centre.

use super::grid::Interpolation;
use super::random_affine::{ANGLES, Affine, warp_affine};
use super::transform::*;

/// Rotates each image about its centre by an angle drawn uniformly from `degrees`.
///
/// Source: [torchvision's `RandomRotation`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomRotation.html).
///
/// ```
/// use hinge::augment::{Compose, RandomRotation};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let quarter = Compose::new([RandomRotation { degrees: 90.0..=90.0, ..RandomRotation::new(0.) }.into()]);
/// let right = Tensor::from_slice(&[0f32, 0., 0., 0., 0., 1., 0., 0., 0.]).view([1, 3, 3]);
/// let top = Tensor::from_slice(&[0f32, 1., 0., 0., 0., 0., 0., 0., 0.]).view([1, 3, 3]);
/// assert_eq!(quarter.apply(&right, &mut random(0, Stream::Augmentation))?, top); // counter-clockwise
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomRotation {
    /// The angles in degrees, counter-clockwise, within -360..=360.
    pub degrees: RangeInclusive<f64>,
    /// Defaults to the nearest pixel.
    pub interpolation: Interpolation,
}

impl RandomRotation {
    /// By an angle from -`degrees`..=`degrees`, which reads the nearest pixel.
    pub fn new(degrees: f64) -> RandomRotation {
        RandomRotation { degrees: -degrees..=degrees, interpolation: Interpolation::Nearest }
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> Affine {
        Affine { angle: -uniform(random, &self.degrees), ..Affine::IDENTITY }
    }
}

impl RandomTransform for RandomRotation {
    fn validate(&self) -> Result<()> {
        check_range("RandomRotation: degrees", ANGLES, &self.degrees)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        warp_affine(image, &self.draw(random), self.interpolation);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, assert_pixels, noise, small_image, source};
    use super::*;

    #[test]
    fn rotation_by_90_degrees_is_a_quarter_turn_counter_clockwise() -> Result<()> {
        let images = noise(2, 28, 28);
        let quarter = RandomRotation { degrees: 90.0..=90.0, ..RandomRotation::new(0.0) };
        assert_eq!(apply(quarter, &images)?, images.rot90(1, [1, 2]));
        Ok(())
    }

    #[test]
    fn a_rotation_by_10_draws_angles_from_all_of_minus_10_to_10() {
        let mut random = source(0);
        let rotation = RandomRotation::new(10.0);
        let angles: Vec<f64> = (0..5_000).map(|_| rotation.draw(&mut random).angle).collect();
        assert!(angles.iter().all(|angle| (-10.0..=10.0).contains(angle)));
        assert!(angles.iter().any(|angle| *angle < -9.9));
        assert!(angles.iter().any(|angle| *angle > 9.9));
    }

    /// Expected: torchvision 0.28, `RandomRotation((30, 30), InterpolationMode.BILINEAR)`.
    #[test]
    fn a_rotation_by_exactly_30_degrees_is_torchvisions() -> Result<()> {
        let rotation =
            RandomRotation { degrees: 30.0..=30.0, interpolation: Interpolation::Bilinear };
        let expected = [
            0.014389, 0.32399, 0.312981, 0.35952, 0.080675, 0.196827, 0.342644, 0.520753, 0.648622,
            0.876971, 0.689295, 0.449936, 0.3625, 0.473622, 0.485465, 0.147614, 0.559632, 0.6875,
            0.429725, 0.012587,
        ];
        assert_pixels(&apply(rotation, &small_image())?, &expected);
        Ok(())
    }
}

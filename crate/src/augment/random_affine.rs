//! Affine maps: rotation, shear, magnification and shift.

use super::grid::{Grid, Interpolation, sample};
use super::transform::*;

/// Angles in degrees that a range may contain.
pub(super) const ANGLES: RangeInclusive<f64> = -360.0..=360.0;

/// Shears in degrees that a range may contain; at 90 the image would collapse into a line.
const SHEARS: RangeInclusive<f64> = -89.0..=89.0;

/// A map of an image about its centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine {
    /// Rotation in degrees, clockwise.
    pub angle: f64,
    /// Shift to the right and down, in pixels, after the rotation.
    pub translate: [f64; 2],
    pub scale: f64,
    /// Shear parallel to the x and to the y axis, in degrees.
    pub shear: [f64; 2],
}

impl Affine {
    /// No rotation, shift, magnification or shear.
    pub const IDENTITY: Affine =
        Affine { angle: 0.0, translate: [0.0; 2], scale: 1.0, shear: [0.0; 2] };

    /// The first two rows of the inverse map in coordinates about the image's centre (torchvision's
    /// `_get_inverse_affine_matrix`): the forward map is shear x, shear y, rotation, scale, then shift.
    fn inverse(&self) -> [f64; 6] {
        let rotation = self.angle.to_radians();
        let [shear_x, shear_y] = self.shear.map(f64::to_radians);
        let (sin, cos) = (rotation - shear_y).sin_cos();
        let a = cos / shear_y.cos();
        let b = -cos * shear_x.tan() / shear_y.cos() - rotation.sin();
        let c = sin / shear_y.cos();
        let d = -sin * shear_x.tan() / shear_y.cos() + rotation.cos();
        let [a, b, c, d] = [d, -b, -c, a].map(|entry| entry / self.scale); // determinant 1 before the scale
        let [x, y] = self.translate;
        [a, b, -a * x - b * y, c, d, -c * x - d * y]
    }
}

/// Maps the image.
pub(super) fn warp_affine(image: &mut Image, map: &Affine, interpolation: Interpolation) {
    let half = [image.size.width as f32 / 2.0, image.size.height as f32 / 2.0];
    let [a, b, c, d, e, f] = map.inverse().map(|entry| entry as f32);
    // In units of the grid.
    let ([a, b, c], [d, e, f]) = ([a, b, c].map(|x| x / half[0]), [d, e, f].map(|y| y / half[1]));
    let grid = Grid::new(image.size, half.map(|half| 0.5 - half), |x, y| {
        [a * x + (b * y + c), d * x + (e * y + f)]
    });
    sample(image, &grid, interpolation);
}

/// Rotates, shears, magnifies and shifts each image, with parameters drawn uniformly from their ranges.
///
/// Source: [torchvision's `RandomAffine`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomAffine.html).
///
/// ```
/// use hinge::augment::{Compose, RandomAffine};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let quarter = Compose::new([RandomAffine { degrees: 90.0..=90.0, ..RandomAffine::new(0.) }.into()]);
/// let right = Tensor::from_slice(&[0f32, 0., 0., 0., 0., 1., 0., 0., 0.]).view([1, 3, 3]);
/// let bottom = Tensor::from_slice(&[0f32, 0., 0., 0., 0., 0., 0., 1., 0.]).view([1, 3, 3]);
/// assert_eq!(quarter.apply(&right, &mut random(0, Stream::Augmentation))?, bottom); // clockwise
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomAffine {
    /// The angles in degrees, clockwise (unlike [`RandomRotation`](super::RandomRotation)'s), within
    /// -360..=360.
    pub degrees: RangeInclusive<f64>,
    /// The largest shift to either side as a fraction of the image's width and of its height, each in
    /// 0..=1. The shift is rounded to whole pixels. Defaults to none.
    pub translate: [f64; 2],
    /// The magnifications, within 0.001..=1000. Defaults to 1 alone.
    pub scale: RangeInclusive<f64>,
    /// The shears parallel to the x axis in degrees, within -89..=89. Defaults to 0 alone.
    pub shear: RangeInclusive<f64>,
    /// The shears parallel to the y axis in degrees, within -89..=89. Defaults to 0 alone.
    pub shear_y: RangeInclusive<f64>,
    /// Defaults to the nearest pixel.
    pub interpolation: Interpolation,
}

impl RandomAffine {
    /// A rotation by an angle from -`degrees`..=`degrees` and nothing else, which reads the nearest pixel.
    pub fn new(degrees: f64) -> RandomAffine {
        RandomAffine {
            degrees: -degrees..=degrees,
            translate: [0.0, 0.0],
            scale: 1.0..=1.0,
            shear: 0.0..=0.0,
            shear_y: 0.0..=0.0,
            interpolation: Interpolation::Nearest,
        }
    }

    fn draw(&self, size: Size, random: &mut ChaCha8Rng) -> Affine {
        let angle = uniform(random, &self.degrees);
        let mut shift = |fraction: f64, side: usize| {
            let largest = fraction * side as f64;
            uniform(random, &(-largest..=largest)).round_ties_even()
        };
        let translate =
            [shift(self.translate[0], size.width), shift(self.translate[1], size.height)];
        let scale = uniform(random, &self.scale);
        let shear = [uniform(random, &self.shear), uniform(random, &self.shear_y)];
        Affine { angle, translate, scale, shear }
    }
}

impl RandomTransform for RandomAffine {
    fn validate(&self) -> Result<()> {
        check_range("RandomAffine: degrees", ANGLES, &self.degrees)?;
        check("RandomAffine: translate[0]", 0.0..=1.0, self.translate[0])?;
        check("RandomAffine: translate[1]", 0.0..=1.0, self.translate[1])?;
        check_range("RandomAffine: scale", 1e-3..=1e3, &self.scale)?;
        check_range("RandomAffine: shear", SHEARS, &self.shear)?;
        check_range("RandomAffine: shear_y", SHEARS, &self.shear_y)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        let map = self.draw(image.size, random);
        warp_affine(image, &map, self.interpolation);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, changed, noise, pixels, source};
    use super::*;
    use tch::Tensor;

    const MNIST: Size = Size { height: 28, width: 28 };

    #[test]
    fn translation_moves_to_the_right_and_down_and_leaves_zeros_behind() {
        let image = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]).view([1, 2, 3]);
        let shift = Affine { translate: [1.0, 1.0], ..Affine::IDENTITY };
        let shifted = changed(&image, |image| warp_affine(image, &shift, Interpolation::Nearest));
        assert_eq!(pixels(&shifted), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn drawn_parameters_stay_in_their_ranges() {
        let mut random = source(0);
        let transform = RandomAffine {
            translate: [0.1, 0.2],
            scale: 0.9..=1.1,
            shear: -5.0..=5.0,
            shear_y: 1.0..=2.0,
            ..RandomAffine::new(15.0)
        };
        for _ in 0..5_000 {
            let Affine { angle, translate: [x, y], scale, shear } =
                transform.draw(MNIST, &mut random);
            assert!(angle.abs() <= 15.0);
            assert!(x.abs() <= 3.0 && y.abs() <= 6.0, "({x}, {y}) for 2.8 and 5.6 pixels");
            assert!((0.9..=1.1).contains(&scale));
            assert!(shear[0].abs() <= 5.0 && (1.0..=2.0).contains(&shear[1]));
        }
    }

    #[test]
    fn shifts_are_whole_pixels_and_reach_both_ends() {
        let mut random = source(0);
        let transform = RandomAffine { translate: [0.1, 0.0], ..RandomAffine::new(0.0) };
        let mut shifts: Vec<f64> =
            (0..5_000).map(|_| transform.draw(MNIST, &mut random).translate[0]).collect();
        shifts.sort_by(f64::total_cmp);
        shifts.dedup();
        assert_eq!(shifts, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn ranges_of_one_value_make_the_affine_map_of_these_values() -> Result<()> {
        let images = noise(3, 28, 28);
        let fixed = RandomAffine {
            degrees: 20.0..=20.0,
            scale: 1.2..=1.2,
            shear: 4.0..=4.0,
            shear_y: -3.0..=-3.0,
            ..RandomAffine::new(0.0)
        };
        let map = Affine { angle: 20.0, scale: 1.2, shear: [4.0, -3.0], ..Affine::IDENTITY };
        let expected = changed(&images, |image| warp_affine(image, &map, Interpolation::Nearest));
        assert_eq!(apply(fixed, &images)?, expected);
        Ok(())
    }
}

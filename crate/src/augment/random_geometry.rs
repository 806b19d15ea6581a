//! Random rotation, affine and perspective maps and elastic distortion.

use super::batch::Size;
use super::error::{AugmentError, check, check_range};
use super::geometry::{
    Affine, Corners, Edge, Interpolation, perspective_coefficients, turn, warp_affine,
    warp_elastic, warp_perspective,
};
use super::intensity::{blur_matrices, check_kernel_fits, convolve};
use super::transform::{RandomTransform, Sources, uniform, with_probability};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::Serialize;
use std::ops::RangeInclusive;
use tch::Tensor;

/// Angles in degrees that a range may hold.
const ANGLES: RangeInclusive<f64> = -360.0..=360.0;

/// Shears in degrees that a range may hold; at 90 the image would collapse into a line.
const SHEARS: RangeInclusive<f64> = -89.0..=89.0;

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
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
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
        turn(uniform(random, &self.degrees))
    }
}

impl RandomTransform for RandomRotation {
    fn validate(&self) -> Result<(), AugmentError> {
        check_range("RandomRotation", "degrees", ANGLES, &self.degrees)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let drawn: Vec<Affine> = sources.iter_mut().map(|random| self.draw(random)).collect();
        warp_affine(images, &drawn, self.interpolation, Edge::Masked)
    }
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
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomAffine {
    /// The angles in degrees, clockwise (unlike [`RandomRotation`]'s), within -360..=360.
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
        let shift = |random: &mut ChaCha8Rng, fraction: f64, side: usize| {
            let largest = fraction * side as f64;
            uniform(random, &(-largest..=largest)).round_ties_even()
        };
        let x = shift(random, self.translate[0], size.width);
        let y = shift(random, self.translate[1], size.height);
        let scale = uniform(random, &self.scale);
        let shear = [uniform(random, &self.shear), uniform(random, &self.shear_y)];
        Affine { angle, translate: [x, y], scale, shear }
    }
}

impl RandomTransform for RandomAffine {
    fn validate(&self) -> Result<(), AugmentError> {
        check_range("RandomAffine", "degrees", ANGLES, &self.degrees)?;
        check("RandomAffine", "translate[0]", 0.0..=1.0, self.translate[0])?;
        check("RandomAffine", "translate[1]", 0.0..=1.0, self.translate[1])?;
        check_range("RandomAffine", "scale", 1e-3..=1e3, &self.scale)?;
        check_range("RandomAffine", "shear", SHEARS, &self.shear)?;
        check_range("RandomAffine", "shear_y", SHEARS, &self.shear_y)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let size = Size::of(images);
        let drawn: Vec<Affine> = sources.iter_mut().map(|random| self.draw(size, random)).collect();
        warp_affine(images, &drawn, self.interpolation, Edge::Masked)
    }
}

/// With probability `p`, moves the four corners of an image inwards and the image with them. Each
/// coordinate of each corner moves by a whole number of pixels, drawn uniformly from 0 to
/// `distortion_scale` times half the side. Where three corners come to lie on a line (possible only for a
/// `distortion_scale` near 1) the image stays as it is; torchvision's result is an error or undefined.
///
/// Source: [torchvision's `RandomPerspective`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomPerspective.html).
///
/// ```
/// use hinge::augment::{Compose, RandomPerspective};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let unmoved = RandomPerspective { distortion_scale: 0., p: 1., ..RandomPerspective::default() };
/// let ramp = (Tensor::arange(16, (tch::Kind::Float, tch::Device::Cpu)) / 16.).view([1, 4, 4]);
/// let same = Compose::new([unmoved.into()]).apply(&ramp, &mut random(0, Stream::Augmentation))?;
/// assert!(same.allclose(&ramp, 0., 1e-5, false)); // corners that stay leave the image as it is
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomPerspective {
    /// How far the corners move, in 0..=1. Defaults to 0.5.
    pub distortion_scale: f64,
    /// The probability in 0..=1. Defaults to 0.5.
    pub p: f64,
    /// Defaults to bilinear.
    pub interpolation: Interpolation,
}

impl Default for RandomPerspective {
    fn default() -> RandomPerspective {
        RandomPerspective { distortion_scale: 0.5, p: 0.5, interpolation: Interpolation::Bilinear }
    }
}

impl RandomPerspective {
    fn draw(&self, size: Size, random: &mut ChaCha8Rng) -> Corners {
        let mut inwards = |side: usize| {
            let farthest = (self.distortion_scale * (side / 2) as f64) as usize;
            random.random_range(0..=farthest) as f64
        };
        // The absolute value moves 0 to the right and down, the far sides to the left and up.
        image_corners(size)
            .map(|[x, y]| [(x - inwards(size.width)).abs(), (y - inwards(size.height)).abs()])
    }
}

impl RandomTransform for RandomPerspective {
    fn validate(&self) -> Result<(), AugmentError> {
        check("RandomPerspective", "distortion_scale", 0.0..=1.0, self.distortion_scale)?;
        check("RandomPerspective", "p", 0.0..=1.0, self.p)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        with_probability(self.p, images, sources, |images, sources| {
            let size = Size::of(images);
            let ends: Vec<Corners> =
                sources.iter_mut().map(|random| self.draw(size, random)).collect();
            let coefficients = perspective_coefficients(&image_corners(size), &ends);
            warp_perspective(images, &coefficients, self.interpolation, Edge::Masked)
        })
    }
}

/// The centres of the four corner pixels.
fn image_corners(size: Size) -> Corners {
    let (right, bottom) = ((size.width - 1) as f64, (size.height - 1) as f64);
    [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]]
}

/// Moves every pixel of each image by a displacement of its own: uniform noise in -1..1, smoothed by a
/// Gaussian, times `alpha` half pixels.
///
/// Source: [torchvision's `v2.ElasticTransform`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.ElasticTransform.html).
///
/// ```
/// use hinge::augment::{Compose, ElasticTransform};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let unmoved = ElasticTransform { alpha: 0., sigma: 0., ..ElasticTransform::default() };
/// let ramp = (Tensor::arange(16, (tch::Kind::Float, tch::Device::Cpu)) / 16.).view([1, 4, 4]);
/// let same = Compose::new([unmoved.into()]).apply(&ramp, &mut random(0, Stream::Augmentation))?;
/// assert!(same.allclose(&ramp, 0., 1e-5, false)); // displacements of 0 leave the image as it is
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElasticTransform {
    /// The magnitude of the displacements before smoothing, in half pixels, in 0..=1e6. Defaults to 50.
    pub alpha: f64,
    /// The standard deviation of the smoothing Gaussian in pixels, from 0 (no smoothing) to a quarter of the
    /// image's shorter side: the kernel of 8 `sigma` + 1 weights is reflected at the border. Defaults to 5.
    pub sigma: f64,
    /// Defaults to bilinear.
    pub interpolation: Interpolation,
}

impl Default for ElasticTransform {
    fn default() -> ElasticTransform {
        ElasticTransform { alpha: 50.0, sigma: 5.0, interpolation: Interpolation::Bilinear }
    }
}

impl ElasticTransform {
    fn kernel_size(&self) -> usize {
        (8.0 * self.sigma + 1.0) as usize | 1
    }

    /// The displacements of each image, in units of half a side, from its `noise` in -1..1: both are
    /// `[images, 2, height, width]`, all x, then all y.
    fn displacement(&self, noise: &Tensor, size: Size) -> Tensor {
        let [height, width] = [size.height as i64, size.width as i64];
        let mut displacement = noise.view([-1, height, width]);
        if self.sigma > 0.0 {
            let horizontal = blur_matrices(size.width, self.kernel_size(), &[self.sigma]);
            let vertical = blur_matrices(size.height, self.kernel_size(), &[self.sigma]);
            displacement = convolve(&displacement, &horizontal, &vertical);
        }
        let reach =
            [self.alpha / width as f64, self.alpha / height as f64].map(|reach| reach as f32);
        displacement.view([-1, 2, height, width]) * Tensor::from_slice(&reach).view([2, 1, 1])
    }
}

impl RandomTransform for ElasticTransform {
    fn validate(&self) -> Result<(), AugmentError> {
        check("ElasticTransform", "alpha", 0.0..=1e6, self.alpha)?;
        check("ElasticTransform", "sigma", 0.0..=1e6, self.sigma)
    }

    fn check_size(&self, size: Size) -> Result<(), AugmentError> {
        check_kernel_fits(
            "ElasticTransform",
            "sigma",
            self.kernel_size(),
            size.height.min(size.width),
        )
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let size = Size::of(images);
        let noise: Vec<f32> = sources
            .iter_mut()
            .flat_map(|random| {
                (0..2 * size.height * size.width).map(|_| 2.0 * random.random::<f32>() - 1.0)
            })
            .collect();
        let noise = Tensor::from_slice(&noise).view([-1, 2, size.height as i64, size.width as i64]);
        warp_elastic(images, &self.displacement(&noise, size), self.interpolation)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::testing::{distance, noise, pixels, small_image, source};
    use super::super::geometry::affine;
    use super::super::transform::Compose;
    use super::*;

    const DRAWS: usize = 5_000;
    const MNIST: Size = Size { images: 1, height: 28, width: 28 };

    fn apply(
        transform: impl Into<super::super::Transform>,
        images: &Tensor,
    ) -> Result<Tensor, AugmentError> {
        Compose::new([transform.into()]).apply(images, &mut source(1))
    }

    #[test]
    fn a_rotation_by_10_draws_angles_from_all_of_minus_10_to_10() {
        let mut random = source(0);
        let rotation = RandomRotation::new(10.0);
        let angles: Vec<f64> = (0..DRAWS).map(|_| rotation.draw(&mut random).angle).collect();
        assert!(angles.iter().all(|angle| (-10.0..=10.0).contains(angle)));
        assert!(
            angles.iter().any(|angle| *angle < -9.9) && angles.iter().any(|angle| *angle > 9.9)
        );
    }

    /// Expected: torchvision 0.28, `RandomRotation((30, 30), InterpolationMode.BILINEAR)`.
    #[test]
    fn a_rotation_by_exactly_30_degrees_is_torchvisions() -> Result<(), AugmentError> {
        let rotation =
            RandomRotation { degrees: 30.0..=30.0, interpolation: Interpolation::Bilinear };
        let expected = [
            0.014389, 0.32399, 0.312981, 0.35952, 0.080675, 0.196827, 0.342644, 0.520753, 0.648622,
            0.876971, 0.689295, 0.449936, 0.3625, 0.473622, 0.485465, 0.147614, 0.559632, 0.6875,
            0.429725, 0.012587,
        ];
        for (ours, expected) in pixels(&apply(rotation, &small_image())?).iter().zip(expected) {
            assert!((ours - expected).abs() < 2e-6, "{ours} is not {expected}");
        }
        Ok(())
    }

    #[test]
    fn affine_parameters_stay_in_their_ranges() {
        let mut random = source(0);
        let transform = RandomAffine {
            translate: [0.1, 0.2],
            scale: 0.9..=1.1,
            shear: -5.0..=5.0,
            shear_y: 1.0..=2.0,
            ..RandomAffine::new(15.0)
        };
        for _ in 0..DRAWS {
            let Affine { angle, translate: [x, y], scale, shear } =
                transform.draw(MNIST, &mut random);
            assert!(angle.abs() <= 15.0);
            assert!(x.abs() <= 3.0 && y.abs() <= 6.0, "({x}, {y}) for 2.8 and 5.6 pixels");
            assert!((0.9..=1.1).contains(&scale));
            assert!(shear[0].abs() <= 5.0 && (1.0..=2.0).contains(&shear[1]));
        }
    }

    #[test]
    fn affine_shifts_are_whole_pixels_and_reach_both_ends() {
        let mut random = source(0);
        let transform = RandomAffine { translate: [0.1, 0.0], ..RandomAffine::new(0.0) };
        let mut shifts: Vec<f64> =
            (0..DRAWS).map(|_| transform.draw(MNIST, &mut random).translate[0]).collect();
        shifts.sort_by(f64::total_cmp);
        shifts.dedup();
        assert_eq!(shifts, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn ranges_of_one_value_make_the_affine_map_of_these_values() -> Result<(), AugmentError> {
        let images = noise(3, 28, 28);
        let fixed = RandomAffine {
            degrees: 20.0..=20.0,
            scale: 1.2..=1.2,
            shear: 4.0..=4.0,
            shear_y: -3.0..=-3.0,
            ..RandomAffine::new(0.0)
        };
        let parameters = Affine { angle: 20.0, scale: 1.2, shear: [4.0, -3.0], ..Affine::IDENTITY };
        assert_eq!(apply(fixed, &images)?, affine(&images, &parameters, Interpolation::Nearest)?);
        Ok(())
    }

    #[test]
    fn perspective_corners_move_inwards_by_whole_pixels_up_to_the_documented_limit() {
        let mut random = source(0);
        let transform = RandomPerspective { distortion_scale: 0.2, ..RandomPerspective::default() };
        let farthest = 2.0; // the integer part of 0.2 * 28 / 2 pixels
        let mut largest = 0.0_f64;
        for _ in 0..DRAWS {
            let corners = transform.draw(MNIST, &mut random);
            for ([x, y], [from_x, from_y]) in corners.into_iter().zip(image_corners(MNIST)) {
                let (x_shift, y_shift) = ((x - from_x).abs(), (y - from_y).abs());
                assert!(x.fract() == 0.0 && (0.0..=27.0).contains(&x) && x_shift <= farthest);
                assert!(y.fract() == 0.0 && (0.0..=27.0).contains(&y) && y_shift <= farthest);
                largest = largest.max(x_shift);
            }
        }
        assert_eq!(largest, farthest);
    }

    #[test]
    fn corners_that_may_collapse_give_finite_images() -> Result<(), AugmentError> {
        let images = noise(5_000, 4, 4);
        let transform =
            RandomPerspective { distortion_scale: 1.0, p: 1.0, ..RandomPerspective::default() };
        let moved = apply(transform, &images)?;
        assert_eq!(moved.isfinite().all().int64_value(&[]), 1);
        Ok(())
    }

    /// Expected: torchvision 0.28, `ElasticTransform(6.0, 0.5)` with this noise in place of `torch.rand`.
    #[test]
    fn an_elastic_distortion_is_torchvisions() {
        let noise: Vec<f32> = [(5, 1), (11, 3)]
            .iter()
            .flat_map(|(factor, start)| {
                (0..20).map(move |i| ((i * factor + start) % 16) as f32 / 8.0 - 1.0)
            })
            .collect();
        let noise = Tensor::from_slice(&noise).view([1, 2, 4, 5]);
        let expected = [
            0.0, 0.225087, 0.358341, 0.077585, 0.656734, 0.414421, 0.474404, 0.010891, 0.725698,
            0.0, 0.000366, 0.743255, 0.573801, 0.432211, 0.519508, 0.482366, 0.086347, 0.0,
            0.325673, 0.461028,
        ];
        let elastic = ElasticTransform { alpha: 6.0, sigma: 0.5, ..ElasticTransform::default() };
        let displacement = elastic.displacement(&noise, Size::of(&small_image()));
        let ours = warp_elastic(&small_image(), &displacement, Interpolation::Bilinear);
        for (ours, expected) in pixels(&ours).iter().zip(expected) {
            assert!((ours - expected).abs() < 2e-6, "{ours} is not {expected}");
        }
    }

    #[test]
    fn an_elastic_distortion_of_magnitude_0_changes_nothing() -> Result<(), AugmentError> {
        let images = noise(2, 28, 28);
        let still = ElasticTransform { alpha: 0.0, ..ElasticTransform::default() };
        assert!(distance(&apply(still, &images)?, &images) < 2e-6);
        Ok(())
    }
}

//! Perspective maps, given by the corners of a quadrilateral.

use super::grid::{Interpolation, map_pixels, sample, to_grid_units};
use super::transform::*;

/// Four corners (x, y) in pixels: top-left, top-right, bottom-right, bottom-left.
pub(super) type Corners = [[f64; 2]; 4];

/// The coefficients a to h of the map (x, y) -> (ax + by + c, dx + ey + f) / (gx + hy + 1).
pub(super) type Projection = [f32; 8];

/// The map that leaves every point where it is.
const UNMOVED: Projection = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];

/// Maps each image by its own inverse map.
pub(super) fn warp_perspective(
    images: &Tensor,
    inverses: &[Projection],
    interpolation: Interpolation,
) -> Tensor {
    let size = Size::of(images);
    let map = |&[a, b, c, d, e, f, g, h]: &Projection| {
        let [a, b, c, d, e, f] = to_grid_units([a, b, c, d, e, f], size);
        [a, b, c, d, e, f, g, h, 1.0]
    };
    let maps: Vec<f32> = inverses.iter().flat_map(map).collect();
    let projected = map_pixels(&maps, 3, size, [0.5, 0.5]);
    let mut grid = projected.narrow(1, 0, 2) / projected.narrow(1, 2, 1);
    grid -= 1.0;
    // The divisor is 0 on the horizon; -2 lies outside the image.
    let _ = grid.nan_to_num_(-2.0, -2.0, -2.0);
    sample(images, &grid, interpolation)
}

/// Computes for each quadrilateral `end` the map that takes its corners to `start`: [`UNMOVED`] if it is no
/// quadrilateral or if there is no such map.
pub(super) fn inverse_projections(start: &Corners, ends: &[Corners]) -> Vec<Projection> {
    let mut equations = Vec::with_capacity(64 * ends.len());
    for ([x, y], [u, v]) in ends.iter().flat_map(|end| end.iter().zip(start)) {
        equations.extend([*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y]);
        equations.extend([0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y]);
    }
    let count = ends.len() as i64;
    let equations = Tensor::from_slice(&equations).view([count, 8, 8]);
    let points = Tensor::from_slice(start.as_flattened()).expand([count, 8], false);
    let (solutions, _) = Tensor::linalg_solve_ex(&equations, &points.unsqueeze(2), true, false);
    let mut inverses = vec![[0.0_f32; 8]; ends.len()];
    let solutions = solutions.to_kind(Kind::Float).view([-1]);
    solutions.copy_data(inverses.as_flattened_mut(), 8 * ends.len());
    for (end, inverse) in ends.iter().zip(&mut inverses) {
        if !is_quadrilateral(end) || !inverse.iter().all(|entry| entry.is_finite()) {
            *inverse = UNMOVED;
        }
    }
    inverses
}

/// Whether no three of the corners lie on a line.
fn is_quadrilateral([p, q, r, s]: &Corners) -> bool {
    const SMALLEST_AREA: f64 = 1e-6; // in square pixels; smaller ones are rounding
    [[p, q, r], [p, q, s], [p, r, s], [q, r, s]].iter().all(|[a, b, c]| {
        let doubled = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        doubled.abs() / 2.0 > SMALLEST_AREA
    })
}

/// With probability `p`, moves the four corners of an image inwards and the image with them. Each
/// coordinate of each corner moves by a whole number of pixels, drawn uniformly from 0 to
/// `distortion_scale` times half the side. If three corners end on a line (possible only for a
/// `distortion_scale` near 1), the image stays as it is; torchvision's result is an error or undefined.
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
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomPerspective {
    /// The greatest move of a corner over half the side, in 0..=1. Defaults to 0.5.
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
    fn validate(&self) -> Result<()> {
        check("RandomPerspective: distortion_scale", 0.0..=1.0, self.distortion_scale)?;
        check("RandomPerspective: p", 0.0..=1.0, self.p)
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        with_probability(self.p, images, sources, |images, sources| {
            let size = Size::of(images);
            let ends = draw_each(sources, |random| self.draw(size, random));
            let inverses = inverse_projections(&image_corners(size), &ends);
            warp_perspective(images, &inverses, self.interpolation)
        })
    }
}

/// The centres of the four corner pixels.
fn image_corners(size: Size) -> Corners {
    let (right, bottom) = ((size.width - 1) as f64, (size.height - 1) as f64);
    [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, noise, source};
    use super::*;
    use tch::Device;

    const SQUARE: Corners = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];

    #[test]
    fn moves_the_start_points_to_the_end_points() {
        let corners = Tensor::zeros([1, 9, 9], (Kind::Float, Device::Cpu));
        for (value, [x, y]) in (1..).zip(SQUARE) {
            let _ = corners.get(0).get(y as i64).get(x as i64).fill_(value);
        }
        let end = [[1.0, 2.0], [7.0, 0.0], [6.0, 6.0], [0.0, 8.0]];
        let inverses = inverse_projections(&SQUARE, &[end]);
        let moved = warp_perspective(&corners, &inverses, Interpolation::Nearest);
        let found = end.map(|[x, y]| moved.double_value(&[0, y as i64, x as i64]));
        assert_eq!(found, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn end_points_without_a_map_leave_the_image_as_it_is() {
        let on_a_line = [[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [3.0, 8.0]];
        let to_infinity = [[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]];
        let its_start = to_infinity.map(|[x, y]: [f64; 2]| [1.0 / x, y / x]);
        for (start, end) in [
            (SQUARE, on_a_line),
            (SQUARE, [[3.0, 3.0]; 4]),
            (SQUARE, [[f64::NAN; 2]; 4]),
            (its_start, to_infinity),
        ] {
            assert_eq!(inverse_projections(&start, &[end]), [UNMOVED], "{end:?}");
        }
    }

    #[test]
    fn corners_move_inwards_by_whole_pixels_up_to_the_documented_limit() {
        const MNIST: Size = Size { images: 1, height: 28, width: 28 };
        let mut random = source(0);
        let transform = RandomPerspective { distortion_scale: 0.2, ..RandomPerspective::default() };
        let farthest = 2.0; // the integer part of 0.2 * 28 / 2 pixels
        let mut largest = 0.0_f64;
        for _ in 0..5_000 {
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
    fn corners_that_may_collapse_give_finite_images() -> Result<()> {
        let transform =
            RandomPerspective { distortion_scale: 1.0, p: 1.0, ..RandomPerspective::default() };
        let moved = apply(transform, &noise(5_000, 4, 4))?;
        assert_eq!(moved.isfinite().all().int64_value(&[]), 1);
        Ok(())
    }
}

//! Perspective maps, given by the corners of a quadrilateral.

use super::grid::{Grid, Interpolation, sample};
use super::transform::*;

/// Four corners (x, y) in pixels: top-left, top-right, bottom-right, bottom-left.
pub(super) type Corners = [[f64; 2]; 4];

/// The coefficients a to h of the map (x, y) -> (ax + by + c, dx + ey + f) / (gx + hy + 1).
pub(super) type Projection = [f32; 8];

/// A map of homogeneous coordinates.
type Matrix = [[f64; 3]; 3];

/// The map that leaves every point where it is.
const UNMOVED: Projection = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];

/// Maps the image, given the inverse map.
pub(super) fn warp_perspective(
    image: &mut Image,
    inverse: &Projection,
    interpolation: Interpolation,
) {
    let half = [image.size.width as f32 / 2.0, image.size.height as f32 / 2.0];
    let [a, b, c, d, e, f, g, h] = *inverse;
    // In units of the grid, but from 0 on.
    let ([a, b, c], [d, e, f]) = ([a, b, c].map(|x| x / half[0]), [d, e, f].map(|y| y / half[1]));
    let grid = Grid::new(image.size, [0.5, 0.5], |x, y| {
        let divisor = g * x + (h * y + 1.0);
        [(a * x + (b * y + c)) / divisor - 1.0, (d * x + (e * y + f)) / divisor - 1.0]
    });
    sample(image, &grid, interpolation);
}

/// Computes the map that takes the corners `end` to `start`: [`UNMOVED`] if they are no quadrilateral or if there is no
/// such map.
pub(super) fn inverse_projection(start: &Corners, end: &Corners) -> Projection {
    let map = product(of_square(start), adjugate(of_square(end)));
    let inverse = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| (map[i / 3][i % 3] / map[2][2]) as f32);
    let is_map = is_quadrilateral(end) && inverse.iter().all(|entry| entry.is_finite());
    if is_map { inverse } else { UNMOVED }
}

/// The map of the corners (0, 0), (1, 0), (1, 1), (0, 1) to others, as a matrix of homogeneous coordinates (Heckbert,
/// [Fundamentals of Texture Mapping and Image Warping](https://www2.eecs.berkeley.edu/Pubs/TechRpts/1989/5504.html),
/// 1989, section 2.2.3).
fn of_square([p, q, r, s]: &Corners) -> Matrix {
    let both = |of: fn(f64, f64, f64, f64) -> f64| [0, 1].map(|i| of(p[i], q[i], r[i], s[i]));
    let sum = both(|p, q, r, s| p - q + r - s);
    let (to_q, to_s) = (both(|_, q, r, _| q - r), both(|_, _, r, s| s - r));
    let determinant = |a: [f64; 2], b: [f64; 2]| a[0] * b[1] - a[1] * b[0];
    let area = determinant(to_q, to_s);
    let [g, h] = [determinant(sum, to_s) / area, determinant(to_q, sum) / area];
    let row = |i: usize| [q[i] - p[i] + g * q[i], s[i] - p[i] + h * s[i], p[i]];
    [row(0), row(1), [g, h, 1.0]]
}

/// The inverse times the determinant.
fn adjugate(m: Matrix) -> Matrix {
    let minor = |i: usize, j: usize| {
        let ([i, k], [j, l]) = ([i + 1, i + 2].map(|i| i % 3), [j + 1, j + 2].map(|j| j % 3));
        m[i][j] * m[k][l] - m[i][l] * m[k][j]
    };
    [0, 1, 2].map(|j| [0, 1, 2].map(|i| minor(i, j)))
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    a.map(|row| [0, 1, 2].map(|j| (0..3).map(|k| row[k] * b[k][j]).sum()))
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

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        if random.random_bool(self.p) {
            let end = self.draw(image.size, random);
            let inverse = inverse_projection(&image_corners(image.size), &end);
            warp_perspective(image, &inverse, self.interpolation);
        }
    }
}

/// The centres of the four corner pixels.
fn image_corners(size: Size) -> Corners {
    let (right, bottom) = ((size.width - 1) as f64, (size.height - 1) as f64);
    [[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, changed, noise, source};
    use super::*;
    use tch::{Device, Kind, Tensor};

    const SQUARE: Corners = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];

    #[test]
    fn moves_the_start_points_to_the_end_points() {
        let corners = Tensor::zeros([1, 9, 9], (Kind::Float, Device::Cpu));
        for (value, [x, y]) in (1..).zip(SQUARE) {
            let _ = corners.get(0).get(y as i64).get(x as i64).fill_(value);
        }
        let end = [[1.0, 2.0], [7.0, 0.0], [6.0, 6.0], [0.0, 8.0]];
        let inverse = inverse_projection(&SQUARE, &end);
        let moved =
            changed(&corners, |image| warp_perspective(image, &inverse, Interpolation::Nearest));
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
            assert_eq!(inverse_projection(&start, &end), UNMOVED, "{end:?}");
        }
    }

    #[test]
    fn corners_move_inwards_by_whole_pixels_up_to_the_documented_limit() {
        const MNIST: Size = Size { height: 28, width: 28 };
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

//! Rotation, affine and perspective maps and elastic distortion of a batch of images.
//!
//! All four work backwards, as torchvision does: for every pixel of the output a *grid* says where in the
//! input its value is read. Grid coordinates run from -1 to 1 over the whole extent of the image, border
//! pixels included (`align_corners = false`); what lies outside the image reads as 0.

use super::batch::{Size, check_images};
use super::error::{AugmentError, check, require};
use serde::Serialize;
use std::ops::RangeInclusive;
use tch::{Kind, Tensor};

/// How a value between pixel centres is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The mean of the four pixels around, weighted by their closeness.
    Bilinear,
}

/// What an image fades into at its edge, which matters to bilinear interpolation only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Outside is 0: a pixel half outside has half its value. torchvision's functions with `fill=None`.
    Plain,
    /// The plain value times the pixel's covered share: a pixel half outside has a quarter of its value.
    /// torchvision's functions with `fill=0`, the default of its random transforms.
    Masked,
}

/// The parameters of [`affine`]. [`Affine::IDENTITY`] changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Affine {
    /// Rotation about the image's centre in degrees, clockwise (torchvision's direction here, the opposite
    /// of [`rotate`]), in -1e6..=1e6.
    pub angle: f64,
    /// Shift to the right and down, in pixels, after the rotation, each in -1e6..=1e6.
    pub translate: [f64; 2],
    /// Magnification about the centre, in 1e-6..=1e6.
    pub scale: f64,
    /// Shear parallel to the x and to the y axis, in degrees, each in -1e6..=1e6 but not both 90.
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

    fn validate(&self) -> Result<(), AugmentError> {
        check("affine", "angle", ORDINARY, self.angle)?;
        check("affine", "translate[0]", ORDINARY, self.translate[0])?;
        check("affine", "translate[1]", ORDINARY, self.translate[1])?;
        check("affine", "scale", 1e-6..=1e6, self.scale)?;
        check("affine", "shear[0]", ORDINARY, self.shear[0])?;
        check("affine", "shear[1]", ORDINARY, self.shear[1])?;
        // At 90 degrees tan and 1 / cos are huge; their product must not overflow the float32 grid.
        let invertible = self.inverse().iter().all(|entry| entry.abs() < 1e30);
        let allowed = || "such that the image does not collapse into a line".to_owned();
        require(invertible, "affine", "shear", allowed, self.shear)
    }
}

/// The map that rotates by `degrees` counter-clockwise.
pub(super) fn turn(degrees: f64) -> Affine {
    Affine { angle: -degrees, ..Affine::IDENTITY }
}

/// Angles in degrees and shifts in pixels beyond these are mistakes.
const ORDINARY: RangeInclusive<f64> = -1e6..=1e6;

/// Four corners (x, y) in pixels: top-left, top-right, bottom-right, bottom-left.
pub type Corners = [[f64; 2]; 4];

/// Each image rotated by `angle` degrees counter-clockwise about its centre (torchvision's `rotate`).
///
/// # Errors
/// If the angle is outside -1e6..=1e6 or `images` is not a float32 tensor `[n, height, width]`.
pub fn rotate(
    images: &Tensor,
    angle: f64,
    interpolation: Interpolation,
) -> Result<Tensor, AugmentError> {
    check("rotate", "angle", ORDINARY, angle)?;
    affine(images, &turn(angle), interpolation)
}

/// Each image mapped by `parameters` about its centre (torchvision's `affine`).
///
/// # Errors
/// If a parameter is outside its range or `images` is not a float32 tensor `[n, height, width]`.
pub fn affine(
    images: &Tensor,
    parameters: &Affine,
    interpolation: Interpolation,
) -> Result<Tensor, AugmentError> {
    let size = check_images(images)?;
    parameters.validate()?;
    Ok(warp_affine(images, &vec![*parameters; size.images], interpolation, Edge::Plain))
}

/// Each image mapped such that the points `start` come to lie at the points `end` (torchvision's
/// `perspective`).
///
/// # Errors
/// If three points of `end` lie on a line, if the map back to `start` sends the point (0, 0) to infinity, or
/// if `images` is not a float32 tensor `[n, height, width]`.
pub fn perspective(
    images: &Tensor,
    start: &Corners,
    end: &Corners,
    interpolation: Interpolation,
) -> Result<Tensor, AugmentError> {
    let size = check_images(images)?;
    let coefficients = perspective_coefficients(start, &[*end]);
    let allowed = || format!("four points, no three on a line, to which a map takes {start:?}");
    require(coefficients[0].is_some(), "perspective", "end", allowed, end)?;
    Ok(warp_perspective(images, &vec![coefficients[0]; size.images], interpolation, Edge::Plain))
}

/// Each image read at the pixel centres shifted by its `displacement` `[n, 2, height, width]` (all x, then
/// all y), in units of half the image's width and height (torchvision's `elastic_transform`).
pub(super) fn warp_elastic(
    images: &Tensor,
    displacement: &Tensor,
    interpolation: Interpolation,
) -> Tensor {
    let size = Size::of(images);
    let centres = |side: usize| {
        let last = (side as f64 - 1.0) / side as f64;
        Tensor::linspace(-last, last, side as i64, (Kind::Float, images.device()))
    };
    let (x, y) = (centres(size.width), centres(size.height));
    let identity = Tensor::meshgrid_indexing(&[&y, &x], "ij");
    let grid = Tensor::stack(&[&identity[1], &identity[0]], 0) + displacement;
    sample(images, &grid, interpolation, Edge::Masked)
}

/// Each image mapped by its own parameters.
pub(super) fn warp_affine(
    images: &Tensor,
    parameters: &[Affine],
    interpolation: Interpolation,
    edge: Edge,
) -> Tensor {
    let size = Size::of(images);
    let (half_width, half_height) = (size.width as f32 / 2.0, size.height as f32 / 2.0);
    let maps: Vec<f32> = parameters
        .iter()
        .flat_map(|parameters| to_grid_units(parameters.inverse().map(|entry| entry as f32), size))
        .collect();
    let grid = map_pixels(&maps, 2, size, [0.5 - half_width, 0.5 - half_height]);
    sample(images, &grid, interpolation, edge)
}

/// Each image mapped by its own coefficients, or left where it is without any.
pub(super) fn warp_perspective(
    images: &Tensor,
    coefficients: &[Option<[f32; 8]>],
    interpolation: Interpolation,
    edge: Edge,
) -> Tensor {
    const IDENTITY: [f32; 8] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let size = Size::of(images);
    let maps: Vec<f32> = coefficients
        .iter()
        .flat_map(|coefficients| {
            let [a, b, c, d, e, f, g, h] = coefficients.unwrap_or(IDENTITY);
            let [a, b, c, d, e, f] = to_grid_units([a, b, c, d, e, f], size);
            [a, b, c, d, e, f, g, h, 1.0]
        })
        .collect();
    let projected = map_pixels(&maps, 3, size, [0.5, 0.5]);
    let mut grid = projected.narrow(1, 0, 2) / projected.narrow(1, 2, 1);
    grid -= 1.0;
    // The divisor is 0 on the horizon; whatever is read there lies outside the image.
    let _ = grid.nan_to_num_(-2.0, -2.0, -2.0);
    sample(images, &grid, interpolation, edge)
}

/// For each quadrilateral `end` the coefficients a to h of the inverse map
/// (x, y) -> (ax + by + c, dx + ey + f) / (gx + hy + 1), which takes its corners to `start`; `None` if it is
/// no quadrilateral or if the map is not of this form.
pub(super) fn perspective_coefficients(start: &Corners, ends: &[Corners]) -> Vec<Option<[f32; 8]>> {
    let mut equations = Vec::with_capacity(64 * ends.len());
    for ([x, y], [u, v]) in ends.iter().flat_map(|end| end.iter().zip(start)) {
        equations.extend([*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y]);
        equations.extend([0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y]);
    }
    let count = ends.len() as i64;
    let equations = Tensor::from_slice(&equations).view([count, 8, 8]);
    let points = Tensor::from_slice(start.as_flattened()).expand([count, 8], false);
    let (solutions, _) = Tensor::linalg_solve_ex(&equations, &points.unsqueeze(2), true, false);
    let mut coefficients = vec![[0.0_f32; 8]; ends.len()];
    solutions
        .to_kind(Kind::Float)
        .view([-1])
        .copy_data(coefficients.as_flattened_mut(), 8 * ends.len());
    let is_map = |end: &Corners, coefficients: &[f32; 8]| {
        is_quadrilateral(end) && coefficients.iter().all(|entry| entry.is_finite())
    };
    let pairs = ends.iter().zip(coefficients);
    pairs.map(|(end, coefficients)| is_map(end, &coefficients).then_some(coefficients)).collect()
}

/// Whether no three of the corners lie on a line.
fn is_quadrilateral([p, q, r, s]: &Corners) -> bool {
    const SMALLEST_AREA: f64 = 1e-6; // in square pixels; smaller ones are rounding
    [[p, q, r], [p, q, s], [p, r, s], [q, r, s]].iter().all(|[a, b, c]| {
        let doubled = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        doubled.abs() / 2.0 > SMALLEST_AREA
    })
}

/// A map's two rows, from pixels to grid units: half the image's width and height.
fn to_grid_units([a, b, c, d, e, f]: [f32; 6], size: Size) -> [f32; 6] {
    let (x, y) = (size.width as f32 / 2.0, size.height as f32 / 2.0);
    [a / x, b / x, c / x, d / y, e / y, f / y]
}

/// All pixels, of which the first lies at `corner` (x, y), mapped by each image's map, which has `rows` rows
/// `(a, b, c)` for `ax + by + c`: `[images, rows, height, width]`.
fn map_pixels(maps: &[f32], rows: i64, size: Size, corner: [f32; 2]) -> Tensor {
    let coordinates = |side: usize, first: f32| {
        let coordinates: Vec<f32> = (0..side).map(|i| first + i as f32).collect();
        Tensor::from_slice(&coordinates)
    };
    let x = coordinates(size.width, corner[0]);
    let y = coordinates(size.height, corner[1]).unsqueeze(1);
    let maps = Tensor::from_slice(maps).view([-1, rows, 1, 1, 3]);
    let [a, b, c] = [0, 1, 2].map(|column| maps.select(4, column));
    a * x + (b * y + c)
}

/// The images read at the points of `grid`, `[images, 2, height, width]`: all x, then all y.
fn sample(images: &Tensor, grid: &Tensor, interpolation: Interpolation, edge: Edge) -> Tensor {
    const ZEROS_OUTSIDE: i64 = 0;
    let grid = grid.permute([0, 2, 3, 1]);
    let mode = match interpolation {
        Interpolation::Bilinear => 0,
        Interpolation::Nearest => 1,
    };
    let read = |channels: &Tensor| channels.grid_sampler(&grid, mode, ZEROS_OUTSIDE, false);
    if (interpolation, edge) == (Interpolation::Bilinear, Edge::Masked) {
        // Of a white image the covered shares are read.
        let sampled = read(&Tensor::stack(&[images, &images.ones_like()], 1));
        return sampled.select(1, 0) * sampled.select(1, 1);
    }
    read(&images.unsqueeze(1)).squeeze_dim(1) // [n, 1, height, width] -> [n, height, width]
}

#[cfg(test)]
mod tests {
    use super::super::batch::testing::{distance, noise, pixels};
    use super::*;

    const SQUARE: Corners = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];

    fn field(result: Result<Tensor, AugmentError>) -> &'static str {
        match result {
            Err(AugmentError::Setting { field, .. }) => field,
            other => panic!("expected a rejected setting, found {other:?}"),
        }
    }

    #[test]
    fn identity_parameters_leave_the_images_unchanged() -> Result<(), AugmentError> {
        let images = noise(3, 9, 9);
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            assert!(distance(&images, &rotate(&images, 0.0, interpolation)?) < 1e-6);
            assert!(distance(&images, &affine(&images, &Affine::IDENTITY, interpolation)?) < 1e-6);
            assert!(
                distance(&images, &perspective(&images, &SQUARE, &SQUARE, interpolation)?) < 2e-6
            );
        }
        Ok(())
    }

    #[test]
    fn rotation_by_90_degrees_is_a_quarter_turn_counter_clockwise() -> Result<(), AugmentError> {
        let images = noise(2, 28, 28);
        let turned = rotate(&images, 90.0, Interpolation::Nearest)?;
        assert_eq!(turned, images.rot90(1, [1, 2]));
        Ok(())
    }

    #[test]
    fn translation_moves_to_the_right_and_down_and_leaves_zeros_behind() -> Result<(), AugmentError>
    {
        let image = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]).view([1, 2, 3]);
        let shift = Affine { translate: [1.0, 1.0], ..Affine::IDENTITY };
        let shifted = affine(&image, &shift, Interpolation::Nearest)?;
        assert_eq!(pixels(&shifted), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        Ok(())
    }

    #[test]
    fn perspective_moves_the_start_points_to_the_end_points() -> Result<(), AugmentError> {
        let corners = Tensor::zeros([1, 9, 9], (Kind::Float, tch::Device::Cpu));
        for (value, [x, y]) in (1..).zip(SQUARE) {
            let _ = corners.get(0).get(y as i64).get(x as i64).fill_(value);
        }
        let end = [[1.0, 2.0], [7.0, 0.0], [6.0, 6.0], [0.0, 8.0]];
        let moved = perspective(&corners, &SQUARE, &end, Interpolation::Nearest)?;
        let found = end.map(|[x, y]| moved.double_value(&[0, y as i64, x as i64]));
        assert_eq!(found, [1.0, 2.0, 3.0, 4.0]);
        Ok(())
    }

    #[test]
    fn a_masked_edge_counts_the_covered_share_twice() {
        let white = Tensor::ones([1, 9, 9], (Kind::Float, tch::Device::Cpu));
        let turn = [Affine { angle: 20.0, ..Affine::IDENTITY }];
        let plain = warp_affine(&white, &turn, Interpolation::Bilinear, Edge::Plain);
        let masked = warp_affine(&white, &turn, Interpolation::Bilinear, Edge::Masked);
        assert!(distance(&plain, &masked) > 0.1);
        assert!(distance(&plain.square(), &masked) < 1e-6);
    }

    #[test]
    fn rejects_parameters_outside_their_range_by_name() {
        let images = noise(1, 9, 9);
        let nearest = Interpolation::Nearest;
        let mapped = |parameters: Affine| field(affine(&images, &parameters, nearest));
        assert_eq!(field(rotate(&images, f64::NAN, nearest)), "angle");
        assert_eq!(
            mapped(Affine { translate: [0.0, f64::INFINITY], ..Affine::IDENTITY }),
            "translate[1]"
        );
        assert_eq!(mapped(Affine { scale: 0.0, ..Affine::IDENTITY }), "scale");
        assert_eq!(mapped(Affine { scale: f64::NAN, ..Affine::IDENTITY }), "scale");
        assert_eq!(mapped(Affine { shear: [f64::NAN, 0.0], ..Affine::IDENTITY }), "shear[0]");
        assert_eq!(mapped(Affine { shear: [90.0, 90.0], ..Affine::IDENTITY }), "shear");
    }

    #[test]
    fn rejects_end_points_three_of_which_lie_on_a_line() {
        let images = noise(1, 9, 9);
        let on_a_line = [[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [3.0, 8.0]];
        for end in [on_a_line, [[3.0, 3.0]; 4], [[f64::NAN; 2]; 4]] {
            let result = perspective(&images, &SQUARE, &end, Interpolation::Bilinear);
            assert_eq!(field(result), "end", "{end:?}");
        }
    }

    #[test]
    fn rejects_end_points_whose_map_sends_the_origin_to_infinity() {
        let images = noise(1, 9, 9);
        let end = [[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]];
        let start = end.map(|[x, y]: [f64; 2]| [1.0 / x, y / x]);
        let result = perspective(&images, &start, &end, Interpolation::Bilinear);
        assert_eq!(field(result), "end");
    }
}

//! Images read at the points of a grid, as torchvision warps them.
//!
//! Warps work backwards: for every pixel of the output, a *grid* `[images, 2, height, width]` (all x, then all
//! y) gives the point of the input where its value is read. Coordinates run from -1 to 1 over the whole extent
//! of the image, border pixels included (`align_corners = false`). Outside the image every value is 0.

use super::batch::Size;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// How a value between pixel centres is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The mean of the four surrounding pixels, weighted by their closeness.
    Bilinear,
}

/// How an image fades at its edge. It matters for bilinear interpolation only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// Outside is 0: a pixel half outside has half its value. torchvision's functions with `fill=None`.
    Plain,
    /// The plain value times the pixel's covered share: a pixel half outside has a quarter of its value.
    /// torchvision's functions with `fill=0`, the default of its random transforms.
    Masked,
}

/// Reads the images at the points of `grid`.
pub(super) fn sample(
    images: &Tensor,
    grid: &Tensor,
    interpolation: Interpolation,
    edge: Edge,
) -> Tensor {
    const ZEROS_OUTSIDE: i64 = 0;
    let grid = grid.permute([0, 2, 3, 1]);
    // 0 is bilinear, 1 the nearest.
    let mode = i64::from(interpolation == Interpolation::Nearest);
    let read = |channels: &Tensor| channels.grid_sampler(&grid, mode, ZEROS_OUTSIDE, false);
    if (interpolation, edge) == (Interpolation::Bilinear, Edge::Masked) {
        // A white image gives the covered shares.
        let sampled = read(&Tensor::stack(&[images, &images.ones_like()], 1));
        return sampled.select(1, 0) * sampled.select(1, 1);
    }
    read(&images.unsqueeze(1)).squeeze_dim(1) // [n, 1, height, width] -> [n, height, width]
}

/// Maps all pixels, the first of which lies at `corner` (x, y), by each image's map. A map has `rows` rows
/// `(a, b, c)` for `ax + by + c`. Returns `[images, rows, height, width]`.
pub(super) fn map_pixels(maps: &[f32], rows: i64, size: Size, corner: [f32; 2]) -> Tensor {
    let numbers = |count: usize| Tensor::arange(count as i64, (Kind::Float, Device::Cpu));
    let x = numbers(size.width) + f64::from(corner[0]);
    let y = (numbers(size.height) + f64::from(corner[1])).unsqueeze(1);
    let maps = Tensor::from_slice(maps).view([-1, rows, 1, 1, 3]);
    let [a, b, c] = [0, 1, 2].map(|column| maps.select(4, column));
    a * x + (b * y + c)
}

/// Converts a map's two rows from pixels to units of the grid, which are half the image's width and height.
pub(super) fn to_grid_units([a, b, c, d, e, f]: [f32; 6], size: Size) -> [f32; 6] {
    let (x, y) = (size.width as f32 / 2.0, size.height as f32 / 2.0);
    [a / x, b / x, c / x, d / y, e / y, f / y]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{distance, noise};
    use super::super::{Affine, affine, perspective, rotate};
    use super::*;

    #[test]
    fn identity_maps_leave_the_images_unchanged() -> crate::Result<()> {
        let images = noise(3, 9, 9);
        let square = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            for mapped in [
                rotate(&images, 0.0, interpolation)?,
                affine(&images, &Affine::IDENTITY, interpolation)?,
                perspective(&images, &square, &square, interpolation)?,
            ] {
                assert!(distance(&images, &mapped) < 2e-6);
            }
        }
        Ok(())
    }
}

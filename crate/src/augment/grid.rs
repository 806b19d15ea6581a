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

/// Reads the images at the points of `grid`. With bilinear interpolation a pixel half outside has a quarter of its value:
/// outside all is 0, and the mean is multiplied by the pixel's covered share, as in torchvision's random transforms
/// (`fill=0`).
pub(super) fn sample(images: &Tensor, grid: &Tensor, interpolation: Interpolation) -> Tensor {
    let grid = grid.permute([0, 2, 3, 1]);
    let read = |channels: &Tensor, mode| channels.grid_sampler(&grid, mode, 0, false); // 0 outside
    match interpolation {
        // [n, 1, height, width] -> [n, height, width]
        Interpolation::Nearest => read(&images.unsqueeze(1), 1).squeeze_dim(1),
        Interpolation::Bilinear => {
            // A white image gives the covered shares.
            let sampled = read(&Tensor::stack(&[images, &images.ones_like()], 1), 0);
            sampled.select(1, 0) * sampled.select(1, 1)
        }
    }
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
    use super::super::random_affine::{Affine, warp_affine};
    use super::super::random_perspective::{inverse_projections, warp_perspective};
    use super::super::testing::{distance, noise};
    use super::*;

    #[test]
    fn identity_maps_leave_the_images_unchanged() {
        let images = noise(3, 9, 9);
        let square = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            let unmoved = inverse_projections(&square, &[square; 3]);
            for mapped in [
                warp_affine(&images, &[Affine::IDENTITY; 3], interpolation),
                warp_perspective(&images, &unmoved, interpolation),
            ] {
                assert!(distance(&images, &mapped) < 2e-6);
            }
        }
    }

    #[test]
    fn at_the_edge_bilinear_interpolation_counts_the_covered_share_twice() {
        let white = Tensor::ones([1, 4, 4], (Kind::Float, Device::Cpu));
        let shift = [Affine { translate: [0.25, 0.0], ..Affine::IDENTITY }];
        let shifted = warp_affine(&white, &shift, Interpolation::Bilinear);
        let row: Vec<f64> = (0..4).map(|x| shifted.double_value(&[0, 2, x])).collect();
        assert_eq!(row, [0.75 * 0.75, 1.0, 1.0, 1.0]);
    }
}

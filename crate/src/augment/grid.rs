//! Images read at the points of a grid, as torchvision warps them.
//!
//! Warps work backwards: for every pixel of the output, a *grid* gives the point of the input where its value is read.
//! Coordinates run from -1 to 1 over the whole extent of the image, border pixels included (`align_corners = false`).
//! Outside the image every value is 0.

use super::image::{Image, Size};
use crate::linalg::{Job, Lanes, Real};
use serde::{Deserialize, Serialize};

/// How a value between pixel centres is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The mean of the four surrounding pixels, weighted by their closeness.
    Bilinear,
}

/// The points, one for each pixel of the output, row by row.
pub(super) struct Grid {
    pub x: Vec<f32>,
    pub y: Vec<f32>,
}

impl Grid {
    /// The points to which a map takes the pixels, the first of which lies at `corner` (x, y).
    pub fn new(size: Size, corner: [f32; 2], map: impl Fn(f32, f32) -> [f32; 2]) -> Grid {
        f32::run(Points { size, corner, map })
    }
}

struct Points<M> {
    size: Size,
    corner: [f32; 2],
    map: M,
}

impl<M: Fn(f32, f32) -> [f32; 2]> Job<f32> for Points<M> {
    type Output = Grid;

    #[inline(always)]
    fn run<L: Lanes<f32>, const ROWS: usize>(self) -> Grid {
        let Size { height, width } = self.size;
        let (mut x, mut y) = (vec![0.; height * width], vec![0.; height * width]);
        let rows = x.chunks_exact_mut(width).zip(y.chunks_exact_mut(width));
        for (row, (to_x, to_y)) in (0u16..).zip(rows) {
            let y = f32::from(row) + self.corner[1];
            for (column, (to_x, to_y)) in (0u16..).zip(to_x.iter_mut().zip(to_y)) {
                [*to_x, *to_y] = (self.map)(f32::from(column) + self.corner[0], y);
            }
        }
        Grid { x, y }
    }
}

/// Reads the image at the points of the grid. With bilinear interpolation a pixel half outside has a quarter of its value:
/// outside all is 0, and the mean is multiplied by the pixel's covered share, as in torchvision's random transforms
/// (`fill=0`). What is not a number lies outside.
pub(super) fn sample(image: &mut Image, grid: &Grid, interpolation: Interpolation) {
    f32::run(Sample { framed: Framed::new(image), to: image.pixels, grid, interpolation });
}

/// An image with a frame of zeros.
struct Framed {
    pixels: Vec<f32>,
    /// The size of the image.
    size: Size,
    /// The width with the frame.
    width: usize,
}

impl Framed {
    /// An even number, so that half a pixel is rounded as without a frame: to an even one.
    const FRAME: usize = 2;

    fn new(image: &Image) -> Framed {
        let size = image.size;
        let width = size.width + 2 * Self::FRAME;
        let mut pixels = vec![0.; (size.height + 2 * Self::FRAME) * width];
        let rows = pixels.chunks_exact_mut(width).skip(Self::FRAME);
        for (to, row) in rows.zip(image.pixels.chunks_exact(size.width)) {
            to[Self::FRAME..][..size.width].copy_from_slice(row);
        }
        Framed { pixels, size, width }
    }
}

/// Where a coordinate of the grid lies along a side of the image, in pixels from the centre of the first; if it lies
/// outside, at most a pixel from the last.
#[inline(always)]
fn place(coordinate: f32, side: usize) -> f32 {
    let side = side as f32;
    ((coordinate + 1.) * (side / 2.) - 0.5).max(-1.).min(side)
}

/// The whole number nearest to a place, the even one if it lies between two, as an index in the frame. Unlike a conversion
/// it is computed for several numbers at once.
#[inline(always)]
fn nearest(place: f32) -> u32 {
    /// Added to a number, it leaves no place for a fraction: the last bits are then those of the whole number.
    const TO_WHOLE: f32 = 8_388_608.; // 2^23
    (place + (TO_WHOLE + Framed::FRAME as f32)).to_bits() - TO_WHOLE.to_bits()
}

/// The share of a pixel at `place` that the image covers, along one side.
#[inline(always)]
fn covered(place: f32, side: usize) -> f32 {
    (place + 1.).min(side as f32 - place).min(1.)
}

struct Sample<'a> {
    framed: Framed,
    to: &'a mut [f32],
    grid: &'a Grid,
    interpolation: Interpolation,
}

impl Job<f32> for Sample<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<f32>, const ROWS: usize>(self) {
        match self.interpolation {
            Interpolation::Nearest => self.nearest(),
            Interpolation::Bilinear => self.bilinear(),
        }
    }
}

// Loops over all pixels do one thing each, so that the compiler finds instructions for several pixels at once.
impl Sample<'_> {
    #[inline(always)]
    fn nearest(self) {
        let Framed { pixels, size, width } = self.framed;
        let mut at = vec![0; self.to.len()];
        for ((at, x), y) in at.iter_mut().zip(&self.grid.x).zip(&self.grid.y) {
            let (x, y) = (place(*x, size.width), place(*y, size.height));
            *at = nearest(y) * width as u32 + nearest(x);
        }
        for (to, at) in self.to.iter_mut().zip(at) {
            *to = pixels[at as usize];
        }
    }

    #[inline(always)]
    fn bilinear(self) {
        let Framed { pixels, size, width } = self.framed;
        let mut parts = vec![(0, 0., 0.); self.to.len()];
        let points = self.grid.x.iter().zip(&self.grid.y);
        for ((to, part), (x, y)) in self.to.iter_mut().zip(&mut parts).zip(points) {
            let (x, y) = (place(*x, size.width), place(*y, size.height));
            let at = nearest(y.floor()) * width as u32 + nearest(x.floor());
            *part = (at, x - x.floor(), y - y.floor());
            *to = covered(x, size.width) * covered(y, size.height);
        }
        for (to, (at, right, below)) in self.to.iter_mut().zip(parts) {
            let (upper, lower) = (&pixels[at as usize..][..2], &pixels[at as usize + width..][..2]);
            let upper = upper[0] * (1. - right) + upper[1] * right;
            let lower = lower[0] * (1. - right) + lower[1] * right;
            *to *= upper * (1. - below) + lower * below;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random_affine::{Affine, warp_affine};
    use super::super::random_perspective::{inverse_projection, warp_perspective};
    use super::super::testing::{changed, distance, noise, pixels};
    use super::*;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn identity_maps_leave_the_images_unchanged() {
        let images = noise(3, 9, 9);
        let square = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];
        let unmoved = inverse_projection(&square, &square);
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            for mapped in [
                changed(&images, |image| warp_affine(image, &Affine::IDENTITY, interpolation)),
                changed(&images, |image| warp_perspective(image, &unmoved, interpolation)),
            ] {
                assert!(distance(&images, &mapped) < 2e-6);
            }
        }
    }

    #[test]
    fn at_the_edge_bilinear_interpolation_counts_the_covered_share_twice() {
        let white = Tensor::ones([1, 4, 4], (Kind::Float, Device::Cpu));
        let shift = Affine { translate: [0.25, 0.0], ..Affine::IDENTITY };
        let shifted = changed(&white, |image| warp_affine(image, &shift, Interpolation::Bilinear));
        assert_eq!(pixels(&shifted)[8..12], [0.75 * 0.75, 1.0, 1.0, 1.0]);
    }
}

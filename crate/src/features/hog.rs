//! Histograms of oriented gradients.

use super::matrix::map_images;
use crate::data::{PIXELS, SIDE};
use crate::error::{Result, require};
use serde::Serialize;
use tch::Tensor;

/// Histograms of oriented gradients (Dalal and Triggs, 2005), as
/// [`skimage.feature.hog`](https://scikit-image.org/docs/stable/api/skimage.feature.html#skimage.feature.hog) computes
/// them with `block_norm='L2-Hys'`.
///
/// The image is divided into square cells. Each cell has a histogram of the directions of its pixels' gradients, from
/// 0 to 180 degrees, weighted by their lengths. The histograms of a block of neighbouring cells are scaled to length
/// 1, clamped to 0.2 and scaled again. The features are those of all blocks, which overlap, row by row: by default 6 x
/// 6 blocks of 2 x 2 cells with 9 directions, 1 296 numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hog {
    /// The number of directions, at least 1. Defaults to `9`.
    pub orientations: usize,
    /// The side of a cell in pixels, a divisor of 28. Defaults to `4`.
    pub cell_side: usize,
    /// The side of a block in cells, at least 1 and at most as many as an image has. Defaults to `2`.
    pub block_side: usize,
}

impl Default for Hog {
    fn default() -> Hog {
        Hog { orientations: 9, cell_side: 4, block_side: 2 }
    }
}

impl Hog {
    /// The features of images, `[n, 784] -> [n, (cells - block_side + 1)^2 block_side^2 orientations]`, where an image
    /// has `cells = 28 / cell_side` rows of cells.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a setting outside its range, or anything but a matrix `[n, 784]`
    /// of finite numbers.
    pub fn extract(&self, pixels: &Tensor) -> Result<Tensor> {
        self.validate()?;
        map_images(pixels, |_, image| Ok(self.blocks(&self.histograms(image))))
    }

    fn validate(&self) -> Result<()> {
        let Hog { orientations, cell_side, block_side } = *self;
        require((1..=180).contains(&orientations), "orientations", "from 1 to 180", orientations)?;
        let allowed = format_args!("a divisor of the image's {SIDE} pixels");
        require(cell_side > 0 && SIDE.is_multiple_of(cell_side), "cell_side", allowed, cell_side)?;
        let allowed = format_args!("from 1 to the image's {} cells", self.cells());
        require((1..=self.cells()).contains(&block_side), "block_side", allowed, block_side)
    }

    /// The number of cells along a side of the image.
    fn cells(&self) -> usize {
        SIDE / self.cell_side
    }

    /// The histogram of each cell, `[cells, cells, orientations]`.
    fn histograms(&self, image: &[f64]) -> Vec<f64> {
        let mut histograms = vec![0.; self.cells().pow(2) * self.orientations];
        let area = self.cell_side.pow(2) as f64;
        for i in 0..PIXELS {
            let (row, column) = (i / SIDE, i % SIDE);
            let gradient = (difference(image, i, row, SIDE), difference(image, i, column, 1));
            // Rounding can give an angle just below 0 the remainder 180, which no bin has, as in scikit-image.
            let angle = gradient.0.atan2(gradient.1).to_degrees().rem_euclid(180.);
            let bin = (angle / (180. / self.orientations as f64)) as usize;
            let cell = row / self.cell_side * self.cells() + column / self.cell_side;
            if bin < self.orientations {
                histograms[cell * self.orientations + bin] += gradient.0.hypot(gradient.1) / area;
            }
        }
        histograms
    }

    /// The normalised histograms of all blocks.
    fn blocks(&self, histograms: &[f64]) -> Vec<f64> {
        let blocks = self.cells() - self.block_side + 1;
        let row_of_cells = |row: usize, column: usize| {
            let start = (row * self.cells() + column) * self.orientations;
            &histograms[start..][..self.block_side * self.orientations]
        };
        let block = |i: usize| {
            let (row, column) = (i / blocks, i % blocks);
            let rows = (row..row + self.block_side).map(|row| row_of_cells(row, column));
            let scaled = unit_length(rows.collect::<Vec<_>>().concat());
            unit_length(scaled.into_iter().map(|value| value.min(0.2)).collect())
        };
        (0..blocks * blocks).flat_map(block).collect()
    }
}

/// The central difference at pixel `i`, at `position` along an axis of this stride; 0 at both ends.
fn difference(image: &[f64], i: usize, position: usize, stride: usize) -> f64 {
    let is_end = position == 0 || position == SIDE - 1;
    if is_end { 0. } else { image[i + stride] - image[i - stride] }
}

/// Divides by the length; scikit-image adds 1e-5 squared to its square.
fn unit_length(mut values: Vec<f64>) -> Vec<f64> {
    let squares: f64 = values.iter().map(|value| value * value).sum();
    let length = (squares + 1e-5f64.powi(2)).sqrt();
    values.iter_mut().for_each(|value| *value /= length);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White on the right of column 13.
    fn edge() -> Tensor {
        let pixels: Vec<f64> = (0..PIXELS).map(|i| if i % SIDE > 13 { 1. } else { 0. }).collect();
        Tensor::from_slice(&pixels).view([1, -1])
    }

    #[test]
    fn a_vertical_edge_has_gradients_of_0_degrees_only() -> Result<()> {
        let hog = Hog { block_side: 1, ..Hog::default() };
        let features = hog.extract(&edge())?.view([7, 7, 9]);
        // Columns 13 and 14 lie in the fourth column of cells. A block of one cell has length 1, is clamped to 0.2 and
        // has length 1 again.
        let expected = |cell: i64, bin: i64| if cell == 3 && bin == 0 { 1. } else { 0. };
        for (cell, bin) in (0..7).flat_map(|cell| (0..9).map(move |bin| (cell, bin))) {
            assert!((features.double_value(&[2, cell, bin]) - expected(cell, bin)).abs() < 1e-6);
        }
        Ok(())
    }

    #[test]
    fn the_number_of_features_follows_from_the_settings() -> Result<()> {
        let hog = Hog { orientations: 6, cell_side: 7, block_side: 3 };
        assert_eq!(hog.extract(&edge())?.size(), [1, 2 * 2 * 3 * 3 * 6]);
        Ok(())
    }

    #[test]
    fn settings_outside_their_range_are_rejected() {
        let error = |hog: Hog| hog.extract(&edge()).unwrap_err().to_string();
        let cell = |cell_side| error(Hog { cell_side, ..Hog::default() });
        assert_eq!(cell(5), "cell_side must be a divisor of the image's 28 pixels, but it is 5.");
        assert!(cell(0).starts_with("cell_side must be a divisor"));
        let block = error(Hog { block_side: 8, ..Hog::default() });
        assert_eq!(block, "block_side must be from 1 to the image's 7 cells, but it is 8.");
        assert!(
            error(Hog { orientations: 0, ..Hog::default() })
                .starts_with("orientations must be from 1")
        );
    }

    #[test]
    fn features_of_another_shape_than_images_are_rejected() {
        let error = Hog::default().extract(&edge().narrow(1, 0, 700)).unwrap_err().to_string();
        assert_eq!(error, "pixels must be a matrix of 784 columns, but it is of 700.");
    }
}

//! The shape of a digit: where its ink is.

use crate::data::{Images, PIXELS, SIDE};
use crate::error::{Error, Result};

/// Size, position and slant of a digit. Rows and columns are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The number of rows from the first to the last with ink.
    pub height: f64,
    /// The number of columns from the first to the last with ink.
    pub width: f64,
    /// The mean row, weighted by grey value.
    pub row: f64,
    /// The mean column, weighted by grey value.
    pub column: f64,
    /// The slant in degrees, above 0 for a digit that leans to the left: `atan(mu_rc / mu_rr)` with the central moments
    /// of [`deskew`](super::deskew).
    pub slant: f64,
}

/// The shape of each image.
///
/// # Errors
/// [`Error::NoSlant`] for an image with ink in fewer than two rows.
pub fn shapes(images: &Images) -> Result<Vec<Shape>> {
    let image = |(index, image)| shape(image).ok_or(Error::NoSlant { index });
    images.pixels().chunks_exact(PIXELS).enumerate().map(image).collect()
}

fn shape(image: &[u8]) -> Option<Shape> {
    let ink = (0..PIXELS).filter(|i| image[*i] > 0);
    // Row, column and grey value of each pixel with ink.
    let ink: Vec<[f64; 3]> =
        ink.map(|i| [(i / SIDE) as f64, (i % SIDE) as f64, f64::from(image[i])]).collect();
    let extent = |axis: usize| {
        let at = || ink.iter().map(|pixel| pixel[axis]);
        at().fold(f64::NEG_INFINITY, f64::max) - at().fold(f64::INFINITY, f64::min) + 1.
    };
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| ink.iter().map(|[r, c, p]| p * of(*r, *c)).sum::<f64>();
    let mass = sum(&|_, _| 1.);
    let (row, column) = (sum(&|r, _| r) / mass, sum(&|_, c| c) / mass);
    let mu_rc = sum(&|r, c| (r - row) * (c - column));
    let mu_rr = sum(&|r, _| (r - row).powi(2));
    let slant = (mu_rc / mu_rr).atan().to_degrees();
    let (height, width) = (extent(0), extent(1));
    (height > 1.).then_some(Shape { height, width, row, column, slant })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(ink: &[(usize, usize)]) -> Images {
        let mut pixels = vec![0; PIXELS];
        ink.iter().for_each(|(r, c)| pixels[r * SIDE + c] = 200);
        Images::new(pixels, vec![1]).expect("one image")
    }

    #[test]
    fn a_diagonal_is_as_high_as_wide_and_slants_by_45_degrees() -> Result<()> {
        let diagonal: Vec<(usize, usize)> = (6..26).map(|r| (r, r - 2)).collect();
        let [shape] = shapes(&image(&diagonal))?[..] else { panic!("one image") };
        assert_eq!((shape.height, shape.width, shape.row, shape.column), (20., 20., 15.5, 13.5));
        assert!((shape.slant - 45.).abs() < 1e-9, "{shape:?}");
        Ok(())
    }

    #[test]
    fn an_image_without_ink_or_with_a_single_row_has_no_slant() {
        assert!(shapes(&image(&[])).is_err());
        assert!(shapes(&image(&[(3, 3), (3, 4)])).is_err());
    }
}

//! The shape of a digit: where its ink is.

use super::deskew::{Moments, moments};
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
    let Moments { row, column, skew } =
        moments(&image.iter().map(|grey| f64::from(*grey)).collect::<Vec<_>>())?;
    let extent = |axis: fn(usize) -> usize| {
        let at = || (0..PIXELS).filter(|i| image[*i] > 0).map(axis);
        Some((at().max()? - at().min()? + 1) as f64)
    };
    let (height, width) = (extent(|i| i / SIDE)?, extent(|i| i % SIDE)?);
    Some(Shape { height, width, row, column, slant: skew.atan().to_degrees() })
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

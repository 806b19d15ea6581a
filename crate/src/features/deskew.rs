//! Deskewing: a shear that makes a slanted digit upright.

use super::matrix::map_images;
use crate::data::SIDE;
use crate::error::{Error, Result};
use tch::Tensor;

/// Deskews images, `[n, 784]` with 0 for background: moves the centre of the ink to the centre of the image and
/// shears its rows until it no longer slants.
///
/// ```text
/// new(r', c') = old(r' - 13.5 + row_mean, c' - 13.5 + skew (r' - 13.5) + column_mean)
/// ```
///
/// Here the means are weighted by grey value and `skew = mu_rc / mu_rr`, with the central moments
/// `mu_rc = sum of p (r - row_mean) (c - column_mean)` and `mu_rr = sum of p (r - row_mean)^2`. Between pixels the
/// grey value is bilinear, outside the image it is 0, as
/// [`scipy.ndimage.affine_transform`](https://docs.scipy.org/doc/scipy/reference/generated/scipy.ndimage.affine_transform.html)
/// with `order=1`.
///
/// ```
/// use hinge::features::deskew;
/// use tch::{Device, Kind, Tensor};
///
/// let blank = Tensor::zeros([1, 784], (Kind::Float, Device::Cpu));
/// let error = deskew(&blank).unwrap_err().to_string();
/// assert!(error.starts_with("Image 0 cannot be deskewed"));
/// ```
///
/// # Errors
/// [`Error::NoSlant`] for an image with ink in fewer than two rows, [`Error::Setting`] for anything but a matrix
/// `[n, 784]` of finite numbers.
pub fn deskew(pixels: &Tensor) -> Result<Tensor> {
    map_images(pixels, |index, image| upright(image).ok_or(Error::NoSlant { index }))
}

/// The image without slant; `None` if it has no [`Moments`].
fn upright(image: &[f64]) -> Option<Vec<f64>> {
    let (Moments { row, column, skew }, centre) = (moments(image)?, (SIDE - 1) as f64 / 2.);
    let new = |i: usize| {
        let (r, c) = ((i / SIDE) as f64 - centre, (i % SIDE) as f64 - centre);
        bilinear(image, r + row, c + skew * r + column)
    };
    Some((0..image.len()).map(new).collect())
}

/// The means of row and column, and the skew, as [`deskew`] defines them.
pub(super) struct Moments {
    pub row: f64,
    pub column: f64,
    pub skew: f64,
}

/// `None` unless two rows or more have ink: a single row has no slant.
pub(super) fn moments(image: &[f64]) -> Option<Moments> {
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        let at = |(i, p): (usize, &f64)| p * of((i / SIDE) as f64, (i % SIDE) as f64);
        image.iter().enumerate().map(at).sum()
    };
    let has_ink = |row: &&[f64]| row.iter().any(|p| *p > 0.);
    let has_rows = image.chunks_exact(SIDE).filter(has_ink).count() > 1;
    let mass = sum(&|_, _| 1.);
    let (row, column) = (sum(&|r, _| r) / mass, sum(&|_, c| c) / mass);
    let mu_rc = sum(&|r, c| (r - row) * (c - column));
    let mu_rr = sum(&|r, _| (r - row).powi(2));
    has_rows.then_some(Moments { row, column, skew: mu_rc / mu_rr })
}

/// The grey value at a point between pixels; 0 outside the square of the pixels' centres.
fn bilinear(image: &[f64], row: f64, column: f64) -> f64 {
    let inside = 0. ..=(SIDE - 1) as f64;
    if !(inside.contains(&row) && inside.contains(&column)) {
        return 0.;
    }
    let pixel = |r: usize, c: usize| image[r.min(SIDE - 1) * SIDE + c.min(SIDE - 1)];
    let (r, c) = (row as usize, column as usize);
    let (down, right) = (row.fract(), column.fract());
    let along = |r: usize| (1. - right) * pixel(r, c) + right * pixel(r, c + 1);
    (1. - down) * along(r) + down * along(r + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with ink, 1, at these pixels.
    fn image(ink: &[(usize, usize)]) -> Tensor {
        let mut image = vec![0.; SIDE * SIDE];
        ink.iter().for_each(|(r, c)| image[r * SIDE + c] = 1.);
        Tensor::from_slice(&image).view([1, -1])
    }

    #[test]
    fn a_diagonal_becomes_a_vertical_line_in_the_middle() -> Result<()> {
        // 16 rows centred at 13.5; the line's columns follow its rows, so the skew is 1.
        let diagonal: Vec<(usize, usize)> = (6..22).map(|r| (r, r + 2)).collect();
        let upright = deskew(&image(&diagonal))?.view([28, 28]);
        // Its column is 13.5: half of the ink is in column 13, half in column 14.
        let columns = upright.sum_dim_intlist(0, false, tch::Kind::Double);
        assert_eq!((columns.double_value(&[13]), columns.double_value(&[14])), (8., 8.));
        assert_eq!(columns.sum(tch::Kind::Double).double_value(&[]), 16.);
        Ok(())
    }

    #[test]
    fn an_image_without_ink_or_with_a_single_row_is_named() {
        let both = Tensor::cat(&[image(&[(3, 3), (4, 4)]), image(&[(3, 3), (3, 9)])], 0);
        let error = deskew(&both).unwrap_err().to_string();
        assert_eq!(
            error,
            "Image 1 cannot be deskewed: expected ink in two rows or more, which have a slant."
        );
        assert!(deskew(&image(&[])).is_err());
    }
}

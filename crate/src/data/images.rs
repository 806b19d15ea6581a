//! Labelled images of digits in memory.

use super::idx::{CLASSES, PIXELS, SIDE, check_labels};
use crate::error::{Error, Result};
use crate::runtime::threads::side_by_side;
use std::fmt;
use std::sync::Arc;
use tch::{Kind, Tensor};

/// Images of 28 x 28 grey pixels (0 is paper, 255 is ink), each with its label, 0 to 9.
///
/// ```
/// use hinge::prelude::*;
///
/// let paper = vec![0; 2 * 28 * 28];
/// let images = Images::new(paper.clone(), vec![3, 5])?;
/// assert_eq!(images.len(), 2);
/// assert_eq!(images.class_counts(), [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
///
/// let error = Images::new(paper, vec![3, 12]).unwrap_err().to_string();
/// assert_eq!(error, "images: expected labels from 0 to 9, found 12 at index 1; correct the label.");
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    pixels: Arc<Vec<u8>>, // [n, 784], shared with clones
    labels: Vec<u8>,      // [n]
}

impl Images {
    /// Images from their pixels, `[n, 784]` row by row, and their labels, `[n]`.
    ///
    /// # Errors
    /// If there are not 784 pixels for each label, or a label is above 9.
    pub fn new(pixels: Vec<u8>, labels: Vec<u8>) -> Result<Images> {
        if labels.len().checked_mul(PIXELS) != Some(pixels.len()) {
            let expected = format!("{PIXELS} pixels for each of {} labels", labels.len());
            let found = format!("{} pixels", pixels.len());
            let remedy = format!("give every image {SIDE} x {SIDE} pixels and one label");
            return Err(Error::at("images", expected, found, remedy));
        }
        check_labels("images", &labels, "correct the label")?;
        Ok(Images::of(pixels, labels))
    }

    /// Images whose pixels and labels fit.
    pub(super) fn of(pixels: Vec<u8>, labels: Vec<u8>) -> Images {
        Images { pixels: Arc::new(pixels), labels }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All pixels, `[n, 784]`, image by image and row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The same, shared.
    pub(crate) fn shared_pixels(&self) -> Arc<Vec<u8>> {
        self.pixels.clone()
    }

    /// The pixels as a float32 tensor `[n, 784]`, from 0 (background) to 1.
    pub fn to_tensor(&self) -> Tensor {
        Tensor::from_slice(self.pixels()).view([-1, PIXELS as i64]).to_kind(Kind::Float) / 255.
    }

    /// All labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The pixels of image `i`, `[784]`, row by row.
    /// Panics, like a slice, if `i` is not below `len()`.
    pub(crate) fn image(&self, i: usize) -> &[u8] {
        &self.pixels[i * PIXELS..][..PIXELS]
    }

    /// The label of image `i`, 0 to 9.
    /// Panics, like a slice, if `i` is not below `len()`.
    pub(crate) fn label(&self, i: usize) -> u8 {
        self.labels[i]
    }

    /// Copies of the images at `indices`, in their order; an index may come twice.
    ///
    /// # Errors
    /// If an index is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Result<Images> {
        if let Some(index) = indices.iter().find(|index| **index >= self.len()) {
            let expected = format!("indices below {}, the number of images", self.len());
            return Err(Error::at("images", expected, index.to_string(), "correct the index"));
        }
        Ok(self.copies(indices))
    }

    /// Copies of the images at `indices`, in their order.
    /// Panics, like a slice, if an index is not below `len()`.
    pub(crate) fn copies(&self, indices: &[usize]) -> Images {
        /// As few images as are worth another thread's start.
        const LEAST: usize = 256;
        let mut pixels = vec![0; indices.len() * PIXELS];
        let parts = pixels.chunks_mut(LEAST * PIXELS).zip(indices.chunks(LEAST)).collect();
        side_by_side::<_, _, ()>(parts, |(places, indices): (&mut [u8], &[usize])| {
            let places = places.chunks_exact_mut(PIXELS).zip(indices);
            places.for_each(|(place, &i)| place.copy_from_slice(self.image(i)));
        });
        Images::of(pixels, indices.iter().map(|&i| self.label(i)).collect())
    }

    /// Copies of the images with black and white exchanged: each pixel becomes 255 minus its value.
    pub fn inverted(&self) -> Images {
        let pixels = self.pixels.iter().map(|pixel| 255 - pixel).collect();
        Images::of(pixels, self.labels.clone())
    }

    /// Whether the digits are black on white: the mean border pixel of all images is above half. The paper
    /// around a digit reaches the border, the ink rarely does.
    pub(super) fn are_black_on_white(&self) -> bool {
        let is_end = |at: usize| at == 0 || at == SIDE - 1;
        let is_border = |i: &usize| is_end(i / SIDE) || is_end(i % SIDE);
        let border: Vec<usize> = (0..PIXELS).filter(is_border).collect();
        let of_image = |image: &[u8]| border.iter().map(|&i| u64::from(image[i])).sum::<u64>();
        let sum: u64 = self.pixels.chunks_exact(PIXELS).map(of_image).sum();
        2 * sum > 255 * (border.len() * self.len()) as u64
    }

    /// The number of images of each digit.
    pub fn class_counts(&self) -> [usize; CLASSES] {
        let mut counts = [0; CLASSES];
        self.labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts
    }
}

/// Shows only their number: a notebook must never print 47 million pixels.
impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Images({} of {SIDE} x {SIDE} pixels)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three images of one grey each: 10, 20 and 30.
    fn three() -> Images {
        let pixels = [10, 20, 30].iter().flat_map(|&grey| [grey; PIXELS]).collect();
        Images::new(pixels, vec![7, 0, 7]).unwrap()
    }

    #[test]
    fn an_image_is_its_784_pixels() {
        assert_eq!(three().image(1), [20; PIXELS]);
    }

    #[test]
    fn selects_images_with_their_labels_in_the_given_order() {
        let selected = three().select(&[2, 1, 2]).unwrap();
        assert_eq!(selected.labels(), [7, 0, 7]);
        assert_eq!([0, 1, 2].map(|i| selected.image(i)[0]), [30, 20, 30]);
        let error = three().select(&[0, 3]).unwrap_err().to_string();
        assert_eq!(
            error,
            "images: expected indices below 3, the number of images, found 3; correct the index."
        );
    }

    #[test]
    fn counts_the_images_of_each_class() {
        assert_eq!(three().class_counts(), [1, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
    }

    #[test]
    fn inverted_images_have_255_minus_each_pixel_and_the_same_labels() {
        let inverted = three().inverted();
        assert_eq!([0, 1, 2].map(|i| inverted.image(i)[0]), [245, 235, 225]);
        assert_eq!(inverted.labels(), three().labels());
    }

    #[test]
    fn black_on_white_is_decided_by_the_border_alone() {
        let image = |border: u8, inside: u8| {
            let pixel = |i: usize| {
                let inner =
                    (1..SIDE - 1).contains(&(i / SIDE)) && (1..SIDE - 1).contains(&(i % SIDE));
                if inner { inside } else { border }
            };
            (0..PIXELS).map(pixel).collect::<Vec<u8>>()
        };
        let are_black_on_white = |images: &[Vec<u8>]| {
            Images::new(images.concat(), vec![0; images.len()]).unwrap().are_black_on_white()
        };
        assert!(are_black_on_white(&[image(128, 0)]));
        assert!(!are_black_on_white(&[image(127, 255)]));
        assert!(are_black_on_white(&[image(255, 0), image(255, 0), image(0, 255)]));
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", three()), "Images(3 of 28 x 28 pixels)");
    }

    #[test]
    fn rejects_pixels_that_do_not_fit_the_labels() {
        let error = Images::new(vec![0; PIXELS], vec![1, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "images: expected 784 pixels for each of 2 labels, found 784 pixels; give every image 28 x 28 pixels \
             and one label."
        );
    }

    #[test]
    fn rejects_a_label_above_9() {
        let error = Images::new(vec![0; 2 * PIXELS], vec![9, 10]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "images: expected labels from 0 to 9, found 10 at index 1; correct the label."
        );
    }
}

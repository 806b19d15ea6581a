//! The representations to choose from.

use super::{Hog, deskew};
use crate::data::Images;
use crate::error::Result;
use serde::Serialize;
use std::fmt;
use tch::Tensor;

/// What a classifier is given of an image.
///
/// ```
/// use hinge::features::{Hog, Representation};
/// use hinge::prelude::*;
///
/// let images = Digits::synthetic(0).sample(&Sample { train: 2, test: 1, ..Sample::default() })?.train;
/// assert_eq!(Representation::Deskewed.extract(&images)?.size(), [2, 784]);
/// assert_eq!(Representation::Hog(Hog::default()).extract(&images)?.size(), [2, 1_296]);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Representation {
    /// The pixels, from 0 to 1. The default.
    #[default]
    Pixels,
    /// The pixels of the upright digit, see [`deskew`].
    Deskewed,
    /// Histograms of oriented gradients.
    Hog(Hog),
    /// Histograms of oriented gradients of the upright digit.
    DeskewedHog(Hog),
}

impl Representation {
    /// The features of each image as single-precision floats, `[n, d]`.
    ///
    /// # Errors
    /// As [`deskew`] and [`Hog::extract`].
    pub fn extract(self, images: &Images) -> Result<Tensor> {
        let pixels = images.to_tensor();
        match self {
            Representation::Pixels => Ok(pixels),
            Representation::Deskewed => deskew(&pixels),
            Representation::Hog(hog) => hog.extract(&pixels),
            Representation::DeskewedHog(hog) => hog.extract(&deskew(&pixels)?),
        }
    }
}

impl fmt::Display for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Representation::Pixels => "pixels",
            Representation::Deskewed => "deskewed pixels",
            Representation::Hog(_) => "HOG",
            Representation::DeskewedHog(_) => "deskewed HOG",
        })
    }
}

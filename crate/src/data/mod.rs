//! Handwritten digits: MNIST, one's own IDX files or PNG images, or synthetic ones; and samples of them.

mod digits;
mod error;
mod folder;
pub mod idx;
mod images;
mod mnist;
mod sample;
mod synthetic;

pub use digits::{Digits, Source};
pub use error::DataError;
pub use images::{CLASSES, Images, PIXELS, SIDE};
pub use sample::{Sample, Split};

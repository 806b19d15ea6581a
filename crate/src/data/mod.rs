//! Handwritten digits: MNIST, one's own IDX files or PNG images, or synthetic ones; and samples of them.

mod digits;
mod error;
pub mod idx;
mod images;
mod mnist;
mod png;
mod subset;
mod synthetic;

pub use digits::{Digits, Source};
pub use error::DataError;
pub use images::{CLASSES, Images, PIXELS, SIDE};
pub use subset::{Sample, Split};

//! Handwritten digits: MNIST, the user's IDX files or PNG images, or synthetic ones; and samples of them.

mod digits;
mod error;
pub mod idx;
mod images;
mod mnist;
mod png;
mod subset;
mod synthetic;

pub use digits::{Digits, Source};
pub use idx::{CLASSES, PIXELS, SIDE};
pub use images::Images;
pub use subset::{Sample, Split};

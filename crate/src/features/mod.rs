//! Representations of images: what a classifier is given instead of pixels.

mod deskew;
mod hog;
mod matrix;
mod representation;
mod shape;

pub use deskew::deskew;
pub use hog::Hog;
pub(crate) use matrix::{doubles, doubles_in_columns, fill_by_blocks, squared_distances, write};
pub use representation::Representation;
pub use shape::{Shape, shapes};

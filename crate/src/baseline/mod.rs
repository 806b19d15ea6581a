//! Other classifiers, to compare the report's models with.

mod convolutional;
mod nearest;

pub use convolutional::{Convolutional, TrainedConvolutional};
pub use nearest::NearestNeighbours;

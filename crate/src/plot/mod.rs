//! Figures of results. They take results, not lists of numbers: a curve cannot be drawn under another's name.

mod axis;
mod confusion;
mod curves;
mod digits;
mod figure;
mod gains;
mod published;
mod raster;
mod sheet;
mod style;

pub use confusion::confusion;
pub use curves::{Curves, learning_curves};
pub use digits::{augmentations, grid, mistakes, weights};
pub use figure::{Figure, Image};
pub use gains::gains;
pub use published::published;

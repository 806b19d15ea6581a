//! Figures of results. They take results, not lists of numbers: a curve cannot be drawn under another's name.

mod axis;
mod benchmark;
mod canvas;
mod components;
mod confusion;
mod curves;
mod digits;
mod figure;
mod gains;
mod intervals;
mod lines;
mod published;
mod ranking;
mod raster;
mod sizes;
mod style;
mod tiles;

pub use benchmark::benchmark;
pub use components::{Component, variance_components};
pub use confusion::confusion;
pub use curves::{Curves, compare_learning_curves, learning_curves};
pub use digits::{augmentations, grid, mistakes, titled, weights};
pub use figure::Figure;
pub use gains::gains;
pub use published::published;
pub use ranking::{Group, Ranked, ranking};
pub use sizes::size_curves;

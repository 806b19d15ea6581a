//! How results reach a notebook: as HTML, as text, and as messages for the report.

mod answers;
mod claims;
mod classifiers;
mod comparison;
mod conclusions;
mod defects;
mod digits;
pub(crate) mod display;
mod failure;
mod gains;
mod html;
mod joint_tests;
mod runs;
pub(crate) mod settings;
mod table;
pub(crate) mod wire;

pub use display::Show;
pub use runs::{final_results, final_results_over_seeds};
pub use table::{Table, show};

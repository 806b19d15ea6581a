//! How results reach a notebook: as HTML, as text, and as JSON for the report.

pub(crate) mod display;
mod failure;
mod frame;
mod html;
mod results;
pub(crate) mod settings;
mod table;

pub use display::Show;
pub use failure::Failure;
pub use results::{final_results, final_results_over_seeds};
pub use table::{Table, show};

//! How results reach a notebook: as HTML, as text, and as JSON for the report.

pub(crate) mod display;
mod results;
mod table;

pub use display::Show;
pub use results::{final_results, final_results_over_seeds};
pub use table::Table;

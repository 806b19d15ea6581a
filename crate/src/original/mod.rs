//! What belongs to this one report: what it published, how it augmented, what it concluded, and what went wrong.

mod comparison;
mod defects;
mod published;
mod recipes;
pub mod replay;

pub use comparison::{Comparison, Row};
pub use defects::{Conclusion, Defect, Evidence, Support};
pub use published::{Origin, Part, Published, published};
pub use recipes::Recipe;

//! All that is about this one report: what it published, how it augmented, what it concluded, and its defects.

mod answers;
mod comparison;
mod conclusions;
mod defects;
mod joint_tests;
mod log;
mod measured;
mod published;
mod recipes;
pub mod replay;

pub use answers::Answer;
pub use comparison::{ComparedRun, ComparedValue, Comparison, Place};
pub use conclusions::{Basis, Conclusion, Support};
pub use defects::{Defect, Evidence};
pub use joint_tests::{JointTests, TestedRun};
pub use log::Log;
pub use measured::Measured;
pub use published::{Origin, Part, Published, published, published_accuracies};
pub use recipes::Recipe;

//! Studies: an experiment, one run of it, its repetition over seeds, statistics, and claims about the results.

mod claims;
mod confusion;
mod distribution;
mod evaluation;
mod factorial;
mod gains;
mod holm;
mod joint;
mod judged;
mod paired;
mod parquet;
mod proportion;
mod records;
mod run;
mod runs;
mod seeds;
mod size_curve;
mod solutions;
mod unit;

pub use claims::{Claim, Claims, Required, Verdict};
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use evaluation::Evaluation;
pub use factorial::Factorial;
pub use gains::{Gain, Gains};
pub use holm::holm;
pub use joint::JointTest;
pub use judged::{Judged, Mode};
pub use proportion::Proportion;
pub use records::Record;
pub use run::Run;
pub use runs::Runs;
pub use seeds::Seeds;
pub use size_curve::{SizeCurve, Worth};
pub use solutions::Solutions;
pub use unit::Unit;

pub use crate::train::{Difference, Experiment};

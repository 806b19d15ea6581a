//! Studies: an experiment, one run of it, its repetition over seeds, and what the report published.

mod audit;
mod claims;
mod comparison;
mod confusion;
mod distribution;
mod experiment;
mod gains;
mod holm;
mod joint;
mod paired;
mod parquet;
mod proportion;
mod published;
mod records;
pub mod replay;
mod run;
mod runs;

pub use audit::{Conclusion, Defect, Evidence, Support};
pub use claims::{Claim, Claims, Required, Unit, Verdict};
pub use comparison::{Comparison, Row};
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use experiment::Experiment;
pub use gains::{Gain, Gains};
pub use holm::holm;
pub use joint::JointTest;
pub use proportion::Proportion;
pub use published::{Origin, Part, Published, published};
pub use records::Record;
pub use run::{Log, Run};
pub use runs::Runs;

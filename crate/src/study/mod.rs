//! Studies: an experiment, one run of it, its repetition over seeds, and what the report published.

mod claims;
mod confusion;
mod distribution;
mod experiment;
mod gains;
mod parquet;
mod records;
mod run;
mod runs;
mod unit;

pub use claims::{Claim, Claims, Required, Verdict};
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use experiment::{Difference, Experiment};
pub use gains::{Gain, Gains};
pub use records::Record;
pub use run::{Log, Run};
pub use runs::Runs;
pub use unit::Unit;

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

pub use claims::{Claim, Claims, Required, Unit, Verdict};
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use experiment::Experiment;
pub use gains::{Gain, Gains};
pub use records::Record;
pub use run::{Log, Run};
pub use runs::Runs;

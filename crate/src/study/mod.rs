//! Studies: an experiment, one run of it, its repetition over seeds, statistics, and claims about the results.

mod claims;
mod confusion;
mod distribution;
mod experiment;
mod gains;
mod judged;
mod parquet;
pub(crate) mod records;
mod run;
mod runs;
mod unit;

pub use claims::{Claim, Claims, Required, Verdict};
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use experiment::{Difference, Experiment};
pub use gains::{Gain, Gains};
pub use judged::{Judged, Mode};
pub use records::Record;
pub use run::Run;
pub use runs::Runs;
pub use unit::Unit;

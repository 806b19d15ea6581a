//! Studies: an experiment, one run of it, its repetition over seeds, statistics, and claims about the results.

mod claims;
mod classifiers;
mod confusion;
mod contents;
mod distribution;
mod evaluation;
mod factorial;
mod gains;
mod growing;
mod guard;
mod holm;
mod joint;
mod judged;
mod paired;
mod parquet;
mod proportion;
mod queue;
mod record;
mod records;
mod run;
mod runs;
mod seeds;
mod size_curve;
mod slurm;
mod solutions;
mod stored;
#[expect(clippy::module_inception, reason = "a file has the name of its type")]
mod study;
mod sweep;
mod unit;

pub use claims::{Claim, Claims, Required, Verdict};
pub use classifiers::Classifiers;
pub use confusion::{Confusion, Mistake};
pub use distribution::{Distribution, Interval};
pub use evaluation::Evaluation;
pub use factorial::Factorial;
pub use gains::{Gain, Gains};
pub use guard::{PORTABLE, is_portable};
pub use holm::holm;
pub use joint::JointTest;
pub use judged::{Judged, Mode};
pub use proportion::Proportion;
pub use record::Record;
pub use run::Run;
pub use runs::Runs;
pub use seeds::Seeds;
pub use size_curve::{SizeCurve, Worth};
pub use slurm::{Slurm, Status};
pub use solutions::Solutions;
pub use stored::{Rerun, Stored};
pub use study::Study;
pub use sweep::Sweep;
pub use unit::Unit;

pub use crate::train::Experiment;

pub(crate) use classifiers::{Classifier, weight_bytes};

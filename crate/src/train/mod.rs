//! Training: minibatch steps, epochs and their scores.
//!
//! An [`Experiment`] holds the settings, and a [`Trainer`] takes the steps. Behind it are engines that take the
//! same steps in different ways, see [`Engine`]: `reference` is the definition; `direct` and `span` divide the first
//! layer among threads (`sharded`) and differ in how they store it; `gram` is the span form of a linear model,
//! short enough to do without tensors. `plan` chooses.

mod engine;
mod examples;
mod experiment;
mod plateau;
mod score;
mod step;
mod trainer;

pub(crate) use engine::seconds;
pub use examples::Examples;
pub use experiment::{Engine, Experiment};
pub use plateau::{Plateau, PlateauSchedule};
pub use score::{Epoch, Metric, Score};
pub use trainer::Trainer;

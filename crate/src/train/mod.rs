//! Training: minibatch steps, epochs and their scores.
//!
//! [`Trainer`] is what the rest of the crate uses. Behind it are two engines that take the same steps: the
//! plain definition and a faster form for few images; see [`Engine`].

mod engine;
mod examples;
mod plain;
mod plateau;
mod score;
mod span;
mod trainer;

pub use engine::Engine;
pub use examples::Examples;
pub use plateau::{Plateau, PlateauSchedule};
pub use score::{Epoch, Metric, Score};
pub use trainer::{Trainer, TrainerSettings};

//! Training: minibatch steps, epochs and their scores.
//!
//! [`Trainer`] is what the rest of the crate uses. Behind it are three engines that take the same steps: the
//! plain definition and two faster forms, see [`Engine`]. Those split the first layer among threads (`sharded`)
//! and differ in how they keep it (`direct`, `span`). For a linear model on images that stay the same the span
//! form is short enough to be written without tensors (`dual`), and scored from `products`.

mod engine;
mod examples;
mod plateau;
mod score;
mod trainer;

pub use engine::Engine;
pub use examples::Examples;
pub use plateau::{Plateau, PlateauSchedule};
pub use score::{Epoch, Metric, Score};
pub use trainer::{Trainer, TrainerSettings};

//! Training: minibatch steps, epochs and their scores.

mod score;
mod trainer;

pub use score::{Epoch, Metric, Score};
pub use trainer::Trainer;

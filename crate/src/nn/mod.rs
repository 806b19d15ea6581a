//! Models, losses and the optimiser.

mod accuracy;
mod custom_loss;
mod device;
mod logits;
mod loss;
mod model;
mod network;
mod sgd;

pub use custom_loss::CustomLoss;
pub use device::Device;
pub use logits::Logits;
pub use loss::Loss;
pub use model::Model;
pub use network::{Layer, Network};
pub use sgd::Sgd;

pub(crate) use accuracy::accuracy;
pub(crate) use logits::prediction;
pub(crate) use sgd::{Accumulate, Parameter, at_least_zero, clip_factor};

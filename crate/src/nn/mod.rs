//! Models, losses and the optimiser.

mod custom_loss;
mod device;
mod labels;
mod logits;
mod loss;
mod model;
mod network;
mod number;
mod sgd;

pub use custom_loss::CustomLoss;
pub use device::Device;
pub use logits::Logits;
pub use loss::Loss;
pub use model::Model;
pub use network::{Layer, Network};
pub use sgd::Sgd;

pub(crate) use labels::{accuracy, check_labels};
pub(crate) use logits::{entries, is_predicted, numbers, prediction};
pub(crate) use network::uniform;
pub(crate) use number::{Many, Number};
pub(crate) use sgd::{Accumulate, Parameter, above_zero, at_least_zero, clip_factor};

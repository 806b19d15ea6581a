//! The two multi-class SVMs of Task 1a, solved exactly.
//!
//! [`Trainer`](crate::train::Trainer) takes steps of gradient descent and stops after some epochs. [`Svm`]
//! solves the same convex problem in its dual and returns a certificate: the duality gap.

mod certificate;
mod dual;
mod fit;
mod kernel;
mod problem;
mod weights;

pub use certificate::Certificate;
pub use fit::{Svm, TrainedSvm};
pub use kernel::Kernel;
pub use problem::SvmProblem;

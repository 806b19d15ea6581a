//! Linear SVMs, logistic regression and a hidden layer on 150 images of MNIST: a course report, rebuilt so
//! that it can be repeated and checked.
//!
//! The modules in the order of their dependencies; none imports one below it:
//!
//! 1. [`rng`]: the one source of randomness. [`data`]: digits from files or drawn by the crate, and random
//!    subsets of them.
//! 2. [`augment`]: random changes of images. [`nn`]: models, losses and the optimiser.
//! 3. [`train`]: minibatch steps, epochs and scores.
//!    [`features`], [`svm`], [`baseline`]: other representations, exact SVMs and other classifiers.
//! 4. [`study`]: experiments, runs, repetition over seeds, statistics and claims. [`original`]: all that belongs
//!    to this one report.
//! 5. [`plot`] and [`show`]: figures and tables; [`notebook`]: what else a notebook needs.
//!
//! ```
//! use hinge::prelude::*;
//!
//! let digits = Digits::synthetic(0);
//! let svm = Experiment { epochs: 20, ..Experiment::default() };
//! let runs: Runs = svm.repeat(&digits, 0..3)?;
//! let accuracy = runs.last(Metric::TestAccuracy)?;
//! assert!(accuracy.mean() > 0.5);
//! # Ok::<(), hinge::Error>(())
//! ```
#![warn(missing_docs)]

/// Makes `Debug` write what `Display` writes. Notebooks show it for a last value and for the error of a `?`: the reader
/// sees the sentence, not every number or a machine's paths.
macro_rules! debug_as_display {
    ($type:ty) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}

/// Makes `Display` write the name that a value has in JSON.
macro_rules! display_as_serialised {
    ($($type:ty),*) => {
        $(impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        })*
    };
}

pub mod augment;
pub mod baseline;
pub mod data;
mod error;
pub mod features;
// Its kernels loop over indices: then the compiler keeps sums in registers.
#[allow(clippy::needless_range_loop)]
mod linalg;
pub mod nn;
pub mod notebook;
pub mod original;
pub mod plot;
pub mod rng;
mod runtime;
pub mod show;
pub mod study;
pub mod svm;
pub mod train;

pub use error::{Error, Result};
pub use nn::{CustomLoss, Device, Layer, Logits, Loss, Model, Network, Sgd};

// For cells that call them themselves: with other features or versions they would be compiled once more.
pub use plotters;
pub use polars;
pub use serde_json;
pub use tch;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything a notebook uses, for `use hinge::prelude::*;`.
pub mod prelude {
    pub use crate::augment::{self, Compose, CustomTransform};
    pub use crate::baseline::{Convolutional, NearestNeighbours};
    pub use crate::data::{Digits, Images, Sample, Source, Split};
    pub use crate::features::{Hog, Representation};
    pub use crate::nn::{CustomLoss, Device, Loss, Model, Sgd};
    pub use crate::notebook::{self, seeds};
    pub use crate::original::{
        Answer, Comparison, Conclusion, Defect, Measured, Part, Place, Recipe, replay,
    };
    pub use crate::plot::{self, Figure};
    pub use crate::show::{Show, Table, final_results, final_results_over_seeds, show};
    pub use crate::study::{
        Claims, Classifiers, Confusion, Distribution, Experiment, Factorial, Gains, Interval,
        JointTest, Proportion, Required, Run, Runs, Seeds, SizeCurve, Slurm, Study, Sweep, Unit,
        holm,
    };
    pub use crate::svm::{Kernel, Svm, SvmProblem, TrainedSvm};
    pub use crate::train::{Engine, Metric, Plateau, Score};
    pub use polars::df;
    pub use polars::prelude::DataFrame;
}

//! Linear SVMs, logistic regression and a hidden layer on 150 images of MNIST: a course report, rebuilt so
//! that it can be repeated and checked.
//!
//! The modules stand in the order of their dependencies; nothing imports what stands below it:
//!
//! 1. [`data`]: digits from IDX files or drawn by the crate, and random subsets of them; [`seed`]: the one
//!    source of randomness.
//! 2. [`augment`]: what is done to images at random; [`Model`], [`Loss`], [`Sgd`], [`Network`]: what is
//!    trained, on what, and how.
//! 3. [`train`]: minibatch steps, epochs and scores.
//!    [`features`], [`svm`], [`baseline`]: other representations, exact SVMs and other classifiers.
//! 4. [`study`]: experiments, runs, repetition over seeds, comparison with the published values, claims.
//! 5. [`plot`] and [`show`]: figures and tables; [`notebook`]: what a notebook needs beside.
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

mod accuracy;
pub mod augment;
pub mod baseline;
pub mod data;
mod device;
mod error;
pub mod features;
mod files;
mod logits;
mod loss;
mod model;
mod network;
pub mod notebook;
mod own_loss;
pub mod plot;
mod progress;
pub mod seed;
mod sgd;
pub mod show;
pub mod study;
pub mod svm;
mod tensors;
mod threads;
pub mod train;

pub use device::Device;
pub use error::{Error, Result};
pub use logits::Logits;
pub use loss::Loss;
pub use model::Model;
pub use network::{Layer, Network};
pub use own_loss::OwnLoss;
pub use sgd::Sgd;
pub use tensors::pixels;

// For cells that call them themselves: with other features or versions they would be compiled once more.
pub use plotters;
pub use polars;
pub use serde_json;
pub use tch;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything a notebook uses, for `use hinge::prelude::*;`.
pub mod prelude {
    pub use crate::augment::{self, Compose, OwnTransform, Recipe};
    pub use crate::baseline::{Convolutional, NearestNeighbours};
    pub use crate::data::{Digits, Images, Sample, Source, Split};
    pub use crate::features::{Hog, Representation};
    pub use crate::notebook::{self, seeds};
    pub use crate::plot::{self, Figure};
    pub use crate::show::{Show, Table, final_results, final_results_over_seeds, show};
    pub use crate::study::replay;
    pub use crate::study::{
        Claims, Comparison, Conclusion, Confusion, Defect, Distribution, Experiment, Gains,
        Interval, JointTest, Part, Proportion, Required, Run, Runs, Unit, holm,
    };
    pub use crate::svm::{Kernel, Svm, SvmProblem, TrainedSvm};
    pub use crate::train::{Engine, Metric, Plateau, Score};
    pub use crate::{Device, Loss, Model, OwnLoss, Sgd};
    pub use polars::df;
    pub use polars::prelude::DataFrame;
}

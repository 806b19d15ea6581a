//! The convex problems: their penalties, losses and dual constraints.

use crate::nn::Loss;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which convex problem defines the SVM.
///
/// Scores are `s = W [x, 1]`. The bias is one more weight and is penalised like the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SvmProblem {
    /// The course's SVM (Crammer and Singer, 2001), with `strength` lambda:
    ///
    /// ```text
    /// lambda ||W||^2 + (1/n) sum over i of max over j of (delta(j, y_i) + s_ij - s_iy)
    /// ```
    Course,
    /// The report's SVM (Weston and Watkins, 1999), with `strength` omega:
    ///
    /// ```text
    /// omega/2 ||W||^2 + (1/n) sum over i of (1/classes) sum over j != y of max(0, 1 - s_iy + s_ij)
    /// ```
    Report,
}

impl SvmProblem {
    /// The loss of an example.
    pub fn loss(self) -> Loss {
        match self {
            SvmProblem::Course => Loss::MaxMargin,
            SvmProblem::Report => Loss::MultiMargin,
        }
    }

    /// `mu`, where the penalty is `mu/2 ||W||^2`.
    pub(super) fn curvature(self, strength: f64) -> f64 {
        match self {
            SvmProblem::Course => 2. * strength,
            SvmProblem::Report => strength,
        }
    }

    /// The bounds of the dual variables of one of `n` examples.
    pub(super) fn bounds(self, n: usize, classes: usize) -> Bounds {
        let n = n as f64;
        match self {
            SvmProblem::Course => Bounds { each: f64::INFINITY, sum: 1. / n },
            SvmProblem::Report => Bounds { each: 1. / (n * classes as f64), sum: f64::INFINITY },
        }
    }
}

impl fmt::Display for SvmProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SvmProblem::Course => "the course's SVM",
            SvmProblem::Report => "the report's SVM",
        })
    }
}

/// Upper bounds of an example's dual variables `alpha_j >= 0`, one for each class but its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The upper bound of each.
    pub each: f64,
    /// The upper bound of their sum.
    pub sum: f64,
}

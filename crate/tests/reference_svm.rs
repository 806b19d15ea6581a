//! The exact SVMs against optima of convex programs (cvxpy 1.9 with Clarabel): `tests/reference/exact_svm.json`,
//! and every `exact_svm.json` below the folder `HINGE_REFERENCE_DIR` if that variable is set.

mod common;

use common::{Checked, reference_files};
use hinge::svm::{Kernel, Svm, SvmProblem};
use serde::Deserialize;
use std::fs;
use tch::Tensor;

/// How far the objective may be from the optimum, relatively.
const OBJECTIVE: f64 = 1e-6;

/// How far a training score may be from that at the optimum.
const SCORE: f64 = 1e-3;

/// The gap to solve to. An objective within `gap` of the optimum leaves the scores within `|x| sqrt(2 gap / mu)` only,
/// so that scores to 1e-3 need more than the default.
const TOLERANCE: f64 = 1e-10;

/// A small classification problem and the optima of several SVMs on it.
#[derive(Deserialize)]
struct Problem {
    classes: usize,
    x: Vec<Vec<f64>>,
    y: Vec<u8>,
    optima: Vec<Optimum>,
}

#[derive(Deserialize)]
struct Optimum {
    kind: SvmProblem,
    strength: f64,
    gamma: Option<f64>,
    objective: f64,
    training_scores: Vec<Vec<f64>>,
    weights: Option<Vec<Vec<f64>>>,
}

#[test]
fn every_svm_reaches_the_optimum() -> Checked {
    for file in reference_files("exact_svm.json")? {
        let problems: Vec<Problem> = serde_json::from_str(&fs::read_to_string(&file)?)?;
        for problem in &problems {
            for optimum in &problem.optima {
                let svm = optimum.svm(problem.classes);
                let name = format!("{}: {svm}, {} examples", file.display(), problem.y.len());
                problem.check(&svm, optimum).map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    Ok(())
}

impl Optimum {
    fn svm(&self, classes: usize) -> Svm {
        Svm {
            problem: self.kind,
            strength: self.strength,
            kernel: self.gamma.map_or(Kernel::Linear, |gamma| Kernel::Rbf { gamma }),
            classes,
            tolerance: TOLERANCE,
            max_iterations: 100_000,
        }
    }
}

impl Problem {
    fn check(&self, svm: &Svm, optimum: &Optimum) -> Checked {
        let features = Tensor::from_slice(&self.x.concat()).view([self.y.len() as i64, -1]);
        let trained = svm.fit(&features, &self.y)?;
        let ours = trained.certificate.objective;
        let is_optimal = (ours / optimum.objective - 1.).abs() <= OBJECTIVE;
        if !is_optimal {
            return Err(
                format!("the optimum is {}, our objective {ours}", optimum.objective).into()
            );
        }
        let scores: Vec<f64> = trained.training_scores.rows().flatten().copied().collect();
        close("score", &scores, &optimum.training_scores.concat())?;
        let rescored = trained.scores(&features)?;
        let rescored: Vec<f64> = rescored.rows().flatten().copied().collect();
        close("score of new examples", &rescored, &optimum.training_scores.concat())?;
        match (&trained.weights, &optimum.weights) {
            (Some(ours), Some(expected)) => close("weight", &ours.concat(), &expected.concat()),
            _ => Ok(()),
        }
    }
}

fn close(what: &str, ours: &[f64], expected: &[f64]) -> Checked {
    assert_eq!(ours.len(), expected.len(), "number of {what}s");
    for (index, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        // NaN is never close: a comparison with it is false.
        let is_close = (ours - expected).abs() <= SCORE;
        if !is_close {
            let message = format!("{what} {index} is {expected} at the optimum, ours is {ours}");
            return Err(message.into());
        }
    }
    Ok(())
}

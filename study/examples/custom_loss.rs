//! A study with a loss of your own: the program has the commands of `hinge-study`, for this sweep.
//!
//!     cargo run -p hinge-study --example custom_loss -- run studies/squares

use hinge::prelude::*;
use std::process::ExitCode;

/// Half the squared distance of the logits from the label's one-hot vector.
fn squares(s: &[f64], y: usize) -> f64 {
    0.5 * gradient(s, y).iter().map(|g_j| g_j * g_j).sum::<f64>()
}

fn gradient(s: &[f64], y: usize) -> Vec<f64> {
    s.iter().enumerate().map(|(j, s_j)| s_j - if j == y { 1. } else { 0. }).collect()
}

fn sweep() -> hinge::Result<Sweep> {
    let losses = [CustomLoss::new("least squares", squares, gradient)?.into(), Loss::CrossEntropy];
    let experiments = losses.map(|loss| Experiment { loss, ..Experiment::default() });
    Ok(Sweep::new(experiments, 0..20))
}

fn main() -> ExitCode {
    match sweep() {
        Ok(sweep) => hinge_study::main(Some(sweep)),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

//! Training against PyTorch: every run of `sgd_trajectories.json`, epoch by epoch.
//!
//! The numbers were computed once with PyTorch 2.13 in 64-bit floats. `HINGE_REFERENCE_DIR` names another
//! folder of such files; all that lie in it, however deep, are then checked, too.

mod common;

use common::{Checked, reference_files};
use hinge::study::Experiment;
use hinge::train::{Engine, Examples, Score, Trainer};
use hinge::{Layer, Loss, Network, Sgd};
use serde::Deserialize;
use std::fs;
use tch::{Kind, Tensor};

/// A small classification problem and what PyTorch did with it.
#[derive(Deserialize)]
struct Trajectories {
    d: i64,
    #[serde(default)]
    hidden: i64,
    batch: usize,
    x: Vec<f64>,
    y: Vec<u8>,
    #[serde(default)]
    linear_init: Vec<Vec<f64>>,
    #[serde(default)]
    mlp_init: Vec<Vec<f64>>,
    permutations: Vec<Vec<usize>>,
    runs: Vec<TorchRun>,
}

#[derive(Deserialize)]
struct TorchRun {
    model: Architecture,
    loss: Loss,
    sgd: TorchSgd,
    history: Vec<TorchEpoch>,
    final_params: Vec<Vec<f64>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Architecture {
    Linear,
    Mlp,
}

/// The keyword arguments of `torch.optim.SGD`; one that we do not know would make the comparison void.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TorchSgd {
    lr: f64,
    #[serde(default)]
    weight_decay: f64,
    #[serde(default)]
    momentum: f64,
    #[serde(default)]
    nesterov: bool,
}

#[derive(Deserialize)]
struct TorchEpoch {
    loss: f64,
    mean_of_batch_losses: f64,
    accuracy: f64,
}

/// PyTorch's numbers are given to about ten digits.
const TOLERANCE: f64 = 1e-7;

#[test]
fn every_run_follows_pytorch_epoch_by_epoch() -> Checked {
    for file in reference_files("sgd_trajectories.json")? {
        let trajectories: Trajectories = serde_json::from_str(&fs::read_to_string(&file)?)?;
        assert!(!trajectories.runs.is_empty(), "{}: no runs", file.display());
        for run in &trajectories.runs {
            for engine in [Engine::Reference, Engine::Direct, Engine::Span] {
                let TorchRun { model, loss, sgd, .. } = run;
                let name = format!("{}: {model:?}, {loss}, {sgd:?}, {engine:?}", file.display());
                trajectories.check(run, engine).map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    Ok(())
}

impl Trajectories {
    fn check(&self, run: &TorchRun, engine: Engine) -> Checked {
        let TorchSgd { lr, weight_decay, momentum, nesterov } = run.sgd;
        let sgd = Sgd { learning_rate: lr, weight_decay, momentum, nesterov };
        let (loss, batch_size) = (run.loss, self.batch);
        let experiment = Experiment { loss, sgd, batch_size, engine, ..Experiment::default() };
        let scored = [self.examples()?, self.examples()?];
        let mut trainer =
            Trainer::new(&experiment, self.start(run.model), self.examples()?, scored)?;
        assert_eq!(run.history.len(), self.permutations.len());
        for (epoch, (order, expected)) in self.permutations.iter().zip(&run.history).enumerate() {
            trainer.epoch(order)?;
            let score = trainer.score()?.train;
            let unweighted = self.mean_of_batch_losses(&trainer.network(), run.loss)?;
            for (what, ours, expected) in [
                ("loss", score.loss, expected.loss),
                ("accuracy", score.accuracy, expected.accuracy),
                ("unweighted loss", unweighted, expected.mean_of_batch_losses),
            ] {
                close(&format!("{what} after epoch {}", epoch + 1), ours, expected)?;
            }
        }
        check_parameters(&trainer.network(), &run.final_params)
    }

    fn examples(&self) -> hinge::Result<Examples> {
        Examples::new(self.inputs(), self.y.clone())
    }

    fn inputs(&self) -> Tensor {
        Tensor::from_slice(&self.x).view([-1, self.d])
    }

    fn start(&self, model: Architecture) -> Network {
        let layer = |[weight, bias]: [&Vec<f64>; 2], inputs: i64| Layer {
            weight: Tensor::from_slice(weight).view([-1, inputs]),
            bias: Tensor::from_slice(bias),
        };
        let layers = match model {
            Architecture::Linear => {
                vec![layer([&self.linear_init[0], &self.linear_init[1]], self.d)]
            }
            Architecture::Mlp => vec![
                layer([&self.mlp_init[0], &self.mlp_init[1]], self.d),
                layer([&self.mlp_init[2], &self.mlp_init[3]], self.hidden),
            ],
        };
        Network::new(layers).expect("PyTorch's layers fit each other")
    }

    /// The original's average: over minibatches of unequal size, all weighted alike.
    fn mean_of_batch_losses(&self, network: &Network, loss: Loss) -> hinge::Result<f64> {
        let batches = self.inputs().split(self.batch as i64, 0);
        let score =
            |(inputs, labels): (&Tensor, &[u8])| Score::new(&network.logits(inputs)?, loss, labels);
        let scores = batches.iter().zip(self.y.chunks(self.batch)).map(score);
        let scores = scores.collect::<hinge::Result<Vec<Score>>>()?;
        Ok(scores.iter().map(|score| score.loss).sum::<f64>() / scores.len() as f64)
    }
}

fn check_parameters(network: &Network, expected: &[Vec<f64>]) -> Checked {
    let ours: Vec<&Tensor> =
        network.layers().iter().flat_map(|layer| [&layer.weight, &layer.bias]).collect();
    assert_eq!(ours.len(), expected.len());
    for (index, (ours, expected)) in ours.into_iter().zip(expected).enumerate() {
        assert_eq!(ours.kind(), Kind::Double);
        let difference =
            (ours.flatten(0, -1) - Tensor::from_slice(expected)).abs().max().double_value(&[]);
        close(&format!("greatest difference in final parameter {index}"), difference, 0.)?;
    }
    Ok(())
}

fn close(what: &str, ours: f64, expected: f64) -> Checked {
    // A comparison with NaN is false, so that NaN is never close.
    if (ours - expected).abs() <= TOLERANCE * expected.abs().max(1.) {
        Ok(())
    } else {
        Err(format!("{what}: PyTorch has {expected}, ours is {ours}").into())
    }
}

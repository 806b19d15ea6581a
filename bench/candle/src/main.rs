//! A peer in Rust: the workloads as a program with candle does them, on the CPU.
//!
//! ```text
//! candle-peer FOLDER
//! ```
//!
//! The protocol is that of `bench/peer.py`. What differs from the PyTorch program is the library alone.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::loss::cross_entropy;
use candle_nn::{Module, Optimizer, SGD, Sequential, VarBuilder, VarMap, linear, seq};
use serde::Deserialize;
use serde_json::json;
use std::time::Instant;
use std::{env, fs, io, thread};

const INPUTS: usize = 784;
const UNITS: usize = 5_000;
const CLASSES: usize = 10;
const TEST: usize = 1_000;
const BATCH: usize = 32;
const LEARNING_RATE: f64 = 0.02;
/// The number of images in a forward pass.
const SCORED: usize = 1_000;

#[derive(Deserialize)]
struct Workload {
    kind: Kind,
    train: usize,
    epochs: usize,
    round_seconds: f64,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    LinearSvm,
    LogisticRegression,
    Hidden,
}

/// Images, `[n, 784]`, and their labels, `[n]`.
struct Examples {
    images: Tensor,
    labels: Tensor,
}

fn main() -> anyhow::Result<()> {
    let folder = env::args().nth(1).unwrap_or_default();
    let (train, test) = (Examples::read(&folder, "train")?, Examples::read(&folder, "t10k")?);
    let threads = thread::available_parallelism()?.get();
    println!("{}", json!({ "candle": "0.11.1", "threads": threads }));
    for line in io::stdin().lines() {
        let workload: Workload = serde_json::from_str(&line?)?;
        let (start, mut times) = (Instant::now(), 0.);
        while times == 0. || start.elapsed().as_secs_f64() < workload.round_seconds {
            workload.fit(&train.sample(workload.train)?, &test.sample(TEST)?)?;
            times += 1.;
        }
        println!("{}", json!({ "seconds": start.elapsed().as_secs_f64() / times }));
    }
    Ok(())
}

impl Examples {
    /// One half of the digits in a folder, from plain IDX files.
    fn read(folder: &str, half: &str) -> anyhow::Result<Examples> {
        let labels = fs::read(format!("{folder}/{half}-labels-idx1-ubyte"))?.split_off(8);
        let images = fs::read(format!("{folder}/{half}-images-idx3-ubyte"))?.split_off(16);
        let images = Tensor::from_vec(images, (labels.len(), INPUTS), &Device::Cpu)?;
        let count = labels.len();
        Ok(Examples {
            images: (images.to_dtype(DType::F32)? / 255.)?,
            labels: Tensor::from_vec(labels, count, &Device::Cpu)?.to_dtype(DType::U32)?,
        })
    }

    fn count(&self) -> usize {
        self.labels.elem_count()
    }

    /// The examples at `indices`.
    fn rows(&self, indices: &Tensor) -> Result<Examples> {
        Ok(Examples {
            images: self.images.index_select(indices, 0)?,
            labels: self.labels.index_select(indices, 0)?,
        })
    }

    /// `count` of the examples, drawn at random.
    fn sample(&self, count: usize) -> Result<Examples> {
        self.rows(&permutation(self.count())?.narrow(0, 0, count)?)
    }
}

impl Workload {
    /// Trains a model; the result is its loss and accuracy on both sets after every epoch.
    fn fit(&self, train: &Examples, test: &Examples) -> Result<Vec<[(f32, f32); 2]>> {
        let variables = VarMap::new();
        let model = self.model(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
        let mut optimiser = SGD::new(variables.all_vars(), LEARNING_RATE)?;
        let epoch = |_| {
            let order = permutation(self.train)?;
            for first in (0..self.train).step_by(BATCH) {
                let batch =
                    train.rows(&order.narrow(0, first, BATCH.min(self.train - first))?)?;
                optimiser
                    .backward_step(&self.loss(&model.forward(&batch.images)?, &batch.labels)?)?;
            }
            Ok([self.score(&model, train)?, self.score(&model, test)?])
        };
        (0..self.epochs).map(epoch).collect()
    }

    fn model(&self, variables: VarBuilder) -> Result<Sequential> {
        let model = seq();
        if self.kind != Kind::Hidden {
            return Ok(model.add(linear(INPUTS, CLASSES, variables)?));
        }
        let model = model.add(linear(INPUTS, UNITS, variables.pp("first"))?);
        Ok(model.add(|x: &Tensor| x.relu()).add(linear(UNITS, CLASSES, variables.pp("second"))?))
    }

    fn loss(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        match self.kind {
            Kind::LogisticRegression => cross_entropy(logits, labels),
            Kind::LinearSvm | Kind::Hidden => multi_margin(logits, labels),
        }
    }

    /// The mean loss and the accuracy.
    fn score(&self, model: &Sequential, examples: &Examples) -> Result<(f32, f32)> {
        let blocks = (0..examples.count()).step_by(SCORED);
        let logits = blocks.map(|first| {
            let size = SCORED.min(examples.count() - first);
            Ok(model.forward(&examples.images.narrow(0, first, size)?)?.detach())
        });
        let logits = Tensor::cat(&logits.collect::<Result<Vec<Tensor>>>()?, 0)?;
        let correct = logits.argmax(D::Minus1)?.eq(&examples.labels)?.to_dtype(DType::F32)?;
        let loss = self.loss(&logits, &examples.labels)?;
        Ok((loss.to_scalar()?, correct.mean_all()?.to_scalar()?))
    }
}

/// The mean of `sum over j != y of max(0, 1 - s_y + s_j) / classes`; with `j = y` the sum would be 1 more.
fn multi_margin(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let own = logits.gather(&labels.unsqueeze(1)?, 1)?;
    let margins = (logits.broadcast_sub(&own)? + 1.)?.relu()?;
    ((margins.sum(1)? - 1.)? / CLASSES as f64)?.mean_all()
}

/// The numbers below `count` in random order.
fn permutation(count: usize) -> Result<Tensor> {
    Tensor::rand(0f32, 1f32, (1, count), &Device::Cpu)?.arg_sort_last_dim(true)?.squeeze(0)
}

//! What `bench/run.py` measures on our side.
//!
//! ```text
//! bench ours             does workloads with this crate
//! bench limit            does their matrix products and nothing else
//! bench digits FOLDER    writes the digits for the peers as IDX files, and says which they are
//! ```
//!
//! The first two begin by saying what they are. Then each line of the input is a workload in JSON, and each
//! line of the output its time, `{"seconds": 1.34}`; between them there may be lines on the progress.

mod limit;

use hinge::data::SIDE;
use hinge::prelude::*;
use hinge::rng::{Stream, random};
use limit::Training;
use serde::Deserialize;
use serde_json::json;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, io, thread};

/// ReLU units of the hidden layer, as in the report.
const UNITS: usize = 5_000;
/// The time does not depend on it.
const SEED: u64 = 0;

/// A piece of work; `bench/workloads.py` says what each kind is.
#[derive(Deserialize)]
struct Workload {
    kind: Kind,
    /// How many training images are drawn.
    train: usize,
    epochs: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    LinearSvm,
    LogisticRegression,
    Hidden,
    HiddenAugmented,
    Augmenting,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["ours"] => ours(),
        ["limit"] => answer(limit),
        ["digits", folder] => digits(Path::new(folder)),
        _ => {
            Err(format!("expected `ours`, `limit` or `digits FOLDER`, found {arguments:?}").into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every workload of the input with the seconds it takes.
fn answer(
    seconds: impl Fn(&Workload) -> Result<f64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    println!("{}", json!({ "hinge": hinge::VERSION, "threads": threads() }));
    for line in io::stdin().lines() {
        let workload = serde_json::from_str(&line?)?;
        println!("{}", json!({ "seconds": seconds(&workload)? }));
    }
    Ok(())
}

fn ours() -> Result<(), Box<dyn Error>> {
    let digits = Digits::load()?;
    answer(|workload| {
        let start = Instant::now();
        match workload.kind {
            // On a thread of the pool, as an experiment does it.
            Kind::Augmenting => rayon::scope(|_| augment(workload, &digits))?,
            _ => drop(workload.experiment().run(&digits, SEED)?),
        }
        Ok(start.elapsed().as_secs_f64())
    })
}

impl Workload {
    fn experiment(&self) -> Experiment {
        let protocol =
            Experiment { train_examples: self.train, epochs: self.epochs, ..Experiment::default() };
        match self.kind {
            Kind::LinearSvm => protocol,
            Kind::LogisticRegression => Experiment { loss: Loss::CrossEntropy, ..protocol },
            Kind::Hidden => Experiment { model: Model::hidden(UNITS), ..protocol },
            Kind::HiddenAugmented | Kind::Augmenting => Experiment {
                model: Model::hidden(UNITS),
                train_transform: Recipe::R4.transforms(),
                ..protocol
            },
        }
    }
}

/// Makes the training images of every epoch, and trains on none.
fn augment(workload: &Workload, digits: &Digits) -> hinge::Result<()> {
    const SIDES: i64 = SIDE as i64;
    let experiment = workload.experiment();
    let split = digits.sample(&experiment.sample(SEED))?;
    let images = split.train.to_tensor().view([-1, SIDES, SIDES]);
    let (transform, mut augmentation) =
        (experiment.train_transform, random(SEED, Stream::Augmentation));
    for _ in 0..workload.epochs {
        drop(black_box(transform.apply(&images, &mut augmentation)?));
    }
    Ok(())
}

fn limit(workload: &Workload) -> Result<f64, Box<dyn Error>> {
    let augmented = match workload.kind {
        Kind::Hidden => false,
        Kind::HiddenAugmented => true,
        _ => return Err("expected a hidden layer, which alone has a limit, found another".into()),
    };
    let training = Training {
        images: workload.train as i64,
        units: UNITS as i64,
        epochs: workload.epochs,
        augmented,
    };
    Ok(training.seconds(threads()))
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get())
}

/// Writes the digits under the names of MNIST's files.
fn digits(folder: &Path) -> Result<(), Box<dyn Error>> {
    let digits = Digits::load()?;
    fs::create_dir_all(folder)?;
    for (half, images) in [("train", &digits.train), ("t10k", &digits.test)] {
        let count = u32::try_from(images.len())?;
        let side = SIDE as u32;
        let (of_images, of_labels) = ([0x0803, count, side, side], [0x0801, count]);
        let write = |name: &str, header: &[u32], values: &[u8]| {
            let header: Vec<u8> = header.iter().flat_map(|n| n.to_be_bytes()).collect();
            fs::write(folder.join(format!("{half}-{name}")), [&header, values].concat())
        };
        write("images-idx3-ubyte", &of_images, images.pixels())?;
        write("labels-idx1-ubyte", &of_labels, images.labels())?;
    }
    let source = &digits.source;
    println!(
        "{}",
        json!({ "description": source.to_string(), "is_mnist": source.is_mnist(), "train": digits.train.len() })
    );
    Ok(())
}

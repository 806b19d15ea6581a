//! What `bench/run.py` measures on our side.
//!
//! ```text
//! bench ours                 does workloads with this crate
//! bench digits FOLDER        writes the digits for the peers as IDX files, and says which they are
//! bench machine              measures the machine's peak rate and bandwidth
//! bench figure RESULTS SVG   draws the results that `bench/run.py` wrote
//! ```
//!
//! The first begins by saying what it is. Then each line of the input is a workload in JSON, and each line of the
//! output its time, `{"seconds": 1.34}`, with what else is known of it; between them there may be lines on the progress.

mod peak;
mod work;

use hinge::data::SIDE;
use hinge::prelude::*;
use hinge::rng::{Stream, random};
use serde::Deserialize;
use serde_json::{Value, json};
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, io, thread};
use work::{Training, Work};

/// ReLU units of the hidden layer, as in the report.
const UNITS: usize = 5_000;
/// The exact SVM: the penalty's factor lambda, the RBF kernel's gamma, and the relative duality gap to reach.
const STRENGTH: f64 = 0.001;
const GAMMA: f64 = 0.02;
const GAP: f64 = 1e-3;

/// A piece of work; `bench/workloads.py` says what each kind is.
#[derive(Deserialize)]
struct Workload {
    kind: Kind,
    /// How many training images are drawn.
    train: usize,
    epochs: usize,
    /// How many runs, side by side.
    seeds: u64,
    /// How long a round lasts at least.
    round_seconds: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    LinearSvm,
    LogisticRegression,
    Hidden,
    HiddenAugmented,
    Augmenting,
    ExactLinear,
    ExactRbf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["ours"] => ours(),
        ["digits", folder] => digits(Path::new(folder)),
        ["machine"] => machine(),
        ["figure", results, svg] => figure(results, svg),
        _ => Err(format!(
            "expected `ours`, `digits FOLDER`, `machine` or `figure RESULTS SVG`, found {arguments:?}"
        )
        .into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does every workload of the input.
fn ours() -> Result<(), Box<dyn Error>> {
    let digits = Digits::load()?;
    println!("{}", json!({ "hinge": hinge::VERSION, "threads": threads() }));
    for line in io::stdin().lines() {
        let workload: Workload = serde_json::from_str(&line?)?;
        println!("{}", workload.answer(&digits)?);
    }
    Ok(())
}

/// Measures what the machine can do.
fn machine() -> Result<(), Box<dyn Error>> {
    let (rate, bandwidth) = (peak::rate(threads()), peak::bandwidth(threads()));
    println!("{}", json!({ "flops": rate, "bytes": bandwidth }));
    Ok(())
}

impl Workload {
    /// The seconds of a run, and the work that it needs at least or the certificate of its solution.
    fn answer(&self, digits: &Digits) -> Result<Value, Box<dyn Error>> {
        let (seconds, ()) = match self.kind {
            Kind::ExactLinear => return self.solve(Kernel::Linear, digits),
            Kind::ExactRbf => return self.solve(Kernel::Rbf { gamma: GAMMA }, digits),
            // On a thread of the pool, as an experiment does it.
            Kind::Augmenting => self.timed(|seed| rayon::scope(|_| augment(self, digits, seed)))?,
            _ if self.seeds > 1 => self.timed(|part| {
                let seeds = part * self.seeds..(part + 1) * self.seeds;
                self.experiment().repeat(digits, seeds).map(drop)
            })?,
            _ => self.timed(|seed| self.experiment().run(digits, seed).map(drop))?,
        };
        let (seconds, Work { flops, bytes }) = (seconds / self.seeds as f64, self.work());
        Ok(json!({ "seconds": seconds, "flops": flops, "bytes": bytes }))
    }

    /// Solves the course's SVM on the first images.
    fn solve(&self, kernel: Kernel, digits: &Digits) -> Result<Value, Box<dyn Error>> {
        let indices: Vec<usize> = (0..self.train).collect();
        let images = digits.train.select(&indices)?;
        let features = images.to_tensor();
        let svm = Svm { kernel, strength: STRENGTH, tolerance: GAP, ..Svm::default() };
        let (seconds, fitted) = self.timed(|_| svm.fit(&features, images.labels()))?;
        let certificate = &fitted.certificate;
        Ok(json!({ "seconds": seconds, "gap": certificate.gap(), "dual": certificate.dual }))
    }

    /// Repeats work for a round, the first time with seed 0, then with the next: the mean of the seconds, and what the
    /// last one made.
    fn timed<T>(&self, mut work: impl FnMut(u64) -> hinge::Result<T>) -> hinge::Result<(f64, T)> {
        let (start, mut seed) = (Instant::now(), 0);
        loop {
            let made = work(seed)?;
            seed += 1;
            let seconds = start.elapsed().as_secs_f64();
            if seconds >= self.round_seconds {
                return Ok((seconds / seed as f64, made));
            }
        }
    }

    fn work(&self) -> Work {
        let (train, epochs) = (self.train, self.epochs);
        match self.kind {
            Kind::Augmenting => work::augmenting((train * epochs) as f64),
            Kind::Hidden => Training::new(train, epochs, Some(UNITS)).work(),
            Kind::HiddenAugmented => {
                Training { is_augmented: true, ..Training::new(train, epochs, Some(UNITS)) }.work()
            }
            _ => Training::new(train, epochs, None).work(),
        }
    }

    fn experiment(&self) -> Experiment {
        let protocol =
            Experiment { train_examples: self.train, epochs: self.epochs, ..Experiment::default() };
        match self.kind {
            Kind::LinearSvm | Kind::ExactLinear | Kind::ExactRbf => protocol,
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

/// Draws the results in a JSON file as an SVG file.
fn figure(results: &str, svg: &str) -> Result<(), Box<dyn Error>> {
    Ok(hinge::plot::benchmark(&fs::read_to_string(results)?)?.save(svg)?)
}

/// Makes the training images of every epoch, and trains on none.
fn augment(workload: &Workload, digits: &Digits, seed: u64) -> hinge::Result<()> {
    const SIDES: i64 = SIDE as i64;
    let experiment = workload.experiment();
    let split = experiment.split(digits, seed)?;
    let images = split.train.to_tensor().view([-1, SIDES, SIDES]);
    let (transform, mut augmentation) =
        (experiment.train_transform, random(seed, Stream::Augmentation));
    for _ in 0..workload.epochs {
        drop(black_box(transform.apply(&images, &mut augmentation)?));
    }
    Ok(())
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

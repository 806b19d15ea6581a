//! How long the crate's parts take, on synthetic digits: training with each engine, augmenting by each recipe,
//! scoring, reading, drawing.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use hinge::data::SIDE;
use hinge::data::idx::{self, Kind};
use hinge::prelude::*;
use hinge::rng::{Stream, random};
use std::io::{self, Write};
use std::path::Path;

const UNITS: usize = 5_000;

/// Ten epochs of each model with each engine, on 150 images, scored on 1 000 after every epoch.
fn engines(criterion: &mut Criterion) {
    let digits = Digits::synthetic(0);
    for (name, model) in [("linear", Model::linear()), ("5000 units", Model::hidden(UNITS))] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for engine in [Engine::Plain, Engine::Direct, Engine::Span] {
            let experiment =
                Experiment { model: model.clone(), engine, epochs: 10, ..Experiment::default() };
            group.bench_function(BenchmarkId::from_parameter(format!("{engine:?}")), |bencher| {
                bencher.iter(|| experiment.run(&digits, 0));
            });
        }
        group.finish();
    }
}

/// The 150 training images of an epoch.
fn recipes(criterion: &mut Criterion) {
    let images = run(Model::linear(), 1).split.train;
    let images = images.to_tensor().view([-1, SIDE as i64, SIDE as i64]);
    let mut group = criterion.benchmark_group("augmenting 150 images");
    for recipe in Recipe::ALL {
        let (transforms, mut random) = (recipe.transforms(), random(0, Stream::Augmentation));
        group.bench_function(BenchmarkId::from_parameter(recipe), |bencher| {
            bencher.iter(|| transforms.apply(&images, &mut random));
        });
    }
    group.finish();
}

/// The losses of a trained network on 1 000 images.
fn scoring(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scoring 1000 images");
    for model in [Model::linear(), Model::hidden(UNITS)] {
        let run = run(model, 1);
        group.bench_function(BenchmarkId::from_parameter(&run.experiment.model), |bencher| {
            bencher.iter(|| run.losses(&run.split.test, Loss::MultiMargin));
        });
    }
    group.finish();
}

/// A gzip'd file of 2 000 images, from memory.
fn reading(criterion: &mut Criterion) {
    let file = gzip(&Digits::synthetic(0).test).expect("memory can be written to");
    criterion.bench_function("reading 2000 images", |bencher| {
        bencher.iter(|| idx::decode(&file[..], Path::new("images.gz"), Kind::Images));
    });
}

fn gzip(images: &Images) -> io::Result<Vec<u8>> {
    let mut file = GzEncoder::new(Vec::new(), Compression::default());
    for number in [0x0803, images.len() as u32, SIDE as u32, SIDE as u32] {
        file.write_all(&number.to_be_bytes())?;
    }
    file.write_all(images.pixels())?;
    file.finish()
}

/// The curves of a run of 100 epochs.
fn drawing(criterion: &mut Criterion) {
    let run = run(Model::linear(), 100);
    criterion.bench_function("drawing learning curves", |bencher| {
        bencher.iter(|| plot::learning_curves(&run));
    });
}

/// A run of the protocol.
fn run(model: Model, epochs: usize) -> Run {
    let experiment = Experiment { model, epochs, ..Experiment::default() };
    let run = experiment.run(&Digits::synthetic(0), 0);
    run.expect("the protocol is valid")
}

criterion_group!(benches, engines, recipes, scoring, reading, drawing);
criterion_main!(benches);

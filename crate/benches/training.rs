//! How long training takes, and what the span engine saves against the plain definition, on synthetic digits.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hinge::prelude::*;

/// Ten epochs of each model with each engine, on 150 images, scored on 1 000 after every epoch.
fn engines(criterion: &mut Criterion) {
    let digits = Digits::synthetic(0);
    for (name, model) in [
        ("linear", Model::linear()),
        ("5000 units", Model::hidden(5_000)),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for engine in [Engine::Plain, Engine::Span] {
            let experiment = Experiment {
                model: model.clone(),
                engine,
                epochs: 10,
                ..Experiment::default()
            };
            group.bench_function(
                BenchmarkId::from_parameter(format!("{engine:?}")),
                |bencher| {
                    bencher.iter(|| experiment.run(&digits, 0));
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, engines);
criterion_main!(benches);

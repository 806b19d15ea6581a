//! Any settings give finite results or an error that is a sentence, and never a panic.

use hinge::data::idx::{self, Kind};
use hinge::prelude::*;
use hinge::study::Record;
use proptest::prelude::*;
use std::sync::LazyLock;

static DIGITS: LazyLock<Digits> = LazyLock::new(|| Digits::synthetic(0));

/// Mostly ordinary numbers, sometimes any float.
fn number(ordinary: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    prop_oneof![4 => ordinary, 1 => any::<f64>()]
}

fn counts(ordinary: std::ops::Range<usize>) -> impl Strategy<Value = usize> {
    prop_oneof![9 => ordinary, 1 => Just(usize::MAX), 1 => Just(0)]
}

fn sgd() -> impl Strategy<Value = Sgd> {
    let numbers = (number(0.0..0.5), number(0.0..0.5), number(0.0..1.0));
    (numbers, any::<bool>()).prop_map(|((learning_rate, weight_decay, momentum), nesterov)| Sgd {
        learning_rate,
        weight_decay,
        momentum,
        nesterov,
    })
}

fn plateau() -> impl Strategy<Value = Option<Plateau>> {
    let numbers = (number(0.0..1.0), number(0.0..0.1), 0..3usize);
    let plateau = numbers.prop_map(|(factor, min_learning_rate, patience)| Plateau {
        metric: Metric::TestLoss,
        factor,
        patience,
        min_learning_rate,
    });
    proptest::option::weighted(0.2, plateau)
}

fn compose() -> impl Strategy<Value = Compose> {
    let rotation = number(-20.0..20.0).prop_map(|d| augment::RandomRotation::new(d).into());
    let affine = (number(0.0..20.0), number(0.0..0.3)).prop_map(|(degrees, share)| {
        augment::RandomAffine {
            translate: [share, share],
            scale: 1. - share..=1. + share,
            ..augment::RandomAffine::new(degrees)
        }
        .into()
    });
    let blur = (0..40usize, number(0.1..2.0)).prop_map(|(kernel_size, sigma)| {
        augment::GaussianBlur { kernel_size, sigma: sigma..=sigma }.into()
    });
    let elastic = (number(0.0..50.0), number(0.5..5.0)).prop_map(|(alpha, sigma)| {
        augment::ElasticTransform { alpha, sigma, ..Default::default() }.into()
    });
    let normalize = (number(0.0..1.0), number(0.1..1.0))
        .prop_map(|(mean, std)| augment::Normalize { mean, std }.into());
    let erasing = (number(0.0..1.0), number(0.1..0.5)).prop_map(|(p, share)| {
        augment::RandomErasing { p, scale: share / 2.0..=share, ..Default::default() }.into()
    });
    let one = prop_oneof![rotation, affine, blur, elastic, normalize, erasing];
    proptest::collection::vec(one, 0..3)
        .prop_map(|transforms: Vec<augment::Transform>| Compose::new(transforms))
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let losses =
        prop_oneof![Just(Loss::MultiMargin), Just(Loss::MaxMargin), Just(Loss::CrossEntropy)];
    let engines = prop_oneof![
        Just(Engine::Automatic),
        Just(Engine::Reference),
        Just(Engine::Direct),
        Just(Engine::Span)
    ];
    let layers = proptest::collection::vec(prop_oneof![9 => 1..30usize, 1 => Just(0)], 0..3);
    let sizes = (counts(1..60), counts(1..40), 0..4usize, counts(1..50), counts(1..3));
    let clip_norm = proptest::option::weighted(0.3, number(0.1..5.0));
    ((layers, losses, sgd(), engines), (sizes, clip_norm, plateau()), (compose(), compose()))
        .prop_map(|((layers, loss, sgd, engine), (sizes, clip_norm, plateau), transforms)| {
            let (train_examples, test_examples, epochs, batch_size, score_every) = sizes;
            Experiment {
                model: Model { hidden_units: layers },
                loss,
                sgd,
                train_examples,
                test_examples,
                epochs,
                batch_size,
                train_transform: transforms.0,
                test_transform: transforms.1,
                plateau,
                clip_norm,
                score_every,
                engine,
                device: Device::Cpu,
            }
        })
}

fn is_sentence(text: &str) -> bool {
    text.ends_with('.') && text.chars().any(char::is_whitespace)
}

fn is_sound(record: &Record) -> bool {
    [record.scores.train, record.scores.test].iter().all(|score| {
        score.loss.is_finite() && score.loss >= 0. && (0. ..=1.).contains(&score.accuracy)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_run_is_finite_or_an_error_that_is_a_sentence(experiment in experiment(), seed: u64) {
        match experiment.run(&DIGITS, seed) {
            Ok(run) => {
                prop_assert!(run.records().iter().all(is_sound), "{:?}", run.records());
                prop_assert!(plot::learning_curves(&run).is_ok());
                let evaluation = run.evaluate(&run.split.test);
                prop_assert!(evaluation.is_ok_and(|e| e.predictions().len() == run.split.test.len()));
            }
            Err(error) => prop_assert!(is_sentence(&error.to_string()), "{error}"),
        }
    }

    #[test]
    fn what_is_asked_of_a_run_is_there_or_an_error(epoch: usize, every: usize, rows: usize, columns: usize) {
        let short = Experiment { epochs: 2, train_examples: 20, test_examples: 20, ..Experiment::default() };
        let run = short.run(&DIGITS, 0).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(run.at(epoch).is_ok(), (1..=2).contains(&epoch));
        let _ = run.log(every).to_string();
        prop_assert!(plot::mistakes(&run, every).is_ok());
        prop_assert!(plot::grid(&run.split.train, rows, columns).is_ok());
    }

    #[test]
    fn any_bytes_are_idx_or_a_fault_that_names_the_file(mut bytes: Vec<u8>, header in 0..3usize, items in 0..4u8) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("some-file");
        let headers: [&[u8]; 3] = [&[], &[0, 0, 8, 1, 0, 0, 0, items], &[0, 0, 8, 3, 0, 0, 0, items, 0, 0, 0, 28, 0, 0, 0, 28]];
        bytes.splice(0..0, headers[header].iter().copied());
        std::fs::write(&path, &bytes)?;
        for kind in [Kind::Images, Kind::Labels] {
            match idx::read(&path, kind) {
                Ok(idx) => prop_assert!(!idx.items.is_empty()),
                Err(fault) => prop_assert!(fault.to_string().contains("some-file") && is_sentence(&fault.to_string())),
            }
        }
    }
}

//! Engines: ways to compute the same steps, see [`Engine`](super::Engine).

mod direct;
mod gram;
mod head;
mod linear;
mod plan;
mod reference;
mod sharded;
mod span;

use super::examples::Examples;
use super::experiment::Experiment;
use super::step::Training;
use crate::data::{CLASSES, PIXELS};
use crate::error::Result;
use crate::nn::Network;
use plan::{Cost, Plan};
use tch::Kind;

/// About how many seconds one core needs for a run on digits, within a factor of 3.
pub(crate) fn seconds(experiment: &Experiment) -> f64 {
    const OF_AN_AUGMENTED_IMAGE: f64 = 3e-6;
    let (train, hidden) = (experiment.train_examples, &experiment.model.hidden_units);
    let cost = Cost {
        experiment,
        inputs: PIXELS,
        train_examples: train,
        scored_examples: train.saturating_add(experiment.test_examples),
        augmented: experiment.train_transform.is_random(),
        units: hidden.first().copied().unwrap_or(CLASSES),
        is_linear: hidden.is_empty(),
    };
    let augmented = if cost.augmented { train.saturating_mul(experiment.epochs) } else { 0 };
    cost.seconds() + OF_AN_AUGMENTED_IMAGE * augmented as f64
}

/// The engine that `experiment` asks for, before the first step. Scores can be asked for on each of `scored`.
pub(super) fn start(
    experiment: &Experiment,
    network: Network,
    train: &Examples,
    scored: &[Examples; 2],
) -> Result<Box<dyn Training>> {
    let cost = Cost {
        experiment,
        inputs: train.inputs(),
        train_examples: train.count(),
        scored_examples: scored.iter().map(Examples::count).sum(),
        augmented: train.are_random(),
        units: network.layers[0].bias.size()[0] as usize,
        is_linear: network.layers.len() == 1,
    };
    let sgd = &experiment.sgd;
    Ok(match cost.plan()? {
        Plan::Reference => Box::new(reference::Reference::new(network)),
        Plan::Direct => match (linear::images(&network, train), network.options().0) {
            (None, _) => Box::new(direct::Direct::new(network, sgd)),
            (Some(images), Kind::Double) => {
                Box::new(linear::Linear::<f64>::new(network, images, experiment.batch_size, sgd))
            }
            (Some(images), _) => {
                Box::new(linear::Linear::<f32>::new(network, images, experiment.batch_size, sgd))
            }
        },
        Plan::Gram => Box::new(gram::GramEngine::new(network, train, scored)?),
        Plan::Span(plan) => Box::new(span::Span::new(network, train, scored, plan, sgd)?),
    })
}

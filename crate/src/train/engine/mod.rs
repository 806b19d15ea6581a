//! Engines: ways to compute the same steps, see [`Engine`](super::Engine).

mod direct;
mod gram;
mod head;
mod plan;
mod reference;
mod sharded;
mod span;

use super::examples::Examples;
use super::experiment::Experiment;
use super::step::Training;
use crate::error::Result;
use crate::nn::Network;
use plan::{Cost, Plan};

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
        Plan::Direct => Box::new(direct::Direct::new(network, sgd)),
        Plan::Gram => Box::new(gram::GramEngine::new(network, train, scored)?),
        Plan::Span(plan) => Box::new(span::Span::new(network, train, scored, plan, sgd)?),
    })
}

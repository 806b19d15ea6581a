//! One run of an experiment.

use super::Experiment;
use crate::augment::Compose;
use crate::data::{Images, Split};
use crate::error::{Error, Result};
use crate::nn::Logits;
use crate::nn::Loss;
use crate::nn::Network;
use crate::rng::{Stream, random};

use crate::train::{Epoch, Examples, Metric, Score};
use std::fmt;

/// One run: its settings and seed, the images it drew, the scores after each epoch and the trained network.
///
/// ```
/// use hinge::prelude::*;
///
/// let run: Run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 42)?;
/// assert_eq!((run.split.train.len(), run.split.test.len()), (150, 1_000));
/// assert_eq!(run.curve(Metric::TestLoss), [1, 2, 3].map(|epoch| run.at(epoch).unwrap().test.loss));
/// assert!(run.at(4).is_err());
/// assert_eq!(run.predict(&run.split.test).len(), 1_000);
/// # Ok::<(), hinge::Error>(())
/// ```
pub struct Run {
    /// What was done.
    pub experiment: Experiment,
    /// The seed that it was done with.
    pub seed: u64,
    /// The images that it was trained and tested on.
    pub split: Split,
    history: Vec<Epoch>,
    network: Network,
}

impl Run {
    pub(crate) fn new(
        experiment: Experiment,
        seed: u64,
        split: Split,
        history: Vec<Epoch>,
        network: Network,
    ) -> Run {
        Run { experiment, seed, split, history, network }
    }

    /// The scores after each epoch that was scored, first to last.
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// The scores after `epoch`, counted from 1.
    ///
    /// # Errors
    /// [`Error::NoSuchEpoch`] if the run did not last that long, or `epoch` is 0.
    pub fn at(&self, epoch: usize) -> Result<Epoch> {
        at(&self.history, epoch)
    }

    /// The scores after the last epoch.
    pub fn last(&self) -> Epoch {
        // An experiment has at least one epoch: Experiment::validate sees to it.
        self.history[self.history.len() - 1]
    }

    /// The values of one metric after each epoch.
    pub fn curve(&self, metric: Metric) -> Vec<f64> {
        self.history.iter().map(|epoch| epoch.get(metric)).collect()
    }

    /// The trained network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The trained network's score on images that are transformed first; the run's seed decides what is random
    /// in it.
    ///
    /// # Errors
    /// An invalid parameter of the transform, and [`Error::Setting`] for no images.
    pub fn score(&self, images: &Images, transform: &Compose) -> Result<Score> {
        let mut random = random(self.seed, Stream::Augmentation);
        let examples = Examples::of_images(images, transform.clone(), &mut random);
        let inputs = examples.all(self.network.options())?;
        let logits = Logits::of(&self.network.outputs(&inputs));
        Score::of(&logits, self.experiment.loss, images.labels())
    }

    /// The class that the trained network gives to each image, `argmax` of its logits.
    pub fn predict(&self, images: &Images) -> Vec<u8> {
        self.logits(images).predictions().collect()
    }

    /// The loss of each image under the trained network; it need not be the loss that was trained on.
    pub fn losses(&self, images: &Images, loss: Loss) -> Vec<f64> {
        loss.of_each(&self.logits(images), images.labels())
    }

    fn logits(&self, images: &Images) -> Logits {
        let (_, device) = self.network.options();
        Logits::of(&self.network.outputs(&images.to_tensor().to_device(device)))
    }
}

pub(super) fn at(history: &[Epoch], number: usize) -> Result<Epoch> {
    let epoch = history.iter().find(|epoch| epoch.number == number);
    epoch.copied().ok_or(Error::NoSuchEpoch {
        asked: number,
        last: history.last().map_or(0, |epoch| epoch.number),
    })
}

/// A sentence with the scores after the last epoch.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last();
        let show = |metric: Metric| format!("{metric} {}", metric.show(last.get(metric)));
        let [a, b, c, d] = Metric::ALL.map(show);
        write!(
            f,
            "{}, seed {}, after {} epochs: {a}, {b}; {c}, {d}",
            self.experiment,
            self.seed,
            self.last().number
        )
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

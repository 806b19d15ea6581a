//! Training of a linear model with the weights themselves, on images that stay as they are.
//!
//! What [`Direct`](super::direct::Direct) does, without tensors: a minibatch becomes numbers in memory that stays in a
//! core's cache, as its arithmetic takes less time than a tensor's new memory.

use crate::data::PIXELS;
use crate::error::Result;
use crate::linalg::{BLOCK, Real, Rows, prefetch};
use crate::nn::{Accumulate, Layer, Logits, Loss, Network, Parameter, Sgd, entries};
use crate::runtime::interrupt;
use crate::runtime::threads::side_by_side;
use crate::train::examples::{Examples, Pixels};
use crate::train::score::Tally;
use crate::train::step::{Step, Training};
use tch::kind::Element;
use tch::{Device, Kind, Tensor};

/// How many images become numbers at a time.
const TOGETHER: usize = 32;

/// Training of a linear model.
pub(super) struct Linear<T> {
    /// `[classes, inputs + 1]`, the bias last.
    weights: Parameter<Rows<T>>,
    classes: usize,
    images: Pixels,
    /// Images with a 1 appended, the input of the bias.
    minibatch: Rows<T>,
}

impl<T: Real + Element> Linear<T> {
    /// Training of `network`, a linear model with parameters of type `T` on the CPU, on `images`.
    pub fn new(network: Network, images: Pixels, batch_size: usize, sgd: &Sgd) -> Linear<T> {
        let layer = &network.layers[0];
        let classes = network.classes();
        let mut weights = Rows::zeros(classes, PIXELS + 1);
        let parameters = [&layer.weight, &layer.bias].map(entries::<T>);
        let [weight, bias] = &parameters;
        for ((row, weight), bias) in weights.iter_mut().zip(weight.chunks_exact(PIXELS)).zip(bias) {
            row[..PIXELS].copy_from_slice(weight);
            row[PIXELS] = *bias;
        }
        let velocity = (sgd.momentum != 0.).then(|| Rows::zeros(classes, PIXELS + 1));
        Linear {
            weights: Parameter { value: weights, velocity },
            classes,
            images,
            minibatch: images_with_one(batch_size),
        }
    }

    fn step(&mut self, images: &[[u8; PIXELS]], step: &Step) -> Result<()> {
        self.minibatch.read(images, step.indices);
        let logits = self.minibatch.product(step.indices.len(), &self.weights.value);
        let loss_gradient = step.loss_gradient(&of_rows(&logits, self.classes))?;
        let loss_gradient: Vec<T> = loss_gradient.into_iter().map(T::of).collect();
        let mut gradient = Rows::zeros(self.classes, PIXELS + 1);
        gradient.add_product(&loss_gradient, &self.minibatch);
        if let Some(factor) = step.clip_factor(|| sum_of_squares(&gradient)) {
            gradient.scale(factor);
        }
        self.weights.step(step.sgd(), &gradient);
        Ok(())
    }
}

/// The images of `train`, if they and the model are such that [`Linear`] trains it.
pub(super) fn images(network: &Network, train: &Examples) -> Option<Pixels> {
    let (kind, device) = network.options();
    let is_linear = network.layers.len() == 1 && network.classes() <= Rows::<f32>::MOST;
    let has_numbers = matches!(kind, Kind::Float | Kind::Double) && device == Device::Cpu;
    train.pixels().filter(|_| is_linear && has_numbers)
}

impl<T: Real + Element + Send + Sync> Training for Linear<T> {
    fn epoch(&mut self, _: &Examples, steps: &[Step]) -> Result<()> {
        let images = self.images.clone();
        for (i, step) in steps.iter().enumerate() {
            let next = steps.get(i + 1).map_or(&[][..], |next| next.indices);
            prefetch(&images, next);
            self.step(&images, step)?;
        }
        Ok(())
    }

    fn score(&mut self, _: usize, examples: &Examples, loss: Loss) -> Result<Tally> {
        let Some(images) = examples.pixels() else {
            return Ok(Tally::new(&examples.logits(&self.network())?, loss, examples.labels()));
        };
        let weights = &self.weights.value;
        let tally = |(images, labels): (&[[u8; PIXELS]], &[u8])| {
            interrupt::check()?;
            let mut rows = images_with_one(TOGETHER);
            let indices: Vec<usize> = (0..images.len()).collect();
            let logits = indices.chunks(TOGETHER).flat_map(|indices| {
                rows.read(images, indices);
                rows.product(indices.len(), weights)
            });
            let logits: Vec<T> = logits.collect();
            Ok(Tally::new(&of_rows(&logits, self.classes), loss, labels))
        };
        let blocks = images.chunks(BLOCK).zip(examples.labels().chunks(BLOCK)).collect();
        let tallies: Result<Vec<Tally>> = side_by_side(blocks, tally);
        Ok(tallies?.into_iter().sum())
    }

    fn network(&self) -> Network {
        let rows = self.weights.value.iter();
        let rows: Vec<T> = rows.flat_map(|row| &row[..PIXELS + 1]).copied().collect();
        let rows = Tensor::from_slice(&rows).view([self.classes as i64, PIXELS as i64 + 1]);
        Network { layers: vec![Layer::from_rows(&rows)] }
    }
}

/// Room for some images, each with a 1 appended.
fn images_with_one<T: Real>(count: usize) -> Rows<T> {
    let mut rows = Rows::zeros(count, PIXELS + 1);
    rows.iter_mut().for_each(|row| row[PIXELS] = T::of(1.));
    rows
}

fn of_rows<T: Real>(logits: &[T], classes: usize) -> Logits {
    Logits::new(logits.iter().map(|logit| (*logit).into()).collect(), classes)
}

fn sum_of_squares<T: Real>(rows: &Rows<T>) -> f64 {
    let squares = rows.iter().flatten().map(|entry| {
        let entry: f64 = (*entry).into();
        entry * entry
    });
    squares.sum()
}

impl<T: Real> Accumulate for Rows<T> {
    type Gradient<'a> = Rows<T>;

    fn scale(&mut self, factor: f64) {
        let factor = T::of(factor);
        self.iter_mut().flatten().for_each(|entry| *entry = *entry * factor);
    }

    fn add(&mut self, other: &Rows<T>, factor: f64) {
        let factor = T::of(factor);
        for (to, row) in self.iter_mut().zip(other.iter()) {
            to.iter_mut().zip(row).for_each(|(to, entry)| *to = *to + *entry * factor);
        }
    }

    fn add_gradient(&mut self, gradient: &Rows<T>, factor: f64) {
        self.add(gradient, factor);
    }
}

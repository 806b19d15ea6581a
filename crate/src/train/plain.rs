//! The plain definition of minibatch training.

use crate::loss::Loss;
use crate::network::{Layer, Network};
use crate::sgd::{Sgd, clip_factor};
use tch::Tensor;

/// Trains a network as it is written down: forward, gradient, step. The other engine has to give the same.
pub struct Plain {
    network: Network,
    loss: Loss,
    velocities: Vec<[Option<Tensor>; 2]>,
    images: Tensor,
    labels: Tensor,
}

impl Plain {
    /// Training of `network` on images `[n, inputs]` with labels `[n]`.
    pub fn new(network: Network, loss: Loss, images: &Tensor, labels: &Tensor) -> Plain {
        let velocities = network.layers.iter().map(|_| [None, None]).collect();
        Plain {
            network,
            loss,
            velocities,
            images: images.shallow_clone(),
            labels: labels.shallow_clone(),
        }
    }

    /// Goes on with other images of the same examples.
    pub fn set_images(&mut self, images: &Tensor) {
        self.images = images.shallow_clone();
    }

    /// Steps through the examples in `order`, in minibatches of `batch_size`; a short last one is kept.
    pub fn epoch(&mut self, order: &Tensor, batch_size: i64, sgd: &Sgd, clip_norm: Option<f64>) {
        for batch in order.split(batch_size, 0) {
            let (images, labels) = (
                self.images.index_select(0, &batch),
                self.labels.index_select(0, &batch),
            );
            let (inputs, logits) = self.network.forward(&images);
            let mut gradients = self
                .network
                .backward(&inputs, self.loss.gradient(&logits, &labels))
                .0;
            if let Some(clip_norm) = clip_norm {
                let squares = gradients.iter().map(Layer::sum_of_squares).sum();
                scale(&mut gradients, clip_factor(squares, clip_norm));
            }
            self.network.step(gradients, sgd, &mut self.velocities);
        }
    }

    /// `[n, inputs] -> [n, classes]`
    pub fn logits(&self, images: &Tensor) -> Tensor {
        self.network.logits(images)
    }

    /// The network as trained so far.
    pub fn network(&self) -> Network {
        self.network.copy()
    }
}

pub(super) fn scale(gradients: &mut [Layer], factor: f64) {
    if factor < 1. {
        for gradient in gradients {
            gradient.weight *= factor;
            gradient.bias *= factor;
        }
    }
}

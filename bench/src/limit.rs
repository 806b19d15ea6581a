//! The arithmetic's limit: the matrix products that training a hidden layer in the span of its images consists
//! of, and nothing else.
//!
//! Names as in `train/span.rs`: images `X` with a 1 appended, first layer `W`, `K = X X^T`, `P = X W^T`, and the
//! combination `A`. Every thread has its share of the units; what all units need, it does a share of the rows of.

use hinge::data::{CLASSES, PIXELS};
use std::thread;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

const INPUTS: i64 = PIXELS as i64 + 1;
const OUTPUTS: i64 = CLASSES as i64;
const TEST: i64 = 1_000;
const BATCH: i64 = 32;
/// So many rows of the hidden layer stay in a processor's cache; the fastest of 32, 64, 128, 256 and all.
const BLOCK: i64 = 128;

/// What is trained in the span of its images.
#[derive(Clone, Copy)]
pub struct Training {
    pub images: i64,
    pub units: i64,
    pub epochs: usize,
    /// Whether every epoch has images of its own.
    pub augmented: bool,
}

impl Training {
    /// How many seconds its products take on so many threads.
    pub fn seconds(self, threads: usize) -> f64 {
        let shares: Vec<Share> = (0..threads).map(|_| Share::new(self, threads as i64)).collect();
        let start = Instant::now();
        thread::scope(|scope| {
            for share in shares {
                scope.spawn(move || {
                    tch::set_num_threads(1);
                    share.train(self);
                });
            }
        });
        start.elapsed().as_secs_f64()
    }
}

/// A thread's share of the tensors. What they hold does not matter.
struct Share {
    train: Images,
    test: Images,
    /// `W^T`, `[inputs, units]`.
    first: Tensor,
    /// `A`, `[n, units]`.
    combination: Tensor,
    /// A block of the hidden layer, `[block, units]`.
    hidden: Tensor,
    /// The second layer and its gradient, `[classes, units]`.
    second: Tensor,
    second_gradient: Tensor,
}

/// `m` images, and the results for them.
struct Images {
    /// `X`, `[m, inputs]`.
    inputs: Tensor,
    /// Products with the training images, `[m, n]`; those of the training images are `K`.
    products: Tensor,
    /// The rows of both that are this thread's to compute.
    own_inputs: Tensor,
    own_products: Tensor,
    /// `P`, `[m, units]`.
    at_start: Tensor,
    /// `[m, classes]`
    logits: Tensor,
}

/// Some images, at most a block of them.
struct Rows {
    products: Tensor,
    hidden: Tensor,
    logits: Tensor,
}

impl Share {
    fn new(training: Training, threads: i64) -> Share {
        let (n, units) = (training.images, training.units / threads);
        Share {
            train: Images::new([n, n], units, threads),
            test: Images::new([TEST, n], units, threads),
            first: ones([INPUTS, units]),
            combination: ones([n, units]),
            hidden: ones([BLOCK, units]),
            second: ones([OUTPUTS, units]),
            second_gradient: ones([OUTPUTS, units]),
        }
    }

    fn train(&self, training: Training) {
        let (columns, scored) = (self.train.inputs.tr(), [&self.train, &self.test]);
        for images in scored {
            images.start(&self.first);
            images.meet(&columns);
        }
        for _ in 0..training.epochs {
            if training.augmented {
                // The epoch's own images stand in the place of the training images.
                self.train.start(&self.first);
                self.train.meet(&columns);
                scored.iter().for_each(|images| images.meet(&columns));
            }
            for first in (0..training.images).step_by(BATCH as usize) {
                self.step(first, BATCH.min(training.images - first));
            }
            if training.augmented {
                multiply(&columns, &self.combination, &self.first);
            }
            scored.iter().for_each(|images| self.score(images));
        }
    }

    /// A minibatch: forward through both layers, and back.
    fn step(&self, first: i64, size: i64) {
        let rows = self.rows(&self.train, first, size);
        self.forward(&rows);
        multiply(&rows.logits.tr(), &rows.hidden, &self.second_gradient);
        multiply(&rows.logits, &self.second, &rows.hidden);
    }

    fn score(&self, images: &Images) {
        let count = images.logits.size()[0];
        for first in (0..count).step_by(BLOCK as usize) {
            self.forward(&self.rows(images, first, BLOCK.min(count - first)));
        }
    }

    fn forward(&self, rows: &Rows) {
        multiply(&rows.products, &self.combination, &rows.hidden);
        multiply(&rows.hidden, &self.second.tr(), &rows.logits);
    }

    fn rows(&self, images: &Images, first: i64, size: i64) -> Rows {
        Rows {
            products: images.products.narrow(0, first, size),
            hidden: self.hidden.narrow(0, 0, size),
            logits: images.logits.narrow(0, first, size),
        }
    }
}

impl Images {
    fn new([m, n]: [i64; 2], units: i64, threads: i64) -> Images {
        let (inputs, products) = (ones([m, INPUTS]), ones([m, n]));
        Images {
            own_inputs: inputs.narrow(0, 0, m / threads),
            own_products: products.narrow(0, 0, m / threads),
            inputs,
            products,
            at_start: ones([m, units]),
            logits: ones([m, OUTPUTS]),
        }
    }

    fn start(&self, first: &Tensor) {
        multiply(&self.inputs, first, &self.at_start);
    }

    /// Products with the training images, which are `columns`.
    fn meet(&self, columns: &Tensor) {
        multiply(&self.own_inputs, columns, &self.own_products);
    }
}

/// `left x right`, written to `result`.
fn multiply(left: &Tensor, right: &Tensor, result: &Tensor) {
    // What it returns is `result` again.
    let _ = left.mm_out(result, right);
}

fn ones(size: [i64; 2]) -> Tensor {
    Tensor::ones(size, (Kind::Float, Device::Cpu))
}

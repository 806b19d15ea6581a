//! The arithmetic and the memory traffic that training needs at least, counted.
//!
//! `n` training and `t` test images of `d` inputs (a 1 for the bias included), `u` units of the first layer, `c`
//! classes, `e` epochs, minibatches of `b`. A product `[m, k] x [k, n]` costs `2 m k n` FLOPs. The forms of training
//! are those of `crate/src/train/engine/`; what is counted is the one with the least arithmetic.
//!
//! In all forms a hidden layer's outputs are multiplied by the second layer, forward and backward: `3 * 2 n u c` and
//! for the scores `2 (n + t) u c` an epoch. For the first layer they need:
//!
//! ```text
//! direct.rs   each epoch   2 * 2 n d u                        forward, gradient
//!                          2 (n + t) d u                      scores
//! gram.rs     once         n n d + 2 n t d + 2 (n + t) d u    Gram matrices (one is symmetric), outputs at the start
//!                          2 n d u                            the weights at the end
//!             each epoch   2 n n u + 2 n t u                  outputs of all training and test images
//! span.rs     once         as gram.rs
//!             each epoch   n (n - b) u                        a minibatch with those before it
//!                          2 n n u + 2 n t u                  outputs of all images
//! span.rs,    each epoch   2 * 2 n d u                        outputs for the blocks, update of the weights
//! in blocks                n s d + n (s - b) u                Gram matrices, a minibatch with those before it
//! of s                     2 (n + t) d u                      scores
//! ```
//!
//! Training can do less than is counted: a step skips images without a gradient, which a margin loss has, and products of
//! the first layer's weights with images skip the paper, some four of five pixels.
//!
//! Arrays that fit into the caches of the cores cost no traffic. Others are read from memory whenever they are used.

use hinge::data::{CLASSES, PIXELS};

/// The number of FLOPs, and of bytes from and to memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    pub flops: f64,
    pub bytes: f64,
}

/// Training of a model with one or two layers.
#[derive(Clone, Copy)]
pub struct Training {
    pub train: f64,
    pub test: f64,
    pub inputs: f64,
    /// Units of the first layer: the classes if there is no other.
    pub units: f64,
    pub classes: f64,
    pub has_hidden_layer: bool,
    pub epochs: f64,
    pub batch_size: f64,
    /// Whether the images change every epoch.
    pub is_augmented: bool,
}

/// How the first layer is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Direct,
    Gram,
    Span,
    Blocks,
}

/// Images in a block of the span form.
const BLOCK: f64 = 256.;
/// The second-level caches of two cores, in bytes. A third level is often shared with other machines.
const CACHE: f64 = 4194304.;

/// r4 for one image, per pixel: the rotation's coordinates; for 0.3 of the images perspective (three coordinates, two
/// quotients, four weighted pixels); normalisation; for 0.3 of the images a filter of nine pixels and its mixture.
const R4_PER_PIXEL: f64 = 8. + 0.3 * 30. + 2. + 0.3 * 23.;

/// The work of augmenting so many images by r4.
pub fn augmenting(images: f64) -> Work {
    let pixels = PIXELS as f64 * images;
    Work { flops: pixels * R4_PER_PIXEL, bytes: traffic(2. * pixels) }
}

impl Training {
    /// The report's protocol, with `units` hidden units or none.
    pub fn new(train: usize, epochs: usize, units: Option<usize>) -> Training {
        Training {
            train: train as f64,
            test: 1_000.,
            inputs: PIXELS as f64 + 1.,
            units: units.unwrap_or(CLASSES) as f64,
            classes: CLASSES as f64,
            has_hidden_layer: units.is_some(),
            epochs: epochs as f64,
            batch_size: 32.,
            is_augmented: false,
        }
    }

    /// The work of the form with the least arithmetic, and that of augmenting.
    pub fn work(self) -> Work {
        let form =
            self.forms().into_iter().min_by(|a, b| self.flops(*a).total_cmp(&self.flops(*b)));
        let form = form.unwrap_or(Form::Direct);
        let training = Work { flops: self.flops(form), bytes: self.bytes(form) };
        if !self.is_augmented {
            return training;
        }
        let augmenting = augmenting(self.train * self.epochs);
        Work { flops: training.flops + augmenting.flops, bytes: training.bytes + augmenting.bytes }
    }

    /// The forms that this model can be trained in.
    fn forms(self) -> Vec<Form> {
        match (self.has_hidden_layer, self.is_augmented) {
            (true, true) => vec![Form::Direct, Form::Blocks],
            (true, false) => vec![Form::Direct, Form::Blocks, Form::Span],
            (false, true) => vec![Form::Direct],
            (false, false) => vec![Form::Direct, Form::Gram],
        }
    }

    fn flops(self, form: Form) -> f64 {
        let Training { train: n, test: t, inputs: d, units: u, epochs: e, .. } = self;
        let all = n + t;
        let (once, each_epoch) = match form {
            Form::Direct => (0., 4. * n * d * u + 2. * all * d * u),
            Form::Gram => (self.once(), 2. * n * all * u),
            Form::Span => (self.once(), self.of_earlier(n) + 2. * n * all * u),
            Form::Blocks => {
                let steps = n * self.block() * d + self.of_earlier(self.block());
                let scores = if self.advances() { n * all * (d + u) } else { all * d * u };
                (0., 4. * n * d * u + steps + 2. * scores)
            }
        };
        once + e * (each_epoch + self.second_layer())
    }

    /// Whether training in blocks advances the outputs of the scored images rather than computing them from the weights.
    fn advances(self) -> bool {
        self.train * (self.inputs + self.units) < self.inputs * self.units
    }

    /// Gram matrices, outputs at the start and weights at the end.
    fn once(self) -> f64 {
        let Training { train: n, test: t, inputs: d, units: u, .. } = self;
        n * n * d + 2. * n * t * d + 2. * (n + t) * d * u + 2. * n * d * u
    }

    /// Minibatches times those before them in a block.
    fn of_earlier(self, block: f64) -> f64 {
        self.train * (block - self.batch_size).max(0.) * self.units
    }

    fn second_layer(self) -> f64 {
        let Training { train: n, test: t, units: u, classes: c, .. } = self;
        if self.has_hidden_layer { (3. * n + n + t) * 2. * u * c } else { 0. }
    }

    fn block(self) -> f64 {
        self.train.min(BLOCK)
    }

    fn bytes(self, form: Form) -> f64 {
        let Training { train: n, test: t, inputs: d, units: u, epochs: e, .. } = self;
        let (images, weights) = (traffic((n + t) * d), traffic(d * u));
        // A step, or a block of steps, reads the weights for its outputs and changes them.
        let steps_of = |size: f64| (n / size).ceil() * 3. * weights;
        match form {
            Form::Direct => e * (images + steps_of(self.batch_size) + weights),
            Form::Blocks if self.advances() => {
                e * (steps_of(self.block()) + 2. * traffic((n + t) * u))
            }
            Form::Blocks => e * (images + steps_of(self.block()) + weights),
            Form::Gram => images + e * traffic(n * (n + t)),
            // The outputs are read and written.
            Form::Span => images + weights + e * 2. * traffic((n + t) * u),
        }
    }
}

/// The bytes of an array of floats if it does not fit into the caches.
fn traffic(elements: f64) -> f64 {
    let bytes = 4. * elements;
    if bytes > CACHE { bytes } else { 0. }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four training images in minibatches of two and three test images, of 5 inputs; 7 units, 2 classes, 10 epochs.
    fn small() -> Training {
        Training {
            train: 4.,
            test: 3.,
            inputs: 5.,
            units: 7.,
            classes: 2.,
            has_hidden_layer: true,
            epochs: 10.,
            batch_size: 2.,
            is_augmented: false,
        }
    }

    #[test]
    fn the_direct_form_costs_its_products() {
        // An epoch: two minibatches of 2 x 5 x 7 forward and back, 7 images x 5 x 7 scored; the second layer 7 x 2.
        let first = 2. * (2. * 2. * 70. + 245.);
        let second = 2. * 14. * (3. * 4. + 7.);
        assert_eq!(small().flops(Form::Direct), 10. * (first + second));
        let linear = Training { has_hidden_layer: false, ..small() };
        assert_eq!(linear.flops(Form::Direct), 10. * first);
    }

    #[test]
    fn the_span_form_costs_gram_matrices_once_and_no_inputs_afterwards() {
        let once = 16. * 5. + 2. * 12. * 5. + 2. * 7. * 35. + 2. * 4. * 35.;
        // The second minibatch meets the first: 2 x 2 x 7. Then 4 images change the outputs of 7.
        let epoch = 2. * 28. + 2. * 4. * 7. * 7. + 2. * 14. * 19.;
        assert_eq!(small().flops(Form::Span), once + 10. * epoch);
        let linear = Training { has_hidden_layer: false, ..small() };
        assert_eq!(linear.flops(Form::Gram), once + 10. * 2. * 4. * 7. * 7.);
    }

    #[test]
    fn one_block_costs_the_direct_form_and_its_gram_matrix() {
        let extra = 10. * (4. * 4. * 5. + 2. * 28.);
        assert_eq!(small().flops(Form::Blocks), small().flops(Form::Direct) + extra);
    }

    #[test]
    fn blocks_advance_scores_where_that_is_less() {
        let wide = Training { units: 700., has_hidden_layer: false, ..small() };
        let saved = 10. * 2. * (7. * 5. * 700. - 4. * 7. * 705.);
        let extra = 10. * (4. * 4. * 5. + 2. * 2. * 2. * 700.);
        assert_eq!(wide.flops(Form::Blocks), wide.flops(Form::Direct) + extra - saved);
    }

    #[test]
    fn the_form_with_the_least_arithmetic_counts() {
        let hidden = Training::new(150, 100, Some(5_000));
        assert_eq!(hidden.work().flops, hidden.flops(Form::Span));
        let changing = Training { is_augmented: true, ..hidden };
        let augmenting = augmenting(15_000.).flops;
        assert_eq!(changing.work().flops, changing.flops(Form::Blocks) + augmenting);
        assert_eq!(
            Training::new(150, 100, None).work().flops,
            Training::new(150, 100, None).flops(Form::Gram)
        );
    }

    #[test]
    fn only_arrays_beyond_the_caches_cause_traffic() {
        let linear = Training::new(60_000, 1, None);
        assert_eq!(linear.bytes(Form::Direct), 4. * 61_000. * 785.);
        // Weights of 15.7 MB: read twice and written once a step, and read for the scores.
        let hidden = Training::new(32, 1, Some(5_000));
        assert_eq!(hidden.bytes(Form::Direct), 4. * 4. * 785. * 5_000.);
    }
}

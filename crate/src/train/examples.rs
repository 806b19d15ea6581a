//! Inputs with their labels, and the transform that is applied when they are used.

use crate::augment::{Compose, ImageSeed, draw_seeds};
use crate::data::{Images, PIXELS, SIDE};
use crate::error::{Result, require};
use crate::linalg::{self, BLOCK, from_pixels, index};
use crate::nn::{Logits, Network, numbers};
use crate::rng::ChaCha8Rng;
use crate::runtime::interrupt;
use crate::runtime::threads::side_by_side;
use std::ops::{Deref, Range};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// The kind and the device of a network's parameters.
pub(crate) type Options = (Kind, Device);

/// Inputs `[n, inputs]` with their labels `[n]`.
///
/// Images stay 8-bit, in the memory of [`Images`]. Only the rows in use become floats from 0 (background) to 1, which are
/// then transformed: so 60 000 images take 47 MB instead of four times as much.
#[derive(PartialEq)]
pub struct Examples {
    inputs: Inputs,
    labels: Vec<u8>,
    transform: Compose,
    /// The seed of each image's transform, which only a random one uses.
    seeds: Vec<ImageSeed>,
}

#[derive(PartialEq)]
enum Inputs {
    Images(Pixels),
    /// Floats that are used as they are, `[n, inputs]`.
    Floats(Tensor),
}

/// Images as they are, shared with whoever else uses them.
#[derive(Clone, PartialEq)]
pub(super) struct Pixels {
    all: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Deref for Pixels {
    type Target = [[u8; PIXELS]];

    fn deref(&self) -> &[[u8; PIXELS]] {
        &self.all.as_chunks().0[self.range.clone()]
    }
}

impl Examples {
    /// Examples with floats as inputs, `[n, inputs]`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) unless `inputs` is a matrix with a row for each label.
    pub fn new(inputs: Tensor, labels: Vec<u8>) -> Result<Examples> {
        let (n, shape) = (labels.len(), inputs.size());
        let fits = matches!(shape[..], [rows, _] if rows as usize == n);
        let allowed = format_args!("a matrix of one row for each of {n} labels");
        require(fits, "inputs", allowed, format_args!("of shape {shape:?}"))?;
        let seeds = vec![ImageSeed::default(); n];
        Ok(Examples {
            inputs: Inputs::Floats(inputs),
            labels,
            transform: Compose::default(),
            seeds,
        })
    }

    /// Images that are transformed when they are used. A random transform is drawn here, and again by
    /// [`redraw`](Self::redraw).
    pub fn of_images(images: &Images, transform: Compose, random: &mut ChaCha8Rng) -> Examples {
        let mut examples = Examples {
            inputs: Inputs::Images(Pixels { all: images.shared_pixels(), range: 0..images.len() }),
            labels: images.labels().to_vec(),
            transform,
            seeds: vec![ImageSeed::default(); images.len()],
        };
        examples.redraw(random);
        examples
    }

    /// The number of examples.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The number of inputs of each example.
    pub fn inputs(&self) -> usize {
        match &self.inputs {
            Inputs::Images(_) => PIXELS,
            Inputs::Floats(inputs) => inputs.size()[1] as usize,
        }
    }

    /// The labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The images, if they are used as they are.
    pub(super) fn pixels(&self) -> Option<Pixels> {
        match &self.inputs {
            Inputs::Images(pixels) if self.transform.transforms.is_empty() => Some(pixels.clone()),
            _ => None,
        }
    }

    /// Whether [`redraw`](Self::redraw) changes them.
    pub fn are_random(&self) -> bool {
        self.transform.is_random()
    }

    /// Draws a random transform again.
    pub fn redraw(&mut self, random: &mut ChaCha8Rng) {
        if self.are_random() {
            self.seeds = draw_seeds(self.count(), random);
        }
    }

    /// The inputs at `indices`, in their order: `[indices, inputs]`.
    pub(super) fn rows(&self, indices: &[usize], options: Options) -> Result<Tensor> {
        self.read(indices, false, options)
    }

    /// The same with a 1 appended, the input of the bias: `[indices, inputs + 1]`.
    pub(super) fn rows_with_one(&self, indices: &[usize], options: Options) -> Result<Tensor> {
        self.read(indices, true, options)
    }

    /// All inputs.
    pub(super) fn all(&self, options: Options) -> Result<Tensor> {
        self.rows(&self.indices(), options)
    }

    /// All inputs, each with a 1 appended.
    pub(super) fn all_with_one(&self, options: Options) -> Result<Tensor> {
        self.rows_with_one(&self.indices(), options)
    }

    /// The examples in blocks, which other threads can use.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Examples> {
        let labels_and_seeds = self.labels.chunks(BLOCK).zip(self.seeds.chunks(BLOCK));
        labels_and_seeds.enumerate().map(|(block, (labels, seeds))| Examples {
            inputs: self.inputs.part(block * BLOCK, labels.len()),
            labels: labels.to_vec(),
            transform: self.transform.clone(),
            seeds: seeds.to_vec(),
        })
    }

    /// The logits of `network` for all examples, with blocks of them in parallel.
    pub(crate) fn logits(&self, network: &Network) -> Result<Logits> {
        let blocks = self.blocks().map(|block| (block, network.share())).collect();
        let logits = |(block, network): (Examples, Network)| {
            interrupt::check()?;
            Ok(numbers(&network.outputs(&block.all(network.options())?)))
        };
        let logits: Result<Vec<Vec<f64>>> = side_by_side(blocks, logits);
        Ok(Logits::new(logits?.concat(), network.classes()))
    }

    /// The inputs at `indices`, transformed.
    fn read(&self, indices: &[usize], with_one: bool, options: Options) -> Result<Tensor> {
        const SIDES: i64 = SIDE as i64;
        let changes = !self.transform.transforms.is_empty();
        let mut inputs = match &self.inputs {
            Inputs::Images(pixels) => from_pixels(pixels, indices, with_one && !changes),
            Inputs::Floats(inputs) => inputs.index_select(0, &index(indices)),
        };
        if changes {
            let seeds: Vec<ImageSeed> = indices.iter().map(|index| self.seeds[*index]).collect();
            let images = inputs.view([-1, SIDES, SIDES]);
            inputs = self.transform.apply_seeded(&images, &seeds)?.view([-1, SIDES * SIDES]);
        }
        let (kind, device) = options;
        let inputs = inputs.to_kind(kind).to_device(device);
        let has_one = inputs.size()[1] as usize > self.inputs();
        Ok(if with_one && !has_one { linalg::with_one(&inputs) } else { inputs })
    }

    fn indices(&self) -> Vec<usize> {
        (0..self.count()).collect()
    }
}

impl Inputs {
    /// `count` of them, from `start` on.
    fn part(&self, start: usize, count: usize) -> Inputs {
        match self {
            Inputs::Images(Pixels { all, range }) => {
                let start = range.start + start;
                Inputs::Images(Pixels { all: all.clone(), range: start..start + count })
            }
            Inputs::Floats(inputs) => Inputs::Floats(inputs.narrow(0, start as i64, count as i64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::original::Recipe;
    use crate::rng::{Stream, random};

    const OPTIONS: Options = (Kind::Float, Device::Cpu);

    fn images() -> Images {
        Digits::synthetic(0).train.copies(&[5, 6, 7, 8, 9])
    }

    fn augmented() -> Examples {
        let mut random = random(3, Stream::Augmentation);
        Examples::of_images(&images(), Recipe::R2.transforms(), &mut random)
    }

    #[test]
    fn an_image_is_transformed_alike_whichever_others_are_asked_for() -> Result<()> {
        let examples = augmented();
        let all = examples.all(OPTIONS)?;
        assert_eq!(examples.rows(&[3, 1], OPTIONS)?.get(0), all.get(3));
        Ok(())
    }

    #[test]
    fn images_are_transformed_as_by_the_transform_itself() -> Result<()> {
        let alone = Recipe::R2
            .transforms()
            .apply(&images().to_tensor().view([5, 28, 28]), &mut random(3, Stream::Augmentation))?;
        assert_eq!(augmented().all(OPTIONS)?, alone.view([5, 784]));
        Ok(())
    }

    #[test]
    fn pixels_are_255_parts_of_1_and_a_1_may_follow() -> Result<()> {
        let examples =
            Examples::of_images(&images(), Compose::default(), &mut random(0, Stream::Order));
        let (kind, all) = (Kind::Float, images().to_tensor().view([5, 784]));
        assert_eq!(examples.all(OPTIONS)?, all);
        let with_one = Tensor::cat(&[all, Tensor::ones([5, 1], (kind, Device::Cpu))], 1);
        assert_eq!(examples.all_with_one(OPTIONS)?, with_one);
        assert_eq!(examples.rows_with_one(&[4, 0], OPTIONS)?.get(0), with_one.get(4));
        assert_eq!(augmented().all_with_one(OPTIONS)?.select(1, 784), Tensor::ones([5], OPTIONS));
        Ok(())
    }

    #[test]
    fn drawing_again_changes_the_images() -> Result<()> {
        let mut examples = augmented();
        let before = examples.all(OPTIONS)?;
        examples.redraw(&mut random(4, Stream::Augmentation));
        assert_ne!(examples.all(OPTIONS)?, before);
        Ok(())
    }

    #[test]
    fn rejects_inputs_that_do_not_fit_the_labels() {
        let inputs = Tensor::zeros([3, 2], OPTIONS);
        let error = Examples::new(inputs, vec![0, 1]).err().map(|error| error.to_string());
        let expected =
            "inputs must be a matrix of one row for each of 2 labels, but it is of shape [3, 2].";
        assert_eq!(error.as_deref(), Some(expected));
    }
}

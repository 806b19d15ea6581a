//! Inputs with their labels, and the transform that is applied when they are used.

use crate::augment::{Compose, ImageSeed, draw_seeds};
use crate::data::{Images, PIXELS, SIDE};
use crate::error::{Result, require};
use crate::linalg::{BLOCK, index};
use crate::nn::{Logits, Network, numbers};
use crate::rng::ChaCha8Rng;
use crate::runtime::interrupt;
use crate::runtime::threads::side_by_side;
use tch::{Device, Kind, Tensor};

/// The kind and the device of a network's parameters.
pub(crate) type Options = (Kind, Device);

/// Inputs `[n, inputs]` with their labels `[n]`.
///
/// Images stay 8-bit. Only the rows in use become floats from 0 (background) to 1, which are then transformed: so
/// 60 000 images take 47 MB instead of four times as much.
#[derive(PartialEq)]
pub struct Examples {
    /// Pixels as 8-bit integers, or floats that are used as they are.
    inputs: Tensor,
    labels: Vec<u8>,
    transform: Compose,
    /// The seed of each image's transform, which only a random one uses.
    seeds: Vec<ImageSeed>,
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
        Ok(Examples { inputs, labels, transform: Compose::default(), seeds })
    }

    /// Images that are transformed when they are used. A random transform is drawn here, and again by
    /// [`redraw`](Self::redraw).
    pub fn of_images(images: &Images, transform: Compose, random: &mut ChaCha8Rng) -> Examples {
        let mut examples = Examples {
            inputs: Tensor::from_slice(images.pixels()).view([-1, PIXELS as i64]),
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
        self.inputs.size()[1] as usize
    }

    /// The labels, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
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
        let rows = self.inputs.index_select(0, &index(indices));
        let seeds: Vec<ImageSeed> = indices.iter().map(|index| self.seeds[*index]).collect();
        self.transformed(rows, &seeds, options)
    }

    /// All inputs.
    pub(super) fn all(&self, options: Options) -> Result<Tensor> {
        self.transformed(self.inputs.shallow_clone(), &self.seeds, options)
    }

    /// The examples in blocks, which other threads can use.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Examples> {
        let labels_and_seeds = self.labels.chunks(BLOCK).zip(self.seeds.chunks(BLOCK));
        let blocks = self.inputs.split(BLOCK as i64, 0).into_iter().zip(labels_and_seeds);
        blocks.map(|(inputs, (labels, seeds))| Examples {
            inputs,
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

    fn transformed(&self, inputs: Tensor, seeds: &[ImageSeed], options: Options) -> Result<Tensor> {
        const SIDES: i64 = SIDE as i64;
        let mut numbers = match inputs.kind() {
            Kind::Uint8 => inputs.to_kind(Kind::Float).g_div_scalar_(255.),
            _ => inputs,
        };
        if !self.transform.transforms.is_empty() {
            let images = numbers.view([-1, SIDES, SIDES]);
            numbers = self.transform.apply_seeded(&images, seeds)?.view([-1, SIDES * SIDES]);
        }
        let (kind, device) = options;
        Ok(numbers.to_kind(kind).to_device(device))
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

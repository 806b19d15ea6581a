//! Inputs with their labels, and what is done to them before they are used.

use crate::augment::{Compose, ImageSeed, draw_seeds};
use crate::data::{Images, PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::rng::ChaCha8Rng;
use std::ops::Range;
use tch::{Device, Kind, Tensor};

/// The kind and the device of the numbers that a network works with.
pub(crate) type Options = (Kind, Device);

/// Inputs `[n, inputs]` with their labels `[n]`.
///
/// Images stay 8-bit. The rows that are needed at a time become numbers from 0 (background) to 1 and are
/// transformed then, so that 60 000 images take their 47 MB and not four times as much.
#[derive(PartialEq)]
pub struct Examples {
    /// Pixels as 8-bit integers, or numbers that are taken as they are.
    inputs: Tensor,
    labels: Vec<u8>,
    transform: Compose,
    /// What each image's transform is drawn from; empty if it is not random.
    seeds: Vec<ImageSeed>,
}

impl Examples {
    /// Examples with numbers as inputs, `[n, inputs]`.
    ///
    /// # Errors
    /// [`Error::Setting`] unless `inputs` is a matrix with a row for each label.
    pub fn new(inputs: Tensor, labels: Vec<u8>) -> Result<Examples> {
        match inputs.size()[..] {
            [n, _] if n as usize == labels.len() => {
                Ok(Examples { inputs, labels, transform: Compose::default(), seeds: Vec::new() })
            }
            ref shape => {
                let allowed = format!("a matrix of one row for each of {} labels", labels.len());
                Err(Error::setting("inputs", allowed, format!("of shape {shape:?}")))
            }
        }
    }

    /// Images, which are transformed when they are used. What is random in it is drawn here, and again by
    /// [`redraw`](Self::redraw).
    pub fn of_images(images: &Images, transform: Compose, random: &mut ChaCha8Rng) -> Examples {
        let mut examples = Examples {
            inputs: Tensor::from_slice(images.pixels()).view([-1, PIXELS as i64]),
            labels: images.labels().to_vec(),
            transform,
            seeds: Vec::new(),
        };
        examples.redraw(random);
        examples
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// How many numbers each has.
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

    /// Draws anew what is random in the transform.
    pub fn redraw(&mut self, random: &mut ChaCha8Rng) {
        if self.are_random() {
            self.seeds = draw_seeds(self.count(), random);
        }
    }

    /// The inputs at `indices`, in their order: `[indices, inputs]`, with the given kind and device.
    pub(super) fn rows(&self, indices: &[usize], options: Options) -> Result<Tensor> {
        let at: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
        let rows = self.inputs.index_select(0, &Tensor::from_slice(&at));
        let seeds = indices.iter().filter_map(|index| self.seeds.get(*index));
        self.used(rows, &seeds.copied().collect::<Vec<_>>(), options)
    }

    /// The inputs with indices in `range`.
    pub(super) fn range(&self, range: Range<usize>, options: Options) -> Result<Tensor> {
        let rows = self.inputs.narrow(0, range.start as i64, range.len() as i64);
        let seeds = self.seeds.get(range).unwrap_or_default();
        self.used(rows, seeds, options)
    }

    /// The examples with indices in `range`.
    pub(super) fn part(&self, range: Range<usize>) -> Examples {
        Examples {
            inputs: self.inputs.narrow(0, range.start as i64, range.len() as i64),
            labels: self.labels[range.clone()].to_vec(),
            transform: self.transform.clone(),
            seeds: self.seeds.get(range).unwrap_or_default().to_vec(),
        }
    }

    /// All inputs.
    pub(crate) fn all(&self, options: Options) -> Result<Tensor> {
        self.range(0..self.count(), options)
    }

    /// The ranges of `size` indices, the last one shorter, that they are gone through in.
    pub(super) fn blocks(&self, size: usize) -> impl Iterator<Item = Range<usize>> {
        let n = self.count();
        (0..n).step_by(size).map(move |first| first..n.min(first + size))
    }

    fn used(&self, inputs: Tensor, seeds: &[ImageSeed], options: Options) -> Result<Tensor> {
        const SIDES: i64 = SIDE as i64;
        let numbers = match inputs.kind() {
            Kind::Uint8 => inputs.to_kind(Kind::Float).g_div_scalar_(255.),
            _ => inputs,
        };
        let transformed = match self.transform.transforms.is_empty() {
            true => numbers,
            false => self
                .transform
                .apply_seeded(&numbers.view([-1, SIDES, SIDES]), seeds)?
                .view([-1, SIDES * SIDES]),
        };
        let (kind, device) = options;
        Ok(transformed.to_kind(kind).to_device(device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::original::Recipe;
    use crate::rng::{Stream, random};

    const OPTIONS: Options = (Kind::Float, Device::Cpu);

    fn augmented() -> Examples {
        let images = Digits::synthetic(0).train.select(&[5, 6, 7, 8, 9]);
        let mut random = random(3, Stream::Augmentation);
        Examples::of_images(&images, Recipe::R2.transforms(), &mut random)
    }

    #[test]
    fn an_image_is_transformed_alike_whichever_others_are_asked_for() -> Result<()> {
        let examples = augmented();
        let all = examples.range(0..5, OPTIONS)?;
        assert_eq!(examples.rows(&[3, 1], OPTIONS)?.get(0), all.get(3));
        assert_eq!(examples.range(2..4, OPTIONS)?.get(1), all.get(3));
        Ok(())
    }

    #[test]
    fn images_are_transformed_as_by_the_transform_itself() -> Result<()> {
        let images = Digits::synthetic(0).train.select(&[5, 6, 7, 8, 9]);
        let alone = Recipe::R2
            .transforms()
            .apply(&images.to_tensor().view([5, 28, 28]), &mut random(3, Stream::Augmentation))?;
        assert_eq!(augmented().range(0..5, OPTIONS)?, alone.view([5, 784]));
        Ok(())
    }

    #[test]
    fn drawn_again_they_are_others() -> Result<()> {
        let mut examples = augmented();
        let before = examples.range(0..5, OPTIONS)?;
        examples.redraw(&mut random(4, Stream::Augmentation));
        assert_ne!(examples.range(0..5, OPTIONS)?, before);
        Ok(())
    }

    #[test]
    fn rejects_inputs_that_do_not_fit_the_labels() {
        let inputs = Tensor::zeros([3, 2], (Kind::Float, Device::Cpu));
        let message = Examples::new(inputs, vec![0, 1]).err().map(|error| error.to_string());
        assert_eq!(
            message.as_deref(),
            Some(
                "inputs must be a matrix of one row for each of 2 labels, but it is of shape [3, 2]."
            )
        );
    }
}

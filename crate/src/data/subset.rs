//! Small random subsets of the digits to train and to test on.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::{DataError, Digits, Images, Source};
use crate::rng::{Stream, random};

/// How many images to draw, and by which seed. Defaults to the report's 150 and 1000, seed 0.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let sample = Sample { seed: 42, ..Sample::default() };
/// let split: Split = digits.sample(&sample)?;
/// assert_eq!((split.train.len(), split.test.len()), (150, 1_000));
/// assert_eq!(split.train, digits.sample(&sample)?.train); // the same seed, the same images
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Training images, from 1 to all there are; defaults to `150`.
    pub train: usize,
    /// Test images, from 1 to all there are; defaults to `1000`.
    pub test: usize,
    /// Which images are drawn; defaults to `0`.
    pub seed: u64,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { train: 150, test: 1_000, seed: 0 }
    }
}

/// Images to train on and others to test on.
#[derive(Clone, Debug)]
pub struct Split {
    /// Images to train on.
    pub train: Images,
    /// Images to test on, none of which is trained on.
    pub test: Images,
    /// Where the images come from.
    pub source: Source,
}

impl Digits {
    /// Draws uniform random subsets without replacement, each in random order.
    ///
    /// The same seed always draws the same images, and the training images do not depend on
    /// how many test images are drawn, nor the other way round.
    ///
    /// # Errors
    /// If a subset is to be empty or larger than the data it is drawn from.
    pub fn sample(&self, sample: &Sample) -> Result<Split, DataError> {
        let mut rng = random(sample.seed, Stream::Sampling);
        Ok(Split {
            train: draw("train", &self.train, sample.train, rng.fork())?,
            test: draw("test", &self.test, sample.test, rng.fork())?,
            source: self.source.clone(),
        })
    }
}

/// `count` of the images, none twice.
fn draw(
    field: &'static str,
    from: &Images,
    count: usize,
    mut rng: ChaCha8Rng,
) -> Result<Images, DataError> {
    if count == 0 || count > from.len() {
        return Err(DataError::SampleSize { field, available: from.len(), found: count });
    }
    let mut indices: Vec<usize> = (0..from.len()).collect();
    let (drawn, _) = indices.partial_shuffle(&mut rng, count);
    Ok(from.select(drawn))
}

#[cfg(test)]
mod tests {
    use super::super::PIXELS;
    use super::*;

    /// Images that can be told apart: the first two pixels hold the index.
    fn numbered(count: u16) -> Images {
        let pixels = (0..count).flat_map(|i| {
            let mut image = [0; PIXELS];
            image[..2].copy_from_slice(&i.to_be_bytes());
            image
        });
        Images::new(pixels.collect(), (0..count).map(|i| (i % 10) as u8).collect()).unwrap()
    }

    fn numbers(images: &Images) -> Vec<u16> {
        (0..images.len())
            .map(|i| u16::from_be_bytes([images.image(i)[0], images.image(i)[1]]))
            .collect()
    }

    fn digits() -> Digits {
        Digits { train: numbered(300), test: numbered(200), source: Source::Synthetic { seed: 0 } }
    }

    fn sample(train: usize, test: usize, seed: u64) -> Split {
        digits().sample(&Sample { train, test, seed }).unwrap()
    }

    #[test]
    fn draws_as_many_as_asked_for() {
        let split = sample(30, 20, 0);
        assert_eq!((split.train.len(), split.test.len()), (30, 20));
    }

    #[test]
    fn draws_no_image_twice() {
        let mut drawn = numbers(&sample(300, 20, 0).train);
        drawn.sort();
        assert_eq!(drawn, (0..300).collect::<Vec<u16>>());
    }

    #[test]
    fn draws_in_random_order() {
        assert!(!numbers(&sample(300, 20, 0).train).is_sorted());
    }

    #[test]
    fn keeps_each_image_with_its_label() {
        let train = sample(30, 20, 0).train;
        let labels: Vec<u8> = numbers(&train).iter().map(|i| (i % 10) as u8).collect();
        assert_eq!(train.labels(), labels);
    }

    #[test]
    fn draws_every_image_equally_often() {
        let digits = digits();
        let mut counts = [0; 300];
        for seed in 0..1_000 {
            let split = digits.sample(&Sample { train: 30, test: 1, seed }).unwrap();
            for i in numbers(&split.train) {
                counts[usize::from(i)] += 1;
            }
        }
        // 100 each on average with a standard deviation of 9.5: five of them either way.
        assert!(counts.iter().all(|count| (53..147).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_same_seed_draws_the_same_subset() {
        assert_eq!(sample(30, 20, 7).train, sample(30, 20, 7).train);
        assert_eq!(sample(30, 20, 7).test, sample(30, 20, 7).test);
    }

    #[test]
    fn another_seed_draws_another_subset() {
        assert_ne!(sample(30, 20, 7).train, sample(30, 20, 8).train);
    }

    #[test]
    fn training_images_do_not_depend_on_the_test_size() {
        assert_eq!(sample(30, 20, 7).train, sample(30, 200, 7).train);
    }

    #[test]
    fn test_images_do_not_depend_on_the_training_size() {
        assert_eq!(sample(30, 20, 7).test, sample(300, 20, 7).test);
    }

    #[test]
    fn training_and_test_images_are_drawn_independently() {
        let both = Digits { train: numbered(200), ..digits() };
        let split = both.sample(&Sample { train: 50, test: 50, seed: 0 }).unwrap();
        assert_ne!(numbers(&split.train), numbers(&split.test));
    }

    #[test]
    fn rejects_a_sample_of_nothing() {
        let error = digits().sample(&Sample { train: 0, ..Sample::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Sample: `train` (an experiment's `train_examples`) must be from 1 to 300, the number of images to draw from, \
             but it is 0."
        );
    }

    #[test]
    fn rejects_a_sample_larger_than_the_data() {
        let error = digits().sample(&Sample { test: 201, ..Sample::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Sample: `test` (an experiment's `test_examples`) must be from 1 to 200, the number of images to draw from, \
             but it is 201."
        );
    }
}

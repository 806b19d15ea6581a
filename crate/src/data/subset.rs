//! Small random subsets of the digits to train and to test on.

use super::digits::{Digits, Source};
use super::images::Images;
use crate::error::{Result, require};
use crate::rng::{ChaCha8Rng, Stream, random};
use rand::SeedableRng;
use rand::seq::SliceRandom;

/// The sizes of a training and a test subset, and the seeds that draw them. Defaults to the report's 150 and
/// 1000, seed 0.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let sample = Sample { seed: 42, ..Sample::default() };
/// let split: Split = digits.sample(&sample)?;
/// assert_eq!((split.train.len(), split.test.len()), (150, 1_000));
///
/// // The same training images with other test images, or with all of them.
/// let other = digits.sample(&Sample { test_seed: Some(7), ..sample.clone() })?;
/// assert!(other.train == split.train && other.test != split.test);
/// let all = digits.sample(&Sample { test: digits.test.len(), ..sample })?;
/// assert!(all.train == split.train && all.test.len() == 2_000);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The number of training images, from 1 to all; defaults to `150`.
    pub train: usize,
    /// The number of test images, from 1 to all; defaults to `1000`.
    pub test: usize,
    /// Determines which training images are drawn, and which test images unless `test_seed` is set; defaults to
    /// `0`.
    pub seed: u64,
    /// Determines which test images are drawn, if not by `seed`. The same number as `seed` draws the same test
    /// images as `None`, the default.
    pub test_seed: Option<u64>,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { train: 150, test: 1_000, seed: 0, test_seed: None }
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
    /// The same seed always draws the same images. The training images depend neither on the number nor on the
    /// seed of the test images, and vice versa.
    ///
    /// # Errors
    /// If a subset would be empty or larger than the data it is drawn from.
    pub fn sample(&self, sample: &Sample) -> Result<Split> {
        let [train, _] = generators(sample.seed);
        let [_, test] = generators(sample.test_seed.unwrap_or(sample.seed));
        Ok(Split {
            train: draw(TRAIN, &self.train, sample.train, train)?,
            test: draw(TEST, &self.test, sample.test, test)?,
            source: self.source.clone(),
        })
    }
}

const TRAIN: &str = "`train` of the sample (`train_examples` of an experiment)";
const TEST: &str = "`test` of the sample (`test_examples` of an experiment)";

/// The generators that draw the training and the test images of a seed.
fn generators(seed: u64) -> [ChaCha8Rng; 2] {
    let mut random = random(seed, Stream::Sampling);
    [random.fork(), random.fork()]
}

/// Draws `count` different images.
fn draw(field: &'static str, from: &Images, count: usize, mut rng: ChaCha8Rng) -> Result<Images> {
    let allowed = format_args!("from 1 to {}, the number of images to draw from", from.len());
    require((1..=from.len()).contains(&count), field, allowed, count)?;
    let mut indices: Vec<usize> = (0..from.len()).collect();
    let (drawn, _) = indices.partial_shuffle(&mut rng, count);
    Ok(from.copies(drawn))
}

#[cfg(test)]
mod tests {
    use super::super::idx::PIXELS;
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
        digits().sample(&Sample { train, test, seed, test_seed: None }).unwrap()
    }

    #[test]
    fn a_sample_of_all_images_holds_each_once_in_random_order() {
        let Split { train, test, .. } = sample(300, 200, 0);
        for (drawn, count) in [(numbers(&train), 300), (numbers(&test), 200)] {
            assert!(!drawn.is_sorted());
            let mut sorted = drawn;
            sorted.sort();
            assert_eq!(sorted, (0..count).collect::<Vec<u16>>());
        }
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
            let sample = Sample { train: 30, test: 1, seed, test_seed: None };
            for i in numbers(&digits.sample(&sample).unwrap().train) {
                counts[usize::from(i)] += 1;
            }
        }
        // 100 each on average with a standard deviation of 9.5: five of them either way.
        assert!(counts.iter().all(|count| (53..147).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_seed_draws_its_subsets_and_another_seed_others() {
        let (first, same, other) = (sample(30, 20, 7), sample(30, 20, 7), sample(30, 20, 8));
        assert!(first.train == same.train && first.test == same.test);
        assert!(first.train != other.train && first.test != other.test);
    }

    #[test]
    fn draws_the_images_that_a_seed_has_always_drawn() {
        let split = sample(5, 5, 42);
        assert_eq!(numbers(&split.train), [51, 137, 231, 220, 272]);
        assert_eq!(numbers(&split.test), [47, 14, 135, 151, 192]);
    }

    #[test]
    fn the_test_seed_moves_the_test_images_alone_and_defaults_to_the_seed() {
        let with = |seed, test_seed| {
            digits().sample(&Sample { train: 30, test: 20, seed, test_seed }).unwrap()
        };
        let (default, equal, other) = (with(7, None), with(7, Some(7)), with(7, Some(8)));
        assert!(equal.train == default.train && equal.test == default.test);
        assert!(other.train == default.train && other.test != default.test);
        assert_eq!(other.test, with(8, None).test);
    }

    #[test]
    fn neither_subset_depends_on_the_size_of_the_other() {
        assert_eq!(sample(30, 20, 7).train, sample(30, 200, 7).train);
        assert_eq!(sample(30, 20, 7).test, sample(300, 20, 7).test);
    }

    #[test]
    fn training_and_test_images_are_drawn_independently() {
        let both = Digits { train: numbered(200), ..digits() };
        let sizes = Sample { train: 50, test: 50, ..Sample::default() };
        let split = both.sample(&sizes).unwrap();
        assert_ne!(numbers(&split.train), numbers(&split.test));
    }

    #[test]
    fn rejects_samples_of_nothing_and_of_more_than_there_is() {
        for (sample, field, available, found) in [
            (Sample { train: 0, ..Sample::default() }, "train", 300, 0),
            (Sample { train: 10, test: 201, ..Sample::default() }, "test", 200, 201),
        ] {
            let expected = format!(
                "`{field}` of the sample (`{field}_examples` of an experiment) must be from 1 to {available}, the number \
                 of images to draw from, but it is {found}."
            );
            assert_eq!(digits().sample(&sample).unwrap_err().to_string(), expected);
        }
    }
}

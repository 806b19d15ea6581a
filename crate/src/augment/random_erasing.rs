//! Erasing of rectangles.

use super::transform::*;
use std::ops::Range;

/// The rows and the columns of a rectangle of pixels.
pub(super) type Region = [Range<usize>; 2];

/// Sets a region of the image to 0.
pub(super) fn erase(image: &mut Image, [rows, columns]: Region) {
    let columns = columns.start..columns.end.min(image.size.width);
    for row in image.pixels.chunks_exact_mut(image.size.width).take(rows.end).skip(rows.start) {
        row[columns.clone()].fill(0.0);
    }
}

/// With probability `p`, sets a random rectangle of an image to 0. Its area is drawn uniformly from `scale`
/// and the logarithm of its height over its width from that of `ratio`. A rectangle as high or as wide as
/// the image is drawn again; after ten of them the image stays as it is.
///
/// Source: [torchvision's `RandomErasing`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomErasing.html).
///
/// ```
/// use hinge::augment::{Compose, RandomErasing};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// // A quarter of the area, as high as wide: 14 x 14 of 28 x 28 pixels, somewhere.
/// let quarter = RandomErasing { p: 1., scale: 0.25..=0.25, ratio: 1.0..=1.0 };
/// let ones = Tensor::ones([1, 28, 28], (tch::Kind::Float, tch::Device::Cpu));
/// let erased = Compose::new([quarter.into()]).apply(&ones, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(erased.sum(tch::Kind::Float).double_value(&[]), 28. * 28. - 14. * 14.);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomErasing {
    /// The probability in 0..=1. Defaults to 0.5.
    pub p: f64,
    /// The areas as fractions of the image's, within 0..=1. Defaults to 0.02..=0.33.
    pub scale: RangeInclusive<f64>,
    /// The heights over widths, within 0.001..=1000. Defaults to 0.3..=3.3.
    pub ratio: RangeInclusive<f64>,
}

impl Default for RandomErasing {
    fn default() -> RandomErasing {
        RandomErasing { p: 0.5, scale: 0.02..=0.33, ratio: 0.3..=3.3 }
    }
}

impl RandomErasing {
    const TRIES: usize = 10;

    fn draw(&self, size: Size, random: &mut ChaCha8Rng) -> Region {
        let image_area = (size.height * size.width) as f64;
        let log_ratio = self.ratio.start().ln()..=self.ratio.end().ln();
        for _ in 0..Self::TRIES {
            let area = image_area * uniform(random, &self.scale);
            let ratio = uniform(random, &log_ratio).exp();
            let height = (area * ratio).sqrt().round_ties_even() as usize;
            let width = (area / ratio).sqrt().round_ties_even() as usize;
            if height < size.height && width < size.width {
                let top = random.random_range(0..=size.height - height);
                let left = random.random_range(0..=size.width - width);
                return [top..top + height, left..left + width];
            }
        }
        Region::default()
    }
}

impl RandomTransform for RandomErasing {
    fn validate(&self) -> Result<()> {
        check("RandomErasing: p", 0.0..=1.0, self.p)?;
        check_range("RandomErasing: scale", 0.0..=1.0, &self.scale)?;
        check_range("RandomErasing: ratio", 1e-3..=1e3, &self.ratio)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        if random.random_bool(self.p) {
            let region = self.draw(image.size, random);
            erase(image, region);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, changed, noise, pixels, source};
    use super::*;
    use tch::{Device, Kind, Tensor};

    const MNIST: Size = Size { height: 28, width: 28 };

    #[test]
    fn sets_the_region_and_nothing_else_to_0() {
        let white = Tensor::ones([1, 3, 4], (Kind::Float, Device::Cpu));
        let erased = changed(&white, |image| erase(image, [1..2, 2..11]));
        assert_eq!(pixels(&erased), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn drawn_regions_lie_inside_and_have_areas_and_ratios_in_their_ranges() {
        let mut random = source(0);
        let erasing = RandomErasing { p: 1.0, scale: 0.02..=0.1, ratio: 1.5..=3.0 };
        for _ in 0..5_000 {
            let [rows, columns] = erasing.draw(MNIST, &mut random);
            assert!(rows.end <= 28 && columns.end <= 28);
            let (height, width) = (rows.len(), columns.len());
            // Height and width are rounded to whole pixels, each by at most half a pixel.
            let [low, high] = [-0.5, 0.5].map(|half| (height as f64 + half, width as f64 + half));
            assert!(low.0 * low.1 <= 78.4 && high.0 * high.1 >= 15.68, "{height} x {width}");
            assert!(low.0 / high.1 <= 3.0 && high.0 / low.1 >= 1.5, "{height} x {width}");
        }
    }

    #[test]
    fn drawn_regions_reach_every_side() {
        let mut random = source(0);
        let erasing = RandomErasing::default();
        let drawn: Vec<Region> = (0..5_000).map(|_| erasing.draw(MNIST, &mut random)).collect();
        let reaches = |side: fn(&Region) -> bool| drawn.iter().any(side);
        assert!(reaches(|[rows, _]| rows.start == 0) && reaches(|[rows, _]| rows.end == 28));
        assert!(reaches(|[_, columns]| columns.start == 0));
        assert!(reaches(|[_, columns]| columns.end == 28));
    }

    #[test]
    fn an_image_too_small_for_its_rectangles_stays_as_it_is() -> Result<()> {
        let images = noise(50, 28, 28);
        let too_large = RandomErasing { p: 1.0, scale: 1.0..=1.0, ratio: 1.0..=1.0 };
        assert_eq!(apply(too_large, &images)?, images);
        Ok(())
    }
}

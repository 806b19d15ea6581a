//! Normalisation of pixel values. It is not random.

use super::transform::*;

/// Subtracts `mean` from every pixel and divides by `std`. The only transform that also belongs on test
/// images: a model trained on normalised images expects them.
///
/// Source: [torchvision's `Normalize`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html).
///
/// ```
/// use hinge::augment::{Compose, Normalize};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let normalize = Compose::new([Normalize { mean: 0.5, std: 0.25 }.into()]);
/// let pixels = Tensor::from_slice(&[0.25f32, 0.5, 1.]).view([1, 1, 3]);
/// let normalized = normalize.apply(&pixels, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(normalized, Tensor::from_slice(&[-1f32, 0., 2.]).view([1, 1, 3]));
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// The value that becomes 0; in -1e6..=1e6.
    pub mean: f64,
    /// The distance above the mean that becomes 1; in 1e-6..=1e6.
    pub std: f64,
}

impl Normalize {
    /// The mean and standard deviation of the pixels of MNIST's training images.
    pub const MNIST: Normalize = Normalize { mean: 0.1307, std: 0.3081 };
}

impl RandomTransform for Normalize {
    fn is_random(&self) -> bool {
        false
    }

    fn validate(&self) -> Result<()> {
        check("Normalize: mean", -1e6..=1e6, self.mean)?;
        check("Normalize: std", 1e-6..=1e6, self.std)
    }

    fn transform(&self, image: &mut Image, _: &mut ChaCha8Rng) {
        let [mean, std] = [self.mean, self.std].map(|number| number as f32);
        image.pixels.iter_mut().for_each(|pixel| *pixel = (*pixel - mean) / std);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{apply, pixels};
    use super::*;
    use tch::Tensor;

    #[test]
    fn makes_the_mean_0_and_one_standard_deviation_1() -> Result<()> {
        let image = Tensor::from_slice(&[0.25_f32, 0.75]).view([1, 1, 2]);
        assert_eq!(pixels(&apply(Normalize { mean: 0.25, std: 0.5 }, &image)?), [0.0, 1.0]);
        Ok(())
    }

    #[test]
    fn mnists_normalisation_has_mean_0_1307_and_standard_deviation_0_3081() {
        assert_eq!(Normalize::MNIST, Normalize { mean: 0.1307, std: 0.3081 });
    }
}

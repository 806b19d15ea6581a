//! A batch of one-channel images: a float32 tensor `[images, height, width]`.

use super::error::AugmentError;
use tch::{Device, Kind, Tensor};

/// How many images there are and how many pixels each has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub images: usize,
    pub height: usize,
    pub width: usize,
}

impl Size {
    /// The size of a batch that passed [`check_images`].
    pub fn of(images: &Tensor) -> Size {
        let shape = images.size();
        Size { images: shape[0] as usize, height: shape[1] as usize, width: shape[2] as usize }
    }
}

/// The size of `images`, if they are a batch as described above.
pub(super) fn check_images(images: &Tensor) -> Result<Size, AugmentError> {
    let (kind, shape, device) = (images.kind(), images.size(), images.device());
    let has_pixels = matches!(shape[..], [_, height, width] if height > 0 && width > 0);
    if kind == Kind::Float && device == Device::Cpu && has_pixels {
        return Ok(Size::of(images));
    }
    Err(AugmentError::Images { kind, shape, device })
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::rng::{ChaCha8Rng, Stream, random};
    use rand::RngExt;
    use tch::Tensor;

    /// The generator that the tests draw augmentations from.
    pub fn source(seed: u64) -> ChaCha8Rng {
        random(seed, Stream::Augmentation)
    }

    /// Images of uniform noise in 0..1, the hardest case for interpolation.
    pub fn noise(images: i64, height: i64, width: i64) -> Tensor {
        let mut random = random(0, Stream::Digits);
        let pixels: Vec<f32> = (0..images * height * width).map(|_| random.random()).collect();
        Tensor::from_slice(&pixels).view([images, height, width])
    }

    /// The pixels of the only image of a batch.
    pub fn pixels(images: &Tensor) -> Vec<f32> {
        (0..images.numel() as i64).map(|i| images.reshape([-1]).double_value(&[i]) as f32).collect()
    }

    /// How far two batches are apart at the worst pixel.
    pub fn distance(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    /// torchvision's test image for the values in the tests: `torch.arange(20) * 7 % 20 / 20` in 4 rows of 5.
    pub fn small_image() -> Tensor {
        let pixels: Vec<f32> = (0..20).map(|i| (i * 7 % 20) as f32 / 20.0).collect();
        Tensor::from_slice(&pixels).view([1, 4, 5])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_images_of_another_kind_or_shape() {
        let options = (Kind::Float, Device::Cpu);
        let rejected = [
            Tensor::zeros([2, 28, 28], (Kind::Uint8, Device::Cpu)),
            Tensor::zeros([2, 28, 28], (Kind::Double, Device::Cpu)),
            Tensor::zeros([2, 784], options),
            Tensor::zeros([2, 1, 28, 28], options),
            Tensor::zeros([2, 0, 28], options),
        ];
        for images in rejected {
            assert!(check_images(&images).is_err(), "{images:?}");
        }
    }

    #[test]
    fn the_error_says_what_was_expected_and_found() {
        let images = Tensor::zeros([2, 784], (Kind::Float, Device::Cpu));
        let sentence = check_images(&images).unwrap_err().to_string();
        assert!(
            sentence.contains("[images, height, width]") && sentence.contains("[2, 784]"),
            "{sentence}"
        );
    }
}

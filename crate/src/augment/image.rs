//! An image of one channel, and batches of them.

use crate::error::{Result, require};
use tch::{Device, Kind, Tensor};

/// The longest side of an image. Places along a side have 16 bits, those in an image 32.
const LONGEST: usize = 1 << 15;

/// The sides of an image in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub height: usize,
    pub width: usize,
}

/// An image while it is transformed.
pub(super) struct Image<'a> {
    /// Its pixels, `[height * width]`, row by row.
    pub pixels: &'a mut [f32],
    pub size: Size,
}

impl Size {
    /// The number of pixels.
    pub fn area(self) -> usize {
        self.height * self.width
    }
}

/// Returns the size of the images in a batch, a float32 tensor `[images, height, width]`.
pub(super) fn check_images(images: &Tensor) -> Result<Size> {
    let (kind, shape, device) = (images.kind(), images.size(), images.device());
    let sides = match shape[..] {
        [_, height, width] => [height, width].map(|side| side as usize),
        _ => [0, 0],
    };
    let have_pixels = sides.iter().all(|side| (1..=LONGEST).contains(side));
    let holds = kind == Kind::Float && device == Device::Cpu && have_pixels;
    let allowed = format_args!(
        "a float32 tensor of shape [images, height, width] on the CPU, height and width from 1 to {LONGEST}"
    );
    require(holds, "images", allowed, format_args!("{kind:?} of shape {shape:?} on {device:?}"))?;
    let [height, width] = sides;
    Ok(Size { height, width })
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
            Tensor::zeros([0, 1, 40_000], options),
        ];
        for images in rejected {
            let sentence = check_images(&images).expect_err("another kind or shape").to_string();
            let found = format!("{:?}", images.size());
            let told = sentence.contains("[images, height, width]") && sentence.contains(&found);
            assert!(told, "{sentence}");
        }
    }
}

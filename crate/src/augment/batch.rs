//! A batch of one-channel images: a float32 tensor `[images, height, width]`.

use crate::error::{Result, require};
use tch::{Device, Kind, Tensor};

/// The number of images and their sides in pixels.
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

/// Returns the size of `images` if they are a batch as described above.
pub(super) fn check_images(images: &Tensor) -> Result<Size> {
    let (kind, shape, device) = (images.kind(), images.size(), images.device());
    let has_pixels = matches!(shape[..], [_, height, width] if height > 0 && width > 0);
    let holds = kind == Kind::Float && device == Device::Cpu && has_pixels;
    let allowed = "a float32 tensor of shape [images, height, width] on the CPU, without an empty height or width";
    require(holds, "images", allowed, format_args!("{kind:?} of shape {shape:?} on {device:?}"))?;
    Ok(Size::of(images))
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
            let sentence = check_images(&images).expect_err("another kind or shape").to_string();
            let found = format!("{:?}", images.size());
            let told = sentence.contains("[images, height, width]") && sentence.contains(&found);
            assert!(told, "{sentence}");
        }
    }
}

//! A transform that the user brings.

use super::batch::Size;
use super::error::AugmentError;
use super::transform::{RandomTransform, Sources};
use rand::rngs::ChaCha8Rng;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;
use tch::Tensor;

/// A transform of one's own. It is handed the pixels of one image, `[height * width]` row by row, from 0
/// (background) to 1 unless something before it changed that, and the image's source of random numbers.
///
/// ```
/// use hinge::prelude::*;
/// use hinge::rng::RngExt;
///
/// let noise = CustomTransform::new("Noise", |pixels, random| {
///     pixels.iter_mut().for_each(|pixel| *pixel += random.random_range(-0.1..=0.1));
/// });
/// let noisy = Experiment { train_transform: Compose::new([noise.into()]), epochs: 3, ..Experiment::default() };
/// assert_eq!(noisy.run(&Digits::synthetic(0), 1)?.history().len(), 3);
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone)]
pub struct CustomTransform {
    name: &'static str,
    change: Arc<Change>,
}

type Change = dyn Fn(&mut [f32], &mut ChaCha8Rng) + Send + Sync;

impl CustomTransform {
    /// A transform that changes images by `change`, under the name that results show.
    pub fn new(
        name: &'static str,
        change: impl Fn(&mut [f32], &mut ChaCha8Rng) + Send + Sync + 'static,
    ) -> CustomTransform {
        CustomTransform { name, change: Arc::new(change) }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

impl RandomTransform for CustomTransform {
    fn validate(&self) -> Result<(), AugmentError> {
        Ok(())
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        let size = Size::of(images);
        let mut pixels = vec![0f32; images.numel()];
        images.copy_data(&mut pixels, images.numel());
        let images_of = pixels.chunks_exact_mut(size.height * size.width);
        for (image, source) in images_of.zip(sources.iter_mut()) {
            (self.change)(image, source);
        }
        Tensor::from_slice(&pixels).view_as(images)
    }
}

/// Two are the same transform if they have the same name.
impl PartialEq for CustomTransform {
    fn eq(&self, other: &CustomTransform) -> bool {
        self.name == other.name
    }
}

/// By name: its function has no other form than code.
impl Serialize for CustomTransform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl fmt::Debug for CustomTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Compose;
    use super::super::batch::testing::{noise, source};
    use super::*;
    use rand::RngExt;
    use tch::Kind;

    #[test]
    fn it_is_given_each_image_with_a_source_of_its_own() -> Result<(), AugmentError> {
        let mark = CustomTransform::new("Mark", |pixels, random| pixels[5] = random.random());
        let images = noise(3, 4, 6);
        let marked = Compose::new([mark.into()]).apply(&images, &mut source(0))?;
        let changed = marked.ne_tensor(&images);
        assert_eq!(changed.sum(Kind::Int64).int64_value(&[]), 3);
        assert_eq!(changed.select(1, 0).select(1, 5).sum(Kind::Int64), Tensor::from(3i64));
        let marks: Vec<f64> = (0..3).map(|i| marked.double_value(&[i, 0, 5])).collect();
        assert!(marks[0] != marks[1] && marks[1] != marks[2], "{marks:?}");
        Ok(())
    }

    #[test]
    fn results_name_it() {
        let own = Compose::new([CustomTransform::new("Invert", |_, _| ()).into()]);
        assert_eq!(own.to_string(), "Invert");
        assert_eq!(
            serde_json::to_string(&own).ok().as_deref(),
            Some(r#"{"transforms":[{"Custom":"Invert"}]}"#)
        );
    }
}

//! A transform defined by the user's function.

use super::transform::*;
use std::fmt;
use std::sync::Arc;

/// A transform defined by a function. The function gets the pixels of one image, `[height * width]` row by row,
/// from 0 (background) to 1 unless an earlier transform changed that, and the image's random generator.
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
#[derive(Clone, Serialize)]
#[serde(transparent)] // By name: the function exists only as code.
pub struct CustomTransform {
    name: &'static str,
    #[serde(skip)]
    change: Arc<Change>,
}

type Change = dyn Fn(&mut [f32], &mut ChaCha8Rng) + Send + Sync;

impl CustomTransform {
    /// A transform that changes images by `change`. Results show it under `name`.
    pub fn new(
        name: &'static str,
        change: impl Fn(&mut [f32], &mut ChaCha8Rng) + Send + Sync + 'static,
    ) -> CustomTransform {
        CustomTransform { name, change: Arc::new(change) }
    }
}

impl RandomTransform for CustomTransform {
    fn name(&self, _: &'static str) -> &'static str {
        self.name
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        (self.change)(image.pixels, random);
    }
}

/// Equal if the names are equal: functions cannot be compared.
impl PartialEq for CustomTransform {
    fn eq(&self, other: &CustomTransform) -> bool {
        self.name == other.name
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
    use super::super::testing::{apply, noise};
    use super::*;
    use tch::{Kind, Tensor};

    #[test]
    fn the_function_gets_each_image_with_its_own_generator() -> Result<()> {
        let mark = CustomTransform::new("Mark", |pixels, random| pixels[5] = random.random());
        let images = noise(3, 4, 6);
        let marked = apply(mark, &images)?;
        let changed = marked.ne_tensor(&images);
        assert_eq!(changed.sum(Kind::Int64).int64_value(&[]), 3);
        assert_eq!(changed.select(1, 0).select(1, 5).sum(Kind::Int64), Tensor::from(3i64));
        let marks: Vec<f64> = (0..3).map(|i| marked.double_value(&[i, 0, 5])).collect();
        assert!(marks[0] != marks[1] && marks[1] != marks[2], "{marks:?}");
        Ok(())
    }

    #[test]
    fn results_show_its_name() {
        let invert = Compose::new([CustomTransform::new("Invert", |_, _| ()).into()]);
        assert_eq!(invert.to_string(), "Invert");
        let json = serde_json::to_string(&invert).ok();
        assert_eq!(json.as_deref(), Some(r#"{"transforms":[{"CustomTransform":"Invert"}]}"#));
    }
}

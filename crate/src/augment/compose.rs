//! The list of all transforms, and their composition.

use super::image::check_images;
use super::transform::*;
use super::*;
use crate::linalg::memory_of;
use crate::runtime::threads::side_by_side;
use rand::{Rng, SeedableRng};
use std::fmt;
use tch::Tensor;

/// Makes the enum `Transform` and its conversions from the list of types that implement [`RandomTransform`].
macro_rules! transforms {
    ($($(#[$documentation:meta])* $name:ident,)*) => {
        /// One step of an augmentation. Each of its types converts into it with `.into()`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Transform {
            $($(#[$documentation])* $name($name),)*
        }

        impl Transform {
            /// The name, as in torchvision; of a [`CustomTransform`] the one it was given.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Transform::$name(transform) => transform.name(stringify!($name)),)*
                }
            }

            fn as_dyn(&self) -> &dyn RandomTransform {
                match self {
                    $(Transform::$name(transform) => transform,)*
                }
            }
        }

        $(impl From<$name> for Transform {
            fn from(transform: $name) -> Transform {
                Transform::$name(transform)
            }
        })*
    };
}

transforms! {
    /// A random rotation about the centre.
    RandomRotation,
    /// A random rotation, shear, magnification and shift.
    RandomAffine,
    /// Corners moved inwards at random.
    RandomPerspective,
    /// A smooth random displacement of every pixel.
    ElasticTransform,
    /// A blur of random strength.
    GaussianBlur,
    /// Sharpening with a probability.
    RandomAdjustSharpness,
    /// The same shift and scale of all pixel values; not random.
    Normalize,
    /// A random rectangle set to 0.
    RandomErasing,
    /// Several transforms with a common probability.
    RandomApply,
    /// The user's function.
    #[serde(skip_deserializing)]
    CustomTransform,
}

/// Transforms in a row make one transform.
impl RandomTransform for [Transform] {
    fn is_random(&self) -> bool {
        self.iter().any(|transform| transform.as_dyn().is_random())
    }

    fn validate(&self) -> Result<()> {
        self.iter().try_for_each(|transform| transform.as_dyn().validate())
    }

    fn check_size(&self, size: Size) -> Result<()> {
        self.iter().try_for_each(|transform| transform.as_dyn().check_size(size))
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        self.iter().for_each(|transform| transform.as_dyn().transform(image, random));
    }
}

/// Applies all of `transforms` to an image, in order, with probability `p`; otherwise none of them.
///
/// Source: [torchvision's `RandomApply`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.RandomApply.html).
///
/// ```
/// use hinge::augment::{Compose, Normalize, RandomApply};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let halve = Normalize { mean: 0., std: 2. };
/// let twice = RandomApply { transforms: vec![halve.into(), halve.into()], p: 1. };
/// let pixels = Tensor::from_slice(&[4f32, 8.]).view([1, 1, 2]);
/// let quartered = Compose::new([twice.into()]).apply(&pixels, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(quartered, Tensor::from_slice(&[1f32, 2.]).view([1, 1, 2]));
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomApply {
    /// The transforms, first to last.
    pub transforms: Vec<Transform>,
    /// The probability in 0..=1. torchvision's default is 0.5.
    pub p: f64,
}

impl RandomTransform for RandomApply {
    fn validate(&self) -> Result<()> {
        check("RandomApply: p", 0.0..=1.0, self.p)?;
        self.transforms.validate()
    }

    fn check_size(&self, size: Size) -> Result<()> {
        self.transforms.check_size(size)
    }

    fn transform(&self, image: &mut Image, random: &mut ChaCha8Rng) {
        if random.random_bool(self.p) {
            self.transforms.transform(image, random);
        }
    }
}

/// A sequence of transforms, applied in order; without any, it changes nothing.
///
/// Source: [torchvision's `Compose`](https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.Compose.html).
///
/// ```
/// use hinge::augment::{Compose, Normalize};
/// use hinge::rng::{Stream, random};
/// use tch::Tensor;
///
/// let shift_then_halve = Compose::new([
///     Normalize { mean: 1., std: 1. }.into(),
///     Normalize { mean: 0., std: 2. }.into(),
/// ]);
/// let pixels = Tensor::from_slice(&[3f32, 5.]).view([1, 1, 2]);
/// let changed = shift_then_halve.apply(&pixels, &mut random(0, Stream::Augmentation))?;
/// assert_eq!(changed, Tensor::from_slice(&[1f32, 2.]).view([1, 1, 2]));
/// assert_eq!(shift_then_halve.to_string(), "Normalize, Normalize");
/// # Ok::<(), hinge::Error>(())
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    /// The transforms, first to last.
    pub transforms: Vec<Transform>,
    #[serde(skip)]
    name: Option<String>,
}

/// Equal if the transforms are equal, whatever the names.
impl PartialEq for Compose {
    fn eq(&self, other: &Compose) -> bool {
        self.transforms == other.transforms
    }
}

/// Shows its name, or the names of the transforms in order if it has none.
impl fmt::Display for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.transforms.iter().map(Transform::name).collect();
        f.write_str(self.name.as_ref().unwrap_or(&names.join(", ")))
    }
}

impl Compose {
    /// Images that one thread transforms at a time: half an epoch of the report's protocol.
    const PART: usize = 75;

    /// The composition of `transforms`, first to last.
    pub fn new(transforms: impl Into<Vec<Transform>>) -> Compose {
        Compose { transforms: transforms.into(), name: None }
    }

    /// Gives the composition a name, which is then shown instead of the names of the transforms.
    pub fn named(self, name: impl ToString) -> Compose {
        Compose { name: Some(name.to_string()), ..self }
    }

    /// Whether the same image may change differently each time.
    pub fn is_random(&self) -> bool {
        self.transforms.is_random()
    }

    /// Checks every parameter of every transform.
    ///
    /// # Errors
    /// The first parameter outside its range, by name.
    pub fn validate(&self) -> Result<()> {
        self.transforms.validate()
    }

    /// Transforms each of the `images` `[n, height, width]` with its own random parameters.
    ///
    /// Each image takes one seed from `random`, in order, and draws all its parameters from that seed. Its
    /// result depends on the generator's state when its turn comes and on no other image of the batch: a batch
    /// gives what its parts give one after the other with the same generator.
    ///
    /// # Errors
    /// The errors of [`validate`](Self::validate); also if `images` is not a float32 tensor
    /// `[n, height, width]` or too small for a kernel.
    pub fn apply(&self, images: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
        check_images(images)?;
        let seeds = draw_seeds(images.size()[0] as usize, random);
        self.apply_seeded(images, &seeds)
    }

    /// [`apply`](Self::apply) with one seed for each image.
    pub(crate) fn apply_seeded(&self, images: &Tensor, seeds: &[ImageSeed]) -> Result<Tensor> {
        self.validate()?;
        let size = check_images(images)?;
        self.transforms.check_size(size)?;
        let transformed = images.empty_like();
        let parts = |tensor: &Tensor| tensor.split(Self::PART as i64, 0).into_iter();
        let seeds = seeds.chunks(Self::PART);
        let work: Vec<_> = parts(images).zip(seeds).zip(parts(&transformed)).collect();
        type Work<'a> = ((Tensor, &'a [ImageSeed]), Tensor);
        side_by_side::<_, _, ()>(work, |((images, seeds), mut place): Work| {
            place.copy_(&images);
            self.transform_part(memory_of(&mut place.view([-1, size.area() as i64])), size, seeds);
        });
        Ok(transformed)
    }

    fn transform_part(&self, images: &mut [f32], size: Size, seeds: &[ImageSeed]) {
        for (pixels, seed) in images.chunks_exact_mut(size.area()).zip(seeds) {
            let mut image = Image { pixels, size };
            self.transforms.transform(&mut image, &mut ChaCha8Rng::from_seed(*seed));
        }
    }
}

/// The seed of one image's random parameters.
pub(crate) type ImageSeed = <ChaCha8Rng as SeedableRng>::Seed;

/// Draws one seed for each of `images` images.
pub(crate) fn draw_seeds(images: usize, random: &mut ChaCha8Rng) -> Vec<ImageSeed> {
    let mut seeds = vec![ImageSeed::default(); images];
    seeds.iter_mut().for_each(|seed| random.fill_bytes(seed));
    seeds
}

#[cfg(test)]
mod tests {
    use super::super::testing::{distance, noise, source};
    use super::*;
    use tch::Kind;

    /// Every transform, certain to be applied.
    fn certain() -> Vec<Transform> {
        vec![
            RandomRotation { degrees: 5.0..=10.0, interpolation: Interpolation::Bilinear }.into(),
            RandomAffine { translate: [0.1, 0.1], scale: 0.9..=1.1, ..RandomAffine::new(10.0) }
                .into(),
            RandomPerspective { p: 1.0, ..RandomPerspective::default() }.into(),
            ElasticTransform::default().into(),
            GaussianBlur::new(3).into(),
            RandomAdjustSharpness { sharpness_factor: 2.0, p: 1.0 }.into(),
            Normalize::MNIST.into(),
            RandomErasing { p: 1.0, ..RandomErasing::default() }.into(),
            RandomApply {
                transforms: vec![GaussianBlur::new(3).into(), Normalize::MNIST.into()],
                p: 1.0,
            }
            .into(),
        ]
    }

    fn with_p(p: f64) -> Compose {
        Compose::new([
            RandomPerspective { p, ..RandomPerspective::default() }.into(),
            RandomAdjustSharpness { sharpness_factor: 2.0, p }.into(),
            RandomErasing { p, ..RandomErasing::default() }.into(),
            RandomApply { transforms: vec![Normalize::MNIST.into()], p }.into(),
        ])
    }

    /// Every transform in a row, and those with a probability.
    fn compositions() -> [Compose; 2] {
        [Compose::new(certain()), with_p(0.5)]
    }

    #[test]
    fn a_batch_gives_what_its_images_give_one_by_one() -> Result<()> {
        let images = noise(Compose::PART as i64 + 5, 28, 28);
        for compose in compositions() {
            let whole = compose.apply(&images, &mut source(3))?;
            let mut random = source(3);
            for i in 0..images.size()[0] {
                let alone = compose.apply(&images.narrow(0, i, 1), &mut random)?;
                assert_eq!(alone.get(0), whole.get(i), "image {i} of {compose:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_seed_gives_its_bits_and_another_or_a_second_draw_gives_others() -> Result<()> {
        let images = noise(20, 28, 28);
        for compose in compositions() {
            let mut random = source(3);
            let first = compose.apply(&images, &mut random)?;
            assert_eq!(compose.apply(&images, &mut source(3))?, first, "{compose:?}");
            assert_ne!(compose.apply(&images, &mut source(4))?, first, "{compose:?}");
            assert_ne!(compose.apply(&images, &mut random)?, first, "{compose:?}");
        }
        Ok(())
    }

    #[test]
    fn only_normalisation_is_not_random() {
        let normalize = || Transform::from(Normalize::MNIST);
        let apply = RandomApply { transforms: vec![normalize()], p: 0.5 };
        assert!(!Compose::new([normalize(), normalize()]).is_random());
        assert!(Compose::new([normalize(), apply.into()]).is_random());
        assert!(certain().into_iter().all(|transform| {
            transform == normalize() || Compose::new([transform]).is_random()
        }));
    }

    #[test]
    fn without_transforms_nothing_changes() -> Result<()> {
        let images = noise(3, 28, 28);
        assert_eq!(Compose::default().apply(&images, &mut source(0))?, images);
        Ok(())
    }

    #[test]
    fn probability_0_changes_no_image() -> Result<()> {
        let images = noise(500, 5, 5);
        assert_eq!(with_p(0.0).apply(&images, &mut source(0))?, images);
        Ok(())
    }

    #[test]
    fn probability_1_changes_every_image() -> Result<()> {
        let images = noise(500, 28, 28);
        for transform in with_p(1.0).transforms {
            let changed = Compose::new([transform.clone()]).apply(&images, &mut source(0))?;
            let unchanged = (changed - &images).abs().amax([1, 2], false).eq(0.0).any();
            assert_eq!(unchanged.int64_value(&[]), 0, "{transform:?}");
        }
        Ok(())
    }

    #[test]
    fn a_probability_is_the_share_of_images_changed() -> Result<()> {
        let images = noise(10_000, 3, 3);
        let sometimes = RandomApply { transforms: vec![Normalize::MNIST.into()], p: 0.3 };
        let changed = Compose::new([sometimes.into()]).apply(&images, &mut source(0))?;
        let share = (changed - &images).abs().amax([1, 2], false).gt(0.0).mean(Kind::Double);
        let standard_error = (0.3_f64 * 0.7 / 10_000.0).sqrt();
        assert!((share.double_value(&[]) - 0.3).abs() < 4.0 * standard_error);
        Ok(())
    }

    #[test]
    fn transforms_are_applied_in_order() -> Result<()> {
        let images = noise(1, 5, 5);
        let halve = Transform::from(Normalize { mean: 0.0, std: 2.0 });
        let shift = Transform::from(Normalize { mean: 1.0, std: 1.0 });
        let compose = Compose::new([halve, shift]);
        assert!(distance(&compose.apply(&images, &mut source(0))?, &(&images / 2.0 - 1.0)) < 1e-6);
        Ok(())
    }

    #[test]
    fn an_empty_batch_stays_empty() -> Result<()> {
        let none = noise(0, 28, 28);
        assert_eq!(Compose::new(certain()).apply(&none, &mut source(0))?.size(), [0, 28, 28]);
        Ok(())
    }

    #[test]
    fn rejects_a_kernel_larger_than_the_images_reflection() {
        let images = noise(1, 28, 28);
        let inner = RandomApply { transforms: vec![GaussianBlur::new(57).into()], p: 0.0 };
        let elastic = ElasticTransform { sigma: 8.0, ..ElasticTransform::default() };
        for (transform, field) in [(inner.into(), "kernel_size"), (elastic.into(), "sigma")] {
            let sentence =
                Compose::new([transform]).apply(&images, &mut source(0)).unwrap_err().to_string();
            assert!(sentence.contains(field), "{sentence}");
        }
    }

    #[test]
    fn rejects_every_invalid_setting_with_the_transform_and_the_field_named() {
        let rotation = |degrees| RandomRotation { degrees, interpolation: Interpolation::Nearest };
        let affine = || RandomAffine::new(0.0);
        let perspective = RandomPerspective::default;
        let erasing = RandomErasing::default;
        let sharpness = |sharpness_factor, p| RandomAdjustSharpness { sharpness_factor, p };
        let apply = |transforms, p| RandomApply { transforms, p };
        let invalid: Vec<(Transform, &str)> = vec![
            (rotation(-5.0..=f64::NAN).into(), "RandomRotation: degrees"),
            (rotation(5.0..=-5.0).into(), "RandomRotation: degrees"),
            (rotation(0.0..=361.0).into(), "RandomRotation: degrees"),
            (RandomRotation::new(-3.0).into(), "RandomRotation: degrees"),
            (RandomAffine::new(f64::INFINITY).into(), "RandomAffine: degrees"),
            (
                RandomAffine { translate: [1.5, 0.0], ..affine() }.into(),
                "RandomAffine: translate[0]",
            ),
            (
                RandomAffine { translate: [0.0, f64::NAN], ..affine() }.into(),
                "RandomAffine: translate[1]",
            ),
            (RandomAffine { scale: 0.0..=1.0, ..affine() }.into(), "RandomAffine: scale"),
            (RandomAffine { shear: -90.0..=0.0, ..affine() }.into(), "RandomAffine: shear"),
            (RandomAffine { shear_y: 0.0..=90.0, ..affine() }.into(), "RandomAffine: shear_y"),
            (
                RandomPerspective { distortion_scale: 1.1, ..perspective() }.into(),
                "RandomPerspective: distortion_scale",
            ),
            (RandomPerspective { p: f64::NAN, ..perspective() }.into(), "RandomPerspective: p"),
            (
                ElasticTransform { alpha: -1.0, ..ElasticTransform::default() }.into(),
                "ElasticTransform: alpha",
            ),
            (
                ElasticTransform { sigma: f64::NAN, ..ElasticTransform::default() }.into(),
                "ElasticTransform: sigma",
            ),
            (GaussianBlur::new(4).into(), "GaussianBlur: kernel_size"),
            (GaussianBlur { kernel_size: 3, sigma: 0.0..=1.0 }.into(), "GaussianBlur: sigma"),
            (GaussianBlur { kernel_size: 3, sigma: 2.0..=1.0 }.into(), "GaussianBlur: sigma"),
            (sharpness(-1.0, 0.5).into(), "RandomAdjustSharpness: sharpness_factor"),
            (sharpness(1.0, 1.5).into(), "RandomAdjustSharpness: p"),
            (Normalize { mean: f64::NAN, std: 1.0 }.into(), "Normalize: mean"),
            (Normalize { mean: 0.0, std: 0.0 }.into(), "Normalize: std"),
            (RandomErasing { p: -0.1, ..erasing() }.into(), "RandomErasing: p"),
            (RandomErasing { scale: 0.5..=1.5, ..erasing() }.into(), "RandomErasing: scale"),
            (RandomErasing { ratio: 0.0..=1.0, ..erasing() }.into(), "RandomErasing: ratio"),
            (apply(vec![], 2.0).into(), "RandomApply: p"),
            (apply(vec![GaussianBlur::new(2).into()], 0.5).into(), "GaussianBlur: kernel_size"),
        ];
        for (transform, name) in invalid {
            let compose = Compose::new([transform]);
            let sentence = compose.validate().expect_err(name).to_string();
            assert!(sentence.starts_with(&format!("{name} must be ")), "{sentence}");
            assert!(compose.apply(&noise(1, 5, 5), &mut source(0)).is_err(), "{name}");
        }
    }
}

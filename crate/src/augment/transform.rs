//! One step of an augmentation, and the composition of several.

use super::batch::{Size, check_images};
use super::error::{AugmentError, check};
use super::custom_transform::CustomTransform;
use super::random_geometry::{ElasticTransform, RandomAffine, RandomPerspective, RandomRotation};
use super::random_intensity::{GaussianBlur, Normalize, RandomAdjustSharpness, RandomErasing};
use crate::runtime::threads::side_by_side;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use serde::Serialize;
use std::fmt;
use std::iter;
use std::ops::RangeInclusive;
use tch::Tensor;

/// One step of an augmentation. Each of the types below converts into it (`.into()`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Transform {
    /// A random rotation about the centre.
    RandomRotation(RandomRotation),
    /// A random rotation, shear, magnification and shift.
    RandomAffine(RandomAffine),
    /// Corners moved inwards at random.
    RandomPerspective(RandomPerspective),
    /// A smooth random displacement of every pixel.
    ElasticTransform(ElasticTransform),
    /// A blur of random strength.
    GaussianBlur(GaussianBlur),
    /// Sharpening with a probability.
    RandomAdjustSharpness(RandomAdjustSharpness),
    /// The same shift and scale of all pixel values; not random.
    Normalize(Normalize),
    /// A random rectangle set to 0.
    RandomErasing(RandomErasing),
    /// Several transforms with a common probability.
    RandomApply(RandomApply),
    /// One's own.
    Custom(CustomTransform),
}

/// Applies all of `transforms` to an image, in order, or with probability 1 - `p` none of them.
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
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomApply {
    /// The transforms, first to last.
    pub transforms: Vec<Transform>,
    /// The probability in 0..=1. torchvision's default is 0.5.
    pub p: f64,
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
/// # Ok::<(), hinge::augment::AugmentError>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
pub struct Compose {
    /// The transforms, first to last.
    pub transforms: Vec<Transform>,
    #[serde(skip)]
    name: Option<&'static str>,
}

/// Two are equal if their transforms are, whatever they are called.
impl PartialEq for Compose {
    fn eq(&self, other: &Compose) -> bool {
        self.transforms == other.transforms
    }
}

impl Compose {
    /// So many images are transformed by a thread at a time; an epoch of the report's protocol is two such parts.
    const TOGETHER: usize = 75;

    /// The composition of `transforms`, first to last.
    pub fn new(transforms: impl Into<Vec<Transform>>) -> Compose {
        Compose { transforms: transforms.into(), name: None }
    }

    /// The same under a name, which is then shown instead of the names of the transforms.
    pub fn named(self, name: &'static str) -> Compose {
        let name = Some(name);
        Compose { name, ..self }
    }

    /// Whether it does something else to an image each time.
    pub fn is_random(&self) -> bool {
        let fixed = |transform: &Transform| matches!(transform, Transform::Normalize(_));
        !self.transforms.iter().all(fixed)
    }

    /// Checks every parameter of every transform.
    ///
    /// # Errors
    /// The first parameter outside its range, by name.
    pub fn validate(&self) -> Result<(), AugmentError> {
        self.transforms.iter().try_for_each(|transform| transform.as_random_transform().validate())
    }

    /// The `images` `[n, height, width]`, each transformed with random parameters of its own.
    ///
    /// Each image takes one seed from `random`, in order, and draws all its parameters from that: an image's
    /// result depends on the generator's state when its turn comes and on nothing else in the batch. A batch
    /// gives what its parts give one after the other with the same generator.
    ///
    /// # Errors
    /// As [`validate`](Self::validate); besides, if `images` is not a float32 tensor `[n, height, width]` or
    /// too small for a kernel.
    pub fn apply(&self, images: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor, AugmentError> {
        let seeds = draw_seeds(check_images(images)?.images, random);
        self.apply_seeded(images, &seeds)
    }

    /// [`apply`](Self::apply) with the seed that each image takes.
    pub(crate) fn apply_seeded(
        &self,
        images: &Tensor,
        seeds: &[ImageSeed],
    ) -> Result<Tensor, AugmentError> {
        self.validate()?;
        let size = check_images(images)?;
        self.transforms
            .iter()
            .try_for_each(|transform| transform.as_random_transform().check_size(size))?;
        let transformed = images.empty_like();
        let parts = |tensor: &Tensor| tensor.split(Self::TOGETHER as i64, 0).into_iter();
        // Without random transforms there are no seeds.
        let seeds = seeds.chunks(Self::TOGETHER).chain(iter::repeat(&[][..]));
        let work: Vec<_> = parts(images).zip(seeds).zip(parts(&transformed)).collect();
        type Work<'a> = ((Tensor, &'a [ImageSeed]), Tensor);
        let transform =
            |((images, seeds), mut place): Work| place.copy_(&self.part(&images, seeds));
        side_by_side::<_, _, ()>(work, transform);
        Ok(transformed)
    }

    /// Some of the images, each with its seed.
    fn part(&self, images: &Tensor, seeds: &[ImageSeed]) -> Tensor {
        let sources = seeds.iter().map(|seed| ChaCha8Rng::from_seed(*seed));
        let mut sources: Vec<ChaCha8Rng> = sources.collect();
        let mut sources: Vec<&mut ChaCha8Rng> = sources.iter_mut().collect();
        tch::no_grad(|| in_order(&self.transforms, images, &mut sources))
    }
}

/// What the random parameters of one image come from.
pub(crate) type ImageSeed = <ChaCha8Rng as SeedableRng>::Seed;

/// The seeds of `images` images.
pub(crate) fn draw_seeds(images: usize, random: &mut ChaCha8Rng) -> Vec<ImageSeed> {
    let mut seed = || {
        let mut seed = ImageSeed::default();
        random.fill_bytes(&mut seed);
        seed
    };
    (0..images).map(|_| seed()).collect()
}

/// Its name, or else the names of the transforms, in order.
impl fmt::Display for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name {
            return f.write_str(name);
        }
        let names: Vec<&str> = self.transforms.iter().map(Transform::name).collect();
        f.write_str(&names.join(", "))
    }
}

/// The generators of the images of a batch, in the batch's order.
pub(super) type Sources<'a> = [&'a mut ChaCha8Rng];

/// What every transform can do.
pub(super) trait RandomTransform {
    /// Checks every parameter.
    fn validate(&self) -> Result<(), AugmentError>;

    /// Checks what depends on the size of the images.
    fn check_size(&self, _: Size) -> Result<(), AugmentError> {
        Ok(())
    }

    /// The images, each transformed with parameters drawn from its own source. The parameters and the images
    /// have been checked.
    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor;
}

impl Transform {
    /// The name, as in torchvision.
    pub fn name(&self) -> &'static str {
        match self {
            Transform::RandomRotation(_) => "RandomRotation",
            Transform::RandomAffine(_) => "RandomAffine",
            Transform::RandomPerspective(_) => "RandomPerspective",
            Transform::ElasticTransform(_) => "ElasticTransform",
            Transform::GaussianBlur(_) => "GaussianBlur",
            Transform::RandomAdjustSharpness(_) => "RandomAdjustSharpness",
            Transform::Normalize(_) => "Normalize",
            Transform::RandomErasing(_) => "RandomErasing",
            Transform::RandomApply(_) => "RandomApply",
            Transform::Custom(own) => own.name(),
        }
    }

    fn as_random_transform(&self) -> &dyn RandomTransform {
        match self {
            Transform::RandomRotation(transform) => transform,
            Transform::RandomAffine(transform) => transform,
            Transform::RandomPerspective(transform) => transform,
            Transform::ElasticTransform(transform) => transform,
            Transform::GaussianBlur(transform) => transform,
            Transform::RandomAdjustSharpness(transform) => transform,
            Transform::Normalize(transform) => transform,
            Transform::RandomErasing(transform) => transform,
            Transform::RandomApply(transform) => transform,
            Transform::Custom(transform) => transform,
        }
    }
}

impl RandomTransform for RandomApply {
    fn validate(&self) -> Result<(), AugmentError> {
        check("RandomApply", "p", 0.0..=1.0, self.p)?;
        self.transforms.iter().try_for_each(|transform| transform.as_random_transform().validate())
    }

    fn check_size(&self, size: Size) -> Result<(), AugmentError> {
        self.transforms
            .iter()
            .try_for_each(|transform| transform.as_random_transform().check_size(size))
    }

    fn transform(&self, images: &Tensor, sources: &mut Sources) -> Tensor {
        with_probability(self.p, images, sources, |images, sources| {
            in_order(&self.transforms, images, sources)
        })
    }
}

fn in_order(transforms: &[Transform], images: &Tensor, sources: &mut Sources) -> Tensor {
    transforms.iter().fold(images.shallow_clone(), |images, transform| {
        transform.as_random_transform().transform(&images, sources)
    })
}

/// The images, with `change` applied to those that are chosen, each with probability `p`.
pub(super) fn with_probability(
    p: f64,
    images: &Tensor,
    sources: &mut Sources,
    change: impl FnOnce(&Tensor, &mut Sources) -> Tensor,
) -> Tensor {
    let (chosen, mut their_sources): (Vec<i64>, Vec<&mut ChaCha8Rng>) = (0..)
        .zip(sources.iter_mut())
        .filter_map(|(i, source)| (source.random::<f64>() < p).then_some((i, &mut **source)))
        .unzip();
    if chosen.is_empty() {
        return images.shallow_clone();
    }
    let chosen = Tensor::from_slice(&chosen);
    let changed = change(&images.index_select(0, &chosen), &mut their_sources);
    images.index_copy(0, &chosen, &changed)
}

/// A number drawn uniformly from `range`.
pub(super) fn uniform(random: &mut ChaCha8Rng, range: &RangeInclusive<f64>) -> f64 {
    random.random_range(range.clone())
}

macro_rules! into_transform {
    ($($name:ident),*) => {$(
        impl From<$name> for Transform {
            fn from(transform: $name) -> Transform {
                Transform::$name(transform)
            }
        }
    )*};
}

impl From<CustomTransform> for Transform {
    fn from(own: CustomTransform) -> Transform {
        Transform::Custom(own)
    }
}

into_transform!(
    RandomRotation,
    RandomAffine,
    RandomPerspective,
    ElasticTransform,
    GaussianBlur,
    RandomAdjustSharpness,
    Normalize,
    RandomErasing,
    RandomApply
);

#[cfg(test)]
mod tests {
    use super::super::Interpolation;
    use super::super::batch::testing::{distance, noise, source};
    use super::*;
    use crate::original::Recipe;

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

    /// Every recipe, and every transform after the other.
    fn compositions() -> Vec<Compose> {
        let recipes = Recipe::ALL.map(Recipe::transforms).into_iter();
        recipes.chain([Compose::new(certain())]).collect()
    }

    #[test]
    fn a_batch_gives_what_its_images_give_one_by_one() -> Result<(), AugmentError> {
        // More than are transformed together.
        let images = noise(80, 28, 28);
        for compose in compositions() {
            let whole = compose.apply(&images, &mut source(3))?;
            let mut random = source(3);
            for i in 0..80 {
                let alone = compose.apply(&images.narrow(0, i, 1), &mut random)?;
                assert_eq!(alone.get(0), whole.get(i), "image {i} of {compose:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() -> Result<(), AugmentError> {
        let images = noise(20, 28, 28);
        for compose in compositions() {
            let first = compose.apply(&images, &mut source(3))?;
            assert_eq!(compose.apply(&images, &mut source(3))?, first, "{compose:?}");
        }
        Ok(())
    }

    #[test]
    fn another_seed_gives_other_images() -> Result<(), AugmentError> {
        let images = noise(20, 28, 28);
        for compose in compositions() {
            let first = compose.apply(&images, &mut source(3))?;
            assert_ne!(compose.apply(&images, &mut source(4))?, first, "{compose:?}");
        }
        Ok(())
    }

    #[test]
    fn the_second_use_of_a_generator_draws_afresh() -> Result<(), AugmentError> {
        let images = noise(20, 28, 28);
        let mut random = source(3);
        let compose = Recipe::R1.transforms();
        assert_ne!(compose.apply(&images, &mut random)?, compose.apply(&images, &mut random)?);
        Ok(())
    }

    #[test]
    fn without_transforms_nothing_changes() -> Result<(), AugmentError> {
        let images = noise(3, 28, 28);
        assert_eq!(Compose::default().apply(&images, &mut source(0))?, images);
        Ok(())
    }

    #[test]
    fn probability_0_changes_no_image() -> Result<(), AugmentError> {
        let images = noise(500, 5, 5);
        assert_eq!(with_p(0.0).apply(&images, &mut source(0))?, images);
        Ok(())
    }

    #[test]
    fn probability_1_changes_every_image() -> Result<(), AugmentError> {
        let images = noise(500, 28, 28);
        for transform in with_p(1.0).transforms {
            let changed = Compose::new([transform.clone()]).apply(&images, &mut source(0))?;
            let unchanged = (changed - &images).abs().amax([1, 2], false).eq(0.0).any();
            assert_eq!(unchanged.int64_value(&[]), 0, "{transform:?}");
        }
        Ok(())
    }

    #[test]
    fn a_probability_is_the_share_of_images_changed() -> Result<(), AugmentError> {
        let images = noise(10_000, 3, 3);
        let sometimes = RandomApply { transforms: vec![Normalize::MNIST.into()], p: 0.3 };
        let changed = Compose::new([sometimes.into()]).apply(&images, &mut source(0))?;
        let share = (changed - &images).abs().amax([1, 2], false).gt(0.0).mean(tch::Kind::Double);
        let standard_error = (0.3_f64 * 0.7 / 10_000.0).sqrt();
        assert!((share.double_value(&[]) - 0.3).abs() < 4.0 * standard_error);
        Ok(())
    }

    #[test]
    fn transforms_are_applied_in_order() -> Result<(), AugmentError> {
        let images = noise(1, 5, 5);
        let halve = Transform::from(Normalize { mean: 0.0, std: 2.0 });
        let shift = Transform::from(Normalize { mean: 1.0, std: 1.0 });
        let compose = Compose::new([halve, shift]);
        assert!(distance(&compose.apply(&images, &mut source(0))?, &(&images / 2.0 - 1.0)) < 1e-6);
        Ok(())
    }

    #[test]
    fn an_empty_batch_stays_empty() -> Result<(), AugmentError> {
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

//! The original report's augmentations by name.

use crate::augment::{
    Compose, GaussianBlur, Normalize, RandomAdjustSharpness, RandomAffine, RandomApply,
    RandomErasing, RandomPerspective, RandomRotation, Transform,
};
use crate::nn::{Model, Sgd};
use crate::study::Experiment;
use crate::train::{Metric, Plateau};
use serde::Serialize;
use std::fmt;

/// A training transform that the original report tried, by the name it used. Only the transform: the other
/// settings that [`R42`](Recipe::R42) and [`Outside`](Recipe::Outside) changed are the trainer's.
///
/// The original's steps before `ToTensor` ran on Pillow images of whole numbers 0..=255. Here all steps run
/// on tensors, so that those of blur, r2, r3 and r4 differ by Pillow's rounding.
///
/// ```
/// use hinge::prelude::*;
///
/// let r4 = Recipe::R4.transforms();
/// assert_eq!(r4.transforms.len(), 4);
/// assert_eq!(Recipe::R4.experiment().train_transform, r4);
/// assert_eq!(r4.to_string(), "r4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Recipe {
    /// "blur", the one given in the assignment: GaussianBlur(3), with its default sigma 0.1..=2.0.
    Blur,
    /// "r1": RandomRotation(10); RandomAffine(0, translate (0.1, 0.1), scale 0.9..=1.1, shear 5);
    /// RandomAdjustSharpness(1.5, p 0.5).
    R1,
    /// "r2": RandomRotation(5); RandomPerspective(0.2, p 0.5); RandomErasing(p 0.1, scale 0.02..=0.1).
    R2,
    /// "r3": RandomRotation(3); RandomPerspective(0.15, p 0.3); RandomAdjustSharpness(1.2, p 0.3).
    R3,
    /// "r4", the reported one: r3 with Normalize(0.1307, 0.3081) before the sharpness.
    R4,
    /// "r4.1": r4 with RandomErasing(p 0.1, scale 0.02..=0.1) before the sharpness.
    R41,
    /// "r4.2": r4's transform, trained with learning rate 0.01 and momentum 0.9.
    R42,
    /// "r5": RandomApply(GaussianBlur(3, sigma 0.1..=0.2), p 0.3); RandomRotation(2);
    /// RandomAffine(0, translate (0.02, 0.02)).
    R5,
    /// "outside": r4's transform, trained with learning rate 0.01, Nesterov momentum 0.9, ReduceLROnPlateau
    /// and gradients clipped to norm 1.
    Outside,
}

impl Recipe {
    /// All of them, in the order in which the original tried them.
    pub const ALL: [Recipe; 9] = [
        Recipe::Blur,
        Recipe::R1,
        Recipe::R2,
        Recipe::R3,
        Recipe::R4,
        Recipe::R41,
        Recipe::R42,
        Recipe::R5,
        Recipe::Outside,
    ];

    /// The name in the original.
    pub fn name(self) -> &'static str {
        match self {
            Recipe::Blur => "blur",
            Recipe::R1 => "r1",
            Recipe::R2 => "r2",
            Recipe::R3 => "r3",
            Recipe::R4 => "r4",
            Recipe::R41 => "r4.1",
            Recipe::R42 => "r4.2",
            Recipe::R5 => "r5",
            Recipe::Outside => "outside",
        }
    }

    /// Task 4 with this augmentation: the hidden-layer SVM, and for [`R42`](Recipe::R42) and
    /// [`Outside`](Recipe::Outside) the optimiser that the original changed along with the images.
    pub fn experiment(self) -> Experiment {
        let momentum = Sgd { learning_rate: 0.01, momentum: 0.9, ..Sgd::default() };
        let plain = Experiment {
            model: Model::hidden(5_000),
            train_transform: self.transforms(),
            ..Experiment::default()
        };
        match self {
            Recipe::R42 => Experiment { sgd: momentum, ..plain },
            Recipe::Outside => Experiment {
                sgd: Sgd { nesterov: true, ..momentum },
                plateau: Some(Plateau {
                    metric: Metric::TestLoss,
                    factor: 0.5,
                    patience: 5,
                    min_learning_rate: 0.001,
                }),
                clip_norm: Some(1.),
                ..plain
            },
            _ => plain,
        }
    }

    /// Its transforms, as defined above; r4.2 and "outside" share those of r4 and its name.
    pub fn transforms(self) -> Compose {
        let name = match self {
            Recipe::R42 | Recipe::Outside => Recipe::R4.name(),
            _ => self.name(),
        };
        self.steps().named(name)
    }

    fn steps(self) -> Compose {
        match self {
            Recipe::Blur => Compose::new([GaussianBlur::new(3).into()]),
            Recipe::R1 => Compose::new([
                RandomRotation::new(10.0).into(),
                RandomAffine {
                    translate: [0.1, 0.1],
                    scale: 0.9..=1.1,
                    shear: -5.0..=5.0,
                    ..RandomAffine::new(0.0)
                }
                .into(),
                RandomAdjustSharpness { sharpness_factor: 1.5, p: 0.5 }.into(),
            ]),
            Recipe::R2 => Compose::new([
                RandomRotation::new(5.0).into(),
                RandomPerspective { distortion_scale: 0.2, p: 0.5, ..RandomPerspective::default() }
                    .into(),
                small_erasing(),
            ]),
            Recipe::R3 => {
                Compose::new([slight_rotation(), slight_perspective(), slight_sharpness()])
            }
            Recipe::R4 | Recipe::R42 | Recipe::Outside => Compose::new([
                slight_rotation(),
                slight_perspective(),
                Normalize::MNIST.into(),
                slight_sharpness(),
            ]),
            Recipe::R41 => Compose::new([
                slight_rotation(),
                slight_perspective(),
                Normalize::MNIST.into(),
                small_erasing(),
                slight_sharpness(),
            ]),
            Recipe::R5 => Compose::new([
                RandomApply {
                    transforms: vec![GaussianBlur { kernel_size: 3, sigma: 0.1..=0.2 }.into()],
                    p: 0.3,
                }
                .into(),
                RandomRotation::new(2.0).into(),
                RandomAffine { translate: [0.02, 0.02], ..RandomAffine::new(0.0) }.into(),
            ]),
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn slight_rotation() -> Transform {
    RandomRotation::new(3.0).into()
}

fn slight_perspective() -> Transform {
    RandomPerspective { distortion_scale: 0.15, p: 0.3, ..RandomPerspective::default() }.into()
}

fn slight_sharpness() -> Transform {
    RandomAdjustSharpness { sharpness_factor: 1.2, p: 0.3 }.into()
}

fn small_erasing() -> Transform {
    RandomErasing { p: 0.1, scale: 0.02..=0.1, ..RandomErasing::default() }.into()
}

#[cfg(test)]
mod tests {
    use crate::augment::AugmentError;
    use crate::augment::testing::{noise, source};
    use super::*;

    #[test]
    fn every_recipe_is_valid_and_changes_the_images() -> Result<(), AugmentError> {
        let images = noise(50, 28, 28);
        for recipe in Recipe::ALL {
            let changed = recipe.transforms().apply(&images, &mut source(0))?;
            assert_eq!(changed.size(), images.size(), "{recipe}");
            assert_ne!(changed, images, "{recipe}");
        }
        Ok(())
    }

    #[test]
    fn r4_is_r3_with_normalize_before_the_sharpness() {
        let mut r3 = Recipe::R3.transforms();
        r3.transforms.insert(2, Normalize::MNIST.into());
        assert_eq!(Recipe::R4.transforms(), r3);
    }

    #[test]
    fn r4_1_is_r4_with_erasing_before_the_sharpness() {
        let mut r4 = Recipe::R4.transforms();
        let erasing = RandomErasing { p: 0.1, scale: 0.02..=0.1, ratio: 0.3..=3.3 };
        r4.transforms.insert(3, erasing.into());
        assert_eq!(Recipe::R41.transforms(), r4);
    }

    #[test]
    fn r4_2_and_outside_have_the_transforms_of_r4() {
        assert_eq!(Recipe::R42.transforms(), Recipe::R4.transforms());
        assert_eq!(Recipe::Outside.transforms(), Recipe::R4.transforms());
    }
}

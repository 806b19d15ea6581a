//! The original report's augmentations by name.

use crate::augment::{
    Compose, GaussianBlur, Normalize, RandomAdjustSharpness, RandomAffine, RandomApply,
    RandomErasing, RandomPerspective, RandomRotation, Transform,
};
use crate::nn::{Model, Sgd};
use crate::study::Experiment;
use crate::train::{Metric, Plateau};
use serde::{Deserialize, Serialize};

/// An augmentation that the original tried, under the original's name.
///
/// The original's steps before `ToTensor` ran on Pillow images of whole numbers 0..=255. Here all steps run on
/// tensors, so those of blur, r2, r3 and r4 differ by Pillow's rounding.
///
/// ```
/// use hinge::prelude::*;
///
/// let r4 = Recipe::R4.transforms();
/// assert_eq!(r4.transforms.len(), 4);
/// assert_eq!(Recipe::R4.experiment().train_transform, r4);
/// assert_eq!(r4.to_string(), "r4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
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
    #[serde(rename = "r4.1")]
    R41,
    /// "r4.2": r4's transform, trained with learning rate 0.01 and momentum 0.9.
    #[serde(rename = "r4.2")]
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
    pub const ALL: [Recipe; 9] = {
        use Recipe::*;
        [Blur, R1, R2, R3, R4, R41, R42, R5, Outside]
    };

    /// Task 4 with this augmentation: the SVM with a hidden layer, and for [`R42`](Recipe::R42) and
    /// [`Outside`](Recipe::Outside) the optimiser's settings that the original changed as well.
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

    /// Its transforms, as defined above; r4.2 and "outside" share those of r4, and its name.
    pub fn transforms(self) -> Compose {
        let is_r4 = matches!(self, Recipe::R42 | Recipe::Outside);
        Compose::new(self.steps()).named(if is_r4 { Recipe::R4 } else { self })
    }

    fn steps(self) -> Vec<Transform> {
        let r3_with = |more: Vec<Transform>| {
            [vec![rotation(3.), perspective(0.15, 0.3)], more, vec![sharpness(1.2, 0.3)]].concat()
        };
        match self {
            Recipe::Blur => vec![GaussianBlur::new(3).into()],
            Recipe::R1 => {
                let (translate, scale, shear) = ([0.1, 0.1], 0.9..=1.1, -5.0..=5.0);
                let affine = RandomAffine { translate, scale, shear, ..RandomAffine::new(0.) };
                vec![rotation(10.), affine.into(), sharpness(1.5, 0.5)]
            }
            Recipe::R2 => vec![rotation(5.), perspective(0.2, 0.5), erasing()],
            Recipe::R3 => r3_with(vec![]),
            Recipe::R4 | Recipe::R42 | Recipe::Outside => r3_with(vec![Normalize::MNIST.into()]),
            Recipe::R41 => r3_with(vec![Normalize::MNIST.into(), erasing()]),
            Recipe::R5 => {
                let blur = GaussianBlur { kernel_size: 3, sigma: 0.1..=0.2 };
                let blur = RandomApply { transforms: vec![blur.into()], p: 0.3 };
                let shift = RandomAffine { translate: [0.02, 0.02], ..RandomAffine::new(0.) };
                vec![blur.into(), rotation(2.), shift.into()]
            }
        }
    }
}

display_as_serialised!(Recipe);

fn rotation(degrees: f64) -> Transform {
    RandomRotation::new(degrees).into()
}

fn perspective(distortion_scale: f64, p: f64) -> Transform {
    RandomPerspective { distortion_scale, p, ..RandomPerspective::default() }.into()
}

fn sharpness(sharpness_factor: f64, p: f64) -> Transform {
    RandomAdjustSharpness { sharpness_factor, p }.into()
}

fn erasing() -> Transform {
    RandomErasing { p: 0.1, scale: 0.02..=0.1, ..RandomErasing::default() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::testing::{noise, source};

    #[test]
    fn every_recipe_is_valid_and_changes_the_images() -> crate::Result<()> {
        let images = noise(50, 28, 28);
        for recipe in Recipe::ALL {
            let changed = recipe.transforms().apply(&images, &mut source(0))?;
            assert_eq!(changed.size(), images.size(), "{recipe}");
            assert_ne!(changed, images, "{recipe}");
        }
        Ok(())
    }

    #[test]
    fn the_versions_of_r4_differ_from_r3_as_the_original_says() {
        let mut transforms = Recipe::R3.transforms();
        transforms.transforms.insert(2, Normalize::MNIST.into());
        for same in [Recipe::R4, Recipe::R42, Recipe::Outside] {
            assert_eq!(same.transforms(), transforms, "{same}");
        }
        let erasing = RandomErasing { p: 0.1, scale: 0.02..=0.1, ratio: 0.3..=3.3 };
        transforms.transforms.insert(3, erasing.into());
        assert_eq!(Recipe::R41.transforms(), transforms);
    }
}

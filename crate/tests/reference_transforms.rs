//! The transforms give torchvision 0.28's pixels: the cases of `tests/reference/transforms.json`, and of every
//! `transforms.json` below the folder that the environment variable `HINGE_REFERENCE_DIR` names.

mod common;

use common::{Checked, reference_files};
use hinge::augment::{self, Affine, Corners, Interpolation, Region};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::error::Error;
use std::path::Path;
use tch::Tensor;

/// The greatest difference of a pixel: float32 rounding in another order of operations.
const TOLERANCE: f64 = 1e-5;

/// One image and torchvision's operations on it.
#[derive(Deserialize)]
struct Reference {
    image: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    op: String,
    params: Value,
    output: Vec<f32>,
}

/// A function of `torchvision.transforms.functional` with its keyword arguments.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Operation {
    Rotate { angle: f64, interpolation: Mode },
    Affine { angle: f64, translate: [f64; 2], scale: f64, shear: [f64; 2], interpolation: Mode },
    Perspective { startpoints: Corners, endpoints: Corners, interpolation: Mode },
    GaussianBlur { kernel_size: [usize; 2], sigma: [f64; 2] },
    AdjustSharpness { sharpness_factor: f64 },
    Normalize { mean: [f64; 1], std: [f64; 1] },
    Erase { i: usize, j: usize, h: usize, w: usize },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Nearest,
    Bilinear,
}

impl From<Mode> for Interpolation {
    fn from(mode: Mode) -> Interpolation {
        match mode {
            Mode::Nearest => Interpolation::Nearest,
            Mode::Bilinear => Interpolation::Bilinear,
        }
    }
}

impl Operation {
    fn apply(&self, images: &Tensor) -> hinge::Result<Tensor> {
        match *self {
            Operation::Rotate { angle, interpolation } => {
                augment::rotate(images, angle, interpolation.into())
            }
            Operation::Affine { angle, translate, scale, shear, interpolation } => augment::affine(
                images,
                &Affine { angle, translate, scale, shear },
                interpolation.into(),
            ),
            Operation::Perspective { startpoints, endpoints, interpolation } => {
                augment::perspective(images, &startpoints, &endpoints, interpolation.into())
            }
            Operation::GaussianBlur { kernel_size, sigma } => {
                augment::gaussian_blur(images, kernel_size, sigma)
            }
            Operation::AdjustSharpness { sharpness_factor } => {
                augment::adjust_sharpness(images, sharpness_factor)
            }
            Operation::Normalize { mean: [mean], std: [std] } => {
                augment::normalize(images, mean, std)
            }
            Operation::Erase { i, j, h, w } => {
                augment::erase(images, Region { top: i, left: j, height: h, width: w })
            }
        }
    }
}

impl Case {
    /// The greatest difference of a pixel from torchvision's.
    fn largest_difference(&self, images: &Tensor) -> Result<f64, Box<dyn Error>> {
        let operation = Value::Object(Map::from_iter([(self.op.clone(), self.params.clone())]));
        let ours = serde_json::from_value::<Operation>(operation)?.apply(images)?;
        let torchvisions = Tensor::from_slice(&self.output).view_as(&ours);
        Ok((ours - torchvisions).abs().max().double_value(&[]))
    }
}

/// The cases of the file that disagree with torchvision, each as a sentence.
fn check_transforms(file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let reference: Reference = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let side = reference.image.len().isqrt() as i64;
    let images = Tensor::from_slice(&reference.image).view([1, side, side]);
    let mut failures = Vec::new();
    for case in &reference.cases {
        match case.largest_difference(&images) {
            Ok(difference) if difference <= TOLERANCE => {}
            Ok(difference) => {
                failures.push(format!("{} {}: off by {difference:e}", case.op, case.params))
            }
            Err(error) => failures.push(format!("{} {}: {error}", case.op, case.params)),
        }
    }
    Ok(failures)
}

#[test]
fn transforms_agree_with_torchvision() -> Checked {
    for file in reference_files("transforms.json")? {
        let failures = check_transforms(&file)?;
        assert!(failures.is_empty(), "{}:\n{}", file.display(), failures.join("\n"));
    }
    Ok(())
}

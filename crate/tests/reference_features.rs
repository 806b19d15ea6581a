//! HOG and deskewing against scikit-image 0.26 and SciPy: `tests/reference/features.json`, and every `features.json`
//! below the folder `HINGE_REFERENCE_DIR` if that variable is set.

mod common;

use common::{Checked, reference_files};
use hinge::features::{Hog, deskew};
use serde::Deserialize;
use std::fs;
use tch::Tensor;

/// The reference values have six decimals, half a unit of the last is 5e-7; scikit-image adds up histograms in single
/// precision, which changes the seventh digit.
const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Reference {
    name: String,
    image: Vec<f64>,
    hog: Vec<f64>,
    deskew: Deskewed,
}

#[derive(Deserialize)]
struct Deskewed {
    image: Vec<f64>,
}

#[test]
fn hog_is_that_of_scikit_image() -> Checked {
    for_every_image(|reference, image| close(&Hog::default().extract(image)?, &reference.hog))
}

#[test]
fn deskewed_images_are_scipys() -> Checked {
    for_every_image(|reference, image| close(&deskew(image)?, &reference.deskew.image))
}

fn for_every_image(check: impl Fn(&Reference, &Tensor) -> Checked) -> Checked {
    for file in reference_files("features.json")? {
        let references: Vec<Reference> = serde_json::from_str(&fs::read_to_string(&file)?)?;
        for reference in &references {
            let image = Tensor::from_slice(&reference.image).view([1, -1]);
            let name = format!("{}: {}", file.display(), reference.name);
            check(reference, &image).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

fn close(ours: &Tensor, expected: &[f64]) -> Checked {
    let expected = Tensor::from_slice(expected).view([1, -1]);
    assert_eq!(ours.size(), expected.size());
    let difference = (ours - expected).abs().max().double_value(&[]);
    match difference <= TOLERANCE {
        true => Ok(()),
        false => Err(format!("off by {difference:e}").into()),
    }
}

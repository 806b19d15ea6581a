//! Classifiers as a table.

use super::Show;
use super::display::{Representation, html_and_text};
use super::html::{self, Column, Side};
use super::wire;
use crate::study::{Classifier, Classifiers, weight_bytes};

impl Show for Classifiers {
    fn representations(&self) -> Vec<Representation> {
        [html_and_text(html(self), text(self)), vec![wire::classifiers(self)]].concat()
    }
}

fn html(classifiers: &Classifiers) -> String {
    let Classifiers { training_images, tested, all } = classifiers;
    let column = |heading: &str, side: Side, text: &dyn Fn(&Classifier) -> String| {
        Column::new(heading, side, all.iter().map(text).collect())
    };
    let caption = format!(
        "The classifiers of the report's page \"Try it\": each was trained on the same {training_images} images."
    );
    let correct = format!("correct of the first {} test images", tested.len());
    let columns = [
        column("classifier", Side::Left, &|one| one.name.clone()),
        column("sees", Side::Left, &|one| one.sees.to_string()),
        column("weights (kB)", Side::Right, &|one| {
            weight_bytes(&one.network).div_ceil(1_000).to_string()
        }),
        column(&correct, Side::Right, &|one| classifiers.correct(one).to_string()),
    ];
    html::table(&caption, &columns)
}

fn text(classifiers: &Classifiers) -> String {
    let tested = classifiers.tested.len();
    let line = |one: &Classifier| {
        let correct = classifiers.correct(one);
        format!("{} on {}: {correct} of {tested} test images correct\n", one.name, one.sees)
    };
    classifiers.all.iter().map(line).collect()
}

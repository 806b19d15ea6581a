//! A data set as a table.

use super::display::Representation;
use super::{Show, Table};
use crate::data::{CLASSES, Digits};
use crate::error::Result;
use polars::prelude::*;

impl Show for Digits {
    fn representations(&self) -> Vec<Representation> {
        table(self).representations()
    }
}

fn table(digits: &Digits) -> Result<Table> {
    let counts = |counts: [usize; CLASSES]| counts.map(|count| count as u64).to_vec();
    let frame = df!(
        "digit" => (0..CLASSES).map(|class| class.to_string()).collect::<Vec<_>>(),
        "training images" => counts(digits.train.class_counts()),
        "test images" => counts(digits.test.class_counts()),
    )?;
    let caption =
        format!("How often each digit occurs: {}, 28 x 28 pixels, 8-bit grey.", digits.source);
    Ok(Table::new(caption, frame))
}

//! The original's conclusions as a table.

use super::display::Representation;
use super::{Show, Table, wire};
use crate::error::Result;
use crate::original::Conclusion;

impl Show for Vec<Conclusion> {
    fn representations(&self) -> Vec<Representation> {
        [table(self).representations(), vec![wire::conclusions(self)]].concat()
    }
}

fn table(conclusions: &[Conclusion]) -> Result<Table> {
    let caption =
        "The original's conclusions, judged by the 95 % interval of the mean over our seeds.";
    Table::of_texts(
        caption,
        conclusions,
        &[
            ("part", &|conclusion| conclusion.part.clone()),
            ("the original concludes", &|conclusion| conclusion.statement.clone()),
            ("our seeds", &Conclusion::evidence),
            ("verdict", &|conclusion| conclusion.verdict().to_string()),
        ],
    )
}

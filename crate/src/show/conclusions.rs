//! The original's conclusions as a table.

use super::display::{Representation, shown};
use super::wire::{self, Message};
use super::{Show, Table};
use crate::error::Result;
use crate::original::Conclusion;
use polars::prelude::*;

impl Show for Vec<Conclusion> {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = shown(table(self));
        representations.push(wire::Conclusions::from(&self[..]).representation());
        representations
    }
}

fn table(conclusions: &[Conclusion]) -> Result<Table> {
    let column = |text: &dyn Fn(&Conclusion) -> String| -> Vec<String> {
        conclusions.iter().map(text).collect()
    };
    let frame = df!(
        "part" => column(&|conclusion| conclusion.part.clone()),
        "the original concludes" => column(&|conclusion| conclusion.statement.clone()),
        "our seeds" => column(&|conclusion| conclusion.evidence()),
        "verdict" => column(&|conclusion| conclusion.verdict().to_string()),
    )?;
    let caption =
        "The original's conclusions, judged by the 95 % interval of the mean over our seeds.";
    Ok(Table::new(caption, frame))
}

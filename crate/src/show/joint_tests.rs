//! Joint tests of published runs as a table.

use super::display::Representation;
use super::settings::Settings;
use super::table::TextColumn;
use super::{Show, Table};
use crate::error::Result;
use crate::original::{JointTests, TestedRun};
use crate::study::Unit;

impl Show for JointTests {
    fn representations(&self) -> Vec<Representation> {
        table(self).representations()
    }
}

fn table(tests: &JointTests) -> Result<Table> {
    let settings = Settings::new(tests.runs.iter().map(|run| &run.experiment));
    let rows: Vec<(&TestedRun, &String)> = tests.runs.iter().zip(&settings.own).collect();
    let columns: [TextColumn<(&TestedRun, &String)>; 4] = [
        ("settings", &|(_, own)| own.to_string()),
        ("source", &|(run, _)| run.origin.to_string()),
        ("p", &|(run, _)| Unit::Number.cell(run.p_value)),
        ("adjusted p", &|(run, _)| Unit::Number.cell(run.adjusted)),
    ];
    let columns = if settings.differ() { &columns[..] } else { &columns[1..] };
    let caption = settings.caption("Joint test of the four values of each published run.".into());
    Ok(Table::of_texts(caption, &rows, columns)?.right(["p", "adjusted p"]))
}

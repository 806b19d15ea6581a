//! Gains over a baseline as a table.

use super::display::{Representation, shown};
use super::runs::{INTERVAL_OF_MEAN, from_to};
use super::{Show, Table};
use crate::error::Result;
use crate::study::{Distribution, Gains};
use polars::prelude::*;

impl Show for Gains {
    fn representations(&self) -> Vec<Representation> {
        shown(table(self))
    }
}

fn table(gains: &Gains) -> Result<Table> {
    let unit = gains.metric.unit().of_differences();
    let column = |text: &dyn Fn(&Distribution) -> String| -> Vec<String> {
        gains.all().iter().map(|gain| text(&gain.by_seed)).collect()
    };
    let frame = df!(
        "setting" => gains.all().iter().map(|gain| gain.name.as_str()).collect::<Vec<_>>(),
        unit.label("mean gain") => column(&|gain| unit.cell(gain.mean())),
        INTERVAL_OF_MEAN => column(&|gain| from_to(gain.confidence_interval(), |value| unit.cell(value))),
        "minimum" => column(&|gain| unit.cell(gain.min())),
        "maximum" => column(&|gain| unit.cell(gain.max())),
    )?;
    let caption = format!(
        "Gain in {} over: {}. {} seeds, in pairs, on {}.",
        gains.metric,
        gains.baseline,
        gains.seeds(),
        gains.source
    );
    Ok(Table::new(caption, frame).right_but_first())
}

//! Gains over a baseline as a table.

use super::display::Representation;
use super::runs::{INTERVAL_OF_MEAN, from_to};
use super::table::TextColumn;
use super::{Show, Table};
use crate::error::Result;
use crate::study::{Gain, Gains};

impl Show for Gains {
    fn representations(&self) -> Vec<Representation> {
        table(self).representations()
    }
}

fn table(gains: &Gains) -> Result<Table> {
    let unit = gains.metric.unit().of_differences();
    let cell = |value: f64| unit.cell(value);
    let Gains { metric, baseline, source, .. } = gains;
    let seeds = gains.seeds();
    let caption =
        format!("Gain in {metric} over: {baseline}. {seeds} seeds, in pairs, on {source}.");
    let columns: [TextColumn<Gain>; 5] = [
        ("setting", &|gain| gain.name.clone()),
        (&unit.label("mean gain"), &|gain| cell(gain.by_seed.mean())),
        (INTERVAL_OF_MEAN, &|gain| from_to(gain.by_seed.confidence_interval(), cell)),
        ("minimum", &|gain| cell(gain.by_seed.min())),
        ("maximum", &|gain| cell(gain.by_seed.max())),
    ];
    Ok(Table::of_texts(caption, gains.all(), &columns)?.right_but_first())
}

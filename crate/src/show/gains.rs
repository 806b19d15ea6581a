//! Gains over a baseline as a table.

use super::display::Representation;
use super::runs::INTERVAL_OF_MEAN;
use super::table::TextColumn;
use super::{Show, Table};
use crate::error::Result;
use crate::study::{Gain, Gains, Unit};

impl Show for Gains {
    fn representations(&self) -> Vec<Representation> {
        table(self).representations()
    }
}

fn table(gains: &Gains) -> Result<Table> {
    let unit = gains.metric.unit().of_differences();
    let cell = |value: f64| unit.cell(value);
    let Gains { metric, baseline, source, .. } = gains;
    let caption = format!(
        "Gain in {metric} over: {baseline}. {} seeds, in pairs, on {source}; p: paired t-test, Holm's correction.",
        gains.seeds()
    );
    let rows: Vec<(&Gain, f64)> = gains.all().iter().zip(gains.p_values()?).collect();
    let columns: [TextColumn<(&Gain, f64)>; 5] = [
        ("setting", &|(gain, _)| gain.name.clone()),
        ("seeds", &|(gain, _)| gain.by_seed.count().to_string()),
        (&unit.label("mean gain"), &|(gain, _)| cell(gain.by_seed.mean())),
        (INTERVAL_OF_MEAN, &|(gain, _)| gain.by_seed.confidence_interval().show(cell)),
        ("adjusted p", &|(_, p)| Unit::Number.cell(*p)),
    ];
    Ok(Table::of_texts(caption, &rows, &columns)?.right_but_first())
}

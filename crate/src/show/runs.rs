//! One run as a sentence, several as tables.

use super::display::{Representation, capitalised, escape, html_and_text};
use super::settings::Settings;
use super::table::TextColumn;
use super::{Show, Table};
use crate::error::Result;
use crate::study::{Distribution, Run, Runs};
use crate::train::Metric;
use polars::prelude::*;

impl Show for Run {
    fn representations(&self) -> Vec<Representation> {
        let sentence = capitalised(self);
        html_and_text(format!("<p>{}.</p>", escape(&sentence)), format!("{sentence}."))
    }
}

impl Show for Runs {
    fn representations(&self) -> Vec<Representation> {
        table(self).representations()
    }
}

/// A row for each metric after the last epoch.
fn table(runs: &Runs) -> Result<Table> {
    type Row = (Metric, Distribution);
    let rows = Metric::ALL.into_iter().map(|metric| Ok((metric, runs.last(metric)?)));
    let rows: Vec<Row> = rows.collect::<Result<_>>()?;
    let cell = |metric: Metric, value: f64| metric.unit().cell(value);
    let interval = |metric: Metric, over_seeds: &Distribution| {
        over_seeds.confidence_interval().possible(metric).show(|end| cell(metric, end))
    };
    let columns: [TextColumn<Row>; 6] = [
        ("metric", &|(metric, _)| metric.unit().label(metric)),
        ("mean", &|(metric, over_seeds)| cell(*metric, over_seeds.mean())),
        ("sd", &|(metric, over_seeds)| cell(*metric, over_seeds.standard_deviation())),
        (INTERVAL_OF_MEAN, &|(metric, over_seeds)| interval(*metric, over_seeds)),
        ("minimum", &|(metric, over_seeds)| cell(*metric, over_seeds.min())),
        ("maximum", &|(metric, over_seeds)| cell(*metric, over_seeds.max())),
    ];
    let (experiment, seeds) = (capitalised(&runs.experiment), runs.count());
    let (epoch, source) = (runs.epochs(), &runs.source);
    let caption = format!("{experiment}, after epoch {epoch}, {seeds} seeds, on {source}.");
    Ok(Table::of_texts(caption, &rows, &columns)?.right_but_first())
}

/// The scores of several runs after their last epochs, a row each.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
pub fn final_results(runs: &[&Run]) -> Result<Table> {
    let settings = Settings::new(runs.iter().map(|run| &run.experiment));
    let scores = Metric::ALL.map(|metric| {
        let scores: Vec<f64> = runs.iter().map(|run| run.last().get(metric)).collect();
        Series::new(metric.to_string().into(), scores).into_column()
    });
    let frame = DataFrame::new(runs.len(), settings.column().into_iter().chain(scores).collect())?;
    let caption = runs.first().map_or("No runs.".to_string(), |run| {
        let (seed, source) = (run.seed, &run.split.source);
        format!("After the last epoch, one run each with seed {seed}, on {source}.")
    });
    let table = Table::new(settings.caption(caption), frame);
    Ok(Metric::ALL
        .iter()
        .fold(table, |table, metric| table.in_unit(&metric.to_string(), metric.unit())))
}

/// The scores of several experiments after their last epochs as mean ± standard deviation, a row each.
///
/// # Errors
/// [`Error::Table`](crate::Error::Table) if polars cannot make a frame of them.
pub fn final_results_over_seeds(runs: &[&Runs]) -> Result<Table> {
    let settings = Settings::new(runs.iter().map(|runs| &runs.experiment));
    let headings = Metric::ALL.map(|metric| metric.unit().label(metric));
    let mut columns: Vec<Column> = settings.column().into_iter().collect();
    for (metric, heading) in Metric::ALL.into_iter().zip(&headings) {
        let cell = |runs: &&Runs| Ok(mean_and_sd(&runs.last(metric)?, metric));
        let cells = runs.iter().map(cell).collect::<Result<Vec<String>>>()?;
        columns.push(Series::new(heading.as_str().into(), cells).into_column());
    }
    let frame = DataFrame::new(runs.len(), columns)?;
    let caption = runs.first().map_or("No runs.".to_string(), |runs| {
        let (seeds, source) = (runs.count(), &runs.source);
        format!("After the last epoch, mean ± standard deviation over {seeds} seeds, on {source}.")
    });
    Ok(Table::new(settings.caption(caption), frame).right(headings))
}

pub(super) const INTERVAL_OF_MEAN: &str = "95 % interval of the mean";

/// "0.1048 ± 0.0123"
pub(super) fn mean_and_sd(over_seeds: &Distribution, metric: Metric) -> String {
    let cell = |value: f64| metric.unit().cell(value);
    format!("{} ± {}", cell(over_seeds.mean()), cell(over_seeds.standard_deviation()))
}

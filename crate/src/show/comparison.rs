//! Published values beside ours as a table.

use super::display::Representation;
use super::runs::mean_and_sd;
use super::settings::Settings;
use super::table::TextColumn;
use super::{Show, Table, wire};
use crate::error::Result;
use crate::original::{ComparedRun, ComparedValue, Comparison};
use crate::study::{Judged, Unit};

impl Show for Comparison {
    fn representations(&self) -> Vec<Representation> {
        [table(self).representations(), vec![wire::comparison(self)]].concat()
    }
}

const NUMBERS: [&str; 4] = ["published", "ours, mean ± sd", "95 % prediction interval", "z-score"];

/// A value; the first of a run names the run and its own settings.
type Row<'a> = (Option<(&'a ComparedRun, &'a String)>, &'a ComparedValue);

fn table(comparison: &Comparison) -> Result<Table> {
    let settings = Settings::new(comparison.runs.iter().map(|run| &run.experiment));
    let mut rows: Vec<Row> = Vec::new();
    for (run, own) in comparison.runs.iter().zip(&settings.own) {
        let names = [Some((run, own)), None, None, None];
        rows.extend(names.into_iter().zip(&run.values));
    }
    let [published, ours, prediction, z_score] = NUMBERS;
    let cell = |value: &ComparedValue, number: f64| value.metric.unit().cell(number);
    let z = |value: &ComparedValue| value.z_score().map(|z| Unit::Difference.digits(z, 1));
    let columns: [TextColumn<Row>; 9] = [
        ("settings", &|(run, _)| run.map_or("", |(_, own)| own).to_string()),
        ("source", &|(run, _)| run.map_or(String::new(), |(run, _)| run.origin.to_string())),
        ("epoch", &|(run, _)| run.map_or(String::new(), |(run, _)| run.epoch.to_string())),
        ("metric", &|(_, value)| value.metric.unit().label(value.metric)),
        (published, &|(_, value)| cell(value, value.published)),
        (ours, &|(_, value)| mean_and_sd(&value.ours, value.metric)),
        (prediction, &|(_, value)| value.prediction().show(|end| cell(value, end))),
        ("published is", &|(_, value)| value.place().to_string()),
        (z_score, &|(_, value)| z(value).unwrap_or("–".to_string())),
    ];
    let columns = if settings.differ() { &columns[..] } else { &columns[1..] };
    let caption = settings.caption(caption(comparison)?);
    Ok(Table::of_texts(caption, &rows, columns)?.right(NUMBERS).right(["epoch"]))
}

fn caption(comparison: &Comparison) -> Result<String> {
    let Comparison { part, source, .. } = comparison;
    let (count, seeds) = (comparison.values().count(), comparison.seeds()?);
    Ok(match comparison.judged {
        Judged::Yes => format!(
            "Part {part}: {} of {count} published values lie inside the 95 % prediction interval of our {seeds} seeds, on \
             {source}.",
            comparison.inside()
        ),
        Judged::No(reason) => format!(
            "Part {part}: {count} published values beside our {seeds} seeds, on {source}; not compared ({reason})."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::original::Part;
    use crate::study::{Experiment, Mode};

    /// Runs on synthetic digits, which are not compared.
    fn comparison() -> Result<Comparison> {
        let runs = Experiment::default().scored_last().repeat(&Digits::synthetic(0), 0..2)?;
        Comparison::new(Part::LinearSvm, &[&runs], Mode::Full)
    }

    fn html(comparison: &Comparison) -> String {
        comparison.representations().remove(0).1
    }

    #[test]
    fn on_synthetic_digits_rows_and_caption_say_not_compared_and_count_nothing() -> Result<()> {
        let comparison = comparison()?;
        let html = html(&comparison);
        let rows = html.matches(">not compared</td>").count();
        assert_eq!((rows, comparison.values().count()), (8, 8));
        assert!(html.contains("not compared (synthetic digits)"), "{html}");
        assert!(["inside", "OUTSIDE"].iter().all(|word| !html.contains(word)), "{html}");
        Ok(())
    }

    #[test]
    fn values_that_are_compared_are_counted_in_the_caption() -> Result<()> {
        let comparison = comparison()?.judged();
        let html = html(&comparison);
        let inside = comparison.inside();
        assert_eq!(html.matches(">inside</td>").count(), inside);
        assert_eq!(html.matches(">OUTSIDE</td>").count(), 8 - inside);
        assert!(html.contains(&format!("{inside} of 8 published values lie inside")), "{html}");
        Ok(())
    }
}

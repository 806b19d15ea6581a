//! Published values beside ours as a table.

use super::display::Representation;
use super::runs::{from_to, mean_and_sd};
use super::settings::Settings;
use super::table::shown;
use super::wire::{self, Message};
use super::{Show, Table};
use crate::error::Result;
use crate::original::{ComparedRun, ComparedValue, Comparison};
use crate::study::{Judged, Unit};
use polars::prelude::*;

impl Show for Comparison {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = shown(table(self));
        representations.push(wire::Comparison::from(self).representation());
        representations
    }
}

const NUMBERS: [&str; 4] = ["published", "ours, mean ± sd", "95 % prediction interval", "z-score"];

fn table(comparison: &Comparison) -> Result<Table> {
    let settings = Settings::new(comparison.runs.iter().map(|run| &run.experiment));
    let values: Vec<&ComparedValue> = comparison.values().collect();
    let column = |text: &dyn Fn(&ComparedValue) -> String| -> Vec<String> {
        values.iter().map(|value| text(value)).collect()
    };
    let of_run = |text: &dyn Fn(&ComparedRun) -> String| -> Vec<String> {
        let said_once =
            |run: &ComparedRun| [text(run), String::new(), String::new(), String::new()];
        comparison.runs.iter().flat_map(said_once).collect()
    };
    let [published, ours, prediction, z_score] = NUMBERS;
    let mut frame = df!(
        "source" => of_run(&|run| run.origin.to_string()),
        "epoch" => of_run(&|run| run.epoch.to_string()),
        "metric" => column(&|value| value.metric.unit().label(value.metric)),
        published => column(&|value| value.metric.unit().cell(value.published)),
        ours => column(&|value| mean_and_sd(&value.ours, value.metric)),
        prediction => column(&|value| from_to(value.prediction(), |end| value.metric.unit().cell(end))),
        "published is" => column(&|value| value.place().to_string()),
        z_score => column(&|value| value.z_score().map_or("–".to_string(), |z| Unit::Difference.digits(z, 1))),
    )?;
    if settings.differ() {
        let own = settings.own.iter().flat_map(|own| [own.as_str(), "", "", ""]);
        let own: Vec<&str> = own.collect();
        frame.insert_column(0, Series::new("settings".into(), own).into_column())?;
    }
    Ok(Table::new(settings.caption(caption(comparison)), frame).right(NUMBERS).right(["epoch"]))
}

fn caption(comparison: &Comparison) -> String {
    let Comparison { part, source, .. } = comparison;
    let count = comparison.values().count();
    let seeds = comparison.values().next().map_or(0, |value| value.ours.count());
    match comparison.judged {
        Judged::Yes => format!(
            "Part {part}: {} of {count} published values lie inside the 95 % prediction interval of our {seeds} seeds, on \
             {source}.",
            comparison.inside()
        ),
        Judged::No(reason) => format!(
            "Part {part}: {count} published values beside our {seeds} seeds, on {source}; not compared ({reason})."
        ),
    }
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
        let comparison = comparison()?.as_if_judged();
        let html = html(&comparison);
        let inside = comparison.inside();
        assert_eq!(html.matches(">inside</td>").count(), inside);
        assert_eq!(html.matches(">OUTSIDE</td>").count(), 8 - inside);
        assert!(html.contains(&format!("{inside} of 8 published values lie inside")), "{html}");
        Ok(())
    }
}

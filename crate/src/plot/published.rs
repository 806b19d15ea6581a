//! Published values against ours.

use super::axis::Axis;
use super::figure::{Drawn, Page};
use super::style::{INK, MUTED, TEST, TRAIN, WIDTH, label, label_width, number};
use super::{Figure, Image};
use crate::error::{Error, Result};
use crate::original::{Comparison, Row};
use crate::show::settings::Settings;
use crate::train::Metric;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const LEFT: i32 = 12;
const KEY: i32 = 16;
const TOP: i32 = 36;
const ROW: i32 = 22;
/// Each run's name, training and testing, and some room below.
const RUN: i32 = 3 * ROW + 8;
/// The room to the right of an axis, for the word "outside".
const VERDICT: i32 = 66;

/// Every published value (diamond) against our mean (tick) and 95 % prediction interval (bar): losses on the left,
/// accuracies on the right.
///
/// # Errors
/// [`Error::Figure`] if there is no published value.
pub fn published(comparison: &Comparison) -> Result<Figure> {
    let Some(first) = comparison.rows.first() else {
        return Err(Error::Figure("there is no published value to draw".into()));
    };
    let (seeds, settings) = (first.ours.count(), settings(comparison));
    let runs = runs(comparison, &settings.own);
    let bottom = TOP + RUN * runs.len() as i32;
    let size = (WIDTH, bottom + Axis::FOOT);
    let image = Image::drawn(size, |page| draw(page, &runs, bottom, seeds))?;
    let inside = format!("{} of {}", comparison.inside(), comparison.rows.len());
    let alt = format!(
        "Published losses (left) and accuracies (right) as diamonds over our means and 95 % prediction intervals, a row \
         each: {inside} lie inside. {}",
        outside(comparison)
    );
    let caption = format!(
        "Part {}: published values against the mean and the 95 % prediction interval of {seeds} seeds of ours, on {}; \
         {inside} lie inside.",
        comparison.part, comparison.source
    );
    Ok(Figure::new(image, alt, settings.caption(caption)))
}

fn settings(comparison: &Comparison) -> Settings {
    let of_rows = comparison.rows.iter().map(|row| row.setting.clone());
    Settings::of(of_rows.collect())
}

/// "Outside: train loss 0.2249 of ours 0.0061 to 0.0072."
fn outside(comparison: &Comparison) -> String {
    let sentence = |row: &Row| {
        let (show, interval) = (|value| row.metric.show(value), row.prediction());
        format!(
            "{} {} where ours are {} to {}",
            row.metric,
            show(row.published),
            show(interval.low),
            show(interval.high)
        )
    };
    let rows = comparison.rows.iter().filter(|row| !row.is_inside());
    let sentences: Vec<String> = rows.map(sentence).collect();
    match sentences.is_empty() {
        true => String::new(),
        false => format!("Outside: {}.", sentences.join("; ")),
    }
}

/// The values that were published of one run.
struct PublishedRun<'a> {
    name: String,
    rows: Vec<&'a Row>,
}

fn runs<'a>(comparison: &'a Comparison, settings: &[String]) -> Vec<PublishedRun<'a>> {
    let mut runs: Vec<PublishedRun> = Vec::new();
    for (row, setting) in comparison.rows.iter().zip(settings) {
        let name = format!("{setting} ({}, epoch {})", row.origin, row.epoch);
        match runs.last_mut() {
            Some(run) if run.name == name => run.rows.push(row),
            _ => runs.push(PublishedRun { name, rows: vec![row] }),
        }
    }
    runs
}

/// Losses as they are, accuracies in percent.
fn in_unit(metric: Metric, value: f64) -> f64 {
    match metric.is_accuracy() {
        true => 100. * value,
        false => value,
    }
}

fn is_test(metric: Metric) -> bool {
    matches!(metric, Metric::TestLoss | Metric::TestAccuracy)
}

fn draw(page: &Page, runs: &[PublishedRun], bottom: i32, seeds: usize) -> Drawn {
    draw_key(page, seeds)?;
    let left = LEFT + label_width("train".len()) + 16;
    let middle = (left + WIDTH) / 2;
    let axes = [
        Axis::over(values(runs, false), left, middle - VERDICT),
        Axis::over(values(runs, true), middle + 16, WIDTH - VERDICT),
    ];
    for (axis, name) in axes.iter().zip(["loss", "accuracy (%)"]) {
        axis.draw(page, (TOP, bottom), name, number)?;
    }
    for (run, place) in runs.iter().zip(0..) {
        let top = TOP + RUN * place + ROW / 2;
        draw_name(page, &run.name, top)?;
        for (name, line, colour) in [("train", 1, TRAIN), ("test", 2, TEST)] {
            page.draw(&label(name, (LEFT, top + line * ROW), HPos::Left, &colour))?;
        }
        for row in &run.rows {
            let line = if is_test(row.metric) { 2 } else { 1 };
            let axis = &axes[usize::from(row.metric.is_accuracy())];
            draw_row(page, axis, row, top + line * ROW)?;
        }
    }
    Ok(())
}

/// All that has to be on the axis of the losses or of the accuracies.
fn values(runs: &[PublishedRun], are_accuracies: bool) -> Vec<f64> {
    let rows = runs.iter().flat_map(|run| &run.rows);
    let rows = rows.filter(|row| row.metric.is_accuracy() == are_accuracies);
    rows.flat_map(|row| {
        let interval = row.prediction();
        [interval.low, interval.high, row.published].map(|value| in_unit(row.metric, value))
    })
    .collect()
}

/// What the signs mean.
fn draw_key(page: &Page, seeds: usize) -> Drawn {
    draw_published(page, (LEFT + 6, KEY), true)?;
    page.draw(&label("published", (LEFT + 18, KEY), HPos::Left, &INK))?;
    draw_published(page, (LEFT + 112, KEY), false)?;
    page.draw(&label("published, outside", (LEFT + 124, KEY), HPos::Left, &INK))?;
    let (left, right) = (LEFT + 270, LEFT + 310);
    draw_ours(page, [left, (left + right) / 2, right], KEY, MUTED)?;
    let ours = format!("our mean and 95 % prediction interval, {seeds} seeds");
    page.draw(&label(ours, (right + 8, KEY), HPos::Left, &INK))
}

/// On white, so that the lines of the axis do not cross it.
fn draw_name(page: &Page, name: &str, y: i32) -> Drawn {
    let right = LEFT + label_width(name.chars().count());
    let behind = [(LEFT, y - ROW / 2 + 2), (right, y + ROW / 2 - 2)];
    page.draw(&Rectangle::new(behind, WHITE.filled()))?;
    page.draw(&label(name, (LEFT, y), HPos::Left, &INK))
}

fn draw_row(page: &Page, axis: &Axis, row: &Row, y: i32) -> Drawn {
    let place = |value: f64| axis.place(in_unit(row.metric, value));
    let interval = row.prediction();
    let ours = [interval.low, row.ours.mean(), interval.high].map(place);
    draw_ours(page, ours, y, if is_test(row.metric) { TEST } else { TRAIN })?;
    draw_published(page, (place(row.published), y), row.is_inside())?;
    if !row.is_inside() {
        page.draw(&label("outside", (axis.right() + 12, y), HPos::Left, &INK))?;
    }
    Ok(())
}

/// A bar from the first to the last place, a tick at the second.
fn draw_ours(page: &Page, [low, mean, high]: [i32; 3], y: i32, colour: RGBColor) -> Drawn {
    let bar = [(low, y - 5), (high, y + 5)];
    page.draw(&Rectangle::new(bar, colour.mix(0.3).filled()))?;
    page.draw(&PathElement::new([(mean, y - 7), (mean, y + 7)], colour.stroke_width(2)))
}

/// A diamond, hollow if it is outside.
fn draw_published(page: &Page, (x, y): (i32, i32), is_inside: bool) -> Drawn {
    let ends = vec![(x - 5, y), (x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)];
    let fill = if is_inside { INK } else { WHITE };
    page.draw(&Polygon::new(ends.clone(), fill.filled()))?;
    page.draw(&PathElement::new(ends, INK.stroke_width(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::original::Part;
    use crate::study::Experiment;

    /// Runs on synthetic digits, which are easier than the published ones.
    fn comparison() -> Result<Comparison> {
        let runs = Experiment::default().repeat(&Digits::synthetic(0), 0..2)?;
        Comparison::new(Part::LinearSvm, &[&runs])
    }

    #[test]
    fn every_run_has_its_name_and_every_value_outside_is_called_so() -> Result<()> {
        let comparison = comparison()?;
        let figure = published(&comparison)?;
        let lines = |text: &str| {
            figure.image.svg().map(|svg| svg.lines().filter(|line| *line == text).count())
        };
        assert_eq!((lines("train")?, lines("test")?), (2, 2));
        assert_eq!(lines("outside")?, comparison.rows.len() - comparison.inside());
        Ok(())
    }

    #[test]
    fn published_values_that_lie_outside_are_said_in_words() -> Result<()> {
        let mut comparison = comparison()?;
        comparison.rows.truncate(1);
        comparison.rows[0].published = 1000.;
        assert!(outside(&comparison).starts_with("Outside: train loss 1000.0000 where ours are "));
        comparison.rows[0].published = comparison.rows[0].ours.mean();
        assert_eq!(outside(&comparison), "");
        Ok(())
    }

    #[test]
    fn nothing_published_is_no_figure() -> Result<()> {
        let mut comparison = comparison()?;
        comparison.rows.clear();
        assert!(published(&comparison).is_err());
        Ok(())
    }
}

//! How long work takes, this crate and others side by side.

use super::Figure;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Stroke};
use super::style::{GRID, INK, MARGIN, SERIES, TRAIN, WIDTH};
use crate::error::{Error, Result};
use crate::study::Unit;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What does the work, in the order of the lines.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Side {
    Ours,
    InMemory,
    Original,
    Limit,
}

/// `bench/results.json`, as far as it is drawn.
#[derive(Deserialize)]
struct Results {
    times: usize,
    sides: BTreeMap<Side, String>,
    workloads: Vec<Work>,
}

/// A piece of work: its seconds by side, and the other sides' seconds as multiples of ours.
#[derive(Deserialize)]
struct Work {
    title: String,
    train: usize,
    epochs: usize,
    medians: BTreeMap<Side, f64>,
    ratios: BTreeMap<Side, f64>,
}

/// The medians of `make bench` on a logarithmic axis: under each piece of work a line for each side. `results` is the
/// text of `bench/results.json`.
///
/// # Errors
/// [`Error::Figure`] for any other text.
pub fn benchmark(results: &str) -> Result<Figure> {
    let results: Results = serde_json::from_str(results).map_err(|error| {
        Error::Figure(format!(
            "expected the results of `make bench`, found something else: {error}"
        ))
    })?;
    let caption = format!("Medians of {} runs; in brackets multiples of ours.", results.times);
    let alt = "Median times of this crate and its peers on a logarithmic axis, in seconds.";
    Ok(Figure::new(results.draw(), alt, caption))
}

const LEFT: f64 = 150.;
const LINE: f64 = 18.;

impl Results {
    fn draw(&self) -> String {
        let lines: usize = self.workloads.iter().map(|work| work.medians.len() + 2).sum();
        let bottom = MARGIN + LINE * lines as f64;
        let seconds = self.workloads.iter().flat_map(|work| work.medians.values().copied());
        let axis = Axis::logarithmic(seconds, [LEFT, WIDTH - 170.]);
        let mut canvas = Canvas::new(WIDTH, bottom + Axis::FOOT);
        axis.draw_below(&mut canvas, [MARGIN, bottom], "seconds (logarithmic)", Unit::Number);
        let mut y = MARGIN + 0.5 * LINE;
        for work in &self.workloads {
            canvas.text_on_white((MARGIN, y), Anchor::Start, INK, &work.name());
            for (side, seconds) in &work.medians {
                y += LINE;
                let x = axis.place(*seconds);
                let name = self.sides.get(side).map_or("", String::as_str);
                canvas.text_on_white((LEFT - 10., y), Anchor::End, INK, name);
                canvas.line(&[(LEFT, y), (x, y)], Stroke::solid(GRID, 1.));
                side.mark(&mut canvas, (x, y));
                let figures = work.figures(*side, *seconds);
                canvas.text_on_white((x + 12., y), Anchor::Start, INK, &figures);
            }
            y += 2. * LINE;
        }
        canvas.finish()
    }
}

impl Work {
    /// "Hidden layer, 150 images, 100 epochs"
    fn name(&self) -> String {
        let epochs = if self.epochs == 1 { "epoch" } else { "epochs" };
        format!("{}, {} images, {} {epochs}", self.title, self.train, self.epochs)
    }

    /// "1.34 s (2.47 ×)"
    fn figures(&self, side: Side, seconds: f64) -> String {
        let ratio = self.ratios.get(&side).map(|ratio| format!(" ({} ×)", three_digits(*ratio)));
        format!("{} s{}", three_digits(seconds), ratio.unwrap_or_default())
    }
}

impl Side {
    /// A mark of the side's own shape and colour.
    fn mark(self, canvas: &mut Canvas, (x, y): (f64, f64)) {
        match self {
            Side::Ours => canvas.circle((x, y), 5.5, TRAIN, 1.),
            Side::InMemory => canvas.rectangle([(x - 5., y - 5.), (x + 5., y + 5.)], SERIES[1], 1.),
            Side::Original => {
                canvas.area(&[(x, y - 6.), (x + 6.5, y + 5.), (x - 6.5, y + 5.)], SERIES[2], 1.);
            }
            Side::Limit => canvas.line(&[(x, y - 7.), (x, y + 7.)], Stroke::solid(INK, 3.)),
        }
    }
}

/// The first three digits of a positive number: `0.0135`, `1.34`, `504`.
fn three_digits(value: f64) -> String {
    let decimals = (2. - value.log10().floor()).max(0.) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: &str = include_str!("../../../bench/results.json");
    const FIGURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/results.svg");

    /// With `HINGE_GOLDEN=write` in the environment it writes the file first.
    #[test]
    fn the_figure_in_the_report_is_drawn_from_the_results() -> Result<()> {
        let figure = benchmark(RESULTS)?;
        if std::env::var_os("HINGE_GOLDEN").is_some_and(|value| value == "write") {
            figure.save(FIGURE)?;
        }
        assert_eq!(std::fs::read_to_string(FIGURE).unwrap_or_default(), figure.svg);
        Ok(())
    }

    #[test]
    fn every_median_is_labelled_with_its_multiple_of_ours() -> Result<()> {
        let results = r#"{"times": 5, "sides": {"ours": "ours", "in_memory": "PyTorch"}, "workloads": [{
            "title": "Linear SVM", "train": 1000, "epochs": 1,
            "medians": {"in_memory": 0.01, "ours": 0.004}, "ratios": {"in_memory": 2.5}}]}"#;
        let figure = benchmark(results)?;
        let texts: Vec<&str> = figure.svg.split("</text>").collect();
        let labels = [
            "Linear SVM, 1000 images, 1 epoch",
            "ours",
            "0.00400 s",
            "PyTorch",
            "0.0100 s (2.50 ×)",
        ];
        let drawn = texts.iter().rev().skip(1).take(labels.len()).rev();
        for (text, label) in drawn.zip(labels) {
            assert!(text.ends_with(&format!(">{label}")), "{text}");
        }
        Ok(())
    }

    #[test]
    fn another_text_is_refused() {
        let error = benchmark("{}").err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("expected the results of `make bench`")));
    }
}

//! How many times faster this crate is than others that do the same work.

use super::Figure;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Stroke};
use super::style::{INK, MARGIN, MUTED, SERIES, TRAIN, WHITE, WIDTH};
use crate::error::{Error, Result};
use crate::study::Unit;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What does the work beside this crate, in the order of the legend.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Peer {
    InMemory,
    Compiled,
    Vmap,
    Scikit,
    Candle,
    Original,
}

/// `bench/results.json`, as far as it is drawn.
#[derive(Deserialize)]
struct Results {
    times: usize,
    sides: BTreeMap<String, String>,
    workloads: Vec<Work>,
}

/// A piece of work, and the seconds of peers as multiples of ours.
#[derive(Deserialize)]
struct Work {
    title: String,
    group: String,
    train: usize,
    seeds: usize,
    ratios: BTreeMap<Peer, f64>,
}

/// The speed-ups of `make bench` on a logarithmic axis: for each piece of work a bar for PyTorch in memory, and marks
/// for other peers. `results` is the text of `bench/results.json`.
///
/// # Errors
/// [`Error::Figure`] for any other text.
pub fn benchmark(results: &str) -> Result<Figure> {
    let results: Results = serde_json::from_str(results).map_err(|error| {
        Error::Figure(format!(
            "expected the results of `make bench`, found something else: {error}"
        ))
    })?;
    let caption = format!("Ratios of medians of up to {} runs.", results.times);
    let alt = "How many times faster this crate is than its peers, on a logarithmic axis.";
    Ok(Figure::new(results.draw(), alt, caption))
}

/// Where names end, and where bars begin at the earliest.
const NAMES: f64 = 270.;
const LEFT: f64 = 345.;
const LINE: f64 = 22.;

impl Results {
    fn draw(&self) -> String {
        let groups: BTreeSet<&str> =
            self.workloads.iter().map(|work| work.group.as_str()).collect();
        let lines = self.workloads.len() as f64 + 1.5 * groups.len() as f64;
        let top = MARGIN + 2. * LINE;
        let bottom = top + LINE * lines;
        let ratios = self.workloads.iter().flat_map(|work| work.ratios.values().copied());
        let axis = Axis::logarithmic(ratios.chain([1.]), [LEFT, WIDTH - 4. * MARGIN]);
        let mut canvas = Canvas::new(WIDTH, bottom + Axis::FOOT);
        axis.draw_below(&mut canvas, [top, bottom], "times faster (logarithmic)", Unit::Number);
        let as_fast = axis.place(1.);
        canvas.line(&[(as_fast, top), (as_fast, bottom)], Stroke::solid(MUTED, 1.5));
        self.draw_legend(&mut canvas);
        let (mut y, mut group) = (top - 0.5 * LINE, "");
        for work in &self.workloads {
            if work.group != group {
                group = &work.group;
                y += 1.5 * LINE;
                canvas.text_on_white((MARGIN, y), Anchor::Start, MUTED, group);
            }
            y += LINE;
            work.draw(&mut canvas, &axis, y);
        }
        canvas.finish()
    }

    fn draw_legend(&self, canvas: &mut Canvas) {
        let drawn: BTreeSet<Peer> =
            self.workloads.iter().flat_map(|work| work.ratios.keys().copied()).collect();
        canvas.text((MARGIN, MARGIN + 0.5 * LINE), Anchor::Start, INK, "Faster than");
        let mut x = MARGIN + 90.;
        for peer in drawn {
            let name = self.sides.get(peer.key()).map_or("", String::as_str);
            peer.mark(canvas, (x, MARGIN + 0.5 * LINE));
            canvas.text((x + 12., MARGIN + 0.5 * LINE), Anchor::Start, INK, name);
            x += 30. + 7.4 * name.chars().count() as f64;
        }
    }
}

impl Work {
    fn draw(&self, canvas: &mut Canvas, axis: &Axis, y: f64) {
        canvas.text((NAMES, y), Anchor::End, INK, &self.name());
        // What a row is first compared with: PyTorch in memory, or the only peer.
        if let Some(ratio) = self.ratios.values().next() {
            canvas.text((LEFT - 15., y), Anchor::End, INK, &format!("{} ×", three_digits(*ratio)));
        }
        if let Some(ratio) = self.ratios.get(&Peer::InMemory) {
            let ends = [axis.place(1.), axis.place(*ratio)];
            let [left, right] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
            let pale = TRAIN.mixed(WHITE, 0.6);
            canvas.rectangle([(left, y - 0.3 * LINE), (right, y + 0.3 * LINE)], pale, 1.);
        }
        for (peer, ratio) in self.ratios.iter().rev() {
            peer.mark(canvas, (axis.place(*ratio), y));
        }
    }

    /// "Hidden layer, 60 000 images"
    fn name(&self) -> String {
        match (self.seeds, self.train) {
            (1, 150) => self.title.clone(),
            (1, train @ ..1_000) => format!("{}, {train} images", self.title),
            (1, train) => format!("{}, {} 000 images", self.title, train / 1_000),
            (seeds, _) => format!("{}, {seeds} seeds", self.title),
        }
    }
}

impl Peer {
    /// The name in the file.
    fn key(self) -> &'static str {
        match self {
            Peer::InMemory => "in_memory",
            Peer::Compiled => "compiled",
            Peer::Vmap => "vmap",
            Peer::Scikit => "scikit",
            Peer::Candle => "candle",
            Peer::Original => "original",
        }
    }

    /// A mark of the peer's own shape and colour.
    fn mark(self, canvas: &mut Canvas, (x, y): (f64, f64)) {
        match self {
            Peer::InMemory => canvas.rectangle([(x - 5., y - 7.), (x + 5., y + 7.)], TRAIN, 1.),
            Peer::Compiled => canvas.circle((x, y), 5.5, SERIES[1], 1.),
            Peer::Vmap => canvas.circle((x, y), 5.5, INK, 1.),
            Peer::Scikit => {
                canvas.area(&[(x, y - 6.5), (x + 6.5, y + 5.), (x - 6.5, y + 5.)], SERIES[2], 1.);
            }
            Peer::Candle => {
                let diamond = [(x, y - 7.), (x + 7., y), (x, y + 7.), (x - 7., y)];
                canvas.area(&diamond, SERIES[3], 1.);
            }
            Peer::Original => {
                canvas.area(&[(x, y + 6.5), (x + 6.5, y - 5.), (x - 6.5, y - 5.)], SERIES[4], 1.);
            }
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
    fn a_row_names_the_work_and_its_speed_up_over_pytorch() -> Result<()> {
        let results = r#"{"times": 5, "sides": {"ours": "ours", "in_memory": "PyTorch"}, "workloads": [{
            "title": "Linear SVM", "group": "One epoch", "train": 1000, "seeds": 1,
            "ratios": {"candle": 9.0, "in_memory": 2.5}}]}"#;
        let figure = benchmark(results)?;
        let texts: Vec<&str> = figure.svg.split("</text>").collect();
        let labels = ["One epoch", "Linear SVM, 1 000 images", "2.50 ×"];
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

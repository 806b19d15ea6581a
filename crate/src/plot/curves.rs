//! Loss and accuracy over the epochs.

use super::figure::{Drawn, Page};
use super::style::{GRID, HEADING, INK, MUTED, TEST, TEXT, TRAIN, WIDTH, font, label};
use super::{Figure, Image};
use crate::error::Result;
use crate::show::display::capitalised;
use crate::study::{Run, Runs};
use crate::train::Metric;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// A metric after each epoch; with several seeds their mean and the band of one standard deviation.
#[derive(Clone, Debug)]
pub struct Series {
    epochs: Vec<usize>,
    middle: Vec<f64>,
    band: Option<Vec<(f64, f64)>>,
}

/// Results that have learning curves.
pub trait Curves {
    /// One metric after each epoch.
    fn series(&self, metric: Metric) -> Result<Series>;
    /// What was trained.
    fn title(&self) -> String;
    /// On what, and with which seeds.
    fn subtitle(&self) -> String;
}

impl Curves for Run {
    fn series(&self, metric: Metric) -> Result<Series> {
        Ok(Series {
            epochs: self.history().iter().map(|epoch| epoch.number).collect(),
            middle: self.curve(metric),
            band: None,
        })
    }
    fn title(&self) -> String {
        self.experiment.to_string()
    }
    fn subtitle(&self) -> String {
        format!("{}, seed {}", self.split.source, self.seed)
    }
}

impl Curves for Runs {
    fn series(&self, metric: Metric) -> Result<Series> {
        let epochs = self.scored_epochs();
        let each =
            epochs.iter().map(|epoch| self.at(*epoch, metric)).collect::<Result<Vec<_>>>()?;
        let band = |over_seeds: &crate::study::Distribution| {
            let (mean, sd) = (over_seeds.mean(), over_seeds.standard_deviation());
            (mean - sd, mean + sd)
        };
        Ok(Series {
            epochs,
            middle: each.iter().map(|d| d.mean()).collect(),
            band: Some(each.iter().map(band).collect()),
        })
    }
    fn title(&self) -> String {
        self.experiment.to_string()
    }
    fn subtitle(&self) -> String {
        format!("{}, mean of {} seeds, band: ± 1 standard deviation", self.source, self.count())
    }
}

const HEIGHT: i32 = 390;

/// Loss (left) and accuracy (right) after each epoch, on the training and on the test images.
///
/// ```
/// use hinge::prelude::*;
///
/// let short = Experiment { epochs: 3, ..Experiment::default() };
/// let digits = Digits::synthetic(0);
/// let of_one_run: Figure = plot::learning_curves(&short.run(&digits, 0)?)?;
/// let mean_and_band: Figure = plot::learning_curves(&short.repeat(&digits, 0..3)?)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn learning_curves(results: &dyn Curves) -> Result<Figure> {
    let panels = [
        Panel::new(results, "loss", [Metric::TrainLoss, Metric::TestLoss])?,
        Panel::new(results, "accuracy (%)", [Metric::TrainAccuracy, Metric::TestAccuracy])?,
    ];
    let image = Image::drawn((WIDTH, HEIGHT), |page| draw(page, results, &panels))?;
    let [loss, accuracy] = panels.map(|panel| panel.sentence());
    let alt = format!("Two line charts over the epochs. Left: {loss} Right: {accuracy}");
    let caption = format!(
        "{}: loss and accuracy after each epoch. {}.",
        capitalised(&results.title()),
        capitalised(&results.subtitle())
    );
    Ok(Figure::new(image, alt, caption))
}

/// Train and test curves of one quantity.
struct Panel {
    quantity: &'static str,
    curves: [Curve; 2],
}

struct Curve {
    name: &'static str,
    metric: Metric,
    series: Series,
    colour: RGBColor,
    dashed: bool,
}

impl Panel {
    fn new(
        results: &dyn Curves,
        quantity: &'static str,
        [train, test]: [Metric; 2],
    ) -> Result<Panel> {
        let scale = if train.is_accuracy() { 100. } else { 1. };
        let series = |metric| results.series(metric).map(|series| series.times(scale));
        let train = Curve {
            name: "train",
            metric: train,
            series: series(train)?,
            colour: TRAIN,
            dashed: false,
        };
        let test =
            Curve { name: "test", metric: test, series: series(test)?, colour: TEST, dashed: true };
        Ok(Panel { quantity, curves: [train, test] })
    }

    fn last_epoch(&self) -> usize {
        self.curves[0].series.epochs.last().copied().unwrap_or(1)
    }

    /// The range of the axis: losses from 0, accuracies up to 100 %.
    fn range(&self) -> (f64, f64) {
        let lows = self.curves.iter().map(|curve| curve.series.low());
        let highs = self.curves.iter().map(|curve| curve.series.high());
        if self.curves[0].metric.is_accuracy() {
            ((lows.fold(100., f64::min) / 10.).floor() * 10., 100.)
        } else {
            (0., highs.fold(0., f64::max).max(1e-9) * 1.05)
        }
    }

    fn sentence(&self) -> String {
        let [train, test] = self.curves.each_ref().map(Curve::sentence);
        format!("{train}; {test}.")
    }
}

impl Curve {
    fn last(&self) -> f64 {
        self.series.middle[self.series.middle.len() - 1]
    }

    fn show(&self, value: f64) -> String {
        if self.metric.is_accuracy() { format!("{value:.1} %") } else { format!("{value:.3}") }
    }

    fn sentence(&self) -> String {
        let (first, last) = (self.show(self.series.middle[0]), self.show(self.last()));
        format!("{} from {first} after the first epoch to {last} after the last", self.metric)
    }
}

impl Series {
    fn times(&self, factor: f64) -> Series {
        let scale = |(low, high): &(f64, f64)| (low * factor, high * factor);
        Series {
            epochs: self.epochs.clone(),
            middle: self.middle.iter().map(|value| value * factor).collect(),
            band: self.band.as_ref().map(|band| band.iter().map(scale).collect()),
        }
    }

    fn low(&self) -> f64 {
        let lows = self.band.iter().flatten().map(|(low, _)| *low);
        self.middle.iter().copied().chain(lows).fold(f64::INFINITY, f64::min)
    }

    fn high(&self) -> f64 {
        let highs = self.band.iter().flatten().map(|(_, high)| *high);
        self.middle.iter().copied().chain(highs).fold(f64::NEG_INFINITY, f64::max)
    }
}

fn draw(page: &Page, results: &dyn Curves, panels: &[Panel; 2]) -> Drawn {
    let title = capitalised(&results.title());
    page.draw(&Text::new(title, (12, 8), font(HEADING, &INK)))?;
    page.draw(&label(results.subtitle(), (12, 42), HPos::Left, &MUTED))?;
    let (_, body) = page.split_vertically(58);
    for (area, panel) in body.split_evenly((1, 2)).iter().zip(panels) {
        draw_panel(area, panel)?;
    }
    Ok(())
}

fn draw_panel(area: &Page, panel: &Panel) -> Drawn {
    let (low, high) = panel.range();
    let last_epoch = panel.last_epoch() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(102)
        .x_label_area_size(44)
        .y_label_area_size(58)
        .build_cartesian_2d(0f64..last_epoch, low..high)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(MUTED)
        .x_labels(6)
        .y_labels(6)
        .x_desc("epoch")
        .y_desc(panel.quantity)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|value| tick(*value, high - low))
        .label_style(font(TEXT, &INK))
        .draw()?;
    for curve in &panel.curves {
        let Series { epochs, middle, band } = &curve.series;
        let epoch = |index: usize| epochs[index] as f64;
        if let Some(band) = band {
            let upper = (0..band.len()).map(|index| (epoch(index), band[index].1.min(high)));
            let lower = (0..band.len()).rev().map(|index| (epoch(index), band[index].0.max(low)));
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            chart.draw_series([Polygon::new(outline, curve.colour.mix(0.18))])?;
        }
        let points = (0..middle.len()).map(|index| (epoch(index), middle[index]));
        let style = curve.colour.stroke_width(2);
        if curve.dashed {
            chart.draw_series(DashedLineSeries::new(points, 7, 4, style))?;
        } else {
            chart.draw_series(LineSeries::new(points, style))?;
        }
    }
    let ends = panel
        .curves
        .each_ref()
        .map(|curve| chart.backend_coord(&(last_epoch, curve.last().clamp(low, high))));
    for (curve, (x, y)) in panel.curves.iter().zip(apart(ends)) {
        let text = format!("{} {}", curve.name, curve.show(curve.last()));
        let (left, top) = area.get_base_pixel();
        let place = (x + 6 - left, y - top);
        area.draw(&label(text, place, HPos::Left, &curve.colour))?;
    }
    Ok(())
}

/// Moves two labels apart that would overlap.
fn apart([a, b]: [(i32, i32); 2]) -> [(i32, i32); 2] {
    const LINE: i32 = 16;
    let overlap = LINE - (a.1 - b.1).abs();
    if overlap <= 0 {
        return [a, b];
    }
    let down = if a.1 > b.1 { 1 } else { -1 };
    [(a.0, a.1 + down * (overlap + 1) / 2), (b.0, b.1 - down * (overlap + 1) / 2)]
}

fn tick(value: f64, range: f64) -> String {
    let decimals = if range > 8. {
        0
    } else if range > 0.8 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

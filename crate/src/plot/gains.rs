//! Gains over a baseline, seed by seed.

use super::style::{FONT, GRID, INK, MUTED, TRAIN};
use super::{Figure, Image};
use crate::error::{Error, Result};
use crate::study::{Distribution, Gain, Gains};
use plotters::prelude::*;

const WIDTH: i32 = 920;
const LEFT: i32 = 210;
const RIGHT: i32 = 240;
const TOP: i32 = 16;
const ROW: i32 = 34;
const BOTTOM: i32 = 52;

/// A row for each change: a grey dot a seed, a blue diamond for the mean, a bar for the 95 % interval of the mean.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let plain = Experiment { epochs: 3, ..Experiment::default() };
/// let longer = Experiment { epochs: 6, ..plain.clone() }.repeat(&digits, 0..3)?;
/// let gains = Gains::over(&plain.repeat(&digits, 0..3)?, Metric::TestAccuracy, [("twice the epochs", longer)])?;
/// let figure: Figure = plot::gains(&gains)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`] if it cannot be drawn.
pub fn gains(gains: &Gains) -> Result<Figure> {
    let mut svg = String::new();
    draw(&mut svg, gains).map_err(|error| Error::Figure(error.to_string()))?;
    let sentences: Vec<String> = gains
        .all()
        .iter()
        .map(|gain| format!("{} {}", gain.name, figures(gains, &gain.by_seed)))
        .collect();
    let alt = format!(
        "Dot plot of the gain in {} over no change, one row a setting: {}.",
        gains.metric,
        sentences.join("; ")
    );
    let caption = format!(
        "Gain in {} over: {}. Grey: each of {} seeds; blue: mean and its 95 % interval. {}.",
        gains.metric,
        gains.baseline,
        gains.seeds(),
        gains.source
    );
    Ok(Figure::new(Image::Svg(svg), alt, caption))
}

/// "+2.3 (+1.1 to +3.5)"
fn figures(gains: &Gains, by_seed: &Distribution) -> String {
    let interval = by_seed.confidence_interval();
    let [mean, low, high] = [by_seed.mean(), interval.low, interval.high].map(|value| match gains
        .metric
        .is_accuracy()
    {
        true => format!("{:+.1}", 100. * value),
        false => format!("{value:+.3}"),
    });
    format!("{mean} ({low} to {high})")
}

type Drawn = std::result::Result<(), DrawingAreaErrorKind<std::io::Error>>;

fn draw(svg: &mut String, gains: &Gains) -> Drawn {
    let rows = gains.all().len() as i32;
    let height = TOP + ROW * rows + BOTTOM;
    let page = SVGBackend::with_string(svg, (WIDTH as u32, height as u32)).into_drawing_area();
    page.fill(&WHITE)?;
    let axis = Axis::of(gains);
    let floor = TOP + ROW * rows;
    for tick in axis.ticks() {
        let (x, is_zero) = (axis.place(tick), tick.abs() < axis.step / 2.);
        let style = if is_zero {
            MUTED.stroke_width(2)
        } else {
            GRID.stroke_width(1)
        };
        page.draw(&PathElement::new([(x, TOP), (x, floor)], style))?;
        let label = axis.show(tick);
        let from = x - 4 * label.len() as i32;
        page.draw(&text(&label, (from, floor + 6), &INK))?;
    }
    let title = format!("gain in {}", axis.unit(gains));
    let middle = (LEFT + WIDTH - RIGHT) / 2 - 3 * title.len() as i32;
    page.draw(&text(&title, (middle, floor + 28), &INK))?;
    for (gain, row) in gains.all().iter().zip(0..) {
        draw_gain(&page, &axis, gains, gain, TOP + ROW * row + ROW / 2)?;
    }
    page.present()
}

fn draw_gain(
    page: &DrawingArea<SVGBackend, plotters::coord::Shift>,
    axis: &Axis,
    gains: &Gains,
    gain: &Gain,
    y: i32,
) -> Drawn {
    page.draw(&text(&gain.name, (12, y - 7), &INK))?;
    for value in gain.by_seed.values() {
        page.draw(&Circle::new(
            (axis.place(*value), y),
            4,
            MUTED.mix(0.4).filled(),
        ))?;
    }
    let interval = gain.by_seed.confidence_interval();
    let ends = [interval.low, interval.high].map(|end| (axis.place(end), y));
    page.draw(&PathElement::new(ends, TRAIN.stroke_width(3)))?;
    let x = axis.place(gain.by_seed.mean());
    let diamond = [(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)];
    page.draw(&Polygon::new(diamond, TRAIN.filled()))?;
    let figures = figures(gains, &gain.by_seed);
    page.draw(&text(&figures, (WIDTH - RIGHT + 24, y - 7), &TRAIN))
}

fn text<'a>(label: &'a str, place: (i32, i32), colour: &RGBColor) -> Text<'a, (i32, i32), &'a str> {
    Text::new(label, place, (FONT, 14).into_font().color(colour))
}

/// The horizontal axis.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
    is_accuracy: bool,
}

impl Axis {
    /// From below the least value or zero to above the greatest, intervals included.
    fn of(gains: &Gains) -> Axis {
        let ends = gains.all().iter().flat_map(|gain| {
            let interval = gain.by_seed.confidence_interval();
            [
                interval.low,
                interval.high,
                gain.by_seed.min(),
                gain.by_seed.max(),
            ]
        });
        let (least, most) = ends.fold((0f64, 0f64), |(low, high), end| {
            (low.min(end), high.max(end))
        });
        let step = round_step((most - least).max(1e-6) / 6.);
        Axis {
            low: (least / step).floor() * step,
            high: (most / step).ceil() * step,
            step,
            is_accuracy: gains.metric.is_accuracy(),
        }
    }

    fn place(&self, value: f64) -> i32 {
        let width = f64::from(WIDTH - RIGHT - LEFT);
        let share = (value - self.low) / (self.high - self.low);
        LEFT + (width * share.clamp(0., 1.)).round() as i32
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as i32;
        (0..=count).map(|tick| self.low + f64::from(tick) * self.step)
    }

    fn show(&self, tick: f64) -> String {
        let scaled = if self.is_accuracy { 100. * tick } else { tick };
        let step = if self.is_accuracy {
            100. * self.step
        } else {
            self.step
        };
        let decimals = (-step.log10().floor()).max(0.) as usize;
        match scaled.abs() < step / 2. {
            true => "0".to_string(),
            false => format!("{scaled:+.decimals$}"),
        }
    }

    fn unit(&self, gains: &Gains) -> String {
        match self.is_accuracy {
            true => format!("{} (percentage points)", gains.metric),
            false => gains.metric.to_string(),
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that is `least` or more.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let multiple = [1., 2., 5.]
        .into_iter()
        .find(|factor| factor * power >= least);
    multiple.unwrap_or(10.) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        for (least, step) in [(0.012, 0.02), (0.05, 0.05), (0.6, 1.)] {
            assert!((round_step(least) - step).abs() < 1e-12, "{least}");
        }
    }

    #[test]
    fn zero_is_on_the_axis_and_every_value_inside() {
        let axis = Axis {
            low: -0.02,
            high: 0.06,
            step: 0.02,
            is_accuracy: true,
        };
        let labels: Vec<String> = axis.ticks().map(|tick| axis.show(tick)).collect();
        assert_eq!(labels, ["-2", "0", "+2", "+4", "+6"]);
        assert_eq!(axis.place(-0.02), LEFT);
        assert_eq!(axis.place(0.06), WIDTH - RIGHT);
    }
}

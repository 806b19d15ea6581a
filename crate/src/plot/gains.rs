//! Gains over a baseline, seed by seed.

use super::axis::Axis;
use super::figure::{Drawn, Page};
use super::style::{INK, MUTED, TRAIN, WIDTH, label, label_width, signed};
use super::{Figure, Image};
use crate::error::Result;
use crate::study::{Distribution, Gain, Gains};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

const LEFT: i32 = 12;
const RIGHT: i32 = 200;
const TOP: i32 = 16;
const ROW: i32 = 34;

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
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn gains(gains: &Gains) -> Result<Figure> {
    let bottom = TOP + ROW * gains.all().len() as i32;
    let size = (WIDTH, bottom + Axis::FOOT);
    let image = Image::drawn(size, |page| draw(page, gains, bottom))?;
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
    Ok(Figure::new(image, alt, caption))
}

/// "+2.3 (+1.1 to +3.5)"
fn figures(gains: &Gains, by_seed: &Distribution) -> String {
    let interval = by_seed.confidence_interval();
    let decimals = if gains.metric.is_accuracy() { 1 } else { 3 };
    let [mean, low, high] = [by_seed.mean(), interval.low, interval.high]
        .map(|value| signed(in_unit(gains, value), decimals));
    format!("{mean} ({low} to {high})")
}

/// A gain in accuracy in percentage points, one in loss as it is.
fn in_unit(gains: &Gains, value: f64) -> f64 {
    match gains.metric.is_accuracy() {
        true => 100. * value,
        false => value,
    }
}

fn draw(page: &Page, gains: &Gains, bottom: i32) -> Drawn {
    let axis = axis(gains);
    let unit = match gains.metric.is_accuracy() {
        true => " (percentage points)",
        false => "",
    };
    let name = format!("gain in {}{unit}", gains.metric);
    axis.draw(page, (TOP, bottom), &name, signed)?;
    for (gain, row) in gains.all().iter().zip(0..) {
        draw_gain(page, &axis, gains, gain, TOP + ROW * row + ROW / 2)?;
    }
    Ok(())
}

fn draw_gain(page: &Page, axis: &Axis, gains: &Gains, gain: &Gain, y: i32) -> Drawn {
    let place = |value: f64| axis.place(in_unit(gains, value));
    page.draw(&label(&gain.name, (LEFT, y), HPos::Left, &INK))?;
    for value in gain.by_seed.values() {
        let dot = MUTED.mix(0.4).filled();
        page.draw(&Circle::new((place(*value), y), 4, dot))?;
    }
    let interval = gain.by_seed.confidence_interval();
    let ends = [interval.low, interval.high].map(|end| (place(end), y));
    page.draw(&PathElement::new(ends, TRAIN.stroke_width(3)))?;
    let x = place(gain.by_seed.mean());
    let diamond = [(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)];
    page.draw(&Polygon::new(diamond, TRAIN.filled()))?;
    let figures = figures(gains, &gain.by_seed);
    page.draw(&label(figures, (WIDTH - LEFT, y), HPos::Right, &TRAIN))
}

/// An axis with zero, every seed and all intervals on it, to the right of the longest name.
fn axis(gains: &Gains) -> Axis {
    let ends = gains.all().iter().flat_map(|gain| {
        let (interval, seeds) = (gain.by_seed.confidence_interval(), &gain.by_seed);
        [interval.low, interval.high, seeds.min(), seeds.max()]
    });
    let letters = gains.all().iter().map(|gain| gain.name.chars().count());
    let names = label_width(letters.max().unwrap_or(0)).clamp(100, WIDTH / 3);
    let values = ends.chain([0.]).map(|end| in_unit(gains, end));
    Axis::over(values, LEFT + names + 24, WIDTH - RIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::study::{Experiment, Runs};
    use crate::train::Metric;

    /// Longer training, in a test with few seeds and epochs.
    fn longer(metric: Metric) -> Result<Gains> {
        let runs = |epochs: usize| -> Result<Runs> {
            let short = Experiment { epochs, ..Experiment::default() };
            short.repeat(&Digits::synthetic(0), 0..3)
        };
        Gains::over(&runs(1)?, metric, [("longer", runs(5)?)])
    }

    #[test]
    fn zero_is_on_the_axis() -> Result<()> {
        let figure = super::gains(&longer(Metric::TestLoss)?)?;
        assert!(figure.image.svg()?.lines().any(|line| line == "0"));
        Ok(())
    }

    #[test]
    fn a_gain_in_accuracy_is_shown_in_points() -> Result<()> {
        let gains = longer(Metric::TestAccuracy)?;
        let by_seed = &gains.all()[0].by_seed;
        let shown = figures(&gains, by_seed).replace('\u{2212}', "-");
        let mean: f64 = shown.split(' ').next().unwrap_or_default().parse().unwrap_or(f64::NAN);
        assert!((mean - 100. * by_seed.mean()).abs() <= 0.05, "{shown}");
        Ok(())
    }
}

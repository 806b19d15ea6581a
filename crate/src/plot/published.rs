//! Published values against ours.

use super::Figure;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Stroke};
use super::style::{Colour, GRID, INK, MARGIN, MUTED, TEST, TRAIN, WHITE, WIDTH, text_width};
use crate::error::Result;
use crate::original::{ComparedRun, ComparedValue, Comparison, Place};
use crate::show::settings::Settings;
use crate::study::{Judged, Unit};
use crate::train::Metric;

const KEY: f64 = 16.;
const TOP: f64 = 36.;
const ROW: f64 = 22.;
/// A run's name, its two rows, and a gap below.
const RUN: f64 = 3. * ROW + 8.;
/// The room to the right of an axis for a verdict.
const VERDICT: f64 = 116.;
/// The greatest distance from the mean that is drawn, in standard deviations.
const REACH: f64 = 8.;

/// Every published value (diamond) in standard deviations from the mean over our seeds (tick), with the 95 % prediction
/// interval of one more run (bar): losses on the left, accuracies on the right. A value further than 8 standard
/// deviations from the mean is drawn at the end of the axis, with its distance.
///
/// # Errors
/// [`Error::TooFew`](crate::Error::TooFew) if there is no published value.
pub fn published(comparison: &Comparison) -> Result<Figure> {
    let seeds = comparison.seeds()?;
    let settings = Settings::new(comparison.runs.iter().map(|run| &run.experiment));
    let canvas = draw(comparison, &settings, seeds);
    let [title, result] = result(comparison);
    let alt = format!(
        "Published losses (left) and accuracies (right) as diamonds over our means and 95 % prediction intervals, in \
         standard deviations, one row each: {result} {}",
        outside(comparison)
    );
    let caption = format!(
        "Part {}: published values in standard deviations from the mean of our {seeds} seeds, and our 95 % prediction \
         interval, on {}; {result}",
        comparison.part, comparison.source
    );
    let figure = Figure::new(canvas.finish(), alt.trim_end(), settings.caption(caption));
    Ok(figure.title(title))
}

/// The title, and the result as a sentence: "7 of 8 lie inside."
fn result(comparison: &Comparison) -> [String; 2] {
    let share = format!("{} of {}", comparison.inside(), comparison.values().count());
    match comparison.judged {
        Judged::Yes => [
            format!("{share} published values are compatible with one more run of ours"),
            format!("{share} lie inside."),
        ],
        Judged::No(reason) => [
            format!("The published values are not compared ({reason})"),
            format!("they are not compared ({reason})."),
        ],
    }
}

/// "Outside: train loss 0.2249 where ours are 0.0061 to 0.0072."
fn outside(comparison: &Comparison) -> String {
    let sentence = |value: &ComparedValue| {
        let (metric, show) = (value.metric, |number: f64| value.metric.unit().show(number));
        let (published, ours) = (show(value.published), value.prediction().show(show));
        format!("{metric} {published} where ours are {ours}")
    };
    let values = comparison.values().filter(|value| value.place() == Place::Outside);
    let sentences: Vec<String> = values.map(sentence).collect();
    if sentences.is_empty() { String::new() } else { format!("Outside: {}.", sentences.join("; ")) }
}

/// How many of our standard deviations `number` is above our mean, at most [`REACH`]; where our runs all agree, every
/// other number is that far away.
fn standardised(value: &ComparedValue, number: f64) -> f64 {
    let (mean, sd) = (value.ours.mean(), value.ours.standard_deviation());
    let distance = number - mean;
    let is_mean = distance == 0. || (sd == 0. && value.place() != Place::Outside);
    if is_mean { 0. } else { (distance / sd).clamp(-REACH, REACH) }
}

/// Everything about a value that has to be on the axis.
fn extent(value: &ComparedValue) -> [f64; 3] {
    let interval = value.prediction();
    [interval.low, interval.high, value.published].map(|number| standardised(value, number))
}

fn draw(comparison: &Comparison, settings: &Settings, seeds: usize) -> Canvas {
    let bottom = TOP + RUN * comparison.runs.len() as f64;
    let names = comparison.runs.iter().zip(&settings.own).map(|(run, own)| name(run, own));
    let names: Vec<String> = names.collect();
    let widest = names.iter().map(|name| text_width(name)).fold(0., f64::max);
    let mut canvas = Canvas::new(WIDTH.max(widest + 2. * MARGIN), bottom + Axis::FOOT);
    draw_key(&mut canvas, comparison.judged, seeds);
    let left = MARGIN + text_width("train") + 16.;
    // Two axes of equal width, each with room for its verdicts.
    let width = (WIDTH - left) / 2. - VERDICT;
    let axes = [("loss", left), ("accuracy", left + width + VERDICT)].map(|(quantity, left)| {
        let axis = Axis::linear(comparison.values().flat_map(extent), [left, left + width]);
        let name = format!("{quantity}: standard deviations from our mean");
        axis.draw_below(&mut canvas, [TOP, bottom], &name, Unit::Difference);
        axis
    });
    for (index, (run, name)) in comparison.runs.iter().zip(&names).enumerate() {
        let y = TOP + RUN * index as f64 + ROW / 2.;
        canvas.text_on_white((MARGIN, y), Anchor::Start, INK, name);
        for (row, (name, colour)) in [("train", TRAIN), ("test", TEST)].into_iter().enumerate() {
            canvas.text((MARGIN, y + ROW * (row + 1) as f64), Anchor::Start, colour, name);
        }
        for value in &run.values {
            let axis = &axes[usize::from(value.metric.is_accuracy())];
            draw_value(&mut canvas, axis, value, y);
        }
    }
    canvas
}

/// "weight decay 0.1 (report, epoch 100)"
fn name(run: &ComparedRun, own: &str) -> String {
    let source = format!("{}, epoch {}", run.origin, run.epoch);
    if own.is_empty() { source } else { format!("{own} ({source})") }
}

/// What the signs mean.
fn draw_key(canvas: &mut Canvas, judged: Judged, seeds: usize) {
    let signs: &[(Place, &str)] = match judged {
        Judged::Yes => {
            &[(Place::Inside, "published, inside"), (Place::Outside, "published, outside")]
        }
        Judged::No(_) => &[(Place::NotCompared, "published, not compared")],
    };
    let mut x = MARGIN + 6.;
    for (place, text) in signs {
        canvas.diamond((x, KEY), fill(*place), INK);
        canvas.text((x + 12., KEY), Anchor::Start, INK, text);
        x += 30. + text_width(text);
    }
    draw_ours(canvas, [x, x + 20., x + 40.], KEY, MUTED);
    let ours = format!("our mean and 95 % prediction interval, {seeds} seeds");
    canvas.text((x + 50., KEY), Anchor::Start, INK, &ours);
}

/// A value in the run that begins at `y`: training in the first row, testing in the second.
fn draw_value(canvas: &mut Canvas, axis: &Axis, value: &ComparedValue, y: f64) {
    let (y, colour) = match value.metric {
        Metric::TrainLoss | Metric::TrainAccuracy => (y + ROW, TRAIN),
        Metric::TestLoss | Metric::TestAccuracy => (y + 2. * ROW, TEST),
    };
    let [low, high, published] = extent(value).map(|distance| axis.place(distance));
    draw_ours(canvas, [low, axis.place(0.), high], y, colour);
    canvas.diamond((published, y), fill(value.place()), INK);
    if value.place() == Place::Outside {
        let far = value.z_score().filter(|z| z.abs() > REACH);
        let distance = far.map(|z| format!(" {} sd", Unit::Difference.digits(z, 0)));
        let verdict = format!("outside{}", distance.unwrap_or_default());
        canvas.text((axis.places()[1] + 12., y), Anchor::Start, INK, &verdict);
    }
}

/// The inside of a diamond.
fn fill(place: Place) -> Colour {
    match place {
        Place::Inside => INK,
        Place::Outside => WHITE,
        Place::NotCompared => GRID,
    }
}

/// A bar from the first to the last place, a tick at the second.
fn draw_ours(canvas: &mut Canvas, [low, mean, high]: [f64; 3], y: f64, colour: Colour) {
    canvas.rectangle([(low, y - 5.), (high, y + 5.)], colour, 0.3);
    canvas.line(&[(mean, y - 7.), (mean, y + 7.)], Stroke::solid(colour, 2.));
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

    fn count(figure: &Figure, text: &str) -> Result<usize> {
        Ok(figure.svg.matches(&format!(">{text}</text>")).count())
    }

    #[test]
    fn every_run_has_its_name_and_two_rows() -> Result<()> {
        let comparison = comparison()?;
        let figure = published(&comparison)?;
        let runs = comparison.runs.len();
        assert_eq!((count(&figure, "train")?, count(&figure, "test")?), (runs, runs));
        for run in &comparison.runs {
            assert_eq!(count(&figure, &format!("{}, epoch 100", run.origin))?, 1);
        }
        Ok(())
    }

    #[test]
    fn on_synthetic_digits_nothing_is_inside_or_outside() -> Result<()> {
        let comparison = comparison()?;
        let figure = published(&comparison)?;
        assert_eq!(count(&figure, "published, not compared")?, 1);
        assert!(!figure.svg.contains("outside"));
        assert_eq!(result(&comparison)[1], "they are not compared (synthetic digits).");
        Ok(())
    }

    #[test]
    fn every_value_outside_is_called_so_in_the_picture_and_in_words() -> Result<()> {
        let comparison = comparison()?.judged();
        let figure = published(&comparison)?;
        // The key names both signs.
        let verdicts = figure.svg.matches(">outside").count();
        assert_eq!((verdicts, comparison.outside() > 0), (comparison.outside(), true));
        let words = outside(&comparison);
        assert_eq!(words.matches(" where ours are ").count(), comparison.outside(), "{words}");
        Ok(())
    }

    #[test]
    fn a_value_far_away_is_drawn_at_the_end_of_the_axis() -> Result<()> {
        let comparison = comparison()?;
        let value = &comparison.runs[0].values[0];
        let (mean, sd) = (value.ours.mean(), value.ours.standard_deviation());
        assert_eq!(standardised(value, mean + 100. * sd), REACH);
        assert!((standardised(value, mean - 2. * sd) + 2.).abs() < 1e-9);
        Ok(())
    }

    #[test]
    fn nothing_published_is_no_figure() -> Result<()> {
        let mut comparison = comparison()?;
        comparison.runs.clear();
        assert!(published(&comparison).is_err());
        Ok(())
    }
}

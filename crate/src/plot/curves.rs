//! Loss and accuracy over the epochs.

use super::Figure;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas};
use super::lines::{self, Line, Vertex};
use super::style::{Colour, MARGIN, MUTED, TEST, TRAIN, WIDTH, heading_lines};
use crate::error::{Error, Result, at_least};
use crate::show::display::capitalised;
use crate::study::{Experiment, Interval, Run, Runs, Unit};
use crate::train::Metric;

/// Results that have learning curves.
pub trait Curves {
    /// A metric over the epochs that were scored.
    fn vertices(&self, metric: Metric) -> Result<Vec<Vertex>>;
    /// What was trained.
    fn experiment(&self) -> &Experiment;
    /// On what, and with which seeds.
    fn subtitle(&self) -> String;
}

impl Curves for Run {
    fn vertices(&self, metric: Metric) -> Result<Vec<Vertex>> {
        let history = self.history().iter();
        Ok(history.map(|epoch| Vertex::new(epoch.number, epoch.get(metric))).collect())
    }
    fn experiment(&self) -> &Experiment {
        &self.experiment
    }
    fn subtitle(&self) -> String {
        format!("{}, seed {}", self.split.source, self.seed)
    }
}

impl Curves for Runs {
    fn vertices(&self, metric: Metric) -> Result<Vec<Vertex>> {
        let vertex = |epoch: usize| {
            let values = self.at(epoch, metric)?;
            let (mean, sd) = (values.mean(), values.standard_deviation());
            let band = Interval { low: mean - sd, high: mean + sd };
            Ok(Vertex { band: Some(band), ..Vertex::new(epoch, mean) })
        };
        self.scored_epochs().into_iter().map(vertex).collect()
    }
    fn experiment(&self) -> &Experiment {
        &self.experiment
    }
    fn subtitle(&self) -> String {
        format!("{}, mean of {} seeds, band: ± 1 standard deviation", self.source, self.count())
    }
}

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
/// [`Error::Figure`] for results without an epoch.
pub fn learning_curves(results: &dyn Curves) -> Result<Figure> {
    let (what, how) = (capitalised(results.experiment()), capitalised(&results.subtitle()));
    let caption = format!("{what}: loss and accuracy after each epoch. {how}.");
    let end = |metric| last(&results.vertices(metric)?);
    let (train, test) = (end(Metric::TrainAccuracy)?, end(Metric::TestAccuracy)?);
    let (gap, test) = (Unit::Points.show(train - test), Unit::Percent.show(test));
    let title = format!("Test accuracy ends at {test}; train less test: {gap}");
    Ok(compare_learning_curves(&[results])?.title(title).caption(caption))
}

/// The value after the last epoch.
fn last(vertices: &[Vertex]) -> Result<f64> {
    let last = vertices.last().map(|vertex| vertex.y);
    last.ok_or_else(|| Error::Figure("there is no epoch to draw".into()))
}

/// The learning curves of several results, one below the other and on the same axes.
///
/// # Errors
/// [`Error::TooFew`] for no results, [`Error::Figure`] for results without an epoch.
pub fn compare_learning_curves(results: &[&dyn Curves]) -> Result<Figure> {
    at_least(1, "results", results.len(), "Comparison of learning curves")?;
    let titles = results.iter().map(|result| heading_lines(&capitalised(result.experiment())));
    let titles: Vec<Vec<String>> = titles.collect();
    // Below the longest title, so that the panels of all results are equally high.
    let head = LINE * titles.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let row = head + PANEL;
    let mut canvas = Canvas::new(WIDTH, row * results.len() as f64);
    for (index, (result, title)) in results.iter().zip(&titles).enumerate() {
        let mut y = row * index as f64 + 18.;
        for line in title {
            canvas.heading((MARGIN, y), line);
            y += LINE;
        }
        canvas.text((MARGIN, y + 2.), Anchor::Start, MUTED, &result.subtitle());
    }
    let tops: Vec<f64> = (0..results.len()).map(|index| row * index as f64 + head + 76.).collect();
    let mut sentences = Vec::new();
    for (metrics, left) in [
        ([Metric::TrainLoss, Metric::TestLoss], 0.),
        ([Metric::TrainAccuracy, Metric::TestAccuracy], WIDTH / 2.),
    ] {
        let panels =
            results.iter().map(|result| lines(*result, metrics)).collect::<Result<Vec<_>>>()?;
        draw_column(&mut canvas, &panels, metrics[0], left, &tops);
        for (result, panel) in results.iter().zip(&panels) {
            sentences.extend(panel.iter().zip(metrics).map(|(line, metric)| {
                format!("{}: {}.", result.experiment(), sentence(line, metric))
            }));
        }
    }
    let alt = format!(
        "Line charts over the epochs, loss on the left and accuracy on the right. {}",
        sentences.join(" ")
    );
    Ok(Figure::new(canvas.finish(), alt, "Loss and accuracy after each epoch, on the same axes."))
}

/// The height of a line of a title.
const LINE: f64 = 22.;
/// The height of a panel with its subtitle, the name of its axis and its foot.
const PANEL: f64 = 350.;

/// The train and test curves of one quantity.
fn lines(result: &dyn Curves, [train, test]: [Metric; 2]) -> Result<[Line; 2]> {
    let line = |metric: Metric, name: &str, colour: Colour| {
        let vertices = result.vertices(metric)?;
        let label = format!("{name} {}", metric.unit().show(last(&vertices)?));
        let vertices = vertices.iter().map(|vertex| vertex.in_unit(metric.unit())).collect();
        Ok::<_, Error>(Line { label, colour, dashed: metric == test, vertices })
    };
    Ok([line(train, "train", TRAIN)?, line(test, "test", TEST)?])
}

/// "train loss from 1.310 to 0.105"
fn sentence(line: &Line, metric: Metric) -> String {
    let ends = [line.vertices.first(), line.vertices.last()];
    let [first, last] =
        ends.map(|end| end.map_or(String::new(), |end| Unit::Number.digits(end.y, 3)));
    format!("{} from {first} to {last}", metric.unit().label(metric))
}

/// Draws a panel for each result, at one of `tops`: losses from 0, accuracies from 0 to 100 %, so that those of all figures
/// are on equal axes. A band may reach beyond what is possible, the axis does not.
fn draw_column(canvas: &mut Canvas, panels: &[[Line; 2]], metric: Metric, left: f64, tops: &[f64]) {
    let (quantity, end, most) = match metric.unit() {
        Unit::Percent => ("accuracy", 100., 100.),
        _ => ("loss", 0., f64::INFINITY),
    };
    let lines = || panels.iter().flatten();
    let epochs = lines().flat_map(|line| &line.vertices).map(|vertex| vertex.x).chain([0.]);
    let x = Axis::linear(epochs, [left + 56., left + WIDTH / 2. - 108.]);
    for (panel, top) in panels.iter().zip(tops) {
        let bottom = top + 216.;
        let values = lines().flat_map(Line::extent).map(|value| value.clamp(0., most));
        let y = Axis::linear(values.chain([0., end]), [bottom, *top]);
        y.draw_beside(canvas, x.places(), &metric.unit().label(quantity), Unit::Number);
        x.draw_below(canvas, [bottom, bottom + 4.], "epoch", Unit::Number);
        lines::draw(canvas, panel, &x, &y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;
    use crate::study::Experiment;

    #[test]
    fn curves_that_are_compared_share_their_axes() -> Result<()> {
        let digits = Digits::synthetic(0);
        let run = |epochs| Experiment { epochs, ..Experiment::default() }.run(&digits, 0);
        let (short, long) = (run(1)?, run(8)?);
        let svg = compare_learning_curves(&[&short, &long])?.svg;
        assert_eq!(svg.matches(">8</text>").count(), 4, "the last epoch is on all four axes");
        Ok(())
    }

    #[test]
    fn nothing_to_compare_is_an_error() {
        let error = compare_learning_curves(&[]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("1 or more results, found 0")));
    }

    #[test]
    fn an_axis_of_accuracies_ends_at_100_percent_where_a_band_does_not() {
        let band = Some(Interval { low: 90., high: 110. });
        let line = |dashed| Line {
            label: String::new(),
            colour: TEST,
            dashed,
            vertices: vec![Vertex { band, ..Vertex::new(1, 100.) }],
        };
        let mut canvas = Canvas::new(WIDTH, PANEL);
        draw_column(&mut canvas, &[[line(false), line(true)]], Metric::TrainAccuracy, 0., &[50.]);
        let svg = canvas.finish();
        assert!(svg.contains(">100</text>") && !svg.contains(">110</text>"), "{svg}");
    }
}

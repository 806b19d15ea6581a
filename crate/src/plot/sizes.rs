//! A metric against the number of training images.

use super::Figure;
use super::axis::Axis;
use super::canvas::Canvas;
use super::lines::{self, Line, Vertex};
use super::style::{MARGIN, SERIES, WIDTH, text_width};
use crate::error::{Result, at_least};
use crate::study::{Distribution, SizeCurve, Unit};
use crate::train::Metric;

/// A metric against the number of training images, which is on a logarithmic axis: the mean over seeds of each model
/// with its 95 % interval as a band.
///
/// ```
/// use hinge::prelude::*;
///
/// let over_seeds = |mean: f64| Distribution::new(vec![mean - 0.01, mean + 0.01]);
/// let svm = SizeCurve::new("linear SVM", [(150, over_seeds(0.77)?), (1_500, over_seeds(0.86)?)])?;
/// let figure: Figure = plot::size_curves(Metric::TestAccuracy, &[svm])?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFew`] for no curve.
pub fn size_curves(metric: Metric, curves: &[SizeCurve]) -> Result<Figure> {
    at_least(1, "curves", curves.len(), "Learning curves")?;
    const TOP: f64 = 44.;
    const BOTTOM: f64 = 400.;
    let lines: Vec<Line> =
        curves.iter().enumerate().map(|(series, curve)| line(curve, metric, series)).collect();
    let labels = curves.iter().map(|curve| text_width(&curve.name)).fold(0., f64::max);
    let sizes = lines.iter().flat_map(|line| &line.vertices).map(|vertex| vertex.x);
    let x = Axis::logarithmic(sizes, [70., (WIDTH - labels - MARGIN).max(400.)]);
    let y = Axis::linear(lines.iter().flat_map(Line::extent), [BOTTOM, TOP]);
    let mut canvas = Canvas::new(x.places()[1] + labels + MARGIN, BOTTOM + Axis::FOOT);
    y.draw_beside(&mut canvas, x.places(), &metric.unit().label(metric), Unit::Number);
    x.draw_below(&mut canvas, [TOP, BOTTOM], "training images (logarithmic)", Unit::Number);
    lines::draw(&mut canvas, &lines, &x, &y);
    for (line, vertex) in
        lines.iter().flat_map(|line| line.vertices.iter().map(move |at| (line, at)))
    {
        canvas.circle((x.place(vertex.x), y.place(vertex.y)), 3.5, line.colour, 1.);
    }
    let sentences: Vec<String> = curves.iter().map(|curve| sentence(curve, metric)).collect();
    let alt = format!(
        "Line chart of {metric} against the number of training images. {}.",
        sentences.join("; ")
    );
    let caption = format!(
        "Mean {metric} over seeds against the number of training images (dots); band: its 95 % interval."
    );
    Ok(Figure::new(canvas.finish(), alt, caption))
}

fn sentence(curve: &SizeCurve, metric: Metric) -> String {
    let point = |(images, over_seeds): &(usize, Distribution)| {
        format!("{} at {images} images", metric.unit().show(over_seeds.mean()))
    };
    format!("{}: {}", curve.name, curve.points.iter().map(point).collect::<Vec<_>>().join(", "))
}

fn line(curve: &SizeCurve, metric: Metric, series: usize) -> Line {
    let vertex = |(images, over_seeds): &(usize, Distribution)| {
        let band = Some(over_seeds.confidence_interval().possible(metric));
        Vertex { band, ..Vertex::new(*images, over_seeds.mean()) }.in_unit(metric.unit())
    };
    Line {
        label: curve.name.clone(),
        colour: SERIES[series % SERIES.len()],
        // Once all colours are used, they come again with dashes.
        dashed: series >= SERIES.len(),
        vertices: curve.points.iter().map(vertex).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Distribution;

    fn over_seeds(mean: f64) -> Result<Distribution> {
        Distribution::new(vec![mean - 0.01, mean + 0.01])
    }

    #[test]
    fn every_model_is_named_at_the_end_of_its_curve_in_a_colour_of_its_own() -> Result<()> {
        let curve =
            |name: &str| SizeCurve::new(name, [(150, over_seeds(0.77)?), (50, over_seeds(0.6)?)]);
        let figure = size_curves(Metric::TestAccuracy, &[curve("SVM")?, curve("HOG")?])?;
        let svg = figure.svg;
        for (name, colour) in [("SVM", SERIES[0]), ("HOG", SERIES[1])] {
            assert!(svg.contains(&format!("fill=\"{colour}\">{name}</text>")), "{svg}");
        }
        Ok(())
    }
}

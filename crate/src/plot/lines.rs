//! Curves with bands, each labelled where it ends.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Stroke};
use super::style::Colour;
use crate::study::{Interval, Unit};

/// One point of a curve.
#[derive(Clone, Copy, Debug)]
pub struct Vertex {
    /// Its abscissa, an epoch or a number of images.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// The band around the value, if several seeds give one.
    pub band: Option<Interval>,
}

impl Vertex {
    pub(super) fn new(x: usize, y: f64) -> Vertex {
        Vertex { x: x as f64, y, band: None }
    }

    /// The same point as it is drawn: fractions in percent.
    pub(super) fn in_unit(&self, unit: Unit) -> Vertex {
        let scale =
            |band: Interval| Interval { low: unit.scale(band.low), high: unit.scale(band.high) };
        Vertex { x: self.x, y: unit.scale(self.y), band: self.band.map(scale) }
    }
}

/// A curve from its first vertex to its last.
pub(super) struct Line {
    pub label: String,
    pub colour: Colour,
    pub dashed: bool,
    pub vertices: Vec<Vertex>,
}

impl Line {
    /// Everything that has to be on the vertical axis.
    pub fn extent(&self) -> impl Iterator<Item = f64> {
        self.vertices.iter().flat_map(|vertex| {
            let band = vertex.band.unwrap_or(Interval { low: vertex.y, high: vertex.y });
            [vertex.y, band.low, band.high]
        })
    }

    fn draw(&self, canvas: &mut Canvas, x: &Axis, y: &Axis) {
        let banded = || self.vertices.iter().filter_map(|vertex| Some((vertex.x, vertex.band?)));
        let upper = banded().map(|(at, band)| (x.place(at), y.place(band.high)));
        let lower = banded().rev().map(|(at, band)| (x.place(at), y.place(band.low)));
        canvas.area(&upper.chain(lower).collect::<Vec<_>>(), self.colour, 0.18);
        let middle = self.vertices.iter().map(|vertex| (x.place(vertex.x), y.place(vertex.y)));
        let stroke = Stroke { dashed: self.dashed, ..Stroke::solid(self.colour, 2.) };
        canvas.line(&middle.collect::<Vec<_>>(), stroke);
    }
}

/// Draws the lines and, to the right of their ends, their labels.
pub(super) fn draw(canvas: &mut Canvas, lines: &[Line], x: &Axis, y: &Axis) {
    let mut labels = Vec::new();
    for line in lines {
        line.draw(canvas, x, y);
        labels.extend(line.vertices.last().map(|end| (line, x.place(end.x), y.place(end.y))));
    }
    labels.sort_by(|(_, _, a), (_, _, b)| a.total_cmp(b));
    let heights = labels.iter().map(|(_, _, height)| *height).collect();
    for ((line, end, _), height) in labels.iter().zip(apart(heights, y.places()[0])) {
        canvas.text((end + 8., height), Anchor::Start, line.colour, &line.label);
    }
}

/// Moves labels at ascending heights apart that would overlap, and none below `bottom`.
fn apart(mut heights: Vec<f64>, bottom: f64) -> Vec<f64> {
    const LINE: f64 = 16.;
    for index in 1..heights.len() {
        heights[index] = heights[index].max(heights[index - 1] + LINE);
    }
    let mut room = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(room);
        room = *height - LINE;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_would_overlap_are_moved_apart() {
        assert_eq!(apart(vec![10., 12., 100.], 200.), [10., 26., 100.]);
        assert_eq!(apart(vec![195., 198.], 200.), [184., 200.]);
    }
}

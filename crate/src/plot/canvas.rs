//! Drawings: shapes, text and pictures on white, written as SVG.

use super::figure::address;
use super::style::{Colour, HEADING, INK, TEXT};
use crate::show::display::escape;
use std::fmt::{Arguments, Write};

/// A place in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// Which part of a text is at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line is drawn.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub colour: Colour,
    /// In pixels.
    pub width: f64,
    pub dashed: bool,
}

impl Stroke {
    pub fn solid(colour: Colour, width: f64) -> Stroke {
        Stroke { colour, width, dashed: false }
    }
}

/// What all figures are drawn on.
pub(super) struct Canvas {
    width: f64,
    height: f64,
    content: String,
}

impl Canvas {
    pub fn new(width: f64, height: f64) -> Canvas {
        Canvas { width, height, content: String::new() }
    }

    /// Width and height.
    pub fn size(&self) -> Point {
        (self.width, self.height)
    }

    /// A line through `points`.
    pub fn line(&mut self, points: &[Point], stroke: Stroke) {
        let Stroke { colour, width, dashed } = stroke;
        let dashes = if dashed { " stroke-dasharray=\"7 4\"" } else { "" };
        self.add(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>",
            listed(points)
        ));
    }

    /// The filled polygon with the corners `points`; `opacity` is 0 to 1.
    pub fn area(&mut self, points: &[Point], colour: Colour, opacity: f64) {
        self.add(format_args!(
            "<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>",
            listed(points)
        ));
    }

    /// The filled rectangle between two opposite corners.
    pub fn rectangle(&mut self, corners: [Point; 2], colour: Colour, opacity: f64) {
        self.area(&rectangle(corners), colour, opacity);
    }

    /// The outline of that rectangle.
    pub fn frame(&mut self, corners: [Point; 2], colour: Colour) {
        let [first, second, third, fourth] = rectangle(corners);
        self.line(&[first, second, third, fourth, first], Stroke::solid(colour, 1.));
    }

    pub fn circle(&mut self, (x, y): Point, radius: f64, colour: Colour, opacity: f64) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    /// A diamond with an outline.
    pub fn diamond(&mut self, (x, y): Point, fill: Colour, outline: Colour) {
        const RADIUS: f64 = 5.5;
        let top = (x, y - RADIUS);
        let corners = [top, (x + RADIUS, y), (x, y + RADIUS), (x - RADIUS, y), top];
        self.area(&corners, fill, 1.);
        self.line(&corners, Stroke::solid(outline, 1.));
    }

    /// A text in the middle of whose height is `place`.
    pub fn text(&mut self, place: Point, anchor: Anchor, colour: Colour, text: &str) {
        self.write(place, anchor, (colour, TEXT), "", text);
    }

    /// The same text on white, so that lines behind it do not cross it.
    pub fn text_on_white(&mut self, place: Point, anchor: Anchor, colour: Colour, text: &str) {
        const HALO: &str = " stroke=\"#fff\" stroke-width=\"5\" paint-order=\"stroke\"";
        self.write(place, anchor, (colour, TEXT), HALO, text);
    }

    /// A larger text that begins at `place`.
    pub fn heading(&mut self, place: Point, text: &str) {
        self.write(place, Anchor::Start, (INK, HEADING), "", text);
    }

    /// A text that runs upwards and has its middle at `place`.
    pub fn text_upwards(&mut self, (x, y): Point, colour: Colour, text: &str) {
        let turned = format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"");
        self.write((x, y), Anchor::Middle, (colour, TEXT), &turned, text);
    }

    /// A PNG, its pixels sharp.
    pub fn picture(&mut self, (x, y): Point, (width, height): Point, png: &[u8]) {
        let address = address("image/png", png);
        self.add(format_args!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"{address}\"/>"
        ));
    }

    pub fn finish(self) -> String {
        let Canvas { width, height, content } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{content}</svg>"
        )
    }

    fn write(
        &mut self,
        (x, y): Point,
        anchor: Anchor,
        (colour, size): (Colour, f64),
        attributes: &str,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        // Capitals are about 0.7 of the size high.
        let base_line = y + 0.35 * size;
        // The reader's own typeface: an SVG in an <img> cannot load one.
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{base_line:.1}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" \
             font-size=\"{size}\" fill=\"{colour}\"{attributes}>{}</text>",
            escape(text)
        ));
    }

    fn add(&mut self, element: Arguments) {
        // Writing to a String cannot fail.
        let _ = self.content.write_fmt(element);
    }
}

fn rectangle([(left, top), (right, bottom)]: [Point; 2]) -> [Point; 4] {
    [(left, top), (right, top), (right, bottom), (left, bottom)]
}

fn listed(points: &[Point]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect()
}

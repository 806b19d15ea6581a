//! Pictures of digits beside each other, with text.

use super::Image;
use super::style::{INK, TEXT, hex};
use crate::data::SIDE;
use crate::show::display::escape;
use plotters::style::RGBColor;
use std::fmt::Write;

/// A white sheet; places and sizes are in pixels.
pub(super) struct Sheet {
    width: usize,
    height: usize,
    content: String,
}

/// Where a text stands to its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A picture of 28 x 28 pixels with a title below.
pub(super) struct Tile {
    /// The picture, a PNG file.
    pub png: Vec<u8>,
    /// The title.
    pub title: String,
}

impl Sheet {
    pub fn new(width: usize, height: usize) -> Sheet {
        Sheet { width, height, content: String::new() }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// A PNG, its pixels sharp.
    pub fn picture(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), png: &[u8]) {
        let address = Image::Png(png.to_vec()).address();
        // Writing to a String cannot fail.
        let _ = write!(
            self.content,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"{address}\"/>",
        );
    }

    /// A text, `y` being its base line.
    pub fn text(&mut self, (x, y): (usize, usize), anchor: Anchor, colour: RGBColor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.content,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"{TEXT}\" \
             fill=\"{}\">{}</text>",
            hex(colour),
            escape(text)
        );
    }

    pub fn finish(self) -> Image {
        let Sheet { width, height, content } = self;
        Image::Svg(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{content}</svg>"
        ))
    }
}

/// Tiles in rows of `columns`, every pixel `scale` wide, and `foot` pixels of room below.
pub(super) fn tiled(tiles: &[Tile], columns: usize, scale: usize, foot: usize) -> Sheet {
    let (columns, side) = (columns.clamp(1, tiles.len().max(1)), SIDE * scale);
    let (wide, high) = (side + 10, side + 26);
    let rows = tiles.len().div_ceil(columns);
    let mut sheet = Sheet::new(columns * wide + 10, rows * high + 8 + foot);
    for (index, tile) in tiles.iter().enumerate() {
        let (x, y) = (10 + index % columns * wide, 8 + index / columns * high);
        sheet.picture((x, y), (side, side), &tile.png);
        let below = (x + side / 2, y + side + 16);
        sheet.text(below, Anchor::Middle, INK, &tile.title);
    }
    sheet
}

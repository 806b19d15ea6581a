//! One visual language for all figures.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Training: blue, drawn solid. From the Okabe-Ito palette, which colour-blind readers can tell apart.
pub const TRAIN: RGBColor = RGBColor(0, 114, 178);
/// Testing: vermilion, drawn dashed.
pub const TEST: RGBColor = RGBColor(213, 94, 0);
/// Text and axes.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Secondary text.
pub const MUTED: RGBColor = RGBColor(100, 100, 100);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(225, 225, 225);
/// The least, the middle and the greatest of values around zero: as dark as they are great, so that they can be told
/// apart without colour.
pub const AROUND_ZERO: [RGBColor; 3] =
    [RGBColor(255, 226, 170), RGBColor(186, 186, 186), RGBColor(0, 46, 92)];
/// The width of a figure with axes, in pixels.
pub const WIDTH: i32 = 920;
/// The height of a figure's heading, in pixels.
pub const HEADING: f64 = 16.;
/// The height of all other text, in pixels.
pub const TEXT: f64 = 13.;
/// The typeface: the reader's own, since an SVG in an `<img>` cannot load one.
pub const FONT: &str = "sans-serif";

/// Text that is `size` pixels high.
pub fn font(size: f64, colour: &RGBColor) -> TextStyle<'static> {
    // An SVG of plotters' has text that much smaller than asked for.
    const PLOTTERS: f64 = 1.24;
    (FONT, PLOTTERS * size).into_font().color(colour)
}

/// A label as high as its `place`, which is where it begins (`Left`), ends (`Right`) or has its middle.
pub fn label(
    text: impl Into<String>,
    place: (i32, i32),
    side: HPos,
    colour: &RGBColor,
) -> Text<'static, (i32, i32), String> {
    let style = font(TEXT, colour).pos(Pos::new(side, VPos::Center));
    Text::new(text.into(), place, style)
}

/// How wide a label of `letters` is at most, in pixels: an SVG is made where its typeface is not known.
pub fn label_width(letters: usize) -> i32 {
    (0.6 * TEXT * letters as f64).ceil() as i32
}

/// A number, with a minus as wide as a plus.
pub fn number(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

/// A number with its sign.
pub fn signed(value: f64, decimals: usize) -> String {
    format!("{value:+.decimals$}").replace('-', "\u{2212}")
}

/// A colour as SVG writes it.
pub fn hex(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

//! One visual language for all figures.

use plotters::style::RGBColor;

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
/// The typeface: the reader's own, since an SVG in an `<img>` cannot load one.
pub const FONT: &str = "sans-serif";

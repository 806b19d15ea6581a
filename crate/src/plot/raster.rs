//! Drawings rasterised to PNG.

use crate::error::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// A typeface, as the machine may have none: the Latin and Greek letters and the signs of DejaVu Sans.
const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");
const FONT_NAME: &str = "DejaVu Sans";
/// Pixels for each unit of the drawing, sharp enough for print.
const SCALE: f32 = 2.;

/// The drawing `svg` as a PNG file of twice its width and height.
///
/// # Errors
/// [`Error::Figure`] if it is not an SVG, or has no pixel.
pub(super) fn png(svg: &str) -> Result<Vec<u8>> {
    let mut options = Options { font_family: FONT_NAME.into(), ..Options::default() };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family(FONT_NAME);
    let tree = Tree::from_str(svg, &options).map_err(|error| Error::Figure(error.to_string()))?;
    let size = tree.size().to_int_size();
    let no_pixel =
        || Error::Figure(format!("expected at least one pixel, found a size of {size:?}"));
    let size = size.scale_by(SCALE).ok_or_else(no_pixel)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(no_pixel)?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Error::Figure(error.to_string()))
}

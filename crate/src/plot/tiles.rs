//! Small pictures in rows, and pixels as PNG.

use super::canvas::{Anchor, Canvas};
use super::style::{AROUND_ZERO, Colour, INK, WHITE, text_width};
use crate::data::SIDE;
use crate::error::{Error, Result};
use png::{BitDepth, ColorType, Encoder};

/// A picture of 28 x 28 pixels with a title below.
pub(super) struct Tile {
    /// The picture, a PNG file.
    pub png: Vec<u8>,
    pub title: String,
}

/// Tiles in rows of `columns`, every pixel `scale` wide, and room of height `foot` below.
pub(super) fn tiled(tiles: &[Tile], columns: usize, scale: f64, foot: f64) -> Canvas {
    const GAP: f64 = 10.;
    let columns = columns.clamp(1, tiles.len().max(1));
    let side = SIDE as f64 * scale;
    let titles = tiles.iter().map(|tile| text_width(&tile.title)).fold(0., f64::max);
    let (wide, high) = (side.max(titles) + GAP, side + 26.);
    let rows = tiles.len().div_ceil(columns) as f64;
    let mut canvas = Canvas::new(columns as f64 * wide + GAP, rows * high + 8. + foot);
    for (index, tile) in tiles.iter().enumerate() {
        let [row, column] = [index / columns, index % columns].map(|place| place as f64);
        let (middle, y) = (GAP / 2. + (column + 0.5) * wide, 8. + row * high);
        canvas.picture((middle - side / 2., y), (side, side), &tile.png);
        canvas.text((middle, y + side + 12.), Anchor::Middle, INK, &tile.title);
    }
    canvas
}

/// Pixels from 0 to 255 in rows of 28, the greatest black: ink on paper.
pub(super) fn grey(pixels: &[u8]) -> Result<Vec<u8>> {
    let inverted: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel).collect();
    encode(ColorType::Grayscale, &inverted, SIDE)
}

/// Values from -1 to 1 in rows of `width`: orange below zero, white at zero, blue above.
pub(super) fn around_zero(values: &[f64], width: usize) -> Result<Vec<u8>> {
    let channels = values.iter().map(|value| colour(*value)).flat_map(|Colour(r, g, b)| [r, g, b]);
    encode(ColorType::Rgb, &channels.collect::<Vec<u8>>(), width)
}

/// The colour of a value from -1 to 1.
fn colour(value: f64) -> Colour {
    let [least, greatest] = AROUND_ZERO;
    WHITE.mixed(if value < 0. { least } else { greatest }, value.abs())
}

/// A PNG of pixels in rows of `width`.
fn encode(colour: ColorType, pixels: &[u8], width: usize) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Error::Figure(error.to_string());
    let mut bytes = Vec::new();
    let height = pixels.len() / (width * colour.samples());
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_a_value_is_darker_the_further_from_it() {
        let lightness = |value| {
            let Colour(red, green, blue) = colour(value);
            u32::from(red) + u32::from(green) + u32::from(blue)
        };
        assert_eq!(colour(0.), WHITE);
        for sign in [-1., 1.] {
            assert!([0.2, 0.5, 1.].map(|value| lightness(sign * value)).is_sorted_by(|a, b| a > b));
        }
    }

    #[test]
    fn signs_are_told_apart_by_blue_against_orange() {
        let (Colour(orange_red, _, orange_blue), Colour(blue_red, _, blue_blue)) =
            (colour(-0.5), colour(0.5));
        assert!(orange_red > orange_blue && blue_blue > blue_red);
    }
}

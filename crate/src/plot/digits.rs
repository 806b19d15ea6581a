//! Pictures of digits and of learned weights.

use super::{Figure, Image};
use crate::augment::Compose;
use crate::data::{CLASSES, Images, PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::seed::{Stream, random};
use crate::show::display::escape;
use crate::study::Run;
use crate::tensors::pixels;
use png::{BitDepth, ColorType, Encoder};
use std::fmt::Write;
use tch::Tensor;

/// The first `rows * columns` images in a grid, each under its label.
///
/// ```
/// use hinge::prelude::*;
///
/// let figure: Figure = plot::grid(&Digits::synthetic(0).test, 3, 10)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`] if it cannot be drawn.
pub fn grid(images: &Images, rows: usize, columns: usize) -> Result<Figure> {
    let count = rows.saturating_mul(columns).min(images.len());
    let tile = |index: usize| {
        Ok(Tile {
            png: grey(images.image(index))?,
            title: images.label(index).to_string(),
        })
    };
    let tiles = (0..count).map(tile).collect::<Result<Vec<_>>>()?;
    let labels: Vec<&str> = tiles.iter().map(|tile| tile.title.as_str()).collect();
    let alt = format!(
        "{count} handwritten digits in a grid; row by row they show {}.",
        labels.join(" ")
    );
    let caption = format!("{count} images with their labels.");
    Ok(Figure::new(sheet(&tiles, columns, 2), alt, caption))
}

/// The first `count` test images that `run` classifies wrongly, each under "label -> prediction".
///
/// ```
/// use hinge::prelude::*;
///
/// let run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 0)?;
/// let figure: Figure = plot::mistakes(&run, 20)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`] if it cannot be drawn.
pub fn mistakes(run: &Run, count: usize) -> Result<Figure> {
    let test = &run.split.test;
    let predictions = run.predict(test);
    let wrong: Vec<usize> = (0..test.len())
        .filter(|index| predictions[*index] != test.label(*index))
        .collect();
    let title = |index: usize| format!("{} \u{2192} {}", test.label(index), predictions[index]);
    let tile = |index: &usize| {
        Ok(Tile {
            png: grey(test.image(*index))?,
            title: title(*index),
        })
    };
    let tiles = wrong
        .iter()
        .take(count)
        .map(tile)
        .collect::<Result<Vec<_>>>()?;
    let pairs: Vec<&str> = tiles.iter().map(|tile| tile.title.as_str()).collect();
    let alt = format!(
        "Digits classified wrongly, true digit \u{2192} prediction: {}.",
        pairs.join(", ")
    );
    let caption = format!(
        "The first {} of {} test images (of {}) that are classified wrongly: true digit \u{2192} prediction.",
        tiles.len(),
        wrong.len(),
        test.len()
    );
    Ok(Figure::new(sheet(&tiles, 10, 2), alt, caption))
}

/// The weights of a linear model, one image a class: blue speaks for the class, orange against it.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0);
/// let linear = Experiment { epochs: 3, ..Experiment::default() };
/// let figure: Figure = plot::weights(&linear.run(&digits, 0)?)?;
///
/// let hidden = Experiment { model: Model::hidden(10), ..linear };
/// assert!(plot::weights(&hidden.run(&digits, 0)?).is_err());
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`] for a model with hidden layers.
pub fn weights(run: &Run) -> Result<Figure> {
    let [layer] = run.network().layers() else {
        return Err(Error::Figure(
            "weights are drawn for a linear model only, and this one has hidden layers".into(),
        ));
    };
    let greatest = layer
        .weight
        .abs()
        .max()
        .double_value(&[])
        .max(f64::MIN_POSITIVE);
    let tile = |class: usize| {
        let png = diverging(&layer.weight.get(class as i64), greatest)?;
        Ok(Tile {
            png,
            title: class.to_string(),
        })
    };
    let tiles = (0..CLASSES).map(tile).collect::<Result<Vec<_>>>()?;
    let alt = "Ten images of weights, one a digit, blue where ink speaks for the digit and orange where it speaks against it; much of each image is noise.";
    let caption = format!(
        "The learned weights of each class: blue speaks for the class, orange against it, white is 0; full colour is ±{greatest:.2}."
    );
    Ok(Figure::new(sheet(&tiles, 5, 4), alt, caption))
}

/// One image under several augmentations, a row each: the image itself, then `draws` random draws. Every tile
/// is drawn from its darkest to its lightest value, since some transforms leave the range 0 to 1.
///
/// ```
/// use hinge::prelude::*;
///
/// let rows = [Recipe::Blur, Recipe::R4].map(|recipe| (recipe.to_string(), recipe.transforms()));
/// let figure: Figure = plot::augmentations(&Digits::synthetic(0).train, &rows, 5)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// An invalid parameter of an augmentation, no image, or more draws than 100.
pub fn augmentations(image: &Images, rows: &[(String, Compose)], draws: usize) -> Result<Figure> {
    const SIDES: i64 = SIDE as i64;
    const MOST_DRAWS: usize = 100;
    if draws > MOST_DRAWS {
        return Err(Error::setting("draws", format!("0 to {MOST_DRAWS}"), draws));
    }
    if image.is_empty() {
        return Err(Error::setting("image", "at least one image", "none"));
    }
    let mut tiles = Vec::new();
    for (name, transform) in rows {
        let title = |draw: usize| {
            if draw == 0 {
                name.clone()
            } else {
                String::new()
            }
        };
        let original = pixels(image).get(0).view([1, SIDES, SIDES]);
        let drawn = transform.apply(
            &original.repeat([draws as i64, 1, 1]),
            &mut random(0, Stream::Augmentation),
        )?;
        for (draw, values) in [original]
            .iter()
            .chain(drawn.split(1, 0).iter())
            .enumerate()
        {
            tiles.push(Tile {
                png: stretched(values)?,
                title: title(draw),
            });
        }
    }
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let alt = format!(
        "A digit under {} augmentations, one a row: the image and {draws} random draws. {}.",
        rows.len(),
        names.join(", ")
    );
    let caption =
        format!("Left the training image, to its right {draws} random draws of each augmentation.");
    Ok(Figure::new(sheet(&tiles, draws + 1, 2), alt, caption))
}

/// Black for the greatest value, white for the least.
fn stretched(values: &Tensor) -> Result<Vec<u8>> {
    let least = values.min().double_value(&[]);
    let range = (values.max().double_value(&[]) - least).max(f64::MIN_POSITIVE);
    let scaled = (values.flatten(0, -1) - least) * (255. / range);
    let pixels: Vec<u8> = (0..PIXELS as i64)
        .map(|pixel| scaled.double_value(&[pixel]) as u8)
        .collect();
    grey(&pixels)
}

/// A picture of 28 x 28 pixels with a title below.
struct Tile {
    png: Vec<u8>,
    title: String,
}

/// Tiles in rows of `columns`, every pixel `scale` wide.
fn sheet(tiles: &[Tile], columns: usize, scale: usize) -> Image {
    let (columns, side) = (columns.clamp(1, tiles.len().max(1)), SIDE * scale);
    let (wide, high) = (side + 10, side + 26);
    let rows = tiles.len().div_ceil(columns);
    let (width, height) = (columns * wide + 10, rows * high + 8);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    for (index, tile) in tiles.iter().enumerate() {
        let (x, y) = (10 + index % columns * wide, 8 + index / columns * high);
        let address = Image::Png(tile.png.clone()).address();
        // A title wider than its picture, at some 7 pixels a letter, begins where the picture does.
        let (anchor, title_x) = match 7 * tile.title.len() > side {
            true => ("start", x),
            false => ("middle", x + side / 2),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<image x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" style=\"image-rendering:pixelated\" href=\"{address}\"/>\
             <text x=\"{title_x}\" y=\"{}\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" font-size=\"14\" fill=\"#222\">{}</text>",
            y + side + 16,
            escape(&tile.title)
        );
    }
    Image::Svg(svg + "</svg>")
}

/// Black on white, as ink on paper.
fn grey(pixels: &[u8]) -> Result<Vec<u8>> {
    let inverted: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel).collect();
    encode(ColorType::Grayscale, &inverted)
}

/// Blue above 0, orange below, white at 0.
fn diverging(weights: &Tensor, greatest: f64) -> Result<Vec<u8>> {
    let mut colours = Vec::with_capacity(3 * PIXELS);
    for pixel in 0..PIXELS as i64 {
        let strength = weights.double_value(&[pixel]) / greatest;
        let dark = if strength >= 0. {
            [0., 114., 178.]
        } else {
            [213., 94., 0.]
        };
        colours.extend(dark.map(|channel: f64| (255. + (channel - 255.) * strength.abs()) as u8));
    }
    encode(ColorType::Rgb, &colours)
}

fn encode(colour: ColorType, pixels: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Error::Figure(error.to_string());
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

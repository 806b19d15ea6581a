//! Pictures of digits and of learned weights.

use super::Figure;
use super::sheet::{Anchor, Sheet, Tile, tiled};
use super::style::{AROUND_ZERO, INK, MUTED, label_width, signed};
use crate::augment::Compose;
use crate::data::{CLASSES, Images, PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::rng::{Stream, random};
use crate::study::Run;

use plotters::style::RGBColor;
use png::{BitDepth, ColorType, Encoder};
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
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn grid(images: &Images, rows: usize, columns: usize) -> Result<Figure> {
    let count = rows.saturating_mul(columns).min(images.len());
    let tile = |index: usize| {
        Ok(Tile { png: grey(images.image(index))?, title: images.label(index).to_string() })
    };
    let tiles = (0..count).map(tile).collect::<Result<Vec<_>>>()?;
    let labels: Vec<&str> = tiles.iter().map(|tile| tile.title.as_str()).collect();
    let alt =
        format!("{count} handwritten digits in a grid; row by row they show {}.", labels.join(" "));
    let caption = format!("{count} images with their labels.");
    Ok(Figure::new(tiled(&tiles, columns, 2, 0).finish(), alt, caption))
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
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn mistakes(run: &Run, count: usize) -> Result<Figure> {
    let test = &run.split.test;
    let predictions = run.predict(test);
    let wrong: Vec<usize> =
        (0..test.len()).filter(|index| predictions[*index] != test.label(*index)).collect();
    let title = |index: usize| format!("{} \u{2192} {}", test.label(index), predictions[index]);
    let tile = |index: &usize| Ok(Tile { png: grey(test.image(*index))?, title: title(*index) });
    let tiles = wrong.iter().take(count).map(tile).collect::<Result<Vec<_>>>()?;
    let pairs: Vec<&str> = tiles.iter().map(|tile| tile.title.as_str()).collect();
    let alt =
        format!("Digits classified wrongly, true digit \u{2192} prediction: {}.", pairs.join(", "));
    let caption = format!(
        "The first {} of {} test images (of {}) that are classified wrongly: true digit \u{2192} prediction.",
        tiles.len(),
        wrong.len(),
        test.len()
    );
    Ok(Figure::new(tiled(&tiles, 10, 2, 0).finish(), alt, caption))
}

/// The weights of a linear model, one image a class: dark speaks for the class, light against it.
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
    let greatest = layer.weight.abs().max().double_value(&[]).max(f64::MIN_POSITIVE);
    let tile = |class: usize| {
        let weights = layer.weight.get(class as i64);
        let strengths: Vec<f64> =
            (0..PIXELS as i64).map(|pixel| weights.double_value(&[pixel]) / greatest).collect();
        Ok(Tile { png: around_zero(&strengths, SIDE)?, title: class.to_string() })
    };
    let tiles = (0..CLASSES).map(tile).collect::<Result<Vec<_>>>()?;
    let alt = "Ten images of weights, one a digit, dark blue where ink speaks for the digit and pale orange where it \
               speaks against it; much of each image is noise.";
    let caption = "The learned weights of each class: what is dark speaks for the class, what is pale against it.";
    let mut sheet = tiled(&tiles, 5, 4, KEY_HEIGHT);
    draw_key(&mut sheet, greatest)?;
    Ok(Figure::new(sheet.finish(), alt, caption))
}

const KEY_HEIGHT: usize = 34;

/// Which colour is which weight, at the foot of a sheet.
fn draw_key(sheet: &mut Sheet, greatest: f64) -> Result<()> {
    const STEPS: usize = 201;
    let strengths: Vec<f64> =
        (0..STEPS).map(|step| 2. * step as f64 / (STEPS - 1) as f64 - 1.).collect();
    let (middle, top) = (sheet.width() / 2, sheet.height() - KEY_HEIGHT);
    let left = middle - STEPS / 2;
    sheet.picture((left, top), (STEPS, 12), &around_zero(&strengths, STEPS)?);
    let ends = [
        (left - 8, Anchor::End, format!("against {}", signed(-greatest, 2))),
        (left + STEPS + 8, Anchor::Start, format!("{} for", signed(greatest, 2))),
    ];
    for (x, anchor, text) in ends {
        sheet.text((x, top + 11), anchor, INK, &text);
    }
    sheet.text((middle, top + 27), Anchor::Middle, INK, "0");
    Ok(())
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
    const WIDE: usize = 2 * SIDE;
    const GAP: usize = 8;
    const HEAD: usize = 28;
    const MOST_DRAWS: usize = 100;
    if draws > MOST_DRAWS {
        return Err(Error::setting("draws", format!("0 to {MOST_DRAWS}"), draws));
    }
    if image.is_empty() {
        return Err(Error::setting("image", "at least one image", "none"));
    }
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let alt = format!(
        "A digit under {} augmentations, one a row: the image and {draws} random draws. {}.",
        rows.len(),
        names.join(", ")
    );
    let caption =
        format!("Left the training image, to its right {draws} random draws of each augmentation.");
    let letters = names.iter().map(|name| name.chars().count()).max();
    let left = 22 + label_width(letters.unwrap_or(0)).unsigned_abs() as usize;
    // The image stands apart from the draws.
    let place = |draw: usize| left + draw * (WIDE + GAP) + if draw > 0 { 2 * GAP } else { 0 };
    let height = HEAD + rows.len() * (WIDE + GAP);
    let mut sheet = Sheet::new(place(draws + 1), height);
    sheet.text((left + WIDE / 2, 18), Anchor::Middle, MUTED, "image");
    if draws > 0 {
        sheet.text((place(1), 18), Anchor::Start, MUTED, "random draws");
    }
    let original = image.to_tensor().get(0).view([1, SIDES, SIDES]);
    for (row, (name, transform)) in rows.iter().enumerate() {
        let y = HEAD + row * (WIDE + GAP);
        sheet.text((12, y + WIDE / 2 + 5), Anchor::Start, INK, name);
        sheet.picture((place(0), y), (WIDE, WIDE), &stretched(&original)?);
        let repeated = original.repeat([draws as i64, 1, 1]);
        let drawn = transform.apply(&repeated, &mut random(0, Stream::Augmentation))?;
        for draw in 0..draws {
            let png = stretched(&drawn.get(draw as i64))?;
            sheet.picture((place(draw + 1), y), (WIDE, WIDE), &png);
        }
    }
    Ok(Figure::new(sheet.finish(), alt, caption))
}

/// Black for the greatest value, white for the least.
fn stretched(values: &Tensor) -> Result<Vec<u8>> {
    let least = values.min().double_value(&[]);
    let range = (values.max().double_value(&[]) - least).max(f64::MIN_POSITIVE);
    let scaled = (values.flatten(0, -1) - least) * (255. / range);
    let pixels: Vec<u8> =
        (0..PIXELS as i64).map(|pixel| scaled.double_value(&[pixel]) as u8).collect();
    grey(&pixels)
}

/// Black on white, as ink on paper.
fn grey(pixels: &[u8]) -> Result<Vec<u8>> {
    let inverted: Vec<u8> = pixels.iter().map(|pixel| 255 - pixel).collect();
    encode(ColorType::Grayscale, &inverted, SIDE)
}

/// Values from -1 to 1 in rows of `width`, as dark as they are great.
fn around_zero(strengths: &[f64], width: usize) -> Result<Vec<u8>> {
    let colours: Vec<u8> = strengths.iter().flat_map(|strength| colour(*strength)).collect();
    encode(ColorType::Rgb, &colours, width)
}

/// The colour of a value from -1 to 1.
fn colour(strength: f64) -> [u8; 3] {
    let channels = |RGBColor(red, green, blue)| [red, green, blue].map(f64::from);
    let [least, middle, greatest] = AROUND_ZERO.map(channels);
    let end = if strength < 0. { least } else { greatest };
    let share = strength.abs();
    std::array::from_fn(|channel| ((1. - share) * middle[channel] + share * end[channel]) as u8)
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
    use crate::data::Digits;

    /// Relative luminance after WCAG 2, 0 to 1.
    fn luminance(colour: [u8; 3]) -> f64 {
        let linear = |channel: u8| (f64::from(channel) / 255.).powf(2.2);
        let [red, green, blue] = colour.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn weights_can_be_told_apart_without_colour() {
        let luminances = [-1., -0.5, 0., 0.5, 1.].map(|strength| luminance(colour(strength)));
        assert!(luminances.is_sorted_by(|a, b| a > b), "{luminances:?}");
    }

    #[test]
    fn every_augmentation_is_named_beside_its_row() -> Result<()> {
        let image = Digits::synthetic(0).train;
        let rows = ["none", "none, but with a rather long name"]
            .map(|name| (name.to_string(), Compose::default()));
        let figure = augmentations(&image, &rows, 2)?;
        let svg = figure.image.svg()?;
        assert_eq!(svg.matches("<image ").count(), 6);
        assert!(rows.iter().all(|(name, _)| svg.contains(&format!(">{name}</text>"))), "{svg}");
        Ok(())
    }
}

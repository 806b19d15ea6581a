//! Pictures of digits and of learned weights.

use super::Figure;
use super::canvas::{Anchor, Canvas};
use super::style::{INK, MARGIN, MUTED, text_width};
use super::tiles::{Tile, around_zero, grey, tiled};
use crate::augment::Compose;
use crate::data::{CLASSES, Images, SIDE};
use crate::error::{Error, Result, require};
use crate::nn::numbers;
use crate::rng::{Stream, random};
use crate::study::{Run, Unit};
use tch::{Kind, Tensor};

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
    let labels: Vec<String> = (0..count).map(|index| images.label(index).to_string()).collect();
    let caption = format!("{count} images with their labels.");
    Ok(titled(images, &labels, columns)?.caption(caption))
}

/// The first images in rows of `columns`, each above its title; as many as there are titles.
///
/// ```
/// use hinge::prelude::*;
///
/// let titles = ["in 9 of 10 margins", "in 7"]; // how often each digit is a support vector
/// let figure: Figure = plot::titled(&Digits::synthetic(0).test, &titles.map(String::from), 10)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] for more titles than images.
pub fn titled(images: &Images, titles: &[String], columns: usize) -> Result<Figure> {
    let allowed = format_args!("at most {}, the number of images", images.len());
    require(titles.len() <= images.len(), "titles", allowed, titles.len())?;
    let tile = |(index, title): (usize, &String)| {
        Ok(Tile { png: grey(images.image(index))?, title: title.clone() })
    };
    let tiles = titles.iter().enumerate().map(tile).collect::<Result<Vec<_>>>()?;
    let alt = format!(
        "{} handwritten digits in a grid; row by row their titles are {}.",
        titles.len(),
        titles.join(", ")
    );
    let caption = format!("{} images with their titles.", titles.len());
    Ok(Figure::new(tiled(&tiles, columns, 2., 0.).finish(), alt, caption))
}

/// The first `count` test images that `run` misclassifies, each above "label -> prediction".
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
    let predictions = run.evaluate(test)?.predictions();
    let wrong: Vec<usize> =
        (0..test.len()).filter(|index| predictions[*index] != test.label(*index)).collect();
    let shown = &wrong[..count.min(wrong.len())];
    let title = |index: &usize| format!("{} \u{2192} {}", test.label(*index), predictions[*index]);
    let (first, all, tested) = (shown.len(), wrong.len(), test.len());
    let caption = format!(
        "The first {first} of the {all} misclassified test images (of {tested}): true digit \u{2192} prediction."
    );
    let titles: Vec<String> = shown.iter().map(title).collect();
    let title = format!("{all} of {tested} test images are misclassified");
    Ok(titled(&test.copies(shown), &titles, 10)?.title(title).caption(caption))
}

/// The weights of a linear model, one image for each class: a blue pixel speaks for the class, an orange one against
/// it, a white one for neither.
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
        let shares = numbers(&(layer.weight.get(class as i64).to_kind(Kind::Double) / greatest));
        Ok(Tile { png: around_zero(&shares, SIDE)?, title: class.to_string() })
    };
    let tiles = (0..CLASSES).map(tile).collect::<Result<Vec<_>>>()?;
    let mut canvas = tiled(&tiles, 5, 4., KEY_HEIGHT);
    draw_key(&mut canvas, greatest)?;
    let alt = "Ten images of weights, one for each digit: blue where ink speaks for the digit, orange where it speaks \
               against it, white where it does neither; much of each image is noise.";
    let caption = "The learned weights of each class: blue speaks for the class, orange against it. At the border, where \
                   no training image has ink, the gradient is zero: what shows there is the random initialisation.";
    Ok(Figure::new(canvas.finish(), alt, caption))
}

const KEY_HEIGHT: f64 = 34.;

/// Which colour is which weight, at the foot of the canvas.
fn draw_key(canvas: &mut Canvas, greatest: f64) -> Result<()> {
    const STEPS: usize = 201;
    let shares: Vec<f64> =
        (0..STEPS).map(|step| 2. * step as f64 / (STEPS - 1) as f64 - 1.).collect();
    let (width, height) = canvas.size();
    let (middle, top, half) = (width / 2., height - KEY_HEIGHT, STEPS as f64 / 2.);
    canvas.picture((middle - half, top), (2. * half, 12.), &around_zero(&shares, STEPS)?);
    canvas.frame([(middle - half, top), (middle + half, top + 12.)], MUTED);
    let end = |value: f64| Unit::Difference.digits(value, 2);
    let against = format!("against {}", end(-greatest));
    canvas.text((middle - half - 8., top + 6.), Anchor::End, INK, &against);
    let speaks_for = format!("{} for", end(greatest));
    canvas.text((middle + half + 8., top + 6.), Anchor::Start, INK, &speaks_for);
    canvas.text((middle, top + 23.), Anchor::Middle, INK, "0");
    Ok(())
}

/// One image under several augmentations, a row each: the image itself, then `draws` random draws. Every tile
/// is drawn from its darkest to its lightest value, since some transforms leave the range 0 to 1. Under each name is how
/// much the augmentation changes a pixel of the tile: the mean absolute difference, as a share of the image's mean ink.
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
/// An invalid parameter of an augmentation, no image, or more than 100 draws.
pub fn augmentations(image: &Images, rows: &[(String, Compose)], draws: usize) -> Result<Figure> {
    const MOST_DRAWS: usize = 100;
    require(draws <= MOST_DRAWS, "draws", format_args!("0 to {MOST_DRAWS}"), draws)?;
    require(!image.is_empty(), "image", "at least one image", "none")?;
    let (canvas, changes) = draw_augmentations(image, rows, draws)?;
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let alt = format!(
        "A digit under {} augmentations, one in each row: the image and {draws} random draws. {}.",
        rows.len(),
        names.join(", ")
    );
    let caption = format!(
        "Left the training image, to its right {draws} random draws of each augmentation. Under its name: the mean change of a \
         pixel, as a share of the image's mean ink."
    );
    let figure = Figure::new(canvas.finish(), alt, caption);
    let mut ranked: Vec<(&f64, &str)> = changes.iter().zip(names).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(b.0));
    Ok(match ranked[..] {
        [(_, least), .., (_, most)] => {
            figure.title(format!("{most} changes the image most, {least} least"))
        }
        _ => figure,
    })
}

/// The drawing, and the share by which each augmentation changes the image.
fn draw_augmentations(
    image: &Images,
    rows: &[(String, Compose)],
    draws: usize,
) -> Result<(Canvas, Vec<f64>)> {
    const TILE: f64 = 2. * SIDE as f64;
    const GAP: f64 = 8.;
    const HEAD: f64 = 28.;
    let widest = text_width("changes 100 %");
    let names = rows.iter().map(|(name, _)| text_width(name)).fold(widest, f64::max);
    let left = MARGIN + names + 10.;
    // There is a wider gap between the image and its draws.
    let place =
        |draw: usize| left + draw as f64 * (TILE + GAP) + if draw > 0 { 2. * GAP } else { 0. };
    let mut canvas = Canvas::new(place(draws + 1), HEAD + rows.len() as f64 * (TILE + GAP));
    canvas.text((left + TILE / 2., 14.), Anchor::Middle, MUTED, "image");
    if draws > 0 {
        canvas.text((place(1), 14.), Anchor::Start, MUTED, "random draws");
    }
    let original = image.to_tensor().get(0).view([1, SIDE as i64, SIDE as i64]);
    let mut changes = Vec::new();
    for (row, (name, transform)) in rows.iter().enumerate() {
        let y = HEAD + row as f64 * (TILE + GAP);
        canvas.picture((place(0), y), (TILE, TILE), &stretched(&original)?);
        let repeated = original.repeat([draws as i64, 1, 1]);
        let drawn = transform.apply(&repeated, &mut random(0, Stream::Augmentation))?;
        let change = mean_change(&original, &drawn);
        let middle = y + TILE / 2.;
        canvas.text((MARGIN, middle - 9.), Anchor::Start, INK, name);
        let share = format!("changes {}", Unit::Percent.show_to(change, 0));
        canvas.text((MARGIN, middle + 9.), Anchor::Start, MUTED, &share);
        changes.push(change);
        for draw in 0..draws {
            let png = stretched(&drawn.get(draw as i64))?;
            canvas.picture((place(draw + 1), y), (TILE, TILE), &png);
        }
    }
    Ok((canvas, changes))
}

/// The mean absolute difference of a pixel between `original`, `[1, 28, 28]`, and its draws, `[n, 28, 28]`, as a share of
/// the original's mean; each image is scaled to 0..=1 as its tile is. 0 without draws.
fn mean_change(original: &Tensor, draws: &Tensor) -> f64 {
    let scaled = |images: &Tensor| {
        let least = images.amin([1, 2], true);
        (images - &least) / (images.amax([1, 2], true) - &least).clamp_min(f64::MIN_POSITIVE)
    };
    if draws.size()[0] == 0 {
        return 0.;
    }
    let ink = scaled(original);
    let difference = (scaled(draws) - &ink).abs().mean(None).double_value(&[]);
    difference / ink.mean(None).double_value(&[]).max(f64::MIN_POSITIVE)
}

/// Black for the greatest value, white for the least.
fn stretched(values: &Tensor) -> Result<Vec<u8>> {
    let least = values.min().double_value(&[]);
    let range = (values.max().double_value(&[]) - least).max(f64::MIN_POSITIVE);
    let scaled = numbers(&((values - least) * (255. / range)));
    grey(&scaled.into_iter().map(|value| value as u8).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Digits;

    #[test]
    fn every_augmentation_is_named_beside_its_row() -> Result<()> {
        let image = Digits::synthetic(0).train;
        let rows = ["none", "none, but with a rather long name"]
            .map(|name| (name.to_string(), Compose::default()));
        let figure = augmentations(&image, &rows, 2)?;
        let svg = figure.svg;
        assert_eq!(svg.matches("<image ").count(), 6);
        assert!(rows.iter().all(|(name, _)| svg.contains(&format!(">{name}</text>"))), "{svg}");
        Ok(())
    }

    #[test]
    fn the_title_names_the_augmentation_that_changes_the_image_most() -> Result<()> {
        let rows =
            [("none", Compose::default()), ("blur", crate::original::Recipe::Blur.transforms())];
        let rows = rows.map(|(name, transform)| (name.to_string(), transform));
        let figure = augmentations(&Digits::synthetic(0).train, &rows, 2)?;
        assert!(figure.svg.contains(">changes 0 %</text>"));
        let (_, html) = crate::show::Show::representations(&figure).remove(0);
        assert!(html.contains("blur changes the image most, none least"), "{html}");
        Ok(())
    }

    #[test]
    fn more_titles_than_images_are_an_error_with_both_numbers() {
        let images = Digits::synthetic(0).test;
        let titles = vec![String::new(); images.len() + 1];
        let message = titled(&images, &titles, 10).err().map(|error| error.to_string());
        let both = [images.len(), titles.len()].map(|number| number.to_string());
        assert!(message.is_some_and(|text| both.iter().all(|number| text.contains(number))));
    }
}

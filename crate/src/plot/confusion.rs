//! The confusion matrix.

use super::style::{FONT, INK};
use super::{Figure, Image};
use crate::data::CLASSES;
use crate::error::{Error, Result};
use crate::study::Confusion;
use plotters::prelude::*;

const CELL: i32 = 42;
const LEFT: i32 = 74;
const TOP: i32 = 62;

/// A square a pair of true label (row) and prediction (column), darker the more often it occurs.
///
/// ```
/// use hinge::prelude::*;
///
/// let mut counts = [[0; 10]; 10];
/// counts[7][1] = 3; // three sevens taken for ones
/// let figure: Figure = plot::confusion(&Confusion { counts })?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`] if it cannot be drawn.
pub fn confusion(confusion: &Confusion) -> Result<Figure> {
    let mut svg = String::new();
    draw(&mut svg, confusion).map_err(|error| Error::Figure(error.to_string()))?;
    let most = confusion.most_frequent_mistake();
    let alt = format!(
        "Confusion matrix of the ten digits, {:.1} % on the diagonal; the most frequent mistake is {} times a {} taken for a {}.",
        100. * confusion.accuracy(),
        most.count,
        most.label,
        most.prediction
    );
    let caption = "Confusion matrix on the test images: how many images of each digit (row) were taken for each (column).";
    Ok(Figure::new(Image::Svg(svg), alt, caption))
}

fn draw(
    svg: &mut String,
    confusion: &Confusion,
) -> std::result::Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let side = |offset: i32| (offset + CELL * CLASSES as i32 + 12) as u32;
    let page = SVGBackend::with_string(svg, (side(LEFT), side(TOP))).into_drawing_area();
    page.fill(&WHITE)?;
    let font = |size: i32| (FONT, size).into_font();
    let most = confusion
        .counts
        .iter()
        .flatten()
        .copied()
        .max()
        .unwrap_or(1)
        .max(1) as f64;
    page.draw(&Text::new(
        "predicted digit",
        (LEFT, 10),
        font(15).color(&INK),
    ))?;
    page.draw(&Text::new(
        "true digit",
        (6, TOP - 20),
        font(15).color(&INK),
    ))?;
    for label in 0..CLASSES {
        let along = CELL * label as i32 + CELL / 2;
        page.draw(&Text::new(
            label.to_string(),
            (LEFT + along - 5, TOP - 22),
            font(15).color(&INK),
        ))?;
        page.draw(&Text::new(
            label.to_string(),
            (LEFT - 22, TOP + along - 8),
            font(15).color(&INK),
        ))?;
        for prediction in 0..CLASSES {
            draw_cell(
                &page,
                label,
                prediction,
                confusion.counts[label][prediction],
                most,
            )?;
        }
    }
    page.present()
}

fn draw_cell(
    page: &DrawingArea<SVGBackend, plotters::coord::Shift>,
    label: usize,
    prediction: usize,
    count: usize,
    most: f64,
) -> std::result::Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let (x, y) = (LEFT + CELL * prediction as i32, TOP + CELL * label as i32);
    // The square root makes single mistakes visible beside a hundred right answers.
    let shade = (count as f64 / most).sqrt();
    let fade = |from: f64, to: f64| (from + (to - from) * shade) as u8;
    let (right, wrong) = ((0., 114., 178.), (213., 94., 0.));
    let dark = if label == prediction { right } else { wrong };
    let colour = RGBColor(fade(255., dark.0), fade(255., dark.1), fade(255., dark.2));
    page.draw(&Rectangle::new(
        [(x + 1, y + 1), (x + CELL - 1, y + CELL - 1)],
        colour.filled(),
    ))?;
    if count > 0 {
        let text = count.to_string();
        let ink = if shade > 0.6 { WHITE } else { INK };
        let middle = (x + CELL / 2 - 4 * text.len() as i32, y + CELL / 2 - 7);
        page.draw(&Text::new(text, middle, (FONT, 14).into_font().color(&ink)))?;
    }
    Ok(())
}

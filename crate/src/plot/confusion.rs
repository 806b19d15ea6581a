//! The confusion matrix.

use super::figure::{Drawn, Page};
use super::style::{INK, MUTED, TEST, TEXT, TRAIN, font, label};
use super::{Figure, Image};
use crate::data::CLASSES;
use crate::error::Result;
use crate::study::Confusion;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const CELL: i32 = 44;
const LEFT: i32 = 56;
const TOP: i32 = 58;
const RIGHT: i32 = 84;
const BOTTOM: i32 = 12;
const SIDE: i32 = CELL * CLASSES as i32;

/// A square a pair of true label (row) and prediction (column), darker the more often it occurs; right answers are
/// framed, and how many of a digit are right stands beside its row.
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
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn confusion(confusion: &Confusion) -> Result<Figure> {
    let size = (LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM);
    let image = Image::drawn(size, |page| draw(page, confusion))?;
    let most = confusion.most_frequent_mistake();
    let alt = format!(
        "Confusion matrix of the ten digits, {:.1} % on the diagonal; the most frequent mistake is {} times a {} taken \
         for a {}. Of each digit are right: {}.",
        100. * confusion.accuracy(),
        most.count,
        most.label,
        most.prediction,
        rights(confusion).join(", ")
    );
    let caption = "Confusion matrix on the test images: how many images of each digit (row) were taken for each (column), \
                   and the share of each that is right.";
    Ok(Figure::new(image, alt, caption))
}

/// "0: 93 %" for each digit of which there are images.
fn rights(confusion: &Confusion) -> Vec<String> {
    let right = |digit: usize| right(confusion, digit).map(|share| format!("{digit}: {share}"));
    (0..CLASSES).filter_map(right).collect()
}

/// "93 %" of the images of a digit are taken for it; `None` if there are none.
fn right(confusion: &Confusion, digit: usize) -> Option<String> {
    let row = &confusion.counts[digit];
    let images: usize = row.iter().sum();
    (images > 0).then(|| format!("{:.0} %", 100. * row[digit] as f64 / images as f64))
}

fn draw(page: &Page, confusion: &Confusion) -> Drawn {
    let middle = Pos::new(HPos::Center, VPos::Center);
    let upwards = font(TEXT, &MUTED).transform(FontTransform::Rotate270);
    let place = (14, TOP + SIDE / 2);
    page.draw(&Text::new("true digit", place, upwards.pos(middle)))?;
    page.draw(&label("predicted digit", (LEFT + SIDE / 2, 14), HPos::Center, &MUTED))?;
    page.draw(&label("right", (LEFT + SIDE + RIGHT - 16, TOP - 16), HPos::Right, &MUTED))?;
    let most = confusion.counts.iter().flatten().copied().max();
    for digit in 0..CLASSES {
        let along = CELL * digit as i32 + CELL / 2;
        let name = digit.to_string();
        page.draw(&label(&name, (LEFT + along, TOP - 16), HPos::Center, &INK))?;
        page.draw(&label(&name, (LEFT - 14, TOP + along), HPos::Right, &INK))?;
        if let Some(share) = right(confusion, digit) {
            page.draw(&label(share, (LEFT + SIDE + RIGHT - 16, TOP + along), HPos::Right, &INK))?;
        }
        for prediction in 0..CLASSES {
            draw_cell(page, confusion, (digit, prediction), most.unwrap_or(0))?;
        }
    }
    Ok(())
}

fn draw_cell(
    page: &Page,
    confusion: &Confusion,
    (digit, prediction): (usize, usize),
    most: usize,
) -> Drawn {
    let count = confusion.counts[digit][prediction];
    let (x, y) = (LEFT + CELL * prediction as i32, TOP + CELL * digit as i32);
    let square = [(x + 1, y + 1), (x + CELL - 1, y + CELL - 1)];
    let is_right = digit == prediction;
    let dark = if is_right { TRAIN } else { TEST };
    // The square root makes single mistakes visible beside a hundred right answers.
    let shade = (count as f64 / most.max(1) as f64).sqrt();
    page.draw(&Rectangle::new(square, faded(dark, shade).filled()))?;
    if is_right {
        page.draw(&Rectangle::new(square, INK.stroke_width(1)))?;
    }
    if count == 0 {
        return Ok(());
    }
    let ink = if shade > 0.6 { WHITE } else { INK };
    page.draw(&label(count.to_string(), (x + CELL / 2, y + CELL / 2), HPos::Center, &ink))
}

/// `dark` at 1, white at 0.
fn faded(dark: RGBColor, shade: f64) -> RGBColor {
    let fade = |channel: u8| (255. + (f64::from(channel) - 255.) * shade) as u8;
    RGBColor(fade(dark.0), fade(dark.1), fade(dark.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three of four sevens are right, one is taken for a one, and there are no other digits.
    fn sevens() -> Confusion {
        let mut counts = [[0; CLASSES]; CLASSES];
        counts[7][7] = 3;
        counts[7][1] = 1;
        Confusion { counts }
    }

    #[test]
    fn the_share_of_a_digit_that_is_right_stands_beside_its_row() -> Result<()> {
        assert_eq!(rights(&sevens()), ["7: 75 %"]);
        let figure = confusion(&sevens())?;
        assert!(figure.image.svg()?.lines().any(|line| line == "75 %"));
        Ok(())
    }

    #[test]
    fn a_cell_is_darker_the_more_often_it_occurs() {
        let [none, half, all] = [0., 0.5, 1.].map(|shade| faded(TRAIN, shade));
        assert_eq!((none, all), (WHITE, TRAIN));
        assert!(half.0 < none.0 && half.0 > all.0);
    }
}

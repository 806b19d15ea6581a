//! The confusion matrix.

use super::Figure;
use super::canvas::{Anchor, Canvas};
use super::style::{INK, MUTED, TEST, TRAIN, WHITE};
use crate::data::CLASSES;
use crate::error::Result;
use crate::study::{Confusion, Mistake, Unit};

const CELL: f64 = 44.;
const LEFT: f64 = 56.;
const TOP: f64 = 58.;
const RIGHT: f64 = 84.;
const BOTTOM: f64 = 12.;
const SIDE: f64 = CELL * CLASSES as f64;

/// A square for each pair of true digit (row) and predicted digit (column), darker the more often it occurs. The
/// diagonal, where predictions are correct, is framed; beside each row is the digit's recall, the fraction of its
/// images that are classified correctly.
///
/// ```
/// use hinge::prelude::*;
///
/// let mut counts = [[0; 10]; 10];
/// counts[7][1] = 3; // three sevens misclassified as ones
/// let figure: Figure = plot::confusion(&Confusion::from_counts(counts)?)?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) if it cannot be drawn.
pub fn confusion(confusion: &Confusion) -> Result<Figure> {
    let mistake = confusion.most_frequent_mistake().map(|mistake| {
        let Mistake { label, prediction, count } = mistake;
        format!("The most frequent mistake is a {label} misclassified as a {prediction}, {count} times. ")
    });
    let recalls =
        (0..CLASSES).filter_map(|digit| Some(format!("{digit}: {}", recall(confusion, digit)?)));
    let alt = format!(
        "Confusion matrix of the ten digits, {} on the diagonal. {}Recall of each digit: {}.",
        Unit::Percent.show(confusion.accuracy()),
        mistake.unwrap_or_default(),
        recalls.collect::<Vec<_>>().join(", ")
    );
    let caption = "Confusion matrix on the test images: how many images of each digit (row) are classified as each digit \
                   (column), and the recall of each digit.";
    Ok(Figure::new(draw(confusion).finish(), alt, caption).title(title(confusion)))
}

fn title(confusion: &Confusion) -> String {
    let Some(Mistake { label, prediction, count }) = confusion.most_frequent_mistake() else {
        return "Every image is classified correctly".to_string();
    };
    let images: usize = confusion.counts()[label].iter().sum();
    format!(
        "The most frequent mistake: {count} of {images} images of a {label} are classified as a {prediction}"
    )
}

/// "93 %"; `None` for a digit without images.
fn recall(confusion: &Confusion, digit: usize) -> Option<String> {
    confusion.recall(digit).map(|recall| Unit::Percent.show_to(recall, 0))
}

fn draw(confusion: &Confusion) -> Canvas {
    let mut canvas = Canvas::new(LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM);
    let right = LEFT + SIDE + RIGHT - 16.;
    canvas.text_upwards((14., TOP + SIDE / 2.), MUTED, "true digit");
    canvas.text((LEFT + SIDE / 2., 14.), Anchor::Middle, MUTED, "predicted digit");
    canvas.text((right, TOP - 16.), Anchor::End, MUTED, "recall");
    for digit in 0..CLASSES {
        let along = CELL * (digit as f64 + 0.5);
        let name = digit.to_string();
        canvas.text((LEFT + along, TOP - 16.), Anchor::Middle, INK, &name);
        canvas.text((LEFT - 14., TOP + along), Anchor::End, INK, &name);
        if let Some(recall) = recall(confusion, digit) {
            canvas.text((right, TOP + along), Anchor::End, INK, &recall);
        }
        for prediction in 0..CLASSES {
            draw_cell(&mut canvas, confusion, (digit, prediction));
        }
    }
    canvas
}

fn draw_cell(canvas: &mut Canvas, confusion: &Confusion, (digit, prediction): (usize, usize)) {
    let most = confusion.counts().iter().flatten().max().copied().unwrap_or(0);
    let count = confusion.counts()[digit][prediction];
    let (x, y) = (LEFT + CELL * prediction as f64, TOP + CELL * digit as f64);
    let square = [(x + 1., y + 1.), (x + CELL - 1., y + CELL - 1.)];
    let is_correct = digit == prediction;
    // The square root makes single mistakes visible beside a hundred correct predictions.
    let shade = (count as f64 / most.max(1) as f64).sqrt();
    canvas.rectangle(square, WHITE.mixed(if is_correct { TRAIN } else { TEST }, shade), 1.);
    if is_correct {
        canvas.frame(square, INK);
    }
    if count > 0 {
        let ink = if shade > 0.6 { WHITE } else { INK };
        canvas.text((x + CELL / 2., y + CELL / 2.), Anchor::Middle, ink, &count.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three of four sevens are classified correctly, one as a one, and there are no other digits.
    fn sevens() -> Result<Confusion> {
        let mut counts = [[0; CLASSES]; CLASSES];
        counts[7][7] = 3;
        counts[7][1] = 1;
        Confusion::from_counts(counts)
    }

    #[test]
    fn each_digit_that_occurs_has_its_recall_beside_its_row() -> Result<()> {
        let svg = confusion(&sevens()?)?.svg;
        assert_eq!(svg.matches(" %</text>").count(), 1);
        assert!(svg.contains(">75 %</text>"), "{svg}");
        Ok(())
    }
}

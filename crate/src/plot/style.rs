//! One visual language for all figures.

use std::fmt;

/// Red, green and blue, 0 to 255 each; its text is the colour as SVG writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// Training: blue, drawn solid. From the Okabe-Ito palette, which colour-blind readers can tell apart.
pub const TRAIN: Colour = Colour(0, 114, 178);
/// Testing: vermilion, drawn dashed.
pub const TEST: Colour = Colour(213, 94, 0);
/// Series without a meaning of their own, in this order. From the same palette, dark enough for text.
pub const SERIES: [Colour; 6] =
    [TRAIN, TEST, Colour(0, 122, 90), Colour(150, 60, 120), Colour(120, 90, 0), INK];
/// Text and axes.
pub const INK: Colour = Colour(34, 34, 34);
/// Secondary text.
pub const MUTED: Colour = Colour(100, 100, 100);
/// Grid lines.
pub const GRID: Colour = Colour(225, 225, 225);
/// The page.
pub const WHITE: Colour = Colour(255, 255, 255);
/// The most negative and the most positive of values around zero, which is white.
pub const AROUND_ZERO: [Colour; 2] = [Colour(190, 80, 0), Colour(0, 50, 100)];
/// The width of a figure with axes, in pixels.
pub const WIDTH: f64 = 920.;
/// The margin around a figure, in pixels.
pub const MARGIN: f64 = 12.;
/// The height of a figure's heading, in pixels.
pub const HEADING: f64 = 16.;
/// The height of all other text, in pixels.
pub const TEXT: f64 = 13.;

impl Colour {
    /// The mixture of `1 - share` of this colour and `share` of `other`.
    pub fn mixed(self, other: Colour, share: f64) -> Colour {
        let mix = |from: u8, to: u8| {
            (f64::from(from) + share * (f64::from(to) - f64::from(from))).round() as u8
        };
        Colour(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// An upper bound of the width of `text` in pixels: the reader's typeface is not known.
pub fn text_width(text: &str) -> f64 {
    0.6 * TEXT * text.chars().count() as f64
}

/// A heading in lines that fit into [`WIDTH`], broken between words.
pub fn heading_lines(heading: &str) -> Vec<String> {
    let letters = ((WIDTH - 2. * MARGIN) / (0.6 * HEADING)) as usize;
    heading.split(' ').fold(Vec::new(), |mut lines: Vec<String>, word| {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < letters => {
                *line = format!("{line} {word}");
            }
            _ => lines.push(word.to_string()),
        }
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_is_too_long_is_broken_between_words() {
        let words = ["multi-margin"; 20].join(" ");
        let lines = heading_lines(&words);
        assert_eq!((lines.len(), lines.join(" ")), (3, words));
        assert_eq!(heading_lines("one line"), ["one line"]);
    }

    #[test]
    fn a_mixture_is_darker_the_more_of_the_dark_colour_it_has() {
        let [none, half, all] = [0., 0.5, 1.].map(|share| WHITE.mixed(TRAIN, share));
        assert_eq!((none, all), (WHITE, TRAIN));
        assert!(half.0 < none.0 && half.0 > all.0);
    }
}

//! A horizontal axis.

use super::figure::{Drawn, Page};
use super::style::{GRID, INK, MUTED, label};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Values from left to right between two round numbers.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    left: i32,
    right: i32,
}

impl Axis {
    /// How far below its lines an axis needs room for its numbers and its name, in pixels.
    pub const FOOT: i32 = 48;

    /// From below the least of `values` to above the greatest, between two places on the page.
    pub fn over(values: impl IntoIterator<Item = f64>, left: i32, right: i32) -> Axis {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let ends = values
            .into_iter()
            .fold(ends, |(least, most), value| (least.min(value), most.max(value)));
        let (least, most) = if ends.0 <= ends.1 { ends } else { (0., 0.) };
        let step = round_step((most - least).max(1e-6) / 6.);
        let low = (least / step).floor();
        let high = (most / step).ceil().max(low + 1.);
        Axis { low: low * step, high: high * step, step, left, right }
    }

    /// Where a value stands.
    pub fn place(&self, value: f64) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        let width = f64::from(self.right - self.left);
        self.left + (width * share.clamp(0., 1.)).round() as i32
    }

    /// Its right end on the page.
    pub fn right(&self) -> i32 {
        self.right
    }

    /// Lines from `top` to `bottom`, the one at zero darker, with their numbers and the axis' name below.
    pub fn draw(
        &self,
        page: &Page,
        (top, bottom): (i32, i32),
        name: &str,
        show: impl Fn(f64, usize) -> String,
    ) -> Drawn {
        for tick in self.ticks() {
            let is_zero = tick == 0.;
            let style = match is_zero {
                true => MUTED.stroke_width(2),
                false => GRID.stroke_width(1),
            };
            let x = self.place(tick);
            page.draw(&PathElement::new([(x, top), (x, bottom)], style))?;
            let number = match is_zero {
                true => "0".to_string(),
                false => show(tick, self.decimals()),
            };
            page.draw(&label(number, (x, bottom + 12), HPos::Center, &INK))?;
        }
        let middle = (self.left + self.right) / 2;
        page.draw(&label(name, (middle, bottom + 34), HPos::Center, &INK))
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let number = |end: f64| (end / self.step).round() as i32;
        (number(self.low)..=number(self.high)).map(|tick| f64::from(tick) * self.step)
    }

    fn decimals(&self) -> usize {
        (-self.step.log10().floor()).max(0.) as usize
    }
}

/// The least of 1, 2, 5 times a power of ten that is `least` or more.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let multiple = [1., 2., 5.].into_iter().find(|factor| factor * power >= least);
    multiple.unwrap_or(10.) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        let steps = [0.7, 1.2, 3., 7., 0.012].map(round_step);
        for (step, round) in steps.into_iter().zip([1., 2., 5., 10., 0.02]) {
            assert!((step - round).abs() < 1e-9, "{step} is not {round}");
        }
    }

    #[test]
    fn an_axis_reaches_from_one_round_number_to_another() {
        let axis = Axis::over([-1.5, 0., 5.5], 100, 900);
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [-2., 0., 2., 4., 6.]);
        assert_eq!([-2., 0., 6.].map(|value| axis.place(value)), [100, 300, 900]);
    }

    #[test]
    fn an_axis_shows_as_many_decimals_as_its_steps_have() {
        assert_eq!(Axis::over([0., 0.05], 0, 1).decimals(), 2);
        assert_eq!(Axis::over([0., 500.], 0, 1).decimals(), 0);
    }

    #[test]
    fn an_axis_of_one_value_has_two_ends() {
        let axis = Axis::over([1.], 0, 100);
        assert!(axis.low < axis.high);
    }
}

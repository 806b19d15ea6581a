//! Axes: values as places in pixels.

use super::canvas::{Anchor, Canvas, Stroke};
use super::style::{GRID, INK, MUTED};
use crate::study::Unit;

/// Values between two ends, on a linear or a logarithmic scale.
pub(super) struct Axis {
    ends: [f64; 2],
    places: [f64; 2],
    ticks: Vec<f64>,
    scale: fn(f64) -> f64,
}

impl Axis {
    /// The room in pixels that an axis needs below its lines for its numbers and its name.
    pub const FOOT: f64 = 48.;

    /// A linear axis between the round numbers around `values`, from the first of two places to the second.
    pub fn linear(values: impl IntoIterator<Item = f64>, places: [f64; 2]) -> Axis {
        let [least, greatest] = range(values);
        let step = round_step((greatest - least).max(1e-6) / 6.);
        let first = (least / step).floor();
        let last = (greatest / step).ceil().max(first + 1.);
        let ticks = (first as i64..=last as i64).map(|multiple| multiple as f64 * step).collect();
        Axis { ends: [first * step, last * step], places, ticks, scale: |value| value }
    }

    /// A logarithmic axis from the least to the greatest of `values`, which are positive; its ticks are 1, 2 and 5
    /// times powers of ten.
    pub fn logarithmic(values: impl IntoIterator<Item = f64>, places: [f64; 2]) -> Axis {
        let ends = match range(values) {
            [least, greatest] if least < greatest => [least, greatest],
            [only, _] => [only / 2., only * 2.],
        };
        let [lowest, highest] = ends.map(|end| end.log10().floor() as i32);
        let ticks = (lowest..=highest)
            .flat_map(|power| [1., 2., 5.].map(|factor| factor * 10f64.powi(power)))
            .filter(|tick| (ends[0]..=ends[1]).contains(tick))
            .collect();
        Axis { ends, places, ticks, scale: f64::log10 }
    }

    /// The place of a value; a value beyond an end is placed there.
    pub fn place(&self, value: f64) -> f64 {
        let [low, high] = self.ends.map(self.scale);
        let share = ((self.scale)(value) - low) / (high - low);
        let [from, to] = self.places;
        from + (to - from) * share.clamp(0., 1.)
    }

    /// The places of its two ends.
    pub fn places(&self) -> [f64; 2] {
        self.places
    }

    /// Draws a horizontal axis: lines from `top` to `bottom`, darker at zero, with numbers and name below.
    pub fn draw_below(&self, canvas: &mut Canvas, [top, bottom]: [f64; 2], name: &str, unit: Unit) {
        for (x, stroke, number) in self.marks(unit) {
            canvas.line(&[(x, top), (x, bottom)], stroke);
            canvas.text((x, bottom + 12.), Anchor::Middle, INK, &number);
        }
        let [left, right] = self.places;
        canvas.text(((left + right) / 2., bottom + 34.), Anchor::Middle, INK, name);
    }

    /// Draws a vertical axis: lines from `left` to `right`, darker at zero, with numbers on their left and the name
    /// above.
    pub fn draw_beside(
        &self,
        canvas: &mut Canvas,
        [left, right]: [f64; 2],
        name: &str,
        unit: Unit,
    ) {
        for (y, stroke, number) in self.marks(unit) {
            canvas.line(&[(left, y), (right, y)], stroke);
            canvas.text((left - 8., y), Anchor::End, INK, &number);
        }
        canvas.text((left - 8., self.places[1] - 18.), Anchor::Start, INK, name);
    }

    /// The place of each tick, the line through it and its number, with its sign if that of `unit` is shown.
    fn marks(&self, unit: Unit) -> impl Iterator<Item = (f64, Stroke, String)> {
        let decimals = self.decimals();
        self.ticks.iter().map(move |tick| match tick {
            0. => (self.place(0.), Stroke::solid(MUTED, 1.5), "0".to_string()),
            tick => (self.place(*tick), Stroke::solid(GRID, 1.), unit.digits(*tick, decimals)),
        })
    }

    /// As many decimals as the distance between ticks has.
    fn decimals(&self) -> usize {
        let step = match self.ticks[..] {
            [first, second, ..] => second - first,
            _ => 1.,
        };
        // 0.1 + 0.2 is a little more than 0.3.
        (-(step * 1.001).log10().floor()).max(0.) as usize
    }
}

/// The least and the greatest of the finite values; 0 if there are none.
fn range(values: impl IntoIterator<Item = f64>) -> [f64; 2] {
    let range = values.into_iter().filter(|value| value.is_finite()).fold(None, |range, value| {
        let [least, greatest] = range.unwrap_or([value; 2]);
        Some([f64::min(least, value), f64::max(greatest, value)])
    });
    range.unwrap_or([0.; 2])
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
    fn a_linear_axis_reaches_from_one_round_number_to_another() {
        let axis = Axis::linear([-1.5, 0., 5.5], [100., 900.]);
        assert_eq!(axis.ticks, [-2., 0., 2., 4., 6.]);
        assert_eq!([-2., 0., 6.].map(|value| axis.place(value)), [100., 300., 900.]);
    }

    #[test]
    fn equal_ratios_are_equal_distances_on_a_logarithmic_axis() {
        let axis = Axis::logarithmic([50., 5_000.], [0., 200.]);
        assert_eq!(axis.ticks, [50., 100., 200., 500., 1_000., 2_000., 5_000.]);
        assert!((axis.place(500.) - 100.).abs() < 1e-9);
    }

    #[test]
    fn an_axis_shows_as_many_decimals_as_its_steps_have() {
        assert_eq!(Axis::linear([0., 0.05], [0., 1.]).decimals(), 2);
        assert_eq!(Axis::linear([0., 500.], [0., 1.]).decimals(), 0);
    }

    #[test]
    fn an_axis_of_one_value_has_two_ends() {
        for axis in [Axis::linear([1.], [0., 100.]), Axis::logarithmic([1.], [0., 100.])] {
            assert!(axis.ends[0] < axis.ends[1]);
        }
    }
}

//! Units: the one place where a number becomes text.

use crate::train::Metric;

/// The unit of a number, and with it the text that a reader sees.
///
/// ```
/// use hinge::prelude::*;
///
/// assert_eq!(Unit::Percent.show(0.785), "78.5 %");
/// assert_eq!(Unit::Points.show(-0.005), "−0.5 points");
/// // "It costs 0.5 points": the verb has the sign.
/// assert_eq!(Unit::Points.size(-0.005), "0.5 points");
/// // A column names the unit in its heading and leaves it out of its cells.
/// assert_eq!(Unit::Percent.label("accuracy"), "accuracy (%)");
/// assert_eq!(Unit::Percent.cell(0.785), "78.50");
/// assert_eq!(Unit::Percent.of_differences(), Unit::Points);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A number without a unit, like a loss.
    Number,
    /// A whole number.
    Count,
    /// A fraction, shown in percent.
    Percent,
    /// A difference of numbers, shown with its sign.
    Difference,
    /// A difference of fractions, shown in percentage points with its sign.
    Points,
    /// A time.
    Seconds,
}

impl Unit {
    /// `value` with its unit, rounded as in a sentence: `0.1048`, `81.1 %`, `+2.1 points`. A number without a unit
    /// that would round to 0 keeps two digits: `9.4e-7`.
    pub fn show(self, value: f64) -> String {
        let (.., factor, decimals) = self.format();
        let decimals = if factor == 100. { 1 } else { decimals };
        self.tiny(value).unwrap_or_else(|| self.show_to(value, decimals))
    }

    /// As [`show`](Self::show), without a sign.
    pub fn size(self, value: f64) -> String {
        self.show(value).trim_start_matches(['+', '\u{2212}']).to_string()
    }

    /// `value` with its unit and this many decimals: `81.10 %`.
    pub fn show_to(self, value: f64, decimals: usize) -> String {
        format!("{} {}", self.digits(value, decimals), self.name()).trim_end().to_string()
    }

    /// `value` without its unit, rounded as in a table: `0.1048`, `81.10`, `+2.10`, `9.4e-7`.
    pub fn cell(self, value: f64) -> String {
        let (.., decimals) = self.format();
        self.tiny(value).unwrap_or_else(|| self.digits(value, decimals))
    }

    /// A p-value or a duality gap below what four decimals show.
    fn tiny(self, value: f64) -> Option<String> {
        let is_tiny = self == Unit::Number && value > 0. && value < 5e-5;
        is_tiny.then(|| format!("{value:.1e}"))
    }

    /// `value` without its unit and with this many decimals: `81.1`. The minus is as wide as a plus, and what
    /// rounds to zero is not negative.
    pub fn digits(self, value: f64, decimals: usize) -> String {
        let size = format!("{:.decimals$}", self.scale(value).abs());
        let (_, plus, ..) = self.format();
        let is_negative = value < 0. && size.parse::<f64>() != Ok(0.);
        let sign = if is_negative { "\u{2212}" } else { plus };
        format!("{sign}{size}")
    }

    /// `value` as an axis shows it: in percent or points if it is a fraction, else unchanged.
    pub fn scale(self, value: f64) -> f64 {
        let (_, _, factor, _) = self.format();
        factor * value
    }

    /// Its name, empty for a number without a unit.
    pub fn name(self) -> &'static str {
        self.format().0
    }

    /// The heading of a column or the name of an axis: `test accuracy (%)`.
    pub fn label(self, quantity: impl std::fmt::Display) -> String {
        match self.name() {
            "" => quantity.to_string(),
            name => format!("{quantity} ({name})"),
        }
    }

    /// The unit of the difference of two values in this one.
    pub fn of_differences(self) -> Unit {
        match self {
            Unit::Percent | Unit::Points => Unit::Points,
            Unit::Number | Unit::Count | Unit::Difference | Unit::Seconds => Unit::Difference,
        }
    }

    /// Its name, the sign of positive numbers, the factor to it, and the decimals of a table.
    fn format(self) -> (&'static str, &'static str, f64, usize) {
        match self {
            Unit::Number => ("", "", 1., 4),
            Unit::Count => ("", "", 1., 0),
            Unit::Percent => ("%", "", 100., 2),
            Unit::Difference => ("", "+", 1., 4),
            Unit::Points => ("points", "+", 100., 2),
            Unit::Seconds => ("s", "", 1., 1),
        }
    }
}

impl Metric {
    /// The unit of its values.
    pub fn unit(self) -> Unit {
        if self.is_accuracy() { Unit::Percent } else { Unit::Number }
    }

    /// `value` with its unit, rounded as in a table: `81.10 %`, `0.1048`.
    pub fn show(self, value: f64) -> String {
        let (.., decimals) = self.unit().format();
        self.unit().show_to(value, decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_scaled_rounded_and_named_by_its_unit() {
        for (unit, value, sentence, cell) in [
            (Unit::Number, -1.5, "\u{2212}1.5000", "\u{2212}1.5000"),
            (Unit::Number, 0., "0.0000", "0.0000"),
            (Unit::Number, 9.44e-7, "9.4e-7", "9.4e-7"),
            (Unit::Count, 12., "12", "12"),
            (Unit::Percent, 0.99333, "99.3 %", "99.33"),
            (Unit::Difference, 0.25, "+0.2500", "+0.2500"),
            (Unit::Points, -0.021, "\u{2212}2.1 points", "\u{2212}2.10"),
            (Unit::Seconds, 3.04, "3.0 s", "3.0"),
            (Unit::Number, f64::NAN, "NaN", "NaN"),
            (Unit::Number, f64::NEG_INFINITY, "\u{2212}inf", "\u{2212}inf"),
        ] {
            assert_eq!((unit.show(value), unit.cell(value)), (sentence.into(), cell.into()));
        }
    }

    #[test]
    fn what_rounds_to_zero_is_not_negative() {
        let shown = [-0.04, -0.06, 0.04].map(|value| Unit::Difference.digits(value, 1));
        assert_eq!(shown, ["+0.0", "\u{2212}0.1", "+0.0"]);
        assert_eq!(Unit::Number.digits(-0.04, 1), "0.0");
    }
}

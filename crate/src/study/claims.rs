//! Claims of an answer, each checked against the results.

use crate::data::Source;
use std::fmt;

/// The claims of a written answer. Each is a sentence with the figure it rests on and what is required of it.
///
/// ```
/// use hinge::prelude::*;
/// let mut claims = Claims::about_any_data();
/// claims.check("Two and two make four", 2. + 2., Unit::Number, Required::Exactly(4.));
/// assert!(claims.first_false().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Claims {
    /// Why nothing is checked, if so.
    not_checked: Option<String>,
    claims: Vec<Claim>,
}

/// One claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What is claimed.
    pub sentence: String,
    /// The figure that it rests on.
    pub figure: f64,
    /// How the figure is shown.
    pub unit: Unit,
    /// What the figure has to be for the claim to hold.
    pub required: Required,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// How a figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// As it is, with 4 decimals.
    Number,
    /// A whole number.
    Count,
    /// A fraction, shown in percent.
    Percent,
    /// A difference of fractions, shown in percentage points.
    Points,
}

/// What a figure has to be. A figure that is not a number meets none of these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Required {
    /// The value or more.
    AtLeast(f64),
    /// The value or less.
    AtMost(f64),
    /// More than the value.
    Above(f64),
    /// Less than the value.
    Below(f64),
    /// From the first value to the second, both included.
    Between(f64, f64),
    /// The value itself, up to rounding (1e-9).
    Exactly(f64),
}

/// Whether a claim holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The figure is as required.
    Holds,
    /// It is not.
    Fails,
    /// The claim is about MNIST with all seeds, and this run is not; with the reason.
    NotChecked(String),
}

impl Claims {
    /// Claims about results on MNIST: on any other images they are shown, but neither hold nor fail.
    pub fn about(source: &Source) -> Claims {
        match source {
            Source::Mnist { .. } => Claims::about_any_data(),
            Source::Own { .. } => Claims::not_checked("own images"),
            Source::Synthetic { .. } => Claims::not_checked("synthetic digits"),
        }
    }

    /// Claims that are shown but not checked, for the reason given.
    pub fn not_checked(reason: &str) -> Claims {
        Claims { not_checked: Some(reason.to_string()), claims: Vec::new() }
    }

    /// Claims that hold on any images, like an equality of formulas.
    pub fn about_any_data() -> Claims {
        Claims { not_checked: None, claims: Vec::new() }
    }

    /// Adds a claim and checks it.
    pub fn check(&mut self, sentence: &str, figure: f64, unit: Unit, required: Required) {
        let verdict = match &self.not_checked {
            Some(reason) => Verdict::NotChecked(reason.clone()),
            None if required.is_met_by(figure) => Verdict::Holds,
            None => Verdict::Fails,
        };
        self.claims.push(Claim { sentence: sentence.to_string(), figure, unit, required, verdict });
    }

    /// Whether claims are checked, or only shown.
    pub fn are_checked(&self) -> bool {
        self.not_checked.is_none()
    }

    /// The claims, in the order they were made.
    pub fn all(&self) -> &[Claim] {
        &self.claims
    }

    /// The first claim that does not hold.
    pub fn first_false(&self) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.verdict == Verdict::Fails)
    }
}

impl Claim {
    /// The figure in its unit.
    pub fn show_figure(&self) -> String {
        self.unit.show(self.figure)
    }

    /// What is required, in the figure's unit.
    pub fn show_required(&self) -> String {
        let show = |value: f64| self.unit.show(value);
        match self.required {
            Required::AtLeast(value) => format!("at least {}", show(value)),
            Required::AtMost(value) => format!("at most {}", show(value)),
            Required::Above(value) => format!("above {}", show(value)),
            Required::Below(value) => format!("below {}", show(value)),
            Required::Between(low, high) => format!("{} to {}", show(low), show(high)),
            Required::Exactly(value) => format!("exactly {}", show(value)),
        }
    }
}

impl Unit {
    /// `value` in this unit.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Number => format!("{value:.4}"),
            Unit::Count => format!("{value:.0}"),
            Unit::Percent => format!("{:.1} %", 100. * value),
            Unit::Points => format!("{:+.1} points", 100. * value),
        }
    }
}

impl Required {
    fn is_met_by(self, figure: f64) -> bool {
        match self {
            Required::AtLeast(value) => figure >= value,
            Required::AtMost(value) => figure <= value,
            Required::Above(value) => figure > value,
            Required::Below(value) => figure < value,
            Required::Between(low, high) => (low..=high).contains(&figure),
            Required::Exactly(value) => (figure - value).abs() <= 1e-9,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Holds => f.write_str("holds"),
            Verdict::Fails => f.write_str("fails"),
            Verdict::NotChecked(reason) => write!(f, "not checked ({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(claims: Claims, figure: f64, required: Required) -> Verdict {
        let mut claims = claims;
        claims.check("A claim", figure, Unit::Number, required);
        claims.all()[0].verdict.clone()
    }

    #[test]
    fn a_claim_holds_only_if_its_figure_is_as_required() {
        let check = |figure, required| verdict(Claims::about_any_data(), figure, required);
        for (required, met, unmet) in [
            (Required::AtLeast(1.), 1., 0.9),
            (Required::AtMost(1.), 1., 1.1),
            (Required::Above(1.), 1.1, 1.),
            (Required::Below(1.), 0.9, 1.),
            (Required::Between(1., 2.), 2., 2.1),
            (Required::Exactly(1.), 1., 1.1),
        ] {
            assert_eq!(check(met, required), Verdict::Holds, "{met} {required:?}");
            assert_eq!(check(unmet, required), Verdict::Fails, "{unmet} {required:?}");
        }
    }

    #[test]
    fn a_figure_that_is_not_a_number_meets_no_requirement() {
        for required in [
            Required::AtLeast(0.),
            Required::Below(0.),
            Required::Between(0., 1.),
            Required::Exactly(0.),
        ] {
            assert_eq!(
                verdict(Claims::about_any_data(), f64::NAN, required),
                Verdict::Fails,
                "{required:?}"
            );
        }
    }

    #[test]
    fn claims_about_mnist_are_not_checked_on_synthetic_digits() {
        let claims = Claims::about(&Source::Synthetic { seed: 0 });
        let not_checked = Verdict::NotChecked("synthetic digits".to_string());
        assert_eq!(verdict(claims, 0., Required::AtLeast(1.)), not_checked);
    }
}

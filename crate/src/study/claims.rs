//! Claims of an answer, each checked against the results.

use super::{Judged, Unit};
use std::fmt;

/// The claims of a written answer: sentences, each with the figure it rests on and what that figure must be.
///
/// ```
/// use hinge::prelude::*;
///
/// let mut claims = Claims::about_any_data();
/// claims.check("Two and two make four", 2. + 2., Unit::Number, Required::Exactly(4.));
/// assert!(claims.first_false().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Claims {
    judged: Judged,
    claims: Vec<Claim>,
}

/// One claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What is claimed.
    pub sentence: String,
    /// The figure it rests on.
    pub figure: f64,
    /// The unit of the figure.
    pub unit: Unit,
    /// What the figure must be for the claim to hold.
    pub required: Required,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// What a figure must be. A figure that is not a number (NaN) meets no requirement.
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
    /// From the first value to the second, both included and given by their bits ([`f64::to_bits`]). They are not
    /// shown: this hides the thresholds of an exercise.
    Hidden(u64, u64),
}

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The figure is as required.
    Holds,
    /// It is not.
    Fails,
    /// The figure of a prediction is not as required, and the text says so.
    NotConfirmed,
    /// The claim is about results that are not judged, for this reason.
    NotChecked(&'static str),
}

impl Claims {
    /// Claims about results: they are checked if the results are judged, and otherwise only shown.
    pub fn new(judged: Judged) -> Claims {
        Claims { judged, claims: Vec::new() }
    }

    /// Claims that hold on any images, like an equality of formulas: they are always checked.
    pub fn about_any_data() -> Claims {
        Claims::new(Judged::Yes)
    }

    /// Adds a claim and checks it.
    pub fn check(&mut self, sentence: &str, figure: f64, unit: Unit, required: Required) {
        let verdict = if required.is_met_by(figure) { Verdict::Holds } else { Verdict::Fails };
        self.add(Claim { sentence: sentence.to_string(), figure, unit, required, verdict });
    }

    /// Adds a prediction that the text calls not confirmed: its figure must *not* be as required. If it is, the text is
    /// wrong, and the claim fails.
    pub fn check_not_confirmed(
        &mut self,
        sentence: &str,
        figure: f64,
        unit: Unit,
        required: Required,
    ) {
        let is_missed = !figure.is_nan() && !required.is_met_by(figure);
        let verdict = if is_missed { Verdict::NotConfirmed } else { Verdict::Fails };
        self.add(Claim { sentence: sentence.to_string(), figure, unit, required, verdict });
    }

    /// Adds a claim, whose verdict is for results that are judged.
    fn add(&mut self, mut claim: Claim) {
        if let Judged::No(reason) = self.judged {
            claim.verdict = Verdict::NotChecked(reason);
        }
        self.claims.push(claim);
    }

    /// Whether the results that they are about are judged.
    pub fn judged(&self) -> Judged {
        self.judged
    }

    /// The claims, in the order in which they were added.
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
            Required::Hidden(..) => "hidden".to_string(),
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
            Required::Hidden(low, high) => {
                (f64::from_bits(low)..=f64::from_bits(high)).contains(&figure)
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Holds => f.write_str("holds"),
            Verdict::Fails => f.write_str("fails"),
            Verdict::NotConfirmed => f.write_str("not confirmed"),
            Verdict::NotChecked(reason) => write!(f, "not checked ({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(judged: Judged, figure: f64, required: Required) -> Verdict {
        let mut claims = Claims::new(judged);
        claims.check("A claim", figure, Unit::Number, required);
        claims.all()[0].verdict
    }

    #[test]
    fn a_claim_holds_only_if_its_figure_is_as_required() {
        let check = |figure, required| verdict(Judged::Yes, figure, required);
        for (required, met, unmet) in [
            (Required::AtLeast(1.), 1., 0.9),
            (Required::AtMost(1.), 1., 1.1),
            (Required::Above(1.), 1.1, 1.),
            (Required::Below(1.), 0.9, 1.),
            (Required::Between(1., 2.), 2., 2.1),
            (Required::Exactly(1.), 1., 1.1),
            (Required::Hidden(1f64.to_bits(), f64::INFINITY.to_bits()), 1., 0.9),
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
            assert_eq!(verdict(Judged::Yes, f64::NAN, required), Verdict::Fails, "{required:?}");
        }
    }

    #[test]
    fn a_prediction_is_not_confirmed_only_if_its_figure_is_not_as_required() {
        for (figure, expected) in
            [(0.9, Verdict::NotConfirmed), (1., Verdict::Fails), (f64::NAN, Verdict::Fails)]
        {
            let mut claims = Claims::about_any_data();
            claims.check_not_confirmed("p", figure, Unit::Number, Required::AtLeast(1.));
            assert_eq!(claims.all()[0].verdict, expected, "{figure}");
        }
    }

    #[test]
    fn claims_about_results_that_are_not_judged_are_not_checked() {
        let verdict = verdict(Judged::No("synthetic digits"), 0., Required::AtLeast(1.));
        assert_eq!(verdict.to_string(), "not checked (synthetic digits)");
    }
}

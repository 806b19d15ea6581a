//! Claims as a table.

use super::display::{Representation, html_and_text};
use super::html::{self, Cell, Column, Side};
use super::{Show, wire};
use crate::study::{Claim, Claims, Verdict};

impl Show for Claims {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = html_and_text(html(self), text(self));
        representations.push(wire::claims(self));
        if let Some(claim) = self.first_false() {
            let (figure, required) = (claim.show_figure(), claim.show_required());
            let reason = format!("{}: it is {figure}, required is {required}", claim.sentence);
            representations.push(wire::failure("FalseClaim", &reason));
        }
        representations
    }
}

fn html(claims: &Claims) -> String {
    let column = |heading: &str, side: Side, text: fn(&Claim) -> String| {
        Column::new(heading, side, claims.all().iter().map(text).collect())
    };
    let columns = [
        column("claim", Side::Left, |claim| claim.sentence.clone()),
        column("figure", Side::Right, Claim::show_figure),
        column("required", Side::Left, Claim::show_required),
        Column {
            heading: "verdict".to_string(),
            side: Side::Left,
            cells: claims.all().iter().map(verdict).collect(),
        },
    ];
    html::table("The claims of the answer, each checked against the results.", &columns)
}

fn verdict(claim: &Claim) -> Cell {
    let (mark, style) = match claim.verdict {
        Verdict::Holds => ("\u{2713} ", ""),
        Verdict::Fails => ("\u{2717} ", ";background:#b00020;color:#fff;font-weight:bold"),
        Verdict::NotConfirmed | Verdict::NotChecked(_) => ("", ";font-style:italic"),
    };
    Cell { text: format!("{mark}{}", claim.verdict), style }
}

fn text(claims: &Claims) -> String {
    let line = |claim: &Claim| {
        let (figure, required) = (claim.show_figure(), claim.show_required());
        format!("{}: {figure} (required: {required}) {}\n", claim.sentence, claim.verdict)
    };
    claims.all().iter().map(line).collect()
}

//! Claims as a table.

use super::display::{Representation, html_and_text};
use super::html::{self, Cell, Heading, Side};
use super::wire::{self, Message};
use super::{Failure, Show};
use crate::study::{Claim, Claims, Verdict};

impl Show for Claims {
    fn representations(&self) -> Vec<Representation> {
        let mut representations = html_and_text(html(self), text(self));
        representations.push(wire::Claims::from(self).representation());
        if let Some(claim) = self.first_false() {
            let (figure, required) = (claim.show_figure(), claim.show_required());
            let reason = format!("{}: it is {figure}, required is {required}", claim.sentence);
            representations.push(Failure::FalseClaim(reason).message().representation());
        }
        representations
    }
}

fn html(claims: &Claims) -> String {
    let headings = [
        Heading::new("claim", Side::Left),
        Heading::new("figure", Side::Right),
        Heading::new("required", Side::Left),
        Heading::new("verdict", Side::Left),
    ];
    let rows: Vec<Vec<Cell>> = claims.all().iter().map(row).collect();
    html::table("The claims of the answer, each checked against the results.", &headings, &rows)
}

fn row(claim: &Claim) -> Vec<Cell> {
    let (mark, style) = match claim.verdict {
        Verdict::Holds => ("\u{2713} ", ""),
        Verdict::Fails => ("\u{2717} ", ";background:#b00020;color:#fff;font-weight:bold"),
        Verdict::NotChecked(_) => ("", ";font-style:italic"),
    };
    let verdict = Cell { text: format!("{mark}{}", claim.verdict), style };
    let texts = [claim.sentence.clone(), claim.show_figure(), claim.show_required()];
    texts.map(Cell::from).into_iter().chain([verdict]).collect()
}

fn text(claims: &Claims) -> String {
    let line = |claim: &Claim| {
        let (figure, required) = (claim.show_figure(), claim.show_required());
        format!("{}: {figure} (required: {required}) {}\n", claim.sentence, claim.verdict)
    };
    claims.all().iter().map(line).collect()
}

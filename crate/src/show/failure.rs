//! A cell that failed although the kernel calls it a success.

use super::Show;
use super::display::{Representation, escape, json};
use serde_json::json;

/// Why a cell failed.
///
/// evcxr reports status `ok` for a cell that panicked, that left through `?` or whose claim is false. Shown
/// as a cell's result, a failure says so to the reader, and to the project's kernel launcher, which makes it
/// an error of the cell: red in JupyterLab (where the variables survive) and the end of an execution by
/// nbconvert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The cell panicked.
    Panic(String),
    /// The cell returned an error through `?`.
    Error(String),
    /// A claim does not hold.
    FalseClaim(String),
}

impl Failure {
    fn name(&self) -> &'static str {
        match self {
            Failure::Panic(_) => "Panic",
            Failure::Error(_) => "Error",
            Failure::FalseClaim(_) => "FalseClaim",
        }
    }

    fn reason(&self) -> &str {
        match self {
            Failure::Panic(reason) | Failure::Error(reason) | Failure::FalseClaim(reason) => reason,
        }
    }

    /// The representation that the kernel launcher turns into an error.
    pub(crate) fn for_the_kernel(&self) -> Representation {
        let (name, reason) = (self.name(), self.reason());
        let traceback = [format!("\u{1b}[31m{name}\u{1b}[0m: {reason}")];
        json(
            "application/vnd.hinge.failure+json",
            &json!({ "ename": name, "evalue": reason, "traceback": traceback }),
        )
    }
}

impl Show for Failure {
    fn representations(&self) -> Vec<Representation> {
        vec![
            self.for_the_kernel(),
            ("text/html", format!("<p style=\"color:#b00020\">{}</p>", escape(self.reason()))),
        ]
    }
}

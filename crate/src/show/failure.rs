//! A cell that failed although evcxr reports success.

use super::Show;
use super::display::{Representation, escape};
use super::wire::{self, Message};

/// Why a cell failed.
///
/// evcxr reports the status `ok` for a cell that panics, that returns an error through `?` or whose claim is false.
/// Shown as a cell's result, a failure tells the reader and the project's kernel launcher, which turns it into an
/// error of the cell: red in JupyterLab, where the variables survive, and the end of an execution by nbconvert.
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

    /// The message that the kernel launcher turns into an error.
    pub(crate) fn message(&self) -> wire::Failure {
        let (ename, evalue) = (self.name(), self.reason().to_string());
        let traceback = vec![format!("\u{1b}[31m{ename}\u{1b}[0m: {evalue}")];
        wire::Failure { ename, evalue, traceback }
    }
}

impl Show for Failure {
    fn representations(&self) -> Vec<Representation> {
        vec![
            self.message().representation(),
            ("text/html", format!("<p style=\"color:#b00020\">{}</p>", escape(self.reason()))),
        ]
    }
}

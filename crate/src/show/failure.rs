//! A cell that failed although evcxr reports success.

use super::Show;
use super::display::{Representation, escape};
use super::wire::{self, Message};
use std::fmt::Display;

/// Why a cell failed.
///
/// evcxr reports the status `ok` for a cell whose value is an error or whose claim is false. Shown as a cell's
/// result, a failure tells the reader and the project's kernel launcher, which turns it into an error of the cell:
/// red in JupyterLab, where the variables survive, and the end of an execution by nbconvert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The cell has no value to show, but an error.
    Error(String),
    /// A claim does not hold.
    FalseClaim(String),
}

impl Failure {
    /// Its name and the reason.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Failure::Error(reason) => ("Error", reason),
            Failure::FalseClaim(reason) => ("FalseClaim", reason),
        }
    }

    /// The message that the kernel launcher turns into an error.
    pub(crate) fn message(&self) -> wire::Failure {
        let (ename, evalue) = self.parts();
        let traceback = vec![format!("\u{1b}[31m{ename}\u{1b}[0m: {evalue}")];
        wire::Failure { ename, evalue: evalue.to_string(), traceback }
    }
}

impl Show for Failure {
    fn representations(&self) -> Vec<Representation> {
        vec![
            self.message().representation(),
            ("text/html", format!("<p style=\"color:#b00020\">{}</p>", escape(self.parts().1))),
        ]
    }
}

/// An error as a cell's value makes the cell fail, as `?` does.
impl<T: Show, E: Display> Show for Result<T, E> {
    fn representations(&self) -> Vec<Representation> {
        match self {
            Ok(value) => value.representations(),
            Err(error) => vec![
                Failure::Error(error.to_string()).message().representation(),
                ("text/plain", format!("Err({error})")),
            ],
        }
    }
}

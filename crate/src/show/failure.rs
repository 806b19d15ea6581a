//! A cell that failed although evcxr reports success.

use super::display::{Representation, escape};
use super::{Show, wire};
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
}

impl Show for Failure {
    fn representations(&self) -> Vec<Representation> {
        let (name, reason) = self.parts();
        let html = format!("<p style=\"color:#b00020\">{}</p>", escape(reason));
        vec![wire::failure(name, reason), ("text/html", html)]
    }
}

/// An error as a cell's value makes the cell fail, as `?` does.
impl<T: Show, E: Display> Show for Result<T, E> {
    fn representations(&self) -> Vec<Representation> {
        match self {
            Ok(value) => value.representations(),
            Err(error) => {
                let message = wire::failure("Error", &error.to_string());
                vec![message, ("text/plain", format!("Err({error})"))]
            }
        }
    }
}

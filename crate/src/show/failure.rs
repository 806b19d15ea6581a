//! A cell that failed although evcxr reports success.

use super::display::Representation;
use super::{Show, wire};
use std::fmt::Display;

/// An error as a cell's value makes the cell fail, as `?` does.
///
/// evcxr reports the status `ok` for a cell whose value is an error or whose claim is false. A failure message tells
/// the project's kernel launcher, which turns it into an error of the cell: red in JupyterLab, where the variables
/// survive, and the end of an execution by nbconvert.
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

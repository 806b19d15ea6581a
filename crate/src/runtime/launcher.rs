//! Messages to the kernel launcher, which shows them while the cell runs.
//!
//! A message is a line of JSON on standard output behind a mark that text does not have, so it keeps its place
//! among what the cell prints.

use crate::error::{Error, Result};
use serde_json::Value;
use std::io::Write;

const MARK: &str = "\u{1e}hinge";

/// Whether this process runs the cells of a kernel with our launcher.
pub(crate) fn is_there() -> bool {
    std::env::var_os("HINGE_LAUNCHER").is_some()
}

/// Sends a message.
///
/// # Errors
/// A closed standard output.
pub(crate) fn send(message: &Value) -> Result<()> {
    std::io::stdout()
        .write_all(format!("{MARK}{message}\n").as_bytes())
        .map_err(|error| Error::Notebook(error.to_string()))
}

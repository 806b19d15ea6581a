//! Values that are shown while a cell runs.

use crate::error::{Error, Result};
use crate::runtime::{interrupt, launcher};
use crate::show::Show;
use crate::show::display::Representation;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Shows a value at once, anywhere in a cell, and returns a handle with which another can take its place.
///
/// In a notebook without this project's kernel launcher, and outside of notebooks, it prints the value's text.
///
/// ```
/// use hinge::prelude::*;
///
/// let banner = notebook::display(&notebook::session(&Digits::synthetic(0)))?;
/// banner.update(&notebook::session(&Digits::synthetic(1)))?;
/// # Ok::<(), hinge::Error>(())
/// ```
///
/// # Errors
/// An interrupt, or a closed standard output.
pub fn display(value: &impl Show) -> Result<Display> {
    static DISPLAYS: AtomicUsize = AtomicUsize::new(0);
    let number = DISPLAYS.fetch_add(1, Ordering::Relaxed);
    let display = Display { id: format!("hinge-{}-{number}", std::process::id()) };
    display.send("display_data", value)?;
    Ok(display)
}

/// Removes what the cell has shown so far; a notebook without this project's kernel launcher keeps it.
///
/// # Errors
/// An interrupt, or a closed standard output.
pub fn clear_output() -> Result<()> {
    interrupt::check()?;
    if launcher::is_there() {
        launcher::send(&json!({ "clear_output": { "wait": false } }))?;
    }
    Ok(())
}

/// A value that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    id: String,
}

impl Display {
    /// Shows another value in the same place.
    ///
    /// # Errors
    /// An interrupt, or a closed standard output.
    pub fn update(&self, value: &impl Show) -> Result<()> {
        self.send("update_display_data", value)
    }

    fn send(&self, kind: &str, value: &impl Show) -> Result<()> {
        interrupt::check()?;
        let representations = value.representations();
        if !launcher::is_there() {
            let texts = representations.iter().filter(|(mime, _)| *mime == "text/plain");
            texts.for_each(|(_, text)| println!("{text}"));
            return Ok(());
        }
        let data: Result<serde_json::Map<String, Value>> =
            representations.into_iter().map(entry).collect();
        let transient = json!({ "display_id": self.id });
        launcher::send(&json!({ kind: { "data": data?, "metadata": {}, "transient": transient } }))
    }
}

/// As the last expression of a cell it adds nothing to what is shown.
impl Show for Display {
    fn representations(&self) -> Vec<Representation> {
        Vec::new()
    }
}

/// JSON is sent as such, everything else as text.
fn entry((mime, content): Representation) -> Result<(String, Value)> {
    let value = if mime.ends_with("json") {
        serde_json::from_str(&content).map_err(|error| Error::Notebook(error.to_string()))?
    } else {
        Value::String(content)
    };
    Ok((mime.to_string(), value))
}

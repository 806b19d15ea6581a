//! How a value reaches the notebook.
//!
//! evcxr shows the last expression of a cell by calling `evcxr_display` on it, and reads what is printed
//! between two marker lines as one representation of the cell's result; the front end shows the richest that
//! it knows. Every value here has a representation for readers (`text/html`), one for consoles (`text/plain`)
//! and, where the report needs it, one for programs (a message of [`wire`](super::wire)).

use super::{Failure, Table};
use crate::error::Result;
use std::fmt::Display;

/// A representation: a MIME type and its content.
pub type Representation = (&'static str, String);

/// A value that a notebook cell can show.
pub trait Show {
    /// The value in every form it has.
    fn representations(&self) -> Vec<Representation>;

    /// Shows the value as the cell's result; evcxr calls it for a cell's last expression.
    fn evcxr_display(&self) {
        for (mime, content) in self.representations() {
            println!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT");
        }
    }
}

/// `text/html` and `text/plain`.
pub(crate) fn html_and_text(html: String, text: String) -> Vec<Representation> {
    vec![("text/html", html), ("text/plain", text)]
}

/// A table, or the error that there is none, as a failure of the cell.
pub(super) fn shown(table: Result<Table>) -> Vec<Representation> {
    match table {
        Ok(table) => table.representations(),
        Err(error) => Failure::Error(error.to_string()).representations(),
    }
}

/// `text` with the characters that HTML gives a meaning replaced.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The text as a sentence begins.
pub(crate) fn capitalised(text: &impl Display) -> String {
    let text = text.to_string();
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_everything_that_could_be_markup() {
        assert_eq!(escape(r#"a < b & "c" > d"#), "a &lt; b &amp; &quot;c&quot; &gt; d");
    }
}

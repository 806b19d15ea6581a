//! Faults in the data, each as one sentence.

use std::fmt;
use std::io;
use std::path::Path;

/// The remedy for damaged files of MNIST.
pub(super) const COPY_AGAIN: &str = "copy it again, or fetch MNIST with `make data`";

/// A fault in the data.
#[derive(thiserror::Error)]
pub enum DataError {
    /// A file, a folder or an argument is not what is expected.
    #[error("{place}: expected {expected}, found {found}; {remedy}.")]
    Unexpected {
        /// The path, or the name of the argument.
        place: String,
        /// What is expected there.
        expected: String,
        /// What is there instead.
        found: String,
        /// How to correct it.
        remedy: String,
    },

    /// A sample of no images, or of more than there are.
    #[error(
        "Sample: `{field}` (an experiment's `{field}_examples`) must be from 1 to {available}, the number of \
         images to draw from, but it is {found}."
    )]
    SampleSize {
        /// The field of `Sample`.
        field: &'static str,
        /// The number of images to draw from.
        available: usize,
        /// The number that `field` asks for.
        found: usize,
    },
}

impl DataError {
    /// A fault of the file or folder at `path`, or of an argument of that name.
    pub(super) fn at(
        path: impl AsRef<Path>,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> DataError {
        let place = path.as_ref().display().to_string();
        let (expected, found, remedy) = (expected.into(), found.into(), remedy.into());
        DataError::Unexpected { place, expected, found, remedy }
    }

    /// The operating system's refusal to read a file or folder.
    pub(super) fn unreadable(path: &Path, reason: io::Error) -> DataError {
        let found = format!("an obstacle ({reason})");
        DataError::at(path, "readable data", found, "check the path and its permissions")
    }
}

/// Like `Display`: a notebook cell that ends with `?` shows this form.
impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

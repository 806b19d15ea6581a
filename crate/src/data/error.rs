//! Faults in the data, each as one sentence.

use crate::error::Error;
use std::io;
use std::path::Path;

/// The remedy for damaged files of MNIST.
pub(super) const COPY_AGAIN: &str = "copy it again, or fetch MNIST with `make data`";

impl Error {
    /// A fault of the file or folder at `path`, or of an argument of that name.
    pub(super) fn at(
        path: impl AsRef<Path>,
        expected: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Error {
        let place = path.as_ref().display().to_string();
        let (expected, found, remedy) = (expected.into(), found.into(), remedy.into());
        Error::Data { place, expected, found, remedy }
    }

    /// The operating system's refusal to read a file or folder.
    pub(super) fn unreadable(path: &Path, reason: io::Error) -> Error {
        let found = format!("an obstacle ({reason})");
        Error::at(path, "readable data", found, "check the path and its permissions")
    }
}

//! Files that are written whole or not at all.

use crate::error::{Error, Result};
use std::ffi::OsString;
use std::path::Path;
use std::{fs, io};

/// Writes a file, and the folders it is in if they are not there. Until all is written, it has the name that it
/// is to have with `.part` appended.
///
/// # Errors
/// [`Error::Write`] with the path and the reason.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = OsString::from(path);
    part.push(".part");
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&part, bytes)?;
        fs::rename(&part, path)
    };
    write().map_err(|error| {
        // What there is of it helps nobody; that it is there is no further error.
        let _ = fs::remove_file(&part);
        Error::Write {
            path: path.into(),
            reason: error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_with_its_folders() -> Result<()> {
        let folder = tempfile::tempdir().expect("there is a folder");
        let path = folder.path().join("a/b/c.txt");
        write(&path, b"text")?;
        assert_eq!(fs::read(&path).ok().as_deref(), Some(&b"text"[..]));
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_and_is_named() {
        let folder = tempfile::tempdir().expect("there is a folder");
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("full")).expect("a folder stands there");
        let error = write(&path, b"text").expect_err("it is a folder");
        assert!(error.to_string().contains("taken"), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).into_iter().flatten().collect();
        assert_eq!(left.len(), 1);
    }
}

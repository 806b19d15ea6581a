//! Atomic writing: a file is complete or absent.

use crate::error::{Error, Result};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::Builder;

/// Writes a file and creates its folders. The file has a temporary name until it is complete.
///
/// # Errors
/// [`Error::Write`] with the path and the reason.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_in(path.parent().unwrap_or(Path::new("")), path, bytes)
        .map_err(|error| Error::Write { path: path.into(), reason: error.to_string() })
}

fn write_in(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // A temporary file is readable by its owner only; this one becomes readable as any file in the folder.
    let readable = Permissions::from_mode(0o666);
    let mut part = Builder::new().permissions(readable).tempfile_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    Ok(())
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
        fs::create_dir_all(path.join("full")).expect("the folder is created");
        let error = write(&path, b"text").expect_err("it is a folder");
        assert!(error.to_string().contains("taken"), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).into_iter().flatten().collect();
        assert_eq!(left.len(), 1);
    }
}

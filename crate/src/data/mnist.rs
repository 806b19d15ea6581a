//! The four files of MNIST in a folder, and the checksums that tell them from any others.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::idx::{self, Idx, Kind};
use super::{DataError, Images};

/// The files of one half of MNIST, named without `.gz`.
struct Pair {
    images: &'static str,
    labels: &'static str,
}

const TRAIN: Pair = Pair { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" };
const TEST: Pair = Pair { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" };

/// Training and test images from any IDX files with MNIST's names.
pub(super) fn read_any(folder: &Path) -> Result<(Images, Images), DataError> {
    read(folder, |_, _, _| Ok(()))
}

/// Training and test images from files with exactly MNIST's content.
pub(super) fn read_verified(folder: &Path) -> Result<(Images, Images), DataError> {
    let manifest = Manifest::embedded()?;
    read(folder, |name, path, content| manifest.verify(name, path, content))
}

/// Whether the folder holds any of the four files, or cannot be looked into.
pub(super) fn any_file_in(folder: &Path) -> bool {
    [&TRAIN, &TEST]
        .iter()
        .flat_map(|pair| [pair.images, pair.labels])
        .any(|name| !matches!(locate(folder, name), Err(DataError::NoFile { .. })))
}

fn read(
    folder: &Path,
    verify: impl Fn(&str, &Path, &Idx) -> Result<(), DataError>,
) -> Result<(Images, Images), DataError> {
    if let Err(source) = folder.metadata() {
        let path = folder.to_path_buf();
        return Err(match source.kind() {
            io::ErrorKind::NotFound => DataError::NoFolder { path },
            _ => DataError::Unreadable { path, source },
        });
    }
    Ok((read_pair(folder, &TRAIN, &verify)?, read_pair(folder, &TEST, &verify)?))
}

fn read_pair(
    folder: &Path,
    pair: &Pair,
    verify: impl Fn(&str, &Path, &Idx) -> Result<(), DataError>,
) -> Result<Images, DataError> {
    let read = |name, kind| {
        let path = locate(folder, name)?;
        let content = idx::read(&path, kind)?;
        verify(name, &path, &content)?;
        Ok((path, content.into_items()))
    };
    let (labels_path, labels) = read(pair.labels, Kind::Labels)?;
    let (images_path, pixels) = read(pair.images, Kind::Images)?;
    let images = pixels.len() / super::PIXELS;
    if images != labels.len() {
        return Err(DataError::CountsDisagree {
            images_path,
            images,
            labels_path,
            labels: labels.len(),
        });
    }
    Images::new(pixels, labels)
}

/// The path of a file, gzip'd or else plain: `make data` can replace only the gzip'd one.
fn locate(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let plain = folder.join(name);
    for path in [folder.join(format!("{name}.gz")), plain.clone()] {
        match path.try_exists() {
            Ok(true) => return Ok(path),
            Ok(false) => (),
            Err(source) => return Err(DataError::Unreadable { path, source }),
        }
    }
    Err(DataError::NoFile { path: plain })
}

/// What `data/manifest.json` says about MNIST's files.
#[derive(Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// Name of the gzip'd file.
    name: String,
    /// SHA-256 of its unpacked content.
    unpacked_sha256: String,
}

impl Manifest {
    fn embedded() -> Result<Manifest, DataError> {
        serde_json::from_str(include_str!("../../../data/manifest.json"))
            .map_err(|error| DataError::Manifest { reason: error.to_string() })
    }

    fn verify(&self, name: &str, path: &Path, content: &Idx) -> Result<(), DataError> {
        let entry = self.files.iter().find(|entry| entry.name.strip_suffix(".gz") == Some(name));
        let entry =
            entry.ok_or_else(|| DataError::Manifest { reason: format!("none for {name}.gz") })?;
        let found = content.sha256();
        if found == entry.unpacked_sha256 {
            return Ok(());
        }
        Err(DataError::WrongChecksum {
            path: path.into(),
            expected: entry.unpacked_sha256.clone(),
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write_images(folder: &Path, name: &str, count: u32) {
        let header = [0x0803, count, 28, 28].map(u32::to_be_bytes);
        let pixels = vec![128; count as usize * super::super::PIXELS];
        fs::write(folder.join(name), [header.as_flattened(), &pixels].concat()).unwrap();
    }

    fn write_labels(folder: &Path, name: &str, count: u32) {
        let header = [0x0801, count].map(u32::to_be_bytes);
        let labels = vec![3; count as usize];
        fs::write(folder.join(name), [header.as_flattened(), &labels].concat()).unwrap();
    }

    /// A folder with 3 training and 2 test images, none of MNIST.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (pair, count) in [(TRAIN, 3), (TEST, 2)] {
            write_images(folder.path(), pair.images, count);
            write_labels(folder.path(), pair.labels, count);
        }
        folder
    }

    #[test]
    fn reads_the_four_files() {
        let (train, test) = read_any(folder().path()).unwrap();
        assert_eq!((train.len(), test.len()), (3, 2));
    }

    #[test]
    fn prefers_the_file_that_make_data_can_replace() {
        let folder = folder();
        let gzipped = format!("{}.gz", TEST.labels);
        fs::rename(folder.path().join(TEST.labels), folder.path().join(gzipped)).unwrap();
        write_labels(folder.path(), TEST.labels, 99);
        assert!(read_any(folder.path()).is_ok());
    }

    #[test]
    fn rejects_a_missing_folder() {
        let folder = folder().path().join("nowhere");
        let message = read_any(&folder).unwrap_err().to_string();
        let expected = "nowhere: expected a folder with the four files of MNIST, found no such folder; \
                        correct the path (or MNIST_DIR), or fetch MNIST with `make data`.";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn rejects_a_folder_that_cannot_be_looked_into() {
        let folder = folder();
        let file = folder.path().join(TEST.labels);
        let error = read_any(&file).unwrap_err();
        assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
    }

    #[test]
    fn rejects_a_missing_file() {
        let folder = folder();
        fs::remove_file(folder.path().join(TEST.labels)).unwrap();
        let message = read_any(folder.path()).unwrap_err().to_string();
        let expected = "t10k-labels-idx1-ubyte: expected this file, or the same name with .gz, found \
                        neither; add it, or fetch MNIST with `make data`.";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn rejects_images_and_labels_that_differ_in_number() {
        let folder = folder();
        write_labels(folder.path(), TRAIN.labels, 4);
        let error = read_any(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::CountsDisagree { images: 3, labels: 4, .. }), "{error}");
    }

    #[test]
    fn rejects_files_that_are_not_mnist_s_when_they_have_to_be() {
        let message = read_verified(folder().path()).unwrap_err().to_string();
        let expected = "train-labels-idx1-ubyte: expected MNIST's own data (SHA-256 \
                        65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5, unpacked)";
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn the_manifest_names_all_four_files() {
        let manifest = Manifest::embedded().unwrap();
        let mut names: Vec<&str> = manifest.files.iter().map(|entry| entry.name.as_str()).collect();
        names.sort();
        assert_eq!(
            names,
            [
                "t10k-images-idx3-ubyte.gz",
                "t10k-labels-idx1-ubyte.gz",
                "train-images-idx3-ubyte.gz",
                "train-labels-idx1-ubyte.gz"
            ]
        );
    }
}

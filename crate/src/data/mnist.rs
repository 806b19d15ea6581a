//! The four files of MNIST in a folder, and the checksums that identify them.

use super::idx::{self, Kind, PIXELS};
use super::images::Images;
use crate::error::{Error, Result};
use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

/// The name of a file without `.gz`, and the SHA-256 of MNIST's file, unpacked, as in `data/manifest.json`.
struct Known(&'static str, &'static str);

#[rustfmt::skip]
const IMAGES: [Known; 2] = [
    Known("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    Known("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
];
#[rustfmt::skip]
const LABELS: [Known; 2] = [
    Known("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    Known("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
];

/// Where the files may be: in the folder itself, or where torchvision stores them below it.
const FOLDERS: [&str; 3] = ["", "MNIST/raw", "raw"];

/// Whether the files must have MNIST's content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Any,
    Mnist,
}

/// Reads the training and the test images from files with MNIST's names.
pub(super) fn read(folder: &Path, content: Content) -> Result<[Images; 2]> {
    fs::read_dir(folder).map_err(|error| match error.kind() {
        NotFound => {
            let expected = "a folder with the four files of MNIST";
            let remedy = "correct the path (or MNIST_DIR), or fetch MNIST with `make data`";
            Error::at(folder, expected, "no such folder", remedy)
        }
        _ => Error::unreadable(folder, error),
    })?;
    let folder = find_folder(folder)?.unwrap_or(folder.into());
    Ok([read_half(&folder, 0, content)?, read_half(&folder, 1, content)?])
}

/// Whether the folder holds any of the four files, or cannot be searched.
pub(super) fn any_file_in(folder: &Path) -> bool {
    !matches!(find_folder(folder), Ok(None))
}

/// Reads the images of the training half, 0, or the test half, 1.
fn read_half(folder: &Path, half: usize, content: Content) -> Result<Images> {
    let (labels_path, labels) = read_file(folder, &LABELS[half], Kind::Labels, content)?;
    let (path, pixels) = read_file(folder, &IMAGES[half], Kind::Images, content)?;
    let images = pixels.len() / PIXELS;
    if images != labels.len() {
        let (path_of_labels, count) = (labels_path.display(), labels.len());
        let expected = format!("as many images as there are labels in {path_of_labels} ({count})");
        let remedy = "combine files that belong together";
        return Err(Error::at(path, expected, images.to_string(), remedy));
    }
    Images::new(pixels, labels)
}

fn read_file(
    folder: &Path,
    Known(name, sha256): &Known,
    kind: Kind,
    content: Content,
) -> Result<(PathBuf, Vec<u8>)> {
    let path = find(folder, name)?.ok_or_else(|| {
        let found = "neither it nor the name with .gz or with a dot before idx";
        let remedy = "add it, or fetch MNIST with `make data`";
        Error::at(folder.join(name), "this file", found, remedy)
    })?;
    let idx = idx::read(&path, kind)?;
    if content == Content::Mnist && idx.sha256() != *sha256 {
        let expected = format!("MNIST's own data (SHA-256 {sha256}, unpacked)");
        let remedy = "fetch MNIST with `make data`, or read your own IDX files with `Digits::open`";
        return Err(Error::at(path, expected, idx.sha256(), remedy));
    }
    Ok((path, idx.items))
}

/// Finds the folder that holds the files: the first of [`FOLDERS`] with any of the four.
fn find_folder(folder: &Path) -> Result<Option<PathBuf>> {
    for folder in FOLDERS.map(|below| folder.join(below)) {
        for Known(name, _) in IMAGES.iter().chain(&LABELS) {
            if find(&folder, name)?.is_some() {
                return Ok(Some(folder));
            }
        }
    }
    Ok(None)
}

/// Finds a file by its name or by Kaggle's, with a dot before `idx`; gzip'd or else plain, as `make data` can
/// replace only the gzip'd one.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    for name in [name, &name.replace("-idx", ".idx")] {
        for path in [folder.join(format!("{name}.gz")), folder.join(name)] {
            match path.metadata() {
                // Kaggle's archive also has folders of these names.
                Ok(metadata) if metadata.is_dir() => (),
                Ok(_) => return Ok(Some(path)),
                Err(error) if matches!(error.kind(), NotFound | NotADirectory) => (),
                Err(error) => return Err(Error::unreadable(&path, error)),
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const TEST_LABELS: &str = LABELS[1].0;

    fn write_images(path: &Path, count: u32) {
        let header = [0x0803, count, 28, 28].map(u32::to_be_bytes);
        let pixels = vec![9; count as usize * PIXELS];
        fs::write(path, [header.as_flattened(), &pixels].concat()).unwrap();
    }

    fn write_labels(path: &Path, count: u32) {
        let header = [0x0801, count].map(u32::to_be_bytes);
        let labels = vec![3; count as usize];
        fs::write(path, [header.as_flattened(), &labels].concat()).unwrap();
    }

    /// A folder with 3 training and 2 test images, none of MNIST, in files `below` it, named by `rename`.
    fn folder(below: &str, rename: impl Fn(&str) -> String) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join(below);
        fs::create_dir_all(&files).unwrap();
        for (half, count) in [(0, 3), (1, 2)] {
            write_images(&files.join(rename(IMAGES[half].0)), count);
            write_labels(&files.join(rename(LABELS[half].0)), count);
        }
        folder
    }

    fn plain() -> TempDir {
        folder("", str::to_owned)
    }

    fn sizes(folder: &TempDir) -> [usize; 2] {
        read(folder.path(), Content::Any).unwrap().map(|images| images.len())
    }

    fn fault(folder: &Path, content: Content) -> String {
        read(folder, content).unwrap_err().to_string()
    }

    #[test]
    fn reads_the_four_files() {
        assert_eq!(sizes(&plain()), [3, 2]);
    }

    #[test]
    fn finds_the_files_where_torchvision_stores_them() {
        for below in ["MNIST/raw", "raw"] {
            let folder = folder(below, str::to_owned);
            assert_eq!(sizes(&folder), [3, 2]);
            assert!(any_file_in(folder.path()));
        }
    }

    #[test]
    fn finds_the_files_by_kaggles_names_beside_folders_of_mnists_names() {
        for ending in ["", ".gz"] {
            let folder = folder("", |name| name.replace("-idx", ".idx") + ending);
            for Known(name, _) in IMAGES.iter().chain(&LABELS) {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            assert_eq!(sizes(&folder), [3, 2]);
        }
    }

    #[test]
    fn prefers_the_file_that_make_data_can_replace() {
        let folder = plain();
        let path = folder.path().join(TEST_LABELS);
        fs::rename(&path, path.with_extension("gz")).unwrap();
        write_labels(&path, 99);
        assert_eq!(sizes(&folder), [3, 2]);
    }

    #[test]
    fn prefers_the_folder_itself_to_those_below() {
        let folder = folder("MNIST/raw", str::to_owned);
        write_labels(&folder.path().join(TEST_LABELS), 2);
        let message = fault(folder.path(), Content::Any);
        assert!(message.contains("train-labels-idx1-ubyte: expected this file"), "{message}");
    }

    #[test]
    fn rejects_a_missing_folder() {
        let message = fault(&plain().path().join("nowhere"), Content::Any);
        let expected = "nowhere: expected a folder with the four files of MNIST, found no such folder; \
                        correct the path (or MNIST_DIR), or fetch MNIST with `make data`.";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn rejects_a_folder_that_cannot_be_searched() {
        let message = fault(&plain().path().join(TEST_LABELS), Content::Any);
        assert!(message.contains("expected readable data, found an obstacle"), "{message}");
    }

    #[test]
    fn rejects_a_missing_file() {
        let folder = plain();
        fs::remove_file(folder.path().join(TEST_LABELS)).unwrap();
        let message = fault(folder.path(), Content::Any);
        let expected = "t10k-labels-idx1-ubyte: expected this file, found neither it nor the name with .gz or with a \
                        dot before idx; add it, or fetch MNIST with `make data`.";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn rejects_images_and_labels_that_differ_in_number() {
        let folder = plain();
        write_labels(&folder.path().join(LABELS[0].0), 4);
        let message = fault(folder.path(), Content::Any);
        let expected = "train-labels-idx1-ubyte (4), found 3; combine files that belong together.";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn rejects_other_files_than_mnists_if_they_must_be_mnists() {
        let message = fault(plain().path(), Content::Mnist);
        let expected = "train-labels-idx1-ubyte: expected MNIST's own data (SHA-256 \
                        65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5, unpacked)";
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn names_and_checksums_are_the_manifests() {
        let manifest = include_str!("../../../data/manifest.json");
        let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
        let listed = manifest["files"].as_array().unwrap().iter();
        let listed: Vec<_> = listed.map(|file| (&file["name"], &file["unpacked_sha256"])).collect();
        assert_eq!(listed.len(), 4);
        for Known(name, sha256) in IMAGES.iter().chain(&LABELS) {
            let packed = format!("{name}.gz");
            assert!(
                listed.iter().any(|(file, sum)| **file == *packed && **sum == **sha256),
                "{name}"
            );
        }
    }
}

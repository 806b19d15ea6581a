//! Everything that can be wrong with data, each as one sentence.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::idx;
use super::images::{CLASSES, PIXELS, SIDE};

/// A fault in the data: where, what was expected, what was found, and what to do about it.
#[derive(Error)]
pub enum DataError {
    /// The folder of the four files does not exist.
    #[error(
        "{}: expected a folder with the four files of MNIST, found no such folder; \
         correct the path (or MNIST_DIR), or fetch MNIST with `make data`.",
        path.display()
    )]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },

    /// One of the four files is in the folder neither plain nor gzip'd.
    #[error(
        "{}: expected this file, or the same name with .gz, found neither; \
         add it, or fetch MNIST with `make data`.",
        path.display()
    )]
    NoFile {
        /// The plain file.
        path: PathBuf,
    },

    /// Something else stands where a file is expected: a folder, a pipe, a device.
    #[error("{}: expected a regular file, found something else; replace it by the file.", path.display())]
    NotAFile {
        /// What was to be read.
        path: PathBuf,
    },

    /// The operating system refuses to read the file or its folder.
    #[error("{}: expected readable data, found an obstacle ({source}); check the path and its permissions.", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },

    /// The first four bytes do not announce IDX data of the wanted kind.
    #[error(
        "{}: expected IDX {kind} (magic number {expected:#010x}), found magic number {found:#010x}; \
         check that the file is what its name says.",
        path.display()
    )]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// What the file should hold.
        kind: idx::Kind,
        /// The magic number of this kind.
        expected: u32,
        /// The number found.
        found: u32,
    },

    /// The images are not 28 x 28 pixels.
    #[error(
        "{}: expected images of {SIDE} x {SIDE} pixels, found {rows} x {columns}; rescale them first.",
        path.display()
    )]
    WrongDimensions {
        /// The file.
        path: PathBuf,
        /// Height found, in pixels.
        rows: u32,
        /// Width found, in pixels.
        columns: u32,
    },

    /// There are no PNG files where images are expected.
    #[error(
        "{}: expected PNG files in folders named 0 to 9, found none; put the images of each digit in its folder.",
        path.display()
    )]
    NoImages {
        /// The folder.
        path: PathBuf,
    },

    /// The file is no intact PNG.
    #[error("{}: expected an intact PNG image, found damage ({reason}); replace the file.", path.display())]
    Png {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// The header announces no items, or more than are accepted.
    #[error(
        "{}: expected 1 to {limit} items, found a header that announces {found}; \
         check that the file is intact.",
        path.display(), limit = idx::MAX_ITEMS
    )]
    WrongCount {
        /// The file.
        path: PathBuf,
        /// The number announced.
        found: u32,
    },

    /// The data end before the header's last item.
    #[error(
        "{}: expected {expected} bytes (unpacked), found only {found}; \
         the file is truncated: copy it again, or fetch MNIST with `make data`.",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, or of the header.
        expected: usize,
        /// Bytes found.
        found: usize,
    },

    /// The data go on after the header's last item.
    #[error(
        "{}: expected {expected} bytes (unpacked), as its header announces, found more; \
         copy it again, or fetch MNIST with `make data`.",
        path.display()
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces.
        expected: usize,
    },

    /// The file starts like gzip but cannot be unpacked.
    #[error(
        "{}: expected intact gzip data, found damage ({reason}); \
         copy it again, or fetch MNIST with `make data`.",
        path.display()
    )]
    CorruptGzip {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// A label in a file is not a digit.
    #[error(
        "{}: expected labels from 0 to 9, found {found} at index {index}; correct the file.",
        path.display()
    )]
    LabelInFile {
        /// The file.
        path: PathBuf,
        /// Where it stands, from 0.
        index: usize,
        /// The label found.
        found: u8,
    },

    /// The files of images and of labels hold different numbers of items.
    #[error(
        "{}: expected as many images as there are labels in {} ({labels}), found {images}; \
         put files together that belong together.",
        images_path.display(), labels_path.display()
    )]
    CountsDisagree {
        /// The file of images.
        images_path: PathBuf,
        /// The number of images.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// The number of labels.
        labels: usize,
    },

    /// A file is well-formed but not MNIST's.
    #[error(
        "{}: expected MNIST's own data (SHA-256 {expected}, unpacked), found {found}; \
         fetch MNIST with `make data`, or read IDX files of your own with `Digits::open`.",
        path.display()
    )]
    WrongChecksum {
        /// The file.
        path: PathBuf,
        /// SHA-256 of MNIST's file, unpacked.
        expected: String,
        /// SHA-256 found.
        found: String,
    },

    /// The list of checksums that is compiled into the crate cannot be used.
    #[error(
        "data/manifest.json: expected the checksums of MNIST's files, found {reason}; restore the file."
    )]
    Manifest {
        /// What is wrong.
        reason: String,
    },

    /// `Images::new` was given pixels and labels that do not fit together.
    #[error(
        "images: expected {PIXELS} pixels for each of {labels} labels, found {pixels} pixels; \
         give every image {SIDE} x {SIDE} pixels and one label."
    )]
    PixelCount {
        /// The number of pixels.
        pixels: usize,
        /// The number of labels.
        labels: usize,
    },

    /// `Images::new` was given a label that is not a digit.
    #[error(
        "images: expected labels below {CLASSES}, found {found} at index {index}; correct the label."
    )]
    Label {
        /// Where it stands, from 0.
        index: usize,
        /// The label found.
        found: u8,
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
        /// The number asked for.
        found: usize,
    },
}

/// Like `Display`: a notebook cell that ends with `?` shows this form.
impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! The digits to work on, and where they come from.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{DataError, Images, mnist, png, synthetic};

/// Training and test images of handwritten digits.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0); // Digits::load()? for MNIST, Digits::open and open_png for one's own
/// assert_eq!((digits.train.len(), digits.test.len()), (6_000, 2_000));
/// assert!(!digits.source.is_mnist());
///
/// let error = Digits::open("no/such/folder").unwrap_err().to_string();
/// assert!(error.starts_with("no/such/folder: expected a folder"));
/// ```
#[derive(Clone, Debug)]
pub struct Digits {
    /// Images to draw training samples from.
    pub train: Images,
    /// Images to draw test samples from.
    pub test: Images,
    /// Where both come from.
    pub source: Source,
}

/// Where digits come from. Displayed without paths, which differ from machine to machine.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// The real MNIST, verified by its checksums.
    Mnist {
        /// Where the four files are.
        folder: PathBuf,
    },
    /// Images of the user's own, not verified.
    Own {
        /// Where they are.
        folder: PathBuf,
    },
    /// Drawn by this crate.
    Synthetic {
        /// What determines every pixel.
        seed: u64,
    },
}

impl Digits {
    /// MNIST where it can be had, else synthetic digits.
    ///
    /// Looks first in the folder that the environment variable `MNIST_DIR` names (ignored when
    /// empty), then in the project's `data/mnist`, which `make data` fills. If neither is there,
    /// the result is `Digits::synthetic(0)`: see `source`.
    ///
    /// # Errors
    /// If `MNIST_DIR` or `data/mnist` holds anything but the complete and unaltered MNIST. A folder
    /// `data/mnist` with none of the four files is as good as none.
    pub fn load() -> Result<Digits, DataError> {
        let named = env::var_os("MNIST_DIR").filter(|folder| !folder.is_empty());
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = crate_folder.parent().unwrap_or(crate_folder);
        resolve(named.map(PathBuf::from), project.join("data/mnist"))
    }

    /// Digits from IDX files of one's own, named like MNIST's, plain or gzip'd, not verified:
    /// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
    /// `t10k-labels-idx1-ubyte`.
    ///
    /// # Errors
    /// If a file is missing, unreadable or malformed, or images and labels differ in number.
    pub fn open(folder: impl AsRef<Path>) -> Result<Digits, DataError> {
        let folder = folder.as_ref();
        let (train, test) = mnist::read_any(folder)?;
        Ok(Digits { train, test, source: Source::Own { folder: folder.into() } })
    }

    /// Digits from PNG images of one's own, of 28 x 28 pixels and white on black as MNIST's: the training
    /// images in `folder/train/0` to `folder/train/9`, the test images in `folder/test/0` to `folder/test/9`.
    ///
    /// # Errors
    /// If a half has no images, or an image is unreadable, damaged or of another size.
    pub fn open_png(folder: impl AsRef<Path>) -> Result<Digits, DataError> {
        let path = folder.as_ref();
        Ok(Digits {
            train: png::read(&path.join("train"))?,
            test: png::read(&path.join("test"))?,
            source: Source::Own { folder: path.into() },
        })
    }

    /// 6 000 training and 2 000 test images drawn by the crate itself: the same for the same seed,
    /// on every machine.
    pub fn synthetic(seed: u64) -> Digits {
        let all = synthetic::TRAIN + synthetic::TEST;
        Digits {
            train: synthetic::draw(seed, 0..synthetic::TRAIN),
            test: synthetic::draw(seed, synthetic::TRAIN..all),
            source: Source::Synthetic { seed },
        }
    }

    /// The training images alone, the last sixth of them in the place of the test images (10 000 of MNIST's
    /// 60 000): for choosing between settings without a look at the test images.
    pub fn validation(&self) -> Digits {
        let kept = self.train.len() - self.train.len() / 6;
        let range = |range: std::ops::Range<usize>| self.train.select(&range.collect::<Vec<_>>());
        Digits {
            train: range(0..kept),
            test: range(kept..self.train.len()),
            source: self.source.clone(),
        }
    }

    /// MNIST from `folder`.
    fn mnist(folder: PathBuf) -> Result<Digits, DataError> {
        let (train, test) = mnist::read_verified(&folder)?;
        Ok(Digits { train, test, source: Source::Mnist { folder } })
    }
}

/// MNIST from the folder that was named, else from the project's if anything is there.
fn resolve(named: Option<PathBuf>, project: PathBuf) -> Result<Digits, DataError> {
    match named {
        Some(folder) => Digits::mnist(folder),
        None if mnist::any_file_in(&project) => Digits::mnist(project),
        None => Ok(Digits::synthetic(0)),
    }
}

impl Source {
    /// Whether the digits are the real MNIST.
    pub fn is_mnist(&self) -> bool {
        matches!(self, Source::Mnist { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Source::Mnist { .. } => f.write_str("MNIST (60 000 training and 10 000 test images)"),
            Source::Own { .. } => f.write_str("images of your own (not MNIST)"),
            Source::Synthetic { seed } => {
                write!(f, "synthetic digits (6 000 training and 2 000 test images, seed {seed})")
            }
        }
    }
}

/// Like `Display`: notebooks show this form, and must not show a machine's paths.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Real MNIST, if `MNIST_DIR` names it.
    fn mnist() -> Option<Digits> {
        if env::var_os("MNIST_DIR").is_none_or(|folder| folder.is_empty()) {
            println!("skipped: MNIST_DIR does not name a folder with MNIST");
            return None;
        }
        Some(Digits::load().unwrap())
    }

    #[test]
    fn validation_images_are_training_images_that_are_not_trained_on() {
        let (all, validation) = (Digits::synthetic(0), Digits::synthetic(0).validation());
        let together = [validation.train.pixels(), validation.test.pixels()].concat();
        assert_eq!(validation.test.len(), all.train.len() / 6);
        assert!(together == all.train.pixels());
    }

    #[test]
    fn mnist_has_60_000_training_and_10_000_test_images() {
        let Some(digits) = mnist() else { return };
        assert_eq!((digits.train.len(), digits.test.len()), (60_000, 10_000));
    }

    #[test]
    fn mnist_has_its_known_class_counts() {
        let Some(digits) = mnist() else { return };
        assert_eq!(
            digits.test.class_counts(),
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        );
    }

    #[test]
    fn mnist_is_known_as_such() {
        let Some(digits) = mnist() else { return };
        assert!(digits.source.is_mnist());
    }

    #[test]
    fn mnist_opened_as_any_idx_files_is_the_same_data() {
        let Some(digits) = mnist() else { return };
        let Source::Mnist { folder } = digits.source else { panic!("{}", digits.source) };
        assert_eq!(Digits::open(folder).unwrap().test, digits.test);
    }

    #[test]
    fn without_any_data_the_digits_are_synthetic() {
        let folder = tempfile::tempdir().unwrap();
        let digits = resolve(None, folder.path().join("mnist")).unwrap();
        assert_eq!(digits.source, Source::Synthetic { seed: 0 });
    }

    #[test]
    fn a_folder_without_any_of_the_files_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train-images-idx3-ubyte.gz.part"), "half").unwrap();
        let digits = resolve(None, folder.path().into()).unwrap();
        assert_eq!(digits.source, Source::Synthetic { seed: 0 });
    }

    #[test]
    fn an_incomplete_project_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte.gz"), "damaged").unwrap();
        let error = resolve(None, folder.path().into()).unwrap_err();
        assert!(matches!(error, DataError::NoFile { .. }), "{error}");
    }

    #[test]
    fn a_named_folder_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("nowhere");
        let error = resolve(Some(named), folder.path().into()).unwrap_err();
        assert!(matches!(error, DataError::NoFolder { .. }), "{error}");
    }

    #[test]
    fn synthetic_test_images_are_none_of_the_training_images() {
        let digits = Digits::synthetic(1);
        assert_eq!((digits.train.len(), digits.test.len()), (6_000, 2_000));
        let train: std::collections::HashSet<&[u8]> =
            (0..digits.train.len()).map(|i| digits.train.image(i)).collect();
        assert!((0..digits.test.len()).all(|i| !train.contains(digits.test.image(i))));
    }

    #[test]
    fn a_source_shows_no_path() {
        let source = Source::Mnist { folder: "/home/ada/mnist".into() };
        let shown = format!("{source} {source:?}");
        assert!(!shown.contains("ada"), "{shown}");
    }

    #[test]
    fn synthetic_digits_say_what_they_are() {
        assert_eq!(
            Source::Synthetic { seed: 5 }.to_string(),
            "synthetic digits (6 000 training and 2 000 test images, seed 5)"
        );
    }
}

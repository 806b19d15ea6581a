//! The digits to work on, and where they come from.

use super::images::Images;
use super::mnist::{self, Content};
use super::{png, synthetic};
use crate::error::{Error, Result};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fmt};

/// Training and test images of handwritten digits.
///
/// ```
/// use hinge::prelude::*;
///
/// let digits = Digits::synthetic(0); // Digits::load()? for MNIST, Digits::open and open_png for your own
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
    /// The user's images, not verified.
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
    /// Reads MNIST if it is there, else draws synthetic digits.
    ///
    /// Looks first in the folder that the environment variable `MNIST_DIR` names (ignored if empty), then in the
    /// project's `data/mnist`, which `make data` fills. If there is neither, the result is
    /// `Digits::synthetic(0)`: see `source`.
    ///
    /// The four files may lie in the folder itself or, as torchvision stores them, in `MNIST/raw` or `raw` below
    /// it; plain or gzip'd; named `train-images-idx3-ubyte` or, as on Kaggle, `train-images.idx3-ubyte`.
    ///
    /// # Errors
    /// If `MNIST_DIR` or `data/mnist` holds anything but the complete and unaltered MNIST. A folder
    /// `data/mnist` with none of the four files counts as absent.
    pub fn load() -> Result<Digits> {
        let named = env::var_os("MNIST_DIR").filter(|folder| !folder.is_empty());
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = crate_folder.parent().unwrap_or(crate_folder);
        resolve(named.map(PathBuf::from), project.join("data/mnist"))
    }

    /// Reads your own IDX files, named like MNIST's (see [`load`](Self::load)) and not verified:
    /// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
    /// `t10k-labels-idx1-ubyte`. The digits must be white on black as MNIST's.
    ///
    /// # Errors
    /// If a file is missing, unreadable or malformed, or images and labels differ in number. If the digits are
    /// black on white: the mean border pixel of the training or the test images is above half.
    pub fn open(folder: impl AsRef<Path>) -> Result<Digits> {
        Digits::own(folder.as_ref(), read_idx, false, "open_inverted")
    }

    /// Reads your own PNG images, of 28 x 28 pixels and white on black as MNIST's: the training images in
    /// `folder/train/0` to `folder/train/9`, the test images in `folder/test/0` to `folder/test/9`. Hidden files
    /// and files that are no images are ignored.
    ///
    /// # Errors
    /// If a half has no images, another folder or an image that would be left out; if an image is unreadable,
    /// damaged or of another size. If the digits are black on white, as for [`open`](Self::open).
    pub fn open_png(folder: impl AsRef<Path>) -> Result<Digits> {
        Digits::own(folder.as_ref(), read_png, false, "open_png_inverted")
    }

    /// [`open`](Self::open) for digits that are black on white: the images are [`Images::inverted`].
    ///
    /// # Errors
    /// The errors of [`open`](Self::open); also if the digits are white on black.
    pub fn open_inverted(folder: impl AsRef<Path>) -> Result<Digits> {
        Digits::own(folder.as_ref(), read_idx, true, "open")
    }

    /// [`open_png`](Self::open_png) for digits that are black on white: the images are [`Images::inverted`].
    ///
    /// # Errors
    /// The errors of [`open_png`](Self::open_png); also if the digits are white on black.
    pub fn open_png_inverted(folder: impl AsRef<Path>) -> Result<Digits> {
        Digits::own(folder.as_ref(), read_png, true, "open_png")
    }

    /// Draws 6 000 training and 2 000 test images: the same for the same seed, on every machine.
    pub fn synthetic(seed: u64) -> Digits {
        let all = synthetic::TRAIN + synthetic::TEST;
        Digits {
            train: synthetic::draw(seed, 0..synthetic::TRAIN),
            test: synthetic::draw(seed, synthetic::TRAIN..all),
            source: Source::Synthetic { seed },
        }
    }

    /// The training images alone, the last sixth of them (10 000 of MNIST's 60 000) instead of the test images:
    /// for choosing settings without the test images.
    pub fn validation(&self) -> Digits {
        let kept = self.train.len() - self.train.len() / 6;
        let select = |range: Range<usize>| self.train.copies(&range.collect::<Vec<_>>());
        let (train, test) = (select(0..kept), select(kept..self.train.len()));
        Digits { train, test, source: self.source.clone() }
    }

    /// MNIST from `folder`.
    fn mnist(folder: PathBuf) -> Result<Digits> {
        let [train, test] = mnist::read(&folder, Content::Mnist)?;
        Ok(Digits { train, test, source: Source::Mnist { folder } })
    }

    /// The user's images, read by `read`, of black digits on white if `inverted`; the function `other` reads the
    /// opposite.
    fn own(
        folder: &Path,
        read: fn(&Path) -> Result<[Images; 2]>,
        inverted: bool,
        other: &str,
    ) -> Result<Digits> {
        let halves = read(folder)?;
        let colours = ["white digits on black", "black digits on white"];
        for (images, half) in halves.iter().zip(["training", "test"]) {
            if images.are_black_on_white() != inverted {
                let expected = format!("{half} images with {}", colours[usize::from(inverted)]);
                let found = format!("{} by their borders", colours[usize::from(!inverted)]);
                let remedy = format!("read them with `Digits::{other}`");
                return Err(Error::at(folder, expected, found, remedy));
            }
        }
        let [train, test] = halves.map(|images| if inverted { images.inverted() } else { images });
        Ok(Digits { train, test, source: Source::Own { folder: folder.into() } })
    }
}

fn read_idx(folder: &Path) -> Result<[Images; 2]> {
    mnist::read(folder, Content::Any)
}

fn read_png(folder: &Path) -> Result<[Images; 2]> {
    Ok([png::read(&folder.join("train"))?, png::read(&folder.join("test"))?])
}

/// Reads MNIST from the named folder, else from the project's if it holds any of the files.
fn resolve(named: Option<PathBuf>, project: PathBuf) -> Result<Digits> {
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

debug_as_display!(Source);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
    fn mnist_is_read_as_such_with_its_known_class_counts() {
        let Some(digits) = mnist() else { return };
        assert!(digits.source.is_mnist());
        assert_eq!((digits.train.len(), digits.test.len()), (60_000, 10_000));
        let counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
        assert_eq!(digits.test.class_counts(), counts);
    }

    #[test]
    fn mnist_opened_as_any_idx_files_is_the_same_data_and_its_inverse_is_refused() {
        let Some(digits) = mnist() else { return };
        let Source::Mnist { folder } = digits.source else { panic!("{}", digits.source) };
        assert_eq!(Digits::open(&folder).unwrap().test, digits.test);
        assert!(Digits::open_inverted(folder).is_err());
        assert!(digits.train.inverted().are_black_on_white());
    }

    /// A folder with one PNG image of the synthetic digits for training and one for testing.
    fn png_folder(images: &Images) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for half in ["train", "test"] {
            let digit = folder.path().join(half).join(images.label(0).to_string());
            fs::create_dir_all(&digit).unwrap();
            let file = fs::File::create(digit.join("a.png")).unwrap();
            let mut encoder = ::png::Encoder::new(file, 28, 28);
            encoder.set_color(::png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(images.image(0)).unwrap();
        }
        folder
    }

    #[test]
    fn black_on_white_images_are_refused_with_the_function_that_reads_them() {
        let images = synthetic::draw(0, 0..1);
        let (white_on_black, black_on_white) =
            (png_folder(&images), png_folder(&images.inverted()));
        let error = Digits::open_png(&black_on_white).unwrap_err().to_string();
        let expected = ": expected training images with white digits on black, found black digits on white by their \
                        borders; read them with `Digits::open_png_inverted`.";
        assert!(error.ends_with(expected), "{error}");
        assert_eq!(Digits::open_png_inverted(&black_on_white).unwrap().train, images);
        assert_eq!(Digits::open_png(&white_on_black).unwrap().train, images);
        let error = Digits::open_png_inverted(&white_on_black).unwrap_err().to_string();
        assert!(error.ends_with(
            "found white digits on black by their borders; read them with `Digits::open_png`."
        ));
    }

    #[test]
    fn without_any_of_the_files_the_digits_are_synthetic() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train-images-idx3-ubyte.gz.part"), "half").unwrap();
        for project in [folder.path().join("nowhere"), folder.path().into()] {
            let digits = resolve(None, project).unwrap();
            assert_eq!(digits.source, Source::Synthetic { seed: 0 });
        }
    }

    #[test]
    fn an_incomplete_project_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte.gz"), "damaged").unwrap();
        let error = resolve(None, folder.path().into()).unwrap_err().to_string();
        assert!(error.contains("expected this file"), "{error}");
    }

    #[test]
    fn a_named_folder_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().join("nowhere");
        let error = resolve(Some(named), folder.path().into()).unwrap_err().to_string();
        assert!(error.contains("found no such folder"), "{error}");
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

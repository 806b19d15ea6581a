//! PNG images in one folder for each digit.

use super::idx::{CLASSES, PIXELS, SIDE, wrong_size};
use super::images::Images;
use crate::error::{Error, Result};
use png::{ColorType, Decoder, DecodingError, Transformations};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

const EXPECTED: &str = "PNG files in folders named 0 to 9";

/// Reads the images in `folder/0/*.png` to `folder/9/*.png`, in the order of their labels and names. A digit
/// without a folder has no images.
pub(super) fn read(folder: &Path) -> Result<Images> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    entries(folder, is_digit)?;
    for label in 0..CLASSES as u8 {
        for path in entries(&folder.join(label.to_string()), is_png)? {
            pixels.extend(read_image(&path)?);
            labels.push(label);
        }
    }
    if labels.is_empty() {
        let remedy = "put the images of each digit in its folder";
        return Err(Error::at(folder, EXPECTED, "none", remedy));
    }
    Images::new(pixels, labels)
}

/// Lists the expected entries of a folder by name; none if there is no such folder. Any other folder or image is
/// an error, so none is silently left out; hidden files and other files are ignored.
fn entries(folder: &Path, is_expected: fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let unreadable = |error: io::Error| Error::unreadable(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| !is_hidden(path) && (path.is_dir() || is_image(path)));
    paths.sort();
    let Some(other) = paths.iter().find(|path| !is_expected(path)) else { return Ok(paths) };
    let found = if other.is_dir() { "another folder" } else { "another image" };
    Err(Error::at(other, EXPECTED, found, "rename, convert or move it"))
}

/// Whether the name is that of a hidden file or of macOS's folder of file attributes.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX"
}

fn is_digit(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.is_dir() && matches!(name, [b'0'..=b'9'])
}

fn is_png(path: &Path) -> bool {
    !path.is_dir() && path.extension().unwrap_or_default().eq_ignore_ascii_case("png")
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    let images = ["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pgm"];
    images.iter().any(|image| ending.eq_ignore_ascii_case(image))
}

/// Reads the grey pixels of an image; of a coloured one the luma (ITU-R BT.601), as Pillow's `convert("L")`.
fn read_image(path: &Path) -> Result<Vec<u8>> {
    let damaged = |error: DecodingError| {
        Error::at(path, "an intact PNG image", format!("damage ({error})"), "replace the file")
    };
    let file = File::open(path).map_err(|error| Error::unreadable(path, error))?;
    let mut decoder = Decoder::new(BufReader::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (columns, rows) = reader.info().size();
    if (rows as usize, columns as usize) != (SIDE, SIDE) {
        return Err(wrong_size(path, rows, columns));
    }
    // At most colour and transparency of every pixel.
    let mut bytes = vec![0; 4 * PIXELS];
    let frame = reader.next_frame(&mut bytes).map_err(damaged)?;
    let luma = |rgb: &[u8]| {
        let [red, green, blue] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
        ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
    };
    let samples = frame.color_type.samples();
    let pixels = bytes[..samples * PIXELS].chunks_exact(samples);
    Ok(match frame.color_type {
        ColorType::Rgb | ColorType::Rgba => pixels.map(luma).collect(),
        _ => pixels.map(|pixel| pixel[0]).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::{TempDir, tempdir};

    /// Writes an image with the given colour type, all of whose pixels are `pixel`.
    fn write(folder: &TempDir, name: &str, side: u32, color: ColorType, pixel: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), side, side);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixel.repeat((side * side) as usize)).unwrap();
        path
    }

    /// A folder with a 7, to which the tests add what they are about.
    fn folder_with_a_7() -> TempDir {
        let folder = tempdir().unwrap();
        write(&folder, "7/a.png", 28, ColorType::Grayscale, &[1]);
        folder
    }

    fn fault(folder: &TempDir) -> String {
        read(folder.path()).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_for_each_digit_gives_its_label() {
        let folder = folder_with_a_7();
        write(&folder, "7/b.PNG", 28, ColorType::Grayscale, &[2]);
        write(&folder, "0/c.png", 28, ColorType::Grayscale, &[3]);
        let images = read(folder.path()).unwrap();
        assert_eq!(images.labels(), [0, 7, 7]);
        assert_eq!([0, 1, 2].map(|i| images.image(i)[0]), [3, 1, 2]);
    }

    #[test]
    fn files_of_operating_systems_and_notes_are_ignored() {
        let folder = folder_with_a_7();
        for name in
            [".DS_Store", "Thumbs.db", "readme.txt", "7/._a.png", "7/.DS_Store", "7/Thumbs.db"]
        {
            fs::write(folder.path().join(name), "no image").unwrap();
        }
        fs::write(folder.path().join("7/notes.txt"), "no image").unwrap();
        fs::create_dir_all(folder.path().join("__MACOSX/7")).unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        assert_eq!(read(folder.path()).unwrap().labels(), [7]);
    }

    #[test]
    fn a_folder_that_is_no_digit_is_an_error_with_its_name() {
        for name in ["seven", "10", "07"] {
            let folder = folder_with_a_7();
            write(&folder, &format!("{name}/b.png"), 28, ColorType::Grayscale, &[2]);
            let expected = format!(
                "{name}: expected PNG files in folders named 0 to 9, found another folder; rename, convert or move it."
            );
            assert!(fault(&folder).ends_with(&expected), "{}", fault(&folder));
        }
    }

    #[test]
    fn an_image_that_would_be_left_out_is_an_error_with_its_name() {
        for name in ["b.png", "7/b.jpg", "7/more/b.png"] {
            let folder = folder_with_a_7();
            write(&folder, name, 28, ColorType::Grayscale, &[2]);
            let named = name.trim_end_matches("/b.png");
            assert!(fault(&folder).contains(&format!("{named}: expected ")), "{}", fault(&folder));
        }
    }

    #[test]
    fn colours_become_their_luma() {
        let folder = tempdir().unwrap();
        write(&folder, "1/red.png", 28, ColorType::Rgb, &[255, 0, 0]);
        write(&folder, "2/transparent-blue.png", 28, ColorType::Rgba, &[0, 0, 255, 9]);
        let images = read(folder.path()).unwrap();
        // 0.299 * 255 = 76.2 and 0.114 * 255 = 29.1.
        assert_eq!((images.image(0)[0], images.image(1)[0]), (76, 29));
    }

    #[test]
    fn an_image_of_another_size_is_an_error_with_its_path() {
        let folder = folder_with_a_7();
        write(&folder, "3/big.png", 30, ColorType::Grayscale, &[0]);
        let expected =
            "big.png: expected images of 28 x 28 pixels, found 30 x 30; rescale them first.";
        assert!(fault(&folder).ends_with(expected), "{}", fault(&folder));
    }

    #[test]
    fn a_damaged_file_is_an_error_with_its_path() {
        let folder = folder_with_a_7();
        let path = write(&folder, "3/half.png", 28, ColorType::Grayscale, &[7]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let expected = "half.png: expected an intact PNG image, found damage (";
        assert!(fault(&folder).contains(expected), "{}", fault(&folder));
    }

    #[test]
    fn no_folder_and_a_folder_without_images_are_errors() {
        let folder = tempdir().unwrap();
        for path in [folder.path(), &folder.path().join("nowhere")] {
            let error = read(path).unwrap_err().to_string();
            assert!(
                error.contains("expected PNG files in folders named 0 to 9, found none"),
                "{error}"
            );
        }
    }
}

//! Images of one's own: PNG files in a folder for each digit.

use super::images::{CLASSES, PIXELS, SIDE};
use super::{DataError, Images};
use png::{ColorType, Decoder, Transformations};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// The images in `folder/0/*.png` to `folder/9/*.png`, in the order of their labels and names. A digit without
/// a folder has no images.
pub(super) fn read(folder: &Path) -> Result<Images, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for label in 0..CLASSES as u8 {
        for path in files(&folder.join(label.to_string()))? {
            pixels.extend(read_image(&path)?);
            labels.push(label);
        }
    }
    if labels.is_empty() {
        return Err(DataError::NoImages { path: folder.into() });
    }
    Images::new(pixels, labels)
}

/// The PNG files of a folder by name; none if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |source: io::Error| DataError::Unreadable { path: folder.into(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| {
        let ending = path.extension().unwrap_or_default();
        ending.eq_ignore_ascii_case("png")
    });
    paths.sort();
    Ok(paths)
}

/// The grey pixels of an image; of a coloured one its luma (ITU-R BT.601), as Pillow's `convert("L")`.
fn read_image(path: &Path) -> Result<Vec<u8>, DataError> {
    let unreadable = |source: io::Error| DataError::Unreadable { path: path.into(), source };
    let damaged =
        |error: png::DecodingError| DataError::Png { path: path.into(), reason: error.to_string() };
    let mut decoder = Decoder::new(BufReader::new(File::open(path).map_err(unreadable)?));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (columns, rows) = reader.info().size();
    if (rows as usize, columns as usize) != (SIDE, SIDE) {
        return Err(DataError::WrongDimensions { path: path.into(), rows, columns });
    }
    // Colour and transparency of every pixel at most.
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
    use std::io::Write;

    /// Writes an image with the given colour type, all of whose pixels are `pixel`.
    fn write(path: &Path, side: u32, color: ColorType, pixel: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(File::create(path).unwrap(), side, side);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        let bytes = pixel.repeat((side * side) as usize);
        writer.write_image_data(&bytes).unwrap();
    }

    #[test]
    fn a_folder_for_each_digit_gives_its_label() {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in [("7/b.png", 2), ("7/a.PNG", 1), ("0/c.png", 3)] {
            write(&folder.path().join(name), 28, ColorType::Grayscale, &[value]);
        }
        fs::write(folder.path().join("7/notes.txt"), "no image").unwrap();
        let images = read(folder.path()).unwrap();
        assert_eq!(images.labels(), [0, 7, 7]);
        let first: Vec<u8> = (0..3).map(|i| images.image(i)[0]).collect();
        assert_eq!(first, [3, 1, 2]);
    }

    #[test]
    fn colours_become_their_luma() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1/red.png");
        write(&path, 28, ColorType::Rgb, &[255, 0, 0]);
        let transparent = folder.path().join("2/blue.png");
        write(&transparent, 28, ColorType::Rgba, &[0, 0, 255, 9]);
        let images = read(folder.path()).unwrap();
        // 0.299 * 255 = 76.2 and 0.114 * 255 = 29.1.
        assert_eq!((images.image(0)[0], images.image(1)[0]), (76, 29));
    }

    #[test]
    fn an_image_of_another_size_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("3/big.png"), 30, ColorType::Grayscale, &[0]);
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("big.png") && error.contains("found 30 x 30"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("3/half.png");
        write(&path, 28, ColorType::Grayscale, &[7]);
        let whole = fs::read(&path).unwrap();
        let mut file = File::create(&path).unwrap();
        file.write_all(&whole[..whole.len() / 2]).unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::Png { .. }), "{error}");
    }

    #[test]
    fn a_folder_without_images_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(matches!(error, DataError::NoImages { .. }), "{error}");
    }
}

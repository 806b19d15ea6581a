//! The IDX format of MNIST's files, plain or gzip'd.
//!
//! A header of big-endian 32-bit numbers, then one byte a value: for images the magic number
//! `0x00000803`, the number of images, rows and columns; for labels `0x00000801` and the number
//! of labels. Nothing is allocated on the header's word alone, and nothing is read beyond what
//! it announces.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::DataError;
use super::images::{PIXELS, SIDE, first_bad_label};

/// The most images or labels that are accepted in one file.
pub const MAX_ITEMS: u32 = 1_000_000;

/// The first bytes of a gzip file. The name does not decide: browsers unpack and keep the `.gz`.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Images of 28 x 28 pixels.
    Images,
    /// Labels from 0 to 9.
    Labels,
}

impl Kind {
    fn magic(self) -> u32 {
        match self {
            Kind::Images => 0x0803,
            Kind::Labels => 0x0801,
        }
    }

    fn header_bytes(self) -> usize {
        match self {
            Kind::Images => 16,
            Kind::Labels => 8,
        }
    }

    fn item_bytes(self) -> usize {
        match self {
            Kind::Images => PIXELS,
            Kind::Labels => 1,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Kind::Images => "images",
            Kind::Labels => "labels",
        })
    }
}

/// The content of one IDX file.
#[derive(Clone, PartialEq, Eq)]
pub struct Idx {
    header: Vec<u8>,
    items: Vec<u8>,
}

impl Idx {
    /// The values without the header: pixels `[n, 784]` or labels `[n]`.
    pub fn into_items(self) -> Vec<u8> {
        self.items
    }

    /// SHA-256 of the whole unpacked content, header included, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        let digest = Sha256::new().chain_update(&self.header).chain_update(&self.items);
        format!("{:x}", digest.finalize())
    }
}

impl fmt::Debug for Idx {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Idx({} bytes)", self.header.len() + self.items.len())
    }
}

/// Reads the file at `path`, unpacking it if it is gzip'd.
///
/// # Errors
/// If the file cannot be read or is not well-formed IDX data of this kind.
pub fn read(path: &Path, kind: Kind) -> Result<Idx, DataError> {
    let unreadable = |error| fault(path, error);
    // Opening a pipe would wait for its writer for ever.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(DataError::NotAFile { path: path.into() });
    }
    decode(BufReader::new(File::open(path).map_err(unreadable)?), path, kind)
}

/// Reads IDX data from `packed`, unpacking them if they are gzip'd. `path` names them in errors.
///
/// # Errors
/// If the data are not well-formed IDX data of this kind.
pub fn decode(mut packed: impl BufRead, path: &Path, kind: Kind) -> Result<Idx, DataError> {
    let start = packed.fill_buf().map_err(|error| fault(path, error))?;
    if start.starts_with(&GZIP) {
        parse(MultiGzDecoder::new(packed), path, kind)
    } else {
        parse(packed, path, kind)
    }
}

fn parse(mut content: impl Read, path: &Path, kind: Kind) -> Result<Idx, DataError> {
    let header = read_at_most(&mut content, kind.header_bytes(), path)?;
    let expected = item_count(&header, path, kind)? * kind.item_bytes();
    // The one byte more shows data that go on, and reading to the end checks gzip's checksum.
    let items = read_at_most(&mut content, expected + 1, path)?;
    let expected_bytes = header.len() + expected;
    if items.len() < expected {
        return Err(DataError::Truncated {
            path: path.into(),
            expected: expected_bytes,
            found: header.len() + items.len(),
        });
    }
    if items.len() > expected {
        return Err(DataError::TooLong { path: path.into(), expected: expected_bytes });
    }
    if let (Kind::Labels, Some((index, found))) = (kind, first_bad_label(&items)) {
        return Err(DataError::LabelInFile { path: path.into(), index, found });
    }
    Ok(Idx { header, items })
}

/// The number of items that the header announces.
fn item_count(header: &[u8], path: &Path, kind: Kind) -> Result<usize, DataError> {
    let (numbers, _) = header.as_chunks::<4>();
    let numbers: Vec<u32> = numbers.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
    let path = path.to_path_buf();
    match (kind, &numbers[..]) {
        (_, &[found, ..]) if found != kind.magic() => {
            Err(DataError::WrongMagic { path, kind, expected: kind.magic(), found })
        }
        (Kind::Images, &[_, _, rows, columns]) if [rows, columns] != [SIDE as u32; 2] => {
            Err(DataError::WrongDimensions { path, rows, columns })
        }
        (Kind::Images, &[_, count, _, _]) | (Kind::Labels, &[_, count]) => {
            if (1..=MAX_ITEMS).contains(&count) {
                Ok(count as usize)
            } else {
                Err(DataError::WrongCount { path, found: count })
            }
        }
        _ => Err(DataError::Truncated { path, expected: kind.header_bytes(), found: header.len() }),
    }
}

/// The next bytes, up to `limit`; memory grows with what is really there.
fn read_at_most(content: &mut impl Read, limit: usize, path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    content.take(limit as u64).read_to_end(&mut bytes).map_err(|error| fault(path, error))?;
    Ok(bytes)
}

/// An error with a number comes from the operating system, any other from the gzip decoder.
fn fault(path: &Path, error: io::Error) -> DataError {
    let path = path.to_path_buf();
    match error.raw_os_error() {
        Some(_) => DataError::Unreadable { path, source: error },
        None => DataError::CorruptGzip { path, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// The bytes of an IDX file of images: `count` in the header, then `pixels`.
    fn images(count: u32, pixels: &[u8]) -> Vec<u8> {
        let header = [0x0803, count, 28, 28].map(u32::to_be_bytes);
        [header.as_flattened(), pixels].concat()
    }

    /// The bytes of an IDX file of labels: `count` in the header, then `labels`.
    fn labels(count: u32, labels: &[u8]) -> Vec<u8> {
        let header = [0x0801, count].map(u32::to_be_bytes);
        [header.as_flattened(), labels].concat()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(bytes: &[u8], kind: Kind) -> Result<Vec<u8>, DataError> {
        super::decode(bytes, Path::new("digits"), kind).map(Idx::into_items)
    }

    fn message(bytes: &[u8], kind: Kind) -> String {
        decode(bytes, kind).unwrap_err().to_string()
    }

    #[test]
    fn reads_the_pixels_of_plain_images() {
        let pixels: Vec<u8> = (0..2 * PIXELS).map(|i| (i % 251) as u8).collect();
        assert_eq!(decode(&images(2, &pixels), Kind::Images).unwrap(), pixels);
    }

    #[test]
    fn reads_plain_labels() {
        assert_eq!(decode(&labels(3, &[5, 0, 9]), Kind::Labels).unwrap(), [5, 0, 9]);
    }

    #[test]
    fn unpacks_gzip() {
        assert_eq!(decode(&gzip(&labels(3, &[5, 0, 9])), Kind::Labels).unwrap(), [5, 0, 9]);
    }

    #[test]
    fn unpacks_gzip_of_several_members() {
        let content = labels(3, &[5, 0, 9]);
        let members = [gzip(&content[..9]), gzip(&content[9..])].concat();
        assert_eq!(decode(&members, Kind::Labels).unwrap(), [5, 0, 9]);
    }

    #[test]
    fn reads_a_file_whatever_its_name_says_about_gzip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.gz");
        fs::write(&path, labels(3, &[5, 0, 9])).unwrap();
        assert_eq!(read(&path, Kind::Labels).unwrap().into_items(), [5, 0, 9]);
    }

    #[test]
    fn the_checksum_covers_header_and_items() {
        let content = super::decode(&labels(3, &[5, 0, 9])[..], Path::new("digits"), Kind::Labels);
        // printf '\0\0\10\1\0\0\0\3\5\0\11' | sha256sum
        let expected = "426dc2e9e7eea081ebaf345cde82a628112f5fc54a1e6b128e8b394a879f3a18";
        assert_eq!(content.unwrap().sha256(), expected);
    }

    #[test]
    fn rejects_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&folder.path().join("labels"), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
    }

    #[test]
    fn rejects_a_folder_in_place_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path(), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::NotAFile { .. }), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn rejects_an_endless_device() {
        let error = read(Path::new("/dev/zero"), Kind::Labels).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/dev/zero: expected a regular file, found something else; replace it by the file."
        );
    }

    #[test]
    fn rejects_another_magic_number() {
        assert_eq!(
            message(&labels(3, &[5, 0, 9]), Kind::Images),
            "digits: expected IDX images (magic number 0x00000803), found magic number 0x00000801; \
             check that the file is what its name says."
        );
    }

    #[test]
    fn rejects_an_empty_file() {
        assert_eq!(
            message(&[], Kind::Labels),
            "digits: expected 8 bytes (unpacked), found only 0; the file is truncated: \
             copy it again, or fetch MNIST with `make data`."
        );
    }

    #[test]
    fn rejects_a_truncated_header() {
        let error = decode(&images(1, &[])[..15], Kind::Images).unwrap_err();
        assert!(matches!(error, DataError::Truncated { expected: 16, found: 15, .. }), "{error}");
    }

    #[test]
    fn rejects_truncated_items() {
        let error = decode(&images(2, &[0; PIXELS]), Kind::Images).unwrap_err();
        assert!(
            matches!(error, DataError::Truncated { expected: 1584, found: 800, .. }),
            "{error}"
        );
    }

    #[test]
    fn rejects_a_file_longer_than_its_header_says() {
        assert_eq!(
            message(&labels(2, &[5, 0, 9]), Kind::Labels),
            "digits: expected 10 bytes (unpacked), as its header announces, found more; \
             copy it again, or fetch MNIST with `make data`."
        );
    }

    #[test]
    fn rejects_other_dimensions() {
        let header = [0x0803, 1, 32, 28].map(u32::to_be_bytes);
        assert_eq!(
            message(header.as_flattened(), Kind::Images),
            "digits: expected images of 28 x 28 pixels, found 32 x 28; rescale them first."
        );
    }

    #[test]
    fn rejects_a_file_of_nothing() {
        let error = decode(&labels(0, &[]), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::WrongCount { found: 0, .. }), "{error}");
    }

    #[test]
    fn rejects_a_header_that_announces_billions() {
        assert_eq!(
            message(&images(u32::MAX, &[]), Kind::Images),
            "digits: expected 1 to 1000000 items, found a header that announces 4294967295; \
             check that the file is intact."
        );
    }

    #[test]
    fn rejects_a_label_above_9() {
        assert_eq!(
            message(&labels(3, &[5, 10, 9]), Kind::Labels),
            "digits: expected labels from 0 to 9, found 10 at index 1; correct the file."
        );
    }

    #[test]
    fn rejects_truncated_gzip() {
        let packed = gzip(&labels(3, &[5, 0, 9]));
        let error = decode(&packed[..packed.len() - 1], Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::CorruptGzip { .. }), "{error}");
    }

    #[test]
    fn rejects_gzip_that_starts_well_and_goes_on_as_garbage() {
        let error = decode(&[&GZIP[..], &[7; 100]].concat(), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::CorruptGzip { .. }), "{error}");
    }

    #[test]
    fn rejects_gzip_with_a_wrong_checksum() {
        let mut packed = gzip(&labels(3, &[5, 0, 9]));
        let checksum = packed.len() - 8;
        packed[checksum] ^= 1;
        let error = decode(&packed, Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::CorruptGzip { .. }), "{error}");
    }

    #[test]
    fn rejects_garbage_after_gzip() {
        let packed = [gzip(&labels(3, &[5, 0, 9])), vec![7; 100]].concat();
        let error = decode(&packed, Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::CorruptGzip { .. }), "{error}");
    }

    #[test]
    fn stops_unpacking_one_byte_after_what_the_header_announces() {
        let mut content = &labels(3, &[5; 1_000_000])[..];
        let error = parse(&mut content, Path::new("digits"), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::TooLong { expected: 11, .. }), "{error}");
        assert_eq!(content.len(), 1_000_000 - 3 - 1);
    }

    #[test]
    fn rejects_gzip_that_unpacks_to_more_than_the_header_announces() {
        let error = decode(&gzip(&labels(3, &[5; 1_000_000])), Kind::Labels).unwrap_err();
        assert!(matches!(error, DataError::TooLong { expected: 11, .. }), "{error}");
    }
}

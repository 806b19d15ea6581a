//! The IDX format of MNIST's files, plain or gzip'd.
//!
//! A header of big-endian 32-bit numbers, then one byte per value. For images the header is the magic number
//! `0x00000803` and the numbers of images, rows and columns; for labels `0x00000801` and the number of labels.
//! The header alone makes the reader allocate nothing, and it reads at most one byte beyond what the header
//! announces.

use super::error::COPY_AGAIN;
use crate::error::{Error, Result};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Classes of digits, 0 to 9.
pub const CLASSES: usize = 10;

/// The greatest number of images or labels that one file may hold.
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

/// How an IDX file is built.
struct Layout {
    name: &'static str,
    magic: u32,
    header_bytes: usize,
    item_bytes: usize,
}

impl Kind {
    #[rustfmt::skip]
    fn layout(self) -> Layout {
        match self {
            Kind::Images => Layout { name: "images", magic: 0x0803, header_bytes: 16, item_bytes: PIXELS },
            Kind::Labels => Layout { name: "labels", magic: 0x0801, header_bytes: 8, item_bytes: 1 },
        }
    }
}

/// The content of one IDX file.
pub struct Idx {
    header: Vec<u8>,
    /// The values without the header: pixels `[n, 784]` or labels `[n]`.
    pub items: Vec<u8>,
}

impl Idx {
    /// SHA-256 of the whole unpacked content, header included, in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        let digest = Sha256::new().chain_update(&self.header).chain_update(&self.items);
        format!("{:x}", digest.finalize())
    }
}

/// Reads the file at `path`, plain or gzip'd.
///
/// # Errors
/// If the file cannot be read or is not well-formed IDX data of this kind.
pub fn read(path: &Path, kind: Kind) -> Result<Idx> {
    let unreadable = |error| Error::unreadable(path, error);
    // Opening a pipe would wait for its writer forever.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        let (file, other) = ("a regular file", "something else");
        return Err(Error::at(path, file, other, "replace it by the file"));
    }
    decode(BufReader::new(File::open(path).map_err(unreadable)?), path, kind)
}

/// Reads IDX data from `packed`, plain or gzip'd. Errors name them by `path`.
///
/// # Errors
/// If the data are not well-formed IDX data of this kind.
pub fn decode(mut packed: impl BufRead, path: &Path, kind: Kind) -> Result<Idx> {
    let start = packed.fill_buf().map_err(|error| fault(path, error))?;
    if start.starts_with(&GZIP) {
        parse(MultiGzDecoder::new(packed), path, kind)
    } else {
        parse(packed, path, kind)
    }
}

fn parse(mut content: impl Read, path: &Path, kind: Kind) -> Result<Idx> {
    let layout = kind.layout();
    let header = read_at_most(&mut content, layout.header_bytes, path)?;
    let items_bytes = item_count(&header, path, &layout)? * layout.item_bytes;
    // One byte more shows data that go on, and reading to the end checks gzip's checksum.
    let items = read_at_most(&mut content, items_bytes + 1, path)?;
    let expected = header.len() + items_bytes;
    if items.len() < items_bytes {
        return Err(truncated(path, expected, header.len() + items.len()));
    }
    if items.len() > items_bytes {
        let expected = format!("{expected} bytes (unpacked), as its header announces");
        return Err(Error::at(path, expected, "more", COPY_AGAIN));
    }
    if kind == Kind::Labels {
        check_labels(path, &items, "correct the file")?;
    }
    Ok(Idx { header, items })
}

/// The number of items that the header announces.
fn item_count(header: &[u8], path: &Path, layout: &Layout) -> Result<usize> {
    let Layout { name, magic, header_bytes, .. } = *layout;
    let (numbers, _) = header.as_chunks::<4>();
    let numbers: Vec<u32> = numbers.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
    let is_whole = header.len() == header_bytes;
    match numbers[..] {
        [found, ..] if found != magic => {
            let expected = format!("IDX {name} (magic number {magic:#010x})");
            let found = format!("magic number {found:#010x}");
            Err(Error::at(path, expected, found, "check that the file is what its name says"))
        }
        [_, _, rows, columns] if [rows, columns] != [SIDE as u32; 2] => {
            Err(wrong_size(path, rows, columns))
        }
        [_, count, ..] if is_whole && (1..=MAX_ITEMS).contains(&count) => Ok(count as usize),
        [_, count, ..] if is_whole => {
            let expected = format!("1 to {MAX_ITEMS} items");
            let found = format!("a header that announces {count}");
            Err(Error::at(path, expected, found, "check that the file is intact"))
        }
        _ => Err(truncated(path, header_bytes, header.len())),
    }
}

fn truncated(path: &Path, expected: usize, found: usize) -> Error {
    let (expected, found) = (format!("{expected} bytes (unpacked)"), format!("only {found}"));
    Error::at(path, expected, found, format!("the file is truncated: {COPY_AGAIN}"))
}

/// The fault of an image that is not 28 x 28.
pub(super) fn wrong_size(path: &Path, rows: u32, columns: u32) -> Error {
    let expected = format!("images of {SIDE} x {SIDE} pixels");
    Error::at(path, expected, format!("{rows} x {columns}"), "rescale them first")
}

/// Checks that every label is a digit.
pub(super) fn check_labels(place: impl AsRef<Path>, labels: &[u8], remedy: &str) -> Result<()> {
    let is_wrong = |label: &u8| usize::from(*label) >= CLASSES;
    let Some(index) = labels.iter().position(is_wrong) else { return Ok(()) };
    let found = format!("{} at index {index}", labels[index]);
    Err(Error::at(place, "labels from 0 to 9", found, remedy))
}

/// Reads the next bytes, at most `limit`; memory grows with what is there.
fn read_at_most(content: &mut impl Read, limit: usize, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(limit as u64).read_to_end(&mut bytes).map_err(|error| fault(path, error))?;
    Ok(bytes)
}

/// An error with a number comes from the operating system, any other from the gzip decoder.
fn fault(path: &Path, error: io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::unreadable(path, error);
    }
    Error::at(path, "intact gzip data", format!("damage ({error})"), COPY_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

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

    fn decode(bytes: &[u8], kind: Kind) -> Result<Vec<u8>> {
        super::decode(bytes, Path::new("digits"), kind).map(|idx| idx.items)
    }

    /// Checks the error after the file's name.
    fn assert_fault(bytes: &[u8], kind: Kind, expected: &str) {
        let message = decode(bytes, kind).unwrap_err().to_string();
        assert_eq!(message.strip_prefix("digits: "), Some(expected));
    }

    #[test]
    fn reads_the_pixels_of_images() {
        let pixels: Vec<u8> = (0..2 * PIXELS).map(|i| (i % 251) as u8).collect();
        assert_eq!(decode(&images(2, &pixels), Kind::Images).unwrap(), pixels);
    }

    #[test]
    fn reads_labels_plain_and_from_gzip_of_one_and_of_several_members() {
        let content = labels(3, &[5, 0, 9]);
        let members = [gzip(&content[..9]), gzip(&content[9..])].concat();
        for bytes in [&content, &gzip(&content), &members] {
            assert_eq!(decode(bytes, Kind::Labels).unwrap(), [5, 0, 9]);
        }
    }

    #[test]
    fn reads_a_file_whatever_its_name_says_about_gzip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.gz");
        fs::write(&path, labels(3, &[5, 0, 9])).unwrap();
        assert_eq!(read(&path, Kind::Labels).unwrap().items, [5, 0, 9]);
    }

    #[test]
    fn the_checksum_covers_header_and_items() {
        let content = super::decode(&labels(3, &[5, 0, 9])[..], Path::new("digits"), Kind::Labels);
        // printf '\0\0\10\1\0\0\0\3\5\0\11' | sha256sum
        let expected = "426dc2e9e7eea081ebaf345cde82a628112f5fc54a1e6b128e8b394a879f3a18";
        assert_eq!(content.map(|idx| idx.sha256()).unwrap(), expected);
    }

    #[test]
    fn rejects_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&folder.path().join("labels"), Kind::Labels).err().unwrap().to_string();
        assert!(error.contains("labels: expected readable data, found an obstacle ("), "{error}");
    }

    #[test]
    fn rejects_folders_and_endless_devices() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/zero")].into_iter().filter(|path| path.exists())
        {
            let error = read(path, Kind::Labels).err().unwrap().to_string();
            let expected =
                ": expected a regular file, found something else; replace it by the file.";
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn rejects_another_magic_number() {
        assert_fault(
            &labels(3, &[5, 0, 9]),
            Kind::Images,
            "expected IDX images (magic number 0x00000803), found magic number 0x00000801; check that the file is \
             what its name says.",
        );
    }

    #[test]
    fn rejects_truncated_headers_and_items() {
        for (bytes, kind, expected, found) in [
            (&[][..], Kind::Labels, 8, 0),
            (&images(1, &[])[..8], Kind::Images, 16, 8),
            (&images(1, &[])[..15], Kind::Images, 16, 15),
            (&images(2, &[0; PIXELS]), Kind::Images, 1584, 800),
        ] {
            let message = format!(
                "expected {expected} bytes (unpacked), found only {found}; the file is truncated: copy it again, or \
                 fetch MNIST with `make data`."
            );
            assert_fault(bytes, kind, &message);
        }
    }

    #[test]
    fn rejects_a_file_longer_than_its_header_announces() {
        let content = labels(2, &[5, 0, 9]);
        for bytes in [&content, &gzip(&content)] {
            assert_fault(
                bytes,
                Kind::Labels,
                "expected 10 bytes (unpacked), as its header announces, found more; copy it again, or fetch MNIST \
                 with `make data`.",
            );
        }
    }

    #[test]
    fn rejects_other_dimensions() {
        let header = [0x0803, 1, 32, 28].map(u32::to_be_bytes);
        assert_fault(
            header.as_flattened(),
            Kind::Images,
            "expected images of 28 x 28 pixels, found 32 x 28; rescale them first.",
        );
    }

    #[test]
    fn rejects_headers_that_announce_nothing_or_billions() {
        for count in [0, u32::MAX] {
            let message = format!(
                "expected 1 to 1000000 items, found a header that announces {count}; check that the file is intact."
            );
            assert_fault(&images(count, &[]), Kind::Images, &message);
            assert_fault(&labels(count, &[]), Kind::Labels, &message);
        }
    }

    #[test]
    fn rejects_a_label_above_9() {
        assert_fault(
            &labels(3, &[5, 10, 9]),
            Kind::Labels,
            "expected labels from 0 to 9, found 10 at index 1; correct the file.",
        );
    }

    #[test]
    fn rejects_damaged_gzip() {
        let packed = gzip(&labels(3, &[5, 0, 9]));
        let mut wrong_checksum = packed.clone();
        wrong_checksum[packed.len() - 8] ^= 1;
        for (damage, bytes) in [
            ("truncated", packed[..packed.len() - 1].to_vec()),
            ("garbage after the magic number", [&GZIP[..], &[7; 100]].concat()),
            ("wrong checksum", wrong_checksum),
            ("garbage at the end", [&packed[..], &[7; 100]].concat()),
        ] {
            let error = decode(&bytes, Kind::Labels).expect_err(damage).to_string();
            assert!(error.contains("expected intact gzip data, found damage ("), "{error}");
        }
    }

    #[test]
    fn stops_unpacking_one_byte_after_what_the_header_announces() {
        let mut content = &labels(3, &[5; 1_000_000])[..];
        let error =
            parse(&mut content, Path::new("digits"), Kind::Labels).err().unwrap().to_string();
        assert!(error.contains("found more"), "{error}");
        assert_eq!(content.len(), 1_000_000 - 3 - 1);
    }
}

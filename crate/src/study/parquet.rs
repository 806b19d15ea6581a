//! Scores as a [Parquet](https://parquet.apache.org) file that knows its settings and whether it is undamaged.

use super::{Record, Seeds};
use crate::train::{Epoch, Score};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::{Row, RowAccessor};
use parquet::schema::parser::parse_message_type;
use polars::prelude::{Column, DataFrame};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::ops::Range;
use std::sync::Arc;

const SETTINGS: &str = "hinge.settings";
/// The SHA-256 of the file in which it is all zeros.
const SEAL: &str = "hinge.seal";
const SEAL_MARK: &str = "sha256:";
const DIGITS: usize = 64;

/// The content of a file of the columns of `frame`, which are of type `u64` or `f64`; it is not compressed.
/// The settings and a checksum of the whole are in its metadata.
pub(super) fn bytes(frame: &DataFrame, settings: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let field = |column: &Column| match column.u64() {
        Ok(_) => format!("required int64 {} (INTEGER(64, false));", column.name()),
        Err(_) => format!("required double {};", column.name()),
    };
    let fields: String = frame.columns().iter().map(field).collect();
    let schema = Arc::new(parse_message_type(&format!("message scores {{ {fields} }}"))?);
    let metadata = vec![
        KeyValue::new(SETTINGS.into(), settings.to_string()),
        KeyValue::new(SEAL.into(), format!("{SEAL_MARK}{}", "0".repeat(DIGITS))),
    ];
    let properties = WriterProperties::builder().set_key_value_metadata(Some(metadata)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for column in frame.columns() {
        match column.u64() {
            // Parquet stores unsigned numbers as the signed ones with the same bits.
            Ok(counts) => write::<Int64Type>(&mut rows, counts.iter().flatten().map(|n| n as i64))?,
            Err(_) => write::<DoubleType>(&mut rows, column.f64()?.iter().flatten())?,
        }
    }
    rows.close()?;
    let mut bytes = writer.into_inner()?;
    let seal = format!("{:x}", Sha256::digest(&bytes));
    let place = place_of_seal(&bytes).ok_or("it has no place for a checksum")?;
    bytes[place].copy_from_slice(seal.as_bytes());
    Ok(bytes)
}

/// Writes the next column of the schema.
fn write<T: DataType>(
    rows: &mut SerializedRowGroupWriter<Vec<u8>>,
    values: impl Iterator<Item = T::T>,
) -> Result<(), Box<dyn Error>> {
    if let Some(mut column) = rows.next_column()? {
        column.typed::<T>().write_batch(&values.collect::<Vec<_>>(), None, None)?;
        column.close()?;
    }
    Ok(())
}

fn place_of_seal(bytes: &[u8]) -> Option<Range<usize>> {
    let mark = bytes.windows(SEAL_MARK.len()).rposition(|part| part == SEAL_MARK.as_bytes())?;
    let start = mark + SEAL_MARK.len();
    (start + DIGITS <= bytes.len()).then_some(start..start + DIGITS)
}

/// The settings of a file of experiments and the records of each with the experiment's number; nothing if a bit of it
/// is not as it was written.
pub(super) fn read(mut bytes: Vec<u8>) -> Option<(String, Vec<(u64, Record)>)> {
    let place = place_of_seal(&bytes)?;
    let seal = bytes[place.clone()].to_vec();
    bytes[place].fill(b'0');
    if format!("{:x}", Sha256::digest(&bytes)).as_bytes() != seal {
        return None;
    }
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).ok()?;
    let metadata = reader.metadata().file_metadata().key_value_metadata()?;
    let settings = metadata.iter().find(|entry| entry.key == SETTINGS)?.value.clone()?;
    let rows = reader.get_row_iter(None).ok()?;
    Some((settings, rows.map(|row| record(&row.ok()?)).collect::<Option<_>>()?))
}

/// The columns of a row from the last: four scores, the epoch, one seed or four, and the experiment.
fn record(row: &Row) -> Option<(u64, Record)> {
    let epoch = row.len().checked_sub(5)?;
    let count = |at: usize| row.get_ulong(at).ok();
    let score = |at: usize| {
        Some(Score { loss: row.get_double(at).ok()?, accuracy: row.get_double(at + 1).ok()? })
    };
    let seed = match epoch {
        2 => count(1)?.into(),
        _ => Seeds {
            train_sample: count(1)?,
            test_sample: count(2)?,
            initialisation: count(3)?,
            order: count(4)?,
        },
    };
    let (number, train, test) = (count(epoch)? as usize, score(epoch + 1)?, score(epoch + 3)?);
    Some((count(0)?, Record { seed, scores: Epoch { number, train, test } }))
}

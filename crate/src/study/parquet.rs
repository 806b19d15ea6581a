//! Scores as a [Parquet](https://parquet.apache.org) file.

use super::Record;
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

const SCHEMA: &str = "message scores {
    required int64 seed (INTEGER(64, false));
    required int64 epoch (INTEGER(64, false));
    required double train_loss;
    required double train_accuracy;
    required double test_loss;
    required double test_accuracy;
}";

/// The content of the file: a row for each record, not compressed.
pub(super) fn bytes(records: &[Record]) -> Result<Vec<u8>> {
    let schema = parse_message_type(SCHEMA)?;
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default())?;
    let mut rows = writer.next_row_group()?;
    let counts: [fn(&Record) -> i64; 2] = [
        // Parquet keeps unsigned numbers as the signed ones with the same bits.
        |record| record.seed as i64,
        |record| record.epoch as i64,
    ];
    let scores: [fn(&Record) -> f64; 4] = [
        |record| record.train_loss,
        |record| record.train_accuracy,
        |record| record.test_loss,
        |record| record.test_accuracy,
    ];
    for count in counts {
        write::<Int64Type>(&mut rows, records.iter().map(count).collect())?;
    }
    for score in scores {
        write::<DoubleType>(&mut rows, records.iter().map(score).collect())?;
    }
    rows.close()?;
    writer.into_inner()
}

/// Writes the next column of the schema.
fn write<T: DataType>(
    rows: &mut SerializedRowGroupWriter<Vec<u8>>,
    values: Vec<T::T>,
) -> Result<()> {
    if let Some(mut column) = rows.next_column()? {
        column.typed::<T>().write_batch(&values, None, None)?;
        column.close()?;
    }
    Ok(())
}

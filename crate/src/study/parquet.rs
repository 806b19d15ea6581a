//! Scores as a [Parquet](https://parquet.apache.org) file.

use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use polars::prelude::{Column, DataFrame};
use std::error::Error;
use std::sync::Arc;

/// The content of a file of the columns of `frame`, which are of type `u64` or `f64`; it is not compressed.
pub(super) fn bytes(frame: &DataFrame) -> Result<Vec<u8>, Box<dyn Error>> {
    let field = |column: &Column| match column.u64() {
        Ok(_) => format!("required int64 {} (INTEGER(64, false));", column.name()),
        Err(_) => format!("required double {};", column.name()),
    };
    let fields: String = frame.columns().iter().map(field).collect();
    let schema = Arc::new(parse_message_type(&format!("message scores {{ {fields} }}"))?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default())?;
    let mut rows = writer.next_row_group()?;
    for column in frame.columns() {
        match column.u64() {
            // Parquet stores unsigned numbers as the signed ones with the same bits.
            Ok(counts) => write::<Int64Type>(&mut rows, counts.iter().flatten().map(|n| n as i64))?,
            Err(_) => write::<DoubleType>(&mut rows, column.f64()?.iter().flatten())?,
        }
    }
    rows.close()?;
    Ok(writer.into_inner()?)
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

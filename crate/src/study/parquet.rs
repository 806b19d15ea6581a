//! Scores as a [Parquet](https://parquet.apache.org) file.

use super::records::{Column, Values};
use parquet::data_type::{DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::sync::Arc;

/// The content of the file, not compressed.
pub(super) fn bytes(columns: &[Column]) -> Result<Vec<u8>> {
    let field = |column: &Column| match column.values {
        Values::Counts(_) => format!("required int64 {} (INTEGER(64, false));", column.name),
        Values::Scores(_) => format!("required double {};", column.name),
    };
    let fields: String = columns.iter().map(field).collect();
    let schema = Arc::new(parse_message_type(&format!("message scores {{ {fields} }}"))?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default())?;
    let mut rows = writer.next_row_group()?;
    for column in columns {
        match &column.values {
            // Parquet stores unsigned numbers as the signed ones with the same bits.
            Values::Counts(counts) => {
                let signed: Vec<i64> = counts.iter().map(|count| *count as i64).collect();
                write::<Int64Type>(&mut rows, &signed)?;
            }
            Values::Scores(scores) => write::<DoubleType>(&mut rows, scores)?,
        }
    }
    rows.close()?;
    writer.into_inner()
}

/// Writes the next column of the schema.
fn write<T: DataType>(rows: &mut SerializedRowGroupWriter<Vec<u8>>, values: &[T::T]) -> Result<()> {
    if let Some(mut column) = rows.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

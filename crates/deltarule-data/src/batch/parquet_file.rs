//! Parquet files: the types of their columns, and the batches of their row groups.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_ipc::convert::try_schema_from_ipc_buffer;
use arrow_schema::{DataType, Field, Schema};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;

use super::{Batches, damaged};
use crate::error::{DataError, Result};

/// How many rows are decoded at a time.
const BATCH_ROWS: usize = 64 * 1024;

/// What a file says of itself.
///
/// Errors: Parquet's, of a file that is damaged.
pub(super) fn metadata(file: &File) -> std::result::Result<ArrowReaderMetadata, ParquetError> {
    let found = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
    let written = written_schema(&found);
    let fields = found.schema().fields().iter().map(|field| {
        let written = written.as_ref().and_then(|schema| schema.field_with_name(field.name()).ok());
        match read_as(field.data_type(), written.map(Field::data_type)) {
            Some(data_type) => Arc::new(field.as_ref().clone().with_data_type(data_type)),
            None => Arc::clone(field),
        }
    });
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), found.schema().metadata().clone());
    if schema == **found.schema() {
        return Ok(found);
    }
    ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), ArrowReaderOptions::new().with_schema(Arc::new(schema)))
}

/// The types that the program which wrote the file had, where it is one of Arrow.
fn written_schema(metadata: &ArrowReaderMetadata) -> Option<Schema> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata()?;
    let text = pairs.iter().find(|pair| pair.key == ARROW_SCHEMA_META_KEY)?.value.as_ref()?;
    try_schema_from_ipc_buffer(&BASE64_STANDARD.decode(text).ok()?).ok()
}

/// As what a column is read that would be read as another type.
///
/// Parquet has no timestamps in seconds, which are written as milliseconds, and its reader then passes over the zone; nor does it read dictionaries of
/// all types as such.
fn read_as(found: &DataType, written: Option<&DataType>) -> Option<DataType> {
    match (found, written) {
        (DataType::Timestamp(unit, Some(_)), Some(DataType::Timestamp(_, zone @ Some(_)))) => {
            Some(DataType::Timestamp(*unit, zone.clone()))
        }
        (DataType::Dictionary(_, values), _) if values.is_primitive() || **values == DataType::Boolean => {
            Some((**values).clone())
        }
        _ => None,
    }
}

/// Decodes a row group, or all of them, of some columns, or all of them.
///
/// Errors: the file cannot be read, or is compressed in a way that is not read here.
pub(super) fn decode(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    group: Option<usize>,
    columns: Option<&[usize]>,
) -> Result<Batches> {
    let name = path.display().to_string();
    check_codecs(&name, metadata, group, columns)?;
    let file = File::open(path).map_err(|error| DataError::Io { file: name.clone(), error })?;
    let mut builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone()).with_batch_size(BATCH_ROWS);
    if let Some(group) = group {
        builder = builder.with_row_groups(vec![group]);
    }
    if let Some(columns) = columns {
        let mask = ProjectionMask::roots(metadata.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    let reader = builder.build().map_err(|error| damaged(&name, error))?;
    Ok(Box::new(reader))
}

/// Errors: one of the columns that [`decode`] decodes is compressed in a way that is not read here.
fn check_codecs(
    file: &str,
    metadata: &ArrowReaderMetadata,
    group: Option<usize>,
    columns: Option<&[usize]>,
) -> Result<()> {
    let groups = metadata.metadata().row_groups().iter().enumerate();
    for (_, group) in groups.filter(|(place, _)| group.is_none_or(|group| group == *place)) {
        for (leaf, chunk) in group.columns().iter().enumerate() {
            let codec = match chunk.compression() {
                // A query engine brings it along.
                Compression::BROTLI(_) if !cfg!(feature = "sql") => "Brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            let root = metadata.parquet_schema().get_column_root_idx(leaf);
            if columns.is_none_or(|columns| columns.contains(&root)) {
                let column = metadata.parquet_schema().get_column_root(leaf).name().to_owned();
                return Err(DataError::Codec { file: file.to_owned(), column, codec });
            }
        }
    }
    Ok(())
}

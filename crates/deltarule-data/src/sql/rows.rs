//! Tables of text, and of Arrow, for a query: what our own readers give, batch by batch. The types of text are those of all of its values, as everywhere,
//! so it is read twice; what is in a store is copied to a file first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow_array::types::Date32Type;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_cast::cast;
use arrow_cast::parse::Parser;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use tempfile::NamedTempFile;

use super::places::Place;
use super::tables::common;
use crate::batch::BatchReader;
use crate::csv::{CsvOptions, CsvReader, Decimal, Record, is_missing, is_nested, nested, parse_number};
use crate::error::{DataError, Result};
use crate::format::FileFormat;
use crate::order::order;
use crate::reader::Inner;

/// So many records are a batch.
const BATCH: usize = 8192;

/// Files of one table, with the copies of those that are not on this machine.
#[derive(Debug, Clone)]
pub(super) struct RowFiles {
    files: Vec<Arc<RowFile>>,
    schema: SchemaRef,
    csv: CsvOptions,
}

/// A file, or the copy of an object.
#[derive(Debug)]
struct RowFile {
    name: String,
    path: PathBuf,
    /// Its own columns.
    schema: SchemaRef,
    /// The path is that of this copy, which is gone with it.
    _copy: Option<NamedTempFile>,
}

impl RowFiles {
    /// Errors: a file cannot be read, is in libsvm's format, or has other columns than the first; to break off was asked for.
    pub(super) async fn open(places: &[Place], csv: &CsvOptions, interrupted: fn() -> bool) -> Result<Self> {
        let mut files = Vec::with_capacity(places.len());
        for place in places {
            let copy = if place.path.is_none() { Some(place.copy().await?) } else { None };
            let path = copy.as_ref().map_or(place.path.as_deref().unwrap_or(Path::new("")), NamedTempFile::path);
            let (name, path) = (place.name.clone(), path.to_owned());
            let schema = match open(&path, &name, csv)? {
                Opened::Text(reader) => types_of(*reader, interrupted)?,
                Opened::Batches(reader) => Arc::clone(reader.schema()),
            };
            files.push(Arc::new(RowFile { name, path, schema, _copy: copy }));
        }
        let schemas: Vec<(String, SchemaRef)> =
            files.iter().map(|file| (file.name.clone(), Arc::clone(&file.schema))).collect();
        Ok(Self { files, schema: common(&schemas)?, csv: *csv })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

/// A file that is read.
enum Opened {
    Text(Box<CsvReader>),
    Batches(Box<BatchReader>),
}

fn open(path: &Path, name: &str, csv: &CsvOptions) -> Result<Opened> {
    match Inner::open_as(path, Some(name.to_owned()), csv)? {
        Inner::Csv(reader) => Ok(Opened::Text(reader)),
        Inner::Batches(reader) => Ok(Opened::Batches(reader)),
        Inner::Libsvm(_) => Err(DataError::SparseSetting { file: name.to_owned(), setting: "--sql" }),
    }
}

/// What the values of a column of text are so far.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds {
    whole: bool,
    number: bool,
    truth: bool,
    day: bool,
    word: bool,
}

impl Kinds {
    fn add(&mut self, field: &[u8], decimal: Decimal) {
        if parse_number(field, decimal).is_some() {
            let is_whole = whole(field).is_some();
            (self.whole, self.number) = (self.whole || is_whole, self.number || !is_whole);
        } else if is_missing(field) {
        } else if truth(field).is_some() {
            self.truth = true;
        } else if day(field).is_some() {
            self.day = true;
        } else {
            self.word = true;
        }
    }

    fn of_type(self) -> DataType {
        match self {
            Kinds { word: true, .. } => DataType::Utf8,
            Kinds { truth: false, day: false, whole: true, number: false, .. } => DataType::Int64,
            Kinds { truth: false, day: false, number: true, .. } => DataType::Float64,
            Kinds { truth: true, day: false, whole: false, number: false, .. } => DataType::Boolean,
            Kinds { truth: false, day: true, whole: false, number: false, .. } => DataType::Date32,
            _ => DataType::Utf8,
        }
    }
}

/// A whole number; -0 is none, since it has a sign.
fn whole(field: &[u8]) -> Option<i64> {
    let number = std::str::from_utf8(field).ok()?.parse().ok()?;
    (number != 0 || !field.starts_with(b"-")).then_some(number)
}

fn truth(field: &[u8]) -> Option<bool> {
    let is = |word: &[u8]| field.eq_ignore_ascii_case(word);
    if is(b"true") { Some(true) } else { is(b"false").then_some(false) }
}

/// Days from 1970-01-01 of a date as ISO 8601 has it, which is then written in the same way.
fn day(field: &[u8]) -> Option<i32> {
    let is_of_form = field.len() == 10 && field[4] == b'-' && field[7] == b'-' && field[0].is_ascii_digit();
    Date32Type::parse(std::str::from_utf8(field).ok().filter(|_| is_of_form)?)
}

/// The columns of a text.
fn types_of(mut reader: CsvReader, interrupted: fn() -> bool) -> Result<SchemaRef> {
    let decimal = reader.decimal();
    let mut kinds = vec![Kinds::default(); reader.header().len()];
    let mut n = 0;
    while let Some(record) = reader.next_record()? {
        for (column, kinds) in kinds.iter_mut().enumerate() {
            kinds.add(record.trimmed(column), decimal);
        }
        n += 1;
        if n % BATCH == 0 && interrupted() {
            return Err(DataError::Interrupted { file: reader.name().to_owned() });
        }
    }
    let fields = reader.header().iter().zip(kinds).map(|(name, kinds)| Field::new(name, kinds.of_type(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// A column of text on its way to an array.
enum Column {
    Whole(Int64Builder),
    Numbers(Float64Builder),
    Truths(BooleanBuilder),
    Days(Date32Builder),
    Texts(StringBuilder),
}

impl Column {
    fn of(of_type: &DataType) -> Self {
        match of_type {
            DataType::Int64 => Column::Whole(Int64Builder::new()),
            DataType::Float64 => Column::Numbers(Float64Builder::new()),
            DataType::Boolean => Column::Truths(BooleanBuilder::new()),
            DataType::Date32 => Column::Days(Date32Builder::new()),
            _ => Column::Texts(StringBuilder::new()),
        }
    }

    /// Takes the next field. The inner error is a text that is not UTF-8.
    fn push(&mut self, field: &[u8], decimal: Decimal) -> std::result::Result<(), std::str::Utf8Error> {
        match self {
            Column::Whole(numbers) => numbers.append_option(whole(field)),
            Column::Numbers(numbers) => numbers.append_option(parse_number(field, decimal)),
            Column::Truths(truths) => truths.append_option(truth(field)),
            Column::Days(days) => days.append_option(day(field)),
            Column::Texts(texts) if is_missing(field) => texts.append_null(),
            Column::Texts(texts) => texts.append_value(std::str::from_utf8(field)?),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Whole(numbers) => Arc::new(numbers.finish()),
            Column::Numbers(numbers) => Arc::new(numbers.finish()),
            Column::Truths(truths) => Arc::new(truths.finish()),
            Column::Days(days) => Arc::new(days.finish()),
            Column::Texts(texts) => Arc::new(texts.finish()),
        }
    }
}

/// Goes through the batches of one file.
struct Batches {
    name: String,
    opened: Opened,
    columns: Vec<Column>,
}

impl Batches {
    fn of(file: &RowFile, csv: &CsvOptions) -> Result<Self> {
        let opened = open(&file.path, &file.name, csv)?;
        let columns = file.schema.fields().iter().map(|field| Column::of(field.data_type())).collect();
        Ok(Self { name: file.name.clone(), opened, columns })
    }

    /// The next batch, its columns as they stand in the file.
    fn next(&mut self) -> Result<Option<Vec<RecordBatch>>> {
        match &mut self.opened {
            Opened::Batches(reader) => {
                let Some(piece) = reader.next_piece()? else { return Ok(None) };
                let damaged = |error: arrow_schema::ArrowError| DataError::Damaged {
                    file: self.name.clone(),
                    reason: error.to_string(),
                };
                let batches = piece.batches(&vec![true; reader.header().len()])?;
                Ok(Some(batches.map(|batch| batch.map_err(damaged)).collect::<Result<_>>()?))
            }
            Opened::Text(reader) => {
                let (header, decimal) = (reader.header().to_vec(), reader.decimal());
                let mut n = 0;
                while n < BATCH {
                    let Some(record) = reader.next_record()? else { break };
                    push(&mut self.columns, &record, decimal, (&self.name, &header))?;
                    n += 1;
                }
                if n == 0 {
                    return Ok(None);
                }
                let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect();
                let fields =
                    header.iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true));
                let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                let options = RecordBatchOptions::new().with_row_count(Some(n));
                let batch = RecordBatch::try_new_with_options(schema, arrays, &options);
                let damaged = |error: arrow_schema::ArrowError| DataError::Damaged {
                    file: self.name.clone(),
                    reason: error.to_string(),
                };
                Ok(Some(vec![batch.map_err(damaged)?]))
            }
        }
    }
}

fn push(
    columns: &mut [Column],
    record: &Record<'_>,
    decimal: Decimal,
    (file, header): (&str, &[String]),
) -> Result<()> {
    for (place, column) in columns.iter_mut().enumerate() {
        let field = record.trimmed(place);
        column.push(field, decimal).map_err(|error| {
            let bad = &field[error.valid_up_to()..(error.valid_up_to() + 4).min(field.len())];
            let (file, line, column) = (file.to_owned(), record.at.number(), header[place].clone());
            if is_nested(field) {
                return nested(&file, line, &column, "; write what is in it as columns of their own");
            }
            DataError::Encoding { file, line, column, found: bad.escape_ascii().to_string() }
        })?;
    }
    Ok(())
}

impl RowFiles {
    /// The batches of all files, their columns those of the table.
    fn batches(&self) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        let Self { files, schema, csv } = self.clone();
        files.into_iter().flat_map(move |file| {
            let (schema, csv) = (Arc::clone(&schema), csv);
            let mut batches = None;
            let mut is_over = false;
            std::iter::from_fn(move || {
                if is_over {
                    return None;
                }
                let next = (|| {
                    if batches.is_none() {
                        batches = Some(Batches::of(&file, &csv)?);
                    }
                    batches.as_mut().map_or(Ok(None), Batches::next)
                })();
                is_over = !matches!(next, Ok(Some(_)));
                match next {
                    Err(error) => Some(vec![Err(error)]),
                    Ok(next) => Some(next?.into_iter().map(|batch| fit(&file.name, &batch, &schema)).collect()),
                }
            })
            .flatten()
        })
    }
}

/// A batch with the columns of the table, in their order and of their types.
fn fit(name: &str, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let names = |schema: &Schema| schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let places = order((name, &names(schema)), (name, &names(&batch.schema())), FileFormat::Batches)?;
    let damaged =
        |error: arrow_schema::ArrowError| DataError::Damaged { file: name.to_owned(), reason: error.to_string() };
    let array = |(column, field): (usize, &Arc<Field>)| {
        let array = batch.column(places.as_ref().map_or(column, |places| places[column]));
        if array.data_type() == field.data_type() { Ok(Arc::clone(array)) } else { cast(array, field.data_type()) }
    };
    let arrays = schema.fields().iter().enumerate().map(array).collect::<std::result::Result<Vec<_>, _>>();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays.map_err(damaged)?, &options).map_err(damaged)
}

impl PartitionStream for RowFiles {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _tasks: Arc<TaskContext>) -> SendableRecordBatchStream {
        let outer = |batch: Result<RecordBatch>| batch.map_err(|error| DataFusionError::External(Box::new(error)));
        let batches = futures::stream::iter(self.batches().map(outer));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

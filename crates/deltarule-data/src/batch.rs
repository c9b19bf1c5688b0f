//! Tables with types of their own: Parquet and Arrow IPC (file and stream), by way of Arrow's record batches.
//!
//! What becomes of a type: integers up to 64 bits, floats of any width and decimals are numbers (a whole number beyond 2⁵³, which f64
//! does not hold exactly, is an error unless the column is a category or left out); booleans are booleans; texts, dictionaries of
//! texts, dates, times and timestamps are texts (ISO 8601), with the same words for missing as in CSV; null and NaN are missing;
//! where numbers are taken as texts (categories, hashed columns), those of floats have a point, as other programs write them to CSV: 17.0;
//! decimals of more than 15 digits are read from their text, which is what they are as texts;
//! timestamps with a zone are those of its clock, with the offset that it has from UTC (summer time counts); where the zone has a name, a column of `--date` keeps it;
//! a column of nulls alone is missing throughout; lists, structures, maps and bytes cannot be used, and are told by name.

mod lengths;
mod parquet_file;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use self::parquet_file::decode;
use crate::at::At;
use crate::csv::{Decimal, Fingerprint, Record, Row, is_missing, parse_number};
use crate::error::{DataError, Result};
use crate::sieve::Value;
#[cfg(feature = "sql")]
use crate::sql::QueryStream;

/// The fingerprint covers so many bytes at each end of a file, and its length.
const FINGERPRINT_BYTES: u64 = 1024 * 1024;

/// f64 tells decimals of so many digits apart.
const DECIMAL_DIGITS: i32 = 15;

/// The values of one column of a batch, as far as deltarule tells types apart.
pub(crate) enum Cells {
    Numbers(Float64Array),
    Integers(Int64Array),
    Naturals(UInt64Array),
    /// Decimals of more digits than f64 tells apart, and their texts.
    Decimals(Float64Array, StringArray),
    Booleans(BooleanArray),
    Texts(StringArray),
    /// Texts as codes of texts of which each is there once, or may be; a code that is there is that of a text.
    Coded {
        codes: UInt32Array,
        texts: StringArray,
    },
    Nothing,
    /// A type that cannot be used, by its name.
    Unsupported(String),
}

impl Cells {
    /// Makes cells of an array.
    ///
    /// Errors: Arrow's, of values that cannot be read.
    pub(crate) fn of(array: &dyn Array) -> std::result::Result<Self, ArrowError> {
        use DataType as D;
        Ok(match array.data_type() {
            D::Null => Cells::Nothing,
            D::Boolean => Cells::Booleans(array.as_boolean().clone()),
            D::Int64 => Cells::Integers(array.as_primitive::<Int64Type>().clone()),
            D::UInt64 => Cells::Naturals(array.as_primitive::<UInt64Type>().clone()),
            D::Int8 | D::Int16 | D::Int32 | D::UInt8 | D::UInt16 | D::UInt32 => {
                Cells::Integers(cast(array, &D::Int64)?.as_primitive::<Int64Type>().clone())
            }
            D::Float64 => Cells::Numbers(array.as_primitive::<Float64Type>().clone()),
            D::Decimal64(precision, scale) | D::Decimal128(precision, scale) | D::Decimal256(precision, scale)
                if i32::from(*precision) - i32::from(*scale).min(0) > DECIMAL_DIGITS =>
            {
                let texts: StringArray = cast(array, &D::Utf8)?.as_string::<i32>().iter().map(whole_as_such).collect();
                let number = |text: Option<&str>| parse_number(text?.as_bytes(), Decimal::Point);
                Cells::Decimals(texts.iter().map(number).collect(), texts)
            }
            D::Float16 | D::Float32 | D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
                Cells::Numbers(cast(array, &D::Float64)?.as_primitive::<Float64Type>().clone())
            }
            D::Timestamp(_, Some(zone)) if !is_known(zone) => Cells::Unsupported(format!(
                "timestamp in the zone {zone}, which is none that is known (in UTC, or without a zone, they can be read)"
            )),
            D::Timestamp(unit, Some(zone)) if &**zone == "Z" => {
                Self::of(&cast(array, &D::Timestamp(*unit, Some("+00:00".into())))?)?
            }
            D::Utf8 => Cells::Texts(array.as_string::<i32>().clone()),
            D::LargeUtf8 | D::Utf8View | D::Date32 | D::Date64 | D::Time32(_) | D::Time64(_) | D::Timestamp(..) => {
                Cells::Texts(texts_of(array)?)
            }
            D::Dictionary(_, values) if matches!(**values, D::Utf8 | D::LargeUtf8 | D::Utf8View) => {
                let dictionary = array.as_any_dictionary();
                let codes = cast(dictionary.keys(), &D::UInt32)?.as_primitive::<UInt32Type>().clone();
                let texts = dictionary.values();
                // Who hands arrays over in memory may not have looked.
                if codes.iter().flatten().any(|code| code as usize >= texts.len()) {
                    let what = "a code of a dictionary stands for no text";
                    return Err(ArrowError::InvalidArgumentError(what.to_owned()));
                }
                // Of more texts than there are records most do not occur.
                match texts.len() > array.len() {
                    true => Cells::Texts(decoded(&codes, texts)),
                    false => Cells::Coded { codes, texts: cast(texts, &D::Utf8)?.as_string::<i32>().clone() },
                }
            }
            D::Dictionary(_, values) => return Self::of(&cast(array, values)?),
            other => Cells::Unsupported(other.to_string()),
        })
    }

    /// What the value of a row is.
    pub(crate) fn value(&self, row: usize) -> Value {
        match self {
            Cells::Numbers(x) if x.is_valid(row) && !x.value(row).is_nan() => Value::Number(x.value(row)),
            Cells::Decimals(x, _) if x.is_valid(row) => Value::Number(x.value(row)),
            Cells::Integers(x) if x.is_valid(row) => Value::Number(x.value(row) as f64),
            Cells::Naturals(x) if x.is_valid(row) => Value::Number(x.value(row) as f64),
            Cells::Booleans(x) if x.is_valid(row) => Value::Word,
            _ => match self.text(row) {
                Some(text) if !is_missing(text.trim_ascii().as_bytes()) => Value::Word,
                _ => Value::Missing,
            },
        }
    }

    /// The text of a row, where values are texts and this one is not missing.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Cells::Texts(texts) if texts.is_valid(row) => Some(texts.value(row)),
            Cells::Coded { codes, texts } if codes.is_valid(row) => {
                let code = codes.value(row) as usize;
                texts.is_valid(code).then(|| texts.value(code))
            }
            _ => None,
        }
    }

    /// The value of a row as it would stand in a CSV file; nothing where it is missing.
    pub(crate) fn write(&self, row: usize, into: &mut Vec<u8>) {
        use std::io::Write as _;
        // Writing into memory cannot fail.
        let _ = match self {
            Cells::Numbers(x) if x.is_valid(row) => write!(into, "{:?}", x.value(row)),
            Cells::Integers(x) if x.is_valid(row) => write!(into, "{}", x.value(row)),
            Cells::Naturals(x) if x.is_valid(row) => write!(into, "{}", x.value(row)),
            Cells::Decimals(x, texts) if x.is_valid(row) => into.write_all(texts.value(row).as_bytes()),
            Cells::Booleans(x) if x.is_valid(row) => write!(into, "{}", x.value(row)),
            _ => into.write_all(self.text(row).unwrap_or_default().as_bytes()),
        };
    }
}

/// The text of a decimal; one whose whole part has more than 15 digits, and nothing but zeros behind the point, is a whole number.
fn whole_as_such(text: Option<&str>) -> Option<&str> {
    text.map(|text| match text.split_once('.') {
        Some((whole, zeros)) if whole.len() > DECIMAL_DIGITS as usize && zeros.bytes().all(|digit| digit == b'0') => {
            whole
        }
        _ => text,
    })
}

/// Texts, dates and times as text. What is beyond the calendar is the number that stands for it, which is then no date.
fn texts_of(array: &dyn Array) -> std::result::Result<StringArray, ArrowError> {
    match cast(array, &DataType::Utf8) {
        Ok(texts) => Ok(texts.as_string::<i32>().clone()),
        Err(_) => {
            let numbers = cast(array, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            let text = |row: usize| match cast(&array.slice(row, 1), &DataType::Utf8) {
                Ok(text) => text.as_string::<i32>().value(0).to_owned(),
                Err(_) => numbers.value(row).to_string(),
            };
            Ok((0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect())
        }
    }
}

/// The texts that codes stand for; `texts` are of one of Arrow's three types of them.
fn decoded(codes: &UInt32Array, texts: &dyn Array) -> StringArray {
    fn each<'a>(codes: &UInt32Array, texts: &'a dyn Array, text: impl Fn(usize) -> &'a str) -> StringArray {
        let place = |code: u32| Some(code as usize).filter(|code| texts.is_valid(*code));
        codes.iter().map(|code| Some(text(place(code?)?))).collect()
    }
    match texts.data_type() {
        DataType::LargeUtf8 => each(codes, texts, |code| texts.as_string::<i64>().value(code)),
        DataType::Utf8View => each(codes, texts, |code| texts.as_string_view().value(code)),
        _ => each(codes, texts, |code| texts.as_string::<i32>().value(code)),
    }
}

type Batches = Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send>;

/// A file of record batches.
pub(crate) struct BatchReader {
    name: Arc<str>,
    #[cfg(feature = "sql")]
    schema: SchemaRef,
    header: Vec<String>,
    /// The name of the zone of each column that has one.
    zones: Vec<Option<String>>,
    fingerprint: String,
    n_read: u64,
    source: Source,
    current: Vec<Cells>,
    n_rows: usize,
    row: usize,
    text: CellText,
}

/// Where the batches come from.
enum Source {
    /// Row groups of a Parquet file, which can be decoded apart from each other.
    Parquet { path: PathBuf, metadata: ArrowReaderMetadata, batches: Option<Batches>, next_group: usize },
    /// Batches that come one after the other.
    Stream(Batches),
    /// Batches of a query that is running.
    #[cfg(feature = "sql")]
    Query(Box<QueryStream>),
}

/// A piece of work: a row group that is to be decoded, or a batch that is.
pub(crate) enum Piece {
    RowGroup { path: PathBuf, metadata: ArrowReaderMetadata, group: usize },
    Batch(RecordBatch),
}

/// Whether a zone is an offset from UTC, or has a name of the IANA database.
fn is_known(zone: &str) -> bool {
    zone == "Z" || zone.parse::<Tz>().is_ok()
}

/// The zone of a column of timestamps, if it has one with the name of a place. UTC is read as it stands, as in text.
pub(crate) fn zone_of(data_type: &DataType) -> Option<&str> {
    let is_utc = |zone: &str| ["UTC", "Etc/UTC", "Z"].contains(&zone);
    match data_type {
        DataType::Timestamp(_, Some(zone)) if !zone.starts_with(['+', '-']) && !is_utc(zone) && is_known(zone) => {
            Some(zone)
        }
        _ => None,
    }
}

/// Recognises the formats of this module by the first bytes of a file.
pub(crate) fn is_batch_file(start: &[u8]) -> bool {
    start.starts_with(b"PAR1") || start.starts_with(b"ARROW1") || start.starts_with(&[0xFF, 0xFF, 0xFF, 0xFF])
}

fn damaged(name: &str, reason: impl std::fmt::Display) -> DataError {
    DataError::Damaged { file: name.to_owned(), reason: reason.to_string() }
}

/// Does what decodes a file. Arrow's decoders panic at some contradictions in a damaged file; here that is an error as any other.
pub(crate) fn guarded<A>(name: &str, decode: impl FnOnce() -> Result<A>) -> Result<A> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(damaged(name, "its parts contradict each other")))
}

impl BatchReader {
    /// Opens a file that [`is_batch_file`], under a name for messages.
    ///
    /// Errors: it cannot be read, is damaged, or has two columns of one name.
    pub(crate) fn open(path: &Path, name: &str, start: &[u8]) -> Result<Self> {
        guarded(name, || Self::open_unguarded(path, name.into(), start))
    }

    fn open_unguarded(path: &Path, name: Arc<str>, start: &[u8]) -> Result<Self> {
        let io = |error| DataError::Io { file: name.to_string(), error };
        let file = File::open(path).map_err(io)?;
        let fingerprint = fingerprint(&file).map_err(io)?;
        let (schema, source) = if start.starts_with(b"PAR1") {
            let metadata = parquet_file::metadata(&file).map_err(|e| damaged(&name, e))?;
            let schema = metadata.schema().clone();
            (schema, Source::Parquet { path: path.to_owned(), metadata, batches: None, next_group: 0 })
        } else if start.starts_with(b"ARROW1") {
            let reader = lengths::check_file(&file)
                .and_then(|()| arrow_ipc::reader::FileReader::try_new_buffered(file, None))
                .map_err(|e| damaged(&name, e))?;
            (reader.schema(), Source::Stream(Box::new(reader)))
        } else {
            let reader = lengths::check_stream(&file)
                .and_then(|()| Ok((&file).rewind()?))
                .and_then(|()| arrow_ipc::reader::StreamReader::try_new(BufReader::new(file), None))
                .map_err(|e| damaged(&name, e))?;
            (reader.schema(), Source::Stream(Box::new(reader)))
        };
        let reader = Self::of(name, schema, source, fingerprint);
        let (name, header) = (&reader.name, &reader.header);
        for (second, column) in header.iter().enumerate() {
            if let Some(first) = header[..second].iter().position(|other| other == column) {
                let (file, first, second) = (name.to_string(), first + 1, second + 1);
                return Err(DataError::DuplicateName { file, name: column.clone(), first, second });
            }
        }
        Ok(reader)
    }

    /// The result of a query, which has this name in messages.
    #[cfg(feature = "sql")]
    pub(crate) fn of_query(name: &str, stream: QueryStream) -> Self {
        Self::of(name.into(), stream.schema().clone(), Source::Query(Box::new(stream)), String::new())
    }

    fn of(name: Arc<str>, schema: SchemaRef, source: Source, fingerprint: String) -> Self {
        let header = schema.fields().iter().map(|field| field.name().clone()).collect();
        let zones = schema.fields().iter().map(|field| zone_of(field.data_type()).map(str::to_owned)).collect();
        let (current, text) = (Vec::new(), CellText::default());
        Self {
            name,
            #[cfg(feature = "sql")]
            schema,
            header,
            zones,
            fingerprint,
            n_read: 0,
            source,
            current,
            n_rows: 0,
            row: 0,
            text,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The name of the zone of each column that has one.
    pub(crate) fn zones(&self) -> &[Option<String>] {
        &self.zones
    }

    /// The columns with their types.
    #[cfg(feature = "sql")]
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// A hash of the file, or of the batches of a query that were read so far.
    pub(crate) fn fingerprint(&self) -> String {
        match &self.source {
            #[cfg(feature = "sql")]
            Source::Query(query) => query.fingerprint(),
            _ => self.fingerprint.clone(),
        }
    }

    /// How many bytes the values of the largest piece take up once they are decoded; 0 where that is not known, and small.
    pub(crate) fn largest_piece(&self) -> usize {
        match &self.source {
            Source::Parquet { metadata, .. } => {
                let rows = metadata.metadata().row_groups().iter().map(|group| group.num_rows().max(0) as usize).max();
                rows.unwrap_or(0).saturating_mul(8 * self.header.len())
            }
            _ => 0,
        }
    }

    /// The next piece of the file; `None` after the last.
    ///
    /// Errors: it is damaged.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>> {
        match &mut self.source {
            Source::Parquet { path, metadata, next_group, .. } => {
                let group = *next_group;
                *next_group += 1;
                let piece = || Piece::RowGroup { path: path.clone(), metadata: metadata.clone(), group };
                Ok((group < metadata.metadata().num_row_groups()).then(piece))
            }
            Source::Stream(batches) => guarded(&self.name, || match batches.next().transpose() {
                Ok(batch) => Ok(batch.map(Piece::Batch)),
                Err(error) => Err(damaged(&self.name, error)),
            }),
            #[cfg(feature = "sql")]
            Source::Query(query) => Ok(query.next_batch()?.map(Piece::Batch)),
        }
    }

    /// The next record, each field as it would stand in a CSV file; `None` after the last. Its line is its number.
    ///
    /// Errors: the file is damaged.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if !self.has_next()? {
            return Ok(None);
        }
        self.row += 1;
        self.n_read += 1;
        Ok(Some(Row::Record(self.text.record(&self.current, self.row - 1, self.n_read))))
    }

    /// Whether there is a further record.
    ///
    /// Errors: the file is damaged.
    pub(crate) fn has_next(&mut self) -> Result<bool> {
        while self.row == self.n_rows {
            let (name, source) = (&self.name, &mut self.source);
            let next = guarded(name, || {
                let batch = match source {
                    Source::Stream(batches) => batches.next(),
                    #[cfg(feature = "sql")]
                    Source::Query(query) => query.next_batch()?.map(Ok),
                    Source::Parquet { path, metadata, batches, .. } => {
                        if batches.is_none() {
                            *batches = Some(decode(path, metadata, None, None)?);
                        }
                        batches.as_mut().and_then(Iterator::next)
                    }
                };
                let Some(batch) = batch.transpose().map_err(|error| damaged(name, error))? else { return Ok(None) };
                let cells =
                    batch.columns().iter().map(|column| Cells::of(column)).collect::<std::result::Result<_, _>>();
                Ok(Some((cells.map_err(|error: ArrowError| damaged(name, error))?, batch.num_rows())))
            })?;
            let Some((cells, n_rows)) = next else { return Ok(false) };
            (self.current, self.n_rows, self.row) = (cells, n_rows, 0);
        }
        Ok(true)
    }
}

impl Piece {
    /// The batches of this piece, with the columns whose `wanted` is true; the others are left out.
    ///
    /// Errors: the file cannot be read.
    pub(crate) fn batches(self, wanted: &[bool]) -> Result<Batches> {
        let columns: Vec<usize> = (0..wanted.len()).filter(|&i| wanted[i]).collect();
        match self {
            Piece::RowGroup { path, metadata, group } => decode(&path, &metadata, Some(group), Some(&columns)),
            Piece::Batch(batch) => Ok(Box::new(std::iter::once(batch.project(&columns)))),
        }
    }
}

/// The values of a row as text.
#[derive(Default)]
pub(crate) struct CellText {
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl CellText {
    /// The record of a row, which is the record of this number.
    pub(crate) fn record(&mut self, cells: &[Cells], row: usize, number: u64) -> Record<'_> {
        self.fields.clear();
        self.ends.clear();
        for cells in cells {
            cells.write(row, &mut self.fields);
            self.ends.push(self.fields.len());
        }
        Record::of_fields(&self.fields, &self.ends, At::Record(number))
    }
}

/// Shows the batches of a piece to `visit`: how many rows each has, and the cells of every column, [`Cells::Nothing`] of those that are not wanted.
///
/// Errors: the file cannot be read, or is damaged.
pub(crate) fn for_each_batch(
    file: &str,
    piece: Piece,
    wanted: &[bool],
    mut visit: impl FnMut(usize, &[Cells]),
) -> Result<()> {
    for batch in piece.batches(wanted)? {
        let batch = batch.map_err(|error| damaged(file, error))?;
        let mut arrays = batch.columns().iter();
        let cells = wanted.iter().map(|is_wanted| match is_wanted.then(|| arrays.next()).flatten() {
            Some(array) => Cells::of(array).map_err(|error| damaged(file, error)),
            None => Ok(Cells::Nothing),
        });
        let cells: Vec<Cells> = cells.collect::<Result<_>>()?;
        visit(batch.num_rows(), &cells);
    }
    Ok(())
}

/// A hash of both ends of a file and of its length: to hash all of it would take as long as to decode it.
fn fingerprint(file: &File) -> std::io::Result<String> {
    use std::io::SeekFrom;
    let mut file = file;
    let length = file.metadata()?.len();
    let mut hash = Fingerprint::default();
    let mut bytes = Vec::new();
    (&mut file).take(FINGERPRINT_BYTES).read_to_end(&mut bytes)?;
    if length > FINGERPRINT_BYTES {
        file.seek(SeekFrom::Start(length.saturating_sub(FINGERPRINT_BYTES).max(FINGERPRINT_BYTES)))?;
        file.take(FINGERPRINT_BYTES).read_to_end(&mut bytes)?;
    }
    bytes.extend(length.to_le_bytes());
    hash.add(&bytes);
    file.seek(SeekFrom::Start(0))?;
    Ok(hash.to_text())
}

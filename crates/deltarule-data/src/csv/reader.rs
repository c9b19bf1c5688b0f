//! A CSV file: its names, and its records one at a time or chunk by chunk.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use memchr::memchr_iter;

use super::chunk::{Chunk, Chunks};
use super::json_lines::{bad_line, is_nested, nested};
use super::open::{Opened, from_reader, open, open_bytes};
use super::quotes::Glued;
use super::records::{Record, Records};
use super::{CsvOptions, Decimal, Row, sniff};
use crate::advice::quoted_list;
use crate::error::{DataError, Result};
use crate::format::FileFormat;

/// Reads a CSV file record by record, in bounded memory.
///
/// ```
/// use deltarule_data::{At, CsvOptions, CsvReader};
/// let mut reader = CsvReader::from_bytes("example", b"a;b\n1;\"two\nlines\"\n".to_vec(), &CsvOptions::default())?;
/// assert_eq!(reader.header(), ["a", "b"]);
/// let record = reader.next_record()?.unwrap();
/// assert_eq!((record.at, record.field(1)), (At::Line(2), &b"two\nlines"[..]));
/// assert!(reader.next_record()?.is_none());
/// # Ok::<(), deltarule_data::DataError>(())
/// ```
pub struct CsvReader {
    chunks: Chunks,
    records: Records,
    format: Arc<Format>,
    /// Whether the current record was not given out yet: the first one, where it holds no names.
    held_back: bool,
}

/// What all records of a file have in common.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: Arc<str>,
    pub(crate) header: Vec<String>,
    pub(crate) decimal: Decimal,
    delimiter: u8,
    /// Whether the text was made of JSON lines.
    of_json: bool,
}

impl Format {
    /// A field as text.
    ///
    /// Errors: it is not UTF-8, or was a list or an object in JSON lines.
    pub(crate) fn text<'a>(&self, field: &'a [u8], line: u64, column: &str) -> Result<&'a str> {
        std::str::from_utf8(field).map_err(|error| {
            if is_nested(field) {
                let advice =
                    format!("; use --drop {}, or write what is in it as columns of their own", quoted_list([column]));
                return nested(&self.name, line, column, &advice);
            }
            let bad = &field[error.valid_up_to()..(error.valid_up_to() + 4).min(field.len())];
            let (file, column) = (self.name.to_string(), column.to_owned());
            DataError::Encoding { file, line, column, found: bad.escape_ascii().to_string() }
        })
    }

    /// Errors: there is text after a closing quote, which is then none, or should be two.
    fn check_quotes(&self, record: &Record<'_>) -> Result<()> {
        let raw = record.raw().filter(|_| record.may_be_glued).unwrap_or_default();
        let Some(glued) = Glued::find(raw, self.delimiter) else { return Ok(()) };
        let begin = record.at.number();
        Err(DataError::AfterQuote {
            file: self.name.to_string(),
            line: begin + memchr_iter(b'\n', &raw[..glued.at]).count() as u64,
            column: self.header.get(glued.field).cloned().unwrap_or_else(|| position(glued.field)),
            found: glued.text(raw, self.delimiter),
            begin: raw.contains(&b'\n').then_some(begin),
        })
    }

    /// The records of a chunk.
    pub(crate) fn records(&self, chunk: Chunk) -> Records {
        Records::new(chunk, self.delimiter)
    }

    /// Checks that a record has no text after a closing quote, and a field for every column.
    pub(crate) fn check(&self, record: &Record<'_>) -> Result<()> {
        self.check_quotes(record)?;
        let (found, expected) = (record.len(), self.header.len());
        if found == expected {
            return Ok(());
        }
        if let Some([found, expected, _]) = self.bad_line(record) {
            let [found, expected] = [found, expected].map(|text| String::from_utf8_lossy(text).into_owned());
            return Err(DataError::Json { file: self.name.to_string(), line: record.at.number(), found, expected });
        }
        let hint = if found > expected {
            "; is there a delimiter within a field that is not quoted?"
        } else {
            "; is the line cut off, or a quote not closed?"
        };
        Err(DataError::FieldCount { file: self.name.to_string(), line: record.at.number(), found, expected, hint })
    }
}

impl Format {
    /// The parts of a record that stands for a line that is none of JSON lines.
    fn bad_line<'a>(&self, record: &Record<'a>) -> Option<[&'a [u8]; 3]> {
        if self.of_json { bad_line(record, self.header.len()) } else { None }
    }

    /// The record as text. That of JSON lines is CSV, but for a line that is none.
    pub(crate) fn raw_text(&self, record: &Record<'_>) -> Option<String> {
        match self.bad_line(record) {
            Some([.., line]) => Some(String::from_utf8_lossy(line).into_owned()),
            None => record.text(),
        }
    }
}

impl std::fmt::Debug for CsvReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvReader").field("format", &self.format).finish_non_exhaustive()
    }
}

impl CsvReader {
    /// Opens a file; `-` is standard input.
    ///
    /// Errors: it cannot be opened, is no CSV, is empty, or has two columns of one name.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self> {
        Self::new(open(path, options.skips_bad_lines)?, options)
    }

    /// Reads from memory.
    pub fn from_bytes(name: &str, bytes: Vec<u8>, options: &CsvOptions) -> Result<Self> {
        Self::new(open_bytes(name, bytes)?, options)
    }

    /// Reads from a stream.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static, options: &CsvOptions) -> Result<Self> {
        Self::new(from_reader(name.to_owned(), Box::new(reader), None, options.skips_bad_lines)?, options)
    }

    pub(crate) fn new(opened: Opened, options: &CsvOptions) -> Result<Self> {
        let whole = opened.prefix.len() < 32 * 1024;
        let of_json = opened.first_line == 0;
        // What JSON lines are made into is CSV of one kind.
        let of_json_lines = CsvOptions { delimiter: Some(b','), header: Some(true), ..CsvOptions::default() };
        let options = if of_json { &of_json_lines } else { options };
        let (delimiter, has_header) = sniff::settle(options, &opened.prefix, whole);
        let mut chunks = Chunks::new(opened, delimiter);
        let name = Arc::clone(&chunks.name);
        let mut format = Format { name, header: Vec::new(), decimal: options.decimal, delimiter, of_json };
        let mut records = format.records(chunks.next()?.unwrap_or_default());
        while !records.advance() {
            let Some(chunk) = chunks.next()? else { return Err(DataError::Empty { file: format.name.to_string() }) };
            records = format.records(chunk);
        }
        format.header = names(&format, &records.current(), has_header)?;
        Ok(Self { chunks, records, format: Arc::new(format), held_back: !has_header })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.format.header
    }

    /// The name of the file, for messages.
    pub fn name(&self) -> &str {
        &self.format.name
    }

    /// Whether it is CSV, or JSON lines, which are read as such.
    pub fn file_format(&self) -> FileFormat {
        if self.format.of_json { FileFormat::JsonLines } else { FileFormat::Csv }
    }

    /// The decimal sign of its numbers.
    pub fn decimal(&self) -> Decimal {
        self.format.decimal
    }

    /// How many bytes of the file (as stored) were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.chunks.bytes_read()
    }

    /// The size of the file as stored; `None` for a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.chunks.total_bytes
    }

    /// A hash of the bytes of the text read so far, without its byte-order mark.
    pub fn fingerprint(&self) -> String {
        self.chunks.fingerprint()
    }

    /// The next record; `None` after the last.
    ///
    /// Errors: the file cannot be read on, a record has another number of fields than the first, a quote is never closed, there is text
    /// after one that closes a field.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        self.next_row()?.map(Row::record).transpose()
    }

    /// The next record, or what is wrong with it; `None` after the last.
    ///
    /// Errors: the file cannot be read on, a quote is never closed.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if !self.has_next()? {
            return Ok(None);
        }
        self.held_back = false;
        let mut record = self.records.current();
        record.decimal = self.format.decimal;
        Ok(Some(match self.format.check(&record) {
            Ok(()) => Row::Record(record),
            Err(error) => Row::Bad { error, text: self.format.raw_text(&record) },
        }))
    }

    /// Whether there is a further record, to which it goes, and which the next call of [`next_record`](Self::next_record) gives.
    ///
    /// Errors: the file cannot be read on, a quote is never closed.
    pub(crate) fn has_next(&mut self) -> Result<bool> {
        if !self.held_back {
            while !self.records.advance() {
                let Some(chunk) = self.chunks.next()? else { return Ok(false) };
                self.records = self.format.records(chunk);
            }
            self.held_back = true;
        }
        Ok(true)
    }

    /// What its records have in common, and the rest of it: the records of the chunk under way, whether the current one of them
    /// is still to be given out, and the chunks after it.
    pub(crate) fn into_parts(self) -> (Arc<Format>, Records, bool, Chunks) {
        (self.format, self.records, self.held_back, self.chunks)
    }
}

/// The name of a column that has none.
fn position(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// The names that the first record gives, or `column_1` and so on.
fn names(format: &Format, first: &Record<'_>, has_header: bool) -> Result<Vec<String>> {
    if has_header {
        format.check_quotes(first)?;
    }
    let mut names: Vec<String> = Vec::with_capacity(first.len());
    for index in 0..first.len() {
        let position = position(index);
        let name = if has_header { format.text(first.trimmed(index), first.at.number(), &position)? } else { "" };
        // Spreadsheets and pandas leave the name of a column of row numbers empty.
        let name = if name.is_empty() { position } else { name.to_owned() };
        if let Some(before) = names.iter().position(|known| *known == name) {
            let file = format.name.to_string();
            return Err(DataError::DuplicateName { file, name, first: before + 1, second: index + 1 });
        }
        names.push(name);
    }
    Ok(names)
}

//! Records of fields, one at a time.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv_core::ReadRecordResult;

use super::open::{Opened, from_reader, open, read_error};
use super::{CsvOptions, Decimal, sniff};
use crate::error::{DataError, Result};

/// How much of a file is read at a time.
const BUFFER: usize = 256 * 1024;
/// A record longer than this is a mistake.
const MAX_RECORD: usize = 64 * 1024 * 1024;

/// Reads a CSV file record by record, in bounded memory.
///
/// ```
/// use deltarule_data::{CsvOptions, CsvReader};
/// let mut reader = CsvReader::from_bytes("example", b"a;b\n1;\"two\nlines\"\n".to_vec(), &CsvOptions::default())?;
/// assert_eq!(reader.header(), ["a", "b"]);
/// let record = reader.next_record()?.unwrap();
/// assert_eq!((record.line, record.field(1)), (2, &b"two\nlines"[..]));
/// assert!(reader.next_record()?.is_none());
/// # Ok::<(), deltarule_data::DataError>(())
/// ```
pub struct CsvReader {
    name: String,
    input: Box<dyn Read + Send>,
    compression: Option<&'static str>,
    bytes_read: Arc<AtomicU64>,
    total_bytes: Option<u64>,
    core: csv_core::Reader,
    decimal: Decimal,
    header: Vec<String>,
    /// The first record, where it holds no names.
    held_back: bool,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    output: Vec<u8>,
    ends: Vec<usize>,
    n_output: usize,
    n_fields: usize,
    line: u64,
    fingerprint: Fingerprint,
}

/// One record: its fields, unquoted, and the line on which it begins.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// The line on which the record begins, from 1.
    pub line: u64,
}

impl<'a> Record<'a> {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Field `index`, as it stands in the file but for its quotes; nothing beyond the last.
    #[inline]
    pub fn field(&self, index: usize) -> &'a [u8] {
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or(0) };
        self.ends.get(index).and_then(|&end| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// Field `index` without the white space around it.
    #[inline]
    pub fn trimmed(&self, index: usize) -> &'a [u8] {
        self.field(index).trim_ascii()
    }
}

impl std::fmt::Debug for CsvReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CsvReader").field("name", &self.name).field("line", &self.line).finish_non_exhaustive()
    }
}

impl CsvReader {
    /// Opens a file; `-` is standard input.
    ///
    /// Errors: it cannot be opened, is no CSV, is empty, or has two columns of one name.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self> {
        Self::new(open(path)?, options)
    }

    /// Reads from memory.
    pub fn from_bytes(name: &str, bytes: Vec<u8>, options: &CsvOptions) -> Result<Self> {
        let size = bytes.len() as u64;
        Self::new(from_reader(name.to_owned(), Box::new(std::io::Cursor::new(bytes)), Some(size))?, options)
    }

    /// Reads from a stream.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static, options: &CsvOptions) -> Result<Self> {
        Self::new(from_reader(name.to_owned(), Box::new(reader), None)?, options)
    }

    fn new(opened: Opened, options: &CsvOptions) -> Result<Self> {
        let whole = opened.prefix.len() < 32 * 1024;
        let (delimiter, has_header) = sniff::settle(options, &opened.prefix, whole);
        let mut reader = Self {
            name: opened.name,
            input: Box::new(opened.text),
            compression: opened.compression,
            bytes_read: opened.bytes_read,
            total_bytes: opened.total_bytes,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            decimal: options.decimal,
            header: Vec::new(),
            held_back: false,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            at_end: false,
            output: vec![0; 4096],
            ends: vec![0; 64],
            n_output: 0,
            n_fields: 0,
            line: 1,
            fingerprint: Fingerprint::default(),
        };
        if !reader.advance()? {
            return Err(DataError::Empty { file: reader.name });
        }
        reader.header = reader.names(has_header)?;
        reader.held_back = !has_header;
        Ok(reader)
    }

    /// The names that the first record gives, or `column_1` and so on.
    fn names(&self, has_header: bool) -> Result<Vec<String>> {
        let first = self.current();
        let mut names: Vec<String> = Vec::with_capacity(first.len());
        for index in 0..first.len() {
            let position = format!("column_{}", index + 1);
            let name = if has_header { self.text(first.trimmed(index), first.line, &position)? } else { "" };
            // Spreadsheets and pandas leave the name of a column of row numbers empty.
            let name = if name.is_empty() { position } else { name.to_owned() };
            if let Some(before) = names.iter().position(|known| *known == name) {
                let file = self.name.clone();
                return Err(DataError::DuplicateName { file, name, first: before + 1, second: index + 1 });
            }
            names.push(name);
        }
        Ok(names)
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The name of the file, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The decimal sign of its numbers.
    pub fn decimal(&self) -> Decimal {
        self.decimal
    }

    /// How many bytes of the file (as stored) were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The size of the file as stored; `None` for a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// A hash of the bytes of the text read so far: FNV-1a of 64 bits over words of eight bytes (Fowler, Noll, Vo 1991).
    pub fn fingerprint(&self) -> String {
        self.fingerprint.to_text()
    }

    /// A field as text.
    ///
    /// Errors: it is not UTF-8.
    pub fn text<'a>(&self, field: &'a [u8], line: u64, column: &str) -> Result<&'a str> {
        std::str::from_utf8(field).map_err(|error| {
            let bad = &field[error.valid_up_to()..(error.valid_up_to() + 4).min(field.len())];
            DataError::Encoding {
                file: self.name.clone(),
                line,
                column: column.to_owned(),
                found: bad.escape_ascii().to_string(),
            }
        })
    }

    /// The next record; `None` after the last.
    ///
    /// Errors: the file cannot be read on, a record has another number of fields than the first, a quote is never closed.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        if self.held_back {
            self.held_back = false;
        } else if !self.advance()? {
            return Ok(None);
        }
        if self.n_fields != self.header.len() {
            let hint = if self.n_fields > self.header.len() {
                "; is there a delimiter within a field that is not quoted?"
            } else {
                "; is the line cut off, or a quote not closed?"
            };
            return Err(DataError::FieldCount {
                file: self.name.clone(),
                line: self.line,
                found: self.n_fields,
                expected: self.header.len(),
                hint,
            });
        }
        Ok(Some(self.current()))
    }

    fn current(&self) -> Record<'_> {
        Record { bytes: &self.output[..self.n_output], ends: &self.ends[..self.n_fields], line: self.line }
    }

    /// Parses the next record into `output` and `ends`; false after the last.
    fn advance(&mut self) -> Result<bool> {
        (self.n_output, self.n_fields) = (0, 0);
        let mut began = false;
        loop {
            if self.start == self.end && !self.at_end {
                self.fill()?;
            }
            let mut input = &self.buffer[self.start..self.end];
            // The end of the text ends the last line; within quotes it does not, as little as any line end.
            let closes = began && input.is_empty();
            if closes {
                input = b"\n";
            }
            if !began {
                // Blank lines before a record are skipped, so that its line is its own.
                let blank = input.iter().take_while(|c| matches!(c, b'\n' | b'\r')).count();
                if blank > 0 {
                    let (_, read, _, _) = self.core.read_record(&input[..blank], &mut self.output, &mut self.ends);
                    self.start += read;
                    continue;
                }
                began = !input.is_empty();
                self.line = self.core.line();
            }
            let (result, read, written, ended) =
                self.core.read_record(input, &mut self.output[self.n_output..], &mut self.ends[self.n_fields..]);
            self.start += if closes { 0 } else { read };
            self.n_output += written;
            self.n_fields += ended;
            match result {
                ReadRecordResult::InputEmpty if closes => {
                    return Err(DataError::OpenQuote { file: self.name.clone(), line: self.line });
                }
                ReadRecordResult::Record => return Ok(true),
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    if self.output.len() >= MAX_RECORD {
                        let limit = MAX_RECORD / (1024 * 1024);
                        return Err(DataError::RecordTooLong { file: self.name.clone(), line: self.line, limit });
                    }
                    self.output.resize(2 * self.output.len(), 0);
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        let n = loop {
            match self.input.read(&mut self.buffer) {
                Ok(n) => break n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.name, self.compression, error)),
            }
        };
        self.fingerprint.add(&self.buffer[..n]);
        (self.start, self.end, self.at_end) = (0, n, n == 0);
        Ok(())
    }
}

/// FNV-1a over words of eight bytes, and the length at the end; how the bytes arrive makes no difference.
#[derive(Debug, Clone, Copy)]
struct Fingerprint {
    hash: u64,
    word: [u8; 8],
    length: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { hash: 0xCBF2_9CE4_8422_2325, word: [0; 8], length: 0 }
    }
}

impl Fingerprint {
    fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !(self.length.is_multiple_of(8) || rest.is_empty()) {
            self.byte(rest[0]);
            rest = &rest[1..];
        }
        let (words, tail) = rest.as_chunks::<8>();
        for word in words {
            self.mix(*word);
        }
        self.length += 8 * words.len() as u64;
        for byte in tail {
            self.byte(*byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.word[(self.length % 8) as usize] = byte;
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.mix(self.word);
            self.word = [0; 8];
        }
    }

    fn mix(&mut self, word: [u8; 8]) {
        self.hash = (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01B3);
        self.hash ^= self.hash >> 32;
    }

    fn to_text(self) -> String {
        let mut last = self;
        last.mix(self.word);
        last.mix(self.length.to_le_bytes());
        format!("{:016x}", last.hash)
    }
}

//! The records of one chunk.

use std::borrow::Cow;

use csv_core::ReadRecordResult;
use memchr::{memchr, memchr_iter};

use super::Decimal;
use super::chunk::Chunk;
use super::json_lines::shown;
use crate::at::At;
use crate::error::{DataError, Result};

/// One record: its fields, unquoted, and the line on which it begins.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// The record as it stands in the file, where that is text.
    raw: Option<&'a [u8]>,
    /// How many bytes lie between two fields.
    gap: usize,
    /// Whether there may be text after a closing quote in it.
    pub(crate) may_be_glued: bool,
    /// Where the record begins.
    pub at: At,
    /// Which of the files that are read it is in, from 0.
    pub file: usize,
    /// The decimal sign of its numbers.
    pub decimal: Decimal,
}

impl<'a> Record<'a> {
    /// A record whose fields follow each other, each ending where `ends` says.
    pub fn of_fields(bytes: &'a [u8], ends: &'a [usize], at: At) -> Self {
        Self { bytes, ends, raw: None, gap: 0, may_be_glued: false, at, file: 0, decimal: Decimal::Point }
    }

    /// The same, whose fields stand so in the file.
    pub(crate) fn with_raw(self, raw: Option<&'a [u8]>) -> Self {
        Self { raw, ..self }
    }

    pub(crate) fn raw(&self) -> Option<&'a [u8]> {
        self.raw
    }

    /// The record as it stands in the file, where that is text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Option<String> {
        self.raw.map(|raw| String::from_utf8_lossy(raw).into_owned())
    }

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
        let start = if index == 0 { 0 } else { self.ends.get(index - 1).map_or(0, |end| end + self.gap) };
        self.ends.get(index).and_then(|&end| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// Field `index` for people; what is not UTF-8 is replaced.
    pub fn shown(&self, index: usize) -> Cow<'a, str> {
        shown(self.field(index))
    }

    /// Field `index` without the white space around it.
    #[inline]
    pub fn trimmed(&self, index: usize) -> &'a [u8] {
        self.field(index).trim_ascii()
    }
}

/// What a reader comes to.
#[derive(Debug)]
pub enum Row<'a> {
    /// A record.
    Record(Record<'a>),
    /// One that is none.
    Bad {
        /// What is wrong with it.
        error: DataError,
        /// How it stands in the file, where that is text.
        text: Option<String>,
    },
}

impl<'a> Row<'a> {
    /// The record.
    ///
    /// Errors: it is none.
    pub fn record(self) -> Result<Record<'a>> {
        match self {
            Row::Record(record) => Ok(record),
            Row::Bad { error, .. } => Err(error),
        }
    }
}

/// Goes through the records of a chunk.
pub(crate) struct Records {
    chunk: Chunk,
    delimiter: u8,
    /// Where the next record begins.
    at: usize,
    /// The line there.
    next_line: u64,
    /// Made when it is needed.
    core: Option<csv_core::Reader>,
    /// The fields of the current record, where they had to be unquoted.
    unquoted: Vec<u8>,
    /// The current record within the chunk, without its line end, where it is plain.
    current: std::ops::Range<usize>,
    /// The same of one that is not, with its line end.
    raw: std::ops::Range<usize>,
    ends: Vec<usize>,
    line: u64,
}

impl Records {
    pub(crate) fn new(chunk: Chunk, delimiter: u8) -> Self {
        Self {
            next_line: chunk.first_line,
            line: chunk.first_line,
            chunk,
            delimiter,
            at: 0,
            core: None,
            unquoted: Vec::new(),
            current: 0..0,
            raw: 0..0,
            ends: Vec::new(),
        }
    }

    /// Goes on to the next record that is not blank; false after the last.
    pub(crate) fn advance(&mut self) -> bool {
        if self.chunk.is_plain { self.advance_plain() } else { self.advance_quoted() }
    }

    /// The chunk, the delimiter, where the next record begins, and the line there.
    pub(crate) fn rest(&self) -> (&Chunk, u8, usize, u64) {
        (&self.chunk, self.delimiter, self.at, self.next_line)
    }

    /// Goes to a record of a plain chunk.
    pub(crate) fn go_to(&mut self, (at, line): (usize, u64)) {
        (self.at, self.next_line) = (at, line);
    }

    /// The record that [`advance`](Self::advance) came to.
    pub(crate) fn current(&self) -> Record<'_> {
        if self.chunk.is_plain {
            Record {
                bytes: &self.chunk.text()[self.current.clone()],
                ends: &self.ends,
                raw: Some(&self.chunk.text()[self.current.clone()]),
                gap: 1,
                may_be_glued: false,
                at: At::Line(self.line),
                file: 0,
                decimal: Decimal::Point,
            }
        } else {
            Record {
                bytes: &self.unquoted,
                ends: &self.ends,
                raw: Some(without_line_end(&self.chunk.text()[self.raw.clone()])),
                gap: 0,
                may_be_glued: self.chunk.may_be_glued,
                at: At::Line(self.line),
                file: 0,
                decimal: Decimal::Point,
            }
        }
    }

    fn advance_plain(&mut self) -> bool {
        loop {
            let rest = &self.chunk.text()[self.at..];
            if rest.is_empty() {
                return false;
            }
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
            self.current = self.at..self.at + line.len();
            self.at += (length + 1).min(rest.len());
            self.line = self.next_line;
            self.next_line += 1;
            if !line.is_empty() {
                self.ends.clear();
                self.ends.extend(memchr_iter(self.delimiter, line));
                self.ends.push(line.len());
                return true;
            }
        }
    }

    fn advance_quoted(&mut self) -> bool {
        let blank = self.chunk.text()[self.at..].iter().take_while(|c| matches!(c, b'\n' | b'\r')).count();
        let skipped = &self.chunk.text()[self.at..self.at + blank];
        self.next_line += memchr_iter(b'\n', skipped).count() as u64;
        self.at += blank;
        self.line = self.next_line;
        let (begin, mut n_bytes, mut n_fields) = (self.at, 0, 0);
        if self.at == self.chunk.text().len() {
            return false;
        }
        loop {
            // The end of the text ends the last record.
            let rest = self.chunk.text().get(self.at..).filter(|rest| !rest.is_empty()).unwrap_or(b"\n");
            self.unquoted.resize(self.unquoted.len().max(n_bytes + 1024), 0);
            self.ends.resize(self.ends.len().max(n_fields + 64), 0);
            let core =
                self.core.get_or_insert_with(|| csv_core::ReaderBuilder::new().delimiter(self.delimiter).build());
            let (result, read, written, ended) =
                core.read_record(rest, &mut self.unquoted[n_bytes..], &mut self.ends[n_fields..]);
            if !self.chunk.of_json {
                self.next_line += memchr_iter(b'\n', &rest[..read]).count() as u64;
            }
            self.at = (self.at + read).min(self.chunk.text().len());
            n_bytes += written;
            n_fields += ended;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return false,
                _ => {}
            }
        }
        self.next_line += u64::from(self.chunk.of_json);
        self.ends.truncate(n_fields);
        self.raw = begin..self.at;
        true
    }
}

fn without_line_end(record: &[u8]) -> &[u8] {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    record.strip_suffix(b"\r").unwrap_or(record)
}

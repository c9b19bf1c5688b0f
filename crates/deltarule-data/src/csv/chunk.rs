//! A text cut into chunks of whole records, which can then be parsed apart from each other.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::{memchr, memchr_iter, memrchr};

use super::fingerprint::Fingerprint;
use super::open::{Opened, read_error};
use crate::error::{DataError, Result};

/// How much text a chunk has, unless a single record is longer.
const CHUNK: usize = 1024 * 1024;
/// A record longer than this is a mistake.
const MAX_RECORD: usize = 64 * 1024 * 1024;

/// Some consecutive records of a text, from the first byte of one to the line end of another.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    /// The line on which it begins, from 1.
    pub(crate) first_line: u64,
    /// Whether there is neither a quote nor a carriage return but before a line feed: each line is a record, and what lies
    /// between its delimiters are the fields.
    pub(crate) is_plain: bool,
}

/// Cuts a text into chunks; where it cuts depends on the text alone, not on how the bytes arrive.
pub(crate) struct Chunks {
    pub(crate) name: Arc<str>,
    pub(crate) total_bytes: Option<u64>,
    input: Box<dyn Read + Send>,
    compression: Option<&'static str>,
    bytes_read: Arc<AtomicU64>,
    delimiter: u8,
    /// The begin of the next chunk.
    carry: Vec<u8>,
    line: u64,
    at_end: bool,
    fingerprint: Fingerprint,
}

impl Chunks {
    pub(crate) fn new(opened: Opened, delimiter: u8) -> Self {
        Self {
            name: opened.name.into(),
            total_bytes: opened.total_bytes,
            input: opened.text,
            compression: opened.compression,
            bytes_read: opened.bytes_read,
            delimiter,
            carry: Vec::new(),
            line: opened.first_line,
            at_end: false,
            fingerprint: Fingerprint::default(),
        }
    }

    /// How many bytes of the file, as stored, were read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Counts on while the text is read.
    pub(crate) fn bytes_counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.fingerprint.to_text()
    }

    /// The next chunk; `None` after the last.
    ///
    /// Errors: the text cannot be read on, a quote is never closed, a record is longer than could be.
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>> {
        let mut bytes = std::mem::take(&mut self.carry);
        let mut size = CHUNK;
        loop {
            self.fill(&mut bytes, size)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let cut = self.cut(&bytes)?;
            if cut > 0 {
                self.carry = bytes.split_off(cut);
                let first_line = self.line;
                self.line += memchr_iter(b'\n', &bytes).count() as u64;
                return Ok(Some(Chunk { is_plain: is_plain(&bytes), bytes, first_line }));
            }
            if size >= MAX_RECORD {
                let limit = MAX_RECORD / (1024 * 1024);
                return Err(DataError::RecordTooLong { file: self.name.to_string(), line: self.line, limit });
            }
            size *= 2;
        }
    }

    /// Reads on until `bytes` has `size` bytes, or the text is at its end.
    fn fill(&mut self, bytes: &mut Vec<u8>, size: usize) -> Result<()> {
        let mut filled = bytes.len();
        bytes.resize(size.max(filled), 0);
        while filled < bytes.len() && !self.at_end {
            match self.input.read(&mut bytes[filled..]) {
                Ok(0) => self.at_end = true,
                Ok(n) => {
                    self.fingerprint.add(&bytes[filled..filled + n]);
                    filled += n;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.name, self.compression, error)),
            }
        }
        bytes.truncate(filled);
        Ok(())
    }

    /// The end of the last whole record; 0 where there is none.
    fn cut(&self, bytes: &[u8]) -> Result<usize> {
        let (end, open) = match memchr(b'"', bytes) {
            None => (memrchr(b'\n', bytes).map_or(0, |at| at + 1), None),
            Some(_) => last_record_end(bytes, self.delimiter),
        };
        if !self.at_end {
            return Ok(end);
        }
        match open {
            Some(record) => {
                let line = self.line + memchr_iter(b'\n', &bytes[..record]).count() as u64;
                Err(DataError::OpenQuote { file: self.name.to_string(), line })
            }
            None => Ok(bytes.len()),
        }
    }
}

/// Whether each line is a record as it stands.
fn is_plain(bytes: &[u8]) -> bool {
    memchr(b'"', bytes).is_none() && memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1).is_none_or(|c| *c == b'\n'))
}

/// The end of the last record that is whole, and where a record begins that ends within a quoted field.
fn last_record_end(bytes: &[u8], delimiter: u8) -> (usize, Option<usize>) {
    enum State {
        FieldStart,
        Unquoted,
        Quoted,
        /// After a quote in a quoted field: its end, or the first of two that stand for one.
        QuoteInQuoted,
    }
    let (mut state, mut end) = (State::FieldStart, 0);
    for (at, &byte) in bytes.iter().enumerate() {
        state = match (state, byte) {
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) | (State::FieldStart | State::QuoteInQuoted, b'"') => State::Quoted,
            (_, b'\n') => {
                end = at + 1;
                State::FieldStart
            }
            (_, b'\r') => State::FieldStart,
            (_, byte) if byte == delimiter => State::FieldStart,
            _ => State::Unquoted,
        };
    }
    (end, matches!(state, State::Quoted).then_some(end))
}

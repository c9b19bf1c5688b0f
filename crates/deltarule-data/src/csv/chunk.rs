//! A text cut into chunks of whole records, which can then be parsed apart from each other.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::{memchr, memchr_iter, memrchr};

use super::fingerprint::Fingerprint;
use super::number::WINDOW;
use super::open::{Opened, read_error};
use crate::error::{DataError, Result};

/// How much text a chunk has, unless a single record is longer.
const CHUNK: usize = 256 * 1024;
/// A record longer than this is a mistake.
const MAX_RECORD: usize = 64 * 1024 * 1024;

/// Some consecutive records of a text, from the first byte of one to the line end of another.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// The text, and [`WINDOW`] or more bytes of no meaning.
    pub(crate) bytes: Vec<u8>,
    length: usize,
    /// The line on which it begins, from 1.
    pub(crate) first_line: u64,
    /// How many line ends it has.
    pub(crate) n_lines: u64,
    /// Whether there is neither a quote nor a carriage return but before a line feed: each line is a record, and what lies
    /// between its delimiters are the fields.
    pub(crate) is_plain: bool,
    /// Whether there may be text after a closing quote.
    pub(crate) may_be_glued: bool,
    /// Whether it was made of JSON lines, where a record is one line whatever its texts hold.
    pub(crate) of_json: bool,
    spare: Spare,
}

/// Buffers of chunks that are done with.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

impl Chunk {
    /// The text.
    #[inline]
    pub(crate) fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // A buffer that one long record made large is not kept.
        if self.bytes.len() == CHUNK + WINDOW {
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.bytes));
        }
    }
}

/// Cuts a text into chunks; where it cuts depends on the text alone, not on how the bytes arrive.
pub(crate) struct Chunks {
    pub(crate) name: Arc<str>,
    pub(crate) total_bytes: Option<u64>,
    input: Box<dyn Read + Send>,
    compression: Option<&'static str>,
    bytes_read: Arc<AtomicU64>,
    delimiter: u8,
    of_json: bool,
    /// The begin of the next chunk.
    carry: Vec<u8>,
    line: u64,
    at_end: bool,
    fingerprint: Fingerprint,
    spare: Spare,
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
            of_json: opened.first_line == 0,
            carry: Vec::new(),
            line: opened.first_line,
            at_end: false,
            fingerprint: Fingerprint::default(),
            spare: Spare::default(),
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
        let mut bytes = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let (mut size, mut filled) = (CHUNK, self.carry.len());
        bytes.resize(size.max(filled) + WINDOW, 0);
        bytes[..filled].copy_from_slice(&self.carry);
        loop {
            bytes.resize(size.max(filled) + WINDOW, 0);
            filled = self.fill(&mut bytes, filled)?;
            let text = &bytes[..filled];
            if text.is_empty() {
                return Ok(None);
            }
            let marks = Marks::of(text);
            let Ends { end: length, n_lines, may_be_glued, .. } = self.cut(text, &marks)?;
            if length > 0 {
                self.carry.clear();
                self.carry.extend_from_slice(&text[length..]);
                let n_lines = match self.of_json && marks.quote {
                    true => n_lines,
                    false => marks.n_lines - memchr_iter(b'\n', &self.carry).count() as u64,
                };
                let is_plain = marks.is_plain() || is_plain(&text[..length]);
                bytes[length..length + WINDOW].fill(0);
                let first_line = self.line;
                self.line += n_lines;
                let (spare, of_json) = (Arc::clone(&self.spare), self.of_json);
                return Ok(Some(Chunk { bytes, length, first_line, n_lines, is_plain, may_be_glued, of_json, spare }));
            }
            if size >= MAX_RECORD {
                let limit = MAX_RECORD / (1024 * 1024);
                return Err(DataError::RecordTooLong { file: self.name.to_string(), line: self.line, limit });
            }
            size *= 2;
        }
    }

    /// Reads on until all of `bytes` but a window is filled, or the text is at its end; gives how many are.
    fn fill(&mut self, bytes: &mut [u8], mut filled: usize) -> Result<usize> {
        let size = bytes.len() - WINDOW;
        while filled < size && !self.at_end {
            match self.input.read(&mut bytes[filled..size]) {
                Ok(0) => self.at_end = true,
                Ok(n) => {
                    self.fingerprint.add(&bytes[filled..filled + n]);
                    filled += n;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(&self.name, self.compression, error)),
            }
        }
        Ok(filled)
    }

    /// Where the last whole record ends, 0 where there is none.
    fn cut(&self, bytes: &[u8], marks: &Marks) -> Result<Ends> {
        let ends = if marks.quote {
            Ends::of(bytes, self.delimiter)
        } else {
            Ends { end: memrchr(b'\n', bytes).map_or(0, |at| at + 1), ..Ends::default() }
        };
        if !self.at_end {
            return Ok(ends);
        }
        match ends.open {
            Some(record) => {
                let line = self.line + memchr_iter(b'\n', &bytes[..record]).count() as u64;
                Err(DataError::OpenQuote { file: self.name.to_string(), line })
            }
            None => Ok(Ends { end: bytes.len(), ..ends }),
        }
    }
}

/// What is in a text.
struct Marks {
    n_lines: u64,
    quote: bool,
    carriage_return: bool,
}

impl Marks {
    /// Looks for everything in one go, with loops over arrays that the compiler turns into vectors.
    fn of(text: &[u8]) -> Self {
        let (blocks, rest) = text.as_chunks::<128>();
        let mut marks = Self { n_lines: 0, quote: false, carriage_return: false };
        for block in blocks {
            marks.add(block);
        }
        for byte in rest {
            marks.add(&[*byte]);
        }
        marks
    }

    /// At most 255 bytes.
    #[inline(always)]
    fn add<const N: usize>(&mut self, block: &[u8; N]) {
        let (mut lines, mut quotes, mut returns) = (0_u8, 0_u8, 0_u8);
        for byte in block {
            lines += u8::from(*byte == b'\n');
            quotes |= u8::from(*byte == b'"');
            returns |= u8::from(*byte == b'\r');
        }
        self.n_lines += u64::from(lines);
        self.quote |= quotes != 0;
        self.carriage_return |= returns != 0;
    }

    /// Whether each line is a record as it stands, by what is not there.
    fn is_plain(&self) -> bool {
        !self.quote && !self.carriage_return
    }
}

/// Whether each line is a record as it stands.
fn is_plain(bytes: &[u8]) -> bool {
    memchr(b'"', bytes).is_none() && memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1).is_none_or(|c| *c == b'\n'))
}

/// Where records of a text with quotes end.
#[derive(Default)]
struct Ends {
    /// The end of the last record that is whole.
    end: usize,
    /// How many line ends outside of quotes there are up to it.
    n_lines: u64,
    /// Where a record begins that ends within a quoted field.
    open: Option<usize>,
    /// Whether a closing quote is followed by something else than a delimiter or the end of a line.
    may_be_glued: bool,
}

impl Ends {
    fn of(bytes: &[u8], delimiter: u8) -> Self {
        enum State {
            FieldStart,
            Unquoted,
            Quoted,
            /// After a quote in a quoted field: its end, or the first of two that stand for one.
            QuoteInQuoted,
        }
        let (mut state, mut end, mut n_lines, mut may_be_glued) = (State::FieldStart, 0, 0, false);
        for (at, &byte) in bytes.iter().enumerate() {
            state = match (state, byte) {
                (State::Quoted, b'"') => State::QuoteInQuoted,
                (State::Quoted, _) | (State::FieldStart | State::QuoteInQuoted, b'"') => State::Quoted,
                (_, b'\n') => {
                    (end, n_lines) = (at + 1, n_lines + 1);
                    State::FieldStart
                }
                (_, b'\r') => State::FieldStart,
                (_, byte) if byte == delimiter => State::FieldStart,
                (State::QuoteInQuoted, _) => {
                    may_be_glued = true;
                    State::Unquoted
                }
                _ => State::Unquoted,
            };
        }
        Self { end, n_lines, open: matches!(state, State::Quoted).then_some(end), may_be_glued }
    }
}

//! The lines of a file, chunk by chunk, as compressed sparse rows.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::thread;

use memchr::memchr;

use super::{LARGEST_INDEX, LibsvmReader, tokens};
use crate::column::{LARGEST, WHOLE, is_exact_text};
use crate::csv::{Chunk, Decimal, parse_number};
use crate::error::{DataError, Result};
use crate::in_order::map_in_order;
use crate::reject::Reject;
use crate::table::{Lines, OnReject, Progress};

/// Shows the records of each chunk to `take`, in order, which says how many there are so far; gives the fingerprint of the text.
///
/// Lines that cannot be read are shown to `on_reject`, if it is there, and left out.
///
/// Errors: the file cannot be read on; a line that cannot be read, if they are not left out; those of `take` and `on_reject`; `progress` breaks off.
pub(super) fn for_each_chunk(
    reader: LibsvmReader,
    threads: Option<NonZeroUsize>,
    mut on_reject: Option<OnReject<'_>>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    mut take: impl FnMut(Rows) -> Result<usize> + Send,
) -> Result<String> {
    let first_index = reader.first_index;
    let mut chunks = reader.into_chunks();
    let name = chunks.name.to_string();
    let threads = threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let (bytes_read, total_bytes) = (chunks.bytes_counter(), chunks.total_bytes);
    let skips = on_reject.is_some();
    map_in_order(
        threads,
        || chunks.next(),
        |chunk| Rows::of(&name, &chunk, first_index.unwrap_or(0), skips),
        |mut rows| {
            if let Some(on_reject) = &mut on_reject {
                rows.rejects.drain(..).try_for_each(&mut **on_reject)?;
            }
            let records = take(rows)? as u64;
            match progress(Progress { records, bytes: bytes_read.load(Ordering::Relaxed), total_bytes }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.clone() }),
            }
        },
    )?;
    Ok(chunks.fingerprint())
}

/// Consecutive records; indices as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    pub(super) labels: Vec<f64>,
    /// Record `r` has the values from `starts[r]` to `starts[r + 1]`.
    pub(super) starts: Vec<usize>,
    pub(super) indices: Vec<u32>,
    pub(super) values: Vec<f64>,
    pub(super) smallest: Option<u32>,
    pub(super) largest: Option<u32>,
    pub(super) lines: Lines,
    /// Lines that cannot be read, and are left out.
    pub(super) rejects: Vec<Reject>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            starts: vec![0],
            indices: Vec::new(),
            values: Vec::new(),
            smallest: None,
            largest: None,
            lines: Lines::default(),
            rejects: Vec::new(),
        }
    }
}

impl Rows {
    /// The records of a chunk; `skips` leaves out lines that cannot be read.
    ///
    /// Errors, where they are not left out: what is no label, no pair, an index that is too large, below `first_index` or not above the one before it.
    pub(super) fn of(file: &str, chunk: &Chunk, first_index: u32, skips: bool) -> Result<Self> {
        let mut rows = Self::default();
        let (mut rest, mut line) = (chunk.text(), chunk.first_line);
        while !rest.is_empty() {
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let text = &rest[..length];
            match rows.push(&Line { file, line, before: 0, text }, first_index) {
                Err(error) if skips => {
                    let text = String::from_utf8_lossy(text.strip_suffix(b"\r").unwrap_or(text));
                    rows.rejects.push(Reject::of(error, Some(text.into_owned()))?);
                }
                pushed => pushed?,
            }
            rest = rest.get(length + 1..).unwrap_or_default();
            line += 1;
        }
        Ok(rows)
    }

    fn push(&mut self, line: &Line<'_>, first_index: u32) -> Result<()> {
        let mut tokens = tokens(line.text);
        let Some(label) = tokens.next() else { return Ok(()) };
        let label = line.label(label)?;
        let (mut smallest, mut largest, before) = (self.smallest, self.largest, self.values.len());
        let pushed = for_each_pair(line, tokens, first_index, |index, value| {
            smallest = smallest.map_or(Some(index), |smallest| Some(smallest.min(index)));
            largest = largest.max(Some(index));
            // A zero that is written out is the same as one that is not.
            if value != 0.0 {
                self.indices.push(index);
                self.values.push(value);
            }
        });
        if let Err(error) = pushed {
            self.indices.truncate(before);
            self.values.truncate(before);
            return Err(error);
        }
        (self.smallest, self.largest) = (smallest, largest);
        self.lines.push(self.labels.len(), line.line);
        self.labels.push(label);
        self.starts.push(self.values.len());
        Ok(())
    }

    /// Takes in the records that follow.
    pub(super) fn append(&mut self, further: &Self) {
        let before = self.values.len();
        self.labels.extend_from_slice(&further.labels);
        self.starts.extend(further.starts[1..].iter().map(|end| before + end));
        self.indices.extend_from_slice(&further.indices);
        self.values.extend_from_slice(&further.values);
        self.smallest = self.smallest.into_iter().chain(further.smallest).min();
        self.largest = self.largest.max(further.largest);
    }
}

/// Shows the pairs of a line to `visit`, zeros too.
///
/// Errors: what is no pair, an index that is too large, below `first_index` or not above the one before it.
pub(crate) fn for_each_pair<'t>(
    line: &Line<'_>,
    tokens: impl Iterator<Item = &'t [u8]>,
    first_index: u32,
    mut visit: impl FnMut(u32, f64),
) -> Result<()> {
    let mut least = first_index;
    for token in tokens {
        let (index, value) = line.pair(token)?;
        if index < least {
            return Err(line.wrong(token, &below(index, least, first_index)));
        }
        least = index + 1;
        visit(index, value);
    }
    Ok(())
}

/// What to say of an index that is too small.
fn below(index: u32, least: u32, first_index: u32) -> String {
    if index < first_index {
        return format!("indices from {first_index} on; use --index-base 0 if they begin at 0");
    }
    format!("an index from {least} on: within a line they ascend, each once")
}

/// One line of the text, or what of it follows so many bytes.
pub(crate) struct Line<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u64,
    pub(crate) before: usize,
    pub(crate) text: &'a [u8],
}

impl Line<'_> {
    /// Errors: it is none, whatever the index of the first feature.
    pub(super) fn check(&self) -> Result<()> {
        let mut tokens = tokens(self.text);
        tokens.next().map_or(Ok(0.0), |label| self.label(label))?;
        for_each_pair(self, tokens, 0, |_, _| {})
    }

    pub(super) fn label(&self, token: &[u8]) -> Result<f64> {
        if memchr(b':', token).is_some() {
            return Err(self.wrong(token, "the label, a number, before the first index:value pair"));
        }
        match number(token) {
            Some(label) if !is_exact_text(token, label) => Err(self.wrong(token, WHOLE)),
            Some(label) => Ok(label),
            None => Err(self.wrong(token, "a number as the label, within ±1e150")),
        }
    }

    fn pair(&self, token: &[u8]) -> Result<(u32, f64)> {
        let Some(colon) = memchr(b':', token) else {
            return Err(
                self.wrong(token, "a pair index:value; is the line cut off, or the file not in libsvm's format?")
            );
        };
        let (index, value) = (&token[..colon], &token[colon + 1..]);
        if index == b"qid" {
            let advice = "index:value pairs alone: there is no ranking by queries here; take the qid out of every line";
            return Err(self.wrong(token, advice));
        }
        if index.is_empty() || !index.iter().all(u8::is_ascii_digit) {
            return Err(self.wrong(token, "a whole number before the colon, as in 3:0.5"));
        }
        let index = std::str::from_utf8(index).ok().and_then(|digits| digits.parse::<u32>().ok());
        let Some(index) = index.filter(|index| *index <= LARGEST_INDEX) else {
            let advice = format!(
                "an index up to {LARGEST_INDEX}: room is kept for every index up to the largest; number the features that occur anew"
            );
            return Err(self.wrong(token, &advice));
        };
        match number(value) {
            Some(x) if !is_exact_text(value, x) => Err(self.wrong(token, WHOLE)),
            Some(value) => Ok((index, value)),
            None if value.is_empty() => Err(self.wrong(token, "a number after the colon; is the line cut off?")),
            None => Err(self.wrong(token, "a number after the colon, within ±1e150; what is missing is left out")),
        }
    }

    /// The error of a token that is a part of this line.
    fn wrong(&self, token: &[u8], expected: &str) -> DataError {
        let place = token.as_ptr() as usize - self.text.as_ptr() as usize;
        let found: String = String::from_utf8_lossy(token).chars().take(60).collect();
        let (file, expected) = (self.file.to_owned(), expected.to_owned());
        DataError::Libsvm { file, line: self.line, place: self.before + place + 1, found, expected }
    }
}

/// A number that can be computed with.
fn number(token: &[u8]) -> Option<f64> {
    let unsigned = token.strip_prefix(b"+").unwrap_or(token);
    parse_number(unsigned, Decimal::Point).filter(|x| x.abs() <= LARGEST)
}

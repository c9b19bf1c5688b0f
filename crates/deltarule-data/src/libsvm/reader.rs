//! A file line by line: each record has two fields, the label and the text of its pairs.

use std::sync::{Arc, LazyLock};

use memchr::memchr;

use super::lines::Line;
use super::without_comment;
use crate::at::At;
use crate::csv::{Chunk, Chunks, Opened, Record, Row};
use crate::error::Result;

/// The name of the labels' column.
pub(crate) const LABEL: &str = "label";
/// The name of all features together.
pub(crate) const FEATURES: &str = "features";

static HEADER: LazyLock<[String; 2]> = LazyLock::new(|| [LABEL.to_owned(), FEATURES.to_owned()]);

/// Reads records in bounded memory.
pub(crate) struct LibsvmReader {
    chunks: Chunks,
    chunk: Chunk,
    /// Where the next line begins in the chunk, and its number.
    at: usize,
    line: u64,
    ends: [usize; 2],
    /// The index of the first feature, where it was given.
    pub(crate) first_index: Option<u32>,
}

impl LibsvmReader {
    pub(crate) fn new(opened: Opened, first_index: Option<u32>) -> Self {
        // No byte parts fields that could be quoted: a quote is only ever part of a comment.
        let chunks = Chunks::new(opened, 0);
        Self { chunks, chunk: Chunk::default(), at: 0, line: 1, ends: [0; 2], first_index }
    }

    /// The text, from the begin on where nothing was read before.
    pub(crate) fn into_chunks(self) -> Chunks {
        self.chunks
    }

    pub(crate) fn header(&self) -> &[String] {
        &*HEADER
    }

    pub(crate) fn name(&self) -> &str {
        &self.chunks.name
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.chunks.bytes_read()
    }

    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.chunks.total_bytes
    }

    /// Goes to the next line with something on it; false where there is none.
    ///
    /// Errors: the file cannot be read on.
    pub(crate) fn has_next(&mut self) -> Result<bool> {
        loop {
            while self.at >= self.chunk.text().len() {
                let Some(chunk) = self.chunks.next()? else { return Ok(false) };
                (self.at, self.line, self.chunk) = (0, chunk.first_line, chunk);
            }
            let line = self.rest_of_line();
            if without_comment(line).iter().any(|byte| !byte.is_ascii_whitespace()) {
                return Ok(true);
            }
            self.at += line.len() + 1;
            self.line += 1;
        }
    }

    /// The text up to the end of the line.
    fn rest_of_line(&self) -> &[u8] {
        let rest = &self.chunk.text()[self.at..];
        &rest[..memchr(b'\n', rest).unwrap_or(rest.len())]
    }

    /// The next record, or that its label is none; `None` after the last. The second field follows the first without a gap.
    ///
    /// Errors: the file cannot be read on.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        if !self.has_next()? {
            return Ok(None);
        }
        let (begin, length, line) = (self.at, self.rest_of_line().len(), self.line);
        self.at += length + 1;
        self.line += 1;
        let whole = &self.chunk.text()[begin..begin + length];
        let text = without_comment(whole);
        let start = text.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
        let width = text[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(text.len() - start);
        self.ends = [start + width, text.len()];
        let raw = whole.strip_suffix(b"\r").unwrap_or(whole);
        let record = Record::of_fields(text, &self.ends, At::Line(line)).with_raw(Some(raw));
        let (name, label) = (Arc::clone(&self.chunks.name), &text[start..start + width]);
        Ok(Some(match (Line { file: &name, line, before: 0, text }.label(label)) {
            Ok(_) => Row::Record(record),
            Err(error) => Row::Bad { error, text: record.text() },
        }))
    }
}

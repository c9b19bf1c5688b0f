//! The fields of records without quotes: numbers are read while their ends are looked for.

use memchr::memchr2;

use super::chunk::Chunk;
use super::number::{WINDOW, short_number};
use super::{Decimal, Records};

/// Goes through a chunk whose lines are its records, field by field.
pub(crate) struct PlainRecords<'a> {
    chunk: &'a Chunk,
    delimiter: u8,
    point: u8,
    /// Where the next field begins.
    at: usize,
    /// The line there.
    line: u64,
    /// Whether the record has a further field.
    goes_on: bool,
}

/// A field.
pub(crate) enum Field<'a> {
    /// One that is a number.
    Number(f64),
    /// One that may be anything, with the white space around it.
    Text(&'a [u8]),
}

impl<'a> PlainRecords<'a> {
    /// The records that come next; `None` where they need more care: there are quotes, or the delimiter could be a part of a number.
    pub(crate) fn of(records: &'a Records, decimal: Decimal) -> Option<Self> {
        let (chunk, delimiter, at, line) = records.rest();
        let (point, apart) = (decimal.sign(), !delimiter.is_ascii_alphanumeric() && !b"+-.\0".contains(&delimiter));
        let plain = chunk.is_plain && apart && delimiter != point;
        plain.then_some(Self { chunk, delimiter, point, at, line, goes_on: false })
    }

    /// How many records there are at most.
    pub(crate) fn at_most(&self) -> usize {
        self.chunk.n_lines as usize + 1
    }

    /// Where it is: the place in the chunk and its line.
    pub(crate) fn place(&self) -> (usize, u64) {
        (self.at, self.line)
    }

    /// Whether the record has a further field.
    pub(crate) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Goes to the next record that is not blank; false after the last.
    pub(crate) fn next_record(&mut self) -> bool {
        let text = self.chunk.text();
        while let Some(first) = text.get(self.at) {
            let after = match (first, text.get(self.at + 1)) {
                (b'\n', _) => 1,
                (b'\r', Some(b'\n')) => 2,
                (b'\r', None) => 1,
                _ => {
                    self.goes_on = true;
                    return true;
                }
            };
            self.at += after;
            self.line += 1;
        }
        false
    }

    /// The next field of the record. There is one as long as it [goes on](Self::goes_on).
    #[inline(always)]
    pub(crate) fn next_field(&mut self) -> Field<'a> {
        if let Some(window) = self.chunk.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<WINDOW>())
            && let Some((number, length)) = short_number(window, self.point)
        {
            let end = window[length];
            if end == self.delimiter {
                self.at += length + 1;
                return Field::Number(number);
            }
            if end == b'\n' || (end == b'\r' && window[length + 1] == b'\n') {
                self.at += length + 1 + usize::from(end == b'\r');
                self.end_record();
                return Field::Number(number);
            }
        }
        Field::Text(self.next_text())
    }

    /// The next field, whatever it is.
    pub(crate) fn next_text(&mut self) -> &'a [u8] {
        let rest = self.chunk.text().get(self.at..).unwrap_or_default();
        let length = memchr2(self.delimiter, b'\n', rest).unwrap_or(rest.len());
        // The end of the text ends the last field.
        self.at += (length + 1).min(rest.len());
        if rest.get(length) != Some(&self.delimiter) {
            self.end_record();
        }
        &rest[..length]
    }

    fn end_record(&mut self) {
        self.goes_on = false;
        self.line += 1;
    }
}

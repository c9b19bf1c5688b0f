//! The text format of libsvm and SVMlight: on each line a label and the index:value pairs of what is not zero.

mod growing;
mod lines;
mod reader;
mod table;

pub(crate) use growing::{Grown, SparseGrowing};
pub(crate) use lines::{Line, for_each_pair};
pub(crate) use reader::{FEATURES, LABEL, LibsvmReader};
pub use table::SparseTable;

use crate::csv::{Decimal, parse_number};
use crate::error::{DataError, Result};

/// The largest index that is read: weights, moments and gradients are kept for every index up to the largest one.
pub(crate) const LARGEST_INDEX: u32 = (1 << 24) - 1;

/// How many lines are looked at where the first one is not in the format.
const LINES: usize = 100;

/// Whether a text is in the format, by its first line with a pair: a number, and after it pairs alone. Where the first line is something else, by more than half
/// of the first hundred.
pub(crate) fn is_libsvm(start: &[u8]) -> bool {
    begins_so(start) || first_lines(start).filter(|(_, line)| begins_so(line)).count() * 2 > first_lines(start).count()
}

/// Errors: the text, which [`is_libsvm`], begins with another line.
pub(crate) fn check_begin(file: &str, start: &[u8]) -> Result<()> {
    if begins_so(start) {
        return Ok(());
    }
    for (line, text) in first_lines(start) {
        let line = Line { file, line, before: 0, text };
        if let Err(DataError::Libsvm { file, line, place, found, expected }) = line.check() {
            let expected = format!(
                "{expected} (most of the first lines are in libsvm's format; correct this one, or leave it out; where the file is a table of columns, \
                 say so with --header or --delimiter)"
            );
            return Err(DataError::Libsvm { file, line, place, found, expected });
        }
    }
    Ok(())
}

/// The first lines with something on them, and their numbers.
fn first_lines(start: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let lines = start.split(|byte| *byte == b'\n').zip(1..).map(|(line, number)| (number, line));
    lines.filter(|(_, line)| !without_comment(line).trim_ascii().is_empty()).take(LINES)
}

fn begins_so(start: &[u8]) -> bool {
    let mut lines = start.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let mut tokens = tokens(line);
        let Some(label) = tokens.next() else { continue };
        if parse_number(label.strip_prefix(b"+").unwrap_or(label), Decimal::Point).is_none() {
            return false;
        }
        let pairs: Vec<&[u8]> = tokens.collect();
        let Some((last, whole)) = pairs.split_last() else { continue };
        // What was read may end within a pair.
        let is_cut = lines.peek().is_none() && !whole.is_empty() && last.iter().all(u8::is_ascii_digit);
        return whole.iter().all(|token| is_pair(token)) && (is_cut || is_pair(last));
    }
    false
}

/// The words of a line up to its comment.
fn tokens(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    without_comment(line).split(u8::is_ascii_whitespace).filter(|token| !token.is_empty())
}

/// `index:value` or `qid:value`; the value may be cut off.
fn is_pair(token: &[u8]) -> bool {
    let Some(colon) = token.iter().position(|byte| *byte == b':') else { return false };
    let (index, value) = (&token[..colon], &token[colon + 1..]);
    (index == b"qid" || (!index.is_empty() && index.iter().all(u8::is_ascii_digit)))
        && (value.is_empty() || parse_number(value, Decimal::Point).is_some())
}

/// A line up to its comment.
pub(crate) fn without_comment(line: &[u8]) -> &[u8] {
    memchr::memchr(b'#', line).map_or(line, |at| &line[..at])
}

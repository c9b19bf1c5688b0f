//! CSV (RFC 4180): bytes to chunks of whole records, chunks to records of fields, in bounded memory.

mod chunk;
mod fingerprint;
mod json_lines;
mod open;
mod reader;
mod records;
mod sniff;

pub(crate) use chunk::{Chunk, Chunks};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use open::{Opened, open, open_bytes};
pub use reader::CsvReader;
pub(crate) use reader::Format;
pub use records::Record;
pub(crate) use records::Records;

/// How a file is to be read; what is `None` is found out from its first lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvOptions {
    /// The byte between fields: of comma, semicolon, tab and bar the one that fits, unless given.
    pub delimiter: Option<u8>,
    /// Whether the first record holds the names.
    pub header: Option<bool>,
    /// The decimal sign of numbers.
    pub decimal: Decimal,
}

/// The decimal sign of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// 3.14
    #[default]
    Point,
    /// 3,14
    Comma,
}

/// Whether a field (without the white space around it) stands for nothing: empty, NA, N/A, NaN, null or ?, in any case.
pub fn is_missing(field: &[u8]) -> bool {
    match field.len() {
        0 => true,
        1 => field == b"?",
        2 => field.eq_ignore_ascii_case(b"na"),
        3 => field.eq_ignore_ascii_case(b"nan") || field.eq_ignore_ascii_case(b"n/a"),
        4 => field.eq_ignore_ascii_case(b"null"),
        _ => false,
    }
}

/// The number that a field (without the white space around it) is; `None` for a word. A number too large for f64 is infinite.
#[inline]
pub fn parse_number(field: &[u8], decimal: Decimal) -> Option<f64> {
    // Words like "inf" and "nan" are no numbers here.
    if !matches!(field.iter().find(|c| !matches!(c, b'+' | b'-')), Some(b'0'..=b'9' | b'.' | b',')) {
        return None;
    }
    match decimal {
        Decimal::Point => fast_float2::parse(field).ok(),
        Decimal::Comma => {
            let comma = field.iter().position(|c| *c == b',');
            if field.contains(&b'.') {
                return None;
            }
            let Some(comma) = comma else { return fast_float2::parse(field).ok() };
            let mut with_point = field.to_vec();
            with_point[comma] = b'.';
            fast_float2::parse(&with_point).ok()
        }
    }
}

/// Whether a word is a number but for its decimal comma.
pub(crate) fn is_decimal_comma(word: &[u8]) -> bool {
    let comma = word.iter().filter(|c| **c == b',').count() == 1;
    // 1,234 could be a thousand as well: three digits after the comma say nothing, another number of them does.
    comma && parse_number(word, Decimal::Comma).is_some()
}

//! CSV (RFC 4180): bytes to chunks of whole records, chunks to records of fields, in bounded memory.

mod chunk;
mod fingerprint;
mod json_lines;
mod number;
mod open;
mod plain;
mod reader;
mod records;
mod sniff;

pub(crate) use chunk::{Chunk, Chunks};
pub(crate) use fingerprint::Fingerprint;
pub use number::parse_number;
pub(crate) use open::{Opened, open, open_bytes, open_file};
pub(crate) use plain::{Field, PlainRecords};
pub use reader::CsvReader;
pub(crate) use reader::Format;
pub(crate) use records::Records;
pub use records::{Record, Row};

/// A field of a CSV file, quoted where it must be.
pub fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// How a file is to be read; what is `None` is found out from its first lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvOptions {
    /// The byte between fields: of comma, semicolon, tab and bar the one that fits, unless given.
    pub delimiter: Option<u8>,
    /// Whether the first record holds the names.
    pub header: Option<bool>,
    /// The decimal sign of numbers.
    pub decimal: Decimal,
    /// In libsvm's format, the index of the first feature, 0 or 1.
    pub first_index: Option<u32>,
    /// Whether a line that is none of JSON lines is a bad record, rather than the end of reading.
    pub skips_bad_lines: bool,
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

impl Decimal {
    fn sign(self) -> u8 {
        match self {
            Decimal::Point => b'.',
            Decimal::Comma => b',',
        }
    }
}

/// Whether a field (without the white space around it) stands for nothing: empty, NA, N/A, NaN, null, ?, or what
/// spreadsheets and pandas write, `#N/A` and `<NA>`, in any case.
pub fn is_missing(field: &[u8]) -> bool {
    match field.len() {
        0 => true,
        1 => field == b"?",
        2 => field.eq_ignore_ascii_case(b"na"),
        3 => field.eq_ignore_ascii_case(b"nan") || field.eq_ignore_ascii_case(b"n/a"),
        4 => [&b"null"[..], b"#n/a", b"<na>"].iter().any(|word| field.eq_ignore_ascii_case(word)),
        _ => false,
    }
}

/// Whether a word is a number but for its decimal comma.
pub(crate) fn is_decimal_comma(word: &[u8]) -> bool {
    let comma = word.iter().filter(|c| **c == b',').count() == 1;
    // 1,234 could be a thousand as well: three digits after the comma say nothing, another number of them does.
    comma && parse_number(word, Decimal::Comma).is_some()
}

//! CSV (RFC 4180): bytes to chunks of whole records, chunks to records of fields, in bounded memory.

mod chunk;
mod fingerprint;
mod json_lines;
mod number;
mod open;
mod plain;
mod quotes;
mod reader;
mod records;
mod sniff;

pub(crate) use chunk::{Chunk, Chunks};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use json_lines::{NOT_NESTED, is_nested, nested, shown};
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

    /// The sign that is none, and may separate thousands.
    pub(crate) fn other(self) -> Self {
        match self {
            Decimal::Point => Decimal::Comma,
            Decimal::Comma => Decimal::Point,
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

/// Whether a word is a number but for its decimal sign, which is not that of the file.
pub(crate) fn has_other_decimal(word: &[u8], decimal: Decimal) -> bool {
    let other = decimal.other();
    word.iter().filter(|c| **c == other.sign()).count() == 1 && parse_number(word, other).is_some()
}

/// Whether a word is a number whose thousands are separated: by the sign that is not the decimal one stand groups of three digits, and in front of them
/// up to three, of which the first is no 0.
pub(crate) fn has_thousands(word: &[u8], decimal: Decimal) -> bool {
    let (separator, point) = (decimal.other().sign(), decimal.sign());
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let word = word.strip_prefix(b"-").or_else(|| word.strip_prefix(b"+")).unwrap_or(word);
    let mut parts = word.splitn(2, |c| *c == point);
    let (whole, fraction) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut groups = whole.split(|c| *c == separator);
    let first = groups.next().unwrap_or_default();
    let is_first = (1..=3).contains(&first.len()) && digits(first) && !first.starts_with(b"0");
    is_first && whole.len() > first.len() && digits(fraction) && groups.all(|group| group.len() == 3 && digits(group))
}

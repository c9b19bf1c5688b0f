//! Where a record is.

use std::fmt;

/// Where a record begins: files of text have lines, and Parquet, Arrow, the results of queries and tables in memory have none.
///
/// ```
/// use deltarule_data::At;
/// assert_eq!((At::Line(7).to_string(), At::Record(7).to_string()), ("line 7".to_owned(), "record 7".to_owned()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// On this line, from 1.
    Line(u64),
    /// It is this record, from 1.
    Record(u64),
}

impl At {
    /// The line, or the record.
    pub fn number(self) -> u64 {
        let (At::Line(number) | At::Record(number)) = self;
        number
    }

    /// The same, `n` further on.
    #[cfg(feature = "arrow")]
    pub(crate) fn plus(self, n: u64) -> Self {
        match self {
            At::Line(line) => At::Line(line + n),
            At::Record(record) => At::Record(record + n),
        }
    }

    /// The preposition that goes before it.
    pub(crate) fn on(self) -> &'static str {
        match self {
            At::Line(_) => "on",
            At::Record(_) => "in",
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Line(line) => write!(f, "line {line}"),
            At::Record(record) => write!(f, "record {record}"),
        }
    }
}

//! Records that are left out since they cannot be used.

use crate::at::At;
use crate::error::DataError;
use crate::flaw::Flaw;

/// A record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its file.
    pub file: String,
    /// Where it begins.
    pub at: At,
    /// Why, in general.
    pub flaw: Flaw,
    /// Why, with what was found and expected.
    pub reason: String,
    /// The record as it stands in the file, where that is text; what is not UTF-8 is replaced.
    pub record: Option<String>,
}

impl Reject {
    /// Makes a reject of an error that one record alone is to blame for, which may be given as text.
    ///
    /// Errors: it is another error.
    pub fn of(error: DataError, record: Option<String>) -> Result<Self, DataError> {
        Ok(match error {
            DataError::FieldCount { file, line, found, expected, hint } => {
                let reason = format!("found {found} fields, expected {expected}{hint}");
                Self { file, at: At::Line(line), flaw: Flaw::Fields, reason, record }
            }
            DataError::AfterQuote { file, line, column, found, begin: None } => {
                let reason = format!(
                    "column {column:?}: found {found:?} after a closing quote; a quote within text is written twice"
                );
                Self { file, at: At::Line(line), flaw: Flaw::Syntax, reason, record }
            }
            DataError::Encoding { file, line, column, found } => {
                let reason = format!("column {column:?}: the bytes {found} are not UTF-8");
                Self { file, at: At::Line(line), flaw: Flaw::Encoding, reason, record }
            }
            DataError::Value { file, at, column, found, expected, flaw } => {
                let reason = format!("column {column:?}: found {found:?}, expected {expected}");
                Self { file, at, flaw, reason, record }
            }
            DataError::Json { file, line, found, expected } => {
                let reason = format!("found {found}, expected {expected}");
                Self { file, at: At::Line(line), flaw: Flaw::Syntax, reason, record }
            }
            DataError::Libsvm { file, line, place, found, expected } => {
                let reason = format!("column {place}: found {found:?}, expected {expected}");
                Self { file, at: At::Line(line), flaw: Flaw::Syntax, reason, record }
            }
            error => return Err(error),
        })
    }
}

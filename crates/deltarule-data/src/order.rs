//! The columns of several files, which are those of the first, in any order.

use crate::error::{DataError, Result};
use crate::format::FileFormat;

/// Where in a file of this format each column of the first file stands; `None` where the columns are in the same order.
///
/// Errors: a column is missing, or one too many.
pub(crate) fn order(
    first: (&str, &[String]),
    file: (&str, &[String]),
    format: FileFormat,
) -> Result<Option<Vec<usize>>> {
    let ((first_name, expected), (name, found)) = (first, file);
    if expected == found {
        return Ok(None);
    }
    let places: std::collections::HashMap<&str, usize> =
        found.iter().enumerate().map(|(place, column)| (column.as_str(), place)).collect();
    let order: Vec<usize> = expected.iter().filter_map(|column| places.get(column.as_str()).copied()).collect();
    if order.len() == expected.len() && expected.len() == found.len() {
        return Ok(Some(order));
    }
    let not_in = |list: &[String], other: &[String]| -> Vec<String> {
        list.iter().filter(|column| !other.contains(column)).cloned().collect()
    };
    Err(DataError::OtherColumns {
        file: name.to_owned(),
        first: first_name.to_owned(),
        missing: not_in(expected, found),
        further: not_in(found, expected),
        format,
    })
}

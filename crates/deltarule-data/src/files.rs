//! The files that a command line names: as they are called, or by patterns; and what else records can come from.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};
#[cfg(feature = "sql")]
use crate::sql::Query;

/// Where records come from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Files, one after the other.
    Files(Vec<PathBuf>),
    /// The result of a query.
    #[cfg(feature = "sql")]
    Query(Query),
}

impl From<Vec<PathBuf>> for Origin {
    fn from(files: Vec<PathBuf>) -> Self {
        Origin::Files(files)
    }
}

/// Whether a name is that of an object in a store or on a host, such as `s3://bucket/part.parquet`, and not of a file.
pub fn is_url(name: &Path) -> bool {
    let scheme = name.to_str().and_then(|name| name.split_once("://")).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.bytes().all(|c| c.is_ascii_alphanumeric()))
}

/// The files that some names stand for, in the order of the names; `-` is standard input.
///
/// A name in which there is `*`, `?` or `[…]` stands for all files with names that fit, sorted by their bytes, unless there is a
/// file that is called just so. Folders do not count.
///
/// Errors: no name fits a pattern, a pattern cannot be read, standard input is named twice, a name is that of an object in a store.
pub fn find_files(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if names.iter().filter(|name| is_standard_input(name)).count() > 1 {
        return Err(DataError::InputTwice);
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        match name.to_str() {
            Some(url) if is_url(name) => return Err(DataError::NoSql { found: url.to_owned() }),
            Some(pattern) if pattern.contains(['*', '?', '[']) && name.symlink_metadata().is_err() => {
                files.extend(matches_of(pattern)?);
            }
            _ => files.push(name.clone()),
        }
    }
    Ok(files)
}

/// What is called so is no file, but a stream that can be read once.
pub(crate) fn is_standard_input(name: &Path) -> bool {
    name.as_os_str() == "-"
}

/// Several files in one word or two.
pub(crate) fn name_of_all(names: &[String]) -> String {
    match names {
        [first, _, _, _, ..] => format!("{first} and {} more files", names.len() - 1),
        names => names.join(", "),
    }
}

fn matches_of(pattern: &str) -> Result<Vec<PathBuf>> {
    let options = glob::MatchOptions { require_literal_separator: true, ..Default::default() };
    let found = glob::glob_with(pattern, options)
        .map_err(|error| DataError::Pattern { pattern: pattern.to_owned(), reason: error.msg })?;
    let mut files = Vec::new();
    for file in found {
        let file =
            file.map_err(|error| DataError::Io { file: error.path().display().to_string(), error: error.into() })?;
        if !file.is_dir() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(DataError::NoMatch { pattern: pattern.to_owned(), folder: folder_of(pattern) });
    }
    files.sort_by(|a, b| bytes(a).cmp(bytes(b)));
    Ok(files)
}

fn bytes(path: &Path) -> &[u8] {
    OsStr::as_encoded_bytes(path.as_os_str())
}

/// The folder in which a pattern begins to be one.
fn folder_of(pattern: &str) -> String {
    let plain = pattern.split(['*', '?', '[']).next().unwrap_or_default();
    match plain.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => ". (the current one)".to_owned(),
    }
}

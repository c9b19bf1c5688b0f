//! The files that a command line names: as they are called, or by patterns.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{DataError, Result};

/// The files that some names stand for, in the order of the names; `-` is standard input.
///
/// A name in which there is `*`, `?` or `[…]` stands for all files with names that fit, sorted by their bytes, unless there is a
/// file that is called just so. Folders do not count.
///
/// Errors: no name fits a pattern, a pattern cannot be read, standard input is named twice.
pub fn find_files(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if names.iter().filter(|name| is_standard_input(name)).count() > 1 {
        return Err(DataError::InputTwice);
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        match name.to_str() {
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

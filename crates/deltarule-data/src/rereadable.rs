//! Files whose records are read more than once.

use std::ops::ControlFlow;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use crate::csv::CsvOptions;
use crate::error::Result;
use crate::reader::{Reader, name_of};
use crate::table::{Progress, copied, is_stream};

/// Files whose records can be read again and again: what a stream gives once is copied to a file in the system's folder for temporary files.
#[derive(Debug)]
pub struct Rereadable {
    paths: Vec<PathBuf>,
    /// A copy of each that is a stream.
    copies: Vec<Option<NamedTempFile>>,
}

impl Rereadable {
    /// Copies the streams among some files; `progress` is shown how far it is, and may break off.
    ///
    /// Errors: a stream cannot be read, or not be copied; `progress` breaks off.
    pub fn of(paths: Vec<PathBuf>, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Self> {
        let copy = |path: &PathBuf| is_stream(path).then(|| copied(path, progress)).transpose();
        let copies = paths.iter().map(copy).collect::<Result<_>>()?;
        Ok(Self { paths, copies })
    }

    /// Opens the first of them, as [`Reader::open_all`] does; a copy has the name of its stream in messages.
    ///
    /// Errors: those of [`Reader::open_all`].
    pub fn open(&self, options: &CsvOptions) -> Result<Reader> {
        let copy = |(path, copy): (&PathBuf, &Option<NamedTempFile>)| {
            copy.as_ref().map_or_else(|| path.clone(), |copy| copy.path().to_owned())
        };
        let places: Vec<PathBuf> = self.paths.iter().zip(&self.copies).map(copy).collect();
        Reader::open_named(&places, self.paths.iter().map(|path| name_of(path)).collect(), options)
    }
}

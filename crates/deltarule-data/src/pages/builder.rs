//! From values in pieces of any length to pages, in memory or in a file.

use std::fs::File;
use std::path::PathBuf;

use super::file::{PageFile, spill_error};
use super::{Budget, Decode, PAGE_ROWS, PageColumn, Pages};
use crate::error::{DataError, Result};
use crate::table::ReadOptions;

/// Where pages are held.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) budget: Budget,
    /// Where the pages are kept beyond this run, all of them.
    pub(crate) cache: Option<PathBuf>,
    /// Whether pages are held in memory only if all of them can be: another form of them will be, otherwise.
    pub(crate) all_or_none: bool,
}

impl Holding {
    pub(crate) fn of(options: &ReadOptions) -> Self {
        Self { budget: options.budget(), cache: options.cache.clone(), all_or_none: options.narrow }
    }
}

/// Whether pages may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Further {
    Expected,
    None,
}

/// Pages under construction.
pub(crate) struct PageBuilder {
    open: Vec<PageColumn>,
    n_open: usize,
    memory: Vec<Vec<PageColumn>>,
    memory_bytes: usize,
    /// What the largest page so far takes up beside what each record does.
    most_stored: usize,
    /// Whether no page had to go to the file so far.
    fits: bool,
    file: Option<PageFile>,
    bytes: Vec<u8>,
    n_records: usize,
    holding: Holding,
}

impl PageBuilder {
    /// Errors: the folder of the cache cannot be written to.
    pub(crate) fn new(n_columns: usize, holding: Holding) -> Result<Self> {
        let file = match &holding.cache {
            None => None,
            Some(path) => {
                let name = path.display().to_string();
                let folder = super::place::folder_of(path);
                let file = tempfile::tempfile_in(folder).map_err(|error| spill_error(&name, true, error))?;
                Some(PageFile::new(file, name, true, 0)?)
            }
        };
        let open = vec![PageColumn::Missing; n_columns];
        let (memory, bytes) = (Vec::new(), Vec::new());
        let (n_open, memory_bytes, most_stored, n_records) = (0, 0, 0, 0);
        Ok(Self { open, n_open, memory, memory_bytes, most_stored, fits: true, file, bytes, n_records, holding })
    }

    pub(crate) fn n_records(&self) -> usize {
        self.n_records
    }

    /// Takes the values of `n` further records; `value_bytes`: what a record takes up in memory.
    ///
    /// Errors: those of the file, where one is needed.
    pub(crate) fn push(&mut self, columns: &[PageColumn], n: usize, record_bytes: impl Fn() -> usize) -> Result<()> {
        let mut from = 0;
        while from < n {
            let to = n.min(from + PAGE_ROWS - self.n_open);
            for (open, column) in self.open.iter_mut().zip(columns) {
                open.extend(self.n_open, column, from..to);
            }
            self.n_open += to - from;
            self.n_records += to - from;
            from = to;
            if self.n_open == PAGE_ROWS {
                self.seal(record_bytes(), Further::Expected)?;
            }
        }
        Ok(())
    }

    /// Ends the page that is open.
    fn seal(&mut self, record_bytes: usize, further: Further) -> Result<()> {
        let stored: usize = self.open.iter().map(PageColumn::stored_bytes).sum();
        self.most_stored = self.most_stored.max(stored);
        let (bytes, page_bytes) = (self.n_open * record_bytes + stored, PAGE_ROWS * record_bytes + self.most_stored);
        if self.fits {
            let reserve = self.holding.budget.reserve(page_bytes);
            // Once all pages are in memory, nothing else is needed.
            let beside = if further == Further::None { 0 } else { reserve };
            self.fits = self.holding.budget.take_beside(bytes, beside);
            if self.fits {
                self.memory_bytes += bytes;
            } else {
                self.begin_spilling(reserve)?;
            }
        }
        if let Some(file) = &mut self.file {
            file.write(&self.open, self.n_open, &mut self.bytes)?;
        }
        if self.fits {
            let empty = vec![PageColumn::Missing; self.open.len()];
            self.memory.push(std::mem::replace(&mut self.open, empty));
        } else {
            self.open.iter_mut().for_each(PageColumn::clear);
        }
        self.n_open = 0;
        Ok(())
    }

    /// From here on pages go to the file.
    fn begin_spilling(&mut self, reserve: usize) -> Result<()> {
        let (found, all_or_none) = (self.holding.budget.total(), self.holding.all_or_none);
        if reserve > found {
            return Err(DataError::MemoryTooSmall { found, needed: reserve });
        }
        if self.file.is_none() {
            let mut file = temporary_file(if all_or_none { 0 } else { self.memory.len() })?;
            if all_or_none {
                for page in &self.memory {
                    file.write(page, PAGE_ROWS, &mut self.bytes)?;
                }
            }
            self.file = Some(file);
        }
        if all_or_none {
            self.memory.clear();
            self.holding.budget.give_back(self.memory_bytes);
            self.memory_bytes = 0;
        }
        Ok(())
    }

    /// The pages, once it is known how each column is to be read.
    ///
    /// Errors: those of the file.
    pub(crate) fn finish(mut self, decode: Vec<Decode>, record_bytes: usize) -> Result<Pages> {
        if self.n_open > 0 {
            self.seal(record_bytes, Further::None)?;
        }
        let Self { mut memory, n_records, holding, file, .. } = self;
        for (index, page) in memory.iter_mut().enumerate() {
            let n = PAGE_ROWS.min(n_records - index * PAGE_ROWS);
            for (column, decode) in page.iter_mut().zip(&decode) {
                *column = decode.apply(std::mem::replace(column, PageColumn::Missing), n);
            }
        }
        Ok(Pages::new(memory, file, decode, n_records, holding.budget))
    }
}

/// A file without a name, which is gone when the program ends, however it ends.
fn temporary_file(first_page: usize) -> Result<PageFile> {
    let folder = std::env::temp_dir();
    let name = folder.display().to_string();
    let file: File = tempfile::tempfile_in(&folder).map_err(|error| spill_error(&name, false, error))?;
    PageFile::new(file, name, false, first_page)
}

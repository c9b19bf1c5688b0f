//! The values of a table, in pages of so many records, all columns of a page together: in memory as long as the budget allows, in a
//! file beyond it. What is read from either has the same bits.

mod budget;
mod builder;
mod cache;
mod checksum;
mod column;
mod file;
mod place;
mod row_set;

use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use deltarule_core::BLOCK_ROWS;

pub(crate) use budget::Budget;
pub(crate) use builder::{Holding, PageBuilder};
pub(crate) use cache::{Cached, read_cache};
pub use column::PageColumn;
pub(crate) use column::{Decode, STORED_BYTES};
pub(crate) use row_set::RowSet;

use crate::error::Result;
use file::PageFile;

/// How many records a page has; the last one may have fewer.
pub(crate) const PAGE_ROWS: usize = BLOCK_ROWS;

/// All pages of a table.
#[derive(Debug)]
pub(crate) struct Pages {
    /// The first pages, decoded.
    memory: Vec<Vec<PageColumn>>,
    /// The other pages, or all of them.
    file: Option<PageFile>,
    decode: Vec<Decode>,
    n_records: usize,
    /// What the largest page of the file takes up in memory.
    page_bytes: usize,
    budget: Budget,
    /// Buffers that are not in use.
    buffers: Mutex<Vec<Buffer>>,
}

/// A page on its way from the file, as bytes and decoded.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    columns: Vec<PageColumn>,
}

/// Some consecutive rows of a page, column by column; those of columns that were not wanted may be missing.
pub(crate) struct PageRows<'p> {
    pub(crate) columns: &'p [PageColumn],
    /// Where in the columns the rows are that were asked for.
    pub(crate) rows: Range<usize>,
}

impl Pages {
    fn new(
        memory: Vec<Vec<PageColumn>>,
        file: Option<PageFile>,
        decode: Vec<Decode>,
        n_records: usize,
        budget: Budget,
    ) -> Self {
        let record_bytes = decode.iter().map(Decode::bytes).sum();
        let page_bytes = file.as_ref().map_or(0, |file| file.largest(record_bytes));
        Self { memory, file, decode, n_records, page_bytes, budget, buffers: Mutex::new(Vec::new()) }
    }

    pub(crate) fn n_pages(&self) -> usize {
        self.n_records.div_ceil(PAGE_ROWS)
    }

    pub(crate) fn n_records(&self) -> usize {
        self.n_records
    }

    /// How many records are held in memory.
    pub(crate) fn n_in_memory(&self) -> usize {
        self.n_records.min(self.memory.len() * PAGE_ROWS)
    }

    /// How many bytes of pages there are in the file.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        self.file.as_ref().map_or(0, PageFile::end)
    }

    /// How many records a page has.
    pub(crate) fn n_rows(&self, page: usize) -> usize {
        PAGE_ROWS.min(self.n_records.saturating_sub(page * PAGE_ROWS))
    }

    /// Memory for another form of the values, of which nothing is taken yet.
    pub(crate) fn beside(&self) -> Beside<'_> {
        Beside { pages: self, bytes: 0 }
    }

    /// The columns of a page that is in memory.
    pub(crate) fn in_memory(&self, page: usize) -> Option<&[PageColumn]> {
        self.memory.get(page).map(Vec::as_slice)
    }

    /// Shows some rows of a page.
    ///
    /// Errors: those of the file that holds it.
    pub(crate) fn show<R>(
        &self,
        page: usize,
        rows: Range<usize>,
        wanted: &Wanted,
        visit: impl FnOnce(&PageRows<'_>) -> R,
    ) -> Result<R> {
        let (None, Some(file)) = (self.in_memory(page), &self.file) else {
            return Ok(visit(&PageRows { columns: self.in_memory(page).unwrap_or_default(), rows }));
        };
        let mut buffer = self.spare_buffers(|spare| spare.pop()).unwrap_or_default();
        let rows = file.read(page, rows, wanted, &self.decode, &mut buffer)?;
        let seen = visit(&PageRows { columns: &buffer.columns, rows });
        self.spare_buffers(|spare| spare.push(buffer));
        Ok(seen)
    }

    /// Says that some rows of a page will be shown soon.
    pub(crate) fn will_show(&self, page: usize, rows: Range<usize>) {
        if let (None, Some(file)) = (self.in_memory(page), &self.file) {
            file.will_read(page, rows);
        }
    }

    fn spare_buffers<R>(&self, with: impl FnOnce(&mut Vec<Buffer>) -> R) -> R {
        with(&mut self.buffers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows every page, in order, until `visit` has seen enough.
    pub(crate) fn show_each(
        &self,
        wanted: &Wanted,
        mut visit: impl FnMut(usize, Range<usize>, &[PageColumn]) -> ControlFlow<()>,
    ) -> Result<()> {
        for page in 0..self.n_pages() {
            let rows = 0..self.n_rows(page);
            if self.show(page, rows, wanted, |shown| visit(page, shown.rows.clone(), shown.columns))?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Memory that another form of the values takes up; it is given back with the form.
#[derive(Debug)]
pub(crate) struct Beside<'t> {
    pages: &'t Pages,
    bytes: usize,
}

impl Beside<'_> {
    /// Takes so many bytes more, if there are so many left beside what passes need.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let Pages { page_bytes, budget, n_records, .. } = self.pages;
        let in_memory = self.pages.n_in_memory() == *n_records;
        let taken = budget.take_beside(bytes, if in_memory { 0 } else { budget.reserve(*page_bytes) });
        self.bytes += if taken { bytes } else { 0 };
        taken
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.pages.budget.give_back(self.bytes);
    }
}

/// Which columns are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// In ascending order.
    columns: Vec<usize>,
}

impl Wanted {
    pub(crate) fn of(columns: impl IntoIterator<Item = usize>) -> Self {
        let mut columns: Vec<usize> = columns.into_iter().collect();
        columns.sort_unstable();
        columns.dedup();
        Self { columns }
    }

    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }
}

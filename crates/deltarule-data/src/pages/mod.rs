//! The values of a table, in pages of so many records, all columns of a page together: in memory as long as the budget allows, in a
//! file beyond it. What is read from either has the same bits.

mod budget;
mod builder;
mod cache;
mod checksum;
mod column;
mod file;
mod lent;
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
pub(crate) use lent::LateColumns;
#[cfg(feature = "arrow")]
pub(crate) use lent::LateNumbers;
pub use lent::LentNumbers;
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
    /// Columns of the pages in memory whose values are elsewhere.
    late: LateColumns,
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
        let (late, buffers) = (LateColumns::default(), Mutex::new(Vec::new()));
        Self { memory, file, decode, late, n_records, page_bytes, budget, buffers }
    }

    /// Pages that are in memory, whatever their size.
    #[cfg(feature = "arrow")]
    pub(crate) fn of_memory(memory: Vec<Vec<PageColumn>>, n_records: usize) -> Self {
        Self::new(memory, None, Vec::new(), n_records, Budget::new(usize::MAX, 1))
    }

    /// The same, with columns whose values are elsewhere, and become numbers a page at a time.
    #[cfg(feature = "arrow")]
    pub(crate) fn with_late(self, late: LateColumns) -> Self {
        Self { late, ..self }
    }

    /// The pages in memory, without the rest.
    #[cfg(feature = "arrow")]
    pub(crate) fn into_memory(self) -> Vec<Vec<PageColumn>> {
        self.memory
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

    /// The columns of a page that is in memory, all of them.
    pub(crate) fn in_memory(&self, page: usize) -> Option<&[PageColumn]> {
        self.memory.get(page).filter(|_| self.late.is_empty()).map(Vec::as_slice)
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
        if let Some(columns) = self.in_memory(page) {
            return Ok(visit(&PageRows { columns, rows }));
        }
        let mut buffer = self.spare_buffers(|spare| spare.pop()).unwrap_or_default();
        let rows = match (self.memory.get(page), &self.file) {
            (Some(columns), _) => self.complete(page, columns, rows, wanted, &mut buffer.columns),
            (None, Some(file)) => file.read(page, rows, wanted, &self.decode, &mut buffer)?,
            (None, None) => rows,
        };
        let seen = visit(&PageRows { columns: &buffer.columns, rows });
        self.spare_buffers(|spare| spare.push(buffer));
        Ok(seen)
    }

    /// Puts some rows of a page together with those of columns whose values are elsewhere, and says where they are then.
    fn complete(
        &self,
        page: usize,
        columns: &[PageColumn],
        rows: Range<usize>,
        wanted: &Wanted,
        into: &mut Vec<PageColumn>,
    ) -> Range<usize> {
        into.resize(columns.len(), PageColumn::Missing);
        into.iter_mut().for_each(PageColumn::clear);
        let first = page * PAGE_ROWS;
        for &position in wanted.columns() {
            match (self.late.get(position), &columns[position]) {
                (Some(late), _) => {
                    into[position].fill_numbers(|values| late.append(first + rows.start..first + rows.end, values));
                }
                (None, PageColumn::Lent(lent)) => into[position] = PageColumn::Lent(lent.part(rows.clone())),
                (None, column) => into[position].extend(0, column, rows.clone()),
            }
        }
        0..rows.len()
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

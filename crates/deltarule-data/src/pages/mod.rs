//! The values of a table, in pages of so many records, all columns of a page together.

mod column;
mod row_set;

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};

use deltarule_core::BLOCK_ROWS;

pub(crate) use column::Decode;
pub use column::PageColumn;
pub(crate) use row_set::RowSet;

use crate::error::Result;

/// How many records a page has; the last one may have fewer.
pub(crate) const PAGE_ROWS: usize = BLOCK_ROWS;

/// How many bytes may be held, and how many are.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, used: AtomicUsize::new(0) }
    }

    /// Takes so many bytes, if there are so many left.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.total);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// Pages under construction: values come in pieces of any length.
pub(crate) struct PageBuilder {
    open: Vec<PageColumn>,
    n_open: usize,
    memory: Vec<Vec<PageColumn>>,
    n_records: usize,
    budget: Budget,
}

impl PageBuilder {
    pub(crate) fn new(n_columns: usize, budget: Budget) -> Self {
        let open = vec![PageColumn::Missing; n_columns];
        Self { open, n_open: 0, memory: Vec::new(), n_records: 0, budget }
    }

    /// Takes the values of `n` further records; `value_bytes`: what a value of each column will take up in memory.
    pub(crate) fn push(&mut self, columns: &[PageColumn], n: usize, value_bytes: impl Fn() -> usize) -> Result<()> {
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
                self.seal(value_bytes());
            }
        }
        Ok(())
    }

    fn seal(&mut self, value_bytes: usize) {
        let empty = vec![PageColumn::Missing; self.open.len()];
        self.budget.take(self.n_open * value_bytes);
        self.memory.push(std::mem::replace(&mut self.open, empty));
        self.n_open = 0;
    }

    pub(crate) fn n_records(&self) -> usize {
        self.n_records
    }

    /// The pages, once it is known how each column is to be read.
    pub(crate) fn finish(mut self, decode: &[Decode], value_bytes: usize) -> Result<Pages> {
        if self.n_open > 0 {
            self.seal(value_bytes);
        }
        let Self { memory, n_records, budget, .. } = self;
        let mut pages = Pages { memory, n_records, budget };
        for (index, page) in pages.memory.iter_mut().enumerate() {
            let n = PAGE_ROWS.min(n_records - index * PAGE_ROWS);
            for (column, decode) in page.iter_mut().zip(decode) {
                *column = decode.apply(std::mem::replace(column, PageColumn::Missing), n);
            }
        }
        Ok(pages)
    }
}

/// All pages of a table.
#[derive(Debug)]
pub(crate) struct Pages {
    memory: Vec<Vec<PageColumn>>,
    n_records: usize,
    budget: Budget,
}

/// Some consecutive rows of a page, column by column; those of columns that were not wanted are missing.
pub(crate) struct PageRows<'p> {
    pub(crate) columns: &'p [PageColumn],
    /// Where in the columns the rows are that were asked for.
    pub(crate) rows: Range<usize>,
}

impl Pages {
    pub(crate) fn n_pages(&self) -> usize {
        self.n_records.div_ceil(PAGE_ROWS)
    }

    pub(crate) fn n_records(&self) -> usize {
        self.n_records
    }

    /// How many records a page has.
    pub(crate) fn n_rows(&self, page: usize) -> usize {
        PAGE_ROWS.min(self.n_records.saturating_sub(page * PAGE_ROWS))
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
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
        _wanted: &Wanted,
        visit: impl FnOnce(&PageRows<'_>) -> R,
    ) -> Result<R> {
        let columns = self.in_memory(page).unwrap_or_default();
        Ok(visit(&PageRows { columns, rows }))
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

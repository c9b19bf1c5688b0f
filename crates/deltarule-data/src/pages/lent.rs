//! Values that the program which calls holds, shown as they are or made into numbers a page at a time.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Numbers in memory that something else owns, and keeps unchanged.
#[derive(Clone)]
pub struct LentNumbers {
    owner: Arc<dyn AsRef<[f64]> + Send + Sync>,
    rows: Range<usize>,
}

impl LentNumbers {
    /// Some of the numbers of an owner; as many of `rows` as it has.
    pub fn new(owner: Arc<dyn AsRef<[f64]> + Send + Sync>, rows: Range<usize>) -> Self {
        let n = (*owner).as_ref().len();
        let end = rows.end.min(n);
        Self { owner, rows: rows.start.min(end)..end }
    }

    /// Some of these numbers.
    pub(crate) fn part(&self, rows: Range<usize>) -> Self {
        let at = |row: usize| (self.rows.start + row).min(self.rows.end);
        Self { owner: self.owner.clone(), rows: at(rows.start)..at(rows.end) }
    }

    /// The numbers; NaN is missing.
    pub fn as_slice(&self) -> &[f64] {
        (*self.owner).as_ref().get(self.rows.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for LentNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LentNumbers({})", self.rows.len())
    }
}

impl PartialEq for LentNumbers {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

/// A column whose values become numbers when they are looked at.
pub(crate) trait LateNumbers: Send + Sync {
    /// Appends the numbers of some records; NaN is missing.
    fn append(&self, rows: Range<usize>, into: &mut Vec<f64>);
}

/// The columns of a table whose values become numbers when they are looked at, at their positions.
#[derive(Default)]
pub(crate) struct LateColumns(pub(crate) Vec<Option<Box<dyn LateNumbers>>>);

impl LateColumns {
    /// The column at a position, if it is one of them.
    pub(super) fn get(&self, position: usize) -> Option<&dyn LateNumbers> {
        self.0.get(position)?.as_deref()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

impl fmt::Debug for LateColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LateColumns({})", self.0.iter().flatten().count())
    }
}

//! A column's values within a page.

use std::ops::Range;

use deltarule_core::NO_LEVEL;
use deltarule_model::BucketSet;
use serde::{Deserialize, Serialize};

use super::lent::LentNumbers;

/// What a number of a sparse column takes up, with its index.
pub(crate) const STORED_BYTES: usize = size_of::<u32>() + size_of::<f64>();

/// The values of one column for some consecutive records.
#[derive(Debug, Clone, PartialEq)]
pub enum PageColumn {
    /// All of them missing, or not kept.
    Missing,
    /// Numbers; NaN is missing.
    Numbers(Vec<f64>),
    /// The same, where something else holds them.
    Lent(LentNumbers),
    /// Codes; [`NO_LEVEL`] is missing.
    Codes(Vec<u32>),
    /// Of each record the sparse numbers that are not 0.
    Sparse {
        /// Record `r` has the values from `starts[r]` to `starts[r + 1]`.
        starts: Vec<usize>,
        /// Positions among the indices that occur, ascending within a record.
        indices: Vec<u32>,
        /// The values.
        values: Vec<f64>,
    },
}

impl PageColumn {
    /// The numbers; none where these are no numbers.
    pub fn numbers(&self) -> &[f64] {
        match self {
            PageColumn::Numbers(values) => values,
            PageColumn::Lent(lent) => lent.as_slice(),
            _ => &[],
        }
    }

    /// The codes; none where these are no codes.
    pub fn codes(&self) -> &[u32] {
        match self {
            PageColumn::Codes(codes) => codes,
            _ => &[],
        }
    }

    /// Whether the value of a row is missing.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            PageColumn::Missing => true,
            PageColumn::Sparse { .. } => false,
            PageColumn::Numbers(_) | PageColumn::Lent(_) => self.numbers()[row].is_nan(),
            PageColumn::Codes(codes) => codes[row] == NO_LEVEL,
        }
    }

    /// Forgets the values, and keeps their memory.
    pub(crate) fn clear(&mut self) {
        match self {
            PageColumn::Missing => {}
            PageColumn::Lent(_) => *self = PageColumn::Missing,
            PageColumn::Numbers(values) => values.clear(),
            PageColumn::Codes(codes) => codes.clear(),
            PageColumn::Sparse { starts, indices, values } => {
                starts.truncate(1);
                indices.clear();
                values.clear();
            }
        }
    }

    /// Appends numbers; codes that are here are forgotten.
    fn extend_numbers(&mut self, numbers: impl Iterator<Item = f64>) {
        if !matches!(self, PageColumn::Numbers(_)) {
            *self = PageColumn::Numbers(Vec::with_capacity(super::PAGE_ROWS));
        }
        if let PageColumn::Numbers(values) = self {
            values.extend(numbers);
        }
    }

    /// Has its numbers appended by `fill`; codes that are here are forgotten.
    pub(super) fn fill_numbers(&mut self, fill: impl FnOnce(&mut Vec<f64>)) {
        self.extend_numbers(std::iter::empty());
        if let PageColumn::Numbers(values) = self {
            fill(values);
        }
    }

    /// Appends codes; numbers that are here are forgotten.
    fn extend_codes(&mut self, further: impl Iterator<Item = u32>) {
        if !matches!(self, PageColumn::Codes(_)) {
            *self = PageColumn::Codes(Vec::with_capacity(super::PAGE_ROWS));
        }
        if let PageColumn::Codes(codes) = self {
            codes.extend(further);
        }
    }

    /// Appends some values of another column to the `n` that are here. A column that has both numbers and codes is of no use, and
    /// is not kept.
    pub(crate) fn extend(&mut self, n: usize, further: &Self, range: Range<usize>) {
        match (&mut *self, further) {
            (PageColumn::Missing, PageColumn::Missing) => {}
            (PageColumn::Missing, PageColumn::Numbers(_) | PageColumn::Lent(_)) => {
                let mut all = Vec::with_capacity(super::PAGE_ROWS);
                all.resize(n, f64::NAN);
                all.extend_from_slice(&further.numbers()[range]);
                *self = PageColumn::Numbers(all);
            }
            (PageColumn::Missing, PageColumn::Codes(codes)) => {
                let mut all = Vec::with_capacity(super::PAGE_ROWS);
                all.resize(n, NO_LEVEL);
                all.extend_from_slice(&codes[range]);
                *self = PageColumn::Codes(all);
            }
            (PageColumn::Numbers(values), PageColumn::Missing) => values.resize(n + range.len(), f64::NAN),
            (PageColumn::Numbers(values), PageColumn::Numbers(_) | PageColumn::Lent(_)) => {
                values.extend_from_slice(&further.numbers()[range]);
            }
            (PageColumn::Codes(codes), PageColumn::Missing) => codes.resize(n + range.len(), NO_LEVEL),
            (PageColumn::Codes(codes), PageColumn::Codes(further)) => codes.extend_from_slice(&further[range]),
            (PageColumn::Missing, PageColumn::Sparse { .. }) => {
                *self = PageColumn::Sparse { starts: vec![0; n + 1], indices: Vec::new(), values: Vec::new() };
                self.extend(n, further, range);
            }
            (PageColumn::Sparse { starts, values, .. }, PageColumn::Missing) => {
                starts.resize(n + range.len() + 1, values.len());
            }
            (
                PageColumn::Sparse { starts, indices, values },
                PageColumn::Sparse { starts: others, indices: other_indices, values: other_values },
            ) => {
                let stored = others[range.start]..others[range.end];
                let before = values.len();
                starts.extend(others[range.start + 1..=range.end].iter().map(|end| before + end - stored.start));
                indices.extend_from_slice(&other_indices[stored.clone()]);
                values.extend_from_slice(&other_values[stored]);
            }
            _ => *self = PageColumn::Missing,
        }
    }

    /// Sparse numbers of no records.
    pub(crate) fn no_sparse() -> Self {
        PageColumn::Sparse { starts: vec![0], indices: Vec::new(), values: Vec::new() }
    }

    /// How many bytes sparse numbers take up beside those of [`Decode::bytes`], which each record has.
    pub(crate) fn stored_bytes(&self) -> usize {
        match self {
            PageColumn::Sparse { values, .. } => values.len() * STORED_BYTES,
            _ => 0,
        }
    }

    /// Appends one value of another column of the same kind.
    pub(crate) fn push_from(&mut self, other: &Self, row: usize) {
        match (self, other) {
            (PageColumn::Numbers(values), PageColumn::Numbers(_) | PageColumn::Lent(_)) => {
                values.push(other.numbers()[row]);
            }
            (PageColumn::Codes(codes), PageColumn::Codes(others)) => codes.push(others[row]),
            (
                PageColumn::Sparse { starts, indices, values },
                PageColumn::Sparse { starts: others, indices: other_indices, values: other_values },
            ) => {
                let stored = others[row]..others[row + 1];
                indices.extend_from_slice(&other_indices[stored.clone()]);
                values.extend_from_slice(&other_values[stored]);
                starts.push(values.len());
            }
            _ => {}
        }
    }
}

/// What a column's values in a page, as they were read, mean once the whole file is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Decode {
    /// Nothing.
    Unused,
    /// What they are.
    Stored,
    Numbers,
    /// Codes stand for numbers.
    Booleans(Vec<f64>),
    /// Codes stand for other codes.
    Codes(Vec<u32>),
    /// Codes are buckets, which stand for their places among those that occur.
    Buckets(BucketSet),
    /// Indices of sparse numbers stand for their places among those that occur.
    Sparse(BucketSet),
}

impl Decode {
    /// The values of a column of `n` records.
    pub(crate) fn apply(&self, column: PageColumn, n: usize) -> PageColumn {
        match (self, column) {
            (Decode::Stored, column) => column,
            (Decode::Numbers, PageColumn::Numbers(values)) => PageColumn::Numbers(values),
            (Decode::Numbers | Decode::Booleans(_), PageColumn::Missing) => PageColumn::Numbers(vec![f64::NAN; n]),
            (Decode::Codes(_) | Decode::Buckets(_), PageColumn::Missing) => PageColumn::Codes(vec![NO_LEVEL; n]),
            (Decode::Booleans(_), PageColumn::Codes(codes)) => {
                PageColumn::Numbers(codes.into_iter().map(|code| self.number(code)).collect())
            }
            (Decode::Codes(_) | Decode::Buckets(_), PageColumn::Codes(mut codes)) => {
                codes.iter_mut().for_each(|code| *code = self.code(*code));
                PageColumn::Codes(codes)
            }
            (Decode::Sparse(occurring), PageColumn::Sparse { starts, mut indices, values }) => {
                indices.iter_mut().for_each(|index| *index = occurring.place(*index).unwrap_or(NO_LEVEL));
                PageColumn::Sparse { starts, indices, values }
            }
            _ => PageColumn::Missing,
        }
    }

    /// Appends so many missing values.
    pub(super) fn append_missing(&self, n: usize, into: &mut PageColumn) {
        match self {
            Decode::Unused | Decode::Stored | Decode::Sparse(_) => {}
            Decode::Numbers | Decode::Booleans(_) => into.extend_numbers(std::iter::repeat_n(f64::NAN, n)),
            Decode::Codes(_) | Decode::Buckets(_) => into.extend_codes(std::iter::repeat_n(NO_LEVEL, n)),
        }
    }

    /// Appends numbers as they stand in a file.
    pub(super) fn append_numbers(&self, values: &[[u8; 8]], into: &mut PageColumn) {
        match self {
            Decode::Numbers | Decode::Stored => {
                into.extend_numbers(values.iter().map(|value| f64::from_le_bytes(*value)))
            }
            _ => self.append_missing(values.len(), into),
        }
    }

    /// Appends codes as they stand in a file.
    pub(super) fn append_codes(&self, codes: &[[u8; 4]], into: &mut PageColumn) {
        let codes = codes.iter().map(|code| u32::from_le_bytes(*code));
        match self {
            Decode::Codes(_) | Decode::Buckets(_) => into.extend_codes(codes.map(|code| self.code(code))),
            Decode::Stored => into.extend_codes(codes),
            Decode::Booleans(_) => into.extend_numbers(codes.map(|code| self.number(code))),
            _ => self.append_missing(codes.len(), into),
        }
    }

    /// Appends sparse numbers as they stand in a file: how many each record has, their indices, and the numbers.
    pub(super) fn append_sparse(
        &self,
        lengths: &[[u8; 4]],
        found: &[[u8; 4]],
        numbers: &[[u8; 8]],
        into: &mut PageColumn,
    ) {
        let occurring = match self {
            Decode::Sparse(occurring) => Some(occurring),
            Decode::Stored => None,
            _ => return self.append_missing(lengths.len(), into),
        };
        if !matches!(into, PageColumn::Sparse { .. }) {
            *into = PageColumn::no_sparse();
        }
        let PageColumn::Sparse { starts, indices, values } = into else { return };
        let mut end = values.len();
        starts.extend(lengths.iter().map(|length| {
            end += u32::from_le_bytes(*length) as usize;
            end
        }));
        let place = |index: &[u8; 4]| {
            let index = u32::from_le_bytes(*index);
            occurring.map_or(index, |occurring| occurring.place(index).unwrap_or(NO_LEVEL))
        };
        indices.extend(found.iter().map(place));
        values.extend(numbers.iter().map(|value| f64::from_le_bytes(*value)));
    }

    /// What a record's value takes up in memory; of sparse numbers only where the next record's begin.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Decode::Unused => 0,
            Decode::Codes(_) | Decode::Buckets(_) => 4,
            Decode::Stored | Decode::Numbers | Decode::Booleans(_) | Decode::Sparse(_) => 8,
        }
    }

    /// The number of a boolean's code.
    fn number(&self, code: u32) -> f64 {
        match self {
            Decode::Booleans(values) => values.get(code as usize).copied().unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    /// The new code of a code.
    fn code(&self, code: u32) -> u32 {
        match self {
            Decode::Codes(codes) => codes.get(code as usize).copied().unwrap_or(NO_LEVEL),
            Decode::Buckets(buckets) => buckets.place(code).unwrap_or(NO_LEVEL),
            _ => NO_LEVEL,
        }
    }
}

//! Some rows of a table as raw columns. Shapes and values are checked here, once.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::{ColumnKind, Shape};
use crate::error::{Error, Result};
use crate::kernel::{Aligned, Float, Layout, RawColumn, RawColumns, SparseSlices, all_finite, prefetch_next};

/// The code of a value that is none of a category's levels: it adds nothing to the net input.
pub const NO_LEVEL: u32 = u32::MAX;

/// One column of a block, owned or borrowed, as it came in: neither centred nor scaled.
#[derive(Debug, Clone, PartialEq)]
pub enum Column<'a, T: Float> {
    /// Numbers, shape (rows,); NaN is a missing value.
    Numbers(Cow<'a, [T]>),
    /// Numbers whose memory they share with the other columns of the block, so that a pass reads it from one end to the other: after
    /// some rows of a column come the same rows of the next.
    Tiled(TiledNumbers<T>),
    /// Codes of a category, shape (rows,): level `k` is code `k`; [`NO_LEVEL`] is none of the levels.
    Codes {
        /// One code a row.
        codes: Cow<'a, [u32]>,
        /// How many levels there are.
        n_levels: usize,
    },
    /// Many numbers of which most are 0: for each row, the indices and values of those that are not (compressed sparse rows).
    Sparse {
        /// How many numbers, so how many features, a row has.
        n_columns: usize,
        /// Row `r` holds the values from `starts[r]` to `starts[r + 1]`; shape (rows + 1,).
        starts: Cow<'a, [usize]>,
        /// The index of each value, below `n_columns`, ascending within a row.
        indices: Cow<'a, [u32]>,
        /// The values; whatever has none is 0, and nothing is missing.
        values: Cow<'a, [T]>,
    },
}

/// A number column in memory that it shares with others.
#[derive(Debug, Clone, PartialEq)]
pub struct TiledNumbers<T> {
    memory: Arc<Aligned<T>>,
    /// Where the first run begins.
    first: usize,
    layout: Layout,
    n_rows: usize,
}

impl<T: Float> TiledNumbers<T> {
    /// The value of a row.
    pub fn get(&self, row: usize) -> T {
        self.memory[self.first + self.layout.place(row)]
    }

    /// Copies the number columns of consecutive blocks into one memory, and gives those of each block.
    ///
    /// Shapes: `blocks` (blocks, columns, rows), all columns of a block of one length.
    pub(crate) fn tile(blocks: &[Vec<&[T]>]) -> Vec<Vec<Self>> {
        let n_rows = |block: &Vec<&[T]>| block.first().map_or(0, |column| column.len());
        let layout = |block: &Vec<&[T]>| Layout::tiled(block.len());
        let size = |block: &Vec<&[T]>| layout(block).place(n_rows(block).next_multiple_of(layout(block).run_rows()));
        let mut memory = Aligned::zeros(blocks.iter().map(size).sum());
        let mut begin = 0;
        let mut begins = Vec::with_capacity(blocks.len());
        for block in blocks {
            begins.push(begin);
            for run in layout(block).runs(0..n_rows(block)) {
                for column in block {
                    memory[begin..begin + run.len()].copy_from_slice(&column[run.clone()]);
                    begin += layout(block).run_rows();
                }
            }
        }
        let memory = Arc::new(memory);
        let column = |block: &Vec<&[T]>, first: usize| Self {
            memory: Arc::clone(&memory),
            first,
            layout: layout(block),
            n_rows: n_rows(block),
        };
        let columns = |(block, begin): (&Vec<&[T]>, usize)| {
            (0..block.len()).map(|index| column(block, begin + index * layout(block).run_rows())).collect()
        };
        blocks.iter().zip(begins).map(columns).collect()
    }
}

impl<T: Float> Column<'_, T> {
    /// A number column's memory from its first value on, and how its rows lie there; `None` for others.
    fn memory(&self) -> Option<(&[T], Layout)> {
        match self {
            Column::Numbers(values) => Some((values, Layout::ALONE)),
            Column::Tiled(tiled) => Some((tiled.memory.get(tiled.first..).unwrap_or_default(), tiled.layout)),
            Column::Codes { .. } | Column::Sparse { .. } => None,
        }
    }

    /// Calls `visit` with the values of consecutive rows of a number column, piece by piece.
    pub(crate) fn for_each_piece(&self, rows: Range<usize>, mut visit: impl FnMut(&[T])) {
        match self {
            Column::Numbers(values) => visit(&values[rows]),
            Column::Tiled(tiled) => {
                for run in tiled.layout.runs(rows) {
                    let at = tiled.first + tiled.layout.place(run.start);
                    visit(&tiled.memory[at..at + run.len()]);
                }
            }
            Column::Codes { .. } | Column::Sparse { .. } => {}
        }
    }

    /// How many rows the column has.
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(values) => values.len(),
            Column::Tiled(tiled) => tiled.n_rows,
            Column::Codes { codes, .. } => codes.len(),
            Column::Sparse { starts, .. } => starts.len().saturating_sub(1),
        }
    }

    /// Whether the column has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn into_owned(self) -> Column<'static, T> {
        match self {
            Column::Numbers(values) => Column::Numbers(Cow::Owned(values.into_owned())),
            Column::Tiled(tiled) => Column::Tiled(tiled),
            Column::Codes { codes, n_levels } => Column::Codes { codes: Cow::Owned(codes.into_owned()), n_levels },
            Column::Sparse { n_columns, starts, indices, values } => Column::Sparse {
                n_columns,
                starts: Cow::Owned(starts.into_owned()),
                indices: Cow::Owned(indices.into_owned()),
                values: Cow::Owned(values.into_owned()),
            },
        }
    }

    /// Number, category, or a group of sparse numbers.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Column::Numbers(_) | Column::Tiled(_) => ColumnKind::Number,
            Column::Codes { n_levels, .. } => ColumnKind::Category { n_levels: *n_levels },
            Column::Sparse { n_columns, .. } => ColumnKind::Sparse { n_columns: *n_columns },
        }
    }
}

/// Number columns of a block all lie in the same way: where they do not, those that share memory get their own.
fn lay_alike<T: Float>(columns: &mut [Column<'_, T>]) {
    let mut layouts = columns.iter().filter_map(Column::memory).map(|(_, layout)| layout);
    let first = layouts.next();
    if layouts.all(|layout| Some(layout) == first) {
        return;
    }
    for column in columns {
        if let Column::Tiled(tiled) = column {
            *column = Column::Numbers((0..tiled.n_rows).map(|row| tiled.get(row)).collect());
        }
    }
}

/// The targets of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets<'a, T: Float> {
    /// One column of numbers for each output, each of shape (rows,).
    Numbers(Vec<Cow<'a, [T]>>),
    /// One class a row and one output for each class: `high` for the row's own class, `low` for the others.
    Classes {
        /// One class code a row, below `n_classes`.
        codes: Cow<'a, [u32]>,
        /// How many classes, so how many outputs, there are.
        n_classes: usize,
        /// The target of every other class (0 for sigmoid, −1 for tanh).
        low: f64,
        /// The target of a row's own class (1).
        high: f64,
    },
}

impl<T: Float> Targets<'_, T> {
    /// How many outputs J the targets are for.
    pub fn n_outputs(&self) -> usize {
        match self {
            Targets::Numbers(columns) => columns.len(),
            Targets::Classes { n_classes, .. } => *n_classes,
        }
    }

    /// How many rows there are.
    fn n_records(&self) -> usize {
        match self {
            Targets::Numbers(numbers) => numbers.first().map_or(0, |first| first.len()),
            Targets::Classes { codes, .. } => codes.len(),
        }
    }

    /// Asks memory for the targets of as many rows as `rows` are, those after them.
    pub(crate) fn prefetch_next(&self, rows: Range<usize>) {
        match self {
            Targets::Numbers(columns) => columns.iter().for_each(|column| prefetch_next(column, rows.clone())),
            Targets::Classes { codes, .. } => prefetch_next(codes, rows),
        }
    }

    /// Writes output `j`'s targets for the rows from `start` on. Shape: `into` (rows,).
    pub(crate) fn load_into(&self, j: usize, start: usize, into: &mut [T]) {
        match self {
            Targets::Numbers(columns) => into.copy_from_slice(&columns[j][start..start + into.len()]),
            Targets::Classes { codes, low, high, .. } => {
                let (low, high) = (T::from_f64(*low), T::from_f64(*high));
                for (y, &code) in into.iter_mut().zip(&codes[start..]) {
                    *y = if code as usize == j { high } else { low };
                }
            }
        }
    }
}

/// Some consecutive rows of a table: raw feature columns and targets, all of one length.
///
/// ```
/// use deltarule_core::{Block, Column, Targets};
/// let block = Block::new(
///     vec![Column::Numbers(vec![1.0, 2.0].into()), Column::Codes { codes: vec![0, 1].into(), n_levels: 2 }],
///     Targets::Numbers(vec![vec![3.0, 5.0].into()]),
/// )?;
/// assert_eq!((block.n_records(), block.shape().n_features()), (2, 3));
/// # Ok::<(), deltarule_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Block<'a, T: Float> {
    columns: Vec<Column<'a, T>>,
    /// Whether a value may be missing, one for each column.
    has_missing: Vec<bool>,
    targets: Targets<'a, T>,
    weights: Option<Cow<'a, [T]>>,
    n_records: usize,
}

impl<'a, T: Float> Block<'a, T> {
    /// Puts columns and targets together.
    ///
    /// Errors: columns of different lengths, an infinite number, a target that is not finite, a code that is no level, sparse rows
    /// whose indices are out of range or not ascending, or a value of theirs that is not finite.
    pub fn new(mut columns: Vec<Column<'a, T>>, targets: Targets<'a, T>) -> Result<Self> {
        lay_alike(&mut columns);
        let n_records = targets.n_records();
        let mut has_missing = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            check_length(|| format!("rows of column {}", index + 1), column.len(), n_records)?;
            has_missing.push(match column {
                Column::Numbers(_) | Column::Tiled(_) => {
                    let (mut has_missing, mut infinite, mut before) = (false, None, 0);
                    column.for_each_piece(0..n_records, |values| {
                        // Most columns are finite throughout, which is quickly seen.
                        if !all_finite(values) {
                            has_missing = true;
                            let place = values.iter().position(|x| !x.is_finite() && !x.is_nan());
                            infinite = infinite.or(place.map(|r| (before + r + 1, values[r].to_f64())));
                        }
                        before += values.len();
                    });
                    if let Some((record, found)) = infinite {
                        return Err(Error::NotFinite { what: format!("column {}", index + 1), found, record });
                    }
                    has_missing
                }
                Column::Codes { .. } | Column::Sparse { .. } => {
                    check_places(index + 1, column)?;
                    false
                }
            });
        }
        match &targets {
            Targets::Numbers(numbers) => {
                for (j, values) in numbers.iter().enumerate() {
                    check_length(|| format!("rows of target {}", j + 1), values.len(), n_records)?;
                    if let Some(record) = values.iter().position(|y| !y.is_finite()) {
                        return Err(Error::NotFinite {
                            what: format!("target {}", j + 1),
                            found: values[record].to_f64(),
                            record: record + 1,
                        });
                    }
                }
            }
            Targets::Classes { codes, n_classes, .. } => check_codes(columns.len() + 1, codes, *n_classes, false)?,
        }
        Ok(Self { columns, has_missing, targets, weights: None, n_records })
    }

    /// Puts columns and targets together whose numbers were checked before, as those of a source are that makes its blocks anew in every
    /// pass: they are not looked at again, but for missing values in the columns that `may_miss` some.
    ///
    /// Errors: columns of different lengths, a code that is no level. Numbers that [`new`](Self::new) would refuse make an E that is not
    /// finite.
    pub fn of_checked(
        mut columns: Vec<Column<'a, T>>,
        may_miss: impl Fn(usize) -> bool,
        targets: Targets<'a, T>,
    ) -> Result<Self> {
        lay_alike(&mut columns);
        let n_records = targets.n_records();
        let mut has_missing = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            check_length(|| format!("rows of column {}", index + 1), column.len(), n_records)?;
            has_missing.push(match column {
                Column::Numbers(_) | Column::Tiled(_) => {
                    let mut has_missing = false;
                    if may_miss(index) {
                        column.for_each_piece(0..n_records, |values| has_missing |= !all_finite(values));
                    }
                    has_missing
                }
                Column::Codes { .. } | Column::Sparse { .. } => {
                    check_places(index + 1, column)?;
                    false
                }
            });
        }
        match &targets {
            Targets::Numbers(numbers) => {
                for (j, values) in numbers.iter().enumerate() {
                    check_length(|| format!("rows of target {}", j + 1), values.len(), n_records)?;
                }
            }
            Targets::Classes { codes, n_classes, .. } => check_codes(columns.len() + 1, codes, *n_classes, false)?,
        }
        Ok(Self { columns, has_missing, targets, weights: None, n_records })
    }

    /// The same block, with a weight v for each record: E and every sum over records count it v times. A record of weight 2 is two equal records,
    /// one of weight 0 is as good as none.
    ///
    /// Shape: `weights` (rows,). Errors: another length, or a weight that is below 0 or not finite.
    pub fn with_weights(mut self, weights: Cow<'a, [T]>) -> Result<Self> {
        check_length(|| "weights of records".to_owned(), weights.len(), self.n_records)?;
        if let Some(row) = weights.iter().position(|v| !(v.is_finite() && *v >= T::ZERO)) {
            return Err(Error::Weight { found: weights[row].to_f64(), record: row + 1 });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// The same block, with nothing borrowed.
    pub fn into_owned(self) -> Block<'static, T> {
        let columns = self.columns.into_iter().map(Column::into_owned).collect();
        let targets = match self.targets {
            Targets::Numbers(numbers) => {
                Targets::Numbers(numbers.into_iter().map(|values| Cow::Owned(values.into_owned())).collect())
            }
            Targets::Classes { codes, n_classes, low, high } => {
                Targets::Classes { codes: Cow::Owned(codes.into_owned()), n_classes, low, high }
            }
        };
        let weights = self.weights.map(|weights| Cow::Owned(weights.into_owned()));
        Block { columns, has_missing: self.has_missing, targets, weights, n_records: self.n_records }
    }

    /// How many rows the block has.
    pub fn n_records(&self) -> usize {
        self.n_records
    }

    /// The feature columns, as they came in.
    pub fn columns(&self) -> &[Column<'a, T>] {
        &self.columns
    }

    /// The number columns as they lie, each made of its index among all columns and its memory.
    pub(crate) fn raw_columns(&self, make: impl Fn(usize, &'_ [T]) -> RawColumn<'_, T>) -> RawColumns<'_, T> {
        let mut layout = Layout::ALONE;
        let mut numbers = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            if let Some((values, lies)) = column.memory() {
                layout = lies;
                numbers.push(make(index, values));
            }
        }
        RawColumns::new(numbers, layout, self.n_records)
    }

    /// Whether a value of a column may be missing.
    pub(crate) fn has_missing(&self, column: usize) -> bool {
        self.has_missing[column]
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<'a, T> {
        &self.targets
    }

    /// The weight of each record, shape (rows,); `None` where all are 1.
    pub fn weights(&self) -> Option<&[T]> {
        self.weights.as_deref()
    }

    /// Σv over the records: their number, where they have no weights.
    pub fn weight(&self) -> f64 {
        self.weights().map_or(self.n_records as f64, |weights| weights.iter().map(|v| v.to_f64()).sum())
    }

    /// Which columns the block has and how many outputs its targets are for.
    pub fn shape(&self) -> Shape {
        Shape::new(self.columns.iter().map(Column::kind).collect(), self.targets.n_outputs())
    }
}

fn check_length(what: impl Fn() -> String, found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Shape { what: what(), found, expected }) }
}

fn check_codes(column: usize, codes: &[u32], n_levels: usize, none_allowed: bool) -> Result<()> {
    let is_level = |code: u32| (code as usize) < n_levels || (none_allowed && code == NO_LEVEL);
    match codes.iter().position(|&code| !is_level(code)) {
        None => Ok(()),
        Some(row) => Err(Error::Code { column, found: codes[row], n_levels, record: row + 1 }),
    }
}

/// Checks the codes of a category, or the rows of sparse columns.
fn check_places<T: Float>(index: usize, column: &Column<'_, T>) -> Result<()> {
    match column {
        Column::Numbers(_) | Column::Tiled(_) => Ok(()),
        Column::Codes { codes, n_levels } => check_codes(index, codes, *n_levels, true),
        Column::Sparse { n_columns, starts, indices, values } => {
            check_starts(index, starts, indices.len(), values.len())?;
            check_sparse(index, *n_columns, SparseSlices { starts, indices, values })
        }
    }
}

/// Checks that every row of a sparse column ends where the next begins, within what is stored.
fn check_starts(column: usize, starts: &[usize], n_indices: usize, n_values: usize) -> Result<()> {
    check_length(|| format!("values of sparse column {column}"), n_values, n_indices)?;
    let wrong = |row: usize| Error::Shape {
        what: format!("begin of row {row} of sparse column {column}"),
        found: starts[row - 1],
        expected: starts.get(row).copied().unwrap_or(n_indices).min(n_indices),
    };
    match starts.windows(2).position(|ends| ends[0] > ends[1]) {
        Some(row) => Err(wrong(row + 1)),
        None if starts.last().is_some_and(|last| *last > n_indices) => Err(wrong(starts.len())),
        None => Ok(()),
    }
}

fn check_sparse<T: Float>(column: usize, n_columns: usize, rows: SparseSlices<'_, T>) -> Result<()> {
    for (row, (indices, values)) in rows.rows().enumerate() {
        let mut smallest = 0;
        for (&index, value) in indices.iter().zip(values) {
            if (index as usize) < smallest || index as usize >= n_columns {
                let (found, record) = (index, row + 1);
                return Err(Error::Index { column, found, smallest, n_columns, record });
            }
            if !value.is_finite() {
                let what = format!("feature {index} of sparse column {column}");
                return Err(Error::NotFinite { what, found: value.to_f64(), record: row + 1 });
            }
            smallest = index as usize + 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_lie_in_different_ways_are_laid_alike() {
        let values = [vec![1.0, 2.0, f64::NAN], vec![4.0, 5.0, 6.0]];
        let [tiled] = &TiledNumbers::tile(&[values.iter().map(Vec::as_slice).collect()])[..] else { unreachable!() };
        let columns = vec![Column::Tiled(tiled[0].clone()), Column::Numbers(values[1].as_slice().into())];
        let block = Block::new(columns, Targets::Numbers(vec![vec![0.0; 3].into()])).unwrap();
        for (column, expected) in block.columns().iter().zip(&values) {
            let Column::Numbers(found) = column else { panic!("{column:?}") };
            assert!(found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{found:?}");
        }
        let raw =
            block.raw_columns(|_, values| RawColumn { values, offset: 0.0, factor: 1.0, fill: 0.0, has_missing: true });
        assert_eq!((raw.layout(), raw.as_slice().len()), (Layout::ALONE, 2));
    }
}

//! Where the blocks of a pass come from, and what they have in common.

use std::borrow::Cow;
use std::ops::Range;

use super::{Block, Column, Targets, TiledNumbers};
use crate::error::{Error, Result};
use crate::kernel::{Float, prefetch_values};

/// How many rows a block of a [`Dataset`] has; the last one may have fewer.
pub const BLOCK_ROWS: usize = 4096;

/// At most so much of a block is brought into the cache before it is asked for.
const PREFETCHED_BYTES: usize = 128 * 1024;

/// What a feature column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A number: one weight for each output.
    Number,
    /// A category: one weight for each level and output.
    Category {
        /// How many levels there are.
        n_levels: usize,
    },
    /// Many numbers, most of them 0: one weight for each of them and output.
    Sparse {
        /// How many numbers a row has.
        n_columns: usize,
    },
}

impl ColumnKind {
    /// How many weights of one output belong to the column.
    pub fn n_features(self) -> usize {
        match self {
            ColumnKind::Number => 1,
            ColumnKind::Category { n_levels } => n_levels,
            ColumnKind::Sparse { n_columns } => n_columns,
        }
    }
}

/// The columns of a table and its number of outputs: all that the shape of a network depends on.
///
/// Feature `i` of the d features is a number column, one level of a category column or one number of a sparse column; they stand in the
/// order of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    columns: Vec<ColumnKind>,
    first_feature: Vec<usize>,
    n_features: usize,
    n_outputs: usize,
}

impl Shape {
    /// The shape of a table with these columns and J = `n_outputs`.
    pub fn new(columns: Vec<ColumnKind>, n_outputs: usize) -> Self {
        let mut n_features = 0;
        let first_feature = columns
            .iter()
            .map(|kind| {
                let first = n_features;
                n_features += kind.n_features();
                first
            })
            .collect();
        Self { columns, first_feature, n_features, n_outputs }
    }

    /// The kinds of the columns.
    pub fn columns(&self) -> &[ColumnKind] {
        &self.columns
    }

    /// The features that belong to a column.
    pub fn features_of(&self, column: usize) -> std::ops::Range<usize> {
        let first = self.first_feature[column];
        first..first + self.columns[column].n_features()
    }

    /// The column that a feature belongs to.
    pub fn column_of(&self, feature: usize) -> usize {
        // Columns without features begin where the next one does.
        self.first_feature.partition_point(|&first| first <= feature).saturating_sub(1)
    }

    /// How many number columns there are.
    pub fn n_numbers(&self) -> usize {
        self.columns.iter().filter(|kind| **kind == ColumnKind::Number).count()
    }

    /// Whether there is a sparse column.
    pub(crate) fn has_sparse(&self) -> bool {
        self.columns.iter().any(|kind| matches!(kind, ColumnKind::Sparse { .. }))
    }

    /// d: how many weights lead to one output.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// J: how many outputs there are.
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }
}

/// Gives the blocks of one pass, in order, again and again: from memory, a cache file, a stream.
///
/// Every block but the last has the same number of rows, whatever the source, so that sums have one order.
pub trait BlockSource<T: Float>: Sync {
    /// The shape of every block.
    fn shape(&self) -> &Shape;
    /// N: how many records a pass sees.
    fn n_records(&self) -> usize;
    /// How many rows each block has, but for the last.
    fn block_rows(&self) -> usize;
    /// Shows block `index` (of [`n_blocks`](Self::n_blocks)) to `visit`.
    ///
    /// Errors: the block cannot be had.
    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, T>)) -> Result<()>;
    /// Shows a block that holds some rows of block `index`, and where in it they are.
    ///
    /// A source for which a part of a block is cheaper than the whole shows the part alone. Errors: the rows cannot be had.
    fn read_rows(
        &self,
        index: usize,
        rows: Range<usize>,
        visit: &mut dyn FnMut(&Block<'_, T>, Range<usize>),
    ) -> Result<()> {
        self.read(index, &mut |block| visit(block, rows.clone()))
    }
    /// Says that some rows of block `index` will be asked for soon, so that a source can fetch several of them at once.
    fn will_read(&self, index: usize, rows: Range<usize>) {
        let _ = (index, rows);
    }
    /// Brings some rows of block `index`, which will be asked for next, from memory into the cache, if they are in memory.
    fn prefetch(&self, index: usize, rows: Range<usize>) {
        let _ = (index, rows);
    }
    /// How many blocks a pass has.
    fn n_blocks(&self) -> usize {
        self.n_records().div_ceil(self.block_rows())
    }
}

/// A table in memory, cut into blocks of [`BLOCK_ROWS`] rows.
#[derive(Debug, Clone)]
pub struct Dataset<'a, T: Float> {
    blocks: Vec<Block<'a, T>>,
    shape: Shape,
    n_records: usize,
}

impl<'a, T: Float> Dataset<'a, T> {
    /// Cuts whole columns into blocks without copying them.
    ///
    /// Shapes: every column and target (N,). Errors: those of [`Block::new`], and a table without a record.
    pub fn from_columns(columns: &'a [Column<'a, T>], targets: &'a Targets<'a, T>) -> Result<Self> {
        let n_records = match targets {
            Targets::Numbers(numbers) => numbers.first().map_or(0, |first| first.len()),
            Targets::Classes { codes, .. } => codes.len(),
        };
        if n_records == 0 {
            return Err(Error::NoRecords);
        }
        for (index, column) in columns.iter().enumerate() {
            if column.len() != n_records {
                let what = format!("rows of column {}", index + 1);
                return Err(Error::Shape { what, found: column.len(), expected: n_records });
            }
        }
        if let Targets::Numbers(numbers) = targets
            && let Some((j, short)) = numbers.iter().enumerate().find(|(_, values)| values.len() != n_records)
        {
            let what = format!("rows of target {}", j + 1);
            return Err(Error::Shape { what, found: short.len(), expected: n_records });
        }
        let mut blocks = Vec::with_capacity(n_records.div_ceil(BLOCK_ROWS));
        for start in (0..n_records).step_by(BLOCK_ROWS) {
            let rows = start..(start + BLOCK_ROWS).min(n_records);
            let part = columns
                .iter()
                .map(|column| match column {
                    Column::Numbers(values) => Column::Numbers(Cow::Borrowed(&values[rows.clone()])),
                    Column::Tiled(_) => {
                        let mut part = Vec::with_capacity(rows.len());
                        column.for_each_piece(rows.clone(), |piece| part.extend_from_slice(piece));
                        Column::Numbers(part.into())
                    }
                    Column::Codes { codes, n_levels } => {
                        Column::Codes { codes: Cow::Borrowed(&codes[rows.clone()]), n_levels: *n_levels }
                    }
                    Column::Sparse { n_columns, starts, indices, values } => Column::Sparse {
                        n_columns: *n_columns,
                        starts: Cow::Borrowed(&starts[rows.start..=rows.end]),
                        indices: Cow::Borrowed(indices),
                        values: Cow::Borrowed(values),
                    },
                })
                .collect();
            let part_targets = match targets {
                Targets::Numbers(numbers) => {
                    Targets::Numbers(numbers.iter().map(|values| Cow::Borrowed(&values[rows.clone()])).collect())
                }
                Targets::Classes { codes, n_classes, low, high } => Targets::Classes {
                    codes: Cow::Borrowed(&codes[rows.clone()]),
                    n_classes: *n_classes,
                    low: *low,
                    high: *high,
                },
            };
            blocks.push(Block::new(part, part_targets).map_err(|error| error.after_records(start))?);
        }
        let shape = blocks[0].shape();
        Ok(Self { blocks, shape, n_records })
    }

    /// The same table with a weight for each record, as [`Block::with_weights`] has it.
    ///
    /// Shape: `weights` (N,). Errors: another length, a weight that is below 0 or not finite, or weights that are all 0.
    pub fn with_weights(self, weights: &'a [T]) -> Result<Self> {
        if weights.len() != self.n_records {
            let what = "weights of records".to_owned();
            return Err(Error::Shape { what, found: weights.len(), expected: self.n_records });
        }
        if weights.iter().all(|v| *v == T::ZERO) {
            return Err(Error::NoWeight);
        }
        let blocks = self.blocks.into_iter().zip(weights.chunks(BLOCK_ROWS)).enumerate();
        let weigh = |(index, (block, part)): (usize, (Block<'a, T>, &'a [T]))| {
            block.with_weights(Cow::Borrowed(part)).map_err(|error| error.after_records(index * BLOCK_ROWS))
        };
        Ok(Self { blocks: blocks.map(weigh).collect::<Result<_>>()?, shape: self.shape, n_records: self.n_records })
    }

    /// The same table with the number columns of each block copied into one memory, tiled: a pass then reads memory from one end to the
    /// other, which is quicker where columns are many or lie far apart. No bit of any result changes.
    ///
    /// Errors: those of [`Block::new`].
    pub fn tiled(&self) -> Result<Dataset<'a, T>> {
        let mut numbers: Vec<Vec<&[T]>> = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let columns = block.columns().iter().filter_map(|column| match column {
                Column::Numbers(values) => Some(&**values),
                _ => None,
            });
            numbers.push(columns.collect());
        }
        let tile = |(block, tiled): (&Block<'a, T>, Vec<TiledNumbers<T>>)| {
            let mut tiled = tiled.into_iter();
            let columns = block.columns().iter().map(|column| match column {
                Column::Numbers(_) => tiled.next().map_or_else(|| column.clone(), Column::Tiled),
                _ => column.clone(),
            });
            let tiled = Block::new(columns.collect(), block.targets().clone())?;
            match block.weights() {
                Some(weights) => tiled.with_weights(weights.to_vec().into()),
                None => Ok(tiled),
            }
        };
        let blocks = self.blocks.iter().zip(TiledNumbers::tile(&numbers)).map(tile).collect::<Result<_>>()?;
        Ok(Self { blocks, shape: self.shape.clone(), n_records: self.n_records })
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Block<'a, T>] {
        &self.blocks
    }
}

impl<T: Float> BlockSource<T> for Dataset<'_, T> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn n_records(&self) -> usize {
        self.n_records
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, T>)) -> Result<()> {
        let block = self
            .blocks
            .get(index)
            .ok_or_else(|| Error::Source { index, reason: format!("the table has {} blocks", self.blocks.len()) })?;
        visit(block);
        Ok(())
    }

    fn prefetch(&self, index: usize, rows: Range<usize>) {
        let Some(block) = self.blocks.get(index) else { return };
        // More than fits into a cache beside what is being worked on would drive that out.
        if block.columns().len() * rows.len() * size_of::<T>() <= PREFETCHED_BYTES {
            block.columns().iter().for_each(|column| column.for_each_piece(rows.clone(), prefetch_values));
        }
    }
}

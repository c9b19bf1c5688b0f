//! A part of a block in cache, centred and scaled, ready for the kernel.

use std::ops::Range;

use super::{Block, Column, ColumnKind, STRIP_ROWS, Scaling, Shape, SparseRows};
use crate::kernel::{Aligned, Float, LANES, SparseSlices, prefetch_values, standardize_into};

/// What the number columns of a tile may take up in the second-level cache, in bytes.
const TILE_BYTES: usize = 128 * 1024;
/// The same where many outputs go over each tile: more rows leave the nearest cache, fewer cost more in calls (16 outputs of 30 columns,
/// f64, on two cores: 135 ms with 24 KiB, 90 ms with 64 KiB, 108 ms with 256 KiB).
const MANY_OUTPUTS_BYTES: usize = 64 * 1024;
/// Between two columns of a tile there is room for so many values, so that equal rows of them do not share a set of the cache.
const PADDING: usize = 16;

/// Some rows of a block, columns one after the other; the buffers are reused from tile to tile.
///
/// No tile goes beyond the end of a strip of [`STRIP_ROWS`] rows of its block. How many rows it has makes no difference to any sum.
#[derive(Debug, Clone)]
pub(crate) struct Tile<T: Float> {
    columns: Vec<(Place, usize)>,
    numbers: Aligned<T>,
    codes: Vec<u32>,
    sparse: Vec<SparseRows<T>>,
    targets: Vec<T>,
    /// The weight of each row; empty where all are 1.
    weights: Vec<T>,
    n_numbers: usize,
    n_outputs: usize,
    /// From one column of numbers to the next.
    stride: usize,
    capacity: usize,
    n_rows: usize,
    first_record: u64,
    ends_strip: bool,
}

/// Where a column stands in a tile.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Which of the number columns it is.
    Number(usize),
    /// Which of the categories it is.
    Category(usize),
    /// Which of the sparse columns it is.
    Sparse(usize),
}

/// One column of a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TileColumn<'a, T> {
    /// x̃, shape (rows,).
    Numbers(&'a [T]),
    /// Level codes, shape (rows,).
    Codes(&'a [u32]),
    /// What is stored of each row.
    Sparse(&'a SparseRows<T>),
}

/// The raw values that the next tile will be made of.
#[derive(Debug, Clone)]
pub(crate) struct Ahead<'b, T: Float> {
    columns: &'b [Column<'b, T>],
    rows: Range<usize>,
}

impl<T: Float> Ahead<'_, T> {
    /// Brings part `k` of `n`, of the columns, from memory into the cache.
    pub(crate) fn fetch(&self, k: usize, n: usize) {
        let place = |k: usize| k * self.columns.len() / n;
        for column in &self.columns[place(k)..place(k + 1)] {
            column.for_each_piece(self.rows.clone(), prefetch_values);
        }
    }
}

impl<T: Float> Tile<T> {
    /// Empty buffers for blocks of this shape with up to `block_rows` rows.
    pub(crate) fn new(shape: &Shape, block_rows: usize) -> Self {
        Self::within(TILE_BYTES, shape, block_rows)
    }

    /// The same, smaller, for many outputs that go over each tile again and again.
    pub(crate) fn for_many_outputs(shape: &Shape, block_rows: usize) -> Self {
        Self::within(MANY_OUTPUTS_BYTES, shape, block_rows)
    }

    fn within(bytes: usize, shape: &Shape, block_rows: usize) -> Self {
        let (mut n_numbers, mut n_categories) = (0, 0);
        let mut n_sparse = 0;
        let next = |counter: &mut usize| std::mem::replace(counter, *counter + 1);
        let columns = shape
            .columns()
            .iter()
            .map(|kind| {
                let place = match kind {
                    ColumnKind::Number => Place::Number(next(&mut n_numbers)),
                    ColumnKind::Category { .. } => Place::Category(next(&mut n_categories)),
                    ColumnKind::Sparse { .. } => Place::Sparse(next(&mut n_sparse)),
                };
                (place, kind.n_features())
            })
            .collect();
        let capacity = rows_in_cache::<T>(n_numbers, bytes).min(block_rows).max(1);
        let stride = capacity + PADDING;
        Self {
            columns,
            numbers: Aligned::zeros(n_numbers * stride),
            codes: vec![0; n_categories * capacity],
            sparse: SparseRows::of_shape(shape),
            targets: vec![T::ZERO; shape.n_outputs() * capacity],
            weights: Vec::new(),
            n_numbers,
            n_outputs: shape.n_outputs(),
            stride,
            capacity,
            n_rows: 0,
            first_record: 0,
            ends_strip: false,
        }
    }

    /// Shows a block tile by tile; `first_record` is the index of the block's first record in the table.
    pub(crate) fn for_each(
        &mut self,
        block: &Block<'_, T>,
        scaling: &Scaling,
        first_record: u64,
        mut visit: impl FnMut(&Tile<T>),
    ) {
        self.for_each_ahead(block, scaling, first_record, |tile, _| visit(tile));
    }

    /// The same, with the raw values of the next tile, so that memory can be told of them while there is much to do with this one.
    pub(crate) fn for_each_ahead<'b>(
        &mut self,
        block: &'b Block<'b, T>,
        scaling: &Scaling,
        first_record: u64,
        mut visit: impl FnMut(&Tile<T>, Ahead<'b, T>),
    ) {
        let n = block.n_records();
        for start in (0..n).step_by(self.capacity) {
            let end = (start + self.capacity).min(n);
            self.load(block, scaling, start, end - start);
            self.first_record = first_record + start as u64;
            self.ends_strip = end == n || end.is_multiple_of(STRIP_ROWS);
            visit(self, Ahead { columns: block.columns(), rows: end..(end + self.capacity).min(n) });
        }
    }

    fn load(&mut self, block: &Block<'_, T>, scaling: &Scaling, start: usize, n_rows: usize) {
        self.n_rows = n_rows;
        let columns = block.columns().iter().zip(scaling.columns()).zip(&self.columns);
        for (index, ((column, scale), (place, _))) in columns.enumerate() {
            match (column, *place) {
                (Column::Numbers(_) | Column::Tiled(_), Place::Number(slot)) => {
                    let mut at = slot * self.stride;
                    column.for_each_piece(start..start + n_rows, |raw| {
                        standardize_into(
                            raw,
                            T::from_f64(scale.offset),
                            T::from_f64(scale.factor),
                            T::from_f64(scale.fill),
                            &mut self.numbers[at..at + raw.len()],
                            self.capacity,
                        );
                        at += raw.len();
                    });
                }
                (Column::Codes { codes, .. }, Place::Category(slot)) => self.codes
                    [slot * self.capacity..slot * self.capacity + n_rows]
                    .copy_from_slice(&codes[start..start + n_rows]),
                (Column::Sparse { starts, indices, values, .. }, Place::Sparse(slot)) => {
                    let rows = SparseSlices { starts: &starts[start..=start + n_rows], indices, values };
                    self.sparse[slot].clear();
                    self.sparse[slot].append(rows, scaling.sparse_scaling(index));
                }
                // A block has the columns of its source's shape.
                _ => {}
            }
        }
        self.weights.clear();
        self.weights.extend_from_slice(block.weights().map_or(&[], |weights| &weights[start..start + n_rows]));
        block.targets().prefetch_next(start..start + n_rows);
        for j in 0..self.n_outputs {
            let into = j * self.capacity..j * self.capacity + n_rows;
            block.targets().load_into(j, start, &mut self.targets[into]);
        }
    }

    /// The columns, in order, each with the number of features that belong to it.
    pub(crate) fn columns_with_features(&self) -> impl Iterator<Item = (TileColumn<'_, T>, usize)> {
        self.columns.iter().map(|(place, n_features)| {
            let rows = |stride: usize, slot: usize| slot * stride..slot * stride + self.n_rows;
            let column = match *place {
                Place::Number(slot) => TileColumn::Numbers(&self.numbers[rows(self.stride, slot)]),
                Place::Category(slot) => TileColumn::Codes(&self.codes[rows(self.capacity, slot)]),
                Place::Sparse(slot) => TileColumn::Sparse(&self.sparse[slot]),
            };
            (column, *n_features)
        })
    }

    /// The level codes of each category with the first feature that belongs to it and the number of its levels.
    pub(crate) fn categories(&self) -> impl Iterator<Item = (&[u32], usize, usize)> {
        let mut first_feature = 0;
        // This is asked for each output of each tile.
        let columns = (!self.codes.is_empty()).then(|| self.columns_with_features());
        columns.into_iter().flatten().filter_map(move |(column, n_features)| {
            let first = first_feature;
            first_feature += n_features;
            match column {
                TileColumn::Codes(codes) => Some((codes, first, n_features)),
                TileColumn::Numbers(_) | TileColumn::Sparse(_) => None,
            }
        })
    }

    /// x̃ of all number columns: column `i` of them begins at `i` times the stride, which comes second.
    pub(crate) fn numbers(&self) -> (&[T], usize) {
        (&self.numbers, self.stride)
    }

    /// What is stored of the sparse columns.
    pub(crate) fn sparse(&self) -> &[SparseRows<T>] {
        &self.sparse
    }

    /// How many number columns there are.
    pub(crate) fn n_numbers(&self) -> usize {
        self.n_numbers
    }

    /// The targets of output `j`, shape (rows,).
    pub(crate) fn targets(&self, j: usize) -> &[T] {
        &self.targets[j * self.capacity..j * self.capacity + self.n_rows]
    }

    /// The weight v of each record, shape (rows,); `None` where all are 1.
    pub(crate) fn weights(&self) -> Option<&[T]> {
        Some(self.weights.as_slice()).filter(|weights| !weights.is_empty())
    }

    /// Σv over the rows.
    pub(crate) fn weight(&self) -> f64 {
        self.weights().map_or(self.n_rows as f64, |weights| weights.iter().map(|v| v.to_f64()).sum())
    }

    /// How many rows are loaded.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The index of the first row among all records of the table, from 0.
    pub(crate) fn first_record(&self) -> u64 {
        self.first_record
    }

    /// Whether the last row is the last of a strip or of its block: where sums over a strip are folded.
    pub(crate) fn ends_strip(&self) -> bool {
        self.ends_strip
    }
}

/// How many rows of so many columns fit into a cache of so many bytes: a power of two from 64 to a strip.
pub(crate) fn rows_in_cache<T>(n_columns: usize, bytes: usize) -> usize {
    let rows = (bytes / (n_columns.max(1) * size_of::<T>())).clamp(4 * LANES, STRIP_ROWS);
    1 << rows.ilog2()
}

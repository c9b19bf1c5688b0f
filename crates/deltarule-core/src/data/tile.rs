//! A part of a block in cache, centred and scaled, ready for the kernel.

use super::{Block, Column, ColumnKind, Scaling, Shape};
use crate::kernel::{
    Float, add_column_products, add_weight_of_code, add_weighted_columns, scatter_add, standardize_into,
};

/// What the number columns of a tile may take up, in values: half of a second-level cache of a megabyte in f64.
const TILE_VALUES: usize = 64 * 1024;
/// Between two columns of a tile there is room for so many values, so that equal rows of them do not share a set of the cache.
const PADDING: usize = 16;

/// Some rows of a block, columns one after the other; the buffers are reused from tile to tile.
#[derive(Debug, Clone)]
pub(crate) struct Tile<T: Float> {
    kinds: Vec<ColumnKind>,
    /// Columns that follow each other and are of one kind.
    runs: Vec<Run>,
    slot: Vec<usize>,
    numbers: Vec<T>,
    codes: Vec<u32>,
    targets: Vec<T>,
    n_outputs: usize,
    /// From one column of numbers to the next.
    stride: usize,
    capacity: usize,
    n_rows: usize,
    first_record: u64,
}

/// Consecutive columns of numbers, or one category.
#[derive(Debug, Clone, Copy)]
enum Run {
    Numbers { first_slot: usize, n_columns: usize },
    Category { slot: usize, n_levels: usize },
}

/// One column of a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TileColumn<'a, T> {
    /// x̃, shape (rows,).
    Numbers(&'a [T]),
    /// Level codes, shape (rows,).
    Codes(&'a [u32]),
}

impl<T: Float> Tile<T> {
    /// How many rows the tiles of a table with this shape have: a matter of the shape alone, since sums depend on it.
    pub(crate) fn rows_for(shape: &Shape) -> usize {
        (TILE_VALUES / shape.n_numbers().max(1)).clamp(256, 1024) / 32 * 32
    }

    /// Empty buffers for blocks of this shape with up to `block_rows` rows.
    pub(crate) fn new(shape: &Shape, block_rows: usize) -> Self {
        let (mut n_numbers, mut n_categories) = (0, 0);
        let mut slot = Vec::with_capacity(shape.columns().len());
        let mut runs = Vec::new();
        for kind in shape.columns() {
            match kind {
                ColumnKind::Number => {
                    match runs.last_mut() {
                        Some(Run::Numbers { n_columns, .. }) => *n_columns += 1,
                        _ => runs.push(Run::Numbers { first_slot: n_numbers, n_columns: 1 }),
                    }
                    slot.push(n_numbers);
                    n_numbers += 1;
                }
                ColumnKind::Category { n_levels } => {
                    runs.push(Run::Category { slot: n_categories, n_levels: *n_levels });
                    slot.push(n_categories);
                    n_categories += 1;
                }
            }
        }
        let capacity = Self::rows_for(shape).min(block_rows).max(1);
        let stride = capacity + PADDING;
        Self {
            kinds: shape.columns().to_vec(),
            runs,
            slot,
            numbers: vec![T::ZERO; n_numbers * stride],
            stride,
            codes: vec![0; n_categories * capacity],
            targets: vec![T::ZERO; shape.n_outputs() * capacity],
            n_outputs: shape.n_outputs(),
            capacity,
            n_rows: 0,
            first_record: 0,
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
        for start in (0..block.n_records()).step_by(self.capacity) {
            self.load(block, scaling, start, self.capacity.min(block.n_records() - start));
            self.first_record = first_record + start as u64;
            visit(self);
        }
    }

    fn load(&mut self, block: &Block<'_, T>, scaling: &Scaling, start: usize, n_rows: usize) {
        self.n_rows = n_rows;
        for (index, (column, scale)) in block.columns().iter().zip(scaling.columns()).enumerate() {
            let slot = self.slot[index];
            match column {
                Column::Numbers(values) => standardize_into(
                    &values[start..start + n_rows],
                    T::from_f64(scale.offset),
                    T::from_f64(scale.factor),
                    T::from_f64(scale.fill),
                    &mut self.numbers[slot * self.stride..slot * self.stride + n_rows],
                    self.capacity,
                ),
                Column::Codes { codes, .. } => self.codes[slot * self.capacity..slot * self.capacity + n_rows]
                    .copy_from_slice(&codes[start..start + n_rows]),
            }
        }
        for j in 0..self.n_outputs {
            let into = j * self.capacity..j * self.capacity + n_rows;
            block.targets().load_into(j, start, &mut self.targets[into]);
        }
    }

    /// The columns, in order, each with the number of features that belong to it.
    pub(crate) fn columns_with_features(&self) -> impl Iterator<Item = (TileColumn<'_, T>, usize)> {
        self.kinds.iter().zip(&self.slot).map(|(kind, slot)| {
            let rows = |stride: usize| slot * stride..slot * stride + self.n_rows;
            let column = match kind {
                ColumnKind::Number => TileColumn::Numbers(&self.numbers[rows(self.stride)]),
                ColumnKind::Category { .. } => TileColumn::Codes(&self.codes[rows(self.capacity)]),
            };
            (column, kind.n_features())
        })
    }

    /// `h[r] += Σ_i weights[i]·x̃_ri`, terms added in the order of the columns. Shapes: (d,), (rows,).
    pub(crate) fn add_net_inputs(&self, weights: &[T], h: &mut [T]) {
        let mut weights = weights;
        for run in &self.runs {
            match *run {
                Run::Numbers { first_slot, n_columns } => {
                    let (own, rest) = weights.split_at(n_columns);
                    add_weighted_columns(&self.numbers[first_slot * self.stride..], self.stride, own, h);
                    weights = rest;
                }
                Run::Category { slot, n_levels } => {
                    let (own, rest) = weights.split_at(n_levels);
                    add_weight_of_code(own, self.codes_of(slot), h);
                    weights = rest;
                }
            }
        }
    }

    /// `into[i] += Σ_r values[r]·x̃_ri`: the products of every feature with one value a row. Shapes: (rows,), (d,).
    pub(crate) fn add_products(&self, values: &[T], into: &mut [f64]) {
        let mut into = into;
        for run in &self.runs {
            let n_features = match *run {
                Run::Numbers { n_columns, .. } => n_columns,
                Run::Category { n_levels, .. } => n_levels,
            };
            let (own, rest) = into.split_at_mut(n_features);
            match *run {
                Run::Numbers { first_slot, .. } => {
                    add_column_products(&self.numbers[first_slot * self.stride..], self.stride, values, own);
                }
                Run::Category { slot, .. } => scatter_add(values, self.codes_of(slot), own),
            }
            into = rest;
        }
    }

    fn codes_of(&self, slot: usize) -> &[u32] {
        &self.codes[slot * self.capacity..slot * self.capacity + self.n_rows]
    }

    /// The targets of output `j`, shape (rows,).
    pub(crate) fn targets(&self, j: usize) -> &[T] {
        &self.targets[j * self.capacity..j * self.capacity + self.n_rows]
    }

    /// How many rows are loaded.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The index of the first row among all records of the table, from 0.
    pub(crate) fn first_record(&self) -> u64 {
        self.first_record
    }
}

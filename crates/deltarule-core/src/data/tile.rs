//! A part of a block in cache, centred and scaled, ready for the kernel.

use super::{Block, Column, ColumnKind, Scaling, Shape};
use crate::kernel::{Float, dot, scatter_add, standardize_into};

/// What the number columns of a tile may take up, in values: half of a small second-level cache in f64.
const TILE_VALUES: usize = 16 * 1024;

/// Some rows of a block, columns one after the other; the buffers are reused from tile to tile.
#[derive(Debug, Clone)]
pub(crate) struct Tile<T: Float> {
    kinds: Vec<ColumnKind>,
    slot: Vec<usize>,
    numbers: Vec<T>,
    codes: Vec<u32>,
    targets: Vec<T>,
    n_outputs: usize,
    capacity: usize,
    n_rows: usize,
    first_record: u64,
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
        (TILE_VALUES / shape.n_numbers().max(1)).clamp(32, 1024) / 16 * 16
    }

    /// Empty buffers for blocks of this shape with up to `block_rows` rows.
    pub(crate) fn new(shape: &Shape, block_rows: usize) -> Self {
        let (mut n_numbers, mut n_categories) = (0, 0);
        let slot = shape
            .columns()
            .iter()
            .map(|kind| {
                let counter = if *kind == ColumnKind::Number { &mut n_numbers } else { &mut n_categories };
                *counter += 1;
                *counter - 1
            })
            .collect();
        let capacity = Self::rows_for(shape).min(block_rows).max(1);
        Self {
            kinds: shape.columns().to_vec(),
            slot,
            numbers: vec![T::ZERO; n_numbers * capacity],
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
            let into = self.slot[index] * self.capacity..self.slot[index] * self.capacity + n_rows;
            match column {
                Column::Numbers(values) => standardize_into(
                    &values[start..start + n_rows],
                    T::from_f64(scale.offset),
                    T::from_f64(scale.factor),
                    T::from_f64(scale.fill),
                    &mut self.numbers[into],
                ),
                Column::Codes { codes, .. } => self.codes[into].copy_from_slice(&codes[start..start + n_rows]),
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
            let rows = slot * self.capacity..slot * self.capacity + self.n_rows;
            let column = match kind {
                ColumnKind::Number => TileColumn::Numbers(&self.numbers[rows]),
                ColumnKind::Category { .. } => TileColumn::Codes(&self.codes[rows]),
            };
            (column, kind.n_features())
        })
    }

    /// `into[i] += Σ_r values[r]·x̃_ri`: the products of every feature with one value a row. Shapes: (rows,), (d,).
    pub(crate) fn add_products(&self, values: &[T], into: &mut [f64]) {
        let mut into = into;
        for (column, n_features) in self.columns_with_features() {
            let (own, rest) = into.split_at_mut(n_features);
            match column {
                TileColumn::Numbers(x) => own[0] += dot(values, x).to_f64(),
                TileColumn::Codes(codes) => scatter_add(values, codes, own),
            }
            into = rest;
        }
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

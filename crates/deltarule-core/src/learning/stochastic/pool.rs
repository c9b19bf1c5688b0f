//! Some records in memory, row by row, to be gone through in a random order.

use std::ops::Range;
use std::sync::Arc;

use super::CHUNK_ROWS;
use crate::data::{Block, BlockSource, Column, ColumnKind, Scaling, Shape, SparseRows, SparseScaling, Threads};
use crate::error::Result;
use crate::kernel::{
    Float, Lanes, NET_INPUT_LANES, NO_INPUT, OnLine, RawColumn, Records, RowScale, SparseSlices, standardize_rows,
};
use crate::random::Random;

/// So many chunks are filled by one thread without a look at whether another is free.
const CHUNKS_AT_ONCE: usize = 4;

/// A pool: its records, which records of the table they are, and the order in which they are to be gone through.
#[derive(Debug)]
pub(crate) struct Pool {
    scales: Vec<RowScale>,
    n_outputs: usize,
    /// What weights of records are multiplied by; `None` where they have none.
    weight_factor: Option<f64>,
    records: Records,
    /// For each part of the pool, the position of its first record, and which record of the table that is, from 1.
    parts: Vec<(usize, u64)>,
    n_records: usize,
    order: Vec<u32>,
    sparse: Vec<SparseRows<f64>>,
    /// By column of the table.
    sparse_scaling: Vec<Option<Arc<SparseScaling>>>,
}

impl Pool {
    pub(super) fn new(shape: &Shape, scaling: &Scaling, weight_factor: Option<f64>) -> Self {
        let columns = || shape.columns().iter().zip(scaling.columns());
        let numbers: Vec<_> =
            columns().filter(|(kind, _)| **kind == ColumnKind::Number).map(|(_, scale)| *scale).collect();
        let scales: Vec<RowScale> = numbers
            .chunks(NET_INPUT_LANES)
            .map(|group| {
                let mut scale = RowScale::default();
                for (l, column) in group.iter().enumerate() {
                    (scale.offset[l], scale.factor[l], scale.fill[l]) = (column.offset, column.factor, column.fill);
                }
                scale
            })
            .collect();
        let is_category = |kind: &&ColumnKind| matches!(kind, ColumnKind::Category { .. });
        let n_categories = shape.columns().iter().filter(is_category).count();
        let records = Records { n_groups: scales.len(), n_categories, ..Records::default() };
        let (parts, order) = (Vec::new(), Vec::new());
        let sparse = SparseRows::of_shape(shape);
        let sparse_scaling = (0..shape.columns().len()).map(|index| scaling.sparse_scaling(index).cloned()).collect();
        Self {
            scales,
            n_outputs: shape.n_outputs(),
            weight_factor,
            records,
            parts,
            n_records: 0,
            order,
            sparse,
            sparse_scaling,
        }
    }

    /// The records.
    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    /// What is stored of the sparse columns of the records.
    pub(super) fn sparse(&self) -> &[SparseRows<f64>] {
        &self.sparse
    }

    /// Positions of records, in the order in which they are to be gone through.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Which record of the table is at a position, from 1.
    pub(super) fn record(&self, position: usize) -> u64 {
        let part = self.parts.partition_point(|(first, _)| *first <= position);
        part.checked_sub(1).map_or(0, |part| self.parts[part].1 + (position - self.parts[part].0) as u64)
    }

    /// Takes the records of some chunks instead of those that it has, and draws an order.
    ///
    /// Errors: those of the source.
    pub(super) fn fill<T: Float>(
        &mut self,
        source: &dyn BlockSource<T>,
        threads: &Threads,
        chunks: &[usize],
        random: &mut Random,
    ) -> Result<()> {
        for (index, rows) in chunks.iter().flat_map(|&chunk| blocks_of(source, chunk)) {
            source.will_read(index, rows);
        }
        self.parts.clear();
        self.n_records = 0;
        for &chunk in chunks {
            self.parts.push((self.n_records, (chunk * CHUNK_ROWS) as u64 + 1));
            self.n_records += rows_of(source, chunk);
        }
        let n = self.n_records;
        let Records { n_groups, n_categories, .. } = self.records;
        let rows = Rows {
            width: Width { n_groups, n_categories, n_outputs: self.n_outputs, weight_factor: self.weight_factor },
            numbers: room(&mut self.records.numbers, n * n_groups),
            inputs: room(&mut self.records.inputs, n * n_categories),
            targets: room(&mut self.records.targets, n * self.n_outputs),
            weights: room(&mut self.records.weights, if self.weight_factor.is_some() { n } else { 0 }),
        };
        rows.fill(source, &self.scales, threads, chunks)?;
        self.fill_sparse(source, chunks)?;
        self.order.clear();
        self.order.extend(0..n as u32);
        random.shuffle(&mut self.order);
        Ok(())
    }

    /// Takes what is stored of the sparse columns.
    fn fill_sparse<T: Float>(&mut self, source: &dyn BlockSource<T>, chunks: &[usize]) -> Result<()> {
        if self.sparse.is_empty() {
            return Ok(());
        }
        let Self { sparse, sparse_scaling, .. } = self;
        sparse.iter_mut().for_each(SparseRows::clear);
        for (index, rows) in chunks.iter().flat_map(|&chunk| blocks_of(source, chunk)) {
            source.read_rows(index, rows, &mut |block, rows| {
                let mut parts = sparse.iter_mut();
                for (column, scaling) in block.columns().iter().zip(sparse_scaling.iter()) {
                    if let Column::Sparse { starts, indices, values, .. } = column
                        && let Some(part) = parts.next()
                    {
                        let raw = SparseSlices { starts: &starts[rows.start..=rows.end], indices, values };
                        part.append(raw, scaling.as_ref());
                    }
                }
            })?;
        }
        Ok(())
    }
}

/// The first `n` of some values, which are there or are made.
fn room<A: Copy + Default>(values: &mut Vec<A>, n: usize) -> &mut [A] {
    if values.len() < n {
        values.resize(n, A::default());
    }
    &mut values[..n]
}

/// How many records a chunk has.
fn rows_of<T: Float>(source: &dyn BlockSource<T>, chunk: usize) -> usize {
    CHUNK_ROWS.min(source.n_records() - chunk * CHUNK_ROWS)
}

/// How many values of each kind a record has.
#[derive(Debug, Clone, Copy)]
struct Width {
    n_groups: usize,
    n_categories: usize,
    n_outputs: usize,
    weight_factor: Option<f64>,
}

/// Some consecutive records of a pool, to be written.
struct Rows<'a> {
    width: Width,
    numbers: &'a mut [OnLine<Lanes>],
    inputs: &'a mut [u32],
    targets: &'a mut [f64],
    /// Nothing where records have no weights.
    weights: &'a mut [f64],
}

impl<'a> Rows<'a> {
    /// The first `n` records, and the others.
    fn split(self, n: usize) -> (Rows<'a>, Rows<'a>) {
        let width = self.width;
        let (numbers, other_numbers) = self.numbers.split_at_mut(n * width.n_groups);
        let (inputs, other_inputs) = self.inputs.split_at_mut(n * width.n_categories);
        let (targets, other_targets) = self.targets.split_at_mut(n * width.n_outputs);
        let (weights, other_weights) = self.weights.split_at_mut(if width.weight_factor.is_some() { n } else { 0 });
        (
            Rows { width, numbers, inputs, targets, weights },
            Rows {
                width,
                numbers: other_numbers,
                inputs: other_inputs,
                targets: other_targets,
                weights: other_weights,
            },
        )
    }

    /// Writes the records of some chunks, on all threads that have nothing else to do.
    fn fill<T: Float>(
        self,
        source: &dyn BlockSource<T>,
        scales: &[RowScale],
        threads: &Threads,
        chunks: &[usize],
    ) -> Result<()> {
        if chunks.len() > CHUNKS_AT_ONCE {
            let (left, right) = chunks.split_at(chunks.len() / 2);
            let (rows, others) = self.split(left.iter().map(|&chunk| rows_of(source, chunk)).sum());
            let (one, other) = threads
                .both(|| rows.fill(source, scales, threads, left), || others.fill(source, scales, threads, right));
            return one.and(other);
        }
        let mut rest = self;
        for (place, &chunk) in chunks.iter().enumerate() {
            let next = chunks.get(place + 1).and_then(|&next| blocks_of(source, next).next());
            for (index, rows) in blocks_of(source, chunk) {
                let (mut part, others) = rest.split(rows.len());
                rest = others;
                // While a run is worked on, its like in the next chunk comes into the cache.
                let ahead = |run: Range<usize>| {
                    if let Some((index, next_rows)) = &next {
                        let shifted = |r: usize| (next_rows.start + r).min(next_rows.end);
                        source.prefetch(*index, shifted(run.start)..shifted(run.end));
                    }
                };
                source.read_rows(index, rows.clone(), &mut |block, within| part.take(block, scales, within, &ahead))?;
            }
        }
        Ok(())
    }

    /// Takes some rows of a block.
    fn take<T: Float>(
        &mut self,
        block: &Block<'_, T>,
        scales: &[RowScale],
        rows: Range<usize>,
        ahead: &impl Fn(Range<usize>),
    ) {
        self.take_numbers(block, scales, rows.clone(), ahead);
        self.take_categories(block, rows.clone());
        if let (Some(factor), Some(weights)) = (self.width.weight_factor, block.weights()) {
            let of_rows = self.weights.iter_mut().zip(&weights[rows.clone()]);
            of_rows.for_each(|(weight, v)| *weight = factor * v.to_f64());
        }
        let mut targets = vec![T::ZERO; rows.len()];
        for j in 0..self.width.n_outputs {
            block.targets().load_into(j, rows.start, &mut targets);
            for (row, y) in self.targets.chunks_exact_mut(self.width.n_outputs).zip(&targets) {
                row[j] = y.to_f64();
            }
        }
    }

    fn take_numbers<T: Float>(
        &mut self,
        block: &Block<'_, T>,
        scales: &[RowScale],
        rows: Range<usize>,
        ahead: &impl Fn(Range<usize>),
    ) {
        // The scaling is done in f64, row by row.
        let (offset, factor, fill) = (T::ZERO, T::ONE, T::ZERO);
        let columns = block.raw_columns(|_, values| RawColumn { values, offset, factor, fill, has_missing: true });
        let n_groups = self.width.n_groups;
        if n_groups == 0 {
            return;
        }
        let mut into = &mut *self.numbers;
        // Run by run: consecutive values of each column stay in the nearest cache.
        for run in columns.layout().runs(rows.clone()) {
            let (now, later) = into.split_at_mut(run.len() * n_groups);
            ahead(run.start - rows.start..run.end - rows.start);
            standardize_rows(&columns, scales, run.start, n_groups, now);
            into = later;
        }
    }

    fn take_categories<T: Float>(&mut self, block: &Block<'_, T>, rows: Range<usize>) {
        let n_categories = self.width.n_categories;
        self.inputs.fill(NO_INPUT);
        let (mut slot, mut first_feature) = (0, 0);
        for column in block.columns() {
            if let Column::Codes { codes, n_levels } = column {
                let inputs = self.inputs.iter_mut().skip(slot).step_by(n_categories);
                for (input, &code) in inputs.zip(&codes[rows.clone()]) {
                    if (code as usize) < *n_levels {
                        *input = first_feature + code;
                    }
                }
                slot += 1;
            }
            first_feature += column.kind().n_features() as u32;
        }
    }
}

/// The blocks that a chunk is in, and its rows in each.
fn blocks_of<T: Float>(
    source: &dyn BlockSource<T>,
    chunk: usize,
) -> impl Iterator<Item = (usize, Range<usize>)> + use<T> {
    let first = chunk * CHUNK_ROWS;
    let end = (first + CHUNK_ROWS).min(source.n_records());
    let block_rows = source.block_rows();
    (first / block_rows..end.div_ceil(block_rows)).map(move |index| {
        let before = index * block_rows;
        (index, first.max(before) - before..end.min(before + block_rows) - before)
    })
}

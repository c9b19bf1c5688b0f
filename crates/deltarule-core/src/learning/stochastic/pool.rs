//! Some records in memory, row by row, to be gone through in a random order.

use std::ops::Range;

use super::CHUNK_ROWS;
use crate::data::{Block, BlockSource, Column, ColumnKind, Scaling, Shape};
use crate::error::Result;
use crate::kernel::{Float, NET_INPUT_LANES, NO_INPUT, RUN_ROWS, RawColumn, Records, RowScale, standardize_rows};
use crate::random::Random;

/// A pool: its records, which records of the table they are, and the order in which they are to be gone through.
pub(super) struct Pool {
    scales: Vec<RowScale>,
    n_outputs: usize,
    records: Records,
    /// Counted from 1 among the records of the table.
    numbers: Vec<u64>,
    order: Vec<u32>,
}

impl Pool {
    pub(super) fn new(shape: &Shape, scaling: &Scaling) -> Self {
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
        let n_categories = shape.columns().len() - numbers.len();
        let records = Records { n_groups: scales.len(), n_categories, ..Records::default() };
        Self { scales, n_outputs: shape.n_outputs(), records, numbers: Vec::new(), order: Vec::new() }
    }

    /// The records.
    pub(super) fn records(&self) -> &Records {
        &self.records
    }

    /// Positions of records, in the order in which they are to be gone through.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Which record of the table is at a position, from 1.
    pub(super) fn record(&self, position: usize) -> u64 {
        self.numbers[position]
    }

    /// Takes the records of some chunks instead of those that it has, and draws an order.
    ///
    /// Errors: those of the source.
    pub(super) fn fill<T: Float>(
        &mut self,
        source: &dyn BlockSource<T>,
        chunks: &[usize],
        random: &mut Random,
    ) -> Result<()> {
        self.records.numbers.clear();
        self.records.inputs.clear();
        self.records.targets.clear();
        self.numbers.clear();
        for (index, rows) in chunks.iter().flat_map(|&chunk| blocks_of(source, chunk)) {
            source.will_read(index, rows);
        }
        for (index, rows) in chunks.iter().flat_map(|&chunk| blocks_of(source, chunk)) {
            let first_record = (index * source.block_rows() + rows.start) as u64;
            source.read_rows(index, rows, &mut |block, rows| self.append(block, rows, first_record))?;
        }
        self.order.clear();
        self.order.extend(0..self.numbers.len() as u32);
        random.shuffle(&mut self.order);
        Ok(())
    }

    fn append<T: Float>(&mut self, block: &Block<'_, T>, rows: Range<usize>, first_record: u64) {
        let start = self.numbers.len();
        self.numbers.extend((0..rows.len() as u64).map(|r| first_record + r + 1));
        self.append_numbers(block, rows.clone());
        self.append_categories(block, rows.clone());
        let mut targets = vec![T::ZERO; rows.len()];
        self.records.targets.resize((start + rows.len()) * self.n_outputs, 0.0);
        for j in 0..self.n_outputs {
            block.targets().load_into(j, rows.start, &mut targets);
            let into = self.records.targets[start * self.n_outputs..].iter_mut();
            for (z, y) in into.skip(j).step_by(self.n_outputs).zip(&targets) {
                *z = y.to_f64();
            }
        }
    }

    fn append_numbers<T: Float>(&mut self, block: &Block<'_, T>, rows: Range<usize>) {
        let columns: Vec<RawColumn<'_, T>> = block
            .columns()
            .iter()
            .filter_map(Column::runs)
            .map(|(values, stride)| {
                // The scaling is done in f64, row by row.
                let (offset, factor, fill) = (T::ZERO, T::ONE, T::ZERO);
                RawColumn { values, stride, offset, factor, fill, has_missing: true }
            })
            .collect();
        let n_groups = self.scales.len();
        let begin = self.records.numbers.len();
        self.records.numbers.resize(begin + rows.len() * n_groups, [0.0; NET_INPUT_LANES]);
        let mut into = &mut self.records.numbers[begin..];
        // Run by run: consecutive values of each column stay in the nearest cache.
        let mut start = rows.start;
        while start < rows.end && n_groups > 0 {
            let end = rows.end.min((start / RUN_ROWS + 1) * RUN_ROWS);
            let (now, later) = into.split_at_mut((end - start) * n_groups);
            standardize_rows(&columns, &self.scales, start, n_groups, now);
            into = later;
            start = end;
        }
    }

    fn append_categories<T: Float>(&mut self, block: &Block<'_, T>, rows: Range<usize>) {
        let n_categories = self.records.n_categories;
        let begin = self.records.inputs.len();
        self.records.inputs.resize(begin + rows.len() * n_categories, NO_INPUT);
        let into = &mut self.records.inputs[begin..];
        let (mut slot, mut first_feature) = (0, 0);
        for column in block.columns() {
            if let Column::Codes { codes, n_levels } = column {
                let inputs = into.iter_mut().skip(slot).step_by(n_categories);
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

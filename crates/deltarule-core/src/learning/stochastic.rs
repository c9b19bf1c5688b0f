//! Descent by one record, or a few, a step.
//!
//! The order of an epoch is drawn anew from the seed: chunks of 256 records in random order, up to 32 of them at a time in a
//! pool, and the records of a pool in random order. A table of up to 8192 records is thus shuffled as a whole, a larger one can
//! be read in pieces, no batch ends where a chunk does, and no pool is much smaller than another. The order is part of what a
//! seed means, and stays.

use super::{Loss, NotFiniteRecord, Optimizer, Reduction, delta::delta};
use crate::data::{Block, BlockSource, Column, ColumnKind, Scaling, Shape, Threads};
use crate::error::Result;
use crate::kernel::{Float, prefetch_values};
use crate::network::{Activation, Parameters};
use crate::random::{Random, Stream};

/// How many consecutive records stay together when the table is shuffled.
const CHUNK_ROWS: usize = 256;
/// At most so many chunks are mixed record by record.
const POOL_CHUNKS: usize = 32;

/// How many rows of a pool are filled at a time.
const ROWS_AT_ONCE: usize = 32;

/// What one stochastic epoch needs beside the parameters.
pub(crate) struct StochasticEpoch<'a, T: Float> {
    pub(crate) source: &'a dyn BlockSource<T>,
    pub(crate) scaling: &'a Scaling,
    pub(crate) threads: &'a Threads,
    pub(crate) activation: &'a Activation,
    pub(crate) loss: Loss,
    pub(crate) reduction: Reduction,
    pub(crate) batch: u64,
    pub(crate) seed: u64,
}

impl<T: Float> StochasticEpoch<'_, T> {
    /// Runs epoch `epoch` (from 1): ⌈N/B⌉ steps from `parameters`, each with `eta`. A short last batch is a step of its own.
    ///
    /// `optimizer` is `None` for the plain delta rule, which with B = 1 touches only the weights whose inputs are there.
    /// The inner error is the record whose output was not finite; the parameters are then of no use.
    pub(crate) fn run(
        &self,
        epoch: u64,
        parameters: &mut Parameters,
        optimizer: Option<&mut dyn Optimizer>,
        eta: f64,
    ) -> Result<std::result::Result<(), NotFiniteRecord>> {
        let shape = self.source.shape();
        let mut random = Random::new(self.seed, Stream::Epoch(epoch));
        let mut chunks: Vec<usize> = (0..self.source.n_records().div_ceil(CHUNK_ROWS)).collect();
        random.shuffle(&mut chunks);
        let n_pools = chunks.len().div_ceil(POOL_CHUNKS);
        // Pools of nearly the same size: a small last one would end the epoch on a few neighbouring records.
        let load = |pool: &mut Pool, index: usize| -> Result<()> {
            pool.clear();
            let of_pool = &chunks[index * chunks.len() / n_pools..(index + 1) * chunks.len() / n_pools];
            of_pool.iter().try_for_each(|&chunk| pool.load(self.source, self.scaling, chunk))
        };
        let in_place = self.batch == 1 && optimizer.is_none();
        let sums = if in_place { 0 } else { parameters.n_features() };
        let mut steps = Steps {
            epoch: self,
            descent: Parameters::zeros(sums, parameters.n_outputs(), parameters.has_bias()),
            deltas: vec![0.0; shape.n_outputs()],
            parameters,
            optimizer,
            eta,
            in_place,
            in_batch: 0,
        };
        let (mut pool, mut next) = (Pool::new(shape), Pool::new(shape));
        load(&mut pool, 0)?;
        for index in 0..n_pools {
            let mut order: Vec<usize> = (0..pool.records.len()).collect();
            random.shuffle(&mut order);
            // While the steps of one pool are taken, the next one is filled.
            let (walked, loaded) = self.threads.both(
                || steps.walk(&pool, &order),
                || if index + 1 < n_pools { load(&mut next, index + 1) } else { Ok(()) },
            );
            loaded?;
            if let Err(record) = walked {
                return Ok(Err(record));
            }
            std::mem::swap(&mut pool, &mut next);
        }
        steps.take();
        Ok(Ok(()))
    }
}

/// The steps of an epoch, under way.
struct Steps<'a, 'e, 'o, T: Float> {
    epoch: &'a StochasticEpoch<'e, T>,
    parameters: &'a mut Parameters,
    optimizer: Option<&'o mut dyn Optimizer>,
    eta: f64,
    /// Whether each record's products go straight to the weights.
    in_place: bool,
    /// Σδx of the batch so far.
    descent: Parameters,
    deltas: Vec<f64>,
    in_batch: u64,
}

impl<T: Float> Steps<'_, '_, '_, T> {
    /// Goes through the records of a pool in an order. The error is a record whose output is not finite.
    fn walk(&mut self, pool: &Pool, order: &[usize]) -> std::result::Result<(), NotFiniteRecord> {
        for &r in order {
            let row = pool.row(r);
            for j in 0..self.deltas.len() {
                let h = row.net_input(self.parameters, j);
                let term = delta(self.epoch.loss, self.epoch.activation, row.targets[j], h);
                if !term.delta.is_finite() {
                    let (net_input, value) = (h, term.output);
                    return Err(NotFiniteRecord { record: row.record, output: j, net_input, value });
                }
                self.deltas[j] = term.delta;
            }
            if self.in_place {
                for (j, d) in self.deltas.iter().enumerate() {
                    row.add_products(self.eta * d, self.parameters, j);
                }
                continue;
            }
            for (j, &d) in self.deltas.iter().enumerate() {
                row.add_products(d, &mut self.descent, j);
            }
            self.in_batch += 1;
            if self.in_batch == self.epoch.batch {
                self.take();
            }
        }
        Ok(())
    }

    /// One step over the records of the batch so far, if there are any.
    fn take(&mut self) {
        if self.in_batch == 0 {
            return;
        }
        self.descent.scale(self.epoch.reduction.factor(self.in_batch));
        match &mut self.optimizer {
            Some(optimizer) => optimizer.step(self.parameters, &self.descent, self.eta),
            None => self.parameters.add_scaled(self.eta, &self.descent),
        }
        self.descent.scale(0.0);
        self.in_batch = 0;
    }
}

/// Some records, row by row: inputs centred and scaled, codes, targets.
struct Pool {
    columns: Vec<PoolColumn>,
    n_numbers: usize,
    n_codes: usize,
    n_outputs: usize,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    targets: Vec<f64>,
    records: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct PoolColumn {
    kind: ColumnKind,
    /// Which of the numbers, or of the codes, of a row.
    slot: usize,
    first_feature: usize,
}

/// One record of a pool.
struct Row<'a> {
    columns: &'a [PoolColumn],
    numbers: &'a [f64],
    codes: &'a [u32],
    targets: &'a [f64],
    /// Counted from 1.
    record: u64,
}

impl Pool {
    fn new(shape: &Shape) -> Self {
        let (mut n_numbers, mut n_codes) = (0, 0);
        let columns = shape
            .columns()
            .iter()
            .enumerate()
            .map(|(index, &kind)| {
                let counter = if kind == ColumnKind::Number { &mut n_numbers } else { &mut n_codes };
                *counter += 1;
                PoolColumn { kind, slot: *counter - 1, first_feature: shape.features_of(index).start }
            })
            .collect();
        let n_outputs = shape.n_outputs();
        let (numbers, codes, targets, records) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { columns, n_numbers, n_codes, n_outputs, numbers, codes, targets, records }
    }

    fn clear(&mut self) {
        self.numbers.clear();
        self.codes.clear();
        self.targets.clear();
        self.records.clear();
    }

    /// Appends the records of a chunk.
    fn load<T: Float>(&mut self, source: &dyn BlockSource<T>, scaling: &Scaling, chunk: usize) -> Result<()> {
        let first = chunk * CHUNK_ROWS;
        let end = (first + CHUNK_ROWS).min(source.n_records());
        let block_rows = source.block_rows();
        for index in first / block_rows..end.div_ceil(block_rows) {
            let before = index * block_rows;
            let rows = first.max(before) - before..end.min(before + block_rows) - before;
            source.read(index, &mut |block| self.append(block, scaling, rows.clone(), before as u64))?;
        }
        Ok(())
    }

    fn append<T: Float>(
        &mut self,
        block: &Block<'_, T>,
        scaling: &Scaling,
        rows: std::ops::Range<usize>,
        records_before: u64,
    ) {
        let (n, start) = (rows.len(), self.records.len());
        self.numbers.resize((start + n) * self.n_numbers, 0.0);
        self.codes.resize((start + n) * self.n_codes, 0);
        self.targets.resize((start + n) * self.n_outputs, 0.0);
        self.records.extend(rows.clone().map(|r| records_before + r as u64 + 1));
        // A few rows at a time: they stay in the nearest cache while column after column is spread over them.
        for part in (0..n).step_by(ROWS_AT_ONCE) {
            let of_block = rows.start + part..rows.start + (part + ROWS_AT_ONCE).min(n);
            let first = start + part;
            let next = of_block.end..(of_block.end + ROWS_AT_ONCE).min(rows.end);
            for ((column, place), scale) in block.columns().iter().zip(&self.columns).zip(scaling.columns()) {
                match column {
                    Column::Numbers(values) => {
                        prefetch_values(&values[next.clone()]);
                        let mut at = first * self.n_numbers + place.slot;
                        for x in &values[of_block.clone()] {
                            self.numbers[at] = scale.apply(x.to_f64());
                            at += self.n_numbers;
                        }
                    }
                    Column::Codes { codes, .. } => {
                        let mut at = first * self.n_codes + place.slot;
                        for &code in &codes[of_block.clone()] {
                            self.codes[at] = code;
                            at += self.n_codes;
                        }
                    }
                }
            }
        }
        let mut targets = vec![T::ZERO; n];
        for j in 0..self.n_outputs {
            block.targets().load_into(j, rows.start, &mut targets);
            let into = self.targets[start * self.n_outputs..].iter_mut();
            for (z, y) in into.skip(j).step_by(self.n_outputs).zip(&targets) {
                *z = y.to_f64();
            }
        }
    }

    fn row(&self, r: usize) -> Row<'_> {
        Row {
            columns: &self.columns,
            numbers: &self.numbers[r * self.n_numbers..(r + 1) * self.n_numbers],
            codes: &self.codes[r * self.n_codes..(r + 1) * self.n_codes],
            targets: &self.targets[r * self.n_outputs..(r + 1) * self.n_outputs],
            record: self.records[r],
        }
    }
}

impl Row<'_> {
    /// h_j, terms added in the order of the columns and the bias last.
    fn net_input(&self, parameters: &Parameters, j: usize) -> f64 {
        let weights = parameters.weights(j);
        if self.codes.is_empty() {
            // Numbers alone stand in the order of their weights.
            let h = weights.iter().zip(self.numbers).fold(0.0, |h, (w, x)| h + w * x);
            return h + parameters.bias(j);
        }
        let mut h = 0.0;
        for column in self.columns {
            match column.kind {
                ColumnKind::Number => h += weights[column.first_feature] * self.numbers[column.slot],
                ColumnKind::Category { n_levels } => {
                    let code = self.codes[column.slot] as usize;
                    if code < n_levels {
                        h += weights[column.first_feature + code];
                    }
                }
            }
        }
        h + parameters.bias(j)
    }

    /// w_ij += factor·x_i for every input that is there, b_j += factor.
    fn add_products(&self, factor: f64, parameters: &mut Parameters, j: usize) {
        let bias = parameters.bias(j) + factor;
        parameters.set_bias(j, bias);
        let weights = parameters.weights_mut(j);
        if self.codes.is_empty() {
            weights.iter_mut().zip(self.numbers).for_each(|(w, x)| *w += factor * x);
            return;
        }
        for column in self.columns {
            match column.kind {
                ColumnKind::Number => weights[column.first_feature] += factor * self.numbers[column.slot],
                ColumnKind::Category { n_levels } => {
                    let code = self.codes[column.slot] as usize;
                    if code < n_levels {
                        weights[column.first_feature + code] += factor;
                    }
                }
            }
        }
    }
}

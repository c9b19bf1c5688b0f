//! Some records of a table as blocks of raw columns.

use std::borrow::Cow;
use std::ops::Range;

use deltarule_core::{BLOCK_ROWS, Block, BlockSource, Column, ColumnKind, Error, NO_LEVEL, Shape, Targets};

use super::draft::{Derivation, DraftFeature};
use super::target::Output;
use super::weights::Weighting;
use crate::column::Values;
use crate::error::{DataError, Result};
use crate::pages::{Beside, PAGE_ROWS, PageColumn, RowSet, STORED_BYTES, Wanted};
use crate::table::Table;

/// A feature as it stands in blocks.
#[derive(Debug, Clone)]
struct Input {
    name: String,
    position: usize,
    kind: ColumnKind,
    may_miss: bool,
    derivation: Derivation,
    /// How many bytes a record's value takes up; of sparse numbers, on average.
    bytes: usize,
}

impl Input {
    /// Its values where they are made of those of the column; `None` where they are those.
    fn derived<'p>(&self, columns: &[PageColumn], rows: Range<usize>) -> Option<Column<'p, f64>> {
        let column = &columns[self.position];
        let n_levels = if let ColumnKind::Category { n_levels } = self.kind { n_levels } else { 0 };
        let dates = || column.numbers().get(rows.clone()).unwrap_or_default().iter();
        let code = |new: &[u32], code: usize| new.get(code).copied().unwrap_or(NO_LEVEL);
        let code_or = |new: &[u32], old: u32, missing: u32| match old {
            NO_LEVEL => missing,
            old => code(new, old as usize),
        };
        let codes = match &self.derivation {
            Derivation::None => return None,
            Derivation::DateNumber(part) => {
                return Some(Column::Numbers(dates().map(|&seconds| part.of(seconds)).collect()));
            }
            Derivation::DateCodes(part, new) => {
                dates().map(|&seconds| part.level(seconds).map_or(NO_LEVEL, |level| code(new, level))).collect()
            }
            Derivation::Combined(combination) if n_levels == 0 => {
                return Some(Column::Numbers(rows.map(|row| combination.number(columns, row)).collect()));
            }
            Derivation::Combined(combination) => rows.map(|row| combination.code(columns, row)).collect(),
            Derivation::Flag => {
                let flag = |row| f64::from(u8::from(column.is_missing(row)));
                return Some(Column::Numbers(rows.map(flag).collect()));
            }
            Derivation::Codes { new, missing } => {
                column.codes()[rows].iter().map(|&old| code_or(new, old, *missing)).collect()
            }
        };
        Some(Column::Codes { codes, n_levels })
    }
}

/// Some records of a table: a source of blocks, which are cut by index among these records.
///
/// Blocks are held where memory allows, and otherwise made anew each time; their values are the same.
#[derive(Debug)]
pub struct Part<'t> {
    table: &'t Table,
    rows: RowSet,
    inputs: Vec<Input>,
    output: Output,
    weighting: Weighting,
    wanted: Wanted,
    shape: Shape,
    held: Vec<Option<Block<'t, f64>>>,
    memory: Beside<'t>,
}

impl<'t> Part<'t> {
    pub(super) fn new(
        table: &'t Table,
        rows: RowSet,
        features: &[DraftFeature<'_>],
        output: &Output,
        weighting: &Weighting,
    ) -> Result<Self> {
        let inputs: Vec<Input> = features
            .iter()
            .map(|feature| {
                let kind = match feature.column.values {
                    _ if feature.is_flag() => ColumnKind::Number,
                    _ if feature.is_combined() && !feature.levels.are_there() => ColumnKind::Number,
                    _ if feature.levels.are_there() => ColumnKind::Category { n_levels: feature.levels.len() },
                    Values::Sparse { ref indices, .. } => ColumnKind::Sparse { n_columns: indices.len() },
                    _ => ColumnKind::Number,
                };
                let may_miss = feature.column.facts.n_missing > 0 && !feature.is_flag() && !feature.is_combined();
                let bytes = match (kind, &feature.column.values) {
                    (ColumnKind::Sparse { .. }, Values::Sparse { n_stored, .. }) => {
                        size_of::<usize>() + (*n_stored as usize * STORED_BYTES).div_ceil(table.n_records().max(1))
                    }
                    (ColumnKind::Number, _) => size_of::<f64>(),
                    _ => size_of::<u32>(),
                };
                let (name, position) = (feature.name(table), feature.position);
                Input { name, position, kind, may_miss, derivation: feature.derivation.clone(), bytes }
            })
            .collect();
        let positions = inputs.iter().map(|input| input.position);
        let wanted = Wanted::of(positions.chain(output.columns.iter().copied()).chain(weighting.column()));
        let shape = Shape::new(inputs.iter().map(|input| input.kind).collect(), output.n_outputs());
        let (output, weighting) = (output.clone(), weighting.clone());
        let (held, memory) = (Vec::new(), table.pages().beside());
        let mut part = Self { table, rows, inputs, output, weighting, wanted, shape, held, memory };
        for index in 0..part.n_blocks() {
            let block = part.block_to_hold(index)?;
            part.held.push(block);
        }
        Ok(part)
    }

    /// A block that can be held: it is in memory already, or there is room for it.
    fn block_to_hold(&mut self, index: usize) -> Result<Option<Block<'t, f64>>> {
        if self.rows.is_all() {
            let Some(columns) = self.table.pages().in_memory(index) else { return Ok(None) };
            let derived = self.inputs.iter().filter(|input| !matches!(input.derivation, Derivation::None));
            let of_weights = if self.weighting.is_made() { size_of::<f64>() } else { 0 };
            let bytes =
                (derived.map(|input| input.bytes).sum::<usize>() + of_weights) * self.table.pages().n_rows(index);
            if bytes > 0 && !self.memory.take(bytes) {
                return Ok(None);
            }
            return Ok(Some(self.block_of(columns, 0..self.table.pages().n_rows(index))?));
        }
        let rows = self.rows_of(index);
        let bytes = rows.len() * self.record_bytes();
        if !self.memory.take(bytes) {
            return Ok(None);
        }
        let gathered = self.gather(rows.clone())?;
        Ok(Some(self.block_of(&gathered, 0..rows.len())?.into_owned()))
    }

    /// How many bytes a record takes up in blocks.
    fn record_bytes(&self) -> usize {
        let weighted = usize::from(self.weighting.is_made() || self.weighting.column().is_some());
        self.inputs.iter().map(|input| input.bytes).sum::<usize>()
            + size_of::<f64>() * (self.output.columns.len() + weighted)
    }

    /// The weight of each class in E; empty where they count alike.
    pub fn class_weights(&self) -> &[f64] {
        self.weighting.of_classes()
    }

    /// The table that they are records of.
    pub(super) fn table(&self) -> &'t Table {
        self.table
    }

    /// The name of a feature, by its place.
    pub(super) fn name_of(&self, feature: usize) -> &str {
        self.inputs.get(feature).map_or("", |input| &input.name)
    }

    /// The name of a column of numbers that are outputs, by its place among them.
    pub(super) fn name_of_target(&self, output: usize) -> &str {
        self.output.columns.get(output).map_or("", |&position| &self.table.columns()[position].name)
    }

    /// The name of the column of weights.
    pub(super) fn name_of_weight(&self) -> &str {
        self.weighting.column().map_or("", |position| &self.table.columns()[position].name)
    }

    pub(super) fn rows(&self) -> &RowSet {
        &self.rows
    }

    /// How many records there are.
    pub fn n_records(&self) -> usize {
        self.rows.len()
    }

    /// Which record of the table the one with `k` others before it is, from 0.
    pub fn record(&self, k: usize) -> usize {
        self.rows.select(k)
    }

    /// How many of these records stand before one of the table's; `None` where that one is not among them.
    pub fn position_of(&self, record: usize) -> Option<usize> {
        self.rows.contains(record).then(|| self.rows.rank(record))
    }

    /// The records of a block, by their places among these records.
    fn rows_of(&self, block: usize) -> Range<usize> {
        let first = block * BLOCK_ROWS;
        first..(first + BLOCK_ROWS).min(self.rows.len())
    }

    /// A block of some rows of columns of the table.
    fn block_of<'p>(&self, columns: &'p [PageColumn], rows: Range<usize>) -> Result<Block<'p, f64>> {
        let as_it_is = |input: &Input| match (&columns[input.position], input.kind) {
            (PageColumn::Codes(codes), ColumnKind::Category { n_levels }) => {
                Column::Codes { codes: Cow::Borrowed(&codes[rows.clone()]), n_levels }
            }
            (PageColumn::Sparse { starts, indices, values }, ColumnKind::Sparse { n_columns }) => Column::Sparse {
                n_columns,
                starts: Cow::Borrowed(&starts[rows.start..=rows.end]),
                indices: Cow::Borrowed(indices),
                values: Cow::Borrowed(values),
            },
            (other, _) => Column::Numbers(Cow::Borrowed(other.numbers().get(rows.clone()).unwrap_or_default())),
        };
        let column = |input: &Input| input.derived(columns, rows.clone()).unwrap_or_else(|| as_it_is(input));
        let columns_of_block = self.inputs.iter().map(column).collect();
        let targets = self.output.targets(columns, rows.clone());
        // Numbers were checked when the table was read.
        let block = Block::of_checked(columns_of_block, |k| self.inputs[k].may_miss, targets)?;
        Ok(match self.weighting.of_rows(columns, rows, &self.output) {
            Some(weights) => block.with_weights(weights)?,
            None => block,
        })
    }

    /// The columns of the table for some of these records.
    fn gather(&self, rows: Range<usize>) -> Result<Vec<PageColumn>> {
        let pages = self.table.pages();
        let mut gathered = vec![PageColumn::Missing; self.table.columns().len()];
        for &position in self.wanted.columns() {
            gathered[position] = match &self.table.columns()[position].values {
                Values::Text { .. } | Values::Hashed { .. } => PageColumn::Codes(Vec::with_capacity(rows.len())),
                Values::Sparse { .. } => PageColumn::no_sparse(),
                _ => PageColumn::Numbers(Vec::with_capacity(rows.len())),
            };
        }
        let mut left = rows.len();
        let mut record = self.rows.select(rows.start);
        while left > 0 && record < pages.n_records() {
            let (page, from) = (record / PAGE_ROWS, record % PAGE_ROWS);
            let mut members = Vec::with_capacity(left);
            self.rows.in_page(page, from, |row| {
                if members.len() < left {
                    members.push(row);
                }
            });
            if let (Some(&first), Some(&last)) = (members.first(), members.last()) {
                pages.show(page, first..last + 1, &self.wanted, |shown| {
                    for &position in self.wanted.columns() {
                        let from = &shown.columns[position];
                        members.iter().for_each(|row| {
                            gathered[position].push_from(from, row - first + shown.rows.start);
                        });
                    }
                })?;
            }
            left -= members.len();
            record = (page + 1) * PAGE_ROWS;
        }
        Ok(gathered)
    }

    /// The same records in f32, every number less its column's first value.
    ///
    /// The difference to the first value keeps its digits where the number itself (a time stamp, say) would lose them.
    ///
    /// Errors: a number that f32 does not hold; those of the file that holds the table's pages.
    pub fn narrowed(&self) -> Result<Narrowed<'_, 't>> {
        let mut shifts: Vec<Option<f64>> =
            self.inputs.iter().map(|input| (input.kind != ColumnKind::Number).then_some(0.0)).collect();
        let (mut held, mut memory) = (Vec::with_capacity(self.n_blocks()), self.table.pages().beside());
        for index in 0..self.n_blocks() {
            if shifts.iter().all(Option::is_some) {
                break;
            }
            self.read(index, &mut |block| {
                for (shift, column) in shifts.iter_mut().zip(block.columns()) {
                    if let (None, Column::Numbers(values)) = (&shift, column) {
                        *shift = values.iter().copied().find(|x| !x.is_nan());
                    }
                }
            })?;
        }
        let shifts: Vec<f64> = shifts.into_iter().map(Option::unwrap_or_default).collect();
        for index in 0..self.n_blocks() {
            let mut narrow = None;
            if memory.take(self.rows_of(index).len() * self.record_bytes().div_ceil(2)) {
                self.read(index, &mut |block| {
                    narrow = Some(self.narrow(block, 0..block.n_records(), &shifts, self.rows_of(index).start));
                })?;
            }
            held.push(narrow.transpose()?);
        }
        Ok(Narrowed { part: self, shifts, held, _memory: memory })
    }

    /// Some rows of a block in f32, of which the first is record `first` of these.
    fn narrow(
        &self,
        block: &Block<'_, f64>,
        rows: Range<usize>,
        shifts: &[f64],
        first: usize,
    ) -> Result<Block<'static, f32>> {
        narrowed(block, rows.clone(), shifts)
            .map_err(|error| self.beyond_f32(block, rows, shifts, first).unwrap_or(DataError::Core(error)))
    }
}

/// What stands in the way of a block.
pub(crate) fn source_error(index: usize, error: DataError) -> Error {
    match error {
        DataError::Core(error) => error,
        other => Error::Source { index, reason: other.to_string() },
    }
}

impl BlockSource<f64> for Part<'_> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn n_records(&self) -> usize {
        self.rows.len()
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, f64>)) -> deltarule_core::Result<()> {
        self.read_rows(index, 0..self.rows_of(index).len(), &mut |block, _| visit(block))
    }

    fn read_rows(
        &self,
        index: usize,
        rows: Range<usize>,
        visit: &mut dyn FnMut(&Block<'_, f64>, Range<usize>),
    ) -> deltarule_core::Result<()> {
        if let Some(Some(block)) = self.held.get(index) {
            visit(block, rows);
            return Ok(());
        }
        let show =
            |columns: &[PageColumn], rows: Range<usize>, visit: &mut dyn FnMut(&Block<'_, f64>, Range<usize>)| {
                let n = rows.len();
                self.block_of(columns, rows).map(|block| visit(&block, 0..n))
            };
        let shown = if self.rows.is_all() {
            self.table
                .pages()
                .show(index, rows, &self.wanted, |shown| show(shown.columns, shown.rows.clone(), visit))
                .and_then(|shown| shown)
        } else {
            let first = self.rows_of(index).start;
            self.gather(first + rows.start..first + rows.end).and_then(|gathered| show(&gathered, 0..rows.len(), visit))
        };
        shown.map_err(|error| source_error(index, error))
    }

    fn will_read(&self, index: usize, rows: Range<usize>) {
        if rows.is_empty() || self.held.get(index).is_some_and(Option::is_some) {
            return;
        }
        let first = self.rows_of(index).start;
        let (first, last) = (self.rows.select(first + rows.start), self.rows.select(first + rows.end - 1));
        for page in first / PAGE_ROWS..=last / PAGE_ROWS {
            let before = page * PAGE_ROWS;
            let rows = first.max(before) - before..(last + 1).min(before + PAGE_ROWS) - before;
            self.table.pages().will_show(page, rows);
        }
    }
}

/// Records of a [`Part`] in f32, every number less its column's shift.
#[derive(Debug)]
pub struct Narrowed<'p, 't> {
    part: &'p Part<'t>,
    shifts: Vec<f64>,
    held: Vec<Option<Block<'static, f32>>>,
    _memory: Beside<'t>,
}

impl Narrowed<'_, '_> {
    /// What was subtracted from each column.
    pub fn shifts(&self) -> &[f64] {
        &self.shifts
    }
}

impl BlockSource<f32> for Narrowed<'_, '_> {
    fn shape(&self) -> &Shape {
        &self.part.shape
    }

    fn n_records(&self) -> usize {
        self.part.rows.len()
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, f32>)) -> deltarule_core::Result<()> {
        self.read_rows(index, 0..self.part.rows_of(index).len(), &mut |block, _| visit(block))
    }

    fn read_rows(
        &self,
        index: usize,
        rows: Range<usize>,
        visit: &mut dyn FnMut(&Block<'_, f32>, Range<usize>),
    ) -> deltarule_core::Result<()> {
        if let Some(Some(block)) = self.held.get(index) {
            visit(block, rows);
            return Ok(());
        }
        let mut wrong = Ok(());
        let n = rows.len();
        let first = self.part.rows_of(index).start + rows.start;
        self.part.read_rows(
            index,
            rows,
            &mut |block, rows| match self.part.narrow(block, rows, &self.shifts, first) {
                Ok(narrow) => visit(&narrow, 0..n),
                Err(error) => wrong = Err(source_error(index, error)),
            },
        )?;
        wrong
    }

    fn will_read(&self, index: usize, rows: Range<usize>) {
        if !self.held.get(index).is_some_and(Option::is_some) {
            self.part.will_read(index, rows);
        }
    }
}

/// Some rows of a block in f32, less the shifts.
fn narrowed(block: &Block<'_, f64>, rows: Range<usize>, shifts: &[f64]) -> deltarule_core::Result<Block<'static, f32>> {
    let columns = block
        .columns()
        .iter()
        .zip(shifts)
        .map(|(column, shift)| match column {
            Column::Numbers(values) => {
                Column::Numbers(values[rows.clone()].iter().map(|x| (x - shift) as f32).collect())
            }
            Column::Tiled(tiled) => Column::Numbers(rows.clone().map(|r| (tiled.get(r) - shift) as f32).collect()),
            Column::Codes { codes, n_levels } => {
                Column::Codes { codes: codes[rows.clone()].to_vec().into(), n_levels: *n_levels }
            }
            // A difference to another value than 0 would leave no zeros.
            Column::Sparse { n_columns, starts, indices, values } => {
                let (first, end) = (starts[rows.start], starts[rows.end]);
                Column::Sparse {
                    n_columns: *n_columns,
                    starts: starts[rows.start..=rows.end].iter().map(|start| start - first).collect(),
                    indices: indices[first..end].to_vec().into(),
                    values: values[first..end].iter().map(|&x| x as f32).collect(),
                }
            }
        })
        .collect();
    let targets = match block.targets() {
        Targets::Numbers(columns) => {
            Targets::Numbers(columns.iter().map(|y| y[rows.clone()].iter().map(|&y| y as f32).collect()).collect())
        }
        Targets::Classes { codes, n_classes, low, high } => {
            let codes = codes[rows.clone()].to_vec().into();
            Targets::Classes { codes, n_classes: *n_classes, low: *low, high: *high }
        }
    };
    let narrow = Block::new(columns, targets)?;
    match block.weights() {
        Some(weights) => narrow.with_weights(weights[rows].iter().map(|&v| v as f32).collect()),
        None => Ok(narrow),
    }
}

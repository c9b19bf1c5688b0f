//! Records as a model's encoder gives them, to be passed over again and again: in memory as far as there is room, in a file beyond it.

use std::borrow::Cow;

use deltarule_core::{BLOCK_ROWS, Block, BlockSource, Column, ColumnKind, Error, Shape, Targets};

use crate::error::Result;
use crate::pages::{Budget, Decode, Holding, PageBuilder, PageColumn, PageRows, Pages, Wanted};
use crate::prepare::source_error;

/// Encoded records: a source of blocks. What does not fit into memory is in a file without a name, with the same bits.
#[derive(Debug)]
pub struct EncodedRecords {
    pages: Pages,
    form: Form,
    wanted: Wanted,
}

/// What blocks have in common: the columns of a page are the features, the targets, and the weights where there are any.
#[derive(Debug)]
struct Form {
    shape: Shape,
    targets: TargetForm,
    is_weighted: bool,
}

#[derive(Debug, Clone, Copy)]
enum TargetForm {
    Numbers { n_outputs: usize },
    Classes { n_classes: usize, low: f64, high: f64 },
}

impl Form {
    fn of(block: &Block<'_, f64>, is_weighted: bool) -> Self {
        let targets = match block.targets() {
            Targets::Numbers(all) => TargetForm::Numbers { n_outputs: all.len() },
            Targets::Classes { n_classes, low, high, .. } => {
                TargetForm::Classes { n_classes: *n_classes, low: *low, high: *high }
            }
        };
        Self { shape: block.shape(), targets, is_weighted }
    }

    fn n_features(&self) -> usize {
        self.shape.columns().len()
    }

    fn n_targets(&self) -> usize {
        match self.targets {
            TargetForm::Numbers { n_outputs } => n_outputs,
            TargetForm::Classes { .. } => 1,
        }
    }

    /// How many columns a page has.
    fn n_columns(&self) -> usize {
        self.n_features() + self.n_targets() + usize::from(self.is_weighted)
    }

    fn block<'p>(&self, shown: &PageRows<'p>) -> deltarule_core::Result<Block<'p, f64>> {
        let rows = &shown.rows;
        let numbers = |column: &'p PageColumn| Cow::Borrowed(&column.numbers()[rows.clone()]);
        let feature = |(kind, column): (&ColumnKind, &'p PageColumn)| match (kind, column) {
            (ColumnKind::Category { n_levels }, column) => {
                Column::Codes { codes: Cow::Borrowed(&column.codes()[rows.clone()]), n_levels: *n_levels }
            }
            (ColumnKind::Sparse { n_columns }, PageColumn::Sparse { starts, indices, values }) => Column::Sparse {
                n_columns: *n_columns,
                starts: Cow::Borrowed(&starts[rows.start..=rows.end]),
                indices: Cow::Borrowed(indices),
                values: Cow::Borrowed(values),
            },
            (_, column) => Column::Numbers(numbers(column)),
        };
        let (features, rest) = shown.columns.split_at(self.n_features());
        let (targets, weights) = rest.split_at(self.n_targets());
        let targets = match self.targets {
            TargetForm::Numbers { .. } => Targets::Numbers(targets.iter().map(numbers).collect()),
            TargetForm::Classes { n_classes, low, high } => {
                Targets::Classes { codes: Cow::Borrowed(&targets[0].codes()[rows.clone()]), n_classes, low, high }
            }
        };
        let columns = self.shape.columns().iter().zip(features).map(feature).collect();
        // The blocks that the records came in were checked.
        let block = Block::of_checked(columns, |_| true, targets)?;
        match weights.first() {
            Some(weights) => block.with_weights(numbers(weights)),
            None => Ok(block),
        }
    }
}

impl EncodedRecords {
    /// Whether records have weights.
    pub fn is_weighted(&self) -> bool {
        self.form.is_weighted
    }
}

impl BlockSource<f64> for EncodedRecords {
    fn shape(&self) -> &Shape {
        &self.form.shape
    }

    fn n_records(&self) -> usize {
        self.pages.n_records()
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, f64>)) -> deltarule_core::Result<()> {
        let rows = 0..self.pages.n_rows(index);
        let shown =
            self.pages.show(index, rows, &self.wanted, |shown| self.form.block(shown).map(|block| visit(&block)));
        shown.map_err(|error| source_error(index, error))?
    }

    fn will_read(&self, index: usize, rows: std::ops::Range<usize>) {
        self.pages.will_show(index, rows);
    }
}

/// Encoded records under construction.
pub struct EncodedBuilder {
    memory: (usize, usize),
    open: Option<(PageBuilder, Form)>,
    /// What a record takes up, sparse numbers apart.
    record_bytes: usize,
    has_weight: bool,
}

impl EncodedBuilder {
    /// Records of which so many bytes are held in memory, for so many threads.
    pub fn new(memory: usize, n_threads: usize) -> Self {
        Self { memory: (memory, n_threads), open: None, record_bytes: 0, has_weight: false }
    }

    /// Takes some rows of a block, in order, with the weight of each row that is taken, if records have weights.
    ///
    /// Every block must have the form of the first one. Errors: those of the file, where one is needed; too little memory to work with one.
    pub fn push(&mut self, block: &Block<'_, f64>, rows: &[usize], weights: Option<&[f64]>) -> Result<()> {
        if self.open.is_none() {
            let form = Form::of(block, weights.is_some());
            let codes = |kind: &ColumnKind| matches!(kind, ColumnKind::Category { .. });
            let n_codes = form.shape.columns().iter().filter(|kind| codes(kind)).count();
            self.record_bytes = 8 * form.n_columns() - 4 * n_codes;
            let (memory, n_threads) = self.memory;
            let holding = Holding { budget: Budget::new(memory, n_threads), cache: None, all_or_none: false };
            self.open = Some((PageBuilder::new(form.n_columns(), holding)?, form));
        }
        let Some((pages, _)) = &mut self.open else { return Ok(()) };
        let features = block.columns().iter().map(|column| taken(column, rows));
        let targets: Vec<PageColumn> = match block.targets() {
            Targets::Numbers(all) => {
                all.iter().map(|y| PageColumn::Numbers(rows.iter().map(|&r| y[r]).collect())).collect()
            }
            Targets::Classes { codes, .. } => vec![PageColumn::Codes(rows.iter().map(|&r| codes[r]).collect())],
        };
        let of_weights = weights.map(|weights| PageColumn::Numbers(weights.to_vec()));
        self.has_weight |= weights.is_some_and(|weights| weights.iter().any(|v| *v != 0.0));
        let columns: Vec<PageColumn> = features.chain(targets).chain(of_weights).collect();
        let record_bytes = self.record_bytes;
        pages.push(&columns, rows.len(), || record_bytes)
    }

    /// All of them; `None` if there is none.
    ///
    /// Errors: those of the file; weights that are all 0.
    pub fn finish(self) -> Result<Option<EncodedRecords>> {
        let Some((pages, form)) = self.open.filter(|(pages, _)| pages.n_records() > 0) else { return Ok(None) };
        if form.is_weighted && !self.has_weight {
            return Err(Error::NoWeight.into());
        }
        let n_columns = form.n_columns();
        let pages = pages.finish(vec![Decode::Stored; n_columns], self.record_bytes)?;
        Ok(Some(EncodedRecords { pages, form, wanted: Wanted::of(0..n_columns) }))
    }
}

/// Some rows of a column.
fn taken(column: &Column<'_, f64>, rows: &[usize]) -> PageColumn {
    match column {
        Column::Numbers(values) => PageColumn::Numbers(rows.iter().map(|&r| values[r]).collect()),
        Column::Tiled(tiled) => PageColumn::Numbers(rows.iter().map(|&r| tiled.get(r)).collect()),
        Column::Codes { codes, .. } => PageColumn::Codes(rows.iter().map(|&r| codes[r]).collect()),
        Column::Sparse { starts, indices, values, .. } => {
            let (mut of_starts, mut of_indices, mut of_values) = (vec![0], Vec::new(), Vec::new());
            for &r in rows {
                let stored = starts[r]..starts[r + 1];
                of_indices.extend_from_slice(&indices[stored.clone()]);
                of_values.extend_from_slice(&values[stored]);
                of_starts.push(of_indices.len());
            }
            PageColumn::Sparse { starts: of_starts, indices: of_indices, values: of_values }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: usize = 3 * BLOCK_ROWS + 100;

    /// A block of every kind of column; `from`: what stands before its first record.
    fn block(from: usize, n: usize) -> Block<'static, f64> {
        let records = from..from + n;
        let of_record = |r: usize| (0..r % 3).map(move |k| (k as u32 * 2, (r + k) as f64));
        let mut starts = vec![0];
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for r in records.clone() {
            of_record(r).for_each(|(index, value)| {
                indices.push(index);
                values.push(value);
            });
            starts.push(indices.len());
        }
        let columns = vec![
            Column::Numbers(records.clone().map(|r| if r % 7 == 0 { f64::NAN } else { r as f64 }).collect()),
            Column::Codes { codes: records.clone().map(|r| (r % 4) as u32).collect(), n_levels: 4 },
            Column::Sparse { n_columns: 5, starts: starts.into(), indices: indices.into(), values: values.into() },
        ];
        let codes = records.map(|r| (r % 3) as u32).collect();
        Block::new(columns, Targets::Classes { codes, n_classes: 3, low: 0.0, high: 1.0 }).unwrap()
    }

    fn records(memory: usize) -> EncodedRecords {
        let mut builder = EncodedBuilder::new(memory, 1);
        for from in (0..RECORDS).step_by(1000) {
            let n = 1000.min(RECORDS - from);
            // Every fifth record is left out, and a weight tells which ones are here.
            let rows: Vec<usize> = (0..n).filter(|r| r % 5 != 0).collect();
            let weights: Vec<f64> = rows.iter().map(|r| (from + r) as f64).collect();
            builder.push(&block(from, n), &rows, Some(&weights)).unwrap();
        }
        builder.finish().unwrap().unwrap()
    }

    fn blocks(records: &EncodedRecords) -> Vec<String> {
        let mut blocks = Vec::new();
        for index in 0..records.n_blocks() {
            records.read(index, &mut |block| blocks.push(format!("{block:?}"))).unwrap();
        }
        blocks
    }

    #[test]
    fn blocks_are_the_same_from_memory_and_disk() {
        let whole = records(1 << 30);
        assert_eq!((whole.n_records(), whole.n_blocks()), ((0..RECORDS).filter(|r| r % 5 != 0).count(), 3));
        assert_eq!((whole.pages.bytes_on_disk(), whole.is_weighted()), (0, true));
        // What reading takes up, three pages on their way, and room for one more: of 36 bytes a record, and about one sparse number.
        let page = BLOCK_ROWS * (36 + 12);
        let spilled = records(8 * 1024 * 1024 + 4 * page + page / 2);
        assert!(spilled.pages.bytes_on_disk() > 0 && spilled.pages.n_in_memory() == BLOCK_ROWS);
        assert_eq!(blocks(&whole), blocks(&spilled));
        whole
            .read(1, &mut |block| {
                let weights = block.weights().unwrap();
                for (row, weight) in weights.iter().enumerate() {
                    let Column::Numbers(x) = &block.columns()[0] else { panic!("no numbers") };
                    assert!(x[row] == *weight || x[row].is_nan() && weight % 7.0 == 0.0);
                }
            })
            .unwrap();
    }

    #[test]
    fn no_records_are_none_and_no_weight_is_an_error() {
        assert!(EncodedBuilder::new(1 << 20, 1).finish().unwrap().is_none());
        let mut builder = EncodedBuilder::new(1 << 20, 1);
        builder.push(&block(0, 10), &[], None).unwrap();
        assert!(builder.finish().unwrap().is_none());
        let mut builder = EncodedBuilder::new(1 << 20, 1);
        builder.push(&block(0, 10), &[1, 2], Some(&[0.0, 0.0])).unwrap();
        assert!(builder.finish().is_err());
    }
}

//! The records of a frame, encoded with a model's encoding: columns go by name.

use std::borrow::Cow;
use std::ops::Range;

use deltarule_core::{BLOCK_ROWS, Block, BlockSource, Column, NO_LEVEL, Shape, Targets};
use deltarule_model::number::exact;
use deltarule_model::{Encoding, Feature, FeatureKind, TRUTH, Target, is_truth_number};

use crate::at::At;
use crate::batch::{CellText, Cells};
use crate::column::numbers::is_large;
use crate::column::{LARGEST, WHOLE, is_exact_text};
use crate::csv::is_missing;
use crate::encode::{RowEncoder, RowState, WITHIN_RANGE};
use crate::error::{DataError, Result};
use crate::flaw::Flaw;
use crate::pages::LateNumbers;
use crate::prepare::source_error;
use crate::table::{FrameColumn, FrameValues};

/// Columns in memory as blocks for a model: numbers in place where they can be, the rest made for each block.
///
/// Every record gets the inputs that [`RowEncoder`] gives it when it stands in a file.
#[derive(Debug)]
pub struct FrameRows<'e> {
    name: String,
    encoding: &'e Encoding,
    /// The columns of [`Encoding::columns`], in that order.
    columns: Vec<FrameColumn>,
    /// For each feature the place of its column among them.
    places: Vec<usize>,
    n_records: usize,
    /// Whether records go through texts: there are dates, hashed columns or such as are made of others.
    by_texts: bool,
    shape: Shape,
    targets: FrameTargets,
}

/// What belongs to the records of a frame beside the inputs of a model.
#[derive(Debug, Clone, Default)]
pub struct FrameTargets {
    /// For numbers and two classes the targets of each output, shape (outputs, N); empty: all of them 0.
    pub numbers: Vec<Vec<f64>>,
    /// For several classes the class of each record, shape (N,); empty: all of them the first.
    pub classes: Vec<u32>,
    /// How often each record counts, shape (N,).
    pub weights: Option<Vec<f64>>,
}

impl<'e> FrameRows<'e> {
    /// The columns that a model needs, of a frame; `name` stands for it in messages.
    ///
    /// Errors: a column that the model needs is not there, or has another length than the first.
    pub fn new(name: &str, frame: Vec<FrameColumn>, encoding: &'e Encoding) -> Result<Self> {
        let n_records = frame.first().map_or(0, FrameColumn::len);
        let needed = encoding.columns();
        let position = |wanted: &str| frame.iter().position(|column| column.name == wanted);
        let missing: Vec<String> =
            needed.iter().filter(|name| position(name).is_none()).map(|&name| name.to_owned()).collect();
        if !missing.is_empty() {
            let known = frame.iter().map(|column| column.name.clone()).collect();
            return Err(DataError::MissingColumns { file: name.to_owned(), missing, known });
        }
        let columns: Vec<FrameColumn> = needed.iter().filter_map(|name| Some(frame[position(name)?].clone())).collect();
        if let Some(column) = columns.iter().find(|column| column.len() != n_records) {
            let what = format!("{name}: the length of column {:?}", column.name);
            return Err(deltarule_core::Error::Shape { what, found: column.len(), expected: n_records }.into());
        }
        let place = |feature: &Feature| needed.iter().position(|column| *column == feature.column());
        let places = encoding.features.iter().filter_map(place).collect();
        let (shape, targets) = (encoding.shape(), FrameTargets::default());
        let mut rows =
            Self { name: name.to_owned(), encoding, columns, places, n_records, by_texts: false, shape, targets };
        rows.by_texts = !(0..encoding.features.len()).all(|index| rows.is_direct(index));
        Ok(rows)
    }

    /// The same with targets, and maybe weights, of the records.
    ///
    /// Errors: so many of them are not there.
    pub fn with_targets(self, targets: FrameTargets) -> Result<Self> {
        let lengths = targets.numbers.iter().map(Vec::len).chain(targets.weights.iter().map(Vec::len));
        let classes = (!targets.classes.is_empty()).then_some(targets.classes.len());
        if let Some(found) = lengths.chain(classes).find(|n| *n != self.n_records) {
            let what = format!("{}: the targets", self.name);
            return Err(deltarule_core::Error::Shape { what, found, expected: self.n_records }.into());
        }
        Ok(Self { targets, ..self })
    }

    /// How many records there are.
    pub fn n_records(&self) -> usize {
        self.n_records
    }

    /// How many blocks they are cut into.
    pub fn n_blocks(&self) -> usize {
        self.n_records.div_ceil(BLOCK_ROWS)
    }

    /// Whether a feature can be made of its column without texts in between.
    fn is_direct(&self, index: usize) -> bool {
        let (feature, column) = (&self.encoding.features[index], &self.columns[self.places[index]]);
        if feature.is_flag() || feature.is_combined() || feature.date().is_some() {
            return false;
        }
        match (&feature.kind, &column.values) {
            (FeatureKind::Sparse { .. }, FrameValues::Sparse { .. }) => true,
            (FeatureKind::Number { .. } | FeatureKind::Boolean { .. }, _) => column.is_numeric(),
            (FeatureKind::Category { .. }, FrameValues::Arrays(_)) => column.is_text(),
            _ => false,
        }
    }

    /// Shows a block of records.
    ///
    /// Errors: a value that the model cannot take, a missing one among them where the model has no rule for it.
    pub fn show<R>(&self, block: usize, visit: impl FnOnce(&Block<'_, f64>) -> Result<R>) -> Result<R> {
        let first = block * BLOCK_ROWS;
        let rows = first..(first + BLOCK_ROWS).min(self.n_records);
        if self.by_texts {
            return self.show_texts(rows, visit);
        }
        let mut columns = Vec::with_capacity(self.places.len());
        for (feature, &place) in self.encoding.features.iter().zip(&self.places) {
            columns.push(self.direct(feature, &self.columns[place], rows.clone())?);
        }
        self.finish(columns, rows, visit)
    }

    /// Shows a block of columns that are made, with the targets of its records.
    fn finish<R>(
        &self,
        columns: Vec<Column<'_, f64>>,
        rows: Range<usize>,
        visit: impl FnOnce(&Block<'_, f64>) -> Result<R>,
    ) -> Result<R> {
        let block = Block::new(columns, self.targets_of(rows.clone()))?;
        match &self.targets.weights {
            Some(weights) => visit(&block.with_weights(Cow::Borrowed(&weights[rows]))?),
            None => visit(&block),
        }
    }

    fn targets_of(&self, rows: Range<usize>) -> Targets<'_, f64> {
        let FrameTargets { numbers, classes, .. } = &self.targets;
        let n = rows.len();
        match &self.encoding.target {
            Target::Classes { classes: names, low, high, .. } => {
                let codes = if classes.is_empty() { vec![0; n].into() } else { Cow::Borrowed(&classes[rows]) };
                Targets::Classes { codes, n_classes: names.len(), low: *low, high: *high }
            }
            target if numbers.is_empty() => {
                Targets::Numbers((0..target.n_outputs()).map(|_| vec![0.0; n].into()).collect())
            }
            _ => Targets::Numbers(numbers.iter().map(|y| Cow::Borrowed(&y[rows.clone()])).collect()),
        }
    }

    fn direct<'c>(&self, feature: &Feature, column: &'c FrameColumn, rows: Range<usize>) -> Result<Column<'c, f64>> {
        let first = rows.start;
        match &feature.kind {
            FeatureKind::Sparse { first_index, features } => {
                let places: Vec<(u32, u32)> =
                    features.iter().zip(0..).map(|(feature, place)| (feature.index - first_index, place)).collect();
                Ok(sparse_column(column, &places, rows))
            }
            FeatureKind::Category { .. } => {
                let mut codes = Vec::with_capacity(rows.len());
                for (cells, n) in column.cells(&self.name, rows)? {
                    for row in 0..n {
                        let text = cells.text(row).unwrap_or_default().trim_ascii();
                        codes.push(match is_missing(text.as_bytes()) {
                            true => {
                                self.check_missing(feature, first + codes.len())?;
                                feature.code_of_missing(self.encoding.missing)
                            }
                            false => feature.code(text),
                        });
                    }
                }
                Ok(Column::Codes { codes: codes.into(), n_levels: feature.n_inputs() })
            }
            _ => {
                let values: Cow<'c, [f64]> = match column.lent_slice(rows.clone()) {
                    Some(values) => Cow::Borrowed(values),
                    None => {
                        let mut values = Vec::with_capacity(rows.len());
                        column.append(rows.clone(), &mut values);
                        Cow::Owned(values)
                    }
                };
                if let Some(row) = values.iter().position(|x| x.is_nan()) {
                    self.check_missing(feature, first + row)?;
                }
                let wrong = |row: usize, found: String, expected: &str| DataError::Value {
                    file: self.name.clone(),
                    at: At::Record((first + row) as u64 + 1),
                    column: feature.name.clone(),
                    found,
                    expected: expected.into(),
                    flaw: Flaw::Range,
                };
                let (is_unfit, expected): (fn(&f64) -> bool, _) = match feature.kind {
                    FeatureKind::Boolean { .. } => (|x| !x.is_nan() && !is_truth_number(*x), TRUTH),
                    _ => (|x| x.abs() > LARGEST, WITHIN_RANGE),
                };
                if let Some(row) = values.iter().position(is_unfit) {
                    return Err(wrong(row, exact(values[row]), expected));
                }
                match self.rounded(column, rows, &values)? {
                    Some((row, found)) => Err(wrong(row, found, WHOLE)),
                    None => Ok(Column::Numbers(values)),
                }
            }
        }
    }

    /// The first whole number of some records that f64 does not hold, and its place among them.
    fn rounded(&self, column: &FrameColumn, rows: Range<usize>, values: &[f64]) -> Result<Option<(usize, String)>> {
        if !values.iter().any(|x| is_large(*x)) {
            return Ok(None);
        }
        let cells = column.cells(&self.name, rows)?;
        let places = cells.iter().flat_map(|(cells, n)| (0..*n).map(move |row| (cells, row)));
        let texts = places.map(|(cells, row)| {
            let mut text = Vec::new();
            cells.write(row, &mut text);
            text
        });
        let found = texts.zip(values).enumerate().find(|(_, (text, value))| !is_exact_text(text, **value));
        Ok(found.map(|(row, (text, _))| (row, String::from_utf8_lossy(&text).into_owned())))
    }

    /// Errors: the model has no rule for what is missing.
    fn check_missing(&self, feature: &Feature, record: usize) -> Result<()> {
        match self.encoding.missing.fills() {
            true => Ok(()),
            false => Err(DataError::Missing {
                file: self.name.clone(),
                list: feature.column().to_owned(),
                at: At::Record(record as u64 + 1),
            }),
        }
    }

    fn show_texts<R>(&self, rows: Range<usize>, visit: impl FnOnce(&Block<'_, f64>) -> Result<R>) -> Result<R> {
        let mut encoder = RowEncoder::of_columns(self.encoding);
        let (mut text, mut next) = (CellText::default(), rows.start);
        // Arrays of several columns may end at different records.
        while next < rows.end {
            let mut n = rows.end - next;
            for column in &self.columns {
                n = n.min(column.rows_together(next));
            }
            let mut cells = Vec::with_capacity(self.columns.len());
            for column in &self.columns {
                let first = column.cells(&self.name, next..next + n)?.into_iter().next();
                cells.push(first.map_or(Cells::Nothing, |(cells, _)| cells));
            }
            for row in 0..n {
                encoder.push(&text.record(&cells, row, (next + row) as u64 + 1)).map_err(|error| self.named(error))?;
            }
            next += n;
        }
        if let Some(row) = encoder.states().iter().position(|state| *state == RowState::FeatureMissing) {
            let list = self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            let at = At::Record((rows.start + row) as u64 + 1);
            return Err(DataError::Missing { file: self.name.clone(), list: format!("one of {list}"), at });
        }
        let columns = encoder.block()?.columns().to_vec();
        self.finish(columns, rows, visit)
    }

    /// Names the frame in an error of a record that comes from no file.
    fn named(&self, error: DataError) -> DataError {
        match error {
            DataError::Value { at, column, found, expected, flaw, .. } => {
                DataError::Value { file: self.name.clone(), at, column, found, expected, flaw }
            }
            other => other,
        }
    }
}

impl BlockSource<f64> for FrameRows<'_> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn n_records(&self) -> usize {
        self.n_records
    }

    fn block_rows(&self) -> usize {
        BLOCK_ROWS
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, f64>)) -> deltarule_core::Result<()> {
        let shown = self.show(index, |block| {
            visit(block);
            Ok(())
        });
        shown.map_err(|error| source_error(index, error))
    }
}

/// The sparse numbers that a model knows; `places` has its indices, in ascending order, and where it has them.
fn sparse_column(column: &FrameColumn, places: &[(u32, u32)], rows: Range<usize>) -> Column<'static, f64> {
    let n_columns = places.len();
    let (mut into_starts, mut into_indices, mut into_values) = (vec![0], Vec::new(), Vec::new());
    if let FrameValues::Sparse { starts, indices, values } = &column.values {
        let largest = places.last().map_or(0, |(index, _)| *index as usize + 1);
        let mut place_of = vec![NO_LEVEL; largest];
        places.iter().for_each(|&(index, place)| place_of[index as usize] = place);
        for row in rows {
            for stored in starts[row]..starts[row + 1] {
                let place = place_of.get(indices[stored] as usize).copied().unwrap_or(NO_LEVEL);
                if place != NO_LEVEL {
                    into_indices.push(place);
                    into_values.push(values[stored]);
                }
            }
            into_starts.push(into_values.len());
        }
    }
    Column::Sparse { n_columns, starts: into_starts.into(), indices: into_indices.into(), values: into_values.into() }
}

//! Records of a stream, encoded with a model's encoding: columns go by name.

mod sparse;
mod target;

use std::ops::Deref;

use deltarule_core::{Block, Column, NO_LEVEL, Targets};
use deltarule_model::number::exact;
use deltarule_model::{
    Combination, DateFormat, Encoding, Feature, FeatureKind, TRUTH, Target, code_of_pair, is_truth_number, product_of,
};

use crate::column::{LARGEST, WHOLE, is_exact_text};
use crate::csv::{Record, is_missing, is_nested, nested, parse_number, shown};
use crate::error::{DataError, Result};
use crate::flaw::Flaw;
use crate::libsvm::Line;
use crate::reader::Reader;
use crate::table::check_name;
use sparse::SparseRows;

/// What a number of a record is that can be worked with.
pub(crate) const WITHIN_RANGE: &str = "a number from -1e150 to 1e150";

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Every value that is needed is there.
    Complete,
    /// A feature is missing, and the model's rule has no value for it.
    FeatureMissing,
    /// The target is missing.
    TargetMissing,
}

/// Encodes records, a few thousand at a time.
///
/// `E` is what leads to the encoding: `&Encoding`, or in a service a type of its own that shares a model.
#[derive(Debug)]
pub struct RowEncoder<E> {
    encoding: E,
    /// The files that the records are in.
    files: Vec<String>,
    /// Where each feature stands in a record.
    positions: Vec<usize>,
    target_positions: Vec<usize>,
    /// Where the weight of a record stands, and the name of its column.
    weight: Option<(usize, String)>,
    weights: Vec<f64>,
    numbers: Vec<Vec<f64>>,
    codes: Vec<Vec<u32>>,
    sparse: Option<SparseRows>,
    targets: Vec<Vec<f64>>,
    classes: Vec<u32>,
    states: Vec<RowState>,
    unseen: Vec<u64>,
    /// For each feature how it is made of those before it, where it is.
    combinations: Vec<Option<Combination>>,
    /// Features that have a value which the model has not seen in the record under way, and how many.
    strangers: Vec<(usize, u64)>,
    /// What numbers to predict must be within.
    target_range: (f64, f64),
}

impl<E: Deref<Target = Encoding>> RowEncoder<E> {
    /// An encoder for the records of a file; `with_target` takes the targets along.
    ///
    /// Errors: a column that the model needs is not there; columns with names where the model has sparse numbers, or the other way round.
    pub fn new(encoding: E, reader: &Reader, with_target: bool) -> Result<Self> {
        let file = reader.name().to_owned();
        match (encoding.is_sparse(), reader.libsvm()) {
            (true, None) => return Err(DataError::NotSparse { file }),
            (false, Some(_)) => {
                let columns = encoding.columns().into_iter().map(str::to_owned).collect();
                return Err(DataError::NoNames { file, columns });
            }
            _ => {}
        }
        let position = |name: &str| reader.header().iter().position(|column| column == name);
        let targets = if with_target { encoding.target.columns() } else { Vec::new() };
        let needed = encoding.columns().into_iter().chain(targets.iter().copied());
        let missing: Vec<String> = needed.filter(|name| position(name).is_none()).map(str::to_owned).collect();
        if !missing.is_empty() {
            let (file, known) = (reader.name().to_owned(), reader.header().to_vec());
            return Err(DataError::MissingColumns { file, missing, known });
        }
        let positions = encoding.features.iter().filter_map(|feature| position(feature.column())).collect();
        let target_positions = targets.iter().filter_map(|name| position(name)).collect();
        let (files, first_index) = (reader.files().to_vec(), reader.libsvm().flatten());
        Ok(Self::with_positions(encoding, files, positions, target_positions, first_index))
    }

    /// An encoder for records that come from no file ([`Record::of_fields`]): their fields are those of [`Encoding::columns`], in that
    /// order. Of a model of sparse numbers there is one, the pairs `index:value`, with the indices of the training data.
    ///
    /// ```
    /// use deltarule_core::{Column, ColumnScaling};
    /// use deltarule_data::{At, Record, RowEncoder};
    /// use deltarule_model::{Encoding, Feature, FeatureKind, MissingRule, ScaleRule, Target};
    /// let kind = FeatureKind::Number { mean: 2.0, min: 0.0, max: 4.0, scaling: ColumnScaling::NONE };
    /// let encoding = Encoding {
    ///     features: vec![Feature::new("size", kind.clone()), Feature::new("weight", kind)],
    ///     target: Target::Numbers { names: vec!["price".into()], means: vec![0.0] },
    ///     missing: MissingRule::Mean,
    ///     scale: ScaleRule::None,
    /// };
    /// let mut encoder = RowEncoder::of_columns(&encoding);
    /// encoder.push(&Record::of_fields(b"1.5NA", &[3, 5], At::Record(1)))?;
    /// match encoder.block()?.columns() {
    ///     [Column::Numbers(sizes), Column::Numbers(weights)] => assert!(**sizes == [1.5] && weights[0].is_nan()),
    ///     other => panic!("{other:?}"),
    /// }
    /// assert!(encoder.push(&Record::of_fields(b"1.5large", &[3, 8], At::Record(2))).is_err());
    /// encoder.reset();
    /// assert!(encoder.is_empty() && encoder.block()?.n_records() == 0);
    /// # Ok::<(), deltarule_data::DataError>(())
    /// ```
    pub fn of_columns(encoding: E) -> Self {
        let columns = encoding.columns();
        let place = |feature: &Feature| columns.iter().position(|column| *column == feature.column());
        let positions = encoding.features.iter().filter_map(place).collect();
        Self::with_positions(encoding, Vec::new(), positions, Vec::new(), None)
    }

    fn with_positions(
        encoding: E,
        files: Vec<String>,
        positions: Vec<usize>,
        target_positions: Vec<usize>,
        first_index: Option<u32>,
    ) -> Self {
        let n = encoding.features.len();
        let sparse = encoding.features.iter().find_map(|feature| SparseRows::of(feature, first_index));
        let targets = vec![Vec::new(); encoding.target.n_outputs()];
        let combinations = combinations(&encoding);
        Self {
            encoding,
            files,
            positions,
            target_positions,
            weight: None,
            weights: Vec::new(),
            numbers: vec![Vec::new(); n],
            codes: vec![Vec::new(); n],
            sparse,
            targets,
            classes: Vec::new(),
            states: Vec::new(),
            unseen: vec![0; n],
            combinations,
            strangers: Vec::new(),
            target_range: (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// The same, with the weight of each record in a column.
    ///
    /// Errors: it is not there.
    pub fn with_weight(mut self, reader: &Reader, name: &str) -> Result<Self> {
        self.weight = Some((check_name(reader.name(), reader.header(), name, "--weight")?, name.to_owned()));
        Ok(self)
    }

    /// Whether records have weights.
    pub fn has_weight(&self) -> bool {
        self.weight.is_some()
    }

    /// Takes only such numbers to predict as are from `low` to `high`.
    pub fn with_target_range(self, (low, high): (f64, f64)) -> Self {
        Self { target_range: (low, high), ..self }
    }

    /// Takes one record, or nothing of it.
    ///
    /// Errors: a field that is no number where the model has one, a class that the model does not have, a weight that is none.
    pub fn push(&mut self, record: &Record<'_>) -> Result<()> {
        self.strangers.clear();
        let pushed = self.push_fields(record);
        match pushed {
            Ok(()) => self.strangers.iter().for_each(|&(index, n)| self.unseen[index] += n),
            Err(_) => self.forget_rest(),
        }
        pushed
    }

    /// Forgets what was taken of a record before something was wrong with it.
    fn forget_rest(&mut self) {
        let n = self.states.len();
        self.numbers.iter_mut().chain(&mut self.targets).for_each(|values| values.truncate(n));
        self.codes.iter_mut().for_each(|codes| codes.truncate(n));
        self.classes.truncate(n);
        self.weights.truncate(n);
        if let Some(sparse) = &mut self.sparse {
            sparse.truncate(n);
        }
    }

    fn push_fields(&mut self, record: &Record<'_>) -> Result<()> {
        let mut state = RowState::Complete;
        let mut date: Option<(usize, f64)> = None;
        for (index, feature) in self.encoding.features.iter().enumerate() {
            if let Some(sparse) = &mut self.sparse {
                let position = self.positions[index];
                let (before, text) = ((0..position).map(|at| record.field(at).len()).sum(), record.field(position));
                let file = self.files.get(record.file).map_or("", String::as_str);
                let line = Line { file, line: record.at.number(), before, text };
                self.strangers.push((index, sparse.push(&line)?));
                continue;
            }
            if let Some(combination) = &self.combinations[index] {
                match combination {
                    Combination::Product(terms) => {
                        let last = |base: usize| Ok(self.numbers[base].last().copied().unwrap_or(f64::NAN));
                        let code = |base: usize| Ok(self.codes[base].last().copied().unwrap_or(NO_LEVEL));
                        let product: Result<f64> = product_of(terms, last, code);
                        let product = product?;
                        // Each factor is in range, and yet their product need not be.
                        if product.abs() > LARGEST {
                            return Err(DataError::Value {
                                file: file_of(&self.files, record),
                                at: record.at,
                                column: feature.name.clone(),
                                found: exact(product),
                                expected: "a product of at most 1e150 in size".into(),
                                flaw: Flaw::Range,
                            });
                        }
                        self.numbers[index].push(product);
                    }
                    Combination::Pair { bases, codes } => {
                        let code = |base: usize| self.codes[base].last().copied().unwrap_or(NO_LEVEL);
                        let pair = bases.map(code);
                        self.codes[index].push(code_of_pair(codes, pair));
                    }
                }
                continue;
            }
            let field = record.trimmed(self.positions[index]);
            let missing = is_missing(field);
            if missing && !self.encoding.missing.fills() {
                state = RowState::FeatureMissing;
            }
            if feature.is_flag() {
                self.numbers[index].push(f64::from(u8::from(missing)));
            } else if let Some((format, part)) = feature.date() {
                // The parts of one date stand together.
                let seconds = match date.filter(|(at, _)| *at == self.positions[index]) {
                    Some((_, seconds)) => seconds,
                    None if missing => f64::NAN,
                    None => self.date(feature, format, field, record)?,
                };
                date = Some((self.positions[index], seconds));
                if feature.is_category() {
                    let code = feature.code_of_date(seconds);
                    self.strangers.push((index, u64::from(!missing && code == NO_LEVEL)));
                    self.codes[index].push(code);
                } else {
                    self.numbers[index].push(part.of(seconds));
                }
            } else if feature.is_category() {
                let code = match missing {
                    true => feature.code_of_missing(self.encoding.missing),
                    false => {
                        let text = self.text(field, record, &feature.name)?;
                        let is_unseen = feature.is_unseen(text);
                        if is_unseen {
                            self.strangers.push((index, 1));
                        }
                        feature.code(text)
                    }
                };
                self.codes[index].push(code);
            } else {
                let x = if missing { f64::NAN } else { self.number(feature, field, record)? };
                self.numbers[index].push(x);
            }
        }
        if !self.target_positions.is_empty() && !self.push_target(record)? {
            state = RowState::TargetMissing;
        }
        if let Some((position, name)) = &self.weight {
            let field = record.trimmed(*position);
            match parse_number(field, record.decimal) {
                Some(v) if !is_exact_text(field, v) => {
                    return Err(self.wrong(record, name, field, WHOLE, Flaw::Weight));
                }
                Some(v) if (0.0..=LARGEST).contains(&v) => self.weights.push(v),
                // It is left out in any case.
                _ if state == RowState::TargetMissing => self.weights.push(0.0),
                _ => {
                    let expected = "the weight of a record, a number from 0 on";
                    return Err(self.wrong(record, name, field, expected, Flaw::Weight));
                }
            }
        }
        self.states.push(state);
        Ok(())
    }

    fn text<'f>(&self, field: &'f [u8], record: &Record<'_>, column: &str) -> Result<&'f str> {
        std::str::from_utf8(field).map_err(|_| {
            let (file, line) = (file_of(&self.files, record), record.at.number());
            if is_nested(field) {
                return nested(&file, line, column, ", as in training");
            }
            DataError::Encoding { file, line, column: column.to_owned(), found: field.escape_ascii().to_string() }
        })
    }

    fn date(&self, feature: &Feature, format: &DateFormat, field: &[u8], record: &Record<'_>) -> Result<f64> {
        let column = feature.column();
        let text = self.text(field, record, column)?;
        format.parse(text).ok_or_else(|| self.wrong(record, column, field, format.expected(), Flaw::Date))
    }

    /// The error of a field that stands for no value.
    fn wrong(
        &self,
        record: &Record<'_>,
        column: &str,
        field: &[u8],
        expected: impl Into<Box<str>>,
        flaw: Flaw,
    ) -> DataError {
        let (file, found) = (file_of(&self.files, record), shown(field).into_owned());
        DataError::Value { file, at: record.at, column: column.to_owned(), found, expected: expected.into(), flaw }
    }

    fn number(&self, feature: &Feature, field: &[u8], record: &Record<'_>) -> Result<f64> {
        let truth = matches!(feature.kind, FeatureKind::Boolean { .. });
        if truth && field.eq_ignore_ascii_case(b"true") {
            return Ok(1.0);
        }
        if truth && field.eq_ignore_ascii_case(b"false") {
            return Ok(0.0);
        }
        let (expected, flaw) = match parse_number(field, record.decimal) {
            Some(x) if truth && is_truth_number(x) => return Ok(x),
            Some(_) if truth => (TRUTH, Flaw::Range),
            Some(x) if x.abs() <= LARGEST && is_exact_text(field, x) => return Ok(x),
            Some(x) if x.abs() <= LARGEST => (WHOLE, Flaw::Range),
            Some(_) => (WITHIN_RANGE, Flaw::Range),
            None if truth => (TRUTH, Flaw::Word),
            None => ("a number, as in training", Flaw::Word),
        };
        self.text(field, record, &feature.name)?;
        Err(self.wrong(record, &feature.name, field, expected, flaw))
    }

    /// How many records were taken since the last [`clear`](Self::clear).
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether no record was taken.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// What became of each record.
    pub fn states(&self) -> &[RowState] {
        &self.states
    }

    /// The class of each record, as its position among the model's classes; nothing for numbers.
    pub fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// The targets of output `j`, shape (records,); for several classes those of [`classes`](Self::classes) count.
    pub fn targets(&self, j: usize) -> &[f64] {
        &self.targets[j]
    }

    /// How many values of each feature were levels, or in buckets, that the model has not seen.
    pub fn unseen(&self) -> &[u64] {
        &self.unseen
    }

    /// The records as a block of raw columns; targets that were not taken are 0.
    pub fn block(&self) -> Result<Block<'_, f64>> {
        let columns = self
            .encoding
            .features
            .iter()
            .enumerate()
            .map(|(index, feature)| match &feature.kind {
                FeatureKind::Category { .. } | FeatureKind::Hashed { .. } => {
                    Column::Codes { codes: self.codes[index].as_slice().into(), n_levels: feature.n_inputs() }
                }
                FeatureKind::Sparse { features, .. } => match &self.sparse {
                    Some(rows) => rows.column(features.len()),
                    None => Column::Numbers(Vec::new().into()),
                },
                _ => Column::Numbers(self.numbers[index].as_slice().into()),
            })
            .collect();
        let n = self.states.len();
        let targets = match &self.encoding.target {
            Target::Classes { classes, low, high, .. } => {
                let codes = if self.classes.len() == n { self.classes.as_slice().into() } else { vec![0; n].into() };
                Targets::Classes { codes, n_classes: classes.len(), low: *low, high: *high }
            }
            _ => Targets::Numbers(
                self.targets
                    .iter()
                    .map(|y| if y.len() == n { y.as_slice().into() } else { vec![0.0; n].into() })
                    .collect(),
            ),
        };
        let block = Block::new(columns, targets)?;
        Ok(match self.weight {
            Some(_) => block.with_weights(self.weights.as_slice().into())?,
            None => block,
        })
    }

    /// Forgets the records, also one that was refused half-way, and the counts of unseen levels.
    pub fn reset(&mut self) {
        self.clear();
        self.unseen.fill(0);
    }

    /// Forgets the records, keeps the counts of unseen levels.
    pub fn clear(&mut self) {
        self.numbers.iter_mut().chain(&mut self.targets).for_each(Vec::clear);
        self.codes.iter_mut().for_each(Vec::clear);
        self.sparse.iter_mut().for_each(SparseRows::clear);
        self.classes.clear();
        self.weights.clear();
        self.states.clear();
    }
}

/// How each feature is made of those before it; a model was checked when it was read.
fn combinations(encoding: &Encoding) -> Vec<Option<Combination>> {
    let features = &encoding.features;
    (0..features.len()).map(|k| Combination::of(&features[k], &features[..k]).unwrap_or_default()).collect()
}

/// The name of the file that a record is in.
fn file_of(files: &[String], record: &Record<'_>) -> String {
    files.get(record.file).cloned().unwrap_or_default()
}

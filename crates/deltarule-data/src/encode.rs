//! Records of a stream, encoded with a model's encoding: columns go by name.

use deltarule_core::{Block, Column, NO_LEVEL, Targets};
use deltarule_model::{Encoding, Feature, FeatureKind, MissingRule, Target};

use crate::csv::{Decimal, Record, is_missing, parse_number};
use crate::error::{DataError, Result};
use crate::reader::Reader;

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
#[derive(Debug)]
pub struct RowEncoder<'m> {
    encoding: &'m Encoding,
    file: String,
    decimal: Decimal,
    /// Where each feature stands in a record.
    positions: Vec<usize>,
    target_positions: Vec<usize>,
    numbers: Vec<Vec<f64>>,
    codes: Vec<Vec<u32>>,
    targets: Vec<Vec<f64>>,
    classes: Vec<u32>,
    states: Vec<RowState>,
    unseen: Vec<u64>,
}

impl<'m> RowEncoder<'m> {
    /// An encoder for the records of a file; `with_target` takes the targets along.
    ///
    /// Errors: a column that the model needs is not there.
    pub fn new(encoding: &'m Encoding, reader: &Reader, with_target: bool) -> Result<Self> {
        let position = |name: &str| reader.header().iter().position(|column| column == name);
        let targets = if with_target { encoding.target.columns() } else { Vec::new() };
        let needed = encoding.features.iter().map(|feature| feature.name.as_str()).chain(targets.iter().copied());
        let missing: Vec<String> = needed.filter(|name| position(name).is_none()).map(str::to_owned).collect();
        if !missing.is_empty() {
            let (file, known) = (reader.name().to_owned(), reader.header().to_vec());
            return Err(DataError::MissingColumns { file, missing, known });
        }
        let n = encoding.features.len();
        Ok(Self {
            encoding,
            file: reader.name().to_owned(),
            decimal: reader.decimal(),
            positions: encoding.features.iter().filter_map(|feature| position(&feature.name)).collect(),
            target_positions: targets.iter().filter_map(|name| position(name)).collect(),
            numbers: vec![Vec::new(); n],
            codes: vec![Vec::new(); n],
            targets: vec![Vec::new(); encoding.target.n_outputs()],
            classes: Vec::new(),
            states: Vec::new(),
            unseen: vec![0; n],
        })
    }

    /// Takes one record.
    ///
    /// Errors: a field that is no number where the model has one, a class that the model does not have.
    pub fn push(&mut self, record: &Record<'_>) -> Result<()> {
        let mut state = RowState::Complete;
        for (index, feature) in self.encoding.features.iter().enumerate() {
            let field = record.trimmed(self.positions[index]);
            let missing = is_missing(field);
            if missing && self.encoding.missing != MissingRule::Mean {
                state = RowState::FeatureMissing;
            }
            if let FeatureKind::Category { .. } = feature.kind {
                let code =
                    if missing { NO_LEVEL } else { feature.code(&self.text(field, record.line, &feature.name)?) };
                self.unseen[index] += u64::from(!missing && code == NO_LEVEL);
                self.codes[index].push(code);
            } else {
                let x = if missing { f64::NAN } else { self.number(feature, field, record.line)? };
                self.numbers[index].push(x);
            }
        }
        if !self.target_positions.is_empty() && !self.push_target(record)? {
            state = RowState::TargetMissing;
        }
        self.states.push(state);
        Ok(())
    }

    fn text(&self, field: &[u8], line: u64, column: &str) -> Result<String> {
        String::from_utf8(field.to_vec()).map_err(|_| DataError::Encoding {
            file: self.file.clone(),
            line,
            column: column.to_owned(),
            found: field.escape_ascii().to_string(),
        })
    }

    fn number(&self, feature: &Feature, field: &[u8], line: u64) -> Result<f64> {
        let truth = matches!(feature.kind, FeatureKind::Boolean { .. });
        if truth && field.eq_ignore_ascii_case(b"true") {
            return Ok(1.0);
        }
        if truth && field.eq_ignore_ascii_case(b"false") {
            return Ok(0.0);
        }
        match parse_number(field, self.decimal) {
            Some(x) if x.abs() <= crate::column::LARGEST => Ok(x),
            _ => Err(DataError::Value {
                file: self.file.clone(),
                line,
                column: feature.name.clone(),
                found: String::from_utf8_lossy(field).into_owned(),
                expected: if truth { "true or false" } else { "a number, as in training" }.into(),
            }),
        }
    }

    /// Takes the targets; false where one is missing.
    fn push_target(&mut self, record: &Record<'_>) -> Result<bool> {
        let fields: Vec<&[u8]> = self.target_positions.iter().map(|&at| record.trimmed(at)).collect();
        let missing = fields.iter().any(|field| is_missing(field));
        let wrong = |index: usize, expected: String| DataError::Value {
            file: self.file.clone(),
            line: record.line,
            column: self.encoding.target.columns()[index].to_owned(),
            found: String::from_utf8_lossy(fields[index]).into_owned(),
            expected,
        };
        match self.encoding.target.classes() {
            None => {
                for (j, field) in fields.iter().enumerate() {
                    let number = match parse_number(field, self.decimal) {
                        _ if missing => 0.0,
                        Some(y) if y.abs() <= crate::column::LARGEST => y,
                        _ if field.eq_ignore_ascii_case(b"true") => 1.0,
                        _ if field.eq_ignore_ascii_case(b"false") => 0.0,
                        _ => return Err(wrong(j, "a number, as in training".into())),
                    };
                    self.targets[j].push(number);
                }
            }
            Some(classes) => {
                let class = match class_of(fields[0], classes, self.decimal) {
                    _ if missing => 0,
                    Some(class) => class,
                    None => return Err(wrong(0, format!("one of the model's classes: {}", classes.join(", ")))),
                };
                self.classes.push(class);
                match &self.encoding.target {
                    Target::TwoClasses { low, high, .. } => self.targets[0].push(if class == 1 { *high } else { *low }),
                    _ => {
                        for column in &mut self.targets {
                            column.push(0.0);
                        }
                    }
                }
            }
        }
        Ok(!missing)
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

    /// How many values of each feature were levels that the model has not seen.
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
                FeatureKind::Category { levels, .. } => {
                    Column::Codes { codes: self.codes[index].as_slice().into(), n_levels: levels.len() }
                }
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
        Ok(Block::new(columns, targets)?)
    }

    /// Forgets the records, keeps the counts of unseen levels.
    pub fn clear(&mut self) {
        self.numbers.iter_mut().chain(&mut self.targets).for_each(Vec::clear);
        self.codes.iter_mut().for_each(Vec::clear);
        self.classes.clear();
        self.states.clear();
    }
}

/// The position of a class: by its text, or by its number (1.0 is the class 1).
fn class_of(field: &[u8], classes: &[String], decimal: Decimal) -> Option<u32> {
    let same_text =
        |class: &String| class.as_bytes() == field || class.as_bytes().eq_ignore_ascii_case(field) && is_truth(field);
    let position = classes.iter().position(same_text).or_else(|| {
        let number = parse_number(field, decimal)?;
        classes.iter().position(|class| parse_number(class.as_bytes(), Decimal::Point) == Some(number))
    });
    position.map(|class| class as u32)
}

fn is_truth(field: &[u8]) -> bool {
    field.eq_ignore_ascii_case(b"true") || field.eq_ignore_ascii_case(b"false")
}

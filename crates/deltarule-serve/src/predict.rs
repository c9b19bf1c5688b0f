//! From the records of a request to the text of its answer.

use std::io::Write as _;

use deltarule_core::{BLOCK_ROWS, Block, Column, most_probable};
use deltarule_data::{At, DataError, Record, RowEncoder, RowState, is_missing};
use deltarule_model::{Contribution, FeatureKind, MissingRule, Target};

use crate::records::{self, Row, Sink};
use crate::refusal::Refusal;
use crate::served::{Served, SharedEncoding};

/// A request that asks for more text than this is refused: records times reasons have no other bound.
const LARGEST_ANSWER: usize = 64 << 20;

/// What a request asks for beside its records.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Wanted {
    /// How many inputs that contribute most to h are named for each prediction.
    pub(crate) reasons: Option<usize>,
    /// Two classes: the second one is predicted where its p is at least this.
    pub(crate) threshold: Option<f64>,
}

/// The answer to a request.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// JSON.
    pub(crate) text: Vec<u8>,
    pub(crate) n_records: u64,
    /// How many values were levels, buckets or indices that the model does not know.
    pub(crate) n_unseen: u64,
    /// How many records have no prediction, since a value is missing.
    pub(crate) n_empty: u64,
}

/// Predicts for all records of a body.
///
/// Errors: a body of another form, more records than `limit`, a value that cannot be, a column that no record has, a missing value where the
/// model's rule is that there is none.
pub(crate) fn answer(served: &Served, body: &[u8], wanted: Wanted, limit: u64) -> Result<Answer, Refusal> {
    let n_classes = served.model().encoding().target.classes().map_or(0, <[String]>::len);
    if wanted.threshold.is_some() && n_classes != 2 {
        return Err(Refusal::malformed(
            "threshold: found for a model that is not of two classes, expected no threshold",
        ));
    }
    served.with_encoder(|encoder| {
        let mut prediction = Prediction {
            served,
            encoder,
            wanted,
            answer: Answer { text: br#"{"predictions":["#.to_vec(), ..Answer::default() },
            is_there: vec![false; served.columns().len()],
            first_missing: None,
            fields: Vec::new(),
            ends: Vec::new(),
            outputs: Vec::new(),
            row: Vec::new(),
            probabilities: vec![0.0; served.model().encoding().target.classes().map_or(0, <[String]>::len)],
            contributions: Vec::new(),
        };
        records::read(body, served, limit, &mut prediction)?;
        prediction.finish()
    })
}

/// A request on its way.
struct Prediction<'s> {
    served: &'s Served,
    encoder: &'s mut RowEncoder<SharedEncoding>,
    wanted: Wanted,
    answer: Answer,
    /// Which columns some record has.
    is_there: Vec<bool>,
    /// The first missing value that the model's rule refuses: its record and the place of its column.
    first_missing: Option<(u64, usize)>,
    /// The texts of one record's fields, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
    outputs: Vec<f64>,
    row: Vec<f64>,
    probabilities: Vec<f64>,
    contributions: Vec<Contribution>,
}

impl Sink for Prediction<'_> {
    fn take(&mut self, row: &Row) -> Result<(), Refusal> {
        self.answer.n_records += 1;
        let record = self.answer.n_records;
        let encoding = self.served.model().encoding();
        let refuses_missing = encoding.missing == MissingRule::Error && !encoding.is_sparse();
        self.fields.clear();
        self.ends.clear();
        for (place, is_there) in self.is_there.iter_mut().enumerate() {
            let field = row.field(place);
            *is_there |= field.is_some();
            let field = field.unwrap_or_default();
            if refuses_missing && self.first_missing.is_none() && is_missing(field.trim_ascii()) {
                self.first_missing = Some((record, place));
            }
            self.fields.extend_from_slice(field);
            self.ends.push(self.fields.len());
        }
        let fields = Record::of_fields(&self.fields, &self.ends, At::Record(record));
        self.encoder.push(&fields).map_err(|error| refusal_of(record, &error))?;
        if self.encoder.len() == BLOCK_ROWS { self.score() } else { Ok(()) }
    }
}

/// What to say of a value that cannot be.
fn refusal_of(record: u64, error: &DataError) -> Refusal {
    match error {
        DataError::Value { column, found, expected, .. } => {
            let column = column.as_str();
            Refusal::of_column(record, column, format!("found {found:?}, expected {expected}"))
        }
        DataError::Libsvm { place, found, expected, .. } => {
            Refusal::of_column(record, "features", format!("character {place}: found {found:?}, expected {expected}"))
        }
        error => Refusal::of_record(record, error),
    }
}

impl Prediction<'_> {
    fn finish(mut self) -> Result<Answer, Refusal> {
        self.check_columns()?;
        self.score()?;
        self.answer.text.push(b']');
        self.write_unseen();
        self.answer.text.extend_from_slice(b"}\n");
        Ok(self.answer)
    }

    /// What can be said only when all records are read.
    fn check_columns(&self) -> Result<(), Refusal> {
        let columns = self.served.columns();
        let absent: Vec<&str> =
            columns.iter().zip(&self.is_there).filter(|(_, there)| !**there).map(|(name, _)| name.as_str()).collect();
        if self.answer.n_records > 0 && !absent.is_empty() {
            let (noun, verb) = if absent.len() == 1 { ("column", "is") } else { ("columns", "are") };
            return Err(Refusal::unfit(format!(
                "the {noun} {} {verb} in no record; expected {}; write null where a value is missing",
                absent.join(", "),
                columns.join(", ")
            )));
        }
        let Some((record, place)) = self.first_missing else { return Ok(()) };
        Err(Refusal::of_column(
            record,
            &columns[place],
            "found no value, and the model was trained with --missing error, which gives it none; send one, or train with \
             --missing mean, level or mean+flag",
        ))
    }

    /// Scores what is encoded, and writes it.
    fn score(&mut self) -> Result<(), Refusal> {
        if self.encoder.is_empty() {
            return Ok(());
        }
        // Whoever encodes gives the shape of the model and finite numbers, so that no request comes to an error here.
        let internal = |error: &dyn std::fmt::Display| {
            Refusal::new(hyper::StatusCode::INTERNAL_SERVER_ERROR, format!("the records could not be scored: {error}"))
        };
        let first_missing = self.first_missing.is_some();
        if !first_missing {
            let block = self.encoder.block().map_err(|error| internal(&error))?;
            self.served.layer().outputs_into(&block, &mut self.outputs).map_err(|error| internal(&error))?;
            let n = block.n_records();
            let mut writer = Writer {
                served: self.served,
                wanted: self.wanted,
                text: &mut self.answer.text,
                probabilities: &mut self.probabilities,
                contributions: &mut self.contributions,
            };
            for (r, state) in self.encoder.states().iter().enumerate() {
                if !writer.text.ends_with(b"[") {
                    writer.text.push(b',');
                }
                self.row.clear();
                self.row.extend(self.outputs.iter().skip(r).step_by(n));
                let is_complete = *state == RowState::Complete;
                self.answer.n_empty += u64::from(!is_complete);
                if is_complete {
                    writer.write(&block, r, &self.row)
                } else {
                    writer.write_empty()
                }
                if writer.text.len() > LARGEST_ANSWER {
                    return Err(Refusal::new(
                        hyper::StatusCode::PAYLOAD_TOO_LARGE,
                        "the answer has more than 64 MiB; send the records in several requests, or ask for fewer reasons",
                    ));
                }
            }
        }
        self.encoder.clear();
        Ok(())
    }

    /// Says how many values of each feature the model does not know, if any.
    fn write_unseen(&mut self) {
        let features = &self.served.model().encoding().features;
        let unseen = features.iter().zip(self.encoder.unseen()).filter(|(_, n)| **n > 0);
        let mut before = r#","unseen":{"#;
        for (feature, n) in unseen {
            let name = serde_json::Value::from(feature.name.as_str());
            let _ = write!(self.answer.text, "{before}{name}:{n}");
            self.answer.n_unseen += n;
            before = ",";
        }
        if self.answer.n_unseen > 0 {
            self.answer.text.push(b'}');
        }
    }
}

/// Writes predictions as JSON. Writing to memory does not fail.
struct Writer<'w> {
    served: &'w Served,
    wanted: Wanted,
    text: &'w mut Vec<u8>,
    probabilities: &'w mut [f64],
    contributions: &'w mut Vec<Contribution>,
}

impl Writer<'_> {
    /// Numbers as they are; for classes the most probable one, and the probability of each.
    fn write(&mut self, block: &Block<'_, f64>, row: usize, outputs: &[f64]) {
        let target = &self.served.model().encoding().target;
        let mut before = b'{';
        let mut class = None;
        let mut keys = self.served.keys().iter();
        if let Some(classes) = target.classes() {
            target.probabilities_into(outputs, self.probabilities);
            let predicted = match (self.wanted.threshold, &*self.probabilities) {
                (Some(threshold), [_, p]) => usize::from(*p >= threshold),
                _ => most_probable(self.probabilities),
            };
            class = Some(predicted);
            let key = keys.next().map_or("", String::as_str);
            let name = serde_json::Value::from(classes.get(predicted).map_or("", String::as_str));
            let _ = write!(self.text, "{{{key}{name}");
            before = b',';
        }
        let numbers = if class.is_some() { &*self.probabilities } else { outputs };
        for (key, x) in keys.zip(numbers) {
            self.text.push(before);
            self.text.extend_from_slice(key.as_bytes());
            number(self.text, *x);
            before = b',';
        }
        if let Some(n) = self.wanted.reasons {
            self.write_reasons(block, row, class, n);
        }
        self.text.push(b'}');
    }

    /// A prediction for a record that lacks a value.
    fn write_empty(&mut self) {
        for (index, key) in self.served.keys().iter().enumerate() {
            self.text.push(if index == 0 { b'{' } else { b',' });
            self.text.extend_from_slice(key.as_bytes());
            self.text.extend_from_slice(b"null");
        }
        self.text.push(b'}');
    }

    fn write_reasons(&mut self, block: &Block<'_, f64>, row: usize, class: Option<usize>, n: usize) {
        let reasons = self.served.reasons();
        let target = &self.served.model().encoding().target;
        self.text.extend_from_slice(br#","reasons":["#);
        let outputs = reasons.outputs(class);
        for j in outputs.clone() {
            let shares = reasons.largest(block, row, j, n, self.contributions);
            let name = match target {
                Target::TwoClasses { classes, .. } => classes[1].as_str(),
                Target::Numbers { names, .. } => names[j].as_str(),
                Target::Classes { classes, .. } => classes[j].as_str(),
            };
            self.text.extend_from_slice(if j == outputs.start { b"{" } else { b",{" });
            let _ = write!(self.text, "\"of\":{},\"h\":", serde_json::Value::from(name));
            number(self.text, shares.net_input);
            self.text.extend_from_slice(br#","average_h":"#);
            number(self.text, shares.average);
            self.text.extend_from_slice(br#","contributions":["#);
            for (index, contribution) in self.contributions.iter().enumerate() {
                self.text.extend_from_slice(if index == 0 { b"{" } else { b",{" });
                write_input(self.text, self.served, contribution, block, row);
                self.text.extend_from_slice(br#","contribution":"#);
                number(self.text, contribution.value);
                self.text.push(b'}');
            }
            self.text.extend_from_slice(br#"],"others":"#);
            number(self.text, shares.others);
            self.text.push(b'}');
        }
        self.text.push(b']');
    }
}

/// What an input is, and what the record has there.
fn write_input(text: &mut Vec<u8>, served: &Served, contribution: &Contribution, block: &Block<'_, f64>, row: usize) {
    let feature = &served.model().encoding().features[contribution.feature];
    let _ = write!(text, "\"feature\":{}", serde_json::Value::from(feature.name.as_str()));
    match (&feature.kind, &block.columns()[contribution.feature]) {
        (FeatureKind::Number { mean, .. } | FeatureKind::Boolean { mean, .. }, Column::Numbers(values)) => {
            text.extend_from_slice(br#","value":"#);
            number(text, values[row]);
            text.extend_from_slice(br#","mean":"#);
            number(text, *mean);
        }
        (FeatureKind::Category { levels, .. }, _) => {
            let level = contribution.input.and_then(|level| levels.get(level)).map(String::as_str);
            let _ = write!(text, ",\"level\":{}", serde_json::Value::from(level));
        }
        (FeatureKind::Hashed { buckets, .. }, _) => {
            let bucket = contribution.input.and_then(|place| buckets.iter().nth(place));
            let _ = write!(text, ",\"bucket\":{}", serde_json::Value::from(bucket));
        }
        (FeatureKind::Sparse { features, .. }, Column::Sparse { starts, indices, values, .. }) => {
            let Some(place) = contribution.input else { return };
            let stored = starts[row]..starts[row + 1];
            let value = indices[stored.clone()].iter().position(|index| *index as usize == place);
            let value = value.map_or(0.0, |at| values[stored.start + at]);
            let _ = write!(text, ",\"index\":{},\"value\":", features[place].index);
            number(text, value);
            text.extend_from_slice(br#","mean":"#);
            number(text, features[place].mean);
        }
        _ => {}
    }
}

/// A number with the digits that give it back; null where JSON has none for it.
fn number(text: &mut Vec<u8>, x: f64) {
    if x.is_finite() {
        let _ = write!(text, "{x:?}");
    } else {
        text.extend_from_slice(b"null");
    }
}

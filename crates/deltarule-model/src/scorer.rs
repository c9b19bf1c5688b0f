//! Scoring rows, one at a time or many, without allocating.

use std::io::Write as _;

use deltarule_core::{NET_INPUT_LANES, NO_LEVEL, fold_net_input};

use crate::buckets::hash_number;
use crate::combine::{Combination, code_of_pair, product_of};
use crate::dates::DateFormat;
use crate::encoding::{Feature, FeatureKind, TRUTH, is_truth_number};
use crate::error::ScoreError;
use crate::model::Model;

/// So many outputs are worked out at a time, without allocating.
const OUTPUTS: usize = 8;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A number; NaN counts as missing.
    Number(f64),
    /// true or false.
    Boolean(bool),
    /// A text: the level of a category, a value of a hashed column, or a date.
    Text(&'a str),
    /// Nothing.
    Missing,
}

/// Scores rows with a model.
///
/// A level that the model has not seen counts as one of the rare ones where these are pooled, and otherwise as none of those it knows, as does a value whose bucket it has not seen. A number in a
/// hashed column is hashed by the fewest digits that give it back, a whole one without a point.
#[derive(Debug, Clone, Copy)]
pub struct Scorer<'m> {
    model: &'m Model,
}

impl<'m> Scorer<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { model }
    }

    /// How many outputs a row has.
    pub fn n_outputs(&self) -> usize {
        self.model.layer().parameters().n_outputs()
    }

    /// ŷ of one row whose values carry the names of their columns, in any order; further columns do not matter.
    ///
    /// Shapes: `outputs` (J,). Errors: those of [`ScoreError`]; `outputs` is then of no use.
    pub fn score_named(&self, row: &[(&str, Value<'_>)], outputs: &mut [f64]) -> Result<(), ScoreError> {
        self.score(outputs, |place, name| {
            // Rows in the model's own order are found at once.
            let value = match row.get(place) {
                Some((found, value)) if *found == name => Some(value),
                _ => row.iter().find(|(found, _)| *found == name).map(|(_, value)| value),
            };
            value.copied().ok_or_else(|| ScoreError::NoColumn { column: name.to_owned() })
        })
    }

    /// ŷ of one row whose values stand in the order of the model's columns ([`Encoding::columns`](crate::Encoding::columns)).
    ///
    /// Shapes: `row` (columns,), `outputs` (J,). Errors: those of [`ScoreError`]; `outputs` is then of no use.
    pub fn score_row(&self, row: &[Value<'_>], outputs: &mut [f64]) -> Result<(), ScoreError> {
        let expected = self.model.column_places().iter().max().map_or(0, |last| last + 1);
        if row.len() != expected {
            return Err(ScoreError::Length { what: "values of a row", found: row.len(), expected });
        }
        self.score(outputs, |place, _| Ok(row[place]))
    }

    /// Adds up h in the order that a pass over a table has, and so gives the same bits: number columns in lanes, then categories, the bias
    /// last.
    fn score<'v>(
        &self,
        outputs: &mut [f64],
        value_of: impl Fn(usize, &str) -> Result<Value<'v>, ScoreError>,
    ) -> Result<(), ScoreError> {
        if self.model.encoding().is_sparse() {
            return Err(ScoreError::Sparse);
        }
        let layer = self.model.layer();
        let parameters = layer.parameters();
        if outputs.len() != parameters.n_outputs() {
            let (found, expected) = (outputs.len(), parameters.n_outputs());
            return Err(ScoreError::Length { what: "outputs", found, expected });
        }
        for (group, outputs) in outputs.chunks_mut(OUTPUTS).enumerate() {
            let weights = |j: usize| parameters.weights(group * OUTPUTS + j);
            let mut lanes = [[0.0; NET_INPUT_LANES]; OUTPUTS];
            let mut n_numbers = 0;
            self.for_each_feature(|index, feature, first| {
                if let Some(scaling) = feature.scaling() {
                    let x = scaling.apply(self.number_at(index, &value_of)?);
                    for (j, lanes) in lanes[..outputs.len()].iter_mut().enumerate() {
                        lanes[n_numbers % NET_INPUT_LANES] += weights(j)[first] * x;
                    }
                    n_numbers += 1;
                }
                Ok(())
            })?;
            for (h, lanes) in outputs.iter_mut().zip(lanes) {
                *h = fold_net_input(lanes);
            }
            self.for_each_feature(|index, feature, first| {
                if feature.is_category() {
                    let code = self.code_at(index, &value_of)? as usize;
                    if code < feature.n_inputs() {
                        outputs.iter_mut().enumerate().for_each(|(j, h)| *h += weights(j)[first + code]);
                    }
                }
                Ok(())
            })?;
            for (j, h) in outputs.iter_mut().enumerate() {
                if parameters.has_bias() {
                    *h += parameters.bias(group * OUTPUTS + j);
                }
            }
        }
        layer.outputs_of(outputs, 1);
        Ok(())
    }

    /// The value of a feature that is a number, of a column or of other features.
    fn number_at<'v>(
        &self,
        index: usize,
        value_of: &impl Fn(usize, &str) -> Result<Value<'v>, ScoreError>,
    ) -> Result<f64, ScoreError> {
        let feature = &self.model.encoding().features[index];
        let value = |index: usize, feature: &Feature| value_of(self.model.column_places()[index], feature.column());
        match &self.model.combinations()[index] {
            Some(Combination::Product(terms)) => {
                let features = &self.model.encoding().features;
                let number = |base: usize| self.number(&features[base], value(base, &features[base])?);
                let code = |base: usize| self.code(&features[base], value(base, &features[base])?);
                product_of(terms, number, code)
            }
            _ => self.number(feature, value(index, feature)?),
        }
    }

    /// The code of a feature that is a category, of a column or of other features.
    fn code_at<'v>(
        &self,
        index: usize,
        value_of: &impl Fn(usize, &str) -> Result<Value<'v>, ScoreError>,
    ) -> Result<u32, ScoreError> {
        let features = &self.model.encoding().features;
        let of_column = |index: usize| {
            let feature = &features[index];
            self.code(feature, value_of(self.model.column_places()[index], feature.column())?)
        };
        match &self.model.combinations()[index] {
            Some(Combination::Pair { bases: [first, second], codes }) => {
                Ok(code_of_pair(codes, [of_column(*first)?, of_column(*second)?]))
            }
            _ => of_column(index),
        }
    }

    /// Each feature with its place and its first input.
    fn for_each_feature(
        &self,
        mut visit: impl FnMut(usize, &'m Feature, usize) -> Result<(), ScoreError>,
    ) -> Result<(), ScoreError> {
        let mut first = 0;
        for (index, feature) in self.model.encoding().features.iter().enumerate() {
            visit(index, feature, first)?;
            first += feature.n_inputs();
        }
        Ok(())
    }

    /// A value of a number column, NaN where it is missing.
    fn number(&self, feature: &Feature, value: Value<'_>) -> Result<f64, ScoreError> {
        if let Some((format, part)) = feature.date() {
            return self.date(feature, format, value).map(|seconds| part.of(seconds));
        }
        if feature.is_flag() {
            let missing = matches!(value, Value::Missing) || matches!(value, Value::Number(x) if x.is_nan());
            return Ok(f64::from(u8::from(missing)));
        }
        let truth = matches!(feature.kind, FeatureKind::Boolean { .. });
        match value {
            Value::Number(x) if truth && !x.is_nan() && !is_truth_number(x) => {
                Err(wrong_kind(feature, "a number that is neither 1 nor 0", TRUTH))
            }
            Value::Number(x) if !x.is_nan() => Ok(x),
            Value::Boolean(x) => Ok(f64::from(u8::from(x))),
            Value::Number(_) | Value::Missing => self.missing(feature.column()),
            Value::Text(_) => Err(wrong_kind(feature, "a text", if truth { TRUTH } else { "a number" })),
        }
    }

    /// The code of a value of a category.
    fn code(&self, feature: &Feature, value: Value<'_>) -> Result<u32, ScoreError> {
        if let Some((format, _)) = feature.date() {
            return self.date(feature, format, value).map(|seconds| feature.code_of_date(seconds));
        }
        match value {
            Value::Text(level) => Ok(feature.code(level)),
            Value::Boolean(true) => Ok(feature.code("true")),
            Value::Boolean(false) => Ok(feature.code("false")),
            Value::Missing => {
                self.missing(&feature.name).map(|_| feature.code_of_missing(self.model.encoding().missing))
            }
            Value::Number(x) if matches!(feature.kind, FeatureKind::Hashed { .. }) => match x.is_nan() {
                true => self.missing(&feature.name).map(|_| NO_LEVEL),
                false => Ok(feature.code_of_hash(hash_number(x))),
            },
            Value::Number(_) => Err(wrong_kind(feature, "a number", "the text of a level")),
        }
    }

    /// The seconds of a date, NaN where it is missing. A whole number is read by its digits: 20240531.
    fn date(&self, feature: &Feature, format: &DateFormat, value: Value<'_>) -> Result<f64, ScoreError> {
        let read = |text: &str| {
            format.parse(text).ok_or_else(|| ScoreError::Date {
                column: feature.column().to_owned(),
                found: text.to_owned(),
                expected: format.expected(),
            })
        };
        match value {
            Value::Text(text) => read(text),
            Value::Number(x) if !x.is_nan() => {
                let mut digits = [0; 24];
                let mut rest = &mut digits[..];
                // What is longer is no date.
                let _ = write!(rest, "{}", x.round() as i64);
                let n = digits.iter().position(|c| *c == 0).unwrap_or(digits.len());
                match std::str::from_utf8(&digits[..n]) {
                    Ok(text) if x.fract() == 0.0 => read(text),
                    _ => Err(wrong_kind(feature, "a number", "a date as text")),
                }
            }
            Value::Number(_) | Value::Missing => self.missing(feature.column()),
            Value::Boolean(_) => Err(wrong_kind(feature, "a truth value", "a date as text")),
        }
    }

    /// NaN, which scaling replaces, where the model's rule has a value for what is missing.
    fn missing(&self, column: &str) -> Result<f64, ScoreError> {
        match self.model.encoding().missing {
            rule if rule.fills() => Ok(f64::NAN),
            rule => Err(ScoreError::Missing { column: column.to_owned(), rule: rule.name() }),
        }
    }
}

fn wrong_kind(feature: &Feature, found: &'static str, expected: &'static str) -> ScoreError {
    ScoreError::Kind { column: feature.column().to_owned(), found, expected }
}

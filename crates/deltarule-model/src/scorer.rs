//! Scoring rows, one at a time or many, without allocating.

use crate::encoding::{FeatureKind, MissingRule};
use crate::error::ScoreError;
use crate::model::Model;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A number; NaN counts as missing.
    Number(f64),
    /// true or false.
    Boolean(bool),
    /// A text: the level of a category.
    Text(&'a str),
    /// Nothing.
    Missing,
}

/// Scores rows with a model.
///
/// A level that the model has not seen counts as none of those it knows.
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
        self.score(outputs, |index, name| {
            // Rows in the model's own order are found at once.
            let value = match row.get(index) {
                Some((found, value)) if *found == name => Some(value),
                _ => row.iter().find(|(found, _)| *found == name).map(|(_, value)| value),
            };
            value.copied().ok_or_else(|| ScoreError::NoColumn { column: name.to_owned() })
        })
    }

    /// ŷ of one row whose values stand in the order of the model's features.
    ///
    /// Shapes: `row` (features,), `outputs` (J,). Errors: those of [`ScoreError`]; `outputs` is then of no use.
    pub fn score_row(&self, row: &[Value<'_>], outputs: &mut [f64]) -> Result<(), ScoreError> {
        let expected = self.model.encoding().features.len();
        if row.len() != expected {
            return Err(ScoreError::Length { what: "values of a row", found: row.len(), expected });
        }
        self.score(outputs, |index, _| Ok(row[index]))
    }

    /// Adds up h in the order of the features, the bias last: the same bits as a pass over a table.
    fn score<'v>(
        &self,
        outputs: &mut [f64],
        value_of: impl Fn(usize, &str) -> Result<Value<'v>, ScoreError>,
    ) -> Result<(), ScoreError> {
        let parameters = self.model.layer().parameters();
        if outputs.len() != parameters.n_outputs() {
            let (found, expected) = (outputs.len(), parameters.n_outputs());
            return Err(ScoreError::Length { what: "outputs", found, expected });
        }
        outputs.fill(0.0);
        let mut first = 0;
        for (index, feature) in self.model.encoding().features.iter().enumerate() {
            let value = value_of(index, &feature.name)?;
            let wrong = |found, expected| ScoreError::Kind { column: feature.name.clone(), found, expected };
            match &feature.kind {
                FeatureKind::Number { scaling, .. } | FeatureKind::Boolean { scaling, .. } => {
                    let x = match value {
                        Value::Number(x) if !x.is_nan() => x,
                        Value::Boolean(x) => f64::from(u8::from(x)),
                        Value::Number(_) | Value::Missing => self.missing(&feature.name)?,
                        Value::Text(_) => return Err(wrong("a text", "a number")),
                    };
                    let x = scaling.apply(x);
                    for (j, h) in outputs.iter_mut().enumerate() {
                        *h += parameters.weights(j)[first] * x;
                    }
                    first += 1;
                }
                FeatureKind::Category { levels, .. } => {
                    let code = match value {
                        Value::Text(level) => feature.code(level),
                        Value::Boolean(true) => feature.code("true"),
                        Value::Boolean(false) => feature.code("false"),
                        Value::Missing => {
                            self.missing(&feature.name)?;
                            deltarule_core::NO_LEVEL
                        }
                        Value::Number(_) => return Err(wrong("a number", "the text of a level")),
                    };
                    if (code as usize) < levels.len() {
                        for (j, h) in outputs.iter_mut().enumerate() {
                            *h += parameters.weights(j)[first + code as usize];
                        }
                    }
                    first += levels.len();
                }
            }
        }
        for (j, h) in outputs.iter_mut().enumerate() {
            if parameters.has_bias() {
                *h += parameters.bias(j);
            }
            *h = self.model.layer().activation().value(*h);
        }
        Ok(())
    }

    /// NaN, which scaling replaces, where the model's rule has a value for what is missing.
    fn missing(&self, column: &str) -> Result<f64, ScoreError> {
        match self.model.encoding().missing {
            MissingRule::Mean => Ok(f64::NAN),
            rule => Err(ScoreError::Missing { column: column.to_owned(), rule: rule.name() }),
        }
    }
}

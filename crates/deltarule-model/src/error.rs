//! What can be wrong with a model file, and with a row that is to be scored.

use thiserror::Error;

/// What can be wrong with a model file. Nothing is used of a file that has any of these.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not JSON, a field too many or too few, or of the wrong type.
    #[error("not a deltarule model: line {line}, column {column}: {message}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there; it names the field.
        message: String,
    },
    /// A file that ends in the middle.
    #[error(
        "the model ends in the middle, at line {line}, column {column}: the file is cut short; copy or train it again"
    )]
    CutShort {
        /// The last line, from 1.
        line: usize,
        /// Its last column, from 1.
        column: usize,
    },
    /// A file that does not begin as JSON does.
    #[error("not a deltarule model; expected a file that deltarule train --out wrote")]
    NotJson,
    /// JSON of something else.
    #[error("not a deltarule model: field `format` is {found:?}, expected \"deltarule-model\"")]
    Format {
        /// What the field says.
        found: String,
    },
    /// A file of a later version.
    #[error(
        "model file version {found} is newer than this deltarule, which reads up to version {known}; update deltarule"
    )]
    Version {
        /// The file's version.
        found: u64,
        /// The newest known version.
        known: u64,
    },
    /// A field whose value cannot be.
    #[error("model field `{field}`: found {found}, expected {expected}")]
    Field {
        /// Where, such as `outputs[0].weights[3].weight`.
        field: String,
        /// What is there.
        found: String,
        /// What must be there.
        expected: String,
    },
}

/// A result with a model's error.
pub type Result<T> = std::result::Result<T, ModelError>;

/// What can be wrong with a row that is to be scored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// A feature of the model is not among the row's columns.
    #[error("column {column:?} is not there, and the model needs it")]
    NoColumn {
        /// The feature.
        column: String,
    },
    /// A row of another length than the model has features, or outputs of another length than it has outputs.
    #[error("{what}: found {found}, expected {expected}")]
    Length {
        /// Values of a row, or outputs.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A text where the model has a number, a number where it has a category, or one other than 1 and 0 where it has a truth value.
    #[error("column {column:?}: found {found}, expected {expected}")]
    Kind {
        /// The feature.
        column: String,
        /// What was given.
        found: &'static str,
        /// What the model expects.
        expected: &'static str,
    },
    /// A text that is no date, where the model takes dates apart.
    #[error("column {column:?}: found {found:?}, expected {expected}")]
    Date {
        /// The column.
        column: String,
        /// What was given.
        found: String,
        /// What a date must look like.
        expected: String,
    },
    /// A model of sparse numbers, whose rows have no columns.
    #[error(
        "the model has sparse numbers, known by their indices, and a row has named columns; score a block of them with Model::layer"
    )]
    Sparse,
    /// A missing value where the model's rule gives none.
    #[error("column {column:?} is missing, and the model was trained with --missing {rule}, which gives it no value")]
    Missing {
        /// The feature.
        column: String,
        /// The rule.
        rule: &'static str,
    },
}

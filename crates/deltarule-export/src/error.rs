//! What a form cannot express.

use thiserror::Error;

use crate::Form;

/// Why a model cannot be written in a form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The activation has a function that the form lacks.
    #[error("the activation is {activation}, and {function} is not there in {form} for f64; try --to c, or --to sql")]
    Function {
        /// The form.
        form: Form,
        /// The activation.
        activation: String,
        /// The function that is not there.
        function: &'static str,
    },
    /// An activation that is newer than the form.
    #[error(
        "the activation is {activation}, which cannot be written in {form} yet; give it to train as a formula of h"
    )]
    Activation {
        /// The form.
        form: Form,
        /// The activation.
        activation: String,
    },
    /// A name or a level with a zero byte, at which a text of the form would end.
    #[error("{what} {text:?} contains a zero byte, which a text in {form} cannot; try --to onnx")]
    ZeroByte {
        /// The form.
        form: Form,
        /// Column, level or class.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// Sparse numbers with indices so large that rows cannot be written out.
    #[error(
        "the model has sparse numbers with indices up to {largest}, and a row in {form} has a place for each, at most {limit}; try --to c, which takes pairs of index and value"
    )]
    Wide {
        /// The form.
        form: Form,
        /// The largest index.
        largest: u32,
        /// How many places there may be.
        limit: u32,
    },
    /// A hashed column.
    #[error(
        "column {column:?} is hashed, and {form} has no XXH64; train with --categorical {column} instead of --hash, or score with the crate deltarule-model"
    )]
    Hashed {
        /// The form.
        form: Form,
        /// The column.
        column: String,
    },
    /// A column whose levels are hashes.
    #[error(
        "the model is private: the levels of column {column:?} are hashes, which {form} cannot make of the texts of a row; train without --private, or score with the crate \
         deltarule-model"
    )]
    Private {
        /// The form.
        form: Form,
        /// The column.
        column: String,
    },
    /// A pattern of dates with a part that is not read in the form.
    #[error(
        "column {column:?} has dates of the form {pattern}, and {form} reads %Y, %y, %m, %b, %B, %d, %e, %H, %k, %I, %l, %p, %M, %S, %.f, %a, %A, %z, %Z, and %s alone; try --to onnx, which takes seconds"
    )]
    DatePattern {
        /// The form.
        form: Form,
        /// The column.
        column: String,
        /// The pattern.
        pattern: String,
    },
    /// Dates by the clock of a zone.
    #[error(
        "column {column:?} has dates by the clock of {zone}, and {form} has no time zones; try --to onnx, which takes the seconds that this clock shows"
    )]
    Zone {
        /// The form.
        form: Form,
        /// The column.
        column: String,
        /// The zone.
        zone: &'static str,
    },
    /// A column without a name.
    #[error(
        "a column of the model has the empty name, and an input of {form} needs one; name the column and train again"
    )]
    NoName {
        /// The form.
        form: Form,
    },
    /// A model that predicts the same for every row.
    #[error(
        "the model has no inputs, so that nothing is left to compute; every prediction is the same, and predict shows it"
    )]
    NoInputs,
}

/// A result with an export's error.
pub type Result<T> = std::result::Result<T, ExportError>;

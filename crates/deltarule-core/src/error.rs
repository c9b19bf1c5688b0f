//! The one error type of the core.

use thiserror::Error;

/// What can be wrong with what the core was given.
///
/// A descent that fails is not an error but a [`StopReason`](crate::StopReason): the best weights are kept.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two things that must have the same length do not.
    #[error("{what}: found {found}, expected {expected}")]
    Shape {
        /// Which length, in words.
        what: String,
        /// The length that was found.
        found: usize,
        /// The length that was needed.
        expected: usize,
    },
    /// A value that must be finite is not.
    #[error("{what}: found {found}, expected a finite number (record {record})")]
    NotFinite {
        /// Which value, in words.
        what: String,
        /// The value.
        found: f64,
        /// The record, counted from 1.
        record: usize,
    },
    /// A category code outside of its levels.
    #[error("column {column}: found category code {found}, expected one below {n_levels} (record {record})")]
    Code {
        /// The column, counted from 1.
        column: usize,
        /// The code.
        found: u32,
        /// How many levels the column has.
        n_levels: usize,
        /// The record, counted from 1.
        record: usize,
    },
    /// An index of a sparse row that is out of range, or not above the one before it.
    #[error(
        "column {column}: found index {found} in a sparse row, expected one from {smallest} to below {n_columns}, ascending \
         (record {record})"
    )]
    Index {
        /// The column, counted from 1.
        column: usize,
        /// The index.
        found: u32,
        /// One more than the index before it.
        smallest: usize,
        /// How many features the column has.
        n_columns: usize,
        /// The record, counted from 1.
        record: usize,
    },
    /// A setting outside of what makes sense.
    #[error("{setting}: found {found}, expected {expected}")]
    Setting {
        /// The name of the setting, as in every front end.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What can be given.
        expected: String,
    },
    /// An activation that no gradient passes through.
    #[error(
        "activation {activation} cannot be trained by the delta rule: its derivative f'(h) is zero wherever it exists, \
         so δ = (y − ŷ) f'(h) is zero and no weight would move; try sigmoid, its smooth relative"
    )]
    NoDerivative {
        /// The name of the activation.
        activation: String,
    },
    /// The error is not finite at the starting weights, so there is nothing to descend from.
    #[error(
        "E is not finite at the starting weights: at record {record} the net input h = {net_input:e} gives f(h) = {output:e}; \
         try --init zeros, --scale standard, or another activation"
    )]
    NotFiniteAtStart {
        /// The record, counted from 1.
        record: u64,
        /// Its net input.
        net_input: f64,
        /// Its output.
        output: f64,
    },
    /// Every f'(h) of an output is zero at the starting weights, so its weights can never move.
    #[error(
        "at the starting weights f'(h) is 0 at every record of output {output}, so δ = (y − ŷ) f'(h) is 0 and no weight of it would \
         ever move; try --init normal, another --seed, --scale standard, or smaller weights to start from"
    )]
    FlatStart {
        /// The output, counted from 1.
        output: usize,
    },
    /// A record's weight that is none.
    #[error("found {} as the weight of a record, expected a finite number from 0 on (record {record})", number_text(*found))]
    Weight {
        /// The weight.
        found: f64,
        /// The record, counted from 1.
        record: usize,
    },
    /// The weights of all records are 0.
    #[error("every record has the weight 0: at least one must be above 0")]
    NoWeight,
    /// There are no records.
    #[error("no records: at least one record with a target is needed")]
    NoRecords,
    /// A block source could not give a block.
    #[error("block {index} could not be read: {reason}")]
    Source {
        /// Which block, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// A number as a setting that it cannot be.
    pub(crate) fn setting(setting: &'static str, found: f64, expected: &str) -> Self {
        Error::Setting { setting, found: number_text(found), expected: expected.to_owned() }
    }

    /// The same error for a part of a table that begins after `n` records.
    pub(crate) fn after_records(mut self, n: usize) -> Self {
        if let Error::NotFinite { record, .. }
        | Error::Code { record, .. }
        | Error::Index { record, .. }
        | Error::Weight { record, .. } = &mut self
        {
            *record += n;
        }
        self
    }
}

/// A number as it would be typed, with all digits: reading the text gives the same number back.
pub fn number_text(x: f64) -> String {
    // + 0.0 makes 0 of −0, which no one wants to see.
    let plain = (x + 0.0).to_string();
    if plain.len() > 24 { format!("{x:e}") } else { plain }
}

/// A result with the core's error.
pub type Result<T> = std::result::Result<T, Error>;

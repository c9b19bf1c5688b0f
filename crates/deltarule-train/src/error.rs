//! What can be wrong with settings.

use thiserror::Error;

/// What can be wrong with settings; their names are those of the command's options.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting of an optimizer that was not chosen.
    #[error("--{setting}: expected {expected} beside it")]
    Beside {
        /// The setting.
        setting: &'static str,
        /// What must be chosen.
        expected: &'static str,
    },
    /// No thread to compute on.
    #[error("--threads: found 0, expected a number from 1 on")]
    NoThreads,
}

/// A result with an error of settings.
pub type Result<T> = std::result::Result<T, TrainError>;

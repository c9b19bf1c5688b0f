//! What can go wrong on the page.

use thiserror::Error;

/// What can go wrong on the page, in words for whoever sits before it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PageError {
    /// The numbers cannot be descended on.
    #[error("{0}")]
    Core(#[from] deltarule_core::Error),
    /// The file cannot be used.
    #[error("{0}")]
    Data(#[from] deltarule_data::DataError),
    /// A formula or a name that is no activation.
    #[error("f: {0}")]
    Activation(#[from] deltarule_core::UnknownActivation),
    /// A setting that does not exist, or has no such value.
    #[error("{setting}: found {found}, expected {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What can be given.
        expected: String,
    },
    /// A file that is larger than a page can show in time.
    #[error(
        "{name}: found {n_records} records with {n_inputs} inputs, expected at most {most} numbers in all; a part of the records shows the same: \
         the command trains on all of them"
    )]
    TooLarge {
        /// The file.
        name: String,
        /// Its records.
        n_records: usize,
        /// What a record has.
        n_inputs: usize,
        /// N·d at most.
        most: usize,
    },
    /// Settings that are no JSON of settings.
    #[error("settings: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the page's functions give.
pub type Result<A> = std::result::Result<A, PageError>;

/// A setting with a value that it cannot have.
pub(crate) fn setting<A>(setting: &'static str, found: impl ToString, expected: impl ToString) -> Result<A> {
    Err(PageError::Setting { setting, found: found.to_string(), expected: expected.to_string() })
}

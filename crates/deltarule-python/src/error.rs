//! Errors of the crates as Python's exceptions: the one place where they meet.

use deltarule_data::DataError;
use deltarule_model::ModelError;
use deltarule_train::TrainError;
use pyo3::PyErr;
use pyo3::exceptions::{PyFileNotFoundError, PyKeyboardInterrupt, PyOSError, PyPermissionError, PyValueError};

pyo3::create_exception!(
    deltarule,
    DivergedError,
    PyValueError,
    "Descent failed: E went up and up, or f is saturated, with an eta that was given. The message says what to try."
);

/// Anything that can go wrong below Python.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An exception as it is.
    Python(PyErr),
    /// A setting or a value that cannot be.
    Value(String),
    Data(DataError),
    Interrupted,
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure::Python(error)
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Failure::Data(error)
    }
}

macro_rules! from_errors {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Value(error.to_string())
            }
        }
    )*};
}
from_errors!(deltarule_core::Error, TrainError, ModelError, deltarule_export::ExportError);

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let message = match failure {
            Failure::Python(error) => return error,
            Failure::Interrupted | Failure::Data(DataError::Interrupted { .. }) => {
                return PyKeyboardInterrupt::new_err("interrupted");
            }
            Failure::Data(ref error @ DataError::Io { error: ref cause, .. }) => {
                let message = in_python(&error.to_string());
                return match cause.kind() {
                    std::io::ErrorKind::NotFound => PyFileNotFoundError::new_err(message),
                    std::io::ErrorKind::PermissionDenied => PyPermissionError::new_err(message),
                    _ => PyOSError::new_err(message),
                };
            }
            Failure::Data(ref error @ (DataError::Spill { .. } | DataError::CacheDamaged { .. })) => {
                return PyOSError::new_err(in_python(&error.to_string()));
            }
            Failure::Data(DataError::NoMatch { .. }) => {
                return PyFileNotFoundError::new_err(in_python(&failure_text(&failure)));
            }
            Failure::Data(error) => error.to_string(),
            Failure::Value(message) => message,
        };
        PyValueError::new_err(in_python(&message))
    }
}

fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Data(error) => error.to_string(),
        _ => String::new(),
    }
}

/// Options that have another name as parameters.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("threads", "n_jobs"),
    ("valid", "validation_fraction"),
    ("no-bias", "bias=False"),
    ("weight", "sample_weight"),
    ("class-weight", "class_weight"),
    ("early-stopping", "early_stopping"),
    ("min-count", "min_count"),
    ("warm-up", "warm_up"),
];

/// A message in which parameters stand for the command's options: `--missing mean` becomes `missing='mean'`.
pub(crate) fn in_python(message: &str) -> String {
    let message = message.replacen("values are missing in", "values are missing (NaN or None) in", 1);
    let mut parts = message.split("--");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_name = |c: char| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit();
        let end = part.find(|c| !is_of_name(c)).unwrap_or(part.len());
        let (option, rest) = part.split_at(end);
        if option.is_empty() {
            text += "--";
            text += part;
            continue;
        }
        let name = OTHER_NAMES.iter().find(|(known, _)| *known == option).map_or(option, |(_, name)| name);
        text += &name.replace('-', "_");
        let word = rest.strip_prefix(' ').map(|rest| {
            let end = rest.find([' ', ',', ';', ')', '\n']).unwrap_or(rest.len());
            &rest[..end]
        });
        match word {
            Some(value) if is_value(option, value) => {
                let quoted = match value.parse::<f64>() {
                    Ok(_) => value.to_owned(),
                    Err(_) => format!("'{value}'"),
                };
                text += &format!("={quoted}");
                text += &rest[1 + value.len()..];
            }
            _ => text += rest,
        }
    }
    text
}

/// Whether a word after an option is a value of it, and not the next word of a sentence.
fn is_value(option: &str, word: &str) -> bool {
    let named: &[&str] = match option {
        "missing" => &["mean", "level", "mean+flag", "drop", "error"],
        "init" => &["zeros", "normal", "auto"],
        "scale" => &["standard", "none"],
        "batch" => &["full"],
        "task" => &["regression", "classification"],
        "reduction" => &["mean", "sum"],
        "loss" => &["log", "squared", "huber", "poisson", "hinge"],
        "optimizer" => &["gd", "momentum", "nesterov", "lbfgs", "adagrad", "rmsprop", "adam"],
        _ => &[],
    };
    named.contains(&word) || word.parse::<f64>().is_ok()
}

//! Errors of the crates as Python's exceptions: the one place where they meet.

use deltarule_core::Schedule;
use deltarule_data::{DataError, Task};
use deltarule_model::{MissingRule, ModelError, ScaleRule};
use deltarule_train::{LossChoice, OptimizerName, StartChoice, TrainError};
use pyo3::exceptions::{PyFileNotFoundError, PyKeyboardInterrupt, PyOSError, PyPermissionError, PyValueError};
use pyo3::prelude::*;

use crate::settings::{FULL, REDUCTIONS, TASKS};

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

impl Failure {
    /// An error of records that a model is to predict: its rule for missing values was decided in training.
    pub(crate) fn of_prediction(error: DataError, rule: MissingRule) -> Self {
        match error {
            DataError::Missing { file, list, at } => {
                let what = format!("values are missing in {list}, the first in {at}");
                Self::no_value(&file, &what, "fill them in, leave such records out", rule)
            }
            error => error.into(),
        }
    }

    /// A value is missing of which a rule makes nothing in a prediction.
    pub(crate) fn no_value(file: &str, what: &str, advice: &str, rule: MissingRule) -> Self {
        Failure::Value(format!(
            "{file}: {what}, and the model was trained with --missing {}, which gives them none in a prediction; {advice}, or train with \
             --missing mean",
            rule.name()
        ))
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
            Failure::Data(ref error @ (DataError::Spill { .. } | DataError::PagesDamaged { .. })) => {
                return PyOSError::new_err(in_python(&error.to_string()));
            }
            Failure::Data(DataError::NoMatch { .. }) => {
                return PyFileNotFoundError::new_err(in_python(&failure_text(&failure)));
            }
            Failure::Data(DataError::Missing { file, list, at }) => {
                // The names of columns stand there without quotes.
                let around = DataError::Missing { file, list: PLACE.to_owned(), at }.to_string();
                return PyValueError::new_err(in_python(&around).replacen(PLACE, &list, 1));
            }
            Failure::Data(error) => error.to_string(),
            Failure::Value(message) => message,
        };
        PyValueError::new_err(in_python(&message))
    }
}

/// Stands for what users wrote while a message is translated.
const PLACE: &str = "\u{1}";

fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Data(error) => error.to_string(),
        _ => String::new(),
    }
}

/// The command's options that are parameters here, and their names as such.
pub(crate) const PARAMETERS: [(&str, &str); 39] = [
    ("activation", "activation"),
    ("average", "average"),
    ("batch", "batch"),
    ("beta1", "beta1"),
    ("beta2", "beta2"),
    ("categorical", "categorical"),
    ("class-weight", "class_weight"),
    ("date", "date"),
    ("decay", "decay"),
    ("drop", "drop"),
    ("early-stopping", "early_stopping"),
    ("epochs", "epochs"),
    ("epsilon", "epsilon"),
    ("eta", "eta"),
    ("features", "features"),
    ("hash", "hash"),
    ("init", "init"),
    ("interact", "interact"),
    ("l1", "l1"),
    ("l2", "l2"),
    ("loss", "loss"),
    ("memory", "memory"),
    ("min-count", "min_count"),
    ("missing", "missing"),
    ("momentum", "momentum"),
    ("no-bias", "bias=False"),
    ("optimizer", "optimizer"),
    ("poly", "poly"),
    ("precision", "precision"),
    ("reduction", "reduction"),
    ("scale", "scale"),
    ("schedule", "schedule"),
    ("seed", "seed"),
    ("target", "target"),
    ("threads", "n_jobs"),
    ("tolerance", "tolerance"),
    ("valid", "validation_fraction"),
    ("warm-up", "warm_up"),
    ("weight", "sample_weight"),
];

/// A message in which parameters stand for the command's options: `--missing mean` becomes `missing='mean'`, and `--task regression`
/// `DeltaRuleRegressor`. What users wrote themselves stays: an option is one of [`PARAMETERS`] at the start of a word, and not within
/// double quotes. A word after one that takes names of columns is a name if the message speaks of such a column: `--drop x0` becomes `drop=['x0']`.
#[pyfunction]
pub(crate) fn in_python(message: &str) -> String {
    let message = message.replacen("values are missing in", "values are missing (NaN or None) in", 1);
    let mut text = String::with_capacity(message.len());
    // A lone quote is none.
    let has_quotes = message.matches('"').count().is_multiple_of(2);
    let (mut rest, mut is_quoted) = (message.as_str(), false);
    while let Some(next) = rest.chars().next() {
        is_quoted ^= has_quotes && next == '"';
        let is_start = text.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
        match option_at(rest, &message).filter(|_| is_start && !is_quoted) {
            Some((translated, after)) => {
                text += &translated;
                rest = after;
            }
            None => {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    text
}

/// What stands for the option that a text begins with, and for its value, and what comes after them.
fn option_at<'m>(text: &'m str, message: &str) -> Option<(String, &'m str)> {
    let name = text.strip_prefix("--")?;
    let end = name.find(|c: char| !(c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit())).unwrap_or(name.len());
    let (option, after) = name.split_at(end);
    // `--weight.csv` is a name of the user's.
    let ends_word = |after: &str| after.chars().next().is_none_or(|c| c.is_whitespace() || c == ')');
    if !ends_word(after.trim_start_matches([',', ';', ':', '.'])) {
        return None;
    }
    let word = after.strip_prefix(' ').map(|after| {
        let word = after.split(char::is_whitespace).next().unwrap_or_default();
        word.trim_end_matches([',', ';', ':', ')', '.'])
    });
    if let ("task", Some(word)) = (option, word) {
        let estimator = TASKS.iter().find(|(name, _)| *name == word).map(|(_, task)| match task {
            Task::Regression => "DeltaRuleRegressor",
            Task::Classification => "DeltaRuleClassifier",
        })?;
        return Some((estimator.to_owned(), &after[1 + word.len()..]));
    }
    let (_, parameter) = PARAMETERS.iter().find(|(known, _)| *known == option)?;
    if OF_COLUMNS.contains(&option)
        && let Some((columns, after)) = columns_at(after, message)
    {
        return Some((format!("{parameter}=[{}]", columns.join(", ")), after));
    }
    if option == "date"
        && let Some((dates, after)) = dates_at(after, message)
    {
        return Some((format!("{parameter}={dates}"), after));
    }
    Some(match word.filter(|word| is_value(option, word)) {
        Some(word) if word.parse::<f64>().is_ok() => (format!("{parameter}={word}"), &after[1 + word.len()..]),
        Some(word) => (format!("{parameter}='{word}'"), &after[1 + word.len()..]),
        None => ((*parameter).to_owned(), after),
    })
}

/// The options that take the names of columns.
const OF_COLUMNS: [&str; 4] = ["categorical", "drop", "features", "hash"];

/// The columns after an option, as Python writes them, and what comes after them; `None` where the message does not speak of all of them.
fn columns_at<'m>(after: &'m str, message: &str) -> Option<(Vec<String>, &'m str)> {
    let (names, after) = argument_at(after)?;
    let names: Vec<&str> = names.split(',').collect();
    let columns = names.iter().map(|name| format!("'{name}'")).collect();
    names.into_iter().all(|name| is_column(name, message)).then_some((columns, after))
}

/// The same of a column of dates, which may have a form: `--date t:%s` is `date={'t': '%s'}`.
fn dates_at<'m>(after: &'m str, message: &str) -> Option<(String, &'m str)> {
    let (typed, after) = argument_at(after)?;
    let (name, dates) = match typed.split_once(":%") {
        None => (typed, format!("['{typed}']")),
        Some((name, form)) => (name, format!("{{'{name}': '%{form}'}}")),
    };
    is_column(name, message).then_some((dates, after))
}

/// What stands after an option, in quotes or up to the end of the word, and what comes after it.
fn argument_at(after: &str) -> Option<(&str, &str)> {
    let argument = after.strip_prefix(' ')?;
    match argument.strip_prefix('\'') {
        Some(quoted) => quoted.split_once('\''),
        None => {
            let word = argument.split(char::is_whitespace).next()?;
            Some(argument.split_at(word.trim_end_matches([',', ';', ':', ')', '.']).len()))
        }
    }
}

/// Whether a message speaks of a column of this name.
fn is_column(name: &str, message: &str) -> bool {
    let begins = || message.strip_prefix("column ").is_some_and(|rest| rest.starts_with(&format!("{name}: ")));
    message.contains(&format!("{name:?}")) || message.contains(&format!("\n  {name}: ")) || begins()
}

/// Whether a word after an option is a value of it, and not the next word of a sentence.
fn is_value(option: &str, word: &str) -> bool {
    let is_named = match option {
        "missing" => MissingRule::ALL.iter().any(|rule| rule.name() == word),
        "scale" => ScaleRule::ALL.iter().any(|rule| rule.name() == word),
        "init" => StartChoice::of_name(word).is_some(),
        "batch" => word == FULL,
        "reduction" => REDUCTIONS.iter().any(|(name, _)| *name == word),
        "loss" => word.parse::<LossChoice>().is_ok(),
        "optimizer" => word.parse::<OptimizerName>().is_ok(),
        "schedule" => word.parse::<Schedule>().is_ok(),
        _ => false,
    };
    is_named || word.parse::<f64>().is_ok_and(f64::is_finite)
}

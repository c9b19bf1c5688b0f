//! A request that is not answered with what it asks for: a status, and a sentence that says why.

use std::fmt::Display;

use hyper::StatusCode;

/// What is said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// What was found and where, what was expected, what to try.
    pub(crate) message: String,
    /// The methods that the path has, where it was another one.
    pub(crate) allow: Option<&'static str>,
    /// Whether the connection cannot go on, since a part of the request was not read.
    pub(crate) closes: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), allow: None, closes: false }
    }

    /// A body that is no JSON, or another part of the request that cannot be read.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// JSON that is no record of the model.
    pub(crate) fn unfit(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// Something about one record, which counts from 1.
    pub(crate) fn of_record(record: u64, message: impl Display) -> Self {
        Self::unfit(format!("record {record}: {message}"))
    }

    /// Something about one column of a record.
    pub(crate) fn of_column(record: u64, column: &str, message: impl Display) -> Self {
        Self::unfit(format!("record {record}, column {column:?}: {message}"))
    }

    pub(crate) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// `{"error": …}`.
    pub(crate) fn json(&self) -> String {
        format!("{{\"error\":{}}}\n", serde_json::Value::from(self.message.as_str()))
    }
}

//! What goes wrong in DataFusion and in object stores, in our words.

use std::error::Error;

use arrow_schema::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use super::Query;
use crate::error::DataError;

/// What an error is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    name: String,
    tables: Vec<String>,
    memory: usize,
}

/// What was found, and what to try.
type Words = (String, String);

impl About {
    pub(super) fn of(query: &Query) -> Self {
        let tables = query.tables.iter().map(|table| table.name.clone()).collect();
        Self { name: query.name.clone(), tables, memory: query.memory }
    }

    /// An error of DataFusion's as one of ours.
    pub(super) fn error(&self, error: DataFusionError) -> DataError {
        self.error_in(&self.name, error)
    }

    /// The same, which a file or an object is to blame for.
    pub(super) fn error_in(&self, file: &str, error: DataFusionError) -> DataError {
        let place = error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| {
            let start = span.start;
            format!("line {}, column {}: ", start.line, start.column)
        });
        let error = match own(Box::new(error)) {
            Ok(error) => return *error,
            Err(error) => error,
        };
        if let Some(of_store) = find::<object_store::Error>(&*error) {
            return told(file, of_store);
        }
        if let Some(reason) = find::<ParquetError>(&*error) {
            return DataError::Damaged { file: file.to_owned(), reason: first_line(&reason.to_string()) };
        }
        let Some(error) = error.downcast_ref::<DataFusionError>().map(DataFusionError::find_root) else {
            return DataError::Query { reason: first_line(&error.to_string()), advice: other_way() };
        };
        let (reason, advice) = self.words(error);
        // A parser's error tells its place itself.
        let place = place.filter(|_| !reason.starts_with("line ")).unwrap_or_default();
        DataError::Query { reason: place + &reason, advice }
    }

    fn words(&self, error: &DataFusionError) -> Words {
        match error {
            DataFusionError::SQL(error, _) => of_syntax(&error.to_string()),
            DataFusionError::SchemaError(error, _) => of_columns(error),
            DataFusionError::ResourcesExhausted(reason) => (
                format!("the query needs more memory than {} MiB ({})", self.memory >> 20, first_line(reason)),
                "give it more with --memory, or join and group fewer records".to_owned(),
            ),
            DataFusionError::ArrowError(error, _) => of_values(error),
            DataFusionError::Plan(reason) => self.of_plan(reason),
            DataFusionError::NotImplemented(reason) => (
                format!("cannot be run: {}", first_line(reason)),
                "that is not done in DataFusion, which runs queries; try to write it in another way".to_owned(),
            ),
            other => (first_line(&other.strip_backtrace()), other_way()),
        }
    }

    fn of_plan(&self, reason: &str) -> Words {
        let reason = reason.trim();
        if let Some(name) = reason.strip_prefix("table '").and_then(|rest| rest.split('\'').next()) {
            let name = name.trim_start_matches("datafusion.").trim_start_matches("public.");
            let advice = format!(
                "expected one of {}, or a file or an address in quotes, as in FROM 'other.csv'; --table NAME=PATH gives a name to one",
                self.tables.join(", ")
            );
            return (format!("there is no table {name:?}"), advice);
        }
        if let Some((wrong, likely)) = reason.split_once("\nDid you mean ") {
            let wrong = wrong.replace("Invalid function", "there is no function").replace('\'', "\"");
            return (wrong, format!("did you mean {}?", likely.trim_end_matches('?').replace('\'', "\"")));
        }
        (first_line(reason), other_way())
    }
}

fn other_way() -> String {
    "expected SQL as DataFusion reads it: https://datafusion.apache.org/user-guide/sql".to_owned()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches(['.', ' ']).to_owned()
}

/// An error of ours that was handed through, or the error that holds others of another kind.
fn own(error: Box<dyn Error + Send + Sync>) -> Result<Box<DataError>, Box<dyn Error + Send + Sync>> {
    let error = match error.downcast::<DataError>() {
        Ok(ours) => return Ok(ours),
        Err(error) => error,
    };
    let error = match error.downcast::<DataFusionError>() {
        Ok(of_datafusion) => match *of_datafusion {
            DataFusionError::External(inner) => return own(inner),
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => return own(inner),
            DataFusionError::ArrowError(inner, _) if matches!(*inner, ArrowError::ExternalError(_)) => {
                return own(inner);
            }
            other => return Err(Box::new(other)),
        },
        Err(error) => error,
    };
    match error.downcast::<ArrowError>() {
        Ok(of_arrow) => match *of_arrow {
            ArrowError::ExternalError(inner) => own(inner),
            other => Err(Box::new(DataFusionError::from(other))),
        },
        Err(error) => Err(error),
    }
}

/// The error of a kind among what an error comes from.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// `Expected: X, found: Y at Line: 1, Column: 8`.
fn of_syntax(text: &str) -> Words {
    let text = text.trim_start_matches("sql parser error: ");
    let (what, place) = match text.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, format!("line {}: ", place.replace(", Column: ", ", column "))),
        None => (text, String::new()),
    };
    match what.trim_start_matches("Expected").trim_start_matches(": ").split_once(", found: ") {
        Some((expected, "EOF")) => {
            (format!("{place}the query ends too early"), format!("expected {}", expected.trim()))
        }
        Some((expected, found)) => (format!("{place}found {found}"), format!("expected {}", expected.trim())),
        None => (format!("{place}{}", first_line(what)), "is a quote or a parenthesis not closed?".to_owned()),
    }
}

fn of_columns(error: &SchemaError) -> Words {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let known: Vec<&str> = valid_fields.iter().map(|known| known.name.as_str()).collect();
            let advice = crate::error::known_names(
                &known.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
                &field.name,
            );
            (format!("there is no column {:?}", field.name), format!("{advice} (texts stand in 'single quotes')"))
        }
        SchemaError::AmbiguousReference { field } => (
            format!("the column {:?} is there more than once", field.name),
            format!("say of which table, as in {}.{}, or name one of them anew with AS", super::DATA, field.name),
        ),
        other => (
            format!("a column comes twice: {}", first_line(&other.to_string())),
            "name one of them anew with AS".to_owned(),
        ),
    }
}

fn of_values(error: &ArrowError) -> Words {
    match error {
        ArrowError::DivideByZero => {
            ("divides a whole number by 0".to_owned(), "x / NULLIF(n, 0) is missing there".to_owned())
        }
        ArrowError::CastError(reason) | ArrowError::ParseError(reason) => {
            (first_line(reason), "correct the value, or use TRY_CAST, which is missing there".to_owned())
        }
        ArrowError::ArithmeticOverflow(reason) => {
            (first_line(reason), "CAST to DOUBLE before, as in CAST(n AS DOUBLE) * n".to_owned())
        }
        other => (first_line(&other.to_string()), other_way()),
    }
}

/// An error of an object store.
pub(super) fn of_store(name: &str, error: object_store::Error) -> DataError {
    told(name, &error)
}

fn told(name: &str, error: &object_store::Error) -> DataError {
    use object_store::Error as E;
    let is_s3 = name.starts_with("s3");
    let credentials = match name.split("://").next() {
        Some("s3" | "s3a") => {
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or set AWS_SKIP_SIGNATURE=true for a bucket that is open to all"
        }
        Some("gs") => {
            "check GOOGLE_APPLICATION_CREDENTIALS, or set GOOGLE_SKIP_SIGNATURE=true for a bucket that is open to all"
        }
        Some("http" | "https") => "expected an address that can be read without a password",
        _ => "check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or what stands for them",
    };
    let (reason, advice) = match error {
        E::NotFound { .. } => ("there is no such object (404)".to_owned(), "check the bucket and the path".to_owned()),
        E::PermissionDenied { .. } => ("may not be read (403)".to_owned(), credentials.to_owned()),
        E::Unauthenticated { .. } => ("asks for credentials (401)".to_owned(), credentials.to_owned()),
        E::NotSupported { .. } => (
            "the host gives no parts of a file (range requests), which large files and Parquet need".to_owned(),
            "download it first".to_owned(),
        ),
        other => {
            let root = root_of(other);
            let endpoint = if is_s3 { ", and AWS_ENDPOINT_URL if the store is not Amazon's" } else { "" };
            (format!("cannot be read: {root}"), format!("check the address and the network{endpoint}; {credentials}"))
        }
    };
    DataError::Place { name: name.to_owned(), reason, advice }
}

/// The first cause, on one line.
fn root_of(error: &object_store::Error) -> String {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    first_line(&root.to_string())
}

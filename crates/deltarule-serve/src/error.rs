//! What can keep a server from starting.

use deltarule_data::DataError;
use thiserror::Error;

/// What can keep a server from starting, or a model from being used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The model's file cannot be read.
    #[error(transparent)]
    File(#[from] DataError),
    /// The file holds no model.
    #[error("{file}: {error}")]
    Model {
        /// The file.
        file: String,
        /// What is wrong with it.
        error: deltarule_model::ModelError,
    },
    /// The model's parts do not fit.
    #[error("{file}: {error}")]
    Layer {
        /// The file.
        file: String,
        /// What is wrong with it.
        error: deltarule_core::Error,
    },
    /// A threshold for a model that is not of two classes.
    #[error(
        "{file}: found a model of {} beside --threshold, expected one of two classes", describe_classes(*n_classes)
    )]
    Threshold {
        /// The file.
        file: String,
        /// How many classes the model has; 0 for numbers.
        n_classes: usize,
    },
    /// The address cannot be listened at.
    #[error("{address}: {}", describe_address(error))]
    Address {
        /// The host and the port.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The system gives no threads or no timers.
    #[error("the server cannot be set up: {error}")]
    Runtime {
        /// What the system says.
        error: std::io::Error,
    },
}

/// A result with a server's error.
pub type Result<T> = std::result::Result<T, ServeError>;

fn describe_classes(n: usize) -> String {
    if n == 0 { "numbers".to_owned() } else { format!("{n} classes") }
}

fn describe_address(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there already; choose another --port, or 0 for a free one".to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "is no address of this machine; expected --host 127.0.0.1 for this machine alone, or 0.0.0.0 for all of its addresses".to_owned()
        }
        ErrorKind::PermissionDenied => "may not be listened at; choose a --port from 1024 on".to_owned(),
        _ => format!("cannot be listened at ({error}); expected an address of this machine, such as --host 127.0.0.1"),
    }
}

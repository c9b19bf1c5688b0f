//! What happens in a server, for whoever wants to tell of it: the library prints nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::error::ServeError;

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Requests are taken from now on.
    Serving {
        /// Where.
        address: SocketAddr,
    },
    /// A request was answered.
    Request {
        /// Who sent it.
        peer: IpAddr,
        /// Its method.
        method: &'e str,
        /// Its path, as it was sent.
        path: &'e str,
        /// The status of the answer.
        status: u16,
        /// How many records were predicted.
        records: u64,
        /// From the head of the request to the answer.
        took: Duration,
    },
    /// The model's file has changed, and is in use.
    Reloaded,
    /// The model's file has changed, and cannot be used: the model stays that was in use before.
    ReloadRefused {
        /// Why.
        error: &'e ServeError,
    },
    /// No connection can be taken at the moment, since the system refuses it; it is tried again.
    CannotAccept {
        /// What the system says.
        error: &'e std::io::Error,
    },
    /// No further connections are taken, and requests that are on their way are answered.
    Stopping {
        /// How many connections are open.
        connections: u64,
    },
    /// Connections that did not come to an end in time were cut off.
    CutOff {
        /// How many.
        connections: u64,
    },
}

/// Is told what happens, from any thread.
pub trait Observer: Send + Sync {
    /// Called for each event; what it does delays the server.
    fn see(&self, event: &Event<'_>);
}

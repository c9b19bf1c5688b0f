//! A trained single-layer network as a small HTTP/1.1 service.
//!
//! [`serve`] answers `POST /predict`, `GET /model`, `GET /health` and `GET /metrics` for the model of a file, until the process is told to stop;
//! a [`Server`] is the same for a program that has its own runtime. Predictions have the bits that they have for a table. What happens is told
//! to an [`Observer`]: nothing is printed.

mod connection;
mod describe;
mod error;
mod event;
mod metrics;
mod patient;
mod predict;
mod records;
mod refusal;
mod reload;
mod routes;
mod served;
mod server;
mod signals;

pub use error::{Result, ServeError};
pub use event::{Event, Observer};
pub use server::{Server, Settings};
pub use signals::{Ended, serve};

//! The program as its users meet it: whole commands, on files.
#![cfg(unix)]

mod combined;
mod dates;
mod documents;
mod errors;
mod evaluate;
mod explain;
mod hashed;
mod http;
mod levels;
mod libsvm;
mod memory;
mod models;
#[cfg(not(feature = "sql"))]
mod no_sql;
#[cfg(feature = "sql")]
mod objects;
mod optimizers;
mod pipes;
mod play;
mod plot;
mod plot_words;
mod privacy;
mod rows;
mod serve;
mod several;
#[cfg(feature = "sql")]
mod sql;
mod summary;
mod support;
mod sweep;
mod tables;
mod teaching;
mod train;
mod valid;
mod weighed_steps;
mod weights;
mod written;

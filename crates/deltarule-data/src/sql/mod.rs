//! Queries in SQL over files and object stores, whose results are read as any table of record batches is. DataFusion does the work; here is how
//! tables get into it ([`tables`], [`places`], [`rows`]), what a query must be ([`check`]), how its result comes out, batch by batch and always in the
//! same order ([`session`], [`stream`]), and what goes wrong, in our words ([`failure`]).

mod check;
mod failure;
mod places;
mod rows;
mod session;
mod stream;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::BatchReader;
use crate::csv::CsvOptions;
use crate::error::{DataError, Result};
use crate::files::{is_standard_input, is_url, name_of_all};
use crate::reader::name_of;

pub(crate) use stream::QueryStream;

/// The name that the data of a command line have in a query.
const DATA: &str = "data";
/// The query where none is given: all of a table that is no file on this machine.
const ALL: &str = "SELECT * FROM data";
/// The least memory that sorting and grouping can do with.
const LEAST_MEMORY: usize = 16 << 20;

/// A query, and the tables that it may name.
#[derive(Debug, Clone)]
pub struct Query {
    sql: String,
    /// What it is called in messages.
    name: String,
    tables: Vec<QueryTable>,
    csv: CsvOptions,
    memory: usize,
    interrupted: fn() -> bool,
    /// The fingerprint of the result, once the query has run to its end.
    seen: Arc<Mutex<Option<String>>>,
}

/// Why a stream is no table.
fn read_once(name: &str) -> DataError {
    DataError::Place {
        name: name.to_owned(),
        reason: "is a stream, which can be read once, and a query reads text twice: its types are those of all of its values".to_owned(),
        advice: "write it to a file first".to_owned(),
    }
}

/// A table by its name, and the files, patterns and addresses that it is made of.
#[derive(Debug, Clone)]
struct QueryTable {
    name: String,
    places: Vec<PathBuf>,
}

impl Query {
    /// A query over `data`, which has that name in it; without one, all of `data`. Files of text are read with `csv`, sorting and grouping take up `memory` bytes, beyond
    /// which they go on in files without a name, and `interrupted` says when to break off.
    ///
    /// Errors: a table is standard input, which can be read once only.
    pub fn new(
        sql: Option<&str>,
        data: &[PathBuf],
        csv: CsvOptions,
        memory: usize,
        interrupted: fn() -> bool,
    ) -> Result<Self> {
        let names = name_of_all(&data.iter().map(|place| name_of(place)).collect::<Vec<_>>());
        let name = if sql.is_some() { format!("the query on {names}") } else { names };
        let (sql, memory) = (sql.unwrap_or(ALL).to_owned(), memory.max(LEAST_MEMORY));
        let (tables, seen) = (Vec::new(), Arc::default());
        Self { sql, name, tables, csv, memory, interrupted, seen }.with_table(DATA, data)
    }

    /// The same with a further table.
    ///
    /// Errors: there is one of that name; it is standard input.
    pub fn with_table(mut self, name: &str, places: &[PathBuf]) -> Result<Self> {
        if self.tables.iter().any(|table| table.name == name) {
            return Err(DataError::Query {
                reason: format!("found two tables with the name {name:?}"),
                advice: format!("expected a name for each; {DATA} is that of the files that stand without one"),
            });
        }
        if places.iter().any(|place| is_standard_input(place)) {
            return Err(read_once("-"));
        }
        self.tables.push(QueryTable { name: name.to_owned(), places: places.to_vec() });
        Ok(self)
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins to run it.
    ///
    /// Errors: it is no query, or names what is not there; a file or an object cannot be read; to break off was asked for.
    pub(crate) fn open(&self) -> Result<BatchReader> {
        let stream = QueryStream::start(self.clone())?;
        let reader = BatchReader::of_query(&self.name, stream);
        for (second, column) in reader.header().iter().enumerate() {
            if let Some(first) = reader.header()[..second].iter().position(|other| other == column) {
                return Err(DataError::Query {
                    reason: format!("columns {} and {} of the result are both named {column:?}", first + 1, second + 1),
                    advice: "names must differ: name one of them anew with AS, or name the columns that are wanted instead of *".to_owned(),
                });
            }
        }
        Ok(reader)
    }

    /// Compares the result of a run with that of the one before.
    ///
    /// Errors: they differ.
    fn is_the_same(&self, fingerprint: String) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.replace(fingerprint.clone()) {
            Some(before) if before != fingerprint => Err(DataError::Changed { file: self.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Why the result has no cache.
    pub(crate) fn cannot_be_cached(&self) -> DataError {
        DataError::Query {
            reason: format!(
                "found beside --cache, which compares a table with its files, and {} has none of its own",
                self.name
            ),
            advice: "expected one of the two; what is queried often is better written to a Parquet file once"
                .to_owned(),
        }
    }

    /// The files, patterns and addresses that a name in FROM stands for; nothing if it stands for none.
    fn places_of(&self, name: &str) -> Option<Vec<PathBuf>> {
        match self.tables.iter().find(|table| table.name == name) {
            Some(table) => Some(table.places.clone()),
            None if is_url(Path::new(name)) || name.contains(['/', '.', '*']) => Some(vec![PathBuf::from(name)]),
            None => None,
        }
    }
}

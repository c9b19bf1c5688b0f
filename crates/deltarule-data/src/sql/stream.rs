//! A query that runs on a thread of its own, and its batches as they come.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::Result as Outcome;
use futures::StreamExt;
use tokio::sync::oneshot;

use super::failure::About;
use super::{Query, session};
use crate::csv::Fingerprint;
use crate::error::{DataError, Result};

/// So many batches wait to be taken.
const WAITING: usize = 2;
/// So long may a wish to break off go unseen.
const LOOK: Duration = Duration::from_millis(50);
/// So long is the thread waited for where its result is wanted no more.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the thread tells.
enum News {
    /// The query can be run, and has these columns.
    Columns(SchemaRef),
    Batch(RecordBatch),
    End,
    Failed(DataError),
}

/// The batches of a query.
pub(crate) struct QueryStream {
    query: Query,
    schema: SchemaRef,
    hash: BatchHash,
    n_records: usize,
    is_over: bool,
    running: Running,
}

/// The thread; it ends, and is waited for, where what it does is wanted no more.
struct Running {
    news: Option<Receiver<News>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(query: Query) -> Result<Self> {
        let (sender, news) = sync_channel(WAITING);
        let (stop, stopped) = oneshot::channel();
        let name = query.name.clone();
        let thread = std::thread::Builder::new().name("query".to_owned()).spawn(move || {
            let end = match work(&query, &sender, stopped) {
                Ok(()) => News::End,
                Err(error) => News::Failed(error),
            };
            // Nobody listens where the result is wanted no more.
            let _ = sender.send(end);
        });
        let thread = thread.map_err(|error| DataError::Io { file: name, error })?;
        Ok(Self { news: Some(news), stop: Some(stop), thread: Some(thread) })
    }

    /// What comes next.
    ///
    /// Errors: the query failed, or to break off was asked for.
    fn next(&self, query: &Query) -> Result<News> {
        let is_broken = || DataError::Query {
            reason: "the query broke off: DataFusion, which runs it, failed in itself".to_owned(),
            advice: "try to write it in another way".to_owned(),
        };
        loop {
            match self.news.as_ref().ok_or_else(is_broken)?.recv_timeout(LOOK) {
                Ok(News::Failed(error)) => return Err(error),
                Ok(news) => return Ok(news),
                Err(RecvTimeoutError::Disconnected) => return Err(is_broken()),
                Err(RecvTimeoutError::Timeout) if (query.interrupted)() => {
                    return Err(DataError::Interrupted { file: query.name.clone() });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        (self.news, self.stop) = (None, None);
        let Some(thread) = self.thread.take() else { return };
        // Its temporary files are gone when it has ended. A join that finds nothing looks at nothing else for long, and is left alone then.
        let begun = Instant::now();
        while !thread.is_finished() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() {
            // What it panicked at was told.
            let _ = thread.join();
        }
    }
}

impl QueryStream {
    /// Starts a query, and waits until its columns are known.
    pub(super) fn start(query: Query) -> Result<Self> {
        let running = Running::start(query.clone())?;
        let schema = loop {
            if let News::Columns(schema) = running.next(&query)? {
                break schema;
            }
        };
        let hash = BatchHash::of(&schema)?;
        Ok(Self { query, schema, hash, n_records: 0, is_over: false, running })
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next batch; nothing after the last.
    ///
    /// Errors: the query failed, gave no record, or gave something else than when it ran before; to break off was asked for.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if self.is_over {
            return Ok(None);
        }
        loop {
            match self.running.next(&self.query)? {
                News::Batch(batch) => {
                    self.n_records += batch.num_rows();
                    self.hash.add(&batch)?;
                    return Ok(Some(batch));
                }
                News::End => break,
                News::Columns(_) | News::Failed(_) => {}
            }
        }
        self.is_over = true;
        if self.n_records == 0 {
            return Err(DataError::Query {
                reason: format!("{} gives no record", self.query.name),
                advice: "expected one at least; deltarule inspect DATA shows what the table holds".to_owned(),
            });
        }
        self.query.is_the_same(self.fingerprint())?;
        Ok(None)
    }

    /// A hash of the batches so far.
    pub(crate) fn fingerprint(&self) -> String {
        self.hash.hash.to_text()
    }
}

/// A hash of names and of records, however these are parted into batches.
struct BatchHash {
    rows: RowConverter,
    hash: Fingerprint,
}

impl BatchHash {
    /// Errors: a column is of a type that cannot be used.
    fn of(schema: &SchemaRef) -> Result<Self> {
        let mut hash = Fingerprint::default();
        schema.fields().iter().for_each(|field| hash.add(format!("{:?}", field.name()).as_bytes()));
        let fields = schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self { rows: RowConverter::new(fields).map_err(unwritten)?, hash })
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = self.rows.convert_columns(batch.columns()).map_err(unwritten)?;
        rows.iter().for_each(|row| self.hash.add(row.as_ref()));
        Ok(())
    }
}

fn unwritten(error: ArrowError) -> DataError {
    DataError::Query {
        reason: format!("the result cannot be used: {error}"),
        advice: "expected columns of numbers, texts, dates and booleans; leave others out, or CAST them".to_owned(),
    }
}

/// The columns with texts as Arrow had them first: views may each refer to all texts of a table, which would be hashed with every batch.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// A batch with these columns.
fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Outcome<RecordBatch> {
    let array = |(array, field): (&ArrayRef, &Arc<Field>)| match array.data_type() == field.data_type() {
        true => Ok(Arc::clone(array)),
        false => cast(array, field.data_type()),
    };
    let arrays =
        batch.columns().iter().zip(schema.fields()).map(array).collect::<std::result::Result<_, ArrowError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

/// Runs the query and hands over what it gives.
fn work(query: &Query, news: &SyncSender<News>, stopped: oneshot::Receiver<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DataError::Io { file: query.name.clone(), error })?;
    let about = About::of(query);
    runtime.block_on(async {
        let all = async {
            let (mut batches, places) = session::run(query, &about).await?;
            let schema = plain_schema(&batches.schema());
            let mut goes_on = news.send(News::Columns(Arc::clone(&schema))).is_ok();
            while goes_on {
                let Some(batch) = batches.next().await else { break };
                let batch = batch.and_then(|batch| plain(&batch, &schema)).map_err(|error| about.error(error))?;
                goes_on = batch.num_rows() == 0 || news.send(News::Batch(batch)).is_ok();
            }
            for place in places.iter().filter(|_| goes_on) {
                place.is_unchanged().await?;
            }
            Ok(())
        };
        tokio::select! {
            done = all => done,
            _ = stopped => Ok(()),
        }
    })
}

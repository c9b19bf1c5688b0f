//! The files of a table, and a first look at what is in their columns.

use std::fs;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tempfile::NamedTempFile;

use super::several::{Watch, settle_order};
use super::{Progress, ReadOptions};
#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, CellText, for_each_batch, guarded};
use crate::column::Wish;
use crate::condition::BoundCondition;
use crate::csv::{CsvOptions, CsvReader, Decimal, Record};
use crate::error::{DataError, Result, Spilled};
use crate::files::{Origin, is_standard_input};
use crate::in_order::map_in_order;
use crate::reader::{Inner, name_of};
use crate::sieve::{Sieve, Survey, Value};
#[cfg(feature = "sql")]
use crate::sql::Query;

/// The files of a table.
pub(super) struct InputFiles(Vec<InputFile>);

/// A file, a stream and the file to which it was copied, or a query, which is no file of its name.
pub(super) struct InputFile {
    pub(super) path: PathBuf,
    copy: Option<NamedTempFile>,
    #[cfg(feature = "sql")]
    query: Option<Query>,
}

impl InputFiles {
    /// The files of these names, or a query. Where they must be read twice, a stream is copied to a file.
    ///
    /// Errors: a stream cannot be read, or not be copied; to break off was asked for.
    pub(super) fn of(origin: &Origin, sieve: &Sieve, progress: Watch<'_>) -> Result<Self> {
        #[cfg_attr(not(feature = "sql"), allow(clippy::infallible_destructuring_match))] // queries are the other origin
        let paths = match origin {
            Origin::Files(paths) => paths,
            #[cfg(feature = "sql")]
            Origin::Query(query) => {
                let (path, query) = (PathBuf::from(query.name()), Some(query.clone()));
                return Ok(Self(vec![InputFile { path, copy: None, query }]));
            }
        };
        let file = |path: &PathBuf| {
            let is_copied = sieve.skip.is_some() && is_stream(path);
            Ok(InputFile {
                path: path.clone(),
                copy: if is_copied { Some(copied(path, progress)?) } else { None },
                #[cfg(feature = "sql")]
                query: None,
            })
        };
        paths.iter().map(file).collect::<Result<_>>().map(Self)
    }

    pub(super) fn files(&self) -> &[InputFile] {
        &self.0
    }

    /// What is in the columns, where that must be known before records are judged; in libsvm's format it need not.
    ///
    /// Errors: those of the files, but none that is due to one record.
    pub(super) fn survey(
        &self,
        csv: &CsvOptions,
        options: &ReadOptions,
        sieve: &Sieve,
        progress: Watch<'_>,
    ) -> Result<Option<Survey>> {
        if sieve.skip.is_none() {
            return Ok(None);
        }
        let mut first: Option<(String, Vec<String>)> = None;
        let mut all = Survey::default();
        for file in &self.0 {
            let inner = file.open(csv)?;
            let (name, header) = (inner.name().to_owned(), inner.header().to_vec());
            if let Some((other, _)) = &first {
                inner.check_beside(other, false)?;
            }
            let known = first.as_ref().map(|(name, header)| (name.as_str(), header.as_slice()));
            let order = settle_order(known, (&name, &header), inner.format())?;
            let (wishes, threads) = options.settle(&name, &header)?;
            let condition = sieve.condition.as_ref().map(|condition| condition.bind(&name, &header)).transpose()?;
            let survey = match inner {
                Inner::Libsvm(_) => return Ok(None),
                Inner::Csv(reader) => survey_csv(*reader, &wishes, condition, threads, progress)?,
                #[cfg(feature = "arrow")]
                Inner::Batches(reader) => {
                    let threads = threads.min(options.pieces_at_once(reader.largest_piece()));
                    survey_batches(*reader, &wishes, condition, threads, progress)?
                }
            };
            if first.is_none() {
                (all, first) = (Survey::of(header.len()), Some((name, header)));
            }
            all.merge(&survey, order.as_deref());
        }
        Ok(Some(all))
    }
}

impl InputFile {
    /// Errors: it cannot be opened, is none of the formats, is empty or damaged, or has two columns of one name.
    pub(super) fn open(&self, csv: &CsvOptions) -> Result<Inner> {
        #[cfg(feature = "sql")]
        if let Some(query) = &self.query {
            return Ok(Inner::Batches(Box::new(query.open()?)));
        }
        match &self.copy {
            Some(copy) => Inner::open_as(copy.path(), Some(name_of(&self.path)), csv),
            None => Inner::open(&self.path, csv),
        }
    }
}

/// Whether what is called so can be read once only.
pub(crate) fn is_stream(path: &Path) -> bool {
    is_standard_input(path) || fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Copies a stream to a file in the system's folder for temporary files.
///
/// Errors: it cannot be read, or not be copied; to break off was asked for.
pub(crate) fn copied(path: &Path, mut progress: Watch<'_>) -> Result<NamedTempFile> {
    let place = std::env::temp_dir().display().to_string();
    let unwritten = |error| DataError::Spill { place: place.clone(), spilled: Spilled::Copy, error };
    let unread = |error| DataError::Io { file: name_of(path), error };
    let mut copy = NamedTempFile::new().map_err(unwritten)?;
    let mut from: Box<dyn Read> = match is_standard_input(path) {
        true => Box::new(io::stdin().lock()),
        false => Box::new(fs::File::open(path).map_err(unread)?),
    };
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(copy),
            Ok(n) => n,
            // By a signal, after which there may be no wish to go on.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(unread(error)),
        };
        copy.write_all(&buffer[..n]).map_err(unwritten)?;
        bytes += n as u64;
        go_on(&name_of(path), bytes, None, &mut progress)?;
    }
}

/// Says that so much was looked at. Errors: to break off was asked for.
fn go_on(name: &str, bytes: u64, total_bytes: Option<u64>, progress: &mut Watch<'_>) -> Result<()> {
    match progress(Progress { records: 0, bytes, total_bytes }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.to_owned() }),
    }
}

/// Whether a record may be one of the table.
fn satisfies(condition: Option<&BoundCondition>, file: &str, record: &Record<'_>, decimal: Decimal) -> bool {
    condition.is_none_or(|condition| condition.holds_with(file, record, decimal).unwrap_or(false))
}

fn survey_csv(
    reader: CsvReader,
    wishes: &[Wish],
    condition: Option<BoundCondition>,
    threads: usize,
    mut progress: Watch<'_>,
) -> Result<Survey> {
    let (format, records, held_back, mut chunks) = reader.into_parts();
    let (bytes_read, total_bytes) = (chunks.bytes_counter(), chunks.total_bytes);
    let mut first = Some((records, held_back));
    let mut all = Survey::of(wishes.len());
    map_in_order(
        threads,
        || match first.take() {
            Some(first) => Ok(Some(first)),
            None => Ok(chunks.next()?.map(|chunk| (format.records(chunk), false))),
        },
        |(mut records, held_back)| {
            let mut survey = Survey::of(wishes.len());
            let mut is_there = held_back || records.advance();
            while is_there {
                let record = records.current();
                if format.check(&record).is_ok() && satisfies(condition.as_ref(), &format.name, &record, format.decimal)
                {
                    survey.add(wishes, |place| Value::of_text(record.trimmed(place), format.decimal));
                }
                is_there = records.advance();
            }
            Ok(survey)
        },
        |further| {
            all.merge(&further, None);
            go_on(&format.name, bytes_read.load(Ordering::Relaxed), total_bytes, &mut progress)
        },
    )?;
    Ok(all)
}

#[cfg(feature = "arrow")]
fn survey_batches(
    mut reader: BatchReader,
    wishes: &[Wish],
    condition: Option<BoundCondition>,
    threads: usize,
    mut progress: Watch<'_>,
) -> Result<Survey> {
    let name = reader.name().clone();
    let looked_at = |place| condition.as_ref().is_some_and(|condition| condition.looks_at(place));
    let wanted = wishes.iter().enumerate().map(|(place, wish)| *wish != Wish::Skip || looked_at(place));
    let wanted: Vec<bool> = wanted.collect();
    let mut all = Survey::of(wishes.len());
    map_in_order(
        threads,
        || reader.next_piece(),
        |piece| {
            guarded(&name, || {
                let mut survey = Survey::of(wishes.len());
                for_each_batch(&name, piece, &wanted, |n, cells| {
                    let mut text = CellText::default();
                    for row in 0..n {
                        let may_be = condition.is_none()
                            || satisfies(condition.as_ref(), &name, &text.record(cells, row, 1), Decimal::Point);
                        if may_be {
                            survey.add(wishes, |place| cells[place].value(row));
                        }
                    }
                })?;
                Ok(survey)
            })
        },
        |further| {
            all.merge(&further, None);
            go_on(&name, 0, None, &mut progress)
        },
    )?;
    Ok(all)
}

//! Files, one after the other, to one table.

use std::path::{Path, PathBuf};

use super::input::InputFiles;
use super::{Files, Growing, OnReject, Progress, ReadOptions, Table};
use crate::column::Wish;
use crate::csv::{CsvOptions, Fingerprint};
use crate::error::{DataError, Result};
use crate::files::name_of_all;
use crate::format::FileFormat;
use crate::libsvm::SparseGrowing;
use crate::order::order;
use crate::reader::{Inner, size_of, size_of_all};
use crate::sieve::{Gate, Sieve, Survey};
use crate::source::Stamp;

/// What takes note of progress, and may break off.
pub(super) type Watch<'w> = &'w mut dyn FnMut(Progress) -> std::ops::ControlFlow<()>;

/// What becomes of the columns of one file.
pub(super) struct FilePlan {
    /// Which of the table's files it is.
    pub(super) place: usize,
    pub(super) wishes: Vec<Wish>,
    /// Where each column of the table stands in the file, if not in the same order.
    pub(super) order: Option<Vec<usize>>,
    pub(super) threads: usize,
    /// What holds records back.
    pub(super) gate: Option<Gate>,
}

/// Reads files as one table.
///
/// Errors: those of each file, and of columns that are not those of the first.
pub(super) fn read_files(
    files: &InputFiles,
    csv: &CsvOptions,
    options: &ReadOptions,
    (sieve, survey): (&Sieve, Option<&Survey>),
    on_reject: OnReject<'_>,
    progress: Watch<'_>,
) -> Result<Table> {
    let files = files.files();
    let several = files.len() > 1;
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let all_bytes = size_of_all(&paths);
    let mut n_rejected = 0;
    let on_reject: OnReject<'_> = &mut |reject| {
        n_rejected += 1;
        on_reject(reject)
    };
    let (mut columns, mut sparse) = (None::<Growing>, None::<SparseGrowing>);
    let (mut names, mut starts, mut prints) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let mut formats = Vec::new();
    let mut bytes_before = 0;
    for file in files {
        let path = &file.path;
        let before = Stamp::of(path);
        let file = file.open(csv)?;
        let name = file.name().to_owned();
        let format = file.format();
        formats.push(format);
        let first = names.first().map(String::as_str);
        if let Some(first) = first {
            file.check_beside(first, sparse.is_some())?;
        }
        let watch: Watch<'_> = &mut |so_far: Progress| {
            let total_bytes = if several { all_bytes } else { so_far.total_bytes };
            progress(Progress { bytes: bytes_before + so_far.bytes, total_bytes, ..so_far })
        };
        let print = match file {
            Inner::Libsvm(reader) => {
                if sieve.condition.is_some() {
                    return Err(DataError::SparseSetting { file: name, setting: "--where" });
                }
                let table = match &mut sparse {
                    Some(table) => table,
                    none => none.insert(SparseGrowing::new(&reader, options)?),
                };
                starts.push(table.n_records());
                let on_reject = sieve.skip.is_some().then_some(&mut *on_reject);
                table.read(*reader, options, on_reject.map(|on_reject| on_reject as OnReject<'_>), watch)
            }
            Inner::Csv(reader) => {
                let about = (name.as_str(), reader.header(), [].as_slice());
                let place = (names.len(), format);
                let (table, plan) = begin(&mut columns, first, about, place, (csv, options), (sieve, survey))?;
                starts.push(table.n_records());
                table.read_csv(*reader, &plan, on_reject, watch)
            }
            #[cfg(feature = "arrow")]
            Inner::Batches(reader) => {
                let about = (name.as_str(), reader.header(), reader.zones());
                let place = (names.len(), format);
                let (table, plan) = begin(&mut columns, first, about, place, (csv, options), (sieve, survey))?;
                starts.push(table.n_records());
                table.read_batches(*reader, &plan, options, on_reject, watch)
            }
        };
        unchanged(path, before)?;
        prints.push(print?);
        names.push(name);
        bytes_before += size_of(path).unwrap_or_default();
    }
    let n_records =
        columns.as_ref().map_or(0, Growing::n_records) + sparse.as_ref().map_or(0, SparseGrowing::n_records);
    let left_out = columns.as_ref().map_or(0, |table| table.n_left_out);
    if n_records == 0 && n_rejected + left_out > 0 {
        return Err(DataError::NothingLeft { file: name_of_all(&names), left_out, rejected: n_rejected });
    }
    let (files, fingerprint) = (Files { names, starts, formats }, fingerprint_of_all(prints));
    match (columns, sparse) {
        (Some(table), _) => table.finish(files, fingerprint),
        (None, Some(table)) => Table::of_sparse(table, files, fingerprint),
        (None, None) => Err(DataError::Empty { file: name_of_all(&files.names) }),
    }
}

/// The table so far, or a new one, and what becomes of the columns of its next file, which is the one at this place, of this format, and has zones for some of its columns.
///
/// Errors: the file has other columns than the first; a setting names a column that is not there; the folder of the cache cannot be written to.
fn begin<'t>(
    table: &'t mut Option<Growing>,
    first: Option<&str>,
    (name, header, zones): (&str, &[String], &[Option<String>]),
    (place, format): (usize, FileFormat),
    (csv, options): (&CsvOptions, &ReadOptions),
    (sieve, survey): (&Sieve, Option<&Survey>),
) -> Result<(&'t mut Growing, FilePlan)> {
    let known = table.as_ref().map(Growing::names);
    let order = settle_order(first.zip(known.as_deref()), (name, header), format)?;
    let (mut wishes, threads) = options.settle_in(name, header, zones)?;
    if let Some(table) = table {
        table.set_dates(&mut wishes, order.as_deref());
    }
    let gate = Gate::of(sieve, survey, (name, header), &wishes, order.as_deref())?;
    let table = match table {
        Some(table) => table,
        none => none.insert(Growing::new(header, &wishes, csv.decimal, options)?),
    };
    Ok((table, FilePlan { place, wishes, order, threads, gate }))
}

/// Where each column of the first file stands in another one, of this format, if not in the same order.
///
/// Errors: the other one has other columns.
pub(super) fn settle_order(
    first: Option<(&str, &[String])>,
    other: (&str, &[String]),
    format: FileFormat,
) -> Result<Option<Vec<usize>>> {
    first.map_or(Ok(None), |first| order(first, other, format))
}

/// Errors: the file is not as it was before.
fn unchanged(path: &Path, before: Option<Stamp>) -> Result<()> {
    if before == Stamp::of(path) {
        return Ok(());
    }
    Err(DataError::Changed { file: path.display().to_string() })
}

/// The fingerprint of a table: that of its only file, or a hash of those of all of them.
fn fingerprint_of_all(prints: Vec<String>) -> String {
    if let [only] = &prints[..] {
        return only.clone();
    }
    let mut hash = Fingerprint::default();
    prints.iter().for_each(|print| hash.add(print.as_bytes()));
    hash.to_text()
}

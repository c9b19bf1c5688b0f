//! Files, one after the other, to one table.

use std::path::{Path, PathBuf};

use super::input::InputFiles;
use super::{Growing, OnReject, Progress, ReadOptions, Table};
use crate::column::Wish;
use crate::csv::{CsvOptions, Fingerprint};
use crate::error::{DataError, Result};
use crate::files::name_of_all;
use crate::order::order;
use crate::reader::{Inner, size_of, size_of_all};
use crate::sieve::{Gate, Sieve, Survey};
use crate::source::Stamp;

/// What takes note of progress, and may break off.
pub(super) type Watch<'w> = &'w mut dyn FnMut(Progress) -> std::ops::ControlFlow<()>;

/// What becomes of the columns of one file.
pub(super) struct FilePlan {
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
    let (mut table, mut names, mut prints) = (None::<Growing>, Vec::<String>::new(), Vec::new());
    let mut bytes_before = 0;
    for file in files {
        let path = &file.path;
        let before = Stamp::of(path);
        let file = file.open(csv)?;
        file.check_alone(files.len())?;
        let file = match file {
            Inner::Libsvm(reader) if !several => {
                if sieve.condition.is_some() {
                    let file = reader.name().to_owned();
                    return Err(DataError::SparseSetting { file, setting: "--where" });
                }
                let on_reject = sieve.skip.is_some().then_some(on_reject);
                let table = Table::from_libsvm(*reader, options, on_reject, progress);
                return unchanged(path, before).and(table);
            }
            file => file,
        };
        let name = file.name().to_owned();
        let known = table.as_ref().map(Growing::names);
        let first = names.first().map(String::as_str);
        let order = settle_order(first.zip(known.as_deref()), (&name, file.header()))?;
        let (wishes, threads) = options.settle(&name, file.header())?;
        let table = match &mut table {
            Some(table) => {
                table.begin_file();
                table
            }
            none => none.insert(Growing::new(file.header(), &wishes, csv.decimal, options)?),
        };
        let gate = Gate::of(sieve, survey, (&name, file.header()), &wishes, order.as_deref())?;
        let plan = FilePlan { wishes, order, threads, gate };
        let watch: Watch<'_> = &mut |so_far: Progress| {
            let total_bytes = if several { all_bytes } else { so_far.total_bytes };
            progress(Progress { bytes: bytes_before + so_far.bytes, total_bytes, ..so_far })
        };
        let read = match file {
            Inner::Csv(reader) => table.read_csv(*reader, &plan, on_reject, watch),
            Inner::Libsvm(_) => Err(DataError::SparseAmongFiles { file: name.clone() }),
            #[cfg(feature = "arrow")]
            Inner::Batches(reader) => table.read_batches(*reader, &plan, options, on_reject, watch),
        };
        unchanged(path, before)?;
        prints.push(read?);
        names.push(name);
        bytes_before += size_of(path).unwrap_or_default();
    }
    match table {
        Some(table) if n_rejected + table.n_left_out > 0 && table.n_records() == 0 => {
            Err(DataError::NothingLeft { file: name_of_all(&names), left_out: table.n_left_out, rejected: n_rejected })
        }
        Some(table) => table.finish(names, fingerprint_of_all(prints)),
        None => Err(DataError::Empty { file: name_of_all(&names) }),
    }
}

/// Where each column of the first file stands in another one, if not in the same order.
///
/// Errors: the other one has other columns.
pub(super) fn settle_order(first: Option<(&str, &[String])>, other: (&str, &[String])) -> Result<Option<Vec<usize>>> {
    first.map_or(Ok(None), |first| order(first, other))
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

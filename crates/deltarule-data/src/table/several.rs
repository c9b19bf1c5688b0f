//! Files, one after the other, to one table.

use std::path::{Path, PathBuf};

use super::{Growing, Progress, ReadOptions, Table};
use crate::column::Wish;
use crate::csv::{CsvOptions, Fingerprint};
use crate::error::{DataError, Result};
use crate::files::name_of_all;
use crate::order::order;
use crate::reader::{Inner, size_of, size_of_all};
use crate::source::Stamp;

/// What takes note of progress, and may break off.
pub(super) type Watch<'w> = &'w mut dyn FnMut(Progress) -> std::ops::ControlFlow<()>;

/// What becomes of the columns of one file.
pub(super) struct FilePlan {
    pub(super) wishes: Vec<Wish>,
    /// Where each column of the table stands in the file, if not in the same order.
    pub(super) order: Option<Vec<usize>>,
    pub(super) threads: usize,
}

/// Reads files as one table.
///
/// Errors: those of each file, and of columns that are not those of the first.
pub(super) fn read_files(
    paths: &[PathBuf],
    csv: &CsvOptions,
    options: &ReadOptions,
    progress: Watch<'_>,
) -> Result<Table> {
    let several = paths.len() > 1;
    let all_bytes = size_of_all(paths);
    let (mut table, mut names, mut prints) = (None::<Growing>, Vec::<String>::new(), Vec::new());
    let mut bytes_before = 0;
    for path in paths {
        let before = Stamp::of(path);
        let file = Inner::open(path, csv)?;
        file.check_alone(paths.len())?;
        let file = match file {
            Inner::Libsvm(reader) if !several => {
                let table = Table::from_libsvm(*reader, options, progress);
                return unchanged(path, before).and(table);
            }
            file => file,
        };
        let name = file.name().to_owned();
        let order = match (&table, names.first()) {
            (Some(table), Some(first)) => order((first, &table.names()), (&name, file.header()))?,
            _ => None,
        };
        let (wishes, threads) = options.settle(&name, file.header())?;
        let table = match &mut table {
            Some(table) => {
                table.begin_file();
                table
            }
            none => none.insert(Growing::new(file.header(), &wishes, csv.decimal, options)?),
        };
        let plan = FilePlan { wishes, order, threads };
        let watch: Watch<'_> = &mut |so_far: Progress| {
            let total_bytes = if several { all_bytes } else { so_far.total_bytes };
            progress(Progress { bytes: bytes_before + so_far.bytes, total_bytes, ..so_far })
        };
        let read = match file {
            Inner::Csv(reader) => table.read_csv(*reader, &plan, watch),
            Inner::Libsvm(_) => Err(DataError::SparseAmongFiles { file: name.clone() }),
            #[cfg(feature = "arrow")]
            Inner::Batches(reader) => table.read_batches(*reader, &plan, options, watch),
        };
        unchanged(path, before)?;
        prints.push(read?);
        names.push(name);
        bytes_before += size_of(path).unwrap_or_default();
    }
    match table {
        Some(table) => table.finish(names, fingerprint_of_all(prints)),
        None => Err(DataError::Empty { file: name_of_all(&names) }),
    }
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

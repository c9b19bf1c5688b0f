//! A whole file in memory: labels, and what is not zero of the features.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;

use deltarule_core::{Column, Targets};

use super::lines::Rows;
use super::{FEATURES, LABEL, LibsvmReader, is_libsvm};
use crate::column::{ColumnFacts, TableColumn, Values};
use crate::csv::{open, open_bytes};
use crate::error::{DataError, Result};
use crate::in_order::map_in_order;
use crate::pages::{PAGE_ROWS, PageColumn};
use crate::table::{OnReject, Progress};

/// A table of libsvm's or SVMlight's text format (plain, gzip or zstd), in compressed sparse rows.
///
/// What is not written is 0; nothing is missing. Where index 0 occurs, indices count from 0, otherwise from 1.
///
/// ```
/// use deltarule_data::SparseTable;
/// let table = SparseTable::from_bytes("example", b"+1 1:0.5 3:2 # a comment\n-1 2:1\n".to_vec(), None)?;
/// assert_eq!((table.labels(), table.n_features(), table.n_stored()), (&[1.0, -1.0][..], 3, 3));
/// assert_eq!((table.first_index(), table.feature_name(2)), (1, "3".to_owned()));
/// # Ok::<(), deltarule_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparseTable {
    name: String,
    fingerprint: String,
    first_index: u32,
    n_features: usize,
    labels: Vec<f64>,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl SparseTable {
    /// Whether a text, of which this is the begin, is in the format: on its first line with a pair, a number and pairs alone.
    pub fn recognises(start: &[u8]) -> bool {
        is_libsvm(start)
    }

    /// Reads a file on so many threads (`None`: as many as there are; the table does not depend on it). `-` is standard input.
    ///
    /// `first_index` is the index of the first feature, 0 or 1; `None`: 0 where it occurs, 1 otherwise. `progress` is shown how far it
    /// is, every megabyte or so, and may break off.
    ///
    /// Errors: the file cannot be read or has no record; a line without a label; what is no index:value pair; an index that is not above
    /// the one before it, below `first_index`, or beyond 16777215.
    pub fn read(
        path: &Path,
        first_index: Option<u32>,
        threads: Option<NonZeroUsize>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        Self::of(LibsvmReader::new(open(path, false)?, first_index), threads, None, progress)
    }

    /// Reads from memory, on this thread alone.
    ///
    /// Errors: those of [`read`](Self::read).
    pub fn from_bytes(name: &str, bytes: Vec<u8>, first_index: Option<u32>) -> Result<Self> {
        let reader = LibsvmReader::new(open_bytes(name, bytes)?, first_index);
        Self::of(reader, NonZeroUsize::new(1), None, &mut |_| ControlFlow::Continue(()))
    }

    /// The same; lines that cannot be read are shown to `on_reject`, and left out.
    pub(crate) fn of(
        reader: LibsvmReader,
        threads: Option<NonZeroUsize>,
        mut on_reject: Option<OnReject<'_>>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let first_index = reader.first_index;
        let mut chunks = reader.into_chunks();
        let name = chunks.name.to_string();
        let threads = threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let (bytes_read, total_bytes) = (chunks.bytes_counter(), chunks.total_bytes);
        let mut rows = Rows::default();
        let (skips, mut n_rejected) = (on_reject.is_some(), 0);
        map_in_order(
            threads,
            || chunks.next(),
            |chunk| Rows::of(&name, &chunk, first_index.unwrap_or(0), skips),
            |mut further| {
                if let Some(on_reject) = &mut on_reject {
                    n_rejected += further.rejects.len() as u64;
                    further.rejects.drain(..).try_for_each(&mut **on_reject)?;
                }
                rows.append(&further);
                let bytes = bytes_read.load(Ordering::Relaxed);
                match progress(Progress { records: rows.labels.len() as u64, bytes, total_bytes }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.clone() }),
                }
            },
        )?;
        if rows.labels.is_empty() && n_rejected > 0 {
            return Err(DataError::NothingLeft { file: name, left_out: 0, rejected: n_rejected });
        }
        if rows.labels.is_empty() {
            return Err(DataError::Empty { file: name });
        }
        let first_index = first_index.unwrap_or(if rows.smallest == Some(0) { 0 } else { 1 });
        let n_features = rows.largest.map_or(0, |largest| (largest - first_index) as usize + 1);
        if n_features == 0 {
            return Err(DataError::NoFeatures { file: name });
        }
        let mut indices = rows.indices;
        indices.iter_mut().for_each(|index| *index -= first_index);
        Ok(Self {
            name,
            fingerprint: chunks.fingerprint(),
            first_index,
            n_features,
            labels: rows.labels,
            starts: std::iter::once(0).chain(rows.ends).collect(),
            indices,
            values: rows.values,
        })
    }

    /// Whether a file is in the format, by its begin; false where it cannot be read.
    pub fn recognises_file(path: &Path) -> bool {
        open(path, false).is_ok_and(|opened| is_libsvm(&opened.prefix))
    }

    /// The labels and the features that occur as the columns of a table, and their pages.
    pub(crate) fn into_columns(self) -> ([TableColumn; 2], Vec<Vec<PageColumn>>) {
        let mut places = vec![u32::MAX; self.n_features];
        self.indices.iter().for_each(|&index| places[index as usize] = 0);
        let mut indices = Vec::new();
        for (index, place) in (self.first_index..).zip(&mut places) {
            if *place == 0 {
                *place = indices.len() as u32;
                indices.push(index);
            }
        }
        let (low, high) = self
            .labels
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &label| (low.min(label), high.max(label)));
        let facts = ColumnFacts {
            n_numbers: self.labels.len() as u64,
            range: Some((low, high)),
            ends: self.labels.first().copied().zip(self.labels.last().copied()),
            whole: self.labels.iter().all(|label| label.fract() == 0.0),
            ..ColumnFacts::default()
        };
        let label = TableColumn { name: LABEL.to_owned(), values: Values::Numbers, facts };
        let values = Values::Sparse { first_index: self.first_index, indices, n_stored: self.values.len() as u64 };
        let features = TableColumn { name: FEATURES.to_owned(), values, facts: ColumnFacts::default() };
        let page = |labels: &[f64], starts: &[usize]| {
            let first = starts.first().copied().unwrap_or_default();
            let stored = first..starts.last().copied().unwrap_or_default();
            let sparse = PageColumn::Sparse {
                starts: starts.iter().map(|start| start - first).collect(),
                indices: self.indices[stored.clone()].iter().map(|&index| places[index as usize]).collect(),
                values: self.values[stored].to_vec(),
            };
            vec![PageColumn::Numbers(labels.to_vec()), sparse]
        };
        let firsts = (0..self.labels.len()).step_by(PAGE_ROWS);
        let pages = firsts.map(|first| {
            let end = (first + PAGE_ROWS).min(self.labels.len());
            page(&self.labels[first..end], &self.starts[first..=end])
        });
        let pages = pages.collect();
        ([label, features], pages)
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A hash of the text that was read, without its byte-order mark.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The index of the first feature as it is written: 0 or 1.
    pub fn first_index(&self) -> u32 {
        self.first_index
    }

    /// How many features there are: up to the largest index.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// N.
    pub fn n_records(&self) -> usize {
        self.labels.len()
    }

    /// How many values are not zero.
    pub fn n_stored(&self) -> usize {
        self.values.len()
    }

    /// Feature `i`, from 0, by its index as it is written.
    pub fn feature_name(&self, i: usize) -> String {
        (self.first_index as usize + i).to_string()
    }

    /// The label of each record.
    pub fn labels(&self) -> &[f64] {
        &self.labels
    }

    /// The features, as the core holds them.
    pub fn column(&self) -> Column<'_, f64> {
        Column::Sparse {
            n_columns: self.n_features,
            starts: self.starts.as_slice().into(),
            indices: self.indices.as_slice().into(),
            values: self.values.as_slice().into(),
        }
    }

    /// The labels as numbers, as the core holds them.
    pub fn targets(&self) -> Targets<'_, f64> {
        Targets::Numbers(vec![self.labels.as_slice().into()])
    }
}

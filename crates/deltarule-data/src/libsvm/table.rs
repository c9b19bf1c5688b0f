//! A whole file in memory: labels, and what is not zero of the features.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use deltarule_core::{Column, Targets};

use super::lines::{Rows, for_each_chunk};
use super::{LibsvmReader, is_libsvm};
use crate::csv::{open, open_bytes};
use crate::error::{DataError, Result};
use crate::table::Progress;

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
    /// Whether a text, of which this is the begin, is in the format: on its first line with a pair, or on most of the first
    /// hundred, a number and pairs alone.
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
        Self::of(LibsvmReader::new(open(path, false)?, first_index), threads, progress)
    }

    /// Reads from memory, on this thread alone.
    ///
    /// Errors: those of [`read`](Self::read).
    pub fn from_bytes(name: &str, bytes: Vec<u8>, first_index: Option<u32>) -> Result<Self> {
        let reader = LibsvmReader::new(open_bytes(name, bytes)?, first_index);
        Self::of(reader, NonZeroUsize::new(1), &mut |_| ControlFlow::Continue(()))
    }

    fn of(
        reader: LibsvmReader,
        threads: Option<NonZeroUsize>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let (name, first_index) = (reader.name().to_owned(), reader.first_index);
        let mut rows = Rows::default();
        let fingerprint = for_each_chunk(reader, threads, None, progress, |further| {
            rows.append(&further);
            Ok(rows.labels.len())
        })?;
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
            fingerprint,
            first_index,
            n_features,
            labels: rows.labels,
            starts: rows.starts,
            indices,
            values: rows.values,
        })
    }

    /// Whether a file is in the format, by its begin; false where it cannot be read.
    pub fn recognises_file(path: &Path) -> bool {
        open(path, false).is_ok_and(|opened| is_libsvm(&opened.prefix))
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

//! Files of libsvm's format, one after the other, to the columns of a table and their pages.

use std::ops::ControlFlow;

use deltarule_model::{BucketSet, HashBits};

use super::lines::{Rows, for_each_chunk};
use super::{FEATURES, LABEL, LibsvmReader};
use crate::column::{ColumnFacts, TableColumn, Values};
use crate::error::{DataError, Result};
use crate::pages::{Decode, Holding, PageBuilder, PageColumn, Pages};
use crate::table::{Lines, OnReject, Progress, ReadOptions};

/// What a record takes up in memory beside what is stored of it: its label, and where its values begin.
const RECORD_BYTES: usize = size_of::<f64>() + size_of::<usize>();

/// A table of labels and sparse features under construction.
pub(crate) struct SparseGrowing {
    pages: PageBuilder,
    labels: ColumnFacts,
    lines: Lines,
    n_stored: u64,
    /// The index of the first feature, where it was given.
    first_index: Option<u32>,
    /// The smallest and the largest index that is written, also of a zero.
    range: Option<(u32, u32)>,
    /// A bit for each index that occurs.
    occurring: Vec<u64>,
}

/// A table of labels and sparse features.
pub(crate) struct Grown {
    pub(crate) columns: [TableColumn; 2],
    pub(crate) pages: Pages,
    pub(crate) lines: Lines,
}

impl SparseGrowing {
    /// Errors: a setting that the format of this file has no use for; the folder of the cache cannot be written to.
    pub(crate) fn new(reader: &LibsvmReader, options: &ReadOptions) -> Result<Self> {
        let named = [
            ("--categorical", !options.categorical.is_empty()),
            ("--hash", !options.hashed.is_empty()),
            ("--date", !options.dates.is_empty()),
            ("--drop", !options.drop.is_empty()),
            ("--features", !options.only.is_empty()),
        ];
        if let Some((setting, _)) = named.into_iter().find(|(_, is_set)| *is_set) {
            return Err(DataError::SparseSetting { file: reader.name().to_owned(), setting });
        }
        Ok(Self {
            pages: PageBuilder::new(2, Holding::of(options))?,
            labels: ColumnFacts { whole: true, ..ColumnFacts::default() },
            lines: Lines::default(),
            n_stored: 0,
            first_index: reader.first_index,
            range: None,
            occurring: Vec::new(),
        })
    }

    pub(crate) fn n_records(&self) -> usize {
        self.pages.n_records()
    }

    /// Takes in the records of a file, and gives its fingerprint.
    ///
    /// Errors: those of its lines, if they are not shown to `on_reject`; the disk is full; `progress` breaks off.
    pub(crate) fn read(
        &mut self,
        reader: LibsvmReader,
        options: &ReadOptions,
        on_reject: Option<OnReject<'_>>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<String> {
        for_each_chunk(reader, options.threads, on_reject, progress, |rows| {
            self.push(rows)?;
            Ok(self.n_records())
        })
    }

    fn push(&mut self, rows: Rows) -> Result<()> {
        self.lines.append(self.n_records(), &rows.lines);
        self.n_stored += rows.values.len() as u64;
        if let (Some(&first), Some(&last)) = (rows.labels.first(), rows.labels.last()) {
            let facts = &mut self.labels;
            facts.n_numbers += rows.labels.len() as u64;
            facts.whole = facts.whole && rows.labels.iter().all(|label| label.fract() == 0.0);
            facts.ends = Some((facts.ends.map_or(first, |(first, _)| first), last));
            let none = facts.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
            facts.range = Some(rows.labels.iter().fold(none, |(low, high), &y| (low.min(y), high.max(y))));
        }
        if let Some((smallest, largest)) = rows.smallest.zip(rows.largest) {
            let (low, high) = self.range.unwrap_or((smallest, largest));
            self.range = Some((low.min(smallest), high.max(largest)));
            self.occurring.resize(self.occurring.len().max(largest as usize / 64 + 1), 0);
        }
        rows.indices.iter().for_each(|index| self.occurring[*index as usize / 64] |= 1 << (index % 64));
        let Rows { labels, starts, indices, values, .. } = rows;
        let n = labels.len();
        self.pages
            .push(&[PageColumn::Numbers(labels), PageColumn::Sparse { starts, indices, values }], n, || RECORD_BYTES)
    }

    /// The columns and their pages; `name` is that of the files.
    ///
    /// Errors: there is no record, or no feature; the disk is full.
    pub(crate) fn finish(self, name: &str) -> Result<Grown> {
        if self.n_records() == 0 {
            return Err(DataError::Empty { file: name.to_owned() });
        }
        let Some((smallest, largest)) = self.range else {
            return Err(DataError::NoFeatures { file: name.to_owned() });
        };
        let occurring = set_of(self.occurring, largest).ok_or(DataError::NoFeatures { file: name.to_owned() })?;
        let first_index = self.first_index.unwrap_or(smallest.min(1));
        let values = Values::Sparse { first_index, indices: occurring.iter().collect(), n_stored: self.n_stored };
        let pages = self.pages.finish(vec![Decode::Numbers, Decode::Sparse(occurring)], RECORD_BYTES)?;
        let label = TableColumn { name: LABEL.to_owned(), values: Values::Numbers, facts: self.labels };
        let features = TableColumn { name: FEATURES.to_owned(), values, facts: ColumnFacts::default() };
        Ok(Grown { columns: [label, features], pages, lines: self.lines })
    }
}

/// The indices whose bits are set; `None` where the largest is too large, which the lines have refused.
fn set_of(mut words: Vec<u64>, largest: u32) -> Option<BucketSet> {
    let bits = HashBits::new((u32::BITS - largest.leading_zeros()).max(HashBits::LEAST))?;
    words.resize(BucketSet::n_words(bits), 0);
    BucketSet::of_words(bits, words)
}

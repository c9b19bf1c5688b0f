//! Tables from files: CSV, Parquet and Arrow IPC to typed columns, columns to blocks, and rows of a stream for prediction.
//!
//! [`Table::read`] decides every column's type from the whole file, in one pass that never holds the text of the file;
//! [`Table::read_all`] makes one table of several files.
//! [`prepare()`] makes of a table what training needs: an encoding, raw columns and targets. [`SparseTable`] reads libsvm's
//! sparse text. [`RowEncoder`] encodes the records of a
//! stream with a model's encoding. With the feature `sql`, records can also be the result of a query, over files and object stores.

mod advice;
mod at;
#[cfg(feature = "arrow")]
mod batch;
mod column;
mod condition;
mod csv;
mod encode;
mod encoded;
mod error;
mod files;
mod flaw;
mod format;
#[cfg(feature = "arrow")]
mod frame_rows;
mod in_order;
mod inspect;
mod libsvm;
mod order;
mod pages;
mod prepare;
mod reader;
mod reject;
mod rereadable;
mod sieve;
mod source;
#[cfg(feature = "sql")]
mod sql;
mod table;

pub use advice::{foreign_word, quoted, quoted_list};
pub use at::At;
pub use column::{ColumnFacts, Place, TableColumn, Values};
pub use condition::{BoundCondition, Condition};
pub use csv::{CsvOptions, CsvReader, Decimal, Record, Row, csv_field, is_missing, parse_number};
pub use encode::{RowEncoder, RowState};
pub use encoded::{EncodedBuilder, EncodedRecords};
pub use error::{DataError, Result, Spilled};
pub use files::{Origin, find_files, is_url};
pub use flaw::Flaw;
pub use format::FileFormat;
#[cfg(feature = "arrow")]
pub use frame_rows::{FrameRows, FrameTargets};
pub use inspect::{ColumnSummary, HashedSummary, Suspicion, date_advice, summarize, suspicions};
pub use libsvm::SparseTable;
pub use pages::{LentNumbers, PageColumn};
pub use prepare::{
    Choices, ClassWeight, Combinations, FeatureCounts, FoldRule, Folds, Narrowed, Part, Prepared, SplitBy, SplitKind,
    SplitRule, Task, prepare,
};
pub use reader::Reader;
pub use reject::Reject;
pub use rereadable::Rereadable;
pub use sieve::{Sieve, SkipRule, TargetRange};
#[cfg(feature = "sql")]
pub use sql::Query;
pub use table::{CacheUse, DateColumn, HashedColumn, OnReject, Progress, ReadOptions, Storage, Table};
#[cfg(feature = "arrow")]
pub use table::{FrameColumn, FrameValues};

/// So many numbers in all, N·d, a page can show in time. The page refuses larger tables, and so does whatever makes a page of one.
pub const MOST_NUMBERS_OF_A_PAGE: usize = 2_000_000;

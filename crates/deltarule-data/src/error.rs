//! What can be wrong with a table: what was found, where, what was expected, and what to try.

mod spilled;
mod words;

use deltarule_model::number::{count, exact};
use thiserror::Error;

use crate::advice::quoted_list;
use crate::at::At;
use crate::column::WHOLE;
use crate::flaw::Flaw;
use crate::format::FileFormat;
pub use spilled::Spilled;
use spilled::spill_reason;
pub(crate) use words::known_names;
use words::{
    describe, instead_of_numbers, join_quoted, nothing_left, other_columns, same_columns, size_text, without_thousands,
    word_hint,
};

/// What can be wrong with a file, a column or a choice.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read.
    #[error("{file}: {}", describe(error))]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A folder instead of a file.
    #[error("{file}: is a folder; name a CSV file in it")]
    Folder {
        /// The folder.
        file: String,
    },
    /// A compressed file ends too early or is damaged.
    #[error("{file}: the {format} data is damaged or cut short ({reason}); copy or download it again")]
    Compression {
        /// The file.
        file: String,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// A line that is no record of JSON lines.
    #[error("{file}: line {line}: found {found}, expected {expected}")]
    Json {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What is there.
        found: String,
        /// What must be there.
        expected: String,
    },
    /// A token of libsvm's format that is not what stands there.
    #[error("{file}: line {line}, column {place}: found {found:?}, expected {expected}")]
    Libsvm {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The byte of the line at which the token begins, from 1.
        place: usize,
        /// The token.
        found: String,
        /// What must be there, and what to try.
        expected: String,
    },
    /// A setting that libsvm's format has no use for.
    #[error(
        "{setting}: found beside {file}, which is in libsvm's format: its features are numbers with an index, none of them missing; leave \
         {setting} out"
    )]
    SparseSetting {
        /// The file.
        file: String,
        /// The setting.
        setting: &'static str,
    },
    /// A table of columns for a model of libsvm's format.
    #[error(
        "{file}: has columns with names, and the model was trained on libsvm's format; expected lines of the form \
         label index:value …, with the indices of the training file"
    )]
    NotSparse {
        /// The file.
        file: String,
    },
    /// libsvm's format for a model of columns.
    #[error(
        "{file}: is in libsvm's format, whose features have an index and no name, and the model has columns with names; expected a \
         table with the columns {}", columns.join(", ")
    )]
    NoNames {
        /// The file.
        file: String,
        /// The model's columns.
        columns: Vec<String>,
    },
    /// A Parquet or Arrow file ends too early or is damaged.
    #[error("{file}: is damaged or cut short ({reason}); write or download it again")]
    Damaged {
        /// The file.
        file: String,
        /// What the decoder says.
        reason: String,
    },
    /// Values that are compressed in a way that is not read here.
    #[error(
        "{file}: column {column:?}: found values compressed with {codec}, which this build does not read, expected zstd, snappy, gzip, LZ4 or \
         none; write the file with one of these"
    )]
    Codec {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// How it is compressed.
        codec: &'static str,
    },
    /// A column of a type that is neither number, boolean nor text.
    #[error(
        "{file}: column {column:?}: found values of type {found}, expected numbers, booleans or texts; use --drop {}, or write \
         what is in it as columns of their own",
        quoted_list([column.as_str()])
    )]
    Unsupported {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// A whole number that f64 does not hold exactly.
    #[error(
        "{file}: {place}, column {column:?}: found {found}, expected {WHOLE}; \
         use --categorical {0} to take every value as a category, --hash {0} if they are too many for that, or --drop {0}",
        quoted_list([column.as_str()])
    )]
    Inexact {
        /// The file.
        file: String,
        /// The line, or the record of a file of batches, from 1.
        place: String,
        /// The column.
        column: String,
        /// The number.
        found: String,
    },
    /// The file holds something else than text in columns.
    #[error(
        "{file}: looks like {found}; deltarule reads CSV and JSON lines, plain or compressed with gzip or zstd, Parquet and Arrow: {advice}"
    )]
    NotCsv {
        /// The file.
        file: String,
        /// What it looks like.
        found: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The text is not UTF-8.
    #[error(
        "{file}: line {line}, column {column:?}: the bytes {found} are not UTF-8; is the file in Latin-1 or Windows-1252? \
         Try: iconv -f WINDOWS-1252 -t UTF-8 {file} > utf8.csv"
    )]
    Encoding {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// The bytes, escaped.
        found: String,
    },
    /// UTF-16, which a byte-order mark or zero bytes give away.
    #[error("{file}: is UTF-16 text, expected UTF-8; try: iconv -f UTF-16 -t UTF-8 {file} > utf8.csv")]
    Utf16 {
        /// The file.
        file: String,
    },
    /// Nothing in the file.
    #[error("{file}: is empty, expected a line of column names and at least one record")]
    Empty {
        /// The file.
        file: String,
    },
    /// A header, and nothing after it.
    #[error("{file}: has {n_columns} column names but no record; if its only line is data, try --no-header")]
    HeaderOnly {
        /// The file.
        file: String,
        /// How many names.
        n_columns: usize,
    },
    /// Two columns with one name.
    #[error(
        "{file}: columns {first} and {second} are both named {name:?}; names must differ: rename one of them, or use --no-header"
    )]
    DuplicateName {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A record with too many or too few fields.
    #[error("{file}: line {line}: found {}, expected {expected} as in the first line{hint}", count(*found as u64, "field"))]
    FieldCount {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// Fields found.
        found: usize,
        /// Fields expected.
        expected: usize,
        /// What could be the reason.
        hint: &'static str,
    },
    /// A quote that is never closed.
    #[error(
        "{file}: a quote in the record that begins on line {line} is never closed; close it, or double it (\"\") if it is part of the text"
    )]
    OpenQuote {
        /// The file.
        file: String,
        /// Where the record begins.
        line: u64,
    },
    /// Text after a closing quote.
    #[error(
        "{file}: line {line}, column {column:?}: found {found:?} after a closing quote, expected a delimiter or the end of the line; a quote \
         within text is written twice (\"\"){}",
        begin.map_or_else(String::new, |begin| format!("; or is a quote not closed in the record that begins on line {begin}?"))
    )]
    AfterQuote {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// The text.
        found: String,
        /// Where the record begins, if it has several lines: then no one knows where it ends.
        begin: Option<u64>,
    },
    /// A record that is too long to be one.
    #[error("{file}: the record that begins on line {line} is longer than {limit} MiB; is a quote not closed there?")]
    RecordTooLong {
        /// The file.
        file: String,
        /// Where the record begins.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// A delimiter that cannot be one.
    #[error("--delimiter: found {found:?}, expected one character such as , ; | or \\t")]
    Delimiter {
        /// What was given.
        found: String,
    },
    /// A column that is named in the settings but is not in the table.
    #[error("{file}: there is no column {name:?} ({setting}); {}", known_names(known, name))]
    NoColumn {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// The setting that names it.
        setting: &'static str,
        /// The columns there are.
        known: Vec<String>,
    },
    /// A pattern that no file's name fits.
    #[error(
        "{pattern}: no file has a name that fits, looked for in the folder {folder}; check the folder and the pattern (* ? [...])"
    )]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// The folder from which on files were looked for.
        folder: String,
    },
    /// A pattern that is none.
    #[error(
        "{pattern}: there is no such file, and as a pattern it cannot be read ({reason}); expected * ? [...] in it"
    )]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What takes a query or an object store, in a build without them.
    #[error(
        "{found}: this build knows no SQL and no object stores; expected files on this machine without --sql, or a build that does: in the \
         sources of deltarule, cargo install --path crates/deltarule --features sql (it needs Rust 1.94)"
    )]
    NoSql {
        /// What was asked for.
        found: String,
    },
    /// A query that cannot be run, or gives nothing that can be used.
    #[error("--sql: {reason}; {advice}")]
    Query {
        /// What was found, and where.
        reason: String,
        /// What was expected, and what to try.
        advice: String,
    },
    /// A table of a query, or an object, that cannot be read.
    #[error("{name}: {reason}; {advice}")]
    Place {
        /// What it is called.
        name: String,
        /// What was found.
        reason: String,
        /// What was expected, and what to try.
        advice: String,
    },
    /// Standard input, which can be read once, named twice.
    #[error("-: found twice, expected standard input (-) at most once among the files")]
    InputTwice,
    /// A file of libsvm's format beside one of columns.
    #[error(
        "{file}: is in libsvm's format, and {other}, which is to be a part of the same table, is not; expected that all of the files are, or none"
    )]
    SparseAmongFiles {
        /// The file.
        file: String,
        /// A file that has columns with names.
        other: String,
    },
    /// One of several files, whose columns are not those of the first.
    #[error(
        "{file}: {}, expected those of the first file, {first}, in any order: {}",
        other_columns(missing, further),
        same_columns(*format)
    )]
    OtherColumns {
        /// The file.
        file: String,
        /// The first file.
        first: String,
        /// Columns of the first file that this one lacks.
        missing: Vec<String>,
        /// Columns that the first file lacks.
        further: Vec<String>,
        /// The format of the file.
        format: FileFormat,
    },
    /// A column with numbers and words.
    #[error(
        "{file}: {at}, column {column:?}: found {word:?} in a column with {} and {}{}; \
         correct it, or {}",
        count(*n_numbers, "number"),
        count(*n_words, "other value"),
        word_hint(word),
        instead_of_numbers(column, *is_target)
    )]
    MixedColumn {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// The first word.
        word: String,
        /// How many numbers.
        n_numbers: u64,
        /// How many words.
        n_words: u64,
        /// Whether it is the target.
        is_target: bool,
    },
    /// Numbers whose thousands are separated.
    #[error(
        "{file}: {at}, column {column:?}: {word:?} looks like a number with separators of thousands; write such numbers without them, as {}{}",
        without_thousands(word),
        if *or_decimal { "; if the comma is their decimal sign: --decimal ," } else { "" }
    )]
    Thousands {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// The first one.
        word: String,
        /// Whether nothing speaks against a decimal comma.
        or_decimal: bool,
    },
    /// Numbers with a point, where the decimal sign is a comma.
    #[error(
        "{file}: {at}, column {column:?}: {word:?} looks like a number with a decimal point, beside --decimal ,; expected one decimal sign in \
         all columns: leave --decimal out if it is the point, and write the numbers of other columns without separators of thousands"
    )]
    DecimalPoint {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// The first one.
        word: String,
    },
    /// Numbers with a comma.
    #[error("{file}: {at}, column {column:?}: {word:?} looks like a number with a decimal comma; try --decimal ,")]
    DecimalComma {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// The first one.
        word: String,
    },
    /// A number that is infinite or too large or too small to be squared and summed.
    #[error(
        "{file}: {at}, column {column:?}: found {found}, expected 0 or a number between 1e-150 and 1e150 in size; \
         correct it, change the unit, or use --drop {}",
        quoted_list([column.as_str()])
    )]
    OutOfRange {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// What is there.
        found: String,
    },
    /// A number that f32 does not hold.
    #[error(
        "{file}: {at}, column {column:?}: found {found}, expected a number up to 3.4e38 in size, as --precision f32 holds; \
         use --precision f64"
    )]
    BeyondF32 {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// What is there.
        found: String,
    },
    /// Missing values, with `--missing error`.
    #[error(
        "{file}: values are missing in {list}, the first {} {at}; use --missing mean to take each column's mean \
         (and no level for a category), --missing drop to leave such records out, or --drop the column",
        at.on()
    )]
    Missing {
        /// The file.
        file: String,
        /// Columns with their counts.
        list: String,
        /// Where the first one is.
        at: At,
    },
    /// A field that does not fit the model's column.
    #[error("{file}: {at}, column {column:?}: found {found:?}, expected {expected}")]
    Value {
        /// The file.
        file: String,
        /// Where the record is.
        at: At,
        /// The column.
        column: String,
        /// The field.
        found: String,
        /// What the model has there.
        expected: Box<str>,
        /// What is wrong with it, in general.
        flaw: Flaw,
    },
    /// Columns that a model needs and a file lacks.
    #[error("{file}: the model needs {}, and the file has {}", join_quoted(missing), join_quoted(known))]
    MissingColumns {
        /// The file.
        file: String,
        /// Columns that are not there.
        missing: Vec<String>,
        /// Columns that are.
        known: Vec<String>,
    },
    /// A column with the name that what is made of another one gets.
    #[error(
        "{file}: found the column {name:?} beside the column {column:?}, from which an input of that name is made; expected another name; use --drop, or rename it"
    )]
    NameOfPart {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// The other column.
        column: String,
    },
    /// A column of which no other feature can be made.
    #[error("{file}: {option}, column {column:?}: found {found}, expected {expected}")]
    NoCombination {
        /// The file.
        file: String,
        /// The option that names it.
        option: &'static str,
        /// The column.
        column: String,
        /// What it is.
        found: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A text in a column of dates that is none.
    #[error("{file}: {at}, column {column:?}: found {found:?}{}, expected {expected}",
        if *n_words == 1 { String::new() } else { format!(" and {} more like it", n_words - 1) })]
    NotADate {
        /// The file.
        file: String,
        /// Where the first one is.
        at: At,
        /// The column.
        column: String,
        /// The first text that is no date.
        found: String,
        /// How many such texts there are.
        n_words: u64,
        /// What a date must look like, and what to try.
        expected: Box<str>,
    },
    /// Columns that must not be swallowed as features.
    #[error("{file}: {} cannot be used as a feature:\n{reasons}\nleave out with: --drop {}\nor, to use one all the same, name the features with --features, or it with --categorical{others}",
        if *count == 1 { "1 column".to_owned() } else { format!("{count} columns") }, drop)]
    Refused {
        /// The file.
        file: String,
        /// How many columns.
        count: usize,
        /// A line for each.
        reasons: String,
        /// The names, as `--drop` takes them.
        drop: String,
        /// Other ways to use some of them, a line for each.
        others: String,
    },
    /// A target that cannot be learned.
    #[error("{file}: target {column:?}: found {found}, expected {expected}")]
    Target {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What it holds.
        found: String,
        /// What it must hold.
        expected: String,
    },
    /// A column that cannot say how often records count.
    #[error(
        "{file}: --weight: column {column:?}: found {found}, expected a number from 0 on in every record, and one above 0"
    )]
    Weight {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What it holds.
        found: String,
    },
    /// Classes that cannot have weights.
    #[error("{file}: --class-weight: target {column:?}: found {found}, expected {expected}")]
    ClassWeight {
        /// The file.
        file: String,
        /// The target.
        column: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// No feature is left.
    #[error("{file}: no feature is left beside the target; name some with --features, or --drop less")]
    NoFeatures {
        /// The file.
        file: String,
    },
    /// No record is left.
    #[error(
        "{file}: no record is left: of {n_records}, {without_target} have no target and {with_missing} have missing values; try --missing mean"
    )]
    NoRecords {
        /// The file.
        file: String,
        /// Records in the file.
        n_records: usize,
        /// Those without a target.
        without_target: usize,
        /// Those with missing values.
        with_missing: usize,
    },
    /// The share of held-out records leaves nothing on one side.
    #[error(
        "--valid: found {}, expected a fraction between 0 and 1 that leaves at least one of {n_records} records on each side",
        exact(*found)
    )]
    Split {
        /// What was given.
        found: f64,
        /// How many records there are.
        n_records: usize,
    },
    /// Too few folds, or too many.
    #[error("--folds: found {found}, expected a number from 2 to {most} for {n_records} records; 5 and 10 are usual")]
    Folds {
        /// What was given.
        found: usize,
        /// How many records there are.
        n_records: usize,
        /// The largest number that there can be.
        most: usize,
    },
    /// A column that cannot decide which records are held out.
    #[error("{file}: --split-by, column {column:?}: found {found}, expected {expected}")]
    SplitBy {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What is in it.
        found: String,
        /// What must be in it, and what to try.
        expected: String,
    },
    /// A file that changed while it was read.
    #[error("{file}: changed while it was read; try again once nothing writes to it")]
    Changed {
        /// The file.
        file: String,
    },
    /// What cannot be written to a file.
    #[error("{place}: {spilled} cannot be written there: {}; make room, or {}", spill_reason(error), spilled.advice())]
    Spill {
        /// The folder, or the file that was asked for.
        place: String,
        /// What was to be written.
        spilled: Spilled,
        /// The system's error.
        error: std::io::Error,
    },
    /// Pages that cannot be read back.
    #[error(
        "{file}: the records from {record} on are not as they were written; is the disk sound?{}",
        if *is_cache { " Remove the cache: it will be made anew" } else { "" }
    )]
    PagesDamaged {
        /// The cache, or the folder that the file was in.
        file: String,
        /// Whether the file is a cache.
        is_cache: bool,
        /// The record, from 1.
        record: usize,
    },
    /// A file where a cache is to be, and that is none.
    #[error("{file}: is no cache of deltarule, expected one, or no file; name another file with --cache")]
    NotACache {
        /// The file.
        file: String,
    },
    /// A cache of another table.
    #[error(
        "{file}: is the cache of {found}, expected that of {expected}; name another file with --cache, or remove this one"
    )]
    OtherCache {
        /// The file.
        file: String,
        /// What it is the cache of.
        found: String,
        /// The table.
        expected: String,
    },
    /// A budget in which nothing can be done.
    #[error("--memory: found {}, expected at least {} for a table of so many columns", size_text(*found), size_text(*needed))]
    MemoryTooSmall {
        /// The bytes that were given.
        found: usize,
        /// The bytes that are needed.
        needed: usize,
    },
    /// A condition that cannot be read.
    #[error("--where, character {place}: found {found}, expected {expected}\n  {text}\n  {}^", " ".repeat(place - 1))]
    Condition {
        /// The condition.
        text: String,
        /// The character at which it is wrong, from 1.
        place: usize,
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: String,
    },
    /// A cache of a table of which records may be left out.
    #[error("--cache: found beside {setting}, expected one of them: a cache holds all records of its files")]
    CacheOfSome {
        /// The setting that leaves records out.
        setting: &'static str,
    },
    /// No record is left that could be used.
    #[error("{file}: no record is left: {}", nothing_left(*left_out, *rejected))]
    NothingLeft {
        /// The file.
        file: String,
        /// How many records do not satisfy the condition.
        left_out: u64,
        /// How many cannot be used.
        rejected: u64,
    },
    /// Reading was interrupted.
    #[error("interrupted while reading {file}")]
    Interrupted {
        /// The file.
        file: String,
    },
    /// The core refuses the data.
    #[error(transparent)]
    Core(#[from] deltarule_core::Error),
}

impl DataError {
    /// What is wrong with a column, where it is the target.
    pub(crate) fn of_target(mut self) -> Self {
        if let DataError::MixedColumn { is_target, .. } = &mut self {
            *is_target = true;
        }
        self
    }
}

/// A result with a data error.
pub type Result<T> = std::result::Result<T, DataError>;

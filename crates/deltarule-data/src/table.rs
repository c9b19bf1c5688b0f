//! A whole table as typed columns, whose values are in pages.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use deltarule_model::DateForm;
use serde::{Deserialize, Serialize};

use crate::at::At;
use crate::column::{Place, TableColumn, Values};
use crate::csv::{CsvOptions, CsvReader};
use crate::error::{DataError, Result};
use crate::files::{Origin, name_of_all};
use crate::format::FileFormat;
use crate::libsvm::{Grown, SparseGrowing};
use crate::pages::{Cached, PageColumn, Pages, Wanted, read_cache};
use crate::reader::name_of;
use crate::reject::Reject;
use crate::sieve::Sieve;
use crate::source::Source;

#[cfg(feature = "arrow")]
mod frame;
mod growing;
mod input;
mod lines;
mod options;
mod several;
mod storage;

#[cfg(feature = "arrow")]
pub use frame::{FrameColumn, FrameValues};
use growing::Growing;
use input::InputFiles;
pub(crate) use input::{copied, is_stream};
pub(crate) use lines::Lines;
pub(crate) use options::check_name;
pub use options::{DateColumn, HashedColumn, ReadOptions};
use several::{FilePlan, Watch, read_files};
pub use storage::{CacheUse, Storage};

/// What is shown each record that is left out since it cannot be used.
pub type OnReject<'r> = &'r mut dyn FnMut(Reject) -> Result<()>;

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records read.
    pub records: u64,
    /// Bytes of the file read, as stored.
    pub bytes: u64,
    /// The size of the file; `None` for a stream.
    pub total_bytes: Option<u64>,
}

/// A table: typed columns, and their values page by page.
#[derive(Debug)]
pub struct Table {
    name: String,
    /// Its files.
    files: Files,
    columns: Vec<TableColumn>,
    pages: Pages,
    fingerprint: String,
    lines: Lines,
    n_left_out: u64,
    cache: CacheUse,
}

/// The files of a table, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Files {
    names: Vec<String>,
    /// The first record of each.
    starts: Vec<usize>,
    /// What each is.
    formats: Vec<FileFormat>,
}

impl Files {
    /// Where a record of a file is, by its line or, where there are none, by its number.
    fn at(&self, file: usize, number: u64) -> At {
        match self.formats.get(file) {
            Some(format) if format.has_lines() => At::Line(number),
            _ => At::Record(number),
        }
    }

    /// Which file a record of the table is in.
    fn of(&self, record: usize) -> usize {
        self.starts.partition_point(|first| *first <= record).saturating_sub(1)
    }
}

impl Table {
    /// Reads a file in one pass; the types are those of the whole file. `-` is standard input.
    ///
    /// `progress` is shown how far it is, every megabyte or so, and may break off.
    ///
    /// A table that needs more memory than the options allow goes to a file without a name in the system's folder for temporary files,
    /// as far as it must; with a cache, all of it goes there, and the next run takes it from there if the file is the same.
    ///
    /// Errors: those of [`CsvReader`], a text that is not UTF-8, names in the options that are no columns, a file that changes while it
    /// is read, a full disk, a cache that is something else or of another table.
    pub fn read(
        path: &Path,
        csv: &CsvOptions,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        Self::read_all(&[path.to_owned()], csv, options, progress)
    }

    /// Reads several files as one table: its columns are those of the first, which the others have too, in any order; their formats
    /// may differ.
    ///
    /// Errors: those of [`read`](Self::read); a column that a file lacks, or has beyond those of the first.
    pub fn read_all(
        paths: &[PathBuf],
        csv: &CsvOptions,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        Self::read_sifted(paths, csv, options, &Sieve::default(), &mut |_| Ok(()), progress)
    }

    /// The same, without the records that the sieve holds back, each of which is shown to `on_reject` in the order of the files; the table is
    /// the one of files without them. Where records that cannot be used are left out, files are read twice, and a stream is copied first
    /// to a file in the system's folder for temporary files.
    ///
    /// Errors: those of [`read_all`](Self::read_all) and of `on_reject`; no record is left; a cache, which holds all records.
    pub fn read_sifted(
        paths: &[PathBuf],
        csv: &CsvOptions,
        options: &ReadOptions,
        sieve: &Sieve,
        on_reject: OnReject<'_>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        Self::read_from(&Origin::Files(paths.to_vec()), csv, options, sieve, on_reject, progress)
    }

    /// The same of files, or of the result of a query, which runs a second time where files are read twice.
    ///
    /// Errors: those of [`read_sifted`](Self::read_sifted) and of the query; a second run that gives something else than the first; a cache of a query.
    pub fn read_from(
        origin: &Origin,
        csv: &CsvOptions,
        options: &ReadOptions,
        sieve: &Sieve,
        on_reject: OnReject<'_>,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        sieve.check_cache(options.cache.is_some())?;
        let read = |progress: Watch<'_>, on_reject: OnReject<'_>| {
            let files = &mut InputFiles::of(origin, sieve, progress)?;
            let survey = files.survey(csv, options, sieve, progress)?;
            read_files(files, csv, options, (sieve, survey.as_ref()), on_reject, progress)
        };
        let Some(cache) = &options.cache else { return read(progress, on_reject) };
        #[cfg_attr(not(feature = "sql"), allow(clippy::infallible_destructuring_match))] // queries are the other origin
        let paths = match origin {
            Origin::Files(paths) => paths,
            #[cfg(feature = "sql")]
            Origin::Query(query) => return Err(query.cannot_be_cached()),
        };
        let source = Source::of(paths, csv, options)?;
        let remade = match Self::from_cache(paths, cache, &source, options)? {
            Ok(table) => return Ok(table),
            Err(remade) => remade,
        };
        let mut table = read(progress, on_reject)?;
        table.cache = CacheUse::Written { remade };
        let Self { files, columns, fingerprint, lines, .. } = &table;
        table.pages.keep(cache, &(&source, files, columns, fingerprint, lines))?;
        Ok(table)
    }

    /// Takes a table from its cache. The inner error is that there is none, or why it cannot be used.
    fn from_cache(
        paths: &[PathBuf],
        cache: &Path,
        source: &Source,
        options: &ReadOptions,
    ) -> Result<std::result::Result<Self, Option<&'static str>>> {
        type About = (Source, Files, Vec<TableColumn>, String, Lines);
        let names: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
        let whole = match read_cache::<About>(cache)? {
            Cached::Nothing => return Ok(Err(None)),
            Cached::Broken(reason) => return Ok(Err(Some(reason))),
            Cached::Whole(whole) => whole,
        };
        if whole.about.0.path() != source.path() {
            let (file, then) = (cache.display().to_string(), &whole.about.0);
            let (found, expected) = match (name_of_all(&whole.about.1.names), name_of_all(&names)) {
                // Of the same name, in two folders.
                (found, expected) if found == expected => (then.path().to_owned(), source.path().to_owned()),
                names => names,
            };
            return Err(DataError::OtherCache { file, found, expected });
        }
        if let Some(reason) = whole.about.0.differs_from(source) {
            return Ok(Err(Some(reason)));
        }
        if !whole.suits(&whole.about.2) {
            return Ok(Err(Some("its end is damaged")));
        }
        let ((_, Files { starts, formats, .. }, columns, fingerprint, lines), pages) =
            whole.into_pages(options.budget(), options.narrow)?;
        let (name, files) = (name_of_all(&names), Files { names, starts, formats });
        Ok(Ok(Self { name, files, columns, pages, fingerprint, lines, n_left_out: 0, cache: CacheUse::Read }))
    }

    /// The same, from an open reader.
    pub fn from_reader(
        reader: CsvReader,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let name = reader.name().to_owned();
        let (wishes, threads) = options.settle(&name, reader.header())?;
        let mut table = Growing::new(reader.header(), &wishes, reader.decimal(), options)?;
        let plan = FilePlan { place: 0, wishes, order: None, threads, gate: None };
        let format = reader.file_format();
        let fingerprint = table.read_csv(reader, &plan, &mut |_| Ok(()), progress)?;
        table.finish(Files { names: vec![name], starts: vec![0], formats: vec![format] }, fingerprint)
    }

    /// A table of labels and sparse features.
    ///
    /// Errors: there is no record, or no feature; the disk is full.
    fn of_sparse(table: SparseGrowing, files: Files, fingerprint: String) -> Result<Self> {
        let name = name_of_all(&files.names);
        let Grown { columns, pages, lines } = table.finish(&name)?;
        let columns = columns.to_vec();
        Ok(Self { name, files, columns, pages, fingerprint, lines, n_left_out: 0, cache: CacheUse::None })
    }

    /// The name of the file, or of all of them, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The format of each of its files.
    pub fn formats(&self) -> &[FileFormat] {
        &self.files.formats
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// How many records of the files are no part of it, since they do not satisfy the condition.
    pub fn n_left_out(&self) -> u64 {
        self.n_left_out
    }

    /// N.
    pub fn n_records(&self) -> usize {
        self.pages.n_records()
    }

    /// The sparse features of a table in libsvm's format: the index of the first, those that occur, and how many values are not 0.
    pub fn sparse(&self) -> Option<(u32, &[u32], u64)> {
        self.columns.iter().find_map(|column| match &column.values {
            Values::Sparse { first_index, indices, n_stored } => Some((*first_index, indices.as_slice(), *n_stored)),
            _ => None,
        })
    }

    /// How many values there are to compute with, zeros that are not stored left out.
    pub fn n_values(&self) -> usize {
        match self.sparse() {
            Some((.., n_stored)) => n_stored as usize,
            None => self.n_records() * self.columns.len(),
        }
    }

    pub(crate) fn pages(&self) -> &Pages {
        &self.pages
    }

    /// All values of a column at once, for tables that are small.
    ///
    /// Errors: those of the file that holds the pages.
    pub fn values_of(&self, column: usize) -> Result<PageColumn> {
        let (mut all, mut n) = (PageColumn::Missing, 0);
        self.pages.show_each(&Wanted::of([column]), |_, rows, columns| {
            all.extend(n, &columns[column], rows.clone());
            n += rows.len();
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// Where the table is held.
    pub fn storage(&self) -> Storage {
        Storage {
            in_memory: self.pages.n_in_memory(),
            on_disk: self.n_records() - self.pages.n_in_memory(),
            bytes_on_disk: self.pages.bytes_on_disk(),
            cache: self.cache.clone(),
        }
    }

    /// A hash of the text that was read, without its byte-order mark.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The name of the file that a record is in; `record` counts from 0.
    pub fn file(&self, record: usize) -> &str {
        self.file_at(self.files.of(record))
    }

    fn file_at(&self, file: usize) -> &str {
        self.files.names.get(file).map_or(&self.name, String::as_str)
    }

    /// Where in its file a record begins; `record` counts from 0.
    pub fn at(&self, record: usize) -> At {
        self.files.at(self.files.of(record), self.lines.of(record))
    }

    /// A column by its name.
    ///
    /// Errors: there is none; `setting` names it in the message.
    pub fn column(&self, name: &str, setting: &'static str) -> Result<&TableColumn> {
        Ok(&self.columns[self.position(name, setting)?])
    }

    /// The position of a column by its name.
    pub(crate) fn position(&self, name: &str, setting: &'static str) -> Result<usize> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        check_name(&self.name, &names, name, setting)
    }

    /// Whether a column can be computed with.
    ///
    /// Errors: it mixes numbers and words, or has a number out of range.
    pub fn check_usable(&self, column: &TableColumn) -> Result<()> {
        let (name, facts) = (column.name.clone(), &column.facts);
        let file = |place: &Place| self.file_at(place.file).to_owned();
        let at = |place: &Place| self.files.at(place.file, place.line);
        if let Some(word) = &facts.first_word
            && facts.n_words > 0
            && matches!(column.values, Values::Mixed | Values::Text { .. } | Values::Unique { .. })
        {
            let (file, at, word, all) = (file(word), at(word), word.text.clone(), facts.n_words);
            // Groups of three digits may be decimals as well, but not beside numbers that are whole.
            if facts.n_thousands == all {
                let or_decimal = facts.n_other_decimals == all && facts.n_numbers == 0 && word.contains(',');
                return Err(DataError::Thousands { file, at, column: name, word, or_decimal });
            }
            if facts.n_other_decimals == all {
                return Err(match word.contains('.') {
                    true => DataError::DecimalPoint { file, at, column: name, word },
                    false => DataError::DecimalComma { file, at, column: name, word },
                });
            }
        }
        if let Values::Unsupported(found) = &column.values {
            let file = self.name.clone();
            return Err(DataError::Unsupported { file, column: name, found: found.clone() });
        }
        if let (Values::Numbers, Some(place)) = (&column.values, &facts.inexact) {
            let (file, place, found) = (file(place), format!("record {}", place.line), place.text.clone());
            return Err(DataError::Inexact { file, place, column: name, found });
        }
        if let (Values::Numbers, Some(place)) = (&column.values, &facts.inexact_text) {
            let (file, place, found) = (file(place), format!("line {}", place.line), place.text.clone());
            return Err(DataError::Inexact { file, place, column: name, found });
        }
        if let (Values::Dates { format }, Some(word)) = (&column.values, &facts.first_word) {
            return Err(DataError::NotADate {
                file: file(word),
                at: at(word),
                column: name.clone(),
                found: word.text.clone(),
                n_words: facts.n_words,
                expected: match stands_for_missing(&word.text) {
                    true => format!("{}{OF_MISSING}", format.expected()).into(),
                    false => {
                        // Where a pattern was given, those that it reads count, too, and are not among the words.
                        let form = facts.dates.form().filter(|_| format.pattern().is_none());
                        let form = form.filter(|_| DateForm::of(&word.text) != Some(DateForm::NoSuchDay));
                        format!("{}; {}", format.expected(), format.hint(&name, &word.text, form.as_ref())).into()
                    }
                },
            });
        }
        match (&column.values, &facts.first_word, &facts.out_of_range) {
            (Values::Mixed, Some(word), _) => Err(DataError::MixedColumn {
                file: file(word),
                at: at(word),
                column: name,
                word: word.text.clone(),
                n_numbers: facts.n_numbers,
                n_words: facts.n_words,
                is_target: false,
            }),
            (Values::Numbers, _, Some(place)) => {
                Err(DataError::OutOfRange { file: file(place), at: at(place), column: name, found: place.text.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// What to do with words that stand for what is missing.
pub(crate) const OF_MISSING: &str = " (if it stands for what is missing, leave such fields empty, or write NA)";

/// Whether a word is one that people and programs write where there is no value.
pub(crate) fn stands_for_missing(word: &str) -> bool {
    let lower = word.trim_matches(['+', '-', '–', '—']).to_lowercase();
    let of_a_sheet = lower.starts_with('#') && lower.ends_with(['!', '?']);
    of_a_sheet || ["", "none", "nil", "n.a.", "n. a.", "missing", "unknown", "nat", "."].contains(&&*lower)
}

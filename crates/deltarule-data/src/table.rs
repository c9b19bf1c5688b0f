//! A whole table as typed columns, whose values are in pages.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, CellText, Cells, Piece, for_each_batch, guarded};
use crate::column::{ColumnBuilder, Place, TableColumn, Values, Wish};
use crate::csv::{CsvOptions, CsvReader, Decimal, Field, Format, PlainRecords, Record, Records};
use crate::error::{DataError, Result};
use crate::files::name_of_all;
use crate::in_order::map_in_order;
use crate::libsvm::{Grown, SparseGrowing};
use crate::pages::{Cached, Decode, Holding, PageBuilder, PageColumn, Pages, Wanted, read_cache};
use crate::reader::{Inner, name_of};
use crate::reject::Reject;
use crate::sieve::{Gate, Sieve, Verdict};
use crate::source::Source;

#[cfg(feature = "arrow")]
mod frame;
mod input;
mod lines;
mod options;
mod several;
mod storage;

#[cfg(feature = "arrow")]
pub use frame::{FrameColumn, FrameValues};
use input::InputFiles;
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
}

/// Consecutive records, column by column.
struct Rows {
    builders: Vec<ColumnBuilder>,
    n_records: usize,
    lines: Lines,
    /// Records that cannot be used, and are left out.
    rejects: Vec<Reject>,
    /// How many more are left out since they do not satisfy the condition.
    n_left_out: u64,
}

impl Rows {
    fn none(header: &[String], wishes: &[Wish], decimal: Decimal) -> Self {
        let names = header.iter().zip(wishes);
        let builders = names.map(|(name, wish)| ColumnBuilder::new(name, wish.clone(), decimal)).collect();
        Self { builders, n_records: 0, lines: Lines::default(), rejects: Vec::new(), n_left_out: 0 }
    }

    /// The records of a chunk, from the current one if that is `held_back`, from the next one otherwise.
    fn of(format: &Format, wishes: &[Wish], mut records: Records, held_back: bool) -> Result<Self> {
        let mut rows = Self::none(&format.header, wishes, format.decimal);
        if held_back {
            rows.push(format, &records.current())?;
        }
        let plain = PlainRecords::of(&records, format.decimal);
        if let Some(place) = plain.map(|plain| rows.push_plain(plain)) {
            records.go_to(place);
        }
        while records.advance() {
            rows.push(format, &records.current())?;
        }
        rows.builders.iter_mut().for_each(ColumnBuilder::settle);
        Ok(rows)
    }

    /// The same, without the records that the gate holds back.
    fn sifted(format: &Format, wishes: &[Wish], mut records: Records, held_back: bool, gate: &Gate) -> Result<Self> {
        let mut rows = Self::none(&format.header, wishes, format.decimal);
        if held_back {
            rows.sift(format, &records.current(), gate)?;
        }
        while records.advance() {
            rows.sift(format, &records.current(), gate)?;
        }
        rows.builders.iter_mut().for_each(ColumnBuilder::settle);
        Ok(rows)
    }

    fn sift(&mut self, format: &Format, record: &Record<'_>, gate: &Gate) -> Result<()> {
        match gate.judge_text(format, record)? {
            Verdict::Pass => self.push(format, record)?,
            Verdict::LeftOut => self.n_left_out += 1,
            Verdict::Bad(reject) => self.rejects.push(reject),
        }
        Ok(())
    }

    /// Takes the next record.
    ///
    /// Errors: it has too few or too many fields, or one that is not UTF-8.
    fn push(&mut self, format: &Format, record: &Record<'_>) -> Result<()> {
        format.check(record)?;
        self.lines.push(self.n_records, record.line);
        self.n_records += 1;
        for (index, builder) in self.builders.iter_mut().enumerate() {
            if !builder.is_skipped() && builder.push(record.trimmed(index), record.line).is_err() {
                format.text(record.trimmed(index), record.line, builder.name())?;
            }
        }
        Ok(())
    }

    /// Takes records, and gives the place behind them: the end of the chunk, or a record with which something is wrong, which
    /// [`push`](Self::push) then says.
    fn push_plain(&mut self, mut plain: PlainRecords<'_>) -> (usize, u64) {
        self.builders.iter_mut().for_each(|builder| builder.expect(plain.at_most()));
        while plain.next_record() {
            let place = plain.place();
            if !push_fields(&mut self.builders, &mut plain) {
                return place;
            }
            self.lines.push(self.n_records, place.1);
            self.n_records += 1;
        }
        plain.place()
    }

    /// The records of a piece of a file of batches. Their lines are their numbers within the piece.
    #[cfg(feature = "arrow")]
    fn of_piece(file: &str, header: &[String], wishes: &[Wish], piece: Piece) -> Result<Self> {
        let damaged = |reason: String| DataError::Damaged { file: file.to_owned(), reason };
        let wanted: Vec<bool> = wishes.iter().map(|wish| *wish != Wish::Skip).collect();
        let mut rows = Self::none(header, wishes, Decimal::Point);
        for batch in piece.batches(&wanted)? {
            let batch = batch.map_err(|error| damaged(error.to_string()))?;
            let (n, first) = (batch.num_rows(), rows.n_records as u64 + 1);
            let builders = rows.builders.iter_mut().filter(|builder| !builder.is_skipped());
            for (builder, array) in builders.zip(batch.columns()) {
                let cells = Cells::of(array).map_err(|error| damaged(error.to_string()))?;
                builder.push_cells(&cells, 0..n, first);
            }
            if n > 0 {
                rows.lines.push(rows.n_records, first);
            }
            rows.n_records += n;
        }
        rows.builders.iter_mut().for_each(ColumnBuilder::settle);
        Ok(rows)
    }

    /// The same, without the records that the gate holds back, and how many there were with them.
    #[cfg(feature = "arrow")]
    fn sifted_piece(
        file: &str,
        header: &[String],
        wishes: &[Wish],
        piece: Piece,
        gate: &Gate,
    ) -> Result<(Self, usize)> {
        let wanted = gate.wanted(wishes);
        let mut rows = Self::none(header, wishes, Decimal::Point);
        let (mut n_seen, mut wrong) = (0, Ok(()));
        for_each_batch(file, piece, &wanted, |n, cells| {
            let first = n_seen as u64 + 1;
            let mut text = CellText::default();
            let mut kept = Vec::with_capacity(n);
            for row in 0..n {
                let record = text.record(cells, row, first + row as u64);
                let value = |place: usize| cells[place].value(row);
                match gate.judge(file, &record, header, Decimal::Point, value) {
                    Ok(Verdict::Pass) => kept.push(row),
                    Ok(Verdict::LeftOut) => rows.n_left_out += 1,
                    Ok(Verdict::Bad(reject)) => rows.rejects.push(reject),
                    Err(error) if wrong.is_ok() => wrong = Err(error),
                    Err(_) => {}
                }
            }
            for run in kept.chunk_by(|row, next| row + 1 == *next) {
                let run = run[0]..run[0] + run.len();
                rows.lines.push(rows.n_records, first + run.start as u64);
                for (builder, cells) in rows.builders.iter_mut().zip(cells).filter(|(builder, _)| !builder.is_skipped())
                {
                    builder.push_cells(cells, run.clone(), first);
                }
                rows.n_records += run.len();
            }
            n_seen += n;
        })?;
        wrong?;
        rows.builders.iter_mut().for_each(ColumnBuilder::settle);
        Ok((rows, n_seen))
    }

    /// Counts the places of values, which were counted within a piece, from the begin of the file, `before` records earlier.
    #[cfg(feature = "arrow")]
    fn renumber(&mut self, before: u64) {
        self.builders.iter_mut().for_each(|builder| builder.renumber(before));
        self.lines.jumps.iter_mut().for_each(|(_, line)| *line += before);
        self.rejects.iter_mut().for_each(|reject| reject.line += before);
    }
}

/// A table under construction: what is known of its columns, and the pages so far.
struct Growing {
    builders: Vec<ColumnBuilder>,
    lines: Lines,
    pages: PageBuilder,
    /// How many records do not satisfy the condition.
    n_left_out: u64,
}

impl Growing {
    /// Errors: the folder of the cache cannot be written to.
    fn new(header: &[String], wishes: &[Wish], decimal: Decimal, options: &ReadOptions) -> Result<Self> {
        let Rows { builders, lines, .. } = Rows::none(header, wishes, decimal);
        Ok(Self { builders, lines, pages: PageBuilder::new(header.len(), Holding::of(options))?, n_left_out: 0 })
    }

    fn n_records(&self) -> usize {
        self.pages.n_records()
    }

    /// The names of the columns.
    fn names(&self) -> Vec<String> {
        self.builders.iter().map(|builder| builder.name().to_owned()).collect()
    }

    /// Takes in the records that follow, of a file with this plan.
    fn append(&mut self, further: Rows, plan: &FilePlan) -> Result<()> {
        self.lines.append(self.n_records(), &further.lines);
        self.n_left_out += further.n_left_out;
        let mut parts: Vec<Option<ColumnBuilder>> = further.builders.into_iter().map(Some).collect();
        let further_builders = (0..parts.len()).filter_map(|column| {
            let mut part = parts[plan.order.as_ref().map_or(column, |order| order[column])].take();
            part.iter_mut().for_each(|part| part.is_of_file(plan.place));
            part
        });
        let columns = self.builders.iter_mut().zip(further_builders);
        let values: Vec<PageColumn> = columns.map(|(builder, further)| builder.append(further)).collect();
        let builders = &self.builders;
        self.pages.push(&values, further.n_records, || builders.iter().map(ColumnBuilder::value_bytes).sum())
    }

    /// The table, once all records are in.
    ///
    /// Errors: there is none; the disk is full.
    fn finish(self, files: Files, fingerprint: String) -> Result<Table> {
        let name = name_of_all(&files.names);
        if self.n_records() == 0 {
            return Err(DataError::HeaderOnly { file: name, n_columns: self.builders.len() });
        }
        let value_bytes = self.builders.iter().map(ColumnBuilder::value_bytes).sum();
        let (columns, decode): (Vec<TableColumn>, Vec<Decode>) =
            self.builders.into_iter().map(ColumnBuilder::finish).unzip();
        let pages = self.pages.finish(decode, value_bytes)?;
        let (lines, n_left_out) = (self.lines, self.n_left_out);
        Ok(Table { name, files, columns, pages, fingerprint, lines, n_left_out, cache: CacheUse::None })
    }
}

impl Growing {
    /// Takes in the records of a file, and gives its fingerprint.
    fn read_file(
        &mut self,
        file: Inner,
        plan: &FilePlan,
        options: &ReadOptions,
        on_reject: OnReject<'_>,
        progress: Watch<'_>,
    ) -> Result<String> {
        #[cfg(not(feature = "arrow"))]
        let _ = options;
        match file {
            Inner::Csv(reader) => self.read_csv(*reader, plan, on_reject, progress),
            // Such files become a table of another kind.
            Inner::Libsvm(reader) => {
                let (file, other) = (reader.name().to_owned(), String::new());
                Err(DataError::SparseAmongFiles { file, other })
            }
            #[cfg(feature = "arrow")]
            Inner::Batches(reader) => self.read_batches(*reader, plan, options, on_reject, progress),
        }
    }

    /// Takes in the records of a CSV file, and gives its fingerprint.
    fn read_csv(
        &mut self,
        reader: CsvReader,
        plan: &FilePlan,
        on_reject: OnReject<'_>,
        progress: Watch<'_>,
    ) -> Result<String> {
        let (format, records, held_back, mut chunks) = reader.into_parts();
        let (bytes_read, total_bytes) = (chunks.bytes_counter(), chunks.total_bytes);
        let mut first = Some((records, held_back));
        map_in_order(
            plan.threads,
            || match first.take() {
                Some(first) => Ok(Some(first)),
                None => Ok(chunks.next()?.map(|chunk| (format.records(chunk), false))),
            },
            |(records, held_back)| match &plan.gate {
                Some(gate) => Rows::sifted(&format, &plan.wishes, records, held_back, gate),
                None => Rows::of(&format, &plan.wishes, records, held_back),
            },
            |mut further| {
                further.rejects.drain(..).try_for_each(&mut *on_reject)?;
                self.append(further, plan)?;
                let bytes = bytes_read.load(Ordering::Relaxed);
                match progress(Progress { records: self.n_records() as u64, bytes, total_bytes }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: format.name.to_string() }),
                }
            },
        )?;
        Ok(chunks.fingerprint())
    }

    /// Takes in the records of a file of batches, and gives its fingerprint.
    #[cfg(feature = "arrow")]
    fn read_batches(
        &mut self,
        mut reader: BatchReader,
        plan: &FilePlan,
        options: &ReadOptions,
        on_reject: OnReject<'_>,
        progress: Watch<'_>,
    ) -> Result<String> {
        let (name, header) = (reader.name().clone(), reader.header().to_vec());
        let threads = plan.threads.min(options.pieces_at_once(reader.largest_piece()));
        let mut n_seen = 0;
        map_in_order(
            threads,
            || reader.next_piece(),
            |piece| {
                guarded(&name, || match &plan.gate {
                    Some(gate) => Rows::sifted_piece(&name, &header, &plan.wishes, piece, gate),
                    None => {
                        let rows = Rows::of_piece(&name, &header, &plan.wishes, piece)?;
                        let n_records = rows.n_records;
                        Ok((rows, n_records))
                    }
                })
            },
            |(mut further, n)| {
                further.renumber(n_seen);
                n_seen += n as u64;
                further.rejects.drain(..).try_for_each(&mut *on_reject)?;
                self.append(further, plan)?;
                match progress(Progress { records: self.n_records() as u64, bytes: 0, total_bytes: None }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.to_string() }),
                }
            },
        )?;
        Ok(reader.fingerprint().to_owned())
    }
}

/// Hands the fields of a record to their columns; false if there is not one for each, or one is not UTF-8.
fn push_fields(builders: &mut [ColumnBuilder], plain: &mut PlainRecords<'_>) -> bool {
    let (_, line) = plain.place();
    for builder in builders {
        if !plain.goes_on() {
            return false;
        }
        let text = if builder.takes_numbers() {
            match plain.next_field() {
                Field::Number(number) => {
                    builder.push_short(number);
                    continue;
                }
                Field::Text(text) => text,
            }
        } else {
            plain.next_text()
        };
        if !builder.is_skipped() && builder.push(text.trim_ascii(), line).is_err() {
            return false;
        }
    }
    !plain.goes_on()
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
        sieve.check_cache(options.cache.is_some())?;
        let read = |progress: Watch<'_>, on_reject: OnReject<'_>| {
            let files = &mut InputFiles::of(paths, sieve, progress)?;
            let survey = files.survey(csv, options, sieve, progress)?;
            read_files(files, csv, options, (sieve, survey.as_ref()), on_reject, progress)
        };
        let Some(cache) = &options.cache else { return read(progress, on_reject) };
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
            let (file, found) = (cache.display().to_string(), name_of_all(&whole.about.1.names));
            return Err(DataError::OtherCache { file, found, expected: name_of_all(&names) });
        }
        if let Some(reason) = whole.about.0.differs_from(source) {
            return Ok(Err(Some(reason)));
        }
        if !whole.suits(&whole.about.2) {
            return Ok(Err(Some("its end is damaged")));
        }
        let ((_, Files { starts, .. }, columns, fingerprint, lines), pages) =
            whole.into_pages(options.budget(), options.narrow)?;
        let (name, files) = (name_of_all(&names), Files { names, starts });
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
        let fingerprint = table.read_csv(reader, &plan, &mut |_| Ok(()), progress)?;
        table.finish(Files { names: vec![name], starts: vec![0] }, fingerprint)
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
        let after = self.files.starts.partition_point(|first| *first <= record);
        self.file_at(after.saturating_sub(1))
    }

    fn file_at(&self, file: usize) -> &str {
        self.files.names.get(file).map_or(&self.name, String::as_str)
    }

    /// The line of its file on which a record begins; `record` counts from 0.
    pub fn line(&self, record: usize) -> u64 {
        self.lines.of(record)
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
        if let Some(word) = &facts.first_word
            && facts.n_decimal_commas > 0
            && facts.n_decimal_commas == facts.n_words
            && matches!(column.values, Values::Mixed | Values::Text { .. } | Values::Unique { .. })
        {
            let (file, line, word) = (file(word), word.line, word.text.clone());
            return Err(DataError::DecimalComma { file, line, column: name, word });
        }
        if let Values::Unsupported(found) = &column.values {
            let file = self.name.clone();
            return Err(DataError::Unsupported { file, column: name, found: found.clone() });
        }
        if let (Values::Numbers, Some(place)) = (&column.values, &facts.inexact) {
            let (file, record, found) = (file(place), place.line, place.text.clone());
            return Err(DataError::Inexact { file, record, column: name, found });
        }
        if let (Values::Dates { format }, Some(word)) = (&column.values, &facts.first_word) {
            return Err(DataError::NotADate {
                file: file(word),
                line: word.line,
                column: name.clone(),
                found: word.text.clone(),
                n_words: facts.n_words,
                expected: format!("{}; {}", format.expected(), format.hint(&name, &word.text)),
            });
        }
        match (&column.values, &facts.first_word, &facts.out_of_range) {
            (Values::Mixed, Some(word), _) => Err(DataError::MixedColumn {
                file: file(word),
                line: word.line,
                column: name,
                hint: word_hint(&word.text),
                word: word.text.clone(),
                n_numbers: facts.n_numbers,
                n_words: facts.n_words,
            }),
            (Values::Numbers, _, Some(place)) => Err(DataError::OutOfRange {
                file: file(place),
                line: place.line,
                column: name,
                found: place.text.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// What a word in a column of numbers could be.
fn word_hint(word: &str) -> &'static str {
    let digits = word.bytes().any(|c| c.is_ascii_digit());
    let lower = word.trim_start_matches(['+', '-']).to_lowercase();
    let of_missing = ["", "none", "nil", "n.a.", "n. a.", "#n/a", "missing", "unknown", "<na>", "."];
    if lower.starts_with("inf") {
        " (an infinite value cannot be learned from)"
    } else if of_missing.contains(&&*lower) {
        " (if it stands for what is missing, leave such fields empty, or write NA)"
    } else if !digits {
        ""
    } else if word.contains('%') {
        " (a percentage: write the number alone)"
    } else if word.contains(',') {
        " (a separator of thousands? write the number without it)"
    } else if word.contains(['$', '€', '£']) {
        " (a currency: write the number alone)"
    } else {
        ""
    }
}

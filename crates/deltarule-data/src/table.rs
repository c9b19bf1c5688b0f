//! A whole table in memory, as typed columns.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;

#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, Cells, Piece, guarded};
use crate::column::{ColumnBuilder, TableColumn, Values, Wish};
use crate::csv::{CsvOptions, CsvReader, Decimal, Field, Format, PlainRecords, Record, Records};
use crate::error::{DataError, Result};
use crate::in_order::map_in_order;
use crate::reader::{Inner, Reader};

/// How the columns of a table are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Columns that are categories, whatever they hold.
    pub categorical: Vec<String>,
    /// Columns that are not read.
    pub drop: Vec<String>,
    /// If there are any, no other columns are read, and these are kept whatever they hold.
    pub only: Vec<String>,
    /// How many threads parse; `None`: as many as there are. The table does not depend on it.
    pub threads: Option<NonZeroUsize>,
}

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

/// A table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<TableColumn>,
    n_records: usize,
    fingerprint: String,
    lines: Lines,
}

/// The line of every record, where it is not simply the next one.
#[derive(Debug, Clone, PartialEq, Default)]
struct Lines {
    /// From this record on, its line and those after it.
    jumps: Vec<(usize, u64)>,
}

impl Lines {
    fn push(&mut self, record: usize, line: u64) {
        if self.of(record) != line {
            self.jumps.push((record, line));
        }
    }

    /// Takes in the lines of the records that follow the first `n`.
    fn append(&mut self, n: usize, further: &Lines) {
        for (record, line) in &further.jumps {
            self.push(n + record, *line);
        }
    }

    fn of(&self, record: usize) -> u64 {
        let after = self.jumps.partition_point(|(first, _)| *first <= record);
        match after.checked_sub(1).and_then(|before| self.jumps.get(before)) {
            Some((first, line)) => line + (record - first) as u64,
            None => 0,
        }
    }
}

/// Consecutive records, column by column.
struct Rows {
    builders: Vec<ColumnBuilder>,
    n_records: usize,
    lines: Lines,
}

impl Rows {
    fn none(header: &[String], wishes: &[Wish], decimal: Decimal) -> Self {
        let names = header.iter().zip(wishes);
        let builders = names.map(|(name, wish)| ColumnBuilder::new(name, *wish, decimal)).collect();
        Self { builders, n_records: 0, lines: Lines::default() }
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
                builder.push_cells(&cells, n, first);
            }
            if n > 0 {
                rows.lines.push(rows.n_records, first);
            }
            rows.n_records += n;
        }
        Ok(rows)
    }

    /// Counts the places of values, which were counted within a piece, from the begin of the file, `before` records earlier.
    #[cfg(feature = "arrow")]
    fn renumber(&mut self, before: u64) {
        self.builders.iter_mut().for_each(|builder| builder.renumber(before));
        self.lines.jumps.iter_mut().for_each(|(_, line)| *line += before);
    }

    /// Takes in the records that follow.
    fn append(&mut self, further: Self) {
        for (builder, further) in self.builders.iter_mut().zip(further.builders) {
            builder.append(further);
        }
        self.lines.append(self.n_records, &further.lines);
        self.n_records += further.n_records;
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
    /// Errors: those of [`CsvReader`], a text that is not UTF-8, names in the options that are no columns.
    pub fn read(
        path: &Path,
        csv: &CsvOptions,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        match Reader::open(path, csv)?.inner {
            Inner::Csv(reader) => Self::from_reader(*reader, options, progress),
            #[cfg(feature = "arrow")]
            Inner::Batches(reader) => Self::from_batches(*reader, options, progress),
        }
    }

    /// The same, from an open reader.
    pub fn from_reader(
        reader: CsvReader,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let (format, records, held_back, mut chunks) = reader.into_parts();
        let file = || format.name.to_string();
        let (wishes, threads) = options.settle(&format.name, &format.header)?;
        let (bytes_read, total_bytes) = (chunks.bytes_counter(), chunks.total_bytes);
        let mut rows = Rows::none(&format.header, &wishes, format.decimal);
        let mut first = Some((records, held_back));
        map_in_order(
            threads,
            || match first.take() {
                Some(first) => Ok(Some(first)),
                None => Ok(chunks.next()?.map(|chunk| (format.records(chunk), false))),
            },
            |(records, held_back)| Rows::of(&format, &wishes, records, held_back),
            |further| {
                rows.append(further);
                let bytes = bytes_read.load(Ordering::Relaxed);
                match progress(Progress { records: rows.n_records as u64, bytes, total_bytes }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: file() }),
                }
            },
        )?;
        if rows.n_records == 0 {
            return Err(DataError::HeaderOnly { file: file(), n_columns: format.header.len() });
        }
        let columns = rows.builders.into_iter().map(ColumnBuilder::finish).collect();
        let (n_records, lines) = (rows.n_records, rows.lines);
        Ok(Self { name: file(), columns, n_records, fingerprint: chunks.fingerprint(), lines })
    }

    /// The same, from a file of batches.
    #[cfg(feature = "arrow")]
    fn from_batches(
        mut reader: BatchReader,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let (name, header) = (reader.name().clone(), reader.header().to_vec());
        let (wishes, threads) = options.settle(&name, &header)?;
        let mut rows = Rows::none(&header, &wishes, Decimal::Point);
        map_in_order(
            threads,
            || reader.next_piece(),
            |piece| guarded(&name, || Rows::of_piece(&name, &header, &wishes, piece)),
            |mut further| {
                further.renumber(rows.n_records as u64);
                rows.append(further);
                match progress(Progress { records: rows.n_records as u64, bytes: 0, total_bytes: None }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.to_string() }),
                }
            },
        )?;
        if rows.n_records == 0 {
            return Err(DataError::HeaderOnly { file: name.to_string(), n_columns: header.len() });
        }
        let columns = rows.builders.into_iter().map(ColumnBuilder::finish).collect();
        let (n_records, lines, fingerprint) = (rows.n_records, rows.lines, reader.fingerprint().to_owned());
        Ok(Self { name: name.to_string(), columns, n_records, fingerprint, lines })
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// N.
    pub fn n_records(&self) -> usize {
        self.n_records
    }

    /// A hash of the text that was read, without its byte-order mark.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The line on which a record begins; `record` counts from 0.
    pub fn line(&self, record: usize) -> u64 {
        self.lines.of(record)
    }

    /// A column by its name.
    ///
    /// Errors: there is none; `setting` names it in the message.
    pub fn column(&self, name: &str, setting: &'static str) -> Result<&TableColumn> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let index = check_name(&self.name, &names, name, setting)?;
        Ok(&self.columns[index])
    }

    /// Whether a column can be computed with.
    ///
    /// Errors: it mixes numbers and words, or has a number out of range.
    pub fn check_usable(&self, column: &TableColumn) -> Result<()> {
        let (file, name, facts) = (self.name.clone(), column.name.clone(), &column.facts);
        if let Some(word) = &facts.first_word
            && facts.n_decimal_commas > 0
            && facts.n_decimal_commas == facts.n_words
            && matches!(column.values, Values::Mixed | Values::Text { .. } | Values::Unique)
        {
            let (line, word) = (word.line, word.text.clone());
            return Err(DataError::DecimalComma { file, line, column: name, word });
        }
        if let Values::Unsupported(found) = &column.values {
            return Err(DataError::Unsupported { file, column: name, found: found.clone() });
        }
        if let (Values::Numbers(_), Some(place)) = (&column.values, &facts.inexact) {
            return Err(DataError::Inexact { file, record: place.line, column: name, found: place.text.clone() });
        }
        match (&column.values, &facts.first_word, &facts.out_of_range) {
            (Values::Mixed, Some(word), _) => Err(DataError::MixedColumn {
                file,
                line: word.line,
                column: name,
                hint: word_hint(&word.text),
                word: word.text.clone(),
                n_numbers: facts.n_numbers,
                n_words: facts.n_words,
            }),
            (Values::Numbers(_), _, Some(place)) => {
                Err(DataError::OutOfRange { file, line: place.line, column: name, found: place.text.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// What a word in a column of numbers could be.
fn word_hint(word: &str) -> &'static str {
    let digits = word.bytes().any(|c| c.is_ascii_digit());
    let lower = word.trim_start_matches(['+', '-']).to_lowercase();
    if lower.starts_with("inf") {
        " (an infinite value cannot be learned from)"
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

fn check_name(file: &str, names: &[String], wanted: &str, setting: &'static str) -> Result<usize> {
    names.iter().position(|name| name == wanted).ok_or_else(|| DataError::NoColumn {
        file: file.to_owned(),
        name: wanted.to_owned(),
        setting,
        known: names.to_vec(),
    })
}

impl ReadOptions {
    /// What becomes of each column, and on how many threads. Errors: an option names a column that is not there.
    fn settle(&self, file: &str, header: &[String]) -> Result<(Vec<Wish>, usize)> {
        for (setting, named) in
            [("--categorical", &self.categorical), ("--drop", &self.drop), ("--features", &self.only)]
        {
            for column in named {
                check_name(file, header, column, setting)?;
            }
        }
        let wishes = header.iter().map(|column| self.wish(column)).collect();
        let threads = self.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        Ok((wishes, threads))
    }

    fn wish(&self, column: &str) -> Wish {
        let named = |list: &[String]| list.iter().any(|name| name == column);
        if named(&self.drop) || (!self.only.is_empty() && !named(&self.only)) {
            Wish::Skip
        } else if named(&self.categorical) {
            Wish::Text
        } else if named(&self.only) {
            Wish::Keep
        } else {
            Wish::Decide
        }
    }
}

//! A table of columns under construction: records of CSV and of batches to columns, chunk by chunk.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use super::several::{FilePlan, Watch};
use super::{CacheUse, Files, Lines, OnReject, Progress, ReadOptions, Table};
#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, CellText, Cells, Piece, for_each_batch, guarded};
use crate::column::{ColumnBuilder, TableColumn, Wish};
use crate::csv::{CsvReader, Decimal, Field, Format, PlainRecords, Record, Records};
use crate::error::{DataError, Result};
use crate::files::name_of_all;
use crate::in_order::map_in_order;
use crate::pages::{Decode, Holding, PageBuilder, PageColumn};
use crate::reject::Reject;
use crate::sieve::{Gate, Verdict};

/// Consecutive records, column by column.
pub(super) struct Rows {
    pub(super) builders: Vec<ColumnBuilder>,
    pub(super) n_records: usize,
    lines: Lines,
    /// Records that cannot be used, and are left out.
    rejects: Vec<Reject>,
    /// How many more are left out since they do not satisfy the condition.
    n_left_out: u64,
}

impl Rows {
    pub(super) fn none(header: &[String], wishes: &[Wish], decimal: Decimal) -> Self {
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
        let line = record.at.number();
        self.lines.push(self.n_records, line);
        self.n_records += 1;
        for (index, builder) in self.builders.iter_mut().enumerate() {
            if !builder.is_skipped() && builder.push(record.trimmed(index), line).is_err() {
                format.text(record.trimmed(index), line, builder.name())?;
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
        self.rejects.iter_mut().for_each(|reject| reject.at = reject.at.plus(before));
    }
}

/// A table under construction: what is known of its columns, and the pages so far.
pub(super) struct Growing {
    pub(super) builders: Vec<ColumnBuilder>,
    lines: Lines,
    pub(super) pages: PageBuilder,
    /// How many records do not satisfy the condition.
    pub(super) n_left_out: u64,
}

impl Growing {
    /// Errors: the folder of the cache cannot be written to.
    pub(super) fn new(header: &[String], wishes: &[Wish], decimal: Decimal, options: &ReadOptions) -> Result<Self> {
        let Rows { builders, lines, .. } = Rows::none(header, wishes, decimal);
        Ok(Self { builders, lines, pages: PageBuilder::new(header.len(), Holding::of(options))?, n_left_out: 0 })
    }

    pub(super) fn n_records(&self) -> usize {
        self.pages.n_records()
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
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

    /// Dates of a further file are read as those of the first, whose columns stand at these places in it.
    pub(super) fn set_dates(&self, wishes: &mut [Wish], order: Option<&[usize]>) {
        for (place, builder) in self.builders.iter().enumerate() {
            let wish = wishes.get_mut(order.map_or(place, |order| order[place]));
            if let (Some(format), Some(Wish::Date(of_file))) = (builder.date_format(), wish) {
                *of_file = format.clone();
            }
        }
    }

    /// The table, once all records are in.
    ///
    /// Errors: there is none; the disk is full.
    pub(super) fn finish(self, files: Files, fingerprint: String) -> Result<Table> {
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
    /// Takes in the records of a CSV file, and gives its fingerprint.
    pub(super) fn read_csv(
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
    pub(super) fn read_batches(
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
        Ok(reader.fingerprint())
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

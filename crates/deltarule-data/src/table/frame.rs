//! Tables of columns that are in memory already: arrays of Arrow, and rows of numbers that stand one after the other.
//!
//! They mean what the same columns mean in a Parquet file. Numbers stay where they are: those of f64 without a gap are shown to the core in
//! place, others become f64 a page at a time whenever they are looked at, unless they are few. Texts become codes.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, UInt64Array};
use arrow_schema::DataType;

use super::growing::{Growing, Rows};
use super::{CacheUse, Files, Progress, ReadOptions, Table};
use crate::batch::{Cells, zone_of};
use crate::column::{ColumnBuilder, ColumnFacts, TableColumn, Values, Wish};
use crate::csv::{Decimal, Fingerprint};
use crate::error::{DataError, Result};
use crate::format::FileFormat;
use crate::in_order::map_in_order;
use crate::pages::{Decode, LateColumns, LateNumbers, LentNumbers, PAGE_ROWS, PageColumn, Pages, Wanted};

/// A column in memory.
#[derive(Debug, Clone)]
pub struct FrameColumn {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: FrameValues,
}

/// The values of a column in memory.
#[derive(Debug, Clone)]
pub enum FrameValues {
    /// Arrays of Arrow of one type, one after the other.
    Arrays(Vec<ArrayRef>),
    /// Every `stride`-th number of an array, from `first` on: a column of a table that is held row by row.
    Strided {
        /// Whole numbers or floats, without a gap.
        array: ArrayRef,
        /// The place of the first.
        first: usize,
        /// From each to the next.
        stride: usize,
    },
    /// Classes as codes of their names, which are taken as they are: no name is a word for missing.
    Classes {
        /// The code of each record.
        codes: Arc<[u32]>,
        /// The names, sorted by their bytes.
        names: Vec<String>,
    },
    /// Many numbers of which most are 0, row by row: record `r` has the values from `starts[r]` to `starts[r + 1]`.
    Sparse {
        /// N + 1 places.
        starts: Arc<[usize]>,
        /// The index of each value, counted from 0, ascending within a record.
        indices: Arc<[u32]>,
        /// The values; zeros are left out.
        values: Arc<[f64]>,
    },
}

impl FrameColumn {
    /// How many records it has.
    pub fn len(&self) -> usize {
        match &self.values {
            FrameValues::Arrays(arrays) => arrays.iter().map(|array| array.len()).sum(),
            FrameValues::Strided { array, first, stride } => {
                array.len().saturating_sub(*first).div_ceil((*stride).max(1))
            }
            FrameValues::Classes { codes, .. } => codes.len(),
            FrameValues::Sparse { starts, .. } => starts.len().saturating_sub(1),
        }
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of its values, if they are those of arrays.
    fn data_type(&self) -> Option<&DataType> {
        match &self.values {
            FrameValues::Arrays(arrays) => arrays.first().map(|array| array.data_type()),
            FrameValues::Strided { array, .. } => Some(array.data_type()),
            _ => None,
        }
    }

    /// Whether its values are numbers or truth values, which need not be copied.
    pub(crate) fn is_numeric(&self) -> bool {
        self.data_type().is_some_and(|kind| *kind == DataType::Boolean || is_number(kind))
    }

    /// The values of some records.
    ///
    /// Errors: Arrow's, of values that cannot be read.
    pub(crate) fn cells(&self, frame: &str, rows: Range<usize>) -> Result<Vec<(Cells, usize)>> {
        let damaged = |reason: &dyn std::fmt::Display| DataError::Damaged {
            file: frame.to_owned(),
            reason: format!("column {:?}: {reason}", self.name),
        };
        match &self.values {
            FrameValues::Arrays(arrays) => pieces(arrays, rows)
                .map(|(array, rows)| {
                    let n = rows.len();
                    let cells = Cells::of(&array.slice(rows.start, n)).map_err(|error| damaged(&error))?;
                    Ok((cells, n))
                })
                .collect(),
            FrameValues::Strided { array, first, stride } => {
                let n = rows.len();
                let places = rows.map(|row| first + row * stride);
                Ok(vec![(strided_cells(array, places), n)])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Whether its values are texts.
    pub(crate) fn is_text(&self) -> bool {
        let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        self.data_type().is_some_and(|kind| match kind {
            DataType::Dictionary(_, values) => is_text(values),
            kind => is_text(kind),
        })
    }

    /// How many records from one on stand in one array.
    pub(crate) fn rows_together(&self, row: usize) -> usize {
        match &self.values {
            FrameValues::Arrays(arrays) => pieces(arrays, row..usize::MAX).next().map_or(1, |(_, rows)| rows.len()),
            _ => self.len().saturating_sub(row),
        }
    }

    /// Numbers of f64, for some records, where they stand just as they are needed.
    pub(crate) fn lent_slice(&self, rows: Range<usize>) -> Option<&[f64]> {
        let FrameValues::Arrays(arrays) = &self.values else { return None };
        let n = rows.len();
        let (array, within) = pieces(arrays, rows).next()?;
        let numbers = array.as_primitive_opt::<Float64Type>()?;
        (within.len() == n && numbers.null_count() == 0).then(|| &numbers.values()[within])
    }

    /// Where numbers of f64 stand just as they are needed, for some records.
    fn lent(&self, rows: Range<usize>) -> Option<LentNumbers> {
        let FrameValues::Arrays(arrays) = &self.values else { return None };
        let n = rows.len();
        let (array, within) = pieces(arrays, rows).next()?;
        let numbers = array.as_primitive_opt::<Float64Type>()?;
        let has_all = within.len() == n && numbers.null_count() == 0;
        has_all.then(|| LentNumbers::new(Arc::new(numbers.values().clone()), within))
    }

    /// Whether all pages but those where two arrays meet can be lent, and those are few.
    fn can_be_lent(&self) -> bool {
        let FrameValues::Arrays(arrays) = &self.values else { return false };
        let is_whole = |array: &ArrayRef| *array.data_type() == DataType::Float64 && array.null_count() == 0;
        arrays.iter().all(is_whole) && (arrays.len() < 2 || 8 * arrays.len() * PAGE_ROWS <= self.len())
    }
}

impl LateNumbers for FrameColumn {
    fn append(&self, rows: Range<usize>, into: &mut Vec<f64>) {
        match &self.values {
            FrameValues::Arrays(arrays) => {
                for (array, rows) in pieces(arrays, rows) {
                    append_numbers(array, rows, into);
                }
            }
            FrameValues::Strided { array, first, stride } => {
                append_numbers(array, rows.map(|row| first + row * stride), into);
            }
            _ => {}
        }
    }
}

fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

/// The parts of arrays that hold some records of all of them.
fn pieces(arrays: &[ArrayRef], rows: Range<usize>) -> impl Iterator<Item = (&ArrayRef, Range<usize>)> {
    let mut before = 0;
    arrays.iter().filter_map(move |array| {
        let first = before;
        before += array.len();
        let within = rows.start.max(first)..rows.end.min(before);
        (within.start < within.end).then(|| (array, within.start - first..within.end - first))
    })
}

/// Calls a macro with the type of an array of numbers.
macro_rules! for_numbers {
    ($kind:expr, $with:ident, $other:expr) => {
        match $kind {
            DataType::Float64 => $with!(Float64Type),
            DataType::Float32 => $with!(Float32Type),
            DataType::Float16 => $with!(Float16Type),
            DataType::Int8 => $with!(Int8Type),
            DataType::Int16 => $with!(Int16Type),
            DataType::Int32 => $with!(Int32Type),
            DataType::Int64 => $with!(Int64Type),
            DataType::UInt8 => $with!(UInt8Type),
            DataType::UInt16 => $with!(UInt16Type),
            DataType::UInt32 => $with!(UInt32Type),
            DataType::UInt64 => $with!(UInt64Type),
            _ => $other,
        }
    };
}

/// A number of Arrow's as f64.
trait ToF64: ArrowPrimitiveType {
    fn to_f64(value: Self::Native) -> f64;
}

macro_rules! to_f64 {
    ($($kind:ty),*) => {$(
        impl ToF64 for $kind {
            fn to_f64(value: Self::Native) -> f64 {
                f64::from(value)
            }
        }
    )*};
}
to_f64!(Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type);

impl ToF64 for Int64Type {
    fn to_f64(value: i64) -> f64 {
        value as f64
    }
}

impl ToF64 for UInt64Type {
    fn to_f64(value: u64) -> f64 {
        value as f64
    }
}

/// Appends the numbers at some places; NaN is missing.
fn append_numbers(array: &ArrayRef, places: impl Iterator<Item = usize>, into: &mut Vec<f64>) {
    fn append<K: ToF64>(array: &ArrayRef, places: impl Iterator<Item = usize>, into: &mut Vec<f64>) {
        let array = array.as_primitive::<K>();
        let values = array.values();
        match array.null_count() {
            0 => into.extend(places.map(|place| K::to_f64(values[place]))),
            _ => {
                into.extend(places.map(|place| if array.is_null(place) { f64::NAN } else { K::to_f64(values[place]) }))
            }
        }
    }
    macro_rules! with {
        ($kind:ty) => {
            append::<$kind>(array, places, into)
        };
    }
    for_numbers!(array.data_type(), with, {
        if let Some(truths) = array.as_boolean_opt() {
            let number =
                |place| if truths.is_null(place) { f64::NAN } else { f64::from(u8::from(truths.value(place))) };
            into.extend(places.map(number));
        }
    });
}

/// The numbers at some places of an array without gaps, as far as deltarule tells types apart.
fn strided_cells(array: &ArrayRef, places: impl Iterator<Item = usize>) -> Cells {
    match array.data_type() {
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().values();
            Cells::Naturals(UInt64Array::from_iter_values(places.map(|place| values[place])))
        }
        DataType::Int64 => {
            let values = array.as_primitive::<Int64Type>().values();
            Cells::Integers(Int64Array::from_iter_values(places.map(|place| values[place])))
        }
        DataType::Boolean => Cells::Booleans(places.map(|place| Some(array.as_boolean().value(place))).collect()),
        _ => {
            let mut values = Vec::new();
            append_numbers(array, places, &mut values);
            match array.data_type().is_integer() {
                true => Cells::Integers(Int64Array::from_iter_values(values.into_iter().map(|x| x as i64))),
                false => Cells::Numbers(Float64Array::from(values)),
            }
        }
    }
}

/// So many numbers that do not stand as they are needed are made f64 once (16 MiB); more of them whenever a page is shown.
const HELD_NUMBERS: usize = 1 << 21;

impl Table {
    /// A table of columns that are in memory, which are kept as long as it is; `name` stands for it in messages.
    ///
    /// Numbers are not copied, unless the options take them as texts, or they are few and not f64 one after the other. The bits of everything
    /// that follows are those of a Parquet file of the same columns. `progress` may break off.
    ///
    /// Errors: columns of different lengths, two of one name, names in the options that are no columns, no record.
    pub fn of_frame(
        name: &str,
        frame: Vec<FrameColumn>,
        options: &ReadOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self> {
        let n = frame.first().map_or(0, FrameColumn::len);
        check_frame(name, &frame, n)?;
        let header: Vec<String> = frame.iter().map(|column| column.name.clone()).collect();
        let zones = frame.iter().map(|column| column.data_type().and_then(zone_of).map(str::to_owned));
        let (wishes, threads) = options.settle_in(name, &header, &zones.collect::<Vec<_>>())?;
        let threads = if n * frame.len() < 200_000 { 1 } else { threads };
        // Numbers that are not kept here; what is taken as texts is.
        let is_elsewhere = |column: &FrameColumn, wish: &Wish| {
            column.is_numeric() && matches!(wish, Wish::Decide | Wish::Keep | Wish::Skip)
        };
        let elsewhere: Vec<bool> = frame.iter().zip(&wishes).map(|(column, wish)| is_elsewhere(column, wish)).collect();
        let mut growing = Growing::new(&header, &wishes, Decimal::Point, options)?;
        let mut next = 0..n.div_ceil(PAGE_ROWS);
        map_in_order(
            threads,
            || Ok(next.next()),
            |page| {
                let rows = page * PAGE_ROWS..n.min((page + 1) * PAGE_ROWS);
                let mut part = Rows::none(&header, &wishes, Decimal::Point);
                for (builder, column) in part.builders.iter_mut().zip(&frame).filter(|(b, _)| !b.is_skipped()) {
                    let mut first = rows.start as u64 + 1;
                    for (cells, n) in column.cells(name, rows.clone())? {
                        builder.push_many(&cells, n, first);
                        first += n as u64;
                    }
                }
                part.builders.iter_mut().for_each(ColumnBuilder::settle);
                part.n_records = rows.len();
                Ok(part)
            },
            |part| {
                growing.append_kept(part, &elsewhere)?;
                match progress(Progress { records: growing.n_records() as u64, bytes: 0, total_bytes: None }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(DataError::Interrupted { file: name.to_owned() }),
                }
            },
        )?;
        growing.finish_frame(name, frame, &elsewhere)
    }
}

/// Errors: two columns of one name, or of different lengths; no record.
fn check_frame(name: &str, frame: &[FrameColumn], n: usize) -> Result<()> {
    for (second, column) in frame.iter().enumerate() {
        if let Some(first) = frame[..second].iter().position(|other| other.name == column.name) {
            let (file, first, second) = (name.to_owned(), first + 1, second + 1);
            return Err(DataError::DuplicateName { file, name: column.name.clone(), first, second });
        }
        if column.len() != n {
            let what = format!("{name}: the length of column {:?}", column.name);
            return Err(deltarule_core::Error::Shape { what, found: column.len(), expected: n }.into());
        }
    }
    if n == 0 {
        return Err(DataError::Core(deltarule_core::Error::NoRecords));
    }
    Ok(())
}

impl Growing {
    /// Takes in the records that follow, without the values that are elsewhere.
    fn append_kept(&mut self, further: Rows, elsewhere: &[bool]) -> Result<()> {
        let columns = self.builders.iter_mut().zip(further.builders).zip(elsewhere);
        let kept = columns.map(|((builder, further), elsewhere)| match (builder.append(further), elsewhere) {
            (_, true) => PageColumn::Missing,
            (values, false) => values,
        });
        let values: Vec<PageColumn> = kept.collect();
        // Nothing of it ever goes to a file.
        self.pages.push(&values, further.n_records, || 0)
    }

    fn finish_frame(self, name: &str, frame: Vec<FrameColumn>, elsewhere: &[bool]) -> Result<Table> {
        let n_records = self.n_records();
        let (mut columns, decode): (Vec<TableColumn>, Vec<Decode>) =
            self.builders.into_iter().map(ColumnBuilder::finish).unzip();
        let kept = decode.into_iter().zip(elsewhere);
        let decode = kept.map(|(decode, elsewhere)| if *elsewhere { Decode::Unused } else { decode }).collect();
        let mut memory = self.pages.finish(decode, 0)?.into_memory();
        let mut late = LateColumns(frame.iter().map(|_| None).collect());
        let is_number: Vec<bool> = columns
            .iter()
            .zip(elsewhere)
            .map(|(column, elsewhere)| *elsewhere && matches!(column.values, Values::Numbers | Values::Booleans))
            .collect();
        let n_late = frame.iter().zip(&is_number).filter(|(column, number)| **number && !column.can_be_lent()).count();
        let holds_all = n_late * n_records <= HELD_NUMBERS;
        for (position, column) in frame.into_iter().enumerate() {
            match &column.values {
                FrameValues::Classes { .. } => put_classes(&column, &mut columns[position], &mut memory, position),
                FrameValues::Sparse { .. } => put_sparse(&column, &mut columns[position], &mut memory, position),
                _ if !is_number[position] => {}
                _ if holds_all || column.can_be_lent() => {
                    for (page, columns) in memory.iter_mut().enumerate() {
                        let rows = page * PAGE_ROWS..n_records.min((page + 1) * PAGE_ROWS);
                        columns[position] = match column.lent(rows.clone()) {
                            Some(lent) => PageColumn::Lent(lent),
                            None => {
                                let mut values = Vec::with_capacity(rows.len());
                                column.append(rows, &mut values);
                                PageColumn::Numbers(values)
                            }
                        };
                    }
                }
                _ => late.0[position] = Some(Box::new(column)),
            }
        }
        let pages = Pages::of_memory(memory, n_records).with_late(late);
        let fingerprint = fingerprint(&pages, columns.len())?;
        let files = Files { names: vec![name.to_owned()], starts: vec![0], formats: vec![FileFormat::Batches] };
        let mut lines = super::Lines::default();
        lines.push(0, 1);
        let name = name.to_owned();
        Ok(Table { name, files, columns, pages, fingerprint, lines, n_left_out: 0, cache: CacheUse::None })
    }
}

/// Classes whose names are known.
fn put_classes(column: &FrameColumn, into: &mut TableColumn, memory: &mut [Vec<PageColumn>], position: usize) {
    let FrameValues::Classes { codes, names } = &column.values else { return };
    into.values = Values::Text { levels: names.clone() };
    into.facts = ColumnFacts { n_words: codes.len() as u64, ..ColumnFacts::default() };
    for (page, codes) in memory.iter_mut().zip(codes.chunks(PAGE_ROWS)) {
        page[position] = PageColumn::Codes(codes.to_vec());
    }
}

/// Sparse numbers, of which those features are known that occur.
fn put_sparse(column: &FrameColumn, into: &mut TableColumn, memory: &mut [Vec<PageColumn>], position: usize) {
    let FrameValues::Sparse { starts, indices, values } = &column.values else { return };
    let mut occurring = indices.to_vec();
    occurring.sort_unstable();
    occurring.dedup();
    let largest = occurring.last().map_or(0, |last| *last as usize + 1);
    let mut places = vec![u32::MAX; largest];
    for (place, &index) in (0..).zip(&occurring) {
        places[index as usize] = place;
    }
    for (page, columns) in memory.iter_mut().enumerate() {
        let first = page * PAGE_ROWS;
        let starts = &starts[first..=(first + PAGE_ROWS).min(starts.len() - 1)];
        let stored = starts[0]..starts[starts.len() - 1];
        columns[position] = PageColumn::Sparse {
            starts: starts.iter().map(|start| start - stored.start).collect(),
            indices: indices[stored.clone()].iter().map(|&index| places[index as usize]).collect(),
            values: values[stored].to_vec(),
        };
    }
    into.facts = ColumnFacts::default();
    into.values = Values::Sparse { first_index: 0, indices: occurring, n_stored: values.len() as u64 };
}

/// A hash of how many records there are, and of the first and the last thousands of them.
fn fingerprint(pages: &Pages, n_columns: usize) -> Result<String> {
    let mut hash = Fingerprint::default();
    hash.add(&(pages.n_records() as u64).to_le_bytes());
    let last = pages.n_pages().saturating_sub(1);
    let ends = if last == 0 { vec![0] } else { vec![0, last] };
    for page in ends {
        pages.show(page, 0..pages.n_rows(page), &Wanted::of(0..n_columns), |shown| {
            for column in shown.columns {
                column.numbers().iter().for_each(|x| hash.add(&x.to_le_bytes()));
                column.codes().iter().for_each(|code| hash.add(&code.to_le_bytes()));
            }
        })?;
    }
    Ok(hash.to_text())
}

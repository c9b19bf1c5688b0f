//! Pages in a file. A page is written in tiles of 256 records, the columns of a tile one after the other and a checksum behind them, so
//! that a run of 256 records is one read, whatever the number of columns.
//!
//! Of a sparse column a tile has how many numbers each record has, their indices, and the numbers; where there is such a column, tiles have lengths of
//! their own, which stand in the footer.
//!
//! All numbers are little-endian. The file begins with a header of 64 bytes: the words `deltarule cache\n`, the version, where the
//! footer begins, how long it is, and its checksum, the last three of them 0 while the file is under way. The pages follow, and the
//! footer (JSON: columns, levels, facts, lines, what the table was read from) is the end.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::checksum::checksum;
use super::{Buffer, Decode, PAGE_ROWS, PageColumn, Wanted};
use crate::error::{DataError, Result, Spilled};

/// How many records a tile has; the last one of a page may have fewer.
const TILE_ROWS: usize = 256;
/// About so much is read at a time: it stays in the second-level cache while it is checked and decoded.
const READ_BYTES: usize = 256 * 1024;
pub(super) const MAGIC: &[u8; 16] = b"deltarule cache\n";
pub(super) const VERSION: u64 = 6;
pub(super) const HEADER_BYTES: usize = 64;
const CHECKSUM_BYTES: usize = 8;

/// What a column's values in a page of the file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Missing,
    Numbers,
    Codes,
    Sparse,
}

impl Kind {
    pub(super) const ALL: [(Kind, char); 4] =
        [(Kind::Missing, '-'), (Kind::Numbers, 'n'), (Kind::Codes, 'c'), (Kind::Sparse, 's')];

    fn of(column: &PageColumn) -> Self {
        match column {
            PageColumn::Missing => Kind::Missing,
            PageColumn::Numbers(_) | PageColumn::Lent(_) => Kind::Numbers,
            PageColumn::Codes(_) => Kind::Codes,
            PageColumn::Sparse { .. } => Kind::Sparse,
        }
    }

    /// What each record takes up; of sparse numbers only how many there are.
    fn bytes(self) -> usize {
        match self {
            Kind::Missing => 0,
            Kind::Numbers => 8,
            Kind::Codes | Kind::Sparse => 4,
        }
    }
}

/// The columns of a page.
pub(super) type Layout = Arc<[Kind]>;

/// Whether tiles have lengths of their own.
pub(super) fn is_sparse(layout: &[Kind]) -> bool {
    layout.contains(&Kind::Sparse)
}

/// How many bytes a tile of so many rows without a sparse column has, with its checksum.
fn tile_bytes(layout: &[Kind], n_rows: usize) -> usize {
    let values: usize = layout.iter().map(|kind| kind.bytes() * n_rows).sum();
    values.next_multiple_of(8) + CHECKSUM_BYTES
}

/// A page in the file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) n_rows: usize,
    pub(super) layout: Layout,
    /// Where each tile ends, from the begin of the page on, where tiles have lengths of their own.
    pub(super) ends: Vec<u64>,
}

impl Place {
    pub(super) fn n_tiles(&self) -> usize {
        self.n_rows.div_ceil(TILE_ROWS)
    }

    /// Where so many tiles end in the file.
    fn end_of(&self, n_tiles: usize) -> u64 {
        if is_sparse(&self.layout) {
            let end = n_tiles.checked_sub(1).and_then(|last| self.ends.get(last));
            // A file may say anything; what does not end where the pages do is refused.
            return self.offset.saturating_add(end.copied().unwrap_or_default());
        }
        let (whole, rest) = (self.n_rows / TILE_ROWS, self.n_rows % TILE_ROWS);
        let rest = if n_tiles > whole && rest > 0 { tile_bytes(&self.layout, rest) } else { 0 };
        self.offset + (n_tiles.min(whole) * tile_bytes(&self.layout, TILE_ROWS) + rest) as u64
    }

    /// Where some tiles stand in the file.
    fn tiles(&self, tiles: Range<usize>) -> Range<u64> {
        self.end_of(tiles.start)..self.end_of(tiles.end)
    }

    pub(super) fn end(&self) -> u64 {
        self.end_of(self.n_tiles())
    }

    /// How many tiles from `first` on, and before `end`, are read at a time.
    fn at_once(&self, first: usize, end: usize) -> usize {
        let fits = |n: &usize| self.end_of(first + n) - self.end_of(first) <= READ_BYTES as u64;
        (2..=end - first).take_while(fits).last().unwrap_or(1)
    }

    /// What the page takes up in memory, where each record takes up so much beside what sparse numbers are stored.
    pub(super) fn bytes_in_memory(&self, record_bytes: usize) -> usize {
        let stored = if is_sparse(&self.layout) { (self.end() - self.offset) as usize } else { 0 };
        self.n_rows * record_bytes + stored
    }
}

/// A file with pages.
#[derive(Debug)]
pub(crate) struct PageFile {
    pub(super) file: File,
    /// For messages.
    pub(super) name: String,
    /// Whether it is kept for later runs.
    pub(super) is_cache: bool,
    /// Which page of the table the first one here is.
    pub(super) first_page: usize,
    pub(super) places: Vec<Place>,
}

impl PageFile {
    /// A file without a page. Errors: it cannot be written to.
    pub(super) fn new(file: File, name: String, is_cache: bool, first_page: usize) -> Result<Self> {
        write_at(&file, &[0; HEADER_BYTES], 0).map_err(|error| spill_error(&name, is_cache, error))?;
        Ok(Self { file, name, is_cache, first_page, places: Vec::new() })
    }

    /// What the largest page takes up in memory, where each record takes up so much beside what sparse numbers are stored.
    pub(super) fn largest(&self, record_bytes: usize) -> usize {
        self.places.iter().map(|place| place.bytes_in_memory(record_bytes)).max().unwrap_or_default()
    }

    /// The end of the pages.
    pub(super) fn end(&self) -> u64 {
        self.places.last().map_or(HEADER_BYTES as u64, Place::end)
    }

    /// Appends a page. Errors: the disk is full, or breaks.
    pub(super) fn write(&mut self, columns: &[PageColumn], n_rows: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let kinds: Vec<Kind> = columns.iter().map(Kind::of).collect();
        let layout = match self.places.last() {
            Some(last) if *last.layout == *kinds => Arc::clone(&last.layout),
            _ => kinds.into(),
        };
        let (page, offset) = (self.places.len(), self.end());
        bytes.clear();
        let mut ends = Vec::new();
        for start in (0..n_rows).step_by(TILE_ROWS) {
            let rows = start..(start + TILE_ROWS).min(n_rows);
            let first = bytes.len();
            for column in columns {
                match column {
                    PageColumn::Missing => {}
                    PageColumn::Sparse { starts, indices, values } => {
                        let stored = starts[rows.start]..starts[rows.end];
                        let lengths = starts[rows.start..=rows.end].windows(2).map(|pair| (pair[1] - pair[0]) as u32);
                        lengths.for_each(|length| bytes.extend(length.to_le_bytes()));
                        indices[stored.clone()].iter().for_each(|index| bytes.extend(index.to_le_bytes()));
                        values[stored].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
                    }
                    PageColumn::Numbers(_) | PageColumn::Lent(_) => {
                        column.numbers()[rows.clone()].iter().for_each(|x| bytes.extend(x.to_le_bytes()));
                    }
                    PageColumn::Codes(codes) => codes[rows.clone()].iter().for_each(|c| bytes.extend(c.to_le_bytes())),
                }
            }
            bytes.resize(first + (bytes.len() - first).next_multiple_of(8), 0);
            bytes.extend(checksum(&bytes[first..], tile_number(page, start / TILE_ROWS)).to_le_bytes());
            if is_sparse(&layout) {
                ends.push(bytes.len() as u64);
            }
        }
        write_at(&self.file, bytes, offset).map_err(|error| spill_error(&self.name, self.is_cache, error))?;
        self.places.push(Place { offset, n_rows, layout, ends });
        Ok(())
    }

    /// Asks the system to fetch some rows of a page of the table, and goes on without waiting for them.
    pub(super) fn will_read(&self, page: usize, rows: Range<usize>) {
        let Some(place) = page.checked_sub(self.first_page).and_then(|index| self.places.get(index)) else { return };
        let bytes = place.tiles(rows.start / TILE_ROWS..rows.end.div_ceil(TILE_ROWS));
        fetch(&self.file, bytes.start, bytes.end - bytes.start);
    }

    /// Reads some rows of a page of the table, and some around them; gives where in the buffer they are.
    ///
    /// Errors: the file cannot be read, or is not as it was written.
    pub(super) fn read(
        &self,
        page: usize,
        rows: Range<usize>,
        wanted: &Wanted,
        decode: &[Decode],
        buffer: &mut Buffer,
    ) -> Result<Range<usize>> {
        let damaged = || DataError::PagesDamaged {
            file: self.name.clone(),
            is_cache: self.is_cache,
            record: page * PAGE_ROWS + rows.start + 1,
        };
        let index = page.checked_sub(self.first_page).ok_or_else(damaged)?;
        let place = self.places.get(index).ok_or_else(damaged)?;
        let tiles = rows.start / TILE_ROWS..rows.end.div_ceil(TILE_ROWS).min(place.n_tiles());
        buffer.columns.resize(place.layout.len(), PageColumn::Missing);
        buffer.columns.iter_mut().for_each(PageColumn::clear);
        let mut first = tiles.start;
        while first < tiles.end {
            let end = first + place.at_once(first, tiles.end);
            let whole = place.tiles(first..end);
            buffer.bytes.resize((whole.end - whole.start) as usize, 0);
            read_at(&self.file, &mut buffer.bytes, whole.start).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => damaged(),
                _ => DataError::Io { file: self.name.clone(), error },
            })?;
            for tile in first..end {
                let n_rows = TILE_ROWS.min(place.n_rows - tile * TILE_ROWS);
                let Range { start, end } = place.tiles(tile..tile + 1);
                let bytes = &buffer.bytes[(start - whole.start) as usize..(end - whole.start) as usize];
                let (values, sum) = bytes.split_last_chunk().ok_or_else(damaged)?;
                if checksum(values, tile_number(index, tile)) != u64::from_le_bytes(*sum) {
                    return Err(damaged());
                }
                read_tile(values, n_rows, &place.layout, wanted, decode, &mut buffer.columns);
            }
            first = end;
        }
        let before = tiles.start * TILE_ROWS;
        Ok(rows.start - before..rows.end - before)
    }
}

/// A number for each tile, so that one in another's place is noticed.
fn tile_number(page: usize, tile: usize) -> u64 {
    (page * (PAGE_ROWS / TILE_ROWS) + tile) as u64
}

/// Appends the values of a tile to the columns that are wanted.
fn read_tile(
    mut values: &[u8],
    n_rows: usize,
    layout: &[Kind],
    wanted: &Wanted,
    decode: &[Decode],
    columns: &mut [PageColumn],
) {
    let mut wanted = wanted.columns().iter().copied().peekable();
    for (index, ((kind, decode), column)) in layout.iter().zip(decode).zip(columns).enumerate() {
        let own = take(&mut values, kind.bytes() * n_rows);
        let (indices, numbers) = if *kind == Kind::Sparse {
            let n_stored: usize = own.as_chunks().0.iter().map(|length| u32::from_le_bytes(*length) as usize).sum();
            (take(&mut values, size_of::<u32>() * n_stored), take(&mut values, size_of::<f64>() * n_stored))
        } else {
            (&[][..], &[][..])
        };
        if wanted.next_if_eq(&index).is_some() {
            match kind {
                Kind::Missing => decode.append_missing(n_rows, column),
                Kind::Numbers => decode.append_numbers(own.as_chunks().0, column),
                Kind::Codes => decode.append_codes(own.as_chunks().0, column),
                Kind::Sparse => {
                    decode.append_sparse(own.as_chunks().0, indices.as_chunks().0, numbers.as_chunks().0, column);
                }
            }
        }
    }
}

/// Cuts off the first `n` of some bytes, as far as there are so many.
fn take<'b>(bytes: &mut &'b [u8], n: usize) -> &'b [u8] {
    let (first, rest) = bytes.split_at(n.min(bytes.len()));
    *bytes = rest;
    first
}

pub(super) fn spill_error(name: &str, is_cache: bool, error: io::Error) -> DataError {
    let spilled = if is_cache { Spilled::Cache } else { Spilled::Pages };
    DataError::Spill { place: name.to_owned(), spilled, error }
}

/// Advice that may be ignored, and whose failure does no harm.
#[cfg(target_os = "linux")]
fn fetch(file: &File, offset: u64, length: u64) {
    let _ = rustix::fs::fadvise(file, offset, std::num::NonZeroU64::new(length), rustix::fs::Advice::WillNeed);
}

#[cfg(not(target_os = "linux"))]
fn fetch(_file: &File, _offset: u64, _length: u64) {}

#[cfg(unix)]
pub(super) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(unix)]
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, into, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                into = &mut into[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
pub(super) fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[n..];
        offset += n as u64;
    }
    Ok(())
}

/// Elsewhere, where there are no threads, the place is moved.
#[cfg(not(any(unix, windows)))]
pub(super) fn read_at(mut file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    io::Read::read_exact(&mut file, into)
}

#[cfg(not(any(unix, windows)))]
pub(super) fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    io::Write::write_all(&mut file, bytes)
}

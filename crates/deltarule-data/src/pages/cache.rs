//! A file of pages that is kept: what stands in its header and footer beside the pages.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::checksum::checksum;
use super::file::{
    HEADER_BYTES, Kind, Layout, MAGIC, PageFile, Place, VERSION, is_sparse, read_at, spill_error, write_at,
};
use super::place::put_into_place;
use super::{Budget, Buffer, Decode, PAGE_ROWS, Pages, Wanted};
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};

/// The footer; `about` is what the table says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Footer<A> {
    n_records: usize,
    /// Consecutive pages with the same columns: how many, and a letter for each column.
    layouts: Vec<(usize, String)>,
    /// Of each page with a sparse column, where each of its tiles ends.
    ends: Vec<Vec<u64>>,
    decode: Vec<Decode>,
    about: A,
}

/// What is found where a cache is asked for.
pub(crate) enum Cached<A> {
    /// No file.
    Nothing,
    /// A cache that is of no use, and why.
    Broken(&'static str),
    Whole(Box<Whole<A>>),
}

/// A cache that can be used.
pub(crate) struct Whole<A> {
    pub(crate) about: A,
    n_records: usize,
    decode: Vec<Decode>,
    file: PageFile,
}

impl Pages {
    /// Gives the file that holds all pages a footer and its name, if it is to be kept.
    ///
    /// Errors: the disk is full, or breaks.
    pub(crate) fn keep(&self, path: &Path, about: &impl Serialize) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut layouts: Vec<(usize, String)> = Vec::new();
        for (index, place) in file.places.iter().enumerate() {
            match layouts.last_mut() {
                Some((n, _)) if Arc::ptr_eq(&place.layout, &file.places[index - 1].layout) => *n += 1,
                _ => layouts.push((1, letters(&place.layout))),
            }
        }
        let ends =
            file.places.iter().filter(|place| is_sparse(&place.layout)).map(|place| place.ends.clone()).collect();
        let footer = Footer { n_records: self.n_records, layouts, ends, decode: self.decode.clone(), about };
        let written = || -> io::Result<()> {
            let mut bytes = serde_json::to_vec(&footer)?;
            bytes.resize(bytes.len().next_multiple_of(8), b' ');
            write_at(&file.file, &bytes, file.end())?;
            let mut header = MAGIC.to_vec();
            for number in [VERSION, file.end(), bytes.len() as u64, checksum(&bytes, VERSION)] {
                header.extend(number.to_le_bytes());
            }
            write_at(&file.file, &header, 0)?;
            put_into_place(&file.file, path)
        };
        written().map_err(|error| spill_error(&path.display().to_string(), true, error))
    }
}

fn letters(layout: &[Kind]) -> String {
    let letter = |kind: &Kind| Kind::ALL.iter().find(|(other, _)| other == kind).map_or('-', |(_, letter)| *letter);
    layout.iter().map(letter).collect()
}

fn layout(letters: &str) -> Option<Layout> {
    let kind = |c: char| Kind::ALL.iter().find(|(_, letter)| *letter == c).map(|(kind, _)| *kind);
    letters.chars().map(kind).collect()
}

/// Looks at the file that a cache is to be in.
///
/// Errors: it is something else, or cannot be read.
pub(crate) fn read_cache<A: DeserializeOwned>(path: &Path) -> Result<Cached<A>> {
    let name = path.display().to_string();
    let io = |error| DataError::Io { file: name.clone(), error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Cached::Nothing),
        Err(error) => return Err(io(error)),
    };
    let length = file.metadata().map_err(io)?;
    let mut header = [0; HEADER_BYTES];
    if !length.is_file() || length.len() < HEADER_BYTES as u64 {
        return Err(DataError::NotACache { file: name });
    }
    read_at(&file, &mut header, 0).map_err(io)?;
    if !header.starts_with(MAGIC) {
        return Err(DataError::NotACache { file: name });
    }
    let number = |k: usize| header[16..].as_chunks().0.get(k).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (version, offset, n_bytes, sum) = (number(0), number(1), number(2), number(3));
    if version != VERSION {
        return Ok(Cached::Broken("it is of another version"));
    }
    if offset.checked_add(n_bytes) != Some(length.len()) {
        return Ok(Cached::Broken("it was cut short"));
    }
    let mut bytes = vec![0; n_bytes as usize];
    read_at(&file, &mut bytes, offset).map_err(io)?;
    if !bytes.len().is_multiple_of(8) || checksum(&bytes, VERSION) != sum {
        return Ok(Cached::Broken("its end is damaged"));
    }
    let Ok(footer) = serde_json::from_slice::<Footer<A>>(&bytes) else {
        return Ok(Cached::Broken("its end is damaged"));
    };
    let whole = Footer::whole(footer, file, name);
    Ok(match whole.filter(|whole| whole.file.end() == offset) {
        None => Cached::Broken("its end is damaged"),
        Some(whole) => Cached::Whole(Box::new(whole)),
    })
}

impl<A> Footer<A> {
    /// The cache, if everything in the footer fits together.
    fn whole(self, file: File, name: String) -> Option<Whole<A>> {
        let mut pages = PageFile { file, name, is_cache: true, first_page: 0, places: Vec::new() };
        let mut all_ends = self.ends.into_iter();
        for (n, letters) in &self.layouts {
            let layout = layout(letters).filter(|layout| layout.len() == self.decode.len())?;
            for _ in 0..*n {
                let n_rows = PAGE_ROWS.min(self.n_records.checked_sub(pages.places.len() * PAGE_ROWS)?);
                if n_rows == 0 {
                    return None;
                }
                let has_ends = is_sparse(&layout);
                let ends = if has_ends { all_ends.next()? } else { Vec::new() };
                let place = Place { offset: pages.end(), n_rows, layout: Arc::clone(&layout), ends };
                if has_ends && (place.ends.len() != place.n_tiles() || !place.ends.is_sorted()) {
                    return None;
                }
                pages.places.push(place);
            }
        }
        if pages.places.len() != self.n_records.div_ceil(PAGE_ROWS) {
            return None;
        }
        Some(Whole { about: self.about, n_records: self.n_records, decode: self.decode, file: pages })
    }
}

impl<A> Whole<A> {
    /// Whether the values are read as these columns say.
    pub(crate) fn suits(&self, columns: &[TableColumn]) -> bool {
        let fits = |(column, decode): (&TableColumn, &Decode)| match (&column.values, decode) {
            (Values::Text { levels }, Decode::Codes(codes)) => codes.iter().all(|&code| (code as usize) < levels.len()),
            (Values::Numbers, Decode::Numbers) | (Values::Booleans, Decode::Booleans(_)) => true,
            (Values::Hashed { buckets, .. }, Decode::Buckets(codes)) => buckets == codes,
            (Values::Sparse { indices, .. }, Decode::Sparse(occurring)) => {
                indices.len() == occurring.len() && occurring.iter().eq(indices.iter().copied())
            }
            (Values::Dates { .. }, decode) => match column.facts.n_words {
                0 => *decode == Decode::Numbers,
                _ => *decode == Decode::Unused,
            },
            (Values::Text { .. } | Values::Hashed { .. } | Values::Sparse { .. }, _) => false,
            (Values::Numbers | Values::Booleans, _) => false,
            (_, decode) => *decode == Decode::Unused,
        };
        columns.len() == self.decode.len() && columns.iter().zip(&self.decode).all(fits)
    }

    /// The pages: those that fit are taken into memory, or none, if `all_or_none` do not.
    ///
    /// Errors: those of the file.
    pub(crate) fn into_pages(self, budget: Budget, all_or_none: bool) -> Result<(A, Pages)> {
        let record_bytes: usize = self.decode.iter().map(Decode::bytes).sum();
        let all_bytes: usize = self.file.places.iter().map(|place| place.bytes_in_memory(record_bytes)).sum();
        let largest = self.file.largest(record_bytes);
        let reserve = if all_bytes <= budget.total() { 0 } else { budget.reserve(largest) };
        if reserve > budget.total() {
            return Err(DataError::MemoryTooSmall { found: budget.total(), needed: reserve });
        }
        let wanted = Wanted::of(0..self.decode.len());
        let mut memory = Vec::new();
        let mut buffer = Buffer::default();
        if reserve == 0 || !all_or_none {
            for (page, place) in self.file.places.iter().enumerate() {
                if !budget.take_beside(place.bytes_in_memory(record_bytes), reserve) {
                    break;
                }
                self.file.read(page, 0..place.n_rows, &wanted, &self.decode, &mut buffer)?;
                memory.push(std::mem::take(&mut buffer.columns));
            }
        }
        Ok((self.about, Pages::new(memory, Some(self.file), self.decode, self.n_records, budget)))
    }
}

//! From a path to the bytes of its text: standard input, gzip and zstd by content, and what is no CSV at all.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::json_lines::{JsonLines, is_in_first_line, is_json_lines};
use crate::error::{DataError, Result};

/// How many bytes of the text are looked at before it is read.
const PREFIX: usize = 64 * 1024;

/// The text of a file, and how far it has been read.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) text: Box<dyn Read + Send>,
    /// The line on which the text begins: 1, and 0 where it was made of JSON lines, whose columns have no line of their own.
    pub(crate) first_line: u64,
    /// The first bytes of the text, without a byte-order mark; `text` begins with the same.
    pub(crate) prefix: Vec<u8>,
    /// Bytes of the file (as stored) that were read so far.
    pub(crate) bytes_read: Arc<AtomicU64>,
    /// The size of the file as stored; `None` for a stream.
    pub(crate) total_bytes: Option<u64>,
    pub(crate) compression: Option<&'static str>,
}

/// Opens a path; `-` is standard input. `skips`: a line that is none of JSON lines becomes a record that says so.
pub(crate) fn open(path: &Path, skips: bool) -> Result<Opened> {
    if path.as_os_str() == "-" {
        return from_reader("standard input".into(), Box::new(std::io::stdin()), None, skips);
    }
    open_file(path, path.display().to_string(), skips)
}

/// Opens a file under a name for messages.
pub(crate) fn open_file(path: &Path, name: String, skips: bool) -> Result<Opened> {
    let io = |error| DataError::Io { file: name.clone(), error };
    let file = File::open(path).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if about.is_dir() {
        return Err(DataError::Folder { file: name });
    }
    let size = about.is_file().then_some(about.len());
    from_reader(name, Box::new(file), size, skips)
}

/// Takes a text that is in memory.
pub(crate) fn open_bytes(name: &str, bytes: Vec<u8>) -> Result<Opened> {
    let size = bytes.len() as u64;
    from_reader(name.to_owned(), Box::new(Cursor::new(bytes)), Some(size), false)
}

/// Counts what passes through.
struct Counting<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Looks at the first bytes of a stream and undoes its compression.
pub(crate) fn from_reader(
    name: String,
    raw: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
    skips: bool,
) -> Result<Opened> {
    let bytes_read = Arc::new(AtomicU64::new(0));
    let mut raw = Counting { inner: raw, count: bytes_read.clone() };
    let io = |error| DataError::Io { file: name.clone(), error };
    let magic = read_up_to(&mut raw, 16).map_err(io)?;
    let compression = compression_of(&magic);
    let stored = Cursor::new(magic).chain(raw);
    let mut text = decompress(&name, stored, compression)?;
    let mut prefix = read_up_to(&mut text, PREFIX).map_err(|source| read_error(&name, compression, source))?;
    if prefix.starts_with(&[0xEF, 0xBB, 0xBF]) {
        prefix.drain(..3);
    }
    // The first record of JSON lines may be longer.
    while is_in_first_line(&prefix) {
        let more = read_up_to(&mut text, prefix.len()).map_err(|source| read_error(&name, compression, source))?;
        if more.is_empty() {
            break;
        }
        prefix.extend(more);
    }
    let json_lines = is_json_lines(&prefix);
    if !json_lines {
        refuse_other_formats(&name, &prefix)?;
    }
    if prefix.starts_with(&[0xFF, 0xFE]) || prefix.starts_with(&[0xFE, 0xFF]) {
        return Err(DataError::Utf16 { file: name });
    }
    if let Some(place) = prefix.iter().position(|byte| *byte == 0) {
        // Text in UTF-16 has a zero in every second byte, other files have them anywhere.
        let every_second = prefix.iter().skip(place % 2).step_by(2).take(20).all(|byte| *byte == 0);
        return Err(if every_second && prefix.len() > 4 {
            DataError::Utf16 { file: name }
        } else {
            DataError::NotCsv { file: name, found: "a binary file", advice: "export the table as CSV" }
        });
    }
    if json_lines {
        let mut csv = JsonLines::new(&name, Cursor::new(prefix).chain(text), skips);
        let prefix = read_up_to(&mut csv, PREFIX).map_err(|source| read_error(&name, compression, source))?;
        let text = Box::new(Cursor::new(prefix.clone()).chain(csv));
        return Ok(Opened { name, text, first_line: 0, prefix, bytes_read, total_bytes, compression });
    }
    let text = Box::new(Cursor::new(prefix.clone()).chain(text));
    Ok(Opened { name, text, first_line: 1, prefix, bytes_read, total_bytes, compression })
}

fn read_up_to(reader: &mut dyn Read, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn compression_of(magic: &[u8]) -> Option<&'static str> {
    if magic.starts_with(&[0x1F, 0x8B]) {
        Some("gzip")
    } else if magic.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        Some("zstd")
    } else {
        None
    }
}

#[cfg(feature = "compression")]
fn decompress(name: &str, stored: impl Read + Send + 'static, format: Option<&str>) -> Result<Box<dyn Read + Send>> {
    Ok(match format {
        Some("gzip") => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(256 * 1024, stored))),
        Some("zstd") => Box::new(
            zstd::stream::read::Decoder::new(stored).map_err(|error| DataError::Io { file: name.to_owned(), error })?,
        ),
        _ => Box::new(stored),
    })
}

#[cfg(not(feature = "compression"))]
fn decompress(name: &str, stored: impl Read + Send + 'static, format: Option<&str>) -> Result<Box<dyn Read + Send>> {
    match format {
        None => Ok(Box::new(BufReader::new(stored))),
        Some(_) => Err(DataError::NotCsv {
            file: name.to_owned(),
            found: "a compressed file, which this build does not read",
            advice: "decompress it first",
        }),
    }
}

/// An error while reading: of the disk, or of the compressed data.
pub(crate) fn read_error(name: &str, compression: Option<&'static str>, source: std::io::Error) -> DataError {
    // What reads JSON lines says itself what is wrong with them.
    let source = match source.downcast::<DataError>() {
        Ok(error) => return error,
        Err(source) => source,
    };
    match compression {
        Some(format) if source.kind() != std::io::ErrorKind::NotFound => {
            DataError::Compression { file: name.to_owned(), format, reason: source.to_string() }
        }
        _ => DataError::Io { file: name.to_owned(), error: source },
    }
}

/// Names well-known formats that are no CSV.
fn refuse_other_formats(name: &str, start: &[u8]) -> Result<()> {
    let trimmed = start.trim_ascii_start();
    let (found, advice) = if start.starts_with(b"PAR1") || start.starts_with(b"ARROW1") {
        (
            "Parquet or Arrow in a stream",
            "name the file itself: these formats are read from files, and not compressed as a whole",
        )
    } else if start.starts_with(b"PK\x03\x04") {
        ("a zip or Excel file", "save the sheet as CSV, or unpack the zip")
    } else if start.starts_with(b"\xD0\xCF\x11\xE0") {
        ("an old Excel file", "save the sheet as CSV")
    } else if start.starts_with(b"BZh") || start.starts_with(b"\xFD7zXZ") {
        ("a bzip2 or xz file", "decompress it first, or compress it with gzip or zstd")
    } else if start.starts_with(b"SQLite format 3") {
        ("an SQLite database", "export the table: sqlite3 -header -csv FILE 'SELECT * FROM …' > data.csv")
    } else if trimmed.starts_with(b"{\"")
        || trimmed.starts_with(b"[{")
        || trimmed.starts_with(b"{ \"")
        || trimmed.starts_with(b"{\n")
    {
        (
            "JSON in one piece",
            "write one object on each line, for example in Python: pandas.read_json(file).to_json('data.jsonl', orient='records', lines=True)",
        )
    } else if trimmed.starts_with(b"<!DOCTYPE") || trimmed.starts_with(b"<html") || trimmed.starts_with(b"<?xml") {
        ("a web page or XML", "was the download a page instead of the file?")
    } else {
        return Ok(());
    };
    Err(DataError::NotCsv { file: name.to_owned(), found, advice })
}

//! What a table was read from, so that a cache can be compared with it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::csv::{CsvOptions, Fingerprint};
use crate::error::{DataError, Result};
use crate::table::ReadOptions;

/// So much of each end of a file is compared.
const END_BYTES: u64 = 1024 * 1024;

/// The size of a file and when it was changed, as it can be set (`touch`), and as the system has it where it does; nothing for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    size: u64,
    seconds: u64,
    nanoseconds: u32,
    /// The last change of the inode, which no program sets.
    #[serde(default)]
    inode: Option<(i64, i64)>,
}

impl Stamp {
    /// Errors: none; a file that cannot be looked at will be told by its reader.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (size, seconds, nanoseconds) = (about.len(), modified.as_secs(), modified.subsec_nanos());
        Some(Self { size, seconds, nanoseconds, inode: inode_change(&about) })
    }
}

#[cfg(unix)]
fn inode_change(about: &fs::Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((about.ctime(), about.ctime_nsec()))
}

#[cfg(not(unix))]
fn inode_change(_: &fs::Metadata) -> Option<(i64, i64)> {
    None
}

/// The files of a table in their order, and how they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    files: Vec<SourceFile>,
    options: String,
}

/// One of the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceFile {
    path: String,
    /// Nothing for a stream, which is never the same.
    stamp: Option<Stamp>,
    /// A hash of both ends.
    ends: String,
}

impl Source {
    /// Errors: a file cannot be read.
    pub(crate) fn of(paths: &[PathBuf], csv: &CsvOptions, options: &ReadOptions) -> Result<Self> {
        let files = paths.iter().map(|path| SourceFile::of(path)).collect::<Result<_>>()?;
        let ReadOptions { categorical, hashed, dates, drop, only, kept, .. } = options;
        let options = format!("{csv:?} {categorical:?} {hashed:?} {dates:?} {drop:?} {only:?} {kept:?}");
        Ok(Self { files, options })
    }

    /// Where the first file is.
    pub(crate) fn path(&self) -> &str {
        self.files.first().map_or("", |file| &file.path)
    }

    /// Why a cache of `self` cannot stand for `now`; `None` where it can.
    pub(crate) fn differs_from(&self, now: &Self) -> Option<&'static str> {
        if self.files.len() != now.files.len() || self.files.iter().zip(&now.files).any(|(a, b)| a.path != b.path) {
            return Some("it was made of other files");
        }
        let of_files = self.files.iter().zip(&now.files).find_map(|(then, now)| then.differs_from(now));
        of_files.or((self.options != now.options).then_some("it was made with other options of reading"))
    }
}

impl SourceFile {
    /// Errors: the file cannot be read.
    fn of(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let stamp = Stamp::of(path);
        let (path, ends) = match stamp {
            None => (name(), String::new()),
            Some(_) => {
                let full = fs::canonicalize(path).map_or_else(|_| name(), |full| full.display().to_string());
                (full, ends_of(path).map_err(|error| DataError::Io { file: name(), error })?)
            }
        };
        Ok(Self { path, stamp, ends })
    }

    /// Why what was taken from this file cannot stand for what is there now.
    fn differs_from(&self, now: &Self) -> Option<&'static str> {
        match (self.stamp, now.stamp) {
            (None, _) | (_, None) => Some("a stream cannot be compared with it"),
            (Some(then), Some(now)) if (Stamp { inode: now.inode, ..then }) != now => {
                Some("the file has changed since")
            }
            _ if self.ends != now.ends => Some("the file has changed since"),
            // What is between both ends is not compared.
            (then, now) if then != now => Some("the file was written, moved or touched since, and may be another"),
            _ => None,
        }
    }
}

fn ends_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (mut hash, mut bytes) = (Fingerprint::default(), Vec::new());
    (&mut file).take(END_BYTES).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    hash.add(&bytes);
    Ok(hash.to_text())
}

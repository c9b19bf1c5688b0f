//! How the columns of a table are to be read.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use deltarule_model::{DateFormat, HashBits};

use crate::column::Wish;
use crate::error::{DataError, Result};
use crate::pages::Budget;

/// How the columns of a table are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Columns that are categories, whatever they hold.
    pub categorical: Vec<String>,
    /// Columns whose values are hashed, whatever they hold.
    pub hashed: Vec<HashedColumn>,
    /// Columns of dates.
    pub dates: Vec<DateColumn>,
    /// Columns that are not read.
    pub drop: Vec<String>,
    /// If there are any, no other columns are read, and these are kept whatever they hold.
    pub only: Vec<String>,
    /// Columns that are read and kept whatever they hold, also where they are not among the only ones, each with the option that named it.
    pub kept: Vec<(String, &'static str)>,
    /// How many threads parse; `None`: as many as there are. The table does not depend on it.
    pub threads: Option<NonZeroUsize>,
    /// How many bytes of memory the table may take up; `None`: as many as it needs. What is beyond goes to a file.
    pub memory: Option<usize>,
    /// The file that holds the table after this run too, for the next one.
    pub cache: Option<PathBuf>,
    /// Whether the values will be held in f32, so that they need not be held as they are unless all of them can be.
    pub narrow: bool,
}

/// A column whose values are hashed, and into how many buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedColumn {
    /// Its name.
    pub name: String,
    /// 2^bits buckets.
    pub bits: HashBits,
}

/// A column of dates, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateColumn {
    /// Its name.
    pub name: String,
    /// How dates are written in it.
    pub format: DateFormat,
}

/// The position of a column.
///
/// Errors: there is no such column.
pub(crate) fn check_name(file: &str, names: &[String], wanted: &str, setting: &'static str) -> Result<usize> {
    names.iter().position(|name| name == wanted).ok_or_else(|| DataError::NoColumn {
        file: file.to_owned(),
        name: wanted.to_owned(),
        setting,
        known: names.to_vec(),
    })
}

impl ReadOptions {
    /// What becomes of each column, and on how many threads. Errors: an option names a column that is not there.
    pub(super) fn settle(&self, file: &str, header: &[String]) -> Result<(Vec<Wish>, usize)> {
        for column in &self.hashed {
            check_name(file, header, &column.name, "--hash")?;
        }
        for column in &self.dates {
            check_name(file, header, &column.name, "--date")?;
        }
        for (setting, named) in
            [("--categorical", &self.categorical), ("--drop", &self.drop), ("--features", &self.only)]
        {
            for column in named {
                check_name(file, header, column, setting)?;
            }
        }
        for (column, setting) in &self.kept {
            check_name(file, header, column, setting)?;
        }
        let wishes = header.iter().map(|column| self.wish(column)).collect();
        Ok((wishes, self.n_threads()))
    }

    /// The same, where columns of timestamps have zones with names: their dates are those of the clocks there.
    ///
    /// Errors: an option names a column that is not there.
    pub(super) fn settle_in(
        &self,
        file: &str,
        header: &[String],
        zones: &[Option<String>],
    ) -> Result<(Vec<Wish>, usize)> {
        let (mut wishes, threads) = self.settle(file, header)?;
        for (wish, zone) in wishes.iter_mut().zip(zones) {
            if let (Wish::Date(format), Some(zone)) = (&mut *wish, zone)
                && format.zone().is_none()
                && let Ok(there) = format.clone().in_zone(zone)
            {
                *format = there;
            }
        }
        Ok((wishes, threads))
    }

    pub(super) fn n_threads(&self) -> usize {
        self.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    /// How many threads may decode pieces of so many bytes: three for each thread are under way. One may always.
    #[cfg(feature = "arrow")]
    pub(super) fn pieces_at_once(&self, bytes: usize) -> usize {
        match self.memory {
            Some(memory) if bytes > 0 => (memory / 3 / bytes).max(1),
            _ => usize::MAX,
        }
    }

    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.memory.unwrap_or(usize::MAX), self.n_threads())
    }

    fn wish(&self, column: &str) -> Wish {
        let named = |list: &[String]| list.iter().any(|name| name == column);
        let kept = self.kept.iter().any(|(name, _)| name == column);
        if !kept && (named(&self.drop) || (!self.only.is_empty() && !named(&self.only))) {
            Wish::Skip
        } else if let Some(hashed) = self.hashed.iter().find(|hashed| hashed.name == column) {
            Wish::Hash(hashed.bits)
        } else if let Some(date) = self.dates.iter().find(|date| date.name == column) {
            Wish::Date(date.format.clone())
        } else if named(&self.categorical) {
            Wish::Text
        } else if kept || named(&self.only) {
            Wish::Keep
        } else {
            Wish::Decide
        }
    }
}

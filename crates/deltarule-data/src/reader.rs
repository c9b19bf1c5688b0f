//! A file of any format, record by record.

#[cfg(feature = "arrow")]
use std::fs::File;
#[cfg(feature = "arrow")]
use std::io::Read;
use std::path::Path;

#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, is_batch_file};
use crate::csv::{CsvOptions, CsvReader, Decimal, Record, open};
use crate::error::Result;
use crate::libsvm::{LibsvmReader, is_libsvm};

/// Reads the records of a file, in bounded memory: CSV, libsvm's format, and with the feature `arrow` Parquet and Arrow IPC. The format is
/// recognised by the first bytes.
#[derive(Debug)]
pub struct Reader {
    pub(crate) inner: Inner,
}

pub(crate) enum Inner {
    Csv(Box<CsvReader>),
    Libsvm(Box<LibsvmReader>),
    #[cfg(feature = "arrow")]
    Batches(Box<BatchReader>),
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Inner::Csv(csv) => csv.fmt(f),
            Inner::Libsvm(libsvm) => f.debug_tuple("Libsvm").field(&libsvm.name()).finish(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => f.debug_tuple("Batches").field(batches.name()).finish(),
        }
    }
}

impl From<CsvReader> for Reader {
    fn from(csv: CsvReader) -> Self {
        Self { inner: Inner::Csv(Box::new(csv)) }
    }
}

impl Reader {
    /// Opens a file; `-` is standard input, which is CSV or in libsvm's format.
    ///
    /// Errors: it cannot be opened, is none of the formats, is empty or damaged, or has two columns of one name.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self> {
        #[cfg(feature = "arrow")]
        {
            let mut start = Vec::new();
            // A file that cannot be read is told by the reader of CSV, which looks at it next.
            let read = File::open(path).and_then(|file| file.take(8).read_to_end(&mut start));
            if path.as_os_str() != "-" && read.is_ok() && is_batch_file(&start) {
                return Ok(Self { inner: Inner::Batches(Box::new(BatchReader::open(path, &start)?)) });
            }
        }
        let opened = open(path)?;
        // Whoever says how fields are parted, or whether there are names, says that it is CSV.
        if options.delimiter.is_none() && options.header.is_none() && is_libsvm(&opened.prefix) {
            return Ok(Self { inner: Inner::Libsvm(Box::new(LibsvmReader::new(opened, options.first_index))) });
        }
        Ok(CsvReader::new(opened, options)?.into())
    }

    /// Whether the file is in libsvm's format; `None` of the index of its first feature: it was not given.
    pub(crate) fn libsvm(&self) -> Option<Option<u32>> {
        match &self.inner {
            Inner::Libsvm(libsvm) => Some(libsvm.first_index),
            _ => None,
        }
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        match &self.inner {
            Inner::Csv(csv) => csv.header(),
            Inner::Libsvm(libsvm) => libsvm.header(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.header(),
        }
    }

    /// The name of the file, for messages.
    pub fn name(&self) -> &str {
        match &self.inner {
            Inner::Csv(csv) => csv.name(),
            Inner::Libsvm(libsvm) => libsvm.name(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.name(),
        }
    }

    /// The decimal sign of its numbers.
    pub fn decimal(&self) -> Decimal {
        match &self.inner {
            Inner::Csv(csv) => csv.decimal(),
            Inner::Libsvm(_) => Decimal::Point,
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => Decimal::Point,
        }
    }

    /// How many bytes of the file, as stored, were read so far; 0 where that is not known.
    pub fn bytes_read(&self) -> u64 {
        match &self.inner {
            Inner::Csv(csv) => csv.bytes_read(),
            Inner::Libsvm(libsvm) => libsvm.bytes_read(),
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => 0,
        }
    }

    /// The size of the file as stored; `None` for a stream, or where it is not known how far reading has come.
    pub fn total_bytes(&self) -> Option<u64> {
        match &self.inner {
            Inner::Csv(csv) => csv.total_bytes(),
            Inner::Libsvm(libsvm) => libsvm.total_bytes(),
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => None,
        }
    }

    /// The next record; `None` after the last.
    ///
    /// Errors: those of [`CsvReader::next_record`], a file that is damaged.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        match &mut self.inner {
            Inner::Csv(csv) => csv.next_record(),
            Inner::Libsvm(libsvm) => libsvm.next_record(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.next_record(),
        }
    }
}

//! Files of any format, record by record.

#[cfg(feature = "arrow")]
use std::fs::File;
#[cfg(feature = "arrow")]
use std::io::Read;
use std::path::{Path, PathBuf};

#[cfg(feature = "arrow")]
use crate::batch::{BatchReader, is_batch_file};
use crate::csv::{CsvOptions, CsvReader, Record, Row, open, open_file};
use crate::error::{DataError, Result};
use crate::files::{Origin, is_standard_input, name_of_all};
use crate::format::FileFormat;
use crate::libsvm::{LibsvmReader, check_begin, is_libsvm};
use crate::order::order;

/// Reads the records of a file, or of several one after the other, in bounded memory: CSV, libsvm's format, and with the feature
/// `arrow` Parquet and Arrow IPC. The format of each is recognised by its first bytes; either all files are of libsvm's format, or none.
#[derive(Debug)]
pub struct Reader {
    /// The file that is being read, and its place among all.
    current: Inner,
    file: usize,
    paths: Vec<PathBuf>,
    options: CsvOptions,
    /// Its name and those of the others.
    files: Vec<String>,
    name: String,
    /// The columns of the first file, which are those of all.
    header: Vec<String>,
    /// Where they stand in the current file, if not in this order.
    order: Option<Vec<usize>>,
    /// A record in the order of the first file.
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// The sizes of the files before the current one, and of all.
    bytes_before: u64,
    total_bytes: Option<u64>,
}

/// One file.
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
        Self::of(Inner::Csv(Box::new(csv)), Vec::new(), CsvOptions::default(), Vec::new())
    }
}

impl Inner {
    /// Opens a file; `-` is standard input, which is CSV.
    pub(crate) fn open(path: &Path, options: &CsvOptions) -> Result<Self> {
        Self::open_as(path, None, options)
    }

    /// The same, under a name for messages.
    fn open_named(path: &Path, name: &str, options: &CsvOptions) -> Result<Self> {
        Self::open_as(path, Some(name.to_owned()).filter(|_| !is_standard_input(path)), options)
    }

    /// The same, under another name for messages: that of the stream of which it is a copy.
    pub(crate) fn open_as(path: &Path, name: Option<String>, options: &CsvOptions) -> Result<Self> {
        #[cfg(feature = "arrow")]
        {
            let mut start = Vec::new();
            // What a pipe gives, it gives once. A file that cannot be read is told by the reader of CSV, which looks at it next.
            let is_file = !is_standard_input(path) && size_of(path).is_some();
            let is_read = is_file && File::open(path).and_then(|file| file.take(8).read_to_end(&mut start)).is_ok();
            if is_read && is_batch_file(&start) {
                let name = name.unwrap_or_else(|| name_of(path));
                return Ok(Inner::Batches(Box::new(BatchReader::open(path, &name, &start)?)));
            }
        }
        let opened = match name {
            Some(name) => open_file(path, name, options.skips_bad_lines)?,
            None => open(path, options.skips_bad_lines)?,
        };
        // Whoever says how fields are parted, or whether there are names, says that it is CSV.
        if options.delimiter.is_none() && options.header.is_none() && is_libsvm(&opened.prefix) {
            if !options.skips_bad_lines {
                check_begin(&opened.name, &opened.prefix)?;
            }
            return Ok(Inner::Libsvm(Box::new(LibsvmReader::new(opened, options.first_index))));
        }
        Ok(Inner::Csv(Box::new(CsvReader::new(opened, options)?)))
    }

    pub(crate) fn header(&self) -> &[String] {
        match self {
            Inner::Csv(csv) => csv.header(),
            Inner::Libsvm(libsvm) => libsvm.header(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.header(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Inner::Csv(csv) => csv.name(),
            Inner::Libsvm(libsvm) => libsvm.name(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.name(),
        }
    }

    /// How many bytes of the file, as stored, were read so far; 0 where that is not known.
    fn bytes_read(&self) -> u64 {
        match self {
            Inner::Csv(csv) => csv.bytes_read(),
            Inner::Libsvm(libsvm) => libsvm.bytes_read(),
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => 0,
        }
    }

    /// The size of the file as stored; `None` for a stream, or where it is not known how far reading has come.
    fn total_bytes(&self) -> Option<u64> {
        match self {
            Inner::Csv(csv) => csv.total_bytes(),
            Inner::Libsvm(libsvm) => libsvm.total_bytes(),
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => None,
        }
    }

    fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Inner::Csv(csv) => csv.next_row(),
            Inner::Libsvm(libsvm) => libsvm.next_row(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.next_row(),
        }
    }

    pub(crate) fn format(&self) -> FileFormat {
        match self {
            Inner::Csv(csv) => csv.file_format(),
            Inner::Libsvm(_) => FileFormat::Libsvm,
            #[cfg(feature = "arrow")]
            Inner::Batches(_) => FileFormat::Batches,
        }
    }

    pub(crate) fn is_libsvm(&self) -> bool {
        matches!(self, Inner::Libsvm(_))
    }

    /// Errors: one of two files is in libsvm's format, and the other is not; the other one came first.
    pub(crate) fn check_beside(&self, other: &str, other_is_libsvm: bool) -> Result<()> {
        let (sparse, columns) = match (self.is_libsvm(), other_is_libsvm) {
            (true, false) => (self.name(), other),
            (false, true) => (other, self.name()),
            _ => return Ok(()),
        };
        Err(DataError::SparseAmongFiles { file: sparse.to_owned(), other: columns.to_owned() })
    }

    /// Whether there is a further record, which is then the next.
    fn has_next(&mut self) -> Result<bool> {
        match self {
            Inner::Csv(csv) => csv.has_next(),
            Inner::Libsvm(libsvm) => libsvm.has_next(),
            #[cfg(feature = "arrow")]
            Inner::Batches(batches) => batches.has_next(),
        }
    }
}

impl Reader {
    /// Opens a file; `-` is standard input, which is CSV or in libsvm's format.
    ///
    /// Errors: it cannot be opened, is none of the formats, is empty or damaged, or has two columns of one name.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self> {
        Self::open_all(&[path.to_owned()], options)
    }

    /// Opens the first of several files with the same columns, in any order and format; the others follow in their turn. Files of libsvm's format
    /// follow files of libsvm's format.
    ///
    /// Errors: those of [`open`](Self::open); no file is named.
    pub fn open_all(paths: &[PathBuf], options: &CsvOptions) -> Result<Self> {
        Self::open_named(paths, paths.iter().map(|path| name_of(path)).collect(), options)
    }

    /// The same of files that have these names in messages.
    pub(crate) fn open_named(paths: &[PathBuf], mut names: Vec<String>, options: &CsvOptions) -> Result<Self> {
        let path = paths.first().map_or(Path::new(""), PathBuf::as_path);
        let first = Inner::open_named(path, names.first().map_or("", String::as_str), options)?;
        let others = names.split_off(names.len().min(1));
        Ok(Self::of(first, paths.to_vec(), *options, others))
    }

    /// Opens files, or begins a query.
    ///
    /// Errors: those of [`open_all`](Self::open_all), and of the query.
    pub fn open_from(origin: &Origin, options: &CsvOptions) -> Result<Self> {
        match origin {
            Origin::Files(paths) => Self::open_all(paths, options),
            #[cfg(feature = "sql")]
            Origin::Query(query) => {
                let first = Inner::Batches(Box::new(query.open()?));
                Ok(Self::of(first, Vec::new(), *options, Vec::new()))
            }
        }
    }

    /// Whether the file is in libsvm's format, whose columns have no names.
    pub fn is_libsvm(&self) -> bool {
        self.libsvm().is_some()
    }

    /// Whether the file is in libsvm's format; `None` of the index of its first feature: it was not given.
    pub(crate) fn libsvm(&self) -> Option<Option<u32>> {
        match &self.current {
            Inner::Libsvm(libsvm) => Some(libsvm.first_index),
            _ => None,
        }
    }

    fn of(current: Inner, paths: Vec<PathBuf>, options: CsvOptions, others: Vec<String>) -> Self {
        let total_bytes = if others.is_empty() { current.total_bytes() } else { size_of_all(&paths) };
        let files: Vec<String> = std::iter::once(current.name().to_owned()).chain(others).collect();
        let (name, header) = (name_of_all(&files), current.header().to_vec());
        let (order, fields, ends) = (None, Vec::new(), Vec::new());
        Self {
            current,
            file: 0,
            paths,
            options,
            files,
            name,
            header,
            order,
            fields,
            ends,
            bytes_before: 0,
            total_bytes,
        }
    }

    /// The names of the columns, in the order of the first file.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The name of the file, or of all, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of each file.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The format of the file that is being read.
    pub fn format(&self) -> FileFormat {
        self.current.format()
    }

    /// How many bytes of the files, as stored, were read so far; 0 where that is not known.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_before + self.current.bytes_read()
    }

    /// The size of all files as stored; `None` for a stream, or where it is not known how far reading has come.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// The next record, its fields in the order of [`header`](Self::header); `None` after the last.
    ///
    /// Errors: those of [`CsvReader::next_record`], a file that is damaged, one whose columns are not those of the first.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        self.next_row()?.map(Row::record).transpose()
    }

    /// The next record, or what is wrong with it; `None` after the last.
    ///
    /// Errors: those of [`next_record`](Self::next_record) that more than one record is to blame for.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        while !self.current.has_next()? {
            let Some(path) = self.paths.get(self.file + 1) else { return Ok(None) };
            let next = Inner::open_named(path, &self.files[self.file + 1], &self.options)?;
            next.check_beside(&self.files[0], self.current.is_libsvm())?;
            self.order = order((&self.files[0], &self.header), (next.name(), next.header()), next.format())?;
            self.bytes_before += size_of(&self.paths[self.file]).unwrap_or_default();
            (self.current, self.file) = (next, self.file + 1);
        }
        let mut record = match self.current.next_row()? {
            Some(Row::Record(record)) => record,
            bad_or_none => return Ok(bad_or_none),
        };
        record.file = self.file;
        let Some(order) = &self.order else { return Ok(Some(Row::Record(record))) };
        self.fields.clear();
        self.ends.clear();
        for &place in order {
            self.fields.extend_from_slice(record.field(place));
            self.ends.push(self.fields.len());
        }
        let mut ordered = Record::of_fields(&self.fields, &self.ends, record.at).with_raw(record.raw());
        (ordered.file, ordered.decimal) = (record.file, record.decimal);
        Ok(Some(Row::Record(ordered)))
    }
}

/// The name of a file, for messages.
pub(crate) fn name_of(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The size of a file; `None` for a stream.
pub(crate) fn size_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|about| about.len())
}

/// The size of all files together; `None` if one of them is a stream.
pub(crate) fn size_of_all(paths: &[PathBuf]) -> Option<u64> {
    paths.iter().map(|path| size_of(path)).sum()
}

//! Tables from text.

mod batch;
mod csv;
mod dates;
mod frame;
mod hashed;
mod libsvm;
mod prepare;
mod sifted;
mod split;
mod types;

use std::io::Read;
use std::ops::ControlFlow;

use deltarule_data::{CsvOptions, CsvReader, DataError, ReadOptions, Table};

fn read_with(text: impl Into<Vec<u8>>, csv: &CsvOptions, options: &ReadOptions) -> Result<Table, DataError> {
    let reader = CsvReader::from_bytes("data.csv", text.into(), csv)?;
    Table::from_reader(reader, options, &mut |_| ControlFlow::Continue(()))
}

/// A table on defaults.
fn read(text: impl Into<Vec<u8>>) -> Result<Table, DataError> {
    read_with(text, &CsvOptions::default(), &ReadOptions::default())
}

/// Gives out so many bytes at a time.
struct Drip {
    bytes: Vec<u8>,
    at: usize,
    most: usize,
}

impl Read for Drip {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.most.min(into.len()).min(self.bytes.len() - self.at);
        into[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Bits that are equal where the values of a column are, missing ones among them.
fn same(table: &Table, column: usize) -> (Vec<u64>, Vec<u32>) {
    let values = table.values_of(column).unwrap();
    (values.numbers().iter().map(|x| x.to_bits()).collect(), values.codes().to_vec())
}

//! Records that can be broken off.

use std::fmt;
use std::ops::Range;

use deltarule_core::{Block, BlockSource, Error, Float, Result, Shape};

/// A source that ends with an error once breaking off was asked for, so that no pass has to be waited for.
pub struct Breakable<'a, T: Float> {
    source: &'a dyn BlockSource<T>,
    is_asked: Box<dyn Fn() -> bool + Sync + 'a>,
}

impl<'a, T: Float> Breakable<'a, T> {
    /// The records of `source`, until `is_asked` says that breaking off was asked for; it is called before each block.
    pub fn new(source: &'a dyn BlockSource<T>, is_asked: impl Fn() -> bool + Sync + 'a) -> Self {
        Self { source, is_asked: Box::new(is_asked) }
    }

    fn check(&self, index: usize) -> Result<()> {
        match (self.is_asked)() {
            true => Err(Error::Source { index, reason: "interrupted".to_owned() }),
            false => Ok(()),
        }
    }
}

impl<T: Float> fmt::Debug for Breakable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breakable").field("n_records", &self.source.n_records()).finish_non_exhaustive()
    }
}

impl<T: Float> BlockSource<T> for Breakable<'_, T> {
    fn shape(&self) -> &Shape {
        self.source.shape()
    }

    fn n_records(&self) -> usize {
        self.source.n_records()
    }

    fn block_rows(&self) -> usize {
        self.source.block_rows()
    }

    fn read(&self, index: usize, visit: &mut dyn FnMut(&Block<'_, T>)) -> Result<()> {
        self.check(index)?;
        self.source.read(index, visit)
    }

    fn read_rows(
        &self,
        index: usize,
        rows: Range<usize>,
        visit: &mut dyn FnMut(&Block<'_, T>, Range<usize>),
    ) -> Result<()> {
        self.check(index)?;
        self.source.read_rows(index, rows, visit)
    }

    fn will_read(&self, index: usize, rows: Range<usize>) {
        self.source.will_read(index, rows);
    }

    fn prefetch(&self, index: usize, rows: Range<usize>) {
        self.source.prefetch(index, rows);
    }
}

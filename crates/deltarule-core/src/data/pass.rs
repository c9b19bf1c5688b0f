//! One pass over a table, in one order, on any number of threads.
//!
//! Consecutive blocks form segments whose length depends on the shape of the table alone. A segment is added up by one thread,
//! and the segments are merged in their order, so the sum has the same bits for 1, 2, 3 or 8 threads. No more than one result
//! for each thread, and the total, are alive at a time.

use super::{Block, BlockSource, Scaling, Shape, Tile};
use crate::error::Result;
use crate::kernel::Float;

/// No pass has more segments than this.
const MAX_SEGMENTS: usize = 128;
/// Where there are so many weights that to clear and to merge their sums for each segment would take longer than the records do, there are
/// fewer segments, in which up to so many values are merged, but never fewer than [`FEW_SEGMENTS`].
const MERGED_VALUES: usize = 1 << 22;
const FEW_SEGMENTS: usize = 16;

/// How many segments a pass has at most.
fn most_segments(shape: &Shape) -> usize {
    let n_weights = shape.n_features().saturating_mul(shape.n_outputs());
    (MERGED_VALUES / n_weights.max(1)).clamp(FEW_SEGMENTS, MAX_SEGMENTS)
}

/// The threads that a pass may use; never a matter of the result.
#[derive(Debug)]
pub struct Threads {
    #[cfg(feature = "threads")]
    pool: Option<rayon::ThreadPool>,
    count: usize,
}

impl Threads {
    /// The calling thread alone.
    pub fn one() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: None,
            count: 1,
        }
    }

    /// A pool of `count` threads; the calling thread alone where none can be started.
    #[cfg(feature = "threads")]
    pub fn new(count: usize) -> Self {
        if count <= 1 {
            return Self::one();
        }
        match rayon::ThreadPoolBuilder::new().num_threads(count).build() {
            Ok(pool) => Self { pool: Some(pool), count },
            Err(_) => Self::one(),
        }
    }

    /// The calling thread alone: this build has no threads.
    #[cfg(not(feature = "threads"))]
    pub fn new(_count: usize) -> Self {
        Self::one()
    }

    /// How many threads a pass uses.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Does two things, at the same time where there are threads for it.
    pub(crate) fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.join(a, b);
        }
        (a(), b())
    }

    /// `work(first), …, work(first + n − 1)`, at the same time where there are threads for it; results in that order.
    pub fn map<A: Send>(&self, first: usize, n: usize, work: impl Fn(usize) -> A + Sync) -> Vec<A> {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool
            && n > 1
        {
            use rayon::prelude::*;
            return pool.install(|| (first..first + n).into_par_iter().with_max_len(1).map(&work).collect());
        }
        (first..first + n).map(work).collect()
    }
}

/// Folds every block of one pass into an `A`: `visit(part, index, block)` within a segment, `merge` from segment to segment.
pub(crate) fn fold_blocks<T: Float, A: Send>(
    source: &dyn BlockSource<T>,
    threads: &Threads,
    empty: impl Fn() -> A + Sync,
    visit: impl Fn(&mut A, usize, &Block<'_, T>) + Sync,
    mut merge: impl FnMut(&mut A, A),
) -> Result<A> {
    let n_blocks = source.n_blocks();
    let segment_blocks = n_blocks.div_ceil(most_segments(source.shape())).max(1);
    let n_segments = n_blocks.div_ceil(segment_blocks);
    let one_segment = |segment: usize| -> Result<A> {
        let mut part = empty();
        let first = segment * segment_blocks;
        for index in first..(first + segment_blocks).min(n_blocks) {
            source.read(index, &mut |block| visit(&mut part, index, block))?;
        }
        Ok(part)
    };
    let mut total: Option<A> = None;
    for wave in (0..n_segments).step_by(threads.count()) {
        for part in threads.map(wave, threads.count().min(n_segments - wave), one_segment) {
            match &mut total {
                None => total = Some(part?),
                Some(total) => merge(total, part?),
            }
        }
    }
    Ok(total.unwrap_or_else(empty))
}

/// [`fold_blocks`] over tiles: every block is loaded, part by part, centred and scaled.
pub(crate) fn fold_tiles<T: Float, A: Send>(
    source: &dyn BlockSource<T>,
    scaling: &Scaling,
    threads: &Threads,
    empty: impl Fn() -> A + Sync,
    visit: impl Fn(&mut A, &Tile<T>) + Sync,
    mut merge: impl FnMut(&mut A, A),
) -> Result<A> {
    let block_rows = source.block_rows().min(source.n_records());
    let (total, _) = fold_blocks(
        source,
        threads,
        || (empty(), Tile::new(source.shape(), block_rows)),
        |(part, tile), index, block| {
            tile.for_each(block, scaling, (index * source.block_rows()) as u64, |tile| visit(part, tile));
        },
        |(total, _), (part, _)| merge(total, part),
    )?;
    Ok(total)
}

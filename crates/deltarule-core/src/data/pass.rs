//! One pass over a table, in one order, on any number of threads.
//!
//! Consecutive blocks form segments whose length depends on the shape of the table alone. A segment is added up by one thread,
//! and the segments are merged in their order, so the sum has the same bits for 1, 2, 3 or 8 threads. No more than one result
//! for each thread, and the total, are alive at a time.

use std::ops::ControlFlow;

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

/// So often a thread without work looks for some before it sleeps until what it waits for is there.
#[cfg(feature = "threads")]
const LOOKS: u32 = 256;

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

    /// Makes the things 0, …, n − 1, each in a slot, and uses them in their order on one thread. Where there are threads for it, others make
    /// what comes next, as far ahead as there are slots; at least one slot must be there.
    ///
    /// Errors: those of `make`, before anything of that thing is used. Ends early where `take` says so.
    pub(crate) fn make_ahead<A: Send>(
        &self,
        slots: &mut [A],
        n: usize,
        make: impl Fn(usize, &mut A) -> Result<()> + Sync,
        mut take: impl FnMut(&mut A) -> ControlFlow<()> + Send,
    ) -> Result<()> {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return make_ahead_on(pool, slots, n, &make, take);
        }
        let Some(slot) = slots.first_mut() else { return Ok(()) };
        for index in 0..n {
            make(index, slot)?;
            if take(slot).is_break() {
                break;
            }
        }
        Ok(())
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

/// [`Threads::make_ahead`] on the threads of a pool.
#[cfg(feature = "threads")]
fn make_ahead_on<'s, A: Send>(
    pool: &rayon::ThreadPool,
    slots: &'s mut [A],
    n: usize,
    make: &(impl Fn(usize, &mut A) -> Result<()> + Sync),
    mut take: impl FnMut(&mut A) -> ControlFlow<()> + Send,
) -> Result<()> {
    pool.scope_fifo(|scope| {
        let (made, arrivals) = std::sync::mpsc::channel();
        let start = |index, slot: &'s mut A| {
            let made = made.clone();
            scope.spawn_fifo(move |_| {
                let result = make(index, slot);
                // No one listens where the work ended early.
                let _ = made.send((index, (slot, result)));
            });
        };
        let mut n_started = n.min(slots.len());
        slots.iter_mut().take(n).enumerate().for_each(|(index, slot)| start(index, slot));
        let mut waiting = std::collections::BTreeMap::new();
        for index in 0..n {
            let mut looks = 0;
            let (slot, result) = loop {
                if let Some(found) = waiting.remove(&index) {
                    break found;
                }
                // While what is next is not there, this thread helps to make it.
                match arrivals.try_recv() {
                    Ok((index, found)) => drop(waiting.insert(index, found)),
                    Err(_) if rayon::yield_now() == Some(rayon::Yield::Executed) => looks = 0,
                    Err(_) if looks < LOOKS => {
                        looks += 1;
                        std::thread::yield_now();
                    }
                    // Nothing waits for a thread, so another one is at work on what is next.
                    Err(_) => waiting.extend(arrivals.recv()),
                }
            };
            result?;
            if take(&mut *slot).is_break() {
                break;
            }
            if n_started < n {
                start(n_started, slot);
                n_started += 1;
            }
        }
        Ok(())
    })
}

/// Folds every block of one pass into an `A`: `visit(part, index, block)` within a segment, `merge` from segment to segment.
pub(crate) fn fold_blocks<T: Float, A: Send>(
    source: &dyn BlockSource<T>,
    threads: &Threads,
    empty: impl Fn() -> A + Sync,
    visit: impl Fn(&mut A, usize, &Block<'_, T>) + Sync,
    mut merge: impl FnMut(&mut A, A) + Send,
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
    let mut parts: Vec<Option<A>> = (0..=threads.count()).map(|_| None).collect();
    let make = |segment: usize, part: &mut Option<A>| {
        *part = Some(one_segment(segment)?);
        Ok(())
    };
    threads.make_ahead(&mut parts, n_segments, make, |part| {
        match (&mut total, part.take()) {
            (Some(total), Some(part)) => merge(total, part),
            (None, part) => total = part,
            (Some(_), None) => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(total.unwrap_or_else(empty))
}

/// [`fold_blocks`] over tiles: every block is loaded, part by part, centred and scaled.
pub(crate) fn fold_tiles<T: Float, A: Send>(
    source: &dyn BlockSource<T>,
    scaling: &Scaling,
    threads: &Threads,
    empty: impl Fn() -> A + Sync,
    visit: impl Fn(&mut A, &Tile<T>) + Sync,
    mut merge: impl FnMut(&mut A, A) + Send,
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

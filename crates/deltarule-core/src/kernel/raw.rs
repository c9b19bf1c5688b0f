//! Net inputs and gradients straight from the raw columns of a block: values are centred and scaled in registers, and stored nowhere.
//!
//! Some hundred rows are gone through twice, forward for h and backward for Σδx; the second time they are in the second-level cache. A few
//! rows at a time stay in registers while all columns go by, so that many columns cost no more for each value than few. On the way, memory
//! is told of the rows that will be wanted next: half of their lines forward, the other half backward, so that it is never idle. Where columns are
//! many, what was told so early may be gone again: the nearest cache is told of the columns that come a little later, too.

use super::dispatch::for_every_width;
use super::linear::{prefetch, prefetch_nearest};
use super::{Float, HALF, LANES, NET_INPUT_LANES, RUN_ROWS, Width};

/// So many columns ahead, the nearest cache is told of a column's rows: forward, where a step goes eight columns on, and backward.
const SOON_FORWARD: usize = 64;
const SOON_BACKWARD: usize = 16;

/// A raw number column and how it becomes an input: x̃ = (x − offset)·factor, or `fill` where x is missing (NaN).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawColumn<'a, T> {
    /// From the column's first value on.
    pub(crate) values: &'a [T],
    /// From the begin of one run of [`RUN_ROWS`] rows to the begin of the next.
    pub(crate) stride: usize,
    pub(crate) offset: T,
    pub(crate) factor: T,
    pub(crate) fill: T,
    /// Whether any value may be missing.
    pub(crate) has_missing: bool,
}

impl<T: Float> RawColumn<'_, T> {
    /// x̃ of one value.
    #[inline(always)]
    fn input(&self, x: T) -> T {
        let input = (x - self.offset) * self.factor;
        if self.has_missing && x.is_nan() { self.fill } else { input }
    }

    /// Where a row stands among the values.
    #[inline(always)]
    fn place(&self, row: usize) -> usize {
        row / RUN_ROWS * self.stride + row % RUN_ROWS
    }

    /// The raw values of rows that lie within one run; nothing where there are not so many.
    #[inline(always)]
    pub(super) fn run(&self, start: usize, n_rows: usize) -> &[T] {
        let at = self.place(start);
        self.values.get(at..at + n_rows).unwrap_or_default()
    }

    /// `visit(k, x̃)` for `K` times [`LANES`] rows from `start` on; nothing where there are not so many.
    #[inline(always)]
    fn inputs<const K: usize>(&self, start: usize, mut visit: impl FnMut(usize, [T; LANES])) {
        let Some(rows) =
            self.values.get(self.place(start)..).and_then(|rows| rows.as_chunks::<LANES>().0.first_chunk::<K>())
        else {
            return;
        };
        if self.has_missing {
            for k in 0..K {
                visit(k, rows[k].map(|x| self.input(x)));
            }
        } else {
            for k in 0..K {
                visit(k, rows[k].map(|x| (x - self.offset) * self.factor));
            }
        }
    }

    /// Asks for `K` times [`LANES`] rows to be brought into the nearest cache.
    #[inline(always)]
    fn prefetch_nearest<const K: usize>(&self, start: usize) {
        let line = 64 / size_of::<T>();
        for k in 0..K * LANES / line {
            prefetch_nearest(self.values.as_ptr().wrapping_add(self.place(start) + k * line));
        }
    }

    /// Asks for every second line of the memory of `K` times [`LANES`] rows, from the first or from the second on.
    #[inline(always)]
    fn prefetch<const K: usize>(&self, start: usize, first: usize) {
        let line = 64 / size_of::<T>();
        for k in (first..K * LANES / line).step_by(2) {
            prefetch(self.values.as_ptr().wrapping_add(self.place(start) + k * line));
        }
    }
}

for_every_width! {
    /// `h[r] = Σ_i weights[i]·x̃_i[start + r]`, summed as [`NET_INPUT_LANES`] says. Shapes: columns and weights (d,), `h` (rows,).
    ///
    /// On the way, memory is told of half of the rows that are `ahead` of these.
    fn raw_net_inputs<T: [Float]>(
        columns: &[RawColumn<'_, T>], weights: &[T], start: usize, ahead: usize, h: &mut [T],
    ) {
        // Eight times the lanes at a time would be out of registers' reach for the compiler, and five times as slow.
        let mut at = net_inputs_of_chunks::<T, 4>(columns, weights, start, ahead, h);
        at += net_inputs_of_chunks::<T, 1>(columns, weights, start + at, ahead, &mut h[at..]);
        for (r, h) in h.iter_mut().enumerate().skip(at) {
            *h = super::net_input(weights, |i| columns[i].input(columns[i].values[columns[i].place(start + r)]));
        }
    }
}

/// Goes through as many rows as there are in whole chunks, and says how many.
#[inline(always)]
fn net_inputs_of_chunks<T: Float, const K: usize>(
    columns: &[RawColumn<'_, T>],
    weights: &[T],
    start: usize,
    ahead: usize,
    h: &mut [T],
) -> usize {
    let mut at = 0;
    for h in h.as_chunks_mut::<LANES>().0.as_chunks_mut::<K>().0 {
        let start = start + at;
        *h = [[T::ZERO; LANES]; K];
        for place in 0..HALF.min(columns.len()) {
            let (mut lane, mut other) = ([[T::ZERO; LANES]; K], [[T::ZERO; LANES]; K]);
            for i in (place..columns.len()).step_by(NET_INPUT_LANES) {
                for soon in [i + SOON_FORWARD, i + HALF + SOON_FORWARD] {
                    if let Some(column) = columns.get(soon) {
                        column.prefetch_nearest::<K>(start);
                    }
                }
                add_column(&mut lane, &columns[i], weights[i], start, ahead);
                if i + HALF < columns.len() {
                    add_column(&mut other, &columns[i + HALF], weights[i + HALF], start, ahead);
                }
            }
            // Into memory, which is in the nearest cache: sums that stay in arrays from place to place end up on the stack.
            for k in 0..K {
                for l in 0..LANES {
                    h[k][l] += lane[k][l] + other[k][l];
                }
            }
        }
        at += K * LANES;
    }
    at
}

/// `lanes += weight·x̃` for the rows from `start` on; half of the rows that are `ahead` are asked for.
#[inline(always)]
fn add_column<T: Float, const K: usize>(
    lanes: &mut [[T; LANES]; K],
    column: &RawColumn<'_, T>,
    weight: T,
    start: usize,
    ahead: usize,
) {
    column.prefetch::<K>(start + ahead, 0);
    column.inputs::<K>(start, |k, x| {
        for l in 0..LANES {
            lanes[k][l] += weight * x[l];
        }
    });
}

for_every_width! {
    /// `sums[i][l] += Σ_r values[r]·x̃_i[start + r]` over the rows r with r mod [`LANES`] = l. Shapes: columns and sums (d,), values (rows,).
    ///
    /// On the way, memory is told of the other half of the rows that are `ahead` of these.
    fn add_raw_products<T: [Float]>(
        columns: &[RawColumn<'_, T>], start: usize, ahead: usize, values: &[T], sums: &mut [[T; LANES]],
    ) {
        let mut at = add_products_of_chunks::<T, 4>(columns, start, ahead, values, sums);
        at += add_products_of_chunks::<T, 1>(columns, start + at, ahead, &values[at..], sums);
        for (l, &value) in values[at..].iter().enumerate() {
            for (column, sums) in columns.iter().zip(&mut *sums) {
                sums[l] += value * column.input(column.values[column.place(start + at + l)]);
            }
        }
    }
}

/// Goes through as many rows as there are in whole chunks, and says how many.
#[inline(always)]
fn add_products_of_chunks<T: Float, const K: usize>(
    columns: &[RawColumn<'_, T>],
    start: usize,
    ahead: usize,
    values: &[T],
    sums: &mut [[T; LANES]],
) -> usize {
    let mut at = 0;
    for values in values.as_chunks::<LANES>().0.as_chunks::<K>().0 {
        let values = *values;
        let start = start + at;
        // From the last to the first: what was gone through forward last is in the nearest cache.
        for (i, (column, sums)) in columns.iter().zip(&mut *sums).enumerate().rev() {
            if let Some(soon) = i.checked_sub(SOON_BACKWARD).filter(|_| columns.len() > SOON_FORWARD) {
                columns[soon].prefetch_nearest::<K>(start);
            }
            column.prefetch::<K>(start + ahead, 1);
            let mut totals = *sums;
            column.inputs::<K>(start, |k, x| {
                for l in 0..LANES {
                    totals[l] += values[k][l] * x[l];
                }
            });
            *sums = totals;
        }
        at += K * LANES;
    }
    at
}

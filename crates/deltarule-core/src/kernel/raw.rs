//! Net inputs and gradients straight from the raw columns of a block: values are centred and scaled in registers, and stored nowhere.
//!
//! Some hundred rows are gone through twice, forward for h and backward for Σδx; the second time they are in the second-level cache. A few
//! rows at a time stay in registers while all columns go by, so that many columns cost no more for each value than few. On the way, memory
//! is told of the rows that will be wanted next: half of their lines forward, the other half backward, so that it is never idle.
//!
//! Where columns are many, two sets of rows would be more than the cache holds, and what was asked for early is gone again. There the way
//! backward over some rows and the way forward over the next go side by side, a group of columns at a time.

use std::ops::Range;

use super::dispatch::for_every_width;
use super::linear::prefetch;
use super::{Float, HALF, LANES, NET_INPUT_LANES, RUN_ROWS, Width};

/// From so many columns on, some rows are gone through backward beside the next ones forward.
pub(crate) const MANY_COLUMNS: usize = 256;
/// Of many columns, so many are gone through at a time, backward and then forward: both are in the nearest caches. A multiple of [`NET_INPUT_LANES`].
const GROUP: usize = 64;
/// Memory is asked for the rows of a column so many columns before they are gone through forward.
const AHEAD: usize = 64;

/// How many rows of many columns are gone through at a time: 256 bytes of each column, a power of two.
pub(crate) const fn rows_of_many_columns<T>() -> usize {
    let rows = 256 / size_of::<T>();
    assert!(RUN_ROWS.is_multiple_of(rows), "rows that are gone through together lie within one run");
    rows
}

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

    /// Asks for the memory of `K` times [`LANES`] rows.
    #[inline(always)]
    fn prefetch_all<const K: usize>(&self, start: usize) {
        self.prefetch::<K>(start, 0);
        self.prefetch::<K>(start, 1);
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
            add_lanes([&mut lane, &mut other], columns, weights, place..columns.len(), start, Some(ahead));
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

/// Adds the columns of two lanes of a net input for the rows from `start` on: those at the begin of `within`, and each eighth after it, to the
/// first, and those four later to the second. Half of the rows that are `ahead` are asked for.
#[inline(always)]
fn add_lanes<T: Float, const K: usize>(
    [lane, other]: [&mut [[T; LANES]; K]; 2],
    columns: &[RawColumn<'_, T>],
    weights: &[T],
    within: Range<usize>,
    start: usize,
    ahead: Option<usize>,
) {
    for i in within.clone().step_by(NET_INPUT_LANES) {
        add_column(lane, &columns[i], weights[i], start, ahead);
        if i + HALF < within.end {
            add_column(other, &columns[i + HALF], weights[i + HALF], start, ahead);
        }
    }
}

/// `lanes += weight·x̃` for the rows from `start` on.
#[inline(always)]
fn add_column<T: Float, const K: usize>(
    lanes: &mut [[T; LANES]; K],
    column: &RawColumn<'_, T>,
    weight: T,
    start: usize,
    ahead: Option<usize>,
) {
    if let Some(ahead) = ahead {
        column.prefetch::<K>(start + ahead, 0);
    }
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
        for (column, sums) in columns.iter().zip(&mut *sums).rev() {
            column.prefetch::<K>(start + ahead, 1);
            add_products(column, start, &values, sums);
        }
        at += K * LANES;
    }
    at
}

/// `sums[l] += Σ_r values[r]·x̃[start + r]` over the rows r with r mod [`LANES`] = l.
#[inline(always)]
fn add_products<T: Float, const K: usize>(
    column: &RawColumn<'_, T>,
    start: usize,
    values: &[[T; LANES]; K],
    sums: &mut [T; LANES],
) {
    let mut totals = *sums;
    column.inputs::<K>(start, |k, x| {
        for l in 0..LANES {
            totals[l] += values[k][l] * x[l];
        }
    });
    *sums = totals;
}

for_every_width! {
    /// [`add_raw_products`] for the rows from the first start on and [`raw_net_inputs`] for those from the second on, side by side, each with its bits. Both are
    /// [`rows_of_many_columns`], and begin at a multiple of them. Shapes: values and `h` (rows,), columns, weights and sums (d,).
    ///
    /// On the way, memory is asked for each column a little before it is needed.
    fn add_raw_products_and_go_on<T: [Float]>(
        columns: &[RawColumn<'_, T>], weights: &[T], starts: [usize; 2], values: &[T], sums: &mut [[T; LANES]],
        h: &mut [T],
    ) {
        if size_of::<T>() == size_of::<f32>() {
            go_through_both::<T, { rows_of_many_columns::<f32>() / LANES }>(columns, weights, starts, values, sums, h);
        } else {
            go_through_both::<T, { rows_of_many_columns::<f64>() / LANES }>(columns, weights, starts, values, sums, h);
        }
    }
}

#[inline(always)]
fn go_through_both<T: Float, const K: usize>(
    columns: &[RawColumn<'_, T>],
    weights: &[T],
    [start, next]: [usize; 2],
    values: &[T],
    sums: &mut [[T; LANES]],
    h: &mut [T],
) {
    let (values, _) = values.as_chunks::<LANES>();
    let (Some(values), Some(h)) = (values.first_chunk::<K>(), h.as_chunks_mut::<LANES>().0.first_chunk_mut::<K>())
    else {
        debug_assert!(false, "found other than {} rows", K * LANES);
        return;
    };
    let n = columns.len();
    let mut lanes = [[[T::ZERO; LANES]; K]; NET_INPUT_LANES];
    for group in (0..n).step_by(GROUP) {
        let end = (group + GROUP).min(n);
        for i in group..end {
            match columns.get(i + AHEAD) {
                Some(column) => column.prefetch_all::<K>(next),
                None => columns[(i + AHEAD) % n].prefetch_all::<K>(next + K * LANES),
            }
            add_products(&columns[i], start, values, &mut sums[i]);
        }
        for place in 0..HALF {
            let (mut lane, mut other) = (lanes[place], lanes[place + HALF]);
            add_lanes([&mut lane, &mut other], columns, weights, group + place..end, next, None);
            (lanes[place], lanes[place + HALF]) = (lane, other);
        }
    }
    *h = [[T::ZERO; LANES]; K];
    for place in 0..HALF {
        for k in 0..K {
            for l in 0..LANES {
                h[k][l] += lanes[place][k][l] + lanes[place + HALF][k][l];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, Stream};

    /// Products and net inputs side by side against one after the other, in every width: the same bits.
    fn check<T: Float>(seed: u64) {
        let mut random = Random::new(seed, Stream::Start);
        let (n_columns, rows) = (1 + random.below(200) as usize, rows_of_many_columns::<T>());
        let mut numbers = |n: usize| -> Vec<T> { (0..n).map(|_| T::from_f64(random.uniform() - 0.5)).collect() };
        let mut raw: Vec<Vec<T>> = (0..n_columns).map(|_| numbers(3 * rows)).collect();
        raw.iter_mut().step_by(3).for_each(|column| column[rows + 1] = T::from_f64(f64::NAN));
        let (weights, values, scales) = (numbers(n_columns), numbers(rows), numbers(n_columns));
        let columns: Vec<RawColumn<'_, T>> = raw
            .iter()
            .zip(&scales)
            .enumerate()
            .map(|(i, (values, &factor))| RawColumn {
                values,
                stride: RUN_ROWS,
                offset: factor,
                factor,
                fill: T::ONE,
                has_missing: i % 3 == 0,
            })
            .collect();
        for width in Width::ALL {
            width.limit();
            for [start, next] in [[0, rows], [rows, 2 * rows]] {
                let (mut h, mut expected) = (vec![T::ONE; rows], vec![T::ZERO; rows]);
                let mut sums = vec![[T::ONE; LANES]; n_columns];
                let mut products = sums.clone();
                add_raw_products_and_go_on(&columns, &weights, [start, next], &values, &mut sums, &mut h);
                add_raw_products(&columns, start, 0, &values, &mut products);
                raw_net_inputs(&columns, &weights, next, 0, &mut expected);
                assert_eq!(sums, products, "{} {n_columns} columns", width.name());
                assert_eq!(h, expected, "{} {n_columns} columns", width.name());
            }
        }
        Width::widest().limit();
    }

    #[test]
    fn both_ways_side_by_side_have_the_bits_of_each_alone() {
        for seed in 0..50 {
            check::<f32>(seed);
            check::<f64>(seed);
        }
    }
}

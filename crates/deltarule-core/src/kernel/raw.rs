//! Net inputs and gradients straight from the raw columns of a block: values are centred and scaled in registers, and stored nowhere.
//!
//! Rows are gone through run by run, twice: forward for h and, while they are still in a cache, backward for Σδx. The way backward over some
//! rows and the way forward over the next go side by side, column by column, so that memory is read without a pause and in its order. On the
//! way it is asked for what comes a little later.

use super::dispatch::in_registers;
use super::linear::prefetch;
use super::sixteen::{Plain, Sixteen};
use super::{Float, HALF, LANES, NET_INPUT_LANES, RUN_ROWS};

/// One number for each of `K` times [`LANES`] rows.
type Chunks<T, const K: usize> = [[T; LANES]; K];
/// How many times [`LANES`] rows a run has.
const RUN: usize = RUN_ROWS / LANES;

/// Memory is asked for the rows of a column so many columns before they are gone through forward.
const AHEAD: usize = 32;

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

    /// `visit(k, x̃)` for the `K` times [`LANES`] rows from `start` on; nothing where there are not so many.
    #[inline(always)]
    fn inputs<V: Sixteen<T>, const K: usize>(&self, start: usize, mut visit: impl FnMut(usize, V)) {
        let Some(rows) =
            self.values.get(self.place(start)..).and_then(|rows| rows.as_chunks::<LANES>().0.first_chunk::<K>())
        else {
            return;
        };
        let (offset, factor) = (V::splat(self.offset), V::splat(self.factor));
        if self.has_missing {
            let fill = V::splat(self.fill);
            for (k, raw) in rows.iter().enumerate() {
                let raw = V::load(raw);
                visit(k, raw.sub(offset).mul(factor).or_where_missing(raw, fill));
            }
        } else {
            for (k, raw) in rows.iter().enumerate() {
                visit(k, V::load(raw).sub(offset).mul(factor));
            }
        }
    }

    /// Asks for the memory of `K` times [`LANES`] rows.
    #[inline(always)]
    fn prefetch<const K: usize>(&self, start: usize) {
        let at = self.place(start);
        for first in (0..K * LANES).step_by(64 / size_of::<T>()) {
            prefetch(self.values.as_ptr().wrapping_add(at + first));
        }
    }
}

/// Asks for memory [`AHEAD`] columns before it is gone through: that of a later column, or, where there are no more, of later rows.
#[inline(always)]
fn ask_ahead<T: Float, const K: usize>(columns: &[RawColumn<'_, T>], i: usize, start: usize) {
    let n = columns.len();
    if n <= AHEAD {
        columns[i].prefetch::<K>(start + AHEAD.div_ceil(n) * K * LANES);
    } else if i + AHEAD < n {
        columns[i + AHEAD].prefetch::<K>(start);
    } else {
        columns[i + AHEAD - n].prefetch::<K>(start + K * LANES);
    }
}

in_registers! {
    /// `h[r] = Σ_i weights[i]·x̃_i[start + r]`, summed as [`NET_INPUT_LANES`] says. `start` is the begin of a run. Shapes: columns and weights (d,), `h` (rows,).
    fn raw_net_inputs<T, V>(columns: &[RawColumn<'_, T>], weights: &[T], start: usize, h: &mut [T]) {
        let mut at = start;
        let (chunks, rest) = h.as_chunks_mut::<LANES>();
        let (runs, chunks) = chunks.as_chunks_mut::<RUN>();
        for h in runs {
            net_inputs::<T, V, RUN>(columns, weights, at, h);
            at += RUN_ROWS;
        }
        for h in chunks {
            net_inputs::<T, V, 1>(columns, weights, at, std::array::from_mut(h));
            at += LANES;
        }
        for (r, h) in rest.iter_mut().enumerate() {
            *h = super::net_input(weights, |i| columns[i].input(columns[i].values[columns[i].place(at + r)]));
        }
    }
}

#[inline(always)]
fn net_inputs<T: Float, V: Sixteen<T>, const K: usize>(
    columns: &[RawColumn<'_, T>],
    weights: &[T],
    start: usize,
    h: &mut Chunks<T, K>,
) {
    let mut lanes = [[[T::ZERO; LANES]; K]; NET_INPUT_LANES];
    for (i, (column, &weight)) in columns.iter().zip(weights).enumerate() {
        ask_ahead::<T, K>(columns, i, start);
        add_column::<T, V, K>(column, weight, start, &mut lanes[i % NET_INPUT_LANES]);
    }
    fold_lanes(&lanes, h);
}

/// `lane += weight·x̃` for the rows from `start` on.
#[inline(always)]
fn add_column<T: Float, V: Sixteen<T>, const K: usize>(
    column: &RawColumn<'_, T>,
    weight: T,
    start: usize,
    lane: &mut Chunks<T, K>,
) {
    let weight = V::splat(weight);
    column.inputs::<V, K>(start, |k, x| V::load(&lane[k]).add(weight.mul(x)).store(&mut lane[k]));
}

/// [`super::fold_net_input`] of each row.
#[inline(always)]
fn fold_lanes<T: Float, const K: usize>(lanes: &[Chunks<T, K>; NET_INPUT_LANES], h: &mut Chunks<T, K>) {
    *h = [[T::ZERO; LANES]; K];
    for place in 0..HALF {
        for k in 0..K {
            for l in 0..LANES {
                h[k][l] += lanes[place][k][l] + lanes[place + HALF][k][l];
            }
        }
    }
}

in_registers! {
    /// `sums[i][l] += Σ_r values[r]·x̃_i[start + r]` over the rows r with r mod [`LANES`] = l. `start` is the begin of a run. Shapes: columns and sums (d,), values (rows,).
    fn add_raw_products<T, V>(columns: &[RawColumn<'_, T>], start: usize, values: &[T], sums: &mut [[T; LANES]]) {
        let (chunks, rest) = values.as_chunks::<LANES>();
        let (runs, chunks) = chunks.as_chunks::<RUN>();
        for (column, sums) in columns.iter().zip(sums) {
            let mut at = start;
            for values in runs {
                add_products::<T, V, RUN>(column, at, values, sums);
                at += RUN_ROWS;
            }
            for values in chunks {
                add_products::<T, V, 1>(column, at, std::array::from_ref(values), sums);
                at += LANES;
            }
            for (l, &value) in rest.iter().enumerate() {
                sums[l] += value * column.input(column.values[column.place(at + l)]);
            }
        }
    }
}

/// `sums[l] += Σ_r values[r]·x̃[start + r]` over the rows r with r mod [`LANES`] = l.
#[inline(always)]
fn add_products<T: Float, V: Sixteen<T>, const K: usize>(
    column: &RawColumn<'_, T>,
    start: usize,
    values: &Chunks<T, K>,
    sums: &mut [T; LANES],
) {
    let mut totals = V::load(sums);
    column.inputs::<V, K>(start, |k, x| totals = totals.add(V::load(&values[k]).mul(x)));
    totals.store(sums);
}

in_registers! {
    /// [`add_raw_products`] for the rows from the first start on and [`raw_net_inputs`] for as many from the second on, side by side, each with its bits. Both are
    /// whole runs. Shapes: values and `h` (rows,), columns, weights and sums (d,).
    fn add_raw_products_and_go_on<T, V>(
        columns: &[RawColumn<'_, T>], weights: &[T], starts: [usize; 2], values: &[T], sums: &mut [[T; LANES]],
        h: &mut [T],
    ) {
        let (values, _) = values.as_chunks::<LANES>().0.as_chunks::<RUN>();
        let (h, _) = h.as_chunks_mut::<LANES>().0.as_chunks_mut::<RUN>();
        let [mut start, mut next] = starts;
        for (values, h) in values.iter().zip(h) {
            let mut lanes = [[[T::ZERO; LANES]; RUN]; NET_INPUT_LANES];
            for (i, ((column, &weight), sums)) in columns.iter().zip(weights).zip(&mut *sums).enumerate() {
                ask_ahead::<T, RUN>(columns, i, next);
                add_products::<T, V, RUN>(column, start, values, sums);
                add_column::<T, V, RUN>(column, weight, next, &mut lanes[i % NET_INPUT_LANES]);
            }
            fold_lanes(&lanes, h);
            start += RUN_ROWS;
            next += RUN_ROWS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Width;
    use super::*;
    use crate::random::{Random, Stream};

    /// Products and net inputs side by side against one after the other, in every width: the same bits.
    fn check<T: Float>(seed: u64) {
        let mut random = Random::new(seed, Stream::Start);
        let (n_columns, rows) = (1 + random.below(200) as usize, RUN_ROWS * (1 + random.below(3) as usize));
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
                add_raw_products(&columns, start, &values, &mut products);
                raw_net_inputs(&columns, &weights, next, &mut expected);
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

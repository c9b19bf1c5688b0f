//! Net inputs and gradients straight from the raw columns of a block: values are centred and scaled in registers, and stored nowhere.
//!
//! Rows are gone through run by run, twice: forward for h and, while they are still in a cache, backward for Σδx. The way backward over some
//! rows and the way forward over the next go side by side, column by column, so that memory is read without a pause and in its order. On the
//! way it is asked for what comes a little later.

use super::aligned::OnLine;
use super::dispatch::in_registers;
use super::layout::Layout;
use super::linear::prefetch_nearest;
use super::sixteen::{Plain, Sixteen};
use super::{Float, GROUP_ROWS, HALF, LANES, NET_INPUT_LANES};

/// One number for each of `K` times [`LANES`] rows.
type Chunks<T, const K: usize> = [[T; LANES]; K];
/// How many times [`LANES`] rows are gone through at a time.
const GROUP: usize = GROUP_ROWS / LANES;

/// Memory is asked for the rows of a column so many columns before they are gone through forward.
const AHEAD: usize = 32;

/// The rows of all columns that are gone through at a time take up no more than this, so that the way back finds them in the second-level cache.
const GROUP_BYTES: usize = 512 * 1024;

/// How many rows are gone through at a time, forward and backward: [`GROUP_ROWS`], or fewer where there are very many columns.
pub(crate) fn group_rows<T>(n_columns: usize) -> usize {
    let fits = |rows: &usize| rows * n_columns * size_of::<T>() <= GROUP_BYTES;
    [GROUP_ROWS, GROUP_ROWS / 2].into_iter().find(fits).unwrap_or(LANES)
}

/// A raw number column and how it becomes an input: x̃ = (x − offset)·factor, or `fill` where x is missing (NaN).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawColumn<'a, T> {
    /// From the column's first value on.
    pub(crate) values: &'a [T],
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

    /// x̃ of the [`LANES`] rows at a place.
    ///
    /// # Safety
    ///
    /// The place is that of a whole chunk of [`RawColumns`] that the column is one of.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn inputs<V: Sixteen<T>>(&self, at: usize, [offset, factor, fill]: [V; 3]) -> V {
        // SAFETY: `RawColumns` has seen that the rows are within the values.
        let raw = V::load(unsafe { &*self.values.as_ptr().add(at).cast() });
        let input = raw.sub(offset).mul(factor);
        if self.has_missing { input.or_where_missing(raw, fill) } else { input }
    }

    /// The constants of [`RawColumn::inputs`].
    #[inline(always)]
    fn constants<V: Sixteen<T>>(&self) -> [V; 3] {
        [V::splat(self.offset), V::splat(self.factor), V::splat(self.fill)]
    }

    /// Asks for the memory of the [`LANES`] rows at each place.
    #[inline(always)]
    fn prefetch<const K: usize>(&self, places: &[usize; K]) {
        for &at in places {
            for first in (0..LANES).step_by(64 / size_of::<T>()) {
                prefetch_nearest(self.values.as_ptr().wrapping_add(at + first));
            }
        }
    }
}

/// The raw number columns of a block.
#[derive(Debug)]
pub(crate) struct RawColumns<'a, T> {
    columns: Vec<RawColumn<'a, T>>,
    layout: Layout,
    n_rows: usize,
}

impl<'a, T: Float> RawColumns<'a, T> {
    /// So many rows of columns that lie in the same way.
    pub(crate) fn new(columns: Vec<RawColumn<'a, T>>, layout: Layout, n_rows: usize) -> Self {
        let is_there = |column: &RawColumn<'_, T>| n_rows == 0 || layout.place(n_rows - 1) < column.values.len();
        assert!(columns.iter().all(is_there), "{n_rows} rows of every column");
        Self { columns, layout, n_rows }
    }

    /// Column by column.
    pub(crate) fn as_slice(&self) -> &[RawColumn<'a, T>] {
        &self.columns
    }

    /// How the columns lie.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// All rows that a loop goes through are there.
    #[inline(always)]
    fn check(&self, start: usize, n_rows: usize) {
        assert!(
            start.is_multiple_of(LANES) && start + n_rows <= self.n_rows,
            "rows {start} + {n_rows} of {}",
            self.n_rows
        );
    }

    /// What asks for memory before column `i` of some rows is gone through: for a later column of theirs, or, where there is none, for the
    /// first columns of later rows.
    #[inline(always)]
    fn asking_ahead<const K: usize>(&self, start: usize) -> impl Fn(usize) + '_ {
        let n = self.columns.len();
        let ahead = AHEAD.min(n);
        let here = self.layout.places::<K>(start);
        let later = self.layout.places::<K>(start + AHEAD.div_ceil(n.max(1)) * K * LANES);
        move |i| match self.columns.get(i + ahead) {
            Some(column) => column.prefetch(&here),
            None => self.columns[i + ahead - n].prefetch(&later),
        }
    }
}

in_registers! {
    /// `h[r] = Σ_i weights[i]·x̃_i[start + r]`, summed as [`NET_INPUT_LANES`] says. `start` is a multiple of [`LANES`]. Shapes: columns and weights (d,), `h` (rows,).
    fn raw_net_inputs<T, V>(columns: &RawColumns<'_, T>, weights: &[T], start: usize, h: &mut [T]) {
        columns.check(start, h.len());
        let mut at = start;
        let (chunks, rest) = h.as_chunks_mut::<LANES>();
        let (groups, chunks) = chunks.as_chunks_mut::<GROUP>();
        for h in groups {
            net_inputs::<T, V, GROUP>(columns, weights, at, h);
            at += GROUP_ROWS;
        }
        for h in chunks {
            net_inputs::<T, V, 1>(columns, weights, at, std::array::from_mut(h));
            at += LANES;
        }
        let first = columns.layout.place(at);
        for (r, h) in rest.iter_mut().enumerate() {
            let input = |i: usize| columns.columns[i].input(columns.columns[i].values[first + r]);
            *h = super::net_input(weights, input);
        }
    }
}

#[inline(always)]
#[allow(unsafe_code)]
fn net_inputs<T: Float, V: Sixteen<T>, const K: usize>(
    columns: &RawColumns<'_, T>,
    weights: &[T],
    start: usize,
    h: &mut Chunks<T, K>,
) {
    let mut lanes = no_lanes();
    let places = columns.layout.places(start);
    let ask_ahead = columns.asking_ahead::<K>(start);
    for (i, (column, &weight)) in columns.columns.iter().zip(weights).enumerate() {
        ask_ahead(i);
        // SAFETY: the caller has checked the rows.
        unsafe { add_column::<T, V, K>(column, i, weight, &places, &mut lanes) };
    }
    fold_lanes::<T, V, K>(&lanes, h);
}

/// The lanes of the net inputs of some rows.
type NetInputs<T, const K: usize> = OnLine<[Chunks<T, K>; NET_INPUT_LANES]>;

/// Lanes to which no column was added.
#[inline(always)]
fn no_lanes<T: Float, const K: usize>() -> NetInputs<T, K> {
    OnLine([[[T::ZERO; LANES]; K]; NET_INPUT_LANES])
}

/// `lane += weight·x̃` for the rows at some places, in the lane of column `i`. The first column of each lane does not look at what was there: other
/// rows may have left it.
///
/// # Safety
///
/// That of [`RawColumn::inputs`].
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn add_column<T: Float, V: Sixteen<T>, const K: usize>(
    column: &RawColumn<'_, T>,
    i: usize,
    weight: T,
    places: &[usize; K],
    lanes: &mut NetInputs<T, K>,
) {
    let (weight, zero, constants) = (V::splat(weight), V::splat(T::ZERO), column.constants());
    let lane = &mut lanes.0[i % NET_INPUT_LANES];
    for (lane, &at) in lane.iter_mut().zip(places) {
        let before = if i < NET_INPUT_LANES { zero } else { V::load(lane) };
        // SAFETY: the caller's.
        before.add(weight.mul(unsafe { column.inputs(at, constants) })).store(lane);
    }
}

/// [`super::fold_net_input`] of each row.
#[inline(always)]
fn fold_lanes<T: Float, V: Sixteen<T>, const K: usize>(lanes: &NetInputs<T, K>, h: &mut Chunks<T, K>) {
    for (k, h) in h.iter_mut().enumerate() {
        let mut total = V::splat(T::ZERO);
        for place in 0..HALF {
            total = total.add(V::load(&lanes.0[place][k]).add(V::load(&lanes.0[place + HALF][k])));
        }
        total.store(h);
    }
}

in_registers! {
    /// `sums[i][l] += Σ_r values[r]·x̃_i[start + r]` over the rows r with r mod [`LANES`] = l. `start` is a multiple of [`LANES`]. Shapes: columns and sums (d,), values (rows,).
    #[allow(unsafe_code)]
    fn add_raw_products<T, V>(columns: &RawColumns<'_, T>, start: usize, values: &[T], sums: &mut [[T; LANES]]) {
        columns.check(start, values.len());
        let (chunks, rest) = values.as_chunks::<LANES>();
        let (groups, chunks) = chunks.as_chunks::<GROUP>();
        for (column, sums) in columns.columns.iter().zip(sums) {
            let mut at = start;
            // SAFETY, of both: the rows are checked.
            for values in groups {
                unsafe { add_products::<T, V, GROUP>(column, &columns.layout.places(at), values, sums) };
                at += GROUP_ROWS;
            }
            for values in chunks {
                unsafe { add_products::<T, V, 1>(column, &columns.layout.places(at), std::array::from_ref(values), sums) };
                at += LANES;
            }
            let first = columns.layout.place(at);
            for (l, &value) in rest.iter().enumerate() {
                sums[l] += value * column.input(column.values[first + l]);
            }
        }
    }
}

/// `sums[l] += Σ_r values[r]·x̃[r]` over the rows r at some places with r mod [`LANES`] = l.
///
/// # Safety
///
/// That of [`RawColumn::inputs`].
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn add_products<T: Float, V: Sixteen<T>, const K: usize>(
    column: &RawColumn<'_, T>,
    places: &[usize; K],
    values: &Chunks<T, K>,
    sums: &mut [T; LANES],
) {
    let (mut totals, constants) = (V::load(sums), column.constants());
    for (values, &at) in values.iter().zip(places) {
        // SAFETY: the caller's.
        totals = totals.add(V::load(values).mul(unsafe { column.inputs(at, constants) }));
    }
    totals.store(sums);
}

in_registers! {
    /// [`add_raw_products`] for the rows from the first start on and [`raw_net_inputs`] for as many from the second on, side by side, each with its bits. Both are
    /// whole groups of [`group_rows`]. Shapes: values and `h` (rows,), columns, weights and sums (d,).
    fn add_raw_products_and_go_on<T, V>(
        columns: &RawColumns<'_, T>, weights: &[T], starts: [usize; 2], values: &[T], sums: &mut [[T; LANES]],
        h: &mut [T],
    ) {
        match group_rows::<T>(columns.columns.len()) / LANES {
            GROUP => back_and_on::<T, V, GROUP>(columns, weights, starts, values, sums, h),
            2 => back_and_on::<T, V, 2>(columns, weights, starts, values, sums, h),
            _ => back_and_on::<T, V, 1>(columns, weights, starts, values, sums, h),
        }
    }
}

/// [`add_raw_products_and_go_on`], `K` times [`LANES`] rows at a time.
#[inline(always)]
#[allow(unsafe_code)]
fn back_and_on<T: Float, V: Sixteen<T>, const K: usize>(
    columns: &RawColumns<'_, T>,
    weights: &[T],
    starts: [usize; 2],
    values: &[T],
    sums: &mut [[T; LANES]],
    h: &mut [T],
) {
    columns.check(starts[0], values.len());
    columns.check(starts[1], h.len());
    let (values, _) = values.as_chunks::<LANES>().0.as_chunks::<K>();
    let (h, _) = h.as_chunks_mut::<LANES>().0.as_chunks_mut::<K>();
    let [mut start, mut next] = starts;
    let mut lanes = no_lanes();
    for (values, h) in values.iter().zip(h) {
        let (here, there) = (columns.layout.places(start), columns.layout.places(next));
        let ask_ahead = columns.asking_ahead::<K>(next);
        for (i, ((column, &weight), sums)) in columns.columns.iter().zip(weights).zip(&mut *sums).enumerate() {
            ask_ahead(i);
            // SAFETY: the rows are checked.
            unsafe {
                add_products::<T, V, K>(column, &here, values, sums);
                add_column::<T, V, K>(column, i, weight, &there, &mut lanes);
            }
        }
        fold_lanes::<T, V, K>(&lanes, h);
        start += K * LANES;
        next += K * LANES;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Width;
    use super::*;
    use crate::random::{Random, Stream};

    /// Products and net inputs side by side against one after the other, in every width and layout: the same bits.
    fn check<T: Float>(seed: u64, n_columns: Option<usize>) {
        let mut random = Random::new(seed, Stream::Start);
        let (some_columns, rows) = (1 + random.below(200) as usize, GROUP_ROWS * (1 + random.below(3) as usize));
        let n_columns = n_columns.unwrap_or(some_columns);
        let mut numbers = |n: usize| -> Vec<T> { (0..n).map(|_| T::from_f64(random.uniform() - 0.5)).collect() };
        let mut raw: Vec<Vec<T>> = (0..n_columns).map(|_| numbers(3 * rows)).collect();
        raw.iter_mut().step_by(3).for_each(|column| column[rows + 1] = T::from_f64(f64::NAN));
        let (weights, values, scales) = (numbers(n_columns), numbers(rows), numbers(n_columns));
        let mut results = Vec::new();
        // Every column has memory of its own here, of which many columns with long strides would take too much.
        let tiled = (n_columns <= 200).then(|| Layout::tiled(n_columns));
        for layout in [Layout::ALONE, Layout::of_short_runs(2 * LANES)].into_iter().chain(tiled) {
            let laid: Vec<Vec<T>> = raw
                .iter()
                .map(|column| {
                    let mut laid = vec![T::from_f64(f64::NAN); layout.place(3 * rows)];
                    column.iter().enumerate().for_each(|(row, &x)| laid[layout.place(row)] = x);
                    laid
                })
                .collect();
            let columns = laid.iter().zip(&scales).enumerate().map(|(i, (values, &factor))| RawColumn {
                values,
                offset: factor,
                factor,
                fill: T::ONE,
                has_missing: i % 3 == 0,
            });
            let columns = RawColumns::new(columns.collect(), layout, 3 * rows);
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
                    results.push((start, h, sums));
                }
            }
            Width::widest().limit();
        }
        for (start, h, sums) in &results {
            let (_, expected_h, expected_sums) = &results[start / rows];
            assert_eq!((h, sums), (expected_h, expected_sums), "{n_columns} columns, from row {start}");
        }
    }

    #[test]
    fn both_ways_side_by_side_have_the_bits_of_each_alone() {
        for seed in 0..50 {
            check::<f32>(seed, None);
            check::<f64>(seed, None);
        }
    }

    #[test]
    fn fewer_rows_at_a_time_have_the_bits_of_each_way_alone() {
        for (n_columns, rows, rows_of_double) in [(1000, 64, 64), (1500, 64, 32), (3000, 32, 16)] {
            assert_eq!((group_rows::<f32>(n_columns), group_rows::<f64>(n_columns)), (rows, rows_of_double));
            check::<f32>(0, Some(n_columns));
            check::<f64>(0, Some(n_columns));
        }
    }
}

//! Net inputs and gradients from the columns of a tile, which are centred and scaled already, for several outputs at a time.
//!
//! Sums in eight registers are under way together: of as many outputs, lanes and columns as these hold.

use super::aligned::OnLine;
use super::dispatch::in_registers;
use super::sixteen::{Plain, Sixteen};
use super::{Float, HALF, LANES, NET_INPUT_LANES, fold_net_input};

/// The columns of a tile.
#[derive(Clone, Copy)]
struct Columns<'a, T> {
    /// Column i is `values[i·stride..][..n_rows]`.
    values: &'a [T],
    stride: usize,
    n_columns: usize,
    n_rows: usize,
}

impl<'a, T: Float> Columns<'a, T> {
    fn new(values: &'a [T], stride: usize, n_columns: usize, n_rows: usize) -> Self {
        assert!(
            n_columns == 0 || (n_columns - 1) * stride + n_rows <= values.len(),
            "{n_columns} columns of {n_rows} rows, {stride} apart, in {}",
            values.len()
        );
        Self { values, stride, n_columns, n_rows }
    }

    /// How many rows there are without those that fill no [`LANES`].
    #[inline(always)]
    fn whole_rows(&self) -> usize {
        self.n_rows / LANES * LANES
    }

    /// x̃ of column `i` and row `r`.
    #[inline(always)]
    fn at(&self, i: usize, r: usize) -> T {
        self.values[i * self.stride + r]
    }

    /// [`LANES`] rows of column `i`.
    ///
    /// # Safety
    ///
    /// There is such a column, and there are these rows.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn load<V: Sixteen<T>>(&self, i: usize, start: usize) -> V {
        debug_assert!(i < self.n_columns && start + LANES <= self.n_rows);
        // SAFETY: `new` has seen that all rows of all columns are there.
        V::load(unsafe { &*self.values.as_ptr().add(i * self.stride + start).cast() })
    }
}

/// So many registers of sums are under way.
const REGISTERS: usize = 8;

/// The largest power of two that is no more than either; at least 1.
#[inline(always)]
fn at_a_time(most: usize, left: usize) -> usize {
    1 << most.min(left).max(1).ilog2()
}

/// `$run::<T, V, J, N>` for the pair of a number of outputs J and one of lanes or columns N.
macro_rules! in_pairs {
    ($pair:expr, $run:ident($($arg:expr),*)) => {
        match $pair {
            (8, _) => $run::<T, V, 8, 1>($($arg),*),
            (4, 2) => $run::<T, V, 4, 2>($($arg),*),
            (4, _) => $run::<T, V, 4, 1>($($arg),*),
            (2, 4) => $run::<T, V, 2, 4>($($arg),*),
            (2, 2) => $run::<T, V, 2, 2>($($arg),*),
            (2, _) => $run::<T, V, 2, 1>($($arg),*),
            (_, 8) => $run::<T, V, 1, 8>($($arg),*),
            (_, 4) => $run::<T, V, 1, 4>($($arg),*),
            (_, 2) => $run::<T, V, 1, 2>($($arg),*),
            _ => $run::<T, V, 1, 1>($($arg),*),
        }
    };
}

/// The lanes of the net inputs of [`LANES`] rows and some outputs: in memory, since the registers are for those that are worked on. A lane
/// without a column stays 0.
type NetInputLanes<T> = OnLine<[[[T; LANES]; REGISTERS]; NET_INPUT_LANES]>;

in_registers! {
    /// `h[j·rows + r] = Σ_i weights[j·d + i]·x_i[r]`, summed as [`NET_INPUT_LANES`] says; column i is `columns[i·stride..][..rows]`.
    fn tile_net_inputs<T, V>(columns: &[T], stride: usize, n_columns: usize, n_rows: usize, weights: &[T], h: &mut [T]) {
        if n_columns == 0 || n_rows == 0 {
            h.fill(T::ZERO);
            return;
        }
        let columns = Columns::new(columns, stride, n_columns, n_rows);
        let n_outputs = h.len() / n_rows;
        let mut lanes: NetInputLanes<T> = OnLine([[[T::ZERO; LANES]; REGISTERS]; NET_INPUT_LANES]);
        // All outputs over some rows: these then stay in the nearest cache.
        for start in (0..columns.whole_rows()).step_by(LANES) {
            let mut output = 0;
            while output < n_outputs {
                let (weights, h) = (&weights[output * n_columns..], &mut h[output * n_rows + start..]);
                let n = at_a_time(REGISTERS / V::REGISTERS, n_outputs - output);
                in_pairs!((n, REGISTERS / (n * V::REGISTERS)), net_inputs(columns, start, weights, &mut lanes, h));
                output += n;
            }
        }
        for (weights, h) in weights.chunks(n_columns).zip(h.chunks_mut(n_rows)) {
            for (r, h) in h.iter_mut().enumerate().skip(columns.whole_rows()) {
                *h = net_input(weights, |i| columns.at(i, r));
            }
        }
    }
}

/// `h[j·rows + l]` of [`LANES`] rows from `start` on, for `J` outputs, `L` lanes at a time.
#[inline(always)]
#[allow(unsafe_code)]
fn net_inputs<T: Float, V: Sixteen<T>, const J: usize, const L: usize>(
    columns: Columns<'_, T>,
    start: usize,
    weights: &[T],
    lanes: &mut NetInputLanes<T>,
    h: &mut [T],
) {
    let n = columns.n_columns;
    assert!(start + LANES <= columns.n_rows, "rows {start} + {LANES} of {}", columns.n_rows);
    let weights: [&[T]; J] = std::array::from_fn(|j| &weights[j * n..(j + 1) * n]);
    for first in (0..NET_INPUT_LANES.min(n)).step_by(L) {
        // SAFETY: the rows are there.
        let sums = unsafe { lanes_of::<T, V, J, L>(columns, start, &weights, first) };
        for (sums, lane) in sums.into_iter().zip(&mut lanes.0[first..]) {
            for (sum, into) in sums.into_iter().zip(lane) {
                sum.store(into);
            }
        }
    }
    for j in 0..J {
        let mut total = V::splat(T::ZERO);
        for place in 0..HALF {
            total = total.add(V::load(&lanes.0[place][j]).add(V::load(&lanes.0[place + HALF][j])));
        }
        if let Some(h) = h[j * columns.n_rows..].first_chunk_mut() {
            total.store(h);
        }
    }
}

/// `L` lanes of the net inputs of `J` outputs, from lane `first` on: of every eighth column.
///
/// # Safety
///
/// There are [`LANES`] rows from `start` on.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn lanes_of<T: Float, V: Sixteen<T>, const J: usize, const L: usize>(
    columns: Columns<'_, T>,
    start: usize,
    weights: &[&[T]; J],
    first: usize,
) -> [[V; J]; L] {
    let mut lanes = [[V::splat(T::ZERO); J]; L];
    let mut i = first;
    while i < columns.n_columns {
        for l in 0..L {
            if i + l < columns.n_columns {
                // SAFETY: the column is there, and the rows are by the caller's word.
                let x: V = unsafe { columns.load(i + l, start) };
                for j in 0..J {
                    lanes[l][j] = lanes[l][j].add(V::splat(weights[j][i + l]).mul(x));
                }
            }
        }
        i += NET_INPUT_LANES;
    }
    lanes
}

/// Σ w_i x_i of one record, in the order that every kernel has: [`NET_INPUT_LANES`].
#[inline(always)]
pub(crate) fn net_input<T: Float>(weights: &[T], x: impl Fn(usize) -> T) -> T {
    let mut lanes = [T::ZERO; NET_INPUT_LANES];
    for (first, lane) in lanes.iter_mut().enumerate() {
        for i in (first..weights.len()).step_by(NET_INPUT_LANES) {
            *lane += weights[i] * x(i);
        }
    }
    fold_net_input(lanes)
}

in_registers! {
    /// `sums[j·d + i][l] += Σ_r values[j·rows + r]·x_i[r]` over the rows r with r mod [`LANES`] = l; column i is
    /// `columns[i·stride..][..rows]`.
    fn add_tile_products<T, V>(
        columns: &[T], stride: usize, n_columns: usize, n_rows: usize, values: &[T], sums: &mut [[T; LANES]],
    ) {
        if n_columns == 0 || n_rows == 0 {
            return;
        }
        let columns = Columns::new(columns, stride, n_columns, n_rows);
        // Of both some, so that each value that is loaded is used several times.
        let (n_outputs, most_outputs) = (values.len() / n_rows, if V::REGISTERS == 1 { 4 } else { 2 });
        let mut output = 0;
        while output < n_outputs {
            let (values, sums) = (&values[output * n_rows..], &mut sums[output * n_columns..]);
            let n = at_a_time(most_outputs.min(REGISTERS / V::REGISTERS), n_outputs - output);
            let mut first = 0;
            while first < n_columns {
                let n_at_once = at_a_time(REGISTERS / (n * V::REGISTERS), n_columns - first);
                in_pairs!((n, n_at_once), products(columns, first, values, sums));
                first += n_at_once;
            }
            output += n;
        }
    }
}

/// The products of `J` outputs and of `C` columns from `first` on.
#[inline(always)]
#[allow(unsafe_code)]
fn products<T: Float, V: Sixteen<T>, const J: usize, const C: usize>(
    columns: Columns<'_, T>,
    first: usize,
    values: &[T],
    sums: &mut [[T; LANES]],
) {
    let Columns { n_columns, n_rows, .. } = columns;
    assert!(first + C <= n_columns, "columns {first} + {C} of {n_columns}");
    let values: [&[T]; J] = std::array::from_fn(|j| &values[j * n_rows..(j + 1) * n_rows]);
    let mut totals = [[V::splat(T::ZERO); C]; J];
    for j in 0..J {
        for c in 0..C {
            totals[j][c] = V::load(&sums[j * n_columns + first + c]);
        }
    }
    let chunks = values.map(|values| values.as_chunks::<LANES>().0);
    for k in 0..n_rows / LANES {
        let mut x = [V::splat(T::ZERO); C];
        for c in 0..C {
            // SAFETY: the columns are there, and no more than whole rows are gone through.
            x[c] = unsafe { columns.load(first + c, k * LANES) };
        }
        for j in 0..J {
            let v = V::load(&chunks[j][k]);
            for c in 0..C {
                totals[j][c] = totals[j][c].add(v.mul(x[c]));
            }
        }
    }
    for j in 0..J {
        for c in 0..C {
            let sums = &mut sums[j * n_columns + first + c];
            totals[j][c].store(sums);
            for r in columns.whole_rows()..n_rows {
                sums[r % LANES] += values[j][r] * columns.at(first + c, r);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GROUP_ROWS, Layout, RawColumn, RawColumns, Width, add_raw_products, raw_net_inputs};
    use super::*;
    use crate::random::{Random, Stream};

    /// Both ways, from the raw columns and from a tile of them, against plain loops, in every width: the same bits.
    fn check<T: Float>(seed: u64) {
        let mut random = Random::new(seed, Stream::Start);
        let mut draw = |most: u64| random.below(most) as usize;
        let (n_rows, n_columns, n_outputs, start) = (1 + draw(300), draw(40), 1 + draw(9), GROUP_ROWS * draw(3));
        let (stride, with_missing) = (n_rows + draw(20), draw(2) == 1);
        let mut number = || T::from_f64(random.uniform() - 0.5);
        let mut numbers = |n: usize| -> Vec<T> { (0..n).map(|_| number()).collect() };
        let mut raw: Vec<Vec<T>> = (0..n_columns).map(|_| numbers(start + n_rows)).collect();
        let constants = numbers(3 * n_columns);
        let (weights, values) = (numbers(n_columns * n_outputs), numbers(n_rows * n_outputs));
        if with_missing {
            raw.iter_mut().step_by(2).for_each(|column| column[start] = T::from_f64(f64::NAN));
        }
        let input = |i: usize, r: usize| {
            let x = raw[i][start + r];
            if x.is_nan() { constants[3 * i + 2] } else { (x - constants[3 * i]) * constants[3 * i + 1] }
        };
        let mut net_inputs = vec![T::ZERO; n_outputs * n_rows];
        let mut sums = vec![[T::ZERO; LANES]; n_outputs * n_columns];
        for j in 0..n_outputs {
            for r in 0..n_rows {
                let mut lanes = [T::ZERO; NET_INPUT_LANES];
                for i in 0..n_columns {
                    lanes[i % NET_INPUT_LANES] += weights[j * n_columns + i] * input(i, r);
                    sums[j * n_columns + i][r % LANES] += values[j * n_rows + r] * input(i, r);
                }
                net_inputs[j * n_rows + r] = fold_net_input(lanes);
            }
        }
        let columns = (0..n_columns)
            .map(|i| RawColumn {
                values: &raw[i],
                offset: constants[3 * i],
                factor: constants[3 * i + 1],
                fill: constants[3 * i + 2],
                has_missing: with_missing && i % 2 == 0,
            })
            .collect();
        let columns = RawColumns::new(columns, Layout::ALONE, start + n_rows);
        let mut tile = vec![T::ZERO; stride * n_columns];
        for i in 0..n_columns {
            (0..n_rows).for_each(|r| tile[i * stride + r] = input(i, r));
        }
        let bits = |values: &[T]| -> Vec<u64> { values.iter().map(|x| x.to_f64().to_bits()).collect() };
        for width in Width::ALL {
            width.limit();
            let name = width.name();
            let mut h = vec![T::ONE; n_rows];
            raw_net_inputs(&columns, &weights[..n_columns], start, &mut h);
            assert_eq!(bits(&h), bits(&net_inputs[..n_rows]), "{name} {n_rows}x{n_columns}");
            let mut h = vec![T::ONE; n_rows * n_outputs];
            tile_net_inputs(&tile, stride, n_columns, n_rows, &weights, &mut h);
            assert_eq!(bits(&h), bits(&net_inputs), "{name} {n_rows}x{n_columns}x{n_outputs}");
            let mut found = vec![[T::ZERO; LANES]; n_columns];
            add_raw_products(&columns, start, &values[..n_rows], &mut found);
            assert_eq!(bits(found.as_flattened()), bits(sums[..n_columns].as_flattened()), "{name}");
            let mut found = vec![[T::ZERO; LANES]; n_columns * n_outputs];
            add_tile_products(&tile, stride, n_columns, n_rows, &values, &mut found);
            assert_eq!(bits(found.as_flattened()), bits(sums.as_flattened()), "{name} {n_outputs} outputs");
        }
        Width::widest().limit();
    }

    #[test]
    fn any_number_of_outputs_lanes_and_columns_at_a_time_has_the_same_bits() {
        // Those among them that no width here chooses.
        type T = f64;
        type V = Plain<f64>;
        let mut random = Random::new(11, Stream::Start);
        let pairs = [(8, 1), (4, 2), (4, 1), (2, 4), (2, 2), (2, 1), (1, 8), (1, 4), (1, 2), (1, 1)];
        for (n_columns, (n_outputs, n_at_once)) in [8, 13, 30].into_iter().flat_map(|d| pairs.map(|pair| (d, pair))) {
            let n_rows = 2 * LANES + 3;
            let mut numbers = |n: usize| -> Vec<T> { (0..n).map(|_| random.uniform() - 0.5).collect() };
            let (x, weights) = (numbers(n_rows * n_columns), numbers(n_outputs * n_columns));
            let values = numbers(n_outputs * n_rows);
            let columns = Columns::new(&x, n_rows, n_columns, n_rows);
            let mut h = vec![0.0; n_outputs * n_rows];
            let mut lanes = OnLine([[[0.0; LANES]; REGISTERS]; NET_INPUT_LANES]);
            in_pairs!((n_outputs, n_at_once), net_inputs(columns, LANES, &weights, &mut lanes, &mut h[LANES..]));
            let mut sums = vec![[1.0; LANES]; n_outputs * n_columns];
            in_pairs!((n_outputs, n_at_once), products(columns, 0, &values, &mut sums));
            for j in 0..n_outputs {
                let weights = &weights[j * n_columns..(j + 1) * n_columns];
                for r in LANES..2 * LANES {
                    assert_eq!(h[j * n_rows + r], net_input(weights, |i| columns.at(i, r)), "{n_outputs}, row {r}");
                }
                for i in 0..n_at_once {
                    let mut expected = [1.0; LANES];
                    (0..n_rows).for_each(|r| expected[r % LANES] += values[j * n_rows + r] * columns.at(i, r));
                    assert_eq!(sums[j * n_columns + i], expected, "{n_outputs} outputs, column {i}");
                }
            }
        }
    }

    #[test]
    fn loops_have_the_bits_of_plain_ones_in_every_width() {
        for seed in 0..200 {
            check::<f32>(seed);
            check::<f64>(seed);
        }
    }
}

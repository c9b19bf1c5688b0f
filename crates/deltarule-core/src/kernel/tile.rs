//! Net inputs and gradients from the columns of a tile, which are centred and scaled already, for several outputs at a time.
//!
//! Sums of eight registers are under way together: so many outputs, or outputs and columns, share what is loaded as this leaves room for.

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

/// One of two things for 0, …, n − 1: the first for as many at a time as a group has, the second for each that is left over.
macro_rules! in_groups {
    ($n:expr, $group:expr, |$first:ident| $of_group:expr, $of_one:expr) => {{
        let mut $first = 0;
        while $first + $group <= $n {
            $of_group;
            $first += $group;
        }
        while $first < $n {
            $of_one;
            $first += 1;
        }
    }};
}

in_registers! {
    /// `h[j·rows + r] = Σ_i weights[j·d + i]·x_i[r]`, summed as [`NET_INPUT_LANES`] says; column i is `columns[i·stride..][..rows]`.
    fn tile_net_inputs<T, V>(columns: &[T], stride: usize, n_columns: usize, n_rows: usize, weights: &[T], h: &mut [T]) {
        if n_columns == 0 || n_rows == 0 {
            h.fill(T::ZERO);
            return;
        }
        let columns = Columns::new(columns, stride, n_columns, n_rows);
        match V::REGISTERS {
            1 => net_inputs::<T, V, 8>(columns, weights, h),
            2 => net_inputs::<T, V, 4>(columns, weights, h),
            4 => net_inputs::<T, V, 2>(columns, weights, h),
            _ => net_inputs::<T, V, 1>(columns, weights, h),
        }
    }
}

/// The lanes of the net inputs of [`LANES`] rows and `J` outputs: in memory, since the registers are for the lane that is worked on.
type NetInputLanes<T, const J: usize> = OnLine<[[[T; LANES]; J]; NET_INPUT_LANES]>;

/// [`tile_net_inputs`], `J` outputs at a time.
#[inline(always)]
fn net_inputs<T: Float, V: Sixteen<T>, const J: usize>(columns: Columns<'_, T>, weights: &[T], h: &mut [T]) {
    let Columns { n_columns, n_rows, .. } = columns;
    let n_outputs = h.len() / n_rows;
    // A lane without a column stays 0.
    let mut lanes: NetInputLanes<T, J> = OnLine([[[T::ZERO; LANES]; J]; NET_INPUT_LANES]);
    let mut lanes_of_one: NetInputLanes<T, 1> = OnLine([[[T::ZERO; LANES]; 1]; NET_INPUT_LANES]);
    // All outputs over some rows: these then stay in the nearest cache.
    for start in (0..columns.whole_rows()).step_by(LANES) {
        in_groups!(
            n_outputs,
            J,
            |first| {
                let (weights, h) = (&weights[first * n_columns..], &mut h[first * n_rows + start..]);
                net_inputs_of::<T, V, J>(columns, start, weights, &mut lanes, h)
            },
            {
                let (weights, h) = (&weights[first * n_columns..], &mut h[first * n_rows + start..]);
                net_inputs_of::<T, V, 1>(columns, start, weights, &mut lanes_of_one, h)
            }
        );
    }
    for (weights, h) in weights.chunks(n_columns).zip(h.chunks_mut(n_rows)) {
        for (r, h) in h.iter_mut().enumerate().skip(columns.whole_rows()) {
            *h = net_input(weights, |i| columns.at(i, r));
        }
    }
}

/// `h[j·rows + l]` of [`LANES`] rows from `start` on, for `J` outputs.
#[inline(always)]
fn net_inputs_of<T: Float, V: Sixteen<T>, const J: usize>(
    columns: Columns<'_, T>,
    start: usize,
    weights: &[T],
    lanes: &mut NetInputLanes<T, J>,
    h: &mut [T],
) {
    let n = columns.n_columns;
    let weights: [&[T]; J] = std::array::from_fn(|j| &weights[j * n..(j + 1) * n]);
    for (first, into) in lanes.0.iter_mut().enumerate().take(n) {
        let lane = lane_of::<T, V, J>(columns, start, &weights, first);
        lane.into_iter().zip(into).for_each(|(lane, into)| lane.store(into));
    }
    for j in 0..J {
        let lane = |place: usize| V::load(&lanes.0[place][j]);
        let mut total = V::splat(T::ZERO);
        for place in 0..HALF {
            total = total.add(lane(place).add(lane(place + HALF)));
        }
        if let Some(h) = h[j * columns.n_rows..].first_chunk_mut() {
            total.store(h);
        }
    }
}

/// One lane of the net inputs: every eighth column, from `first` on.
#[inline(always)]
#[allow(unsafe_code)]
fn lane_of<T: Float, V: Sixteen<T>, const J: usize>(
    columns: Columns<'_, T>,
    start: usize,
    weights: &[&[T]; J],
    first: usize,
) -> [V; J] {
    let mut lane = [V::splat(T::ZERO); J];
    let mut i = first;
    while i < columns.n_columns {
        // SAFETY: the caller goes through whole rows.
        let x: V = unsafe { columns.load(i, start) };
        for j in 0..J {
            lane[j] = lane[j].add(V::splat(weights[j][i]).mul(x));
        }
        i += NET_INPUT_LANES;
    }
    lane
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
        match V::REGISTERS {
            1 => products::<T, V, 4, 2>(columns, values, sums),
            2 => products::<T, V, 2, 2>(columns, values, sums),
            4 => products::<T, V, 2, 1>(columns, values, sums),
            _ => products::<T, V, 1, 1>(columns, values, sums),
        }
    }
}

/// [`add_tile_products`], `J` outputs and `C` columns at a time.
#[inline(always)]
fn products<T: Float, V: Sixteen<T>, const J: usize, const C: usize>(
    columns: Columns<'_, T>,
    values: &[T],
    sums: &mut [[T; LANES]],
) {
    let Columns { n_columns, n_rows, .. } = columns;
    in_groups!(
        values.len() / n_rows,
        J,
        |output| {
            let (values, sums) = (&values[output * n_rows..], &mut sums[output * n_columns..]);
            in_groups!(
                n_columns,
                C,
                |first| products_of::<T, V, J, C>(columns, first, values, sums),
                products_of::<T, V, J, 1>(columns, first, values, sums)
            );
        },
        {
            let (values, sums) = (&values[output * n_rows..], &mut sums[output * n_columns..]);
            in_groups!(
                n_columns,
                2,
                |first| products_of::<T, V, 1, 2>(columns, first, values, sums),
                products_of::<T, V, 1, 1>(columns, first, values, sums)
            );
        }
    );
}

/// The products of `J` outputs and of `C` columns from `first` on.
#[inline(always)]
#[allow(unsafe_code)]
fn products_of<T: Float, V: Sixteen<T>, const J: usize, const C: usize>(
    columns: Columns<'_, T>,
    first: usize,
    values: &[T],
    sums: &mut [[T; LANES]],
) {
    let Columns { n_columns, n_rows, .. } = columns;
    let values: [&[T]; J] = std::array::from_fn(|j| &values[j * n_rows..(j + 1) * n_rows]);
    let mut totals: [[V; C]; J] =
        std::array::from_fn(|j| std::array::from_fn(|c| V::load(&sums[j * n_columns + first + c])));
    let chunks = values.map(|values| values.as_chunks::<LANES>().0);
    for k in 0..n_rows / LANES {
        // SAFETY: rows and columns are whole ones.
        let x: [V; C] = std::array::from_fn(|c| unsafe { columns.load(first + c, k * LANES) });
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
    fn loops_have_the_bits_of_plain_ones_in_every_width() {
        for seed in 0..200 {
            check::<f32>(seed);
            check::<f64>(seed);
        }
    }
}

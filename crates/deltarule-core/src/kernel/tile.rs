//! Net inputs and gradients from the columns of a tile, which are centred and scaled already, for several outputs at a time.

use super::dispatch::for_every_width;
use super::linear::add_products;
use super::{Float, HALF, LANES, NET_INPUT_LANES, fold_net_input};

/// So many outputs share each value that is loaded.
const OUTPUTS: usize = 4;

for_every_width! {
    /// `h[j·rows + r] = Σ_i weights[j·d + i]·x_i[r]`, summed as [`NET_INPUT_LANES`] says; column i is `columns[i·stride..][..rows]`.
    fn tile_net_inputs<T: [Float]>(columns: &[T], stride: usize, n_columns: usize, n_rows: usize, weights: &[T], h: &mut [T]) {
        h.fill(T::ZERO);
        if n_columns == 0 || n_rows == 0 {
            return;
        }
        for (weights, h) in weights.chunks(OUTPUTS * n_columns).zip(h.chunks_mut(OUTPUTS * n_rows)) {
            match h.len() / n_rows {
                4 => net_inputs_of::<T, 4>(columns, stride, n_columns, n_rows, weights, h),
                3 => net_inputs_of::<T, 3>(columns, stride, n_columns, n_rows, weights, h),
                2 => net_inputs_of::<T, 2>(columns, stride, n_columns, n_rows, weights, h),
                _ => net_inputs_of::<T, 1>(columns, stride, n_columns, n_rows, weights, h),
            }
        }
    }
}

#[inline(always)]
fn net_inputs_of<T: Float, const J: usize>(
    columns: &[T],
    stride: usize,
    n_columns: usize,
    n_rows: usize,
    weights: &[T],
    h: &mut [T],
) {
    let weights: [&[T]; J] = std::array::from_fn(|j| &weights[j * n_columns..(j + 1) * n_columns]);
    let whole = n_rows / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for place in 0..HALF.min(n_columns) {
            let (mut lane, mut other) = ([[T::ZERO; LANES]; J], [[T::ZERO; LANES]; J]);
            for i in (place..n_columns).step_by(NET_INPUT_LANES) {
                add_column(&mut lane, &weights, i, &columns[i * stride + start..]);
                if i + HALF < n_columns {
                    add_column(&mut other, &weights, i + HALF, &columns[(i + HALF) * stride + start..]);
                }
            }
            for j in 0..J {
                let Some(h) = h[j * n_rows + start..].first_chunk_mut::<LANES>() else { continue };
                for l in 0..LANES {
                    h[l] += lane[j][l] + other[j][l];
                }
            }
        }
    }
    for j in 0..J {
        for r in whole..n_rows {
            h[j * n_rows + r] = net_input(weights[j], |i| columns[i * stride + r]);
        }
    }
}

/// `lanes[j][l] += weights[j][i]·x[l]`.
#[inline(always)]
fn add_column<T: Float, const J: usize>(lanes: &mut [[T; LANES]; J], weights: &[&[T]; J], i: usize, x: &[T]) {
    let Some(x) = x.first_chunk::<LANES>() else { return };
    for j in 0..J {
        let weight = weights[j][i];
        for l in 0..LANES {
            lanes[j][l] += weight * x[l];
        }
    }
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

for_every_width! {
    /// `sums[j·d + i][l] += Σ_r values[j·rows + r]·x_i[r]` over the rows r with r mod [`LANES`] = l; column i is
    /// `columns[i·stride..][..rows]`.
    fn add_tile_products<T: [Float]>(
        columns: &[T], stride: usize, n_columns: usize, n_rows: usize, values: &[T], sums: &mut [[T; LANES]],
    ) {
        if n_columns == 0 || n_rows == 0 {
            return;
        }
        for (values, sums) in values.chunks(OUTPUTS * n_rows).zip(sums.chunks_mut(OUTPUTS * n_columns)) {
            add_products_of(columns, stride, n_columns, n_rows, values, sums);
        }
    }
}

/// The products for up to [`OUTPUTS`] outputs.
#[inline(always)]
fn add_products_of<T: Float>(
    columns: &[T],
    stride: usize,
    n_columns: usize,
    n_rows: usize,
    values: &[T],
    sums: &mut [[T; LANES]],
) {
    let n_outputs = values.len() / n_rows;
    let row_values = |j: usize| &values[j.min(n_outputs - 1) * n_rows..][..n_rows];
    let column = |i: usize| &columns[i.min(n_columns - 1) * stride..][..n_rows];
    if n_outputs == 1 {
        // Four columns share the values.
        for first in (0..n_columns).step_by(4) {
            let others = std::array::from_fn(|c| column(first + c));
            let mut totals = std::array::from_fn(|c| sums[(first + c).min(n_columns - 1)]);
            add_four_products(row_values(0), others, &mut totals);
            let n = 4.min(n_columns - first);
            sums[first..first + n].copy_from_slice(&totals[..n]);
        }
        return;
    }
    // Four outputs share two columns; where there are fewer, the last one is worked out again.
    for first in (0..n_columns).step_by(2) {
        let last = (first + 1).min(n_columns - 1);
        let place = |j: usize, i: usize| j.min(n_outputs - 1) * n_columns + i;
        let places = [first, last].map(|i| std::array::from_fn(|j| place(j, i)));
        add_eight_products([column(first), column(last)], std::array::from_fn(row_values), places, sums);
    }
}

/// `totals[c][l] += Σ_r one[r]·others[c][r]` over the rows r with r mod [`LANES`] = l.
///
/// Each of the four is written out, since the compiler keeps sums in registers only where it sees which is meant. Four keep the adders busy.
#[inline(always)]
fn add_four_products<T: Float>(one: &[T], others: [&[T]; 4], totals: &mut [[T; LANES]; 4]) {
    let (one, rest) = one.as_chunks::<LANES>();
    let [a, b, c, d] = others.map(|values| values.as_chunks::<LANES>());
    let [mut total_a, mut total_b, mut total_c, mut total_d] = *totals;
    for (((x, a), b), (c, d)) in one.iter().zip(a.0).zip(b.0).zip(c.0.iter().zip(d.0)) {
        add_products(&mut total_a, x, a);
        add_products(&mut total_b, x, b);
        add_products(&mut total_c, x, c);
        add_products(&mut total_d, x, d);
    }
    *totals = [total_a, total_b, total_c, total_d];
    for (total, rest_of) in totals.iter_mut().zip([a.1, b.1, c.1, d.1]) {
        add_rest(total, rest, rest_of);
    }
}

/// The same for two, straight into their places among the sums: each value that is loaded is then used twice or four times. Where a place is
/// named twice, so are its values, and both sums are the same.
#[inline(always)]
fn add_eight_products<T: Float>(two: [&[T]; 2], others: [&[T]; 4], places: [[usize; 4]; 2], sums: &mut [[T; LANES]]) {
    let [x, y] = two.map(|values| values.as_chunks::<LANES>());
    let [a, b, c, d] = others.map(|values| values.as_chunks::<LANES>());
    let [[x_a, x_b, x_c, x_d], [y_a, y_b, y_c, y_d]] = places;
    let (mut sum_x_a, mut sum_x_b, mut sum_x_c, mut sum_x_d) = (sums[x_a], sums[x_b], sums[x_c], sums[x_d]);
    let (mut sum_y_a, mut sum_y_b, mut sum_y_c, mut sum_y_d) = (sums[y_a], sums[y_b], sums[y_c], sums[y_d]);
    for (((x, y), (a, b)), (c, d)) in x.0.iter().zip(y.0).zip(a.0.iter().zip(b.0)).zip(c.0.iter().zip(d.0)) {
        add_products(&mut sum_x_a, x, a);
        add_products(&mut sum_y_a, y, a);
        add_products(&mut sum_x_b, x, b);
        add_products(&mut sum_y_b, y, b);
        add_products(&mut sum_x_c, x, c);
        add_products(&mut sum_y_c, y, c);
        add_products(&mut sum_x_d, x, d);
        add_products(&mut sum_y_d, y, d);
    }
    if !x.1.is_empty() {
        for (sum, x, a) in
            [(&mut sum_x_a, x.1, a.1), (&mut sum_x_b, x.1, b.1), (&mut sum_x_c, x.1, c.1), (&mut sum_x_d, x.1, d.1)]
        {
            add_rest(sum, x, a);
        }
        for (sum, y, a) in
            [(&mut sum_y_a, y.1, a.1), (&mut sum_y_b, y.1, b.1), (&mut sum_y_c, y.1, c.1), (&mut sum_y_d, y.1, d.1)]
        {
            add_rest(sum, y, a);
        }
    }
    for (place, sum) in [(x_a, sum_x_a), (x_b, sum_x_b), (x_c, sum_x_c), (x_d, sum_x_d)] {
        sums[place] = sum;
    }
    for (place, sum) in [(y_a, sum_y_a), (y_b, sum_y_b), (y_c, sum_y_c), (y_d, sum_y_d)] {
        sums[place] = sum;
    }
}

/// The rows that are left over.
#[inline(always)]
fn add_rest<T: Float>(total: &mut [T; LANES], a: &[T], b: &[T]) {
    for (total, (&a, &b)) in total.iter_mut().zip(a.iter().zip(b)) {
        *total += a * b;
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

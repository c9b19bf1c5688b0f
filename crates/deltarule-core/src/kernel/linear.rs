//! Sums and products of whole slices.

use std::ops::Range;

use super::dispatch::for_every_width;
use super::{Float, LANES, add_tile_products};

/// Adds up `LANES` partial sums, first to last.
#[inline(always)]
pub(crate) fn fold<T: Float>(lanes: [T; LANES]) -> T {
    let mut total = lanes[0];
    for &lane in &lanes[1..] {
        total += lane;
    }
    total
}

/// Σ g(a_r, b_r) in the fixed order of this module.
#[inline(always)]
fn reduce<T: Float>(a: &[T], b: &[T], g: impl Fn(T, T) -> T) -> T {
    let n = a.len().min(b.len());
    let ((a, rest_a), (b, rest_b)) = (a[..n].as_chunks::<LANES>(), b[..n].as_chunks::<LANES>());
    let mut lanes = [T::ZERO; LANES];
    for (x, y) in a.iter().zip(b) {
        for l in 0..LANES {
            lanes[l] += g(x[l], y[l]);
        }
    }
    for (lane, (&x, &y)) in lanes.iter_mut().zip(rest_a.iter().zip(rest_b)) {
        *lane += g(x, y);
    }
    fold(lanes)
}

for_every_width! {
    /// Whether no value is NaN or infinite.
    fn all_finite<T: [Float]>(values: &[T]) -> bool {
        // What is not finite gives NaN when multiplied by 0.
        let mut lanes = [T::ZERO; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for x in chunks {
            for l in 0..LANES {
                lanes[l] += x[l] * T::ZERO;
            }
        }
        lanes.iter().chain(rest).all(|x| x.is_finite())
    }
}

for_every_width! {
    /// Σ a_r b_r.
    fn dot<T: [Float]>(a: &[T], b: &[T]) -> T {
        reduce(a, b, |x, y| x * y)
    }
}

for_every_width! {
    /// Σ a_r.
    fn sum<T: [Float]>(a: &[T]) -> T {
        reduce(a, a, |x, _| x)
    }
}

for_every_width! {
    /// Σ a_r².
    fn sum_squares<T: [Float]>(a: &[T]) -> T {
        reduce(a, a, |x, _| x * x)
    }
}

/// `into[i] += Σ_r values[r] · x_i[r]`, each sum in the fixed order of this module; column i is `columns[i·stride..][..rows]`.
pub(crate) fn add_column_products<T: Float>(columns: &[T], stride: usize, values: &[T], into: &mut [f64]) {
    const AT_ONCE: usize = 8;
    for (index, into) in into.chunks_mut(AT_ONCE).enumerate() {
        let mut sums = [[T::ZERO; LANES]; AT_ONCE];
        let columns = &columns[index * AT_ONCE * stride..];
        add_tile_products(columns, stride, into.len(), values.len(), values, &mut sums);
        for (into, sums) in into.iter_mut().zip(sums) {
            *into += fold(sums).to_f64();
        }
    }
}

for_every_width! {
    /// `column_i[r] += factors[i] · values[r]`; column i is `columns[i·stride..][..rows]`.
    fn add_multiples<T: [Float]>(factors: &[T], values: &[T], stride: usize, columns: &mut [T]) {
        for (&factor, column) in factors.iter().zip(columns.chunks_mut(stride)) {
            for (x, &v) in column.iter_mut().zip(values) {
                *x += factor * v;
            }
        }
    }
}

for_every_width! {
    /// `(y[r], d[r]) = f(h[r])`.
    fn map_pairs<T: [Float], F: [Fn(T) -> (T, T)]>(h: &[T], y: &mut [T], d: &mut [T], f: F) {
        for ((&h, y), d) in h.iter().zip(y).zip(d) {
            (*y, *d) = f(h);
        }
    }
}

for_every_width! {
    /// [`map_pairs`] in two loops: `y[r] = first(h[r])`, and then `(y[r], d[r]) = then(h[r], y[r])`. A processor has more of the rows of two short
    /// loops under way than of a long one, in which each result waits for the one before.
    fn map_pairs_in_two<T: [Float], A: [Fn(T) -> T], B: [Fn(T, T) -> (T, T)]>(
        h: &[T], y: &mut [T], d: &mut [T], first: A, then: B,
    ) {
        for (&h, y) in h.iter().zip(&mut *y) {
            *y = first(h);
        }
        for ((&h, y), d) in h.iter().zip(y).zip(d) {
            (*y, *d) = then(h, *y);
        }
    }
}

/// v·x, and 0 where v is, whatever x is: a record of weight 0 is as good as none.
#[inline(always)]
fn weighed<T: Float>(v: T, x: T) -> T {
    if v == T::ZERO { T::ZERO } else { v * x }
}

for_every_width! {
    /// `(residual, delta)[r] = (y − ŷ, v(y − ŷ)·f'(h))` where they were ŷ and f'(h), v being `weight(r)`, and `sums[..][l] += v(y − ŷ)², vδ², vδ`
    /// over the rows r with r mod [`LANES`] = l. Shapes: (rows,).
    fn squared_deltas<T: [Float], V: [Fn(usize) -> T]>(
        target: &[T], residual: &mut [T], delta: &mut [T], sums: &mut [[T; LANES]; 3], weight: V,
    ) {
        let mut add = |y: T, residual: &mut T, delta: &mut T, at: usize, l: usize| {
            let r = y - *residual;
            let d = r * *delta;
            let v = weight(at + l);
            (*residual, *delta) = (r, weighed(v, d));
            sums[0][l] += weighed(v, r * r);
            sums[1][l] += weighed(v, d * d);
            sums[2][l] += *delta;
        };
        let ((y, rest_y), (r, rest_r)) = (target.as_chunks::<LANES>(), residual.as_chunks_mut::<LANES>());
        let (d, rest_d) = delta.as_chunks_mut::<LANES>();
        for (chunk, ((y, r), d)) in y.iter().zip(r).zip(d).enumerate() {
            for l in 0..LANES {
                add(y[l], &mut r[l], &mut d[l], chunk * LANES, l);
            }
        }
        let at = target.len() - rest_y.len();
        for (l, ((&y, r), d)) in rest_y.iter().zip(rest_r).zip(rest_d).enumerate() {
            add(y, r, d, at, l);
        }
    }
}

for_every_width! {
    /// `(L, δ) = term(y[r], h[r])` and `delta[r] = vδ`, v being `weight(r)`, and `sums[..][l] += vL, vδ², vδ` over the rows r with
    /// r mod [`LANES`] = l. Shapes: (rows,).
    fn add_terms<T: [Float], V: [Fn(usize) -> T], F: [Fn(T, T) -> (T, T)]>(
        target: &[T], net_input: &[T], delta: &mut [T], sums: &mut [[T; LANES]; 3], weight: V, term: F,
    ) {
        let ((y, rest_y), (h, rest_h)) = (target.as_chunks::<LANES>(), net_input.as_chunks::<LANES>());
        let (d, rest_d) = delta.as_chunks_mut::<LANES>();
        for (chunk, ((y, h), d)) in y.iter().zip(h).zip(d).enumerate() {
            let mut losses = [T::ZERO; LANES];
            for l in 0..LANES {
                (losses[l], d[l]) = term(y[l], h[l]);
            }
            for l in 0..LANES {
                let (v, delta) = (weight(chunk * LANES + l), d[l]);
                d[l] = weighed(v, delta);
                sums[0][l] += weighed(v, losses[l]);
                sums[1][l] += weighed(v, delta * delta);
                sums[2][l] += d[l];
            }
        }
        let at = target.len() - rest_y.len();
        for (l, ((&y, &h), d)) in rest_y.iter().zip(rest_h).zip(rest_d).enumerate() {
            let (loss, delta) = term(y, h);
            let v = weight(at + l);
            *d = weighed(v, delta);
            sums[0][l] += weighed(v, loss);
            sums[1][l] += weighed(v, delta * delta);
            sums[2][l] += *d;
        }
    }
}

for_every_width! {
    /// `sums[l] += vL` with `L = loss(y[r], h[r])` and v being `weight(r)`, over the rows r with r mod [`LANES`] = l. Shapes: (rows,).
    fn add_losses<T: [Float], V: [Fn(usize) -> T], F: [Fn(T, T) -> T]>(
        target: &[T], net_input: &[T], sums: &mut [T; LANES], weight: V, loss: F,
    ) {
        let ((y, rest_y), (h, rest_h)) = (target.as_chunks::<LANES>(), net_input.as_chunks::<LANES>());
        for (chunk, (y, h)) in y.iter().zip(h).enumerate() {
            for l in 0..LANES {
                sums[l] += weighed(weight(chunk * LANES + l), loss(y[l], h[l]));
            }
        }
        let at = target.len() - rest_y.len();
        for (l, (&y, &h)) in rest_y.iter().zip(rest_h).enumerate() {
            sums[l] += weighed(weight(at + l), loss(y, h));
        }
    }
}

/// `into[r] += weights[codes[r]]`: a category's term of every net input. A code without a weight (an unseen level) adds 0.
pub(crate) fn add_weight_of_code<T: Float>(weights: &[T], codes: &[u32], into: &mut [T]) {
    for (h, &code) in into.iter_mut().zip(codes) {
        if let Some(&weight) = weights.get(code as usize) {
            *h += weight;
        }
    }
}

/// `into[codes[r]] += values[r]`: the gradient of a category's weights.
pub(crate) fn scatter_add<T: Float>(values: &[T], codes: &[u32], into: &mut [f64]) {
    for (&value, &code) in values.iter().zip(codes) {
        if let Some(total) = into.get_mut(code as usize) {
            *total += value.to_f64();
        }
    }
}

for_every_width! {
    /// `into[r] = (raw[r] − offset) · factor`, with `fill` where `raw[r]` is missing (NaN).
    ///
    /// On the way, memory is told that the values `ahead` of these will be wanted next.
    fn standardize_into<T: [Float]>(raw: &[T], offset: T, factor: T, fill: T, into: &mut [T], ahead: usize) {
        let standardized = |x: T| {
            let z = (x - offset) * factor;
            if x.is_nan() { fill } else { z }
        };
        let ((raw, rest), (into, rest_into)) = (raw.as_chunks::<LANES>(), into.as_chunks_mut::<LANES>());
        for (raw, into) in raw.iter().zip(into) {
            // Sixteen values are one line of memory in f32, and two in f64.
            prefetch(raw.as_ptr().wrapping_add(ahead));
            if size_of::<T>() == 8 {
                prefetch(raw.as_ptr().wrapping_add(ahead + LANES / 2));
            }
            for l in 0..LANES {
                into[l] = standardized(raw[l]);
            }
        }
        for (into, &x) in rest_into.iter_mut().zip(rest) {
            *into = standardized(x);
        }
    }
}

/// Asks for a line of memory to be brought into the second-level cache. Any address will do: nothing is read.
#[inline(always)]
pub(super) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing and cannot fault; SSE, which it needs, is part of every x86-64.
    #[allow(unsafe_code)]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// The same for the lines of some values.
pub(crate) fn prefetch_values<T>(values: &[T]) {
    for line in values.chunks((64 / size_of::<T>()).max(1)) {
        prefetch(line.as_ptr());
    }
}

/// The same, into the nearest cache.
#[inline(always)]
pub(super) fn prefetch_nearest<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as above.
    #[allow(unsafe_code)]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Asks for as many values as `rows` are, those after them, to be brought into the nearest cache: for the next time that as many rows of a column
/// are gone through. Beyond the end of a block's values stand, as a rule, those of the next block.
pub(crate) fn prefetch_next<T>(column: &[T], rows: Range<usize>) {
    let next = column.as_ptr().wrapping_add(rows.end);
    for at in (0..rows.len()).step_by((64 / size_of::<T>()).max(1)) {
        prefetch_nearest(next.wrapping_add(at));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Width;
    use super::*;
    use crate::random::{Random, Stream};

    #[test]
    fn sums_have_the_order_of_their_lanes() {
        let a: Vec<f64> = (0..37).map(|i| 1.0 / (i as f64 + 1.0)).collect();
        let mut lanes = [0.0; LANES];
        for (r, x) in a.iter().enumerate() {
            lanes[r % LANES] += x;
        }
        assert_eq!(sum(&a).to_bits(), lanes[1..].iter().fold(lanes[0], |t, l| t + l).to_bits());
    }

    #[test]
    fn column_products_have_the_bits_of_plain_ones_in_every_width() {
        for seed in 0..100 {
            let mut random = Random::new(seed, Stream::Start);
            let (rows, n_columns) = (1 + random.below(200) as usize, random.below(14) as usize);
            let stride = rows + random.below(20) as usize;
            let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform() - 0.5).collect() };
            let (columns, values) = (numbers(stride * n_columns), numbers(rows));
            let products: Vec<f64> = (0..n_columns)
                .map(|i| {
                    let mut lanes = [0.0; LANES];
                    for (r, v) in values.iter().enumerate() {
                        lanes[r % LANES] += v * columns[i * stride + r];
                    }
                    1.0 + lanes[1..].iter().fold(lanes[0], |total, &lane| total + lane)
                })
                .collect();
            for width in Width::ALL {
                width.limit();
                let mut found = vec![1.0; n_columns];
                add_column_products(&columns, stride, &values, &mut found);
                assert_eq!(found, products, "{} {rows}x{n_columns}", width.name());
            }
            Width::widest().limit();
        }
    }

    #[test]
    fn an_unseen_code_adds_nothing() {
        let mut h = [1.0, 1.0];
        add_weight_of_code(&[0.5], &[0, u32::MAX], &mut h);
        assert_eq!(h, [1.5, 1.0]);
        let mut total = [0.0];
        scatter_add(&[2.0, 3.0], &[0, u32::MAX], &mut total);
        assert_eq!(total, [2.0]);
    }

    #[test]
    fn a_missing_value_takes_the_fill() {
        let mut z = [0.0; 2];
        standardize_into(&[5.0, f64::NAN], 3.0, 0.5, 7.0, &mut z, 0);
        assert_eq!(z, [1.0, 7.0]);
    }
}

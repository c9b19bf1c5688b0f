//! Sums, products and copies over columns of one tile.
//!
//! Each loop is written once, for any machine, and compiled a second time for AVX2, which is chosen at run time. Both give the
//! same bits: the order of every sum is in the source, and no multiplication is fused with an addition.

use super::{Float, LANES};

/// Defines `pub(crate) fn name` that runs `$body` compiled for the widest registers there are.
macro_rules! for_every_width {
    ($(#[$doc:meta])* fn $name:ident<T: Float>($($arg:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name<T: Float>($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable<T: Float>($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<T: Float>($($arg: $type),*) $(-> $result)? {
                    portable($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has just been asked for AVX2, the only feature that `avx2` needs.
                    #[allow(unsafe_code)]
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    };
}

/// Adds up `LANES` partial sums, first to last.
#[inline(always)]
fn fold<T: Float>(lanes: [T; LANES]) -> T {
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
    let (a, b) = (&a[..n], &b[..n]);
    let mut lanes = [T::ZERO; LANES];
    let mut blocks_a = a.chunks_exact(LANES);
    let mut blocks_b = b.chunks_exact(LANES);
    for (x, y) in blocks_a.by_ref().zip(blocks_b.by_ref()) {
        for l in 0..LANES {
            lanes[l] += g(x[l], y[l]);
        }
    }
    for (l, (&x, &y)) in blocks_a.remainder().iter().zip(blocks_b.remainder()).enumerate() {
        lanes[l] += g(x, y);
    }
    fold(lanes)
}

for_every_width! {
    /// Σ a_r b_r.
    fn dot<T: Float>(a: &[T], b: &[T]) -> T {
        reduce(a, b, |x, y| x * y)
    }
}

for_every_width! {
    /// Σ a_r.
    fn sum<T: Float>(a: &[T]) -> T {
        reduce(a, a, |x, _| x)
    }
}

for_every_width! {
    /// Σ a_r².
    fn sum_squares<T: Float>(a: &[T]) -> T {
        reduce(a, a, |x, _| x * x)
    }
}

for_every_width! {
    /// `into[r] += weight · column[r]`: one term of every net input.
    fn add_scaled<T: Float>(weight: T, column: &[T], into: &mut [T]) {
        for (h, &x) in into.iter_mut().zip(column) {
            *h += weight * x;
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
    fn standardize_into<T: Float>(raw: &[T], offset: T, factor: T, fill: T, into: &mut [T]) {
        for (z, &x) in into.iter_mut().zip(raw) {
            *z = if x.is_nan() { fill } else { (x - offset) * factor };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        standardize_into(&[5.0, f64::NAN], 3.0, 0.5, 7.0, &mut z);
        assert_eq!(z, [1.0, 7.0]);
    }
}

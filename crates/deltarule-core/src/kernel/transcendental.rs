//! exp, tanh, 1 − eˣ below 0 and ln(1 + x) of shares, written without a branch, so that a loop over them becomes vector instructions; the same bits alone and in a loop.
//!
//! Errors, as measured by the tests of this module: in f64, exp is less than one unit in the last place away from the exact value,
//! tanh, ln(1 + x) and 1 − eˣ less than two. In f32, of all numbers there are, exp and ln(1 + x) are the correctly rounded value or its neighbour, tanh at most the
//! neighbour of that. Results below the normal numbers lose the digits that they cannot hold.
//!
//! exp: x = k ln 2 + r with |r| ≤ ½ ln 2, eˣ = 2ᵏ eʳ, with ln 2 in two parts (Cody, Waite 1980) and Taylor's polynomial for eʳ, cut
//! off where the next term is below half an ulp. tanh: x + x³P(x²)/Q(x²) near 0 with the coefficients of S. L. Moshier's Cephes
//! library, (1 − e)/(1 + e) with e = exp(−2|x|) elsewhere.

macro_rules! exp {
    ($name:ident, $type:ident, $magic:literal, $bias:literal, $shift:literal, [$low:literal, $high:literal],
     [$ln2_high:literal, $ln2_low:literal], [$($c:literal),*]) => {
        /// eˣ; 0 and infinity where it is too small and too large for the type, NaN of NaN.
        #[inline(always)]
        pub(super) fn $name(x: $type) -> $type {
            // NaN fails both comparisons and stays.
            let x = if x > $high { $high } else { x };
            let x = if x < $low { $low } else { x };
            // Adding 1.5·2^(digits of the type) leaves the whole part in the lowest bits.
            const MAGIC: $type = $magic;
            let k = (x * std::$type::consts::LOG2_E + MAGIC) - MAGIC;
            let r = (x - k * $ln2_high) - k * $ln2_low;
            let mut q: $type = 0.0;
            $( q = q * r + 1.0 / $c; )*
            let e = 1.0 + (r + (r * r) * q);
            // 2ᵏ in two factors: one alone has no exponent for the largest and the smallest k.
            let half = (k * 0.5 + MAGIC) - MAGIC;
            let power = |k: $type| $type::from_bits((k + (MAGIC + $bias)).to_bits() << $shift);
            (e * power(half)) * power(k - half)
        }
    };
}

exp!(
    exp64,
    f64,
    6_755_399_441_055_744.0,
    1023.0,
    52,
    [-746.0, 710.0],
    [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10],
    [6227020800.0, 479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0]
);
exp!(
    exp32,
    f32,
    12_582_912.0,
    127.0,
    23,
    [-104.0, 89.0],
    [0.693_359_4, -2.121_944_4e-4],
    [5040.0, 720.0, 120.0, 24.0, 6.0, 2.0]
);

macro_rules! one_less_exp {
    ($name:ident, $type:ident, $exp:ident, [$($c:literal),*]) => {
        /// 1 − eˣ for x ≤ 0: as it stands where nothing cancels, and near 0 by Taylor's series, cut off where the next term is below half an ulp.
        #[inline(always)]
        pub(super) fn $name(x: $type) -> $type {
            let far = 1.0 - $exp(x);
            let mut q: $type = 0.0;
            $( q = q * x + 1.0 / $c; )*
            let near = -(x + (x * x) * q);
            if x < -0.5 { far } else { near }
        }
    };
}

one_less_exp!(
    one_less_exp64,
    f64,
    exp64,
    [
        1307674368000.0,
        87178291200.0,
        6227020800.0,
        479001600.0,
        39916800.0,
        3628800.0,
        362880.0,
        40320.0,
        5040.0,
        720.0,
        120.0,
        24.0,
        6.0,
        2.0
    ]
);
one_less_exp!(one_less_exp32, f32, exp32, [362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0]);

macro_rules! ln_1p_of_share {
    ($name:ident, $type:ident, [$($n:literal),*]) => {
        /// ln(1 + x) for x from 0 to 1: 2 artanh s with s = x/(2 + x) ≤ ⅓, artanh by its series, cut off where the next term is below half an ulp.
        #[inline(always)]
        pub(super) fn $name(x: $type) -> $type {
            let s = x / (2.0 + x);
            let z = s * s;
            let mut q: $type = 0.0;
            $( q = q * z + 1.0 / $n; )*
            // 2s = x − xs, which keeps the digits of a small x.
            let tail = 2.0 * s * (z * q);
            x - (x * s - tail)
        }
    };
}

ln_1p_of_share!(
    ln_1p_of_share64,
    f64,
    [33.0, 31.0, 29.0, 27.0, 25.0, 23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0]
);
ln_1p_of_share!(ln_1p_of_share32, f32, [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0]);

/// tanh x near 0, where 1 − exp(−2x) would cancel.
#[inline(always)]
pub(super) fn small_tanh64(x: f64) -> f64 {
    let z = x * x;
    let p = (-9.643_991_794_250_522e-1 * z + -9.928_772_310_019_185e1) * z + -1.614_687_684_417_084_4e3;
    let q = ((z + 1.128_116_784_916_329_3e2) * z + 2.235_488_390_601_004_5e3) * z + 4.844_063_053_251_255e3;
    x + x * z * (p / q)
}

/// The same in f32.
#[inline(always)]
pub(super) fn small_tanh32(x: f32) -> f32 {
    let z = x * x;
    let p = -5.704_988_7e-3;
    let p = (((p * z + 2.063_909e-2) * z - 5.373_971_6e-2) * z + 1.333_144_2e-1) * z - 3.333_328e-1;
    x + x * z * p
}

/// tanh and tanh' = 4e/(1 + e)² of x, with e = exp(−2|x|).
#[inline(always)]
pub(crate) fn tanh_and_derivative<T: super::Float>(x: T) -> (T, T) {
    tanh_and_derivative_of(x, tanh_exp(x))
}

/// e of [`tanh_and_derivative`].
#[inline(always)]
pub(crate) fn tanh_exp<T: super::Float>(x: T) -> T {
    let size = x.abs();
    (-(size + size)).exp()
}

/// [`tanh_and_derivative`] with its e.
#[inline(always)]
pub(crate) fn tanh_and_derivative_of<T: super::Float>(x: T, e: T) -> (T, T) {
    let q = T::ONE / (T::ONE + e);
    let far = (T::ONE - e) * q;
    let far = if x < T::ZERO { -far } else { far };
    // NaN fails the comparison, and `far` is NaN as well.
    let value = if x.abs() < T::from_f64(0.625) { x.small_tanh() } else { far };
    (value, T::from_f64(4.0) * e * q * q)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::{Float, Width, map_pairs};
    use super::*;

    /// How far `found` is from the correctly rounded value, in numbers between them, at worst, for all f32 up to `end` in size, of these signs.
    fn worst_of_all_f32(
        end: f32,
        signs: &[f32],
        found: impl Fn(f32) -> f32 + Sync,
        exact: impl Fn(f64) -> f64 + Sync,
    ) -> u32 {
        let worst = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for part in 0..4 {
                let (worst, found, exact) = (&worst, &found, &exact);
                scope.spawn(move || {
                    let mut largest = 0;
                    for bits in (part..=end.to_bits()).step_by(4) {
                        for x in signs.iter().map(|sign| sign * f32::from_bits(bits)) {
                            let rounded = exact(f64::from(x)) as f32;
                            largest = largest.max(found(x).to_bits().abs_diff(rounded.to_bits()));
                        }
                    }
                    worst.fetch_max(largest, Ordering::Relaxed);
                });
            }
        });
        worst.into_inner()
    }

    #[test]
    fn exp_of_every_f32_is_as_stated() {
        // Near 0, where most of the numbers are, three terms of the series are exact in f64 and quick.
        let exact = |x: f64| if x.abs() < 1e-4 { 1.0 + x * (1.0 + x * (0.5 + x / 6.0)) } else { libm::exp(x) };
        assert_eq!(worst_of_all_f32(105.0, &[1.0, -1.0], exp32, exact), 1);
    }

    #[test]
    fn tanh_of_every_f32_is_as_stated() {
        let exact = |x: f64| if x.abs() < 1e-4 { x - x * x * x / 3.0 } else { libm::tanh(x) };
        assert_eq!(worst_of_all_f32(12.0, &[1.0, -1.0], |x| tanh_and_derivative(x).0, exact), 2);
    }

    #[test]
    fn ln_1p_of_every_share_in_f32_is_as_stated() {
        let exact = |x: f64| if x < 1e-4 { x - x * x * (0.5 - x / 3.0) } else { libm::log1p(x) };
        assert_eq!(worst_of_all_f32(1.0, &[1.0], ln_1p_of_share32, exact), 1);
    }

    #[test]
    fn ln_1p_of_a_share_is_right_to_the_stated_ulps() {
        // At most half an ulp of libm's own is counted.
        for x in points(1.0).map(f64::abs) {
            let exact = libm::log1p(x);
            let ulp = exact - f64::from_bits(exact.to_bits().saturating_sub(1));
            assert!((ln_1p_of_share64(x) - exact).abs() <= 2.0 * ulp, "{x:e}");
        }
        assert_eq!((ln_1p_of_share64(0.0), ln_1p_of_share32(0.0)), (0.0, 0.0));
        assert!(ln_1p_of_share64(f64::NAN).is_nan());
    }

    #[test]
    fn one_less_exp_is_right_to_the_stated_ulps() {
        for x in points(700.0).map(|x| -x.abs()).filter(|x| *x != 0.0) {
            let exact = -libm::expm1(x);
            let ulp = exact - f64::from_bits(exact.to_bits().saturating_sub(1));
            assert!((one_less_exp64(x) - exact).abs() <= 2.0 * ulp, "{x:e}");
            let (narrow, exact) = (x as f32, -libm::expm1(f64::from(x as f32)) as f32);
            assert!(one_less_exp32(narrow).to_bits().abs_diff(exact.to_bits()) <= 2, "{narrow:e}");
        }
        assert_eq!((one_less_exp64(0.0), one_less_exp64(f64::NEG_INFINITY)), (0.0, 1.0));
    }

    /// A number as the sum of two, with about 32 digits (Dekker 1971).
    #[derive(Clone, Copy)]
    struct Double(f64, f64);

    impl Double {
        fn sum(a: f64, b: f64) -> Self {
            let s = a + b;
            let t = s - a;
            Self(s, (a - (s - t)) + (b - t))
        }

        fn plus(self, other: Self) -> Self {
            let Self(s, e) = Self::sum(self.0, other.0);
            Self::sum(s, e + self.1 + other.1)
        }

        fn times(self, other: Self) -> Self {
            let p = self.0 * other.0;
            let e = f64::mul_add(self.0, other.0, -p);
            Self::sum(p, e + self.0 * other.1 + self.1 * other.0)
        }

        fn over(self, other: Self) -> Self {
            let q = Self(self.0 / other.0, 0.0);
            let rest = self.plus(other.times(Self(-q.0, 0.0)));
            q.plus(Self(rest.0 / other.0, 0.0))
        }

        /// eˣ: Taylor's series of x/1024, squared ten times.
        fn exp(x: f64) -> Self {
            let small = Self(x / 1024.0, 0.0);
            let (mut term, mut total) = (Self(1.0, 0.0), Self(1.0, 0.0));
            for n in 1..30 {
                term = term.times(small).over(Self(f64::from(n), 0.0));
                total = total.plus(term);
            }
            (0..10).fold(total, |power, _| power.times(power))
        }
    }

    fn ulps(found: f64, exact: Double) -> f64 {
        let size = exact.0.abs().max(f64::MIN_POSITIVE);
        let ulp = size - f64::from_bits(size.to_bits() - 1);
        ((found - exact.0) - exact.1).abs() / ulp
    }

    /// Points of all sizes up to `end`, of both signs.
    fn points(end: f64) -> impl Iterator<Item = f64> {
        (0..400_000_u32).map(move |i| {
            let share = f64::from(i) / 400_000.0;
            let x = if i % 2 == 0 { end * share } else { end * libm::exp2(-40.0 * share) };
            if i % 3 == 0 { -x } else { x }
        })
    }

    #[test]
    fn f64_is_right_to_the_stated_ulps() {
        let (mut exp, mut tanh) = (0.0_f64, 0.0_f64);
        for x in points(700.0) {
            exp = exp.max(ulps(exp64(x), Double::exp(x)));
        }
        for x in points(18.0) {
            // tanh x = (e²ˣ − 1)/(e²ˣ + 1).
            let e = Double::exp(2.0 * x);
            let exact = e.plus(Double(-1.0, 0.0)).over(e.plus(Double(1.0, 0.0)));
            if x.abs() > 1e-3 {
                tanh = tanh.max(ulps(tanh_and_derivative(x).0, exact));
            }
        }
        assert!(exp < 1.0, "exp: {exp} ulp");
        assert!(tanh < 2.0, "tanh: {tanh} ulp");
        // Below, three terms of the series are exact to all digits.
        for x in points(1e-3) {
            let z = x * x;
            let exact = x - x * z * (1.0 / 3.0 - z * (2.0 / 15.0));
            assert!((tanh_and_derivative(x).0 - exact).abs() <= 2.3e-16 * x.abs(), "{x:e}");
        }
    }

    #[test]
    fn the_ends_are_right() {
        assert_eq!((exp64(0.0), exp64(-0.0), exp32(0.0)), (1.0, 1.0, 1.0));
        assert_eq!((exp64(710.0), exp64(f64::INFINITY), exp32(89.0)), (f64::INFINITY, f64::INFINITY, f32::INFINITY));
        assert_eq!((exp64(-746.0), exp64(f64::NEG_INFINITY), exp32(-104.0)), (0.0, 0.0, 0.0));
        assert!(exp64(709.7).is_finite() && exp64(-745.0) > 0.0 && exp32(88.7).is_finite());
        assert!(exp64(f64::NAN).is_nan() && exp32(f32::NAN).is_nan() && tanh_and_derivative(f64::NAN).0.is_nan());
        assert_eq!(tanh_and_derivative(1000.0), (1.0, 0.0));
        assert_eq!(tanh_and_derivative(-1000.0), (-1.0, 0.0));
    }

    #[test]
    fn alone_and_in_vectors_the_bits_are_the_same() {
        fn check<T: Float>() {
            let x: Vec<T> = points(40.0).take(5003).chain([f64::NAN, f64::INFINITY, -1e4]).map(T::from_f64).collect();
            for width in Width::ALL {
                width.limit();
                let (mut y, mut d) = (vec![T::ZERO; x.len()], vec![T::ZERO; x.len()]);
                map_pairs(&x, &mut y, &mut d, |x| (x.exp(), tanh_and_derivative(x).0 + x.abs().ln_1p_of_share()));
                for (i, &x) in x.iter().enumerate() {
                    let alone = (x.exp(), tanh_and_derivative(x).0 + x.abs().ln_1p_of_share());
                    let same = |a: T, b: T| a.to_f64().to_bits() == b.to_f64().to_bits() || (a.is_nan() && b.is_nan());
                    assert!(same(y[i], alone.0) && same(d[i], alone.1), "{x} with {}", width.name());
                }
            }
            Width::widest().limit();
        }
        check::<f32>();
        check::<f64>();
    }
}

//! Sixteen numbers in vector registers: for the loops over raw columns, of which a compiler makes vectors at one length and none at another.

#![allow(unreachable_pub)] // named by what seals a public trait

use super::{Float, LANES};

/// One number in each of the lanes of a sum over rows.
///
/// # Safety
///
/// The methods may be called only where the processor has the registers of the type.
pub trait Sixteen<T>: Copy {
    /// How many registers they are.
    const REGISTERS: usize;
    /// From memory.
    fn load(from: &[T; LANES]) -> Self;
    /// Into memory.
    fn store(self, into: &mut [T; LANES]);
    /// The same number sixteen times.
    fn splat(value: T) -> Self;
    /// Lane by lane.
    fn add(self, other: Self) -> Self;
    /// Lane by lane.
    fn sub(self, other: Self) -> Self;
    /// Lane by lane.
    fn mul(self, other: Self) -> Self;
    /// `other` in the lanes in which `raw` is missing (NaN).
    fn or_where_missing(self, raw: Self, other: Self) -> Self;
}

/// In whatever registers the compiler takes.
#[derive(Clone, Copy)]
pub(super) struct Plain<T>([T; LANES]);

impl<T: Float> Sixteen<T> for Plain<T> {
    /// Registers of 16 bytes.
    const REGISTERS: usize = LANES * size_of::<T>() / 16;
    #[inline(always)]
    fn load(from: &[T; LANES]) -> Self {
        Self(*from)
    }
    #[inline(always)]
    fn store(self, into: &mut [T; LANES]) {
        *into = self.0;
    }
    #[inline(always)]
    fn splat(value: T) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] + other.0[l]))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] - other.0[l]))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * other.0[l]))
    }
    #[inline(always)]
    fn or_where_missing(self, raw: Self, other: Self) -> Self {
        Self(std::array::from_fn(|l| if raw.0[l].is_nan() { other.0[l] } else { self.0[l] }))
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::{LANES, Sixteen};

    /// Sixteen numbers of a type in as many registers as they need.
    macro_rules! sixteen {
        ($name:ident: $type:ty, [$register:ty; $n:expr], $load:ident, $store:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $choose:expr) => {
            #[derive(Clone, Copy)]
            pub struct $name([$register; $n]);

            // Loops and no closures, here and where this is used: a closure is not compiled for the registers in use where it is a function of its own.
            // SAFETY, of every block here: the caller is compiled for these registers, and the places are `LANES` long.
            impl Sixteen<$type> for $name {
                const REGISTERS: usize = $n;
                #[inline(always)]
                fn load(from: &[$type; LANES]) -> Self {
                    let mut to = Self::splat(0.0);
                    for k in 0..$n {
                        to.0[k] = unsafe { $load(from.as_ptr().add(k * (LANES / $n))) };
                    }
                    to
                }
                #[inline(always)]
                fn store(self, into: &mut [$type; LANES]) {
                    for k in 0..$n {
                        unsafe { $store(into.as_mut_ptr().add(k * (LANES / $n)), self.0[k]) };
                    }
                }
                #[inline(always)]
                fn splat(value: $type) -> Self {
                    Self([unsafe { $splat(value) }; $n])
                }
                #[inline(always)]
                fn add(mut self, other: Self) -> Self {
                    for k in 0..$n {
                        self.0[k] = unsafe { $add(self.0[k], other.0[k]) };
                    }
                    self
                }
                #[inline(always)]
                fn sub(mut self, other: Self) -> Self {
                    for k in 0..$n {
                        self.0[k] = unsafe { $sub(self.0[k], other.0[k]) };
                    }
                    self
                }
                #[inline(always)]
                fn mul(mut self, other: Self) -> Self {
                    for k in 0..$n {
                        self.0[k] = unsafe { $mul(self.0[k], other.0[k]) };
                    }
                    self
                }
                #[inline(always)]
                fn or_where_missing(mut self, raw: Self, other: Self) -> Self {
                    let choose = $choose;
                    for k in 0..$n {
                        self.0[k] = unsafe { choose(self.0[k], other.0[k], raw.0[k]) };
                    }
                    self
                }
            }
        };
    }

    /// `b` in the lanes in which `raw` is NaN, `a` in the others.
    macro_rules! choose {
        ($register:ty, $compare:ident, $blend:ident) => {{
            #[inline(always)]
            unsafe fn choose(a: $register, b: $register, raw: $register) -> $register {
                unsafe { $blend(a, b, $compare::<_CMP_UNORD_Q>(raw, raw)) }
            }
            choose
        }};
        ($register:ty, mask $compare:ident, $blend:ident) => {{
            #[inline(always)]
            unsafe fn choose(a: $register, b: $register, raw: $register) -> $register {
                unsafe { $blend($compare::<_CMP_UNORD_Q>(raw, raw), a, b) }
            }
            choose
        }};
    }

    sixteen!(Avx2F32: f32, [__m256; 2], _mm256_loadu_ps, _mm256_storeu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps,
        choose!(__m256, _mm256_cmp_ps, _mm256_blendv_ps));
    sixteen!(Avx2F64: f64, [__m256d; 4], _mm256_loadu_pd, _mm256_storeu_pd, _mm256_set1_pd, _mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd,
        choose!(__m256d, _mm256_cmp_pd, _mm256_blendv_pd));
    sixteen!(Avx512F32: f32, [__m512; 1], _mm512_loadu_ps, _mm512_storeu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps,
        choose!(__m512, mask _mm512_cmp_ps_mask, _mm512_mask_blend_ps));
    sixteen!(Avx512F64: f64, [__m512d; 2], _mm512_loadu_pd, _mm512_storeu_pd, _mm512_set1_pd, _mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd,
        choose!(__m512d, mask _mm512_cmp_pd_mask, _mm512_mask_blend_pd));
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Width;

    fn check<T: Float, V: Sixteen<T>>() {
        let number = |l: usize, step: f64| T::from_f64(1.0 + step * l as f64);
        let a: [T; LANES] = std::array::from_fn(|l| if l % 3 == 1 { T::from_f64(f64::NAN) } else { number(l, 0.1) });
        let b: [T; LANES] = std::array::from_fn(|l| number(l, -0.3));
        let seen = |v: V| {
            let mut into = [T::ZERO; LANES];
            v.store(&mut into);
            into.map(|x| x.to_f64().to_bits())
        };
        let expected =
            |f: &dyn Fn(T, T) -> T| -> [u64; LANES] { std::array::from_fn(|l| f(a[l], b[l]).to_f64().to_bits()) };
        let (x, y, two) = (V::load(&a), V::load(&b), T::ONE + T::ONE);
        let missing_as_two = |v: V| v.or_where_missing(x, V::splat(two));
        let or_two = |f: fn(T, T) -> T| move |a: T, b: T| if a.is_nan() { two } else { f(a, b) };
        assert_eq!(seen(missing_as_two(x)), expected(&or_two(|a, _| a)));
        assert_eq!(seen(missing_as_two(x.add(y))), expected(&or_two(|a, b| a + b)));
        assert_eq!(seen(missing_as_two(x.sub(y))), expected(&or_two(|a, b| a - b)));
        assert_eq!(seen(missing_as_two(x.mul(y))), expected(&or_two(|a, b| a * b)));
    }

    #[test]
    fn registers_do_what_single_numbers_do() {
        check::<f32, Plain<f32>>();
        check::<f64, Plain<f64>>();
        #[cfg(target_arch = "x86_64")]
        {
            if Width::widest() >= Width::Avx2 {
                check::<f32, Avx2F32>();
                check::<f64, Avx2F64>();
            }
            if Width::widest() >= Width::Avx512 {
                check::<f32, Avx512F32>();
                check::<f64, Avx512F64>();
            }
        }
    }
}

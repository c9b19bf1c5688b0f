//! Eight numbers in vector registers: for the loops that a compiler takes apart into single numbers when it is left to itself.

use super::records::Lanes;

/// Eight numbers, one in each lane of a net input.
///
/// # Safety
///
/// The methods may be called only where the processor has the registers of the type.
pub(super) trait Eight: Copy {
    fn load(lanes: &Lanes) -> Self;
    fn store(self, lanes: &mut Lanes);
    /// The same number eight times.
    fn splat(value: f64) -> Self;
    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// The second four added to the first four: what [`fold_net_input`](super::fold_net_input) begins with.
    fn halves(self) -> [f64; 4];
}

#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Eight, Lanes};
    use crate::kernel::Float;

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512d);

    // SAFETY, of every block here: the caller is compiled for these registers, and the places are `Lanes` long.
    impl Eight for Avx512 {
        #[inline(always)]
        fn load(lanes: &Lanes) -> Self {
            Self(unsafe { _mm512_loadu_pd(lanes.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, lanes: &mut Lanes) {
            unsafe { _mm512_storeu_pd(lanes.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn splat(value: f64) -> Self {
            Self(unsafe { _mm512_set1_pd(value) })
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm512_add_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm512_mul_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn halves(self) -> [f64; 4] {
            unsafe {
                let (first, second) = (_mm512_castpd512_pd256(self.0), _mm512_extractf64x4_pd::<1>(self.0));
                four(_mm256_add_pd(first, second))
            }
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256d, __m256d);

    impl Eight for Avx2 {
        #[inline(always)]
        fn load(lanes: &Lanes) -> Self {
            unsafe { Self(_mm256_loadu_pd(lanes.as_ptr()), _mm256_loadu_pd(lanes[4..].as_ptr())) }
        }
        #[inline(always)]
        fn store(self, lanes: &mut Lanes) {
            unsafe {
                _mm256_storeu_pd(lanes.as_mut_ptr(), self.0);
                _mm256_storeu_pd(lanes[4..].as_mut_ptr(), self.1);
            }
        }
        #[inline(always)]
        fn splat(value: f64) -> Self {
            let value = unsafe { _mm256_set1_pd(value) };
            Self(value, value)
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            unsafe { Self(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn halves(self) -> [f64; 4] {
            unsafe { four(_mm256_add_pd(self.0, self.1)) }
        }
    }

    /// Four numbers, one half of the lanes of a net input, in a register that AVX2 has, and AVX-512 too.
    #[derive(Clone, Copy)]
    pub(crate) struct Four(__m256d);

    impl Four {
        /// One half of the lanes.
        #[inline(always)]
        pub(crate) fn load(lanes: &Lanes, half: usize) -> Self {
            Self(unsafe { _mm256_loadu_pd(lanes.as_chunks::<4>().0[half].as_ptr()) })
        }
        #[inline(always)]
        pub(crate) fn of<T: Float>(values: &[T; 4]) -> Self {
            let mut numbers = [0.0; 4];
            for l in 0..4 {
                numbers[l] = values[l].to_f64();
            }
            Self(unsafe { _mm256_loadu_pd(numbers.as_ptr()) })
        }
        #[inline(always)]
        pub(crate) fn store(self, lanes: &mut Lanes, half: usize) {
            unsafe { _mm256_storeu_pd(lanes.as_chunks_mut::<4>().0[half].as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        pub(crate) fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm256_sub_pd(self.0, other.0) })
        }
        #[inline(always)]
        pub(crate) fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm256_mul_pd(self.0, other.0) })
        }
        /// `other` in the lanes in which `raw` is missing (NaN).
        #[inline(always)]
        pub(crate) fn or_where_missing(self, raw: Self, other: Self) -> Self {
            Self(unsafe { _mm256_blendv_pd(self.0, other.0, _mm256_cmp_pd::<_CMP_UNORD_Q>(raw.0, raw.0)) })
        }
        /// Rows of columns: lane `l` of row `r` is lane `r` of column `l`.
        #[inline(always)]
        pub(crate) fn turn_round([a, b, c, d]: [Self; 4]) -> [Self; 4] {
            unsafe {
                // Halves first: a half that comes from memory is then loaded into its place.
                let (near_ac, far_ac) =
                    (_mm256_permute2f128_pd::<0x20>(a.0, c.0), _mm256_permute2f128_pd::<0x31>(a.0, c.0));
                let (near_bd, far_bd) =
                    (_mm256_permute2f128_pd::<0x20>(b.0, d.0), _mm256_permute2f128_pd::<0x31>(b.0, d.0));
                [
                    Self(_mm256_unpacklo_pd(near_ac, near_bd)),
                    Self(_mm256_unpackhi_pd(near_ac, near_bd)),
                    Self(_mm256_unpacklo_pd(far_ac, far_bd)),
                    Self(_mm256_unpackhi_pd(far_ac, far_bd)),
                ]
            }
        }
    }

    #[inline(always)]
    unsafe fn four(values: __m256d) -> [f64; 4] {
        unsafe {
            let (near, far) = (_mm256_castpd256_pd128(values), _mm256_extractf128_pd::<1>(values));
            let second = |pair| _mm_cvtsd_f64(_mm_unpackhi_pd(pair, pair));
            [_mm_cvtsd_f64(near), second(near), _mm_cvtsd_f64(far), second(far)]
        }
    }
}

pub(super) use x86::{Avx2, Avx512, Four};

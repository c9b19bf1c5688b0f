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
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `other` in the lanes in which `raw` is missing (NaN).
    fn or_where_missing(self, raw: Self, other: Self) -> Self;
    /// Rows of columns: lane `l` of row `r` is lane `r` of column `l`.
    fn turn_round(columns: [Self; 8]) -> [Self; 8];
    /// The second four added to the first four: what [`fold_net_input`](super::fold_net_input) begins with.
    fn halves(self) -> [f64; 4];
}

#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Eight, Lanes};

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
        fn sub(self, other: Self) -> Self {
            Self(unsafe { _mm512_sub_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm512_mul_pd(self.0, other.0) })
        }
        #[inline(always)]
        fn or_where_missing(self, raw: Self, other: Self) -> Self {
            Self(unsafe { _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(raw.0, raw.0), self.0, other.0) })
        }
        #[inline(always)]
        fn turn_round(columns: [Self; 8]) -> [Self; 8] {
            let mut rows = columns;
            // Pairs of columns, pairs of pairs, and the halves: `b[2k]` has the even rows of columns 2k and 2k + 1, `b[2k + 1]` the odd ones.
            let mut b = [columns[0].0; 8];
            for k in (0..8).step_by(2) {
                let (even, odd) = (columns[k].0, columns[k + 1].0);
                (b[k], b[k + 1]) = unsafe { (_mm512_unpacklo_pd(even, odd), _mm512_unpackhi_pd(even, odd)) };
            }
            for odd in 0..2 {
                let [c01, c23, c45, c67] = [b[odd], b[2 + odd], b[4 + odd], b[6 + odd]];
                unsafe {
                    // Rows 0 and 4 of four columns, then rows 2 and 6.
                    let early = [_mm512_shuffle_f64x2::<0x88>(c01, c23), _mm512_shuffle_f64x2::<0x88>(c45, c67)];
                    let late = [_mm512_shuffle_f64x2::<0xDD>(c01, c23), _mm512_shuffle_f64x2::<0xDD>(c45, c67)];
                    for (row, [left, right]) in [(odd, early), (odd + 2, late)] {
                        rows[row] = Self(_mm512_shuffle_f64x2::<0x88>(left, right));
                        rows[row + 4] = Self(_mm512_shuffle_f64x2::<0xDD>(left, right));
                    }
                }
            }
            rows
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
        fn sub(self, other: Self) -> Self {
            unsafe { Self(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn or_where_missing(self, raw: Self, other: Self) -> Self {
            unsafe {
                Self(
                    _mm256_blendv_pd(self.0, other.0, _mm256_cmp_pd::<_CMP_UNORD_Q>(raw.0, raw.0)),
                    _mm256_blendv_pd(self.1, other.1, _mm256_cmp_pd::<_CMP_UNORD_Q>(raw.1, raw.1)),
                )
            }
        }
        #[inline(always)]
        fn turn_round(columns: [Self; 8]) -> [Self; 8] {
            let [a, b, c, d, e, f, g, h] = columns;
            let (left, right) = (four_by_four([a.0, b.0, c.0, d.0]), four_by_four([e.0, f.0, g.0, h.0]));
            let (low_left, low_right) = (four_by_four([a.1, b.1, c.1, d.1]), four_by_four([e.1, f.1, g.1, h.1]));
            let mut rows = columns;
            for row in 0..4 {
                rows[row] = Self(left[row], right[row]);
                rows[row + 4] = Self(low_left[row], low_right[row]);
            }
            rows
        }
        #[inline(always)]
        fn halves(self) -> [f64; 4] {
            unsafe { four(_mm256_add_pd(self.0, self.1)) }
        }
    }

    /// Four rows of four columns.
    #[inline(always)]
    fn four_by_four([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
        unsafe {
            let (even_ab, odd_ab) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (even_cd, odd_cd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            [
                _mm256_permute2f128_pd::<0x20>(even_ab, even_cd),
                _mm256_permute2f128_pd::<0x20>(odd_ab, odd_cd),
                _mm256_permute2f128_pd::<0x31>(even_ab, even_cd),
                _mm256_permute2f128_pd::<0x31>(odd_ab, odd_cd),
            ]
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

pub(super) use x86::{Avx2, Avx512};

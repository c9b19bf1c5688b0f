//! The one type parameter: f64 or f32.

use super::transcendental;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

pub(super) mod sealed {
    #[cfg(target_arch = "x86_64")]
    use crate::kernel::sixteen;

    /// The registers that a type has.
    pub trait Sealed: Sized {
        #[cfg(target_arch = "x86_64")]
        type Avx2: sixteen::Sixteen<Self>;
        #[cfg(target_arch = "x86_64")]
        type Avx512: sixteen::Sixteen<Self>;
    }

    impl Sealed for f32 {
        #[cfg(target_arch = "x86_64")]
        type Avx2 = sixteen::Avx2F32;
        #[cfg(target_arch = "x86_64")]
        type Avx512 = sixteen::Avx512F32;
    }

    impl Sealed for f64 {
        #[cfg(target_arch = "x86_64")]
        type Avx2 = sixteen::Avx2F64;
        #[cfg(target_arch = "x86_64")]
        type Avx512 = sixteen::Avx512F64;
    }
}

/// A floating-point type that tables are held and passed over in: `f64` or `f32`.
///
/// Weights, sums over records and everything an optimizer does are `f64` in both cases; `f32` halves the memory that a pass
/// over the data reads.
pub trait Float:
    sealed::Sealed
    + Copy
    + Default
    + PartialOrd
    + Debug
    + Display
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + Send
    + Sync
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The name that settings use: `f64` or `f32`.
    const NAME: &'static str;
    /// The distance from 1 to the next number.
    const EPSILON: f64;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value as `f64`.
    fn to_f64(self) -> f64;
    /// |x|.
    fn abs(self) -> Self;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// Not a number: a missing value.
    fn is_nan(self) -> bool;
    /// The larger of two numbers.
    fn max(self, other: Self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1, exact for small x.
    fn exp_m1(self) -> Self;
    /// ln x.
    fn ln(self) -> Self;
    /// ln(1 + x), exact for small x.
    fn ln_1p(self) -> Self;
    /// ln(1 + x) for x from 0 to 1.
    #[doc(hidden)]
    fn ln_1p_of_share(self) -> Self;
    /// tanh x for |x| < 0.625.
    #[doc(hidden)]
    fn small_tanh(self) -> Self;
    /// 1 − eˣ for x ≤ 0, exact for small x.
    #[doc(hidden)]
    fn one_less_exp(self) -> Self;
    /// erfc x, the complementary error function.
    fn erfc(self) -> Self;
}

macro_rules! float {
    ($type:ident, $exp:ident, $small_tanh:ident, $ln_1p_of_share:ident, $one_less_exp:ident, $expm1:ident, $log:ident, $log1p:ident, $erfc:ident) => {
        impl Float for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAME: &'static str = stringify!($type);
            const EPSILON: f64 = $type::EPSILON as f64;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $type::abs(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $type::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $type::is_nan(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $type::max(self, other)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                transcendental::$exp(self)
            }
            #[inline(always)]
            fn small_tanh(self) -> Self {
                transcendental::$small_tanh(self)
            }
            #[inline]
            fn exp_m1(self) -> Self {
                libm::$expm1(self)
            }
            #[inline(always)]
            fn ln_1p_of_share(self) -> Self {
                transcendental::$ln_1p_of_share(self)
            }
            #[inline]
            fn ln(self) -> Self {
                libm::$log(self)
            }
            #[inline]
            fn ln_1p(self) -> Self {
                libm::$log1p(self)
            }
            #[inline(always)]
            fn one_less_exp(self) -> Self {
                transcendental::$one_less_exp(self)
            }
            #[inline]
            fn erfc(self) -> Self {
                libm::$erfc(self)
            }
        }
    };
}

float!(f64, exp64, small_tanh64, ln_1p_of_share64, one_less_exp64, expm1, log, log1p, erfc);
float!(f32, exp32, small_tanh32, ln_1p_of_share32, one_less_exp32, expm1f, logf, log1pf, erfcf);

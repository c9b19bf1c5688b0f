//! One loop in the source, compiled once for each width of registers, chosen at run time.

/// Returns what the build for the registers in use gives, if it is one of these two; each must need no more than its width has.
#[cfg(target_arch = "x86_64")]
macro_rules! return_in_width {
    ($avx512:expr, $avx2:expr) => {
        match $crate::kernel::Width::current() {
            // SAFETY: the width in use is never wider than what the processor has; `widest` asks for the features of both.
            #[allow(unsafe_code)]
            $crate::kernel::Width::Avx512 => return unsafe { $avx512 },
            #[allow(unsafe_code)]
            $crate::kernel::Width::Avx2 => return unsafe { $avx2 },
            $crate::kernel::Width::Portable => {}
        }
    };
}

/// Defines `pub(crate) fn name` that runs `$body` compiled for the registers in use.
macro_rules! for_every_width {
    ($(#[$doc:meta])* fn $name:ident<$($generic:ident: [$($bound:tt)+]),+>($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name<$($generic: $($bound)+),+>($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn portable<$($generic: $($bound)+),+>($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<$($generic: $($bound)+),+>($($arg: $type),*) $(-> $result)? {
                    portable($($arg),*)
                }
                #[target_feature(enable = "avx2,avx512f,avx512vl,avx512dq")]
                fn avx512<$($generic: $($bound)+),+>($($arg: $type),*) $(-> $result)? {
                    portable($($arg),*)
                }
                $crate::kernel::dispatch::return_in_width!(avx512($($arg),*), avx2($($arg),*));
            }
            portable($($arg),*)
        }
    };
}

/// Defines `pub(crate) fn name` that runs `$body` with sixteen numbers of type `T` in registers of type `V`: those in use.
macro_rules! in_registers {
    ($(#[$doc:meta])* fn $name:ident<$T:ident, $V:ident>($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[inline]
        pub(crate) fn $name<$T: Float>($($arg: $type),*) {
            #[inline(always)]
            fn with<$T: Float, $V: Sixteen<$T>>($($arg: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2<$T: Float>($($arg: $type),*) {
                    with::<$T, $T::Avx2>($($arg),*)
                }
                #[target_feature(enable = "avx2,avx512f,avx512vl,avx512dq")]
                fn avx512<$T: Float>($($arg: $type),*) {
                    with::<$T, $T::Avx512>($($arg),*)
                }
                $crate::kernel::dispatch::return_in_width!(avx512($($arg),*), avx2($($arg),*));
            }
            with::<$T, Plain<$T>>($($arg),*)
        }
    };
}

pub(super) use for_every_width;
pub(super) use in_registers;
#[cfg(target_arch = "x86_64")]
pub(super) use return_in_width;

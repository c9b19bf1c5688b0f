//! Which vector registers the loops use.

use std::sync::atomic::{AtomicU8, Ordering};

/// The builds of the loops; each gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// What every machine of this kind has.
    Portable,
    /// AVX2: 32 bytes.
    Avx2,
    /// AVX-512: 64 bytes.
    Avx512,
}

impl Width {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The name that messages and settings use.
    pub fn name(self) -> &'static str {
        match self {
            Width::Portable => "portable",
            Width::Avx2 => "avx2",
            Width::Avx512 => "avx512",
        }
    }

    /// The widest that this machine has.
    pub fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::arch::is_x86_feature_detected!("avx2");
            let avx512 = std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512dq");
            if avx2 && avx512 {
                return Self::Avx512;
            }
            if avx2 {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Uses no wider registers than these from now on, in the whole process. For tests and comparisons: the bits are the same.
    pub fn limit(self) {
        CURRENT.store(self.min(Self::widest()) as u8 + 1, Ordering::Relaxed);
    }

    /// The registers in use: never wider than the machine has.
    #[inline]
    pub fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            1 => Self::Portable,
            2 => Self::Avx2,
            3 => Self::Avx512,
            _ => {
                Self::widest().limit();
                Self::widest()
            }
        }
    }
}

/// 0 before it is known, one more than the width afterwards.
static CURRENT: AtomicU8 = AtomicU8::new(0);

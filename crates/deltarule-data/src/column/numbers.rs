//! What there is to say about many numbers at once, in loops that the compiler turns into vectors.

use super::LARGEST;

/// Whole numbers up to this size are held exactly by f64.
const EXACT: u64 = 1 << 53;

/// What is expected where a whole number would be rounded.
pub(crate) const WHOLE: &str = "whole numbers up to 2⁵³ in size, which f64 holds exactly";

const LANES: usize = 8;

/// The smallest and the largest number, and how many there are; NaN is none. Zeros have no sign.
pub(super) fn range_of(values: &[f64]) -> (f64, f64, usize) {
    let (mut low, mut high, mut n) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES], [0_u64; LANES]);
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut last = [f64::NAN; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain([&last]) {
        for lane in 0..LANES {
            let value = block[lane];
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] { value } else { high[lane] };
            n[lane] += u64::from(!value.is_nan());
        }
    }
    let low = low.into_iter().fold(f64::INFINITY, f64::min);
    let high = high.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (low + 0.0, high + 0.0, n.iter().sum::<u64>() as usize)
}

/// Whether a number is whole; NaN, which is none, does not speak against it.
pub(super) fn is_whole(number: f64) -> bool {
    // From here on, f64 has no digits after the point: adding it rounds to a whole number.
    const NO_FRACTION: f64 = (1_u64 << 52) as f64;
    let size = number.abs();
    number.is_nan() || size >= NO_FRACTION || (size + NO_FRACTION) - NO_FRACTION == size
}

/// Whether a number can be computed with.
#[inline]
pub(crate) fn is_in_range(number: f64) -> bool {
    let size = number.abs();
    size <= LARGEST && (size >= 1.0 / LARGEST || size == 0.0)
}

/// Whether a number may be another one than its text: 2⁵³ itself may have been 2⁵³ + 1.
#[inline]
pub(crate) fn is_large(number: f64) -> bool {
    number.abs() >= EXACT as f64
}

/// Whether a text that was read as a number stands for it to the last digit, or is no whole number in digits.
pub(crate) fn is_exact_text(text: &[u8], number: f64) -> bool {
    if !is_large(number) {
        return true;
    }
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    format!("{:.0}", number.abs()).as_bytes() == &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_are_exact_where_every_digit_is_held() {
        let exact = |text: &str| is_exact_text(text.as_bytes(), text.parse().unwrap());
        for text in ["9007199254740994", "-9007199254740994", "+009007199254740994", "100000000000000000000"] {
            assert!(exact(text), "{text}");
        }
        for text in ["9007199254740993", "-9007199254740993", "36028797018963969", "100000000000000000001"] {
            assert!(!exact(text), "{text}");
        }
        // Not written as whole numbers: these say how many digits count.
        assert!(exact("9007199254740993.0") && exact("9.007199254740993e15") && exact("12345678901234567.25"));
    }

    proptest! {
        #[test]
        fn the_range_is_that_of_one_after_the_other(
            values in prop::collection::vec(prop_oneof![any::<f64>(), Just(f64::NAN), -3.0..3.0_f64], 0..40),
        ) {
            let numbers: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(range_of(&values), (low, high, numbers.len()));
        }

        #[test]
        fn whole_numbers_are_those_that_truncation_leaves(bits in any::<u64>(), small in -5000..5000_i32) {
            let x = f64::from_bits(bits);
            for x in [x, x.trunc(), f64::from(small) / 4.0, (x % 1e17).trunc(), f64::INFINITY, -0.0] {
                prop_assert_eq!(is_whole(x), x.is_nan() || x == x.trunc(), "{}", x);
            }
        }
    }
}

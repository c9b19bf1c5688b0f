//! Numbers from text: a short way for what nearly all of them look like, and the general way for all others.

use super::Decimal;

/// How many bytes the short way looks at.
pub(crate) const WINDOW: usize = 32;
/// The longest number, less its exponent, that it reads.
const LONGEST: usize = 15;
/// The largest power of ten that f64 holds exactly.
const MOST_ZEROS: usize = 22;

/// Powers of ten.
const TENS: [u64; LONGEST + 1] = {
    let mut tens = [1; LONGEST + 1];
    let mut power = 1;
    while power <= LONGEST {
        tens[power] = 10 * tens[power - 1];
        power += 1;
    }
    tens
};

/// The same, and those that are too large for whole numbers of 64 bits.
const EXACT_TENS: [f64; MOST_ZEROS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The number that a field (without the white space around it) is; `None` for a word. A number too large for f64 is infinite.
#[inline]
pub fn parse_number(field: &[u8], decimal: Decimal) -> Option<f64> {
    if let Some(text) = in_register(field)
        && let Some((number, length)) = short_number(&text, decimal.sign())
        && length == field.len()
    {
        return Some(number);
    }
    parse_any(field, decimal)
}

/// The general way.
fn parse_any(field: &[u8], decimal: Decimal) -> Option<f64> {
    // Words like "inf" and "nan" are no numbers here.
    if !matches!(field.iter().find(|c| !matches!(c, b'+' | b'-')), Some(b'0'..=b'9' | b'.' | b',')) {
        return None;
    }
    match decimal {
        Decimal::Point => fast_float2::parse(field).ok(),
        Decimal::Comma => {
            let comma = field.iter().position(|c| *c == b',');
            if field.contains(&b'.') {
                return None;
            }
            let Some(comma) = comma else { return fast_float2::parse(field).ok() };
            let mut with_point = field.to_vec();
            with_point[comma] = b'.';
            fast_float2::parse(&with_point).ok()
        }
    }
}

/// The begin of a text, the bytes behind which are of no meaning, or zeros.
pub(crate) trait Text {
    /// Eight bytes, the first of them the lowest.
    fn word(&self, at: usize) -> u64;
    /// One byte.
    fn byte(&self, at: usize) -> u8;
}

impl Text for [u8; WINDOW] {
    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        self.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.get(at).copied().unwrap_or(0)
    }
}

/// Sixteen bytes, the first of them the lowest.
impl Text for u128 {
    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        self.checked_shr(8 * at as u32).unwrap_or(0) as u64
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.word(at) as u8
    }
}

/// A field of fewer than sixteen bytes.
#[inline]
fn in_register(field: &[u8]) -> Option<u128> {
    let n = field.len();
    if n > LONGEST {
        None
    } else if let (Some(first), Some(last)) = (field.first_chunk::<8>(), field.last_chunk::<8>()) {
        // The last eight bytes, less those that are among the first eight: two shifts, since none of them may be 64.
        let half = 4 * (16 - n);
        let rest = (u64::from_le_bytes(*last) >> half) >> half;
        Some(u128::from(rest) << 64 | u128::from(u64::from_le_bytes(*first)))
    } else if let (Some(first), Some(last)) = (field.first_chunk::<4>(), field.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4));
        Some(u128::from(last | u64::from(u32::from_le_bytes(*first))))
    } else {
        Some(field.iter().rev().fold(0, |text, byte| text << 8 | u128::from(*byte)))
    }
}

/// The number with which a text begins, and its length: maybe a sign, digits, maybe a decimal sign and digits, which must be at most
/// [`LONGEST`] bytes, and maybe an exponent. What comes after it is for the caller to look at.
///
/// Its digits make a whole number below 10¹⁵, which f64 holds exactly, as it does the power of ten, at most 10²², by which it is
/// multiplied or divided: the result is the correctly rounded value. Source: Clinger 1990, how to read floating point numbers
/// accurately.
#[inline(always)]
pub(crate) fn short_number(text: &impl Text, point: u8) -> Option<(f64, usize)> {
    let others = others_in(text.word(0)) | others_in(text.word(8)) << 8 | 1 << 16;
    let first = text.byte(0);
    let start = usize::from(matches!(first, b'-' | b'+'));
    let others = others & !(start as u32);
    let whole_end = others.trailing_zeros() as usize;
    if whole_end > LONGEST {
        return None;
    }
    let whole = digits(text, start, whole_end - start);
    let (digits, n_fraction, end) = if text.byte(whole_end) == point {
        let end = ((others & (others - 1)) | 1 << 16).trailing_zeros() as usize;
        if end > LONGEST {
            return None;
        }
        let n_fraction = end - whole_end - 1;
        (whole * TENS[n_fraction & 15] + digits(text, whole_end + 1, n_fraction), n_fraction, end)
    } else {
        (whole, 0, whole_end)
    };
    // There must be a digit beside the signs.
    if end - start == usize::from(end > whole_end) {
        return None;
    }
    let digits = digits as i64 as f64;
    let (size, end) = if matches!(text.byte(end), b'e' | b'E') {
        let (exponent, end) = exponent(text, end + 1)?;
        let zeros = exponent - n_fraction as i32;
        let ten = *EXACT_TENS.get(zeros.unsigned_abs() as usize)?;
        (if zeros < 0 { digits / ten } else { digits * ten }, end)
    } else {
        (digits / EXACT_TENS[n_fraction & 15], end)
    };
    let sign = u64::from(first == b'-') << 63;
    Some((f64::from_bits(size.to_bits() | sign), end))
}

/// The exponent at a place, and where it ends: maybe a sign, and one to three digits.
#[inline]
fn exponent(text: &impl Text, at: usize) -> Option<(i32, usize)> {
    let sign = text.byte(at);
    let start = at + usize::from(matches!(sign, b'-' | b'+'));
    let (mut value, mut end) = (0, start);
    while text.byte(end).is_ascii_digit() {
        if end - start == 3 {
            return None;
        }
        value = 10 * value + i32::from(text.byte(end) - b'0');
        end += 1;
    }
    (end > start).then_some((if sign == b'-' { -value } else { value }, end))
}

/// A bit for each byte of a word that is no digit.
#[inline(always)]
fn others_in(word: u64) -> u32 {
    let value = word ^ 0x3030_3030_3030_3030;
    // Adding 0x76 carries everything above 9 into the highest bit of its byte.
    let above = (((value & 0x7F7F_7F7F_7F7F_7F7F) + 0x7676_7676_7676_7676) | value) & 0x8080_8080_8080_8080;
    ((above >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// The number that up to 15 digits at a place are; 0 for none.
#[inline(always)]
fn digits(text: &impl Text, at: usize, n: usize) -> u64 {
    if n <= 8 {
        eight(text.word(at), n)
    } else {
        eight(text.word(at), 8) * TENS[(n - 8) & 15] + eight(text.word(at + 8), n - 8)
    }
}

/// The number that the first up to eight bytes of a word, all of them digits, are: pairs, fours and eight at a time.
#[inline(always)]
fn eight(word: u64, n: usize) -> u64 {
    // Two shifts, since none of them may be 64: what comes after the digits is out, zeros are in front of them.
    let half = (4 * (8 - n)) as u32;
    let ones = ((word ^ 0x3030_3030_3030_3030) << half) << half;
    let pairs = (ones.wrapping_mul(10)).wrapping_add(ones >> 8);
    const EVERY_FOURTH: u64 = 0x0000_00FF_0000_00FF;
    let odd = (pairs & EVERY_FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let even = ((pairs >> 16) & EVERY_FOURTH).wrapping_mul(1 + (10_000 << 32));
    odd.wrapping_add(even) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the short way makes of a text, be it in memory or in a register.
    fn short(text: &str) -> Option<(f64, usize)> {
        let mut window = [b';'; WINDOW];
        window[..text.len()].copy_from_slice(text.as_bytes());
        let found = short_number(&window, b'.');
        if let Some(text) = in_register(text.as_bytes()) {
            assert_eq!(short_number(&text, b'.'), found);
        }
        found
    }

    #[test]
    fn the_short_way_ends_where_the_number_does() {
        assert_eq!(short("1.5,2"), Some((1.5, 3)));
        assert_eq!(short("-12\r\n"), Some((-12.0, 3)));
        assert_eq!(short("+.25"), Some((0.25, 4)));
        assert_eq!(short("5.;"), Some((5.0, 2)));
        assert_eq!(short("1.2.3"), Some((1.2, 3)));
        assert_eq!(short("1e5e"), Some((1e5, 3)));
        assert_eq!(short("-2.5E-07"), Some((-2.5e-7, 8)));
        assert_eq!(short("-1.23456789e-01"), Some((-0.123_456_789, 15)));
        assert_eq!(short("123456789012345"), Some((123_456_789_012_345.0, 15)));
        assert_eq!(short("-0.123456789012"), Some((-0.123_456_789_012, 15)));
        assert_eq!(short("-0").map(|(x, n)| (x.to_bits(), n)), Some(((-0.0_f64).to_bits(), 2)));
        assert_eq!(short("-0.0e-5").map(|(x, n)| (x.to_bits(), n)), Some(((-0.0_f64).to_bits(), 7)));
    }

    #[test]
    fn the_short_way_leaves_words_and_longer_numbers_alone() {
        for text in ["", ".", "-", "-.", "+-1", "x", "e5", ".e5", "1e", "1e+", "1e23", "1e-23", "1e0001", "1.5e-22"] {
            assert_eq!(short(text), None, "{text}");
        }
        for text in ["1234567890123456", "0.12345678901234", "-1234567890123.5", "12345678901234567890"] {
            assert_eq!(short(text), None, "{text}");
        }
    }

    #[test]
    fn a_field_in_a_register_is_itself() {
        let text = b"abcdefghijklmnopq";
        for n in 0..=LONGEST {
            let mut bytes = [0; 16];
            bytes[..n].copy_from_slice(&text[..n]);
            assert_eq!(in_register(&text[..n]), Some(u128::from_le_bytes(bytes)));
        }
        assert_eq!(in_register(&text[..16]), None);
    }
}

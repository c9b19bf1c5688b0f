//! Where to cut records that are in the order of their times, without sorting them.

use super::Splitter;
use super::key::Keys;
use crate::error::Result;

/// So many bits of a number are looked at in one pass.
const BITS: u32 = 16;

/// The least time behind each cut, where a cut leaves a share of the records before it, as nearly as records of one time, which stay
/// together, allow.
///
/// The time at a place in the order is found by counting records by the first 16 bits of their times, then by the next 16 among those
/// that begin as it does, and so on: four passes over one column, in memory that does not depend on the number of records.
///
/// Errors: all times are the same, or there is none; two cuts are in one place.
pub(super) fn cuts(splitter: &Splitter<'_>, keys: &Keys, shares: &[f64]) -> Result<Vec<f64>> {
    let mut n = 0_u64;
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    splitter.look(&keys.wanted(), |columns, row| {
        let time = keys.value(columns, row);
        if !time.is_nan() {
            (first, last) = (first.min(time), last.max(time));
            n += 1;
        }
    })?;
    if n == 0 || first == last {
        let found =
            if n == 0 { "no record with a time".to_owned() } else { format!("one time only, {}", keys.text(first)) };
        return Err(keys.error(found, "records of different times".into()));
    }
    let wanted: Vec<u64> = shares.iter().map(|share| ((n as f64 * share).round() as u64).clamp(1, n - 1)).collect();
    let mut found: Vec<Place> = wanted.iter().map(|&rank| Place { prefix: 0, before: 0, equal: n, rank }).collect();
    for step in (0..u64::BITS / BITS).rev() {
        let shift = step * BITS;
        let mut counts = vec![vec![0_u64; 1 << BITS]; found.len()];
        splitter.look(&keys.wanted(), |columns, row| {
            let time = keys.value(columns, row);
            if time.is_nan() {
                return;
            }
            let bits = ordered(time);
            for (place, counts) in found.iter().zip(&mut counts) {
                if bits.checked_shr(shift + BITS).unwrap_or(0) == place.prefix {
                    counts[(bits >> shift) as usize & ((1 << BITS) - 1)] += 1;
                }
            }
        })?;
        found.iter_mut().zip(&counts).for_each(|(place, counts)| place.narrow(counts));
    }
    let cuts: Vec<f64> = found.iter().map(|place| place.cut(first, last)).collect();
    if cuts.windows(2).any(|pair| pair[0] >= pair[1]) {
        let found = format!("too many records of one time, {}, for {} parts", keys.text(cuts[0]), shares.len() + 1);
        return Err(keys.error(found, "fewer --folds".into()));
    }
    Ok(cuts)
}

/// What is known of the time at a place in the order.
struct Place {
    /// Its first bits.
    prefix: u64,
    /// How many records are before all that begin so.
    before: u64,
    /// How many begin so.
    equal: u64,
    /// How many records are to be before the place.
    rank: u64,
}

impl Place {
    /// Goes on to the next bits, by which those that begin so were counted.
    fn narrow(&mut self, counts: &[u64]) {
        for (bits, &n) in (0_u64..).zip(counts) {
            if self.rank < self.before + n {
                self.prefix = self.prefix << BITS | bits;
                self.equal = n;
                return;
            }
            self.before += n;
        }
    }

    /// The least time behind the cut: this one, or the next larger number, whichever leaves the number before it that is nearer to the one
    /// wanted. Some times are before it, and some are not.
    fn cut(&self, first: f64, last: f64) -> f64 {
        let time = number(self.prefix);
        let too_few = self.rank - self.before;
        let too_many = self.before + self.equal - self.rank;
        let here = time != first && (too_few <= too_many || time == last);
        if here { time } else { time.next_up() }
    }
}

/// Bits in the order of the numbers.
fn ordered(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The number of such bits.
fn number(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ordered_bits_are_in_the_order_of_the_numbers(a in -1e300..1e300_f64, b in -1e3..1e3_f64) {
            prop_assert_eq!(ordered(a).cmp(&ordered(b)), a.total_cmp(&b));
            prop_assert_eq!(number(ordered(a)), a);
            prop_assert_eq!(ordered(-0.0), ordered(0.0));
        }
    }
}

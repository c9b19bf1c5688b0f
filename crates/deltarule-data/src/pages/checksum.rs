//! A checksum that notices accidents, at the speed of memory. It is no protection against someone who means to deceive.

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const LANES: usize = 8;

/// A checksum of some bytes, whose number must be a multiple of 8: in each of eight lanes the sum of its words, and the sum of those
/// sums, which tells in which order they came. A change within one word is always noticed.
///
/// Source: Fletcher 1982, an arithmetic checksum for serial transmissions; here modulo 2⁶⁴, so that a few plain additions do.
pub(super) fn checksum(bytes: &[u8], seed: u64) -> u64 {
    let (mut sums, mut sums_of_sums) = ([0_u64; LANES], [0_u64; LANES]);
    let (groups, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for group in groups {
        let words = group.as_chunks::<8>().0;
        for k in 0..LANES {
            sums[k] = sums[k].wrapping_add(u64::from_le_bytes(words[k]));
            sums_of_sums[k] = sums_of_sums[k].wrapping_add(sums[k]);
        }
    }
    let step = |total: u64, word: u64| (total ^ word).wrapping_mul(FACTOR).rotate_left(31);
    let last = rest.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    let words = sums.into_iter().chain(sums_of_sums).chain(last);
    words.chain([bytes.len() as u64]).fold(seed.wrapping_mul(FACTOR), step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_changed_byte_and_two_swapped_words_change_it(
            mut bytes in prop::collection::vec(any::<u8>(), 16..400),
            at in any::<usize>(),
            other in any::<usize>(),
            by in 1_u8..,
        ) {
            bytes.truncate(bytes.len() / 8 * 8);
            let before = checksum(&bytes, 1);
            prop_assert_ne!(before, checksum(&bytes, 2));
            let at = at % bytes.len();
            bytes[at] ^= by;
            prop_assert_ne!(before, checksum(&bytes, 1));
            bytes[at] ^= by;
            let (one, two) = (at / 8 * 8, other % bytes.len() / 8 * 8);
            let different = bytes[one..one + 8] != bytes[two..two + 8];
            (0..8).for_each(|k| bytes.swap(one + k, two + k));
            prop_assert_eq!(before != checksum(&bytes, 1), different);
        }
    }
}

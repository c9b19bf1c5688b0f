//! A checksum that notices accidents, at the speed of memory. It is no protection against someone who means to deceive.

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const LANES: usize = 8;

/// A checksum of some bytes, whose number must be a multiple of 8. Every lane step is reversible, so that a change within one word is always noticed.
pub(super) fn checksum(bytes: &[u8], seed: u64) -> u64 {
    let step = |lane: u64, word: &[u8; 8]| (lane ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(31);
    let mut lanes = [0; LANES];
    for (lane, k) in lanes.iter_mut().zip(1..) {
        *lane = seed.wrapping_add(k).wrapping_mul(FACTOR);
    }
    let (groups, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for group in groups {
        for (lane, word) in lanes.iter_mut().zip(group.as_chunks().0) {
            *lane = step(*lane, word);
        }
    }
    for (lane, word) in lanes.iter_mut().zip(rest.as_chunks().0) {
        *lane = step(*lane, word);
    }
    lanes.iter().fold(bytes.len() as u64, |sum, lane| step(sum, &lane.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_changed_byte_changes_it(mut bytes in prop::collection::vec(any::<u8>(), 8..400), at in any::<usize>(), by in 1_u8..) {
            bytes.truncate(bytes.len() / 8 * 8);
            let before = checksum(&bytes, 1);
            prop_assert_ne!(before, checksum(&bytes, 2));
            let at = at % bytes.len();
            bytes[at] ^= by;
            prop_assert_ne!(before, checksum(&bytes, 1));
        }
    }
}

//! A hash of the text that was read.

/// How many hashes run beside each other, so that none waits for another.
const LANES: usize = 4;
const BLOCK: usize = 8 * LANES;

/// FNV-1a of 64 bits (Fowler, Noll, Vo 1991) over words of eight bytes, every fourth word in one hash, and at the end over these
/// hashes and the length; how the bytes arrive makes no difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint {
    lanes: [u64; LANES],
    /// The begin of the next block.
    block: [u8; BLOCK],
    length: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { lanes: [0xCBF2_9CE4_8422_2325; LANES], block: [0; BLOCK], length: 0 }
    }
}

impl Fingerprint {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let begun = (self.length % BLOCK as u64) as usize;
        self.length += bytes.len() as u64;
        let mut rest = bytes;
        if begun > 0 {
            let n = rest.len().min(BLOCK - begun);
            self.block[begun..begun + n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            if begun + n < BLOCK {
                return;
            }
            mix_block(&mut self.lanes, &self.block);
        }
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        let mut lanes = self.lanes;
        for block in blocks {
            mix_block(&mut lanes, block);
        }
        self.lanes = lanes;
        self.block = [0; BLOCK];
        self.block[..tail.len()].copy_from_slice(tail);
    }

    pub(crate) fn to_text(self) -> String {
        let mut lanes = self.lanes;
        mix_block(&mut lanes, &self.block);
        let [mut hash, others @ ..] = lanes;
        for word in others.into_iter().chain([self.length]) {
            mix(&mut hash, word);
        }
        format!("{hash:016x}")
    }
}

#[inline]
fn mix_block(lanes: &mut [u64; LANES], block: &[u8; BLOCK]) {
    let (words, _) = block.as_chunks::<8>();
    for (hash, word) in lanes.iter_mut().zip(words) {
        mix(hash, u64::from_le_bytes(*word));
    }
}

#[inline]
fn mix(hash: &mut u64, word: u64) {
    *hash = (*hash ^ word).wrapping_mul(0x0000_0100_0000_01B3);
    *hash ^= *hash >> 32;
}

//! A hash of the text that was read.

/// FNV-1a of 64 bits (Fowler, Noll, Vo 1991) over words of eight bytes, and the length at the end; how the bytes arrive makes no
/// difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint {
    hash: u64,
    word: [u8; 8],
    length: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { hash: 0xCBF2_9CE4_8422_2325, word: [0; 8], length: 0 }
    }
}

impl Fingerprint {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !(self.length.is_multiple_of(8) || rest.is_empty()) {
            self.byte(rest[0]);
            rest = &rest[1..];
        }
        let (words, tail) = rest.as_chunks::<8>();
        for word in words {
            self.mix(*word);
        }
        self.length += 8 * words.len() as u64;
        for byte in tail {
            self.byte(*byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.word[(self.length % 8) as usize] = byte;
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.mix(self.word);
            self.word = [0; 8];
        }
    }

    fn mix(&mut self, word: [u8; 8]) {
        self.hash = (self.hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01B3);
        self.hash ^= self.hash >> 32;
    }

    pub(crate) fn to_text(self) -> String {
        let mut last = self;
        last.mix(self.word);
        last.mix(self.length.to_le_bytes());
        format!("{:016x}", last.hash)
    }
}

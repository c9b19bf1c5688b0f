//! The values of a column that is hashed while it is read: no text is kept.

use deltarule_core::NO_LEVEL;
use deltarule_model::{BucketSet, HashBits, hash_text};

use super::Values;
use super::distinct::Distinct;
use crate::pages::Decode;

/// What is kept of the values so far: which buckets occur, and how many different values there are. Their codes are their buckets.
#[derive(Debug)]
pub(super) struct Hashed {
    bits: HashBits,
    distinct: Distinct,
    /// A bit for each bucket that occurs, in a whole column; parts leave it to the whole.
    used: Vec<u64>,
}

impl Hashed {
    pub(super) fn new(bits: HashBits) -> Self {
        Self { bits, distinct: Distinct::default(), used: Vec::new() }
    }

    /// Takes the next value, and gives its bucket.
    #[inline]
    pub(super) fn push(&mut self, text: &str) -> u32 {
        let hash = hash_text(text);
        self.distinct.add(hash);
        self.bits.bucket(hash)
    }

    /// Once a part is read, so that it can be handed on.
    pub(super) fn settle(&mut self) {
        self.distinct.settle();
    }

    /// Takes in the values that follow.
    pub(super) fn merge(&mut self, further: &Self) {
        self.distinct.merge(&further.distinct);
    }

    /// Takes note of the buckets of further values.
    pub(super) fn mark(&mut self, buckets: &[u32]) {
        self.used.resize(BucketSet::n_words(self.bits), 0);
        for &bucket in buckets.iter().filter(|bucket| **bucket != NO_LEVEL) {
            self.used[bucket as usize / 64] |= 1 << (bucket % 64);
        }
    }

    /// The buckets of the whole column, and how codes are read as places among them.
    pub(super) fn finish(mut self) -> (Values, Decode) {
        self.mark(&[]);
        let (n_values, exact) = self.distinct.count();
        match BucketSet::of_words(self.bits, self.used) {
            Some(buckets) => (Values::Hashed { buckets: buckets.clone(), n_values, exact }, Decode::Buckets(buckets)),
            None => (Values::Missing, Decode::Unused),
        }
    }
}

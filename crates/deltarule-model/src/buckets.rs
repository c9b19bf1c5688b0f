//! Hashed columns: a value stands for one of 2^bits buckets, and every bucket that occurs has a weight.
//!
//! The bucket of a value is given by the low bits of the XXH64 of its text. That is part of what a model file means, and stays.
//! Source: the specification of XXH64, <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

/// How many buckets the values of a column are hashed into: 2^bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct HashBits(u32);

impl HashBits {
    /// 2^18 = 262,144 buckets.
    pub const DEFAULT: Self = Self(18);
    /// The least number of bits.
    pub const LEAST: u32 = 1;
    /// The greatest number of bits: 2^24 = 16,777,216 buckets.
    pub const MOST: u32 = 24;

    /// So many bits; `None` unless they are from [`LEAST`](Self::LEAST) to [`MOST`](Self::MOST).
    pub fn new(bits: u32) -> Option<Self> {
        (Self::LEAST..=Self::MOST).contains(&bits).then_some(Self(bits))
    }

    /// The number of bits.
    pub fn get(self) -> u32 {
        self.0
    }

    /// 2^bits.
    pub fn n_buckets(self) -> usize {
        1 << self.0
    }

    /// The bucket of a hash: its low bits.
    pub fn bucket(self, hash: u64) -> u32 {
        // What is left is below 2^24.
        (hash & (self.n_buckets() as u64 - 1)) as u32
    }
}

impl TryFrom<u32> for HashBits {
    type Error = String;

    fn try_from(bits: u32) -> Result<Self, String> {
        Self::new(bits).ok_or_else(|| format!("{bits} bits, expected {} to {}", Self::LEAST, Self::MOST))
    }
}

impl From<HashBits> for u32 {
    fn from(bits: HashBits) -> u32 {
        bits.0
    }
}

/// The hash of a value: XXH64 of the bytes of its text with the seed 0. A whole number is the same with `.0` behind it, as programs write
/// it that hold it as a float: 17.0 hashes as 17.
///
/// ```
/// use deltarule_model::hash_text;
/// assert_eq!(hash_text(""), 0xEF46_DB37_51D8_E999);
/// assert!(hash_text("17.0") == hash_text("17") && hash_text("017") != hash_text("17"));
/// ```
pub fn hash_text(text: &str) -> u64 {
    XxHash64::oneshot(0, without_fraction(text.as_bytes()))
}

/// A whole number without the zeros behind its point; everything else as it is.
fn without_fraction(text: &[u8]) -> &[u8] {
    if !text.ends_with(b"0") {
        return text;
    }
    let zeros = text.iter().rev().take_while(|c| **c == b'0').count();
    let whole = text[..text.len() - zeros].strip_suffix(b".").unwrap_or_default();
    let digits = whole.strip_prefix(b"-").unwrap_or(whole);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) { whole } else { text }
}

/// The hash of a number: of the fewest digits that give it back. Nothing is allocated.
pub(crate) fn hash_number(x: f64) -> u64 {
    let mut text = ShortText { bytes: [0; 32], length: 0 };
    // No number has more than 24 characters.
    let _ = write!(text, "{x:?}");
    XxHash64::oneshot(0, without_fraction(&text.bytes[..text.length]))
}

/// A text of up to 32 bytes.
struct ShortText {
    bytes: [u8; 32],
    length: usize,
}

impl Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The buckets that occur: each has a place, which is how many others come before it.
///
/// ```
/// use deltarule_model::{BucketSet, HashBits};
/// let bits = HashBits::new(3).unwrap();
/// let set = BucketSet::of_words(bits, vec![0b1000_0110]).unwrap();
/// assert_eq!(set.iter().collect::<Vec<_>>(), [1, 2, 7]);
/// assert_eq!((set.len(), set.place(7), set.place(3)), (3, Some(2), None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub struct BucketSet {
    bits: HashBits,
    /// A bit for each bucket.
    words: Vec<u64>,
    /// How many occur before each word, and in all.
    before: Vec<u32>,
}

/// A set as it is stored.
#[derive(Serialize, Deserialize)]
struct Words {
    bits: HashBits,
    words: Vec<u64>,
}

impl TryFrom<Words> for BucketSet {
    type Error = &'static str;

    fn try_from(stored: Words) -> Result<Self, Self::Error> {
        Self::of_words(stored.bits, stored.words).ok_or("buckets that are not there")
    }
}

impl From<BucketSet> for Words {
    fn from(set: BucketSet) -> Self {
        Self { bits: set.bits, words: set.words }
    }
}

impl BucketSet {
    /// So many words hold a bit for each bucket.
    pub fn n_words(bits: HashBits) -> usize {
        bits.n_buckets().div_ceil(u64::BITS as usize)
    }

    /// The buckets whose bits are set: bucket `k` is bit `k mod 64` of word `k/64`. `None` where there are too many or too few words, or
    /// bits beyond the last bucket.
    pub fn of_words(bits: HashBits, words: Vec<u64>) -> Option<Self> {
        let beyond = bits.n_buckets() < u64::BITS as usize && words.iter().any(|word| word >> bits.n_buckets() != 0);
        if words.len() != Self::n_words(bits) || beyond {
            return None;
        }
        Some(Self::counted(bits, words))
    }

    fn counted(bits: HashBits, words: Vec<u64>) -> Self {
        let mut before = Vec::with_capacity(words.len() + 1);
        before.push(0);
        let mut n = 0;
        for word in &words {
            n += word.count_ones();
            before.push(n);
        }
        Self { bits, words, before }
    }

    /// How many buckets there are to be hashed into.
    pub fn bits(&self) -> HashBits {
        self.bits
    }

    /// How many buckets occur.
    pub fn len(&self) -> usize {
        self.before.last().map_or(0, |n| *n as usize)
    }

    /// Whether none occurs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of a bucket among those that occur; `None` where it is not one of them.
    #[inline]
    pub fn place(&self, bucket: u32) -> Option<u32> {
        let (index, bit) = (bucket as usize / 64, bucket % 64);
        let word = self.words.get(index)?;
        (word >> bit & 1 == 1).then(|| self.before[index] + (word & !(u64::MAX << bit)).count_ones())
    }

    /// The place of the bucket of a hash; `None` where it does not occur.
    pub fn place_of_hash(&self, hash: u64) -> Option<u32> {
        self.place(self.bits.bucket(hash))
    }

    /// The buckets that occur, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.words).flat_map(|(index, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }

    /// Those of the buckets for whose place `keep` is true.
    pub fn retain(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0; self.words.len()];
        for (place, bucket) in self.iter().enumerate() {
            words[bucket as usize / 64] |= u64::from(keep(place)) << (bucket % 64);
        }
        Self::counted(self.bits, words)
    }
}

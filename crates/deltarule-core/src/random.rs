//! Random numbers whose seed means the same for ever.
//!
//! ChaCha with 8 rounds gives the bits; what is made of them is written here, so that no library's update can change a run.
//! A `stream` keeps the uses of one seed apart: the start, each epoch's order, the held-out rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What one seed is used for: each use draws from a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The starting weights.
    Start,
    /// Which records are held out.
    Split,
    /// The start of an estimate of λmax.
    Curvature,
    /// How often each record is in each replicate of a bootstrap.
    Bootstrap,
    /// The numbers of an exercise.
    Exercise,
    /// Which records are drawn in a picture.
    Picture,
    /// The order of the records in one epoch.
    Epoch(u64),
}

impl Stream {
    fn number(self) -> u64 {
        match self {
            Stream::Start => 0,
            Stream::Split => 1,
            Stream::Curvature => 2,
            Stream::Bootstrap => 16,
            Stream::Exercise => 32,
            Stream::Picture => 48,
            Stream::Epoch(epoch) => 1_000 + epoch,
        }
    }
}

/// A source of random numbers.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The numbers of one use of a seed.
    pub fn new(seed: u64, stream: Stream) -> Self {
        let mut chacha = ChaCha8Rng::seed_from_u64(seed);
        chacha.set_stream(stream.number());
        Self(chacha)
    }

    /// A part of the numbers of one use, so that parts can be drawn at the same time: part 0 is what [`new`](Self::new) gives, and each part
    /// has 2³⁶ words before the next one begins.
    pub fn part(seed: u64, stream: Stream, part: u32) -> Self {
        let mut random = Self::new(seed, stream);
        random.0.set_word_pos(u128::from(part) << 36);
        random
    }

    /// Goes on with the numbers from so many words of 32 bits after the first.
    pub(crate) fn seek(&mut self, word: u64) {
        self.0.set_word_pos(u128::from(word));
    }

    /// A whole number, evenly spread over all of 32 bits: one word.
    pub(crate) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Evenly spread over [0, 1): a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly spread over 0, …, n − 1; 0 for n = 0.
    ///
    /// Source: Lemire 2019, fast random integer generation in an interval, algorithm 5.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(n);
            let low = product as u64;
            // Most numbers need no remainder, which takes longer than all else here.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// Normally distributed with mean 0 and standard deviation 1.
    ///
    /// Source: Box, Muller 1958.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.uniform())
    }

    /// Puts `items` into a random order, every order being as likely as any other.
    ///
    /// Source: Durstenfeld 1964 (Fisher and Yates).
    pub fn shuffle<A>(&mut self, items: &mut [A]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut random = Random::new(7, Stream::Start);
        let drawn = [random.uniform(), random.normal(), random.below(1000) as f64];
        let mut order: Vec<u32> = (0..8).collect();
        Random::new(7, Stream::Epoch(1)).shuffle(&mut order);
        assert_eq!(drawn, [0.15779609702061936, -0.17185014041566596, 726.0]);
        assert_eq!(order, [7, 1, 4, 2, 3, 5, 6, 0]);
    }

    #[test]
    fn normal_numbers_have_mean_0_and_deviation_1() {
        let mut random = Random::new(1, Stream::Start);
        let drawn: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}

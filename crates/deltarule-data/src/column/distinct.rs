//! How many different values a column has, in bounded memory.

use deltarule_model::hash_text;

/// So many different hashes are kept.
const KEPT: usize = 1 << 16;

/// The smallest of the hashes so far, each once. Parts of a column merge as if their values had come in one go.
///
/// Up to 65,536 different values are counted; of more, the number is estimated from where the largest of the smallest 65,536 hashes lies,
/// with a standard error of 0.4 %. Source: Bar-Yossef, Jayram, Kumar, Sivakumar, Trevisan 2002, counting distinct elements in a data
/// stream, algorithm 1; the unbiased form is Beyer, Haas, Reinwald, Sismanis, Gemulla 2007, section 4.
#[derive(Debug, Clone)]
pub(super) struct Distinct {
    /// In any order, some of them more than once, at most twice as many as are kept.
    hashes: Vec<u64>,
    /// Larger hashes are not kept.
    largest: u64,
    /// Whether none had to be left out.
    exact: bool,
}

impl Default for Distinct {
    fn default() -> Self {
        Self { hashes: Vec::new(), largest: u64::MAX, exact: true }
    }
}

impl Distinct {
    /// Takes the hash of the next value.
    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        if hash <= self.largest {
            self.hashes.push(hash);
            if self.hashes.len() == 2 * KEPT {
                self.settle();
            }
        }
    }

    /// Takes further values.
    pub(super) fn add_texts(&mut self, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        texts.into_iter().for_each(|text| self.add(hash_text(text.as_ref())));
    }

    /// Takes in the values that follow.
    pub(super) fn merge(&mut self, other: &Self) {
        self.exact &= other.exact;
        self.largest = self.largest.min(other.largest);
        other.hashes.iter().for_each(|hash| self.add(*hash));
    }

    /// Leaves each of the smallest hashes once.
    pub(super) fn settle(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        if self.hashes.len() > KEPT {
            self.hashes.truncate(KEPT);
            self.largest = self.hashes.last().copied().unwrap_or(u64::MAX);
            self.exact = false;
        }
        // Those that a smaller limit came for later.
        let within = self.hashes.partition_point(|hash| *hash <= self.largest);
        self.hashes.truncate(within);
    }

    /// How many different values there are, and whether that is their exact number.
    pub(super) fn count(mut self) -> (u64, bool) {
        self.settle();
        if self.exact {
            return (self.hashes.len() as u64, true);
        }
        let estimate = ((KEPT as u128 - 1) << 64) / (u128::from(self.largest) + 1);
        (estimate as u64, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = usize>) -> Distinct {
        let mut distinct = Distinct::default();
        distinct.add_texts(values.map(|value| value.to_string()));
        distinct
    }

    #[test]
    fn few_values_are_counted_and_many_estimated_within_a_hundredth() {
        assert_eq!(of(0..0).count(), (0, true));
        assert_eq!(of((0..300_000).map(|k| k % 777)).count(), (777, true));
        assert_eq!(of((0..400_000).map(|k| k % KEPT)).count(), (KEPT as u64, true));
        for n in [KEPT + 1, 100_000, 1_000_000] {
            let (found, exact) = of((0..n + 5000).map(|k| k % n)).count();
            assert!(!exact && found.abs_diff(n as u64) < n as u64 / 100, "{n}: {found}");
        }
    }

    #[test]
    fn parts_merge_to_the_count_of_the_whole_wherever_they_are_cut() {
        let values: Vec<usize> = (0..300_000).map(|k| k * k % 131_071).collect();
        let whole = of(values.iter().copied()).count();
        for length in [1_000, 77_777, 150_000] {
            let mut merged = Distinct::default();
            for part in values.chunks(length) {
                let mut part = of(part.iter().copied());
                part.settle();
                merged.merge(&part);
            }
            assert_eq!(merged.count(), whole, "{length}");
        }
    }
}

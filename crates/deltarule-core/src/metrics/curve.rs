//! The area under a ROC curve, in bounded memory.

/// Up to so many records in all curves together are sorted.
const SORTED: usize = 1 << 20;
/// So many bins all curves have together, and the most that one has.
const BINS: usize = 1 << 20;
const MOST_BINS: usize = 1 << 16;
/// Probabilities from 2⁻³³ to ½ have bins of equal ratio, those from ½ on the same seen from 1.
const OCTAVES: usize = 32;
const LEAST: u64 = (1023 - 33) << 52;

/// How the records of one class, and the others, were scored.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    kept: Kept,
    /// Beyond so many records, they are counted only.
    most_sorted: usize,
    n_bins: usize,
}

#[derive(Debug, Clone)]
enum Kept {
    /// Every p and weight of a record, which is below 0 where the record is not of the class.
    Each(Vec<(f64, f64)>),
    /// Σv of the records of the class, and of the others, in each bin of p.
    Counts(Vec<(f64, f64)>),
}

impl Curve {
    /// One of so many curves, which share the memory.
    pub(super) fn one_of(n_curves: usize) -> Self {
        let n_bins = (BINS / n_curves).clamp(2 * OCTAVES, MOST_BINS);
        let n_bins = 1 << n_bins.ilog2();
        Self { kept: Kept::Each(Vec::new()), most_sorted: SORTED / n_curves, n_bins }
    }

    pub(super) fn add(&mut self, p: f64, positive: bool, v: f64) {
        let signed = if positive { v } else { -v };
        match &mut self.kept {
            _ if v == 0.0 => {}
            Kept::Each(each) if each.len() < self.most_sorted => each.push((p, signed)),
            Kept::Each(each) => {
                let mut counts = vec![(0.0, 0.0); self.n_bins];
                for &(p, signed) in each.iter().chain(&[(p, signed)]) {
                    count(&mut counts, p, signed);
                }
                self.kept = Kept::Counts(counts);
            }
            Kept::Counts(counts) => count(counts, p, signed),
        }
    }

    /// The area, and how far it can be from the truth; `None` where all records are of the class, or none is.
    ///
    /// By ranks, ties counting half (Mann, Whitney 1947). Records of one bin count as tied, so that each pair in a bin is wrong by
    /// at most a half.
    pub(super) fn area(&self) -> Option<(f64, f64)> {
        let mut sum = Sum::default();
        match &self.kept {
            Kept::Each(each) => {
                let mut sorted = each.clone();
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
                for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
                    let of = |sign: f64| tied.iter().map(move |(_, v)| (sign * v).max(0.0)).sum();
                    sum.add(of(1.0), of(-1.0));
                }
                sum.area().map(|area| (area, 0.0))
            }
            Kept::Counts(counts) => {
                counts.iter().for_each(|&(high, low)| sum.add(high, low));
                sum.area().map(|area| (area, sum.tied / (sum.above * sum.below)))
            }
        }
    }
}

/// Records of the class and others, in the order of p.
#[derive(Debug, Default)]
struct Sum {
    above: f64,
    below: f64,
    area: f64,
    /// Half of the pairs that are tied.
    tied: f64,
}

impl Sum {
    fn add(&mut self, high: f64, low: f64) {
        self.area += high * (self.below + 0.5 * low);
        self.tied += 0.5 * high * low;
        self.above += high;
        self.below += low;
    }

    fn area(&self) -> Option<f64> {
        (self.above > 0.0 && self.below > 0.0).then(|| self.area / (self.above * self.below))
    }
}

fn count(counts: &mut [(f64, f64)], p: f64, signed: f64) {
    let bin = bin(p, counts.len());
    let (high, low) = &mut counts[bin];
    *(if signed > 0.0 { high } else { low }) += signed.abs();
}

/// The bin of p, which grows with it. `n_bins` is a power of 2, and at least twice [`OCTAVES`].
pub(super) fn bin(p: f64, n_bins: usize) -> usize {
    let half = n_bins / 2;
    let digits = (half / OCTAVES).ilog2();
    let from_zero = |p: f64| ((p.max(0.0).to_bits().saturating_sub(LEAST) >> (52 - digits)) as usize).min(half - 1);
    if p < 0.5 { from_zero(p) } else { n_bins - 1 - from_zero(1.0 - p) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, Stream};

    #[test]
    fn area_under_the_curve_counts_ties_half() {
        let mut curve = Curve::one_of(1);
        for (p, positive) in [(0.1, false), (0.4, true), (0.4, false), (0.8, true)] {
            curve.add(p, positive, 1.0);
        }
        assert_eq!(curve.area(), Some((3.5 / 4.0, 0.0)));
    }

    #[test]
    fn bins_grow_with_p() {
        let mut random = Random::new(1, Stream::Start);
        let mut ps: Vec<f64> = (0..2000).map(|_| random.uniform()).collect();
        ps.extend((0..1000).map(|_| libm::exp(-30.0 * random.uniform())));
        ps.extend((0..1000).map(|_| 1.0 - libm::exp(-30.0 * random.uniform())));
        ps.extend([0.0, 0.5, 1.0, f64::MIN_POSITIVE, 0.5 - f64::EPSILON, 1.0 - f64::EPSILON]);
        ps.sort_by(f64::total_cmp);
        for n_bins in [64, 1024, MOST_BINS] {
            let bins: Vec<usize> = ps.iter().map(|&p| bin(p, n_bins)).collect();
            assert!(bins.is_sorted() && bins.first() == Some(&0) && bins.last() == Some(&(n_bins - 1)));
        }
    }

    #[test]
    fn counts_are_as_near_as_they_say() {
        let mut random = Random::new(3, Stream::Start);
        // Well and badly told apart, spread out and close to the ends.
        for (distance, spread) in [(0.3, 1.0), (2.0, 1.0), (1.0, 8.0)] {
            let mut counted = Curve { most_sorted: 10, ..Curve::one_of(1) };
            let mut sorted = Curve::one_of(1);
            for _ in 0..100_000 {
                let positive = random.uniform() < 0.2;
                let h = spread * (random.normal() + if positive { distance } else { -distance });
                let p = 1.0 / (1.0 + libm::exp(-h));
                counted.add(p, positive, 1.0);
                sorted.add(p, positive, 1.0);
            }
            let (found, error) = counted.area().unwrap();
            let (expected, exact) = sorted.area().unwrap();
            assert_eq!(exact, 0.0);
            assert!((found - expected).abs() <= error && error < 1e-3, "{found} {expected} {error}");
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}

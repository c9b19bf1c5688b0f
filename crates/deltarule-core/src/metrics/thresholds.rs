//! What follows from the threshold above which p of the second of two classes means yes, and how far p can be believed.

/// Thresholds are multiples of one part of so many.
const STEPS: u64 = 1000;

/// Records by p of the second class, from which the decisions at every threshold k/1000 follow exactly. A record of weight v counts v times.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdTally {
    bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bin {
    /// Records.
    n: u64,
    /// Σv of those of the first and of the second class.
    counts: [f64; 2],
    /// Σvp.
    sum: f64,
}

/// What comes of saying yes where p is at least a threshold: Σv of the records, which is their number where all weights are 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decisions {
    /// The threshold.
    pub threshold: f64,
    /// Records of the second class that are called so.
    pub true_positives: f64,
    /// Records of the first class that are called the second.
    pub false_positives: f64,
    /// Records of the second class that are called the first.
    pub false_negatives: f64,
    /// Records of the first class that are called so.
    pub true_negatives: f64,
}

/// Records whose p lies between two limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationGroup {
    /// p is at least this.
    pub low: f64,
    /// And less than this; 1 is in the last group.
    pub high: f64,
    /// How many records.
    pub n: u64,
    /// Σv of them.
    pub weight: f64,
    /// The mean of their p; NaN where there is none.
    pub mean_p: f64,
    /// The share of them that is of the second class; NaN where there is none.
    pub share: f64,
}

impl Default for ThresholdTally {
    fn default() -> Self {
        Self { bins: vec![Bin::default(); STEPS as usize + 1] }
    }
}

impl ThresholdTally {
    /// Takes a record of weight v, from 0 on: p of the second class, in [0, 1], and whether it is of that class.
    pub fn add(&mut self, p: f64, is_second: bool, v: f64) {
        // The largest k with k/1000 ≤ p, as a comparison with the threshold finds it.
        let mut k = (p * STEPS as f64) as u64;
        if p < threshold(k) {
            k = k.saturating_sub(1);
        } else if p >= threshold(k + 1) {
            k += 1;
        }
        let bin = &mut self.bins[k.min(STEPS) as usize];
        bin.n += 1;
        bin.counts[usize::from(is_second)] += v;
        bin.sum += v * p;
    }

    /// The decisions at the threshold k/1000; `k` from 0 to 1000.
    pub fn decisions(&self, k: u64) -> Decisions {
        let (below, above) = self.bins.split_at(k.min(STEPS) as usize);
        let count = |bins: &[Bin], class: usize| bins.iter().map(|bin| bin.counts[class]).sum();
        Decisions {
            threshold: threshold(k),
            true_positives: count(above, 1),
            false_positives: count(above, 0),
            false_negatives: count(below, 1),
            true_negatives: count(below, 0),
        }
    }

    /// The k whose decisions cost least, where a false positive and a false negative cost so much; of equal ones the nearest to
    /// c₊/(c₊ + c₋), which is the best where every p is right (Elkan 2001, the foundations of cost-sensitive learning).
    pub fn cheapest(&self, false_positive: f64, false_negative: f64) -> u64 {
        let right = false_positive / (false_positive + false_negative) * STEPS as f64;
        let far = |k: u64| (k as f64 - right).abs();
        let cost = |k: u64| self.decisions(k).cost(false_positive, false_negative);
        let better = |a: &u64, b: &u64| cost(*a).total_cmp(&cost(*b)).then(far(*a).total_cmp(&far(*b)));
        (0..=STEPS).min_by(better).unwrap_or(STEPS / 2)
    }

    /// How p and what came true go together, in ten groups of p.
    pub fn calibration(&self) -> Vec<CalibrationGroup> {
        let size = STEPS as usize / 10;
        let group = |g: usize| {
            let end = if g == 9 { STEPS as usize + 1 } else { (g + 1) * size };
            let bins = &self.bins[g * size..end];
            let n = bins.iter().map(|bin| bin.n).sum();
            let total = |of: fn(&Bin) -> f64| bins.iter().map(of).sum::<f64>();
            let (second, sum) = (total(|bin| bin.counts[1]), total(|bin| bin.sum));
            let weight = second + total(|bin| bin.counts[0]);
            let (low, high) = (threshold((g * size) as u64), threshold(((g + 1) * size) as u64));
            CalibrationGroup { low, high, n, weight, mean_p: sum / weight, share: second / weight }
        };
        (0..10).map(group).collect()
    }
}

/// k/1000.
fn threshold(k: u64) -> f64 {
    k as f64 / STEPS as f64
}

impl Decisions {
    /// The share of those called the second class that are of it; `None` where none is called so.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// The share of the second class that is called so; `None` where there is none.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// 2·TP/(2·TP + FP + FN); `None` where there is neither.
    pub fn f1(&self) -> Option<f64> {
        share(2.0 * self.true_positives, self.false_positives + self.false_negatives)
    }

    /// c₊·FP + c₋·FN.
    pub fn cost(&self, false_positive: f64, false_negative: f64) -> f64 {
        false_positive * self.false_positives + false_negative * self.false_negatives
    }
}

pub(super) fn share(part: f64, rest: f64) -> Option<f64> {
    (part + rest > 0.0).then(|| part / (part + rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, Stream};

    #[test]
    fn every_threshold_decides_as_a_comparison_does() {
        let mut random = Random::new(5, Stream::Start);
        // Multiples of 1/1000 too, which a multiplication would put on the wrong side.
        let mut records: Vec<(f64, bool)> = (0..=1000).map(|k| (k as f64 / 1000.0, k % 3 == 0)).collect();
        records.extend((0..2000).map(|_| random.uniform()).map(|p| (p, p > 0.4)));
        let mut tally = ThresholdTally::default();
        records.iter().for_each(|&(p, second)| tally.add(p, second, 1.0));
        for k in 0..=1000 {
            let count = |yes: bool, second: bool| {
                records.iter().filter(|(p, s)| (*p >= k as f64 / 1000.0) == yes && *s == second).count() as f64
            };
            let found = tally.decisions(k);
            assert_eq!((found.true_positives, found.false_positives), (count(true, true), count(true, false)), "{k}");
            assert_eq!((found.false_negatives, found.true_negatives), (count(false, true), count(false, false)), "{k}");
        }
        let cheapest = tally.cheapest(1.0, 7.0);
        let least = (0..=1000).map(|k| tally.decisions(k).cost(1.0, 7.0)).fold(f64::INFINITY, f64::min);
        assert_eq!(tally.decisions(cheapest).cost(1.0, 7.0), least);
        let groups = tally.calibration();
        assert_eq!(groups.iter().map(|group| group.n).sum::<u64>(), records.len() as u64);
        let first: Vec<_> = records.iter().filter(|(p, _)| *p < 0.1).collect();
        assert_eq!(groups[0].n, first.len() as u64);
        assert!((groups[0].mean_p - first.iter().map(|(p, _)| p).sum::<f64>() / first.len() as f64).abs() < 1e-12);
        assert_eq!(groups[0].share, first.iter().filter(|(_, s)| *s).count() as f64 / first.len() as f64);
    }

    #[test]
    fn a_weight_is_so_many_equal_records() {
        let mut random = Random::new(6, Stream::Start);
        let (mut weighted, mut copied) = (ThresholdTally::default(), ThresholdTally::default());
        for _ in 0..500 {
            let (p, times) = (random.uniform(), random.below(4));
            let is_second = random.uniform() < p;
            weighted.add(p, is_second, times as f64);
            (0..times).for_each(|_| copied.add(p, is_second, 1.0));
        }
        for k in [0, 137, 500, 800, 1000] {
            assert_eq!(weighted.decisions(k), copied.decisions(k), "{k}");
        }
        assert_eq!(weighted.cheapest(1.0, 3.0), copied.cheapest(1.0, 3.0));
        for (a, b) in weighted.calibration().iter().zip(copied.calibration()) {
            assert_eq!((a.weight, b.n), (b.weight, b.weight as u64));
            assert!((a.mean_p - b.mean_p).abs() < 1e-12 && (a.share - b.share).abs() < 1e-12);
        }
        assert_eq!(weighted.calibration().iter().map(|group| group.n).sum::<u64>(), 500);
    }

    #[test]
    fn where_all_thresholds_cost_the_same_the_right_one_for_right_probabilities_is_taken() {
        assert_eq!(ThresholdTally::default().cheapest(1.0, 3.0), 250);
        assert_eq!(ThresholdTally::default().decisions(500).precision(), None);
    }
}

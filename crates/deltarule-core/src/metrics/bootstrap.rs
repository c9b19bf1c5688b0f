//! How far scores can be off by chance: scores of many tables that are drawn from the records.
//!
//! In each replicate a record counts as often as a Poisson number with mean 1 says, which is what drawing N of N records with replacement comes to
//! for a large N, and needs neither N nor the records at a time (Hanley, MacGibbon 2006; Chamandy, Muralidharan, Najmi, Naidu 2012,
//! "Estimating uncertainty for massive data streams"). The numbers of a record depend on the seed and on its number alone.

mod area;

use super::thresholds::share;
use crate::random::{Random, Stream};
use area::Curve;

/// Σ_{i ≤ k} e⁻¹/i! as a share of 2³², k = 0, 1, …: a word counts as often as it is at least one of these.
const STEPS: [u32; 11] = steps();

const fn steps() -> [u32; 11] {
    let mut steps = [0; 11];
    let (mut term, mut sum, mut k) = (0.367_879_441_171_442_33_f64, 0.0, 0);
    while k < steps.len() {
        sum += term;
        steps[k] = (sum * 4_294_967_296.0) as u32;
        k += 1;
        term /= k as f64;
    }
    steps
}

/// How often each record is in each of some replicates.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    random: Random,
    counts: Vec<f64>,
}

impl Bootstrap {
    /// So many replicates, drawn with a seed.
    pub fn new(n_replicates: usize, seed: u64) -> Self {
        Self { random: Random::new(seed, Stream::Bootstrap), counts: vec![0.0; n_replicates] }
    }

    /// B.
    pub fn n_replicates(&self) -> usize {
        self.counts.len()
    }

    /// How often a record, by its number, is in each replicate: Poisson numbers with mean 1, shape (B,).
    pub fn counts_of(&mut self, record: u64) -> &[f64] {
        self.random.seek(record.wrapping_mul(self.counts.len() as u64));
        for count in &mut self.counts {
            let word = self.random.word();
            // Without a branch, so that several steps are compared at once.
            *count = STEPS.iter().map(|&step| u32::from(word >= step)).sum::<u32>().into();
        }
        &self.counts
    }
}

/// Where the middle part of the replicates of a score lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// The part that leaves (1 − level)/2 of the replicates on each side, between neighbouring ones by their distance (percentile interval: Efron,
    /// Tibshirani 1993, 13.3). Replicates without a score are left out; `None` where none has one.
    pub fn of(replicates: impl IntoIterator<Item = f64>, level: f64) -> Option<Self> {
        let mut sorted: Vec<f64> = replicates.into_iter().filter(|score| score.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let quantile = |share: f64| {
            let place = share * last as f64;
            let (below, above) = (place as usize, (place as usize + 1).min(last));
            sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
        };
        let outside = 0.5 * (1.0 - level);
        Some(Self { low: quantile(outside), high: quantile(1.0 - outside) })
    }
}

/// Σ count·value of several values in each replicate, value by value.
#[derive(Debug, Clone)]
struct Sums {
    n_replicates: usize,
    sums: Vec<f64>,
}

impl Sums {
    fn new(n_values: usize, n_replicates: usize) -> Self {
        Self { n_replicates, sums: vec![0.0; n_values * n_replicates] }
    }

    fn add(&mut self, counts: &[f64], values: &[f64]) {
        for (sums, value) in self.sums.chunks_mut(self.n_replicates.max(1)).zip(values) {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count * value);
        }
    }

    /// The sum of value `k` in every replicate.
    fn of(&self, k: usize) -> &[f64] {
        &self.sums[k * self.n_replicates..(k + 1) * self.n_replicates]
    }

    /// The mean of value `k` in every replicate, value 0 being 1 for every record.
    fn mean(&self, k: usize) -> impl Iterator<Item = f64> + '_ {
        self.of(k).iter().zip(self.of(0)).map(|(sum, n)| sum / n)
    }
}

/// Scores of predicted numbers in every replicate.
#[derive(Debug, Clone)]
pub struct RegressionReplicates {
    /// Σv.
    weight: f64,
    /// What targets are taken from, so that squares keep their digits: the first.
    origin: Option<f64>,
    sums: Sums,
}

impl RegressionReplicates {
    /// No records yet.
    pub fn new(n_replicates: usize) -> Self {
        Self { weight: 0.0, origin: None, sums: Sums::new(6, n_replicates) }
    }

    /// Takes one prediction of a record of weight v, and its part of E. Shape: `counts` (B,).
    pub fn add(&mut self, counts: &[f64], v: f64, target: f64, output: f64, loss: f64) {
        // A record of weight 0 is as good as none, whatever its error is.
        if v == 0.0 {
            return;
        }
        self.weight += v;
        let (residual, y) = (target - output, target - *self.origin.get_or_insert(target));
        self.sums.add(counts, &[v, v * residual * residual, v * residual.abs(), v * y, v * y * y, loss]);
    }

    /// E: the mean of each replicate times Σv of all records.
    pub fn loss_sums(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(5).map(|mean| mean * self.weight)
    }

    /// √(Σ(y − ŷ)²/n).
    pub fn rmse(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(1).map(f64::sqrt)
    }

    /// Σ|y − ŷ|/n.
    pub fn mae(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(2)
    }

    /// 1 − Σ(y − ŷ)²/Σ(y − ȳ)², with the mean of the replicate.
    pub fn r_squared(&self) -> impl Iterator<Item = f64> + '_ {
        let variance = self.sums.mean(3).zip(self.sums.mean(4)).map(|(mean, square)| square - mean * mean);
        self.sums.mean(1).zip(variance).map(|(squares, variance)| 1.0 - squares / variance)
    }
}

/// Scores of predicted classes in every replicate.
#[derive(Debug, Clone)]
pub struct ClassReplicates {
    /// Σv.
    weight: f64,
    sums: Sums,
    /// One for two classes, one for each of more; none where the area is not asked for.
    curves: Vec<Curve>,
}

impl ClassReplicates {
    /// No records yet, of K = `n_classes`; with `areas`, the area under the ROC curve too.
    pub fn new(n_classes: usize, n_replicates: usize, areas: bool) -> Self {
        let n_curves = if n_classes > 2 { n_classes } else { n_classes / 2 };
        let n_curves = if areas { n_curves } else { 0 };
        Self {
            weight: 0.0,
            sums: Sums::new(5, n_replicates),
            curves: vec![Curve::one_of(n_curves.max(1), n_replicates); n_curves],
        }
    }

    /// Takes one prediction of a record of weight v, as [`ClassTally`](super::ClassTally) does, and its part of E. Shapes: `probabilities` (K,), `counts` (B,) of
    /// the record of that number.
    pub fn add(&mut self, counts: &[f64], record: u64, v: f64, class: u32, probabilities: &[f64], loss: f64) {
        // A record of weight 0 is as good as none, whatever its error is.
        if v == 0.0 {
            return;
        }
        let right = f64::from(u8::from(super::most_probable(probabilities) == class as usize));
        let (log_loss, brier) = super::class_errors(class as usize, probabilities);
        self.weight += v;
        self.sums.add(counts, &[v, v * right, v * log_loss, v * brier, loss]);
        match &mut self.curves[..] {
            [curve] => {
                curve.add(counts, record, probabilities.get(1).copied().unwrap_or(0.0), if class == 1 { v } else { -v })
            }
            curves => {
                for ((k, curve), &p) in (0..).zip(curves).zip(probabilities) {
                    curve.add(counts, record, p, if class == k { v } else { -v });
                }
            }
        }
    }

    /// Bounds the memory: to be called once in a while, such as after each block.
    pub fn fold(&mut self, draw: &mut Bootstrap) {
        self.curves.iter_mut().for_each(|curve| curve.fold(draw));
    }

    /// E: the mean of each replicate times Σv of all records.
    pub fn loss_sums(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(4).map(|mean| mean * self.weight)
    }

    /// The share of records whose most probable class is their own.
    pub fn accuracy(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(1)
    }

    /// −Σ ln p(own class)/n.
    pub fn log_loss(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(2)
    }

    /// The Brier score.
    pub fn brier(&self) -> impl Iterator<Item = f64> + '_ {
        self.sums.mean(3)
    }

    /// The area under the ROC curve, the mean of all classes where there are more than two; NaN where a replicate lacks a class. `draw` is what
    /// the counts came from; beyond 2²⁰ records (divided by the classes) the records are counted in bins of p, and what that
    /// does to the area of all records, `exact`, is taken from each replicate.
    pub fn auc(&self, draw: &mut Bootstrap, exact: Option<f64>) -> Vec<f64> {
        let n = self.sums.n_replicates;
        let mut total = vec![0.0; n];
        let (mut plain, mut is_counted) = (0.0, false);
        for curve in &self.curves {
            let (areas, whole) = curve.areas(draw, n);
            total.iter_mut().zip(areas).for_each(|(total, area)| *total += area);
            plain += whole.unwrap_or(0.0);
            is_counted |= whole.is_some();
        }
        let n_curves = self.curves.len().max(1) as f64;
        let shift = if is_counted { exact.map_or(0.0, |exact| exact - plain / n_curves) } else { 0.0 };
        total.into_iter().map(|total| total / n_curves + shift).collect()
    }
}

/// What decisions at one threshold come to in every replicate.
#[derive(Debug, Clone)]
pub struct DecisionReplicates {
    threshold: f64,
    /// True positives, false positives, false negatives, true negatives.
    sums: Sums,
}

impl DecisionReplicates {
    /// No records yet; the second of two classes is said where its p is at least the threshold.
    pub fn new(threshold: f64, n_replicates: usize) -> Self {
        Self { threshold, sums: Sums::new(4, n_replicates) }
    }

    /// Takes a record of weight v, by p of the second class, and whether it is of that class. Shape: `counts` (B,).
    pub fn add(&mut self, counts: &[f64], v: f64, p: f64, is_second: bool) {
        let one = |is: bool| if is { v } else { 0.0 };
        let says = p >= self.threshold;
        let decided = [(true, true), (true, false), (false, true), (false, false)];
        self.sums.add(counts, &decided.map(|of| one((says, is_second) == of)));
    }

    /// (TP + TN)/n: how often what is said is right.
    pub fn accuracy(&self) -> impl Iterator<Item = f64> + '_ {
        self.of(|[hits, wrong, missed, rest]| share(hits + rest, wrong + missed))
    }

    /// TP/(TP + FP); NaN where a replicate calls no record the second class.
    pub fn precision(&self) -> impl Iterator<Item = f64> + '_ {
        self.of(|[hits, wrong, ..]| share(hits, wrong))
    }

    /// TP/(TP + FN); NaN where a replicate has no record of the second class.
    pub fn recall(&self) -> impl Iterator<Item = f64> + '_ {
        self.of(|[hits, _, missed, _]| share(hits, missed))
    }

    /// 2·TP/(2·TP + FP + FN); NaN where a replicate has neither.
    pub fn f1(&self) -> impl Iterator<Item = f64> + '_ {
        self.of(|[hits, wrong, missed, _]| share(2.0 * hits, wrong + missed))
    }

    fn of(&self, score: fn([f64; 4]) -> Option<f64>) -> impl Iterator<Item = f64> + '_ {
        let all: [&[f64]; 4] = std::array::from_fn(|k| self.sums.of(k));
        (0..all[0].len()).map(move |b| score(all.map(|sums| sums[b])).unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ClassTally, RegressionTally, ThresholdTally};

    #[test]
    fn counts_are_poisson_numbers_that_depend_on_the_record_alone() {
        let mut draw = Bootstrap::new(100, 7);
        let (mut histogram, mut sum) = ([0_u64; 12], 0.0);
        for record in 0..2000 {
            for &count in draw.counts_of(record) {
                histogram[count as usize] += 1;
                sum += count;
            }
        }
        let n = 200_000.0;
        assert!((sum / n - 1.0).abs() < 0.01);
        let mut expected = (-1.0_f64).exp();
        for (k, &found) in histogram.iter().enumerate().take(6) {
            assert!((found as f64 / n - expected).abs() < 4.0 * (expected / n).sqrt(), "{k}: {found}");
            expected /= (k + 1) as f64;
        }
        let again = draw.counts_of(3).to_vec();
        draw.counts_of(1_000_000_007);
        assert_eq!(Bootstrap::new(100, 7).counts_of(3), again);
        assert_ne!(Bootstrap::new(100, 8).counts_of(3), again);
    }

    fn records(n: u64) -> Vec<(f64, f64)> {
        let mut random = Random::new(1, Stream::Start);
        (0..n).map(|_| random.normal()).map(|x| (100.0 + x, x)).map(|(y, x)| (y, 100.0 + 0.7 * x)).collect()
    }

    #[test]
    fn a_replicate_is_the_table_with_its_records_as_often_as_they_count() {
        let mut draw = Bootstrap::new(20, 3);
        let mut replicates = RegressionReplicates::new(20);
        let mut classes = ClassReplicates::new(2, 20, true);
        let mut decisions = DecisionReplicates::new(0.5, 20);
        let p_of = |y: f64| ((y - 98.0) / 4.0 * 20.0).round().clamp(0.0, 20.0) / 20.0;
        let class_of = |i: u64| u32::from(i * 7 % 5 < 2);
        let records = records(200);
        for (i, &(y, output)) in (0..).zip(&records) {
            let counts = draw.counts_of(i);
            let v = 1.0 + (i % 3) as f64;
            replicates.add(counts, v, y, output, 0.25 * v);
            classes.add(counts, i, v, class_of(i), &[1.0 - p_of(y), p_of(y)], 0.5 * v);
            decisions.add(counts, v, p_of(y), class_of(i) == 1);
        }
        let (rmse, r_squared): (Vec<f64>, Vec<f64>) = (replicates.rmse().collect(), replicates.r_squared().collect());
        let auc = classes.auc(&mut draw, None);
        let brier: Vec<f64> = classes.brier().collect();
        let (precision, recall): (Vec<f64>, Vec<f64>) = (decisions.precision().collect(), decisions.recall().collect());
        let f1: Vec<f64> = decisions.f1().collect();
        for b in [0, 7, 19] {
            let (mut tally, mut of_classes) = (RegressionTally::default(), ClassTally::new(2));
            let mut thresholds = ThresholdTally::default();
            for (i, &(y, output)) in (0..).zip(&records) {
                for _ in 0..draw.counts_of(i)[b] as u64 {
                    let v = 1.0 + (i % 3) as f64;
                    tally.add(y, output, v);
                    of_classes.add(class_of(i), &[1.0 - p_of(y), p_of(y)], v);
                    thresholds.add(p_of(y), class_of(i) == 1, v);
                }
            }
            let (scores, of_classes) = (tally.scores(), of_classes.scores());
            assert!((rmse[b] - scores.rmse).abs() < 1e-12 && (r_squared[b] - scores.r_squared.unwrap()).abs() < 1e-9);
            assert!((auc[b] - of_classes.auc.unwrap()).abs() < 1e-12, "{} {:?}", auc[b], of_classes.auc);
            assert!((brier[b] - of_classes.brier).abs() < 1e-12);
            let decided = thresholds.decisions(500);
            assert!((precision[b] - decided.precision().unwrap()).abs() < 1e-12);
            assert!((recall[b] - decided.recall().unwrap()).abs() < 1e-12);
            assert!((f1[b] - decided.f1().unwrap()).abs() < 1e-12);
        }
        // 67 records of weight 1, 67 of 2, 66 of 3.
        assert!(replicates.loss_sums().all(|e| (e - 0.25 * 399.0).abs() < 1e-9));
    }

    #[test]
    fn the_interval_of_a_mean_is_as_wide_as_its_standard_error_says() {
        let mut draw = Bootstrap::new(2000, 5);
        let mut replicates = RegressionReplicates::new(2000);
        let records = records(1000);
        for (i, &(y, _)) in (0..).zip(&records) {
            replicates.add(draw.counts_of(i), 1.0, y, 0.0, y);
        }
        let mean = records.iter().map(|r| r.0).sum::<f64>() / 1000.0;
        let deviation = (records.iter().map(|r| (r.0 - mean) * (r.0 - mean)).sum::<f64>() / 1000.0).sqrt();
        let interval = Interval::of(replicates.mae(), 0.95).unwrap();
        let expected = 2.0 * 1.96 * deviation / 1000_f64.sqrt();
        assert!(((interval.high - interval.low) / expected - 1.0).abs() < 0.06, "{interval:?} {expected}");
        assert!((0.5 * (interval.low + interval.high) - mean).abs() < 0.1 * expected);
    }

    #[test]
    fn counted_records_give_nearly_the_same_areas() {
        let mut draw = Bootstrap::new(10, 1);
        let mut exact = ClassReplicates::new(2, 10, true);
        let mut counted = exact.clone();
        counted.curves[0].most_sorted = 50;
        let mut random = Random::new(9, Stream::Start);
        let mut tally = ClassTally::new(2);
        for i in 0..3000 {
            let p = random.uniform();
            let class = u32::from(random.uniform() < p);
            let row = [1.0 - p, p];
            tally.add(class, &row, 1.0);
            for replicates in [&mut exact, &mut counted] {
                replicates.add(draw.counts_of(i), i, 1.0, class, &row, 0.0);
                replicates.fold(&mut draw);
            }
        }
        let auc = tally.scores().auc;
        let pairs = exact.auc(&mut draw, auc).into_iter().zip(counted.auc(&mut draw, auc));
        pairs.into_iter().for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{a} {b}"));
    }

    #[test]
    fn an_interval_is_between_neighbours() {
        let interval = Interval::of((0..=100).map(f64::from), 0.95).unwrap();
        assert!((interval.low - 2.5).abs() < 1e-12 && (interval.high - 97.5).abs() < 1e-12);
        assert_eq!(Interval::of([f64::NAN], 0.95), None);
    }
}

//! The area under a ROC curve in every replicate: of records in order of p, or, where they are too many to be kept, of counts in bins of p.

use super::Bootstrap;
use crate::metrics::curve::bin;

/// Up to so many records of all curves together are kept for the area under a curve.
const SORTED: usize = 1 << 20;
/// Beyond, so many counts of all replicates and curves together.
const COUNTS: usize = 1 << 22;

/// How the records of one class, and the others, were scored.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    kept: Kept,
    pub(super) most_sorted: usize,
    n_bins: usize,
}

#[derive(Debug, Clone)]
enum Kept {
    /// p, the number, and v, which is negative where the record is not of the class, of every record; how often it counts is drawn again.
    Each(Vec<(f64, u64, f64)>),
    /// For each bin of p, the records of the class and the others, of all records (first) and of every replicate: shape (bins, 2, 1 + B).
    Counts(Vec<f64>),
}

impl Curve {
    pub(super) fn one_of(n_curves: usize, n_replicates: usize) -> Self {
        let n_bins = (COUNTS / (n_curves * (n_replicates + 1))).clamp(256, 1 << 14);
        Self { kept: Kept::Each(Vec::new()), most_sorted: SORTED / n_curves, n_bins: 1 << n_bins.ilog2() }
    }

    pub(super) fn add(&mut self, counts: &[f64], record: u64, p: f64, signed: f64) {
        match &mut self.kept {
            Kept::Each(each) => each.push((p, record, signed)),
            Kept::Counts(bins) => count(bins, self.n_bins, counts, p, signed),
        }
    }

    /// Counts instead of single records, once there are too many of them.
    pub(super) fn fold(&mut self, draw: &mut Bootstrap) {
        let Kept::Each(each) = &mut self.kept else { return };
        if each.len() <= self.most_sorted {
            return;
        }
        let mut bins = vec![0.0; self.n_bins * 2 * (draw.n_replicates() + 1)];
        for (p, record, signed) in std::mem::take(each) {
            count(&mut bins, self.n_bins, draw.counts_of(record), p, signed);
        }
        self.kept = Kept::Counts(bins);
    }

    /// The area in every replicate, and where records were counted, that of all records.
    pub(super) fn areas(&self, draw: &mut Bootstrap, n_replicates: usize) -> (Vec<f64>, Option<f64>) {
        let mut sums = AreaSums::new(n_replicates + 1);
        match &self.kept {
            Kept::Each(each) => {
                let mut sorted = each.clone();
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
                for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
                    for &(_, record, signed) in tied {
                        sums.add(draw.counts_of(record), signed);
                    }
                    sums.close();
                }
            }
            Kept::Counts(bins) => {
                for bin in bins.chunks(2 * (n_replicates + 1)) {
                    let (low, high) = bin.split_at(n_replicates + 1);
                    sums.low.iter_mut().zip(low).for_each(|(into, n)| *into = *n);
                    sums.high.iter_mut().zip(high).for_each(|(into, n)| *into = *n);
                    sums.close();
                }
            }
        }
        let mut areas = sums.areas();
        let whole = areas.remove(0);
        (areas, matches!(self.kept, Kept::Counts(_)).then_some(whole))
    }
}

fn count(bins: &mut [f64], n_bins: usize, counts: &[f64], p: f64, signed: f64) {
    let width = counts.len() + 1;
    let first = (2 * bin(p, n_bins) + usize::from(signed > 0.0)) * width;
    add_counts(&mut bins[first..first + width], counts, signed.abs());
}

/// Adds a record of weight v to the sum over all records (first), and over every replicate.
fn add_counts(into: &mut [f64], counts: &[f64], v: f64) {
    into[0] += v;
    into[1..].iter_mut().zip(counts).for_each(|(into, count)| *into += count * v);
}

/// Records of the class and others in the order of p, all of them (first) and in every replicate.
struct AreaSums {
    above: Vec<f64>,
    below: Vec<f64>,
    area: Vec<f64>,
    /// Of the same p.
    high: Vec<f64>,
    low: Vec<f64>,
}

impl AreaSums {
    fn new(width: usize) -> Self {
        let zeros = || vec![0.0; width];
        Self { above: zeros(), below: zeros(), area: zeros(), high: zeros(), low: zeros() }
    }

    fn add(&mut self, counts: &[f64], signed: f64) {
        add_counts(if signed > 0.0 { &mut self.high } else { &mut self.low }, counts, signed.abs());
    }

    /// Takes what has the same p: by ranks, ties counting half (Mann, Whitney 1947).
    fn close(&mut self) {
        for b in 0..self.area.len() {
            let (high, low) = (std::mem::take(&mut self.high[b]), std::mem::take(&mut self.low[b]));
            self.area[b] += high * (self.below[b] + 0.5 * low);
            self.above[b] += high;
            self.below[b] += low;
        }
    }

    fn areas(&self) -> Vec<f64> {
        (0..self.area.len()).map(|b| self.area[b] / (self.above[b] * self.below[b])).collect()
    }
}

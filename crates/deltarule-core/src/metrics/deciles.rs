//! Records in the order of their predictions, in ten parts: whether what is predicted high is high.

/// Up to so many records of all outputs together are sorted.
const SORTED: usize = 1 << 20;
/// Beyond, records are counted in so many bins, between predictions of those that were sorted.
const BINS: usize = 1 << 14;

/// One of ten parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decile {
    /// How many records; a record on the border of two parts counts in the one, one of several with the same prediction by shares.
    pub n: u64,
    /// The mean of their predictions, each counted as often as its weight says.
    pub mean_output: f64,
    /// The mean of their targets, likewise.
    pub mean_target: f64,
}

/// Targets in the order of predictions, in bounded memory.
#[derive(Debug, Clone)]
pub struct DecileTally {
    kept: Kept,
    most_sorted: usize,
}

#[derive(Debug, Clone)]
enum Kept {
    /// ŷ, y and v of every record.
    Each(Vec<(f64, f64, f64)>),
    /// Bin b holds predictions from `edges[b − 1]` (counted) to `edges[b]` (not counted).
    Counts { edges: Vec<f64>, groups: Vec<Group> },
}

/// Records that are not told apart.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    n: u64,
    weight: f64,
    outputs: f64,
    targets: f64,
}

impl Group {
    fn add(&mut self, (output, target, v): (f64, f64, f64)) {
        self.n += 1;
        self.weight += v;
        self.outputs += v * output;
        self.targets += v * target;
    }
}

impl DecileTally {
    /// An empty tally, one of so many that share the memory.
    pub fn one_of(n_tallies: usize) -> Self {
        Self { kept: Kept::Each(Vec::new()), most_sorted: (SORTED / n_tallies.max(1)).max(1000) }
    }

    /// Takes one prediction of a record of weight v; one of weight 0 does not count.
    pub fn add(&mut self, target: f64, output: f64, v: f64) {
        if v <= 0.0 {
            return;
        }
        match &mut self.kept {
            Kept::Each(each) => {
                each.push((output, target, v));
                if each.len() > self.most_sorted {
                    self.kept = counted(std::mem::take(each));
                }
            }
            Kept::Counts { edges, groups } => {
                let bin = edges.partition_point(|edge| *edge <= output);
                groups[bin].add((output, target, v));
            }
        }
    }

    /// The parts, from the lowest predictions to the highest, and how many records of a part can belong to the one beside it: 0 up to 2²⁰ records
    /// (divided by the outputs), beyond which records are counted in bins of ŷ.
    ///
    /// Part k of 10 has the records from ⌊kN/10⌋ on in the order of ŷ. Of records with the same ŷ, or in the same bin, that fall into two parts, each
    /// part has the mean.
    pub fn deciles(&self) -> (Vec<Decile>, u64) {
        match &self.kept {
            Kept::Each(each) => {
                let mut sorted = each.clone();
                // Of one ŷ by y, so that no sum depends on the order in which they came.
                sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
                let groups = sorted.chunk_by(|a, b| a.0 == b.0).map(|tied| {
                    let mut group = Group::default();
                    tied.iter().for_each(|&record| group.add(record));
                    group
                });
                (parts(sorted.len() as u64, groups).0, 0)
            }
            Kept::Counts { groups, .. } => {
                let n = groups.iter().map(|group| group.n).sum();
                parts(n, groups.iter().copied().filter(|group| group.n > 0))
            }
        }
    }
}

/// Ten parts of groups in order, and the largest piece of a group that was cut.
fn parts(n: u64, groups: impl Iterator<Item = Group>) -> (Vec<Decile>, u64) {
    let ends: Vec<u64> = (1..=10).map(|k| (u128::from(n) * k / 10) as u64).collect();
    let mut found = vec![Group::default(); 10];
    let (mut part, mut before, mut cut) = (0, 0, 0);
    for group in groups {
        let end = before + group.n;
        while before < end {
            while part < 9 && before >= ends[part] {
                part += 1;
            }
            let taken = if part < 9 { end.min(ends[part]) - before } else { end - before };
            if taken < group.n {
                cut = cut.max(taken.min(group.n - taken));
            }
            let share = taken as f64 / group.n as f64;
            found[part].weight += share * group.weight;
            found[part].outputs += share * group.outputs;
            found[part].targets += share * group.targets;
            found[part].n += taken;
            before += taken;
        }
    }
    let decile = |group: Group| Decile {
        n: group.n,
        mean_output: group.outputs / group.weight,
        mean_target: group.targets / group.weight,
    };
    (found.into_iter().filter(|group| group.n > 0).map(decile).collect(), cut)
}

/// The bins of some records, with edges that cut them into equal parts.
fn counted(mut each: Vec<(f64, f64, f64)>) -> Kept {
    each.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut edges: Vec<f64> = (1..BINS).map(|k| each[k * each.len() / BINS].0).collect();
    edges.dedup();
    let mut groups = vec![Group::default(); edges.len() + 1];
    for record in each {
        groups[edges.partition_point(|edge| *edge <= record.0)].add(record);
    }
    Kept::Counts { edges, groups }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, Stream};

    #[test]
    fn parts_are_those_of_the_sorted_records() {
        let mut random = Random::new(2, Stream::Start);
        let records: Vec<(f64, f64)> = (0..1007).map(|_| (random.normal(), random.normal())).collect();
        let mut tally = DecileTally::one_of(1);
        records.iter().for_each(|&(output, target)| tally.add(target, output, 2.0));
        let (deciles, cut) = tally.deciles();
        let mut sorted = records;
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!((deciles.len(), cut), (10, 0));
        for (k, decile) in deciles.iter().enumerate() {
            let part = &sorted[k * 1007 / 10..(k + 1) * 1007 / 10];
            let mean = |of: fn(&(f64, f64)) -> f64| part.iter().map(of).sum::<f64>() / part.len() as f64;
            assert_eq!(decile.n, part.len() as u64);
            assert!((decile.mean_output - mean(|r| r.0)).abs() < 1e-12);
            assert!((decile.mean_target - mean(|r| r.1)).abs() < 1e-12);
        }
    }

    #[test]
    fn records_with_one_prediction_are_shared_out() {
        let mut tally = DecileTally::one_of(1);
        (0..20).for_each(|y| tally.add(f64::from(y), 1.0, 1.0));
        let (deciles, _) = tally.deciles();
        assert!(deciles.iter().all(|decile| (decile.n, decile.mean_output, decile.mean_target) == (2, 1.0, 9.5)));
        let mut few = DecileTally::one_of(1);
        (0..3).for_each(|y| few.add(f64::from(y), f64::from(y), f64::from(y + 1)));
        let means: Vec<f64> = few.deciles().0.iter().map(|decile| decile.mean_target).collect();
        assert_eq!(means, [0.0, 1.0, 2.0]);
    }

    #[test]
    fn bins_misplace_no_more_than_they_say() {
        let mut random = Random::new(4, Stream::Start);
        let mut counted = DecileTally { most_sorted: 5000, ..DecileTally::one_of(1) };
        let mut exact = DecileTally::one_of(1);
        for _ in 0..60_000 {
            let output = random.normal();
            let target = output + random.normal();
            counted.add(target, output, 1.0);
            exact.add(target, output, 1.0);
        }
        let ((counted, cut), (exact, _)) = (counted.deciles(), exact.deciles());
        assert!(cut > 0 && cut < 100, "{cut}");
        for (a, b) in counted.iter().zip(&exact) {
            assert_eq!(a.n, b.n);
            assert!((a.mean_output - b.mean_output).abs() < 0.01 && (a.mean_target - b.mean_target).abs() < 0.01);
        }
    }
}

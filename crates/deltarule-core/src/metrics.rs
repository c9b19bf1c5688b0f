//! Scores of predictions, each to be read beside that of the best constant. They are added up record by record, so that they need
//! no more memory for a long table than for a short one. A record of weight v counts v times in every mean.

mod bootstrap;
mod curve;
mod deciles;
mod thresholds;

pub use bootstrap::{Bootstrap, ClassReplicates, DecisionReplicates, Interval, RegressionReplicates};
use curve::Curve;
pub use deciles::{Decile, DecileTally};
pub use thresholds::{CalibrationGroup, Decisions, ThresholdTally};

/// How well numbers were predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionScores {
    /// How many predictions.
    pub n: u64,
    /// E = ½Σv(y − ŷ)².
    pub sse: f64,
    /// √(Σv(y − ŷ)²/Σv), in the units of the target.
    pub rmse: f64,
    /// Σv|y − ŷ|/Σv, in the units of the target.
    pub mae: f64,
    /// 1 − Σv(y − ŷ)²/Σv(y − ȳ)², with the mean ȳ of these targets; `None` where they are all equal.
    pub r_squared: Option<f64>,
}

/// Adds up what [`RegressionScores`] are made of.
#[derive(Debug, Clone, Default)]
pub struct RegressionTally {
    n: u64,
    weight: f64,
    squares: f64,
    absolute: f64,
    mean: f64,
    around_mean: f64,
}

impl RegressionTally {
    /// Takes the prediction of a record of weight v, from 0 on.
    ///
    /// Sources of Σv(y − ȳ)²: Welford 1962, note on a method for calculating corrected sums of squares; West 1979, updating mean and variance
    /// estimates.
    pub fn add(&mut self, target: f64, output: f64, v: f64) {
        self.n += 1;
        if v == 0.0 {
            return;
        }
        let residual = target - output;
        self.weight += v;
        self.squares += v * (residual * residual);
        self.absolute += v * residual.abs();
        let before = target - self.mean;
        self.mean += v * before / self.weight;
        self.around_mean += v * (before * (target - self.mean));
    }

    /// The scores so far.
    pub fn scores(&self) -> RegressionScores {
        let count = if self.weight > 0.0 { self.weight } else { 1.0 };
        RegressionScores {
            n: self.n,
            sse: 0.5 * self.squares,
            rmse: (self.squares / count).sqrt(),
            mae: self.absolute / count,
            r_squared: (self.around_mean > 0.0).then(|| {
                let r_squared = 1.0 - self.squares / self.around_mean;
                // What is less is the rounding of the two sums.
                if r_squared.abs() < 1e-12 { 0.0 } else { r_squared }
            }),
        }
    }
}

/// Scores of numbers. Shapes: `targets` and `outputs` (n,).
///
/// ```
/// let scores = deltarule_core::regression_scores(&[1.0, 2.0, 3.0], &[1.0, 2.0, 5.0]);
/// assert_eq!((scores.sse, scores.r_squared), (2.0, Some(-1.0)));
/// ```
pub fn regression_scores(targets: &[f64], outputs: &[f64]) -> RegressionScores {
    let mut tally = RegressionTally::default();
    targets.iter().zip(outputs).for_each(|(&target, &output)| tally.add(target, output, 1.0));
    tally.scores()
}

/// How well classes were predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores {
    /// How many predictions.
    pub n: u64,
    /// The share of records whose most probable class is their own.
    pub accuracy: f64,
    /// −Σv ln p(own class)/Σv, with p kept within [10⁻¹⁵, 1 − 10⁻¹⁵].
    pub log_loss: f64,
    /// Two classes: Σv(p − y)²/Σv. More: Σ_j v(p_j − y_j)²/Σv, which goes up to 2 (Brier 1950).
    pub brier: f64,
    /// The chance that a record of the second class gets a higher p than one of the first; for more than two classes the mean
    /// of each against the rest. `None` where a class has no record, or all have it.
    pub auc: Option<f64>,
    /// How far `auc` can be from the truth: 0 up to 2²⁰ records (divided by the classes where there are more than two), beyond
    /// which records are counted in bins of p.
    pub auc_error: f64,
    /// Σv of the records by their own class (row) and their most probable one (column), shape (K, K); their number where all weights are 1.
    pub confusion: Vec<Vec<f64>>,
}

impl ClassScores {
    /// The scores of the same probabilities for every record. Shapes: `counts`, the records of each class, `weights`, Σv of them, and
    /// `probabilities` (K,).
    pub fn of_constant(counts: &[u64], weights: &[f64], probabilities: &[f64]) -> Self {
        let mut scores = ClassTally::new(counts.len()).scores();
        scores.n = counts.iter().sum();
        let total: f64 = weights.iter().sum();
        let predicted = most_probable(probabilities);
        for (own, weight) in weights.iter().enumerate() {
            let mut one = ClassTally::new(counts.len());
            one.add(own as u32, probabilities, 1.0);
            let share = if total > 0.0 { weight / total } else { 0.0 };
            scores.log_loss += share * one.log_loss;
            scores.brier += share * one.brier;
            if own == predicted {
                scores.accuracy = share;
            }
            scores.confusion[own][predicted] = *weight;
        }
        // All pairs are tied.
        let both = |&weight: &f64| weight > 0.0 && weight < total;
        scores.auc = (counts.len() > 1 && weights.iter().all(both)).then_some(0.5);
        scores
    }
}

/// Adds up what [`ClassScores`] are made of.
#[derive(Debug, Clone)]
pub struct ClassTally {
    n: u64,
    weight: f64,
    right: f64,
    log_loss: f64,
    brier: f64,
    confusion: Vec<Vec<f64>>,
    /// One for two classes, one for each of more.
    curves: Vec<Curve>,
}

impl ClassTally {
    /// An empty tally of K = `n_classes`.
    pub fn new(n_classes: usize) -> Self {
        let n_curves = if n_classes > 2 { n_classes } else { n_classes / 2 };
        Self {
            n: 0,
            weight: 0.0,
            right: 0.0,
            log_loss: 0.0,
            brier: 0.0,
            confusion: vec![vec![0.0; n_classes]; n_classes],
            curves: vec![Curve::one_of(n_curves.max(1)); n_curves],
        }
    }

    /// Takes one prediction: the record's class, below K, the probabilities, shape (K,), and the record's weight v, from 0 on. Of equal
    /// probabilities the later class counts as the more probable one, so that p = ½ means yes.
    pub fn add(&mut self, class: u32, probabilities: &[f64], v: f64) {
        let (own, predicted) = (class as usize, most_probable(probabilities));
        self.n += 1;
        self.weight += v;
        if let Some(cell) = self.confusion.get_mut(own).and_then(|row| row.get_mut(predicted)) {
            *cell += v;
        }
        // A record of weight 0 is as good as none, whatever its error is.
        if v == 0.0 {
            return;
        }
        self.right += if predicted == own { v } else { 0.0 };
        let (log_loss, brier) = class_errors(own, probabilities);
        self.log_loss += v * log_loss;
        self.brier += v * brier;
        match &mut self.curves[..] {
            [curve] => curve.add(probabilities.get(1).copied().unwrap_or(0.0), own == 1, v),
            curves => {
                for (k, (curve, &p)) in curves.iter_mut().zip(probabilities).enumerate() {
                    curve.add(p, own == k, v);
                }
            }
        }
    }

    /// The scores so far.
    pub fn scores(&self) -> ClassScores {
        let count = if self.weight > 0.0 { self.weight } else { 1.0 };
        let n_curves = self.curves.len() as f64;
        let areas: Option<Vec<(f64, f64)>> = self.curves.iter().map(Curve::area).collect();
        let areas = areas.filter(|areas| !areas.is_empty());
        ClassScores {
            n: self.n,
            accuracy: self.right / count,
            log_loss: self.log_loss / count,
            brier: self.brier / count,
            auc: areas.as_ref().map(|areas| areas.iter().map(|(area, _)| area).sum::<f64>() / n_curves),
            auc_error: areas.map_or(0.0, |areas| areas.iter().map(|(_, error)| error).sum::<f64>() / n_curves),
            confusion: self.confusion.clone(),
        }
    }
}

/// Scores of classes.
///
/// Shapes: `classes` (n,), each below K; `probabilities` (n, K), row by row.
pub fn class_scores(classes: &[u32], probabilities: &[f64], n_classes: usize) -> ClassScores {
    let mut tally = ClassTally::new(n_classes);
    for (&class, row) in classes.iter().zip(probabilities.chunks_exact(n_classes.max(1))) {
        tally.add(class, row, 1.0);
    }
    tally.scores()
}

/// −ln p of a record's own class, with p kept within [10⁻¹⁵, 1 − 10⁻¹⁵], and its part of the Brier score.
fn class_errors(own: usize, probabilities: &[f64]) -> (f64, f64) {
    const SMALLEST: f64 = 1e-15;
    let p = probabilities.get(own).copied().unwrap_or(0.0);
    let squares: f64 =
        probabilities.iter().enumerate().map(|(k, p)| if k == own { (1.0 - p) * (1.0 - p) } else { p * p }).sum();
    (-libm::log(p.clamp(SMALLEST, 1.0 - SMALLEST)), if probabilities.len() == 2 { 0.5 * squares } else { squares })
}

/// The class with the largest probability; of equal ones the last.
pub fn most_probable(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (k, p) in probabilities.iter().enumerate() {
        if *p >= probabilities[best] {
            best = k;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_score_as_by_hand() {
        let scores = class_scores(&[0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.75, 0.25], 2);
        assert_eq!(scores.accuracy, 2.0 / 3.0);
        assert!((scores.brier - (0.0625 + 0.25 + 0.5625) / 3.0).abs() < 1e-15);
        let expected = -(0.75_f64.ln() + 0.5_f64.ln() + 0.25_f64.ln()) / 3.0;
        assert!((scores.log_loss - expected).abs() < 1e-15);
        assert_eq!(scores.confusion, vec![vec![1.0, 0.0], vec![1.0, 1.0]]);
        assert_eq!((scores.auc, scores.auc_error), (Some(0.75), 0.0));
    }

    #[test]
    fn a_constant_scores_as_its_records_do() {
        for (counts, row) in
            [(vec![5_u64, 3], vec![0.7, 0.3]), (vec![2, 4, 4], vec![0.2, 0.4, 0.4]), (vec![0, 7], vec![0.1, 0.9])]
        {
            let classes: Vec<u32> = counts.iter().zip(0..).flat_map(|(&n, k)| vec![k; n as usize]).collect();
            let expected = class_scores(&classes, &row.repeat(classes.len()), counts.len());
            let weights: Vec<f64> = counts.iter().map(|&n| n as f64).collect();
            let found = ClassScores::of_constant(&counts, &weights, &row);
            assert!((found.log_loss - expected.log_loss).abs() < 1e-14 && (found.brier - expected.brier).abs() < 1e-14);
            let rest = |scores: ClassScores| (scores.n, scores.accuracy, scores.auc, scores.confusion);
            assert_eq!(rest(found), rest(expected));
        }
    }

    #[test]
    fn a_weight_is_so_many_equal_records() {
        let (mut weighted, mut copied) = (ClassTally::new(2), ClassTally::new(2));
        let (mut numbers, mut copied_numbers) = (RegressionTally::default(), RegressionTally::default());
        let records = [(0, 0.2, 3), (1, 0.4, 1), (1, 0.9, 2), (0, 0.4, 2), (1, 0.1, 0), (0, 0.95, 1)];
        for (class, p, times) in records {
            weighted.add(class, &[1.0 - p, p], f64::from(times));
            numbers.add(p, 0.5, f64::from(times));
            for _ in 0..times {
                copied.add(class, &[1.0 - p, p], 1.0);
                copied_numbers.add(p, 0.5, 1.0);
            }
        }
        let (a, b) = (weighted.scores(), copied.scores());
        for (a, b) in [(a.accuracy, b.accuracy), (a.log_loss, b.log_loss), (a.brier, b.brier)] {
            assert!((a - b).abs() < 1e-15, "{a} {b}");
        }
        assert!((a.auc.unwrap() - b.auc.unwrap()).abs() < 1e-15);
        assert_eq!(a.confusion, b.confusion);
        let (a, b) = (numbers.scores(), copied_numbers.scores());
        let pairs = [(a.rmse, b.rmse), (a.mae, b.mae), (a.r_squared.unwrap(), b.r_squared.unwrap()), (a.sse, b.sse)];
        for (a, b) in pairs {
            assert!((a - b).abs() < 1e-13, "{a} {b}");
        }
        assert_eq!((a.n, b.n), (6, 9));
    }

    #[test]
    fn equal_targets_have_no_r_squared() {
        assert_eq!(regression_scores(&[0.1; 7], &[0.3; 7]).r_squared, None);
    }
}

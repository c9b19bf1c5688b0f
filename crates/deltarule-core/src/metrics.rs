//! Scores of predictions, each to be read beside that of the best constant.

/// How well numbers were predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionScores {
    /// How many predictions.
    pub n: u64,
    /// E = ½Σ(y − ŷ)².
    pub sse: f64,
    /// √(Σ(y − ŷ)²/n), in the units of the target.
    pub rmse: f64,
    /// Σ|y − ŷ|/n, in the units of the target.
    pub mae: f64,
    /// 1 − Σ(y − ŷ)²/Σ(y − ȳ)², with the mean ȳ of these targets; `None` where they are all equal.
    pub r_squared: Option<f64>,
}

/// Scores of numbers. Shapes: `targets` and `outputs` (n,).
///
/// ```
/// let scores = deltarule_core::regression_scores(&[1.0, 2.0, 3.0], &[1.0, 2.0, 5.0]);
/// assert_eq!((scores.sse, scores.r_squared), (2.0, Some(-1.0)));
/// ```
pub fn regression_scores(targets: &[f64], outputs: &[f64]) -> RegressionScores {
    let n = targets.len().min(outputs.len());
    let count = n.max(1) as f64;
    let pairs = || targets.iter().zip(outputs);
    let squares: f64 = pairs().map(|(y, o)| (y - o) * (y - o)).sum();
    let absolute: f64 = pairs().map(|(y, o)| (y - o).abs()).sum();
    let first = targets.first().copied().unwrap_or(0.0);
    let mean = first + targets.iter().map(|y| y - first).sum::<f64>() / count;
    let around_mean: f64 = targets.iter().map(|y| (y - mean) * (y - mean)).sum();
    RegressionScores {
        n: n as u64,
        sse: 0.5 * squares,
        rmse: (squares / count).sqrt(),
        mae: absolute / count,
        r_squared: (around_mean > 0.0).then(|| 1.0 - squares / around_mean),
    }
}

/// How well classes were predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassScores {
    /// How many predictions.
    pub n: u64,
    /// The share of records whose most probable class is their own.
    pub accuracy: f64,
    /// −Σ ln p(own class)/n, with p kept within [10⁻¹⁵, 1 − 10⁻¹⁵].
    pub log_loss: f64,
    /// Two classes: Σ(p − y)²/n. More: Σ_j (p_j − y_j)²/n, which goes up to 2 (Brier 1950).
    pub brier: f64,
    /// The chance that a record of the second class gets a higher p than one of the first; for more than two classes the mean
    /// of each against the rest. `None` where a class has no record, or all have it.
    pub auc: Option<f64>,
    /// Records by their own class (row) and their most probable one (column), shape (K, K).
    pub confusion: Vec<Vec<u64>>,
}

/// Scores of classes.
///
/// Shapes: `classes` (n,), each below K; `probabilities` (n, K), row by row. Of equal probabilities the later class counts as
/// the more probable one, so that p = ½ means yes.
pub fn class_scores(classes: &[u32], probabilities: &[f64], n_classes: usize) -> ClassScores {
    const SMALLEST: f64 = 1e-15;
    let n = classes.len();
    let count = n.max(1) as f64;
    let mut confusion = vec![vec![0; n_classes]; n_classes];
    let (mut right, mut log_loss, mut brier) = (0_u64, 0.0, 0.0);
    for (&class, row) in classes.iter().zip(probabilities.chunks_exact(n_classes.max(1))) {
        let own = class as usize;
        let predicted = most_probable(row);
        if let Some(cell) = confusion.get_mut(own).and_then(|row: &mut Vec<u64>| row.get_mut(predicted)) {
            *cell += 1;
        }
        right += u64::from(predicted == own);
        let p = row.get(own).copied().unwrap_or(0.0);
        log_loss -= libm::log(p.clamp(SMALLEST, 1.0 - SMALLEST));
        let squares: f64 =
            row.iter().enumerate().map(|(k, p)| if k == own { (1.0 - p) * (1.0 - p) } else { p * p }).sum();
        brier += if n_classes == 2 { 0.5 * squares } else { squares };
    }
    let auc_of = |k: usize| {
        let scored = classes
            .iter()
            .zip(probabilities.chunks_exact(n_classes.max(1)))
            .map(|(&class, row)| (row[k], class as usize == k));
        area_under_curve(scored.collect())
    };
    let auc = match n_classes {
        0 | 1 => None,
        2 => auc_of(1),
        _ => (0..n_classes).map(auc_of).sum::<Option<f64>>().map(|total| total / n_classes as f64),
    };
    ClassScores {
        n: n as u64,
        accuracy: right as f64 / count,
        log_loss: log_loss / count,
        brier: brier / count,
        auc,
        confusion,
    }
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

/// The area under the ROC curve, by ranks, ties counting half (Mann, Whitney 1947).
fn area_under_curve(mut scored: Vec<(f64, bool)>) -> Option<f64> {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|(_, positive)| *positive).count() as f64;
    let negatives = scored.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut below, mut area) = (0.0, 0.0);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let high = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let low = tied.len() as f64 - high;
        area += high * (below + 0.5 * low);
        below += low;
    }
    Some(area / (positives * negatives))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_under_the_curve_counts_ties_half() {
        let scored = vec![(0.1, false), (0.4, true), (0.4, false), (0.8, true)];
        assert_eq!(area_under_curve(scored), Some(3.5 / 4.0));
    }

    #[test]
    fn two_classes_score_as_by_hand() {
        let scores = class_scores(&[0, 1, 1], &[0.75, 0.25, 0.5, 0.5, 0.75, 0.25], 2);
        assert_eq!(scores.accuracy, 2.0 / 3.0);
        assert!((scores.brier - (0.0625 + 0.25 + 0.5625) / 3.0).abs() < 1e-15);
        let expected = -(0.75_f64.ln() + 0.5_f64.ln() + 0.25_f64.ln()) / 3.0;
        assert!((scores.log_loss - expected).abs() < 1e-15);
        assert_eq!(scores.confusion, vec![vec![1, 0], vec![1, 1]]);
        assert_eq!(scores.auc, Some(0.75));
    }
}

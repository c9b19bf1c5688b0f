//! Means, deviations and counts of every column: what scaling, rates and stopping tests need to know of a table.

use super::non_zeros::{NonZeros, add_rows};
use super::{Block, BlockSource, Column, ColumnKind, ColumnScaling, Targets, Threads, pass::fold_blocks};
use crate::error::Result;
use crate::kernel::{Float, SparseSlices, dot, scatter_add, sum, sum_squares};

/// What one pass says about the columns and the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    columns: Vec<ColumnMoments>,
    targets: Vec<ColumnMoments>,
    n_records: u64,
    /// Σv; `None` where no record has a weight.
    weight: Option<f64>,
}

/// What one pass says about one column. Parts of a table merge into the whole.
///
/// A record of weight v counts v times in every sum, and one of weight 0 in none.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnMoments {
    /// A number column; NaN counts as missing.
    Number {
        /// How many values are there.
        count: u64,
        /// How many are missing.
        missing: u64,
        /// Σv of the records whose value is there: their number, where they have no weights.
        weight: f64,
        /// Σv of those whose value is missing.
        missing_weight: f64,
        /// Σvx/Σv.
        mean: f64,
        /// Σv(x − mean)².
        squares: f64,
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
    },
    /// A category: how many records each level has.
    Category {
        /// Records of each level, shape (levels,).
        counts: Vec<u64>,
        /// Σv of them, shape (levels,); empty where no record has a weight.
        weights: Vec<f64>,
    },
    /// A sparse column: what is stored of each of its features.
    Sparse {
        /// The features, shape (columns,).
        features: Vec<NonZeros>,
        /// How many records there are.
        n_records: u64,
        /// Σv of them.
        weight: f64,
    },
}

impl ColumnMoments {
    fn empty(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Number => Self::of_numbers(0, 0, 0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY),
            ColumnKind::Category { n_levels } => {
                ColumnMoments::Category { counts: vec![0; n_levels], weights: Vec::new() }
            }
            ColumnKind::Sparse { n_columns } => {
                ColumnMoments::Sparse { features: vec![NonZeros::NONE; n_columns], n_records: 0, weight: 0.0 }
            }
        }
    }

    fn of_numbers(count: u64, missing: u64, mean: f64, squares: f64, min: f64, max: f64) -> Self {
        let (weight, missing_weight) = (count as f64, missing as f64);
        ColumnMoments::Number { count, missing, weight, missing_weight, mean, squares, min, max }
    }

    /// The moments of some values of records with weights, if they have any, by two passes over them (they are in cache).
    fn of_values<T: Float>(values: &[T], weights: Option<&[T]>) -> Self {
        let mut present: Vec<f64> = Vec::with_capacity(values.len());
        // v of each value that is there; nothing where all are 1.
        let mut of_present: Vec<f64> = Vec::new();
        let (mut missing, mut missing_weight) = (0, 0.0);
        for (row, x) in values.iter().enumerate() {
            let (x, v) = (x.to_f64(), weights.map_or(1.0, |weights| weights[row].to_f64()));
            if v == 0.0 {
                continue;
            }
            if x.is_nan() {
                (missing, missing_weight) = (missing + 1, missing_weight + v);
                continue;
            }
            present.push(x);
            of_present.extend(weights.map(|_| v));
        }
        let Some(&first) = present.first() else {
            let none = Self::of_numbers(0, missing, 0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
            return none.with_weights(0.0, missing_weight);
        };
        let weighted = |values: &[f64]| -> Option<Vec<f64>> {
            weights.map(|_| of_present.iter().zip(values).map(|(v, x)| v * x).collect())
        };
        let min = present.iter().copied().fold(first, f64::min);
        let max = present.iter().copied().fold(first, f64::max);
        let total = if weights.is_some() { sum(&of_present) } else { present.len() as f64 };
        // Differences to the first value, so that a constant column has exactly its value for a mean.
        let shifted: Vec<f64> = present.iter().map(|x| x - first).collect();
        let shift = weighted(&shifted).map_or_else(|| sum(&shifted), |weighted| sum(&weighted)) / total;
        let deviations: Vec<f64> = shifted.iter().map(|x| x - shift).collect();
        let squares = match weighted(&deviations) {
            Some(weighted) => dot(&weighted, &deviations),
            None => sum_squares(&deviations),
        };
        let count = present.len() as u64;
        Self::of_numbers(count, missing, first + shift, squares, min, max).with_weights(total, missing_weight)
    }

    /// The same with other weights; nothing for others than numbers.
    fn with_weights(mut self, of_present: f64, of_missing: f64) -> Self {
        if let ColumnMoments::Number { weight, missing_weight, .. } = &mut self {
            (*weight, *missing_weight) = (of_present, of_missing);
        }
        self
    }

    /// Takes in the moments of further rows of the same column.
    ///
    /// Source: Chan, Golub, LeVeque 1979, updating formulae for sample variances, eq. 2.1.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (
                ColumnMoments::Number { count, missing, weight, missing_weight, mean, squares, min, max },
                ColumnMoments::Number {
                    count: n2,
                    missing: m2,
                    weight: w2,
                    missing_weight: mw2,
                    mean: mean2,
                    squares: s2,
                    min: low,
                    max: high,
                },
            ) => {
                *missing += m2;
                *missing_weight += mw2;
                if *n2 == 0 {
                    return;
                }
                let (a, b) = (*weight, *w2);
                let difference = mean2 - *mean;
                if *count == 0 {
                    *mean = *mean2;
                    *squares = *s2;
                } else {
                    *squares = *squares + s2 + difference * difference * (a * b / (a + b));
                    *mean += difference * (b / (a + b));
                }
                *count += n2;
                *weight += w2;
                *min = min.min(*low);
                *max = max.max(*high);
            }
            (
                ColumnMoments::Category { counts, weights },
                ColumnMoments::Category { counts: others, weights: other_weights },
            ) => {
                counts.iter_mut().zip(others).for_each(|(total, n)| *total += n);
                weights.resize(weights.len().max(other_weights.len()), 0.0);
                weights.iter_mut().zip(other_weights).for_each(|(total, v)| *total += v);
            }
            (
                ColumnMoments::Sparse { features, n_records, weight },
                ColumnMoments::Sparse { features: others, n_records: further, weight: further_weight },
            ) => {
                features.iter_mut().zip(others).for_each(|(feature, other)| feature.merge(other));
                *n_records += further;
                *weight += further_weight;
            }
            _ => {}
        }
    }

    /// Σvx/Σv of a number; 0 for others.
    pub fn mean(&self) -> f64 {
        match self {
            ColumnMoments::Number { mean, .. } => *mean,
            _ => 0.0,
        }
    }

    /// √(Σv(x − mean)²/Σv) of a number; 0 for others.
    pub fn standard_deviation(&self) -> f64 {
        match self {
            ColumnMoments::Number { weight, squares, .. } if *weight > 0.0 => (squares / weight).sqrt(),
            _ => 0.0,
        }
    }

    /// The smallest and the largest value; (0, 1) for a category, whose inputs are indicators, and (0, 0) without values and for a
    /// sparse column, whose features have their own.
    pub fn range(&self) -> (f64, f64) {
        match self {
            ColumnMoments::Number { count: 0, .. } => (0.0, 0.0),
            ColumnMoments::Number { min, max, .. } => (*min, *max),
            ColumnMoments::Category { .. } => (0.0, 1.0),
            ColumnMoments::Sparse { .. } => (0.0, 0.0),
        }
    }

    /// How many records each level of a category has; nothing for others.
    pub fn level_counts(&self) -> &[u64] {
        match self {
            ColumnMoments::Category { counts, .. } => counts,
            _ => &[],
        }
    }

    /// Σv of the records of each level of a category; nothing for others.
    pub fn level_weights(&self) -> Vec<f64> {
        match self {
            ColumnMoments::Category { counts, weights } if weights.is_empty() => {
                counts.iter().map(|&n| n as f64).collect()
            }
            ColumnMoments::Category { weights, .. } => weights.clone(),
            _ => Vec::new(),
        }
    }

    /// Σvx̃² of a number column, x̃ = (x − offset)·factor, what is missing filled in; 0 for others.
    pub(crate) fn scaled_squares(&self, scale: &ColumnScaling) -> f64 {
        match self {
            ColumnMoments::Number { weight, missing_weight, mean, squares, .. } => {
                let shift = mean - scale.offset;
                let present = (squares + weight * shift * shift) * scale.factor * scale.factor;
                present + missing_weight * scale.fill * scale.fill
            }
            _ => 0.0,
        }
    }

    /// Σv(x − mean)², of a target.
    pub fn squared_deviations(&self) -> f64 {
        match self {
            ColumnMoments::Number { squares, .. } => *squares,
            _ => 0.0,
        }
    }

    /// Σvx², of a target.
    pub fn sum_squares(&self) -> f64 {
        self.scaled_squares(&ColumnScaling::NONE)
    }

    /// The moments of every feature of a sparse column, its zeros counted; nothing for others.
    pub fn sparse_features(&self) -> impl Iterator<Item = ColumnMoments> + '_ {
        let (features, n_records, weight) = match self {
            ColumnMoments::Sparse { features, n_records, weight } => (features.as_slice(), *n_records, *weight),
            _ => (&[][..], 0, 0.0),
        };
        features.iter().map(move |feature| feature.among(n_records, weight))
    }

    /// Whether a number column has one value only (or none).
    pub fn is_constant(&self) -> bool {
        matches!(self, ColumnMoments::Number { min, max, .. } if min >= max)
    }
}

impl Moments {
    /// One pass over a table.
    ///
    /// Errors: those of the source.
    pub fn of<T: Float>(source: &dyn BlockSource<T>, threads: &Threads) -> Result<Self> {
        let empty = || Self {
            columns: source.shape().columns().iter().map(|&kind| ColumnMoments::empty(kind)).collect(),
            targets: vec![ColumnMoments::empty(ColumnKind::Number); source.shape().n_outputs()],
            n_records: 0,
            weight: None,
        };
        fold_blocks(source, threads, empty, |total, _, block| total.add(block), |total, part| total.merge(&part))
    }

    fn add<T: Float>(&mut self, block: &Block<'_, T>) {
        let weights = block.weights();
        for (total, column) in self.columns.iter_mut().zip(block.columns()) {
            match (column, &mut *total) {
                (Column::Numbers(values), _) => total.merge(&ColumnMoments::of_values(values, weights)),
                (Column::Tiled(_), _) => {
                    let mut values = Vec::with_capacity(column.len());
                    column.for_each_piece(0..column.len(), |piece| values.extend_from_slice(piece));
                    total.merge(&ColumnMoments::of_values(&values, weights));
                }
                (Column::Codes { codes, .. }, ColumnMoments::Category { counts, weights: sums }) => {
                    count_codes(codes, counts);
                    if let Some(weights) = weights {
                        sums.resize(counts.len(), 0.0);
                        scatter_add(weights, codes, sums);
                    }
                }
                (
                    Column::Sparse { starts, indices, values, .. },
                    ColumnMoments::Sparse { features, n_records, weight },
                ) => {
                    add_rows(SparseSlices { starts, indices, values }, weights, features);
                    // Those of weight 0 are as good as none.
                    let none = weights.map_or(0, |weights| weights.iter().filter(|v| **v == T::ZERO).count());
                    *n_records += (block.n_records() - none) as u64;
                    *weight += block.weight();
                }
                _ => {}
            }
        }
        match block.targets() {
            Targets::Numbers(columns) => {
                for (total, values) in self.targets.iter_mut().zip(columns) {
                    total.merge(&ColumnMoments::of_values(values, weights));
                }
            }
            Targets::Classes { codes, n_classes, low, high } => {
                // How many records of each class, and Σv of them, of which those of weight 0 are left out.
                let mut sums = vec![(0_u64, 0.0_f64); *n_classes];
                for (row, &code) in codes.iter().enumerate() {
                    let v = weights.map_or(1.0, |weights| weights[row].to_f64());
                    if let Some((count, weight)) = sums.get_mut(code as usize).filter(|_| v > 0.0) {
                        (*count, *weight) = (*count + 1, *weight + v);
                    }
                }
                let n: u64 = sums.iter().map(|(count, _)| count).sum();
                for (index, total) in self.targets.iter_mut().enumerate() {
                    let (ones, of_ones) = sums[index];
                    let others = sums.iter().enumerate().filter(|(other, _)| *other != index);
                    let of_zeros = others.map(|(_, (_, weight))| weight).sum();
                    for (count, weight, value) in [(n - ones, of_zeros, *low), (ones, of_ones, *high)] {
                        let constant = ColumnMoments::of_numbers(count, 0, value, 0.0, value, value);
                        total.merge(&constant.with_weights(weight, 0.0));
                    }
                }
            }
        }
        if weights.is_some() || self.weight.is_some() {
            self.weight = Some(self.weight() + block.weight());
        }
        self.n_records += block.n_records() as u64;
    }

    /// Takes in the moments of further rows of the same table.
    pub fn merge(&mut self, other: &Self) {
        let others = other.columns.iter().chain(&other.targets);
        for (total, part) in self.columns.iter_mut().chain(&mut self.targets).zip(others) {
            total.merge(part);
        }
        if self.weight.is_some() || other.weight.is_some() {
            self.weight = Some(self.weight() + other.weight());
        }
        self.n_records += other.n_records;
    }

    /// The feature columns, in order.
    pub fn columns(&self) -> &[ColumnMoments] {
        &self.columns
    }

    /// The targets, one for each output.
    pub fn targets(&self) -> &[ColumnMoments] {
        &self.targets
    }

    /// N.
    pub fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Σv over the records: N, where they have no weights.
    pub fn weight(&self) -> f64 {
        self.weight.unwrap_or(self.n_records as f64)
    }

    /// Σv/N, if records have weights.
    pub fn mean_weight(&self) -> Option<f64> {
        self.weight.map(|weight| weight / self.n_records.max(1) as f64)
    }
}

fn count_codes(codes: &[u32], counts: &mut [u64]) {
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
}

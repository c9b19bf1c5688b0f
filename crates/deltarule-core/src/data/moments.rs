//! Means, deviations and counts of every column: what scaling, rates and stopping tests need to know of a table.

use super::non_zeros::{NonZeros, add_rows};
use super::{Block, BlockSource, Column, ColumnKind, ColumnScaling, Targets, Threads, pass::fold_blocks};
use crate::error::Result;
use crate::kernel::{Float, SparseSlices, sum};

/// What one pass says about the columns and the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    columns: Vec<ColumnMoments>,
    targets: Vec<ColumnMoments>,
    n_records: u64,
}

/// What one pass says about one column. Parts of a table merge into the whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnMoments {
    /// A number column; NaN counts as missing.
    Number {
        /// How many values are there.
        count: u64,
        /// How many are missing.
        missing: u64,
        /// Σx/n.
        mean: f64,
        /// Σ(x − mean)².
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
    },
    /// A sparse column: what is stored of each of its features.
    Sparse {
        /// The features, shape (columns,).
        features: Vec<NonZeros>,
        /// How many records there are.
        n_records: u64,
    },
}

impl ColumnMoments {
    fn empty(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Number => Self::of_numbers(0, 0, 0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY),
            ColumnKind::Category { n_levels } => ColumnMoments::Category { counts: vec![0; n_levels] },
            ColumnKind::Sparse { n_columns } => {
                ColumnMoments::Sparse { features: vec![NonZeros::NONE; n_columns], n_records: 0 }
            }
        }
    }

    fn of_numbers(count: u64, missing: u64, mean: f64, squares: f64, min: f64, max: f64) -> Self {
        ColumnMoments::Number { count, missing, mean, squares, min, max }
    }

    /// The moments of some values, by two passes over them (they are in cache).
    fn of_values<T: Float>(values: &[T]) -> Self {
        let mut present: Vec<f64> = Vec::with_capacity(values.len());
        present.extend(values.iter().map(|x| x.to_f64()).filter(|x| !x.is_nan()));
        let missing = (values.len() - present.len()) as u64;
        let Some(&first) = present.first() else {
            return Self::of_numbers(0, missing, 0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        };
        let n = present.len() as f64;
        let min = present.iter().copied().fold(first, f64::min);
        let max = present.iter().copied().fold(first, f64::max);
        // Differences to the first value, so that a constant column has exactly its value for a mean.
        let shifted: Vec<f64> = present.iter().map(|x| x - first).collect();
        let shift = sum(&shifted) / n;
        let deviations: Vec<f64> = shifted.iter().map(|x| x - shift).collect();
        Self::of_numbers(
            present.len() as u64,
            missing,
            first + shift,
            crate::kernel::sum_squares(&deviations),
            min,
            max,
        )
    }

    /// Takes in the moments of further rows of the same column.
    ///
    /// Source: Chan, Golub, LeVeque 1979, updating formulae for sample variances, eq. 2.1.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (
                ColumnMoments::Number { count, missing, mean, squares, min, max },
                ColumnMoments::Number { count: n2, missing: m2, mean: mean2, squares: s2, min: low, max: high },
            ) => {
                *missing += m2;
                if *n2 == 0 {
                    return;
                }
                let (a, b) = (*count as f64, *n2 as f64);
                let difference = mean2 - *mean;
                if *count == 0 {
                    *mean = *mean2;
                    *squares = *s2;
                } else {
                    *squares = *squares + s2 + difference * difference * (a * b / (a + b));
                    *mean += difference * (b / (a + b));
                }
                *count += n2;
                *min = min.min(*low);
                *max = max.max(*high);
            }
            (ColumnMoments::Category { counts }, ColumnMoments::Category { counts: others }) => {
                for (total, n) in counts.iter_mut().zip(others) {
                    *total += n;
                }
            }
            (
                ColumnMoments::Sparse { features, n_records },
                ColumnMoments::Sparse { features: others, n_records: further },
            ) => {
                features.iter_mut().zip(others).for_each(|(feature, other)| feature.merge(other));
                *n_records += further;
            }
            _ => {}
        }
    }

    /// Σx/n of a number; 0 for others.
    pub fn mean(&self) -> f64 {
        match self {
            ColumnMoments::Number { mean, .. } => *mean,
            _ => 0.0,
        }
    }

    /// √(Σ(x − mean)²/n) of a number; 0 for others.
    pub fn standard_deviation(&self) -> f64 {
        match self {
            ColumnMoments::Number { count, squares, .. } if *count > 0 => (squares / *count as f64).sqrt(),
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
            ColumnMoments::Category { counts } => counts,
            _ => &[],
        }
    }

    /// Σx̃² of a number column, x̃ = (x − offset)·factor, what is missing filled in; 0 for others.
    pub(crate) fn scaled_squares(&self, scale: &ColumnScaling) -> f64 {
        match self {
            ColumnMoments::Number { count, missing, mean, squares, .. } => {
                let shift = mean - scale.offset;
                let present = (squares + *count as f64 * shift * shift) * scale.factor * scale.factor;
                present + *missing as f64 * scale.fill * scale.fill
            }
            _ => 0.0,
        }
    }

    /// Σ(x − mean)², of a target.
    pub fn squared_deviations(&self) -> f64 {
        match self {
            ColumnMoments::Number { squares, .. } => *squares,
            _ => 0.0,
        }
    }

    /// Σx², of a target.
    pub fn sum_squares(&self) -> f64 {
        self.scaled_squares(&ColumnScaling::NONE)
    }

    /// The moments of every feature of a sparse column, its zeros counted; nothing for others.
    pub fn sparse_features(&self) -> impl Iterator<Item = ColumnMoments> + '_ {
        let (features, n_records) = match self {
            ColumnMoments::Sparse { features, n_records } => (features.as_slice(), *n_records),
            _ => (&[][..], 0),
        };
        features.iter().map(move |feature| feature.among(n_records))
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
        };
        fold_blocks(source, threads, empty, |total, _, block| total.add(block), |total, part| total.merge(&part))
    }

    fn add<T: Float>(&mut self, block: &Block<'_, T>) {
        for (total, column) in self.columns.iter_mut().zip(block.columns()) {
            match (column, &mut *total) {
                (Column::Numbers(values), _) => total.merge(&ColumnMoments::of_values(values)),
                (Column::Tiled(_), _) => {
                    let mut values = Vec::with_capacity(column.len());
                    column.for_each_piece(0..column.len(), |piece| values.extend_from_slice(piece));
                    total.merge(&ColumnMoments::of_values(&values));
                }
                (Column::Codes { codes, .. }, ColumnMoments::Category { counts }) => count_codes(codes, counts),
                (Column::Sparse { starts, indices, values, .. }, ColumnMoments::Sparse { features, n_records }) => {
                    add_rows(SparseSlices { starts, indices, values }, features);
                    *n_records += block.n_records() as u64;
                }
                _ => {}
            }
        }
        match block.targets() {
            Targets::Numbers(columns) => {
                for (total, values) in self.targets.iter_mut().zip(columns) {
                    total.merge(&ColumnMoments::of_values(values));
                }
            }
            Targets::Classes { codes, n_classes, low, high } => {
                let mut counts = vec![0; *n_classes];
                count_codes(codes, &mut counts);
                for (total, &ones) in self.targets.iter_mut().zip(&counts) {
                    let zeros = codes.len() as u64 - ones;
                    for (count, value) in [(zeros, *low), (ones, *high)] {
                        total.merge(&ColumnMoments::of_numbers(count, 0, value, 0.0, value, value));
                    }
                }
            }
        }
        self.n_records += block.n_records() as u64;
    }

    /// Takes in the moments of further rows of the same table.
    pub fn merge(&mut self, other: &Self) {
        let others = other.columns.iter().chain(&other.targets);
        for (total, part) in self.columns.iter_mut().chain(&mut self.targets).zip(others) {
            total.merge(part);
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
}

fn count_codes(codes: &[u32], counts: &mut [u64]) {
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
}

//! Moments of the features of a sparse column, from what is stored of them alone.

use super::ColumnMoments;
use crate::kernel::{Float, SparseSlices};

/// What one pass says about the stored values of one feature of a sparse column; its zeros are counted, not looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonZeros {
    count: u64,
    /// Σv of their records.
    weight: f64,
    /// The first value: the mean is kept as a difference from it, so that a column far from 0 loses no digits.
    origin: f64,
    shift: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl NonZeros {
    /// Nothing stored.
    pub(super) const NONE: Self = Self {
        count: 0,
        weight: 0.0,
        origin: 0.0,
        shift: 0.0,
        squares: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    /// How many values are stored: those that are not zero.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of the stored values; 0 where there is none.
    pub fn mean(&self) -> f64 {
        self.origin + self.shift
    }

    /// Takes in one stored value of a record of weight v, which is above 0.
    ///
    /// Sources: Welford 1962, Note on a method for calculating corrected sums of squares and products; with weights West 1979, Updating mean and
    /// variance estimates.
    fn push(&mut self, x: f64, v: f64) {
        if self.count == 0 {
            self.origin = x;
        }
        self.count += 1;
        self.weight += v;
        let x_shift = x - self.origin;
        let difference = x_shift - self.shift;
        self.shift += v * difference / self.weight;
        self.squares += v * difference * (x_shift - self.shift);
        self.min = self.min.min(x);
        self.max = self.max.max(x);
    }

    /// Takes in the stored values of further records. Source: as for [`ColumnMoments::merge`].
    pub(super) fn merge(&mut self, other: &Self) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                *self = *other;
            }
            return;
        }
        let (a, b) = (self.weight, other.weight);
        let difference = (other.origin - self.origin) + (other.shift - self.shift);
        self.squares = self.squares + other.squares + difference * difference * (a * b / (a + b));
        self.shift += difference * (b / (a + b));
        self.count += other.count;
        self.weight += other.weight;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The moments of the feature over `n_records` records of so much `weight` in all: what is not stored is 0.
    pub fn among(&self, n_records: u64, weight: f64) -> ColumnMoments {
        let zeros = (weight - self.weight).max(0.0);
        let (stored, all) = (self.weight, if weight > 0.0 { weight } else { 1.0 });
        let (mean, mut min, mut max) = (self.mean(), self.min, self.max);
        if n_records > self.count {
            (min, max) = (min.min(0.0), max.max(0.0));
        }
        ColumnMoments::Number {
            count: n_records,
            missing: 0,
            weight,
            missing_weight: 0.0,
            mean: mean * (stored / all),
            squares: self.squares + mean * mean * (stored * (zeros / all)),
            min,
            max,
        }
    }
}

/// Adds the stored values of some rows to the moments of their features. Shape: `weights` (rows,), or `None` where all are 1.
pub(super) fn add_rows<T: Float>(rows: SparseSlices<'_, T>, weights: Option<&[T]>, features: &mut [NonZeros]) {
    for (row, (indices, values)) in rows.rows().enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[row].to_f64());
        if weight == 0.0 {
            continue;
        }
        for (&i, x) in indices.iter().zip(values) {
            if let Some(feature) = features.get_mut(i as usize) {
                feature.push(x.to_f64(), weight);
            }
        }
    }
}

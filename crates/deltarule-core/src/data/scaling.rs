//! From the units of the user's columns to the units that are descended in.

use super::{ColumnKind, ColumnMoments, Moments};

/// How each number column becomes an input: x̃ = (x − mean) / scale, or x itself.
///
/// Categories are never scaled. What is missing takes the column's mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    columns: Vec<ColumnScaling>,
}

/// x̃ = (x − offset) · factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnScaling {
    /// What is subtracted first.
    pub offset: f64,
    /// What the difference is multiplied by; 0 for a column whose weight is 0 by convention.
    pub factor: f64,
    /// x̃ of a missing value.
    pub fill: f64,
}

impl ColumnScaling {
    /// x̃ = x.
    pub const NONE: Self = Self { offset: 0.0, factor: 1.0, fill: 0.0 };

    /// x̃ of one value; NaN is a missing one.
    pub fn apply(&self, x: f64) -> f64 {
        if x.is_nan() { self.fill } else { (x - self.offset) * self.factor }
    }
}

impl Scaling {
    /// x̃ = (x − mean) / standard deviation; a constant column becomes 0.
    ///
    /// Source: the standard deviation is that of the whole table, √(Σ(x − mean)²/n).
    pub fn standard(moments: &Moments) -> Self {
        Self::from_columns(moments.columns().iter().map(|column| match column {
            ColumnMoments::Number { mean, .. } => {
                let deviation = column.standard_deviation();
                let factor = if column.is_constant() || deviation == 0.0 { 0.0 } else { 1.0 / deviation };
                ColumnScaling { offset: *mean, factor, fill: 0.0 }
            }
            ColumnMoments::Category { .. } => ColumnScaling::NONE,
        }))
    }

    /// x̃ = x. Beside a bias a constant column becomes 0, since the data cannot tell the two apart.
    pub fn none(moments: &Moments, has_bias: bool) -> Self {
        Self::from_columns(moments.columns().iter().map(|column| match column {
            ColumnMoments::Number { mean, .. } if has_bias && column.is_constant() => {
                ColumnScaling { offset: *mean, factor: 0.0, fill: 0.0 }
            }
            ColumnMoments::Number { mean, .. } => ColumnScaling { fill: *mean, ..ColumnScaling::NONE },
            ColumnMoments::Category { .. } => ColumnScaling::NONE,
        }))
    }

    /// A scaling with these columns.
    pub fn from_columns(columns: impl IntoIterator<Item = ColumnScaling>) -> Self {
        Self { columns: columns.into_iter().collect() }
    }

    /// x̃ = x for every column of a table.
    pub fn identity(columns: &[ColumnKind]) -> Self {
        Self::from_columns(columns.iter().map(|_| ColumnScaling::NONE))
    }

    /// The columns, in order; those of categories are [`ColumnScaling::NONE`].
    pub fn columns(&self) -> &[ColumnScaling] {
        &self.columns
    }
}

//! From the units of the user's columns to the units that are descended in.

use std::sync::Arc;

use super::{ColumnKind, ColumnMoments, Moments, Shape, SparseScaling};

/// How each number becomes an input: x̃ = (x − mean) / scale, or x itself.
///
/// Categories are never scaled. What is missing takes the column's mean. A sparse column has a scaling for each of its features.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    columns: Vec<ColumnScaling>,
    /// By column; `None` for those that are not sparse.
    sparse: Vec<Option<Arc<SparseScaling>>>,
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

    /// x̃ = (x − mean) / standard deviation; 0 for a constant column.
    fn standard(moments: &ColumnMoments) -> Self {
        match moments {
            ColumnMoments::Number { mean, .. } => {
                let deviation = moments.standard_deviation();
                let factor = if moments.is_constant() || deviation == 0.0 { 0.0 } else { 1.0 / deviation };
                ColumnScaling { offset: *mean, factor, fill: 0.0 }
            }
            _ => ColumnScaling::NONE,
        }
    }

    /// x̃ = x; 0 for a constant column beside a bias.
    fn unscaled(moments: &ColumnMoments, has_bias: bool) -> Self {
        match moments {
            ColumnMoments::Number { mean, .. } if has_bias && moments.is_constant() => {
                ColumnScaling { offset: *mean, factor: 0.0, fill: 0.0 }
            }
            ColumnMoments::Number { mean, .. } => ColumnScaling { fill: *mean, ..ColumnScaling::NONE },
            _ => ColumnScaling::NONE,
        }
    }
}

impl Scaling {
    /// x̃ = (x − mean) / standard deviation; a constant column becomes 0.
    ///
    /// Source: the standard deviation is that of the whole table, √(Σ(x − mean)²/n).
    pub fn standard(moments: &Moments) -> Self {
        Self::by(moments, ColumnScaling::standard)
    }

    /// x̃ = x. Beside a bias a constant column becomes 0, since the data cannot tell the two apart.
    pub fn none(moments: &Moments, has_bias: bool) -> Self {
        Self::by(moments, |column| ColumnScaling::unscaled(column, has_bias))
    }

    fn by(moments: &Moments, rule: impl Fn(&ColumnMoments) -> ColumnScaling) -> Self {
        let mut scaling = Self::from_columns(moments.columns().iter().map(&rule));
        // A feature of which nothing is stored says nothing, whatever the rule: weight 0.
        let never = ColumnScaling { factor: 0.0, ..ColumnScaling::NONE };
        let of_feature = |feature: ColumnMoments| match feature.range() {
            (0.0, 0.0) => never,
            _ => rule(&feature),
        };
        for (index, column) in moments.columns().iter().enumerate() {
            if let ColumnMoments::Sparse { .. } = column {
                scaling = scaling.with_sparse(index, column.sparse_features().map(of_feature).collect());
            }
        }
        scaling
    }

    /// A scaling with these columns; sparse ones are left as they are.
    pub fn from_columns(columns: impl IntoIterator<Item = ColumnScaling>) -> Self {
        let columns: Vec<ColumnScaling> = columns.into_iter().collect();
        let sparse = vec![None; columns.len()];
        Self { columns, sparse }
    }

    /// The same with a scaling for each feature of sparse column `index`.
    pub fn with_sparse(mut self, index: usize, features: Vec<ColumnScaling>) -> Self {
        if let Some(place) = self.sparse.get_mut(index) {
            *place = Some(Arc::new(SparseScaling::new(features)));
        }
        self
    }

    /// The same with other columns; the features of sparse ones keep theirs.
    pub fn with_columns(&self, columns: impl IntoIterator<Item = ColumnScaling>) -> Self {
        Self { columns: columns.into_iter().collect(), sparse: self.sparse.clone() }
    }

    /// x̃ = x for every column of a table.
    pub fn identity(columns: &[ColumnKind]) -> Self {
        Self::from_columns(columns.iter().map(|_| ColumnScaling::NONE))
    }

    /// The columns, in order; those that are no numbers are [`ColumnScaling::NONE`].
    pub fn columns(&self) -> &[ColumnScaling] {
        &self.columns
    }

    /// The features of sparse column `index`; nothing where x̃ = x for all of them, or the column is not sparse.
    pub fn sparse(&self, index: usize) -> &[ColumnScaling] {
        self.sparse_scaling(index).map_or(&[], |scaling| scaling.features())
    }

    /// Σ_i w_i z_i over the features of sparse columns, z_i being x̃ of a zero: the part of h that all records share. `None` where no
    /// column is sparse. Shape: `weights` all features of `shape`, (d,).
    pub(crate) fn constant_of_zeros(&self, shape: &Shape, weights: &[f64]) -> Option<f64> {
        let parts = self.scaled_sparse(shape).map(|(features, scaling)| scaling.constant(&weights[features]));
        parts.reduce(|sum, part| sum + part)
    }

    /// `into[i] += z_i·total` for the features of sparse columns: what their zeros add to Σ_r v_r x̃_ri, with `total` = Σ_r v_r.
    /// Shape: `into` all features of `shape`, (d,).
    pub(crate) fn add_zeros(&self, shape: &Shape, total: f64, into: &mut [f64]) {
        for (features, scaling) in self.scaled_sparse(shape) {
            scaling.add_zeros(total, &mut into[features]);
        }
    }

    /// The sparse columns that are scaled, with their features among all.
    pub(crate) fn scaled_sparse<'s>(
        &'s self,
        shape: &'s Shape,
    ) -> impl Iterator<Item = (std::ops::Range<usize>, &'s Arc<SparseScaling>)> {
        let scaled = self.sparse.iter().enumerate();
        scaled.filter_map(|(index, scaling)| Some((shape.features_of(index), scaling.as_ref()?)))
    }

    /// How the features of a sparse column become inputs; `None` where x̃ = x.
    pub(crate) fn sparse_scaling(&self, index: usize) -> Option<&Arc<SparseScaling>> {
        self.sparse.get(index)?.as_ref()
    }
}

//! Sparse columns in the units descended in: centred without ever storing a zero.
//!
//! A feature becomes x̃ = (x − m)/s, so its zeros become the constant z = −m/s. With what is stored kept as x/s, h has the term
//! Σ_i w_i z_i once for all records, and the gradient of w_i the term z_i Σδ: a zero costs nothing.
//!
//! Where z is large beside the deviation, which is 1, that would cancel digits: x/s and z are then both large, and their sum is
//! small. But m²/s² ≤ p/(1 − p) for a feature of which the share p is stored (Cauchy and Schwarz), so that only a feature with
//! hardly any zeros has a large z. Such features are filled in: stored as x̃ in every row, zeros too. With |z| ≤ 3 for all others, no
//! more than two bits are lost, and no more than one value in nine is added to a table like the one that the scaling is of.

use std::sync::Arc;

use super::{ColumnKind, ColumnScaling, Shape};
use crate::kernel::{Float, SparseSlices, add_sparse_net_inputs, add_sparse_products, dot};

/// A feature whose zeros are further out than this, in deviations, is filled in.
const LARGEST_ZERO: f64 = 3.0;

/// How the features of one sparse column become inputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SparseScaling {
    features: Vec<ColumnScaling>,
    /// x̃ of a value that is not stored; 0 for those that are filled in.
    zeros: Vec<f64>,
    /// The features that are filled in, ascending.
    filled: Vec<u32>,
}

impl SparseScaling {
    pub(crate) fn new(features: Vec<ColumnScaling>) -> Self {
        let zero = |scale: &ColumnScaling| (0.0 - scale.offset) * scale.factor;
        let is_filled = |scale: &ColumnScaling| zero(scale).abs() > LARGEST_ZERO;
        let zeros = features.iter().map(|scale| if is_filled(scale) { 0.0 } else { zero(scale) }).collect();
        let filled = features.iter().enumerate().filter(|(_, scale)| is_filled(scale)).map(|(i, _)| i as u32).collect();
        Self { features, zeros, filled }
    }

    /// How each feature is scaled, whether or not it is filled in.
    pub(crate) fn features(&self) -> &[ColumnScaling] {
        &self.features
    }

    /// The z of every feature: x̃ = z + what is stored of it.
    pub(crate) fn zeros(&self) -> &[f64] {
        &self.zeros
    }

    /// Σ_i weights[i]·z_i: the part of h that all records share.
    pub(crate) fn constant(&self, weights: &[f64]) -> f64 {
        dot(weights, &self.zeros)
    }

    /// `into[i] += z_i·total`: what the values that are not stored add to Σ_r v_r x̃_ri, with `total` = Σ_r v_r.
    pub(crate) fn add_zeros(&self, total: f64, into: &mut [f64]) {
        for (into, zero) in into.iter_mut().zip(&self.zeros) {
            *into += total * zero;
        }
    }
}

/// Some rows of a sparse column as stored for the kernel: x/s, or x̃ where a feature is filled in.
#[derive(Debug, Clone)]
pub(crate) struct SparseRows<T> {
    first_feature: usize,
    n_columns: usize,
    scaling: Option<Arc<SparseScaling>>,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<T>,
}

impl<T: Float> SparseRows<T> {
    /// No rows of a column whose first feature is `first_feature` of all.
    fn new(first_feature: usize, n_columns: usize) -> Self {
        let (starts, indices, values) = (vec![0], Vec::new(), Vec::new());
        Self { first_feature, n_columns, scaling: None, starts, indices, values }
    }

    /// No rows of every sparse column of a table.
    pub(crate) fn of_shape(shape: &Shape) -> Vec<Self> {
        let columns = shape.columns().iter().enumerate();
        let sparse = columns.filter_map(|(index, kind)| match kind {
            ColumnKind::Sparse { n_columns } => Some(Self::new(shape.features_of(index).start, *n_columns)),
            _ => None,
        });
        sparse.collect()
    }

    /// The features of the column among all.
    pub(crate) fn features(&self) -> std::ops::Range<usize> {
        self.first_feature..self.first_feature + self.n_columns
    }

    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        self.starts.truncate(1);
        self.indices.clear();
        self.values.clear();
    }

    /// Appends raw rows, scaled.
    pub(crate) fn append<S: Float>(&mut self, rows: SparseSlices<'_, S>, scaling: Option<&Arc<SparseScaling>>) {
        self.scaling = scaling.cloned();
        for (indices, values) in rows.rows() {
            match scaling {
                Some(scaling) => self.append_row(indices, values, scaling),
                None => {
                    self.indices.extend_from_slice(indices);
                    self.values.extend(values.iter().map(|x| T::from_f64(x.to_f64())));
                }
            }
            self.starts.push(self.indices.len());
        }
    }

    fn append_row<S: Float>(&mut self, indices: &[u32], values: &[S], scaling: &SparseScaling) {
        let scaled = |i: u32, x: f64, is_filled: bool| {
            let Some(scale) = scaling.features.get(i as usize) else { return T::ZERO };
            let (x, factor) = (T::from_f64(x), T::from_f64(scale.factor));
            if is_filled { (x - T::from_f64(scale.offset)) * factor } else { x * factor }
        };
        let mut filled = scaling.filled.iter().copied().peekable();
        for (&i, &x) in indices.iter().zip(values) {
            while let Some(absent) = filled.next_if(|&absent| absent < i) {
                self.indices.push(absent);
                self.values.push(scaled(absent, 0.0, true));
            }
            let is_filled = filled.next_if_eq(&i).is_some();
            self.indices.push(i);
            self.values.push(scaled(i, x.to_f64(), is_filled));
        }
        for absent in filled {
            self.indices.push(absent);
            self.values.push(scaled(absent, 0.0, true));
        }
    }

    /// What is stored of all rows.
    pub(crate) fn slices(&self) -> SparseSlices<'_, T> {
        SparseSlices { starts: &self.starts, indices: &self.indices, values: &self.values }
    }

    /// What is stored of row `r`.
    pub(crate) fn row(&self, r: usize) -> (&[u32], &[T]) {
        let stored = self.starts[r]..self.starts[r + 1];
        (&self.indices[stored.clone()], &self.values[stored])
    }

    /// The z of every feature; nothing where all are 0.
    pub(crate) fn zeros(&self) -> &[f64] {
        self.scaling.as_ref().map_or(&[], |scaling| scaling.zeros())
    }

    /// z of one feature.
    pub(crate) fn zero(&self, i: u32) -> f64 {
        self.zeros().get(i as usize).copied().unwrap_or(0.0)
    }

    /// `h[r] += Σ_i weights[i]·(x̃_ri − z_i)`: the part that all records share is not in it. Shapes: `weights` all features (d,), h (rows,).
    pub(crate) fn add_net_inputs(&self, weights: &[T], h: &mut [T]) {
        add_sparse_net_inputs(&weights[self.features()], self.slices(), h);
    }

    /// `into[i] += Σ_r values[r]·(x̃_ri − z_i)`. Shape: `into` all features (d,).
    pub(crate) fn add_products(&self, values: &[T], into: &mut [f64]) {
        add_sparse_products(values, self.slices(), &mut into[self.features()]);
    }

    /// `squares[r] += Σ_i x̃_ri²`.
    pub(crate) fn add_squares(&self, squares: &mut [f64]) {
        let zeros = dot(self.zeros(), self.zeros());
        for (total, (indices, values)) in squares.iter_mut().zip(self.slices().rows()) {
            let mut sum = zeros;
            for (&i, x) in indices.iter().zip(values) {
                let x = x.to_f64();
                sum += x * (x + 2.0 * self.zero(i));
            }
            *total += sum;
        }
    }

    /// x̃ of feature `i` of the column in every row.
    pub(crate) fn feature_into(&self, i: u32, into: &mut [T]) {
        let zero = self.zero(i);
        for (into, (indices, values)) in into.iter_mut().zip(self.slices().rows()) {
            let stored = indices.binary_search(&i).map_or(0.0, |at| values[at].to_f64());
            *into = T::from_f64(zero + stored);
        }
    }

    /// `largest[i] = max(largest[i], |x̃_ri|)` over all rows, and |z_i|.
    pub(crate) fn largest_into(&self, largest: &mut [f64]) {
        for (largest, zero) in largest.iter_mut().zip(self.zeros()) {
            *largest = largest.max(zero.abs());
        }
        for (&i, x) in self.indices.iter().zip(&self.values) {
            if let Some(largest) = largest.get_mut(i as usize) {
                *largest = largest.max((x.to_f64() + self.zero(i)).abs());
            }
        }
    }
}

//! Weights and biases: the knobs. A gradient and a step have the same shape.

use crate::error::{Error, Result};

/// The weights w_ij (d × J) and the biases b_j of a layer, in f64 whatever the data is held in.
///
/// The weights are stored output by output: w_ij is `weights[j·d + i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    n_features: usize,
    weights: Vec<f64>,
    bias: Vec<f64>,
    has_bias: bool,
}

impl Parameters {
    /// All weights 0.
    pub fn zeros(n_features: usize, n_outputs: usize, has_bias: bool) -> Self {
        Self { n_features, weights: vec![0.0; n_features * n_outputs], bias: vec![0.0; n_outputs], has_bias }
    }

    /// Given weights, output by output, and biases (`None`: the network has none).
    ///
    /// Errors: lengths that do not fit, a value that is not finite.
    pub fn new(n_features: usize, weights: Vec<f64>, bias: Option<Vec<f64>>, n_outputs: usize) -> Result<Self> {
        if weights.len() != n_features * n_outputs {
            let expected = n_features * n_outputs;
            return Err(Error::Shape { what: "weights".into(), found: weights.len(), expected });
        }
        if let Some(bias) = &bias
            && bias.len() != n_outputs
        {
            return Err(Error::Shape { what: "biases".into(), found: bias.len(), expected: n_outputs });
        }
        let has_bias = bias.is_some();
        let bias = bias.unwrap_or_else(|| vec![0.0; n_outputs]);
        if let Some(position) = weights.iter().chain(&bias).position(|w| !w.is_finite()) {
            let found = weights.iter().chain(&bias).copied().nth(position).unwrap_or(f64::NAN);
            let what = format!("weight {}", position + 1);
            return Err(Error::NotFinite { what, found, record: 0 });
        }
        Ok(Self { n_features, weights, bias, has_bias })
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// J.
    pub fn n_outputs(&self) -> usize {
        self.bias.len()
    }

    /// Whether the biases are there, and learned.
    pub fn has_bias(&self) -> bool {
        self.has_bias
    }

    /// The weights that lead to output `j`, shape (d,).
    pub fn weights(&self, j: usize) -> &[f64] {
        &self.weights[j * self.n_features..(j + 1) * self.n_features]
    }

    /// The weights that lead to output `j`, to change them.
    pub fn weights_mut(&mut self, j: usize) -> &mut [f64] {
        &mut self.weights[j * self.n_features..(j + 1) * self.n_features]
    }

    /// b_j; 0 without a bias.
    pub fn bias(&self, j: usize) -> f64 {
        self.bias[j]
    }

    /// Sets b_j.
    ///
    /// Without a bias it stays 0.
    pub fn set_bias(&mut self, j: usize, value: f64) {
        if self.has_bias {
            self.bias[j] = value;
        }
    }

    /// Every number that descent may change: all weights, then the biases where there are any.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let learned = if self.has_bias { self.bias.as_slice() } else { &[] };
        self.weights.iter().chain(learned).copied()
    }

    /// The same, to change them.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        let learned = if self.has_bias { self.bias.as_mut_slice() } else { &mut [] };
        self.weights.iter_mut().chain(learned)
    }

    /// Takes from each weight and bias the mean of the same over the outputs, so that they add up to 0.
    pub(crate) fn balance(&mut self) {
        let (n_features, n_outputs) = (self.n_features, self.n_outputs());
        let balance = |values: &mut [f64], size: usize| {
            for i in 0..size {
                let mean = values.iter().skip(i).step_by(size).sum::<f64>() / n_outputs as f64;
                values.iter_mut().skip(i).step_by(size).for_each(|value| *value -= mean);
            }
        };
        balance(&mut self.weights, n_features);
        balance(&mut self.bias, 1);
    }

    /// `self += factor · other`.
    pub fn add_scaled(&mut self, factor: f64, other: &Self) {
        for (w, g) in self.values_mut().zip(other.values()) {
            *w += factor * g;
        }
    }

    /// `self *= factor`.
    pub fn scale(&mut self, factor: f64) {
        for w in self.values_mut() {
            *w *= factor;
        }
    }

    /// Becomes a copy of `other`, into the memory that is there.
    pub fn copy_from(&mut self, other: &Self) {
        self.n_features = other.n_features;
        self.weights.clone_from(&other.weights);
        self.bias.clone_from(&other.bias);
        self.has_bias = other.has_bias;
    }

    /// Σ a_i b_i over all values.
    pub fn inner_product(&self, other: &Self) -> f64 {
        self.values().zip(other.values()).map(|(a, b)| a * b).sum()
    }

    /// √Σ w².
    pub fn norm(&self) -> f64 {
        self.inner_product(self).sqrt()
    }

    /// Whether no value is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        self.values().all(f64::is_finite)
    }
}

//! The mean of the weights over all steps, at the cost of what each step touches.
//!
//! w̄ = (1/T) Σ_t w_t = w_T − (1/T) Σ_t (t − 1) Δ_t, where Δ_t is what step t added: a weight that a step does not touch has nothing to add up.
//! Sources: Polyak, Juditsky 1992, acceleration of stochastic approximation by averaging; the rearrangement: Xu 2011, towards optimal one pass large scale
//! learning with averaged stochastic gradient descent.

use super::{record_weights, write_back};
use crate::kernel::RecordWeights;
use crate::network::Parameters;

/// The mean of the weights from some step on.
#[derive(Debug, Clone)]
pub(crate) struct Average {
    /// T.
    steps: u64,
    /// Σ_t (t − 1) Δ_t.
    lag: Parameters,
}

impl Average {
    /// Over no step, of weights of the shape of `parameters`.
    pub(crate) fn new(parameters: &Parameters) -> Self {
        let (d, n_outputs, has_bias) = (parameters.n_features(), parameters.n_outputs(), parameters.has_bias());
        Self { steps: 0, lag: Parameters::zeros(d, n_outputs, has_bias) }
    }

    /// w̄, where the steps have led to `parameters`; these themselves before the first step.
    pub(crate) fn mean(&self, parameters: &Parameters) -> Parameters {
        let mut mean = parameters.clone();
        mean.add_scaled(-1.0 / self.steps.max(1) as f64, &self.lag);
        mean
    }

    /// Forgets every step.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(&self.lag);
    }

    /// In the form in which steps are taken.
    pub(super) fn begin(&self, number_features: &[usize]) -> Lag {
        Lag { steps: self.steps, values: record_weights(&self.lag, number_features) }
    }

    /// The way back.
    pub(super) fn finish(&mut self, lag: &Lag, number_features: &[usize]) {
        self.steps = lag.steps;
        write_back(&lag.values, number_features, &mut self.lag);
    }
}

/// Σ_t (t − 1) Δ_t of an epoch under way.
#[derive(Debug)]
pub(super) struct Lag {
    /// How many steps were taken: t − 1 of the next.
    pub(super) steps: u64,
    pub(super) values: RecordWeights,
}

impl Lag {
    /// t − 1.
    pub(super) fn factor(&self) -> f64 {
        self.steps as f64
    }

    /// Takes in a step that may have changed every weight.
    pub(super) fn add(&mut self, before: &RecordWeights, after: &RecordWeights) {
        let factor = self.factor();
        let values = &mut self.values;
        for (lags, before, after) in [
            (values.numbers.as_flattened_mut(), before.numbers.as_flattened(), after.numbers.as_flattened()),
            (&mut values.categories[..], &before.categories[..], &after.categories[..]),
            (&mut values.bias[..], &before.bias[..], &after.bias[..]),
        ] {
            for ((lag, before), after) in lags.iter_mut().zip(before).zip(after) {
                *lag += factor * (after - before);
            }
        }
    }
}

//! Records that are held out, and what E on them is along a descent.

use super::descent::Descent;
use super::fit::centre_levels;
use super::{Gradient, Problem};
use crate::data::{BlockSource, Scaling};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::Layer;

/// Records that are not trained on, on which a descent is watched.
#[derive(Clone, Copy)]
pub struct HeldOut<'a> {
    /// The records, with the columns and outputs of the problem's.
    pub source: &'a dyn BlockSource<f64>,
    /// The units descended in, for values in f64.
    pub scaling: &'a Scaling,
}

impl std::fmt::Debug for HeldOut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldOut").field("n_records", &self.source.n_records()).finish_non_exhaustive()
    }
}

impl HeldOut<'_> {
    /// Errors: other columns or outputs than those of the problem.
    pub(super) fn check<T: Float>(&self, problem: &Problem<'_, T>) -> Result<()> {
        let (own, shape) = (self.source.shape(), problem.source.shape());
        for (what, found, expected) in [
            ("features of the records held out", own.n_features(), shape.n_features()),
            ("outputs of the records held out", own.n_outputs(), shape.n_outputs()),
        ] {
            if found != expected {
                return Err(Error::Shape { what: what.to_owned(), found, expected });
            }
        }
        Ok(())
    }

    /// Shows E of the records held out to the descents that are to be watched, all in one pass.
    pub(super) fn show<T: Float>(
        &self,
        problem: &Problem<'_, T>,
        descents: &mut [Descent],
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let wanted: Vec<usize> = (0..descents.len()).filter(|&index| is_wanted(index)).collect();
        let layer_of = |&index: &usize| {
            let descent = &descents[index];
            let mut layer = descent.layer().clone();
            // As they will be at the end: it makes a difference to records without a level.
            if descent.plan().penalty.is_none() {
                centre_levels(problem, layer.parameters_mut());
            }
            layer
        };
        let layers: Vec<Layer> = wanted.iter().map(layer_of).collect();
        if layers.is_empty() {
            return Ok(());
        }
        let layers: Vec<&Layer> = layers.iter().collect();
        let gradients = Gradient::of_many(self.source, self.scaling, &layers, problem.loss, problem.threads)?;
        for (index, gradient) in wanted.into_iter().zip(gradients) {
            descents[index].watch(if gradient.not_finite.is_none() { gradient.loss } else { f64::INFINITY });
        }
        Ok(())
    }
}

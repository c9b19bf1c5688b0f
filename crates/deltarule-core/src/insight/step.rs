//! One step of the plain rule from where the network of a slice stands.

use super::explain::explain;
use super::surface::Slice;
use crate::data::{Tile, TileColumn};
use crate::error::Result;
use crate::kernel::Float;
use crate::learning::{Gradient, Reduction, Shrink};
use crate::network::Parameters;

/// One step of the plain rule.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainStep {
    /// E, with the penalty on the weights.
    pub objective: f64,
    /// −∂E/∂w with λ₂'s part of it and without that of λ₁, Σδx − Nλ₂w: what η multiplies.
    pub descent: Parameters,
    /// The slope of what descent goes down, E with the whole penalty: −descent, and for a weight that is not 0 Nλ₁ with its sign. At 0, where λ₁ has a kink, the
    /// slope on the side that descent goes to, or 0 where λ₁ holds the weight there.
    pub slope: Parameters,
    /// Δw.
    pub step: Parameters,
    /// w + Δw.
    pub reached: Parameters,
}

impl<T: Float> Slice<'_, T> {
    /// One step of the plain delta rule over all records: Δw = −η ∂E/∂w, or −η/N ∂E/∂w for the mean. Where λ₁ pulls weights to 0, ∂E/∂w is without its part, and the
    /// weight then goes towards 0 by ηNλ₁, or ηλ₁ for the mean, and no further; Δw is both together. Over one record without a penalty it is that of [`explain`], to
    /// the last bit.
    ///
    /// Errors: those of the source.
    pub fn step(&self, eta: f64, reduction: Reduction) -> Result<PlainStep> {
        let parameters = self.layer.parameters();
        let mut gradient = Gradient::of(self.source, self.scaling, self.layer, self.loss, self.threads)?;
        gradient.penalise(&self.penalty, parameters);
        let factor = reduction.factor(gradient.weight);
        let mut reached = parameters.clone();
        let step = if self.penalty.l1 != 0.0 {
            reached.add_scaled(eta * factor, &gradient.descent);
            Shrink::of(&self.penalty, eta * factor * gradient.weight).apply(&mut reached);
            let mut step = reached.clone();
            step.add_scaled(-1.0, parameters);
            step
        } else {
            // Without the rounding of w + Δw − w.
            let step = self.step_of_only_record(eta)?.unwrap_or_else(|| {
                let mut step = gradient.descent.clone();
                step.scale(eta * factor);
                step
            });
            reached.add_scaled(1.0, &step);
            step
        };
        let mut slope = gradient.descent.clone();
        slope.scale(-1.0);
        let of_l1 = gradient.weight * self.penalty.l1;
        for j in 0..slope.n_outputs() {
            for (slope, w) in slope.weights_mut(j).iter_mut().zip(parameters.weights(j)) {
                *slope = with_l1(*slope, *w, of_l1);
            }
        }
        Ok(PlainStep { objective: gradient.objective(), descent: gradient.descent, slope, step, reached })
    }

    /// (ηδ)x where there is one record alone, which counts once, and no penalty. The sum over many has η(Σδx), whose last digits may differ.
    fn step_of_only_record(&self, eta: f64) -> Result<Option<Parameters>> {
        if self.source.n_records() != 1 || !self.penalty.is_none() {
            return Ok(None);
        }
        let shape = self.source.shape();
        let mut tile = Tile::<T>::new(shape, 1);
        let mut record = None;
        self.source.read(0, &mut |block| {
            tile.for_each(block, self.scaling, 0, |tile| {
                let targets: Vec<f64> = (0..shape.n_outputs()).map(|j| tile.targets(j)[0].to_f64()).collect();
                record = (tile.weight() == 1.0).then(|| (inputs_of_first(tile), targets));
            });
        })?;
        let Some((inputs, targets)) = record else { return Ok(None) };
        let worked = explain(self.loss, self.layer, &inputs, &targets, eta)?;
        let mut step = self.layer.parameters().clone();
        for (j, output) in worked.outputs.iter().enumerate() {
            step.weights_mut(j).copy_from_slice(&output.step);
            step.set_bias(j, output.bias_step.unwrap_or(0.0));
        }
        Ok(Some(step))
    }
}

/// The slope of E along a weight, with what λ₁ adds to it.
fn with_l1(slope: f64, weight: f64, of_l1: f64) -> f64 {
    if of_l1 == 0.0 {
        slope
    } else if weight != 0.0 {
        slope + of_l1 * weight.signum()
    } else {
        slope.signum() * (slope.abs() - of_l1).max(0.0)
    }
}

/// x̃ of the first row of a tile. Shape: (d,).
fn inputs_of_first<T: Float>(tile: &Tile<T>) -> Vec<f64> {
    let mut inputs = Vec::new();
    let mut of_feature = vec![T::ZERO; tile.n_rows()];
    for (column, n_features) in tile.columns_with_features() {
        match column {
            TileColumn::Numbers(values) => inputs.push(values[0].to_f64()),
            TileColumn::Codes(codes) => {
                inputs.extend((0..n_features as u32).map(|level| if codes[0] == level { 1.0 } else { 0.0 }));
            }
            TileColumn::Sparse(rows) => inputs.extend((0..n_features as u32).map(|feature| {
                rows.feature_into(feature, &mut of_feature);
                of_feature[0].to_f64()
            })),
        }
    }
    inputs
}

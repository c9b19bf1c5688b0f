//! Why a net input is what it is: the part of each input.

use std::ops::{Deref, Range};

use deltarule_core::{Block, Column};

use crate::encoding::FeatureKind;
use crate::model::Model;
use crate::target::Target;

/// What makes one record's h of what it is on average, input by input.
///
/// h = average + Σ contributions. A number's contribution is w·(x − mean), in any units: nothing where it is missing and takes the mean. A category's
/// is the weight of its level less the mean weight of its levels in the training records, so that it says how this level differs from
/// what is usual.
///
/// `M` is what leads to the model, such as `&Model` or `Arc<Model>`.
#[derive(Debug, Clone)]
pub struct Reasons<M> {
    model: M,
    outputs: Vec<Averages>,
}

/// What one output has at the average record.
#[derive(Debug, Clone)]
struct Averages {
    /// h there.
    net_input: f64,
    /// The part of each feature in it; of sparse numbers the part that they have where they are all 0.
    parts: Vec<f64>,
}

/// The part that one input has in h.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// The feature, from 0.
    pub feature: usize,
    /// Which of the feature's inputs: the code of a level, the place of a sparse number; `None` for a text that is no level.
    pub input: Option<usize>,
    /// How much it adds to h.
    pub value: f64,
}

/// What makes up h of one record: h = average + what the named inputs contribute + what all others do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetInputShares {
    /// The sum.
    pub net_input: f64,
    /// h at the average record.
    pub average: f64,
    /// What all inputs contribute together that are not named.
    pub others: f64,
}

impl<M: Deref<Target = Model>> Reasons<M> {
    /// The averages of a model.
    pub fn of(model: M) -> Self {
        let n_outputs = model.layer().parameters().n_outputs();
        let outputs = (0..n_outputs).map(|j| Averages::of(&model, j)).collect();
        Self { model, outputs }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The outputs whose h has reasons: that of the predicted class where there are several, and all otherwise.
    pub fn outputs(&self, class: Option<usize>) -> Range<usize> {
        match (&self.model.encoding().target, class) {
            (Target::Classes { .. }, Some(class)) => class..class + 1,
            (target, _) => 0..target.n_outputs(),
        }
    }

    /// The up to `n` largest [`contributions`](Self::contributions) to h of output `j` at a row of a block, and h with its shares.
    pub fn largest(
        &self,
        block: &Block<'_, f64>,
        row: usize,
        j: usize,
        n: usize,
        into: &mut Vec<Contribution>,
    ) -> NetInputShares {
        let zeros = self.contributions(block, row, j, into);
        let average = self.average(j);
        let (first, rest) = into.split_at(into.len().min(n));
        let others = rest.iter().map(|other| other.value).sum::<f64>() + zeros;
        let net_input = average + first.iter().map(|one| one.value).sum::<f64>() + others;
        into.truncate(n);
        NetInputShares { net_input, average, others }
    }

    /// h of output `j` where every number has its mean, and every category the mean weight of its levels.
    pub fn average(&self, j: usize) -> f64 {
        self.outputs[j].net_input
    }

    /// The contributions to h of output `j` at a row of a block in the model's encoding, the largest first; equal ones in the order of the
    /// model. Gives what all sparse numbers that are 0 contribute together, which is not among them.
    pub fn contributions(&self, block: &Block<'_, f64>, row: usize, j: usize, into: &mut Vec<Contribution>) -> f64 {
        into.clear();
        let weights = self.model.layer().parameters().weights(j);
        let (mut first, mut zeros) = (0, 0.0);
        let features = self.model.encoding().features.iter().zip(block.columns()).zip(&self.outputs[j].parts);
        for (index, ((feature, column), &part)) in features.enumerate() {
            let weights = &weights[first..first + feature.n_inputs()];
            first += feature.n_inputs();
            match (column, &feature.kind) {
                (Column::Codes { codes, .. }, _) => {
                    let input = Some(codes[row] as usize).filter(|&code| code < weights.len());
                    let weight = input.map_or(0.0, |code| weights[code]);
                    into.push(Contribution { feature: index, input, value: weight - part });
                }
                (Column::Sparse { starts, indices, values, .. }, FeatureKind::Sparse { features, .. }) => {
                    zeros += part;
                    for at in starts[row]..starts[row + 1] {
                        let place = indices[at] as usize;
                        let scaling = features[place].scaling;
                        let mean = weights[place] * (features[place].mean * scaling.factor);
                        zeros += mean;
                        let value = weights[place] * (values[at] * scaling.factor) - mean;
                        into.push(Contribution { feature: index, input: Some(place), value });
                    }
                }
                (Column::Numbers(values), _) => {
                    let scaling = feature.scaling().unwrap_or(deltarule_core::ColumnScaling::NONE);
                    let value = weights[0] * scaling.apply(values[row]) - part;
                    into.push(Contribution { feature: index, input: Some(0), value });
                }
                _ => {}
            }
        }
        into.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        zeros
    }
}

impl Averages {
    fn of(model: &Model, j: usize) -> Self {
        let parameters = model.layer().parameters();
        let weights = parameters.weights(j);
        let (mut first, mut net_input) = (0, parameters.bias(j));
        let mut parts = Vec::new();
        for feature in &model.encoding().features {
            let weights = &weights[first..first + feature.n_inputs()];
            first += feature.n_inputs();
            let part = match &feature.kind {
                FeatureKind::Number { mean, scaling, .. } | FeatureKind::Boolean { mean, scaling } => {
                    weights[0] * scaling.apply(*mean)
                }
                FeatureKind::Category { counts, weight_sums, .. } | FeatureKind::Hashed { counts, weight_sums, .. } => {
                    match &weight_sums[..] {
                        [] => mean_weight(weights, counts.iter().map(|&n| n as f64)),
                        sums => mean_weight(weights, sums.iter().copied()),
                    }
                }
                FeatureKind::Sparse { features, .. } => {
                    // At the means h has no part of (x − mean); where all are 0, the part is this far below.
                    let terms = features.iter().zip(weights);
                    net_input += terms.clone().map(|(x, w)| w * x.scaling.apply(x.mean)).sum::<f64>();
                    parts.push(-terms.map(|(x, w)| w * (x.mean * x.scaling.factor)).sum::<f64>());
                    continue;
                }
            };
            net_input += part;
            parts.push(part);
        }
        Self { net_input, parts }
    }
}

/// The mean of the levels' weights over the training records, each of which counts as often as it did in training.
fn mean_weight(weights: &[f64], counts: impl Iterator<Item = f64> + Clone) -> f64 {
    let total: f64 = counts.clone().sum();
    let sum: f64 = weights.iter().zip(counts).map(|(w, n)| w * n).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

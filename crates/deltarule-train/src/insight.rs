//! What explaining a record and checking a gradient need of an encoding.

use deltarule_core::{Block, Column, Scaling, Targets};
use deltarule_model::{Encoding, Feature, Training};

/// One record of a block as the network sees it: scaled numbers, and 1 for the level that the record has; and its targets.
pub fn worked_record(block: &Block<'_, f64>, scaling: &Scaling, r: usize) -> (Vec<f64>, Vec<f64>) {
    let mut x = Vec::new();
    for (index, (column, scale)) in block.columns().iter().zip(scaling.columns()).enumerate() {
        match column {
            Column::Numbers(values) => x.push(scale.apply(values[r])),
            Column::Tiled(tiled) => x.push(scale.apply(tiled.get(r))),
            Column::Codes { codes, n_levels } => {
                x.extend((0..*n_levels).map(|level| if codes[r] as usize == level { 1.0 } else { 0.0 }));
            }
            Column::Sparse { n_columns, starts, indices, values } => {
                let first = x.len();
                x.resize(first + n_columns, 0.0);
                for k in starts[r]..starts[r + 1] {
                    x[first + indices[k] as usize] = values[k];
                }
                x[first..].iter_mut().zip(scaling.sparse(index)).for_each(|(x, scale)| *x = scale.apply(*x));
            }
        }
    }
    let y = match block.targets() {
        Targets::Numbers(columns) => columns.iter().map(|column| column[r]).collect(),
        Targets::Classes { codes, n_classes, low, high } => {
            (0..*n_classes).map(|class| if codes[r] as usize == class { *high } else { *low }).collect()
        }
    };
    (x, y)
}

/// All inputs of a network that has no more than this.
const MANY: usize = 1000;
/// Of a larger one, so many of each column.
pub const FEW_INPUTS: usize = 50;

/// The inputs whose weights are checked, with two passes over the table for each.
pub fn checked_inputs(encoding: &Encoding) -> Vec<usize> {
    let d = encoding.shape().n_features();
    if d <= MANY {
        return (0..d).collect();
    }
    let (mut checked, mut first) = (Vec::new(), 0);
    for n in encoding.features.iter().map(Feature::n_inputs) {
        let few = n.min(FEW_INPUTS);
        checked.extend((0..few).map(|k| first + k * n / few));
        first += n;
    }
    checked
}

/// What a step on one record alone, which counts once, leaves out of what a model was trained with; `None` where that is nothing.
pub fn left_out_of_one(training: &Training) -> Option<String> {
    let is_weighted = training.weight.is_some() || !training.class_weights.is_empty();
    let is_penalised = training.l2 > 0.0 || training.l1 > 0.0;
    let once = "the record counts once here, however often it did in training";
    let unpenalised = "E and the step are without the penalty of the training";
    match (is_weighted, is_penalised) {
        (false, false) => None,
        (true, false) => Some(once.to_owned()),
        (false, true) => Some(unpenalised.to_owned()),
        (true, true) => Some(format!("{once}; {unpenalised}")),
    }
}

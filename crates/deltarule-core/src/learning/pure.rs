//! Levels and sparse features that foretell a target without an exception, so that no finite weight fits them best.

use super::{Gradient, Loss, Problem};
use crate::data::{ColumnKind, ColumnMoments, ColumnScaling, Scaling};
use crate::error::Result;
use crate::kernel::Float;
use crate::network::{Activation, Layer, Parameters};

/// An input without a finite minimum of E along its weight: a level of a category, or a feature of a sparse column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PureInput {
    /// The input, from 0: its place among all inputs.
    pub feature: usize,
    /// The output, from 0.
    pub output: usize,
    /// The target of every record in which the input is not 0: an end of f's range.
    pub target: f64,
}

/// The levels of categories, and the features of sparse columns with values of one sign, all of whose records have, for some output, a target at an end of
/// f's range that f comes ever nearer to and never reaches (0 and 1 of sigmoid and softmax, −1 and 1 of tanh and softsign, 0 of exp and softplus): the
/// further the weight goes, the less is E, and without a penalty there is no weight at which it is least. A record is one of a level or of a feature if the
/// input is not 0 in it. By inputs, and of each only the first such output, the upper end first.
///
/// One pass over the table, in the units of its columns: with ŷ = e for every record, e being the end, an input is pure if Σvδx = Σv(y − e)x is 0, since no
/// y is beyond e and all x are on the same side of 0. Nothing is said of outputs with targets outside of f's range, nor of sparse features that are centred
/// without a bias to take up what their weights add to every record.
///
/// Errors: those of the source.
pub fn pure_inputs<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<PureInput>> {
    let mut inputs: Vec<PureInput> = pure_pairs(problem)?.into_iter().map(|pair| pair.input).collect();
    inputs.dedup_by_key(|input| input.feature);
    Ok(inputs)
}

/// An input without a finite minimum, and how far it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct PurePair {
    pub(super) input: PureInput,
    /// How far the net input of a record moves with one unit of the weight, at most, in the units descended in: below 0 where a larger weight leads away from
    /// the target.
    pub(super) towards: f64,
}

/// Every pair of an input and an output of which [`pure_inputs`] gives the first of each input.
pub(super) fn pure_pairs<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<PurePair>> {
    let shape = problem.source.shape();
    let ends = unreached_ends(problem.activation);
    let has_candidates = shape.columns().iter().any(|kind| *kind != ColumnKind::Number);
    if ends.is_empty() || !has_candidates {
        return Ok(Vec::new());
    }
    let (low, high) = problem.activation.range();
    let n_outputs = shape.n_outputs();
    let in_range = |j: usize| {
        let (least, most) = problem.moments.targets()[j].range();
        low <= least && most <= high
    };
    let constant = |end: &f64| {
        let mut parameters = Parameters::zeros(shape.n_features(), n_outputs, true);
        (0..n_outputs).for_each(|j| parameters.set_bias(j, *end));
        Layer::new(parameters, Activation::Identity)
    };
    let layers: Vec<Layer> = ends.iter().map(constant).collect();
    let layers: Vec<&Layer> = layers.iter().collect();
    let unscaled = Scaling::identity(shape.columns());
    let gradients = Gradient::of_many(problem.source, &unscaled, &layers, Loss::Squared, problem.threads)?;
    let mut found = Vec::new();
    for (index, moments) in problem.moments.columns().iter().enumerate() {
        for (feature, reach) in shape.features_of(index).zip(reaches(problem, index, moments)) {
            let Some(reach) = reach else { continue };
            let ways = ends.iter().zip(&gradients).flat_map(|(&end, gradient)| {
                (0..n_outputs).map(move |j| (end, j, gradient.descent.weights(j)[feature]))
            });
            found.extend(ways.filter(|&(_, j, sum)| sum == 0.0 && in_range(j)).map(|(target, output, _)| PurePair {
                input: PureInput { feature, output, target },
                towards: if target == high { reach } else { -reach },
            }));
        }
    }
    Ok(found)
}

/// Of each input of a column how far the net input of a record moves with one unit of its weight, at most and with its sign; `None` for inputs that are always 0,
/// that have both signs, or that move other records, too.
fn reaches<T: Float>(problem: &Problem<'_, T>, index: usize, moments: &ColumnMoments) -> Vec<Option<f64>> {
    match moments {
        ColumnMoments::Number { .. } => Vec::new(),
        ColumnMoments::Category { .. } => {
            moments.level_weights().iter().map(|&weight| (weight > 0.0).then_some(1.0)).collect()
        }
        ColumnMoments::Sparse { .. } => {
            let scales = problem.scaling.sparse(index).iter().copied().chain(std::iter::repeat(ColumnScaling::NONE));
            let of_one_sign = |(moments, scale): (ColumnMoments, ColumnScaling)| {
                let (min, max) = moments.range();
                let is_centred = scale.apply(0.0) != 0.0;
                let is_candidate = (min < 0.0) != (max > 0.0) && (problem.has_bias || !is_centred);
                is_candidate.then(|| scale.apply(if max > 0.0 { max } else { min }) - scale.apply(0.0))
            };
            moments.sparse_features().zip(scales).map(of_one_sign).collect()
        }
    }
}

/// The ends of f's range that it comes near to and never reaches, the upper one first; f rises everywhere.
fn unreached_ends(activation: &Activation) -> Vec<f64> {
    let (low, high) = activation.range();
    match activation {
        Activation::Sigmoid | Activation::Softmax | Activation::Tanh | Activation::Softsign => vec![high, low],
        Activation::Exp | Activation::Softplus => vec![low],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Dataset, Moments, Scaling, Targets, Threads};

    fn pure(activation: Activation, codes: &[u32], n_levels: usize, targets: &Targets<'_, f64>) -> Vec<PureInput> {
        let number: Vec<f64> = (0..codes.len()).map(|r| r as f64).collect();
        let columns = [Column::Numbers(number.into()), Column::Codes { codes: codes.into(), n_levels }];
        pure_of(activation, &columns, targets, true)
    }

    fn pure_of(
        activation: Activation,
        columns: &[Column<'_, f64>],
        targets: &Targets<'_, f64>,
        has_bias: bool,
    ) -> Vec<PureInput> {
        let table = Dataset::from_columns(columns, targets).unwrap();
        let threads = Threads::one();
        let moments = Moments::of(&table, &threads).unwrap();
        let problem = Problem {
            source: &table,
            scaling: &Scaling::standard(&moments),
            moments: &moments,
            activation: &activation,
            loss: Loss::Squared,
            has_bias,
            threads: &threads,
        };
        pure_inputs(&problem).unwrap()
    }

    #[test]
    fn a_level_with_one_class_is_pure_and_one_without_records_is_not() {
        let y = Targets::Numbers(vec![vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0].into()]);
        let found = pure(Activation::Sigmoid, &[0, 0, 1, 1, 3, 3], 4, &y);
        // Input 0 is the number.
        let expected = [(2, 1.0), (4, 0.0)].map(|(feature, target)| PureInput { feature, output: 0, target });
        assert_eq!(found, expected);
        // The identity meets any target with a finite weight, and 1 is no end of tanh's lower side.
        assert!(pure(Activation::Identity, &[0, 0, 1, 1, 3, 3], 4, &y).is_empty());
        assert_eq!(
            pure(Activation::Tanh, &[0, 0, 1, 1, 3, 3], 4, &y),
            [PureInput { feature: 2, output: 0, target: 1.0 }]
        );
    }

    #[test]
    fn counts_of_0_are_pure_and_targets_beyond_f_say_nothing() {
        let y = Targets::Numbers(vec![vec![0.0, 0.0, 2.0, 0.0].into()]);
        assert_eq!(pure(Activation::Exp, &[0, 0, 1, 1], 2, &y), [PureInput { feature: 1, output: 0, target: 0.0 }]);
        // 0 and 2 are 1 in the mean, and not 1.
        let y = Targets::Numbers(vec![vec![2.0, 0.0, 1.0, 0.0].into()]);
        assert!(pure(Activation::Sigmoid, &[0, 0, 1, 1], 2, &y).is_empty());
    }

    #[test]
    fn a_class_that_a_level_never_has_is_enough() {
        let y = Targets::Classes { codes: vec![0, 1, 0, 1, 2, 2, 2, 2].into(), n_classes: 3, low: 0.0, high: 1.0 };
        let found = pure(Activation::Softmax, &[0, 0, 0, 0, 0, 1, 2, 2], 3, &y);
        let expected =
            [(2, 2, 1.0), (3, 2, 1.0)].map(|(feature, output, target)| PureInput { feature, output, target });
        assert_eq!(found, expected);
        let found = pure(Activation::Softmax, &[0, 0, 1, 1, 0, 1, 0, 1], 2, &y);
        assert!(found.is_empty());
        let found = pure(Activation::Softmax, &[0, 0, 1, 0, 0, 1, 0, 1], 2, &y);
        assert_eq!(found, [PureInput { feature: 2, output: 1, target: 0.0 }]);
    }

    #[test]
    fn a_sparse_feature_of_one_sign_in_records_of_one_class_is_pure() {
        let y = Targets::Numbers(vec![vec![1.0, 1.0, 0.0, 0.0, 1.0].into()]);
        // Feature 0 is in records of 1 alone, 1 in those of 0 alone and below zero, 2 has both signs, 3 both classes, and 4 no value.
        let rows: [&[(u32, f64)]; 5] = [
            &[(0, 2.0), (2, 1.0), (3, 1.0)],
            &[(0, 0.5), (2, -1.0)],
            &[(1, -1e-3), (3, 1.0)],
            &[(1, -7.0)],
            &[(2, 0.1)],
        ];
        let starts: Vec<usize> =
            (0..=rows.len()).map(|r| rows[..r].iter().map(|row| row.len()).sum::<usize>()).collect();
        let (indices, values): (Vec<u32>, Vec<f64>) = rows.concat().into_iter().unzip();
        let column =
            Column::Sparse { n_columns: 5, starts: starts.into(), indices: indices.into(), values: values.into() };
        let expected = [(0, 1.0), (1, 0.0)].map(|(feature, target)| PureInput { feature, output: 0, target });
        let columns = [column];
        assert_eq!(pure_of(Activation::Sigmoid, &columns, &y, true), expected);
        // A centred feature moves every record, which no bias makes up for here.
        assert!(pure_of(Activation::Sigmoid, &columns, &y, false).is_empty());
    }
}

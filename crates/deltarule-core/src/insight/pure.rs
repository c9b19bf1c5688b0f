//! Levels that foretell a target without an exception, so that no finite weight fits them best.

use crate::data::ColumnKind;
use crate::error::Result;
use crate::kernel::Float;
use crate::learning::{Gradient, Loss, Problem};
use crate::network::{Activation, Layer, Parameters};

/// A level of a category without a finite minimum of E along its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PureLevel {
    /// The input, from 0: the level's place among all inputs.
    pub feature: usize,
    /// The output, from 0.
    pub output: usize,
    /// The target that every record of the level has: an end of f's range.
    pub target: f64,
}

/// The levels of categories all of whose records have, for some output, a target at an end of f's range that f comes ever nearer to and never reaches
/// (0 and 1 of sigmoid and softmax, −1 and 1 of tanh and softsign, 0 of exp and softplus): the further the level's weight goes, the less is E, and without a
/// penalty there is no weight at which it is least. By inputs, and of each only the first such output, the upper end first.
///
/// One pass over the table: with ŷ = e for every record, e being the end, a level is pure if Σvδx = Σv(y − e) over its records is 0, since no y is
/// beyond e. Nothing is said of outputs with targets outside of f's range.
///
/// Errors: those of the source.
pub fn pure_levels<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<PureLevel>> {
    let shape = problem.source.shape();
    let ends = unreached_ends(problem.activation);
    let has_levels = shape.columns().iter().any(|kind| matches!(kind, ColumnKind::Category { .. }));
    if ends.is_empty() || !has_levels {
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
    let gradients = Gradient::of_many(problem.source, problem.scaling, &layers, Loss::Squared, problem.threads)?;
    let mut found = Vec::new();
    for (index, moments) in problem.moments.columns().iter().enumerate() {
        for (feature, weight) in shape.features_of(index).zip(moments.level_weights()) {
            let ways = ends.iter().zip(&gradients).flat_map(|(&end, gradient)| {
                (0..n_outputs).map(move |j| (end, j, gradient.descent.weights(j)[feature]))
            });
            let mut pure = ways.filter(|&(_, j, sum)| weight > 0.0 && sum == 0.0 && in_range(j));
            found.extend(pure.next().map(|(target, output, _)| PureLevel { feature, output, target }));
        }
    }
    Ok(found)
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

    fn pure(activation: Activation, codes: &[u32], n_levels: usize, targets: &Targets<'_, f64>) -> Vec<PureLevel> {
        let number: Vec<f64> = (0..codes.len()).map(|r| r as f64).collect();
        let columns = [Column::Numbers(number.into()), Column::Codes { codes: codes.into(), n_levels }];
        let table = Dataset::from_columns(&columns, targets).unwrap();
        let threads = Threads::one();
        let moments = Moments::of(&table, &threads).unwrap();
        let problem = Problem {
            source: &table,
            scaling: &Scaling::standard(&moments),
            moments: &moments,
            activation: &activation,
            loss: Loss::Squared,
            has_bias: true,
            threads: &threads,
        };
        pure_levels(&problem).unwrap()
    }

    #[test]
    fn a_level_with_one_class_is_pure_and_one_without_records_is_not() {
        let y = Targets::Numbers(vec![vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0].into()]);
        let found = pure(Activation::Sigmoid, &[0, 0, 1, 1, 3, 3], 4, &y);
        // Input 0 is the number.
        let expected = [(2, 1.0), (4, 0.0)].map(|(feature, target)| PureLevel { feature, output: 0, target });
        assert_eq!(found, expected);
        // The identity meets any target with a finite weight, and 1 is no end of tanh's lower side.
        assert!(pure(Activation::Identity, &[0, 0, 1, 1, 3, 3], 4, &y).is_empty());
        assert_eq!(
            pure(Activation::Tanh, &[0, 0, 1, 1, 3, 3], 4, &y),
            [PureLevel { feature: 2, output: 0, target: 1.0 }]
        );
    }

    #[test]
    fn counts_of_0_are_pure_and_targets_beyond_f_say_nothing() {
        let y = Targets::Numbers(vec![vec![0.0, 0.0, 2.0, 0.0].into()]);
        assert_eq!(pure(Activation::Exp, &[0, 0, 1, 1], 2, &y), [PureLevel { feature: 1, output: 0, target: 0.0 }]);
        // 0 and 2 are 1 in the mean, and not 1.
        let y = Targets::Numbers(vec![vec![2.0, 0.0, 1.0, 0.0].into()]);
        assert!(pure(Activation::Sigmoid, &[0, 0, 1, 1], 2, &y).is_empty());
    }

    #[test]
    fn a_class_that_a_level_never_has_is_enough() {
        let y = Targets::Classes { codes: vec![0, 1, 0, 1, 2, 2, 2, 2].into(), n_classes: 3, low: 0.0, high: 1.0 };
        let found = pure(Activation::Softmax, &[0, 0, 0, 0, 0, 1, 2, 2], 3, &y);
        let expected =
            [(2, 2, 1.0), (3, 2, 1.0)].map(|(feature, output, target)| PureLevel { feature, output, target });
        assert_eq!(found, expected);
        let found = pure(Activation::Softmax, &[0, 0, 1, 1, 0, 1, 0, 1], 2, &y);
        assert!(found.is_empty());
        let found = pure(Activation::Softmax, &[0, 0, 1, 0, 0, 1, 0, 1], 2, &y);
        assert_eq!(found, [PureLevel { feature: 2, output: 1, target: 0.0 }]);
    }
}

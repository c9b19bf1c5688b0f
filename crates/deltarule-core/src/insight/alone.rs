//! How much of the targets each column explains alone: what a leak stands out by.

use crate::data::{ColumnKind, ColumnMoments, ColumnScaling};
use crate::error::Result;
use crate::kernel::Float;
use crate::learning::{Gradient, Loss, Problem};
use crate::network::{Activation, Layer, Parameters};

/// What one column explains without the others, with weights of its own and a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Alone {
    /// The column, from 0.
    pub column: usize,
    /// For one of many sparse numbers, its place among those of the column.
    pub place: Option<usize>,
    /// Of each output, the share of Σ(y − ȳ)² that it explains, shape (J,); NaN for a target without variance.
    pub shares: Vec<f64>,
    /// The same of all outputs together.
    pub share: f64,
}

/// One pass over the table: the share of the targets' variance that each column explains alone, by least squares.
///
/// Number: (Σ(y − ȳ)x̃)²/(Σx̃²·Σ(y − ȳ)²), the square of the correlation; what is missing is at the mean. Category: Σ_l (Σ_{r∈l}(y_r − ȳ))²/n_l
/// over Σ(y − ȳ)², the variance between levels, lessened for the number L of levels as 1 − (1 − R²)(N − 1)/(N − L), so that levels
/// of few records explain nothing by being many (Ezekiel 1930).
///
/// Errors: those of the source.
pub fn explained_alone<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<Alone>> {
    let shape = problem.source.shape();
    let (d, n_outputs) = (shape.n_features(), shape.n_outputs());
    let targets = problem.moments.targets();
    // At ŷ = ȳ, δ of the squared error with the identity is y − ȳ.
    let mut constant = Parameters::zeros(d, n_outputs, true);
    targets.iter().enumerate().for_each(|(j, target)| constant.set_bias(j, target.mean()));
    let layer = Layer::new(constant, Activation::Identity);
    let gradient = Gradient::of(problem.source, problem.scaling, &layer, Loss::Squared, problem.threads)?;
    let totals: Vec<f64> = targets.iter().map(ColumnMoments::squared_deviations).collect();
    let n = problem.moments.n_records() as f64;
    let mut found = Vec::new();
    let mut push = |column: usize, place: Option<usize>, parts: Vec<f64>, n_levels: f64| {
        let adjusted = |share: f64| 1.0 - (1.0 - share) * ((n - 1.0) / (n - n_levels).max(1.0)).max(1.0);
        let of = |part: f64, total: f64| if n_levels > 2.0 { adjusted(part / total) } else { part / total };
        let shares = parts.iter().zip(&totals).map(|(&part, &total)| of(part, total)).collect();
        let share = of(parts.iter().sum(), totals.iter().sum());
        found.push(Alone { column, place, shares, share });
    };
    let outputs = 0..n_outputs;
    let of_number = |feature: usize, squares: f64| -> Vec<f64> {
        let product = |j: usize| gradient.descent.weights(j)[feature];
        outputs.clone().map(|j| if squares > 0.0 { product(j) * product(j) / squares } else { 0.0 }).collect()
    };
    let columns = shape.columns().iter().zip(problem.moments.columns()).zip(problem.scaling.columns());
    for (index, ((kind, moments), scale)) in columns.enumerate() {
        let features = shape.features_of(index);
        match kind {
            ColumnKind::Number => {
                push(index, None, of_number(features.start, around_mean(moments, scale.factor)), 2.0);
            }
            ColumnKind::Category { .. } => {
                let counts = moments.level_weights();
                let part = |j: usize| {
                    let sums = gradient.descent.weights(j)[features.clone()].iter().zip(&counts);
                    sums.filter(|(_, n)| **n > 0.0).map(|(sum, n)| sum * sum / n).sum()
                };
                let n_levels = counts.iter().filter(|n| **n > 0.0).count();
                push(index, None, outputs.clone().map(part).collect(), n_levels as f64);
            }
            ColumnKind::Sparse { .. } => {
                let scales = problem.scaling.sparse(index);
                for (place, (feature, of_feature)) in features.zip(moments.sparse_features()).enumerate() {
                    let factor = scales.get(place).map_or(1.0, |scale| scale.factor);
                    push(index, Some(place), of_number(feature, around_mean(&of_feature, factor)), 2.0);
                }
            }
        }
    }
    Ok(found)
}

/// The standard deviation of each column's part of h_j over the records: |w|·√(Σ(x̃ − mean)²/N) of a number, and of the weights of a category's levels
/// by their records. A sparse column is taken as a whole, as if its numbers did not go together.
pub fn spread_of_parts<T: Float>(problem: &Problem<'_, T>, parameters: &Parameters, j: usize) -> Vec<f64> {
    let shape = problem.source.shape();
    let n = problem.moments.weight().max(f64::MIN_POSITIVE);
    let columns = shape.columns().iter().zip(problem.moments.columns()).zip(problem.scaling.columns()).enumerate();
    let spread = |(index, ((kind, moments), scale)): (usize, ((&ColumnKind, &ColumnMoments), &ColumnScaling))| {
        let weights = &parameters.weights(j)[shape.features_of(index)];
        let squares: f64 = match kind {
            ColumnKind::Number => weights[0] * weights[0] * around_mean(moments, scale.factor),
            ColumnKind::Category { .. } => {
                let counts = moments.level_weights();
                let levels = || weights.iter().zip(&counts);
                let mean = levels().map(|(w, count)| w * count).sum::<f64>() / n;
                // Records without a level have a part of 0.
                let without = (n - counts.iter().sum::<f64>()).max(0.0);
                levels().map(|(w, count)| count * (w - mean) * (w - mean)).sum::<f64>() + without * mean * mean
            }
            ColumnKind::Sparse { .. } => {
                let scales = problem.scaling.sparse(index);
                let features = weights.iter().zip(moments.sparse_features()).enumerate();
                let factor = |place: usize| scales.get(place).map_or(1.0, |scale| scale.factor);
                features.map(|(place, (w, feature))| w * w * around_mean(&feature, factor(place))).sum()
            }
        };
        (squares / n).sqrt()
    };
    columns.map(spread).collect()
}

/// Σ(x̃ − its mean)² of what is there.
fn around_mean(moments: &ColumnMoments, factor: f64) -> f64 {
    moments.squared_deviations() * factor * factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Dataset, Moments, Scaling, Targets, Threads};

    fn alone(columns: &[Column<'_, f64>], y: &[f64]) -> Vec<Alone> {
        let targets = Targets::Numbers(vec![y.into()]);
        let table = Dataset::from_columns(columns, &targets).unwrap();
        let threads = Threads::one();
        let moments = Moments::of(&table, &threads).unwrap();
        let problem = Problem {
            source: &table,
            scaling: &Scaling::standard(&moments),
            moments: &moments,
            activation: &Activation::Identity,
            loss: Loss::Squared,
            has_bias: true,
            threads: &threads,
        };
        explained_alone(&problem).unwrap()
    }

    #[test]
    fn a_number_explains_the_square_of_its_correlation() {
        let found = alone(&[Column::Numbers(vec![1.0, 2.0, 3.0, 4.0].into())], &[2.0, 1.0, 4.0, 3.0]);
        assert!((found[0].share - 0.36).abs() < 1e-15 && found[0].share == found[0].shares[0]);
    }

    #[test]
    fn a_category_explains_what_its_means_do_less_what_their_number_does() {
        let codes = vec![0, 0, 0, 1, 1, 1, 2, 2, 2];
        let y = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 11.0, 12.0];
        let found = alone(&[Column::Codes { codes: codes.into(), n_levels: 3 }], &y);
        let (between, within) = (3.0 * (16.0 + 1.0 + 25.0), 6.0);
        let expected = 1.0 - within / (between + within) * 8.0 / 6.0;
        assert!((found[0].share - expected).abs() < 1e-14, "{}", found[0].share);
        // One record a level: nothing is left of it.
        let found = alone(&[Column::Codes { codes: (0..9).collect(), n_levels: 9 }], &y);
        assert!(found[0].share <= 1.0 && found[0].share >= 0.0);
    }
}

//! How differently E bends along one weight and another.

use super::rate::feature_squares;
use super::{Baseline, Penalty, Problem};
use crate::kernel::Float;
use crate::network::Parameters;

/// From so many times on, the level of most records beside that of the fewest, descent by slopes alone is slow along the latter.
const UNEVEN: f64 = 100.0;
/// Weights along which E bends by less than so many times the least are all alike.
const ALIKE: f64 = 1.5;

/// Whether Σvx², to which the bend of E along a weight is proportional, is so uneven over the inputs that rules without knowledge of it are slow: levels of few
/// records, which are not scaled, and numbers that are not.
pub(super) fn is_uneven<T: Float>(problem: &Problem<'_, T>) -> bool {
    let squares = feature_squares(problem.source.shape(), problem.moments, problem.scaling);
    spread(squares.into_iter().filter(|&squares| squares > 0.0)) >= UNEVEN
}

/// About how strongly E/N bends along each weight near the best constant outputs ȳ, c_j·Σvx²/Σv + λ₂, and c_j along a bias; 1 for features that are always 0.
/// `None` if that is much the same for all.
///
/// c_j is what E bends in h of output j: ȳ_j(1 − ȳ_j) for log loss, ȳ_j for Poisson's with exp; with other losses `c` for all.
pub(super) fn bends<T: Float>(
    problem: &Problem<'_, T>,
    feature_squares: &[f64],
    baseline: &Baseline,
    penalty: &Penalty,
    c: Option<f64>,
) -> Option<Parameters> {
    let (n, n_records) = (problem.moments.weight(), problem.source.n_records() as f64);
    let c_of = |output: f64| {
        // A class that no record has bends as one that a single record has.
        let of_output = problem.loss.curvature_at(problem.activation, output.max(1.0 / n_records));
        of_output.filter(|&c| c > 0.0).or(c).unwrap_or(1.0)
    };
    let mut bends = Parameters::zeros(feature_squares.len(), baseline.outputs.len(), problem.has_bias);
    for (j, &output) in baseline.outputs.iter().enumerate() {
        let c = c_of(output);
        for (bend, &squares) in bends.weights_mut(j).iter_mut().zip(feature_squares) {
            *bend = if squares > 0.0 { c * squares / n + penalty.l2 } else { 1.0 };
        }
        bends.set_bias(j, c);
    }
    (spread(bends.values()) >= ALIKE).then_some(bends)
}

/// The largest over the smallest, of numbers above 0.
fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let (least, most) = values.fold((f64::INFINITY, 0.0_f64), |(least, most), v| (least.min(v), most.max(v)));
    most / least
}

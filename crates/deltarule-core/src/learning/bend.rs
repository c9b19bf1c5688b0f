//! How differently E bends along one weight and another.

use super::rate::feature_squares;
use super::{Loss, Plan, Problem};
use crate::kernel::Float;
use crate::network::{Activation, Parameters};

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

/// About how strongly E/N bends along each weight near the best constant outputs ȳ: c_j·Σvx²/Σv + λ₂, and c_j along a bias; 1 for features that are always 0.
///
/// c_j is what E bends in h of output j: ȳ_j(1 − ȳ_j) for log loss, ȳ_j for Poisson's with exp; with other losses c for all.
#[derive(Debug)]
pub(super) struct Bends {
    bends: Parameters,
    /// Whether slopes and steps add up to 0 over the outputs: only what of softmax's weights differs from class to class is told by the data.
    is_balanced: bool,
}

impl Bends {
    /// `None` if E bends much the same along all weights.
    pub(super) fn of<T: Float>(problem: &Problem<'_, T>, feature_squares: &[f64], plan: &Plan) -> Option<Self> {
        let (n, n_records) = (problem.moments.weight(), problem.source.n_records() as f64);
        let outputs = &plan.baseline.outputs;
        let mut bends = Parameters::zeros(feature_squares.len(), outputs.len(), problem.has_bias);
        for (j, &output) in outputs.iter().enumerate() {
            // A class that no record has bends as one that a single record has.
            let output = if problem.loss == Loss::Log { output.max(1.0 / n_records) } else { output };
            let of_output = problem.loss.curvature_at(problem.activation, output);
            let c = of_output.filter(|&c| c > 0.0).or(plan.eta.c).unwrap_or(1.0);
            for (bend, &squares) in bends.weights_mut(j).iter_mut().zip(feature_squares) {
                *bend = if squares > 0.0 { c * squares / n + plan.penalty.l2 } else { 1.0 };
            }
            bends.set_bias(j, c);
        }
        let is_balanced = *problem.activation == Activation::Softmax && plan.penalty.l1 == 0.0;
        (spread(bends.values()) >= ALIKE).then_some(Self { bends, is_balanced })
    }

    /// Divides each value by how strongly E bends there.
    pub(super) fn unbend(&self, values: &mut Parameters) {
        values.values_mut().zip(self.bends.values()).for_each(|(value, bend)| *value /= bend);
        if self.is_balanced {
            values.balance();
        }
    }
}

/// The largest over the smallest, of numbers above 0.
fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let (least, most) = values.fold((f64::INFINITY, 0.0_f64), |(least, most), v| (least.min(v), most.max(v)));
    most / least
}

//! Descent along which E falls for ever, and its end.

use super::pure::{PurePair, pure_pairs};
use super::rate::feature_squares;
use super::{Baseline, OptimizerKind, Plan, Problem, StopReason};
use crate::data::{ColumnKind, fold_tiles};
use crate::error::Result;
use crate::kernel::Float;
use crate::network::{Activation, Layer, Parameters, WorkingWeights};

/// Watches for a direction in which E falls for ever.
///
/// At epochs 256, 512, 1024, … (with `lbfgs`, which goes far sooner, 16, 32, 64, …) and at the last it looks at the way that the best weights went since the look before. There is no finite
/// minimum, as far as can be seen, if E fell by next to nothing on that way, some record's net input moved far all the same,
/// and going the same way four times as far again, with all weights or with those that moved most, does not raise E. Nothing is tried where the weight of a
/// [pure input](super::pure_inputs) moved far by itself: E never rises that way.
#[derive(Debug, Clone)]
pub(super) struct Recession {
    first: u64,
    next: u64,
    parameters: Parameters,
    loss: f64,
    /// The inputs without a finite minimum, once they were looked for.
    pure: Option<Vec<PurePair>>,
}

/// The fall of E, relative to the best constant's, that is next to nothing.
const SMALL_FALL: f64 = 1e-4;
/// The same where E is convex, so that all but the weights without a minimum come to rest.
const SETTLED_FALL: f64 = 3e-5;
/// The rise of E, relatively, that is none: the rest of the weights is settled, and a step along with it raises E by its rounding.
const FLAT: f64 = 1e-9;
/// How far some net input must move, in units of h.
const FAR: f64 = 0.2;

impl Recession {
    pub(super) fn new(start: &Parameters, loss: f64, plan: &Plan) -> Self {
        let first = if plan.optimizer == OptimizerKind::LBfgs { 16 } else { 256 };
        Self { first, next: first / 2, parameters: start.clone(), loss, pure: None }
    }

    pub(super) fn is_due(&self, epoch: u64) -> bool {
        epoch >= self.next
    }

    pub(super) fn look<T: Float>(
        &mut self,
        problem: &Problem<'_, T>,
        baseline: &Baseline,
        epoch: u64,
        best: &Parameters,
        loss: f64,
    ) -> Result<Option<StopReason>> {
        if *problem.activation == Activation::Identity {
            return Ok(None);
        }
        let mut way = best.clone();
        way.add_scaled(-1.0, &self.parameters);
        let fall = (self.loss - loss) / baseline.loss;
        self.next *= 2;
        self.parameters.copy_from(best);
        self.loss = loss;
        if epoch < self.first || fall > SMALL_FALL {
            return Ok(None);
        }
        let movement = self.movement_of_pure(problem, &way)?;
        let is_settled = fall <= SETTLED_FALL || !problem.loss.is_convex_with(problem.activation);
        if movement >= FAR && is_settled {
            return Ok(Some(StopReason::NoFiniteMinimum { movement, fall }));
        }
        let movement = largest_net_input(problem, &way)?;
        if movement < FAR {
            return Ok(None);
        }
        for direction in [main_part(problem, &way), way] {
            let mut further = best.clone();
            further.add_scaled(4.0, &direction);
            let ahead = problem.gradient(&Layer::new(further, problem.activation.clone()))?;
            let no_rise = ahead.loss <= loss * (1.0 + FLAT);
            if ahead.is_finite() && no_rise && largest_net_input(problem, &direction)? >= FAR {
                return Ok(Some(StopReason::NoFiniteMinimum { movement, fall }));
            }
        }
        Ok(None)
    }

    /// How far the weight of a pure input moved some net input towards its end, at most.
    fn movement_of_pure<T: Float>(&mut self, problem: &Problem<'_, T>, way: &Parameters) -> Result<f64> {
        let pure = match &mut self.pure {
            Some(pure) => pure,
            None => self.pure.insert(pure_pairs(problem)?),
        };
        let movement = |pair: &PurePair| pair.towards * way.weights(pair.input.output)[pair.input.feature];
        Ok(pure.iter().map(movement).fold(0.0, f64::max))
    }
}

/// The weights of a step that moved most, the others 0: where a rare level runs away alone, the rest is still settling.
fn main_part<T: Float>(problem: &Problem<'_, T>, way: &Parameters) -> Parameters {
    let shape = problem.source.shape();
    let n = problem.moments.weight();
    let squares = feature_squares(shape, problem.moments, problem.scaling);
    let mut size = vec![1.0; shape.n_features()];
    for (index, kind) in shape.columns().iter().enumerate() {
        if !matches!(kind, ColumnKind::Category { .. }) {
            for feature in shape.features_of(index) {
                size[feature] = (squares[feature] / n).sqrt();
            }
        }
    }
    let mut main = way.clone();
    let moves = |j: usize| way.weights(j).iter().zip(&size).map(|(w, size)| w.abs() * size);
    let largest = (0..way.n_outputs()).flat_map(moves).fold(0.0, f64::max);
    for j in 0..way.n_outputs() {
        main.set_bias(j, 0.0);
        for (w, size) in main.weights_mut(j).iter_mut().zip(&size) {
            if w.abs() * size < 0.3 * largest {
                *w = 0.0;
            }
        }
    }
    main
}

/// max |h| over all records and outputs: one pass.
fn largest_net_input<T: Float>(problem: &Problem<'_, T>, parameters: &Parameters) -> Result<f64> {
    let weights = WorkingWeights::<T>::of(parameters, problem.source.shape(), problem.scaling);
    let (largest, _) = fold_tiles(
        problem.source,
        problem.scaling,
        problem.threads,
        || (0.0_f64, Vec::new()),
        |(largest, h), tile| {
            weights.net_inputs_into(tile, h);
            *largest = h.iter().fold(*largest, |m, h| m.max(h.abs().to_f64()));
        },
        |(largest, _), (other, _)| *largest = largest.max(other),
    )?;
    Ok(largest)
}

//! Why a descent ends.

use super::rate::feature_squares;
use super::{Baseline, Gradient, OptimizerKind, Penalty, Plan, Problem};
use crate::data::{ColumnKind, fold_tiles};
use crate::error::Result;
use crate::kernel::Float;
use crate::network::{Activation, Layer, Parameters, WorkingWeights};

/// Why a descent ended. Every descent ends for one of these reasons, and says so.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// A minimum: no column of the inputs has a correlation with δ above the tolerance.
    Minimum {
        /// max |Σδx_i| / (‖δ‖ ‖x_i‖) at the end.
        correlation: f64,
    },
    /// A minimum: what is left of E is the rounding of the numbers it is made of.
    Exact,
    /// No finite minimum: E has all but stopped falling while the weights go on growing.
    NoFiniteMinimum {
        /// By how much the net input of some record moved over the last epochs, at most half of all.
        movement: f64,
        /// By how much E fell over the same epochs, relative to E of the best constant.
        fall: f64,
    },
    /// E has not fallen for many epochs, and the correlation is still above the tolerance.
    NoProgress {
        /// For how many epochs.
        epochs: u64,
        /// max |Σδx_i| / (‖δ‖ ‖x_i‖) at the end.
        correlation: f64,
    },
    /// E of the records held out has not been lower for many epochs. The weights are those with the least of it.
    HeldOut {
        /// For how many epochs.
        epochs: u64,
        /// The least E of the records held out.
        loss: f64,
    },
    /// All epochs are used up.
    Epochs {
        /// max |Σδx_i| / (‖δ‖ ‖x_i‖) at the end.
        correlation: f64,
    },
    /// The observer, or the user, asked for an end.
    Interrupted,
    /// E went up and up, or was no longer finite, with an η that was given.
    Diverged {
        /// The epoch.
        epoch: u64,
        /// η of the step that did it.
        eta: f64,
        /// E there; not finite where it overflowed.
        loss: f64,
        /// The net input that was too large for f, if that was it.
        net_input: Option<f64>,
    },
    /// A bounded f is saturated: the net inputs are so far out that f' is 0 there, δ with it, and descent stands still above
    /// the error that it had before. The form that divergence takes with sigmoid, tanh and their kin.
    Saturated {
        /// The epoch.
        epoch: u64,
        /// η of the step that did it.
        eta: f64,
        /// E on the plateau.
        loss: f64,
    },
}

impl StopReason {
    /// One word for files and programs.
    pub fn name(&self) -> &'static str {
        match self {
            StopReason::Minimum { .. } => "minimum",
            StopReason::Exact => "exact",
            StopReason::NoFiniteMinimum { .. } => "no-finite-minimum",
            StopReason::NoProgress { .. } => "no-progress",
            StopReason::HeldOut { .. } => "early-stopping",
            StopReason::Epochs { .. } => "epochs",
            StopReason::Interrupted => "interrupted",
            StopReason::Diverged { .. } => "diverged",
            StopReason::Saturated { .. } => "saturated",
        }
    }

    /// Whether the descent failed: it diverged, or saturated.
    pub fn is_failure(&self) -> bool {
        matches!(self, StopReason::Diverged { .. } | StopReason::Saturated { .. })
    }
}

/// max_ij |Σ_μ vδ_j x_i| / (√Σvδ_j² √Σvx_i²): 0 at a minimum, and at most 1. It depends on neither units nor the start. With a penalty Σδx is what
/// that leaves of it.
///
/// Shapes: `feature_squares` holds ‖x_i‖², (d,).
pub(crate) fn largest_correlation(
    gradient: &Gradient,
    feature_squares: &[f64],
    penalty: &Penalty,
    parameters: &Parameters,
) -> f64 {
    let n = gradient.weight;
    let mut largest = 0.0_f64;
    for (j, &delta_squares) in gradient.delta_squares.iter().enumerate() {
        if delta_squares == 0.0 {
            continue;
        }
        let correlation = |product: f64, squares: f64| {
            if squares > 0.0 { product.abs() / (squares.sqrt() * delta_squares.sqrt()) } else { 0.0 }
        };
        let weights = gradient.descent.weights(j).iter().zip(parameters.weights(j));
        for ((&product, &weight), &squares) in weights.zip(feature_squares) {
            largest = largest.max(correlation(penalty.pull(product, weight, n), squares));
        }
        if gradient.descent.has_bias() {
            largest = largest.max(correlation(gradient.descent.bias(j), n));
        }
    }
    largest
}

/// Watches for E standing still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    since: u64,
    loss: f64,
    /// So many epochs at least,
    least: u64,
    /// with less than this fall of E, relatively.
    part: f64,
}

impl Window {
    /// Full batches: less than 10⁻¹³ of E over 300 epochs or half of all epochs so far; with `lbfgs`, which has no slow stretches, over 20. A loss
    /// with a kink has no gradient that vanishes at its minimum: less than 10⁻⁶ over 100 epochs. Stochastic steps: less than 10⁻⁵ of E over ten epochs or half of all so far.
    pub(super) fn new(loss: f64, plan: &Plan, has_kink: bool) -> Self {
        let (least, part) = match (plan.batch, plan.optimizer) {
            (Some(_), _) => (10, 1e-5),
            (None, _) if has_kink => (100, 1e-6),
            (None, OptimizerKind::LBfgs) => (20, 1e-13),
            (None, _) => (300, 1e-13),
        };
        Self { since: 0, loss, least, part }
    }

    /// For how many epochs E has not fallen by a part that counts, if that is long enough to give up.
    pub(super) fn without_progress(&mut self, epoch: u64, best_loss: f64) -> Option<u64> {
        if best_loss < self.loss * (1.0 - self.part) {
            self.since = epoch;
            self.loss = best_loss;
        }
        let waited = epoch - self.since;
        (waited >= self.least.max(epoch / 2)).then_some(waited)
    }
}

/// Watches for a direction in which E falls for ever.
///
/// At epochs 256, 512, 1024, … (with `lbfgs`, which goes far sooner, 16, 32, 64, …) and at the last it looks at the way that the best weights went since the look before. There is no finite
/// minimum, as far as can be seen, if E fell by next to nothing on that way, some record's net input moved far all the same,
/// and going the same way four times as far again, with all weights or with those that moved most, does not raise E.
#[derive(Debug, Clone)]
pub(super) struct Recession {
    first: u64,
    next: u64,
    parameters: Parameters,
    loss: f64,
}

/// The fall of E, relative to the best constant's, that is next to nothing.
const SMALL_FALL: f64 = 1e-4;
/// The rise of E, relatively, that is none: the rest of the weights is settled, and a step along with it raises E by its rounding.
const FLAT: f64 = 1e-9;
/// How far some net input must move, in units of h.
const FAR: f64 = 0.2;

impl Recession {
    pub(super) fn new(start: &Parameters, loss: f64, plan: &Plan) -> Self {
        let first = if plan.optimizer == OptimizerKind::LBfgs { 16 } else { 256 };
        Self { first, next: first / 2, parameters: start.clone(), loss }
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

//! Why a descent ends.

use super::{Gradient, OptimizerKind, Penalty, Plan};
use crate::network::Parameters;

/// Why a descent ended. Every descent ends for one of these reasons, and says so.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// A minimum: no column of the inputs has a correlation with δ above the tolerance.
    Minimum {
        /// max |Σδx_i| / (‖δ‖ ‖x_i‖) at the end.
        correlation: f64,
    },
    /// A minimum, at kinks of the loss, where no slope vanishes: without its kinks E is hardly lower, and falls no more.
    KinkedMinimum {
        /// By how much E is above what it is without its kinks, relative to E.
        above: f64,
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
            StopReason::KinkedMinimum { .. } => "minimum-at-kinks",
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
    /// and, but for one width of a kink, half of all epochs so far,
    or_half_of_all: bool,
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
        Self { since: 0, loss, least, or_half_of_all: true, part }
    }

    /// From an epoch on, E without its kink in one width: less than 10⁻⁴ over 50 epochs.
    pub(super) fn of_width(loss: f64, since: u64) -> Self {
        Self { since, loss, least: 50, or_half_of_all: false, part: 1e-4 }
    }

    /// For how many epochs E has not fallen by a part that counts, if that is long enough to give up.
    pub(super) fn without_progress(&mut self, epoch: u64, best_loss: f64) -> Option<u64> {
        if best_loss < self.loss * (1.0 - self.part) {
            self.since = epoch;
            self.loss = best_loss;
        }
        let waited = epoch - self.since;
        let of_all = if self.or_half_of_all { epoch / 2 } else { 0 };
        (waited >= self.least.max(of_all)).then_some(waited)
    }
}

//! Where a descent ends: what is looked at before each step, and with a given η after it.

use super::{Descent, rise_of_own_steps, tolerated_rise};
use crate::error::Result;
use crate::kernel::Float;
use crate::learning::stopping::Window;
use crate::learning::{Gradient, Loss, Problem, StopReason};

/// A descent with a given η has diverged when E is so many times what it was, and rose for [`RISING_EPOCHS`].
const BLOW_UP: f64 = 1e4;
const RISING_EPOCHS: u32 = 8;
/// A bounded f is saturated when Σδ² is this small beside 2E·f'(0)², for [`SATURATED_EPOCHS`].
const SATURATED: f64 = 1e-8;
const SATURATED_EPOCHS: u32 = 3;
/// So many epochs after the best one, stochastic steps may be at their end.
const STALE_EPOCHS: u64 = 5;

impl Descent {
    /// With a given η: E is far above its start and goes on rising.
    pub(super) fn blown_up(&self) -> Option<StopReason> {
        let loss = self.gradient.loss;
        let scale = self.start_loss.max(self.plan.baseline.loss);
        (self.rising >= RISING_EPOCHS && loss > BLOW_UP * scale).then_some(StopReason::Diverged {
            epoch: self.epoch,
            eta: self.eta_of_step(self.epoch),
            loss,
            net_input: None,
        })
    }

    /// With a given η and a bounded f: descent stands still, f' is 0 wherever the error is, and E with its penalty was lower before.
    pub(super) fn stuck_on_a_plateau<T: Float>(&mut self, problem: &Problem<'_, T>, before: f64) -> Option<StopReason> {
        let loss = self.gradient.loss;
        let (_, slope) = problem.activation.value_and_derivative(0.0_f64);
        let delta_squares: f64 = self.gradient.delta_squares.iter().sum();
        let objective = self.gradient.objective();
        let stands_still = (objective - before).abs() <= 1e-9 * objective;
        let flat = delta_squares <= SATURATED * 2.0 * loss * slope * slope;
        let above = objective > self.best.gradient.objective();
        let has_plateaus = problem.activation.is_bounded() && !problem.loss.leaves_plateaus();
        let saturated = has_plateaus && stands_still && flat && above;
        self.saturated = if saturated { self.saturated + 1 } else { 0 };
        (self.saturated >= SATURATED_EPOCHS).then_some(StopReason::Saturated {
            epoch: self.epoch,
            eta: self.eta_of_step(self.epoch),
            loss,
        })
    }

    /// Whether the next step is not to be taken, and why.
    pub(super) fn reason_to_stop<T: Float>(&mut self, problem: &Problem<'_, T>) -> Result<Option<StopReason>> {
        let correlation = self.correlation();
        let at_best = self.gradient.objective() <= self.best.gradient.objective() * (1.0 + tolerated_rise::<T>());
        if at_best && self.is_exact(problem) {
            return Ok(Some(StopReason::Exact));
        }
        if at_best && correlation <= self.plan.tolerance {
            if flat_output(&self.gradient, problem).is_some() {
                let (epoch, eta, loss) = (self.epoch, self.eta_of_step(self.epoch), self.gradient.loss);
                return Ok(Some(StopReason::Saturated { epoch, eta, loss }));
            }
            // Of weights with the same E to its rounding, those at which the slope was found to be small.
            if self.gradient.objective() <= self.best.gradient.objective() * (1.0 + rise_of_own_steps::<T>()) {
                self.keep_as_best();
            }
            return Ok(Some(StopReason::Minimum { correlation }));
        }
        if let (Some(patience), Some(kept)) = (self.plan.patience, &self.kept)
            && self.epoch - kept.epoch >= patience
        {
            return Ok(Some(StopReason::HeldOut { epochs: self.epoch - kept.epoch, loss: kept.score }));
        }
        // Stochastic steps that go on finding a lower E, however little lower, are slow and not at their end; and a smaller η leads further down.
        let is_slow = self.plan.batch.is_some()
            && (self.epoch - self.best.epoch < STALE_EPOCHS || self.plan.course.schedule.goes_down());
        if let Some(epochs) = self.window.without_progress(self.epoch, self.best.gradient.objective())
            && !is_slow
        {
            return Ok(Some(StopReason::NoProgress { epochs, correlation }));
        }
        let last = self.epoch >= self.plan.epochs;
        // With a penalty every minimum is finite.
        let may_recede = self.plan.batch.is_none() && self.plan.penalty.is_none();
        if may_recede && (last || self.recession.is_due(self.epoch)) {
            let (best, loss) = (&self.best.parameters, self.best.gradient.loss);
            if let Some(reason) = self.recession.look(problem, &self.plan.baseline, self.epoch, best, loss)? {
                return Ok(Some(reason));
            }
        }
        Ok(last.then_some(StopReason::Epochs { correlation }))
    }

    /// The reason for which descent ends, if it does not go on with a narrower width where the one so far leads no further down.
    pub(super) fn narrow_or_end(&mut self, reason: StopReason) -> Option<StopReason> {
        if self.epoch >= self.plan.epochs {
            return Some(reason);
        }
        let ends = self.smoothing.narrow(&self.best.gradient, reason);
        if ends.is_none() {
            self.layer.parameters_mut().copy_from(&self.best.parameters);
            self.optimizer.restart();
            self.narrowed = true;
        }
        ends
    }

    /// Takes in E and its slope with a narrower width, at the weights to which the one before has led.
    pub(super) fn begin_narrower(&mut self) {
        self.narrowed = false;
        self.rejected_in_a_row = 0;
        self.accepted_in_a_row = 0;
        self.keep_as_best();
        self.window = Window::of_width(self.gradient.objective(), self.epoch);
    }

    /// Whether E is at the rounding level of ½Σy².
    fn is_exact<T: Float>(&self, problem: &Problem<'_, T>) -> bool {
        self.plan.penalty.is_none() && self.gradient.loss <= rounding(problem)
    }
}

/// The E that is made of rounding alone: each h is a sum of d terms, and each residual a difference of such numbers. The log of a probability and
/// the margin of a class can come to 0 exactly.
fn rounding<T: Float>(problem: &Problem<'_, T>) -> f64 {
    let relative = 16.0 * T::EPSILON * (problem.source.shape().n_features() + 4) as f64;
    let squares: f64 = problem.moments.targets().iter().map(|target| target.sum_squares()).sum();
    let n_values = problem.moments.weight() * problem.source.shape().n_outputs() as f64;
    match problem.loss {
        Loss::Squared | Loss::Huber { .. } => relative * relative * 0.5 * squares,
        // Σ|y| ≤ √(N Σy²).
        Loss::Poisson | Loss::Quantile { .. } => relative * (n_values * squares).sqrt(),
        Loss::Log | Loss::Hinge => 0.0,
    }
}

/// An output with errors above rounding of which none gives a δ: every f'(h) is 0, and its weights can never move. Where E is convex in h, that is
/// its minimum instead.
pub(super) fn flat_output<T: Float>(gradient: &Gradient, problem: &Problem<'_, T>) -> Option<usize> {
    if problem.loss.is_convex_with(problem.activation) {
        return None;
    }
    let rounding = rounding(problem);
    let outputs = gradient.delta_squares.iter().zip(&gradient.losses);
    outputs.enumerate().find(|(_, (delta, loss))| **delta == 0.0 && **loss > rounding).map(|(j, _)| j)
}

//! Losses with a kink, and the same losses without it: a parabola of some width in its place, that becomes narrower as descent goes on.
//!
//! At a kink the slope of E jumps, and what L-BFGS has learned of its curvature on the one side is wrong on the other. Without the kink E_μ is smooth, nowhere
//! above E, and below it by at most N·μ/2 for a width of μ, so that its minima lead to one of E as the width goes to 0.
//!
//! Source: Nesterov 2005, smooth minimization of non-smooth functions, section 2: L(r) = max over slopes s of s·r, and L_μ(r) = max of s·r − μs²/2.

use super::{Gradient, Loss, OptimizerKind, Plan, Problem, StopReason};
use crate::kernel::Float;

/// A loss, with a parabola in the place of its kink where the width is not 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SmoothedLoss {
    loss: Loss,
    width: f64,
}

impl SmoothedLoss {
    /// The width is in units of r or of the margin for a slope of 1: `None` and 0 leave the loss as it is.
    pub(crate) fn of(loss: Loss, width: Option<&f64>) -> Self {
        Self { loss, width: width.copied().unwrap_or(0.0) }
    }

    /// The loss itself.
    pub(crate) fn loss(self) -> Loss {
        self.loss
    }

    /// Whether it is the loss as it is.
    pub(crate) fn is_exact(self) -> bool {
        self.width == 0.0
    }

    /// What stands in for the kink, in the type of the data: for a width that is not 0 and a loss that has one.
    pub(crate) fn parabola<T: Float>(self) -> Parabola<T> {
        let (least, most) = match self.loss {
            Loss::Quantile { level } => (level - 1.0, level),
            _ => (0.0, 1.0),
        };
        let [least, most, width] = [least, most, self.width].map(T::from_f64);
        Parabola { least, most, width, inverse: T::ONE / width }
    }
}

/// L_μ(r) = s·r − μs²/2 with the slope s = r/μ of a parabola, but no less and no more than the slopes of L.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parabola<T> {
    least: T,
    most: T,
    width: T,
    inverse: T,
}

impl<T: Float> Parabola<T> {
    #[inline(always)]
    fn at(self, distance: T) -> (T, T) {
        let slope = (distance * self.inverse).max(self.least);
        let slope = if slope > self.most { self.most } else { slope };
        (slope * distance - T::from_f64(0.5) * self.width * slope * slope, slope)
    }

    /// L_μ(y, ŷ) and −∂L_μ/∂ŷ of `quantile`, in which r is y − ŷ.
    #[inline(always)]
    pub(crate) fn of_residual(self, target: T, output: T) -> (T, T) {
        self.at(target - output)
    }

    /// The same of `hinge`, in which r is 1 − yŷ.
    #[inline(always)]
    pub(crate) fn of_margin(self, target: T, output: T) -> (T, T) {
        let (value, slope) = self.at(T::ONE - target * output);
        (value, target * slope)
    }

    /// The same of either.
    #[inline(always)]
    pub(crate) fn of(self, loss: Loss, target: T, output: T) -> (T, T) {
        match loss {
            Loss::Hinge => self.of_margin(target, output),
            _ => self.of_residual(target, output),
        }
    }
}

/// The first widths for each output: the standard deviation of its target, or a margin of 1. None where E is gone down as it is: by another rule than L-BFGS,
/// with records held out, whose E is looked at with its kinks and waits for no width, and with targets that are all the same.
pub(super) fn first_widths<T: Float>(problem: &Problem<'_, T>, rule: OptimizerKind, patience: Option<u64>) -> Vec<f64> {
    let targets = problem.moments.targets();
    let widths: Vec<f64> = match problem.loss {
        _ if rule != OptimizerKind::LBfgs || patience.is_some() => Vec::new(),
        Loss::Quantile { .. } => targets.iter().map(|target| target.standard_deviation()).collect(),
        Loss::Hinge => vec![1.0; problem.source.shape().n_outputs()],
        _ => Vec::new(),
    };
    if widths.iter().any(|width| *width > 0.0) { widths } else { Vec::new() }
}

/// The widths with which descent by L-BFGS goes down a loss with a kink.
#[derive(Debug, Clone)]
pub(super) struct Smoothing {
    /// One for each output; none where E is gone down as it is.
    widths: Vec<f64>,
    narrowed: u32,
}

impl Smoothing {
    /// Each width is so much of the one before.
    const NARROWER: f64 = 0.25;
    /// Down to 10⁻⁹ of the first width.
    const MOST_NARROWED: u32 = 15;
    /// What E may be above E_μ, relatively, where descent ends.
    const GAP: f64 = 1e-6;

    /// What a plan begins with.
    pub(super) fn of(plan: &Plan) -> Self {
        Self { widths: plan.kink_widths.clone(), narrowed: 0 }
    }

    /// The width of each output; none for the loss as it is.
    pub(super) fn widths(&self) -> &[f64] {
        &self.widths
    }

    /// Whether descent goes down something else than E.
    pub(super) fn is_there(&self) -> bool {
        !self.widths.is_empty()
    }

    /// At the end of what a width leads to, for a reason: makes it narrower, or gives the reason for which descent ends.
    pub(super) fn narrow(&mut self, end: &Gradient, reason: StopReason) -> Option<StopReason> {
        if !self.is_there() || !matches!(reason, StopReason::Minimum { .. } | StopReason::NoProgress { .. }) {
            return Some(reason);
        }
        let above = (end.error() - end.objective()) / end.error();
        match reason {
            StopReason::NoProgress { .. } if above <= Self::GAP => {
                Some(StopReason::KinkedMinimum { above: above.max(0.0) })
            }
            _ if above.is_nan() || above <= Self::GAP || self.narrowed == Self::MOST_NARROWED => Some(reason),
            _ => {
                self.widths.iter_mut().for_each(|width| *width *= Self::NARROWER);
                self.narrowed += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L_μ by trying slopes out, as its definition has it.
    fn by_definition(distance: f64, [least, most]: [f64; 2], width: f64) -> f64 {
        let slopes = (0..=100_000).map(|k| least + (most - least) * f64::from(k) / 1e5);
        slopes.map(|s| s * distance - 0.5 * width * s * s).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn a_smoothed_loss_is_the_largest_over_its_slopes_and_near_the_loss() {
        let losses = [(Loss::Quantile { level: 0.9 }, [-0.1, 0.9]), (Loss::Hinge, [0.0, 1.0])];
        for (loss, slopes) in losses {
            for width in [2.0, 0.1] {
                for output in [-3.0, -1.0, -0.05, 0.0, 0.01, 0.5, 0.95, 1.0, 1.05, 4.0] {
                    let parabola = SmoothedLoss::of(loss, Some(&width)).parabola();
                    let (value, slope) = parabola.of(loss, 1.0, output);
                    assert!((value - by_definition(1.0 - output, slopes, width)).abs() < 1e-9, "{loss} {output}");
                    let exact = loss.value(1.0, output);
                    assert!(
                        value <= exact && exact - value <= 0.5 * width + 1e-12,
                        "{loss} {output}: {value} of {exact}"
                    );
                    let at = |output: f64| parabola.of(loss, 1.0, output).0;
                    let difference = (at(output - 1e-6) - at(output + 1e-6)) / 2e-6;
                    assert!((slope - difference).abs() < 1e-5, "{loss} {output}: {slope} beside {difference}");
                }
            }
        }
    }
}

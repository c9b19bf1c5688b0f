//! The heart: the error term δ = (y − ŷ) f'(h).

use super::Loss;
use crate::kernel::{Float, LANES, squared_deltas};
use crate::network::Activation;

/// One output of one record, worked out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorTerm {
    /// ŷ = f(h).
    pub output: f64,
    /// f'(h): at h, not at x.
    pub derivative: f64,
    /// y − ŷ.
    pub residual: f64,
    /// δ = (y − ŷ) f'(h) = −∂E/∂h.
    pub delta: f64,
}

/// δ of one output of one record, with the numbers it is made of.
///
/// Source: Widrow, Hoff 1960; Rumelhart, Hinton, Williams 1986, eq. 13 for an output unit.
///
/// ```
/// use deltarule_core::{Activation, Loss, delta};
/// let term = delta(Loss::Squared, &Activation::Identity, 5.0, 3.0);
/// assert_eq!((term.output, term.residual, term.delta), (3.0, 2.0, 2.0));
/// ```
#[inline(always)]
pub fn delta(loss: Loss, activation: &Activation, target: f64, net_input: f64) -> ErrorTerm {
    let (output, derivative) = activation.value_and_derivative(net_input);
    let residual = target - output;
    match loss {
        Loss::Squared => ErrorTerm { output, derivative, residual, delta: residual * derivative },
    }
}

/// y − ŷ and δ for some rows, and their sums.
///
/// Shapes: `target` and `net_input` (rows,); `residual` and `delta` are written, (rows,); `sums` are Σ(y − ŷ)², Σδ² and Σδ in lanes. The loss
/// is E = ½ Σ residual².
pub(crate) fn delta_into<T: Float>(
    loss: Loss,
    activation: &Activation,
    target: &[T],
    net_input: &[T],
    residual: &mut [T],
    delta: &mut [T],
    sums: &mut [[T; LANES]; 3],
) {
    activation.value_and_derivative_into(net_input, residual, delta);
    match loss {
        Loss::Squared => squared_deltas(target, residual, delta, sums),
    }
}

//! The heart: the error term δ = −∂L/∂h = −∂L/∂ŷ · f'(h), which for the squared error is (y − ŷ) f'(h).

use super::Loss;
use super::kink::SmoothedLoss;
use crate::kernel::{Float, LANES, add_losses, add_terms, squared_deltas};
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
    /// −∂L/∂ŷ, which for the squared error is y − ŷ.
    pub slope: f64,
    /// δ = −∂E/∂h: −∂L/∂ŷ · f'(h), for the squared error (y − ŷ) f'(h); with softmax, where every output depends on this h, y − ŷ.
    pub delta: f64,
    /// L(y, ŷ), the part of this output in E.
    pub loss: f64,
}

/// δ of one output of one record, with the numbers it is made of.
///
/// Where loss and activation belong together (log and sigmoid, log and softmax, Poisson and exp), δ and L are worked out from h in one: δ = y − ŷ then, with all
/// its digits where ŷ is next to y.
///
/// With softmax the net inputs of a record are to be [coupled](Activation::couple) first.
///
/// Sources: Widrow, Hoff 1960; Rumelhart, Hinton, Williams 1986, eq. 13 for an output unit; McCullagh, Nelder 1989, chapter 2, for the pairs.
///
/// ```
/// use deltarule_core::{Activation, Loss, delta};
/// let term = delta(Loss::Squared, &Activation::Identity, 5.0, 3.0);
/// assert_eq!((term.output, term.residual, term.delta), (3.0, 2.0, 2.0));
/// let far = delta(Loss::Log, &Activation::Sigmoid, 0.0, 1000.0);
/// assert_eq!((far.delta, far.loss), (-1.0, 1000.0));
/// ```
#[inline(always)]
pub fn delta(loss: Loss, activation: &Activation, target: f64, net_input: f64) -> ErrorTerm {
    let (output, derivative) = activation.value_and_derivative(net_input);
    ErrorTerm {
        output,
        derivative,
        residual: target - output,
        slope: match activation {
            Activation::Softmax => target / output,
            _ => loss.slope(target, output),
        },
        delta: delta_of(loss, activation, target, net_input),
        loss: loss_of(loss, activation, target, net_input),
    }
}

/// δ alone.
#[inline(always)]
pub(crate) fn delta_of<T: Float>(loss: Loss, activation: &Activation, target: T, net_input: T) -> T {
    match (loss, activation) {
        // y − σ(h), of which neither part cancels: 1 − σ(h) = σ(−h).
        (Loss::Log, Activation::Sigmoid) => {
            let (output, _) = activation.value_and_derivative(net_input);
            let (rest, _) = activation.value_and_derivative(-net_input);
            target * rest - (T::ONE - target) * output
        }
        (Loss::Poisson, Activation::Exp) => target - net_input.exp(),
        // y − p with h = ln p.
        (Loss::Log, Activation::Softmax) => target * net_input.one_less_exp() - (T::ONE - target) * net_input.exp(),
        _ => {
            let (output, derivative) = activation.value_and_derivative(net_input);
            loss.slope(target, output) * derivative
        }
    }
}

/// L(y, f(h)) alone.
#[inline(always)]
pub(crate) fn loss_of<T: Float>(loss: Loss, activation: &Activation, target: T, net_input: T) -> T {
    match (loss, activation) {
        // ln(1 + eʰ) − yh.
        (Loss::Log, Activation::Sigmoid) => {
            (net_input.max(T::ZERO) - target * net_input) + (-net_input.abs()).exp().ln_1p_of_share()
        }
        // −y ln p with h = ln p; 0 ln 0 is 0.
        (Loss::Log, Activation::Softmax) => {
            if target > T::ZERO {
                -(target * net_input)
            } else {
                T::ZERO
            }
        }
        // eʰ − y − y(h − ln y).
        (Loss::Poisson, Activation::Exp) => {
            let own = if target > T::ZERO { target * (net_input - target.ln()) } else { T::ZERO };
            // Below 0 only by rounding.
            ((net_input.exp() - target) - own).max(T::ZERO)
        }
        _ => loss.value(target, activation.value(net_input)),
    }
}

/// What δ of some rows is worked out from: y, h, and the weights v of the records, if not all are 1. Shapes: (rows,).
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeltaRows<'a, T> {
    pub(crate) target: &'a [T],
    pub(crate) net_input: &'a [T],
    pub(crate) weights: Option<&'a [T]>,
}

/// vδ for some rows of weights v, or δ where all are 1, and sums over them.
///
/// Shapes: `delta` is written, (rows,), `residual` is scratch; `sums` are ΣvL, Σvδ² and Σvδ in lanes.
/// Of the squared error the first is Σv(y − ŷ)², without its ½: [`sum_factor`] has it. Without its kink, L and δ are those of the loss without it.
pub(crate) fn delta_into<T: Float>(
    smoothed: SmoothedLoss,
    activation: &Activation,
    rows: DeltaRows<'_, T>,
    residual: &mut [T],
    delta: &mut [T],
    sums: &mut [[T; LANES]; 3],
) {
    let DeltaRows { target, net_input, weights } = rows;
    let loss = smoothed.loss();
    // One match outside of each loop: for a known pair the compiler sees the one arm, and makes vectors of it.
    macro_rules! add {
        ($term:expr) => {
            match weights {
                None => add_terms(target, net_input, delta, sums, |_| T::ONE, $term),
                Some(v) => add_terms(target, net_input, delta, sums, |r| v[r], $term),
            }
        };
    }
    macro_rules! terms {
        ($loss:expr, $activation:expr) => {
            add!(|y, h| (loss_of($loss, $activation, y, h), delta_of($loss, $activation, y, h)))
        };
    }
    match (loss, activation) {
        (Loss::Quantile { .. } | Loss::Hinge, _) if !smoothed.is_exact() => {
            let parabola = smoothed.parabola();
            match (loss, activation) {
                (Loss::Hinge, Activation::Identity) => add!(|y, h| parabola.of_margin(y, h)),
                (_, Activation::Identity) => add!(|y, h| parabola.of_residual(y, h)),
                _ => add!(|y, h| {
                    let (output, derivative) = activation.value_and_derivative(h);
                    let (value, slope) = parabola.of(loss, y, output);
                    (value, slope * derivative)
                }),
            }
        }
        (Loss::Squared, _) => {
            activation.value_and_derivative_into(net_input, residual, delta);
            match weights {
                None => squared_deltas(target, residual, delta, sums, |_| T::ONE),
                Some(v) => squared_deltas(target, residual, delta, sums, |r| v[r]),
            }
        }
        (Loss::Log, Activation::Sigmoid) => terms!(Loss::Log, &Activation::Sigmoid),
        (Loss::Log, Activation::Softmax) => terms!(Loss::Log, &Activation::Softmax),
        (Loss::Quantile { level }, Activation::Identity) => terms!(Loss::Quantile { level }, &Activation::Identity),
        (Loss::Hinge, Activation::Identity) => terms!(Loss::Hinge, &Activation::Identity),
        (_, Activation::Identity) => terms!(loss, &Activation::Identity),
        (_, Activation::Exp) => terms!(loss, &Activation::Exp),
        _ => terms!(loss, activation),
    }
}

/// ΣvL over some rows, in lanes: E where what is gone down is something else.
pub(crate) fn add_losses_of<T: Float>(
    loss: Loss,
    activation: &Activation,
    rows: DeltaRows<'_, T>,
    losses: &mut [T; LANES],
) {
    let DeltaRows { target, net_input, weights } = rows;
    macro_rules! add {
        ($loss:expr, $activation:expr) => {{
            let value = |y, h| loss_of($loss, $activation, y, h);
            match weights {
                None => add_losses(target, net_input, losses, |_| T::ONE, value),
                Some(v) => add_losses(target, net_input, losses, |r| v[r], value),
            }
        }};
    }
    match (loss, activation) {
        (Loss::Quantile { level }, Activation::Identity) => add!(Loss::Quantile { level }, &Activation::Identity),
        (Loss::Hinge, Activation::Identity) => add!(Loss::Hinge, &Activation::Identity),
        _ => add!(loss, activation),
    }
}

/// What the first of the sums of [`delta_into`] is multiplied by to give E.
pub(crate) fn sum_factor(loss: Loss) -> f64 {
    match loss {
        Loss::Squared => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_exact_far_out() {
        let log = |y: f64, h: f64| {
            (delta_of(Loss::Log, &Activation::Sigmoid, y, h), loss_of(Loss::Log, &Activation::Sigmoid, y, h))
        };
        assert_eq!(log(1.0, 1000.0), (0.0, 0.0));
        assert_eq!(log(0.0, -1000.0), (0.0, 0.0));
        assert_eq!(log(1.0, -1000.0), (1.0, 1000.0));
        assert_eq!(log(0.0, 1000.0), (-1.0, 1000.0));
        // Where σ(h) rounds to 1 there is still something left to learn.
        let (delta, loss) = log(1.0, 40.0);
        let exact = (-40.0_f64).exp();
        assert!((delta / exact - 1.0).abs() < 1e-15 && (loss / exact - 1.0).abs() < 1e-15);
        let poisson = |y: f64, h: f64| {
            (delta_of(Loss::Poisson, &Activation::Exp, y, h), loss_of(Loss::Poisson, &Activation::Exp, y, h))
        };
        assert_eq!(poisson(0.0, -1000.0), (0.0, 0.0));
        assert_eq!(poisson(3.0, -1000.0).0, 3.0);
        assert!((poisson(3.0, -1000.0).1 - (3000.0 - 3.0 + 3.0 * 3.0_f64.ln())).abs() < 1e-9);
    }

    #[test]
    fn a_pair_is_what_its_parts_are() {
        for (loss, activation, targets) in
            [(Loss::Log, Activation::Sigmoid, [0.0, 0.3, 1.0]), (Loss::Poisson, Activation::Exp, [0.0, 1.0, 7.0])]
        {
            for y in targets {
                for h in [-3.0, -0.5, 0.0, 0.1, 2.0, 5.0] {
                    let term = delta(loss, &activation, y, h);
                    let delta = term.slope * term.derivative;
                    let value = loss.value(y, term.output);
                    assert!((term.delta - delta).abs() <= 1e-13 * (1.0 + delta.abs()), "{loss} {y} {h}");
                    assert!((term.loss - value).abs() <= 1e-12 * (1.0 + value.abs()), "{loss} {y} {h}");
                }
            }
        }
    }
}

//! Activation functions f, their derivatives f', and what the choice of η needs to know of them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use super::formula::{Formula, FormulaError};
use crate::kernel::{Float, map_pairs, map_pairs_in_two, tanh_and_derivative, tanh_and_derivative_of, tanh_exp};

/// The activation function f of ŷ = f(h).
///
/// [`Activation::ALL`] lists the built-in ones, from which help texts, documents and tests are made; any other function is a
/// [`Formula`] of h.
///
/// ```
/// use deltarule_core::Activation;
/// let f: Activation = "sigmoid".parse()?;
/// assert_eq!(f.value(0.0), 0.5);
/// assert_eq!(f.value_and_derivative(0.0_f64), (0.5, 0.25));
/// let g: Activation = "h / (1 + abs(h))".parse()?;
/// assert_eq!(g.value(1.0), 0.5);
/// # Ok::<(), deltarule_core::UnknownActivation>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// f(h) = h: linear regression.
    Identity,
    /// f(h) = 1/(1 + e⁻ʰ), between 0 and 1.
    Sigmoid,
    /// f(h) = tanh h, between −1 and 1.
    Tanh,
    /// f(h) = max(0, h); f'(0) = 0.
    Relu,
    /// f(h) = h for h > 0, h/100 otherwise; f'(0) = 0.01.
    LeakyRelu,
    /// f(h) = h for h > 0, eʰ − 1 otherwise.
    Elu,
    /// f(h) = ln(1 + eʰ), above 0.
    Softplus,
    /// f(h) = h/(1 + |h|), between −1 and 1.
    Softsign,
    /// f(h) = h Φ(h) with the normal distribution function Φ (Hendrycks, Gimpel 2016).
    Gelu,
    /// f(h) = h/(1 + e⁻ʰ).
    Silu,
    /// f(h) = eʰ, above 0.
    Exp,
    /// f(h) = 1 for h ≥ 0, 0 otherwise. It predicts; it cannot be trained by the delta rule, since f' = 0.
    Step,
    /// f_j(h) = e^{h_j}/Σ_k e^{h_k}: probabilities of several classes, which sum to 1. The only one whose outputs depend on each other, and not
    /// among [`Activation::ALL`]: every h is first [taken relative to all](Activation::couple), z_j = h_j − ln Σ_k e^{h_k}, and f(z) = eᶻ.
    Softmax,
    /// Any formula of h.
    Formula(Arc<Formula>),
}

/// The slope of [`Activation::LeakyRelu`] below 0.
const LEAK: f64 = 0.01;

impl Activation {
    /// The built-in activations.
    pub const ALL: &'static [Activation] = &[
        Activation::Identity,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Softplus,
        Activation::Softsign,
        Activation::Gelu,
        Activation::Silu,
        Activation::Exp,
        Activation::Step,
    ];

    /// The name that every front end uses; a formula's own text.
    pub fn name(&self) -> &str {
        match self {
            Activation::Identity => "identity",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::LeakyRelu => "leaky-relu",
            Activation::Elu => "elu",
            Activation::Softplus => "softplus",
            Activation::Softsign => "softsign",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Exp => "exp",
            Activation::Step => "step",
            Activation::Softmax => "softmax",
            Activation::Formula(formula) => formula.text(),
        }
    }

    /// f(h) written as a formula of h.
    pub fn value_text(&self) -> &str {
        match self {
            Activation::Identity => "h",
            Activation::Sigmoid => "1 / (1 + exp(-h))",
            Activation::Tanh => "tanh(h)",
            Activation::Relu => "max(0, h)",
            Activation::LeakyRelu => "max(0.01 h, h)",
            Activation::Elu => "h if h > 0, exp(h) - 1 otherwise",
            Activation::Softplus => "ln(1 + exp(h))",
            Activation::Softsign => "h / (1 + |h|)",
            Activation::Gelu => "h Φ(h)",
            Activation::Silu => "h / (1 + exp(-h))",
            Activation::Exp => "exp(h)",
            Activation::Step => "1 if h >= 0, 0 otherwise",
            Activation::Softmax => "exp(h) / Σ exp(h of each class)",
            Activation::Formula(formula) => formula.text(),
        }
    }

    /// f'(h) written as a formula of h; `None` for a formula whose derivative is too long to read.
    pub fn derivative_text(&self) -> Option<String> {
        let text = match self {
            Activation::Identity => "1",
            Activation::Sigmoid => "f(h) (1 - f(h))",
            Activation::Tanh => "1 - f(h)²",
            Activation::Relu => "1 if h > 0, 0 otherwise",
            Activation::LeakyRelu => "1 if h > 0, 0.01 otherwise",
            Activation::Elu => "1 if h > 0, exp(h) otherwise",
            Activation::Softplus => "1 / (1 + exp(-h))",
            Activation::Softsign => "1 / (1 + |h|)²",
            Activation::Gelu => "Φ(h) + h φ(h)",
            Activation::Silu => "s(h) (1 + h (1 - s(h))) with s(h) = 1 / (1 + exp(-h))",
            Activation::Exp => "exp(h)",
            Activation::Step => "0",
            Activation::Softmax => "f(h) (1 - f(h))",
            Activation::Formula(formula) => return formula.derivative_text(),
        };
        Some(text.to_owned())
    }

    /// f(h).
    pub fn value<T: Float>(&self, h: T) -> T {
        self.value_and_derivative(h).0
    }

    /// f(h) and f'(h), each to full precision of its own (1 − f is never formed where f is near 1).
    #[inline(always)]
    pub fn value_and_derivative<T: Float>(&self, h: T) -> (T, T) {
        let one = T::ONE;
        match self {
            Activation::Identity => (h, one),
            Activation::Sigmoid => sigmoid(h),
            Activation::Tanh => tanh_and_derivative(h),
            Activation::Relu => {
                if h > T::ZERO {
                    (h, one)
                } else {
                    (T::ZERO, T::ZERO)
                }
            }
            Activation::LeakyRelu => {
                let leak = T::from_f64(LEAK);
                if h > T::ZERO { (h, one) } else { (leak * h, leak) }
            }
            Activation::Elu => {
                if h > T::ZERO {
                    (h, one)
                } else {
                    (h.exp_m1(), h.exp())
                }
            }
            Activation::Softplus => (h.max(T::ZERO) + (-h.abs()).exp().ln_1p(), sigmoid(h).0),
            Activation::Softsign => {
                let q = one / (one + h.abs());
                (h * q, q * q)
            }
            Activation::Gelu => {
                let (cdf, density) = normal(h);
                (h * cdf, cdf + h * density)
            }
            Activation::Silu => {
                let (s, _) = sigmoid(h);
                let (rest, _) = sigmoid(-h);
                (h * s, s * (one + h * rest))
            }
            Activation::Exp => {
                let e = h.exp();
                (e, e)
            }
            Activation::Step => (if h >= T::ZERO { one } else { T::ZERO }, T::ZERO),
            // h is ln p here, and ∂p/∂h = p(1 − p) for the h that p belongs to.
            Activation::Softmax => {
                let p = h.exp();
                (p, p * h.one_less_exp())
            }
            Activation::Formula(formula) => {
                let (value, derivative) = formula.value_and_derivative(h.to_f64());
                (T::from_f64(value), T::from_f64(derivative))
            }
        }
    }

    /// Takes the net inputs of outputs that depend on each other relative to all: h_j becomes h_j − ln Σ_k e^{h_k}, the logarithm of a
    /// probability. Nothing for every activation but [`Activation::Softmax`].
    ///
    /// Shape: (J, rows), output by output. The largest h of a row is taken out before anything is raised to a power, and what is left of it has all
    /// its digits: ln p = −ln(1 + Σ e^{h_k − h_max}) over the others.
    pub fn couple<T: Float>(&self, net_inputs: &mut [T], n_rows: usize) {
        if *self != Activation::Softmax || n_rows == 0 {
            return;
        }
        let n_outputs = net_inputs.len() / n_rows;
        for r in 0..n_rows {
            let (mut largest, mut own) = (net_inputs[r], 0);
            for j in 1..n_outputs {
                let h = net_inputs[j * n_rows + r];
                if h > largest {
                    (largest, own) = (h, j);
                }
            }
            let mut others = T::ZERO;
            for j in (0..n_outputs).filter(|j| *j != own) {
                others += (net_inputs[j * n_rows + r] - largest).exp();
            }
            let rest = others.ln_1p();
            for j in 0..n_outputs {
                let h = &mut net_inputs[j * n_rows + r];
                *h = (*h - largest) - rest;
            }
        }
    }

    /// ŷ = f(h) and f'(h) for every row. Shapes: all (rows,).
    pub(crate) fn value_and_derivative_into<T: Float>(&self, h: &[T], output: &mut [T], derivative: &mut [T]) {
        // One match outside of each loop: for a known activation the compiler sees the one arm, and makes vectors of it.
        macro_rules! map {
            ($activation:path) => {
                map_pairs(h, output, derivative, |h| $activation.value_and_derivative(h))
            };
        }
        match self {
            Activation::Identity => map!(Activation::Identity),
            Activation::Sigmoid => map_pairs_in_two(h, output, derivative, sigmoid_exp, sigmoid_of),
            Activation::Tanh => map_pairs_in_two(h, output, derivative, tanh_exp, tanh_and_derivative_of),
            Activation::Relu => map!(Activation::Relu),
            Activation::LeakyRelu => map!(Activation::LeakyRelu),
            Activation::Softsign => map!(Activation::Softsign),
            Activation::Silu => map!(Activation::Silu),
            Activation::Exp => map!(Activation::Exp),
            _ => map_pairs(h, output, derivative, |h| self.value_and_derivative(h)),
        }
    }

    /// f''(h), for the curvature bound; `None` for a formula.
    fn second_derivative(&self, h: f64) -> Option<f64> {
        Some(match self {
            Activation::Identity | Activation::Relu | Activation::LeakyRelu | Activation::Step => 0.0,
            Activation::Softmax => return None,
            Activation::Sigmoid => {
                let (s, d) = sigmoid(h);
                d * (sigmoid(-h).0 - s)
            }
            Activation::Tanh => {
                let (t, d) = self.value_and_derivative(h);
                -2.0 * t * d
            }
            Activation::Elu => {
                if h > 0.0 {
                    0.0
                } else {
                    libm::exp(h)
                }
            }
            Activation::Softplus => sigmoid(h).1,
            Activation::Softsign => {
                let q = 1.0 / (1.0 + h.abs());
                -2.0 * h.signum() * q * q * q
            }
            Activation::Gelu => normal(h).1 * (2.0 - h * h),
            Activation::Silu => {
                let (s, d) = sigmoid(h);
                d * (2.0 + h * (sigmoid(-h).0 - s))
            }
            Activation::Exp => libm::exp(h),
            Activation::Formula(_) => return None,
        })
    }

    /// c: the largest curvature of ½(y − f(h))² in h, f'² − (y − f) f'', over all h and all targets y in `[low, high]`.
    ///
    /// With η ≤ 1/(c·λmax) no step of plain gradient descent raises E. `None` where there is no bound (exp, a kink that bends
    /// upwards) or none is known (a formula). The curvature is linear in y, so its supremum lies at one end of the targets;
    /// over h it is found on a grid and refined by golden section.
    ///
    /// ```
    /// use deltarule_core::Activation;
    /// assert_eq!(Activation::Identity.curvature_bound(-5.0, 9.0), Some(1.0));
    /// assert!((Activation::Sigmoid.curvature_bound(0.0, 1.0).unwrap() - 0.077).abs() < 1e-4);
    /// ```
    pub fn curvature_bound(&self, low: f64, high: f64) -> Option<f64> {
        self.curvature_bound_up_to(f64::INFINITY, low, high)
    }

    /// The same where y − f counts as no more than `most` and no less than −`most` (Huber's error).
    pub(crate) fn curvature_bound_up_to(&self, most: f64, low: f64, high: f64) -> Option<f64> {
        match self {
            Activation::Identity => return Some(1.0),
            // At the kink E's slope jumps by −y: down, and harmless, for y ≥ 0; up, and unbounded, for y < 0.
            Activation::Relu | Activation::LeakyRelu => return (low >= 0.0).then_some(1.0),
            Activation::Exp | Activation::Step | Activation::Softmax | Activation::Formula(_) => return None,
            _ => {}
        }
        let curvature = |h: f64, y: f64| {
            let (f, d) = self.value_and_derivative(h);
            self.second_derivative(h).map_or(f64::INFINITY, |second| d * d - (y - f).clamp(-most, most) * second)
        };
        // h = sinh(u): fine near 0, far out at the ends.
        const POINTS: i32 = 4000;
        let h_at = |u: f64| libm::sinh(u);
        let step = 5.5 / f64::from(POINTS);
        let mut largest = 0.0_f64;
        for y in [low, high] {
            let (mut best, mut best_u) = (f64::NEG_INFINITY, 0.0);
            for i in -POINTS..=POINTS {
                let u = f64::from(i) * step;
                let c = curvature(h_at(u), y);
                if c > best {
                    (best, best_u) = (c, u);
                }
            }
            let refined = golden_maximum(best_u - step, best_u + step, |u| curvature(h_at(u), y));
            largest = largest.max(best).max(refined);
        }
        Some(largest)
    }

    /// The open interval that outputs lie in.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Activation::Sigmoid | Activation::Softmax => (0.0, 1.0),
            Activation::Tanh | Activation::Softsign => (-1.0, 1.0),
            Activation::Relu | Activation::Softplus | Activation::Exp => (0.0, f64::INFINITY),
            Activation::Elu => (-1.0, f64::INFINITY),
            Activation::Step => (0.0, 1.0),
            Activation::Gelu => (-0.17, f64::INFINITY),
            Activation::Silu => (-0.2785, f64::INFINITY),
            Activation::Identity | Activation::LeakyRelu | Activation::Formula(_) => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Whether f levels off on both sides, so that descent with too large an η saturates instead of blowing up.
    pub fn is_bounded(&self) -> bool {
        let (low, high) = self.range();
        low.is_finite() && high.is_finite()
    }

    /// Whether any weight can move by the delta rule.
    pub fn is_trainable(&self) -> bool {
        *self != Activation::Step
    }

    /// Whether all weights zero is a sound place to start: f and f' are finite there and f' is not 0.
    pub fn starts_at_zero(&self) -> bool {
        let (value, derivative) = self.value_and_derivative(0.0_f64);
        let moves = value.is_finite() && derivative.is_finite() && derivative != 0.0 && *self != Activation::LeakyRelu;
        moves || *self == Activation::Softmax
    }
}

/// σ(h) and σ'(h), from e = exp(−|h|) ≤ 1.
#[inline(always)]
fn sigmoid<T: Float>(h: T) -> (T, T) {
    sigmoid_of(h, sigmoid_exp(h))
}

/// e of [`sigmoid`].
#[inline(always)]
fn sigmoid_exp<T: Float>(h: T) -> T {
    (-h.abs()).exp()
}

/// [`sigmoid`] with its e.
#[inline(always)]
fn sigmoid_of<T: Float>(h: T, e: T) -> (T, T) {
    let q = T::ONE / (T::ONE + e);
    let value = if h >= T::ZERO { q } else { e * q };
    (value, e * q * q)
}

/// Φ(h) and φ(h) of the normal distribution.
fn normal<T: Float>(h: T) -> (T, T) {
    let half = T::from_f64(0.5);
    let cdf = half * (-(h * T::from_f64(std::f64::consts::FRAC_1_SQRT_2))).erfc();
    let density = (-(half * h * h)).exp() * T::from_f64(0.398_942_280_401_432_7);
    (cdf, density)
}

/// The largest value of `g` between `a` and `b`, where it has one maximum.
fn golden_maximum(mut a: f64, mut b: f64, g: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut x, mut y) = (b - RATIO * (b - a), a + RATIO * (b - a));
    let (mut gx, mut gy) = (g(x), g(y));
    for _ in 0..80 {
        if gx > gy {
            (b, y, gy) = (y, x, gx);
            x = b - RATIO * (b - a);
            gx = g(x);
        } else {
            (a, x, gx) = (x, y, gy);
            y = a + RATIO * (b - a);
            gy = g(y);
        }
    }
    gx.max(gy)
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is neither the name of an activation nor a formula of h.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("activation {found:?} is none of {}, and as a formula of h: {formula}", names())]
pub struct UnknownActivation {
    /// What was given.
    pub found: String,
    /// Why it is no formula.
    pub formula: FormulaError,
}

/// The names of the built-in activations, for messages.
fn names() -> String {
    Activation::ALL.iter().map(Activation::name).collect::<Vec<_>>().join(", ")
}

impl FromStr for Activation {
    type Err = UnknownActivation;

    fn from_str(text: &str) -> Result<Self, UnknownActivation> {
        let name = text.trim().to_lowercase().replace('_', "-");
        if name == Activation::Softmax.name() {
            return Ok(Activation::Softmax);
        }
        if let Some(built_in) = Self::ALL.iter().find(|activation| activation.name() == name) {
            return Ok(built_in.clone());
        }
        match Formula::parse(text) {
            Ok(formula) => Ok(Activation::Formula(Arc::new(formula))),
            Err(formula) => Err(UnknownActivation { found: text.to_owned(), formula }),
        }
    }
}

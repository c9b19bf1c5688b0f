//! Functions that a form does not have, made of those that it has.

use crate::Form;
use crate::function::{Binary, Builder, Place, Test, Unary};

/// Whether the form has the function for f64. Of ONNX that is what its common runtimes compute in f64, not what the standard allows.
pub(crate) fn has(form: Form, function: Unary) -> bool {
    use Unary::*;
    match form {
        Form::C => !matches!(function, Sigmoid | Softplus | Relu | Sign),
        Form::Sql => !matches!(function, Sigmoid | Softplus | Relu | Expm1 | Log1p | Erf | Erfc),
        Form::Onnx => matches!(function, Negative | Abs | Cos | Exp | Ln | Sign | Sin | Sqrt | Tanh),
    }
}

/// The function of `a` by others; `None` where there is no way that keeps the digits.
pub(crate) fn replace(builder: &mut Builder, function: Unary, a: Place) -> Option<Place> {
    use Binary::{Add, Divide, Multiply, Subtract};
    let b = builder;
    Some(match function {
        Unary::Sigmoid if b.keeps_tails => {
            // As the core has it, from e = exp(−|a|) ≤ 1: 1/(1 + e), or e/(1 + e) below 0.
            let size = b.unary(Unary::Abs, a);
            let negative = b.unary(Unary::Negative, size);
            let (e, zero) = (b.unary(Unary::Exp, negative), b.constant(0.0));
            let sum = b.constant_with(1.0, Add, e);
            let (above, below) = (b.constant_with(1.0, Divide, sum), b.binary(Divide, e, sum));
            b.choose(Test::AtLeast, (a, zero), above, below)
        }
        Unary::Sigmoid => {
            // exp overflows to infinity, and 1/∞ is the 0 that it should be.
            let negative = b.unary(Unary::Negative, a);
            let e = b.unary(Unary::Exp, negative);
            let sum = b.constant_with(1.0, Add, e);
            b.constant_with(1.0, Divide, sum)
        }
        Unary::Relu => {
            let zero = b.constant(0.0);
            b.choose(Test::Greater, (a, zero), a, zero)
        }
        Unary::Sign => {
            let (zero, one, minus) = (b.constant(0.0), b.constant(1.0), b.constant(-1.0));
            let rest = b.choose(Test::Greater, (zero, a), minus, zero);
            b.choose(Test::Greater, (a, zero), one, rest)
        }
        Unary::Softplus => {
            // max(a, 0) + ln(1 + exp(−|a|)).
            let size = b.unary(Unary::Abs, a);
            let negative = b.unary(Unary::Negative, size);
            let e = b.unary(Unary::Exp, negative);
            let (rest, above) = (b.unary(Unary::Log1p, e), b.unary(Unary::Relu, a));
            b.binary(Add, above, rest)
        }
        Unary::Log1p => {
            // ln(u)·a/(u − 1) with u = 1 + a as it is rounded: the two errors cancel (Kahan 1979).
            let u = b.constant_with(1.0, Add, a);
            let (ln, rounded) = (b.unary(Unary::Ln, u), b.with_constant(u, Subtract, 1.0));
            let ratio = b.binary(Divide, a, rounded);
            let (product, one) = (b.binary(Multiply, ln, ratio), b.constant(1.0));
            b.choose(Test::Equal, (u, one), a, product)
        }
        Unary::Expm1 => {
            // tanh(a/2)·(exp(a) + 1).
            let half = b.constant_with(0.5, Multiply, a);
            let (tanh, e) = (b.unary(Unary::Tanh, half), b.unary(Unary::Exp, a));
            let above = b.with_constant(e, Add, 1.0);
            b.binary(Multiply, tanh, above)
        }
        Unary::Erfc => {
            let size = b.unary(Unary::Abs, a);
            let tail = erfc_of_size(b, size);
            let (other, zero) = (b.constant_with(2.0, Subtract, tail), b.constant(0.0));
            b.choose(Test::Greater, (zero, a), other, tail)
        }
        Unary::Erf => {
            let size = b.unary(Unary::Abs, a);
            let tail = erfc_of_size(b, size);
            let (sign, value) = (b.unary(Unary::Sign, a), b.constant_with(1.0, Subtract, tail));
            b.binary(Multiply, sign, value)
        }
        Unary::Tan => {
            let (sin, cos) = (b.unary(Unary::Sin, a), b.unary(Unary::Cos, a));
            b.binary(Divide, sin, cos)
        }
        Unary::Sinh | Unary::Cosh => {
            let e = b.unary(Unary::Exp, a);
            let negative = b.unary(Unary::Negative, a);
            let other = b.unary(Unary::Exp, negative);
            let sum = b.binary(if function == Unary::Sinh { Subtract } else { Add }, e, other);
            b.constant_with(0.5, Multiply, sum)
        }
        Unary::Asinh => {
            // sign(a)·ln(|a| + √(a² + 1)).
            let (size, sign) = (b.unary(Unary::Abs, a), b.unary(Unary::Sign, a));
            let ln = ln_with_root(b, size, Add);
            b.binary(Multiply, sign, ln)
        }
        Unary::Acosh => ln_with_root(b, a, Subtract),
        Unary::Atanh => {
            let (above, below) = (b.constant_with(1.0, Add, a), b.constant_with(1.0, Subtract, a));
            let ratio = b.binary(Divide, above, below);
            let ln = b.unary(Unary::Ln, ratio);
            b.constant_with(0.5, Multiply, ln)
        }
        _ => return None,
    })
}

/// ln(a + √(a² ± 1)).
fn ln_with_root(b: &mut Builder, a: Place, operator: Binary) -> Place {
    let square = b.binary(Binary::Multiply, a, a);
    let inner = b.with_constant(square, operator, 1.0);
    let root = b.unary(Unary::Sqrt, inner);
    let sum = b.binary(Binary::Add, a, root);
    b.unary(Unary::Ln, sum)
}

/// erfc z = t·exp(−z² + P(2t − 1)) with t = 2/(2 + z), for z ≥ 0.
///
/// P is ln(exp(z²) erfc(z)/t) at the 28 zeros of Chebyshev's polynomial, interpolated with 60 digits. What is left is the rounding of
/// z²: relative to erfc below 1e-15 for z < 1, and 1.2e-13 at z = 26, beyond which erfc is too small for f64.
fn erfc_of_size(b: &mut Builder, z: Place) -> Place {
    use Binary::{Add, Divide, Multiply, Subtract};
    let below = b.constant_with(2.0, Add, z);
    let t = b.constant_with(2.0, Divide, below);
    let double = b.constant_with(2.0, Multiply, t);
    let u = b.with_constant(double, Subtract, 1.0);
    let mut p = b.constant(ERFC[ERFC.len() - 1]);
    for &coefficient in ERFC[..ERFC.len() - 1].iter().rev() {
        let product = b.binary(Multiply, p, u);
        p = b.with_constant(product, Add, coefficient);
    }
    let square = b.binary(Multiply, z, z);
    let exponent = b.binary(Subtract, p, square);
    let e = b.unary(Unary::Exp, exponent);
    b.binary(Multiply, t, e)
}

/// The coefficients of P, from the constant on.
const ERFC: [f64; 28] = [
    -0.6717940840566923,
    0.6726432239776567,
    0.04734330684190473,
    -0.046895610231182674,
    -0.009872689366406727,
    0.008824938557327763,
    0.001758933558165434,
    -0.002345812504982584,
    -0.00014624686754045134,
    0.0006736788382506061,
    -9.373500301998987e-05,
    -0.00017430319942974635,
    7.140089189099235e-05,
    3.174616564355679e-05,
    -3.018752884224382e-05,
    1.350910293295869e-07,
    8.561914904922496e-06,
    -2.9430926821341994e-06,
    -1.2713430670236795e-06,
    1.24371914167219e-06,
    -1.693923757999318e-07,
    -2.4404662375584154e-07,
    1.5387606669283607e-07,
    -1.711069646679167e-09,
    -3.9356533447803826e-08,
    1.2225710551254314e-08,
    4.089222480895152e-09,
    -2.0464670329182213e-09,
];

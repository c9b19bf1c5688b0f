//! A formula of h as an activation, with its exact derivative.

mod parse;
mod symbolic;

use std::fmt;

use thiserror::Error;

/// An activation f(h) written as a formula, such as `h / (1 + abs(h))`.
///
/// There are numbers, `h`, `pi`, `e`, `+ - * / ^`, parentheses and the functions of [`Formula::functions`]. The derivative is
/// exact: it is carried along with the value (forward-mode automatic differentiation, Wengert 1964). Every function is
/// `libm`'s, so the same formula has the same bits on every machine. At a kink the derivative is by convention the mean of both
/// sides: abs'(0) = 0; only relu'(0) = 0, as everywhere in deltarule.
///
/// ```
/// use deltarule_core::Formula;
/// let f = Formula::parse("h / (1 + abs(h))")?;
/// assert_eq!(f.value_and_derivative(1.0), (0.5, 0.25));
/// assert_eq!(Formula::parse("h^2")?.derivative_text().as_deref(), Some("2 * h"));
/// # Ok::<(), deltarule_core::FormulaError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    root: Node,
}

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at character {position}: found {found}, expected {expected}")]
pub struct FormulaError {
    /// Which character of the text, from 1.
    pub position: usize,
    /// What stands there.
    pub found: String,
    /// What could stand there, and what to try.
    pub expected: String,
}

/// One operation of a formula, as [`Formula::fold`] meets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FormulaPart {
    /// h.
    Variable,
    /// A number.
    Constant(f64),
    /// −a.
    Negative,
    /// a + b.
    Add,
    /// a − b.
    Subtract,
    /// a · b.
    Multiply,
    /// a / b.
    Divide,
    /// aᵇ.
    Power,
    /// One of [`Formula::functions`], by its name.
    Function(&'static str),
}

/// A derivative longer than this is not readable.
const READABLE: usize = 120;

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Variable,
    Constant(f64),
    Negative(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(usize, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// A function of one argument, or of two.
struct Function {
    name: &'static str,
    arity: usize,
    /// The value; the second argument is not looked at where there is one only.
    value: fn(f64, f64) -> f64,
    /// The derivatives by both arguments.
    partials: fn(f64, f64) -> (f64, f64),
    /// The derivative by the argument, written with `h` for it; empty where it has no formula.
    text: &'static str,
}

macro_rules! unary {
    ($name:literal, |$x:ident| $value:expr, $derivative:expr, $text:literal) => {
        Function { name: $name, arity: 1, value: |$x, _| $value, partials: |$x, _| ($derivative, 0.0), text: $text }
    };
}

/// The functions, in the order in which messages name them.
static FUNCTIONS: &[Function] = &[
    unary!("abs", |x| x.abs(), sign(x), "sign(h)"),
    unary!("acos", |x| libm::acos(x), -1.0 / libm::sqrt(1.0 - x * x), "-1 / sqrt(1 - h^2)"),
    unary!("acosh", |x| libm::acosh(x), 1.0 / libm::sqrt(x * x - 1.0), "1 / sqrt(h^2 - 1)"),
    unary!("asin", |x| libm::asin(x), 1.0 / libm::sqrt(1.0 - x * x), "1 / sqrt(1 - h^2)"),
    unary!("asinh", |x| libm::asinh(x), 1.0 / libm::hypot(x, 1.0), "1 / sqrt(1 + h^2)"),
    unary!("atan", |x| libm::atan(x), 1.0 / (1.0 + x * x), "1 / (1 + h^2)"),
    unary!("atanh", |x| libm::atanh(x), 1.0 / (1.0 - x * x), "1 / (1 - h^2)"),
    unary!("cos", |x| libm::cos(x), -libm::sin(x), "-sin(h)"),
    unary!("cosh", |x| libm::cosh(x), libm::sinh(x), "sinh(h)"),
    unary!("erf", |x| libm::erf(x), std::f64::consts::FRAC_2_SQRT_PI * libm::exp(-x * x), "2 * exp(-h^2) / sqrt(pi)"),
    unary!("exp", |x| libm::exp(x), libm::exp(x), "exp(h)"),
    unary!("expm1", |x| libm::expm1(x), libm::exp(x), "exp(h)"),
    unary!("ln", |x| libm::log(x), 1.0 / x, "1 / h"),
    unary!("log", |x| libm::log(x), 1.0 / x, "1 / h"),
    unary!("log1p", |x| libm::log1p(x), 1.0 / (1.0 + x), "1 / (1 + h)"),
    Function { name: "max", arity: 2, value: f64::max, partials: |a, b| choose(a - b), text: "" },
    Function { name: "min", arity: 2, value: f64::min, partials: |a, b| choose(b - a), text: "" },
    unary!("relu", |x| if x > 0.0 { x } else { 0.0 }, if x > 0.0 { 1.0 } else { 0.0 }, ""),
    unary!("sigmoid", |x| sigmoid(x), sigmoid(x) * sigmoid(-x), "sigmoid(h) * (1 - sigmoid(h))"),
    Function { name: "sign", arity: 1, value: |x, _| sign(x), partials: |_, _| (0.0, 0.0), text: "0" },
    unary!("sin", |x| libm::sin(x), libm::cos(x), "cos(h)"),
    unary!("sinh", |x| libm::sinh(x), libm::cosh(x), "cosh(h)"),
    unary!("softplus", |x| x.max(0.0) + libm::log1p(libm::exp(-x.abs())), sigmoid(x), "sigmoid(h)"),
    unary!("sqrt", |x| libm::sqrt(x), 0.5 / libm::sqrt(x), "1 / (2 * sqrt(h))"),
    unary!("tan", |x| libm::tan(x), 1.0 + libm::tan(x) * libm::tan(x), "1 + tan(h)^2"),
    unary!("tanh", |x| libm::tanh(x), sech_squared(x), "1 - tanh(h)^2"),
];

fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// 1 − tanh², without forming 1 − tanh where it is small.
fn sech_squared(x: f64) -> f64 {
    let e = libm::exp(-2.0 * x.abs());
    let q = 1.0 / (1.0 + e);
    4.0 * e * q * q
}

/// The derivatives of the larger of two by both: 1 and 0, or a half each at a tie.
fn choose(lead: f64) -> (f64, f64) {
    let first = 0.5 * (1.0 + sign(lead));
    (first, 1.0 - first)
}

impl Formula {
    /// Reads a formula.
    ///
    /// Errors: where it is no formula of h, with the place and what could stand there.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        Ok(Self { text: text.trim().to_owned(), root: parse::parse(text)? })
    }

    /// The names of the functions that a formula may use.
    pub fn functions() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|function| function.name)
    }

    /// The formula as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// f(h).
    pub fn value(&self, h: f64) -> f64 {
        self.value_and_derivative(h).0
    }

    /// f(h) and f'(h).
    pub fn value_and_derivative(&self, h: f64) -> (f64, f64) {
        self.root.dual(h)
    }

    /// Goes through the formula from the leaves up: `visit` gets each operation with what it made of the operands, and the last
    /// result is that of the whole formula.
    ///
    /// ```
    /// use deltarule_core::{Formula, FormulaPart};
    /// let f = Formula::parse("h * exp(-h)")?;
    /// let operations = f.fold(&mut |part, operands: Vec<usize>| match part {
    ///     FormulaPart::Variable | FormulaPart::Constant(_) => 0,
    ///     _ => 1 + operands.iter().sum::<usize>(),
    /// });
    /// assert_eq!(operations, 3);
    /// # Ok::<(), deltarule_core::FormulaError>(())
    /// ```
    pub fn fold<R>(&self, visit: &mut impl FnMut(FormulaPart, Vec<R>) -> R) -> R {
        self.root.fold(visit)
    }

    /// f'(h) as a formula that [`Formula::parse`] reads; `None` where it is too long to be read or has no formula.
    pub fn derivative_text(&self) -> Option<String> {
        let text = self.root.derivative()?.to_string();
        (text.chars().count() <= READABLE).then_some(text)
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Node {
    fn has_variable(&self) -> bool {
        match self {
            Node::Variable => true,
            Node::Constant(_) => false,
            Node::Negative(a) => a.has_variable(),
            Node::Binary(_, a, b) => a.has_variable() || b.has_variable(),
            Node::Call(_, arguments) => arguments.iter().any(Node::has_variable),
        }
    }

    fn fold<R>(&self, visit: &mut impl FnMut(FormulaPart, Vec<R>) -> R) -> R {
        let (part, operands) = match self {
            Node::Variable => (FormulaPart::Variable, Vec::new()),
            Node::Constant(value) => (FormulaPart::Constant(*value), Vec::new()),
            Node::Negative(a) => (FormulaPart::Negative, vec![a.fold(visit)]),
            Node::Binary(operator, a, b) => {
                let part = match operator {
                    Operator::Add => FormulaPart::Add,
                    Operator::Subtract => FormulaPart::Subtract,
                    Operator::Multiply => FormulaPart::Multiply,
                    Operator::Divide => FormulaPart::Divide,
                    Operator::Power => FormulaPart::Power,
                };
                (part, vec![a.fold(visit), b.fold(visit)])
            }
            Node::Call(function, arguments) => {
                let operands = arguments.iter().map(|argument| argument.fold(visit)).collect();
                (FormulaPart::Function(FUNCTIONS[*function].name), operands)
            }
        };
        visit(part, operands)
    }

    /// The value and its derivative by h.
    fn dual(&self, h: f64) -> (f64, f64) {
        match self {
            Node::Variable => (h, 1.0),
            Node::Constant(value) => (*value, 0.0),
            Node::Negative(a) => {
                let (a, da) = a.dual(h);
                (-a, -da)
            }
            Node::Binary(operator, a, b) => {
                let ((a, da), (b, db)) = (a.dual(h), b.dual(h));
                match operator {
                    Operator::Add => (a + b, da + db),
                    Operator::Subtract => (a - b, da - db),
                    Operator::Multiply => (a * b, chain(b, da) + chain(a, db)),
                    Operator::Divide => (a / b, (da - chain(a / b, db)) / b),
                    Operator::Power => {
                        let value = power(a, b);
                        (value, chain(power_slope(a, b), da) + chain(value * libm::log(a), db))
                    }
                }
            }
            Node::Call(function, arguments) => {
                let function = &FUNCTIONS[*function];
                let (a, da) = arguments[0].dual(h);
                let (b, db) = arguments.get(1).map_or((0.0, 0.0), |b| b.dual(h));
                let (by_a, by_b) = (function.partials)(a, b);
                ((function.value)(a, b), chain(by_a, da) + chain(by_b, db))
            }
        }
    }
}

/// `slope · inner`, and 0 where the inner derivative is 0 even if the slope is not finite.
fn chain(slope: f64, inner: f64) -> f64 {
    if inner == 0.0 { 0.0 } else { slope * inner }
}

/// aᵇ; by multiplication for small whole b.
fn power(a: f64, b: f64) -> f64 {
    const LARGEST: f64 = 32.0;
    if b.abs() > LARGEST || b != b.trunc() {
        return libm::pow(a, b);
    }
    let (mut rest, mut square, mut result) = (b.abs() as u32, a, 1.0);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    if b < 0.0 { 1.0 / result } else { result }
}

/// ∂aᵇ/∂a = b aᵇ⁻¹.
fn power_slope(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { b * power(a, b - 1.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, h: f64) -> f64 {
        Formula::parse(text).unwrap().value(h)
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        assert_eq!(value("-h^2", 3.0), -9.0);
        assert_eq!(value("2^h^2", 2.0), 16.0);
        assert_eq!(value("2^-h", 1.0), 0.5);
        assert_eq!(value("8 / h / 2", 2.0), 2.0);
        assert_eq!(value("1 - h - 1", 3.0), -3.0);
        assert_eq!(value("2 × h − 1", 4.0), 7.0);
        assert_eq!(value("max(h, 2) + min(h, 2)", 5.0), 7.0);
    }

    #[test]
    fn every_function_has_its_derivative_as_number_and_as_text() {
        for function in FUNCTIONS {
            let text = match function.arity {
                1 => format!("{}(0.4 * h + 0.1)", function.name),
                _ => format!("{}(h^2, 0.3)", function.name),
            };
            let text = if function.name == "acosh" { "acosh(h^2 + 2)".to_owned() } else { text };
            let f = Formula::parse(&text).unwrap();
            let written = f
                .derivative_text()
                .map(|text| Formula::parse(&text).or_else(|_| Formula::parse(&format!("h - h + {text}"))).unwrap());
            assert_eq!(written.is_some(), !function.text.is_empty(), "{text}");
            for h in [0.13, 0.4, 0.77, 1.3, 2.1] {
                let (value, derivative) = f.value_and_derivative(h);
                let difference = (f.value(h + 1e-5) - f.value(h - 1e-5)) / 2e-5;
                assert!(
                    (difference - derivative).abs() < 1e-8 * (1.0 + value.abs() + derivative.abs()),
                    "{text} at {h}"
                );
                if let Some(written) = &written {
                    assert!(
                        (written.value(h) - derivative).abs() < 1e-13 * (1.0 + derivative.abs()),
                        "{text}: {written}"
                    );
                }
            }
        }
    }

    #[test]
    fn derivatives_read_well() {
        let derivative = |text: &str| Formula::parse(text).unwrap().derivative_text().unwrap();
        assert_eq!(derivative("h"), "1");
        assert_eq!(derivative("h^3"), "3 * h^2");
        assert_eq!(derivative("exp(-h)"), "-exp(-h)");
        assert_eq!(derivative("sin(2 * h)"), "2 * cos(2 * h)");
        assert_eq!(derivative("1 / h"), "-1 / h^2");
        assert_eq!(derivative("tanh(h) + 1"), "1 - tanh(h)^2");
    }

    #[test]
    fn derivatives_at_awkward_places_are_the_limits() {
        let at = |text: &str, h: f64| Formula::parse(text).unwrap().value_and_derivative(h);
        assert_eq!(at("h^2", 0.0), (0.0, 0.0));
        assert_eq!(at("h^1", 0.0), (0.0, 1.0));
        assert_eq!(at("abs(h)", 0.0), (0.0, 0.0));
        assert_eq!(at("relu(h)", 0.0), (0.0, 0.0));
        assert_eq!(at("max(h, 0)", 0.0), (0.0, 0.5));
        assert_eq!(at("h^-2", 2.0), (0.25, -0.25));
        assert!(at("sqrt(h)", -1.0).0.is_nan());
    }

    #[test]
    fn wrong_formulas_say_where_and_what() {
        for (text, position, part) in [
            ("", 1, "the end"),
            ("h +", 4, "the end"),
            ("h h", 3, "operator"),
            ("x / 2", 1, "name of the variable"),
            ("h ** 2", 4, "^ for a power"),
            ("(h + 1", 7, "closing parenthesis"),
            ("h)", 2, "operator"),
            ("tanh h", 6, "parenthesis after tanh"),
            ("tanh(h, 1)", 10, "2 arguments of tanh"),
            ("max(h)", 6, "1 arguments of max"),
            ("sigmoyd(h)", 1, "sigmoid"),
            ("2 + 3", 1, "without h"),
            ("1..2 * h", 1, "finite number"),
            ("1e999 * h", 1, "finite number"),
            ("h $ 2", 3, "operator"),
            ("h, 2", 2, "operator"),
            ("2h", 2, "operator"),
        ] {
            let error = Formula::parse(text).unwrap_err();
            assert_eq!(error.position, position, "{text}: {error}");
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        assert!(Formula::parse(&"(".repeat(500)).is_err());
        assert!(Formula::parse(&"-".repeat(900)).is_err());
        assert!(Formula::parse(&"h+".repeat(900)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = Formula::parse(&text);
        }

        #[test]
        fn what_is_printed_reads_back_the_same(text in "[h0-9+*/^() .-]{1,24}|(sin|exp|abs)\\(h[-+*/^][0-9]\\)[-+*/]h\\^-?[0-9]", h in -3.0..3.0_f64) {
            if let Ok(f) = Formula::parse(&text) {
                let again = Formula::parse(&f.to_string()).unwrap();
                let (a, b) = (f.value_and_derivative(h), again.value_and_derivative(h));
                prop_assert!(a.0.to_bits() == b.0.to_bits() || (a.0.is_nan() && b.0.is_nan()), "{text} {f}");
            }
        }
    }
}

//! Activations as LaTeX, for worksheets: the mathematics of `amsmath`, which MathJax and KaTeX read, too.
//!
//! No output has `&`, `\\`, `*`, a spacing command of one sign, or an underscore after a brace: between dollars in Markdown those mean other things.

use super::{Activation, Formula, FormulaPart};

impl Activation {
    /// f(h) as LaTeX.
    ///
    /// ```
    /// use deltarule_core::Activation;
    /// assert_eq!(Activation::Sigmoid.value_latex(), r"\frac{1}{1 + e^{-h}}");
    /// let formula: Activation = "h / (1 + abs(h))".parse()?;
    /// assert_eq!(formula.value_latex(), r"\frac{h}{1 + \lvert h\rvert}");
    /// # Ok::<(), deltarule_core::UnknownActivation>(())
    /// ```
    pub fn value_latex(&self) -> String {
        match self {
            Activation::Identity => "h",
            Activation::Sigmoid => r"\frac{1}{1 + e^{-h}}",
            Activation::Tanh => r"\tanh(h)",
            Activation::Relu => r"\max(0, h)",
            Activation::LeakyRelu => r"\max(0.01 h, h)",
            Activation::Elu => r"h \text{ for } h > 0\text{, } e^{h} - 1 \text{ otherwise}",
            Activation::Softplus => r"\ln(1 + e^{h})",
            Activation::Softsign => r"\frac{h}{1 + \lvert h\rvert}",
            Activation::Gelu => r"h \Phi(h)",
            Activation::Silu => r"\frac{h}{1 + e^{-h}}",
            Activation::Exp => "e^{h}",
            Activation::Step => r"1 \text{ for } h \ge 0\text{, } 0 \text{ otherwise}",
            Activation::Softmax => r"\frac{e^{h}}{\sum_k e^{h_k}}",
            Activation::Formula(formula) => return latex(formula),
        }
        .to_owned()
    }

    /// f'(h) as LaTeX; `None` for a formula whose derivative is too long to read.
    pub fn derivative_latex(&self) -> Option<String> {
        let text = match self {
            Activation::Identity => "1",
            Activation::Sigmoid | Activation::Softmax => "f(h) (1 - f(h))",
            Activation::Tanh => "1 - f(h)^2",
            Activation::Relu => r"1 \text{ for } h > 0\text{, } 0 \text{ otherwise}",
            Activation::LeakyRelu => r"1 \text{ for } h > 0\text{, } 0.01 \text{ otherwise}",
            Activation::Elu => r"1 \text{ for } h > 0\text{, } e^{h} \text{ otherwise}",
            Activation::Softplus => r"\frac{1}{1 + e^{-h}}",
            Activation::Softsign => r"\frac{1}{(1 + \lvert h\rvert)^2}",
            Activation::Gelu => r"\Phi(h) + h \varphi(h)",
            Activation::Silu => r"s(h) (1 + h (1 - s(h))) \text{ with } s(h) = \frac{1}{1 + e^{-h}}",
            Activation::Exp => "e^{h}",
            Activation::Step => "0",
            Activation::Formula(formula) => {
                let derivative = formula.derivative_text()?;
                // A derivative without h is a number, which is no formula of h.
                return Some(match derivative.parse::<f64>() {
                    Ok(_) => derivative,
                    Err(_) => latex(&Formula::parse(&derivative).ok()?),
                });
            }
        };
        Some(text.to_owned())
    }
}

/// A part of a formula, and how tightly its outermost operation binds.
struct Part {
    text: String,
    strength: u8,
}

impl Part {
    fn new(text: String, strength: u8) -> Self {
        Self { text, strength }
    }

    /// In parentheses where its operation binds less tightly than it must.
    fn at_least(self, strength: u8) -> String {
        if self.strength < strength { format!("({})", self.text) } else { self.text }
    }
}

/// How tightly sums, products, signs, powers and everything else bind.
const SUM: u8 = 1;
const PRODUCT: u8 = 2;
const SIGN: u8 = 3;
const POWER: u8 = 4;
const WHOLE: u8 = 5;

fn latex(formula: &Formula) -> String {
    formula
        .fold(&mut |part, operands: Vec<Part>| {
            let mut operands = operands.into_iter();
            let mut next = || operands.next().unwrap_or(Part::new(String::new(), WHOLE));
            match part {
                FormulaPart::Variable => Part::new("h".to_owned(), WHOLE),
                FormulaPart::Constant(value) => constant(value),
                FormulaPart::Negative => Part::new(format!("-{}", next().at_least(SIGN)), SIGN),
                FormulaPart::Add => {
                    let (a, b) = (next(), next());
                    Part::new(format!("{} + {}", a.at_least(SUM), after_sign(b)), SUM)
                }
                FormulaPart::Subtract => {
                    let (a, b) = (next(), next());
                    Part::new(format!("{} - {}", a.at_least(SUM), b.at_least(POWER)), SUM)
                }
                FormulaPart::Multiply => {
                    let (a, b) = (next(), next());
                    Part::new(format!(r"{} \cdot {}", a.at_least(PRODUCT), b.at_least(POWER)), PRODUCT)
                }
                FormulaPart::Divide => {
                    let (a, b) = (next(), next());
                    Part::new(format!(r"\frac{{{}}}{{{}}}", a.text, b.text), POWER)
                }
                FormulaPart::Power => {
                    let (a, b) = (next(), next());
                    Part::new(format!("{}^{{{}}}", a.at_least(WHOLE), b.text), POWER)
                }
                FormulaPart::Function(name) => {
                    let first = next().text;
                    function(name, &first, next().text.as_str())
                }
            }
        })
        .text
}

/// What stands after a plus: signs of its own in parentheses.
fn after_sign(part: Part) -> String {
    if part.strength == SIGN { format!("({})", part.text) } else { part.text }
}

fn constant(value: f64) -> Part {
    let digits = |value: f64| {
        let text = format!("{value}");
        if text.len() <= 12 {
            return text;
        }
        let scientific = format!("{value:e}");
        match scientific.split_once('e') {
            Some((mantissa, exponent)) => format!(r"{mantissa} \cdot 10^{{{exponent}}}"),
            None => scientific,
        }
    };
    match value {
        _ if value == std::f64::consts::PI => Part::new(r"\pi".to_owned(), WHOLE),
        _ if value == std::f64::consts::E => Part::new("e".to_owned(), WHOLE),
        _ if value < 0.0 => Part::new(digits(value), SIGN),
        _ => {
            let text = digits(value);
            let strength = if text.contains(' ') { PRODUCT } else { WHOLE };
            Part::new(text, strength)
        }
    }
}

fn function(name: &str, first: &str, second: &str) -> Part {
    let (text, strength) = match name {
        "abs" => (format!(r"\lvert {first}\rvert"), WHOLE),
        "sqrt" => (format!(r"\sqrt{{{first}}}"), WHOLE),
        "exp" => (format!("e^{{{first}}}"), POWER),
        "expm1" => (format!("e^{{{first}}} - 1"), SUM),
        "log1p" => (format!(r"\ln(1 + {first})"), WHOLE),
        "log" => (format!(r"\ln({first})"), WHOLE),
        "max" | "min" => (format!(r"\{name}({first}, {second})"), WHOLE),
        "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "ln" => (format!(r"\{name}({first})"), WHOLE),
        _ => (format!(r"\mathrm{{{name}}}({first})"), WHOLE),
    };
    Part::new(text, strength)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        text.parse::<Activation>().unwrap().value_latex()
    }

    #[test]
    fn formulas_keep_their_meaning() {
        assert_eq!(of("h / (1 + abs(h))"), r"\frac{h}{1 + \lvert h\rvert}");
        assert_eq!(of("1 - (h - 1)"), "1 - (h - 1)");
        assert_eq!(of("(1 + h) * 2"), r"(1 + h) \cdot 2");
        assert_eq!(of("(h + 1)^2"), "(h + 1)^{2}");
        assert_eq!(of("-h^2"), "-h^{2}");
        assert_eq!(of("(-h)^2"), "(-h)^{2}");
        assert_eq!(of("2^h^2"), "2^{h^{2}}");
        assert_eq!(of("exp(h)^2"), "(e^{h})^{2}");
        assert_eq!(of("2 * expm1(h)"), r"2 \cdot (e^{h} - 1)");
        assert_eq!(of("h + -h"), "h + (-h)");
        assert_eq!(of("(1 / h)^2"), r"(\frac{1}{h})^{2}");
        assert_eq!(of("1e-20 * h"), r"1 \cdot 10^{-20} \cdot h");
        assert_eq!(of("max(h, 0.5) + pi"), r"\max(h, 0.5) + \pi");
        assert_eq!(of("asinh(h)"), r"\mathrm{asinh}(h)");
    }

    #[test]
    fn every_activation_has_balanced_braces_and_nothing_that_markdown_takes_for_its_own() {
        let mut texts: Vec<String> = Vec::new();
        for activation in Activation::ALL.iter().chain([&Activation::Softmax]) {
            texts.push(activation.value_latex());
            texts.extend(activation.derivative_latex());
        }
        for name in Formula::functions() {
            let arguments = if ["max", "min"].contains(&name) { "h, 2" } else { "h" };
            let activation: Activation = format!("{name}({arguments}) + h").parse().unwrap();
            texts.push(activation.value_latex());
            texts.extend(activation.derivative_latex());
        }
        for text in texts {
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            assert_eq!(text.matches('(').count(), text.matches(')').count(), "{text}");
            for bad in ["&", r"\\", "*", "}_", r"\,", r"\;", r"\!", "$"] {
                assert!(!text.contains(bad), "{bad} in {text}");
            }
        }
    }
}

//! The arithmetic of one step on a worksheet, part by part: with its numbers, or with blanks for those that are to be found.

mod batch;

pub(crate) use batch::but_for_rounding;

use deltarule_core::{Activation, Loss, RecordRule, WorkedOutput, WorkedStep};

use crate::number::count;
use crate::sheet::{Line, Numbers, Sheet};

/// Inputs beyond this are shown only where they are not 0.
pub(crate) const MANY: usize = 12;

/// A weighted sum is written out up to so many inputs.
const SHORT_SUM: usize = 5;

/// How wide a name in a table may be.
const NAME: usize = 40;

/// What a step is worked out for, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worked<'a> {
    pub(crate) loss: Loss,
    pub(crate) activation: &'a Activation,
    /// The names of the inputs.
    pub(crate) inputs: &'a [String],
    pub(crate) n_outputs: usize,
    pub(crate) numbers: Numbers,
}

/// An index: more than one figure needs braces.
fn index(i: usize) -> String {
    if i < 10 { i.to_string() } else { format!("{{{i}}}") }
}

impl Worked<'_> {
    /// A symbol of output j, which needs an index where there are several.
    pub(crate) fn of(&self, symbol: &str, j: usize) -> String {
        if self.n_outputs == 1 { symbol.to_owned() } else { format!("{symbol}_{}", index(j + 1)) }
    }

    /// x of input i.
    pub(crate) fn x(&self, i: usize) -> String {
        format!("x_{}", index(i + 1))
    }

    /// The weight from input i to output j; the bias where there is no i.
    pub(crate) fn w(&self, i: Option<usize>, j: usize) -> String {
        match i {
            None => self.of("b", j),
            Some(i) if self.n_outputs == 1 => format!("w_{}", index(i + 1)),
            Some(i) if i < 9 && j < 9 => format!("w_{{{}{}}}", i + 1, j + 1),
            Some(i) => format!("w_{{{},{}}}", i + 1, j + 1),
        }
    }

    /// An input's name and symbol.
    pub(crate) fn input(&self, i: usize) -> Line {
        let name = &self.inputs[i];
        if *name == format!("x{}", i + 1) {
            return Line::math(self.x(i));
        }
        let short: String = if name.chars().count() > NAME {
            name.chars().take(NAME - 1).chain(['…']).collect()
        } else {
            name.clone()
        };
        Line::words(format!("{short}, ")).and_math(self.x(i))
    }

    /// The error that goes into E.
    pub(crate) fn part_of_error(&self, j: usize) -> String {
        match self.loss {
            Loss::Squared => format!(r"\frac{{1}}{{2}} ({} - {})^2", self.of("y", j), self.of(r"\hat y", j)),
            _ => self.of("L", j),
        }
    }

    /// E, the sum over outputs, of one record.
    pub(crate) fn error_of_record(&self) -> &'static str {
        match (self.loss, self.n_outputs) {
            (Loss::Squared, 1) => r"E = \frac{1}{2} (y - \hat y)^2",
            (Loss::Squared, _) => r"E = \frac{1}{2} \sum_j (y_j - \hat y_j)^2",
            (_, 1) => "E = L",
            (..) => r"E = \sum_j L_j",
        }
    }

    /// f and its derivative, and L where it is not the lesson's.
    pub(crate) fn functions(&self) -> Vec<Line> {
        let mut lines = vec![Line::math(format!("f(h) = {}", self.activation.value_latex()))];
        lines.extend(self.activation.derivative_latex().map(|derivative| Line::math(format!("f'(h) = {derivative}"))));
        if *self.activation == Activation::Gelu {
            lines.push(
                Line::words("with ")
                    .and_math(r"\Phi")
                    .and(" and ")
                    .and_math(r"\varphi")
                    .and(", the normal distribution function and its density"),
            );
        }
        if self.loss != Loss::Squared {
            let formula = self.loss.formula_latex(self.activation);
            lines.push(Line::math(format!(r"L(y, \hat y) = {formula}")));
        }
        lines
    }

    /// Which inputs are shown.
    fn shown(&self, step: &WorkedStep) -> Vec<usize> {
        (0..step.inputs.len()).filter(|&i| step.inputs.len() <= MANY || step.inputs[i] != 0.0).collect()
    }

    /// The weighted sum of output j, and f of it.
    pub(crate) fn forward(&self, sheet: &mut Sheet, step: &WorkedStep, j: usize) {
        let (numbers, output, shown) = (self.numbers, &step.outputs[j], self.shown(step));
        let row = |name: Line, x: String, w: f64, term: f64| {
            vec![name, Line::math(x), Line::math(numbers.given(w)), Line::math(numbers.found(term))]
        };
        let mut rows: Vec<Vec<Line>> = shown
            .iter()
            .map(|&i| row(self.input(i), numbers.given(step.inputs[i]), output.weights[i], output.terms[i]))
            .collect();
        if let Some(bias) = output.bias {
            rows.push(row(Line::words("bias ").and_math(self.w(None, j)), "1".to_owned(), bias, bias));
        }
        sheet.table(vec![Line::words("input"), Line::math("x"), Line::math("w"), Line::math("w x")], rows);
        if shown.len() < step.inputs.len() {
            sheet.text(Line::words(format!(
                "({} that are 0 add nothing, and their weights {})",
                count((step.inputs.len() - shown.len()) as u64, "input"),
                if step.rule.penalty.is_none() { "do not change" } else { "change by the penalty alone" }
            )));
        }
        sheet.steps(self.forward_steps(step, j));
    }

    /// The same as lines alone.
    pub(crate) fn forward_steps(&self, step: &WorkedStep, j: usize) -> Vec<Line> {
        let (numbers, output) = (self.numbers, &step.outputs[j]);
        let h = self.of("h", j);
        vec![
            Line::math(format!("{h} = {} = {}", self.sum(step, j), numbers.found(output.net_input))),
            self.output_line(&self.of(r"\hat y", j), output.output),
        ]
    }

    /// ŷ = f(h), where the f of softmax is of all h.
    fn output_line(&self, symbol: &str, output: f64) -> Line {
        let h = symbol.replace(r"\hat y", "h");
        Line::math(format!("{symbol} = f({h}) = {}", self.numbers.found(output)))
    }

    /// Σ w x + b, written out where that is short.
    fn sum(&self, step: &WorkedStep, j: usize) -> String {
        let (numbers, output, shown) = (self.numbers, &step.outputs[j], self.shown(step));
        let has_bias = output.bias.is_some();
        if shown.len() > SHORT_SUM || shown.is_empty() {
            return if has_bias { format!(r"\sum w x + {}", self.w(None, j)) } else { r"\sum w x".to_owned() };
        }
        let mut symbols: Vec<String> = shown.iter().map(|&i| format!("{} {}", self.w(Some(i), j), self.x(i))).collect();
        symbols.extend(has_bias.then(|| self.w(None, j)));
        let symbols = symbols.join(" + ");
        if numbers.blank {
            return symbols;
        }
        let mut terms: Vec<String> = shown
            .iter()
            .map(|&i| format!(r"{} \cdot {}", numbers.factor(output.weights[i]), numbers.factor(step.inputs[i])))
            .collect();
        terms.extend(output.bias.map(|bias| numbers.factor(bias)));
        format!("{symbols} = {}", terms.join(" + "))
    }

    /// The error of output j: in the lesson's three ways, or as the loss has it.
    pub(crate) fn errors(&self, step: &WorkedStep, j: usize) -> Vec<Line> {
        let (numbers, output) = (self.numbers, &step.outputs[j]);
        let (y, y_hat) = (self.of("y", j), self.of(r"\hat y", j));
        let subtraction = if numbers.blank {
            String::new()
        } else {
            format!("{} - {} = ", numbers.given(output.target), numbers.factor(output.output))
        };
        let signed = format!("{y} - {y_hat} = {subtraction}{}", numbers.found(output.residual));
        if self.loss == Loss::Squared {
            return vec![
                Line::math(signed),
                Line::math(format!("({y} - {y_hat})^2 = {}", numbers.found(output.squared))),
                Line::math(format!("{} = {}", self.part_of_error(j), numbers.found(output.loss))),
            ];
        }
        vec![Line::math(signed), Line::math(format!("{} = {}", self.of("L", j), numbers.found(output.loss)))]
    }

    /// δ of output j.
    pub(crate) fn error_term(&self, step: &WorkedStep, j: usize) -> Vec<Line> {
        let (numbers, output) = (self.numbers, &step.outputs[j]);
        let (y, y_hat, h, delta) = (self.of("y", j), self.of(r"\hat y", j), self.of("h", j), self.of(r"\delta", j));
        if *self.activation == Activation::Softmax {
            return vec![
                Line::words("every ")
                    .and_math(r"\hat y_k")
                    .and(" depends on this ")
                    .and_math(&*h)
                    .and(", and the sum of all ")
                    .and_math("y_k")
                    .and(" is 1"),
                Line::math(format!(
                    r"{delta} = \sum_k \frac{{y_k}}{{\hat y_k}} \frac{{\partial \hat y_k}}{{\partial {h}}} = {y} - {y_hat} = {}",
                    numbers.found(output.delta)
                )),
            ];
        }
        let mut lines = Vec::new();
        if self.loss != Loss::Squared {
            lines.push(Line::math(format!(
                r"-\frac{{\partial L}}{{\partial \hat y}} = {} = {}",
                self.loss.slope_latex(self.activation),
                numbers.found(output.slope)
            )));
        }
        let derivative = Line::math(format!("f'({h}) = {}", numbers.found(output.derivative)));
        lines.push(match self.activation.derivative_latex() {
            Some(_) => derivative.and(", at ").and_math(&*h).and(", not at ").and_math("x"),
            None => derivative.and(", by automatic differentiation"),
        });
        lines.push(if self.loss.is_paired_with(self.activation) {
            Line::math(format!("{delta} = {y} - {y_hat} = {}", numbers.found(output.delta)))
                .and(", the two together: ")
                .and_math("f'")
                .and(" cancels")
        } else {
            let product =
                format!(r"{} \cdot {}", numbers.found_factor(output.slope), numbers.found_factor(output.derivative));
            let of_error = if self.loss == Loss::Squared {
                format!("({y} - {y_hat})")
            } else {
                r"-\frac{\partial L}{\partial \hat y} \cdot".to_owned()
            };
            let product = if numbers.blank { String::new() } else { format!("{product} = ") };
            Line::math(format!("{delta} = {of_error} f'({h}) = {product}{}", numbers.found(output.delta)))
        });
        lines
    }

    /// The chain rule with the numbers of output j put in.
    pub(crate) fn chain_rule(&self, step: &WorkedStep, j: usize) -> Vec<Line> {
        let (numbers, output) = (self.numbers, &step.outputs[j]);
        let last = Line::math(r"\frac{\partial h}{\partial w_i} = x_i").and(", since ").and_math(r"h = \sum w x");
        let gradient = |i: usize, factors: String| {
            let product = if numbers.blank { String::new() } else { format!("{factors} = ") };
            Line::math(format!(
                r"\frac{{\partial E}}{{\partial {}}} = {product}{}",
                self.w(Some(i), j),
                numbers.found(output.gradient[i])
            ))
        };
        let x = |i: usize| numbers.factor(step.inputs[i]);
        let shown = self.shown(step);
        if *self.activation == Activation::Softmax {
            let mut lines = vec![
                Line::math(format!(
                    r"\frac{{\partial E}}{{\partial h}} = -\sum_k \frac{{y_k}}{{\hat y_k}} \frac{{\partial \hat y_k}}{{\partial h}} = -(y - \hat y) = {}",
                    numbers.found(-output.delta)
                )),
                last,
            ];
            lines.extend(
                shown.iter().map(|&i| gradient(i, format!(r"{} \cdot {}", numbers.given(-output.delta), x(i)))),
            );
            return lines;
        }
        let mut lines = Vec::new();
        let (derivative, slope) = (numbers.factor(output.derivative), output.slope);
        if self.loss == Loss::Squared {
            lines.push(
                Line::math(r"E = p(q) = \frac{1}{2} q^2")
                    .and(" with ")
                    .and_math(format!(r"q = y - \hat y = {}", numbers.found(output.residual))),
            );
            lines.push(Line::math(format!(
                r"\frac{{\partial p}}{{\partial q}} = q = {}",
                numbers.found(output.residual)
            )));
            lines.push(Line::math(r"\frac{\partial q}{\partial \hat y} = -1"));
        } else {
            lines.push(Line::math(format!(r"\frac{{\partial L}}{{\partial \hat y}} = {}", numbers.found(-slope))));
        }
        lines.push(Line::math(format!(
            r"\frac{{\partial \hat y}}{{\partial h}} = f'(h) = {}",
            numbers.found(output.derivative)
        )));
        lines.push(last);
        lines.push(Line::math(if self.loss == Loss::Squared {
            r"\frac{\partial E}{\partial w_i} = \frac{\partial p}{\partial q} \cdot \frac{\partial q}{\partial \hat y} \cdot \frac{\partial \hat y}{\partial h} \cdot \frac{\partial h}{\partial w_i} = -(y - \hat y) f'(h) x_i = -\delta x_i"
        } else {
            r"\frac{\partial E}{\partial w_i} = \frac{\partial L}{\partial \hat y} \cdot \frac{\partial \hat y}{\partial h} \cdot \frac{\partial h}{\partial w_i} = -\delta x_i"
        }));
        lines.extend(shown.iter().map(|&i| {
            gradient(
                i,
                if self.loss == Loss::Squared {
                    format!(r"{} \cdot (-1) \cdot {derivative} \cdot {}", numbers.given(output.residual), x(i))
                } else {
                    format!(r"{} \cdot {derivative} \cdot {}", numbers.given(-slope), x(i))
                },
            )
        }));
        lines
    }

    /// The step of output j.
    pub(crate) fn step(&self, sheet: &mut Sheet, step: &WorkedStep, j: usize) {
        let (numbers, output) = (self.numbers, &step.outputs[j]);
        let delta = self.of(r"\delta", j);
        let RecordRule { times, penalty, .. } = step.rule;
        let row = |name: Line, gradient: f64, [pull, shrunk]: [f64; 2], step: f64, new: f64| {
            let mut cells = vec![name];
            let mut found = vec![gradient];
            found.extend((penalty.l2 > 0.0).then_some(pull));
            found.extend((penalty.l1 > 0.0).then_some(shrunk));
            found.extend([step, new]);
            cells.extend(found.into_iter().map(|x| Line::math(numbers.found(x))));
            cells
        };
        let mut rows: Vec<Vec<Line>> = self
            .shown(step)
            .into_iter()
            .map(|i| {
                let beside = [-penalty.l2 * output.weights[i], output.shrunk[i]];
                row(self.weight_name(i, j), output.gradient[i], beside, output.step[i], output.new_weights[i])
            })
            .collect();
        if let (Some(g), Some(s), Some(b)) = (output.bias_gradient, output.bias_step, output.new_bias) {
            rows.push(row(Line::words("bias ").and_math(self.w(None, j)), g, [0.0; 2], s, b));
        }
        let is_plain = times == 1.0 && penalty.is_none();
        let mut head = vec![Line::words("weight"), Line::math(format!(r"\partial E / \partial w = -{delta} x"))];
        head.extend((penalty.l2 > 0.0).then(|| Line::math(r"-\lambda_2 w")));
        head.extend((penalty.l1 > 0.0).then(|| Line::words("the part of ").and_math(r"\lambda_1")));
        let of_step = if is_plain { format!(r"\Delta w = \eta {delta} x") } else { r"\Delta w".to_owned() };
        head.extend([Line::math(of_step), Line::math(r"w + \Delta w")]);
        sheet.table(head, rows);
    }

    /// A weight's name and symbol.
    fn weight_name(&self, i: usize, j: usize) -> Line {
        match self.inputs[i] == format!("x{}", i + 1) {
            true => Line::math(self.w(Some(i), j)),
            false => {
                let name: String = self.inputs[i].chars().take(NAME).collect();
                Line::words(format!("{name}, ")).and_math(self.w(Some(i), j))
            }
        }
    }

    /// Output j with the new weights.
    pub(crate) fn after(&self, output: &WorkedOutput, j: usize) -> Vec<Line> {
        let numbers = self.numbers;
        vec![
            Line::math(format!("{} = {}", self.of("h", j), numbers.found(output.new_net_input))),
            self.output_line(&self.of(r"\hat y", j), output.new_output),
            Line::math(format!("{} = {}", self.part_of_error(j), numbers.found(output.new_loss))),
        ]
    }
}

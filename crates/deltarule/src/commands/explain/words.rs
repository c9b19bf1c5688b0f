//! The words and the JSON of a worked step.

use std::fmt::Write as _;

use deltarule_core::{Activation, Loss, Reduction, WorkedBatch, WorkedOutput, WorkedStep};
use serde_json::{Value, json};

use super::{Subject, about};
use crate::number::{count, exact};
use crate::output::one_line;
use crate::rows::RowTally;
use crate::worked::MANY;

/// Where a number is to be written by hand.
const BLANK: &str = "________";

/// How numbers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    /// Significant digits; all where there is none.
    pub(super) digits: Option<usize>,
    /// Whether what is to be worked out is left to the reader.
    pub(super) blank: bool,
}

impl Writing {
    /// A number that the reader is told.
    fn given(self, x: f64) -> String {
        self.digits.map_or_else(|| exact(x), |digits| crate::number::digits(x, digits))
    }

    /// A number that the reader is to find.
    fn found(self, x: f64) -> String {
        if self.blank { BLANK.to_owned() } else { self.given(x) }
    }
}

/// What is explained, and in which units.
fn opening(subject: &Subject) -> String {
    let rows = subject.rows.as_ref().and_then(RowTally::text).map_or(String::new(), |text| text + "\n");
    format!("{}\n{rows}{}\n", subject.title, subject.units)
}

/// One record, one step, as text.
pub(super) fn step(subject: &Subject, step: &WorkedStep, derive: bool, writing: Writing) -> String {
    let mut text = opening(subject);
    let activation = subject.layer.activation();
    let _ =
        writeln!(text, "f(h) = {}    η = {} ({})", activation.value_text(), writing.given(step.eta), subject.eta_text);
    for (j, output) in step.outputs.iter().enumerate() {
        let heading = if step.outputs.len() > 1 {
            format!("output {} of {}: {}", j + 1, step.outputs.len(), subject.outputs[j])
        } else {
            String::new()
        };
        if !heading.is_empty() {
            let _ = writeln!(text, "\n── {heading} ──");
        }
        one_output(&mut text, subject, step, output, derive, writing);
    }
    let _ = writeln!(
        text,
        "\nE of this record, {}: {} before, {} after the step",
        if subject.loss == Loss::Squared { "½Σ(y − ŷ)²" } else { "ΣL" },
        writing.found(step.loss),
        writing.found(step.new_loss)
    );
    if !writing.blank {
        let _ = writeln!(text, "{}", what_happened(step));
    }
    if step.outputs.len() > 1 {
        text.push_str(
            "Each output j has its own δ_j, and Δw_ij = η δ_j x_i is the change of w_ij: the weight is not set to it. \
             (Where a lesson's last line reads w_ij = η δ_j x_i, Δw_ij is meant.)\n",
        );
    }
    if !writing.blank {
        what_now(&mut text, subject);
    }
    text
}

fn what_now(text: &mut String, subject: &Subject) {
    let width = subject.next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    if !subject.next.is_empty() {
        text.push_str("\nwhat now?\n");
    }
    for (command, gives) in &subject.next {
        let _ = writeln!(text, "  {command:<width$}   {gives}");
    }
}

fn one_output(
    text: &mut String,
    subject: &Subject,
    step: &WorkedStep,
    output: &WorkedOutput,
    derive: bool,
    writing: Writing,
) {
    let activation = subject.layer.activation();
    let shown: Vec<usize> =
        (0..step.inputs.len()).filter(|&i| step.inputs.len() <= MANY || step.inputs[i] != 0.0).collect();
    let name = |i: usize| one_line(&subject.inputs[i]).chars().take(30).collect::<String>();
    let width = shown.iter().map(|&i| name(i).chars().count()).max().unwrap_or(0).clamp(5, 30) + 2;

    let _ = writeln!(text, "\n1. forward: the weighted sum, and f of it");
    let _ = writeln!(text, "   {:<width$}{:>24}{:>24}{:>24}", "input", "x", "w", "w·x");
    for &i in &shown {
        let (x, w) = (writing.given(step.inputs[i]), writing.given(output.weights[i]));
        let term = writing.found(output.terms[i]);
        let _ = writeln!(text, "   {:<width$}{x:>24}{w:>24}{term:>24}", name(i));
    }
    if let Some(bias) = output.bias {
        let (b, term) = (writing.given(bias), writing.found(bias));
        let _ = writeln!(text, "   {:<width$}{:>24}{b:>24}{term:>24}", "bias b", "1");
    }
    if shown.len() < step.inputs.len() {
        let _ = writeln!(
            text,
            "   ({} that are 0 add nothing, and their weights do not change)",
            count((step.inputs.len() - shown.len()) as u64, "input")
        );
    }
    let sum = if output.bias.is_some() { "Σ w·x + b" } else { "Σ w·x" };
    let _ = writeln!(text, "   h = {sum} = {}", writing.found(output.net_input));
    let _ = writeln!(text, "   ŷ = f(h) = {}", writing.found(output.output));
    let _ = writeln!(text, "   y = {}", writing.given(output.target));

    match subject.loss {
        Loss::Squared => squared_error(text, output, writing),
        loss => other_error(text, loss, activation, output, writing),
    }
    if *activation == Activation::Softmax {
        let _ = writeln!(text, "\n3. the error term δ = −∂E/∂h");
        let _ = writeln!(
            text,
            "   every ŷ_k depends on this h: ∂ŷ_k/∂h = ŷ (1 − ŷ) for this output's own ŷ, −ŷ_k ŷ for those of the others"
        );
        let _ = writeln!(
            text,
            "   δ = Σ_k y_k/ŷ_k · ∂ŷ_k/∂h = y − ŷ = {}    since Σ_k y_k = 1",
            writing.found(output.delta)
        );
    } else {
        error_term(text, subject, output, writing);
    }
    if derive {
        chain_rule(text, subject, step, output, &shown, &name, writing);
    }

    let _ = writeln!(
        text,
        "\n4. the step: ∂E/∂w = −δx points uphill, so the weights go the other way; the two minus signs cancel"
    );
    let _ = writeln!(text, "   Δw = −η ∂E/∂w = η δ x");
    let _ = writeln!(text, "   {:<width$}{:>24}{:>24}{:>24}", "weight", "∂E/∂w = −δx", "Δw = ηδx", "new w = w + Δw");
    for &i in &shown {
        let (g, s, w) =
            (writing.found(output.gradient[i]), writing.found(output.step[i]), writing.found(output.new_weights[i]));
        let _ = writeln!(text, "   {:<width$}{g:>24}{s:>24}{w:>24}", name(i));
    }
    if let (Some(g), Some(s), Some(b)) = (output.bias_gradient, output.bias_step, output.new_bias) {
        let _ = writeln!(
            text,
            "   {:<width$}{:>24}{:>24}{:>24}",
            "bias b",
            writing.found(g),
            writing.found(s),
            writing.found(b)
        );
    }

    let _ = writeln!(text, "\n5. forward again, with the new weights");
    let _ = writeln!(
        text,
        "   h = {}   ŷ = {}   {} = {}",
        writing.found(output.new_net_input),
        writing.found(output.new_output),
        if subject.loss == Loss::Squared { "½(y − ŷ)²" } else { "L" },
        writing.found(output.new_loss)
    );
}

/// δ of an output that depends on its own h alone.
fn error_term(text: &mut String, subject: &Subject, output: &WorkedOutput, writing: Writing) {
    let (loss, activation) = (subject.loss, subject.layer.activation());
    let of_error = if loss == Loss::Squared { "(y − ŷ)" } else { "−∂L/∂ŷ ·" };
    let _ = writeln!(text, "\n3. the error term δ = {of_error} f'(h)");
    if loss != Loss::Squared {
        let _ = writeln!(text, "   −∂L/∂ŷ = {} = {}", loss.slope_text(activation), writing.found(output.slope));
    }
    let _ = match activation.derivative_text() {
        Some(derivative) => {
            writeln!(text, "   f'(h) = {derivative} = {}    (at h, not at x)", writing.found(output.derivative))
        }
        None => {
            writeln!(
                text,
                "   f'(h) = {}    (by automatic differentiation; at h, not at x)",
                writing.found(output.derivative)
            )
        }
    };
    let _ = match loss.is_paired_with(activation) {
        true => writeln!(
            text,
            "   δ = y − ŷ = {}    (the two together: f' cancels, and an output that is wrong and sure of it is corrected in full)",
            writing.found(output.delta)
        ),
        false => {
            writeln!(
                text,
                "   δ = {} · {} = {}",
                writing.found(output.slope),
                writing.found(output.derivative),
                writing.found(output.delta)
            )
        }
    };
}

/// The error of one prediction in the lesson's three ways.
fn squared_error(text: &mut String, output: &WorkedOutput, writing: Writing) {
    let _ = writeln!(text, "\n2. the error, in three ways");
    for (what, value, why) in [
        ("y − ŷ     ", output.residual, "with its sign: over many records, plus and minus cancel"),
        ("(y − ŷ)²  ", output.squared, "never negative; a large error costs more than several small ones"),
        ("½(y − ŷ)² ", output.loss, "the same, with a ½ that the derivative cancels: this goes into E"),
    ] {
        let _ = writeln!(text, "   {what} = {:<24} {why}", writing.found(value));
    }
}

/// The error of one prediction by another loss.
fn other_error(text: &mut String, loss: Loss, activation: &Activation, output: &WorkedOutput, writing: Writing) {
    let _ = writeln!(text, "\n2. the error: {}", loss.name());
    let _ = writeln!(
        text,
        "   y − ŷ = {:<24} with its sign: over many records, plus and minus cancel",
        writing.found(output.residual)
    );
    let _ = writeln!(text, "   L(y, ŷ) = {}", loss.formula(activation));
    let _ = writeln!(text, "           = {:<24} this goes into E", writing.found(output.loss));
}

/// The chain rule with the numbers of one output put in.
fn chain_rule(
    text: &mut String,
    subject: &Subject,
    step: &WorkedStep,
    output: &WorkedOutput,
    shown: &[usize],
    name: &dyn Fn(usize) -> String,
    writing: Writing,
) {
    let _ = writeln!(text, "\n   the chain rule, with the numbers put in:");
    let (loss, activation) = (subject.loss, subject.layer.activation());
    if *activation == Activation::Softmax {
        let _ = writeln!(
            text,
            "   ∂E/∂h   = −Σ_k y_k/ŷ_k · ∂ŷ_k/∂h = −(y − ŷ) = {}    since Σ_k y_k = 1",
            writing.found(-output.delta)
        );
        let _ = writeln!(text, "   ∂h/∂w_i = x_i           since h = Σ w·x");
        for &i in shown {
            let (delta, x) = (writing.found(-output.delta), writing.given(step.inputs[i]));
            let gradient = writing.found(output.gradient[i]);
            let _ = writeln!(text, "   ∂E/∂w({}) = {delta} · {x} = {gradient}", name(i));
        }
        return;
    }
    let is_squared = loss == Loss::Squared;
    if is_squared {
        let _ =
            writeln!(text, "   q = y − ŷ = {}          the error is E = p(q) = ½q²", writing.found(output.residual));
        let _ = writeln!(text, "   ∂p/∂q   = q     = {}", writing.found(output.residual));
        let _ = writeln!(text, "   ∂q/∂ŷ   = −1            since q = y − ŷ");
    } else {
        let _ = writeln!(text, "   ∂L/∂ŷ   = −({}) = {}", loss.slope_text(activation), writing.found(-output.slope));
    }
    let _ = writeln!(text, "   ∂ŷ/∂h   = f'(h) = {}", writing.found(output.derivative));
    let _ = writeln!(text, "   ∂h/∂w_i = x_i           since h = Σ w·x");
    let _ = if is_squared {
        writeln!(text, "   ∂E/∂w_i = ∂p/∂q · ∂q/∂ŷ · ∂ŷ/∂h · ∂h/∂w_i = −(y − ŷ) f'(h) x_i = −δ x_i")
    } else {
        writeln!(text, "   ∂E/∂w_i = ∂L/∂ŷ · ∂ŷ/∂h · ∂h/∂w_i = −δ x_i")
    };
    for &i in shown {
        let (derivative, x) = (writing.found(output.derivative), writing.given(step.inputs[i]));
        let gradient = writing.found(output.gradient[i]);
        let _ = if is_squared {
            let residual = writing.found(output.residual);
            writeln!(text, "   ∂E/∂w({}) = {residual} · (−1) · {derivative} · {x} = {gradient}", name(i))
        } else {
            writeln!(text, "   ∂E/∂w({}) = {} · {derivative} · {x} = {gradient}", name(i), writing.found(-output.slope))
        };
    }
}

/// A sentence on what the step did.
pub(super) fn what_happened(step: &WorkedStep) -> String {
    if !(step.new_loss.is_finite() && step.loss.is_finite()) {
        return "What happened: f is not finite here, so there is no step; smaller weights or inputs, or another f, are needed.".into();
    }
    if step.loss == 0.0 {
        return match step.error {
            Loss::Hinge => {
                "What happened: nothing. The output is on the right side of the margin, so δ is 0 and no weight moves."
                    .into()
            }
            _ => "What happened: nothing. The output is the target, so δ is 0 and no weight moves.".into(),
        };
    }
    if step.outputs.iter().all(|output| output.delta == 0.0) {
        return "What happened: nothing. f' is 0 here, so δ is 0 and no weight moves, although the output is wrong: f is flat \
                where h is."
            .into();
    }
    let way = match &step.outputs[..] {
        [output] => format!(
            "The output was too {} by {}, so each weight went {} where its input is positive, and {} where it is negative.",
            if output.residual > 0.0 { "low" } else { "high" },
            about(output.residual.abs()),
            if output.delta > 0.0 { "up" } else { "down" },
            if output.delta > 0.0 { "down" } else { "up" }
        ),
        _ => "Each output's weights moved by its own δ.".into(),
    };
    let end = if step.new_loss < step.loss {
        format!("E fell by {} of what it was.", crate::number::percent(1.0 - step.new_loss / step.loss))
    } else if step.new_loss > step.loss {
        "E rose: η was so large that the step went past the bottom and up on the other side.".into()
    } else {
        "E stayed the same: the step is smaller than the precision of the numbers.".into()
    };
    format!("What happened: {way} {end}")
}

/// Every record in a row, the sums, one step over all, as text.
pub(super) fn batch(subject: &Subject, batch: &WorkedBatch, writing: Writing) -> String {
    let mut text = opening(subject);
    let activation = subject.layer.activation();
    let _ =
        writeln!(text, "f(h) = {}    η = {} ({})", activation.value_text(), writing.given(batch.eta), subject.eta_text);
    let is_squared = subject.loss == Loss::Squared;
    if !is_squared {
        let _ = writeln!(text, "L = {}", subject.loss.formula(activation));
    }
    let n_outputs = subject.outputs.len();
    let wide = 14;
    let given = |x: f64| crate::number::digits(x, writing.digits.unwrap_or(7));
    let number = |x: f64| if writing.blank { BLANK.to_owned() } else { given(x) };
    if writing.blank {
        inputs(&mut text, subject, given);
    }
    for j in 0..n_outputs {
        if n_outputs > 1 {
            let _ = writeln!(text, "\n── output {} of {n_outputs}: {} ──", j + 1, subject.outputs[j]);
        }
        let _ = writeln!(
            text,
            "\n{:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}",
            "record",
            "h",
            "ŷ",
            "y",
            "y − ŷ",
            if is_squared { "(y − ŷ)²" } else { "L" },
            "δ"
        );
        for ((index, ..), row) in subject.records.iter().zip(&batch.records) {
            let _ = writeln!(
                text,
                "{index:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}",
                number(row.net_input[j]),
                number(row.output[j]),
                given(row.target[j]),
                number(row.residual[j]),
                number(if is_squared { row.squared(j) } else { row.loss[j] }),
                number(row.delta[j])
            );
        }
        let _ = writeln!(
            text,
            "{:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}",
            "sum",
            "",
            "",
            "",
            number(batch.residual_sum[j]),
            number(if is_squared { batch.squared_sum[j] } else { batch.loss_sum(j) }),
            number(batch.delta_sum(j))
        );
    }
    let residual_sum = number(batch.residual_sum.iter().sum());
    let _ = write!(
        text,
        "\nThe signed errors add up to {residual_sum}: plus and minus cancel, and a bad network can have a sum near 0. "
    );
    let _ = match is_squared {
        true => writeln!(
            text,
            "Their squares cannot cancel, so the error of all records is E = ½ΣΣ(y − ŷ)² = {}.",
            writing.found(batch.loss)
        ),
        false => writeln!(
            text,
            "L is never below 0, so the error of all records is E = ΣΣL = {}.",
            writing.found(batch.loss)
        ),
    };
    let n = batch.records.len();
    let rule = match batch.reduction {
        Reduction::Mean => format!(
            "Δw = (η/N) Σ δx, with N = {n} (--reduction mean; the same step with --reduction sum: η = {})",
            given(batch.eta / n as f64)
        ),
        Reduction::Sum => format!(
            "Δw = η Σ δx (--reduction sum; the same step with --reduction mean: η = {})",
            given(batch.eta * n as f64)
        ),
    };
    let _ = writeln!(text, "\none step over all records: {rule}");
    let width = subject.inputs.iter().map(|name| one_line(name).chars().count()).max().unwrap_or(0).clamp(6, 30) + 2;
    for j in 0..n_outputs {
        if n_outputs > 1 {
            let _ = writeln!(text, "{}", subject.outputs[j]);
        }
        let _ = writeln!(text, "  {:<width$}{:>18}{:>18}{:>18}{:>18}", "weight", "w", "Σδx = −∂E/∂w", "Δw", "new w");
        let old = subject.layer.parameters();
        let mut line = |name: &str, w: f64, sum: f64, step: f64, new: f64| {
            let name: String = one_line(name).chars().take(30).collect();
            let _ = writeln!(
                text,
                "  {name:<width$}{:>18}{:>18}{:>18}{:>18}",
                given(w),
                number(sum),
                number(step),
                number(new)
            );
        };
        for (i, name) in subject.inputs.iter().enumerate() {
            line(
                name,
                old.weights(j)[i],
                batch.descent.weights(j)[i],
                batch.step.weights(j)[i],
                batch.new_parameters.weights(j)[i],
            );
        }
        if old.has_bias() {
            line("bias b", old.bias(j), batch.descent.bias(j), batch.step.bias(j), batch.new_parameters.bias(j));
        }
    }
    let of = if is_squared { "½ΣΣ(y − ŷ)²" } else { "ΣΣL" };
    let _ = writeln!(
        text,
        "\nE ({of}): {} before, {} after the step",
        writing.found(batch.loss),
        writing.found(batch.new_loss)
    );
    if n_outputs > 1 {
        text.push_str("Δw_ij is the change of w_ij by output j's own δ_j: the weight is not set to it.\n");
    }
    if !writing.blank {
        what_now(&mut text, subject);
    }
    text
}

/// The inputs of each record, which are needed where the rest is to be worked out.
fn inputs(text: &mut String, subject: &Subject, given: impl Fn(f64) -> String) {
    let _ = writeln!(text, "\nthe records, and their inputs (those that are not named are 0)");
    for (index, x, _) in &subject.records {
        let named = subject.inputs.iter().zip(x).filter(|(_, x)| **x != 0.0);
        let named: Vec<String> = named.map(|(name, x)| format!("{} = {}", one_line(name), given(*x))).collect();
        let _ = writeln!(text, "{index:>8}  {}", if named.is_empty() { "all 0".to_owned() } else { named.join(", ") });
    }
}

/// JSON has no NaN.
fn number(x: f64) -> Value {
    serde_json::Number::from_f64(x).map_or(Value::Null, Value::Number)
}

fn numbers(values: &[f64]) -> Value {
    values.iter().map(|&x| number(x)).collect()
}

fn head(subject: &Subject) -> Value {
    let mut head = json!({
        "command": "explain",
        "title": subject.title,
        "units": subject.units,
        "activation": subject.layer.activation().name(),
        "loss": subject.loss.to_string(),
        "eta": subject.eta,
        "inputs": subject.inputs,
        "outputs": subject.outputs,
    });
    subject.rows.iter().for_each(|rows| rows.tell(&mut head));
    head
}

/// E before and after a step.
fn put_sums(into: &mut Value, loss: Loss, before: f64, after: f64) {
    into[loss.sum_name()] = number(before);
    into[format!("new_{}", loss.sum_name())] = number(after);
}

pub(super) fn step_json(subject: &Subject, step: &WorkedStep) -> Value {
    let mut value = head(subject);
    value["record"] = json!({
        "record": subject.records.first().map(|(index, ..)| *index),
        "x": numbers(&step.inputs),
        "what_happened": what_happened(step),
        "steps": step.outputs.iter().zip(&subject.outputs).map(|(output, name)| json!({
            "output": name,
            "w": numbers(&output.weights),
            "b": output.bias.map(number),
            "wx": numbers(&output.terms),
            "h": number(output.net_input),
            "y_hat": number(output.output),
            "y": number(output.target),
            "residual": number(output.residual),
            "squared": number(output.squared),
            "loss": number(output.loss),
            "slope": number(output.slope),
            "derivative": number(output.derivative),
            "delta": number(output.delta),
            "gradient": numbers(&output.gradient),
            "bias_gradient": output.bias_gradient.map(number),
            "step": numbers(&output.step),
            "bias_step": output.bias_step.map(number),
            "new_w": numbers(&output.new_weights),
            "new_b": output.new_bias.map(number),
            "new_h": number(output.new_net_input),
            "new_y_hat": number(output.new_output),
            "new_loss": number(output.new_loss),
        })).collect::<Vec<_>>(),
    });
    put_sums(&mut value["record"], subject.loss, step.loss, step.new_loss);
    value
}

pub(super) fn batch_json(subject: &Subject, batch: &WorkedBatch) -> Value {
    let mut value = head(subject);
    let parameters = |p: &deltarule_core::Parameters| -> Value {
        (0..p.n_outputs())
            .map(|j| json!({ "w": numbers(p.weights(j)), "b": p.has_bias().then(|| number(p.bias(j))) }))
            .collect()
    };
    value["batch"] = json!({
        "reduction": batch.reduction.name(),
        "records": subject.records.iter().zip(&batch.records).map(|((index, x, _), row)| json!({
            "record": index,
            "x": numbers(x),
            "h": numbers(&row.net_input),
            "y_hat": numbers(&row.output),
            "y": numbers(&row.target),
            "residual": numbers(&row.residual),
            "loss": numbers(&row.loss),
            "delta": numbers(&row.delta),
        })).collect::<Vec<_>>(),
        "residual_sum": numbers(&batch.residual_sum),
        "squared_sum": numbers(&batch.squared_sum),
        "descent": parameters(&batch.descent),
        "step": parameters(&batch.step),
        "new_weights": parameters(&batch.new_parameters),
    });
    put_sums(&mut value["batch"], subject.loss, batch.loss, batch.new_loss);
    value
}

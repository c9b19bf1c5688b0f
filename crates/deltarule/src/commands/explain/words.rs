//! The words and the JSON of a worked step.

use std::fmt::Write as _;

use deltarule_core::{Activation, Loss, Parameters, Penalty, WorkedBatch, WorkedOutput, WorkedStep};
use serde_json::{Value, json};

use super::happened::what_happened;
use super::rule::Parts;
use super::{Numbered, Subject};
use crate::number::{count, exact};
use crate::output::one_line;
use crate::rows::RowTally;
use crate::worked::{MANY, but_for_rounding};

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
fn opening(subject: &Subject, eta: f64, writing: Writing) -> String {
    let rows = subject.rows.as_ref().and_then(RowTally::text).map_or(String::new(), |text| text + "\n");
    let notes: String = subject.notes.iter().map(|note| format!("{note}\n")).collect();
    let (f, eta) = (subject.layer.activation().value_text(), writing.given(eta));
    format!("{}\n{rows}{}\n{notes}f(h) = {f}    η = {eta} ({})\n", subject.title, subject.units, subject.eta_text)
}

/// One record, one step, as text.
pub(super) fn step(subject: &Subject, step: &WorkedStep, derive: bool, writing: Writing) -> String {
    let mut text = opening(subject, step.rule.eta, writing);
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
    let parts = Parts::of_record(subject, &step.rule);
    if parts.has_penalty() {
        let (before, after) = step.objectives();
        let _ = writeln!(
            text,
            "E with its penalty, {}E + {}: {} before, {} after the step",
            if parts.is_weighted { "c·" } else { "" },
            parts.penalty_text(),
            writing.found(before),
            writing.found(after)
        );
    }
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
            "   ({} that are 0 add nothing, and their weights {})",
            count((step.inputs.len() - shown.len()) as u64, "input"),
            match Parts::of_record(subject, &step.rule).has_penalty() {
                true => "change by the penalty alone: --json has them",
                false => "do not change",
            }
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
    let parts = Parts::of_record(subject, &step.rule);
    let v = subject.records.first().map_or(1.0, |record| record.v);
    let _ = writeln!(text, "   {}", parts.record_text(subject, &step.rule, v, |x| writing.given(x)));
    let mut line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>24}")).collect();
        let _ = writeln!(text, "   {name:<width$}{cells}");
    };
    let columns = [vec!["∂E/∂w = −δx".to_owned()], parts.record_columns(), vec!["new w = w + Δw".to_owned()]];
    line("weight", columns.concat());
    let numbers = |gradient: f64, pull: f64, shrunk: f64, step: f64, new: f64| {
        let mut cells = vec![gradient];
        cells.extend(parts.has_l2.then_some(pull));
        cells.extend(parts.has_l1.then_some(shrunk));
        cells.extend([step, new]);
        cells.into_iter().map(|x| writing.found(x)).collect::<Vec<_>>()
    };
    for &i in &shown {
        let pull = -step.rule.penalty.l2 * output.weights[i];
        let (step, new) = (output.step[i], output.new_weights[i]);
        line(&name(i), numbers(output.gradient[i], pull, output.shrunk[i], step, new));
    }
    if let (Some(g), Some(s), Some(b)) = (output.bias_gradient, output.bias_step, output.new_bias) {
        line("bias b", numbers(g, 0.0, 0.0, s, b));
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

/// Every record in a row, the sums, one step over all, as text.
pub(super) fn batch(subject: &Subject, batch: &WorkedBatch, writing: Writing) -> String {
    let mut text = opening(subject, batch.rule.eta, writing);
    let activation = subject.layer.activation();
    let is_squared = subject.loss == Loss::Squared;
    if !is_squared {
        let _ = writeln!(text, "L = {}", subject.loss.formula(activation));
    }
    let n_outputs = subject.outputs.len();
    let parts = Parts::of_batch(batch);
    let wide = 14;
    let given = |x: f64| crate::number::digits(x, writing.digits.unwrap_or(7));
    let number = |x: f64| if writing.blank { BLANK.to_owned() } else { given(x) };
    // How often a record counts, where not all count once.
    let weight = |text: String| if parts.is_weighted { format!("{text:>wide$}") } else { String::new() };
    if writing.blank {
        inputs(&mut text, subject, given);
    }
    for j in 0..n_outputs {
        if n_outputs > 1 {
            let _ = writeln!(text, "\n── output {} of {n_outputs}: {} ──", j + 1, subject.outputs[j]);
        }
        let _ = writeln!(
            text,
            "\n{:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{}",
            "record",
            "h",
            "ŷ",
            "y",
            "y − ŷ",
            if is_squared { "(y − ŷ)²" } else { "L" },
            "δ",
            weight("v".to_owned())
        );
        for (record, row) in subject.records.iter().zip(&batch.records) {
            let _ = writeln!(
                text,
                "{:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{}",
                record.number,
                number(row.net_input[j]),
                number(row.output[j]),
                given(row.target[j]),
                number(row.residual[j]),
                number(if is_squared { row.squared(j) } else { row.loss[j] }),
                number(row.delta[j]),
                weight(given(row.weight))
            );
        }
        let n = batch.records.len();
        let _ = writeln!(
            text,
            "{:>8}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{:>wide$}{}",
            if parts.is_weighted { "Σ v·" } else { "sum" },
            "",
            "",
            "",
            number(but_for_rounding(batch.residual_sum[j], batch.residual_size(j), n)),
            number(if is_squared { batch.squared_sum[j] } else { batch.loss_sum(j) }),
            number(but_for_rounding(batch.delta_sum(j), batch.delta_size(j), n)),
            weight(given(batch.n))
        );
    }
    let total: f64 = batch.residual_sum.iter().sum();
    let size = (0..n_outputs).map(|j| batch.residual_size(j)).sum();
    let residual_sum = match but_for_rounding(total, size, n_outputs * batch.records.len()) {
        0.0 if total != 0.0 && !writing.blank => format!("0 (but for rounding: {})", given(total)),
        sum => number(sum),
    };
    let _ = write!(
        text,
        "\nThe signed errors add up to {residual_sum}: plus and minus cancel, and a bad network can have a sum near 0. "
    );
    let of = match (is_squared, parts.is_weighted) {
        (true, false) => "½ΣΣ(y − ŷ)²",
        (true, true) => "½ΣΣ v(y − ŷ)²",
        (false, false) => "ΣΣL",
        (false, true) => "ΣΣ vL",
    };
    let _ = match is_squared {
        true => writeln!(
            text,
            "Their squares cannot cancel, so the error of all records is E = {of} = {}.",
            writing.found(batch.loss)
        ),
        false => writeln!(
            text,
            "L is never below 0, so the error of all records is E = {of} = {}.",
            writing.found(batch.loss)
        ),
    };
    let _ = writeln!(text, "\none step over all records: {}", parts.batch_text(batch, given));
    let width = subject.inputs.iter().map(|name| one_line(name).chars().count()).max().unwrap_or(0).clamp(6, 30) + 2;
    for j in 0..n_outputs {
        if n_outputs > 1 {
            let _ = writeln!(text, "{}", subject.outputs[j]);
        }
        let mut line = |name: &str, cells: Vec<String>| {
            let name: String = one_line(name).chars().take(30).collect();
            let cells: String = cells.iter().map(|cell| format!("{cell:>18}")).collect();
            let _ = writeln!(text, "  {name:<width$}{cells}");
        };
        line("weight", parts.batch_columns());
        let old = subject.layer.parameters();
        let cells = |of: &dyn Fn(&Parameters) -> f64| {
            let mut cells = vec![given(of(old)), number(of(&batch.descent))];
            cells.extend(parts.has_l2.then(|| number(of(&batch.pull))));
            cells.extend(parts.has_l1.then(|| number(of(&batch.shrunk))));
            cells.extend([&batch.step, &batch.new_parameters].map(|p| number(of(p))));
            cells
        };
        for (i, name) in subject.inputs.iter().enumerate() {
            line(name, cells(&|p| p.weights(j)[i]));
        }
        if old.has_bias() {
            line("bias b", cells(&|p| p.bias(j)));
        }
    }
    let _ = writeln!(
        text,
        "\nE ({of}): {} before, {} after the step",
        writing.found(batch.loss),
        writing.found(batch.new_loss)
    );
    if parts.has_penalty() {
        let _ = writeln!(
            text,
            "E with its penalty, E + {}·({}): {} before, {} after the step",
            parts.n(),
            parts.penalty_text(),
            writing.found(batch.loss + batch.penalty),
            writing.found(batch.new_loss + batch.new_penalty)
        );
    }
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
    for Numbered { number: index, x, .. } in &subject.records {
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
    if !subject.notes.is_empty() {
        head["notes"] = json!(subject.notes);
    }
    subject.rows.iter().for_each(|rows| rows.tell(&mut head));
    head
}

/// What weights cost, before and after a step.
fn put_penalty(into: &mut Value, penalty: Penalty, before: f64, after: f64) {
    if !penalty.is_none() {
        into["penalty"] =
            json!({ "l2": penalty.l2, "l1": penalty.l1, "value": number(before), "new_value": number(after) });
    }
}

/// E before and after a step.
fn put_sums(into: &mut Value, loss: Loss, before: f64, after: f64) {
    into[loss.sum_name()] = number(before);
    into[format!("new_{}", loss.sum_name())] = number(after);
}

pub(super) fn step_json(subject: &Subject, step: &WorkedStep) -> Value {
    let mut value = head(subject);
    value["record"] = json!({
        "record": subject.records.first().map(|record| record.number),
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
    if subject.weighing.mean.is_some() {
        value["record"]["v"] = json!(subject.records.first().map(|record| record.v));
        value["record"]["times"] = number(step.rule.times);
    }
    put_penalty(&mut value["record"], step.rule.penalty, step.penalty, step.new_penalty);
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
        "reduction": batch.rule.reduction.name(),
        "records": subject.records.iter().zip(&batch.records).map(|(record, row)| json!({
            "record": record.number,
            "v": number(row.weight),
            "x": numbers(&record.x),
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
    put_penalty(&mut value["batch"], batch.rule.penalty, batch.penalty, batch.new_penalty);
    put_sums(&mut value["batch"], subject.loss, batch.loss, batch.new_loss);
    value
}

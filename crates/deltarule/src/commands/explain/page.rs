//! A worked step as a worksheet.

use deltarule_core::{Loss, Reduction, WorkedBatch, WorkedStep};

use super::happened::what_happened;
use super::rule::Parts;
use super::{Numbered, Subject};
use crate::number::count;
use crate::rows::RowTally;
use crate::sheet::{Line, Numbers, Sheet};
use crate::worked::Worked;

/// The inputs of a record are a table's columns up to so many.
const MOST_COLUMNS: usize = 6;

/// What is explained, in which units, and the functions.
fn opening<'a>(sheet: &mut Sheet, subject: &'a Subject, eta: f64, numbers: Numbers) -> Worked<'a> {
    sheet.heading(1, Line::words(capitalised(&subject.title)));
    if let Some(text) = subject.rows.as_ref().and_then(RowTally::text) {
        sheet.text(Line::words(text));
    }
    sheet.text(Line::words(format!(
        "{}. Numbers are rounded to {}, and worked out with all.",
        capitalised(&subject.units),
        count(numbers.digits as u64, "significant digit")
    )));
    for note in &subject.notes {
        sheet.text(Line::words(format!("{note}.")));
    }
    let worked = Worked {
        loss: subject.loss,
        activation: subject.layer.activation(),
        inputs: &subject.inputs,
        n_outputs: subject.outputs.len(),
        numbers,
    };
    let mut functions = worked.functions();
    functions.push(Line::math(format!(r"\eta = {}", numbers.given(eta))).and(format!(" ({})", subject.eta_text)));
    sheet.steps(functions);
    worked
}

fn capitalised(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or(String::new(), |first| first.to_uppercase().chain(signs).collect())
}

/// One record, one step.
pub(super) fn step(subject: &Subject, step: &WorkedStep, derive: bool, numbers: Numbers) -> Sheet {
    let mut sheet = Sheet::default();
    let worked = opening(&mut sheet, subject, step.rule.eta, numbers);
    for (j, output) in step.outputs.iter().enumerate() {
        if step.outputs.len() > 1 {
            sheet
                .heading(2, Line::words(format!("Output {} of {}: {}", j + 1, step.outputs.len(), subject.outputs[j])));
        }
        sheet.heading(3, Line::words("1. Forward: the weighted sum, and ").and_math("f").and(" of it"));
        worked.forward(&mut sheet, step, j);
        sheet.text(
            Line::words("The target is ")
                .and_math(format!("{} = {}", worked.of("y", j), numbers.given(output.target)))
                .and("."),
        );
        match subject.loss {
            Loss::Squared => sheet.heading(3, Line::words("2. The error, in three ways")),
            loss => sheet.heading(3, Line::words(format!("2. The error: {}", loss.name()))),
        }
        sheet.steps(worked.errors(step, j));
        sheet.heading(3, Line::words("3. The error term ").and_math(worked.of(r"\delta", j)));
        sheet.steps(worked.error_term(step, j));
        if derive {
            sheet.text(Line::words("The chain rule, with the numbers put in:"));
            sheet.steps(worked.chain_rule(step, j));
        }
        sheet.heading(3, Line::words("4. The step"));
        sheet.text(
            Line::math(r"\partial E / \partial w = -\delta x")
                .and(" points uphill, so the weights go the other way; the two minus signs cancel: ")
                .and_math(r"\Delta w = -\eta \cdot \partial E / \partial w = \eta \delta x")
                .and("."),
        );
        let parts = Parts::of_record(subject, &step.rule);
        if !parts.is_plain() {
            let v = subject.records.first().map_or(1.0, |record| record.v);
            let text = parts.record_text(subject, &step.rule, v, |x| numbers.given(x));
            sheet.text(Line::words(format!("Here: {text}.")));
        }
        worked.step(&mut sheet, step, j);
        sheet.heading(3, Line::words("5. Forward again, with the new weights"));
        sheet.steps(worked.after(output, j));
    }
    if step.outputs.len() > 1 {
        sheet.heading(2, Line::words("All outputs"));
        sheet.text(
            Line::words("Each output has its own ")
                .and_math(r"\delta_j")
                .and(", and ")
                .and_math(r"\Delta w_{ij} = \eta \delta_j x_i")
                .and(" is the change of ")
                .and_math("w_{ij}")
                .and(": the weight is not set to it."),
        );
    }
    sheet.text(
        Line::words("The error of this record: ")
            .and_math(format!("{} = {}", worked.error_of_record(), numbers.found(step.loss)))
            .and(" before the step, ")
            .and_math(numbers.found(step.new_loss))
            .and(" after it."),
    );
    let parts = Parts::of_record(subject, &step.rule);
    if parts.has_penalty() {
        let (before, after) = step.objectives();
        sheet.text(
            Line::words(format!(
                "With its penalty, {}E + {}, it is ",
                if parts.is_weighted { "c·" } else { "" },
                parts.penalty_text()
            ))
            .and_math(numbers.found(before))
            .and(" before the step, ")
            .and_math(numbers.found(after))
            .and(" after it."),
        );
    }
    if !numbers.blank {
        sheet.text(Line::words(what_happened(step)));
    }
    sheet
}

/// Every record, the sums, and one step over all.
pub(super) fn batch(subject: &Subject, batch: &WorkedBatch, numbers: Numbers) -> Sheet {
    let mut sheet = Sheet::default();
    let worked = opening(&mut sheet, subject, batch.rule.eta, numbers);
    let n_outputs = subject.outputs.len();
    records(&mut sheet, subject, &worked);
    let is_squared = subject.loss == Loss::Squared;
    let names: Vec<String> = subject.records.iter().map(|record| record.number.to_string()).collect();
    for j in 0..n_outputs {
        if n_outputs > 1 {
            sheet.heading(2, Line::words(format!("Output {} of {n_outputs}: {}", j + 1, subject.outputs[j])));
        } else {
            sheet.heading(2, Line::words("Forward, errors and error terms"));
        }
        worked.errors_table(&mut sheet, batch, &names, j);
    }
    sheet.text(
        Line::words(if is_squared {
            "Signed errors can cancel, plus against minus; their squares cannot. The error of all records is "
        } else {
            "Signed errors can cancel, plus against minus; L is never below 0. The error of all records is "
        })
        .and_math(format!("{} = {}", worked.error_of_records(batch.is_weighted()), numbers.found(batch.loss)))
        .and("."),
    );
    one_step(&mut sheet, subject, &worked, batch);
    sheet.text(Line::words("After the step: ").and_math(format!("E = {}", numbers.found(batch.new_loss))).and("."));
    let parts = Parts::of_batch(batch);
    if parts.has_penalty() {
        sheet.text(
            Line::words(format!("With its penalty, E + {}·({}), it is ", parts.n(), parts.penalty_text()))
                .and_math(numbers.found(batch.loss + batch.penalty))
                .and(" before the step, ")
                .and_math(numbers.found(batch.new_loss + batch.new_penalty))
                .and(" after it."),
        );
    }
    sheet
}

/// The inputs and targets: a table, or a line for each record where there are many inputs.
fn records(sheet: &mut Sheet, subject: &Subject, worked: &Worked<'_>) {
    let numbers = worked.numbers;
    let d = subject.inputs.len();
    if d > MOST_COLUMNS && !numbers.blank {
        return;
    }
    sheet.heading(2, Line::words("The records"));
    if d > MOST_COLUMNS {
        sheet.steps((0..d).map(|i| Line::math(worked.x(i)).and(format!(": {}", subject.inputs[i]))).collect());
        let all = subject.records.iter().map(|Numbered { number, x, .. }| {
            let mut line = Line::words(format!("record {number}: "));
            let mut between = "";
            for (i, &x) in x.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                line = line.and(between).and_math(format!("{} = {}", worked.x(i), numbers.given(x)));
                between = ", ";
            }
            if between.is_empty() { line.and("all inputs are 0") } else { line.and("; all others are 0") }
        });
        sheet.steps(all.collect());
        return;
    }
    let records = subject.records.iter().map(|record| (record.number.to_string(), &record.x[..], &record.y[..]));
    worked.records_table(sheet, &subject.outputs, records);
}

/// The step that follows from the sums over the records.
fn one_step(sheet: &mut Sheet, subject: &Subject, worked: &Worked<'_>, batch: &WorkedBatch) {
    sheet.heading(2, Line::words("One step over all records"));
    let parts = Parts::of_batch(batch);
    let n = batch.records.len();
    sheet.text(match batch.rule.reduction {
        _ if !parts.is_plain() => Line::words(parts.batch_text(batch, |x| worked.numbers.given(x)) + "."),
        Reduction::Mean => Line::math(r"\Delta w = \frac{\eta}{N} \sum \delta x")
            .and(" with ")
            .and_math(format!("N = {n}"))
            .and(" (--reduction mean)"),
        Reduction::Sum => Line::math(r"\Delta w = \eta \sum \delta x").and(" (--reduction sum)"),
    });
    for j in 0..subject.outputs.len() {
        if subject.outputs.len() > 1 {
            sheet.heading(3, Line::words(subject.outputs[j].clone()));
        }
        worked.batch_step(sheet, subject.layer.parameters(), batch, j);
    }
}

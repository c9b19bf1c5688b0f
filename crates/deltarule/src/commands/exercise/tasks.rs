//! The tasks of a sheet, along the lesson; with their key they are the same text with the numbers put in.

use deltarule_core::{Loss, WorkedBatch};

use super::draw::{Drawn, EPSILON};
use crate::sheet::{Line, Sheet};
use crate::worked::Worked;

/// The kinds of tasks, in the order of the lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Forward,
    Error,
    ErrorTerm,
    Step,
    Differences,
    Records,
    LearningRate,
}

impl Task {
    pub(super) const ALL: [Task; 7] =
        [Task::Forward, Task::Error, Task::ErrorTerm, Task::Step, Task::Differences, Task::Records, Task::LearningRate];

    fn title(self, loss: Loss) -> &'static str {
        match self {
            Task::Forward => "forward",
            Task::Error if loss == Loss::Squared => "the error, in three ways",
            Task::Error => "the error",
            Task::ErrorTerm => "the error term",
            Task::Step => "the step",
            Task::Differences => "the slope, measured",
            Task::Records => "the error of several records",
            Task::LearningRate => "the learning rate",
        }
    }

    /// Writes the task, or, where numbers are not left blank, its solution.
    pub(super) fn write(self, sheet: &mut Sheet, number: usize, worked: &Worked<'_>, drawn: &Drawn) {
        let blank = worked.numbers.blank;
        sheet.heading(3, Line::words(format!("Task {number}: {}", self.title(worked.loss))));
        match self {
            Task::Forward => {
                if blank {
                    sheet.text(Line::words("Work out the weighted sum, and ").and_math("f").and(" of it."));
                }
                sheet.steps(of_outputs(worked, |j| worked.forward_steps(&drawn.step, j)));
            }
            Task::Error => {
                if blank {
                    sheet.text(Line::words("How far is ").and_math(r"\hat y").and(" from ").and_math("y").and(
                        match worked.loss {
                            Loss::Squared => "? Give the error in three ways. Which of them keeps its sign?",
                            _ => "? Give the error with its sign, and as the loss counts it.",
                        },
                    ));
                }
                sheet.steps(of_outputs(worked, |j| worked.errors(&drawn.step, j)));
            }
            Task::ErrorTerm => {
                if blank {
                    sheet.text(
                        Line::words("Work out ").and_math(r"\delta = -\partial E / \partial h").and(" of the record."),
                    );
                }
                sheet.steps(of_outputs(worked, |j| worked.error_term(&drawn.step, j)));
            }
            Task::Step => step(sheet, worked, drawn),
            Task::Differences => differences(sheet, worked, drawn),
            Task::Records => records(sheet, worked, drawn),
            Task::LearningRate => learning_rate(sheet, worked, drawn),
        }
    }
}

/// The lines of all outputs.
fn of_outputs(worked: &Worked<'_>, of: impl Fn(usize) -> Vec<Line>) -> Vec<Line> {
    (0..worked.n_outputs).flat_map(of).collect()
}

/// The network and its record, which the first tasks are about.
pub(super) fn network(sheet: &mut Sheet, worked: &Worked<'_>, drawn: &Drawn) {
    let numbers = worked.numbers;
    sheet.steps(worked.functions());
    let mut head = vec![Line::words("input"), Line::math("x")];
    head.extend((0..worked.n_outputs).map(|j| match worked.n_outputs {
        1 => Line::words("weight ").and_math("w"),
        _ => Line::words(format!("weight to output {}", j + 1)),
    }));
    let outputs = &drawn.step.outputs;
    let mut rows: Vec<Vec<Line>> = (0..worked.inputs.len())
        .map(|i| {
            let mut cells = vec![worked.input(i), Line::math(numbers.given(drawn.step.inputs[i]))];
            cells.extend(outputs.iter().map(|output| Line::math(numbers.given(output.weights[i]))));
            cells
        })
        .collect();
    if drawn.layer.parameters().has_bias() {
        let mut cells = vec![Line::words("bias ").and_math("b"), Line::math("1")];
        cells.extend(outputs.iter().filter_map(|output| output.bias).map(|b| Line::math(numbers.given(b))));
        rows.push(cells);
    }
    sheet.table(head, rows);
    let mut target = Line::words(if outputs.len() == 1 { "The target is " } else { "The targets are " });
    for (j, output) in outputs.iter().enumerate() {
        let equation = format!("{} = {}", worked.of("y", j), numbers.given(output.target));
        target = target.and(if j == 0 { "" } else { ", " }).and_math(equation);
    }
    sheet.text(target.and("."));
}

fn step(sheet: &mut Sheet, worked: &Worked<'_>, drawn: &Drawn) {
    let numbers = worked.numbers;
    sheet.text(
        Line::words("One step of the delta rule with ")
            .and_math(format!(r"\eta = {}", numbers.given(drawn.step.rule.eta)))
            .and(if numbers.blank { ". What are the new weights, and what is E with them?" } else { ":" }),
    );
    for j in 0..worked.n_outputs {
        worked.step(sheet, &drawn.step, j);
    }
    let mut lines = of_outputs(worked, |j| worked.after(&drawn.step.outputs[j], j));
    lines.push(error_before_and_after(worked, drawn.step.loss, drawn.step.new_loss));
    sheet.steps(lines);
}

fn error_before_and_after(worked: &Worked<'_>, before: f64, after: f64) -> Line {
    let numbers = worked.numbers;
    Line::math(format!("E = {}", numbers.found(before)))
        .and(" before the step, ")
        .and_math(numbers.found(after))
        .and(" after it")
}

fn differences(sheet: &mut Sheet, worked: &Worked<'_>, drawn: &Drawn) {
    let (numbers, quotient, (i, j)) = (worked.numbers, &drawn.quotient, drawn.weight);
    let w = worked.w(Some(i), j);
    if numbers.blank {
        sheet.text(
            Line::words("Measure the slope of E along ")
                .and_math(&*w)
                .and(": work out E with a weight a little larger and a little smaller, and all others as they are. How near is ")
                .and_math(r"-\delta x")
                .and(", and why?"),
        );
    }
    let (above, below) = (quotient.weight_above, quotient.weight_below);
    let slope = format!(
        r"\frac{{E({w} + {EPSILON}) - E({w} - {EPSILON})}}{{2 \cdot {EPSILON}}} = {}",
        numbers.found(quotient.by_differences)
    );
    sheet.steps(vec![
        Line::math(format!(
            "E({w} + {EPSILON}) = E({}) = {}",
            numbers.given(above),
            numbers.found(quotient.loss_above)
        )),
        Line::math(format!(
            "E({w} - {EPSILON}) = E({}) = {}",
            numbers.given(below),
            numbers.found(quotient.loss_below)
        )),
        Line::math(slope),
        Line::math(format!(
            r"\partial E / \partial {w} = -{} {} = {}",
            worked.of(r"\delta", j),
            worked.x(i),
            numbers.found(quotient.by_delta_rule)
        )),
    ]);
    if !numbers.blank {
        let apart = (quotient.by_differences - quotient.by_delta_rule).abs();
        sheet.text(match apart <= 1e-9 * quotient.by_delta_rule.abs().max(1.0) {
            true => Line::words(
                "Between the two, E is a straight line or a parabola along the weight, so both are the same but for rounding.",
            ),
            false => Line::words("E is curved in a way that a step of ")
                .and_math(EPSILON.to_string())
                .and(" does not see; a smaller one comes nearer, until rounding is all that is left."),
        });
    }
}

fn records(sheet: &mut Sheet, worked: &Worked<'_>, drawn: &Drawn) {
    let numbers = worked.numbers;
    if numbers.blank {
        sheet.text(Line::words(
            "The same network, with the weights of the beginning, on several records. Fill in the table, and work out E of all of them. \
             What does the sum of the signed errors say?",
        ));
    }
    let names: Vec<String> = (1..=drawn.records.len()).map(|n| n.to_string()).collect();
    let table = names.iter().cloned().zip(&drawn.records).map(|(name, (x, y))| (name, &x[..], &y[..]));
    worked.records_table(sheet, &vec![String::new(); worked.n_outputs], table);
    for j in 0..worked.n_outputs {
        if worked.n_outputs > 1 {
            sheet.text(Line::words(format!("Output {}:", j + 1)));
        }
        worked.errors_table(sheet, &drawn.small, &names, j);
    }
    let mut lines =
        vec![Line::math(format!("{} = {}", worked.error_of_records(false), numbers.found(drawn.small.loss)))];
    if !numbers.blank {
        lines.push(Line::words(
            "signed errors cancel, plus against minus: their sum can be near 0 for a bad network, and E cannot",
        ));
    }
    sheet.steps(lines);
}

fn learning_rate(sheet: &mut Sheet, worked: &Worked<'_>, drawn: &Drawn) {
    let numbers = worked.numbers;
    let (small, large) = (&drawn.small, &drawn.large);
    if numbers.blank {
        sheet.text(
            Line::words("One step over all these records, ")
                .and_math(r"\Delta w = \eta \sum \delta x")
                .and(", from the weights of the beginning: once with ")
                .and_math(format!(r"\eta = {}", numbers.given(small.rule.eta)))
                .and(", and once with ")
                .and_math(format!(r"\eta = {}", numbers.given(large.rule.eta)))
                .and(". What is E after each? Was one of them too large?"),
        );
    }
    for batch in [small, large] {
        sheet.text(Line::words("With ").and_math(format!(r"\eta = {}", numbers.given(batch.rule.eta))).and(":"));
        for j in 0..worked.n_outputs {
            worked.batch_step(sheet, drawn.layer.parameters(), batch, j);
        }
        sheet.steps(vec![error_before_and_after(worked, batch.loss, batch.new_loss)]);
    }
    if !numbers.blank {
        sheet.text(verdict(worked, large));
    }
}

/// Whether the larger η was too large.
fn verdict(worked: &Worked<'_>, large: &WorkedBatch) -> Line {
    let eta = Line::math(format!(r"\eta = {}", worked.numbers.given(large.rule.eta)));
    if large.new_loss > large.loss {
        eta.and(" was too large: the step points downhill, but goes past the bottom and up on the other side, and E is higher than before.")
    } else {
        eta.and(" was not too large here: E fell, too. With this f and these targets even a step that goes far does not go past a bottom.")
    }
}

//! `deltarule check`: the gradient of the delta rule against finite differences, on the user's data.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use deltarule_core::{GradientCheck, Loss, check_gradient_of};
use deltarule_data::prepare;
use deltarule_model::ScaleRule;
use deltarule_train::{FEW_INPUTS, checked_inputs};
use serde_json::json;

use crate::cli::CheckArgs;
use crate::number::{count, digits, short};
use crate::rows::Rows;
use crate::setup::{Input, Machine};
use crate::valid::HoldOut;
use crate::{failure, output, report, setup};

pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode> {
    let choices = setup::choices(&args.data, &args.columns, &args.network, &args.weights, HoldOut::default())?;
    let mut rows = Rows::of(&args.rows, &args.data, &[], args.force)?;
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet: args.json };
    let (table, row_tally) = setup::read_table(input, &args.columns, &choices, Machine::default(), &mut rows)?;
    let prepared = prepare(&table, &choices)?;
    let threads = deltarule_train::threads(None, table.n_values())?;
    let scale = args.columns.scale.map_or(ScaleRule::Standard, Into::into);
    let has_bias = !args.network.no_bias;
    let code = setup::with_problem(&prepared, &args.columns, args.network.loss, scale, has_bias, &threads, |ready| {
        let (weights, start_text) = setup::starting_weights(
            // From all zeros many gradients are equal, and a mistake could hide.
            Some(args.network.init.as_deref().unwrap_or("normal")),
            &ready,
            args.network.seed,
        )?;
        let checked = checked_inputs(&ready.encoding);
        let check = check_gradient_of(&ready.problem, &weights, &checked)?;
        let (inputs, outputs) = (ready.encoding.input_names(), ready.encoding.target.output_names());
        let name = |feature: Option<usize>| feature.map_or("(bias)", |i| inputs[i].as_str());
        if args.json {
            let mut report = json!({
                "command": "check",
                "data": table.name(),
                "activation": prepared.activation.name(),
                "loss": ready.problem.loss.to_string(),
                "weights_at": start_text,
                "passes": check.passes(),
                "tolerance": GradientCheck::TOLERANCE,
                "worst": finite(check.worst),
                "weights": check.weights.iter().map(|w| json!({
                    "output": outputs[w.output], "input": name(w.feature),
                    "by_delta_rule": finite(w.by_delta_rule), "by_differences": finite(w.by_differences),
                    "scale": finite(w.scale), "relative_error": finite(w.relative_error), "records_at_kinks": w.at_kinks,
                })).collect::<Vec<_>>(),
            });
            row_tally.tell(&mut report);
            output::print_json(&report)?;
        } else {
            let mut text = format!(
                "∂E/∂w on {} of {}, f = {}, weights: {start_text}\n  by the delta rule, −Σδx, and by central differences, (E(w + ε) − E(w − ε))/2ε, relative to Σ|δx|\n\n",
                count(prepared.training.n_records() as u64, "record"),
                table.name(),
                prepared.activation
            );
            if let Some(rows) = row_tally.text() {
                let _ = writeln!(text, "  {rows}\n");
            }
            if ready.problem.loss != Loss::Squared {
                let _ = writeln!(text, "  {}", report::loss_text(ready.problem.loss, &prepared.activation));
            }
            if let Some(derivative) = prepared.activation.derivative_text() {
                let _ = writeln!(text, "  f(h) = {}, f'(h) = {derivative}\n", prepared.activation.value_text());
            }
            if checked.len() < inputs.len() {
                let _ = writeln!(
                    text,
                    "  {} of {} inputs are checked: up to {FEW_INPUTS} of each column, evenly spread\n",
                    checked.len(),
                    inputs.len()
                );
            }
            let width =
                inputs.iter().map(|name| output::one_line(name).chars().count()).max().unwrap_or(0).clamp(12, 40) + 2;
            let _ = writeln!(
                text,
                "  {:<16}{:<width$}{:>18}{:>18}{:>12}",
                "output", "weight", "delta rule", "differences", "apart"
            );
            for w in &check.weights {
                let kinks = if w.at_kinks > 0 {
                    format!("  ({} at a kink left out)", count(w.at_kinks, "record"))
                } else {
                    String::new()
                };
                let _ = writeln!(
                    text,
                    "  {:<16}{:<width$}{:>18}{:>18}{:>12}{kinks}",
                    output::one_line(&outputs[w.output]).chars().take(15).collect::<String>(),
                    output::one_line(name(w.feature)),
                    digits(w.by_delta_rule, 10),
                    digits(w.by_differences, 10),
                    digits(w.relative_error, 2)
                );
            }
            let _ = writeln!(text, "\n{}", verdict(&check));
            output::print(&text)?;
        }
        Ok(if check.passes() { ExitCode::SUCCESS } else { ExitCode::from(failure::FAILED) })
    })?;
    rows.finish()?;
    Ok(code)
}

/// What the check comes to.
fn verdict(check: &GradientCheck) -> String {
    if check.compares_nothing() {
        return "nothing could be compared: every record is at a kink here; try --init normal, another --seed, or another start"
            .to_owned();
    }
    format!(
        "{}: the two are at most {} apart (allowed: {})",
        if check.passes() { "the gradient is right" } else { "the gradient is wrong" },
        digits(check.worst, 2),
        short(GradientCheck::TOLERANCE)
    )
}

/// JSON has no NaN.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

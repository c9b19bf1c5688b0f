//! `deltarule evaluate`: scores beside the baseline, and the records that make up most of E.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use deltarule_data::{Reader, RowEncoder};
use serde_json::json;

use crate::cli::EvaluateArgs;
use crate::number::{count, digits, percent, short};
use crate::scores::{Outcome, Scores};
use crate::{output, setup};

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let model = setup::read_model(&args.model)?;
    let mut reader = Reader::open(&args.data, &args.files.options()?)?;
    let mut encoder = RowEncoder::new(model.encoding(), &reader, true)?;
    let (outcome, records, n_read) = Outcome::of_file(&mut reader, &mut encoder, &model)?;
    let left_out = n_read - records.len() as u64;
    let target = &model.encoding().target;
    let scores = outcome.scores(target);
    let mut worst: Vec<usize> = (0..outcome.n_records()).collect();
    worst.sort_by(|&a, &b| outcome.error_of(b).total_cmp(&outcome.error_of(a)));
    worst.truncate(args.worst);
    let share = |r: usize| if scores.sse > 0.0 { outcome.error_of(r) / scores.sse } else { 0.0 };
    let unseen: Vec<(String, u64)> = unseen_levels(&model, encoder.unseen());
    if args.json {
        output::print_json(&json!({
            "command": "evaluate",
            "model": args.model.display().to_string(),
            "data": reader.name(),
            "scores": scores.json(),
            "left_out": left_out,
            "unseen_levels": unseen.iter().map(|(column, n)| json!({ "column": column, "values": n })).collect::<Vec<_>>(),
            "worst": worst.iter().map(|&r| json!({
                "record": records[r],
                "error": outcome.error_of(r),
                "share_of_sse": share(r),
                "target": outcome.targets.iter().map(|y| y[r]).collect::<Vec<_>>(),
                "output": outcome.outputs.iter().map(|y| y[r]).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} on {}: {}", args.model.display(), reader.name(), count(n_read, "record"));
    if left_out > 0 {
        let _ = write!(text, ", {left_out} without a target or with a missing value left out");
    }
    text.push_str("\n\n");
    text.push_str(&Scores::table(&[("model", &scores)]));
    text.push_str("(baseline: the best constant of the training records)\n");
    if let Some(warning) = scores.warning("given") {
        let _ = writeln!(text, "warning: {warning}");
    }
    for (column, n) in unseen {
        let _ = writeln!(
            text,
            "{} of column {column} unknown to the model counted as none of its levels",
            count(n, "value")
        );
    }
    if !worst.is_empty() {
        let _ = writeln!(
            text,
            "\nthe {} that make up most of E = {} (½ΣΣ(y − ŷ)²)",
            count(worst.len() as u64, "record"),
            digits(scores.sse, 8)
        );
        let _ = writeln!(text, "  {:>10}{:>16}{:>16}{:>16}{:>12}", "record", "y", "ŷ", "½(y − ŷ)²", "share of E");
        let numbers =
            |columns: &[Vec<f64>], r: usize| columns.iter().map(|y| short(y[r])).collect::<Vec<_>>().join(" ");
        for &r in &worst {
            let (y, output) = (numbers(&outcome.targets, r), numbers(&outcome.outputs, r));
            let _ = writeln!(
                text,
                "  {:>10}{y:>16}{output:>16}{:>16}{:>12}",
                records[r],
                short(outcome.error_of(r)),
                percent(share(r))
            );
        }
        let together: f64 = worst.iter().map(|&r| share(r)).sum();
        let _ = writeln!(text, "  together {} of E", percent(together));
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The columns in which levels came up that the model has not seen, and how often.
pub(crate) fn unseen_levels(model: &deltarule_model::Model, unseen: &[u64]) -> Vec<(String, u64)> {
    let names = model.encoding().features.iter().map(|feature| feature.name.clone());
    names.zip(unseen.iter().copied()).filter(|(_, n)| *n > 0).collect()
}

//! What is said of a sweep, in words and in JSON.

use std::fmt::Write as _;

use deltarule_core::{Loss, OptimizerKind, Plan};
use deltarule_data::SplitRule;
use serde_json::{Value, json};

use super::Ended;
use crate::cli::SweepArgs;
use crate::number::{count, digits, short};
use crate::scores::{Detail, Scores};
use crate::{record, report, setup, valid};

/// The command that trains this run alone: what was typed, but for what differs from run to run and where results go.
pub(super) fn alone(plan: &Plan) -> String {
    let mut differing = vec!["--eta", "--points", "--l2", "--l1", "--seeds", "--seed", "--optimizer", "--epochs"];
    // And what no result depends on.
    differing.extend(["--out", "-o", "--trace", "--memory", "--cache", "--threads"]);
    // Settings of the other rules.
    differing.extend(match plan.optimizer {
        OptimizerKind::Adam { .. } => &["--decay"][..],
        OptimizerKind::RmsProp { .. } => &["--beta1", "--beta2"],
        OptimizerKind::AdaGrad { .. } => &["--beta1", "--beta2", "--decay"],
        _ => &["--beta1", "--beta2", "--decay", "--epsilon"],
    });
    let typed = record::arguments_without(&differing, &["--force", "--json"]).join(" ");
    let eta = if plan.chooses_eta() { String::new() } else { format!(" --eta {}", plan.eta.eta) };
    format!(
        "deltarule train {typed} --optimizer {} --epochs {}{eta}{}{}{}",
        plan.optimizer.name(),
        plan.epochs,
        given("l2", plan.penalty.l2 > 0.0, &plan.penalty.l2),
        given("l1", plan.penalty.l1 > 0.0, &plan.penalty.l1),
        given("seed", plan.seed != 0, &plan.seed),
    )
}

/// An option that is to be typed again.
fn given(option: &str, is_given: bool, value: &dyn std::fmt::Display) -> String {
    if is_given { format!(" --{option} {value}") } else { String::new() }
}

/// The score that people look at first: its name, and what it is.
pub(super) fn main_score(scores: &Scores) -> (&'static str, f64) {
    match &scores.detail {
        Detail::Numbers(targets) => {
            ("RMSE", targets.iter().map(|target| target.own.rmse).sum::<f64>() / targets.len().max(1) as f64)
        }
        Detail::Classes { scores, .. } => ("accuracy", scores.accuracy),
    }
}

pub(super) fn to_text(
    args: &SweepArgs,
    held_out_text: &str,
    ended: &[Ended],
    best: Option<usize>,
    written: Option<&str>,
) -> String {
    let baseline = ended.first().map_or(0.0, |run| run.plan.baseline.loss);
    let held_out = ended.first().is_some_and(|run| run.held_out.is_some());
    let name = ended.first().map_or("", |run| main_score(&run.training).0);
    let penalised = ended.iter().any(|run| !run.plan.penalty.is_none());
    let mut text = format!(
        "{} over {}, all in the same passes; baseline: E = {} (E = {})\n{held_out_text}\n",
        count(ended.len() as u64, "run"),
        setup::typed(&args.data, &args.files),
        digits(baseline, 8),
        ended.first().map_or(String::new(), |run| run.training.sum_text.clone())
    );
    let _ = write!(text, "  {:>4}  {:<10}", "run", "optimizer");
    if penalised {
        let _ = write!(text, "{:>12}{:>12}", "l2", "l1");
    }
    let _ = write!(text, "{:>12}{:>6}{:>8}{:>16}{:>12}", "η", "seed", "epochs", "training E", name);
    if held_out {
        let _ = write!(text, "{:>16}{:>12}", "held-out E", name);
    }
    text.push_str("  stopped\n");
    for (index, run) in ended.iter().enumerate() {
        let mark = if best == Some(index) { '*' } else { ' ' };
        let (plan, fit) = (&run.plan, &run.fit);
        let _ = write!(text, "{mark} {:>4}  {:<10}", index + 1, plan.optimizer.name());
        if penalised {
            let _ = write!(text, "{:>12}{:>12}", short(plan.penalty.l2), short(plan.penalty.l1));
        }
        let _ = write!(
            text,
            "{:>12}{:>6}{:>8}{:>16}{:>12}",
            short(plan.eta.eta),
            plan.seed,
            fit.epochs,
            digits(run.training.loss_sum, 8),
            short(main_score(&run.training).1)
        );
        if let Some(scores) = &run.held_out {
            let _ = write!(text, "{:>16}{:>12}", digits(scores.loss_sum, 8), short(main_score(scores).1));
        }
        let _ = writeln!(text, "  {}", fit.reason.name());
    }
    let failed = ended.iter().filter(|run| run.fit.reason.is_failure()).count();
    if failed > 0 {
        let guaranteed = ended.iter().find_map(|run| run.plan.eta.guaranteed);
        let _ = writeln!(
            text,
            "\n{} diverged or saturated{}",
            count(failed as u64, "run"),
            guaranteed.map_or(String::new(), |eta| format!(
                ": with gd and η = {} no step raises E, that is guaranteed",
                short(eta)
            ))
        );
    }
    match best {
        None => text.push_str("\nno run ended well; try smaller learning rates, or --eta auto\n"),
        Some(index) => {
            let run = &ended[index];
            let judged = if held_out { "on the records held out" } else { "in training (--valid holds records out)" };
            let _ =
                writeln!(text, "\n* the least E {judged}: run {}. To see it alone: {}", index + 1, alone(&run.plan));
        }
    }
    match written {
        Some(path) => {
            let _ = writeln!(text, "its model was written to {path}");
        }
        None => text.push_str("no model was written; to keep the best, add: --out model.json\n"),
    }
    text
}

pub(super) fn to_json(
    data: &str,
    split: Option<&SplitRule>,
    loss: Loss,
    ended: &[Ended],
    best: Option<usize>,
    written: Option<&str>,
) -> Value {
    json!({
        "command": "sweep",
        "data": data,
        "split": split.map(valid::split_json),
        "loss": loss.to_string(),
        format!("baseline_{}", loss.sum_name()): ended.first().map(|run| run.plan.baseline.loss),
        "guaranteed_eta": ended.iter().find_map(|run| run.plan.eta.guaranteed),
        "runs": ended.iter().enumerate().map(|(index, run)| json!({
            "run": index + 1,
            "optimizer": run.plan.optimizer.name(),
            "eta": run.plan.eta.eta,
            "eta_chosen": run.plan.chooses_eta(),
            "l2": run.plan.penalty.l2,
            "l1": run.plan.penalty.l1,
            "seed": run.plan.seed,
            "epochs": run.fit.epochs,
            "stop_reason": run.fit.reason.name(),
            "stop_text": report::reason_text(&run.fit.reason, &run.plan, loss, run.fit.layer.activation()),
            "failed": run.fit.reason.is_failure(),
            "training": run.training.json(),
            "held_out": run.held_out.as_ref().map(Scores::json),
        })).collect::<Vec<_>>(),
        "best": best.map(|index| index + 1),
        "model": written,
    })
}

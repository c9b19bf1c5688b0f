//! `deltarule evaluate`: scores beside the baseline, and the records that make up most of E.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{DecileTally, Loss, ThresholdTally};
use deltarule_model::{Encoding, FeatureKind, Pooled, RARE_LEVEL};
use serde_json::{Value, json};

use crate::cli::EvaluateArgs;
use crate::deciles;
use crate::intervals::{self, Replicates};
use crate::number::{count, digits, percent, short};
use crate::rows::Rows;
use crate::scores::{Detail, FileScores, Scored, Scores, Tally};
use crate::{decisions, output, setup};

/// p = ½, in thousandths.
const HALF: u64 = 500;

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode> {
    let model = setup::read_model(&args.model)?;
    let two_classes = model.encoding().target.classes().is_some_and(|classes| classes.len() == 2);
    if !two_classes && (args.threshold.is_some() || args.cost.is_some()) {
        let option = if args.threshold.is_some() { "--threshold" } else { "--cost" };
        bail!("{option}: found a model of {}, expected one of two classes; leave {option} out", what(&model));
    }
    let at = args.threshold.unwrap_or(HALF);
    let read = [&args.data[..], std::slice::from_ref(&args.model)].concat();
    let mut rows = Rows::of(&args.rows, &read, &[], args.force)?;
    let mut reader = setup::open(&args.data, &args.files, rows.skips())?;
    let mut worst = Worst { most: args.worst, records: BinaryHeap::new() };
    let mut replicates = args.bootstrap.map(|n| Replicates::new(&model, n as usize, args.seed, at));
    let names = model.encoding().target.output_names();
    let n_numbers = if model.encoding().target.classes().is_none() { names.len() } else { 0 };
    let mut parts = vec![DecileTally::one_of(n_numbers); n_numbers];
    let FileScores { scores, n_read, unseen, left_out: not_used } =
        Tally::of_file(&mut reader, &model, args.weight.as_deref(), &mut rows, |record, scored| {
            worst.add(record, scored);
            let predicted = scored.targets.iter().zip(scored.outputs);
            parts.iter_mut().zip(predicted).for_each(|(part, (y, output))| part.add(*y, *output, scored.weights.1));
            replicates.iter_mut().for_each(|replicates| replicates.add(record, scored));
        })?;
    rows.finish()?;
    // Without a threshold that is asked for, a record is called what is most probable.
    let scores = match args.threshold {
        Some(threshold) => scores.at_threshold(threshold, &model.training().class_weights),
        None => scores,
    };
    let intervals = replicates.as_mut().map(|replicates| replicates.intervals(&scores));
    let left_out = n_read - scores.n;
    let worst = worst.in_order();
    let share = |bad: &Bad| if scores.loss_sum > 0.0 { bad.error / scores.loss_sum } else { 0.0 };
    let unseen: Vec<(String, u64)> = unseen_levels(model.encoding(), &unseen);
    if args.json {
        let mut report = json!({
            "command": "evaluate",
            "model": args.model.display().to_string(),
            "data": reader.name(),
            "scores": scores.json(),
            "warnings": scores.warning("given").into_iter().collect::<Vec<_>>(),
            "decisions": thresholds(&scores).map(|tally| decisions::to_json(tally, at, args.cost)),
            "bootstrap": replicates.as_ref().zip(intervals.as_ref()).map(|(replicates, of)| replicates.to_json(of)),
            "deciles": deciles::to_json(&names, &parts),
            "left_out": left_out,
            "unseen_levels": unseen_json(&unseen),
            "worst": worst.iter().map(|bad| json!({
                "record": bad.record,
                "error": bad.error,
                format!("share_of_{}", scores.loss.sum_name()): share(bad),
                "target": bad.targets,
                "output": bad.outputs,
            })).collect::<Vec<_>>(),
        });
        not_used.tell(&mut report);
        output::print_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{} on {}: {}", args.model.display(), reader.name(), count(n_read, "record"));
    if left_out > 0 {
        let _ = write!(text, ", {left_out} without a target or with a missing value left out");
    }
    text.extend(not_used.text().map(|text| format!("\n{text}")));
    text.push_str("\n\n");
    match (&replicates, &intervals) {
        (Some(replicates), Some(of)) => {
            text.push_str(&intervals::table("model", &scores, of));
            text.push_str(&replicates.text());
            text.push_str(&Scores::details(&[("model", &scores)]));
        }
        _ => text.push_str(&Scores::table(&[("model", &scores)])),
    }
    text.push_str("(baseline: the best constant of the training records)\n");
    if let (None, Some(weight)) = (&args.weight, &model.training().weight) {
        let _ = writeln!(
            text,
            "each record counts once; in training it did as often as column {weight} said: --weight {weight} does so here"
        );
    }
    if let Some(warning) = scores.warning("given") {
        let _ = writeln!(text, "warning: {warning}");
    }
    if let (Some(tally), Some(names)) = (thresholds(&scores), model.encoding().target.classes()) {
        let of_decisions = intervals.as_deref().unwrap_or_default();
        text.push_str(&decisions::text(tally, names, at, args.cost, of_decisions, scores.is_weighted));
    }
    text.push_str(&deciles::text(&names, &parts));
    if let Some(weight) = &args.weight {
        let _ = writeln!(text, "(each record counts as often as column {weight} says, in all of the above)");
    }
    for (column, n) in unseen {
        let _ = writeln!(text, "{}", unseen_text(model.encoding(), &column, n));
    }
    if !worst.is_empty() {
        let _ = writeln!(
            text,
            "\nthe {} that make up most of E = {} ({})",
            count(worst.len() as u64, "record"),
            digits(scores.loss_sum, 8),
            scores.sum_text
        );
        let error = if scores.loss == Loss::Squared { "½(y − ŷ)²" } else { "error" };
        let _ = writeln!(text, "  {:>10}{:>16}{:>16}{:>16}{:>12}", "record", "y", "ŷ", error, "share of E");
        let numbers = |ys: &[f64]| ys.iter().map(|y| short(*y)).collect::<Vec<_>>().join(" ");
        for bad in &worst {
            let (y, output) = (numbers(&bad.targets), numbers(&bad.outputs));
            let _ = writeln!(
                text,
                "  {:>10}{y:>16}{output:>16}{:>16}{:>12}",
                bad.record,
                short(bad.error),
                percent(share(bad))
            );
        }
        let together: f64 = worst.iter().map(share).sum();
        let _ = writeln!(text, "  together {} of E", percent(together));
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Where there are two classes: the records by their p.
fn thresholds(scores: &Scores) -> Option<&ThresholdTally> {
    match &scores.detail {
        Detail::Classes { thresholds, .. } => thresholds.as_ref(),
        Detail::Numbers(_) => None,
    }
}

/// What a model predicts, in a word.
pub(super) fn what(model: &deltarule_model::Model) -> String {
    model.encoding().target.classes().map_or("numbers".to_owned(), |classes| format!("{} classes", classes.len()))
}

/// The records that make up most of E, so far.
struct Worst {
    most: usize,
    /// The least bad of them on top.
    records: BinaryHeap<Reverse<Bad>>,
}

/// A record with a large error.
struct Bad {
    record: u64,
    error: f64,
    targets: Vec<f64>,
    outputs: Vec<f64>,
}

impl Worst {
    fn add(&mut self, record: u64, scored: Scored<'_>) {
        let error: f64 = scored.errors.iter().sum();
        let full = self.records.len() == self.most;
        if full && self.records.peek().is_none_or(|Reverse(least)| error.total_cmp(&least.error).is_le()) {
            return;
        }
        let (targets, outputs) = (scored.targets.to_vec(), scored.outputs.to_vec());
        self.records.push(Reverse(Bad { record, error, targets, outputs }));
        if full {
            self.records.pop();
        }
    }

    /// The worst first.
    fn in_order(self) -> Vec<Bad> {
        self.records.into_sorted_vec().into_iter().map(|Reverse(bad)| bad).collect()
    }
}

impl Ord for Bad {
    /// By the error; of equal ones the earlier record is the worse one.
    fn cmp(&self, other: &Self) -> Ordering {
        self.error.total_cmp(&other.error).then(other.record.cmp(&self.record))
    }
}

impl PartialOrd for Bad {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Bad {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Bad {}

/// What became of values that the model has no weight for.
pub(crate) fn unseen_text(encoding: &Encoding, column: &str, n: u64) -> String {
    format!("{} {}", count(n, "value"), what_became(encoding, column))
}

/// The same, less how many they are.
pub(crate) fn what_became(encoding: &Encoding, column: &str) -> String {
    let feature = encoding.features.iter().find(|feature| feature.name == column);
    match feature.map(|feature| &feature.kind) {
        Some(FeatureKind::Sparse { .. }) => "of indices that did not occur in training left out".to_owned(),
        Some(FeatureKind::Hashed { .. }) => {
            format!("of column {column} hashed into buckets that did not occur in training counted with weight 0")
        }
        Some(FeatureKind::Category { pooled: Some(Pooled { n_levels: 1.., .. }), .. }) => {
            format!("of column {column} rare in training or unknown counted as {RARE_LEVEL}")
        }
        _ => format!("of column {column} unknown to the model counted as none of its levels"),
    }
}

/// The columns in which levels came up that the model has not seen, and how often.
pub(crate) fn unseen_levels(encoding: &Encoding, unseen: &[u64]) -> Vec<(String, u64)> {
    let names = encoding.features.iter().map(|feature| feature.name.clone());
    names.zip(unseen.iter().copied()).filter(|(_, n)| *n > 0).collect()
}

/// The same in a report.
pub(crate) fn unseen_json(unseen: &[(String, u64)]) -> Value {
    unseen.iter().map(|(column, n)| json!({ "column": column, "values": n })).collect()
}

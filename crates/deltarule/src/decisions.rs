//! What `evaluate` says about the threshold of two classes, and how far the probabilities can be believed.

use std::fmt::Write as _;

use deltarule_core::{CalibrationGroup, Decisions, ThresholdTally};
use serde_json::{Value, json};

use crate::intervals::{self, ScoreIntervals};
use crate::number::{percent, short};
use crate::scores::{count_json, count_text};

/// What a wrong decision costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Costs {
    /// Of calling a record of the first class the second.
    pub(crate) false_positive: f64,
    /// Of calling a record of the second class the first.
    pub(crate) false_negative: f64,
}

/// Decisions at a threshold, with the two that need no model beside them, and what the intervals of the chosen one say.
pub(crate) fn text(
    tally: &ThresholdTally,
    names: &[String],
    at: u64,
    costs: Option<Costs>,
    intervals: &[ScoreIntervals],
    is_weighted: bool,
) -> String {
    let yes = names.get(1).map_or("", String::as_str);
    let mut rows = Vec::new();
    let mut text = String::new();
    if let Some(costs) = costs {
        let k = tally.cheapest(costs.false_positive, costs.false_negative);
        rows.push(("cheapest".to_owned(), tally.decisions(k)));
        let _ = writeln!(
            text,
            "\na wrong {yes:?} costs {}, a missed one {}: on these records p ≥ {threshold} costs least (where every p is right: {})\n\
             choose it on other records than those that you judge it by, and predict with --threshold {threshold}",
            short(costs.false_positive),
            short(costs.false_negative),
            short(costs.false_positive / (costs.false_positive + costs.false_negative)),
            threshold = short(k as f64 / 1000.0),
        );
    }
    rows.push(("chosen".to_owned(), tally.decisions(at)));
    let all = tally.decisions(0);
    let none = Decisions {
        threshold: f64::INFINITY,
        true_positives: 0.0,
        false_positives: 0.0,
        false_negatives: all.true_positives,
        true_negatives: all.false_positives,
    };
    rows.extend([(format!("always {yes}"), all), (format!("never {yes}"), none)]);
    let _ = writeln!(text, "\ndecisions: {yes:?} where its p is at least the threshold");
    let _ = write!(text, "  {:<20}{:>10}{:>12}{:>12}{:>12}", "", "threshold", "precision", "recall", "F1");
    let _ = writeln!(text, "{}", if costs.is_some() { format!("{:>14}", "cost") } else { String::new() });
    for (name, row) in rows {
        let optional = |share: Option<f64>| share.map_or("-".to_owned(), percent);
        let threshold = if row.threshold <= 1.0 { short(row.threshold) } else { "-".to_owned() };
        let name: String = name.chars().take(19).collect();
        let _ = write!(
            text,
            "  {name:<20}{threshold:>10}{:>12}{:>12}{:>12}",
            optional(row.precision()),
            optional(row.recall()),
            row.f1().map_or("-".to_owned(), short)
        );
        let cost = costs.map(|costs| short(row.cost(costs.false_positive, costs.false_negative)));
        let _ = writeln!(text, "{}", cost.map_or(String::new(), |cost| format!("{cost:>14}")));
    }
    text.extend(intervals::decisions_text(intervals));
    let _ = writeln!(text, "\ncalibration: of the records with such a p of {yes:?}, so many are {yes:?}");
    let records = if is_weighted { "weight" } else { "records" };
    let _ = writeln!(text, "  {:<20}{records:>10}{:>12}{:>12}", "p", "mean p", "are so");
    for group in tally.calibration().iter().filter(|group| group.weight > 0.0) {
        let CalibrationGroup { low, high, weight, mean_p, share, .. } = group;
        let range = format!("{} to {}", short(*low), short(*high));
        let _ =
            writeln!(text, "  {range:<20}{:>10}{:>12}{:>12}", count_text(*weight), percent(*mean_p), percent(*share));
    }
    text
}

/// The same for programs.
pub(crate) fn to_json(tally: &ThresholdTally, at: u64, costs: Option<Costs>) -> Value {
    let decisions = |row: Decisions| {
        json!({
            "threshold": row.threshold,
            "true_positives": count_json(row.true_positives),
            "false_positives": count_json(row.false_positives),
            "false_negatives": count_json(row.false_negatives),
            "true_negatives": count_json(row.true_negatives),
            "precision": row.precision(),
            "recall": row.recall(),
            "f1": row.f1(),
            "cost": costs.map(|costs| row.cost(costs.false_positive, costs.false_negative)),
        })
    };
    let cheapest = costs.map(|costs| tally.decisions(tally.cheapest(costs.false_positive, costs.false_negative)));
    let optional = |x: f64| x.is_finite().then_some(x);
    json!({
        "chosen": decisions(tally.decisions(at)),
        "cheapest": cheapest.map(decisions),
        "calibration": tally.calibration().iter().map(|group| json!({
            "low": group.low, "high": group.high, "records": group.n, "weight": count_json(group.weight),
            "mean_p": optional(group.mean_p), "share": optional(group.share),
        })).collect::<Vec<_>>(),
    })
}

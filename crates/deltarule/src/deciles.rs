//! What `evaluate` says of numbers part by part: whether what is predicted high is high.

use std::fmt::Write as _;

use deltarule_core::DecileTally;
use serde_json::{Value, json};

use crate::number::short;

/// For people: a table for each target; nothing where there are no numbers.
pub(crate) fn text(names: &[String], tallies: &[DecileTally]) -> String {
    let mut text = String::new();
    for (name, tally) in names.iter().zip(tallies) {
        let (deciles, misplaced) = tally.deciles();
        let of = if tallies.len() > 1 { format!(" of {name}") } else { String::new() };
        let _ = writeln!(text, "\ndeciles{of}: the records from the lowest ŷ to the highest, in ten parts");
        let _ = writeln!(text, "  {:<6}{:>10}{:>14}{:>14}{:>14}", "part", "records", "mean ŷ", "mean y", "y − ŷ");
        for (k, decile) in deciles.iter().enumerate() {
            let (output, target) = (decile.mean_output, decile.mean_target);
            let apart = short(target - output);
            let (output, target) = (short(output), short(target));
            let _ = writeln!(text, "  {:<6}{:>10}{output:>14}{target:>14}{apart:>14}", k + 1, decile.n);
        }
        if misplaced > 0 {
            let _ = writeln!(
                text,
                "  (from counts in bins of ŷ: up to {misplaced} records of a part may belong to the one beside it)"
            );
        }
    }
    text
}

/// For programs; `null` where there are no numbers.
pub(crate) fn to_json(names: &[String], tallies: &[DecileTally]) -> Value {
    if tallies.is_empty() {
        return Value::Null;
    }
    let of_target = names.iter().zip(tallies).map(|(name, tally)| {
        let (deciles, misplaced) = tally.deciles();
        let parts = deciles.iter().map(|decile| {
            json!({ "records": decile.n, "mean_output": decile.mean_output, "mean_target": decile.mean_target })
        });
        json!({ "target": name, "misplaced": misplaced, "parts": parts.collect::<Vec<_>>() })
    });
    of_target.collect()
}

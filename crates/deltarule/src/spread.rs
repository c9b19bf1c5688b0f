//! Scores over folds: their mean, and how far apart they are.

use deltarule_data::FoldRule;
use serde_json::{Value, json};

use crate::number::count;
use crate::scores::{Measure, Scores};

/// A score over all folds.
pub(crate) struct Spread {
    pub(crate) name: String,
    pub(crate) show: fn(f64) -> String,
    /// Mean and standard deviation, of the model and of the best constant; nothing where a fold has no such score.
    pub(crate) model: Option<(f64, f64)>,
    pub(crate) baseline: Option<(f64, f64)>,
}

/// Each score over the folds.
pub(crate) fn spreads(scores: &[&Scores]) -> Vec<Spread> {
    let measures: Vec<Vec<Measure>> = scores.iter().map(|scores| scores.measures()).collect();
    let Some(first) = measures.first() else { return Vec::new() };
    let spread = |(at, Measure { name, show, .. }): (usize, &Measure)| {
        let over_folds = |value: fn(&Measure) -> Option<f64>| -> Option<(f64, f64)> {
            let values: Option<Vec<f64>> = measures.iter().map(|of_fold| value(of_fold.get(at)?)).collect();
            values.map(|values| mean_and_deviation(&values))
        };
        let (model, baseline) = (over_folds(|measure| measure.model), over_folds(|measure| measure.baseline));
        Spread { name: name.clone(), show: *show, model, baseline }
    };
    first.iter().enumerate().map(spread).collect()
}

/// How many records there are in each fold, in words.
pub(crate) fn sizes(sizes: impl Iterator<Item = u64> + Clone) -> String {
    let (least, most) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
    if least == most { count(most, "record") } else { format!("{least} to {}", count(most, "record")) }
}

pub(crate) fn pair_json(of: Option<(f64, f64)>) -> Value {
    of.map_or(Value::Null, |(mean, deviation)| json!({ "mean": mean, "deviation": deviation }))
}

pub(crate) fn json(spreads: &[Spread]) -> Value {
    let of = |Spread { name, model, baseline, .. }: &Spread| json!({ "name": name, "model": pair_json(*model), "baseline": pair_json(*baseline) });
    spreads.iter().map(of).collect()
}

/// How records came into their folds.
pub(crate) fn rule_json(rule: &FoldRule) -> Value {
    match rule {
        FoldRule::Drawn { stratified } => json!({ "rule": "drawn", "stratified": stratified }),
        FoldRule::Groups { column, n_groups } => json!({ "rule": "groups", "column": column, "groups": n_groups }),
        FoldRule::Time { column, without } => json!({ "rule": "time", "column": column, "without_time": without }),
    }
}

/// The mean, and the standard deviation over n − 1.
pub(crate) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

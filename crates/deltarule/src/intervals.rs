//! Intervals of scores, by the bootstrap: how far they can be off by chance.

use std::fmt::Write as _;

use deltarule_core::{
    Activation, Bootstrap, ClassReplicates, DecisionReplicates, Interval, Loss, RegressionReplicates,
};
use deltarule_model::{Model, Target};
use serde_json::{Value, json};

use crate::number::{digits, percent, short};
use crate::scores::{Detail, Scored, Scores};

/// The share of intervals that hold the true score.
const LEVEL: f64 = 0.95;
/// So often records are counted together to bound the memory.
const FOLDED: u64 = 4096;

/// Replicates of the scores of a model, and of its baseline, under way.
#[derive(Debug)]
pub(crate) struct Replicates<'m> {
    target: &'m Target,
    loss: Loss,
    activation: &'m Activation,
    constants: Vec<f64>,
    seed: u64,
    draw: Bootstrap,
    kind: Kind,
    /// Of two classes: what is decided at the threshold.
    decisions: Option<DecisionReplicates>,
    /// Of the best constant, where there are classes.
    shares: Vec<f64>,
    probabilities: Vec<f64>,
    n: u64,
}

#[derive(Debug)]
enum Kind {
    /// Of each target: the model's, and the baseline's.
    Numbers(Vec<(RegressionReplicates, RegressionReplicates)>),
    Classes(Box<(ClassReplicates, ClassReplicates)>),
}

/// The intervals of one score.
#[derive(Debug)]
pub(crate) struct ScoreIntervals {
    /// The target, where there are several.
    target: Option<String>,
    /// The name in JSON.
    name: &'static str,
    show: fn(f64) -> String,
    model: Option<Interval>,
    baseline: Option<Interval>,
}

impl<'m> Replicates<'m> {
    /// `threshold` is that of two classes, in thousandths.
    pub(crate) fn new(model: &'m Model, n_replicates: usize, seed: u64, threshold: u64) -> Self {
        let target = &model.encoding().target;
        let constants = model.baseline_outputs();
        let sums = model.class_sums();
        let total = sums.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let kind = match target.classes() {
            None => {
                let pair = || (RegressionReplicates::new(n_replicates), RegressionReplicates::new(n_replicates));
                Kind::Numbers(constants.iter().map(|_| pair()).collect())
            }
            Some(classes) => {
                let of = |areas: bool| ClassReplicates::new(classes.len(), n_replicates, areas);
                Kind::Classes(Box::new((of(true), of(false))))
            }
        };
        Self {
            target,
            loss: model.training().loss,
            activation: model.layer().activation(),
            constants,
            seed,
            draw: Bootstrap::new(n_replicates, seed),
            kind,
            decisions: (target.classes().map_or(0, <[String]>::len) == 2)
                .then(|| DecisionReplicates::new(threshold as f64 / 1000.0, n_replicates)),
            shares: sums.iter().map(|sum| sum / total).collect(),
            probabilities: vec![0.0; sums.len()],
            n: 0,
        }
    }

    /// Takes a record, by its number.
    pub(crate) fn add(&mut self, record: u64, scored: Scored<'_>) {
        let counts = self.draw.counts_of(record);
        let (in_error, v) = scored.weights;
        let constants = scored.targets.iter().zip(&self.constants);
        let of_constant = |y: f64, constant: f64| match in_error > 0.0 {
            true => in_error * self.loss.of_constant(self.activation, y, constant),
            false => 0.0,
        };
        match &mut self.kind {
            Kind::Numbers(pairs) => {
                let predicted = scored.outputs.iter().zip(scored.errors).zip(constants);
                for ((own, base), ((&output, &error), (&y, &constant))) in pairs.iter_mut().zip(predicted) {
                    own.add(counts, v, y, output, error);
                    base.add(counts, v, y, constant, of_constant(y, constant));
                }
            }
            Kind::Classes(pair) => {
                let class = scored.class.unwrap_or(0);
                self.target.probabilities_into(scored.outputs, &mut self.probabilities);
                pair.0.add(counts, record, v, class, &self.probabilities, scored.errors.iter().sum());
                if let (Some(decisions), [_, p]) = (&mut self.decisions, &self.probabilities[..]) {
                    decisions.add(counts, v, *p, class == 1);
                }
                let of_constants = constants.map(|(&y, &constant)| of_constant(y, constant)).sum();
                pair.1.add(counts, record, v, class, &self.shares, of_constants);
                if self.n.is_multiple_of(FOLDED) {
                    pair.0.fold(&mut self.draw);
                }
            }
        }
        self.n += 1;
    }

    /// The intervals of all scores, in the order in which they are shown.
    pub(crate) fn intervals(&mut self, scores: &Scores) -> Vec<ScoreIntervals> {
        match (&self.kind, &scores.detail) {
            (Kind::Numbers(pairs), Detail::Numbers(targets)) => {
                let several = targets.len() > 1;
                let of_target = |((own, base), target): (&(RegressionReplicates, RegressionReplicates), _)| {
                    let target: &crate::scores::NumberScores = target;
                    let name = several.then(|| target.name.clone());
                    let score = |of: &'static str, show, model: Vec<f64>, baseline: Vec<f64>| ScoreIntervals {
                        target: name.clone(),
                        name: of,
                        show,
                        model: Interval::of(model, LEVEL),
                        baseline: Interval::of(baseline, LEVEL),
                    };
                    [
                        score(self.loss.sum_name(), eight, own.loss_sums().collect(), base.loss_sums().collect()),
                        score("rmse", short, own.rmse().collect(), base.rmse().collect()),
                        score("mae", short, own.mae().collect(), base.mae().collect()),
                        score("r_squared", short, own.r_squared().collect(), base.r_squared().collect()),
                    ]
                };
                pairs.iter().zip(targets).flat_map(of_target).collect()
            }
            (Kind::Classes(pair), Detail::Classes { scores: of_classes, at, .. }) => {
                let (own, base) = &**pair;
                let accuracy = match &self.decisions {
                    Some(decisions) if at.is_some() => decisions.accuracy().collect(),
                    _ => own.accuracy().collect(),
                };
                let auc = own.auc(&mut self.draw, of_classes.auc);
                let score = |name: &'static str, show, model: Vec<f64>, baseline: Vec<f64>| ScoreIntervals {
                    target: None,
                    name,
                    show,
                    model: Interval::of(model, LEVEL),
                    baseline: Interval::of(baseline, LEVEL),
                };
                let mut all = vec![
                    score(self.loss.sum_name(), eight, own.loss_sums().collect(), base.loss_sums().collect()),
                    score("accuracy", percent, accuracy, base.accuracy().collect()),
                    score("log_loss", short, own.log_loss().collect(), base.log_loss().collect()),
                    score("brier", short, own.brier().collect(), base.brier().collect()),
                    // A constant orders nothing.
                    score("auc", short, auc, Vec::new()),
                ];
                if let Some(decisions) = &self.decisions {
                    all.push(score("precision", percent, decisions.precision().collect(), Vec::new()));
                    all.push(score("recall", percent, decisions.recall().collect(), Vec::new()));
                    all.push(score("f1", short, decisions.f1().collect(), Vec::new()));
                }
                all
            }
            _ => Vec::new(),
        }
    }

    /// What the intervals are.
    pub(crate) fn text(&self) -> String {
        format!(
            "(intervals: the middle {} % of {} replicates of these records, each of which counts as often as a Poisson number with mean 1 says; seed {})\n",
            short(100.0 * LEVEL),
            self.draw.n_replicates(),
            self.seed
        )
    }

    pub(crate) fn to_json(&self, intervals: &[ScoreIntervals]) -> Value {
        let ends = |interval: &Option<Interval>| interval.map(|i| json!({ "low": i.low, "high": i.high }));
        json!({
            "replicates": self.draw.n_replicates(),
            "seed": self.seed,
            "level": LEVEL,
            "intervals": intervals.iter().map(|of| json!({
                "target": of.target,
                "score": of.name,
                "model": ends(&of.model),
                "baseline": ends(&of.baseline),
            })).collect::<Vec<_>>(),
        })
    }
}

/// The table of scores with an interval beside each.
pub(crate) fn table(label: &str, scores: &Scores, intervals: &[ScoreIntervals]) -> String {
    let rows = scores.rows();
    let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).max(24);
    let interval = format!("{} % interval", short(100.0 * LEVEL));
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<3$}{:>16}{interval:>28}{:>14}{interval:>28}",
        "scores",
        format!("{label} ({})", scores.n),
        "baseline",
        width + 2
    );
    for ((name, model, baseline), of) in rows.iter().zip(intervals) {
        let ends = |interval: Option<Interval>| {
            interval.map_or("-".to_owned(), |i| format!("{} to {}", (of.show)(i.low), (of.show)(i.high)))
        };
        let _ =
            writeln!(text, "  {name:<width$}{model:>16}{:>28}{baseline:>14}{:>28}", ends(of.model), ends(of.baseline));
    }
    text
}

/// The intervals of what is decided at the chosen threshold; nothing where there are none.
pub(crate) fn decisions_text(intervals: &[ScoreIntervals]) -> Option<String> {
    let of = |name: &str, label: &str| {
        let interval = intervals.iter().find(|of| of.name == name).map(|of| (of.model, of.show));
        interval.map(|(ends, show)| match ends {
            Some(ends) => format!("{label} {} to {}", show(ends.low), show(ends.high)),
            None => format!("{label} -"),
        })
    };
    let all = [of("precision", "precision")?, of("recall", "recall")?, of("f1", "F1")?];
    Some(format!("  ({} % intervals of the chosen one: {})\n", short(100.0 * LEVEL), all.join(", ")))
}

/// Eight significant digits, as sums of errors have.
fn eight(x: f64) -> String {
    digits(x, 8)
}

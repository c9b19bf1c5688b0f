//! Δw in words, with what there is of it beside ηδx: weights of records, and penalties.

use deltarule_core::{BatchRule, RecordRule, Reduction, WorkedBatch};

use super::Subject;

/// What Δw is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// Records count more than once, or less.
    pub(super) is_weighted: bool,
    /// λ₂.
    pub(super) has_l2: bool,
    /// λ₁.
    pub(super) has_l1: bool,
}

impl Parts {
    pub(super) fn of_batch(batch: &WorkedBatch) -> Self {
        let penalty = batch.rule.penalty;
        Self { is_weighted: batch.is_weighted(), has_l2: penalty.l2 > 0.0, has_l1: penalty.l1 > 0.0 }
    }

    pub(super) fn of_record(subject: &Subject, rule: &RecordRule) -> Self {
        let penalty = rule.penalty;
        Self { is_weighted: subject.weighing.mean.is_some(), has_l2: penalty.l2 > 0.0, has_l1: penalty.l1 > 0.0 }
    }

    /// Whether Δw is ηδx alone.
    pub(super) fn is_plain(self) -> bool {
        !self.is_weighted && !self.has_l2 && !self.has_l1
    }

    /// Whether weights cost anything.
    pub(super) fn has_penalty(self) -> bool {
        self.has_l2 || self.has_l1
    }

    /// What the sum of all is called that records count.
    pub(super) fn n(self) -> &'static str {
        if self.is_weighted { "Σv" } else { "N" }
    }

    /// The sum over all records.
    pub(super) fn sum(self) -> &'static str {
        if self.is_weighted { "Σvδx" } else { "Σδx" }
    }

    /// What is told of E beside a penalty.
    pub(super) fn penalty_text(self) -> String {
        let parts = [("½λ₂Σw²", self.has_l2), ("λ₁Σ|w|", self.has_l1)];
        let parts: Vec<&str> = parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part).collect();
        parts.join(" + ")
    }

    /// The columns of a step over all records.
    pub(super) fn batch_columns(self) -> Vec<String> {
        let mut columns = vec!["w".to_owned(), format!("{} = −∂E/∂w", self.sum())];
        columns.extend(self.has_l2.then(|| format!("−{}·λ₂w", self.n())));
        columns.extend(self.has_l1.then(|| "λ₁'s part".to_owned()));
        columns.extend(["Δw".to_owned(), "new w".to_owned()]);
        columns
    }

    /// The columns of a step on one record, after its gradient.
    pub(super) fn record_columns(self) -> Vec<String> {
        let mut columns = Vec::new();
        columns.extend(self.has_l2.then(|| "−λ₂w".to_owned()));
        columns.extend(self.has_l1.then(|| "λ₁'s part".to_owned()));
        columns.push(if self.is_plain() { "Δw = ηδx".to_owned() } else { "Δw".to_owned() });
        columns
    }

    /// Δw of a step over all records.
    pub(super) fn batch_text(self, batch: &WorkedBatch, given: impl Fn(f64) -> String) -> String {
        let BatchRule { eta, reduction, penalty } = batch.rule;
        let value = if self.is_weighted { given(batch.n) } else { batch.records.len().to_string() };
        let n = self.n();
        let sum = if self.is_weighted { "Σ v·δx" } else { "Σ δx" };
        let descent = if self.has_l2 { format!("({sum} − {n}·λ₂w)") } else { sum.to_owned() };
        let (step, other, other_eta, shrink) = match reduction {
            Reduction::Mean => (format!("(η/{n})"), "sum", eta / batch.n, "ηλ₁".to_owned()),
            Reduction::Sum => ("η".to_owned(), "mean", eta * batch.n, format!("η·{n}·λ₁")),
        };
        let with_n = reduction == Reduction::Mean || self.has_penalty();
        let mut with: Vec<String> = with_n.then(|| format!("{n} = {value}")).into_iter().collect();
        with.extend(self.has_l2.then(|| format!("λ₂ = {}", given(penalty.l2))));
        let with = if with.is_empty() { String::new() } else { format!(", with {}", with.join(" and ")) };
        let by = eta * reduction.factor(batch.n) * batch.n * penalty.l1;
        let then = match self.has_l1 {
            false => String::new(),
            true => format!(
                "; then λ₁ = {} takes each weight {shrink} = {} towards 0, and no further",
                given(penalty.l1),
                given(by)
            ),
        };
        format!(
            "Δw = {step} {descent}{with}{then} (--reduction {}; the same step with --reduction {other}: η = {})",
            reduction.name(),
            given(other_eta)
        )
    }

    /// Δw of a step on one record.
    pub(super) fn record_text(
        self,
        subject: &Subject,
        rule: &RecordRule,
        v: f64,
        given: impl Fn(f64) -> String,
    ) -> String {
        if self.is_plain() {
            return "Δw = −η ∂E/∂w = η δ x".to_owned();
        }
        let delta = if self.is_weighted { "c·δx" } else { "δx" };
        let mut text = match self.has_l2 {
            true => format!("Δw = η ({delta} − λ₂w), with λ₂ = {}", given(rule.penalty.l2)),
            false => format!("Δw = η {delta}"),
        };
        if let Some(mean) = subject.weighing.mean {
            let c = match subject.reduction {
                Reduction::Mean => format!(
                    "c = v/v̄ = {}, since this record counts v = {} times and a mean one v̄ = {} times",
                    given(rule.times),
                    given(v),
                    given(mean)
                ),
                Reduction::Sum if self.has_penalty() => format!(
                    "c = v = {}: so often this record counts; the penalty counts as often as a mean record, v̄ = {} times, and λ is the one given times that",
                    given(v),
                    given(mean)
                ),
                Reduction::Sum => format!("c = v = {}: so often this record counts", given(v)),
            };
            text.push_str(if self.has_l2 { " and " } else { ", with " });
            text.push_str(&c);
        }
        if self.has_l1 {
            text.push_str(&format!(
                "; then λ₁ = {} takes each weight ηλ₁ = {} towards 0, and no further",
                given(rule.penalty.l1),
                given(rule.eta * rule.penalty.l1)
            ));
        }
        text
    }
}

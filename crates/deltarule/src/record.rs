//! How a model came about, for its file.

use anyhow::Result;
use deltarule_core::{Fit, Loss, OptimizerKind, Plan};
use deltarule_data::{Prepared, SplitRule, Table};
use deltarule_model::{Model, Training};

use crate::output::quoted;

/// What all runs over one table have in common.
pub(crate) struct Record<'a> {
    pub(crate) table: &'a Table,
    pub(crate) prepared: &'a Prepared<'a>,
    /// Where the weights started, in words.
    pub(crate) start: &'a str,
    /// `f64` or `f32`.
    pub(crate) precision: &'a str,
}

impl Record<'_> {
    /// The record of one run.
    pub(crate) fn of(&self, loss: Loss, plan: &Plan, fit: &Fit, loss_sum: f64) -> Training {
        let without_time = self.prepared.split.as_ref().map_or(0, SplitRule::without);
        Training {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: Some(command_line()),
            data: self.table.name().to_owned(),
            fingerprint: self.table.fingerprint().to_owned(),
            rows: self.table.n_records() as u64,
            rows_trained: self.prepared.training.n_records() as u64,
            rows_dropped: (self.prepared.without_target + self.prepared.with_missing + without_time) as u64,
            rows_held_out: self.prepared.held_out.as_ref().map_or(0, |part| part.n_records() as u64),
            loss,
            weight: self.prepared.weight_column().map(str::to_owned),
            class_weights: self.prepared.training.class_weights().to_vec(),
            class_sums: match self.prepared.weight_column() {
                Some(_) => self.prepared.class_sums().to_vec(),
                None => Vec::new(),
            },
            l2: plan.penalty.l2,
            l1: plan.penalty.l1,
            optimizer: plan.optimizer.name().to_owned(),
            momentum: match plan.optimizer {
                OptimizerKind::Momentum { beta } | OptimizerKind::Nesterov { beta: Some(beta) } => Some(beta),
                _ => None,
            },
            eta: plan.eta.eta,
            eta_chosen: plan.chooses_eta(),
            reduction: plan.reduction.name().to_owned(),
            batch: plan.batch,
            init: self.start.to_owned(),
            seed: plan.seed,
            precision: self.precision.to_owned(),
            tolerance: plan.tolerance,
            epochs: fit.epochs,
            best_epoch: fit.best_epoch,
            stop_reason: fit.reason.name().to_owned(),
            loss_sum,
            baseline_loss_sum: plan.baseline.loss,
            // The target has the mean of equal records, which is the best constant for this loss.
            baseline_outputs: match loss {
                Loss::Squared if self.prepared.is_unweighted() => Vec::new(),
                _ => plan.baseline.outputs.clone(),
            },
        }
    }
}

/// A model as the text of its file, which may be one that names no level and no path.
pub(crate) fn model_text(model: &Model, private: bool) -> Result<String> {
    Ok(if private { model.clone().into_private()?.to_json() } else { model.to_json() })
}

/// The arguments as they were typed after the name of the command, without some options and their values, and some that have none.
pub(crate) fn arguments_without(with_value: &[&str], without_value: &[&str]) -> Vec<String> {
    let mut typed = std::env::args_os().skip(2).map(|argument| argument.to_string_lossy().into_owned());
    let mut kept = Vec::new();
    while let Some(argument) = typed.next() {
        let name = argument.split('=').next().unwrap_or_default();
        if with_value.contains(&name) {
            if name.len() == argument.len() {
                typed.next();
            }
        } else if !without_value.contains(&name) {
            kept.push(quoted(&argument));
        }
    }
    kept
}

/// The command as it was typed, with the path of the program left out.
fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once("deltarule".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

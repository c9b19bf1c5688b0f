//! How a model came about, for its file.

use deltarule_core::{Fit, Loss, OptimizerKind, Plan};
use deltarule_data::{Prepared, SplitRule, Table};
use deltarule_model::Training;

/// What all runs over one table have in common.
#[derive(Debug)]
pub struct Record<'a> {
    /// The table.
    pub table: &'a Table,
    /// What was made of it.
    pub prepared: &'a Prepared<'a>,
    /// What was typed, if anything was.
    pub command: Option<String>,
    /// Where the weights started, in words.
    pub start: &'a str,
    /// `f64` or `f32`.
    pub precision: &'a str,
}

impl Record<'_> {
    /// The record of one run; `loss_sum` is E of the training records.
    pub fn of(&self, loss: Loss, plan: &Plan, fit: &Fit, loss_sum: f64) -> Training {
        let without_time = self.prepared.split.as_ref().map_or(0, SplitRule::without);
        Training {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
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

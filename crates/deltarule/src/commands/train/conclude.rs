//! How good the result is, the files, and the last words.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use deltarule_core::{BlockSource, StopReason};
use deltarule_data::Reader;
use deltarule_model::Model;
use deltarule_train::{Record, pure_inputs_warning};
use serde_json::{Value, json};

use super::files::Files;
use super::folds::CrossValidation;
use super::page::Outcome;
use super::words::Say;
use super::{Run, Trained};
use crate::cli::PrecisionArg;
use crate::held::HeldOutFiles;
use crate::number::count;
use crate::record::model_text;
use crate::rows::Rows;
use crate::scores::{Judge, Scores, Tally, Weighing};
use crate::valid::{self, HeldOutRows};
use crate::{failure, leak, output, record, report};

/// A trained model with its scores.
struct Conclusion {
    model: Model,
    training: Scores,
    held_out: Option<Scores>,
    /// What is to be said of the records that are held out.
    held_out_rows: Option<HeldOutRows>,
    folds: Option<CrossValidation>,
    /// Columns that tell too much, and levels without a finite weight.
    warnings: Vec<String>,
    /// Why descent ended, in words.
    reason: String,
    /// Where the model was written.
    written: Option<PathBuf>,
}

impl Conclusion {
    /// A sentence, where the model is no better than the best constant.
    fn score_warning(&self) -> Option<String> {
        match &self.held_out {
            Some(scores) => scores.warning("held-out"),
            None => self.training.warning("training"),
        }
    }
}

impl Run<'_> {
    /// Scores the result, writes the model and prints both.
    pub(super) fn conclude(
        &self,
        trained: &Trained,
        mut files: Files,
        valid: Option<Box<Reader>>,
        rows: &mut Rows,
        say: &Say,
    ) -> Result<ExitCode> {
        let training = self.score(trained, &self.prepared.training)?;
        let precision = if self.args.precision == PrecisionArg::F32 { "f32" } else { "f64" };
        let command = Some(record::command_line());
        let record = Record { table: self.table, prepared: self.prepared, command, start: &self.start_text, precision };
        let record = record.of(self.problem.loss, &trained.plan, &trained.fit, training.loss_sum);
        let model = Model::new(self.encoding.clone(), trained.fit.layer.clone(), record)?;
        // Before anything else is read, so that a bad record there does not cost the model.
        let page = files.report.take();
        let written = self.write(trained, files, &model)?;
        let (held_out, held_out_rows) = match (&self.prepared.held_out, valid) {
            (Some(part), _) => (Some(self.score(trained, part)?), HeldOutRows::of_table(self.prepared, self.encoding)?),
            (None, None) if self.watched.is_some() => {
                let of_files = self.watched.as_ref().map(HeldOutFiles::records);
                let scores = of_files.map(|records| self.score(trained, records)).transpose()?;
                (scores, self.watched.as_ref().map(|files| files.rows(self.encoding)))
            }
            (None, Some(mut reader)) => {
                let scored = Tally::of_file(&mut reader, &model, model.training().weight.as_deref(), rows, |_, _| {})
                    .with_context(|| match &written {
                    Some(path) => format!("the model was written to {}, but not scored", path.display()),
                    None => "the model was trained, but not scored".to_owned(),
                })?;
                let n = (scored.n_read, scored.scores.n);
                let held = HeldOutRows::of_files(scored.left_out, n, self.encoding, &scored.unseen);
                (Some(scored.scores), Some(held))
            }
            (None, None) => (None, None),
        };
        let wanted = self.folds.as_ref().filter(|_| trained.fit.reason != StopReason::Interrupted);
        let folds = wanted.map(|folds| self.cross_validate(folds, say.is_silent())).transpose()?;
        let interrupted = folds.as_ref().is_some_and(Option::is_none);
        let reason =
            report::reason_text(&trained.fit.reason, &trained.plan, self.problem.loss, &self.prepared.activation);
        let leaks = leak::warnings(self.problem, self.encoding, &trained.fit.layer, &training)?;
        let pure = pure_inputs_warning(self.problem, self.encoding, &trained.plan, &trained.fit.reason)?;
        let found: Vec<String> = leaks.into_iter().chain(pure).collect();
        let folds = folds.flatten();
        let mut no_page = false;
        if let Some(mut file) = page {
            let mut scores = vec![("training", &training)];
            scores.extend(held_out.as_ref().map(|scores| ("held out", scores)));
            let warnings = self.prepared.warnings.iter().cloned().chain(report::eta_warning(&trained.plan));
            // Rows that are left out are told with what was found in them.
            let left_out = held_out_rows.as_ref().and_then(HeldOutRows::left_out_text);
            let left_out = left_out.filter(|_| !self.args.private);
            let unseen = held_out_rows.iter().flat_map(|rows| rows.unseen_texts().iter().cloned());
            let held = left_out.into_iter().chain(unseen);
            let warnings = warnings.chain(held);
            let outcome = Outcome {
                model: &model,
                scores: &scores,
                reason: &reason,
                warnings: warnings.chain(found.iter().cloned()).collect(),
                is_private: self.args.private,
            };
            let stopped_before = output::interrupted();
            match self.page(trained, &outcome) {
                Err(_) if output::interrupted() && !stopped_before => no_page = true,
                page => {
                    file.write_all(page?.as_bytes())?;
                    file.finish()?;
                }
            }
        }
        let conclusion =
            Conclusion { model, training, held_out, held_out_rows, folds, warnings: found, reason, written };
        if self.args.json {
            output::print_json(&self.json(trained, &conclusion))?;
        } else {
            self.say(trained, &conclusion, say);
            say.finish()?;
        }
        Ok(match trained.fit.reason {
            _ if interrupted => {
                output::tell("interrupted before all folds were trained: there is no cross-validation");
                ExitCode::from(failure::INTERRUPTED)
            }
            _ if no_page => {
                output::tell("interrupted before the report was made: there is none");
                ExitCode::from(failure::INTERRUPTED)
            }
            StopReason::Interrupted => ExitCode::from(failure::INTERRUPTED),
            ref reason if reason.is_failure() => ExitCode::from(failure::FAILED),
            _ => ExitCode::SUCCESS,
        })
    }

    /// Scores on some of the records that were read.
    fn score(&self, trained: &Trained, part: &dyn BlockSource<f64>) -> Result<Scores> {
        let judge = Judge {
            loss: self.problem.loss,
            activation: self.problem.activation,
            baseline: &trained.plan.baseline.outputs,
            weighing: Weighing::of_prepared(self.prepared),
            class_sums: self.prepared.class_sums(),
        };
        Tally::of_part(&self.prepared.target, judge, &trained.fit.layer, self.problem.scaling, part)
    }

    /// Writes the model, if it was asked for and there is something to keep.
    fn write(&self, trained: &Trained, files: Files, model: &Model) -> Result<Option<PathBuf>> {
        // A failed run has nothing to keep unless it got below its start before it failed.
        let keep = !trained.fit.reason.is_failure() || trained.fit.loss < trained.fit.start_loss;
        match files.model {
            Some(mut file) if keep => {
                file.write_all(model_text(model, self.args.private)?.as_bytes())?;
                file.finish()?;
                Ok(self.args.out.clone())
            }
            _ => Ok(None),
        }
    }

    fn json(&self, trained: &Trained, conclusion: &Conclusion) -> Value {
        let Trained { plan, fit, .. } = trained;
        let loss = self.problem.loss;
        let warnings = self
            .prepared
            .warnings
            .iter()
            .cloned()
            .chain(report::eta_warning(plan))
            .chain(conclusion.score_warning())
            .chain(conclusion.warnings.iter().cloned());
        let mut value = json!({
            "command": "train",
            "version": env!("CARGO_PKG_VERSION"),
            "data": {
                "name": self.table.name(),
                "records": self.table.n_records(),
                "fingerprint": self.table.fingerprint(),
                "without_target": self.prepared.without_target,
                "with_missing": self.prepared.with_missing,
            },
            "split": self.prepared.split.as_ref().map(valid::split_json),
            "notes": self.prepared.notes,
            "warnings": warnings.collect::<Vec<_>>(),
            "activation": self.prepared.activation.name(),
            "optimizer": plan.optimizer.name(),
            "reduction": plan.reduction.name(),
            "batch": plan.batch,
            "schedule": plan.course.schedule.to_string(),
            "warm_up": plan.course.warm_up,
            "average_from": plan.average,
            "eta": {
                "value": plan.eta.eta,
                "chosen": plan.chooses_eta(),
                "equivalent_on_other_reduction": plan.eta.equivalent,
                "guaranteed": plan.eta.guaranteed,
                "exact_limit": plan.eta.exact_limit,
                "last": fit.eta,
            },
            "curvature": {
                "c": plan.eta.c,
                "lambda_max": plan.eta.curvature.lambda_max,
                "proven": plan.eta.curvature.proven,
                "lambda_min": plan.eta.curvature.lambda_min,
                "condition_number": plan.eta.curvature.condition_number(),
            },
            "record_weights": (!self.prepared.is_unweighted()).then(|| json!({
                "column": self.prepared.weight_column(),
                "classes": self.prepared.training.class_weights(),
            })),
            "start": self.start_text,
            "stop": {
                "reason": fit.reason.name(),
                "text": conclusion.reason,
                "epochs": fit.epochs,
                "best_epoch": fit.best_epoch,
                "steps_taken_back": fit.rejected,
                "patience": plan.patience,
                "least_held_out": fit.held_out_loss,
            },
            "loss": loss.to_string(),
            "penalty": { "l2": plan.penalty.l2, "l1": plan.penalty.l1, "sum": fit.penalty },
            "least_sse": plan.triangle.as_ref().map(|triangle| triangle.least_sse()),
            "training": conclusion.training.json(),
            "held_out": conclusion.held_out.as_ref().map(Scores::json),
            "folds": conclusion.folds.as_ref().map(CrossValidation::json),
            "weights": report::weights_json(&conclusion.model),
            "model": conclusion.written.as_ref().map(|path| path.display().to_string()),
            "report": self.args.report.as_ref().map(|path| path.display().to_string()),
        });
        for (of, sum) in
            [("start_", fit.start_loss), ("", conclusion.training.loss_sum), ("baseline_", plan.baseline.loss)]
        {
            value[format!("{of}{}", loss.sum_name())] = json!(sum);
        }
        self.rows.tell(&mut value);
        if let Some(rows) = &conclusion.held_out_rows {
            rows.tell(&mut value);
        }
        value
    }

    fn say(&self, trained: &Trained, conclusion: &Conclusion, say: &Say) {
        let fit = &trained.fit;
        let Conclusion { model, training, held_out, held_out_rows, folds, warnings, reason, written } = conclusion;
        let best = if fit.best_epoch == fit.epochs {
            String::new()
        } else if fit.held_out_loss.is_some() {
            format!(" (those with the least held-out E came after {})", fit.best_epoch)
        } else {
            format!(" (the best weights came after {})", fit.best_epoch)
        };
        let taken_back =
            if fit.rejected > 0 { format!("; {} taken back", count(fit.rejected, "step")) } else { String::new() };
        let stopped = format!("stopped after {}{best}{taken_back}: {reason}", count(fit.epochs, "epoch"));
        if fit.reason.is_failure() || fit.reason == StopReason::Interrupted {
            output::tell(stopped);
        } else {
            say.line(&stopped);
        }
        if let Some(distance) = report::distance_text(&trained.plan, fit.loss) {
            say.line(&distance);
        }
        if let Some(penalised) = report::penalised_text(&trained.plan, fit) {
            say.line(&penalised);
        }
        let mut text = String::from("\n");
        if let Some(left_out) = held_out_rows.as_ref().and_then(HeldOutRows::left_out_text) {
            let _ = writeln!(text, "{left_out}\n");
        }
        match held_out {
            Some(held_out) => text.push_str(&Scores::table(&[("training", training), ("held out", held_out)])),
            None => text.push_str(&Scores::table(&[("training only", training)])),
        }
        for unseen in held_out_rows.iter().flat_map(HeldOutRows::unseen_texts) {
            let _ = writeln!(text, "{unseen}");
        }
        for warning in conclusion.score_warning().iter().chain(warnings) {
            let _ = writeln!(text, "warning: {warning}");
        }
        text.extend(folds.as_ref().map(CrossValidation::table));
        let _ = write!(text, "\n{}", report::weights_text(model, report::MOST_WEIGHTS, report::MOST_BUCKETS));
        say.line(&text);
        match (written, &self.args.out) {
            (Some(path), _) => {
                let private = if self.args.private { ", without names of levels and paths" } else { "" };
                say.line(&format!("model written to {0}{private}; try: deltarule predict {0} DATA", path.display()));
            }
            (None, Some(_)) => say.line("no model was written, since training failed from its first steps on"),
            (None, None) if fit.reason.is_failure() => {}
            (None, None) => say.line("no model was written; to keep it, add: --out model.json"),
        }
        if let Some(path) = &self.args.report {
            say.line(&format!("report written to {}", path.display()));
        }
    }
}

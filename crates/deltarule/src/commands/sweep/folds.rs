//! `sweep --folds`: every run once for each fold, and the best one on all records.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use deltarule_core::{Epoch, Plan, StopReason, fit_many_watched};
use deltarule_data::{Folds, Part, Prepared};
use serde_json::{Value, json};

use super::settings::Setting;
use super::trace::Trace;
use super::words::{alone, main_score};
use super::{Ended, Sweep, Wanted};
use crate::number::{count, digits, short};
use crate::output::OutputFile;
use crate::rows::RowTally;
use crate::scores::{Judge, Scores, Tally, Weighing};
use crate::spread::{self, mean_and_deviation};
use crate::valid::UnseenInFolds;
use crate::{failure, output, report, setup};

/// What came of one run in one fold.
struct InFold {
    plan: Plan,
    n_training: usize,
    epochs: u64,
    reason: StopReason,
    scores: Scores,
}

/// One run over all folds.
struct OverFolds {
    each: Vec<InFold>,
    /// Mean and deviation of E/N on the records held out.
    loss: (f64, f64),
}

impl OverFolds {
    fn of(each: Vec<InFold>) -> Self {
        let losses: Vec<f64> = each.iter().map(|fold| fold.scores.mean_losses.0).collect();
        Self { each, loss: mean_and_deviation(&losses) }
    }

    fn plan(&self) -> &Plan {
        &self.each[0].plan
    }

    fn n_failed(&self) -> usize {
        self.each.iter().filter(|fold| fold.reason.is_failure()).count()
    }

    /// Why the descents ended: each reason once.
    fn reasons(&self) -> String {
        let mut reasons: Vec<&str> = Vec::new();
        for fold in &self.each {
            if !reasons.contains(&fold.reason.name()) {
                reasons.push(fold.reason.name());
            }
        }
        match self.n_failed() {
            0 => reasons.join(", "),
            n => format!("{} ({n} of {} folds failed)", reasons.join(", "), self.each.len()),
        }
    }
}

/// What is told in the end.
struct Told<'a> {
    folds: &'a Folds,
    runs: &'a [OverFolds],
    unseen: &'a UnseenInFolds,
    best: Option<usize>,
    last: Option<&'a Ended>,
    written: Option<&'a str>,
}

impl Sweep<'_> {
    /// Runs everything once for each fold, and the best on all records.
    pub(super) fn cross_validate(
        &self,
        prepared: &Prepared<'_>,
        n_folds: usize,
        settings: &[Setting],
        (mut trace, mut model_file): (Trace, Option<OutputFile>),
        row_tally: &RowTally,
    ) -> Result<ExitCode> {
        let folds = &prepared.folds(n_folds)?;
        let bar =
            output::progress(self.args.json, "fold {pos} of {len} {bar:30}, {elapsed}", Some(folds.n_folds() as u64));
        let mut of_runs: Vec<Vec<InFold>> = settings.iter().map(|_| Vec::new()).collect();
        let mut unseen = UnseenInFolds::default();
        for index in 0..folds.n_folds() {
            bar.set_position(index as u64 + 1);
            trace.fold = Some((index + 1).to_string());
            let in_fold = self.fold(&prepared.fold(folds, index)?, settings, (&mut trace, index == 0), &mut unseen)?;
            of_runs.iter_mut().zip(in_fold).for_each(|(of_run, in_fold)| of_run.push(in_fold));
            if output::interrupted() {
                bar.finish_and_clear();
                output::tell(format_args!(
                    "interrupted in fold {} of {}: no run was trained in all folds, and nothing is written",
                    index + 1,
                    folds.n_folds()
                ));
                return Ok(ExitCode::from(failure::INTERRUPTED));
            }
        }
        bar.finish_and_clear();
        let runs: Vec<OverFolds> = of_runs.into_iter().map(OverFolds::of).collect();
        let sound = runs.iter().enumerate().filter(|(_, run)| run.n_failed() == 0);
        let best = sound.min_by(|a, b| a.1.loss.0.total_cmp(&b.1.loss.0)).map(|(index, _)| index);
        trace.fold = Some("all".to_owned());
        let last = match best {
            Some(index) => Some(self.last(prepared, (index, &settings[index]), &mut trace, &mut model_file)?),
            None => None,
        };
        trace.finish()?;
        // What a descent that failed leaves is not written.
        let written = self.args.out.as_ref().filter(|_| model_file.is_none() && last.is_some());
        let written = written.map(|path| path.display().to_string());
        let told = Told { folds, runs: &runs, unseen: &unseen, best, last: last.as_ref(), written: written.as_deref() };
        if self.args.json {
            let mut report = self.json(&told);
            row_tally.tell(&mut report);
            output::print_json(&report)?;
        } else {
            let rows: String = row_tally.text().into_iter().map(|text| text + "\n").collect();
            output::print(&self.text(&told, &rows))?;
        }
        Ok(match last {
            Some(last) if last.fit.reason == StopReason::Interrupted => ExitCode::from(failure::INTERRUPTED),
            Some(last) if !last.fit.reason.is_failure() => ExitCode::SUCCESS,
            _ => ExitCode::from(failure::FAILED),
        })
    }

    /// All runs without the records of a fold, and their scores on them.
    fn fold(
        &self,
        prepared: &Prepared<'_>,
        settings: &[Setting],
        (trace, is_first): (&mut Trace, bool),
        unseen: &mut UnseenInFolds,
    ) -> Result<Vec<InFold>> {
        self.with_problem(prepared, |ready| {
            unseen.add(prepared, &ready.encoding)?;
            let Wanted { plans, starts, .. } = self.wanted(&ready, settings)?;
            let problem = &ready.problem;
            if is_first {
                trace.begin(problem.loss)?;
            }
            let mut observer = |run: usize, epoch: &Epoch<'_>| trace.look(run, &plans[run], epoch);
            let fits = fit_many_watched(problem, &plans, starts, None, &mut observer)?;
            trace.check()?;
            // The same for every plan of a problem.
            let baseline = plans.first().map_or_else(Vec::new, |plan| plan.baseline.outputs.clone());
            let judge = Judge {
                loss: problem.loss,
                activation: problem.activation,
                baseline: &baseline,
                weighing: Weighing::of_prepared(prepared),
                class_sums: prepared.class_sums(),
            };
            let scores = self.threads.map(0, fits.len(), |run| -> Result<Scores> {
                let of_part =
                    |part: &Part<'_>| Tally::of_part(&prepared.target, judge, &fits[run].layer, problem.scaling, part);
                let scores = prepared.held_out.as_ref().map(of_part).transpose()?;
                Ok(scores.unwrap_or_else(|| Tally::new(&prepared.target, judge).scores()))
            });
            let n_training = problem.source.n_records();
            let in_fold = |((plan, fit), scores): ((Plan, deltarule_core::Fit), Result<Scores>)| {
                Ok(InFold { plan, n_training, epochs: fit.epochs, reason: fit.reason, scores: scores? })
            };
            plans.into_iter().zip(fits).zip(scores).map(in_fold).collect()
        })
    }

    /// The best run once more on all records, and its model.
    fn last(
        &self,
        prepared: &Prepared<'_>,
        (index, setting): (usize, &Setting),
        trace: &mut Trace,
        model_file: &mut Option<OutputFile>,
    ) -> Result<Ended> {
        self.with_problem(prepared, |ready| {
            let Wanted { plans, starts, start_texts } = self.wanted(&ready, std::slice::from_ref(setting))?;
            let problem = &ready.problem;
            let mut observer = |_: usize, epoch: &Epoch<'_>| trace.look(index, &plans[0], epoch);
            let fits = fit_many_watched(problem, &plans, starts, None, &mut observer)?;
            trace.check()?;
            let (Some(plan), Some(fit)) = (plans.into_iter().next(), fits.into_iter().next()) else {
                return Err(deltarule_core::Error::NoRecords.into());
            };
            let judge = Judge {
                loss: problem.loss,
                activation: problem.activation,
                baseline: &plan.baseline.outputs,
                weighing: Weighing::of_prepared(prepared),
                class_sums: prepared.class_sums(),
            };
            let training = Tally::of_part(&prepared.target, judge, &fit.layer, problem.scaling, &prepared.training)?;
            let last = Ended { plan, fit, training, held_out: None };
            if let Some(file) = model_file.take_if(|_| !last.fit.reason.is_failure()) {
                self.write((prepared, &ready), (&last, &start_texts[0]), file)?;
            }
            Ok(last)
        })
    }

    fn text(&self, told: &Told<'_>, rows: &str) -> String {
        let Told { folds, runs, unseen, best, last, written } = *told;
        let Some(first) = runs.first() else { return String::new() };
        let name = main_score(&first.each[0].scores).0;
        let baselines: Vec<f64> = first.each.iter().map(|fold| fold.scores.mean_losses.1).collect();
        let (mean, deviation) = mean_and_deviation(&baselines);
        let mut text = format!(
            "{} over {}, once for each fold and in the same passes; baseline, held out: E/N = {} ± {} (E = {})\n{rows}{}; {} in each\n\n",
            count(runs.len() as u64, "run"),
            setup::typed(&self.args.data, &self.args.files),
            short(mean),
            short(deviation),
            first.each[0].scores.sum_text,
            folds.text(self.args.network.seed),
            spread::sizes(first.each.iter().map(|fold| fold.scores.n)),
        );
        let penalised = runs.iter().any(|run| !run.plan().penalty.is_none());
        let _ = write!(text, "  {:>4}  {:<10}", "run", "optimizer");
        if penalised {
            let _ = write!(text, "{:>12}{:>12}", "l2", "l1");
        }
        let _ = writeln!(
            text,
            "{:>12}{:>6}{:>8}{:>16}{:>12}{:>12}{:>12}  stopped",
            "η", "seed", "epochs", "held-out E/N", "±", name, "±"
        );
        for (index, run) in runs.iter().enumerate() {
            let mark = if best == Some(index) { '*' } else { ' ' };
            let plan = run.plan();
            let _ = write!(text, "{mark} {:>4}  {:<10}", index + 1, plan.optimizer.name());
            if penalised {
                let _ = write!(text, "{:>12}{:>12}", short(plan.penalty.l2), short(plan.penalty.l1));
            }
            let eta = if plan.chooses_eta() { "auto".to_owned() } else { short(plan.eta.eta) };
            let scores: Vec<f64> = run.each.iter().map(|fold| main_score(&fold.scores).1).collect();
            let (score, score_deviation) = mean_and_deviation(&scores);
            let _ = writeln!(
                text,
                "{eta:>12}{:>6}{:>8}{:>16}{:>12}{:>12}{:>12}  {}",
                plan.seed,
                run.each.iter().map(|fold| fold.epochs).max().unwrap_or(0),
                short(run.loss.0),
                short(run.loss.1),
                short(score),
                short(score_deviation),
                run.reasons()
            );
        }
        text += "(mean and standard deviation over the folds; epochs are the most of any fold)\n";
        text += &unseen.text();
        let (Some(index), Some(last)) = (best, last) else {
            return text + "\nno run ended well in all folds; try smaller learning rates, or --eta auto\n";
        };
        let _ = writeln!(
            text,
            "\n* the least mean of E/N on the records held out: run {}. To see it alone: {}",
            index + 1,
            alone(&last.plan)
        );
        let _ = writeln!(
            text,
            "trained on all {}: E = {}, {} {}, stopped: {}",
            count(last.training.n, "record"),
            digits(last.training.loss_sum, 8),
            name,
            short(main_score(&last.training).1),
            last.fit.reason.name()
        );
        text += &match written {
            Some(path) => format!("its model was written to {path}\n"),
            None if last.fit.reason.is_failure() => "that descent failed, and no model was written\n".to_owned(),
            None => "no model was written; to keep it, add: --out model.json\n".to_owned(),
        };
        text
    }

    fn json(&self, told: &Told<'_>) -> Value {
        let Told { folds, runs, unseen, best, last, written } = *told;
        let loss = runs.first().map(|run| run.each[0].scores.loss);
        let run_json = |(index, run): (usize, &OverFolds)| {
            let plan = run.plan();
            let scores: Vec<&Scores> = run.each.iter().map(|fold| &fold.scores).collect();
            json!({
                "run": index + 1,
                "optimizer": plan.optimizer.name(),
                "eta": if plan.chooses_eta() { None } else { Some(plan.eta.eta) },
                "eta_chosen": plan.chooses_eta(),
                "l2": plan.penalty.l2,
                "l1": plan.penalty.l1,
                "seed": plan.seed,
                "failed": run.n_failed() > 0,
                "held_out_mean_loss": spread::pair_json(Some(run.loss)),
                "scores": spread::json(&spread::spreads(&scores)),
                "folds": run.each.iter().map(|fold| json!({
                    "training_records": fold.n_training,
                    "eta": fold.plan.eta.eta,
                    "epochs": fold.epochs,
                    "stop_reason": fold.reason.name(),
                    "held_out": fold.scores.json(),
                })).collect::<Vec<_>>(),
            })
        };
        json!({
            "command": "sweep",
            "data": self.table.name(),
            "folds": folds.n_folds(),
            "split": spread::rule_json(folds.rule()),
            "held_out_unseen_levels": unseen.json(),
            "loss": loss.map(|loss| loss.to_string()),
            "runs": runs.iter().enumerate().map(run_json).collect::<Vec<_>>(),
            "best": best.map(|index| index + 1),
            "trained_on_all": last.map(|last| json!({
                "eta": last.plan.eta.eta,
                "epochs": last.fit.epochs,
                "stop_reason": last.fit.reason.name(),
                "stop_text": report::reason_text(&last.fit.reason, &last.plan, last.training.loss, last.fit.layer.activation()),
                "failed": last.fit.reason.is_failure(),
                "training": last.training.json(),
            })),
            "model": written,
        })
    }
}

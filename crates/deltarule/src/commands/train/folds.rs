//! Cross-validation: for each fold, a training on the other records and scores on those of the fold.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use anyhow::Result;
use deltarule_core::{Epoch, Fit, Float, Parameters, Plan, Problem, StopReason, fit};
use deltarule_data::{FoldRule, Folds, Part, Prepared};
use deltarule_train::in_f32;
use serde_json::{Value, json};

use super::Run;
use crate::cli::PrecisionArg;
use crate::output;
use crate::scores::{Judge, Scores, Tally, Weighing};
use crate::setup::{self, Ready};
use crate::spread::{self, Spread};
use crate::valid::UnseenInFolds;

/// The scores of all folds.
pub(super) struct CrossValidation {
    rule: FoldRule,
    /// How the folds came about, in words.
    text: String,
    each: Vec<Fold>,
    unseen: UnseenInFolds,
}

/// What came of one fold.
struct Fold {
    n_training: usize,
    epochs: u64,
    reason: StopReason,
    scores: Scores,
}

impl Run<'_> {
    /// Trains once for each fold; `None` where that was interrupted.
    pub(super) fn cross_validate(&self, folds: &Folds, silent: bool) -> Result<Option<CrossValidation>> {
        let bar = output::progress(silent, "fold {pos} of {len} {bar:30}, {elapsed}", Some(folds.n_folds() as u64));
        let (mut each, mut unseen) = (Vec::with_capacity(folds.n_folds()), UnseenInFolds::default());
        for index in 0..folds.n_folds() {
            bar.set_position(index as u64 + 1);
            each.push(self.fold(folds, index, &mut unseen)?);
            if output::interrupted() {
                bar.finish_and_clear();
                return Ok(None);
            }
        }
        bar.finish_and_clear();
        let text = folds.text(self.args.network.seed);
        Ok(Some(CrossValidation { rule: folds.rule().clone(), text, each, unseen }))
    }

    fn fold(&self, folds: &Folds, index: usize, unseen: &mut UnseenInFolds) -> Result<Fold> {
        let prepared = self.prepared.fold(folds, index)?;
        let (settings, threads) = (self.settings, self.problem.threads);
        let (columns, loss) = (&self.args.columns, self.args.network.loss);
        setup::with_problem(&prepared, columns, loss, settings.scale, settings.has_bias, threads, |ready| {
            unseen.add(&prepared, &ready.encoding)?;
            let (plan, fit) = self.fit_fold(&prepared, &ready)?;
            let Problem { loss, activation, scaling, .. } = ready.problem;
            let (weighing, class_sums) = (Weighing::of_prepared(&prepared), prepared.class_sums());
            let judge = Judge { loss, activation, baseline: &plan.baseline.outputs, weighing, class_sums };
            let of_part = |part: &Part<'_>| Tally::of_part(&prepared.target, judge, &fit.layer, scaling, part);
            let scores = prepared.held_out.as_ref().map(of_part).transpose()?;
            let scores = scores.unwrap_or_else(|| Tally::new(&prepared.target, judge).scores());
            let n_training = ready.problem.source.n_records();
            Ok(Fold { n_training, epochs: fit.epochs, reason: fit.reason, scores })
        })
    }

    fn fit_fold(&self, prepared: &Prepared<'_>, ready: &Ready<'_>) -> Result<(Plan, Fit)> {
        let (init, seed) = (self.settings.init.as_deref(), self.args.network.seed);
        let problem = &ready.problem;
        let (start, _) = setup::starting_weights(init, ready, seed)?;
        match self.args.precision {
            PrecisionArg::F64 => self.fit_quietly(problem, start),
            PrecisionArg::F32 => in_f32(problem, &prepared.training, |problem| self.fit_quietly(problem, start)),
        }
    }

    fn fit_quietly<T: Float>(&self, problem: &Problem<'_, T>, start: Parameters) -> Result<(Plan, Fit)> {
        let plan = Plan::of(problem, &self.settings.config)?;
        let fit = fit(problem, &plan, start, &mut |_: &Epoch<'_>| match output::interrupted() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })?;
        Ok((plan, fit))
    }
}

impl CrossValidation {
    fn spreads(&self) -> Vec<Spread> {
        spread::spreads(&self.each.iter().map(|fold| &fold.scores).collect::<Vec<_>>())
    }

    /// A table of mean and deviation of each score, beside the baseline's.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "\n{:<26}{:>16}{:>14}{:>16}{:>14}\n",
            "cross-validation", "mean", "deviation", "baseline", "deviation"
        );
        for Spread { name, show, model, baseline } in self.spreads() {
            let _ = write!(text, "  {name:<24}");
            for of in [model, baseline] {
                let (mean, deviation) = of.map_or(("-".to_owned(), "-".to_owned()), |(m, d)| (show(m), show(d)));
                let _ = write!(text, "{mean:>16}{deviation:>14}");
            }
            text.push('\n');
        }
        let sizes = spread::sizes(self.each.iter().map(|fold| fold.scores.n));
        let _ = writeln!(text, "({}; {sizes} in each)", self.text);
        text += &self.unseen.text();
        for (index, fold) in (1..).zip(&self.each) {
            if fold.reason.is_failure() {
                let _ = writeln!(text, "warning: training without fold {index} ended as {}", fold.reason.name());
            }
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let each = |fold: &Fold| {
            json!({
                "training_records": fold.n_training,
                "epochs": fold.epochs,
                "stop_reason": fold.reason.name(),
                "held_out": fold.scores.json(),
            })
        };
        json!({
            "split": spread::rule_json(&self.rule),
            "scores": spread::json(&self.spreads()),
            "each": self.each.iter().map(each).collect::<Vec<_>>(),
            "held_out_unseen_levels": self.unseen.json(),
        })
    }
}

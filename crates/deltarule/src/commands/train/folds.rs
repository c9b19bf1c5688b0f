//! Cross-validation: for each fold, a training on the other records and scores on those of the fold.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use anyhow::Result;
use deltarule_core::{Epoch, Fit, Float, Parameters, Plan, Problem, StopReason, fit};
use deltarule_data::{FoldRule, Folds, Part, Prepared};
use serde_json::{Value, json};

use super::{Run, in_f32};
use crate::cli::PrecisionArg;
use crate::number::count;
use crate::output;
use crate::scores::{Judge, Measure, Scores, Tally, Weighing};
use crate::setup::{self, Ready};

/// The scores of all folds.
pub(super) struct CrossValidation {
    rule: FoldRule,
    /// How the folds came about, in words.
    text: String,
    each: Vec<Fold>,
}

/// What came of one fold.
struct Fold {
    n_training: usize,
    epochs: u64,
    reason: StopReason,
    scores: Scores,
}

/// A score over all folds.
struct Spread {
    name: String,
    show: fn(f64) -> String,
    /// Mean and standard deviation, of the model and of the best constant; nothing where a fold has no such score.
    model: Option<(f64, f64)>,
    baseline: Option<(f64, f64)>,
}

impl Run<'_> {
    /// Trains once for each fold; `None` where that was interrupted.
    pub(super) fn cross_validate(&self, folds: &Folds, silent: bool) -> Result<Option<CrossValidation>> {
        let bar = output::progress(silent, "fold {pos} of {len} {bar:30}, {elapsed}", Some(folds.n_folds() as u64));
        let mut each = Vec::with_capacity(folds.n_folds());
        for index in 0..folds.n_folds() {
            bar.set_position(index as u64 + 1);
            each.push(self.fold(folds, index)?);
            if output::interrupted() {
                bar.finish_and_clear();
                return Ok(None);
            }
        }
        bar.finish_and_clear();
        let text = folds.text(self.args.network.seed);
        Ok(Some(CrossValidation { rule: folds.rule().clone(), text, each }))
    }

    fn fold(&self, folds: &Folds, index: usize) -> Result<Fold> {
        let prepared = self.prepared.fold(folds, index)?;
        let (settings, threads) = (self.settings, self.problem.threads);
        let (columns, loss) = (&self.args.columns, self.args.network.loss);
        setup::with_problem(&prepared, columns, loss, settings.scale, settings.has_bias, threads, |ready| {
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
        let Ready { encoding, problem } = ready;
        let (start, _) = setup::starting_weights(init, encoding, &prepared.activation, problem.has_bias, seed)?;
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
        let measures: Vec<Vec<Measure>> = self.each.iter().map(|fold| fold.scores.measures()).collect();
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
        let sizes = self.each.iter().map(|fold| fold.scores.n);
        let (least, most) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
        let sizes = if least == most { count(most, "record") } else { format!("{least} to {}", count(most, "record")) };
        let _ = writeln!(text, "({}; {sizes} in each)", self.text);
        for (index, fold) in (1..).zip(&self.each) {
            if fold.reason.is_failure() {
                let _ = writeln!(text, "warning: training without fold {index} ended as {}", fold.reason.name());
            }
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let pair = |of: Option<(f64, f64)>| of.map(|(mean, deviation)| json!({ "mean": mean, "deviation": deviation }));
        let rule = match &self.rule {
            FoldRule::Drawn { stratified } => json!({ "rule": "drawn", "stratified": stratified }),
            FoldRule::Groups { column, n_groups } => json!({ "rule": "groups", "column": column, "groups": n_groups }),
            FoldRule::Time { column, without } => json!({ "rule": "time", "column": column, "without_time": without }),
        };
        let each = |fold: &Fold| {
            json!({
                "training_records": fold.n_training,
                "epochs": fold.epochs,
                "stop_reason": fold.reason.name(),
                "held_out": fold.scores.json(),
            })
        };
        json!({
            "split": rule,
            "scores": self.spreads().iter().map(|spread| json!({
                "name": spread.name, "model": pair(spread.model), "baseline": pair(spread.baseline),
            })).collect::<Vec<_>>(),
            "each": self.each.iter().map(each).collect::<Vec<_>>(),
        })
    }
}

/// The mean, and the standard deviation over n − 1.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

//! `deltarule sweep`: many descents in the same passes over the table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{
    Batch, BlockSource, Config, Epoch, Eta, Fit, HeldOut, Layer, Loss, OptimizerKind, Parameters, Penalty, Plan,
    Reduction, StopReason, fit_many_watched,
};
use deltarule_data::{SplitRule, prepare};
use deltarule_model::{Model, ScaleRule};
use serde_json::{Value, json};

use crate::cli::{BatchArg, SweepArgs, parse_eta, parse_penalty};
use crate::held::HeldOutFiles;
use crate::number::{count, digits, short};
use crate::output::OutputFile;
use crate::record::{self, Record};
use crate::rows::Rows;
use crate::rule;
use crate::scores::{Detail, Judge, Scores, Tally, Weighing};
use crate::setup::{self, Input, Machine, Ready};
use crate::valid::{self, Valid};
use crate::{failure, output, report};

/// Epochs of one full-batch run, unless asked for otherwise: a sweep is to see, not to finish.
const EPOCHS: u64 = 1000;
/// More runs at once than this are a mistake.
const MOST_RUNS: usize = 1000;

/// What distinguishes one run from the others.
struct Setting {
    optimizer: Option<OptimizerKind>,
    penalty: Penalty,
    eta: Eta,
    seed: u64,
}

/// A run that has ended, with its scores.
struct Ended {
    plan: Plan,
    fit: Fit,
    training: Scores,
    held_out: Option<Scores>,
}

impl Ended {
    /// What runs are compared by: E on the records held out, or on all where there are none.
    fn judged(&self) -> f64 {
        self.held_out.as_ref().unwrap_or(&self.training).loss_sum
    }
}

pub(crate) fn run(args: &SweepArgs) -> Result<ExitCode> {
    let settings = settings(args)?;
    let read = args.valid.files_read(&args.data);
    let mut rows = Rows::of(&args.rows, &read, &[&args.out, &args.trace], args.force)?;
    let wanted = Valid::of(&args.valid, &args.data, &args.files, rows.skips())?;
    wanted.check_early_stopping(&args.valid, None)?;
    let choices =
        setup::choices(&args.data, &args.columns, &args.network, &args.weights, wanted.hold_out(&args.valid, None)?)?;
    let mut trace = args.trace.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let mut model_file = args.out.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let machine = Machine { threads: args.threads, narrow: false };
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet: args.json };
    let (table, row_tally) = setup::read_table(input, &args.columns, &choices, machine, &mut rows)?;
    let prepared = prepare(&table, &choices)?;
    let threads = setup::threads(args.threads, table.n_values() * settings.len())?;
    let scale = args.columns.scale.map_or(ScaleRule::Standard, Into::into);
    let has_bias = !args.network.no_bias;
    let code = setup::with_problem(&prepared, &args.columns, args.network.loss, scale, has_bias, &threads, |ready| {
        let Ready { encoding, problem } = &ready;
        let mut valid = wanted.files();
        valid::check_columns(valid.as_deref(), encoding, &args.weights)?;
        let said = row_tally.text().into_iter().chain(prepared.held_out_text.iter().cloned());
        let said = said.chain(valid.as_deref().map(valid::files_text));
        let mut said: String = said.map(|text| text + "\n").collect();
        let init = args.network.init.as_deref();
        let (mut plans, mut starts): (Vec<Plan>, Vec<Parameters>) = (Vec::new(), Vec::new());
        let mut start_texts = Vec::new();
        for setting in &settings {
            let config = config(args, setting);
            let plan = match plans.first() {
                None => Plan::of(problem, &config)?,
                Some(first) => first.with(problem, &config)?,
            };
            plans.push(plan);
            let (start, text) = setup::starting_weights(init, encoding, &prepared.activation, has_bias, setting.seed)?;
            starts.push(start);
            start_texts.push(text);
        }
        if let Some(trace) = &mut trace {
            let (sum, mean) = (problem.loss.sum_name(), problem.loss.mean_name());
            writeln!(trace, "run,optimizer,l2,l1,seed,first_eta,epoch,{sum},{mean},eta")?;
        }
        let mut failed = None;
        let bar = output::progress(args.json, "epoch {pos} of the longest run, {elapsed} {spinner}", None);
        let mut observer = |run: usize, epoch: &Epoch<'_>| {
            bar.set_position(bar.position().max(epoch.index));
            if let Some(trace) = &mut trace {
                let plan = &plans[run];
                let (optimizer, seed, eta) = (plan.optimizer.name(), plan.seed, plan.eta.eta);
                let (k, sum, mean) = (epoch.index, epoch.loss, epoch.mean_loss);
                let Penalty { l2, l1 } = plan.penalty;
                let row = writeln!(
                    trace,
                    "{},{optimizer},{l2:?},{l1:?},{seed},{eta:?},{k},{sum:?},{mean:?},{:?}",
                    run + 1,
                    epoch.eta
                );
                if let Err(error) = row {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = (&args.valid, &args.weights, &args.memory);
        let watched =
            HeldOutFiles::of_early_stopping(&mut valid, options, &prepared, (encoding, problem.loss), &mut rows)?;
        let left_out = watched.as_ref().and_then(|files| files.left_out().text());
        said.extend(left_out.map(|text| format!("of the files held out: {text}\n")));
        let of_files = watched.as_ref().map(HeldOutFiles::dataset).transpose()?;
        let source = match (&prepared.held_out, &of_files) {
            (Some(part), _) => Some(part as &dyn BlockSource<f64>),
            (None, dataset) => dataset.as_ref().map(|dataset| dataset as &dyn BlockSource<f64>),
        };
        let held_out = source.map(|source| HeldOut { source, scaling: problem.scaling });
        let fits = fit_many_watched(problem, &plans, starts, held_out, &mut observer)?;
        bar.finish_and_clear();
        if let Some(error) = failed {
            return Err(error.into());
        }
        if let Some(trace) = trace {
            trace.finish()?;
        }
        // The same for every plan of a problem.
        let baseline = plans.first().map_or_else(Vec::new, |plan| plan.baseline.outputs.clone());
        let weighing = Weighing::of_prepared(&prepared);
        let deltarule_core::Problem { loss, activation, .. } = *problem;
        let judge = Judge { loss, activation, baseline: &baseline, weighing, class_sums: prepared.class_sums() };
        let score = |fit: &Fit, part: &dyn BlockSource<f64>| -> Result<Scores> {
            Tally::of_part(&prepared.target, judge, &fit.layer, problem.scaling, part)
        };
        let scores = threads.map(0, fits.len(), |run| -> Result<_> {
            let held_out = source.map(|source| score(&fits[run], source)).transpose()?;
            Ok((score(&fits[run], &prepared.training)?, held_out))
        });
        let (of_files, held_out_rows) = match &mut valid {
            Some(reader) => {
                let layers: Vec<&Layer> = fits.iter().map(|fit| &fit.layer).collect();
                let weight = args.weights.weight.as_deref();
                let weighing = Weighing::of_file(prepared.training.class_weights(), weight.is_some());
                let judge = Judge { weighing, ..judge };
                let (scores, left_out) = Tally::of_file_for_each(reader, encoding, judge, &layers, weight, &mut rows)?;
                said.extend(left_out.text().map(|text| format!("of the files held out: {text}\n")));
                (scores, Some(left_out))
            }
            None => (Vec::new(), watched.as_ref().map(|files| files.left_out().clone())),
        };
        let mut of_files = of_files.into_iter();
        let mut ended = Vec::with_capacity(fits.len());
        for ((plan, fit), scores) in plans.into_iter().zip(fits).zip(scores) {
            let (training, held_out) = scores?;
            ended.push(Ended { plan, fit, training, held_out: held_out.or_else(|| of_files.next()) });
        }
        let sound = ended.iter().enumerate().filter(|(_, run)| !run.fit.reason.is_failure());
        let best = sound.min_by(|a, b| a.1.judged().total_cmp(&b.1.judged())).map(|(index, _)| index);
        let mut written = None;
        if let (Some(index), Some(mut file)) = (best, model_file.take()) {
            let (best, start) = (&ended[index], &start_texts[index]);
            let record = Record { table: &table, prepared: &prepared, start, precision: "f64" };
            let record = record.of(problem.loss, &best.plan, &best.fit, best.training.loss_sum);
            let model = Model::new(encoding.clone(), best.fit.layer.clone(), record)?;
            file.write_all(model.to_json().as_bytes())?;
            file.finish()?;
            written.clone_from(&args.out);
        }
        let written = written.map(|path| path.display().to_string());
        if args.json {
            let split = prepared.split.as_ref();
            let mut report = to_json(table.name(), split, problem.loss, &ended, best, written.as_deref());
            row_tally.tell(&mut report);
            if let Some(rows) = &held_out_rows {
                rows.tell_held_out(&mut report);
            }
            output::print_json(&report)?;
        } else {
            output::print(&to_text(args, &said, &ended, best, written.as_deref()))?;
        }
        Ok(match best {
            _ if ended.iter().any(|run| run.fit.reason == StopReason::Interrupted) => {
                ExitCode::from(failure::INTERRUPTED)
            }
            Some(_) => ExitCode::SUCCESS,
            None => ExitCode::from(failure::FAILED),
        })
    })?;
    rows.finish()?;
    Ok(code)
}

fn config(args: &SweepArgs, setting: &Setting) -> Config {
    let (batch, epochs) = match args.batch {
        BatchArg::Full => (Batch::Full, Some(args.epochs.unwrap_or(EPOCHS))),
        BatchArg::Records(n) => (Batch::Records(n), args.epochs),
    };
    Config {
        optimizer: setting.optimizer,
        penalty: setting.penalty,
        eta: setting.eta,
        course: rule::course(&args.rule),
        reduction: args.reduction.map_or(Reduction::Mean, Into::into),
        batch,
        average: args.rule.average,
        patience: args.valid.early_stopping,
        epochs,
        tolerance: args.tolerance,
        seed: setting.seed,
    }
}

/// Every combination of optimizers, seeds and learning rates.
fn settings(args: &SweepArgs) -> Result<Vec<Setting>> {
    let etas = etas(&args.eta, args.points)?;
    let seeds = match &args.seeds {
        None => vec![args.network.seed],
        Some(text) => seeds(text)?,
    };
    let kinds = rule::kinds(&args.optimizer, None, &args.rule)?;
    let optimizers: Vec<Option<OptimizerKind>> = match args.optimizer.is_empty() {
        true => vec![None],
        false => kinds.into_iter().map(Some).collect(),
    };
    let (l2s, l1s) =
        (penalties("--l2", args.l2.as_deref(), args.points)?, penalties("--l1", args.l1.as_deref(), args.points)?);
    let penalties: Vec<Penalty> = l2s.iter().flat_map(|&l2| l1s.iter().map(move |&l1| Penalty { l2, l1 })).collect();
    let counts = [etas.len(), seeds.len(), optimizers.len(), penalties.len()];
    let n_runs = counts.into_iter().fold(1, usize::saturating_mul);
    if n_runs > MOST_RUNS {
        bail!(
            "found {n_runs} runs, expected at most {MOST_RUNS}; try fewer --points, --seeds, --optimizer, --l2 or --l1"
        );
    }
    let mut settings = Vec::with_capacity(n_runs);
    for optimizer in &optimizers {
        for &seed in &seeds {
            for &penalty in &penalties {
                settings.extend(etas.iter().map(|&eta| Setting { optimizer: *optimizer, penalty, eta, seed }));
            }
        }
    }
    Ok(settings)
}

/// LOW..HIGH in equal ratios, or a list.
fn etas(text: &str, points: usize) -> Result<Vec<Eta>> {
    let one =
        |part: &str| parse_eta(part.trim()).or_else(|expected| bail!("--eta: found {part:?} in {text:?}, {expected}"));
    let Some((low, high)) = text.split_once("..") else { return text.split(',').map(one).collect() };
    let (Eta::Given(low), Eta::Given(high)) = (one(low)?, one(high)?) else {
        bail!("--eta: found {text:?}, expected two numbers, as in 1e-4..10");
    };
    Ok(spread("--eta", text, low, high, points)?.into_iter().map(Eta::Given).collect())
}

/// LOW..HIGH in equal ratios, or a list; no penalty where nothing is said.
fn penalties(option: &str, text: Option<&str>, points: usize) -> Result<Vec<f64>> {
    let Some(text) = text else { return Ok(vec![0.0]) };
    let one = |part: &str| {
        parse_penalty(part.trim()).or_else(|expected| bail!("{option}: found {part:?} in {text:?}, {expected}"))
    };
    match text.split_once("..") {
        None => text.split(',').map(one).collect(),
        Some((low, _)) if one(low)? == 0.0 => {
            bail!("{option}: found {text:?}, expected two numbers above 0, as in 1e-6..1, or a list such as 0,0.01,0.1")
        }
        Some((low, high)) => spread(option, text, one(low)?, one(high)?, points),
    }
}

/// Numbers from `low` to `high` in equal ratios.
fn spread(option: &str, text: &str, low: f64, high: f64, points: usize) -> Result<Vec<f64>> {
    if low >= high {
        bail!("{option}: found {text:?}, expected the smaller number first, as in 1e-4..10");
    }
    if points < 2 {
        bail!("--points: found {points}, expected a number from 2 on");
    }
    let ratio = (high / low).ln();
    // Twelve digits: numbers that can be read and typed again, and the same on every machine.
    let rounded = |x: f64| format!("{x:.11e}").parse().unwrap_or(x);
    let at = |k: usize| match k {
        0 => low,
        k if k + 1 == points => high,
        k => rounded(low * (ratio * k as f64 / (points - 1) as f64).exp()),
    };
    Ok((0..points.min(MOST_RUNS + 1)).map(at).collect())
}

/// FIRST..LAST, both counted, or a list.
fn seeds(text: &str) -> Result<Vec<u64>> {
    let one = |part: &str| match part.trim().parse::<u64>() {
        Ok(seed) => Ok(seed),
        Err(_) => bail!("--seeds: found {part:?} in {text:?}, expected whole numbers, as in 0..4 or 1,2,3"),
    };
    match text.split_once("..") {
        None => text.split(',').map(one).collect(),
        Some((first, last)) => Ok((one(first)?..=one(last)?).take(MOST_RUNS + 1).collect()),
    }
}

/// The command that trains this run alone: what was typed, but for what differs from run to run and where results go.
fn alone(run: &Ended) -> String {
    let mut differing = vec!["--eta", "--points", "--l2", "--l1", "--seeds", "--seed", "--optimizer", "--epochs"];
    // And what no result depends on.
    differing.extend(["--out", "-o", "--trace", "--memory", "--cache", "--threads"]);
    // Settings of the other rules.
    differing.extend(match run.plan.optimizer {
        OptimizerKind::Adam { .. } => &["--decay"][..],
        OptimizerKind::RmsProp { .. } => &["--beta1", "--beta2"],
        OptimizerKind::AdaGrad { .. } => &["--beta1", "--beta2", "--decay"],
        _ => &["--beta1", "--beta2", "--decay", "--epsilon"],
    });
    let typed = record::arguments_without(&differing, &["--force", "--json"]).join(" ");
    let eta = if run.plan.chooses_eta() { String::new() } else { format!(" --eta {}", run.plan.eta.eta) };
    format!(
        "deltarule train {typed} --optimizer {} --epochs {}{eta}{}{}{}",
        run.plan.optimizer.name(),
        run.plan.epochs,
        given("l2", run.plan.penalty.l2 > 0.0, &run.plan.penalty.l2),
        given("l1", run.plan.penalty.l1 > 0.0, &run.plan.penalty.l1),
        given("seed", run.plan.seed != 0, &run.plan.seed),
    )
}

/// An option that is to be typed again.
fn given(option: &str, is_given: bool, value: &dyn std::fmt::Display) -> String {
    if is_given { format!(" --{option} {value}") } else { String::new() }
}

/// The score that people look at first: its name, and what it is.
fn main_score(scores: &Scores) -> (&'static str, f64) {
    match &scores.detail {
        Detail::Numbers(targets) => {
            ("RMSE", targets.iter().map(|target| target.own.rmse).sum::<f64>() / targets.len().max(1) as f64)
        }
        Detail::Classes { scores, .. } => ("accuracy", scores.accuracy),
    }
}

fn to_text(
    args: &SweepArgs,
    held_out_text: &str,
    ended: &[Ended],
    best: Option<usize>,
    written: Option<&str>,
) -> String {
    let baseline = ended.first().map_or(0.0, |run| run.plan.baseline.loss);
    let held_out = ended.first().is_some_and(|run| run.held_out.is_some());
    let name = ended.first().map_or("", |run| main_score(&run.training).0);
    let penalised = ended.iter().any(|run| !run.plan.penalty.is_none());
    let mut text = format!(
        "{} over {}, all in the same passes; baseline: E = {} (E = {})\n{held_out_text}\n",
        count(ended.len() as u64, "run"),
        setup::typed(&args.data),
        digits(baseline, 8),
        ended.first().map_or(String::new(), |run| run.training.sum_text.clone())
    );
    let _ = write!(text, "  {:>4}  {:<10}", "run", "optimizer");
    if penalised {
        let _ = write!(text, "{:>12}{:>12}", "l2", "l1");
    }
    let _ = write!(text, "{:>12}{:>6}{:>8}{:>16}{:>12}", "η", "seed", "epochs", "training E", name);
    if held_out {
        let _ = write!(text, "{:>16}{:>12}", "held-out E", name);
    }
    text.push_str("  stopped\n");
    for (index, run) in ended.iter().enumerate() {
        let mark = if best == Some(index) { '*' } else { ' ' };
        let (plan, fit) = (&run.plan, &run.fit);
        let _ = write!(text, "{mark} {:>4}  {:<10}", index + 1, plan.optimizer.name());
        if penalised {
            let _ = write!(text, "{:>12}{:>12}", short(plan.penalty.l2), short(plan.penalty.l1));
        }
        let _ = write!(
            text,
            "{:>12}{:>6}{:>8}{:>16}{:>12}",
            short(plan.eta.eta),
            plan.seed,
            fit.epochs,
            digits(run.training.loss_sum, 8),
            short(main_score(&run.training).1)
        );
        if let Some(scores) = &run.held_out {
            let _ = write!(text, "{:>16}{:>12}", digits(scores.loss_sum, 8), short(main_score(scores).1));
        }
        let _ = writeln!(text, "  {}", fit.reason.name());
    }
    let failed = ended.iter().filter(|run| run.fit.reason.is_failure()).count();
    if failed > 0 {
        let guaranteed = ended.iter().find_map(|run| run.plan.eta.guaranteed);
        let _ = writeln!(
            text,
            "\n{} diverged or saturated{}",
            count(failed as u64, "run"),
            guaranteed.map_or(String::new(), |eta| format!(
                ": the largest η that is guaranteed not to raise E with gd is {}",
                short(eta)
            ))
        );
    }
    match best {
        None => text.push_str("\nno run ended well; try smaller learning rates, or --eta auto\n"),
        Some(index) => {
            let run = &ended[index];
            let judged = if held_out { "on the records held out" } else { "in training (--valid holds records out)" };
            let _ = writeln!(text, "\n* the least E {judged}: run {}. To see it alone: {}", index + 1, alone(run));
        }
    }
    match written {
        Some(path) => {
            let _ = writeln!(text, "its model was written to {path}");
        }
        None => text.push_str("no model was written; to keep the best, add: --out model.json\n"),
    }
    text
}

fn to_json(
    data: &str,
    split: Option<&SplitRule>,
    loss: Loss,
    ended: &[Ended],
    best: Option<usize>,
    written: Option<&str>,
) -> Value {
    json!({
        "command": "sweep",
        "data": data,
        "split": split.map(valid::split_json),
        "loss": loss.to_string(),
        format!("baseline_{}", loss.sum_name()): ended.first().map(|run| run.plan.baseline.loss),
        "guaranteed_eta": ended.iter().find_map(|run| run.plan.eta.guaranteed),
        "runs": ended.iter().enumerate().map(|(index, run)| json!({
            "run": index + 1,
            "optimizer": run.plan.optimizer.name(),
            "eta": run.plan.eta.eta,
            "eta_chosen": run.plan.chooses_eta(),
            "l2": run.plan.penalty.l2,
            "l1": run.plan.penalty.l1,
            "seed": run.plan.seed,
            "epochs": run.fit.epochs,
            "stop_reason": run.fit.reason.name(),
            "stop_text": report::reason_text(&run.fit.reason, &run.plan, loss, run.fit.layer.activation()),
            "failed": run.fit.reason.is_failure(),
            "training": run.training.json(),
            "held_out": run.held_out.as_ref().map(Scores::json),
        })).collect::<Vec<_>>(),
        "best": best.map(|index| index + 1),
        "model": written,
    })
}

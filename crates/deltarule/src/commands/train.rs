//! `deltarule train`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{
    Batch, BlockSource, Config, Dataset, Epoch, Fit, Float, Layer, Moments, OptimizerKind, Parameters, Plan, Problem,
    Reduction, StopReason, fit,
};
use deltarule_data::{CsvReader, Prepared, RowEncoder, Table, prepare};
use deltarule_model::{Encoding, Model, ScaleRule, Training};
use indicatif::ProgressBar;
use serde_json::json;

use crate::cli::{BatchArg, FileArgs, OptimizerArg, PrecisionArg, ScaleArg, TrainArgs};
use crate::number::{count, digits, short};
use crate::output::{self, OutputFile};
use crate::scores::{Outcome, Scores};
use crate::setup::{self, Ready};
use crate::{failure, report, weights_file};

/// The settings after `--textbook` has been put into words.
struct Settings {
    config: Config,
    scale: ScaleRule,
    has_bias: bool,
    init: Option<String>,
}

const TEXTBOOK: &str = "--optimizer gd --scale none --no-bias --reduction sum --init normal";

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let settings = settings(args)?;
    let held_out = match args.valid.as_deref().map(|text| (text, text.parse::<f64>())) {
        Some((_, Ok(fraction))) => Some(fraction),
        Some((file, Err(_))) if !Path::new(file).exists() => {
            bail!("--valid: found {file:?}, expected a fraction such as 0.25, or a CSV file that is there")
        }
        _ => None,
    };
    let valid_file = args.valid.as_deref().filter(|_| held_out.is_none());
    let choices = setup::choices(&args.columns, &args.network, held_out)?;
    let mut files = Files::create(args)?;
    let table = setup::read_table(&args.data, &args.files, &args.columns, args.quiet)?;
    let prepared = prepare(&table, &choices)?;
    let n_values = table.n_records() * table.columns().len();
    let threads = setup::threads(args.threads, n_values)?;
    setup::with_problem(&prepared, &args.columns, settings.scale, settings.has_bias, &threads, |ready| {
        let mut said = Say::new(args);
        said.line(&introduction(&table, &prepared, &ready, args));
        let (start, start_text) = setup::starting_weights(
            settings.init.as_deref(),
            &ready.encoding,
            &prepared.activation,
            settings.has_bias,
            args.network.seed,
        )?;
        let trained = match args.precision {
            PrecisionArg::F64 => {
                descend(&ready.problem, &ready, &settings, start, &start_text, args, &mut files, &mut said)?
            }
            PrecisionArg::F32 => {
                let (columns, targets, shifts) = prepared.training.narrowed();
                let dataset = Dataset::from_columns(&columns, &targets)?;
                let moments = Moments::of(&dataset, &threads)?;
                let scaling = setup::shifted(ready.problem.scaling, &shifts);
                let problem = Problem {
                    source: &dataset,
                    scaling: &scaling,
                    moments: &moments,
                    activation: ready.problem.activation,
                    loss: ready.problem.loss,
                    has_bias: ready.problem.has_bias,
                    threads: ready.problem.threads,
                };
                descend(&problem, &ready, &settings, start, &start_text, args, &mut files, &mut said)?
            }
        };
        conclude(args, &settings, &table, &prepared, &ready, trained, &start_text, valid_file, files, said)
    })
}

fn settings(args: &TrainArgs) -> Result<Settings> {
    let mut optimizer = args.optimizer;
    let mut scale = args.columns.scale;
    let mut reduction = args.descent.reduction;
    let mut has_bias = !args.network.no_bias;
    let mut init = args.network.init.clone();
    if args.textbook {
        optimizer.get_or_insert(OptimizerArg::Gd);
        scale.get_or_insert(ScaleArg::None);
        reduction.get_or_insert(crate::cli::ReductionArg::Sum);
        has_bias = false;
        init.get_or_insert("normal".to_owned());
    }
    let optimizer = match (optimizer, args.momentum) {
        (None, Some(_)) | (Some(OptimizerArg::Gd), Some(_)) => {
            bail!("--momentum: expected --optimizer momentum or --optimizer nesterov beside it")
        }
        (None, None) => None,
        (Some(OptimizerArg::Gd), None) => Some(OptimizerKind::GradientDescent),
        (Some(OptimizerArg::Momentum), beta) => {
            Some(OptimizerKind::Momentum { beta: beta.unwrap_or(OptimizerKind::DEFAULT_BETA) })
        }
        (Some(OptimizerArg::Nesterov), beta) => Some(OptimizerKind::Nesterov { beta }),
    };
    let config = Config {
        optimizer,
        eta: args.descent.eta,
        reduction: reduction.map_or(Reduction::Mean, Into::into),
        batch: match args.batch {
            BatchArg::Full => Batch::Full,
            BatchArg::Records(n) => Batch::Records(n),
        },
        epochs: args.epochs,
        tolerance: args.tolerance,
        seed: args.network.seed,
    };
    Ok(Settings { config, scale: scale.map_or(ScaleRule::Standard, Into::into), has_bias, init })
}

/// The files that a run writes, none of them in its place before the end.
struct Files {
    model: Option<OutputFile>,
    trace: Option<OutputFile>,
    path: Option<OutputFile>,
}

impl Files {
    fn create(args: &TrainArgs) -> Result<Self> {
        let named: Vec<&std::path::PathBuf> = [&args.out, &args.trace, &args.path].into_iter().flatten().collect();
        for (index, path) in named.iter().enumerate() {
            if named[..index].contains(path) {
                bail!("{}: found twice among --out, --trace and --path, expected a file for each", path.display());
            }
            if **path == args.data {
                bail!("{}: is the data itself, expected another file to write to", path.display());
            }
        }
        let create = |path: &Option<std::path::PathBuf>| {
            path.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()
        };
        let mut files = Self { model: create(&args.out)?, trace: create(&args.trace)?, path: create(&args.path)? };
        if let Some(trace) = &mut files.trace {
            writeln!(trace, "epoch,sse,mse,eta,gradient_norm")?;
        }
        if let Some(path) = &mut files.path {
            writeln!(path, "epoch,output,feature,weight")?;
        }
        Ok(files)
    }

    /// Trace and path, which are kept even where training failed.
    fn finish_records(&mut self) -> Result<()> {
        for file in [self.trace.take(), self.path.take()].into_iter().flatten() {
            file.finish()?;
        }
        Ok(())
    }
}

/// What is said to a person; nothing of it with `--json` or `--quiet`.
struct Say {
    silent: bool,
}

impl Say {
    fn new(args: &TrainArgs) -> Self {
        Self { silent: args.json || args.quiet }
    }

    fn line(&mut self, text: &str) {
        if !self.silent {
            // A reader that went away is noticed where the result is printed.
            let _ = output::print(&format!("{text}\n"));
        }
    }
}

fn introduction(table: &Table, prepared: &Prepared<'_>, ready: &Ready<'_>, args: &TrainArgs) -> String {
    let mut text = String::new();
    if args.textbook {
        let _ = writeln!(text, "--textbook means {TEXTBOOK}");
    }
    let _ = write!(text, "read {}: {}", table.name(), count(table.n_records() as u64, "record"));
    if prepared.without_target > 0 {
        let _ = write!(text, ", {} without a target left out", prepared.without_target);
    }
    if prepared.with_missing > 0 {
        let _ = write!(text, ", {} with missing values left out", prepared.with_missing);
    }
    if let Some(held_out) = &prepared.held_out {
        let _ = write!(text, ", {} held out", held_out.records.len());
    }
    let (numbers, booleans, categories) = prepared.count_features();
    let kinds: Vec<String> = [(numbers, "number"), (booleans, "boolean"), (categories, "category")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| count(n as u64, noun))
        .collect();
    let shape = ready.encoding.shape();
    let _ = write!(
        text,
        "\nfeatures: {}; {} to {}, f = {}{}",
        kinds.join(", "),
        count(shape.n_features() as u64, "input"),
        count(shape.n_outputs() as u64, "output"),
        prepared.activation,
        if ready.problem.has_bias { "" } else { ", no bias" },
    );
    if numbers + booleans > 0 {
        let scaled = match ready.encoding.scale {
            ScaleRule::Standard => "scaled to mean 0 and standard deviation 1",
            ScaleRule::None => "as they are (--scale none)",
        };
        let _ = write!(text, "\nnumbers are {scaled}");
    }
    for note in &prepared.notes {
        let _ = write!(text, "\n{note}");
    }
    for warning in &prepared.warnings {
        let _ = write!(text, "\nwarning: {warning}");
    }
    text
}

/// A descent that has ended, with its plan.
struct Trained {
    plan: Plan,
    fit: Fit,
    baseline_sse: f64,
}

#[allow(clippy::too_many_arguments)]
fn descend<T: Float>(
    problem: &Problem<'_, T>,
    ready: &Ready<'_>,
    settings: &Settings,
    start: Parameters,
    start_text: &str,
    args: &TrainArgs,
    files: &mut Files,
    said: &mut Say,
) -> Result<Trained> {
    let plan = Plan::of(problem, &settings.config)?;
    let baseline_sse = problem.baseline_sse();
    said.line(&format!(
        "baseline: the best constant has E = {} (E = ½ΣΣ(y − ŷ)²)\n\nstart: {start_text}\ndescent: {}\n{}",
        digits(baseline_sse, 8),
        report::descent_text(&plan),
        report::eta_text(&plan.eta, plan.reduction)
    ));
    let warning = report::eta_warning(&plan);
    if let Some(warning) = &warning {
        eprintln!("warning: {warning}");
    }
    let mut watcher = Watcher::new(&plan, &ready.encoding, args.quiet, files);
    let fit = fit(problem, &plan, start, &mut |epoch: &Epoch<'_>| watcher.look(epoch))?;
    watcher.finish(&fit)?;
    files.finish_records()?;
    Ok(Trained { plan, fit, baseline_sse })
}

/// Sees every epoch: the bar, the trace, the path, Ctrl-C.
struct Watcher<'a> {
    bar: ProgressBar,
    encoding: &'a Encoding,
    files: &'a mut Files,
    path: Path1000,
    failed: Option<std::io::Error>,
    started: bool,
    quiet: bool,
    epochs: u64,
}

impl<'a> Watcher<'a> {
    fn new(plan: &Plan, encoding: &'a Encoding, quiet: bool, files: &'a mut Files) -> Self {
        let path = Path1000 { kept: Vec::new(), stride: 1, last: None };
        let (bar, failed) = (ProgressBar::hidden(), None);
        Self { bar, encoding, files, path, failed, started: false, quiet, epochs: plan.epochs }
    }

    fn look(&mut self, epoch: &Epoch<'_>) -> ControlFlow<()> {
        if !self.started {
            self.started = true;
            let template = "epoch {pos} (at most {len}) {elapsed} {spinner} {msg}";
            self.bar = output::progress(self.quiet, template, Some(self.epochs));
        }
        self.bar.set_position(epoch.index);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!(
                "E = {}, largest correlation {}",
                short(epoch.sse),
                digits(epoch.correlation, 2)
            ));
        }
        if let Some(trace) = &mut self.files.trace {
            let row = writeln!(
                trace,
                "{},{:?},{:?},{:?},{:?}",
                epoch.index, epoch.sse, epoch.mse, epoch.eta, epoch.gradient_norm
            );
            if let Err(error) = row {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        if self.files.path.is_some() {
            self.path.push(epoch);
        }
        if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(mut self, fit: &Fit) -> Result<()> {
        self.bar.finish_and_clear();
        if let Some(error) = self.failed.take() {
            return Err(error.into());
        }
        if let Some(file) = &mut self.files.path {
            // The last state is the one that is kept: the best weights, as in the model.
            self.path.finish(fit);
            for (epoch, parameters) in &self.path.kept {
                file.write_all(weights_file::lines(&format!("{epoch},"), self.encoding, parameters).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Up to about a thousand states of the weights, evenly spread however long the run is; the first and the last among them.
struct Path1000 {
    kept: Vec<(u64, Parameters)>,
    stride: u64,
    last: Option<(u64, Parameters)>,
}

impl Path1000 {
    fn push(&mut self, epoch: &Epoch<'_>) {
        let numbers = epoch.parameters.n_features() * epoch.parameters.n_outputs();
        let most = (4_000_000 / numbers.max(1)).clamp(4, 1000);
        if epoch.index.is_multiple_of(self.stride) {
            self.kept.push((epoch.index, epoch.parameters.clone()));
            self.last = None;
        } else {
            self.last = Some((epoch.index, epoch.parameters.clone()));
        }
        if self.kept.len() > most {
            self.stride *= 2;
            let stride = self.stride;
            self.last = self.kept.last().filter(|(epoch, _)| !epoch.is_multiple_of(stride)).cloned();
            self.kept.retain(|(epoch, _)| epoch.is_multiple_of(stride));
        }
    }

    fn finish(&mut self, fit: &Fit) {
        self.kept.extend(self.last.take());
        if let Some((epoch, parameters)) = self.kept.last_mut()
            && *epoch == fit.best_epoch
        {
            parameters.clone_from(fit.layer.parameters());
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn conclude(
    args: &TrainArgs,
    settings: &Settings,
    table: &Table,
    prepared: &Prepared<'_>,
    ready: &Ready<'_>,
    trained: Trained,
    start_text: &str,
    valid_file: Option<&str>,
    files: Files,
    mut said: Say,
) -> Result<ExitCode> {
    let Trained { plan, fit, baseline_sse } = trained;
    let dataset = setup::dataset(&prepared.training)?;
    let scaling = ready.problem.scaling;
    let score = |layer: &Layer, dataset: &Dataset<'_, f64>, classes: &[u32]| -> Result<Scores> {
        Ok(Outcome::of(layer, scaling, dataset.blocks(), classes)?.scores(&prepared.target))
    };
    let training = score(&fit.layer, &dataset, &prepared.training.classes)?;
    let training_record = Training {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: Some(command_line()),
        data: table.name().to_owned(),
        fingerprint: table.fingerprint().to_owned(),
        rows: table.n_records() as u64,
        rows_trained: dataset.n_records() as u64,
        rows_dropped: (prepared.without_target + prepared.with_missing) as u64,
        rows_held_out: prepared.held_out.as_ref().map_or(0, |part| part.records.len() as u64),
        loss: ready.problem.loss.name().to_owned(),
        optimizer: plan.optimizer.name().to_owned(),
        momentum: match plan.optimizer {
            OptimizerKind::Momentum { beta } | OptimizerKind::Nesterov { beta: Some(beta) } => Some(beta),
            _ => None,
        },
        eta: plan.eta.eta,
        eta_chosen: plan.chooses_eta(),
        reduction: plan.reduction.name().to_owned(),
        batch: plan.batch,
        init: start_text.to_owned(),
        seed: settings.config.seed,
        precision: if args.precision == PrecisionArg::F32 { "f32" } else { "f64" }.to_owned(),
        tolerance: plan.tolerance,
        epochs: fit.epochs,
        best_epoch: fit.best_epoch,
        stop_reason: fit.reason.name().to_owned(),
        sse: training.sse,
        baseline_sse,
    };
    let model = Model::new(ready.encoding.clone(), fit.layer.clone(), training_record)?;
    let held_out = match (&prepared.held_out, valid_file) {
        (Some(part), _) => Some(score(&fit.layer, &setup::dataset(part)?, &part.classes)?),
        (None, Some(file)) => Some(score_file(Path::new(file), &args.files, &model)?),
        (None, None) => None,
    };
    let reason = report::reason_text(&fit.reason, &plan, &prepared.activation);
    let failed = fit.reason.is_failure();
    // A failed run has nothing to keep unless it got below its start before it failed.
    let keep = !failed || fit.sse < fit.start_sse;
    let written = match (files.model, keep) {
        (Some(mut file), true) => {
            file.write_all(model.to_json().as_bytes())?;
            file.finish()?;
            args.out.clone()
        }
        _ => None,
    };
    if args.json {
        output::print_json(&json!({
            "command": "train",
            "version": env!("CARGO_PKG_VERSION"),
            "data": { "name": table.name(), "records": table.n_records(), "fingerprint": table.fingerprint(),
                "without_target": prepared.without_target, "with_missing": prepared.with_missing },
            "notes": prepared.notes,
            "warnings": prepared.warnings.iter().cloned().chain(report::eta_warning(&plan)).collect::<Vec<_>>(),
            "activation": prepared.activation.name(),
            "optimizer": plan.optimizer.name(),
            "reduction": plan.reduction.name(),
            "batch": plan.batch,
            "eta": { "value": plan.eta.eta, "chosen": plan.chooses_eta(), "equivalent_on_other_reduction": plan.eta.equivalent,
                "guaranteed": plan.eta.guaranteed, "exact_limit": plan.eta.exact_limit, "last": fit.eta },
            "curvature": { "c": plan.eta.c, "lambda_max": plan.eta.curvature.lambda_max,
                "proven": plan.eta.curvature.proven, "lambda_min": plan.eta.curvature.lambda_min },
            "start": start_text,
            "stop": { "reason": fit.reason.name(), "text": reason, "epochs": fit.epochs, "best_epoch": fit.best_epoch,
                "steps_taken_back": fit.rejected },
            "start_sse": fit.start_sse,
            "sse": training.sse,
            "baseline_sse": baseline_sse,
            "training": training.json(),
            "held_out": held_out.as_ref().map(Scores::json),
            "weights": report::weights_json(&model),
            "model": written.as_ref().map(|path| path.display().to_string()),
        }))?;
    } else {
        let best = if fit.best_epoch == fit.epochs {
            String::new()
        } else {
            format!(" (the best weights came after {})", fit.best_epoch)
        };
        let taken_back =
            if fit.rejected > 0 { format!("; {} taken back", count(fit.rejected, "step")) } else { String::new() };
        let stopped = format!("stopped after {}{best}{taken_back}: {reason}", count(fit.epochs, "epoch"));
        if failed || fit.reason == StopReason::Interrupted {
            eprintln!("{stopped}");
        } else {
            said.line(&stopped);
        }
        let mut text = String::from("\n");
        match &held_out {
            Some(held_out) => text.push_str(&Scores::table(&[("training", &training), ("held out", held_out)])),
            None => text.push_str(&Scores::table(&[("training only", &training)])),
        }
        let judged = held_out.as_ref().map_or(("training", &training), |held_out| ("held-out", held_out));
        if let Some(warning) = judged.1.warning(judged.0) {
            let _ = writeln!(text, "warning: {warning}");
        }
        let _ = write!(text, "\n{}", report::weights_text(&model, 60));
        said.line(&text);
        let last = match (&written, &args.out) {
            (Some(path), _) => {
                format!("model written to {}; try: deltarule predict {} DATA", path.display(), path.display())
            }
            (None, Some(_)) => "no model was written, since training failed from its first steps on".to_owned(),
            (None, None) => "no model was written; to keep it, add: --out model.json".to_owned(),
        };
        said.line(&last);
    }
    Ok(match fit.reason {
        StopReason::Interrupted => ExitCode::from(failure::INTERRUPTED),
        _ if failed => ExitCode::from(failure::FAILED),
        _ => ExitCode::SUCCESS,
    })
}

/// The command as it was typed, with the path of the program left out.
fn command_line() -> String {
    let quoted = |argument: String| {
        if argument.chars().all(|c| c.is_alphanumeric() || "-_./,=:+@%".contains(c)) && !argument.is_empty() {
            argument
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    };
    let arguments = std::env::args_os().skip(1).map(|a| quoted(a.to_string_lossy().into_owned()));
    std::iter::once("deltarule".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Scores on the records of another file.
fn score_file(path: &Path, files: &FileArgs, model: &Model) -> Result<Scores> {
    let mut reader = CsvReader::open(path, &files.options()?)?;
    let mut encoder = RowEncoder::new(model.encoding(), &reader, true)?;
    let outcome = Outcome::of_file(&mut reader, &mut encoder, model)?.0;
    Ok(outcome.scores(&model.encoding().target))
}

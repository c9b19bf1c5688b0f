//! `deltarule train`.

mod conclude;
mod files;
mod folds;
mod page;
mod watch;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use deltarule_core::{
    Batch, BlockSource, Config, Epoch, Fit, Float, HeldOut, Parameters, Penalty, Plan, Problem, Reduction, fit_watched,
};
use deltarule_data::{Folds, Prepared, Table, prepare};
use deltarule_model::{Encoding, ScaleRule};
use deltarule_train::{OptimizerName, in_f32};

use crate::cli::{BatchArg, PrecisionArg, ReductionArg, ScaleArg, TrainArgs};
use crate::held::HeldOutFiles;
use crate::rows::{RowTally, Rows};
use crate::rule;
use crate::setup::{self, Input, Machine, Ready};
use crate::valid::{self, Valid};
use files::Files;
use watch::{Seen, Watcher};
use words::{Opening, Say};

/// The settings after `--textbook` has been put into words.
struct Settings {
    config: Config,
    scale: ScaleRule,
    has_bias: bool,
    init: Option<String>,
}

/// What `--textbook` stands for, less what is given otherwise.
fn textbook(args: &TrainArgs) -> String {
    let settings = [
        ("--optimizer gd", args.optimizer.is_some()),
        ("--scale none", args.columns.scale.is_some()),
        ("--no-bias", false),
        ("--reduction sum", args.descent.reduction.is_some()),
        ("--init normal", args.network.init.is_some()),
    ];
    let kept: Vec<&str> = settings.iter().filter(|(_, is_given)| !is_given).map(|(setting, _)| *setting).collect();
    let beside = if kept.len() < settings.len() { ", beside what is given" } else { "" };
    format!("{}{beside}", kept.join(" "))
}

/// A training: what was asked for, what was read, and where descent starts.
struct Run<'a> {
    args: &'a TrainArgs,
    settings: &'a Settings,
    table: &'a Table,
    prepared: &'a Prepared<'a>,
    encoding: &'a Encoding,
    problem: &'a Problem<'a, f64>,
    start: Parameters,
    start_text: String,
    /// What is said of the files that are scored on.
    valid_text: Option<String>,
    /// The records of these files, where descent is watched on them.
    watched: Option<HeldOutFiles>,
    folds: Option<Folds>,
    /// What became of the rows that were read.
    rows: RowTally,
}

/// A descent that has ended, with its plan.
struct Trained {
    plan: Plan,
    fit: Fit,
    /// What was said before it.
    opening: Opening,
    /// What was seen on the way, if a report was asked for.
    seen: Seen,
}

pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    let settings = settings(args)?;
    let read = args.valid.files_read(&args.files.files_read(&args.data));
    let mut files = Files::create(args, &read)?;
    let mut rows = Rows::of(&args.rows, &read, &[&args.out, &args.trace, &args.path, &args.report], args.force)?;
    let wanted = Valid::of(&args.valid, &args.data, &args.files, rows.skips())?;
    wanted.check_early_stopping(&args.valid, args.folds)?;
    let choices = setup::choices(
        &args.data,
        &args.columns,
        &args.network,
        &args.weights,
        wanted.hold_out(&args.valid, args.folds)?,
    )?;
    let machine = Machine { threads: args.threads, narrow: args.precision == PrecisionArg::F32 };
    let quiet = args.quiet || args.json;
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet };
    let (table, row_tally) = setup::read_table(input, &args.columns, &choices, machine, &mut rows)?;
    let prepared = prepare(&table, &choices)?;
    let folds = args.folds.map(|n| prepared.folds(n)).transpose()?;
    let threads = deltarule_train::threads(args.threads, table.n_values())?;
    let loss = args.network.loss;
    let code =
        setup::with_problem(&prepared, &args.columns, loss, settings.scale, settings.has_bias, &threads, |ready| {
            let Ready { encoding, problem } = &ready;
            let mut valid = wanted.files();
            valid::check_columns(valid.as_deref(), encoding, &args.weights)?;
            let valid_text = valid.as_deref().map(valid::files_text);
            let options = (&args.valid, &args.weights, &args.memory);
            let watched =
                HeldOutFiles::of_early_stopping(&mut valid, options, &prepared, (encoding, problem.loss), &mut rows)?;
            let say = Say::new(args);
            let init = settings.init.as_deref();
            let (start, start_text) = setup::starting_weights(init, &ready, args.network.seed)?;
            let (args, settings, table, prepared) = (args, &settings, &table, &prepared);
            let run = Run {
                args,
                settings,
                table,
                prepared,
                encoding,
                problem,
                start,
                start_text,
                valid_text,
                watched,
                folds,
                rows: row_tally,
            };
            let trained = match args.precision {
                PrecisionArg::F64 => run.descend(problem, &mut files, &say)?,
                PrecisionArg::F32 => run.descend_in_f32(&mut files, &say)?,
            };
            run.conclude(&trained, files, valid, &mut rows, &say)
        })?;
    rows.finish()?;
    Ok(code)
}

impl Run<'_> {
    fn descend_in_f32(&self, files: &mut Files, say: &Say) -> Result<Trained> {
        in_f32(self.problem, &self.prepared.training, |problem| self.descend(problem, files, say))
    }

    fn descend<T: Float>(&self, problem: &Problem<'_, T>, files: &mut Files, say: &Say) -> Result<Trained> {
        let plan = Plan::of(problem, &self.settings.config)?;
        files.begin_trace(problem.loss, plan.patience.is_some())?;
        let opening = Opening::of(self, &plan);
        let mut watcher = Watcher::new(&plan, self.encoding, opening.text(), say, files);
        let of_files = self.watched.as_ref().map(HeldOutFiles::records);
        let source = match (&self.prepared.held_out, of_files) {
            (Some(part), _) => Some(part as &dyn BlockSource<f64>),
            (None, records) => records.map(|records| records as &dyn BlockSource<f64>),
        };
        let held_out = source.map(|source| HeldOut { source, scaling: self.problem.scaling });
        let fit =
            fit_watched(problem, &plan, self.start.clone(), held_out, &mut |epoch: &Epoch<'_>| watcher.look(epoch))?;
        let seen = watcher.finish(&fit)?;
        files.finish_records()?;
        Ok(Trained { plan, fit, opening, seen })
    }
}

fn settings(args: &TrainArgs) -> Result<Settings> {
    let mut optimizer = args.optimizer;
    let mut scale = args.columns.scale;
    let mut reduction = args.descent.reduction;
    let mut has_bias = !args.network.no_bias;
    let mut init = args.network.init.clone();
    if args.textbook {
        optimizer.get_or_insert(OptimizerName::Gd);
        scale.get_or_insert(ScaleArg::None);
        reduction.get_or_insert(ReductionArg::Sum);
        has_bias = false;
        init.get_or_insert("normal".to_owned());
    }
    let optimizer = rule::kinds(optimizer.as_slice(), args.momentum, &args.rule)?.first().copied();
    let config = Config {
        optimizer,
        penalty: Penalty { l2: args.l2, l1: args.l1 },
        eta: args.descent.eta,
        course: rule::course(&args.rule),
        reduction: reduction.map_or(Reduction::Mean, Into::into),
        batch: match args.batch {
            BatchArg::Full => Batch::Full,
            BatchArg::Records(n) => Batch::Records(n),
        },
        average: args.rule.average,
        patience: args.valid.early_stopping,
        epochs: args.epochs,
        tolerance: args.tolerance,
        seed: args.network.seed,
    };
    Ok(Settings { config, scale: scale.map_or(ScaleRule::Standard, Into::into), has_bias, init })
}

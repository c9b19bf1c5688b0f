//! `deltarule sweep`: many descents in the same passes over the table.

mod folds;
mod settings;
mod trace;
mod words;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{
    BlockSource, Epoch, Fit, HeldOut, Layer, Parameters, Plan, StopReason, Threads, fit_many_watched,
};
use deltarule_data::{Prepared, Table, prepare};
use deltarule_model::{Model, ScaleRule};
use deltarule_train::Record;

use crate::cli::SweepArgs;
use crate::held::HeldOutFiles;
use crate::output::OutputFile;
use crate::record::{command_line, model_text};
use crate::rows::Rows;
use crate::scores::{Judge, Scores, Tally, Weighing};
use crate::setup::{self, Input, Machine, Ready};
use crate::valid::{self, HeldOutRows, Valid};
use crate::{failure, output};
use settings::{Setting, config, settings};
use trace::Trace;
use words::{to_json, to_text};

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

/// What all runs have in common.
struct Sweep<'a> {
    args: &'a SweepArgs,
    table: &'a Table,
    threads: &'a Threads,
    scale: ScaleRule,
    has_bias: bool,
}

/// What is to be run over one problem.
struct Wanted {
    plans: Vec<Plan>,
    starts: Vec<Parameters>,
    /// Where each start comes from, in words.
    start_texts: Vec<String>,
}

impl Sweep<'_> {
    /// Makes a problem of the training records and hands it to `run`.
    fn with_problem<R>(&self, prepared: &Prepared<'_>, run: impl FnOnce(Ready<'_>) -> Result<R>) -> Result<R> {
        let (columns, loss) = (&self.args.columns, self.args.network.loss);
        setup::with_problem(prepared, columns, loss, self.scale, self.has_bias, self.threads, run)
    }

    /// Plans and starting weights for some settings; what is learned of the table for the first plan serves the others.
    fn wanted(&self, ready: &Ready<'_>, settings: &[Setting]) -> Result<Wanted> {
        let problem = &ready.problem;
        let init = self.args.network.init.as_deref();
        let mut wanted = Wanted { plans: Vec::new(), starts: Vec::new(), start_texts: Vec::new() };
        for setting in settings {
            let config = config(self.args, setting);
            wanted.plans.push(match wanted.plans.first() {
                None => Plan::of(problem, &config)?,
                Some(first) => first.with(problem, &config)?,
            });
            let (start, text) = setup::starting_weights(init, ready, setting.seed)?;
            wanted.starts.push(start);
            wanted.start_texts.push(text);
        }
        Ok(wanted)
    }

    /// Writes the model of a run.
    fn write(
        &self,
        (prepared, ready): (&Prepared<'_>, &Ready<'_>),
        (run, start): (&Ended, &str),
        mut file: OutputFile,
    ) -> Result<()> {
        let record = Record { table: self.table, prepared, command: Some(command_line()), start, precision: "f64" };
        let record = record.of(ready.problem.loss, &run.plan, &run.fit, run.training.loss_sum);
        let model = Model::new(ready.encoding.clone(), run.fit.layer.clone(), record)?;
        file.write_all(model_text(&model, self.args.private)?.as_bytes())?;
        file.finish()
    }
}

pub(crate) fn run(args: &SweepArgs) -> Result<ExitCode> {
    let settings = settings(args)?;
    let read = args.valid.files_read(&args.files.files_read(&args.data));
    let written: Vec<&PathBuf> = [&args.out, &args.trace, &args.memory.cache].into_iter().flatten().collect();
    output::check_written(&written, "--out, --trace and --cache", &read)?;
    let mut rows = Rows::of(&args.rows, &read, &[&args.out, &args.trace], args.force)?;
    let wanted = Valid::of(&args.valid, &args.data, &args.files, rows.skips())?;
    wanted.check_early_stopping(&args.valid, args.folds)?;
    let hold_out = wanted.hold_out(&args.valid, args.folds)?;
    if args.network.seed != 0 && args.seeds.is_some() && hold_out.share.is_none() && args.folds.is_none() {
        bail!(
            "--seed: found beside --seeds, which has the seeds of the runs, and no records are drawn to be held out; expected one of the two"
        );
    }
    let choices = setup::choices(&args.data, &args.columns, &args.network, &args.weights, hold_out)?;
    let mut trace = Trace::new(args.trace.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()?);
    let mut model_file = args.out.as_ref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let machine = Machine { threads: args.threads, narrow: false };
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet: args.json };
    let (table, row_tally) = setup::read_table(input, &args.columns, &choices, machine, &mut rows)?;
    let prepared = prepare(&table, &choices)?;
    let threads = deltarule_train::threads(args.threads, table.n_values() * settings.len())?;
    let scale = args.columns.scale.map_or(ScaleRule::Standard, Into::into);
    let has_bias = !args.network.no_bias;
    let sweep = Sweep { args, table: &table, threads: &threads, scale, has_bias };
    if let Some(n) = args.folds {
        let code = sweep.cross_validate(&prepared, n, &settings, (trace, model_file), &row_tally)?;
        rows.finish()?;
        return Ok(code);
    }
    let code = sweep.with_problem(&prepared, |ready| {
        let Ready { encoding, problem } = &ready;
        let mut valid = wanted.files();
        valid::check_columns(valid.as_deref(), encoding, &args.weights)?;
        let said = row_tally.text().into_iter().chain(prepared.held_out_text.iter().cloned());
        let said = said.chain(valid.as_deref().map(valid::files_text));
        let mut said: String = said.map(|text| text + "\n").collect();
        let Wanted { plans, starts, start_texts } = sweep.wanted(&ready, &settings)?;
        trace.begin(problem.loss)?;
        let bar = output::progress(args.json, "epoch {pos} of the longest run, {elapsed} {spinner}", None);
        let mut observer = |run: usize, epoch: &Epoch<'_>| {
            bar.set_position(bar.position().max(epoch.index));
            trace.look(run, &plans[run], epoch)
        };
        let options = (&args.valid, &args.weights, &args.memory);
        let watched =
            HeldOutFiles::of_early_stopping(&mut valid, options, &prepared, (encoding, problem.loss), &mut rows)?;
        let of_files = watched.as_ref().map(HeldOutFiles::records);
        let source = match (&prepared.held_out, of_files) {
            (Some(part), _) => Some(part as &dyn BlockSource<f64>),
            (None, records) => records.map(|records| records as &dyn BlockSource<f64>),
        };
        let held_out = source.map(|source| HeldOut { source, scaling: problem.scaling });
        let fits = fit_many_watched(problem, &plans, starts, held_out, &mut observer)?;
        bar.finish_and_clear();
        trace.check()?;
        trace.finish()?;
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
                let (scores, held) = Tally::of_file_for_each(reader, encoding, judge, &layers, weight, &mut rows)?;
                (scores, Some(held))
            }
            None => (Vec::new(), watched.as_ref().map(|files| files.rows(encoding))),
        };
        let held_out_rows = match held_out_rows {
            None => HeldOutRows::of_table(&prepared, encoding)?,
            of_files => of_files,
        };
        if let Some(rows) = &held_out_rows {
            let lines = rows.left_out_text().into_iter().chain(rows.unseen_texts().iter().cloned());
            said.extend(lines.map(|text| text + "\n"));
        }
        let mut of_files = of_files.into_iter();
        let mut ended = Vec::with_capacity(fits.len());
        for ((plan, fit), scores) in plans.into_iter().zip(fits).zip(scores) {
            let (training, held_out) = scores?;
            ended.push(Ended { plan, fit, training, held_out: held_out.or_else(|| of_files.next()) });
        }
        let sound = ended.iter().enumerate().filter(|(_, run)| !run.fit.reason.is_failure());
        let best = sound.min_by(|a, b| a.1.judged().total_cmp(&b.1.judged())).map(|(index, _)| index);
        let mut written = None;
        if let (Some(index), Some(file)) = (best, model_file.take()) {
            sweep.write((&prepared, &ready), (&ended[index], &start_texts[index]), file)?;
            written.clone_from(&args.out);
        }
        let written = written.map(|path| path.display().to_string());
        if args.json {
            let split = prepared.split.as_ref();
            let mut report = to_json(table.name(), split, problem.loss, &ended, best, written.as_deref());
            row_tally.tell(&mut report);
            if let Some(rows) = &held_out_rows {
                rows.tell(&mut report);
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

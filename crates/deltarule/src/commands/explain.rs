//! `deltarule explain`: one step of the delta rule, every number of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use deltarule_core::{
    Activation, BLOCK_ROWS, Batch, BatchRule, BlockSource, Config, Eta, Layer, Loss, OptimizerKind, Parameters,
    Penalty, Plan, Problem, RecordRule, Reduction, Scaling, explain_batch_with, explain_with,
};
use deltarule_data::{Part, Prepared, RowState, prepare};
use deltarule_model::{Encoding, ScaleRule};
use deltarule_train::worked_record;

use crate::cli::{ExplainArgs, ExplainFormArg, refuse};
use crate::number::count;
use crate::rows::{RowTally, Rows};
use crate::setup::{Input, Machine};
use crate::sheet::{Numbers, Sheet};
use crate::valid::HoldOut;
use crate::{output, record, report, setup};

mod happened;
mod page;
mod rule;
mod typed;
mod weighing;
mod words;

use typed::given_loss;
pub(super) use typed::{Given, Typed, given};
use weighing::Weighing;
use words::Writing;

/// A record with its number, inputs and targets, and how often it counts.
struct Numbered {
    number: u64,
    x: Vec<f64>,
    y: Vec<f64>,
    v: f64,
}

/// What is to be explained: a layer and some records, with names and units.
struct Subject {
    title: String,
    units: String,
    /// How often records count, what weights cost, and what classes are as numbers.
    notes: Vec<String>,
    /// What became of the rows of a table.
    rows: Option<RowTally>,
    loss: Loss,
    layer: Layer,
    inputs: Vec<String>,
    outputs: Vec<String>,
    records: Vec<Numbered>,
    eta: f64,
    eta_text: String,
    reduction: Reduction,
    weighing: Weighing,
    penalty: Penalty,
    /// What to try next: a command, and what it gives.
    next: Vec<(String, &'static str)>,
}

impl Subject {
    /// What the step on a record follows that counts v times. A mean record counts once, as in steps over few records of a training.
    fn rule_of_record(&self, v: f64) -> RecordRule {
        let (eta, penalty) = (self.eta, self.penalty);
        match (self.weighing.mean, self.reduction) {
            (None, _) => RecordRule { eta, times: 1.0, penalty },
            (Some(mean), Reduction::Mean) => RecordRule { eta, times: if mean > 0.0 { v / mean } else { v }, penalty },
            (Some(mean), Reduction::Sum) => {
                RecordRule { eta, times: v, penalty: Penalty { l2: mean * penalty.l2, l1: mean * penalty.l1 } }
            }
        }
    }
}

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode> {
    if args.inputs.is_empty() {
        setup::check_without_data(&args.files)?;
    }
    let subject = match (&args.inputs[..], &args.x) {
        ([], None) => example(args)?,
        ([], Some(x)) => numbers(args, x)?,
        ([..], Some(_)) => bail!("--x: found a file beside it, expected either numbers or a file"),
        ([model, _, ..], None) if args.columns.target.is_empty() => of_model(args, model, &args.inputs[1..])?,
        ([model, _, ..], None) if setup::read_model(model).is_ok() => {
            bail!("--target: found with MODEL and DATA, expected without: the model knows its target")
        }
        (data, None) => of_table(args, data)?,
    };
    let form = form(args)?;
    let derive = args.derive;
    if args.all || subject.records.len() > 1 {
        let records: Vec<_> = subject.records.iter().map(|record| (record.x.clone(), record.y.clone())).collect();
        let weights: Vec<f64> = subject.records.iter().map(|record| record.v).collect();
        let rule = BatchRule { eta: subject.eta, reduction: subject.reduction, penalty: subject.penalty };
        let batch = explain_batch_with(subject.loss, &subject.layer, &records, &weights, &rule)?;
        let text = |writing| words::batch(&subject, &batch, writing);
        let page = |numbers| page::batch(&subject, &batch, numbers);
        write(args, form, || words::batch_json(&subject, &batch), text, page)?;
    } else {
        let Numbered { x, y, v, .. } = subject.records.first().context("no record to explain")?;
        let step = explain_with(subject.loss, &subject.layer, x, y, &subject.rule_of_record(*v))?;
        let text = |writing| words::step(&subject, &step, derive, writing);
        let page = |numbers| page::step(&subject, &step, derive, numbers);
        write(args, form, || words::step_json(&subject, &step), text, page)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The form that is asked for.
///
/// Errors: options of printed forms beside JSON.
fn form(args: &ExplainArgs) -> Result<ExplainFormArg> {
    let form = if args.json { ExplainFormArg::Json } else { args.format };
    for (option, given) in [("--digits", args.digits.is_some()), ("--blank", args.blank)] {
        if form == ExplainFormArg::Json && given {
            bail!(
                "{option}: found beside JSON, which has every number with all its digits; expected --format text, markdown or latex"
            );
        }
    }
    Ok(form)
}

/// Prints a worked step: as it is, or with blanks and the solution apart.
fn write(
    args: &ExplainArgs,
    form: ExplainFormArg,
    json: impl Fn() -> serde_json::Value,
    text: impl Fn(Writing) -> String,
    page: impl Fn(Numbers) -> Sheet,
) -> Result<()> {
    let blank = args.blank;
    let sheet = || {
        let numbers = Numbers { digits: args.digits.unwrap_or(PAGE_DIGITS), blank };
        let mut sheet = page(numbers);
        if blank {
            sheet.append(page(Numbers { blank: false, ..numbers }).titled("Solution: "));
        }
        sheet
    };
    match form {
        ExplainFormArg::Json => output::print_json(&json()),
        ExplainFormArg::Markdown => output::print(&sheet().markdown()),
        ExplainFormArg::Latex => output::print(&sheet().latex()),
        ExplainFormArg::Text => {
            let writing = Writing { digits: args.digits, blank };
            let mut all = text(writing);
            if blank {
                all.push_str("\n──────── solution ────────\n\n");
                all.push_str(&text(Writing { blank: false, ..writing }));
            }
            output::print(&all)
        }
    }
}

/// Significant digits on paper unless others are asked for.
const PAGE_DIGITS: usize = 6;

fn given_eta(args: &ExplainArgs, otherwise: f64, because: &str) -> (f64, String) {
    match args.descent.eta {
        Eta::Given(eta) => (eta, "as given".to_owned()),
        Eta::Auto => (otherwise, because.to_owned()),
    }
}

/// The worked example that bare `explain` shows.
fn example(args: &ExplainArgs) -> Result<Subject> {
    no_rows(args, "no table")?;
    let wanted = args.all.then_some("--all").into_iter().chain(args.record.map(|_| "--record"));
    let needs_table = args.columns.typed().chain(of_tables(args)).chain(args.network.typed_start()).chain(wanted);
    refuse(
        needs_table,
        "without a table",
        "DATA with --target NAME beside it, or --x, --w and --y with numbers of your own",
    )?;
    no_weights(args, "no table")?;
    let penalty = given_penalty(args);
    let loss = given_loss(args.network.loss)?;
    let natural = loss.activation().unwrap_or(Activation::Sigmoid);
    let activation = args.network.activation.clone().unwrap_or(natural);
    let parameters = Parameters::new(2, vec![0.6, 0.1], Some(vec![0.2]), 1)?;
    let (eta, eta_text) = given_eta(args, 0.5, "of this example; --eta changes it");
    Ok(Subject {
        title: "one step of the delta rule on one record: an example".into(),
        units: "the numbers are plain numbers, without units".into(),
        notes: report::penalty_text(&penalty).into_iter().collect(),
        rows: None,
        loss,
        layer: Layer::new(parameters, activation),
        inputs: vec!["x1".into(), "x2".into()],
        outputs: vec!["output".into()],
        records: vec![Numbered { number: 1, x: vec![1.0, -2.0], y: vec![1.0], v: 1.0 }],
        eta,
        eta_text,
        reduction: Reduction::Mean,
        weighing: Weighing::default(),
        penalty,
        next: vec![
            ("deltarule explain --derive".into(), "the chain rule behind it, with these numbers"),
            ("deltarule explain --eta 20".into(), "a larger step"),
            ("deltarule explain --x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation tanh".into(), "numbers of your own"),
            ("deltarule explain DATA --target NAME --all".into(), "every record of a table, at the start of training"),
        ],
    })
}

/// Numbers from the command line.
fn numbers(args: &ExplainArgs, x: &str) -> Result<Subject> {
    no_rows(args, "--x")?;
    no_weights(args, "--x")?;
    let penalty = given_penalty(args);
    if !args.columns.target.is_empty() || args.record.is_some() || args.all {
        bail!("--x: found --target, --record or --all beside it, which need a table");
    }
    let drawn = args.network.typed_start().filter(|option| *option != "--no-bias");
    refuse(
        args.columns.typed().chain(of_tables(args)).chain(drawn),
        "beside --x",
        "DATA with --target NAME, since it is of use to tables alone",
    )?;
    if args.bias.is_some() && args.network.no_bias {
        bail!("--bias: found --no-bias beside it, expected one of them");
    }
    let Given { loss, layer, inputs, targets } = given(&Typed {
        x,
        w: args.w.as_deref(),
        y: args.y.as_deref(),
        bias: args.bias.as_deref(),
        activation: args.network.activation.as_ref(),
        loss: args.network.loss,
    })?;
    let (eta, eta_text) = given_eta(args, 0.1, "where --eta gives none");
    let (d, n_outputs) = (inputs.len(), targets.len());
    Ok(Subject {
        title: "one step of the delta rule on one record".into(),
        units: "the numbers are as given".into(),
        notes: report::penalty_text(&penalty).into_iter().collect(),
        rows: None,
        loss,
        layer,
        inputs: (1..=d).map(|i| format!("x{i}")).collect(),
        outputs: if n_outputs == 1 {
            vec!["output".into()]
        } else {
            (1..=n_outputs).map(|j| format!("output {j}")).collect()
        },
        records: vec![Numbered { number: 1, x: inputs, y: targets, v: 1.0 }],
        eta,
        eta_text,
        reduction: Reduction::Mean,
        weighing: Weighing::default(),
        penalty,
        next: Vec::new(),
    })
}

/// Sparse numbers are too many to be written out one by one.
fn no_sparse<R>(file: &str) -> Result<R> {
    bail!(
        "{file}: has sparse numbers, which are too many to be written out; expected a table or a model of columns with names"
    )
}

/// The options that say how a table is read and kept.
fn of_tables(args: &ExplainArgs) -> impl Iterator<Item = &'static str> {
    args.memory.typed().chain(args.files.typed())
}

/// Errors: an option that chooses rows, where all of them count.
fn no_rows(args: &ExplainArgs, beside: &str) -> Result<()> {
    if args.rows.typed().next().is_some() {
        bail!(
            "--where, --on-bad-row: found beside {beside}, expected DATA with --target NAME; --record N counts all rows"
        );
    }
    Ok(())
}

/// Errors: weights of records, where there are none to be weighed.
fn no_weights(args: &ExplainArgs, beside: &str) -> Result<()> {
    if args.weights.weight.is_some() || args.weights.class_weight.is_some() {
        bail!("--weight, --class-weight: found beside {beside}, expected DATA with --target NAME");
    }
    Ok(())
}

/// What weights cost by the options.
fn given_penalty(args: &ExplainArgs) -> Penalty {
    Penalty { l2: args.l2.unwrap_or(0.0), l1: args.l1.unwrap_or(0.0) }
}

/// The command that trains on the table that is explained: what was typed, but for how a step is shown, and where results go.
fn train_command() -> String {
    let shown = ["--record", "--format", "--digits", "--rejects", "--memory", "--cache"];
    let typed = record::arguments_without(&shown, &["--all", "--derive", "--blank", "--force", "--json"]);
    format!("deltarule train {}", typed.join(" "))
}

/// A table at its start, before any training.
fn of_table(args: &ExplainArgs, data: &[PathBuf]) -> Result<Subject> {
    if args.columns.target.is_empty() {
        bail!(
            "found one file, {}, and no --target; expected DATA with --target NAME, or MODEL and DATA",
            setup::typed(data, &args.files)
        );
    }
    let choices = setup::choices(data, &args.columns, &args.network, &args.weights, HoldOut::default())?;
    let mut rows = Rows::of(&args.rows, data, &[], args.force)?;
    let input = Input {
        data,
        files: &args.files,
        memory: &args.memory,
        quiet: args.json || args.format != ExplainFormArg::Text,
    };
    let (table, row_tally) = setup::read_table(input, &args.columns, &choices, Machine::default(), &mut rows)?;
    rows.finish()?;
    if table.sparse().is_some() {
        return no_sparse(table.name());
    }
    let prepared = prepare(&table, &choices)?;
    let threads = deltarule_train::threads(None, table.n_values())?;
    let has_bias = !args.network.no_bias;
    let scale = args.columns.scale.map_or(ScaleRule::Standard, Into::into);
    setup::with_problem(&prepared, &args.columns, args.network.loss, scale, has_bias, &threads, |ready| {
        let (start, start_text) = setup::starting_weights(args.network.init.as_deref(), &ready, args.network.seed)?;
        let n = table.n_records() as u64;
        let wanted = wanted_record(args, table.name(), n)?;
        let reduction = args.descent.reduction.map_or(Reduction::Mean, Into::into);
        let penalty = given_penalty(args);
        // No training takes steps over single records beside a penalty.
        let (batch, because) = match wanted {
            Some(_) if penalty.is_none() => (Batch::Records(1), "as train --batch 1 would choose it for this table"),
            _ => (Batch::Full, "as train would choose it for this table"),
        };
        let (eta, eta_text) = if prepared.activation.is_trainable() {
            let config = Config { eta: args.descent.eta, batch, reduction, penalty, ..Config::default() };
            given_eta(args, Plan::of(&ready.problem, &config)?.eta.eta, because)
        } else {
            given_eta(args, 0.1, "where --eta gives none")
        };
        let records = records_of(&prepared.training, wanted, ready.problem.scaling)?;
        let weighing = Weighing::of_table(&prepared, &ready.problem);
        if records.is_empty() {
            bail!(
                "--record: record {} of {} has no target or a missing value, expected a complete one",
                wanted.unwrap_or(1),
                table.name()
            );
        }
        let which = match wanted {
            Some(record) => match table.at(record as usize - 1) {
                at if table.file(record as usize - 1) != table.name() => {
                    format!("record {record} of {} ({at} of {})", table.name(), table.file(record as usize - 1))
                }
                at if at.number() == record => format!("record {record} of {}", table.name()),
                at => format!("record {record} of {} ({at})", table.name()),
            },
            None => format!("all {} of {}", count(records.len() as u64, "record"), table.name()),
        };
        Ok(Subject {
            title: format!("one step of the delta rule on {which}, at the start"),
            units: format!("{}; weights at the start: {start_text}", units_text(ready.encoding.scale)),
            notes: notes(&ready.encoding, &weighing, &penalty),
            rows: Some(row_tally),
            loss: ready.problem.loss,
            layer: Layer::new(start, prepared.activation.clone()),
            inputs: ready.encoding.input_names(),
            outputs: ready.encoding.target.output_names(),
            records,
            eta,
            eta_text,
            reduction,
            weighing,
            penalty,
            next: vec![(train_command(), "to walk all the way down")],
        })
    })
}

/// What is to be known of a table or a model before its numbers.
fn notes(encoding: &Encoding, weighing: &Weighing, penalty: &Penalty) -> Vec<String> {
    let coding = report::coding_text(&encoding.target);
    coding.into_iter().chain(weighing.notes.iter().cloned()).chain(report::penalty_text(penalty)).collect()
}

/// The step on the first record of a table, in words; `None` where there is none.
pub(crate) fn first_record(
    prepared: &Prepared<'_>,
    problem: &Problem<'_, f64>,
    encoding: &Encoding,
    layer: &Layer,
    plan: &Plan,
) -> Result<Option<String>> {
    let part = &prepared.training;
    if part.n_records() == 0 {
        return Ok(None);
    }
    let number = part.record(0) as u64 + 1;
    let records = records_of(part, Some(number), problem.scaling)?;
    let Some(Numbered { x, y, v, .. }) = records.first() else { return Ok(None) };
    let weighing = Weighing::of_table(prepared, problem);
    let subject = Subject {
        title: format!("one step of the delta rule on record {number}, at the start"),
        units: units_text(encoding.scale),
        notes: notes(encoding, &weighing, &plan.penalty),
        rows: None,
        loss: problem.loss,
        layer: layer.clone(),
        inputs: encoding.input_names(),
        outputs: encoding.target.output_names(),
        records: Vec::new(),
        eta: plan.eta.eta,
        eta_text: "of the training".to_owned(),
        reduction: plan.reduction,
        weighing,
        penalty: plan.penalty,
        next: Vec::new(),
    };
    let step = explain_with(problem.loss, layer, x, y, &subject.rule_of_record(*v))?;
    let subject = Subject { records, ..subject };
    Ok(Some(words::step(&subject, &step, false, Writing { digits: None, blank: false })))
}

/// All records together may have so many inputs.
const MOST_NUMBERS: usize = 20_000_000;

/// Errors: so many records with so many inputs are too many to be written out.
fn check_size(n_records: usize, n_inputs: usize) -> Result<()> {
    if n_records.saturating_mul(n_inputs) <= MOST_NUMBERS {
        return Ok(());
    }
    bail!(
        "--all: found {n_records} records with {n_inputs} inputs, expected at most {MOST_NUMBERS} numbers in all; use --record N for one record"
    )
}

/// The record that is wanted, or all of them: its number, inputs and targets.
fn records_of(part: &Part<'_>, wanted: Option<u64>, scaling: &Scaling) -> Result<Vec<Numbered>> {
    let rows = match wanted {
        None => {
            check_size(part.n_records(), part.shape().n_features())?;
            0..part.n_records()
        }
        Some(record) => match part.position_of(record as usize - 1) {
            Some(k) => k..k + 1,
            None => return Ok(Vec::new()),
        },
    };
    let mut records = Vec::with_capacity(rows.len());
    for block in rows.start / BLOCK_ROWS..rows.end.div_ceil(BLOCK_ROWS) {
        let before = block * BLOCK_ROWS;
        let of_block = rows.start.max(before) - before..rows.end.min(before + BLOCK_ROWS) - before;
        let first = before + of_block.start;
        part.read_rows(block, of_block, &mut |block, rows| {
            for (r, k) in rows.zip(first..) {
                let (x, y) = worked_record(block, scaling, r);
                let v = block.weights().map_or(1.0, |weights| weights[r]);
                records.push(Numbered { number: part.record(k) as u64 + 1, x, y, v });
            }
        })?;
    }
    Ok(records)
}

/// A record of a table, with a trained model.
fn of_model(args: &ExplainArgs, model: &Path, data: &[PathBuf]) -> Result<Subject> {
    no_rows(args, "a model")?;
    let (weights, penalties) = (&args.weights, [args.l2, args.l1]);
    if weights.weight.is_some() || weights.class_weight.is_some() || penalties.iter().any(Option::is_some) {
        bail!(
            "--weight, --class-weight, --l2, --l1: found beside a model, which knows those of its training, expected none of them"
        );
    }
    let model_name = model.display().to_string();
    let model = setup::read_model(model)?;
    if model.encoding().is_sparse() {
        return no_sparse(&model_name);
    }
    let settings = args.columns.typed().chain(args.network.typed_network()).chain(args.network.typed_start());
    refuse(
        settings,
        "beside a model, which has what it was trained with",
        "DATA with --target NAME, which begins anew",
    )?;
    refuse(args.memory.typed(), "beside a model, for which records are read one by one", "DATA with --target NAME")?;
    let training = model.training();
    let mut reader = setup::open(data, &args.files, false)?;
    let mut weighing = Weighing::of_model(&model, &reader);
    let mut encoder = weighing.encoder(model.encoding(), &reader)?;
    let scaling = model.encoding().scaling();
    let mut records = Vec::new();
    let mut n = 0;
    while let Some(record) = reader.next_record()? {
        n += 1;
        let is_wanted = args.all || args.record.unwrap_or(1) == n;
        if !is_wanted && !weighing.is_any() {
            continue;
        }
        let (at, file) = (record.at, record.file);
        encoder.push(&record)?;
        if encoder.states() != [RowState::Complete] {
            if args.all || !is_wanted {
                encoder.clear();
                continue;
            }
            bail!(
                "{}: {at}: record {n} has no target or a missing value, expected a complete one",
                reader.files()[file]
            );
        }
        let block = encoder.block()?;
        let v = weighing.take(&model.encoding().target, &block);
        if is_wanted {
            let (x, y) = worked_record(&block, &scaling, 0);
            check_size(records.len() + 1, x.len())?;
            records.push(Numbered { number: n, x, y, v });
        }
        encoder.clear();
    }
    if records.is_empty() {
        let wanted = wanted_record(args, reader.name(), n)?;
        bail!("{}: found no complete record {}, expected one to explain", reader.name(), wanted.unwrap_or(1));
    }
    if weighing.mean == Some(0.0) {
        bail!("{}: found weights of 0 alone, expected some above 0: no record counts", reader.name());
    }
    let (eta, eta_text) = given_eta(args, training.eta, "of the training");
    let which = match &records[..] {
        [only] if !args.all => format!("record {} of {}", only.number, reader.name()),
        all => format!("{} of {}", count(all.len() as u64, "record"), reader.name()),
    };
    let penalty = Penalty { l2: training.l2, l1: training.l1 };
    let reduction = match (&args.descent.reduction, training.reduction.as_str()) {
        (Some(reduction), _) => (*reduction).into(),
        (None, "sum") => Reduction::Sum,
        (None, _) => Reduction::Mean,
    };
    let mut notes = notes(model.encoding(), &weighing, &penalty);
    if training.optimizer != OptimizerKind::GradientDescent.name() {
        notes.push(format!(
            "training was by {}, whose steps differ: this is a step of plain descent",
            training.optimizer
        ));
    }
    Ok(Subject {
        title: format!("one step of the delta rule on {which}, from the weights of {model_name}"),
        units: units_text(model.encoding().scale),
        notes,
        rows: None,
        loss: training.loss,
        layer: model.layer().clone(),
        inputs: model.encoding().input_names(),
        outputs: model.encoding().target.output_names(),
        records,
        eta,
        eta_text,
        reduction,
        weighing,
        penalty,
        next: Vec::new(),
    })
}

/// The record that is asked for; `None` for all.
fn wanted_record(args: &ExplainArgs, data: &str, n: u64) -> Result<Option<u64>> {
    match (args.all, args.record.unwrap_or(1)) {
        (_, _) if n == 0 => {
            bail!("{data}: found no record, expected at least one; if its only line is data, try --no-header")
        }
        (true, _) => Ok(None),
        (false, record) if (1..=n).contains(&record) => Ok(Some(record)),
        (false, record) => bail!("--record: found {record}, expected a number from 1 to {n}"),
    }
}

fn units_text(scale: ScaleRule) -> String {
    match scale {
        ScaleRule::Standard => {
            "in the units that are descended in: a number x stands for (value − mean)/standard deviation of its column"
                .into()
        }
        ScaleRule::None => "in the units of your columns (--scale none)".into(),
    }
}

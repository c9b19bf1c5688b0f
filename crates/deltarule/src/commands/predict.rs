//! `deltarule predict`: a row out for every row in, in order, streaming.

mod reasons;

use std::borrow::Cow;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{BLOCK_ROWS, most_probable};
use deltarule_data::{Reader, RowEncoder, RowState, csv_field};
use deltarule_model::{Model, Target};

use reasons::ReasonColumns;

use super::evaluate::{unseen_levels, unseen_text, what};
use crate::cli::PredictArgs;
use crate::number::count;
use crate::output::{OutputFile, StandardOutput};
use crate::rows::Rows;
use crate::{failure, output, setup};

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode> {
    let model = setup::read_model(&args.model)?;
    if args.proba && model.encoding().target.classes().is_none() {
        bail!("--proba: found a model of numbers, expected one of classes; leave --proba out");
    }
    if args.threshold.is_some() && model.encoding().target.classes().is_none_or(|classes| classes.len() != 2) {
        bail!("--threshold: found a model of {}, expected one of two classes; leave --threshold out", what(&model));
    }
    let read = [&args.files.files_read(&args.data)[..], std::slice::from_ref(&args.model)].concat();
    let mut rows = Rows::of(&args.rows, &read, &[&args.out], args.force)?;
    let mut reader = setup::open(&args.data, &args.files, rows.skips())?;
    let kept = args
        .keep
        .iter()
        .map(|name| match reader.header().iter().position(|column| column == name) {
            Some(position) => Ok(position),
            None => bail!("--keep: found {name:?}, expected one of {}", reader.header().join(", ")),
        })
        .collect::<Result<Vec<usize>>>()?;
    let mut file = match &args.out {
        Some(path) => {
            output::check_not_read(path, &read)?;
            Some(OutputFile::create(path, args.force)?)
        }
        None => None,
    };
    output::catch_interrupts();
    let counts = match &mut file {
        Some(file) => stream(args, &model, &mut reader, &kept, &mut rows, file)?,
        None => {
            stream(args, &model, &mut reader, &kept, &mut rows, &mut std::io::BufWriter::new(StandardOutput::lock()))?
        }
    };
    if counts.interrupted {
        output::tell(format_args!("interrupted after {}; no file was written", count(counts.records, "record")));
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    let row_tally = rows.conclude(reader.name(), counts.records)?;
    if let Some(file) = file {
        file.finish()?;
    }
    rows.finish()?;
    if !args.quiet {
        if let Some(text) = row_tally.text() {
            output::tell(text);
        }
        if row_tally.n_rejected() > 0 {
            output::tell("their predictions are empty, so that there is a row for each");
        }
        if counts.empty > 0 {
            output::tell(format_args!(
                "{} with a missing value got an empty prediction (the model was trained with --missing {})",
                count(counts.empty, "record"),
                model.encoding().missing.name()
            ));
        }
        if counts.infinite > 0 {
            let predictions = count(counts.infinite, "prediction");
            output::tell(format_args!("{predictions} not finite: {} overflows there", model.layer().activation()));
        }
        for (column, n) in counts.unseen {
            output::tell(unseen_text(model.encoding(), &column, n));
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Counts {
    records: u64,
    empty: u64,
    infinite: u64,
    unseen: Vec<(String, u64)>,
    interrupted: bool,
}

fn stream(
    args: &PredictArgs,
    model: &Model,
    reader: &mut Reader,
    kept: &[usize],
    used: &mut Rows,
    out: &mut dyn Write,
) -> Result<Counts> {
    let target = &model.encoding().target;
    let scaling = model.encoding().scaling();
    let mut encoder = RowEncoder::new(model.encoding(), reader, false)?;
    let condition = used.condition_for(reader)?;
    let mut reasons = args.reasons.map(|n| ReasonColumns::new(model, n));
    let mut names = columns(args, target);
    names.extend(reasons.iter().flat_map(ReasonColumns::names));
    let all: Vec<&String> = args.keep.iter().chain(&names).collect();
    if let Some(name) = args.keep.iter().find(|name| all.iter().filter(|other| *other == name).count() > 1) {
        bail!("--keep: found {name:?}, of which the output would have two, expected columns of other names, each once");
    }
    let header: Vec<String> = all.into_iter().map(|name| csv_field(name)).collect();
    writeln!(out, "{}", header.join(","))?;
    let bar = output::progress(args.quiet, "predicting {bytes} of {total_bytes} {bar:30}", reader.total_bytes());
    let mut counts = Counts { records: 0, empty: 0, infinite: 0, unseen: Vec::new(), interrupted: false };
    let mut outputs = Vec::new();
    // What is kept of each row, and whether there is a prediction for it.
    let mut fronts: Vec<(String, bool)> = Vec::with_capacity(BLOCK_ROWS);
    let mut lines = Vec::new();
    let mut goes_on = true;
    while goes_on {
        fronts.clear();
        goes_on = used.fill(reader, condition.as_ref(), &mut encoder, BLOCK_ROWS, |record, is_taken| {
            let field = |at| record.map_or(Cow::Borrowed(""), |record| record.shown(at));
            fronts.push((kept.iter().map(|&at| csv_field(&field(at)) + ",").collect(), is_taken));
        })?;
        if fronts.is_empty() {
            continue;
        }
        let block = encoder.block()?;
        model.layer().outputs_into(&block, &scaling, &mut outputs)?;
        let n = encoder.len();
        lines.clear();
        let mut states = encoder.states().iter().enumerate();
        for (front, is_taken) in &fronts {
            lines.extend_from_slice(front.as_bytes());
            let taken = if *is_taken { states.next() } else { None };
            if let Some((r, RowState::Complete)) = taken {
                let row: Vec<f64> = (0..target.n_outputs()).map(|j| outputs[j * n + r]).collect();
                counts.infinite += u64::from(row.iter().any(|output| !output.is_finite()));
                let class = write_row(&mut lines, args, target, &row)?;
                if let Some(reasons) = &mut reasons {
                    reasons.write(&mut lines, &block, r, class)?;
                }
            } else {
                counts.empty += u64::from(*is_taken);
                lines.extend(std::iter::repeat_n(b',', names.len() - 1));
            }
            lines.push(b'\n');
        }
        out.write_all(&lines)?;
        counts.records += n as u64;
        bar.set_position(reader.bytes_read());
        encoder.clear();
        if output::interrupted() {
            counts.interrupted = true;
            break;
        }
    }
    out.flush()?;
    bar.finish_and_clear();
    counts.unseen = unseen_levels(model.encoding(), encoder.unseen());
    Ok(counts)
}

/// The names of the columns of predictions.
fn columns(args: &PredictArgs, target: &Target) -> Vec<String> {
    let mut names: Vec<String> = target.columns().iter().map(|name| format!("predicted_{name}")).collect();
    if args.proba {
        names.extend(target.classes().unwrap_or_default().iter().map(|class| format!("p_{class}")));
    }
    names
}

/// Numbers as they are; for classes the most probable one, or what `threshold` says, which is given back, and with `proba` the probability of each.
fn write_row(
    into: &mut Vec<u8>,
    args: &PredictArgs,
    target: &Target,
    outputs: &[f64],
) -> std::io::Result<Option<usize>> {
    let Some(classes) = target.classes() else {
        for (j, output) in outputs.iter().enumerate() {
            write!(into, "{}{output:?}", if j > 0 { "," } else { "" })?;
        }
        return Ok(None);
    };
    let mut probabilities = vec![0.0; classes.len()];
    target.probabilities_into(outputs, &mut probabilities);
    let predicted = match (args.threshold, &probabilities[..]) {
        (Some(k), [_, p]) => usize::from(*p >= k as f64 / 1000.0),
        _ => most_probable(&probabilities),
    };
    write!(into, "{}", csv_field(classes.get(predicted).map_or("", String::as_str)))?;
    if args.proba {
        for p in probabilities {
            write!(into, ",{p:?}")?;
        }
    }
    Ok(Some(predicted))
}

//! `deltarule exercise`: sheets of tasks with numbers of their own, and the key.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use deltarule_core::{Activation, Loss, Random, Stream};

use crate::cli::{ExerciseArgs, LossArg, SheetFormArg};
use crate::output::{self, OutputFile, quoted};
use crate::sheet::{Line, Numbers, Sheet};
use crate::worked::Worked;
use draw::{Drawn, Kind, draw};
use tasks::Task;

mod draw;
mod tasks;

pub(crate) fn run(args: &ExerciseArgs) -> Result<ExitCode> {
    let kind = kind(args)?;
    if args.key.iter().zip(&args.out).any(|(key, out)| output::same_file(key, out)) {
        bail!("--key: found the file of --out, expected another one; without --key, the key stands behind the tasks");
    }
    let mut file = args.out.as_deref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let mut key_file = args.key.as_deref().map(|path| OutputFile::create(path, args.force)).transpose()?;
    let (mut sheets, mut keys) = (Sheet::default(), Sheet::default());
    for seed in args.seed.clone() {
        let mut random = Random::new(seed, Stream::Exercise);
        let rounds = args.count.div_ceil(Task::ALL.len());
        let drawn: Vec<Drawn> = (0..rounds).map(|_| draw(&mut random, &kind)).collect::<Result<_>>()?;
        sheets.append(sheet(args, &kind, seed, &drawn, true));
        keys.append(sheet(args, &kind, seed, &drawn, false));
    }
    let text = |sheet: &Sheet| match args.format {
        SheetFormArg::Markdown => sheet.markdown(),
        SheetFormArg::Latex => sheet.latex(),
    };
    match &mut key_file {
        Some(file) => file.write_all(text(&keys).as_bytes())?,
        None => sheets.append(keys),
    }
    match &mut file {
        Some(file) => file.write_all(text(&sheets).as_bytes())?,
        None => output::print(&text(&sheets))?,
    }
    file.map_or(Ok(()), OutputFile::finish)?;
    key_file.map_or(Ok(()), OutputFile::finish)?;
    Ok(ExitCode::SUCCESS)
}

/// What numbers are drawn for.
///
/// Errors: a function without a slope; a loss that it cannot be with.
fn kind(args: &ExerciseArgs) -> Result<Kind> {
    let loss = match args.loss {
        None => Loss::Squared,
        Some(LossArg::Of(loss)) => loss,
        Some(LossArg::Huber) => Loss::Huber { threshold: 1.0 },
    };
    let natural = loss.activation().unwrap_or(Activation::Sigmoid);
    let activation = args.activation.clone().unwrap_or(natural);
    if !activation.is_trainable() {
        bail!(
            "--activation: found {}, whose f' is 0 everywhere, so that there is no step to work out; expected another one, such as sigmoid",
            activation.name()
        );
    }
    // Targets that every loss allows: what is checked is the pair.
    loss.check(&activation, &vec![loss.class_targets().unwrap_or((0.0, 1.0)); args.outputs])?;
    Ok(Kind {
        loss,
        activation,
        n_inputs: args.inputs,
        n_outputs: args.outputs,
        n_records: args.records,
        has_bias: !args.no_bias,
    })
}

/// A sheet, or its key.
fn sheet(args: &ExerciseArgs, kind: &Kind, seed: u64, drawn: &[Drawn], blank: bool) -> Sheet {
    let inputs: Vec<String> = (1..=kind.n_inputs).map(|i| format!("x{i}")).collect();
    let worked = Worked {
        loss: kind.loss,
        activation: &kind.activation,
        inputs: &inputs,
        n_outputs: kind.n_outputs,
        numbers: Numbers { digits: args.digits, blank },
    };
    let mut sheet = Sheet::default();
    let title = if blank { "Exercise sheet" } else { "Key to exercise sheet" };
    sheet.heading(1, Line::words(format!("{title} {seed}")));
    let digits = if args.digits == 1 { "digit" } else { "digits" };
    sheet.text(Line::words(match blank {
        true => format!(
            "A network of one layer, and one step of the delta rule. {} significant {digits} are enough.",
            args.digits
        ),
        false => {
            format!("Numbers are rounded to {} significant {digits}, and worked out with all.", args.digits)
        }
    }));
    for (round, drawn) in drawn.iter().enumerate() {
        let first = round * Task::ALL.len();
        let n_tasks = args.count.saturating_sub(first).min(Task::ALL.len());
        sheet.heading(2, Line::words(if round == 0 { "The network" } else { "Another network" }));
        tasks::network(&mut sheet, &worked, drawn);
        for (index, task) in Task::ALL[..n_tasks].iter().enumerate() {
            task.write(&mut sheet, first + index + 1, &worked, drawn);
        }
    }
    if !blank {
        sheet.text(Line::words("This sheet again: ").and_code(command(args, kind, seed)));
    }
    sheet
}

/// The command that makes a sheet again.
fn command(args: &ExerciseArgs, kind: &Kind, seed: u64) -> String {
    let mut words = vec!["deltarule".to_owned(), "exercise".to_owned(), format!("--seed {seed}")];
    let mut option = |is_given: bool, text: String| words.extend(is_given.then_some(text));
    option(args.activation.is_some(), format!("--activation {}", quoted(kind.activation.name())));
    option(args.loss.is_some(), format!("--loss {}", kind.loss));
    option(kind.n_inputs != 2, format!("--inputs {}", kind.n_inputs));
    option(kind.n_outputs != 1, format!("--outputs {}", kind.n_outputs));
    option(kind.n_records != 3, format!("--records {}", kind.n_records));
    option(!kind.has_bias, "--no-bias".to_owned());
    option(args.count != Task::ALL.len(), format!("--count {}", args.count));
    option(args.digits != 4, format!("--digits {}", args.digits));
    option(args.format == SheetFormArg::Latex, "--format latex".to_owned());
    words.join(" ")
}

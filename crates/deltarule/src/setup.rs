//! From arguments to a table, and from a table to a problem.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
#[cfg(feature = "sql")]
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use deltarule_core::{Loss, Parameters, Threads, Width};
use deltarule_data::{
    Choices, Combinations, CsvOptions, DataError, FileFormat, Origin, Prepared, ReadOptions, Reader, Rereadable,
    SkipRule, SparseTable, SplitBy, Table, find_files, is_url,
};
use deltarule_model::{Model, ScaleRule};
use deltarule_train::{NamedStart, StartChoice};
pub(crate) use deltarule_train::{Ready, sound_memory};

use crate::cli::{ColumnArgs, FileArgs, LossArg, MemoryArgs, MissingArg, NetworkArgs, WeightArgs};
use crate::rows::{RowTally, Rows, skip_rule};
use crate::valid::HoldOut;
use crate::{output, report, weights_file};

/// The data that a command names, and how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) data: &'a [PathBuf],
    pub(crate) files: &'a FileArgs,
    pub(crate) memory: &'a MemoryArgs,
    pub(crate) quiet: bool,
}

/// Reads the columns that are asked for, of the rows that can be used, with progress on a terminal; Ctrl-C breaks off.
pub(crate) fn read_table(
    input: Input<'_>,
    columns: &ColumnArgs,
    choices: &Choices,
    machine: Machine,
    rows: &mut Rows,
) -> Result<(Table, RowTally)> {
    let split_by = choices.split_by.iter().map(|by| (by.column.clone(), "--split-by"));
    let kept = split_by.chain(choices.weight.clone().map(|name| (name, "--weight"))).collect();
    let only = match columns.features.is_empty() {
        true => Vec::new(),
        false => columns.features.iter().chain(&columns.target).cloned().collect(),
    };
    let (categorical, hashed, drop) = (columns.categorical.clone(), columns.hash.clone(), columns.drop.clone());
    let dates = columns.date.clone();
    let Machine { threads, narrow } = machine;
    let threads = threads.and_then(NonZeroUsize::new);
    let options =
        ReadOptions { categorical, hashed, dates, drop, only, kept, threads, narrow, ..ReadOptions::default() };
    let (table, tally) = read(input, options, skip_rule(choices), rows)?;
    check_sparse(&table, columns)?;
    Ok((table, tally))
}

/// What libsvm's format has no use for, and what needs it.
fn check_sparse(table: &Table, columns: &ColumnArgs) -> Result<()> {
    let refused = |setting| Err(DataError::SparseSetting { file: table.name().to_owned(), setting }.into());
    match table.sparse() {
        Some(_) if columns.missing != MissingArg::Error => refused("--missing"),
        Some(_) if columns.min_count.is_some() => refused("--min-count"),
        Some(_) if !columns.interact.is_empty() => refused("--interact"),
        Some(_) if !columns.poly.is_empty() => refused("--poly"),
        None if columns.target.is_empty() => no_target(),
        _ => Ok(()),
    }
}

/// Errors: an option that says how CSV or libsvm's format is written, and no file is of that format. What a query reads is not known here.
fn check_formats(name: &str, formats: &[FileFormat], data: &[PathBuf], files: &FileArgs) -> Result<()> {
    if files.index_base != "auto" && !formats.contains(&FileFormat::Libsvm) {
        bail!("--index-base: found beside {name}, which is not in libsvm's format; leave --index-base out");
    }
    let is_query = files.sql.is_some() || data.iter().any(|name| is_url(name));
    match (files.typed_csv().next(), formats.first()) {
        (Some(option), Some(format)) if !is_query && !formats.contains(&FileFormat::Csv) => {
            bail!("{option}: found beside {name}, which is {} and no CSV; leave {option} out", format.name())
        }
        _ => Ok(()),
    }
}

fn no_target<R>() -> Result<R> {
    bail!(
        "--target: found nothing, expected the name of the column to predict; deltarule inspect DATA lists the columns"
    )
}

/// How a table will be worked on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Machine {
    pub(crate) threads: Option<usize>,
    /// Whether the values will be held in f32.
    pub(crate) narrow: bool,
}

/// Reads a table with its own options, and says where it is held if not all of it is in memory; what makes a row useless beside what its columns
/// are.
pub(crate) fn read(
    input: Input<'_>,
    options: ReadOptions,
    rule: SkipRule,
    rows: &mut Rows,
) -> Result<(Table, RowTally)> {
    output::catch_interrupts();
    let Input { data, files, memory, quiet } = input;
    let cache = memory.cache.clone();
    let options = &ReadOptions { memory: Some(memory.memory.unwrap_or_else(sound_memory)), cache, ..options };
    let template = "reading {bytes} of {total_bytes} {bar:30} {msg} records, {bytes_per_sec}, {eta} left";
    let mut bar = None;
    let (origin, sieve) = (origin(data, files, memory.memory)?, rows.sieve(rule));
    let csv = CsvOptions { skips_bad_lines: rows.skips(), ..files.options()? };
    let mut unwritten = None;
    let on_reject = &mut |reject| {
        // The reader stops; what is wrong is not with its file.
        rows.add(reject).map_err(|error| {
            unwritten = Some(error);
            DataError::Interrupted { file: String::new() }
        })
    };
    let table = Table::read_from(&origin, &csv, options, &sieve, on_reject, &mut |progress| {
        let bar = bar.get_or_insert_with(|| match progress.total_bytes {
            Some(total) => output::progress(quiet, template, Some(total)),
            None if progress.bytes == 0 => output::progress(quiet, "reading {spinner} {msg} records", None),
            None => output::progress(quiet, "reading {bytes} {spinner} {msg} records, {bytes_per_sec}", None),
        });
        bar.set_position(progress.bytes);
        bar.set_message(progress.records.to_string());
        if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if let Some(error) = unwritten {
        return Err(error.into());
    }
    if let Err(DataError::NothingLeft { file, .. }) = &table {
        rows.conclude(file, 0)?;
    }
    let table = table?;
    check_formats(table.name(), table.formats(), data, files)?;
    let tally = rows.conclude_table(table.name(), table.n_records() as u64, table.n_left_out())?;
    if let Some(text) = report::storage_text(&table.storage(), memory).filter(|_| !quiet) {
        output::tell(text);
    }
    Ok((table, tally))
}

/// Opens files, or the result of a query, to read their records one after the other; `skips`: those that cannot be used are left out.
///
/// Errors: those of files; an option of a format that is not theirs.
pub(crate) fn open(data: &[PathBuf], files: &FileArgs, skips: bool) -> Result<Reader> {
    checked(open_beside(data, files, skips)?, data, files)
}

/// Errors: an option of a format that is not that of the only file; the formats of several come out as they are read.
fn checked(reader: Reader, data: &[PathBuf], files: &FileArgs) -> Result<Reader> {
    if reader.files().len() == 1 {
        check_formats(reader.name(), &[reader.format()], data, files)?;
    }
    Ok(reader)
}

/// The same of files beside others, of which the options may be.
pub(crate) fn open_beside(data: &[PathBuf], files: &FileArgs, skips: bool) -> Result<Reader> {
    let options = CsvOptions { skips_bad_lines: skips, ..files.options()? };
    Ok(Reader::open_from(&origin(data, files, None)?, &options)?)
}

/// Data that is read more than once.
pub(crate) struct Repeated<'a> {
    data: &'a [PathBuf],
    files: &'a FileArgs,
    /// Its files, with copies of streams; nothing of a query, which runs again.
    copies: Option<Rereadable>,
}

impl<'a> Repeated<'a> {
    /// Errors: a stream cannot be read, or not be copied.
    pub(crate) fn of(data: &'a [PathBuf], files: &'a FileArgs) -> Result<Self> {
        output::catch_interrupts();
        let go_on = &mut |_| if output::interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let copies = match origin(data, files, None)? {
            Origin::Files(paths) => Some(Rereadable::of(paths, go_on)?),
            #[cfg(feature = "sql")]
            Origin::Query(_) => None,
        };
        Ok(Self { data, files, copies })
    }

    /// Opens it, as [`open`] does.
    pub(crate) fn open(&self, skips: bool) -> Result<Reader> {
        let Some(copies) = &self.copies else { return open(self.data, self.files, skips) };
        let options = CsvOptions { skips_bad_lines: skips, ..self.files.options()? };
        checked(copies.open(&options)?, self.data, self.files)
    }
}

/// Where the records come from: files, or the query that is asked for; what is no file on this machine is read by a query for all of it.
fn origin(data: &[PathBuf], files: &FileArgs, memory: Option<usize>) -> Result<Origin> {
    match &files.sql {
        None if !data.iter().any(|name| is_url(name)) => Ok(find_files(data)?.into()),
        _ => Ok(query(data, files, memory)?),
    }
}

/// Numbers are typed instead of read.
///
/// Errors: there is a query, which then has nothing to ask.
pub(crate) fn check_without_data(files: &FileArgs) -> Result<()> {
    ensure!(files.sql.is_none(), "--sql: found without DATA, expected a table to ask");
    Ok(())
}

/// The query. The same command may read its data twice, and finds out then whether it is still the same.
#[cfg(feature = "sql")]
fn query(data: &[PathBuf], files: &FileArgs, memory: Option<usize>) -> Result<Origin> {
    static BEGUN: Mutex<Vec<(Vec<PathBuf>, deltarule_data::Query)>> = Mutex::new(Vec::new());
    let mut begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, query)) = begun.iter().find(|(of, _)| of == data) {
        return Ok(Origin::Query(query.clone()));
    }
    let memory = memory.unwrap_or_else(sound_memory);
    let query = deltarule_data::Query::new(files.sql.as_deref(), data, files.options()?, memory, output::interrupted)?;
    let with_table = |query: deltarule_data::Query, (name, place): &(String, PathBuf)| {
        query.with_table(name, std::slice::from_ref(place))
    };
    let query = files.table.iter().try_fold(query, with_table)?;
    begun.push((data.to_vec(), query.clone()));
    Ok(Origin::Query(query))
}

/// Errors: this build has no queries.
#[cfg(not(feature = "sql"))]
fn query(data: &[PathBuf], files: &FileArgs, _: Option<usize>) -> Result<Origin> {
    let found = match data.iter().find(|name| is_url(name)) {
        Some(url) if files.sql.is_none() => url.display().to_string(),
        _ => "--sql".to_owned(),
    };
    Err(DataError::NoSql { found }.into())
}

/// Names as they can be typed, with the query over them.
pub(crate) fn typed(data: &[PathBuf], files: &FileArgs) -> String {
    let names = data.iter().map(|path| output::quoted(&path.to_string_lossy()));
    let tables = files.table.iter().flat_map(|(name, place)| {
        ["--table".to_owned(), output::quoted(&format!("{name}={}", place.to_string_lossy()))]
    });
    let sql = files.sql.iter().flat_map(|sql| ["--sql".to_owned(), output::quoted(sql)]);
    names.chain(tables).chain(sql).collect::<Vec<_>>().join(" ")
}

/// What the arguments choose of a table. In libsvm's format the target is the label, unless said otherwise.
pub(crate) fn choices(
    data: &[PathBuf],
    columns: &ColumnArgs,
    network: &NetworkArgs,
    weights: &WeightArgs,
    hold_out: HoldOut,
) -> Result<Choices> {
    // What standard input is, or a pipe, which gives what it has once, comes out when it is read.
    let is_stream = |file: &Path| file.as_os_str() == "-" || (file.exists() && !file.is_file() && !file.is_dir());
    let may_be_sparse = |file: &PathBuf| is_stream(file) || SparseTable::recognises_file(file);
    let local: Vec<PathBuf> = data.iter().filter(|name| !is_url(name)).cloned().collect();
    if columns.target.is_empty() && !find_files(&local)?.iter().any(may_be_sparse) {
        return no_target();
    }
    for (index, name) in columns.target.iter().enumerate() {
        if columns.target[..index].contains(name) {
            bail!("--target: found {name:?} twice, expected each column once");
        }
    }
    if let Some(name) = columns.target.iter().find(|name| columns.drop.contains(name)) {
        bail!("--drop: found the target {name:?}, expected other columns");
    }
    if let Some(name) = columns.target.iter().find(|name| columns.features.contains(name)) {
        bail!("--features: found the target {name:?}, expected other columns");
    }
    check_kinds(columns)?;
    check_combinations(columns)?;
    let HoldOut { share: held_out, by: split_by } = hold_out;
    if let Some(SplitBy { column, .. }) = split_by.as_ref().filter(|by| columns.target.contains(&by.column)) {
        bail!("--split-by: found the target {column:?}, expected another column");
    }
    check_weight(weights, columns)?;
    Ok(Choices {
        targets: if columns.target.is_empty() { vec!["label".to_owned()] } else { columns.target.clone() },
        features: columns.features.clone(),
        categorical: columns.categorical.clone(),
        missing: columns.missing.into(),
        min_count: columns.min_count,
        combinations: Combinations { interactions: columns.interact.clone(), powers: columns.poly.clone() },
        task: columns.task.map(Into::into),
        loss: network.loss.map_or(Loss::Squared, LossArg::kind),
        weight: weights.weight.clone(),
        class_weight: weights.class_weight.clone(),
        activation: network.activation.clone(),
        held_out,
        split_by,
        seed: network.seed,
    })
}

/// A column of weights is nothing else.
fn check_weight(weights: &WeightArgs, columns: &ColumnArgs) -> Result<()> {
    let Some(name) = &weights.weight else { return Ok(()) };
    let hashed = columns.hash.iter().any(|column| column.name == *name);
    let date = columns.date.iter().any(|column| column.name == *name);
    for (option, is_named) in [
        ("--target", columns.target.contains(name)),
        ("--features", columns.features.contains(name)),
        ("--drop", columns.drop.contains(name)),
        ("--categorical", columns.categorical.contains(name)),
        ("--hash", hashed),
        ("--date", date),
    ] {
        if is_named {
            bail!("--weight: found {name:?}, which {option} names too, expected a column that is nothing but weights");
        }
    }
    Ok(())
}

/// A column that is hashed or taken apart as dates is a feature, and nothing else.
fn check_kinds(columns: &ColumnArgs) -> Result<()> {
    let hashed: Vec<&str> = columns.hash.iter().map(|column| column.name.as_str()).collect();
    let dates: Vec<&str> = columns.date.iter().map(|column| column.name.as_str()).collect();
    let of_texts = |names: &[String], name: &str| names.iter().any(|other| other == name);
    let reasons =
        ["a bucket cannot be turned back into a value", "parts of a date cannot be put together to one again"];
    for ((option, names), why) in [("--hash", &hashed), ("--date", &dates)].into_iter().zip(reasons) {
        for (index, &name) in names.iter().enumerate() {
            if of_texts(&columns.target, name) {
                bail!("{option}: found the target {name:?}, expected other columns: {why}");
            }
            if names[..index].contains(&name) {
                bail!("{option}: found {name:?} twice, expected each column once");
            }
            let with_hash = if option == "--date" { hashed.contains(&name) } else { false };
            for (setting, is_named) in [
                ("--drop", of_texts(&columns.drop, name)),
                ("--categorical", of_texts(&columns.categorical, name)),
                ("--hash", with_hash),
            ] {
                if is_named {
                    bail!("{option}: found {name:?}, which {setting} names too, expected it in one of them");
                }
            }
            if !columns.features.is_empty() && !of_texts(&columns.features, name) {
                bail!("{option}: found {name:?}, which is not among --features, expected it in both");
            }
        }
    }
    Ok(())
}

/// Each feature is made once, and not of the target.
fn check_combinations(columns: &ColumnArgs) -> Result<()> {
    let names = columns.interact.iter().flatten().map(|name| ("--interact", name));
    for (option, name) in names.chain(columns.poly.iter().map(|(name, _)| ("--poly", name))) {
        if columns.target.contains(name) {
            bail!("{option}: found the target {name:?}, expected other columns");
        }
    }
    for (index, [first, second]) in columns.interact.iter().enumerate() {
        if first == second {
            bail!("--interact: found {first:?} with itself, expected two columns; --poly {first}:2 gives its square");
        }
        let is_same = |[a, b]: &[String; 2]| (a == first && b == second) || (a == second && b == first);
        if columns.interact[..index].iter().any(is_same) {
            bail!("--interact: found {first}:{second} twice, expected each pair once");
        }
    }
    for (index, (name, _)) in columns.poly.iter().enumerate() {
        if columns.poly[..index].iter().any(|(other, _)| other == name) {
            bail!("--poly: found {name:?} twice, expected each column once, with its highest power");
        }
    }
    Ok(())
}

/// Makes a problem of the training records and hands it to `run`.
pub(crate) fn with_problem<R>(
    prepared: &Prepared<'_>,
    columns: &ColumnArgs,
    loss: Option<LossArg>,
    scale: ScaleRule,
    has_bias: bool,
    threads: &Threads,
    run: impl FnOnce(Ready<'_>) -> Result<R>,
) -> Result<R> {
    deltarule_train::with_problem(prepared, columns.missing.into(), loss, scale, has_bias, threads, run)
}

/// The starting weights, and a sentence on where they come from.
pub(crate) fn starting_weights(
    init: Option<&str>,
    Ready { encoding, problem }: &Ready<'_>,
    seed: u64,
) -> Result<(Parameters, String)> {
    let init = init.unwrap_or("auto");
    let Some(choice) = StartChoice::of_name(init) else {
        let weights = weights_file::read(Path::new(init), encoding, problem.has_bias)?;
        return Ok((weights, format!("the weights of {init}")));
    };
    let NamedStart { parameters, text } = NamedStart::of(choice, problem, seed);
    Ok((parameters, text))
}

/// Reads a model file.
pub(crate) fn read_model(path: &Path) -> Result<Model> {
    if path.is_dir() {
        bail!("{}: is a folder, expected a model that deltarule train --out wrote", path.display());
    }
    let bytes = std::fs::read(path).map_err(|error| DataError::Io { file: path.display().to_string(), error })?;
    Model::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// `DELTARULE_WIDTH` limits the registers that are used, for tests and comparisons: the results have the same bits.
pub(crate) fn limit_width() -> Result<()> {
    let Some(wanted) = std::env::var_os("DELTARULE_WIDTH") else { return Ok(()) };
    match Width::ALL.into_iter().find(|width| wanted == width.name()) {
        Some(width) => width.limit(),
        None => {
            bail!("DELTARULE_WIDTH: found {wanted:?}, expected {}", Width::ALL.map(Width::name).join(", "));
        }
    }
    Ok(())
}

//! `deltarule plot curve`.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Result, bail};
use deltarule_data::{CsvOptions, CsvReader};
use deltarule_plot::{Curve, Run, Words};

use super::names::figure;
use super::save::Destination;
use crate::cli::plot::CurveArgs;
use crate::number::count;

/// What tells the runs of a sweep apart, beside their numbers.
const SETTINGS: [(&str, &str); 5] =
    [("optimizer", ""), ("first_eta", "η = "), ("l2", "l2 = "), ("l1", "l1 = "), ("seed", "seed ")];

pub(super) fn run(args: &CurveArgs) -> Result<()> {
    let read: Vec<_> = args.traces.iter().collect();
    let destination = Destination::open(&args.picture, &read)?;
    let traces: Vec<Trace> = args.traces.iter().map(|path| Trace::read(path)).collect::<Result<_>>()?;
    let sums: Vec<&str> = traces.iter().map(|trace| trace.sum_name).collect();
    if let Some(other) = sums.iter().position(|name| *name != sums[0]) {
        bail!(
            "{}: found the column {}, and in {} {}, expected traces of one kind of E",
            args.traces[other].display(),
            sums[other],
            args.traces[0].display(),
            sums[0]
        );
    }
    let error_label = match sums[0] {
        "sse" => "E = ½ΣΣ(y − ŷ)²",
        _ => "E, the sum of the errors of all predictions",
    };
    let mut names: Vec<String> =
        args.traces.iter().map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect();
    // Files of one name in several folders are told apart by these.
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        names = args.traces.iter().map(|path| path.display().to_string()).collect();
    }
    let mut runs = Vec::new();
    for (trace, name) in traces.into_iter().zip(&names) {
        let alone = args.traces.len() == 1;
        let n = trace.runs.len();
        for (label, run) in trace.labels().into_iter().zip(trace.runs) {
            let label = match (alone, n) {
                (_, 1) => name.clone(),
                (true, _) => label,
                (false, _) => format!("{name}: {label}"),
            };
            runs.push(Run { label, ..run.run });
        }
    }
    let diverged = runs.iter().filter(|run| run.diverged).count() as u64;
    let title = match runs.len() {
        1 => format!("E of every epoch: {}", runs[0].label),
        n => format!("E of every epoch, {}", count(n as u64, "run")),
    };
    let mut lines = Vec::new();
    let ends = runs.iter().filter(|run| !run.diverged).filter_map(|run| run.points.last());
    if let Some((epoch, e)) = ends.min_by(|a, b| a.1.total_cmp(&b.1)) {
        let n = count(*epoch as u64, "epoch");
        lines.push(format!("the least E at the end is {}, after {n}", figure(*e)));
    }
    if diverged > 0 {
        lines.push(format!(
            "{} ended above where E began, or without a finite E: a cross marks where",
            count(diverged, "run")
        ));
    }
    let curve = Curve { words: Words { title, lines, notes: Vec::new() }, error_label: error_label.to_owned(), runs };
    destination.save(&curve.draw(args.picture.look())?)
}

/// A file of E.
struct Trace {
    sum_name: &'static str,
    runs: Vec<Read>,
}

/// One of its runs.
#[derive(Default)]
struct Read {
    id: String,
    /// In the order of [`SETTINGS`].
    settings: Vec<String>,
    run: Run,
}

impl Trace {
    /// Errors: a file without the columns of a trace, or with something else in them.
    fn read(path: &Path) -> Result<Self> {
        let options = CsvOptions { header: Some(true), ..CsvOptions::default() };
        let mut reader = CsvReader::open(path, &options)?;
        let file = path.display().to_string();
        let header = reader.header().to_vec();
        let position = |name: &str| header.iter().position(|column| column == name);
        let sums = ["sse", "loss_sum"].map(|name| (name, position(name)));
        let sum = sums.iter().find_map(|(name, at)| at.map(|at| (*name, at)));
        let (Some(epoch_at), Some((sum_name, sum_at))) = (position("epoch"), sum) else {
            bail!(
                "{file}: found the columns {}, expected epoch and sse, or loss_sum, as train --trace and sweep --trace write them",
                header.join(",")
            );
        };
        let held_out_at = position(&format!("held_out_{sum_name}"));
        let run_at = position("run");
        let settings_at: Vec<Option<usize>> = SETTINGS.iter().map(|(name, _)| position(name)).collect();
        let mut runs: Vec<Read> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some(record) = reader.next_record()? {
            let place = record.at;
            let text = |at: usize| String::from_utf8_lossy(record.trimmed(at)).into_owned();
            let number = |at: usize| match text(at).parse::<f64>() {
                Ok(number) => Ok(number),
                Err(_) => {
                    bail!("{file}: {place}, column {:?}: found {:?}, expected a number", header[at], text(at))
                }
            };
            let id = run_at.map_or_else(String::new, text);
            // The runs of a sweep take turns: their lines are not next to each other.
            let index = match places.get(&id) {
                Some(index) => *index,
                None => {
                    let settings = settings_at.iter().map(|at| at.map_or_else(String::new, text)).collect();
                    places.insert(id.clone(), runs.len());
                    runs.push(Read { id, settings, run: Run::default() });
                    runs.len() - 1
                }
            };
            let (epoch, run) = (number(epoch_at)?, &mut runs[index].run);
            if !(epoch >= 0.0 && epoch.is_finite()) || run.points.last().is_some_and(|(last, _)| *last >= epoch) {
                bail!("{file}: {place}: found epoch {epoch}, expected one above that before it");
            }
            run.points.push((epoch, number(sum_at)?));
            if let Some(at) = held_out_at.filter(|at| !record.trimmed(*at).is_empty()) {
                run.held_out.push((epoch, number(at)?));
            }
        }
        if runs.is_empty() {
            bail!("{file}: found no line of a run below the names, expected at least one");
        }
        for run in &mut runs {
            let (first, last) = (run.run.points.first(), run.run.points.last());
            run.run.diverged = last.zip(first).is_some_and(|(last, first)| !last.1.is_finite() || last.1 > first.1);
        }
        Ok(Self { sum_name, runs })
    }

    /// What tells each run from the others.
    fn labels(&self) -> Vec<String> {
        let differs = |k: usize| self.runs.iter().any(|run| run.settings[k] != self.runs[0].settings[k]);
        let differing: Vec<usize> = (0..SETTINGS.len()).filter(|k| differs(*k)).collect();
        let label = |run: &Read| {
            let parts: Vec<String> = differing
                .iter()
                .map(|&k| {
                    let text = &run.settings[k];
                    let text = text.parse::<f64>().map_or_else(|_| text.clone(), figure);
                    format!("{}{text}", SETTINGS[k].1)
                })
                .collect();
            if parts.is_empty() { format!("run {}", run.id) } else { parts.join(", ") }
        };
        self.runs.iter().map(label).collect()
    }
}

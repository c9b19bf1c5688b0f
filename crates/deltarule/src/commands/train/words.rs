//! What `train` says before descent begins.

use std::cell::RefCell;
use std::fmt::Write as _;

use anyhow::Result;
use deltarule_core::{Loss, Plan};
use deltarule_data::FeatureCounts;
use deltarule_model::ScaleRule;

use super::Run;
use crate::cli::TrainArgs;
use crate::number::{count, digits, percent};
use crate::{failure, output, report};

/// What is said to a person; nothing of it with `--json` or `--quiet`.
pub(super) struct Say {
    silent: bool,
    /// The first error of standard output: what is trained is kept all the same, and this is told at the end.
    failed: RefCell<Option<anyhow::Error>>,
}

impl Say {
    pub(super) fn new(args: &TrainArgs) -> Self {
        Self { silent: args.json || args.quiet, failed: RefCell::new(None) }
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    pub(super) fn line(&self, text: &str) {
        if self.silent || self.failed.borrow().is_some() {
            return;
        }
        if let Err(error) = output::print(&format!("{text}\n")) {
            *self.failed.borrow_mut() = Some(error);
        }
    }

    /// Errors: something could not be said, and not since its reader went away.
    pub(super) fn finish(&self) -> Result<()> {
        match self.failed.take() {
            Some(error) if !failure::is_broken_pipe(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// What is said before descent begins, in lines.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// What was read, what it was taken for, and how good the best constant is. It names columns, levels and files.
    pub(super) read: String,
    /// Where descent starts. It may name a file.
    pub(super) start: String,
    /// By which rule it goes.
    pub(super) rule: String,
}

impl Opening {
    pub(super) fn of(run: &Run<'_>, plan: &Plan) -> Self {
        let penalty = report::penalty_text(&plan.penalty).map_or(String::new(), |text| text + "\n");
        let triangle = report::triangle_text(plan).map_or(String::new(), |text| text + "\n");
        Self {
            read: format!(
                "{}\nbaseline: the best constant has E = {} (E = {})",
                introduction(run),
                digits(plan.baseline.loss, 8),
                report::sum_text(run.problem.loss, run.problem.activation, !run.prepared.is_unweighted()),
            ),
            start: run.start_text.clone(),
            rule: format!("{penalty}descent: {}\n{triangle}{}", report::descent_text(plan), report::eta_text(plan)),
        }
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n\nstart: {}\n{}", self.read, self.start, self.rule)
    }
}

fn introduction(run: &Run<'_>) -> String {
    let Run { args, table, prepared, encoding, .. } = run;
    let mut text = String::new();
    if args.textbook {
        let _ = writeln!(text, "--textbook means {}", super::textbook(args));
    }
    let _ = write!(text, "read {}: {}", table.name(), count(table.n_records() as u64, "record"));
    if prepared.without_target > 0 {
        let _ = write!(text, ", {} without a target left out", prepared.without_target);
    }
    if prepared.with_missing > 0 {
        let _ = write!(text, ", {} with missing values left out", prepared.with_missing);
    }
    text.extend(run.rows.text().map(|text| format!("\n{text}")));
    for said in prepared.held_out_text.iter().chain(&run.valid_text) {
        let _ = write!(text, "\n{said}");
    }
    let FeatureCounts { numbers, booleans, categories, hashed, dates } = prepared.count_features();
    let sparse = encoding.features.iter().map(|feature| feature.sparse().len()).sum();
    let kinds = [
        (numbers, "number"),
        (booleans, "boolean"),
        (categories, "category"),
        (hashed, "hashed column"),
        (dates, "date"),
        (sparse, "sparse number"),
    ];
    let kinds: Vec<String> = kinds.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(n as u64, noun)).collect();
    let shape = encoding.shape();
    let _ = write!(
        text,
        "\nfeatures: {}; {} to {}, f = {}{}",
        kinds.join(", "),
        count(shape.n_features() as u64, "input"),
        count(shape.n_outputs() as u64, "output"),
        prepared.activation,
        if run.problem.has_bias { "" } else { ", no bias" },
    );
    if run.problem.loss != Loss::Squared {
        let _ = write!(text, "\n{}", report::loss_text(run.problem.loss, run.problem.activation));
    }
    if let Some((first, _, n_stored)) = table.sparse() {
        let of = (table.n_records() * sparse).max(1) as f64;
        let _ = write!(
            text,
            "\n{} not 0 ({}), indices from {first} on",
            count(n_stored, "value"),
            percent(n_stored as f64 / of)
        );
    }
    if encoding.features.iter().any(|feature| feature.scaling().is_some()) || sparse > 0 {
        let scaled = match encoding.scale {
            ScaleRule::Standard => "scaled to mean 0 and standard deviation 1",
            ScaleRule::None => "as they are (--scale none)",
        };
        let _ = write!(text, "\nnumbers are {scaled}");
    }
    // What 0 and 1 stand for is in the notes.
    let coding = report::coding_text(&encoding.target).filter(|_| encoding.target.ends() != Some((0.0, 1.0)));
    for note in prepared.notes.iter().chain(&coding) {
        let _ = write!(text, "\n{note}");
    }
    for warning in &prepared.warnings {
        let _ = write!(text, "\nwarning: {warning}");
    }
    text
}

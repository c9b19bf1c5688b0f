//! Which rows of the data are used: those that satisfy `--where`, and without those that cannot be used.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use deltarule_core::Loss;
use deltarule_data::{
    BoundCondition, Choices, Condition, DataError, Flaw, Reader, Record, Reject, Row, RowEncoder, Sieve, SkipRule,
    TargetRange, Task, csv_field,
};
use deltarule_model::{Encoding, MissingRule};
use serde_json::{Value, json};

use crate::cli::{BadRowArg, RowArgs};
use crate::number::{count, percent};
use crate::output::{self, OutputFile};

/// How many of the rows that cannot be used are told of one by one.
const SHOWN: usize = 5;

/// Which rows are used, and what became of the others.
pub(crate) struct Rows {
    skips: bool,
    /// More rows than this share that cannot be used are an error.
    most: f64,
    condition: Option<Condition>,
    file: Option<OutputFile>,
    tally: RowTally,
}

/// Rows that are not used.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowTally {
    skips: bool,
    condition: Option<String>,
    /// How many do not satisfy the condition.
    left_out: u64,
    /// How many cannot be used, for each reason.
    counts: [u64; Flaw::ALL.len()],
    first: Vec<Reject>,
}

impl Rows {
    /// Takes the options, and begins the file of rejects, which is none of the other files that are written.
    ///
    /// Errors: what is no condition; a file that cannot be written; options that need another one.
    pub(crate) fn of(args: &RowArgs, read: &[PathBuf], others: &[&Option<PathBuf>], force: bool) -> Result<Self> {
        let skips = args.on_bad_row == BadRowArg::Skip;
        for (option, is_given) in [("--rejects", args.rejects.is_some()), ("--max-bad", args.max_bad.is_some())] {
            if is_given && !skips {
                bail!("{option}: expected --on-bad-row skip beside it; otherwise the first bad row is an error");
            }
        }
        let condition = args.condition.as_deref().map(str::parse::<Condition>).transpose()?;
        if let Some(path) = &args.rejects {
            output::check_not_read(path, read)?;
            if others.iter().copied().flatten().any(|other| output::same_file(other, path)) {
                bail!("{}: found as --rejects and as another file to write, expected a file for each", path.display());
            }
        }
        let mut file = args.rejects.as_ref().map(|path| OutputFile::create(path, force)).transpose()?;
        if let Some(file) = &mut file {
            writeln!(file, "file,line,reason,found,record")?;
        }
        let most = args.max_bad.unwrap_or(0.5);
        let tally = RowTally::of(skips, condition.as_ref());
        Ok(Self { skips, most, condition, file, tally })
    }

    /// The same for another pass, which writes no rejects.
    pub(crate) fn again(&self) -> Self {
        let tally = RowTally::of(self.skips, self.condition.as_ref());
        Self { skips: self.skips, most: self.most, condition: self.condition.clone(), file: None, tally }
    }

    /// Whether rows that cannot be used are left out.
    pub(crate) fn skips(&self) -> bool {
        self.skips
    }

    /// The same for the reader of a table.
    pub(crate) fn sieve(&self, rule: SkipRule) -> Sieve {
        Sieve { skip: self.skips.then_some(rule), condition: self.condition.clone() }
    }

    /// Notes down a row that cannot be used.
    pub(crate) fn add(&mut self, reject: Reject) -> std::io::Result<()> {
        if let Some(file) = &mut self.file {
            let line = reject.at.number().to_string();
            let record = reject.record.as_deref().unwrap_or_default();
            let fields = [&reject.file, &line, reject.flaw.name(), &reject.reason, record].map(csv_field);
            writeln!(file, "{}", fields.join(","))?;
        }
        if let Some(index) = Flaw::ALL.iter().position(|flaw| *flaw == reject.flaw) {
            self.tally.counts[index] += 1;
        }
        if self.tally.first.len() < SHOWN {
            self.tally.first.push(reject);
        }
        Ok(())
    }

    /// Leaves out a row with which this is wrong.
    ///
    /// Errors: the error, where such rows are errors, or something else is wrong.
    pub(crate) fn refuse(&mut self, error: DataError, text: Option<String>) -> Result<()> {
        if !self.skips {
            return Err(error.into());
        }
        self.add(Reject::of(error, text)?)?;
        Ok(())
    }

    /// What became of the rows so far, to begin anew.
    ///
    /// Errors: too many of them cannot be used; `n_used` can.
    pub(crate) fn conclude(&mut self, name: &str, n_used: u64) -> Result<RowTally> {
        let tally = std::mem::replace(&mut self.tally, RowTally::of(self.skips, self.condition.as_ref()));
        let n_bad = tally.n_rejected();
        if n_bad as f64 > self.most * (n_bad + n_used) as f64 {
            bail!(
                "{name}: {} of {} cannot be used, expected at most {} of them (--max-bad): is something else wrong?\n{}",
                n_bad,
                count(n_bad + n_used, "row"),
                percent(self.most),
                tally.reasons()
            );
        }
        Ok(tally)
    }

    /// The same of a table.
    pub(crate) fn conclude_table(&mut self, name: &str, n_used: u64, left_out: u64) -> Result<RowTally> {
        self.tally.left_out = left_out;
        self.conclude(name, n_used)
    }

    /// Puts the file of rejects in its place.
    pub(crate) fn finish(self) -> Result<()> {
        self.file.map_or(Ok(()), OutputFile::finish)
    }

    /// The condition for the records of a reader.
    ///
    /// Errors: a column is not there, or the columns have no names.
    pub(crate) fn condition_for(&self, reader: &Reader) -> Result<Option<BoundCondition>> {
        let Some(condition) = &self.condition else { return Ok(None) };
        if reader.is_libsvm() {
            return Err(DataError::SparseSetting { file: reader.name().to_owned(), setting: "--where" }.into());
        }
        Ok(Some(condition.bind(reader.name(), reader.header())?))
    }

    /// Encodes the next rows, until there are so many, or so many were left out, and shows each to `taken`: with its record where that is one, and whether it was
    /// encoded or left out. False at the end.
    ///
    /// Errors: those of the reader; a row cannot be used, and such rows are errors.
    pub(crate) fn fill(
        &mut self,
        reader: &mut Reader,
        condition: Option<&BoundCondition>,
        encoder: &mut RowEncoder<&Encoding>,
        most: usize,
        mut taken: impl FnMut(Option<&Record<'_>>, bool),
    ) -> Result<bool> {
        let files = reader.files().to_vec();
        let mut n_refused = 0;
        while encoder.len() < most && n_refused < most {
            match reader.next_row()? {
                None => return Ok(false),
                Some(Row::Bad { error, text }) => {
                    self.refuse(error, text)?;
                    n_refused += 1;
                    taken(None, false);
                }
                Some(Row::Record(record)) => {
                    let file = files.get(record.file).map_or("", String::as_str);
                    let pushed = match condition.map_or(Ok(true), |condition| condition.holds(file, &record)) {
                        Ok(true) => encoder.push(&record),
                        Ok(false) => {
                            self.tally.left_out += 1;
                            continue;
                        }
                        Err(error) => Err(error),
                    };
                    let is_taken = pushed.is_ok();
                    if let Err(error) = pushed {
                        self.refuse(error, record.text())?;
                        n_refused += 1;
                    }
                    taken(Some(&record), is_taken);
                }
            }
        }
        Ok(true)
    }
}

impl RowTally {
    fn of(skips: bool, condition: Option<&Condition>) -> Self {
        Self { skips, condition: condition.map(|condition| condition.text().to_owned()), ..Self::default() }
    }

    /// How many rows cannot be used.
    pub(crate) fn n_rejected(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many for each reason that there is.
    fn by_reason(&self) -> impl Iterator<Item = (Flaw, u64)> + '_ {
        Flaw::ALL.into_iter().zip(self.counts).filter(|(_, n)| *n > 0)
    }

    fn reasons(&self) -> String {
        let counts: Vec<String> = self.by_reason().map(|(flaw, n)| format!("{n} {}", flaw.text())).collect();
        let first: Vec<String> = self.first.iter().map(|r| format!("  {}: {}: {}", r.file, r.at, r.reason)).collect();
        format!("{}; the first of them:\n{}", counts.join(", "), first.join("\n"))
    }

    /// A line or more on what was left out; nothing where nothing was.
    pub(crate) fn text(&self) -> Option<String> {
        let mut lines = Vec::new();
        if let Some(condition) = &self.condition {
            lines.push(format!("where {condition}: {} left out", count(self.left_out, "other record")));
        }
        match self.n_rejected() {
            0 => {}
            n => lines.push(format!("{} left out since they cannot be used: {}", count(n, "row"), self.reasons())),
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Adds the same to a report, under two keys, where it was asked for.
    pub(crate) fn tell(&self, report: &mut Value) {
        if self.skips {
            let reasons: serde_json::Map<_, _> =
                self.by_reason().map(|(flaw, n)| (flaw.name().to_owned(), json!(n))).collect();
            let first: Vec<Value> = self
                .first
                .iter()
                .map(|r| json!({ "file": r.file, "line": r.at.number(), "reason": r.flaw.name(), "found": r.reason }))
                .collect();
            report["rejected"] = json!({ "rows": self.n_rejected(), "reasons": reasons, "first": first });
        }
        if let Some(condition) = &self.condition {
            report["where"] = json!({ "condition": condition, "left_out": self.left_out });
        }
    }
}

impl RowTally {
    /// Adds what became of the rows of files that are scored on beside the training records.
    pub(crate) fn tell_held_out(&self, report: &mut Value) {
        let mut of_files = json!({});
        self.tell(&mut of_files);
        for (key, rows) in of_files.as_object().into_iter().flatten() {
            report[format!("held_out_{key}")] = rows.clone();
        }
    }
}

/// What makes a row one that cannot be used in training, beside what its columns are.
pub(crate) fn skip_rule(choices: &Choices) -> SkipRule {
    let (low, high) = choices.loss.target_range();
    let is_limited = low > f64::NEG_INFINITY || high < f64::INFINITY;
    let is_of_classes = choices.task == Some(Task::Classification) || choices.loss == Loss::Hinge;
    let unless_minus_one = choices.task.is_none() && !choices.loss.is_for_numbers();
    // A column that only decides what is held out may have gaps.
    let by = choices.split_by.as_ref().map(|by| by.column.clone());
    let is_named = |name: &String| choices.features.contains(name) || choices.categorical.contains(name);
    SkipRule {
        targets: choices.targets.clone(),
        target_range: (is_limited && !is_of_classes).then_some(TargetRange { low, high, unless_minus_one }),
        weight: choices.weight.clone(),
        missing: choices.missing == MissingRule::Error,
        may_be_missing: by.into_iter().filter(|name| !is_named(name)).collect(),
    }
}

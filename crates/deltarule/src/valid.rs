//! What a model is scored on beside the records that it was trained on.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use deltarule_data::{DataError, Prepared, Reader, RowEncoder, SplitBy, SplitRule, is_url};
use deltarule_model::Encoding;
use serde_json::{Value, json};

use crate::cli::{FileArgs, ValidArgs, WeightArgs};
use crate::commands::evaluate::{unseen_json, unseen_levels, unseen_text, what_became};
use crate::number::count;
use crate::rows::RowTally;
use crate::setup;

/// What `--valid` asks for.
pub(crate) enum Valid {
    /// Nothing.
    None,
    /// A share of the table's records, which are then not trained on.
    Share(f64),
    /// The records of these files, which are opened.
    Files(Box<Reader>),
}

/// What is held out of the table itself.
#[derive(Debug, Default)]
pub(crate) struct HoldOut {
    pub(crate) share: Option<f64>,
    pub(crate) by: Option<SplitBy>,
}

impl Valid {
    /// Takes the option's values for a share, or for names of files and patterns, and opens the files; `skips`: rows of theirs that cannot be used are
    /// left out.
    ///
    /// Errors: neither, or both; those of the files.
    pub(crate) fn of(args: &ValidArgs, data: &[PathBuf], files: &FileArgs, skips: bool) -> Result<Self> {
        if args.valid.is_empty() {
            return Ok(Valid::None);
        }
        let share = |text: &String| text.parse::<f64>().ok();
        if let [only] = &args.valid[..]
            && let Some(share) = share(only)
        {
            return Ok(Valid::Share(share));
        }
        for name in &args.valid {
            let is_pattern = name.contains(['*', '?', '[']);
            if is_pattern || name == "-" || is_url(Path::new(name)) || Path::new(name).exists() {
                continue;
            }
            if share(name).is_some() {
                bail!("--valid: found {name} beside other values, expected one fraction, or files");
            }
            bail!("--valid: found {name:?}, expected a fraction such as 0.25, or a file that is there");
        }
        let names: Vec<PathBuf> = args.valid.iter().map(PathBuf::from).collect();
        if [data, &names].concat().iter().filter(|name| name.as_os_str() == "-").count() > 1 {
            return Err(DataError::InputTwice.into());
        }
        Ok(Valid::Files(Box::new(setup::open_beside(&names, files, skips)?)))
    }

    /// The share of the table's records that is held out.
    fn share(&self) -> Option<f64> {
        match self {
            Valid::Share(share) => Some(*share),
            _ => None,
        }
    }

    /// What is held out, and by what.
    ///
    /// Errors: a column to split by where nothing is split.
    pub(crate) fn hold_out(&self, args: &ValidArgs, folds: Option<usize>) -> Result<HoldOut> {
        let share = self.share();
        match &args.split_by {
            Some(by) if share.is_none() && folds.is_none() => bail!(
                "--split-by: found {:?}, and nothing to split; expected a fraction beside it, as in --valid 0.25, or --folds",
                by.column
            ),
            by => Ok(HoldOut { share, by: by.clone() }),
        }
    }

    /// Errors: nothing that a descent can be watched on.
    pub(crate) fn check_early_stopping(&self, args: &ValidArgs, folds: Option<usize>) -> Result<()> {
        if args.early_stopping.is_none() {
            return Ok(());
        }
        match self {
            _ if folds.is_some() => bail!(
                "--early-stopping: found beside --folds, whose records are scored on and must not decide when to stop; expected --valid, as in --valid 0.25"
            ),
            Valid::None => bail!(
                "--early-stopping: found nothing to look at; add records that are held out, as in --valid 0.25, or --valid FILE"
            ),
            _ => Ok(()),
        }
    }

    /// The files, if there are any.
    pub(crate) fn files(self) -> Option<Box<Reader>> {
        match self {
            Valid::Files(reader) => Some(reader),
            _ => None,
        }
    }
}

impl FileArgs {
    /// All names of files that are read with some data, patterns as they stand.
    pub(crate) fn files_read(&self, data: &[PathBuf]) -> Vec<PathBuf> {
        data.iter().chain(self.table.iter().map(|(_, file)| file)).cloned().collect()
    }
}

impl ValidArgs {
    /// All names of files that are read, patterns as they stand.
    pub(crate) fn files_read(&self, data: &[PathBuf]) -> Vec<PathBuf> {
        data.iter().cloned().chain(self.valid.iter().map(PathBuf::from)).collect()
    }
}

/// What the columns of files that are scored on lack is better said before descent than after it.
///
/// Errors: a column of the encoding, the target or the weights is not there.
pub(crate) fn check_columns(reader: Option<&Reader>, encoding: &Encoding, weights: &WeightArgs) -> Result<()> {
    let Some(reader) = reader else { return Ok(()) };
    let encoder = RowEncoder::new(encoding, reader, true)?;
    if let Some(weight) = &weights.weight {
        encoder.with_weight(reader, weight)?;
    }
    Ok(())
}

/// What is said of files that are scored on.
pub(crate) fn files_text(reader: &Reader) -> String {
    format!("held out: the records of {}", reader.name())
}

/// How the records that are held out were chosen.
pub(crate) fn split_json(rule: &SplitRule) -> Value {
    match rule {
        SplitRule::Drawn { stratified } => json!({ "rule": "drawn", "stratified": stratified }),
        SplitRule::Groups { column, training, held_out } => {
            json!({ "rule": "groups", "column": column, "groups": { "training": training, "held_out": held_out } })
        }
        SplitRule::Time { column, until, from, without } => json!({
            "rule": "time", "column": column, "training_until": until, "held_out_from": from, "without_time": without,
        }),
    }
}

/// What is to be said of records that are held out and cannot be scored as others are.
#[derive(Debug, Default)]
pub(crate) struct HeldOutRows {
    /// Where they are those of files: what became of the rows, how many records there are, and how many of them are scored.
    of_files: Option<(RowTally, u64, u64)>,
    /// The columns with values that the model has not seen, and how many.
    unseen: Vec<(String, u64)>,
    /// The same in words.
    unseen_texts: Vec<String>,
}

impl HeldOutRows {
    /// Of records of files, so many of which there are, and are scored.
    pub(crate) fn of_files(rows: RowTally, n: (u64, u64), encoding: &Encoding, unseen: &[u64]) -> Self {
        Self { of_files: Some((rows, n.0, n.1)), ..Self::of_unseen(encoding, unseen) }
    }

    /// Of some records of the table; `None` where none are held out.
    ///
    /// Errors: those of the file that holds the table's pages.
    pub(crate) fn of_table(prepared: &Prepared<'_>, encoding: &Encoding) -> Result<Option<Self>> {
        if prepared.held_out.is_none() {
            return Ok(None);
        }
        Ok(Some(Self::of_unseen(encoding, &prepared.unseen_held_out()?)))
    }

    fn of_unseen(encoding: &Encoding, unseen: &[u64]) -> Self {
        let unseen = unseen_levels(encoding, unseen);
        let text = |(column, n): &(String, u64)| format!("held out: {}", unseen_text(encoding, column, *n));
        let unseen_texts = unseen.iter().map(text).collect();
        Self { of_files: None, unseen, unseen_texts }
    }

    /// Which rows are not scored; nothing where all are.
    pub(crate) fn left_out_text(&self) -> Option<String> {
        let (rows, n_read, n_scored) = self.of_files.as_ref()?;
        let left_out = (n_read > n_scored).then(|| {
            let n = n_read - n_scored;
            format!("{}, {n} without a target or with a missing value left out", count(*n_read, "record"))
        });
        let lines: Vec<String> = rows.text().into_iter().chain(left_out).collect();
        (!lines.is_empty()).then(|| format!("of the files held out: {}", lines.join("\n")))
    }

    /// A line for each column with values that the model has not seen.
    pub(crate) fn unseen_texts(&self) -> &[String] {
        &self.unseen_texts
    }

    /// Adds the same to a report.
    pub(crate) fn tell(&self, report: &mut Value) {
        if let Some((rows, n_read, n_scored)) = &self.of_files {
            rows.tell_held_out(report);
            report["held_out_left_out"] = json!(n_read - n_scored);
        }
        report["held_out_unseen_levels"] = unseen_json(&self.unseen);
    }
}

/// Values of records held out that the models of their folds have no weight for, over all folds.
#[derive(Debug, Default)]
pub(crate) struct UnseenInFolds {
    /// How many of each column.
    columns: Vec<(String, u64)>,
    /// How many became what.
    became: Vec<(String, u64)>,
}

impl UnseenInFolds {
    /// Adds those of a fold.
    ///
    /// Errors: those of the file that holds the table's pages.
    pub(crate) fn add(&mut self, fold: &Prepared<'_>, encoding: &Encoding) -> Result<()> {
        for (column, n) in unseen_levels(encoding, &fold.unseen_held_out()?) {
            add_to(&mut self.became, what_became(encoding, &column), n);
            add_to(&mut self.columns, column, n);
        }
        Ok(())
    }

    /// A line for each column, and each thing that became of its values.
    pub(crate) fn text(&self) -> String {
        self.became
            .iter()
            .map(|(what, n)| format!("held out, over the folds: {} {what}\n", count(*n, "value")))
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        unseen_json(&self.columns)
    }
}

fn add_to(counts: &mut Vec<(String, u64)>, key: String, n: u64) {
    match counts.iter_mut().find(|(other, _)| *other == key) {
        Some((_, total)) => *total += n,
        None => counts.push((key, n)),
    }
}

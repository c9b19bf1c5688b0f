//! What a model is scored on beside the records that it was trained on.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use deltarule_data::{DataError, Reader, RowEncoder, SplitBy, SplitRule, is_url};
use deltarule_model::Encoding;
use serde_json::{Value, json};

use crate::cli::{FileArgs, ValidArgs, WeightArgs};
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

//! Predictions for the records of files, which are read a few thousand at a time.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use deltarule_core::BLOCK_ROWS;
use deltarule_data::{CsvOptions, Reader, RowEncoder, RowState, find_files};
use deltarule_model::Model;

use crate::error::Failure;
use crate::model::{Answers, Asked};
use crate::watch::unless;

/// What a model says of the records of files, and what is so.
pub(crate) struct Compared {
    /// How many answers each record has.
    pub(crate) width: usize,
    /// The answers, record by record.
    pub(crate) answers: Vec<f64>,
    /// The targets, shape (records, outputs), or of classes their places, shape (records,); nothing where they were not asked for.
    pub(crate) truths: Vec<f64>,
    /// How often each record counts; nothing where no column says so.
    pub(crate) weights: Vec<f64>,
}

/// That targets are asked for, too.
pub(crate) struct Truths<'a> {
    /// The column that says how often each record counts.
    pub(crate) weight: Option<&'a str>,
}

/// Asks a model about each record of files.
///
/// Errors: files that cannot be read, or lack a column; a record that the model has no prediction for, or that has no target where those are asked
/// for.
pub(crate) fn ask(
    model: &Model,
    paths: &[PathBuf],
    asked: Asked,
    truths: Option<Truths<'_>>,
    stop: &AtomicBool,
) -> Result<Compared, Failure> {
    let mut reader = Reader::open_all(&find_files(paths)?, &CsvOptions::default())?;
    let mut encoder = RowEncoder::new(model.encoding(), &reader, truths.is_some())?;
    if let Some(weight) = truths.as_ref().and_then(|truths| truths.weight) {
        encoder = encoder.with_weight(&reader, weight)?;
    }
    let files = reader.files().to_vec();
    let mut answers = Answers::of(model, asked)?;
    let (mut targets, mut weights) = (Vec::new(), Vec::new());
    loop {
        encoder.clear();
        while encoder.len() < BLOCK_ROWS {
            let Some(record) = reader.next_record()? else { break };
            encoder.push(&record)?;
            let file = || files.get(record.file).cloned().unwrap_or_default();
            match encoder.states().last() {
                Some(RowState::FeatureMissing) => {
                    let what = format!("{}: found a value that is missing", record.at);
                    let advice = "fill such values in, leave such records out";
                    return Err(Failure::no_value(&file(), &what, advice, model.encoding().missing));
                }
                Some(RowState::TargetMissing) => {
                    return Err(Failure::Value(format!(
                        "{}: {}: found no target, expected one; leave such records out",
                        file(),
                        record.at
                    )));
                }
                Some(RowState::Complete) | None => {}
            }
        }
        if encoder.is_empty() {
            break;
        }
        if unless(stop).is_break() {
            return Err(Failure::Interrupted);
        }
        let block = encoder.block()?;
        answers.add(&block)?;
        weights.extend_from_slice(block.weights().unwrap_or_default());
        if truths.is_some() {
            match model.encoding().target.classes() {
                Some(_) => targets.extend(encoder.classes().iter().map(|class| f64::from(*class))),
                None => {
                    for row in 0..encoder.len() {
                        targets.extend((0..model.encoding().target.n_outputs()).map(|j| encoder.targets(j)[row]));
                    }
                }
            }
        }
    }
    Ok(Compared { width: answers.width(), answers: answers.all, truths: targets, weights })
}

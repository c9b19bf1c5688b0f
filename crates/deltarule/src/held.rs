//! Files whose records are passed over again and again: to watch descent on them, or to draw E.

use anyhow::{Result, bail};
use deltarule_core::{BlockSource as _, Loss};
use deltarule_data::{DataError, EncodedBuilder, EncodedRecords, Prepared, Reader};
use deltarule_model::Encoding;

use crate::cli::{MemoryArgs, ValidArgs, WeightArgs};
use crate::rows::{RowTally, Rows};
use crate::scores::{check_targets, class_of, complete_records, encoder_of};
use crate::valid::HeldOutRows;
use crate::{output, setup};

/// The records of some files that have every feature and the target.
#[derive(Debug)]
pub(crate) struct HeldOutFiles {
    /// With the weight of each record, that of its class in it, where not all are 1.
    records: EncodedRecords,
    /// What became of the rows of the files.
    left_out: RowTally,
    /// How many records the files have.
    n_read: u64,
    /// How many values of each feature the model has not seen.
    unseen: Vec<u64>,
}

impl HeldOutFiles {
    /// The records of the files of `--valid`, taken from there where `--early-stopping` is to look at them.
    ///
    /// Errors: those of [`read`](Self::read).
    pub(crate) fn of_early_stopping(
        valid: &mut Option<Box<Reader>>,
        (args, weights, memory): (&ValidArgs, &WeightArgs, &MemoryArgs),
        prepared: &Prepared<'_>,
        (encoding, loss): (&Encoding, Loss),
        rows: &mut Rows,
    ) -> Result<Option<Self>> {
        let Some(mut reader) = valid.take_if(|_| args.early_stopping.is_some()) else { return Ok(None) };
        let memory = memory.memory.unwrap_or_else(setup::sound_memory);
        let judged = (loss, weights.weight.as_deref(), prepared.training.class_weights());
        Self::read(&mut reader, encoding, judged, memory, None, rows).map(Some)
    }

    /// Reads all records, or only one of them, from 1; their weights are in a column, and `of_classes` are those of the classes, empty where they count alike.
    /// What is more than `memory` bytes goes to a file without a name.
    ///
    /// Errors: those of the files; a target that the loss is not defined for; no record.
    pub(crate) fn read(
        reader: &mut Reader,
        encoding: &Encoding,
        (loss, column, of_classes): (Loss, Option<&str>, &[f64]),
        memory: usize,
        only: Option<u64>,
        rows: &mut Rows,
    ) -> Result<Self> {
        let file = reader.name().to_owned();
        let mut encoder = encoder_of(encoding, reader, loss, column, rows)?;
        let is_weighed = column.is_some() || !of_classes.is_empty();
        let n_threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut all = EncodedBuilder::new(memory, n_threads);
        let n_read = complete_records(reader, &mut encoder, rows, |before, complete, block| {
            if output::interrupted() {
                return Err(DataError::Interrupted { file: file.clone() }.into());
            }
            check_targets(&encoding.target, loss, block, complete, &file, before)?;
            let is_wanted = |r: usize| only.is_none_or(|record| before + r as u64 + 1 == record);
            let rows: Vec<usize> = (0..block.n_records()).filter(|&r| complete(r) && is_wanted(r)).collect();
            let of_class = |r: usize| match of_classes {
                [] => 1.0,
                of_classes => of_classes.get(class_of(&encoding.target, block, r) as usize).copied().unwrap_or(1.0),
            };
            let weight = |&r: &usize| block.weights().map_or(1.0, |weights| weights[r]) * of_class(r);
            let weights: Option<Vec<f64>> = is_weighed.then(|| rows.iter().map(weight).collect());
            Ok(all.push(block, &rows, weights.as_deref())?)
        })?;
        let left_out = rows.conclude(&file, n_read)?;
        match all.finish()? {
            Some(records) => Ok(Self { records, left_out, n_read, unseen: encoder.unseen().to_vec() }),
            None if only.is_some_and(|record| record > n_read) => {
                bail!("{file}: found no record {}, expected one from 1 to {n_read}", only.unwrap_or_default())
            }
            None if only.is_some() => {
                bail!(
                    "{file}: record {} has no target or a missing value, expected a complete one",
                    only.unwrap_or_default()
                )
            }
            None => bail!("{file}: found no record with every feature and the target, expected at least one"),
        }
    }

    /// What became of the rows of the files.
    pub(crate) fn left_out(&self) -> &RowTally {
        &self.left_out
    }

    /// What is to be said of them where a model with this encoding is scored on them.
    pub(crate) fn rows(&self, encoding: &Encoding) -> HeldOutRows {
        let n_scored = self.records.n_records() as u64;
        HeldOutRows::of_files(self.left_out.clone(), (self.n_read, n_scored), encoding, &self.unseen)
    }

    /// The records, as a source of blocks.
    pub(crate) fn records(&self) -> &EncodedRecords {
        &self.records
    }

    /// Whether some records count more than others.
    pub(crate) fn is_weighted(&self) -> bool {
        self.records.is_weighted()
    }

    /// How many there are.
    pub(crate) fn n_records(&self) -> usize {
        self.records.n_records()
    }
}

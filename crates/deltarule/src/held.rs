//! Files whose records are held in memory: to watch descent on them, or to draw E.

use anyhow::{Result, bail};
use deltarule_core::{Block, Column, Dataset, Loss, Targets};
use deltarule_data::{DataError, Prepared, Reader};
use deltarule_model::Encoding;

use crate::cli::{MemoryArgs, ValidArgs, WeightArgs};
use crate::rows::{RowTally, Rows};
use crate::scores::{check_targets, class_of, complete_records, encoder_of};
use crate::{output, setup};

/// The records of some files that have every feature and the target.
#[derive(Debug)]
pub(crate) struct HeldOutFiles {
    columns: Vec<Column<'static, f64>>,
    targets: Targets<'static, f64>,
    /// The weight of each record, that of its class in it; `None` where all are 1.
    weights: Option<Vec<f64>>,
    /// What became of the rows of the files.
    left_out: RowTally,
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
        let why = "--early-stopping, which looks at them after every epoch; try a larger --memory, or --valid 0.25";
        Self::read(&mut reader, encoding, judged, memory, why, None, rows).map(Some)
    }

    /// Reads all records, or only one of them, from 1; their weights are in a column, and `of_classes` are those of the classes, empty where they count alike.
    ///
    /// Errors: those of the files; a target that the loss is not defined for; no record; more than `memory` bytes of them, where `why` says what needs them.
    pub(crate) fn read(
        reader: &mut Reader,
        encoding: &Encoding,
        (loss, column, of_classes): (Loss, Option<&str>, &[f64]),
        memory: usize,
        why: &str,
        only: Option<u64>,
        rows: &mut Rows,
    ) -> Result<Self> {
        let file = reader.name().to_owned();
        let mut encoder = encoder_of(encoding, reader, loss, column, rows)?;
        let is_weighed = column.is_some() || !of_classes.is_empty();
        let mut all: Option<Self> = None;
        let n_read = complete_records(reader, &mut encoder, rows, |before, complete, block| {
            if output::interrupted() {
                return Err(DataError::Interrupted { file: file.clone() }.into());
            }
            check_targets(&encoding.target, loss, block, complete, &file, before)?;
            let is_wanted = |r: usize| only.is_none_or(|record| before + r as u64 + 1 == record);
            let rows: Vec<usize> = (0..block.n_records()).filter(|&r| complete(r) && is_wanted(r)).collect();
            let all = all.get_or_insert_with(|| Self::like(block));
            all.take(block, &rows);
            if is_weighed {
                let of_class = |r: usize| match of_classes {
                    [] => 1.0,
                    of_classes => of_classes.get(class_of(&encoding.target, block, r) as usize).copied().unwrap_or(1.0),
                };
                let weight = |&r: &usize| block.weights().map_or(1.0, |weights| weights[r]) * of_class(r);
                all.weights.get_or_insert_default().extend(rows.iter().map(weight));
            }
            let bytes = all.bytes();
            if bytes > memory {
                bail!(
                    "{file}: found more records than memory has room for ({memory} bytes), expected fewer beside {why}"
                );
            }
            Ok(())
        })?;
        let left_out = rows.conclude(&file, n_read)?;
        match all.filter(|all| all.n_records() > 0) {
            Some(all) => Ok(Self { left_out, ..all }),
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

    /// As a source of blocks.
    pub(crate) fn dataset(&self) -> Result<Dataset<'_, f64>> {
        let dataset = Dataset::from_columns(&self.columns, &self.targets)?;
        Ok(match &self.weights {
            Some(weights) => dataset.with_weights(weights)?,
            None => dataset,
        })
    }

    /// Whether some records count more than others.
    pub(crate) fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// How many there are.
    pub(crate) fn n_records(&self) -> usize {
        match &self.targets {
            Targets::Numbers(targets) => targets.first().map_or(0, |first| first.len()),
            Targets::Classes { codes, .. } => codes.len(),
        }
    }

    /// Columns like those of a block, without a record.
    fn like(block: &Block<'_, f64>) -> Self {
        let empty = |column: &Column<'_, f64>| match column {
            Column::Codes { n_levels, .. } => Column::Codes { codes: Vec::new().into(), n_levels: *n_levels },
            Column::Sparse { n_columns, .. } => Column::Sparse {
                n_columns: *n_columns,
                starts: vec![0].into(),
                indices: Vec::new().into(),
                values: Vec::new().into(),
            },
            _ => Column::Numbers(Vec::new().into()),
        };
        let targets = match block.targets() {
            Targets::Numbers(targets) => Targets::Numbers(targets.iter().map(|_| Vec::new().into()).collect()),
            Targets::Classes { n_classes, low, high, .. } => {
                Targets::Classes { codes: Vec::new().into(), n_classes: *n_classes, low: *low, high: *high }
            }
        };
        Self {
            columns: block.columns().iter().map(empty).collect(),
            targets,
            weights: None,
            left_out: RowTally::default(),
        }
    }

    /// Takes some rows of a block.
    fn take(&mut self, block: &Block<'_, f64>, rows: &[usize]) {
        for (into, from) in self.columns.iter_mut().zip(block.columns()) {
            match (into, from) {
                (Column::Numbers(into), Column::Numbers(from)) => into.to_mut().extend(rows.iter().map(|&r| from[r])),
                (Column::Codes { codes: into, .. }, Column::Codes { codes, .. }) => {
                    into.to_mut().extend(rows.iter().map(|&r| codes[r]));
                }
                (
                    Column::Sparse { starts: into_starts, indices: into_indices, values: into_values, .. },
                    Column::Sparse { starts, indices, values, .. },
                ) => {
                    for &r in rows {
                        let stored = starts[r]..starts[r + 1];
                        into_indices.to_mut().extend_from_slice(&indices[stored.clone()]);
                        into_values.to_mut().extend_from_slice(&values[stored]);
                        into_starts.to_mut().push(into_indices.len());
                    }
                }
                // All blocks of an encoder have the same kinds of columns.
                _ => {}
            }
        }
        match (&mut self.targets, block.targets()) {
            (Targets::Numbers(into), Targets::Numbers(from)) => {
                for (into, from) in into.iter_mut().zip(from) {
                    into.to_mut().extend(rows.iter().map(|&r| from[r]));
                }
            }
            (Targets::Classes { codes: into, .. }, Targets::Classes { codes, .. }) => {
                into.to_mut().extend(rows.iter().map(|&r| codes[r]));
            }
            _ => {}
        }
    }

    fn bytes(&self) -> usize {
        let of_column = |column: &Column<'_, f64>| match column {
            Column::Numbers(values) => 8 * values.len(),
            Column::Codes { codes, .. } => 4 * codes.len(),
            Column::Sparse { starts, values, .. } => 8 * starts.len() + 12 * values.len(),
            Column::Tiled(_) => 0,
        };
        let of_targets = match &self.targets {
            Targets::Numbers(targets) => 8 * targets.iter().map(|target| target.len()).sum::<usize>(),
            Targets::Classes { codes, .. } => 4 * codes.len(),
        };
        let of_weights = self.weights.as_ref().map_or(0, |weights| 8 * weights.len());
        self.columns.iter().map(of_column).sum::<usize>() + of_targets + of_weights
    }
}

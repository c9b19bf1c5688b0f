//! Points of a file, as they are given: what a person chose of its columns, and what is read of them.

use std::ops::ControlFlow;

use deltarule_core::{BlockSource, Column, Moments, Targets, Threads};
use deltarule_data::{
    Choices, CsvOptions, CsvReader, MOST_NUMBERS_OF_A_PAGE, ReadOptions, Table, TableColumn, Task, prepare,
};
use deltarule_model::{FeatureKind, MissingRule, ScaleRule, Target};
use serde::{Deserialize, Serialize};

use super::{FeatureName, Points, part};
use crate::error::{PageError, Result, setting};

/// What a person chose of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    /// The target columns.
    pub targets: Vec<String>,
    /// The feature columns; none: all others.
    pub features: Vec<String>,
    /// Columns that are categories whatever they hold.
    pub categorical: Vec<String>,
    /// `error`, `mean`, `level`, `mean+flag` or `drop`.
    pub missing: Option<String>,
    /// `regression` or `classification`.
    pub task: Option<String>,
    /// f, where it decides what numbers classes are.
    pub activation: Option<String>,
}

/// What is known of a column of a file.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnFact {
    /// Its name.
    pub name: String,
    /// One word for what it holds.
    pub kind: &'static str,
    /// How many different texts there are.
    pub levels: Option<usize>,
    /// How many values are missing.
    pub missing: u64,
    /// The smallest and the largest number.
    pub range: Option<(f64, f64)>,
}

impl ColumnFact {
    fn of(column: &TableColumn) -> Self {
        let facts = &column.facts;
        let kind = column.type_name();
        Self {
            name: column.name.clone(),
            kind,
            levels: column.n_levels(),
            missing: facts.n_missing,
            range: facts.range,
        }
    }
}

/// What columns a file has.
///
/// Errors: it is no table.
pub fn columns_of(name: &str, bytes: Vec<u8>) -> Result<Vec<ColumnFact>> {
    let table = read(name, bytes, &Chosen::default())?;
    Ok(table.columns().iter().map(ColumnFact::of).collect())
}

fn read(name: &str, bytes: Vec<u8>, chosen: &Chosen) -> Result<Table> {
    let reader = CsvReader::from_bytes(name, bytes, &CsvOptions::default())?;
    let only = match chosen.features.is_empty() {
        true => Vec::new(),
        false => chosen.features.iter().chain(&chosen.targets).cloned().collect(),
    };
    let categorical = chosen.categorical.clone();
    let threads = std::num::NonZeroUsize::new(1);
    let options = ReadOptions { categorical, only, threads, ..ReadOptions::default() };
    Ok(Table::from_reader(reader, &options, &mut |_| ControlFlow::Continue(()))?)
}

impl Points {
    /// Reads a file, as the command does.
    ///
    /// Errors: those of the reader and of [`prepare`], a file that is too large to be shown.
    pub fn read(name: &str, bytes: Vec<u8>, chosen: &Chosen) -> Result<Self> {
        if chosen.targets.is_empty() {
            return setting("target", "nothing", "the column to predict");
        }
        let table = read(name, bytes, chosen)?;
        let missing = match &chosen.missing {
            None => MissingRule::Error,
            Some(name) => match MissingRule::ALL.iter().find(|rule| rule.name() == name) {
                Some(rule) => *rule,
                None => return setting("missing", name, "error, mean, level, mean+flag or drop"),
            },
        };
        let task = match chosen.task.as_deref() {
            None => None,
            Some("regression") => Some(Task::Regression),
            Some("classification") => Some(Task::Classification),
            Some(other) => return setting("task", other, "regression or classification"),
        };
        let activation = chosen.activation.as_deref().map(str::parse).transpose()?;
        let choices = Choices {
            targets: chosen.targets.clone(),
            features: chosen.features.clone(),
            categorical: chosen.categorical.clone(),
            missing,
            task,
            activation,
            ..Choices::default()
        };
        let prepared = prepare(&table, &choices)?;
        let training = &prepared.training;
        let (n_records, n_inputs) = (training.n_records(), training.shape().n_features());
        let most = MOST_NUMBERS_OF_A_PAGE;
        if n_records.saturating_mul(n_inputs.max(1)) > most {
            return Err(PageError::TooLarge { name: name.to_owned(), n_records, n_inputs, most });
        }
        let moments = Moments::of(training, &Threads::one())?;
        let (encoding, _) = prepared.encoding(&moments, ScaleRule::Standard, missing, true);
        let features = encoding.features.iter().map(|feature| FeatureName {
            name: feature.name.clone(),
            levels: match &feature.kind {
                FeatureKind::Category { levels, .. } => Some(levels.clone()),
                _ => None,
            },
        });
        let mut columns: Option<(Vec<Column<'static, f64>>, Targets<'static, f64>)> = None;
        for index in 0..training.n_blocks() {
            training.read(index, &mut |block| match &mut columns {
                None => columns = Some((block.columns().iter().map(owned).collect(), owned_targets(block.targets()))),
                Some((columns, targets)) => {
                    columns.iter_mut().zip(block.columns()).for_each(|(column, further)| extend(column, further));
                    extend_targets(targets, block.targets());
                }
            })?;
        }
        let (columns, mut targets) = columns.ok_or(deltarule_core::Error::NoRecords)?;
        if let (Target::TwoClasses { high, .. }, Targets::Numbers(all)) = (&encoding.target, &mut targets) {
            let code = |y: &mut f64| *y = if y == high { 1.0 } else { 0.0 };
            all.iter_mut().for_each(|values| values.to_mut().iter_mut().for_each(code));
        }
        let mut notes = prepared.notes.clone();
        notes.extend(prepared.warnings.iter().cloned());
        Ok(Self {
            name: name.to_owned(),
            features: features.collect(),
            inputs: encoding.input_names(),
            columns,
            target: encoding.target.columns().join(", "),
            outputs: encoding.target.output_names(),
            classes: match &encoding.target {
                Target::Numbers { .. } => None,
                classes => classes.classes().map(<[String]>::to_vec),
            },
            targets,
            activation: prepared.activation.clone(),
            notes,
        })
    }
}

fn owned(column: &Column<'_, f64>) -> Column<'static, f64> {
    part(column, 0..column.len())
}

fn extend(column: &mut Column<'static, f64>, further: &Column<'_, f64>) {
    match (column, further) {
        (Column::Numbers(values), Column::Numbers(more)) => values.to_mut().extend_from_slice(more),
        (Column::Codes { codes, .. }, Column::Codes { codes: more, .. }) => codes.to_mut().extend_from_slice(more),
        _ => {}
    }
}

fn owned_targets(targets: &Targets<'_, f64>) -> Targets<'static, f64> {
    match targets {
        Targets::Numbers(all) => Targets::Numbers(all.iter().map(|values| values.to_vec().into()).collect()),
        Targets::Classes { codes, n_classes, low, high } => {
            let (codes, n_classes, low, high) = (codes.to_vec().into(), *n_classes, *low, *high);
            Targets::Classes { codes, n_classes, low, high }
        }
    }
}

fn extend_targets(targets: &mut Targets<'static, f64>, further: &Targets<'_, f64>) {
    match (targets, further) {
        (Targets::Numbers(all), Targets::Numbers(more)) => {
            all.iter_mut().zip(more).for_each(|(values, more)| values.to_mut().extend_from_slice(more));
        }
        (Targets::Classes { codes, .. }, Targets::Classes { codes: more, .. }) => {
            codes.to_mut().extend_from_slice(more)
        }
        _ => {}
    }
}

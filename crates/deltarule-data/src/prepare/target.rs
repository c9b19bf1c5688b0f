//! What the target columns are: numbers, or classes.

use std::borrow::Cow;

use deltarule_core::{NO_LEVEL, Targets};
use deltarule_model::Target;

use super::{Choices, Part, Task, numbers_of, pick};
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::table::Table;

/// What the target columns are taken as.
#[derive(Debug)]
pub(super) enum TargetKind {
    Numbers,
    Classes {
        /// The class of every record of the table; [`NO_LEVEL`] without a target.
        codes: Vec<u32>,
        names: Vec<String>,
    },
}

/// More classes than this must have two records each, on average.
const FEW_CLASSES: usize = 10;

/// More classes than this are taken for a mistake.
const MOST_CLASSES: usize = 1000;

impl TargetKind {
    pub(super) fn of(
        table: &Table,
        targets: &[&TableColumn],
        choices: &Choices,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let wrong = |column: &TableColumn, found: &str, expected: &str| DataError::Target {
            file: table.name().to_owned(),
            column: column.name.clone(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        for target in targets {
            table.check_usable(target)?;
            match target.values {
                Values::Missing => return Err(wrong(target, "no value at all", "numbers or classes")),
                Values::Unique => {
                    return Err(wrong(target, "texts that are nearly all different", "numbers or classes"));
                }
                Values::Skipped => return Err(wrong(target, "a column that is also dropped", "a column that is kept")),
                _ => {}
            }
        }
        let [target] = targets else {
            for target in targets {
                if let Values::Text { .. } = target.values {
                    return Err(wrong(target, "text", "numbers, as for every one of several targets"));
                }
            }
            if choices.task == Some(Task::Classification) {
                return Err(wrong(targets[0], "several targets", "one target, for --task classification"));
            }
            return Ok(TargetKind::Numbers);
        };
        let name = &target.name;
        match &target.values {
            Values::Text { codes, levels } => {
                if choices.task == Some(Task::Regression) {
                    return Err(wrong(target, "text", "numbers, for --task regression"));
                }
                match levels.len() {
                    1 => {
                        return Err(wrong(target, &format!("one class only, {:?}", levels[0]), "at least two classes"));
                    }
                    2 => notes.push(format!(
                        "target {name}: two classes, one output: near its low end for {}, near its high end for {}",
                        levels[0], levels[1]
                    )),
                    n if n > MOST_CLASSES => {
                        return Err(wrong(
                            target,
                            &format!("{n} different texts"),
                            &format!("numbers, or at most {MOST_CLASSES} classes"),
                        ));
                    }
                    n if n > FEW_CLASSES && 2 * n > table.n_records() => {
                        return Err(wrong(
                            target,
                            &format!("{n} different texts in {} records", table.n_records()),
                            "numbers, or classes with several records each",
                        ));
                    }
                    n => notes.push(format!("target {name}: {n} classes, one output for each")),
                }
                Ok(TargetKind::Classes { codes: codes.clone(), names: levels.clone() })
            }
            Values::Numbers(values) | Values::Booleans(values) => {
                let truth = matches!(target.values, Values::Booleans(_));
                let distinct = distinct_values(values, MOST_CLASSES);
                let two = distinct.as_deref().is_some_and(|d| *d == [0.0, 1.0] || *d == [-1.0, 1.0]);
                let classes = match choices.task {
                    Some(Task::Regression) => false,
                    Some(Task::Classification) => true,
                    None => two,
                };
                if !classes {
                    return Ok(TargetKind::Numbers);
                }
                let Some(distinct) = distinct else {
                    let found = format!("more than {MOST_CLASSES} different numbers");
                    return Err(wrong(target, &found, "classes, for --task classification"));
                };
                if distinct.len() < 2 {
                    return Err(wrong(target, &format!("one value only, {}", distinct[0]), "at least two classes"));
                }
                let name_of = |value: &f64| match truth {
                    true => if *value == 1.0 { "true" } else { "false" }.to_owned(),
                    false => value.to_string(),
                };
                if choices.task.is_none() {
                    notes.push(format!(
                        "target {name} has only the values {} and {}: taken as two classes (--task regression takes it as a number)",
                        name_of(&distinct[0]),
                        name_of(&distinct[1])
                    ));
                }
                let code = |y: &f64| distinct.iter().position(|value| value == y).map_or(NO_LEVEL, |k| k as u32);
                Ok(TargetKind::Classes {
                    codes: values.iter().map(code).collect(),
                    names: distinct.iter().map(name_of).collect(),
                })
            }
            _ => Ok(TargetKind::Numbers),
        }
    }

    pub(super) fn classes_of(&self, records: &[usize]) -> Vec<u32> {
        match self {
            TargetKind::Numbers => Vec::new(),
            TargetKind::Classes { codes, .. } => records.iter().map(|&r| codes[r]).collect(),
        }
    }

    pub(super) fn gather<'t>(
        &self,
        targets: &[&'t TableColumn],
        records: &[usize],
        low: f64,
        high: f64,
    ) -> Targets<'t, f64> {
        match self {
            TargetKind::Numbers => Targets::Numbers(
                targets.iter().filter_map(|target| numbers_of(target)).map(|y| pick(y, records)).collect(),
            ),
            TargetKind::Classes { codes, names } if names.len() == 2 => {
                let value = |&r: &usize| if codes[r] == 1 { high } else { low };
                Targets::Numbers(vec![records.iter().map(value).collect()])
            }
            TargetKind::Classes { names, .. } => {
                Targets::Classes { codes: self.classes_of(records).into(), n_classes: names.len(), low, high }
            }
        }
    }

    /// The target as the model keeps it, with means and counts of the training records.
    pub(super) fn target(
        &self,
        targets: &[&TableColumn],
        training: &Part<'_>,
        low: f64,
        high: f64,
        table: &Table,
    ) -> Result<Target> {
        match (self, &training.targets) {
            (TargetKind::Classes { names, .. }, _) => {
                let mut counts = vec![0; names.len()];
                for &class in &training.classes {
                    if let Some(count) = counts.get_mut(class as usize) {
                        *count += 1;
                    }
                }
                let name = targets[0].name.clone();
                if let Some(empty) = counts.iter().position(|count| *count == 0) {
                    return Err(DataError::Target {
                        file: table.name().to_owned(),
                        column: name,
                        found: format!("no record of class {:?} to train on", names[empty]),
                        expected: "records of every class; try --missing mean, or another --valid or --seed".into(),
                    });
                }
                Ok(match (&names[..], &counts[..]) {
                    ([first, second], [a, b]) => Target::TwoClasses {
                        name,
                        classes: [first.clone(), second.clone()],
                        low,
                        high,
                        counts: [*a, *b],
                    },
                    _ => Target::Classes { name, classes: names.clone(), low, high, counts },
                })
            }
            (TargetKind::Numbers, Targets::Numbers(columns)) => {
                let mean = |y: &Cow<'_, [f64]>| {
                    let first = y.first().copied().unwrap_or(0.0);
                    first + y.iter().map(|y| y - first).sum::<f64>() / y.len().max(1) as f64
                };
                let names = targets.iter().map(|target| target.name.clone()).collect();
                Ok(Target::Numbers { names, means: columns.iter().map(mean).collect() })
            }
            (TargetKind::Numbers, Targets::Classes { .. }) => {
                Err(DataError::NoFeatures { file: table.name().to_owned() })
            }
        }
    }
}

/// The different values, ascending; `None` where there are more than `most`.
fn distinct_values(values: &[f64], most: usize) -> Option<Vec<f64>> {
    let mut distinct: Vec<f64> = Vec::new();
    for y in values.iter().filter(|y| !y.is_nan()) {
        if let Err(place) = distinct.binary_search_by(|known| known.partial_cmp(y).unwrap_or(std::cmp::Ordering::Equal))
        {
            if distinct.len() == most {
                return None;
            }
            distinct.insert(place, *y);
        }
    }
    Some(distinct)
}

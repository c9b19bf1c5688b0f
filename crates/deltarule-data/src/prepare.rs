//! From a table and a person's choices to what training needs.

mod target;

use std::borrow::Cow;

use deltarule_core::{Activation, Column, ColumnMoments, Moments, NO_LEVEL, Random, Scaling, Stream, Targets};
use deltarule_model::{Encoding, Feature, FeatureKind, MissingRule, ScaleRule, Target};

use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::inspect::suspicions;
use crate::table::Table;
use target::TargetKind;

/// Numbers or classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// The target is a number.
    Regression,
    /// The target's values are classes.
    Classification,
}

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choices {
    /// The target columns; at least one.
    pub targets: Vec<String>,
    /// The feature columns; if there are none, all columns but the targets.
    pub features: Vec<String>,
    /// Columns that were named as categories, and so are wanted.
    pub categorical: Vec<String>,
    /// What becomes of missing values.
    pub missing: MissingRule,
    /// Numbers or classes; `None`: by what the target holds.
    pub task: Option<Task>,
    /// The activation; `None`: identity for numbers, sigmoid for classes.
    pub activation: Option<Activation>,
    /// The share of records that is held out.
    pub held_out: Option<f64>,
    /// Where the choice of held-out records is drawn from.
    pub seed: u64,
}

/// Some records of a table, as the core holds them.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<'t> {
    /// Raw feature columns.
    pub columns: Vec<Column<'t, f64>>,
    /// The targets.
    pub targets: Targets<'t, f64>,
    /// The class of each record; nothing for numbers.
    pub classes: Vec<u32>,
    /// Which records of the table these are, from 0.
    pub records: Vec<usize>,
}

/// A table, ready for training.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared<'t> {
    /// The records to train on.
    pub training: Part<'t>,
    /// The records held out.
    pub held_out: Option<Part<'t>>,
    /// What the outputs stand for.
    pub target: Target,
    /// f.
    pub activation: Activation,
    /// Records without a target.
    pub without_target: usize,
    /// Records left out since a value is missing.
    pub with_missing: usize,
    /// What was decided, to be said.
    pub notes: Vec<String>,
    /// What a person should look at.
    pub warnings: Vec<String>,
    features: Vec<DraftFeature<'t>>,
}

/// A feature before means and scales are known.
#[derive(Debug, Clone, PartialEq)]
struct DraftFeature<'t> {
    column: &'t TableColumn,
    /// Levels that occur in training, and the new code of each level of the table.
    levels: Vec<String>,
    new_codes: Vec<u32>,
}

/// Chooses features, target and records.
///
/// Errors: a name that is no column, a column that cannot be a feature (all of them in one message), a target that cannot be
/// learned, missing values under [`MissingRule::Error`], nothing left to learn from.
pub fn prepare<'t>(table: &'t Table, choices: &Choices) -> Result<Prepared<'t>> {
    let targets: Vec<&TableColumn> =
        choices.targets.iter().map(|name| table.column(name, "--target")).collect::<Result<_>>()?;
    let features = choose_features(table, choices)?;
    let mut notes = Vec::new();
    let kind = TargetKind::of(table, &targets, choices, &mut notes)?;
    let activation = choices.activation.clone().unwrap_or(match kind {
        TargetKind::Numbers => Activation::Identity,
        TargetKind::Classes { .. } => Activation::Sigmoid,
    });
    let (records, without_target, with_missing) = choose_records(table, &targets, &features, choices.missing)?;
    let (training, held_out) = match choices.held_out {
        None => (records, None),
        Some(fraction) => {
            let (training, held_out) = split(&records, fraction, choices.seed, &kind)?;
            (training, Some(held_out))
        }
    };
    let features: Vec<DraftFeature<'t>> =
        features.into_iter().map(|column| DraftFeature::of(column, &training)).collect();
    let (low, high) = match activation.range() {
        (-1.0, 1.0) => (-1.0, 1.0),
        _ => (0.0, 1.0),
    };
    let part = |records: Vec<usize>| Part {
        columns: features.iter().map(|feature| feature.gather(&records, table.n_records())).collect(),
        targets: kind.gather(&targets, &records, low, high),
        classes: kind.classes_of(&records),
        records,
    };
    let (training, held_out) = (part(training), held_out.map(part));
    let target = kind.target(&targets, &training, low, high, table)?;
    let mut warnings = Vec::new();
    for (index, suspicion) in suspicions(table, &choices.targets.iter().map(String::as_str).collect::<Vec<_>>()) {
        let column = &table.columns()[index];
        if !suspicion.is_refused() && features.iter().any(|feature| feature.column.name == column.name) {
            warnings.push(format!("column {}: {suspicion}", column.name));
        }
    }
    warn_of_range(&activation, &training, &mut warnings);
    Ok(Prepared { training, held_out, target, activation, without_target, with_missing, notes, warnings, features })
}

/// The feature columns, in the order of the table; refused ones are an error.
fn choose_features<'t>(table: &'t Table, choices: &Choices) -> Result<Vec<&'t TableColumn>> {
    for name in &choices.features {
        table.column(name, "--features")?;
    }
    let named =
        |column: &TableColumn| choices.features.contains(&column.name) || choices.categorical.contains(&column.name);
    let wanted = |column: &TableColumn| {
        !choices.targets.contains(&column.name)
            && column.values != Values::Skipped
            && (choices.features.is_empty() || choices.features.contains(&column.name))
    };
    let features: Vec<&TableColumn> = table.columns().iter().filter(|column| wanted(column)).collect();
    if features.is_empty() {
        return Err(DataError::NoFeatures { file: table.name().to_owned() });
    }
    let targets: Vec<&str> = choices.targets.iter().map(String::as_str).collect();
    let refused: Vec<(&TableColumn, String)> = suspicions(table, &targets)
        .into_iter()
        .map(|(index, suspicion)| (&table.columns()[index], suspicion))
        .filter(|(column, suspicion)| suspicion.is_refused() && wanted(column))
        // To name a column overrides a suspicion, but makes no number of a word.
        .filter(|(column, _)| {
            !named(column)
                || matches!(column.values, Values::Mixed | Values::Missing | Values::Unique | Values::Unsupported(_))
                || table.check_usable(column).is_err()
        })
        .map(|(column, suspicion)| (column, suspicion.to_string()))
        .collect();
    if let [(column, _)] = refused[..] {
        table.check_usable(column)?;
    }
    if !refused.is_empty() {
        let reasons: Vec<String> =
            refused.iter().map(|(column, reason)| format!("  {}: {reason}", column.name)).collect();
        let drop: Vec<&str> = refused.iter().map(|(column, _)| column.name.as_str()).collect();
        return Err(DataError::Refused {
            file: table.name().to_owned(),
            count: refused.len(),
            reasons: reasons.join("\n"),
            drop: drop.join(","),
        });
    }
    Ok(features)
}

/// The records that have a target and, where that is asked for, every feature.
fn choose_records(
    table: &Table,
    targets: &[&TableColumn],
    features: &[&TableColumn],
    rule: MissingRule,
) -> Result<(Vec<usize>, usize, usize)> {
    let n = table.n_records();
    let mut records: Vec<usize> = (0..n).collect();
    if targets.iter().any(|target| target.facts.n_missing > 0) {
        records.retain(|&r| targets.iter().all(|target| !is_missing_at(target, r)));
    }
    let without_target = n - records.len();
    let with_gaps: Vec<&&TableColumn> = features.iter().filter(|column| column.facts.n_missing > 0).collect();
    let mut with_missing = 0;
    if rule != MissingRule::Mean && !with_gaps.is_empty() {
        let before = records.len();
        let complete = |r: &usize| with_gaps.iter().all(|column| !is_missing_at(column, *r));
        if rule == MissingRule::Error
            && let Some(&first) = records.iter().find(|r| !complete(r))
        {
            let list: Vec<String> = with_gaps
                .iter()
                .map(|column| (column, records.iter().filter(|r| is_missing_at(column, **r)).count()))
                .filter(|(_, count)| *count > 0)
                .map(|(column, count)| format!("{} ({count} of {before})", column.name))
                .collect();
            let (file, line) = (table.name().to_owned(), table.line(first));
            return Err(DataError::Missing { file, list: list.join(", "), line });
        }
        records.retain(complete);
        with_missing = before - records.len();
    }
    if records.is_empty() {
        let (file, n_records) = (table.name().to_owned(), n);
        return Err(DataError::NoRecords { file, n_records, without_target, with_missing });
    }
    Ok((records, without_target, with_missing))
}

fn is_missing_at(column: &TableColumn, record: usize) -> bool {
    match &column.values {
        Values::Numbers(values) | Values::Booleans(values) => values[record].is_nan(),
        Values::Text { codes, .. } => codes[record] == NO_LEVEL,
        _ => true,
    }
}

/// Records to train on and records held out, both in the order of the table; classes keep their shares on both sides.
fn split(records: &[usize], fraction: f64, seed: u64, kind: &TargetKind) -> Result<(Vec<usize>, Vec<usize>)> {
    let mut random = Random::new(seed, Stream::Split);
    let mut held_out = Vec::new();
    let strata: Vec<Vec<usize>> = match kind {
        TargetKind::Numbers => vec![records.to_vec()],
        TargetKind::Classes { codes, names, .. } => (0..names.len() as u32)
            .map(|class| records.iter().copied().filter(|&r| codes[r] == class).collect())
            .collect(),
    };
    for mut stratum in strata {
        random.shuffle(&mut stratum);
        let count = (stratum.len() as f64 * fraction).round() as usize;
        held_out.extend(stratum.into_iter().take(count));
    }
    held_out.sort_unstable();
    let training: Vec<usize> = records.iter().copied().filter(|r| held_out.binary_search(r).is_err()).collect();
    if !(fraction > 0.0 && fraction < 1.0) || training.is_empty() || held_out.is_empty() {
        return Err(DataError::Split { found: fraction, n_records: records.len() });
    }
    Ok((training, held_out))
}

fn numbers_of(column: &TableColumn) -> Option<&[f64]> {
    match &column.values {
        Values::Numbers(values) | Values::Booleans(values) => Some(values),
        _ => None,
    }
}

/// The values of some records; all of them without a copy.
fn pick<'t, A: Copy>(values: &'t [A], records: &[usize]) -> Cow<'t, [A]>
where
    [A]: ToOwned<Owned = Vec<A>>,
{
    if records.len() == values.len() { Cow::Borrowed(values) } else { records.iter().map(|&r| values[r]).collect() }
}

impl<'t> DraftFeature<'t> {
    fn of(column: &'t TableColumn, training: &[usize]) -> Self {
        let Values::Text { codes, levels } = &column.values else {
            return Self { column, levels: Vec::new(), new_codes: Vec::new() };
        };
        let mut occurs = vec![false; levels.len()];
        for &r in training {
            if let Some(occurs) = occurs.get_mut(codes[r] as usize) {
                *occurs = true;
            }
        }
        let mut kept = Vec::new();
        let new_codes = levels
            .iter()
            .zip(occurs)
            .map(|(level, occurs)| {
                if occurs {
                    kept.push(level.clone());
                    kept.len() as u32 - 1
                } else {
                    NO_LEVEL
                }
            })
            .collect();
        Self { column, levels: kept, new_codes }
    }

    fn gather(&self, records: &[usize], n_records: usize) -> Column<'t, f64> {
        match &self.column.values {
            Values::Text { codes, levels } => {
                let n_levels = self.levels.len();
                if n_levels == levels.len() && records.len() == n_records {
                    return Column::Codes { codes: Cow::Borrowed(codes), n_levels };
                }
                let new_code = |&r: &usize| self.new_codes.get(codes[r] as usize).copied().unwrap_or(NO_LEVEL);
                Column::Codes { codes: records.iter().map(new_code).collect(), n_levels }
            }
            _ => Column::Numbers(pick(numbers_of(self.column).unwrap_or_default(), records)),
        }
    }
}

/// Targets that f cannot reach leave an error that no weight removes.
fn warn_of_range(activation: &Activation, training: &Part<'_>, warnings: &mut Vec<String>) {
    let (low, high) = activation.range();
    let Targets::Numbers(columns) = &training.targets else { return };
    let outside = columns.iter().flat_map(|y| y.iter()).filter(|y| **y < low || **y > high).count();
    if outside > 0 {
        warnings.push(format!(
            "{outside} targets lie outside of what {activation} can give, {low} to {high}: no weights can reach them; \
             try another --activation (identity has no limits)"
        ));
    }
}

impl Prepared<'_> {
    /// The encoding and the scaling, once the moments of the training records are known.
    pub fn encoding(
        &self,
        moments: &Moments,
        scale: ScaleRule,
        missing: MissingRule,
        has_bias: bool,
    ) -> (Encoding, Scaling) {
        let scaling = match scale {
            ScaleRule::Standard => Scaling::standard(moments),
            ScaleRule::None => Scaling::none(moments, has_bias),
        };
        let features = self
            .features
            .iter()
            .zip(moments.columns().iter().zip(scaling.columns()))
            .map(|(draft, (moments, scaling))| Feature {
                name: draft.column.name.clone(),
                kind: match (moments, &draft.column.values) {
                    (ColumnMoments::Number { mean, .. }, Values::Booleans(_)) => {
                        FeatureKind::Boolean { mean: *mean, scaling: *scaling }
                    }
                    (ColumnMoments::Number { mean, .. }, _) => {
                        let (min, max) = moments.range();
                        FeatureKind::Number { mean: *mean, min, max, scaling: *scaling }
                    }
                    (ColumnMoments::Category { .. } | ColumnMoments::Sparse { .. }, _) => {
                        FeatureKind::Category { levels: draft.levels.clone(), counts: moments.level_counts().to_vec() }
                    }
                },
            })
            .collect();
        (Encoding { features, target: self.target.clone(), missing, scale }, scaling)
    }

    /// How many number, boolean and category columns are features.
    pub fn count_features(&self) -> (usize, usize, usize) {
        self.features.iter().fold((0, 0, 0), |(n, b, c), feature| match feature.column.values {
            Values::Booleans(_) => (n, b + 1, c),
            Values::Text { .. } => (n, b, c + 1),
            _ => (n + 1, b, c),
        })
    }
}

impl Part<'_> {
    /// The same records in f32, every number less its column's first value, which is returned.
    ///
    /// The difference to the first value keeps its digits where the number itself (a time stamp, say) would lose them.
    pub fn narrowed(&self) -> (Vec<Column<'static, f32>>, Targets<'static, f32>, Vec<f64>) {
        let mut shifts = Vec::with_capacity(self.columns.len());
        let columns = self
            .columns
            .iter()
            .map(|column| match column {
                Column::Numbers(values) => {
                    let shift = values.iter().copied().find(|x| !x.is_nan()).unwrap_or(0.0);
                    shifts.push(shift);
                    Column::Numbers(values.iter().map(|x| (x - shift) as f32).collect())
                }
                Column::Tiled(tiled) => {
                    let values = || (0..column.len()).map(|r| tiled.get(r));
                    let shift = values().find(|x| !x.is_nan()).unwrap_or(0.0);
                    shifts.push(shift);
                    Column::Numbers(values().map(|x| (x - shift) as f32).collect())
                }
                Column::Codes { codes, n_levels } => {
                    shifts.push(0.0);
                    Column::Codes { codes: codes.clone().into_owned().into(), n_levels: *n_levels }
                }
                // A difference to another value than 0 would leave no zeros.
                Column::Sparse { n_columns, starts, indices, values } => {
                    shifts.push(0.0);
                    Column::Sparse {
                        n_columns: *n_columns,
                        starts: starts.clone().into_owned().into(),
                        indices: indices.clone().into_owned().into(),
                        values: values.iter().map(|&x| x as f32).collect(),
                    }
                }
            })
            .collect();
        let targets = match &self.targets {
            Targets::Numbers(columns) => {
                Targets::Numbers(columns.iter().map(|y| y.iter().map(|&y| y as f32).collect()).collect())
            }
            Targets::Classes { codes, n_classes, low, high } => Targets::Classes {
                codes: codes.clone().into_owned().into(),
                n_classes: *n_classes,
                low: *low,
                high: *high,
            },
        };
        (columns, targets, shifts)
    }
}

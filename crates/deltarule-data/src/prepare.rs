//! From a table and a person's choices to what training needs.

mod part;
mod records;
mod target;

use std::ops::ControlFlow;

use deltarule_core::{Activation, ColumnMoments, ColumnScaling, Moments, NO_LEVEL, Scaling};
use deltarule_model::{Encoding, Feature, FeatureKind, MissingRule, ScaleRule, SparseFeature, Target};

use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::inspect::{Suspicion, suspicions};
use crate::pages::{RowSet, Wanted};
use crate::table::Table;
pub use part::{Narrowed, Part};
use records::{choose_records, split};
use target::{Output, TargetKind, TargetTally};

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

/// A table, ready for training.
#[derive(Debug)]
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
#[derive(Debug, Clone)]
struct DraftFeature<'t> {
    column: &'t TableColumn,
    /// Its position in the table.
    position: usize,
    /// Levels that occur in training.
    levels: Vec<String>,
    /// The new code of each level of the table, where not all of them occur.
    new_codes: Option<Vec<u32>>,
}

/// Chooses features, target and records.
///
/// Errors: a name that is no column, a column that cannot be a feature (all of them in one message), a target that cannot be
/// learned, missing values under [`MissingRule::Error`], nothing left to learn from; those of the file that holds the table's
/// pages.
pub fn prepare<'t>(table: &'t Table, choices: &Choices) -> Result<Prepared<'t>> {
    let targets: Vec<usize> =
        choices.targets.iter().map(|name| table.position(name, "--target")).collect::<Result<_>>()?;
    let names: Vec<&str> = choices.targets.iter().map(String::as_str).collect();
    let suspicions = suspicions(table, &names)?;
    let features = choose_features(table, choices, &suspicions)?;
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
            let (training, held_out) = split(table, &records, fraction, choices.seed, &kind, &targets)?;
            (training, Some(held_out))
        }
    };
    let features = DraftFeature::of_all(table, &features, &training)?;
    let (low, high) = match activation.range() {
        (-1.0, 1.0) => (-1.0, 1.0),
        _ => (0.0, 1.0),
    };
    let output = Output { kind, columns: targets, low, high };
    let tally = TargetTally::of(table, &training, &output, activation.range())?;
    let target = tally.target(&output, table)?;
    let part = |rows: RowSet| Part::new(table, rows, &features, &output);
    let (training, held_out) = (part(training)?, held_out.map(part).transpose()?);
    let mut warnings = Vec::new();
    for (index, suspicion) in suspicions {
        if !suspicion.is_refused() && features.iter().any(|feature| feature.position == index) {
            warnings.push(format!("column {}: {suspicion}", table.columns()[index].name));
        }
    }
    warnings.extend(tally.warning(&activation));
    Ok(Prepared { training, held_out, target, activation, without_target, with_missing, notes, warnings, features })
}

/// The feature columns, in the order of the table; refused ones are an error.
fn choose_features(table: &Table, choices: &Choices, suspicions: &[(usize, Suspicion)]) -> Result<Vec<usize>> {
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
    let features: Vec<usize> = (0..table.columns().len()).filter(|&index| wanted(&table.columns()[index])).collect();
    if features.is_empty() {
        return Err(DataError::NoFeatures { file: table.name().to_owned() });
    }
    let refused: Vec<(&TableColumn, String)> = suspicions
        .iter()
        .map(|(index, suspicion)| (&table.columns()[*index], suspicion))
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

impl<'t> DraftFeature<'t> {
    /// The features at some positions; the levels of texts are those that occur in training.
    fn of_all(table: &'t Table, positions: &[usize], training: &RowSet) -> Result<Vec<Self>> {
        let mut features: Vec<Self> = positions
            .iter()
            .map(|&position| {
                let column = &table.columns()[position];
                let levels = match &column.values {
                    Values::Text { levels } => levels.clone(),
                    _ => Vec::new(),
                };
                Self { column, position, levels, new_codes: None }
            })
            .collect();
        let texts: Vec<usize> = (0..features.len()).filter(|&f| !features[f].levels.is_empty()).collect();
        if training.is_all() || texts.is_empty() {
            return Ok(features);
        }
        let mut occurs: Vec<Vec<bool>> = texts.iter().map(|&f| vec![false; features[f].levels.len()]).collect();
        let wanted = Wanted::of(texts.iter().map(|&f| features[f].position));
        table.pages().show_each(&wanted, |page, rows, columns| {
            for (&f, occurs) in texts.iter().zip(&mut occurs) {
                let codes = columns[features[f].position].codes();
                training.in_page(page, 0, |row| {
                    if let Some(occurs) = codes.get(rows.start + row).and_then(|&code| occurs.get_mut(code as usize)) {
                        *occurs = true;
                    }
                });
            }
            ControlFlow::Continue(())
        })?;
        for (f, occurs) in texts.into_iter().zip(occurs) {
            features[f].keep(&occurs);
        }
        Ok(features)
    }

    /// Leaves out the levels that do not occur.
    fn keep(&mut self, occurs: &[bool]) {
        if occurs.iter().all(|occurs| *occurs) {
            return;
        }
        let mut next = 0..;
        let new_code = |occurs: &bool| if *occurs { next.next().unwrap_or(NO_LEVEL) } else { NO_LEVEL };
        self.new_codes = Some(occurs.iter().map(new_code).collect());
        let mut occurs = occurs.iter();
        self.levels.retain(|_| occurs.next() == Some(&true));
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
            .enumerate()
            .map(|(k, (draft, (moments, column)))| Feature {
                name: draft.column.name.clone(),
                kind: match (moments, &draft.column.values) {
                    (ColumnMoments::Number { mean, .. }, Values::Booleans) => {
                        FeatureKind::Boolean { mean: *mean, scaling: *column }
                    }
                    (ColumnMoments::Number { mean, .. }, _) => {
                        let (min, max) = moments.range();
                        FeatureKind::Number { mean: *mean, min, max, scaling: *column }
                    }
                    (ColumnMoments::Sparse { .. }, values) => sparse_kind(values, moments, scaling.sparse(k)),
                    (ColumnMoments::Category { .. }, _) => {
                        FeatureKind::Category { levels: draft.levels.clone(), counts: moments.level_counts().to_vec() }
                    }
                },
            })
            .collect();
        (Encoding { features, target: self.target.clone(), missing, scale }, scaling)
    }

    /// How many number, boolean and category columns are features; sparse numbers are not counted.
    pub fn count_features(&self) -> (usize, usize, usize) {
        self.features.iter().fold((0, 0, 0), |(n, b, c), feature| match feature.column.values {
            Values::Booleans => (n, b + 1, c),
            Values::Text { .. } => (n, b, c + 1),
            Values::Sparse { .. } => (n, b, c),
            _ => (n + 1, b, c),
        })
    }
}

/// Each of the sparse numbers with its mean and its scaling.
fn sparse_kind(values: &Values, moments: &ColumnMoments, scalings: &[ColumnScaling]) -> FeatureKind {
    let (first_index, indices) = match values {
        Values::Sparse { first_index, indices, .. } => (*first_index, indices.as_slice()),
        _ => (1, &[][..]),
    };
    let known = moments.sparse_features().zip(scalings);
    let features = indices.iter().zip(known).map(|(&index, (moments, scaling))| {
        let mean = if let ColumnMoments::Number { mean, .. } = moments { mean } else { 0.0 };
        SparseFeature { index, mean, scaling: *scaling }
    });
    FeatureKind::Sparse { first_index, features: features.collect() }
}

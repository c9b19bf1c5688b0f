//! From a table and a person's choices to what training needs.

mod combine;
mod draft;
mod narrow;
mod part;
mod records;
mod seen;
mod split;
mod target;
mod unseen;
mod weights;

use deltarule_core::{Activation, ColumnMoments, Loss, Moments, Scaling};
use deltarule_model::{Encoding, FeatureKind, MissingRule, ScaleRule, Target};

use crate::advice::quoted_list;
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::inspect::{Suspicion, date_advice, suspicions};
use crate::pages::RowSet;
use crate::table::Table;
pub use combine::Combinations;
use draft::{DraftFeature, LevelRules, hash_note, sparse_kind};
pub(crate) use part::source_error;
pub use part::{Narrowed, Part};
use records::choose_records;
pub use split::{FoldRule, Folds, SplitBy, SplitKind, SplitRule};
use split::{Sides, Splitter};
use target::{Output, TargetKind, TargetTally, check_range};
pub use weights::ClassWeight;
use weights::Weighting;

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
    /// Levels of categories with fewer training records than this are pooled.
    pub min_count: Option<u64>,
    /// Features to be made of others.
    pub combinations: Combinations,
    /// Numbers or classes; `None`: by what the target holds.
    pub task: Option<Task>,
    /// The error of one prediction, which decides what target and activation there can be.
    pub loss: Loss,
    /// A column that says how often each record counts; it is no feature.
    pub weight: Option<String>,
    /// How often the records of each class count, beside it.
    pub class_weight: Option<ClassWeight>,
    /// The activation; `None`: the one that the loss is made for, or identity for numbers and sigmoid for classes.
    pub activation: Option<Activation>,
    /// The share of records that is held out.
    pub held_out: Option<f64>,
    /// The column that decides which; it is no feature unless it is named as one.
    pub split_by: Option<SplitBy>,
    /// Where the choice of held-out records is drawn from.
    pub seed: u64,
}

impl Choices {
    /// Numbers or classes, as was said or follows from the loss.
    fn task(&self) -> Option<Task> {
        self.task.or(match self.loss {
            Loss::Hinge => Some(Task::Classification),
            loss if loss.is_for_numbers() => Some(Task::Regression),
            _ => None,
        })
    }

    /// What decided the task.
    fn task_text(&self) -> String {
        match self.task {
            Some(Task::Regression) => "--task regression".to_owned(),
            Some(Task::Classification) => "--task classification".to_owned(),
            None => format!("--loss {}", self.loss.name()),
        }
    }
}

/// A table, ready for training.
#[derive(Debug)]
pub struct Prepared<'t> {
    /// The records to train on.
    pub training: Part<'t>,
    /// The records held out.
    pub held_out: Option<Part<'t>>,
    /// Σv of the training records of each class; one number for numbers.
    class_sums: Vec<f64>,
    /// How those were chosen.
    pub split: Option<SplitRule>,
    /// The same in words.
    pub held_out_text: Option<String>,
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
    plan: Plan<'t>,
}

/// What was decided before records were chosen, and from which of them.
#[derive(Debug, Clone)]
struct Plan<'t> {
    table: &'t Table,
    records: RowSet,
    /// The positions of the features.
    features: Vec<usize>,
    output: Output,
    activation: Activation,
    /// Whether targets that f cannot reach are a mistake.
    warns_of_range: bool,
    split_by: Option<SplitBy>,
    seed: u64,
    levels: LevelRules,
    /// Without the weights of classes, which depend on the training records.
    weighting: Weighting,
    class_weight: Option<ClassWeight>,
    combinations: Combinations,
}

/// How many columns of each kind are features; sparse numbers are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeatureCounts {
    /// Numbers.
    pub numbers: usize,
    /// Truth values.
    pub booleans: usize,
    /// Texts whose levels are inputs.
    pub categories: usize,
    /// Columns whose buckets are inputs.
    pub hashed: usize,
    /// Columns of dates, parts of which are inputs.
    pub dates: usize,
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
    let activation = choices.activation.clone().unwrap_or_else(|| match (&kind, choices.loss) {
        // Probabilities that sum to 1.
        (kind, Loss::Log) if kind.n_classes() > 2 => Activation::Softmax,
        (TargetKind::Numbers, loss) => loss.activation().unwrap_or(Activation::Identity),
        (TargetKind::Classes { .. }, loss) => loss.activation().unwrap_or(Activation::Sigmoid),
    });
    let (records, without_target, with_missing) = choose_records(table, &targets, &features, choices.missing)?;
    let (low, high) = choices.loss.class_targets_with(&activation);
    let output = Output { kind, columns: targets, low, high };
    check_range(table, &records, &output, choices.loss)?;
    let (split_by, seed) = (choices.split_by.clone(), choices.seed);
    let warns_of_range = choices.loss.aims_at_targets();
    let levels = LevelRules { missing: choices.missing, min_count: choices.min_count };
    let weighting = match &choices.weight {
        Some(name) => Weighting::of_column(table, name, &records)?,
        None => Weighting::default(),
    };
    let class_weight = choices.class_weight.clone();
    let combinations = choices.combinations.clone();
    let plan = Plan {
        table,
        records,
        features,
        output,
        activation,
        warns_of_range,
        split_by,
        seed,
        levels,
        weighting,
        class_weight,
        combinations,
    };
    let mut prepared = match choices.held_out {
        None => {
            let records = plan.records.clone();
            plan.prepare(records, None)?
        }
        Some(share) => {
            let Sides { training, held_out, rule } = plan.splitter()?.hold_out(share)?;
            let text = rule.text(held_out.len(), plan.records.len(), seed);
            let prepared = plan.prepare(training, Some(held_out))?;
            Prepared { split: Some(rule), held_out_text: Some(text), ..prepared }
        }
    };
    prepared.without_target = without_target;
    prepared.with_missing = with_missing;
    notes.append(&mut prepared.notes);
    prepared.notes = notes;
    let is_feature = |index: usize| prepared.features.iter().any(|feature| feature.position == index);
    let of_features = suspicions.into_iter().filter(|(index, suspicion)| !suspicion.is_refused() && is_feature(*index));
    let of_features =
        of_features.map(|(index, suspicion)| format!("column {}: {suspicion}", table.columns()[index].name));
    let mut warnings: Vec<String> = of_features.collect();
    warnings.append(&mut prepared.warnings);
    prepared.warnings = warnings;
    Ok(prepared)
}

impl<'t> Plan<'t> {
    fn splitter(&self) -> Result<Splitter<'_>> {
        let target = (&self.output.kind, self.output.columns.as_slice());
        Splitter::new(self.table, &self.records, self.seed, target, self.split_by.as_ref())
    }

    /// What training on some of the records needs.
    fn prepare(self, training: RowSet, held_out: Option<RowSet>) -> Result<Prepared<'t>> {
        let Self { table, output, activation, .. } = &self;
        let mut notes = Vec::new();
        let features = DraftFeature::of_all(
            table,
            &self.features,
            &training,
            self.levels,
            &self.combinations,
            &self.weighting,
            &mut notes,
        )?;
        notes.extend(features.iter().filter_map(hash_note));
        let tally = TargetTally::of(table, &training, output, activation.range(), &self.weighting)?;
        let target = tally.target(output, table)?;
        let mut weighting = self.weighting.clone();
        if let Some(of) = &self.class_weight {
            weighting = weighting.with_classes(of, output, table, tally.class_weights())?;
        }
        notes.extend(weighting.notes(table, &target));
        notes.extend(tally.classes_without_weight(weighting.of_classes(), output, table)?);
        let part = |rows: RowSet| Part::new(table, rows, &features, output, &weighting);
        Ok(Prepared {
            training: part(training)?,
            held_out: held_out.map(part).transpose()?,
            class_sums: tally.class_weights().to_vec(),
            split: None,
            held_out_text: None,
            target,
            activation: activation.clone(),
            without_target: 0,
            with_missing: 0,
            notes,
            warnings: tally.warning(activation).filter(|_| self.warns_of_range).into_iter().collect(),
            features,
            plan: self,
        })
    }
}

/// The feature columns, in the order of the table; refused ones are an error.
fn choose_features(table: &Table, choices: &Choices, suspicions: &[(usize, Suspicion)]) -> Result<Vec<usize>> {
    for name in &choices.features {
        table.column(name, "--features")?;
    }
    let named =
        |column: &TableColumn| choices.features.contains(&column.name) || choices.categorical.contains(&column.name);
    let only_splits = |column: &TableColumn| {
        let is_taken = matches!(column.values, Values::Hashed { .. } | Values::Dates { .. });
        choices.split_by.as_ref().is_some_and(|by| by.column == column.name) && !named(column) && !is_taken
    };
    let wanted = |column: &TableColumn| {
        !choices.targets.contains(&column.name)
            && !only_splits(column)
            && choices.weight.as_ref() != Some(&column.name)
            && column.values != Values::Skipped
            && (choices.features.is_empty() || choices.features.contains(&column.name))
    };
    let features: Vec<usize> = (0..table.columns().len()).filter(|&index| wanted(&table.columns()[index])).collect();
    if features.is_empty() {
        return Err(DataError::NoFeatures { file: table.name().to_owned() });
    }
    let refused: Vec<(&TableColumn, &Suspicion)> = suspicions
        .iter()
        .map(|(index, suspicion)| (&table.columns()[*index], suspicion))
        .filter(|(column, suspicion)| suspicion.is_refused() && wanted(column))
        // To name a column overrides a suspicion, but makes no number of a word.
        .filter(|(column, _)| {
            !named(column)
                || matches!(
                    column.values,
                    Values::Mixed | Values::Missing | Values::Unique { .. } | Values::Unsupported(_)
                )
                || table.check_usable(column).is_err()
        })
        .collect();
    if let [(column, _)] = refused[..] {
        table.check_usable(column)?;
    }
    if !refused.is_empty() {
        let reasons: Vec<String> =
            refused.iter().map(|(column, reason)| format!("  {}: {reason}", column.name)).collect();
        let drop: Vec<&str> = refused.iter().map(|(column, _)| column.name.as_str()).collect();
        let dates = date_advice(refused.iter().map(|(_, suspicion)| *suspicion));
        let unique = refused.iter().filter(|(_, suspicion)| suspicion.may_be_hashed());
        let hash: Vec<&str> = unique.map(|(column, _)| column.name.as_str()).collect();
        let mut others = String::new();
        if let Some(dates) = dates {
            others += &format!("\nor, to take dates apart into year, month, weekday, hour and trend: {dates}");
        }
        if !hash.is_empty() {
            let when = "where its values come again in other records";
            others += &format!("\nor, {when}, hash them: --hash {}", quoted_list(hash));
        }
        return Err(DataError::Refused {
            file: table.name().to_owned(),
            count: refused.len(),
            reasons: reasons.join("\n"),
            drop: quoted_list(drop),
            others,
        });
    }
    Ok(features)
}

impl<'t> Prepared<'t> {
    /// The column that says how often each record counts.
    pub fn weight_column(&self) -> Option<&str> {
        self.plan.weighting.column().map(|position| self.plan.table.columns()[position].name.as_str())
    }

    /// Σv of the training records of each class, without the weights of classes; nothing for numbers.
    pub fn class_sums(&self) -> &[f64] {
        if self.target.classes().is_some() { &self.class_sums } else { &[] }
    }

    /// Whether every record counts once.
    pub fn is_unweighted(&self) -> bool {
        self.weight_column().is_none() && self.training.class_weights().is_empty()
    }

    /// All records that have what is needed, in so many folds: by chance, or by the column that was chosen to split by.
    ///
    /// Errors: there cannot be so many; the column cannot split them.
    pub fn folds(&self, n_folds: usize) -> Result<Folds> {
        self.plan.splitter()?.folds(n_folds)
    }

    /// The same choices, to train on what a fold leaves and to hold the fold out.
    ///
    /// Errors: a class has no record that is left; those of the file that holds the table's pages.
    pub fn fold(&self, folds: &Folds, fold: usize) -> Result<Prepared<'t>> {
        let (training, held_out) = folds.sides(fold);
        self.plan.clone().prepare(training, Some(held_out))
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
            .map(|(k, (draft, (moments, column)))| {
                draft.feature(
                    self.plan.table,
                    match (moments, &draft.column.values) {
                        (ColumnMoments::Number { mean, .. }, _) if draft.is_flag() => {
                            FeatureKind::Boolean { mean: *mean, scaling: *column }
                        }
                        (ColumnMoments::Number { mean, .. }, Values::Booleans) if !draft.is_combined() => {
                            FeatureKind::Boolean { mean: *mean, scaling: *column }
                        }
                        (ColumnMoments::Number { mean, .. }, _) => {
                            let (min, max) = moments.range();
                            FeatureKind::Number { mean: *mean, min, max, scaling: *column }
                        }
                        (ColumnMoments::Sparse { .. }, values) => sparse_kind(values, moments, scaling.sparse(k)),
                        (ColumnMoments::Category { .. }, _) => {
                            let sums = if self.is_unweighted() { Vec::new() } else { moments.level_weights() };
                            draft.levels.kind(moments.level_counts().to_vec(), sums)
                        }
                    },
                )
            })
            .collect();
        (Encoding { features, target: self.target.clone(), missing, scale }, scaling)
    }

    /// How many columns of each kind are features.
    pub fn count_features(&self) -> FeatureCounts {
        let mut counts = FeatureCounts::default();
        let mut last = None;
        for feature in &self.features {
            // What is made of one column stands together, and counts once; what is made of others is told apart.
            if feature.is_combined() {
                continue;
            }
            if last.replace(feature.position) == Some(feature.position) {
                continue;
            }
            match feature.column.values {
                Values::Booleans => counts.booleans += 1,
                Values::Text { .. } => counts.categories += 1,
                Values::Hashed { .. } => counts.hashed += 1,
                Values::Dates { .. } => counts.dates += 1,
                Values::Sparse { .. } => {}
                _ => counts.numbers += 1,
            }
        }
        counts
    }
}

//! Features before means and scales are known: what is made of each column, and which levels there are.

use std::collections::HashMap;

use deltarule_core::{ColumnMoments, ColumnScaling, NO_LEVEL};
use deltarule_model::{
    BucketSet, DatePart, Feature, FeatureKind, HashBits, MISSING_LEVEL, MissingRule, Pooled, RARE_LEVEL, SparseFeature,
    code_among,
};

use super::combine::{Combinations, DraftCombination, combined};
use super::seen::{Seen, SeenDates};
use super::weights::Weighting;
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::pages::RowSet;
use crate::table::Table;

/// A feature before means and scales are known.
#[derive(Debug, Clone)]
pub(super) struct DraftFeature<'t> {
    pub(super) column: &'t TableColumn,
    /// Its position in the table.
    pub(super) position: usize,
    /// Levels, or buckets, that occur in training.
    pub(super) levels: Levels,
    /// How its values are made of those of the column.
    pub(super) derivation: Derivation,
}

/// What becomes of missing values and of rare levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct LevelRules {
    pub(super) missing: MissingRule,
    /// Levels of categories with fewer training records than this are pooled.
    pub(super) min_count: Option<u64>,
}

/// How the values of a feature are made of those of its column.
#[derive(Debug, Clone)]
pub(super) enum Derivation {
    /// They are the same.
    None,
    /// The new code of each code, and that of what is missing.
    Codes { new: Vec<u32>, missing: u32 },
    /// A number of each date.
    DateNumber(DatePart),
    /// A level of each date, and the code of each level.
    DateCodes(DatePart, Vec<u32>),
    /// 1 where the value is missing, and 0 where it is there.
    Flag,
    /// They are made of other features.
    Combined(Box<DraftCombination>),
}

/// What the codes of a feature stand for.
#[derive(Debug, Clone)]
pub(super) enum Levels {
    /// It has none.
    None,
    Texts {
        levels: Vec<String>,
        pooled: Option<Pooled>,
    },
    Buckets(BucketSet),
}

impl Levels {
    pub(super) fn of(values: &Values) -> Self {
        match values {
            Values::Text { levels } => Levels::Texts { levels: levels.clone(), pooled: None },
            Values::Hashed { buckets, .. } => Levels::Buckets(buckets.clone()),
            _ => Levels::None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Levels::None => 0,
            Levels::Texts { levels, .. } => levels.len(),
            Levels::Buckets(buckets) => buckets.len(),
        }
    }

    /// Whether the values are codes.
    pub(super) fn are_there(&self) -> bool {
        !matches!(self, Levels::None)
    }

    /// `weight_sums` are empty where each record counts once.
    pub(super) fn kind(&self, counts: Vec<u64>, weight_sums: Vec<f64>) -> FeatureKind {
        match self {
            Levels::Buckets(buckets) => FeatureKind::Hashed { buckets: buckets.clone(), counts, weight_sums },
            Levels::Texts { levels, pooled } => {
                FeatureKind::Category { levels: levels.clone(), counts, weight_sums, pooled: *pooled }
            }
            Levels::None => FeatureKind::Category { levels: Vec::new(), counts, weight_sums, pooled: None },
        }
    }
}

impl<'t> DraftFeature<'t> {
    /// The features at some positions; levels are those that occur in training. Dates become a feature for each part that is not the same in
    /// every record, what is missing one that says so where the rule asks for it, rare levels one level; `notes` says which.
    ///
    /// Errors: no feature is left, two have one name; those of the file that holds the table's pages.
    pub(super) fn of_all(
        table: &'t Table,
        positions: &[usize],
        training: &RowSet,
        rules: LevelRules,
        combinations: &Combinations,
        weighting: &Weighting,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Self>> {
        let seen = Seen::of(table, positions, training, rules)?;
        let mut features = Vec::with_capacity(positions.len());
        let mut flags = Vec::new();
        for (&position, seen) in positions.iter().zip(&seen) {
            let column = &table.columns()[position];
            let new = |levels, derivation| Self { column, position, levels, derivation };
            match (&column.values, &seen.dates) {
                (Values::Dates { .. }, Some(dates)) => {
                    notes.push(dates.note(&column.name));
                    features.extend(dates.parts().map(|part| {
                        let (levels, derivation) = of_part(part, dates);
                        new(levels, derivation)
                    }));
                }
                (Values::Text { levels }, _) => {
                    let (levels, derivation) = of_texts(&column.name, levels, seen, rules, notes);
                    features.push(new(levels, derivation));
                }
                (Values::Hashed { buckets, .. }, _) => {
                    let (levels, derivation) = of_buckets(buckets, seen);
                    features.push(new(levels, derivation));
                }
                _ => features.push(new(Levels::None, Derivation::None)),
            }
            let is_flagged = match column.values {
                Values::Dates { .. } | Values::Hashed { .. } => rules.missing.has_level(),
                Values::Numbers | Values::Booleans => rules.missing == MissingRule::MeanAndFlag,
                _ => false,
            };
            if is_flagged && seen.missing > 0 && seen.missing < training.len() as u64 {
                flags.push(format!("{} ({})", column.name, seen.missing));
                features.push(new(Levels::None, Derivation::Flag));
            }
        }
        if !flags.is_empty() {
            notes.push(format!("inputs say which values are missing, of (in so many records): {}", flags.join(", ")));
        }
        if features.is_empty() {
            return Err(DataError::NoFeatures { file: table.name().to_owned() });
        }
        let combined = combined(table, &features, combinations, training, weighting)?;
        if !combined.is_empty() {
            let names = combined.iter().map(|feature| feature.name(table)).collect::<Vec<_>>();
            let shown = names.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if names.len() > 6 { format!(" and {} more", names.len() - 6) } else { String::new() };
            let verb = if names.len() == 1 { "is a feature made" } else { "are features made" };
            notes.push(format!("{shown}{more} {verb} of others"));
        }
        features.extend(combined);
        check_names(table, &features)?;
        Ok(features)
    }

    /// Whether it is made of other features.
    pub(super) fn is_combined(&self) -> bool {
        matches!(self.derivation, Derivation::Combined(_))
    }

    pub(super) fn name(&self, table: &Table) -> String {
        // The kind is not looked at.
        self.feature(table, Levels::None.kind(Vec::new(), Vec::new())).name
    }

    /// Whether it says if a value is missing.
    pub(super) fn is_flag(&self) -> bool {
        matches!(self.derivation, Derivation::Flag)
    }

    /// The feature, once its moments are known.
    pub(super) fn feature(&self, table: &Table, kind: FeatureKind) -> Feature {
        let column = &self.column.name;
        match (&self.derivation, &self.column.values) {
            (Derivation::Combined(combination), _) => match &**combination {
                DraftCombination::Pair { second, .. } => Feature::of_pair([column, second], kind),
                product => Feature::of_product(product.factors(table), kind),
            },
            (Derivation::DateNumber(part) | Derivation::DateCodes(part, _), Values::Dates { format }) => {
                Feature::of_date(column, format, *part, kind)
            }
            (Derivation::Flag, _) => Feature::of_missing(column, kind),
            _ => Feature::new(column, kind),
        }
    }
}

/// Errors: two features have one name, which was made for one of them.
fn check_names(table: &Table, features: &[DraftFeature<'_>]) -> Result<()> {
    let mut columns: HashMap<String, &str> = HashMap::new();
    for feature in features {
        let name = feature.name(table);
        if let Some(other) = columns.insert(name.clone(), &feature.column.name) {
            let column = if *other == name { &feature.column.name } else { other };
            let (file, column) = (table.name().to_owned(), column.to_owned());
            return Err(DataError::NameOfPart { file, name, column });
        }
    }
    Ok(())
}

/// A part of dates.
fn of_part(part: DatePart, dates: &SeenDates) -> (Levels, Derivation) {
    if part.n_levels() == 0 {
        return (Levels::None, Derivation::DateNumber(part));
    }
    let occurs = &dates.levels[part as usize];
    let levels = (0..occurs.len()).filter(|&level| occurs[level]).map(|level| part.level_name(level)).collect();
    (Levels::Texts { levels, pooled: None }, Derivation::DateCodes(part, new_codes(occurs.iter().copied())))
}

/// The buckets that occur.
fn of_buckets(buckets: &BucketSet, seen: &Seen) -> (Levels, Derivation) {
    if seen.levels.iter().all(|&n| n > 0) {
        return (Levels::Buckets(buckets.clone()), Derivation::None);
    }
    let new = new_codes(seen.levels.iter().map(|&n| n > 0));
    let kept = buckets.retain(|code| seen.levels.get(code).is_some_and(|&n| n > 0));
    (Levels::Buckets(kept), Derivation::Codes { new, missing: NO_LEVEL })
}

/// The levels that occur, with what is missing among them and rare ones pooled, as far as that was chosen.
fn of_texts(
    name: &str,
    all: &[String],
    seen: &Seen,
    rules: LevelRules,
    notes: &mut Vec<String>,
) -> (Levels, Derivation) {
    let has_level = rules.missing.has_level();
    let missing = if has_level { seen.missing } else { 0 };
    // Where nothing was counted, all levels occur, and none is rare.
    let count = |code: usize| seen.levels.get(code).copied().unwrap_or(1);
    let mut counts: HashMap<&str, u64> =
        all.iter().enumerate().map(|(code, level)| (level.as_str(), count(code))).collect();
    *counts.entry(MISSING_LEVEL).or_default() += missing;
    let is_rare = |n: u64| rules.min_count.is_some_and(|least| n < least);
    let rare: Vec<u64> = counts.values().copied().filter(|&n| n > 0 && is_rare(n)).collect();
    let kept = counts.iter().filter(|(_, n)| **n > 0 && !is_rare(**n)).map(|(level, _)| (*level).to_owned());
    let mut levels: Vec<String> = kept.collect();
    if !rare.is_empty() && !levels.iter().any(|level| level == RARE_LEVEL) {
        levels.push(RARE_LEVEL.to_owned());
    }
    levels.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let n_levels = rare.len() as u64;
    let pooled = rules.min_count.map(|min_count| Pooled { min_count, n_levels });
    let code = |level: &str| code_among(&levels, pooled.is_some(), level);
    let new: Vec<u32> = all.iter().map(|level| code(level)).collect();
    let code_of_missing = if has_level { code(MISSING_LEVEL) } else { NO_LEVEL };
    if missing > 0 && !is_rare(counts[MISSING_LEVEL]) {
        notes.push(format!(
            "{name}: what is missing is the level {MISSING_LEVEL}, in {}",
            deltarule_model::number::count(missing, "record")
        ));
    }
    if let (Some(least), 1..) = (rules.min_count, n_levels) {
        let records: u64 = rare.iter().sum();
        notes.push(format!(
            "{name}: {n_levels} of {} levels have fewer than {least} records, {records} in all, and are the level {RARE_LEVEL}",
            counts.values().filter(|n| **n > 0).count()
        ));
    }
    let same = code_of_missing == NO_LEVEL && new.iter().zip(0..).all(|(new, old)| *new == old);
    let derivation = if same { Derivation::None } else { Derivation::Codes { new, missing: code_of_missing } };
    (Levels::Texts { levels, pooled }, derivation)
}

/// The place of each level among those that occur.
fn new_codes(occurs: impl Iterator<Item = bool>) -> Vec<u32> {
    let mut next = 0..;
    occurs.map(|occurs| if occurs { next.next().unwrap_or(NO_LEVEL) } else { NO_LEVEL }).collect()
}

/// How many values of a hashed column there are, and how many buckets they share.
pub(super) fn hash_note(feature: &DraftFeature<'_>) -> Option<String> {
    let Values::Hashed { buckets, n_values, exact } = &feature.column.values else { return None };
    if feature.is_flag() || feature.is_combined() {
        return None;
    }
    let (name, bits, used) = (&feature.column.name, buckets.bits().get(), buckets.len() as u64);
    let n_buckets = buckets.bits().n_buckets();
    let about = if *exact { "" } else { "about " };
    let mut note = format!(
        "{name} is hashed into 2^{bits} = {n_buckets} buckets: {about}{n_values} different values in {used} of them"
    );
    if feature.levels.len() as u64 != used {
        note += &format!(", {} in training", feature.levels.len());
    }
    // Five buckets for each value, and about a tenth of the values share one.
    let enough = (5 * n_values).next_power_of_two().ilog2().min(HashBits::MOST);
    if enough > bits && *n_values > used + used / 10 {
        note += &format!("; values in one bucket share its weight: --hash {name}:{enough} keeps more of them apart");
    }
    Some(note)
}

/// Each of the sparse numbers with its mean and its scaling.
pub(super) fn sparse_kind(values: &Values, moments: &ColumnMoments, scalings: &[ColumnScaling]) -> FeatureKind {
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

//! Features before means and scales are known: what is made of each column, and which levels there are.

use std::ops::ControlFlow;

use deltarule_core::{ColumnMoments, ColumnScaling, NO_LEVEL};
use deltarule_model::{BucketSet, DatePart, Feature, FeatureKind, HashBits, SparseFeature, date_text};

use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::pages::{RowSet, Wanted};
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

/// How the values of a feature are made of those of its column.
#[derive(Debug, Clone)]
pub(super) enum Derivation {
    /// They are the same.
    None,
    /// The new code of each code.
    Codes(Vec<u32>),
    /// A number of each date.
    DateNumber(DatePart),
    /// A level of each date, and the code of each level.
    DateCodes(DatePart, Vec<u32>),
}

/// What the codes of a feature stand for.
#[derive(Debug, Clone)]
pub(super) enum Levels {
    /// It has none.
    None,
    Texts(Vec<String>),
    Buckets(BucketSet),
}

impl Levels {
    fn of(values: &Values) -> Self {
        match values {
            Values::Text { levels } => Levels::Texts(levels.clone()),
            Values::Hashed { buckets, .. } => Levels::Buckets(buckets.clone()),
            _ => Levels::None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Levels::None => 0,
            Levels::Texts(levels) => levels.len(),
            Levels::Buckets(buckets) => buckets.len(),
        }
    }

    /// Whether the values are codes.
    pub(super) fn are_there(&self) -> bool {
        !matches!(self, Levels::None)
    }

    /// Leaves those for whose code `keep` is true.
    fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        match self {
            Levels::None => {}
            Levels::Texts(levels) => {
                let mut codes = 0..;
                levels.retain(|_| codes.next().is_some_and(&keep));
            }
            Levels::Buckets(buckets) => *buckets = buckets.retain(keep),
        }
    }

    pub(super) fn kind(&self, counts: Vec<u64>) -> FeatureKind {
        match self {
            Levels::Buckets(buckets) => FeatureKind::Hashed { buckets: buckets.clone(), counts },
            Levels::Texts(levels) => FeatureKind::Category { levels: levels.clone(), counts },
            Levels::None => FeatureKind::Category { levels: Vec::new(), counts },
        }
    }
}

impl<'t> DraftFeature<'t> {
    /// The features at some positions; levels are those that occur in training. Dates become a feature for each part that is not the same in
    /// every record; `notes` says which.
    ///
    /// Errors: no feature is left, two have one name; those of the file that holds the table's pages.
    pub(super) fn of_all(
        table: &'t Table,
        positions: &[usize],
        training: &RowSet,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Self>> {
        let seen = Seen::of(table, positions, training)?;
        let mut features = Vec::with_capacity(positions.len());
        for (&position, seen) in positions.iter().zip(&seen) {
            let column = &table.columns()[position];
            match seen {
                Seen::Nothing => {
                    let (levels, derivation) = (Levels::of(&column.values), Derivation::None);
                    features.push(Self { column, position, levels, derivation });
                }
                Seen::Levels(occurs) => {
                    let (levels, derivation) = (Levels::of(&column.values), Derivation::None);
                    let mut feature = Self { column, position, levels, derivation };
                    feature.keep(occurs);
                    features.push(feature);
                }
                Seen::Dates(dates) => {
                    notes.push(dates.note(&column.name));
                    check_names(table, positions, column)?;
                    features.extend(dates.parts().map(|part| Self::of_part(column, position, part, dates)));
                }
            }
        }
        if features.is_empty() {
            return Err(DataError::NoFeatures { file: table.name().to_owned() });
        }
        Ok(features)
    }

    /// A part of dates.
    fn of_part(column: &'t TableColumn, position: usize, part: DatePart, dates: &SeenDates) -> Self {
        if part.n_levels() == 0 {
            return Self { column, position, levels: Levels::None, derivation: Derivation::DateNumber(part) };
        }
        let occurs = &dates.levels[part as usize];
        let names = (0..occurs.len()).filter(|&level| occurs[level]).map(|level| part.level_name(level));
        let (levels, derivation) = (Levels::Texts(names.collect()), Derivation::DateCodes(part, new_codes(occurs)));
        Self { column, position, levels, derivation }
    }

    /// Leaves out the levels that do not occur.
    fn keep(&mut self, occurs: &[bool]) {
        if occurs.iter().all(|occurs| *occurs) {
            return;
        }
        self.derivation = Derivation::Codes(new_codes(occurs));
        self.levels.retain(|code| occurs.get(code) == Some(&true));
    }

    /// The feature, once its moments are known.
    pub(super) fn feature(&self, kind: FeatureKind) -> Feature {
        match (&self.derivation, &self.column.values) {
            (Derivation::DateNumber(part) | Derivation::DateCodes(part, _), Values::Dates { format }) => {
                Feature::of_date(&self.column.name, format, *part, kind)
            }
            _ => Feature::new(&self.column.name, kind),
        }
    }
}

/// Errors: another feature has the name of a part of this column of dates.
fn check_names(table: &Table, positions: &[usize], date: &TableColumn) -> Result<()> {
    let is_part = |name: &str| {
        let part = name.strip_prefix(&date.name).and_then(|rest| rest.strip_prefix(": "));
        part.is_some_and(|part| DatePart::ALL.iter().any(|known| known.name() == part))
    };
    let mut names = positions.iter().map(|&position| &table.columns()[position].name);
    match names.find(|name| is_part(name)) {
        None => Ok(()),
        Some(name) => {
            let (file, name, date) = (table.name().to_owned(), name.clone(), date.name.clone());
            Err(DataError::NameOfPart { file, name, date })
        }
    }
}

/// The place of each level among those that occur.
fn new_codes(occurs: &[bool]) -> Vec<u32> {
    let mut next = 0..;
    occurs.iter().map(|occurs| if *occurs { next.next().unwrap_or(NO_LEVEL) } else { NO_LEVEL }).collect()
}

/// What occurs of a column in the training records.
enum Seen {
    /// What there is was not looked at, since all of it occurs.
    Nothing,
    /// Whether each level occurs.
    Levels(Vec<bool>),
    Dates(SeenDates),
}

/// Which dates occur.
#[derive(Default)]
struct SeenDates {
    first: Option<f64>,
    last: Option<f64>,
    /// Whether each level of each part occurs; nothing for numbers.
    levels: Vec<Vec<bool>>,
}

impl Seen {
    fn of(table: &Table, positions: &[usize], training: &RowSet) -> Result<Vec<Self>> {
        let empty = |&position: &usize| match &table.columns()[position].values {
            Values::Dates { .. } => Seen::Dates(SeenDates {
                levels: DatePart::ALL.iter().map(|part| vec![false; part.n_levels()]).collect(),
                ..SeenDates::default()
            }),
            values => match Levels::of(values).len() {
                n if n > 0 && !training.is_all() => Seen::Levels(vec![false; n]),
                _ => Seen::Nothing,
            },
        };
        let mut seen: Vec<Self> = positions.iter().map(empty).collect();
        let looked_at = positions.iter().zip(&seen).filter(|(_, seen)| !matches!(seen, Seen::Nothing));
        let wanted = Wanted::of(looked_at.map(|(position, _)| *position));
        if wanted.columns().is_empty() {
            return Ok(seen);
        }
        table.pages().show_each(&wanted, |page, rows, columns| {
            for (&position, seen) in positions.iter().zip(&mut seen) {
                match seen {
                    Seen::Nothing => {}
                    Seen::Levels(occurs) => {
                        let codes = columns[position].codes();
                        training.in_page(page, 0, |row| {
                            let code = codes.get(rows.start + row);
                            if let Some(occurs) = code.and_then(|&code| occurs.get_mut(code as usize)) {
                                *occurs = true;
                            }
                        });
                    }
                    Seen::Dates(dates) => {
                        let seconds = columns[position].numbers();
                        training.in_page(page, 0, |row| {
                            if let Some(seconds) = seconds.get(rows.start + row).filter(|seconds| !seconds.is_nan()) {
                                dates.look(*seconds);
                            }
                        });
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(seen)
    }
}

impl SeenDates {
    fn look(&mut self, seconds: f64) {
        self.first = Some(self.first.map_or(seconds, |first| first.min(seconds)));
        self.last = Some(self.last.map_or(seconds, |last| last.max(seconds)));
        for (part, levels) in DatePart::ALL.iter().zip(&mut self.levels) {
            if let Some(occurs) = part.level(seconds).and_then(|level| levels.get_mut(level)) {
                *occurs = true;
            }
        }
    }

    /// Whether a part is not the same in every record.
    fn varies(&self, part: DatePart) -> bool {
        match (self.first, self.last) {
            (Some(first), Some(last)) if part.n_levels() == 0 => part.of(first) != part.of(last),
            _ => self.levels[part as usize].iter().filter(|occurs| **occurs).count() > 1,
        }
    }

    fn parts(&self) -> impl Iterator<Item = DatePart> {
        DatePart::ALL.iter().copied().filter(|part| self.varies(*part))
    }

    /// What is made of a column of dates.
    fn note(&self, name: &str) -> String {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return format!("{name} has no date in training: nothing is made of it");
        };
        let list = |parts: Vec<&str>| match parts.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "nothing".to_owned(),
        };
        let made = list(self.parts().map(DatePart::name).collect());
        let mut note = format!("{name} is a date, from {} to {}: {made} of it", date_text(first), date_text(last));
        note += if self.parts().count() < 2 { " is an input" } else { " are inputs" };
        let constant: Vec<DatePart> = DatePart::ALL.iter().copied().filter(|part| !self.varies(*part)).collect();
        if !constant.is_empty() {
            let names = list(constant.iter().map(|part| part.name()).collect());
            note += &format!("; the same in every record, and left out: {names}");
        }
        note
    }
}

/// How many values of a hashed column there are, and how many buckets they share.
pub(super) fn hash_note(feature: &DraftFeature<'_>) -> Option<String> {
    let Values::Hashed { buckets, n_values, exact } = &feature.column.values else { return None };
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

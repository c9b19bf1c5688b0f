//! What is in a table, and what about it is suspicious.

use std::fmt;

use deltarule_core::NO_LEVEL;

use crate::column::{TableColumn, Values};
use crate::table::Table;

/// What is suspicious about a column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Suspicion {
    /// A text with nearly as many levels as records: a name or a number plate, nothing to generalise from.
    NearlyUnique {
        /// Its levels.
        n_levels: usize,
        /// Its records.
        n_records: usize,
    },
    /// A text whose values are dates or times.
    LooksLikeDates {
        /// One of them.
        example: String,
    },
    /// A number that only counts the records.
    CountsRows {
        /// The first number.
        first: f64,
        /// The last number.
        last: f64,
    },
    /// Every value is missing.
    AllMissing,
    /// Numbers and words, a decimal comma, or a number out of range: the message says which.
    Unusable {
        /// The whole message.
        message: String,
    },
    /// The same value in every record: nothing can be learned from it, and its weight is 0.
    Constant,
    /// The same values as the target, or the target times a number plus a number.
    EqualsTarget {
        /// The target.
        target: String,
    },
}

impl Suspicion {
    /// Whether the column is refused as a feature unless it is named.
    pub fn is_refused(&self) -> bool {
        !matches!(self, Suspicion::Constant | Suspicion::EqualsTarget { .. })
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suspicion::NearlyUnique { n_levels, n_records } => write!(
                f,
                "text that is nearly unique ({n_levels} different values in {n_records} records): it identifies records instead of describing them"
            ),
            Suspicion::LooksLikeDates { example } => {
                write!(f, "looks like dates ({example}): as text each one would be a category of its own")
            }
            Suspicion::CountsRows { first, last } => {
                write!(
                    f,
                    "only counts the records, from {first} to {last}: a row number says nothing about a new record"
                )
            }
            Suspicion::AllMissing => write!(f, "every value is missing"),
            Suspicion::Unusable { message } => write!(f, "{message}"),
            Suspicion::Constant => write!(f, "the same value in every record: its weight will be 0"),
            Suspicion::EqualsTarget { target } => {
                write!(
                    f,
                    "is the target {target} in another form: a prediction from it is no prediction; leave it out with --drop"
                )
            }
        }
    }
}

/// Columns with fewer records than this may count their rows, or be unique.
const FEW: usize = 10;

/// What is suspicious about the columns of a table, by their positions; targets are not suspected.
///
/// Where there is only one feature, it is not suspected to count the records, nor to be the target in another unit: a line through
/// points that lie on it is what a first exercise asks for.
pub fn suspicions(table: &Table, targets: &[&str]) -> Vec<(usize, Suspicion)> {
    let is_feature =
        |column: &TableColumn| !targets.contains(&column.name.as_str()) && column.values != Values::Skipped;
    let n_features = table.columns().iter().filter(|column| is_feature(column)).count();
    let mut found = Vec::new();
    for (index, column) in table.columns().iter().enumerate() {
        if !is_feature(column) {
            continue;
        }
        if let Err(error) = table.check_usable(column) {
            found.push((index, Suspicion::Unusable { message: error.to_string() }));
            continue;
        }
        if let Some(suspicion) = suspicion_of(column, table.n_records(), n_features) {
            found.push((index, suspicion));
        }
        for target in targets {
            let target_column = table.columns().iter().find(|other| other.name == *target);
            if target_column.is_some_and(|target| n_features > 1 && tells(column, target)) {
                found.push((index, Suspicion::EqualsTarget { target: (*target).to_owned() }));
            }
        }
    }
    found
}

fn suspicion_of(column: &TableColumn, n_records: usize, n_features: usize) -> Option<Suspicion> {
    let facts = &column.facts;
    match &column.values {
        Values::Missing => Some(Suspicion::AllMissing),
        Values::Unique => {
            let n_levels = facts.n_words as usize;
            Some(Suspicion::NearlyUnique { n_levels, n_records })
        }
        Values::Text { levels, .. } => {
            let example = || facts.first_word.as_ref().map(|word| word.text.clone()).unwrap_or_default();
            if facts.n_dates > 0 && 10 * facts.n_dates >= 9 * facts.n_words && levels.len() > 2 {
                Some(Suspicion::LooksLikeDates { example: example() })
            } else if levels.len() > FEW && 2 * levels.len() > facts.n_words as usize {
                Some(Suspicion::NearlyUnique { n_levels: levels.len(), n_records })
            } else {
                (levels.len() == 1 && facts.n_missing == 0).then_some(Suspicion::Constant)
            }
        }
        Values::Numbers(values) => {
            let (low, high) = facts.range?;
            if facts.counts_rows && n_records >= FEW && n_features > 1 {
                Some(Suspicion::CountsRows { first: values[0], last: values[values.len() - 1] })
            } else {
                (low == high && n_records > 1).then_some(Suspicion::Constant)
            }
        }
        Values::Booleans(values) => {
            (n_records > 1 && values.windows(2).all(|pair| pair[0] == pair[1])).then_some(Suspicion::Constant)
        }
        Values::Mixed | Values::Unsupported(_) | Values::Skipped => None,
    }
}

/// Whether a column is the target in another form: the same numbers but for a factor and an offset, or the same partition.
fn tells(column: &TableColumn, target: &TableColumn) -> bool {
    match (&column.values, &target.values) {
        (Values::Numbers(x) | Values::Booleans(x), Values::Numbers(y) | Values::Booleans(y)) => is_linear_copy(x, y),
        (Values::Text { codes, levels }, Values::Text { codes: others, levels: classes }) => {
            levels.len() == classes.len() && levels.len() > 1 && is_same_partition(codes, others, levels.len())
        }
        _ => false,
    }
}

fn is_linear_copy(x: &[f64], y: &[f64]) -> bool {
    let pairs = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    let Some((x0, y0)) = pairs().next() else { return false };
    let Some((x1, y1)) = pairs().find(|(x, _)| *x != x0) else { return false };
    let slope = (y1 - y0) / (x1 - x0);
    let size = pairs().map(|(_, y)| y.abs()).fold(0.0, f64::max);
    let n = pairs().count();
    n > 4 && slope != 0.0 && pairs().all(|(x, y)| (y0 + slope * (x - x0) - y).abs() <= 1e-9 * size)
}

fn is_same_partition(codes: &[u32], others: &[u32], n_levels: usize) -> bool {
    let mut partner = vec![NO_LEVEL; n_levels];
    codes.len() > 4
        && codes.iter().zip(others).all(|(&code, &other)| match partner.get_mut(code as usize) {
            None => other == NO_LEVEL,
            Some(partner) if *partner == NO_LEVEL => {
                *partner = other;
                true
            }
            Some(partner) => *partner == other,
        })
}

/// What `inspect` shows of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// One word, or two, for its type.
    pub type_name: &'static str,
    /// How many values are missing.
    pub n_missing: u64,
    /// The smallest, the mean and the largest number.
    pub numbers: Option<(f64, f64, f64)>,
    /// How many levels a text has.
    pub n_levels: Option<usize>,
    /// The most frequent levels and their records.
    pub frequent: Vec<(String, u64)>,
    /// What is suspicious about it.
    pub suspicions: Vec<Suspicion>,
}

/// A summary of every column.
pub fn summarize(table: &Table, targets: &[&str]) -> Vec<ColumnSummary> {
    let suspicions = suspicions(table, targets);
    table
        .columns()
        .iter()
        .enumerate()
        .map(|(index, column)| ColumnSummary {
            name: column.name.clone(),
            type_name: column.type_name(),
            n_missing: column.facts.n_missing,
            numbers: numbers_of(column),
            n_levels: column.n_levels(),
            frequent: frequent_levels(column),
            suspicions: suspicions.iter().filter(|(at, _)| *at == index).map(|(_, what)| what.clone()).collect(),
        })
        .collect()
}

fn numbers_of(column: &TableColumn) -> Option<(f64, f64, f64)> {
    let (Values::Numbers(values) | Values::Booleans(values)) = &column.values else { return None };
    let present = || values.iter().copied().filter(|x| !x.is_nan());
    let n = present().count();
    let first = present().next()?;
    let mean = first + present().map(|x| x - first).sum::<f64>() / n as f64;
    Some((present().fold(first, f64::min), mean, present().fold(first, f64::max)))
}

fn frequent_levels(column: &TableColumn) -> Vec<(String, u64)> {
    let Values::Text { codes, levels } = &column.values else { return Vec::new() };
    let mut counts: Vec<(u64, usize)> = (0..levels.len()).map(|k| (0, k)).collect();
    for &code in codes {
        if let Some((count, _)) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts.sort_by_key(|(count, k)| (std::cmp::Reverse(*count), *k));
    counts.into_iter().take(5).map(|(count, k)| (levels[k].clone(), count)).collect()
}

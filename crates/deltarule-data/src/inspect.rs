//! What is in a table, and what about it is suspicious.

mod as_numbers;
mod copies;
mod units;

use std::fmt;
use std::ops::ControlFlow;

use deltarule_model::date_text;

use crate::advice::quoted;
use crate::column::{TableColumn, Values, is_time_of_day};
use crate::error::Result;
use crate::pages::{PageColumn, Wanted};
use crate::table::{Table, stands_for_missing};
use as_numbers::dates_as_numbers;
use copies::copies_of_targets;
pub(crate) use units::number_with_unit;

/// What is suspicious about a column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Suspicion {
    /// A text with nearly as many levels as records: a name or a number plate, nothing to generalise from.
    NearlyUnique {
        /// Its levels.
        n_levels: usize,
        /// Whether they were counted, and not estimated.
        exact: bool,
        /// Its records.
        n_records: usize,
    },
    /// A text with so many levels, most of them in its first records, that they were not kept.
    TooManyLevels {
        /// Its levels.
        n_levels: usize,
        /// Whether they were counted, and not estimated.
        exact: bool,
        /// Its records.
        n_records: usize,
    },
    /// A text with very many levels.
    ManyLevels {
        /// Its levels.
        n_levels: usize,
    },
    /// A text whose values are dates, or points in time.
    LooksLikeDates {
        /// One of them.
        example: String,
        /// What `--date` takes: the column, and how its dates are written where that has to be said. Two, of which one holds, where day and month could be
        /// either way round.
        typed: Vec<String>,
    },
    /// A text whose values are times of a day.
    LooksLikeTimes {
        /// One of them.
        example: String,
    },
    /// Numbers that are all dates, such as 20240531, or seconds since 1970.
    DatesAsNumbers {
        /// The first of them.
        example: String,
        /// What `--date` takes: the column, and how its dates are written where that has to be said.
        typed: String,
    },
    /// A text whose values are numbers with a unit.
    NumbersWithUnit {
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
    /// A text some of whose levels are words such as - and None, which may be written where there is no value.
    MayBeMissing {
        /// These levels.
        levels: Vec<String>,
    },
    /// The same values as the target, or the target times a number plus a number.
    EqualsTarget {
        /// The target.
        target: String,
    },
}

impl Suspicion {
    /// Whether the column is refused as a feature unless it is named.
    pub fn is_refused(&self) -> bool {
        use Suspicion::{Constant, DatesAsNumbers, EqualsTarget, ManyLevels, MayBeMissing};
        !matches!(
            self,
            ManyLevels { .. } | Constant | EqualsTarget { .. } | MayBeMissing { .. } | DatesAsNumbers { .. }
        )
    }

    /// What `--date` takes if the column is to be taken apart as dates; nothing where it cannot be, and two where it could be the one or the other.
    pub fn typed_dates(&self) -> &[String] {
        if let Suspicion::LooksLikeDates { typed, .. } = self { typed } else { &[] }
    }

    /// Whether the column has so many values that it may be better hashed.
    pub fn may_be_hashed(&self) -> bool {
        use Suspicion::{ManyLevels, NearlyUnique, TooManyLevels};
        matches!(self, NearlyUnique { .. } | TooManyLevels { .. } | ManyLevels { .. })
    }
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Suspicion::NearlyUnique { n_levels, exact, n_records } => write!(
                f,
                "text that is nearly unique ({}{n_levels} different values in {n_records} records): it identifies records instead of describing them",
                if *exact { "" } else { "about " }
            ),
            Suspicion::TooManyLevels { n_levels, exact, n_records } => write!(
                f,
                "text with {}{n_levels} different values in {n_records} records: as categories they would all be kept in memory",
                if *exact { "" } else { "about " }
            ),
            Suspicion::ManyLevels { n_levels } => write!(
                f,
                "{n_levels} levels, which are all kept in memory and have a weight each; --hash with its name bounds both"
            ),
            Suspicion::LooksLikeDates { example, .. } => {
                write!(f, "looks like dates ({example}): as text each one would be a category of its own")
            }
            Suspicion::LooksLikeTimes { example } => {
                write!(
                    f,
                    "looks like times of a day ({example}): as text each one would be a category of its own; hours as numbers can be used"
                )
            }
            Suspicion::DatesAsNumbers { example, typed } => {
                write!(
                    f,
                    "looks like dates that are written as numbers ({example}), and is taken as a number like any other; --date {} takes year, month, weekday, \
                     hour and trend of them",
                    quoted(typed)
                )
            }
            Suspicion::NumbersWithUnit { example } => write!(
                f,
                "looks like numbers with a unit ({example:?}): as text each value is a level of its own; remove the unit, or mean it with --categorical and the column's name"
            ),
            Suspicion::CountsRows { first, last } => {
                write!(
                    f,
                    "only counts the records, from {first} to {last}: a row number says nothing about a new record"
                )
            }
            Suspicion::AllMissing => write!(f, "every value is missing"),
            Suspicion::Unusable { message } => write!(f, "{message}"),
            Suspicion::Constant => write!(f, "the same value in every record: its weight will be 0"),
            Suspicion::MayBeMissing { levels } => f.write_str(&missing_text(levels, ["level", "levels"])),
            Suspicion::EqualsTarget { target } => {
                write!(
                    f,
                    "is the target {target} in another form: a prediction from it is no prediction; leave it out with --drop"
                )
            }
        }
    }
}

/// What is to be said of levels, or classes, that may stand for what is missing.
pub(crate) fn missing_text(levels: &[String], nouns: [&str; 2]) -> String {
    let quoted: Vec<String> = levels.iter().map(|level| format!("{level:?}")).collect();
    let what = match &quoted[..] {
        [level] => format!("{level} is a {} as others are; if it stands", nouns[0]),
        _ => format!("{} are {} as others are; if they stand", quoted.join(", "), nouns[1]),
    };
    format!("{what} for what is missing, leave such fields empty, or write NA")
}

/// Those of some levels that may stand for what is missing; words that say so themselves are not among them.
pub(crate) fn levels_of_missing(levels: &[String]) -> Vec<String> {
    let says_so = |level: &str| ["missing", "unknown"].contains(&&*level.to_lowercase());
    levels.iter().filter(|level| stands_for_missing(level) && !says_so(level)).take(6).cloned().collect()
}

/// Columns with fewer records than this may count their rows, or be unique.
const FEW: usize = 10;
/// More levels than this are very many.
const MANY_LEVELS: usize = 65_536;

/// What is suspicious about the columns of a table, by their positions; targets are not suspected.
///
/// Where there is only one feature, it is not suspected to count the records, nor to be the target in another unit: a line through
/// points that lie on it is what a first exercise asks for.
///
/// Errors: those of the file that holds the table's pages.
pub fn suspicions(table: &Table, targets: &[&str]) -> Result<Vec<(usize, Suspicion)>> {
    let is_feature =
        |column: &TableColumn| !targets.contains(&column.name.as_str()) && column.values != Values::Skipped;
    let features: Vec<usize> = (0..table.columns().len()).filter(|&c| is_feature(&table.columns()[c])).collect();
    let usable = |c: &usize| table.check_usable(&table.columns()[*c]).is_ok();
    let compared: Vec<usize> = features.iter().copied().filter(usable).collect();
    let copies = if features.len() > 1 { copies_of_targets(table, &compared, targets)? } else { Vec::new() };
    let mut dates = dates_as_numbers(table, &compared)?;
    let mut found = Vec::new();
    for &index in &features {
        let column = &table.columns()[index];
        if let Err(error) = table.check_usable(column) {
            // Whoever tells of the columns of a table has named it.
            let (message, name) = (error.to_string(), format!("{}: ", table.name()));
            let message = message.strip_prefix(&name).map(str::to_owned).unwrap_or(message);
            found.push((index, Suspicion::Unusable { message }));
            continue;
        }
        if let Some(suspicion) = suspicion_of(column, table.n_records(), features.len()) {
            found.push((index, suspicion));
        } else {
            found.extend(dates.extract_if(.., |(at, _)| *at == index));
        }
        if let Values::Text { levels } = &column.values {
            let levels = levels_of_missing(levels);
            if !levels.is_empty() {
                found.push((index, Suspicion::MayBeMissing { levels }));
            }
        }
        for target in targets {
            if copies.contains(&(index, target)) {
                found.push((index, Suspicion::EqualsTarget { target: (*target).to_owned() }));
            }
        }
    }
    Ok(found)
}

fn suspicion_of(column: &TableColumn, n_records: usize, n_features: usize) -> Option<Suspicion> {
    let facts = &column.facts;
    match &column.values {
        Values::Missing => Some(Suspicion::AllMissing),
        Values::Unique { .. } if facts.look_like_dates() => Some(of_dates(column)),
        &Values::Unique { n_values, exact } => Some(match 2 * n_values > facts.n_words {
            true => Suspicion::NearlyUnique { n_levels: n_values as usize, exact, n_records },
            false => Suspicion::TooManyLevels { n_levels: n_values as usize, exact, n_records },
        }),
        Values::Text { levels } => {
            if facts.look_like_dates() && levels.len() > 2 {
                Some(of_dates(column))
            } else if let Some(example) = number_with_unit(levels) {
                Some(Suspicion::NumbersWithUnit { example: example.to_owned() })
            } else if levels.len() > FEW && 2 * levels.len() > facts.n_words as usize {
                Some(Suspicion::NearlyUnique { n_levels: levels.len(), exact: true, n_records })
            } else if levels.len() > MANY_LEVELS {
                Some(Suspicion::ManyLevels { n_levels: levels.len() })
            } else {
                (levels.len() == 1 && facts.n_missing == 0).then_some(Suspicion::Constant)
            }
        }
        Values::Hashed { buckets, .. } => (buckets.len() == 1 && facts.n_missing == 0).then_some(Suspicion::Constant),
        Values::Numbers => {
            let ((low, high), (first, last)) = (facts.range?, facts.ends?);
            if facts.counts_rows && n_records >= FEW && n_features > 1 {
                Some(Suspicion::CountsRows { first, last })
            } else {
                (low == high && n_records > 1).then_some(Suspicion::Constant)
            }
        }
        Values::Booleans => {
            let constant = facts.range.is_some_and(|(low, high)| low == high) && facts.n_missing == 0;
            (n_records > 1 && constant).then_some(Suspicion::Constant)
        }
        Values::Mixed | Values::Unsupported(_) | Values::Sparse { .. } | Values::Dates { .. } | Values::Skipped => None,
    }
}

/// What is to be said of a text whose values are dates, or times of a day: `--date` has no use for the latter.
fn of_dates(column: &TableColumn) -> Suspicion {
    let facts = &column.facts;
    let example = facts.first_date.as_ref().map(|date| date.text.clone()).unwrap_or_default();
    if is_time_of_day(&example) {
        return Suspicion::LooksLikeTimes { example };
    }
    let name = &column.name;
    let typed = match facts.dates.form() {
        None => vec![name.clone()],
        Some(form) => form.patterns().iter().map(|pattern| format!("{name}:{pattern}")).collect(),
    };
    Suspicion::LooksLikeDates { example, typed }
}

/// What `--date` is to be given for columns that look like dates, as far as it could be the one or the other with both; `None` where there are none.
pub fn date_advice<'s>(suspicions: impl Iterator<Item = &'s Suspicion>) -> Option<String> {
    let (mut sure, mut unsure) = (Vec::new(), Vec::new());
    for suspicion in suspicions {
        match suspicion.typed_dates() {
            [] => {}
            [typed] => sure.push(typed.as_str()),
            ways => {
                unsure.push(ways.iter().map(|way| format!("--date {}", quoted(way))).collect::<Vec<_>>().join(" or "))
            }
        }
    }
    let sure = (!sure.is_empty()).then(|| format!("--date {}", quoted(&sure.join(","))));
    let unsure =
        (!unsure.is_empty()).then(|| format!("{}, as day and month could be either way round", unsure.join(", ")));
    let parts: Vec<String> = sure.into_iter().chain(unsure).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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
    /// The first and the last date, as texts.
    pub dates: Option<(String, String)>,
    /// What became of its values, where they are hashed.
    pub hashed: Option<HashedSummary>,
    /// The most frequent levels and their records.
    pub frequent: Vec<(String, u64)>,
    /// What is suspicious about it.
    pub suspicions: Vec<Suspicion>,
}

/// How many buckets the values of a hashed column share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashedSummary {
    /// How many different values there are.
    pub n_values: u64,
    /// Whether that is their exact number, and no estimate.
    pub exact: bool,
    /// How many buckets they are in.
    pub n_used: usize,
    /// How many buckets there are.
    pub n_buckets: usize,
}

impl HashedSummary {
    fn of(column: &TableColumn) -> Option<Self> {
        let Values::Hashed { buckets, n_values, exact } = &column.values else { return None };
        let (n_used, n_buckets) = (buckets.len(), buckets.bits().n_buckets());
        Some(Self { n_values: *n_values, exact: *exact, n_used, n_buckets })
    }
}

/// A summary of every column. Of targets only that is suspected which makes them something else than they seem to be.
///
/// Errors: those of the file that holds the table's pages.
pub fn summarize(table: &Table, targets: &[&str]) -> Result<Vec<ColumnSummary>> {
    let mut suspicions = suspicions(table, targets)?;
    let is_target = |(_, column): &(usize, &TableColumn)| targets.contains(&column.name.as_str());
    suspicions.extend(table.columns().iter().enumerate().filter(is_target).filter_map(|(index, column)| {
        let suspicion = match (table.check_usable(column), &column.values) {
            (Err(error), _) => Suspicion::Unusable { message: error.to_string() },
            (Ok(()), Values::Text { levels }) => {
                Suspicion::NumbersWithUnit { example: number_with_unit(levels)?.to_owned() }
            }
            _ => return None,
        };
        Some((index, suspicion))
    }));
    let mut counts: Vec<Count> = table.columns().iter().map(Count::of).collect();
    let wanted = Wanted::of(0..counts.len());
    table.pages().show_each(&wanted, |_, rows, columns| {
        for (count, column) in counts.iter_mut().zip(columns) {
            count.add(column, rows.clone());
        }
        ControlFlow::Continue(())
    })?;
    let summary = |(index, (column, count)): (usize, (&TableColumn, Count))| ColumnSummary {
        name: column.name.clone(),
        type_name: column.type_name(),
        n_missing: column.facts.n_missing,
        numbers: count.numbers(column),
        n_levels: column.n_levels(),
        dates: dates_of(column),
        hashed: HashedSummary::of(column),
        frequent: count.frequent(column),
        suspicions: suspicions.iter().filter(|(at, _)| *at == index).map(|(_, what)| what.clone()).collect(),
    };
    Ok(table.columns().iter().zip(counts).enumerate().map(summary).collect())
}

/// The first and the last date.
fn dates_of(column: &TableColumn) -> Option<(String, String)> {
    let Values::Dates { .. } = column.values else { return None };
    column.facts.range.map(|(first, last)| (date_text(first), date_text(last)))
}

/// What is counted of a column.
#[derive(Debug)]
struct Count {
    /// The first number, how many there are, and the sum of the differences to the first.
    first: Option<f64>,
    n: u64,
    sum: f64,
    /// Records of each level.
    levels: Vec<u64>,
}

impl Count {
    fn of(column: &TableColumn) -> Self {
        Self { first: None, n: 0, sum: 0.0, levels: vec![0; column.n_levels().unwrap_or(0)] }
    }

    fn add(&mut self, column: &PageColumn, rows: std::ops::Range<usize>) {
        match column {
            PageColumn::Missing | PageColumn::Sparse { .. } => {}
            PageColumn::Numbers(_) | PageColumn::Lent(_) => {
                for x in column.numbers()[rows].iter().filter(|x| !x.is_nan()) {
                    self.sum += x - *self.first.get_or_insert(*x);
                    self.n += 1;
                }
            }
            PageColumn::Codes(codes) => {
                for &code in &codes[rows] {
                    if let Some(count) = self.levels.get_mut(code as usize) {
                        *count += 1;
                    }
                }
            }
        }
    }

    /// The smallest, the mean and the largest number.
    fn numbers(&self, column: &TableColumn) -> Option<(f64, f64, f64)> {
        if let Values::Dates { .. } = column.values {
            return None;
        }
        let ((low, high), first) = (column.facts.range?, self.first?);
        Some((low, first + self.sum / self.n as f64, high))
    }

    fn frequent(self, column: &TableColumn) -> Vec<(String, u64)> {
        let Values::Text { levels } = &column.values else { return Vec::new() };
        let mut counts: Vec<(u64, usize)> = self.levels.into_iter().zip(0..).collect();
        counts.sort_by_key(|(count, k)| (std::cmp::Reverse(*count), *k));
        counts.into_iter().take(5).map(|(count, k)| (levels[k].clone(), count)).collect()
    }
}

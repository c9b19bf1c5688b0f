//! One column of a table: its type is decided from all of its values, whatever their order.

mod bits;
mod builder;
mod distinct;
mod hashed;
pub(crate) mod numbers;
mod state;

use deltarule_model::{BucketSet, DateForm, DateFormat};
use serde::{Deserialize, Serialize};

pub(crate) use builder::{ColumnBuilder, LARGEST, Wish, is_time_of_day, is_truth};
pub(crate) use numbers::{WHOLE, is_exact_text, is_in_range};

/// A value that stands for others, and the line on which it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The value.
    pub text: String,
    /// The line, from 1.
    pub line: u64,
    /// Which of the table's files it is in, from 0.
    pub file: usize,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// What was seen on the way.
    pub facts: ColumnFacts,
}

/// What the values of a column are; the table holds the values themselves, page by page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Numbers; NaN is missing.
    Numbers,
    /// true = 1, false = 0; NaN is missing.
    Booleans,
    /// Texts as codes of levels that are sorted by their bytes; [`NO_LEVEL`](deltarule_core::NO_LEVEL) is missing.
    Text {
        /// The levels.
        levels: Vec<String>,
    },
    /// Texts as codes of the buckets that they are hashed into; [`NO_LEVEL`](deltarule_core::NO_LEVEL) is missing.
    Hashed {
        /// The buckets that occur; each is the code of its place among them.
        buckets: BucketSet,
        /// How many different texts there are.
        n_values: u64,
        /// Whether that is their exact number: beyond 65,536 it is an estimate, within about 0.4 %.
        exact: bool,
    },
    /// Dates, as seconds since 1970-01-01 ([`DateFormat::parse`]); NaN is missing. Where a text is no date, there are no values.
    Dates {
        /// How they are written.
        format: DateFormat,
    },
    /// Numbers and words: of no use before it is settled which it is.
    Mixed,
    /// So many different texts that they were not kept.
    Unique {
        /// How many there are.
        n_values: u64,
        /// Whether that is their exact number: beyond 65,536 it is an estimate, within about 0.4 %.
        exact: bool,
    },
    /// Values of a type that cannot be used.
    Unsupported(String),
    /// Every value is missing.
    Missing,
    /// Many numbers of which most are 0, known by their indices; nothing is missing.
    Sparse {
        /// The index that counting begins with: 0 or 1.
        first_index: u32,
        /// The indices that occur, as they are written, in ascending order.
        indices: Vec<u32>,
        /// How many values are not 0.
        n_stored: u64,
    },
    /// Not read, since it was not asked for.
    Skipped,
}

/// What was seen of a column while it was read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// How many values are missing.
    pub n_missing: u64,
    /// The line of the first missing value.
    pub first_missing: Option<u64>,
    /// How many fields are numbers.
    pub n_numbers: u64,
    /// How many fields are words.
    pub n_words: u64,
    /// The first word.
    pub first_word: Option<Place>,
    /// How many words are numbers but for their decimal sign: a comma where it is a point, or the other way round.
    pub n_other_decimals: u64,
    /// How many words are numbers but for what separates their thousands.
    pub n_thousands: u64,
    /// The first number that is infinite or beyond 1e±150.
    pub out_of_range: Option<Place>,
    /// The first whole number of a batch that f64 does not hold exactly; its place is a record.
    pub inexact: Option<Place>,
    /// The first whole number of a text that f64 does not hold exactly.
    pub inexact_text: Option<Place>,
    /// The smallest and the largest number; false is 0 and true is 1.
    #[serde(with = "bits")]
    pub range: Option<(f64, f64)>,
    /// The first and the last number.
    #[serde(with = "bits")]
    pub ends: Option<(f64, f64)>,
    /// Whether every number is whole.
    pub whole: bool,
    /// Whether the numbers are consecutive whole numbers, up or down, without a gap.
    pub counts_rows: bool,
    /// How many words look like dates, or times of a day.
    pub n_dates: u64,
    /// The first of them.
    pub first_date: Option<Place>,
    /// How dates are written where they are not read as they stand.
    pub dates: DateOrder,
}

/// What was seen of dates that are not read without a pattern.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DateOrder {
    /// The first of them.
    pub first: Option<Place>,
    /// Whether there is one whose day is in front, since there are not so many months.
    pub day_first: bool,
    /// Whether there is one whose month is in front.
    pub month_first: bool,
}

impl DateOrder {
    /// How they are written: as the first, with day and month in the order that the others show.
    pub fn form(&self) -> Option<DateForm> {
        let form = DateForm::of(&self.first.as_ref()?.text)?;
        let order = (self.day_first, self.month_first);
        Some(match form {
            DateForm::Either([day_first, _]) if order == (true, false) => DateForm::Pattern(day_first),
            DateForm::Either([_, month_first]) if order == (false, true) => DateForm::Pattern(month_first),
            form => form,
        })
    }

    /// Takes in one that is written so.
    fn look(&mut self, form: &DateForm, place: impl FnOnce() -> Place) {
        let pattern = match form {
            DateForm::Plain | DateForm::NoSuchDay => return,
            DateForm::Pattern(pattern) => pattern.as_str(),
            DateForm::Either(_) => "",
        };
        self.day_first |= pattern.starts_with("%d");
        self.month_first |= pattern.starts_with("%m");
        self.first.get_or_insert_with(place);
    }

    /// Takes in those that follow.
    fn merge(&mut self, other: Self) {
        self.first = self.first.take().or(other.first);
        self.day_first |= other.day_first;
        self.month_first |= other.month_first;
    }
}

impl ColumnFacts {
    /// Whether nearly all words look like dates.
    pub fn look_like_dates(&self) -> bool {
        self.n_dates > 0 && 10 * self.n_dates >= 9 * self.n_words
    }

    /// The values that stand for others.
    fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        let places = [
            &mut self.first_word,
            &mut self.first_date,
            &mut self.dates.first,
            &mut self.out_of_range,
            &mut self.inexact,
            &mut self.inexact_text,
        ];
        places.into_iter().flatten()
    }
}

impl TableColumn {
    /// One word for the type.
    pub fn type_name(&self) -> &'static str {
        match self.values {
            Values::Numbers if self.facts.whole => "whole number",
            Values::Numbers => "number",
            Values::Booleans => "boolean",
            Values::Text { .. } | Values::Unique { .. } => "text",
            Values::Hashed { .. } => "hashed",
            Values::Dates { .. } => "date",
            Values::Mixed => "mixed",
            Values::Unsupported(_) => "unsupported",
            Values::Missing => "all missing",
            Values::Sparse { .. } => "sparse",
            Values::Skipped => "not read",
        }
    }

    /// How many different texts there are; `None` where the values are no texts, hashed, or too many to be kept.
    pub fn n_levels(&self) -> Option<usize> {
        match &self.values {
            Values::Text { levels } => Some(levels.len()),
            _ => None,
        }
    }
}

//! Which records of a file come through to its table.
//!
//! A record that cannot be used depends on what its columns are, and that on all of their values. So files from which such records are left
//! out are read twice: the [`Survey`] counts what is in each column, and the [`Gate`] that follows from it judges record by record. The
//! table is then the one of a file without the records that were left out, since those alone are taken into it that stay.

use deltarule_model::DateFormat;

use crate::column::{Wish, is_in_range};
use crate::condition::{BoundCondition, Condition};
use crate::csv::{Decimal, Format, NOT_NESTED, Record, is_missing, is_nested, parse_number, shown};
use crate::error::{DataError, Result};
use crate::flaw::Flaw;
use crate::reject::Reject;

/// Of the values of a column that are not missing, so many in a hundred must be numbers for words among them to be mistakes.
const NUMBERS_IN_100: u64 = 90;

/// Which records come through.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sieve {
    /// What makes a record one that cannot be used; `None`: such a record is an error.
    pub skip: Option<SkipRule>,
    /// What records must satisfy to be part of the table.
    pub condition: Option<Condition>,
}

/// What makes a record one that cannot be used, beside what its columns are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SkipRule {
    /// The target columns: a record without a target is none to train on, whatever else is missing.
    pub targets: Vec<String>,
    /// What targets that are numbers must be within.
    pub target_range: Option<TargetRange>,
    /// The column of weights, each of which must be there, and a number from 0 on.
    pub weight: Option<String>,
    /// Whether a missing value makes a record useless.
    pub missing: bool,
    /// Columns whose values may be missing all the same.
    pub may_be_missing: Vec<String>,
}

/// What targets that are numbers must be within.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetRange {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Whether −1 among them means that they are classes, for which there is no range.
    pub unless_minus_one: bool,
}

/// What a field is, where numbers may be numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    Missing,
    Number(f64),
    Word,
}

impl Value {
    /// What a field of text is.
    pub(crate) fn of_text(field: &[u8], decimal: Decimal) -> Self {
        match parse_number(field, decimal) {
            Some(number) => Value::Number(number),
            None if is_missing(field) || is_nested(field) => Value::Missing,
            None => Value::Word,
        }
    }
}

/// What is in the columns of some files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Survey {
    columns: Vec<Seen>,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Seen {
    n_numbers: u64,
    n_words: u64,
    n_minus_one: u64,
}

impl Seen {
    fn is_of_numbers(self) -> bool {
        self.n_numbers > 0 && 100 * self.n_numbers >= NUMBERS_IN_100 * (self.n_numbers + self.n_words)
    }
}

impl Survey {
    pub(crate) fn of(n_columns: usize) -> Self {
        Self { columns: vec![Seen::default(); n_columns] }
    }

    /// Takes a record that has a field for every column.
    pub(crate) fn add(&mut self, wishes: &[Wish], value: impl Fn(usize) -> Value) {
        for (place, (seen, wish)) in self.columns.iter_mut().zip(wishes).enumerate() {
            if !matches!(wish, Wish::Decide | Wish::Keep) {
                continue;
            }
            match value(place) {
                Value::Number(number) => {
                    seen.n_numbers += 1;
                    seen.n_minus_one += u64::from(number == -1.0);
                }
                Value::Missing => {}
                Value::Word => seen.n_words += 1,
            }
        }
    }

    /// Takes in what is in other records, whose columns stand at these places.
    pub(crate) fn merge(&mut self, further: &Self, order: Option<&[usize]>) {
        for (column, seen) in self.columns.iter_mut().enumerate() {
            let other = further.columns[order.map_or(column, |order| order[column])];
            seen.n_numbers += other.n_numbers;
            seen.n_words += other.n_words;
            seen.n_minus_one += other.n_minus_one;
        }
    }

    /// What the columns of a file are, each of which stands at the place that `order` gives.
    fn in_order(&self, order: Option<&[usize]>) -> Vec<Seen> {
        let mut columns = self.columns.clone();
        for (column, seen) in self.columns.iter().enumerate() {
            columns[order.map_or(column, |order| order[column])] = *seen;
        }
        columns
    }
}

/// Judges the records of one file.
#[derive(Debug)]
pub(crate) struct Gate {
    condition: Option<BoundCondition>,
    /// What makes a record one that cannot be used.
    tests: Option<Tests>,
}

/// What becomes of a record.
#[derive(Debug)]
pub(crate) enum Verdict {
    Pass,
    /// It does not satisfy the condition.
    LeftOut,
    Bad(Reject),
}

/// What the columns of a file must hold.
#[derive(Debug)]
struct Tests {
    columns: Vec<Test>,
    /// The places of the targets.
    targets: Vec<usize>,
    target_range: Option<(f64, f64)>,
    /// The place of the weight.
    weight: Option<usize>,
}

/// What a column must hold.
#[derive(Debug)]
struct Test {
    kind: TestKind,
    /// Whether a value must be there.
    needed: bool,
}

#[derive(Debug)]
enum TestKind {
    /// Whatever it likes.
    Anything,
    /// Text.
    Text,
    Number,
    Date(DateFormat),
}

impl Tests {
    fn of(rule: &SkipRule, survey: &Survey, header: &[String], wishes: &[Wish], order: Option<&[usize]>) -> Self {
        let seen = survey.in_order(order);
        let tests = header.iter().zip(wishes).zip(&seen).map(|((name, wish), seen)| {
            let kind = match wish {
                Wish::Skip => TestKind::Anything,
                Wish::Date(format) => TestKind::Date(format.clone()),
                Wish::Decide | Wish::Keep if seen.is_of_numbers() => TestKind::Number,
                _ => TestKind::Text,
            };
            // In a column without any value, nothing is missing that others have.
            let is_empty = matches!(wish, Wish::Decide | Wish::Keep) && seen.n_numbers + seen.n_words == 0;
            let is_free = *wish == Wish::Skip
                || is_empty
                || rule.may_be_missing.contains(name)
                || rule.weight.as_ref() == Some(name);
            Test { kind, needed: rule.missing && !is_free && !rule.targets.contains(name) }
        });
        let tests: Vec<Test> = tests.collect();
        let places = (0..header.len()).filter(|&place| rule.targets.contains(&header[place]));
        let targets: Vec<usize> = places.collect();
        let weight = (0..header.len()).find(|&place| rule.weight.as_ref() == Some(&header[place]));
        let minus_one = targets.iter().any(|&place| seen[place].n_minus_one > 0);
        let range = rule.target_range.filter(|range| !(range.unless_minus_one && minus_one));
        Self { columns: tests, targets, target_range: range.map(|range| (range.low, range.high)), weight }
    }

    /// What is wrong with a record that has a field for every column, if anything is.
    fn flaw(
        &self,
        file: &str,
        record: &Record<'_>,
        header: &[String],
        value: impl Fn(usize) -> Value,
    ) -> Option<Reject> {
        let reject = |place: usize, flaw: Flaw, expected: &str| {
            let found: String = shown(record.trimmed(place)).chars().take(60).collect();
            let reason = format!("column {:?}: found {found:?}, expected {expected}", header[place]);
            Some(Reject { file: file.to_owned(), at: record.at, flaw, reason, record: record.text() })
        };
        let has_target = self.targets.iter().all(|&place| !is_missing(record.trimmed(place)));
        for (place, test) in self.columns.iter().enumerate() {
            let field = record.trimmed(place);
            if let TestKind::Anything = test.kind {
                continue;
            }
            if is_missing(field) {
                if test.needed && has_target {
                    return reject(place, Flaw::Missing, "a value, since --missing is error");
                }
                continue;
            }
            if is_nested(field) {
                return reject(place, Flaw::Syntax, NOT_NESTED);
            }
            match &test.kind {
                TestKind::Number => match value(place) {
                    Value::Number(number) if is_in_range(number) => {}
                    Value::Word => return reject(place, Flaw::Word, "a number, as nearly everywhere in the column"),
                    _ => return reject(place, Flaw::Range, "0 or a number between 1e-150 and 1e150 in size"),
                },
                TestKind::Date(format) => match std::str::from_utf8(field).ok().and_then(|text| format.parse(text)) {
                    Some(_) => {}
                    None => return reject(place, Flaw::Date, &format.expected()),
                },
                TestKind::Text if std::str::from_utf8(field).is_err() => {
                    return reject(place, Flaw::Encoding, "UTF-8");
                }
                TestKind::Text | TestKind::Anything => {}
            }
        }
        if let Some(place) = self.weight
            && has_target
            && !matches!(value(place), Value::Number(weight) if weight >= 0.0)
        {
            return reject(place, Flaw::Weight, "the weight of a record, a number from 0 on");
        }
        let (low, high) = self.target_range?;
        let outside = |place: &&usize| {
            matches!(self.columns[**place].kind, TestKind::Number)
                && matches!(value(**place), Value::Number(y) if !(low..=high).contains(&y))
        };
        let place = self.targets.iter().find(outside)?;
        reject(*place, Flaw::Target, &format!("a number from {low} to {high}, for the loss"))
    }
}

impl Gate {
    /// The gate of a file with this name and header, whose columns are read so; `None` where all of its records come through.
    ///
    /// Errors: the condition looks at a column that is not there.
    pub(crate) fn of(
        sieve: &Sieve,
        survey: Option<&Survey>,
        (file, header): (&str, &[String]),
        wishes: &[Wish],
        order: Option<&[usize]>,
    ) -> Result<Option<Self>> {
        let condition = sieve.condition.as_ref().map(|condition| condition.bind(file, header)).transpose()?;
        let rule = sieve.skip.as_ref().zip(survey);
        let tests = rule.map(|(rule, survey)| Tests::of(rule, survey, header, wishes, order));
        Ok((condition.is_some() || tests.is_some()).then_some(Self { condition, tests }))
    }

    /// Which columns must be read to judge records, or to take them into a table.
    #[cfg(feature = "arrow")]
    pub(crate) fn wanted(&self, wishes: &[Wish]) -> Vec<bool> {
        let is_looked_at = |place| self.condition.as_ref().is_some_and(|condition| condition.looks_at(place));
        wishes.iter().enumerate().map(|(place, wish)| *wish != Wish::Skip || is_looked_at(place)).collect()
    }

    /// What becomes of a record that has a field for every column.
    ///
    /// Errors: the condition cannot be applied to it, and records that cannot be used are errors.
    pub(crate) fn judge(
        &self,
        file: &str,
        record: &Record<'_>,
        header: &[String],
        decimal: Decimal,
        value: impl Fn(usize) -> Value,
    ) -> Result<Verdict> {
        match self.condition.as_ref().map(|condition| condition.holds_with(file, record, decimal)) {
            Some(Ok(false)) => return Ok(Verdict::LeftOut),
            Some(Err(error)) if self.tests.is_some() => return Reject::of(error, record.text()).map(Verdict::Bad),
            Some(Err(error)) => return Err(error),
            Some(Ok(true)) | None => {}
        }
        let flaw = self.tests.as_ref().and_then(|tests| tests.flaw(file, record, header, value));
        Ok(flaw.map_or(Verdict::Pass, Verdict::Bad))
    }

    /// What becomes of a record of text.
    ///
    /// Errors: it cannot be used, and such records are errors.
    pub(crate) fn judge_text(&self, format: &Format, record: &Record<'_>) -> Result<Verdict> {
        match format.check(record) {
            Err(error) if self.tests.is_some() => Reject::of(error, format.raw_text(record)).map(Verdict::Bad),
            Err(error) => Err(error),
            Ok(()) => {
                let value = |place| Value::of_text(record.trimmed(place), format.decimal);
                self.judge(&format.name, record, &format.header, format.decimal, value)
            }
        }
    }
}

impl Sieve {
    /// Errors: records may be left out, and all of them are to be kept in a cache.
    pub(crate) fn check_cache(&self, is_cached: bool) -> Result<()> {
        match (&self.skip, &self.condition) {
            (Some(_), _) if is_cached => Err(DataError::CacheOfSome { setting: "--on-bad-row skip" }),
            (_, Some(_)) if is_cached => Err(DataError::CacheOfSome { setting: "--where" }),
            _ => Ok(()),
        }
    }
}

//! Columns of whole numbers that are dates, found in one pass that ends when none is left to suspect.

use std::ops::{ControlFlow, RangeInclusive};

use deltarule_model::date_text;

use super::Suspicion;
use crate::column::{TableColumn, Values};
use crate::error::Result;
use crate::pages::Wanted;
use crate::table::Table;

/// So many values, or of seconds different ones, may look like dates by chance.
const FEW: usize = 10;
/// The days of which one reads as year, month and day.
const DAYS: RangeInclusive<f64> = 19_000_101.0..=21_001_231.0;
/// The seconds since 1970 from the year 2000 on, as far as they fit into 32 bits: 2038.
const SECONDS: RangeInclusive<f64> = 946_684_800.0..=2_147_483_647.0;

/// What is suspicious about those of some columns that are dates, by their positions.
pub(super) fn dates_as_numbers(table: &Table, columns: &[usize]) -> Result<Vec<(usize, Suspicion)>> {
    let of = |&index: &usize| Some((index, Test::of(&table.columns()[index])?));
    let mut suspects: Vec<(usize, Test)> = columns.iter().filter_map(of).collect();
    let wanted = Wanted::of(suspects.iter().map(|(index, _)| *index));
    if !suspects.is_empty() {
        table.pages().show_each(&wanted, |_, rows, columns| {
            suspects.retain_mut(|(index, test)| {
                columns[*index].numbers()[rows.clone()].iter().filter(|x| !x.is_nan()).all(|x| test.passes(*x))
            });
            if suspects.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    let found = suspects.into_iter().filter(|(_, test)| test.is_passed());
    Ok(found.map(|(index, test)| (index, test.suspicion(&table.columns()[index].name))).collect())
}

/// What was seen of a column so far.
struct Test {
    form: Form,
    n: usize,
    /// Some different values, the first in front.
    different: Vec<f64>,
    /// Whether each is a number of thousands, as amounts are.
    is_round: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// 20240531.
    Day,
    /// Seconds since 1970.
    Seconds,
}

impl Test {
    /// A test that the column can pass; `None` where it cannot.
    fn of(column: &TableColumn) -> Option<Self> {
        let (low, high) = column.facts.range.filter(|_| column.values == Values::Numbers)?;
        let is_within = |range: &RangeInclusive<f64>| low < high && range.contains(&low) && range.contains(&high);
        let form = if is_within(&DAYS) {
            Form::Day
        } else if is_within(&SECONDS) {
            Form::Seconds
        } else {
            return None;
        };
        Some(Self { form, n: 0, different: Vec::new(), is_round: true })
    }

    /// Takes a value; false where it is no date.
    fn passes(&mut self, x: f64) -> bool {
        self.n += 1;
        self.is_round &= x % 1000.0 == 0.0;
        if self.different.len() < FEW && !self.different.contains(&x) {
            self.different.push(x);
        }
        x.fract() == 0.0 && (self.form == Form::Seconds || is_day(x as u32))
    }

    /// Whether the column is one of dates, now that all values were seen.
    fn is_passed(&self) -> bool {
        match self.form {
            Form::Day => self.n >= FEW,
            Form::Seconds => self.different.len() >= FEW && !self.is_round,
        }
    }

    fn suspicion(&self, name: &str) -> Suspicion {
        let first = self.different.first().copied().unwrap_or_default();
        match self.form {
            Form::Day => Suspicion::DatesAsNumbers { example: format!("{first}"), typed: name.to_owned() },
            Form::Seconds => Suspicion::DatesAsNumbers {
                example: format!("{first}, in seconds since 1970 {}", date_text(first)),
                typed: format!("{name}:%s"),
            },
        }
    }
}

/// Whether a number reads as year, month and day of the calendar.
fn is_day(number: u32) -> bool {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => 0,
    };
    (1..=days).contains(&day)
}

//! What occurs of each column in the training records.

use std::ops::ControlFlow;

use deltarule_model::{DatePart, date_text};

use super::draft::{LevelRules, Levels};
use crate::column::Values;
use crate::error::Result;
use crate::pages::{RowSet, Wanted};
use crate::table::Table;

/// What occurs of a column in the training records.
pub(super) struct Seen {
    /// The records of each level, or bucket; nothing where they were not counted, since all occur and none can be rare.
    pub(super) levels: Vec<u64>,
    /// The records without a value; where the rule has no use for them, 0.
    pub(super) missing: u64,
    pub(super) dates: Option<SeenDates>,
    /// Whether records have to be looked at.
    is_open: bool,
}

/// Which dates occur.
#[derive(Default)]
pub(super) struct SeenDates {
    first: Option<f64>,
    last: Option<f64>,
    /// Whether each level of each part occurs; nothing for numbers.
    pub(super) levels: Vec<Vec<bool>>,
}

impl Seen {
    /// Looks at the records where that is needed.
    ///
    /// Errors: those of the file that holds the table's pages.
    pub(super) fn of(table: &Table, positions: &[usize], training: &RowSet, rules: LevelRules) -> Result<Vec<Self>> {
        let empty = |&position: &usize| Self::empty(table, position, training, rules);
        let mut seen: Vec<Self> = positions.iter().map(empty).collect();
        let open = positions.iter().zip(&seen).filter(|(_, seen)| seen.is_open);
        let wanted = Wanted::of(open.map(|(position, _)| *position));
        if wanted.columns().is_empty() {
            return Ok(seen);
        }
        table.pages().show_each(&wanted, |page, rows, columns| {
            for (&position, seen) in positions.iter().zip(&mut seen).filter(|(_, seen)| seen.is_open) {
                let column = &columns[position];
                training.in_page(page, 0, |row| {
                    let row = rows.start + row;
                    if column.is_missing(row) {
                        seen.missing += 1;
                    } else if let Some(dates) = &mut seen.dates {
                        dates.look(column.numbers()[row]);
                    } else if let Some(count) =
                        column.codes().get(row).and_then(|&code| seen.levels.get_mut(code as usize))
                    {
                        *count += 1;
                    }
                });
            }
            ControlFlow::Continue(())
        })?;
        Ok(seen)
    }

    fn empty(table: &Table, position: usize, training: &RowSet, rules: LevelRules) -> Self {
        let column = &table.columns()[position];
        let can_be_rare = rules.min_count.is_some() && matches!(column.values, Values::Text { .. });
        let n_levels = if training.is_all() && !can_be_rare { 0 } else { Levels::of(&column.values).len() };
        let dates = matches!(column.values, Values::Dates { .. }).then(|| SeenDates {
            levels: DatePart::ALL.iter().map(|part| vec![false; part.n_levels()]).collect(),
            ..SeenDates::default()
        });
        let may_miss = rules.missing.has_level() && column.facts.n_missing > 0;
        let is_open = n_levels > 0 || dates.is_some() || (may_miss && !training.is_all());
        let missing = if may_miss && !is_open { column.facts.n_missing } else { 0 };
        Self { levels: vec![0; n_levels], missing, dates, is_open }
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

    pub(super) fn parts(&self) -> impl Iterator<Item = DatePart> {
        DatePart::ALL.iter().copied().filter(|part| self.varies(*part))
    }

    /// What is made of a column of dates.
    pub(super) fn note(&self, name: &str) -> String {
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

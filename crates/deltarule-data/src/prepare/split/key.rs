//! What a column says of each record to a split: its group, or its time.

use deltarule_core::NO_LEVEL;
use deltarule_model::{DateFormat, date_text};

use super::{SplitBy, SplitKind};
use crate::column::{TableColumn, Values};
use crate::error::{DataError, Result};
use crate::pages::{PageColumn, Wanted};
use crate::table::Table;

/// The values of a column as numbers, each different where the value is.
pub(super) struct Keys {
    file: String,
    name: String,
    position: usize,
    /// The time of each level, where texts are times; and the texts.
    times: Option<Vec<(f64, String)>>,
    /// Whether the values are dates, in seconds.
    are_dates: bool,
}

impl Keys {
    /// Errors: there is no such column, or it cannot be what it is to be.
    pub(super) fn of(table: &Table, by: &SplitBy) -> Result<(Self, SplitKind)> {
        let position = table.position(&by.column, "--split-by")?;
        let column = &table.columns()[position];
        table.check_usable(column)?;
        let kind = by.kind.unwrap_or(if holds_dates(column) { SplitKind::Time } else { SplitKind::Groups });
        let (file, name) = (table.name().to_owned(), by.column.clone());
        let are_dates = matches!(column.values, Values::Dates { .. });
        let mut keys = Self { file, name, position, times: None, are_dates };
        match (&column.values, kind) {
            (Values::Text { levels }, SplitKind::Time) => keys.times = Some(keys.times_of(levels)?),
            (Values::Text { .. } | Values::Hashed { .. }, SplitKind::Groups)
            | (Values::Numbers | Values::Booleans | Values::Dates { .. }, _) => {}
            (Values::Hashed { .. }, SplitKind::Time) => {
                return Err(keys.error("a column that is hashed".into(), "a time, without --hash".into()));
            }
            (Values::Missing, _) => return Err(keys.error("no value at all".into(), "groups, or times".into())),
            _ => return Err(keys.error(column.type_name().into(), "texts or numbers".into())),
        }
        Ok((keys, kind))
    }

    fn times_of(&self, levels: &[String]) -> Result<Vec<(f64, String)>> {
        let format = DateFormat::default();
        let time_of = |level: &String| match format.parse_in_utc(level) {
            Some(time) => Ok((time, level.clone())),
            None => {
                let (name, expected, hint) = (&self.name, format.expected(), format.hint(&self.name, level, None));
                let groups = format!("with --split-by {name}:groups each text is a group");
                Err(self.error(format!("{level:?}"), format!("{expected}; {hint}; {groups}")))
            }
        };
        levels.iter().map(time_of).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted::of([self.position])
    }

    /// The value of a record as a number; NaN where there is none.
    pub(super) fn value(&self, columns: &[PageColumn], row: usize) -> f64 {
        let column = &columns[self.position];
        match (column, &self.times) {
            (PageColumn::Numbers(_) | PageColumn::Lent(_), _) => column.numbers()[row],
            (PageColumn::Codes(codes), Some(times)) => {
                times.get(codes[row] as usize).map_or(f64::NAN, |(time, _)| *time)
            }
            (PageColumn::Codes(codes), None) if codes[row] != NO_LEVEL => f64::from(codes[row]),
            _ => f64::NAN,
        }
    }

    /// The group of a record; those without one are a group.
    pub(super) fn group(&self, columns: &[PageColumn], row: usize) -> u64 {
        let value = self.value(columns, row);
        // Zeros have no sign here, and there is only one NaN.
        if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() }
    }

    /// A time as it stands in the table.
    pub(super) fn text(&self, time: f64) -> String {
        if self.are_dates {
            return date_text(time);
        }
        let of_level = self.times.iter().flatten().find(|(of_level, _)| *of_level == time);
        of_level.map_or_else(|| time.to_string(), |(_, text)| text.clone())
    }

    pub(super) fn error(&self, found: String, expected: String) -> DataError {
        DataError::SplitBy { file: self.file.clone(), column: self.name.clone(), found, expected }
    }
}

/// Whether a column holds dates, or texts that look like them.
fn holds_dates(column: &TableColumn) -> bool {
    matches!(column.values, Values::Dates { .. })
        || matches!(column.values, Values::Text { .. }) && column.facts.look_like_dates()
}

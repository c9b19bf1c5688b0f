//! The inputs that are made of a date.

use chrono::{DateTime, Datelike, Timelike};

use crate::dates::SECONDS_A_DAY;

/// What is made of a date: numbers, or levels of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// The year, a number.
    Year,
    /// The month, a category.
    Month,
    /// The day of the week, a category.
    Weekday,
    /// The hour of the day, a category.
    Hour,
    /// Days since 1970-01-01, a number: what rises or falls all the time.
    Trend,
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl DatePart {
    /// Every part, in the order in which they are inputs.
    pub const ALL: &'static [DatePart] =
        &[DatePart::Year, DatePart::Month, DatePart::Weekday, DatePart::Hour, DatePart::Trend];

    /// `year`, `month`, `weekday`, `hour` or `trend`.
    pub fn name(self) -> &'static str {
        match self {
            DatePart::Year => "year",
            DatePart::Month => "month",
            DatePart::Weekday => "weekday",
            DatePart::Hour => "hour",
            DatePart::Trend => "trend",
        }
    }

    /// How many levels there can be; 0 for a number.
    pub fn n_levels(self) -> usize {
        match self {
            DatePart::Year | DatePart::Trend => 0,
            DatePart::Month => 12,
            DatePart::Weekday => 7,
            DatePart::Hour => 24,
        }
    }

    /// The name of a level: months are 1 to 12, hours 0 to 23, weekdays have their names and begin with Monday.
    pub fn level_name(self, level: usize) -> String {
        match self {
            DatePart::Month => (level + 1).to_string(),
            DatePart::Weekday => WEEKDAYS.get(level).copied().unwrap_or_default().to_owned(),
            _ => level.to_string(),
        }
    }

    /// Whether a level has this name.
    pub(crate) fn is_level_named(self, level: usize, name: &str) -> bool {
        let number = || name.parse::<usize>().ok();
        match self {
            DatePart::Month => number() == Some(level + 1),
            DatePart::Weekday => WEEKDAYS.get(level) == Some(&name),
            _ => number() == Some(level),
        }
    }

    /// The year, or the days since 1970-01-01; for a category the level, counted from 0. NaN of NaN.
    pub fn of(self, seconds: f64) -> f64 {
        if let DatePart::Trend = self {
            return seconds / SECONDS_A_DAY as f64;
        }
        let moment = if seconds.is_nan() { None } else { DateTime::from_timestamp(seconds as i64, 0) };
        let Some(moment) = moment else { return f64::NAN };
        match self {
            DatePart::Year => f64::from(moment.year()),
            DatePart::Month => f64::from(moment.month0()),
            DatePart::Weekday => f64::from(moment.weekday().num_days_from_monday()),
            DatePart::Hour => f64::from(moment.hour()),
            DatePart::Trend => f64::NAN,
        }
    }

    /// The level of a date, counted from 0; `None` of NaN, and for a number.
    pub fn level(self, seconds: f64) -> Option<usize> {
        let level = self.of(seconds);
        (self.n_levels() > 0 && !level.is_nan()).then_some(level as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates::DateFormat;

    #[test]
    fn the_parts_of_a_day_are_those_of_the_calendar() {
        let seconds = DateFormat::default().parse("2024-02-29 18:00").unwrap();
        let level = |part: DatePart| part.level_name(part.level(seconds).unwrap());
        assert_eq!(DatePart::Year.of(seconds), 2024.0);
        assert_eq!(
            (level(DatePart::Month), level(DatePart::Weekday), level(DatePart::Hour)),
            ("2".into(), "Thursday".into(), "18".into())
        );
        for part in [DatePart::Month, DatePart::Weekday, DatePart::Hour] {
            for level in 0..part.n_levels() {
                let named = |other: usize| part.is_level_named(level, &part.level_name(other));
                assert!((0..part.n_levels()).all(|other| named(other) == (other == level)), "{part:?} {level}");
            }
        }
        assert_eq!(DatePart::Trend.of(seconds), 19_782.75);
        assert!(DatePart::ALL.iter().all(|part| part.of(f64::NAN).is_nan() && part.level(f64::NAN).is_none()));
        let before = DateFormat::default().parse("1969-12-31 23:00").unwrap();
        assert_eq!((DatePart::Year.of(before), DatePart::Hour.of(before)), (1969.0, 23.0));
    }
}

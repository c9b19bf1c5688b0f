//! How a text that may be a date is written: what to say where it is not read as it stands.

use chrono::NaiveDate;
use chrono::format::{Parsed, StrftimeItems, parse};

use crate::dates::DateFormat;

/// How a date is written in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateForm {
    /// A form that is read without a pattern.
    Plain,
    /// A form that is read with this pattern of strftime's.
    Pattern(String),
    /// Two forms, since day and month could be either way round: that with the day in front, and that with the month.
    Either([String; 2]),
    /// The form of a date, and there is no such day.
    NoSuchDay,
}

/// Other forms, of which each says what it means.
const FORMS: [&str; 6] =
    ["%d-%b-%y", "%d %b %y", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S %z"];

impl DateForm {
    /// How a date is written in a text; `None` where it looks like none.
    pub fn of(text: &str) -> Option<Self> {
        let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
        if n_digits < 3 || n_digits == text.len() || text.len() > 40 {
            return None;
        }
        if DateFormat::default().parse(text).is_some() {
            return Some(Self::Plain);
        }
        in_digits(text).or_else(|| {
            let reads = |form: &&&str| parse(&mut Parsed::new(), text, StrftimeItems::new(form)).is_ok();
            FORMS.iter().find(reads).map(|form| Self::Pattern((*form).to_owned()))
        })
    }

    /// The patterns, one of which has to be named.
    pub fn patterns(&self) -> &[String] {
        match self {
            Self::Plain | Self::NoSuchDay => &[],
            Self::Pattern(pattern) => std::slice::from_ref(pattern),
            Self::Either(patterns) => patterns,
        }
    }
}

/// Day, month and year in digits, of which the year is not in front unless there is no such day.
fn in_digits(text: &str) -> Option<DateForm> {
    let end = text.find(['T', ' ']).unwrap_or(text.len());
    let (date, time) = text.split_at(end);
    let sign = date.chars().find(|c| !c.is_ascii_digit()).filter(|sign| "./-".contains(*sign))?;
    let mut parts = date.split(sign);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let of_digits =
        |part: &str, most: usize| !part.is_empty() && part.len() <= most && part.bytes().all(|c| c.is_ascii_digit());
    if parts.next().is_some() || !of_digits(first, 4) || !of_digits(second, 2) || !of_digits(third, 4) {
        return None;
    }
    let (of_year, century) = match (first.len(), third.len()) {
        (4, 1..=2) => return Some(DateForm::NoSuchDay),
        (1..=2, 4) => ("%Y", 0),
        (1..=2, 2) => ("%y", 2000),
        _ => return None,
    };
    let time = time_pattern(time)?;
    let is_day = |month: &str, day: &str| {
        let (year, month, day) = (third.parse::<i32>(), month.parse::<u32>(), day.parse::<u32>());
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else { return false };
        NaiveDate::from_ymd_opt(year + century, month, day).is_some()
    };
    let day_first = format!("%d{sign}%m{sign}{of_year}{time}");
    let month_first = format!("%m{sign}%d{sign}{of_year}{time}");
    Some(match (is_day(second, first), is_day(first, second)) {
        (false, false) => DateForm::NoSuchDay,
        (false, true) => DateForm::Pattern(month_first),
        // Between points the month is never in front.
        (true, is_other) if !is_other || sign == '.' => DateForm::Pattern(day_first),
        _ => DateForm::Either([day_first, month_first]),
    })
}

/// The pattern of a time behind a date, with the sign between them.
fn time_pattern(text: &str) -> Option<String> {
    let Some(sign) = text.chars().next() else { return Some(String::new()) };
    let time = text[1..].trim_end();
    let half = time.get(time.len().saturating_sub(2)..).unwrap_or_default();
    let (clock, hour, end) = match half.to_ascii_uppercase().as_str() {
        "AM" | "PM" => {
            let clock = &time[..time.len() - 2];
            (clock.trim_end(), "%I", if clock.ends_with(' ') { " %p" } else { "%p" })
        }
        _ => (time, "%H", ""),
    };
    let (clock, offset) = match clock.find(['+', '-', 'Z']) {
        None => (clock, ""),
        Some(at) if clock[at..].starts_with('Z') => (&clock[..at], "Z"),
        Some(at) if clock[..at].ends_with(' ') => (clock[..at].trim_end(), " %z"),
        Some(at) => (&clock[..at], "%z"),
    };
    let (whole, fraction) = clock.split_once('.').map_or((clock, ""), |(whole, _)| (whole, "%.f"));
    let minutes = match whole.split(':').count() {
        1 => "",
        2 => ":%M",
        3 => ":%M:%S",
        _ => return None,
    };
    let is_clock = !whole.is_empty() && whole.split(':').all(|part| part.len() <= 2 && part.parse::<u8>().is_ok());
    is_clock.then(|| format!("{sign}{hour}{minutes}{fraction}{end}{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_form_of_a_date_is_told_from_its_text() {
        let either = |sign: &str, year: &str, time: &str| {
            DateForm::Either([format!("%d{sign}%m{sign}{year}{time}"), format!("%m{sign}%d{sign}{year}{time}")])
        };
        let pattern = |text: &str| DateForm::Pattern(text.to_owned());
        for (text, expected) in [
            ("2024-05-31", DateForm::Plain),
            ("31 May 2024", DateForm::Plain),
            ("May 31, 2024 07:45", DateForm::Plain),
            ("2024-05-31T13:45:10.5+02:00", DateForm::Plain),
            ("31.05.2024", pattern("%d.%m.%Y")),
            ("3.5.24", pattern("%d.%m.%y")),
            ("05/06/2024", either("/", "%Y", "")),
            ("5-6-24 7:30", either("-", "%y", " %H:%M")),
            ("31/05/2024", pattern("%d/%m/%Y")),
            ("05/31/2024 03:59 AM", pattern("%m/%d/%Y %I:%M %p")),
            ("05/31/2024 3:59:10PM", pattern("%m/%d/%Y %I:%M:%S%p")),
            ("31/05/2024T23:59:10.25", pattern("%d/%m/%YT%H:%M:%S%.f")),
            ("31/05/2024 23:59:10 +0200", pattern("%d/%m/%Y %H:%M:%S %z")),
            ("31-May-24", pattern("%d-%b-%y")),
            ("20240531T134510", pattern("%Y%m%dT%H%M%S")),
            ("Fri May 31 13:45:10 2024", pattern("%a %b %d %H:%M:%S %Y")),
            ("31/May/2024:13:45:10 +0200", pattern("%d/%b/%Y:%H:%M:%S %z")),
            ("2023-02-30", DateForm::NoSuchDay),
            ("0000-00-00", DateForm::NoSuchDay),
            ("31/31/2024", DateForm::NoSuchDay),
        ] {
            let form = DateForm::of(text);
            assert_eq!(form.as_ref(), Some(&expected), "{text}");
            let patterns = expected.patterns();
            let read = patterns.iter().all(|pattern| DateFormat::new(pattern).unwrap().parse(text).is_some());
            assert!(read, "{text}");
        }
        for text in
            ["", "12:30", "1.2.3-beta", "1.2.3", "A-12", "192.168.0.1", "10.000.000", "a b", "Mr. X", "20240531"]
        {
            assert_eq!(DateForm::of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}[T ]?\\PC{0,12}") {
            let _ = DateForm::of(&text);
        }

        #[test]
        fn a_pattern_reads_the_text_that_it_was_made_for(
            text in "[0-3]?[0-9][./-][0-3]?[0-9][./-](20)?[0-9]{2}([T ][0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?( ?[AP]M)?)?"
        ) {
            let is_clock = |text: &str| text.find(['T', ' ']).is_none_or(|at| {
                let hour: u8 = text[at + 1..].split(':').next().unwrap_or("").parse().unwrap_or(99);
                hour < 24 && (!text.ends_with('M') || (1..=12).contains(&hour))
            });
            if let Some(form) = DateForm::of(&text) && is_clock(&text) {
                for pattern in form.patterns() {
                    let format = DateFormat::new(pattern).unwrap();
                    prop_assert!(format.parse(&text).is_some(), "{text} by {pattern}");
                }
            }
        }
    }
}

//! Dates in C: their texts are read as the command reads them, and their parts are those of the calendar.

use std::fmt::Write as _;

use chrono::NaiveDate;
use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use deltarule_model::DateFormat;

use super::names::{comment_text, string_literal};
use crate::Form;
use crate::error::{ExportError, Result};

/// How the dates of a model are read: a function for each way of writing them.
pub(super) struct Readers<'m> {
    /// Each format that occurs, once, and what its function is made of.
    formats: Vec<(&'m DateFormat, String)>,
}

impl<'m> Readers<'m> {
    /// Errors: a pattern with a part that C does not read here.
    pub(super) fn of(columns: impl Iterator<Item = (&'m str, &'m DateFormat)>) -> Result<Self> {
        let mut formats: Vec<(&DateFormat, String)> = Vec::new();
        for (column, format) in columns {
            if formats.iter().all(|(known, _)| *known != format) {
                let id = formats.len();
                formats.push((format, reader(id, column, format)?));
            }
        }
        Ok(Self { formats })
    }

    /// The number of the function that reads dates of this form.
    pub(super) fn id(&self, format: &DateFormat) -> usize {
        self.formats.iter().position(|(known, _)| *known == format).unwrap_or_default()
    }

    /// A date of this form.
    pub(super) fn example(&self, format: &DateFormat) -> String {
        let day = NaiveDate::from_ymd_opt(2024, 5, 31).and_then(|day| day.and_hms_opt(0, 0, 0));
        match (format.pattern(), day) {
            (Some(pattern), Some(day)) => day.and_utc().format(pattern).to_string(),
            _ => "2024-05-31".to_owned(),
        }
    }

    /// The functions, and those that they need.
    pub(super) fn write(&self, text: &mut String) {
        if self.formats.is_empty() {
            return;
        }
        // From the last function to the first, since each comes after those that it needs.
        let mut code: String = self.formats.iter().map(|(_, reader)| reader.as_str()).collect();
        for function in FUNCTIONS.trim_end().split("\n\n").collect::<Vec<_>>().into_iter().rev() {
            if code.contains(&called(function)) {
                code = format!("{function}\n\n{code}");
            }
        }
        *text += DATE;
        if code.contains("struct deltarule_fields") {
            *text += FIELDS;
        }
        *text += &code;
    }
}

/// A function that makes the parts of a date of its text: 0 where it is none.
fn reader(id: usize, column: &str, format: &DateFormat) -> Result<String> {
    let (test, about) = match format.pattern() {
        None => (
            "deltarule_year_first(text, &seconds) || deltarule_month_by_name(text, &seconds)".to_owned(),
            "2024-05-31, 20240531 or 31 May 2024".to_owned(),
        ),
        Some(pattern) => {
            let test = format!("deltarule_pattern_{id}(text, &seconds) || deltarule_year_first(text, &seconds)");
            (test, format!("{pattern}, or 2024-05-31"))
        }
    };
    let pattern = format.pattern().map(|pattern| pattern_reader(id, column, pattern)).transpose()?;
    let mut text = pattern.unwrap_or_default();
    let _ = writeln!(text, "/* The parts of a date such as {}; 0 of a text that is none. */", comment_text(&about));
    let _ = writeln!(
        text,
        "static int deltarule_date_{id}(const char *text, struct deltarule_date *date)\n{{\n    long long seconds;\n    if (text == NULL)\n        return deltarule_no_date(date);"
    );
    let _ = writeln!(text, "    if (!({test}))\n        return 0;\n    return deltarule_parts(seconds, date);\n}}\n");
    Ok(text)
}

/// A function that reads a date by a pattern of strftime's.
fn pattern_reader(id: usize, column: &str, pattern: &str) -> Result<String> {
    let lacks = || ExportError::DatePattern { form: Form::C, column: column.to_owned(), pattern: pattern.to_owned() };
    let mut tests = Vec::new();
    let mut has_timestamp = false;
    for item in StrftimeItems::new(pattern) {
        tests.push(match item {
            Item::Literal(literal) => format!("deltarule_literal(&text, {})", string_literal(literal)?),
            Item::Space(_) => "deltarule_space(&text)".to_owned(),
            Item::Numeric(numeric, _) => {
                let (field, width) = match numeric {
                    Numeric::Year => ("year", 4),
                    Numeric::YearMod100 => ("year_of_century", 2),
                    Numeric::Month => ("month", 2),
                    Numeric::Day => ("day", 2),
                    Numeric::Hour => ("hour", 2),
                    Numeric::Hour12 => ("hour_of_half", 2),
                    Numeric::Minute => ("minute", 2),
                    Numeric::Second => ("second", 2),
                    Numeric::Timestamp => {
                        has_timestamp = true;
                        ("timestamp", 15)
                    }
                    _ => return Err(lacks()),
                };
                let read = if field == "year" { "year" } else { "number" };
                format!("deltarule_{read}(&text, {width}, &fields.{field})")
            }
            Item::Fixed(fixed) => match fixed {
                Fixed::ShortMonthName => "deltarule_month(&text, 0, &fields.month)".to_owned(),
                Fixed::LongMonthName => "deltarule_month(&text, 1, &fields.month)".to_owned(),
                Fixed::ShortWeekdayName => "deltarule_weekday(&text, 0, &fields.weekday)".to_owned(),
                Fixed::LongWeekdayName => "deltarule_weekday(&text, 1, &fields.weekday)".to_owned(),
                Fixed::LowerAmPm | Fixed::UpperAmPm => "deltarule_half(&text, &fields.half)".to_owned(),
                Fixed::Nanosecond => "deltarule_fraction(&text)".to_owned(),
                Fixed::TimezoneName => "deltarule_word(&text)".to_owned(),
                Fixed::TimezoneOffset | Fixed::TimezoneOffsetColon => "deltarule_offset(&text, 0)".to_owned(),
                Fixed::TimezoneOffsetZ | Fixed::TimezoneOffsetColonZ => "deltarule_offset(&text, 1)".to_owned(),
                _ => return Err(lacks()),
            },
            _ => return Err(lacks()),
        });
    }
    let fields = tests.iter().filter(|test| test.contains("&fields.")).count();
    if has_timestamp && fields > 1 {
        return Err(lacks());
    }
    let result =
        if has_timestamp { "deltarule_timestamp(&fields, seconds)" } else { "deltarule_moment(&fields, seconds)" };
    let mut text = String::new();
    let _ = writeln!(text, "/* {} */", comment_text(pattern));
    let _ = writeln!(text, "static int deltarule_pattern_{id}(const char *text, long long *seconds)\n{{");
    text += "    struct deltarule_fields fields = { DELTARULE_NONE, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };\n";
    let _ = writeln!(
        text,
        "    return {}\n        && *text == '\\0'\n        && {result};\n}}\n",
        tests.join("\n        && ")
    );
    Ok(text)
}

/// How a call of a function begins.
fn called(function: &str) -> String {
    let definition = &function[function.find("static ").unwrap_or_default()..];
    let name = definition.split('(').next().and_then(|before| before.split([' ', '*']).next_back());
    format!("{}(", name.unwrap_or_default())
}

/// Functions, each after those that it needs, with an empty line between them.
const FUNCTIONS: &str = include_str!("dates.c");

const DATE: &str = "\
/* A date; of a missing one the numbers are NAN and the places -1. */
struct deltarule_date {
    double year;
    double trend; /* days since 1970-01-01 */
    int month;    /* from 0 on */
    int weekday;  /* from 0 on, Monday first */
    int hour;
};

";

const FIELDS: &str = "\
#include <limits.h>
#define DELTARULE_NONE LLONG_MIN

/* What a text says of a date; -1, and of the year DELTARULE_NONE, where it does not. */
struct deltarule_fields {
    long long year, year_of_century, month, day, weekday, hour, hour_of_half, half, minute, second, timestamp;
};

";

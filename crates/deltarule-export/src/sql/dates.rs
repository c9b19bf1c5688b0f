//! Dates in SQL: their texts are read piece by piece, with functions and operators that databases share.
//!
//! A text's shape is the text with every digit as 0, so that what may be cast to a number is known before it is. There is no integer
//! division that means the same everywhere: (a − a % b) / b has no remainder to differ in.

use chrono::format::{Item, Numeric, StrftimeItems};
use deltarule_model::{DateFormat, DatePart};

use super::{number, text_literal};
use crate::error::Result;

/// Days from 0000-03-01 to 1970-01-01, and those of 400 years, so that no year is below 0.
const EPOCH: i64 = 719_468 + 146_097;
/// Before a month there are so many days of a year that begins with March.
const DAYS_BEFORE: [u32; 12] = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];
/// What may follow a time, behind its fraction: a zone, which does not count; with every digit as 0.
const ZONES: &str = "'', 'Z', 'z', ' UTC', '+00', '+0000', '+00:00', '-00', '-0000', '-00:00', \
                     ' +00', ' +0000', ' +00:00', ' -00', ' -0000', ' -00:00'";

/// What is worked out of a column of dates, each with a name that begins with the prefix and ends with the column's place.
pub(super) struct Dates {
    prefix: String,
    place: usize,
}

impl Dates {
    pub(super) fn new(prefix: &str, place: usize) -> Self {
        Self { prefix: prefix.to_owned(), place }
    }

    fn name(&self, what: &str) -> String {
        format!("{}{what}_{}", self.prefix, self.place)
    }

    /// What has names, level by level: each needs only those before it.
    pub(super) fn levels(&self, column: &str, format: &DateFormat) -> Result<Vec<Vec<(String, String)>>> {
        let named = |what: &str, value: String| (self.name(what), value);
        let [shape, text, plain, form] = ["shape", "text", "plain", "form"].map(|what| self.name(what));
        let [year, month, day, hour, minute, second] =
            ["year", "month", "day", "hour", "minute", "second"].map(|what| self.name(what));
        let given = format!("CAST({column} AS VARCHAR)");
        let digits = (1..10).fold(given.clone(), |text, digit| format!("REPLACE({text}, '{digit}', '0')"));

        // With the year in front, and signs between the parts of the date.
        let compact = format!("SUBSTR({shape}, 1, 8) = '00000000'");
        let spread = format!(
            "SUBSTR({given}, 1, 4) || '-' || SUBSTR({given}, 5, 2) || '-' || SUBSTR({given}, 7, 2) || SUBSTR({given}, 9)"
        );
        let (mut texts, mut shapes) = (format!("WHEN {compact} THEN {spread}"), String::new());
        shapes += &format!("WHEN {compact} THEN '0000-00-00' || SUBSTR({shape}, 9)");
        if let Some(layout) = format.pattern().and_then(Layout::of) {
            let test = format!("WHEN {shape} = {}", text_literal(&layout.shape)?);
            texts = format!("{test} THEN {} {texts}", layout.year_first(&given));
            shapes = format!("{test} THEN '0000-00-00 00:00:00' {shapes}");
        }
        let texts = format!("CASE {texts} ELSE {given} END");
        let shapes = format!("CASE {shapes} ELSE {shape} END");

        // 1 of a date alone, 2 with hour and minute, 3 with a second.
        let date = format!("SUBSTR({plain}, 1, 10) IN ('0000-00-00', '0000/00/00', '0000.00.00')");
        let clock = format!("SUBSTR({plain}, 11, 6) IN (' 00:00', 'T00:00', 't00:00')");
        let tail = |from: u32| format!("SUBSTR({plain}, {from})");
        let fraction = format!("SUBSTR({plain}, 20, 2) = '.0' AND LTRIM({}, '0') IN ({ZONES})", tail(21));
        let forms = format!(
            "CASE WHEN NOT {date} THEN 0 WHEN {} = '' THEN 1 WHEN NOT {clock} THEN 0 WHEN {} IN ({ZONES}) THEN 2 \
             WHEN SUBSTR({plain}, 17, 3) = ':00' AND ({} IN ({ZONES}) OR {fraction}) THEN 3 ELSE 0 END",
            tail(11),
            tail(17),
            tail(20)
        );
        let read = |least: u32, from: u32, length: u32| {
            let otherwise = if least > 1 { " ELSE 0" } else { "" };
            format!("CASE WHEN {form} >= {least} THEN CAST(SUBSTR({text}, {from}, {length}) AS INTEGER){otherwise} END")
        };

        let leap = format!("{year} % 4 = 0 AND {year} % 100 <> 0 OR {year} % 400 = 0");
        let last = format!(
            "CASE {month} WHEN 2 THEN CASE WHEN {leap} THEN 29 ELSE 28 END WHEN 4 THEN 30 WHEN 6 THEN 30 WHEN 9 THEN 30 WHEN 11 THEN 30 ELSE 31 END"
        );
        let since_march = format!("({year} + CASE WHEN {month} > 2 THEN 400 ELSE 399 END)");
        let part = |of: u32| format!("({since_march} - {since_march} % {of}) / {of}");
        let before: Vec<String> =
            (1..).zip(DAYS_BEFORE).map(|(month, days)| format!("WHEN {month} THEN {days}")).collect();
        let days = format!(
            "365 * {since_march} + {} - {} + {} + CASE {month} {} END + {day} - {}",
            part(4),
            part(100),
            part(400),
            before.join(" "),
            EPOCH + 1
        );
        // What a zone is apart from UTC has fewer than 24 hours and 60 minutes.
        let end = |shift: u32| format!("LENGTH({text}) - {shift}");
        let number_at = |shift: u32| format!("CAST(SUBSTR({text}, {}, 2) AS INTEGER)", end(shift));
        let ends_like = |sign: u32, zone: &str| format!("SUBSTR({plain}, {}) IN ('+{zone}', '-{zone}')", end(sign));
        let zone = format!(
            "CASE WHEN {form} < 2 THEN 0 WHEN {} THEN {} WHEN {} THEN {} WHEN {} THEN {} ELSE 0 END",
            ends_like(5, "00:00"),
            format_args!("100 * {} + {}", number_at(4), number_at(1)),
            ends_like(4, "0000"),
            format_args!("100 * {} + {}", number_at(3), number_at(1)),
            ends_like(2, "00"),
            format_args!("100 * {}", number_at(1)),
        );
        let is_there = format!(
            "{month} >= 1 AND {month} <= 12 AND {day} >= 1 AND {day} <= {last} AND {hour} <= 23 AND {minute} <= 59 AND {second} <= 59 \
             AND {zone} <= 2359 AND {zone} % 100 <= 59",
            zone = self.name("zone")
        );
        Ok(vec![
            vec![named("shape", digits)],
            vec![named("text", texts), named("plain", shapes)],
            vec![named("form", forms)],
            vec![
                named("year", read(1, 1, 4)),
                named("month", read(1, 6, 2)),
                named("day", read(1, 9, 2)),
                named("hour", read(2, 12, 2)),
                named("minute", read(2, 15, 2)),
                named("second", read(3, 18, 2)),
                named("zone", zone),
            ],
            vec![named("days", format!("CASE WHEN {is_there} THEN {days} END"))],
        ])
    }

    /// A part, and for a category its level from 0 on; NULL where it is missing, or the text is no date.
    pub(super) fn part(&self, part: DatePart) -> String {
        let days = self.name("days");
        let value = match part {
            DatePart::Year => self.name("year"),
            DatePart::Month => format!("{} - 1", self.name("month")),
            DatePart::Hour => self.name("hour"),
            // 1970-01-01 was a Thursday, and no year is below 0.
            DatePart::Weekday => format!("({days} + {}) % 7", 3 + 7 * 146_097),
            DatePart::Trend => {
                let [hour, minute, second] = ["hour", "minute", "second"].map(|what| self.name(what));
                let second = format!("3600 * {hour} + 60 * {minute} + {second}");
                return format!("({days} * {day} + {second}) / {day}", day = number(86_400.0));
            }
        };
        format!("CASE WHEN {days} IS NOT NULL THEN {value} END")
    }
}

/// Where the parts of a date stand in texts of a pattern, if they always stand at the same places.
struct Layout {
    /// A text with every digit as 0.
    shape: String,
    parts: Vec<(Numeric, usize)>,
}

impl Layout {
    fn of(pattern: &str) -> Option<Self> {
        let (mut shape, mut parts) = (String::new(), Vec::new());
        for item in StrftimeItems::new(pattern) {
            match item {
                Item::Literal(text) | Item::Space(text) if !text.contains(|c: char| c.is_ascii_digit()) => {
                    shape += text
                }
                Item::Numeric(part, _) => {
                    let width = match part {
                        Numeric::Year => 4,
                        Numeric::YearMod100 | Numeric::Month | Numeric::Day => 2,
                        Numeric::Hour | Numeric::Minute | Numeric::Second => 2,
                        _ => return None,
                    };
                    parts.push((part, shape.chars().count() + 1));
                    shape += &"0".repeat(width);
                }
                _ => return None,
            }
        }
        Some(Self { shape, parts })
    }

    /// The text of a date with the year in front, and a time.
    fn year_first(&self, given: &str) -> String {
        let read = |part: Numeric, width: usize| {
            let place = self.parts.iter().find(|(known, _)| *known == part)?.1;
            Some(format!("SUBSTR({given}, {place}, {width})"))
        };
        let of_century = || {
            let year = read(Numeric::YearMod100, 2).unwrap_or_default();
            format!("CASE WHEN {year} < '70' THEN '20' ELSE '19' END || {year}")
        };
        let year = read(Numeric::Year, 4).unwrap_or_else(of_century);
        let two = |part: Numeric| read(part, 2).unwrap_or_else(|| "'00'".to_owned());
        let [month, day, minute, second] = [Numeric::Month, Numeric::Day, Numeric::Minute, Numeric::Second].map(two);
        // Minutes without an hour do not count.
        match read(Numeric::Hour, 2) {
            Some(hour) => {
                format!(
                    "{year} || '-' || {month} || '-' || {day} || ' ' || {hour} || ':' || {minute} || ':' || {second}"
                )
            }
            None => format!("{year} || '-' || {month} || '-' || {day} || ' 00:00:00'"),
        }
    }
}

/// What a column of dates may hold, in words.
pub(super) fn expected(format: &DateFormat) -> String {
    let common = "a DATE, a TIMESTAMP, or a text such as 2024-05-31, 20240531 or 2024-05-31 13:45:10";
    match format.pattern() {
        Some(pattern) if Layout::of(pattern).is_some() => {
            format!("{common}, or of the form {pattern} with all its digits")
        }
        _ => common.to_owned(),
    }
}

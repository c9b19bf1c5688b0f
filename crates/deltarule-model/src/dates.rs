//! Dates and times in texts, and the parts that are made of them.
//!
//! A moment is the number of seconds from 1970-01-01 00:00 to what a clock on the wall shows; fractions of a second are left out, and an
//! offset from UTC is read over: hour and weekday are those of the place where something happened. Where a column has a zone, the clock is that of this
//! zone, and a text that says its offset is brought to it.

mod moment;

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

use crate::date_form::DateForm;
use crate::zone::Zone;
use moment::{Moment, month_by_name, seconds_of, year_first};

pub(crate) const SECONDS_A_DAY: i64 = 86_400;

/// How dates are written in a column.
///
/// Without a pattern: year, month and day (`2024-05-31`, `2024/5/31`, `2024.05.31`, `20240531`), or with the month's English name (`31 May
/// 2024`, `31-May-2024`, `May 31, 2024`), alone or followed by a time (`2024-05-31T13:45:10.5+02:00`, `2024-05-31 13:45`). With a pattern of
/// strftime's: by that pattern, or with the year in front as above.
///
/// With a zone, what a text shows is brought to the zone's clock, if it says its offset from UTC or the name of its own zone in brackets
/// (`2024-05-31T13:45[Asia/Tokyo]`); otherwise it is that clock which the text shows.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "DateFormatText", into = "DateFormatText")]
pub struct DateFormat {
    pattern: Option<Arc<Pattern>>,
    zone: Option<Zone>,
}

/// A format, where it is kept.
#[derive(Serialize, Deserialize)]
struct DateFormatText {
    pattern: Option<String>,
    zone: Option<String>,
}

struct Pattern {
    text: String,
    items: Vec<Item<'static>>,
}

impl DateFormat {
    /// What a date must look like, for messages.
    pub const EXPECTED: &'static str =
        "a date such as 2024-05-31, 20240531 or 31 May 2024, with or without a time such as 13:45 or 13:45:10";

    /// Dates by a pattern of strftime's, such as `%d.%m.%Y`.
    ///
    /// Errors: what is wrong with the pattern, for a person.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("found the pattern {pattern:?}, {what}");
        let items = StrftimeItems::new(pattern)
            .parse_to_owned()
            .map_err(|_| wrong("expected one of strftime's, such as %d.%m.%Y or '%m/%d/%Y %H:%M'"))?;
        let format = Self { pattern: Some(Arc::new(Pattern { text: pattern.to_owned(), items })), zone: None };
        // A day whose parts are all different, so that none can be taken for another.
        let day = NaiveDate::from_ymd_opt(2003, 2, 1).and_then(|day| day.and_hms_opt(16, 5, 6));
        let day = day.ok_or_else(|| wrong("which cannot be tried"))?;
        let mut text = String::new();
        let items = format.pattern.iter().flat_map(|pattern| &pattern.items);
        let written = write!(text, "{}", day.and_utc().format_with_items(items));
        let day_of = |moment: Moment| moment.seconds.div_euclid(SECONDS_A_DAY);
        let read = format.by_pattern(&text).map(day_of);
        let expected = day.and_utc().timestamp().div_euclid(SECONDS_A_DAY);
        if written.is_err() || read != Some(expected) {
            return Err(wrong("expected one that says year, month and day, such as %d.%m.%Y"));
        }
        match year_first(&text).map(day_of) {
            Some(other) if other != expected => Err(wrong(
                "expected one that cannot be taken for year, month and day; write such dates in another way before",
            )),
            _ => Ok(format),
        }
    }

    /// The pattern, if there is one.
    pub fn pattern(&self) -> Option<&str> {
        self.pattern.as_ref().map(|pattern| pattern.text.as_str())
    }

    /// The format that is typed beside the name of a column: a pattern, `@` with a zone, or both as in `@Europe/Berlin:%d.%m.%Y`.
    ///
    /// Errors: those of [`new`](Self::new) and [`in_zone`](Self::in_zone).
    pub fn typed(text: &str) -> Result<Self, String> {
        let Some(zone) = text.strip_prefix('@') else { return Self::new(text) };
        match zone.split_once(':') {
            None => Self::default().in_zone(zone),
            Some((zone, pattern)) => Self::new(pattern)?.in_zone(zone),
        }
    }

    /// The same dates, shown by the clock of a zone, by its name such as `Europe/Berlin`.
    ///
    /// Errors: there is no such zone, for a person.
    pub fn in_zone(self, name: &str) -> Result<Self, String> {
        match Zone::named(name) {
            Some(zone) => Ok(Self { zone: Some(zone), ..self }),
            None => {
                Err(format!("found the zone {name:?}, expected one of the IANA database, such as Europe/Berlin or UTC"))
            }
        }
    }

    /// The name of the zone, if there is one.
    pub fn zone(&self) -> Option<&'static str> {
        self.zone.map(Zone::name)
    }

    /// The seconds of a date and time; `None` where the text is none.
    pub fn parse(&self, text: &str) -> Option<f64> {
        let moment = self.moment(text)?;
        let seconds = match (self.zone, moment.offset) {
            (Some(zone), Some(offset)) => zone.clock(moment.seconds - offset)?,
            _ => moment.seconds,
        };
        Some(seconds as f64)
    }

    /// The seconds of a date and time in UTC, by which moments of different places are in order: the offset that the text says, if it says one, is
    /// taken from what the clock shows; otherwise that of the zone.
    pub fn parse_in_utc(&self, text: &str) -> Option<f64> {
        let moment = self.moment(text)?;
        let seconds = match (self.zone, moment.offset) {
            (_, Some(offset)) => moment.seconds - offset,
            (Some(zone), None) => zone.utc(moment.seconds)?,
            (None, None) => moment.seconds,
        };
        Some(seconds as f64)
    }

    fn moment(&self, text: &str) -> Option<Moment> {
        let named = self.zone.and_then(|_| text.strip_suffix(']')?.rsplit_once('['));
        let Some((text, name)) = named else { return self.moment_without_name(text) };
        let (zone, moment) = (Zone::named(name)?, self.moment_without_name(text)?);
        let offset = moment.offset.or_else(|| Some(moment.seconds - zone.utc(moment.seconds)?));
        Some(Moment { offset, ..moment })
    }

    fn moment_without_name(&self, text: &str) -> Option<Moment> {
        match &self.pattern {
            None => year_first(text).or_else(|| month_by_name(text)),
            Some(_) => self.by_pattern(text).or_else(|| year_first(text)),
        }
    }

    /// What a date must look like.
    pub fn expected(&self) -> String {
        let date = match self.pattern() {
            None => Self::EXPECTED.to_owned(),
            Some(pattern) => format!("a date of the form {pattern}, or with the year in front, such as 2024-05-31"),
        };
        match self.zone() {
            None => date,
            Some(zone) => format!("{date}, by the clock of {zone} unless an offset says otherwise"),
        }
    }

    /// What to try where a text is no date; `form` is how the dates of its column are written, as far as that is known.
    pub fn hint(&self, column: &str, text: &str, form: Option<&DateForm>) -> String {
        let own = DateForm::of(text);
        let typed = |pattern: &str| match pattern.contains(' ') {
            true => format!("--date '{column}:{pattern}'"),
            false => format!("--date {column}:{pattern}"),
        };
        match form.or(own.as_ref()) {
            Some(DateForm::NoSuchDay) => {
                "there is no such moment in the calendar: correct it, or leave it empty, as what is missing".to_owned()
            }
            Some(DateForm::Pattern(pattern)) if pattern.starts_with("%d.%m.") => {
                format!("where the day comes first, say so: {}", typed(pattern))
            }
            Some(DateForm::Pattern(pattern)) => format!("say how they are written: {}", typed(pattern)),
            Some(DateForm::Either([day, month])) => {
                format!("day and month could be either way round; say which: {} or {}", typed(day), typed(month))
            }
            _ if (9..=11).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()) => {
                format!("where they are seconds since 1970, say so: {}", typed("%s"))
            }
            _ => format!(
                "where dates look like that throughout, say how they are written: --date {column}:FORMAT, such as %d.%m.%Y"
            ),
        }
    }

    fn by_pattern(&self, text: &str) -> Option<Moment> {
        let pattern = self.pattern.as_ref()?;
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, pattern.items.iter()).ok()?;
        if parsed.offset().is_some_and(|seconds| seconds.abs() >= 86_400) {
            return None;
        }
        if parsed.timestamp().is_some() {
            let seconds = parsed.to_naive_datetime_with_offset(0).ok()?.and_utc().timestamp();
            return Some(Moment { seconds, offset: Some(0) });
        }
        let has_hour = parsed.hour_mod_12().is_some();
        if has_hour && parsed.minute().is_none() {
            parsed.set_minute(0).ok()?;
        }
        let time = if has_hour { parsed.to_naive_time().ok()? } else { NaiveTime::MIN };
        let seconds = seconds_of(parsed.to_naive_date().ok()?, i64::from(time.num_seconds_from_midnight()))?;
        Some(Moment { seconds, offset: parsed.offset().map(i64::from) })
    }
}

impl PartialEq for DateFormat {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern(), self.zone) == (other.pattern(), other.zone)
    }
}

impl Eq for DateFormat {}

impl fmt::Debug for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            None => write!(f, "DateFormat({:?})", self.pattern()),
            Some(zone) => write!(f, "DateFormat({:?}, {zone:?})", self.pattern()),
        }
    }
}

impl TryFrom<Option<String>> for DateFormat {
    type Error = String;

    fn try_from(pattern: Option<String>) -> Result<Self, String> {
        pattern.map_or(Ok(Self::default()), |pattern| Self::new(&pattern))
    }
}

impl TryFrom<DateFormatText> for DateFormat {
    type Error = String;

    fn try_from(text: DateFormatText) -> Result<Self, String> {
        let format = Self::try_from(text.pattern)?;
        text.zone.map_or(Ok(format.clone()), |zone| format.in_zone(&zone))
    }
}

impl From<DateFormat> for DateFormatText {
    fn from(format: DateFormat) -> Self {
        Self { pattern: format.pattern().map(str::to_owned), zone: format.zone().map(str::to_owned) }
    }
}

/// A date as text, with its time where that is not midnight.
pub fn date_text(seconds: f64) -> String {
    match DateTime::from_timestamp(seconds as i64, 0) {
        Some(moment) if moment.num_seconds_from_midnight() == 0 => moment.format("%Y-%m-%d").to_string(),
        Some(moment) => moment.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        DateFormat::default().parse(text).map(date_text)
    }

    #[test]
    fn the_year_in_front_or_a_month_by_its_name_can_be_told() {
        for (text, expected) in [
            ("2024-05-31", "2024-05-31"),
            ("2024/5/31", "2024-05-31"),
            ("2024.05.31", "2024-05-31"),
            ("20240531", "2024-05-31"),
            ("31 May 2024", "2024-05-31"),
            ("31-MAY-2024", "2024-05-31"),
            ("September 3, 1999", "1999-09-03"),
            ("2024-05-31T13:45:10", "2024-05-31 13:45:10"),
            ("2024-05-31 13:45", "2024-05-31 13:45:00"),
            ("2024-05-31 00:00:00", "2024-05-31"),
            ("2024-05-31T23:59:59.999999999Z", "2024-05-31 23:59:59"),
            ("2024-05-31T13:45:10+02:00", "2024-05-31 13:45:10"),
            ("2024-05-31 13:45:10.25 -0930", "2024-05-31 13:45:10"),
            ("20240531T07:00", "2024-05-31 07:00:00"),
            ("3 Jan 2024 7:30", "2024-01-03 07:30:00"),
            ("0001-01-01", "0001-01-01"),
            ("2000-02-29", "2000-02-29"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_could_be_another_day_or_is_none_is_not_read() {
        for text in [
            "31.05.2024",
            "05/06/2024",
            "1/2/03",
            "24-05-31",
            "2024-13-01",
            "2023-02-29",
            "2024-05-31x",
            "2024-05",
            "12:30",
            "",
            "2024-05-31T25:00",
            "2024-05-31T10:60",
            "2024-05-31T10:00:61",
            "2024-05-31 10:00+1",
            "2024-05-31 10:00+25:00",
            "2024-05-31T10:00:00-24",
            "2024-05-31T10:00+0260",
            "May 2024",
            "31 Mayo 2024",
            "202405311",
            "2024-05-31T10:00:00.",
            "é024-05-31",
            "20é40531",
            "+024-05-31",
            "2024-05-31 10:00:00:00",
            "31 Ma 2024",
            "2024-05/31",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_counts_where_moments_are_put_in_order() {
        let in_utc = |text: &str| DateFormat::default().parse_in_utc(text);
        let noon = in_utc("2024-02-29 12:30").unwrap();
        assert_eq!(noon, 1_709_209_800.0);
        for text in
            ["2024-02-29T12:30:00Z", "2024-02-29T14:30:00+02:00", "2024-02-29T07:00-0530", "29 Feb 2024 13:30 +01"]
        {
            assert_eq!(in_utc(text), Some(noon), "{text}");
        }
        let by_pattern = DateFormat::new("%d.%m.%Y %H:%M %z").unwrap();
        assert_eq!(by_pattern.parse_in_utc("29.02.2024 14:30 +0200"), Some(noon));
        assert_eq!(by_pattern.parse("29.02.2024 14:30 +0200"), Some(noon + 7200.0));
        assert_eq!(by_pattern.parse("29.02.2024 14:30 -2359"), Some(noon + 7200.0));
        assert_eq!(by_pattern.parse("29.02.2024 14:30 +2500"), None);
    }

    #[test]
    fn a_zone_has_the_clock_to_which_all_is_brought() {
        let berlin = DateFormat::default().in_zone("Europe/Berlin").unwrap();
        let shown = |text: &str| berlin.parse(text).map(date_text);
        for (text, expected) in [
            ("2024-07-15 14:00", "2024-07-15 14:00:00"),
            ("2024-07-15T12:00Z", "2024-07-15 14:00:00"),
            ("2024-01-15 12:00 UTC", "2024-01-15 13:00:00"),
            ("2024-07-15T23:30:00-04:00", "2024-07-16 05:30:00"),
            ("2024-07-15T21:00[Asia/Tokyo]", "2024-07-15 14:00:00"),
            ("2024-07-15T21:00+09:00[Asia/Tokyo]", "2024-07-15 14:00:00"),
            ("2024-07-15", "2024-07-15"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(shown("2024-07-15T21:00[Asia/Nowhere]"), None);
        assert_eq!(shown("2024-07-15T21:00]"), None);
        // Without a zone nothing is known of places.
        assert_eq!(read("2024-07-15T21:00[Asia/Tokyo]"), None);
        assert_eq!(berlin.parse_in_utc("2024-07-15 14:00"), DateFormat::default().parse("2024-07-15 12:00"));
        assert_eq!(berlin.parse_in_utc("2024-07-15 14:00Z"), DateFormat::default().parse("2024-07-15 14:00"));
        let by_pattern = DateFormat::new("%d.%m.%Y %H:%M %z").unwrap().in_zone("America/New_York").unwrap();
        assert_eq!(by_pattern.parse("15.07.2024 14:00 +0200").map(date_text).as_deref(), Some("2024-07-15 08:00:00"));
        assert_eq!(DateFormat::new("%s").unwrap().in_zone("Asia/Kolkata").unwrap().parse("0"), Some(19_800.0));
        assert!(DateFormat::default().in_zone("Berlin").is_err());
        assert_ne!(berlin, DateFormat::default());
    }

    #[test]
    fn a_pattern_says_what_comes_first() {
        let with = |pattern: &str, text: &str| DateFormat::new(pattern).unwrap().parse(text).map(date_text);
        assert_eq!(with("%d.%m.%Y", "3.4.2024").as_deref(), Some("2024-04-03"));
        assert_eq!(with("%m/%d/%y %H:%M", "04/03/24 17:05").as_deref(), Some("2024-04-03 17:05:00"));
        assert_eq!(with("%m/%d/%Y %I %p", "04/03/2024 5 PM").as_deref(), Some("2024-04-03 17:00:00"));
        assert_eq!(with("%s", "1717113600").as_deref(), Some("2024-05-31"));
        // What a column of dates becomes as text.
        assert_eq!(with("%d.%m.%Y", "2024-04-03").as_deref(), Some("2024-04-03"));
        assert_eq!(with("%d.%m.%Y", "31.04.2024"), None);
        for wrong in ["%d.%m", "%H:%M", "%Q", "%Y-%d-%m", "%Y%d%m", ""] {
            assert!(DateFormat::new(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_date_that_is_written_comes_back(seconds in -60_000_000_000_i64..250_000_000_000) {
            let text = date_text(seconds as f64);
            prop_assert_eq!(DateFormat::default().parse(&text), Some(seconds as f64), "{}", text);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,24}", pattern in "(%[a-zA-Z]|\\PC){0,6}") {
            let _ = DateFormat::default().parse(&text);
            let _ = DateFormat::default().hint("when", &text, None);
            if let Ok(format) = DateFormat::new(&pattern) {
                let _ = format.parse(&text);
            }
        }
    }
}

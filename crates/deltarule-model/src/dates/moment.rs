//! What a text says of a moment, where no pattern says how it is written: a day with its year in front or its month by name, a time, an offset.

use chrono::{NaiveDate, NaiveTime, Timelike};

/// What a text says of a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Seconds from 1970-01-01 00:00 to what a clock on the wall shows.
    pub(super) seconds: i64,
    /// How far that clock is ahead of UTC, in seconds, where the text says so.
    pub(super) offset: Option<i64>,
}

/// What a text says of a time.
#[derive(Debug, Clone, Copy)]
struct Time {
    /// The second of the day.
    second: i64,
    /// How far the clock is ahead of UTC, in seconds, where that is said.
    offset: Option<i64>,
}

/// The seconds of a second of a day.
pub(super) fn seconds_of(date: NaiveDate, second: i64) -> Option<i64> {
    date.and_time(NaiveTime::MIN).and_utc().timestamp().checked_add(second)
}

/// The text of a date, and the time that follows it.
fn cut_time(text: &str) -> Option<(&str, Time)> {
    let Some(colon) = text.find(':') else { return Some((text, Time { second: 0, offset: None })) };
    let cut = text[..colon].rfind(['T', 't', ' '])?;
    Some((&text[..cut], time_of(&text[cut + 1..])?))
}

/// Year, month and day, in digits, and maybe a time.
pub(super) fn year_first(text: &str) -> Option<Moment> {
    let (date, time) = cut_time(text)?;
    let bytes = date.as_bytes();
    let separator = *bytes.get(4)?;
    let (year, month, day) = match separator {
        b'-' | b'/' | b'.' => {
            let mut parts = date.split(char::from(separator));
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            (year, month, day)
        }
        _ if bytes.len() == 8 && date.is_ascii() => (&date[..4], &date[4..6], &date[6..]),
        _ => return None,
    };
    date_of(digits(year, 4..=4)?, digits(month, 1..=2)?, digits(day, 1..=2)?, time)
}

/// A day and a year in digits, and the English name of a month, of three letters or in full; maybe a time.
pub(super) fn month_by_name(text: &str) -> Option<Moment> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (date, time) = cut_time(text)?;
    let mut parts = date.split([' ', '-', ',', '.', '/']).filter(|part| !part.is_empty());
    let (first, middle, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let month_of = |part: &str| {
        let name = part.to_ascii_lowercase();
        let is_name = |month: &&str| **month == name || name.len() == 3 && month.starts_with(&name);
        (1..).zip(&MONTHS).find(|(_, month)| is_name(month)).map(|(number, _)| number)
    };
    let (month, day) = match month_of(first) {
        Some(month) => (month, middle),
        None => (month_of(middle)?, first),
    };
    date_of(digits(year, 4..=4)?, month, digits(day, 1..=2)?, time)
}

fn date_of(year: u32, month: u32, day: u32, time: Time) -> Option<Moment> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(Moment { seconds: seconds_of(date, time.second)?, offset: time.offset })
}

/// A number of so many digits.
fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let all = lengths.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// Hour and minute, maybe seconds and a fraction of one; an offset from UTC may follow.
fn time_of(text: &str) -> Option<Time> {
    let in_utc = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix(" UTC"));
    let text = in_utc.unwrap_or(text);
    let (clock, offset) = match text.find(['+', '-']) {
        None => (text, in_utc.map(|_| 0)),
        Some(sign) => {
            let offset = text[sign + 1..].replacen(':', "", 1);
            let number = i64::from(digits(&offset, 2..=4).filter(|_| offset.len() != 3)?);
            let (hours, minutes) = if offset.len() == 2 { (number, 0) } else { (number / 100, number % 100) };
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = 60 * (60 * hours + minutes);
            (text[..sign].trim_end(), Some(if text[sign..].starts_with('-') { -seconds } else { seconds }))
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 1..=2)?, digits(parts.next()?, 2..=2)?);
    let second = match parts.next() {
        None => 0,
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
                return None;
            }
            digits(whole, 2..=2)?
        }
    };
    let time = NaiveTime::from_hms_opt(hour, minute, second).filter(|_| parts.next().is_none())?;
    Some(Time { second: i64::from(time.num_seconds_from_midnight()), offset })
}

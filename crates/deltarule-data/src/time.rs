//! Times in texts, where the order of their parts is beyond doubt.

/// The forms that are understood, for messages.
pub(crate) const FORMS: &str =
    "dates such as 2024-05-31, 2024/05/31 or 31.05.2024, with or without a time such as 17:30";

const DAY: f64 = 86_400.0;

/// Seconds since 1970 began, in UTC where the text says how far it is off; `None` for a text that is no date, or whose day and month
/// could be taken for each other.
pub(crate) fn parse_time(text: &str) -> Option<f64> {
    let (date, time) = match text.find(['T', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let parts = |separator| date.split(separator).map(digits).collect::<Option<Vec<(i64, usize)>>>();
    let (year, month, day) = match (parts('-').as_deref(), parts('/').as_deref(), parts('.').as_deref()) {
        (Some(&[(year, 4), month, day]), ..) | (_, Some(&[(year, 4), month, day]), _) => (year, month, day),
        (.., Some(&[day, month, (year, 4)])) => (year, month, day),
        _ => return None,
    };
    let days = days_since_1970(year, in_two(month)?, in_two(day)?)?;
    Some(days as f64 * DAY + seconds_of(time)?)
}

/// A number of up to two digits.
fn in_two((number, length): (i64, usize)) -> Option<i64> {
    (length <= 2).then_some(number)
}

/// A number that is written in digits alone, and how many they are.
fn digits(text: &str) -> Option<(i64, usize)> {
    let are_digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|c| c.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten().map(|number| (number, text.len()))
}

/// How many days after the first of January 1970 a day is; `None` where there is no such day.
///
/// Source: Hinnant 2013, chrono-compatible low-level date algorithms (days_from_civil).
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Years that begin in March end with the day that not all of them have.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The seconds of `17:30`, `17:30:05.25`, and those with `Z`, `UTC` or `+02:00` behind; 0 for nothing.
fn seconds_of(time: &str) -> Option<f64> {
    if time.is_empty() {
        return Some(0.0);
    }
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("UTC")).unwrap_or(time).trim_end();
    let (clock, offset) = match time.find(['+', '-']) {
        Some(at) => (time[..at].trim_end(), offset_of(&time[at..])?),
        None => (time, 0.0),
    };
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => {
            digits(&fraction[..fraction.len().min(9)])?;
            (whole, format!("0.{fraction}").parse::<f64>().ok()?)
        }
        None => (clock, 0.0),
    };
    let parts = whole.split(':').map(|part| digits(part).and_then(in_two)).collect::<Option<Vec<i64>>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let is_clock = hour < 24 && minute < 60 && second <= 60;
    is_clock.then(|| (hour * 3600 + minute * 60 + second) as f64 + fraction - offset)
}

/// The seconds of `+02:00`, `-0530` or `+02`.
fn offset_of(text: &str) -> Option<f64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let seconds = in_two(digits(hours)?)? * 3600 + in_two(digits(minutes)?)? * 60;
    Some(if sign == "-" { -seconds } else { seconds } as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01", 0.0),
            ("1970-01-02T00:00:01", 86_401.0),
            ("2000-03-01", 951_868_800.0),
            ("2024/02/29 12:30", 1_709_209_800.0),
            ("29.2.2024 12:30:00.5", 1_709_209_800.5),
            ("2024-02-29T12:30:00Z", 1_709_209_800.0),
            ("2024-02-29 12:30:00 UTC", 1_709_209_800.0),
            ("2024-02-29T14:30:00+02:00", 1_709_209_800.0),
            ("2024-02-29T07:00:00-0530", 1_709_209_800.0),
            ("1969-12-31T23:59:59.25", -0.75),
        ] {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_or_could_be_two_is_none() {
        for text in [
            "",
            "5/31/2024",
            "31/05/2024",
            "31.05.24",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "24-05-31",
            "2024-05",
            "2024-05-31T25:00",
            "2024-05-31T12",
            "2024-05-31 noon",
            "2024-5-",
            "12:30",
            "2024-05-31T10:00é",
            "é",
            "Té",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}

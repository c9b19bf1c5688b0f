//! The clocks of places, by the names of the IANA database of time zones, which is part of the program: the same everywhere.

use std::fmt;

#[cfg(feature = "zones")]
use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
#[cfg(feature = "zones")]
use chrono_tz::Tz;

/// The clock of a place, such as `Europe/Berlin`.
#[cfg(feature = "zones")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Zone(Tz);

/// Without the database there is none.
#[cfg(not(feature = "zones"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {}

#[cfg(not(feature = "zones"))]
impl Zone {
    pub(crate) fn named(_: &str) -> Option<Self> {
        None
    }

    pub(crate) fn name(self) -> &'static str {
        match self {}
    }

    pub(crate) fn clock(self, _: i64) -> Option<i64> {
        match self {}
    }

    pub(crate) fn utc(self, _: i64) -> Option<i64> {
        match self {}
    }
}

#[cfg(feature = "zones")]
impl Zone {
    /// The zone of this name; `None` where there is none.
    pub(crate) fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the clock shows at a moment, both as seconds from 1970-01-01 00:00; `None` beyond the calendar.
    pub(crate) fn clock(self, utc: i64) -> Option<i64> {
        let moment = naive(utc)?;
        utc.checked_add(i64::from(self.0.offset_from_utc_datetime(&moment).fix().local_minus_utc()))
    }

    /// The moment at which the clock shows this. Where it does so twice, the first time; where it never does since it is put forward, as if it had not been.
    pub(crate) fn utc(self, clock: i64) -> Option<i64> {
        let shown = naive(clock)?;
        let offset = match self.0.offset_from_local_datetime(&shown) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset.fix(),
            LocalResult::None => self.0.offset_from_utc_datetime(&naive(clock.checked_sub(86_400)?)?).fix(),
        };
        clock.checked_sub(i64::from(offset.local_minus_utc()))
    }
}

#[cfg(feature = "zones")]
fn naive(seconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.naive_utc())
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(all(test, feature = "zones"))]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc().timestamp()
    }

    #[test]
    fn clocks_are_ahead_by_what_the_season_says() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        for (utc, clock) in [
            ("2024-01-15 12:00", "2024-01-15 13:00"),
            ("2024-07-15 12:00", "2024-07-15 14:00"),
            // The last Sunday of March, and of October, at one o'clock in UTC.
            ("2024-03-31 00:59", "2024-03-31 01:59"),
            ("2024-03-31 01:00", "2024-03-31 03:00"),
            ("2024-10-27 00:59", "2024-10-27 02:59"),
            ("2024-10-27 01:00", "2024-10-27 02:00"),
        ] {
            assert_eq!(berlin.clock(seconds(utc)), Some(seconds(clock)), "{utc}");
        }
        assert_eq!(Zone::named("Asia/Kolkata").unwrap().clock(0), Some(19_800));
        assert_eq!(
            Zone::named("America/New_York").unwrap().clock(seconds("2024-07-01 02:00")),
            Some(seconds("2024-06-30 22:00"))
        );
        assert!(Zone::named("Europe/Nowhere").is_none());
    }

    #[test]
    fn an_hour_that_is_there_twice_is_the_first_and_one_that_is_not_follows_the_one_before() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(berlin.utc(seconds("2024-10-27 02:30")), Some(seconds("2024-10-27 00:30")));
        assert_eq!(berlin.utc(seconds("2024-03-31 02:30")), Some(seconds("2024-03-31 01:30")));
        for utc in (seconds("2024-01-01 00:00")..seconds("2025-01-01 00:00")).step_by(3600) {
            let back = berlin.clock(utc).and_then(|clock| berlin.utc(clock)).unwrap();
            assert!(back == utc || back + 3600 == utc);
        }
        assert_eq!(berlin.clock(i64::MAX), None);
    }
}

//! Free-form dates, as cvs takes them: "2 hours ago", "next monday", "January 23, 1987 10:05pm", "3/31/92 10:00:07 PST".
//!
//! A text is a row of items in any order: at most one date, one time of day, one time zone and one day of the week, and
//! any number of relative steps.
//!
//! - Dates: `2026-01-31`, `20260131`, `1/31/2026` (month first), `2026/1/31`, `31 January 2026`, `31-jan-26`,
//!   `January 31, 2026`. A year of two digits is one of 1969 to 2068; without a year it is this one. A date without a
//!   time means 00:00.
//! - Times: `14:05`, `14:05:07`, `2pm`, `2:05 pm`, `noon`, `midnight`, `1405`.
//! - Zones: `UTC`, `GMT`, `Z`, `PST`, `CEST` and the like, `EST DST`, `+0200`, `-05:00`; without one it is local time.
//! - Days: `monday` (today or the next to come), `next monday`, `last friday`, `third sunday`.
//! - Steps: `now`, `today`, `yesterday`, `tomorrow`, `+2 days`, `last week`, `3 months`, `a fortnight ago`. They count
//!   from the date and time given, else from now: `yesterday` is 24 hours ago, `00:00 yesterday` its beginning.
//! - `@1767225600`: seconds since 1970, by itself.
//!
//! After ISO 8601, `2026-01-31T14:05:00Z` and `20260131T140500+0200` are read too. Case does not matter; commas and
//! what stands in parentheses are passed over.

mod item;
mod token;
mod words;

use chrono::{DateTime, Days, FixedOffset, Local, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono::{Datelike, LocalResult, Offset};

use item::Items;

/// What a date's error says was expected.
const EXPECTED: &str = "expected a date such as '2026-01-31 14:05:00', 'yesterday' or '2 hours ago'";

/// Milliseconds since 1970 as `2026-01-01 00:00:00.000 +0000`, local time.
pub fn local(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    let local = |time: DateTime<_>| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S%.3f %z").to_string();
    time.map_or_else(|| format!("{ms} ms"), local)
}

/// Seconds since 1970 of a free-form date, read at the moment `now` in local time. The error is one line that says what
/// was not understood, and what a date looks like.
pub fn parse(text: &str, now: DateTime<Local>) -> Result<i64, String> {
    parse_in(text, now)
}

/// As [`parse`], with the time zone of `now` in the place of local time.
pub fn parse_in<Z: TimeZone>(text: &str, now: DateTime<Z>) -> Result<i64, String> {
    let seconds = Items::read(text).and_then(|items| match items.epoch {
        Some(seconds) => Ok(seconds),
        None => resolve(&items, now),
    });
    seconds.map_err(|why| format!("date '{text}': {why}; {EXPECTED}"))
}

/// The moment that a text's items mean together.
fn resolve<Z: TimeZone>(items: &Items, now: DateTime<Z>) -> Result<i64, String> {
    match items.zone {
        None => moment(items, now),
        Some(seconds) => {
            let zone = FixedOffset::east_opt(seconds).ok_or("a time zone is less than a day from UTC")?;
            moment(items, now.with_timezone(&zone))
        }
    }
}

/// The moment meant in the time zone of `now`: date and time, then the day of the week, then the steps.
fn moment<Z: TimeZone>(items: &Items, now: DateTime<Z>) -> Result<i64, String> {
    const FAR: &str = "too far away";
    let fixed = items.date.is_some() || items.time.is_some() || items.weekday.is_some();
    let date = match items.date {
        Some((year, month, day)) => {
            let year = year.unwrap_or_else(|| now.year());
            NaiveDate::from_ymd_opt(year, month, day)
                .ok_or_else(|| format!("no such day: {year}-{month:02}-{day:02}"))?
        }
        None => now.date_naive(),
    };
    let time = if fixed { items.time.unwrap_or(NaiveTime::MIN) } else { now.time() };
    let date = match items.weekday {
        // With a date beside it, a day's name says nothing new.
        Some((ordinal, day)) if items.date.is_none() => on_weekday(date, ordinal, day).ok_or(FAR)?,
        _ => date,
    };
    let date = add_months(date, items.months).and_then(|date| add_days(date, items.days)).ok_or(FAR)?;
    // Untouched, now is now: no detour over civil time, which may be ambiguous.
    let start = if fixed || items.months != 0 || items.days != 0 {
        on_clock(&now.timezone(), date.and_time(time)).ok_or(FAR)?
    } else {
        now.timestamp()
    };
    start.checked_add(items.seconds).ok_or_else(|| FAR.into())
}

/// The day named: 0 the first from today on, 1 the first after today, -1 the last before today, and so on.
fn on_weekday(today: NaiveDate, ordinal: i64, day: u32) -> Option<NaiveDate> {
    let ahead = i64::from((day + 7 - today.weekday().num_days_from_sunday()) % 7);
    let weeks = if ordinal > 0 && ahead != 0 { ordinal - 1 } else { ordinal };
    add_days(today, weeks.checked_mul(7)?.checked_add(ahead)?)
}

fn add_months(date: NaiveDate, months: i64) -> Option<NaiveDate> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { date.checked_sub_months(count) } else { date.checked_add_months(count) }
}

fn add_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) }
}

/// What the clock on the wall means in seconds since 1970. The hour that a change to summer time leaves out is read by
/// the clock before the change; of an hour that comes twice the first is meant.
fn on_clock<Z: TimeZone>(zone: &Z, wall: NaiveDateTime) -> Option<i64> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Some(moment.timestamp()),
        LocalResult::None => {
            let before = wall.checked_sub_signed(TimeDelta::days(1))?;
            let offset = zone.offset_from_local_datetime(&before).earliest()?.fix();
            wall.and_utc().timestamp().checked_sub(i64::from(offset.local_minus_utc()))
        }
    }
}

#[cfg(test)]
mod tests;

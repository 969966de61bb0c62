//! Times of a period, as people say them on command lines: dates, and how long ago.

use chrono::{DateTime, Local, Months};

use super::date;

/// The last second of the year 9999.
const LAST: i64 = 253_402_300_799;

/// Seconds since 1970 of a time, seen from `now`: `now`, `-6h` (`min h d w mon y`: so long ago), seconds since 1970, or a
/// date in any form.
///
/// # Errors
///
/// One line that says what was not understood, and what was expected.
pub fn seconds(text: &str, now: DateTime<Local>) -> Result<i64, String> {
    let text = text.trim();
    let time = match text.strip_prefix('-') {
        Some(ago) => before(ago, now)
            .ok_or_else(|| format!("'{text}': expected how long ago, such as -6h, -1d, -2w, -3mon or -1y"))?,
        None if text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map_err(|_| format!("'{text}': expected seconds since 1970"))?
        }
        None => date::parse(text, now)?,
    };
    if (0..=LAST).contains(&time) { Ok(time) } else { Err(format!("'{text}': expected a time from 1970 to 9999")) }
}

/// So long before a moment: months and years by the calendar.
fn before(ago: &str, now: DateTime<Local>) -> Option<i64> {
    let digits = ago.find(|c: char| !c.is_ascii_digit()).unwrap_or(ago.len());
    let (number, unit) = ago.split_at(digits);
    let number: u32 = number.parse().ok()?;
    let secs = |unit: i64| now.timestamp().checked_sub(i64::from(number) * unit);
    let months = |unit: u32| Some(now.checked_sub_months(Months::new(number.checked_mul(unit)?))?.timestamp());
    match unit.trim() {
        "s" | "sec" | "second" | "seconds" => secs(1),
        "m" | "min" | "minute" | "minutes" => secs(60),
        "h" | "hour" | "hours" => secs(3600),
        "d" | "day" | "days" => secs(86_400),
        "w" | "week" | "weeks" => secs(7 * 86_400),
        "mon" | "month" | "months" => months(1),
        "y" | "year" | "years" => months(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn times_are_said_in_many_ways() {
        let now = Local.timestamp_opt(1_795_341_900, 0).unwrap();
        let secs = |text| seconds(text, now);
        assert_eq!(secs("now"), Ok(1_795_341_900));
        assert_eq!(secs("-6h"), Ok(1_795_341_900 - 6 * 3600));
        assert_eq!(secs("-90min"), Ok(1_795_341_900 - 5400));
        assert_eq!(secs("-2 weeks"), Ok(1_795_341_900 - 14 * 86_400));
        assert_eq!(secs("1767225600"), Ok(1_767_225_600));
        assert_eq!(secs("2026-01-01 00:00 UTC"), Ok(1_767_225_600));
        let year = Local.timestamp_opt(secs("-1y").unwrap(), 0).unwrap();
        assert_eq!(year.format("%m-%d %H:%M").to_string(), now.format("%m-%d %H:%M").to_string());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let now = Local.timestamp_opt(1_795_341_900, 0).unwrap();
        for wrong in
            ["", "-", "-h", "-6", "-6x", "-99999999999h", "-99999y", "-4294967295w", "99999999999999", "soonish"]
        {
            assert!(seconds(wrong, now).is_err(), "{wrong}");
        }
    }
}

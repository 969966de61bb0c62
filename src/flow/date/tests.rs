use chrono::{DateTime, FixedOffset, TimeZone, Utc};
use proptest::prelude::*;

use super::*;

/// Thursday, 1 January 2026, 12:34:56 UTC.
const NOW: i64 = 1_767_270_896;
const MIDNIGHT: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 86400;

fn now() -> DateTime<Utc> {
    Utc.timestamp_opt(NOW, 0).unwrap()
}

fn date(text: &str) -> i64 {
    parse_in(text, now()).unwrap()
}

fn wrong(text: &str) -> String {
    parse_in(text, now()).unwrap_err()
}

fn at(text: &str) -> i64 {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap().and_utc().timestamp()
}

#[test]
fn steps_count_from_now() {
    for (text, seconds) in [
        ("now", 0),
        ("today", 0),
        ("yesterday", -DAY),
        ("tomorrow", DAY),
        ("2 hours ago", -2 * HOUR),
        ("400000 seconds ago", -400_000),
        ("a fortnight ago", -14 * DAY),
        ("an hour ago", -HOUR),
        ("-1 day", -DAY),
        ("+2 days", 2 * DAY),
        ("last week", -7 * DAY),
        ("next week", 7 * DAY),
        ("1 day 2 hours ago", -DAY - 2 * HOUR),
        ("- 5 mins", -300),
        ("week", 7 * DAY),
    ] {
        assert_eq!(date(text), NOW + seconds, "{text}");
    }
    assert_eq!(date("last year"), at("2025-01-01 12:34:56"));
    assert_eq!(date("1 month ago"), at("2025-12-01 12:34:56"));
    assert_eq!(date("31 Mar 2026 12:00 1 month ago"), at("2026-02-28 12:00:00"));
}

#[test]
fn the_dates_of_the_cvs_manual() {
    assert_eq!(date("January 23, 1987 10:05pm"), at("1987-01-23 22:05:00"));
    assert_eq!(date("3/31/92 10:00:07 PST"), at("1992-03-31 18:00:07"));
    assert_eq!(date("22:00 GMT"), MIDNIGHT + 22 * HOUR);
    assert_eq!(date("last Monday"), at("2025-12-29 00:00:00"));
    assert_eq!(date("1972-09-24"), at("1972-09-24 00:00:00"));
    for text in ["24 September 72", "24 Sept 1972", "24sep72", "Sep 24, 1972", "24-sep-72", "9/24/72", "1972/9/24"] {
        assert_eq!(date(text), at("1972-09-24 00:00:00"), "{text}");
    }
}

#[test]
fn dates_with_times_in_any_order() {
    for text in [
        "2026-01-01 00:10:00",
        "January 1, 2026 00:10:00",
        "00:10 2026-01-01",
        "2026-01-01T00:10:00Z",
        "20260101T001000Z",
        "20260101 0010",
        "2026-01-01 02:10:00 +0200",
        "2026-01-01T02:10:00.250+02:00",
        "2025-12-31 19:10 EST",
        "2025-12-31 7:10p.m. UTC-5",
        "Dec 31 20:10 EST DST 2025",
        "Thu, 1 Jan 2026 00:10:00 +0000 (UTC)",
        "Thu Jan  1 00:10:00 UTC 2026",
        "12:10am",
        "@1767226200",
        "@1767226200.5",
    ] {
        assert_eq!(date(text), MIDNIGHT + 600, "{text}");
    }
    assert_eq!(date("10:00 yesterday"), MIDNIGHT - 14 * HOUR);
    assert_eq!(date("yesterday noon"), MIDNIGHT - DAY / 2);
    assert_eq!(date("2pm"), MIDNIGHT + 14 * HOUR);
    assert_eq!(date("midnight"), MIDNIGHT);
    assert_eq!(date("12 pm"), MIDNIGHT + 12 * HOUR);
    assert_eq!(date("Jan 1 2 hours ago"), MIDNIGHT - 2 * HOUR);
    assert_eq!(date("10:00 -1 day"), MIDNIGHT - 14 * HOUR);
    assert_eq!(date("@-1"), -1);
}

#[test]
fn days_of_the_week() {
    // Today is a Thursday.
    for (text, days) in [
        ("thursday", 0),
        ("next thursday", 7),
        ("last thu", -7),
        ("this friday", 1),
        ("friday", 1),
        ("next monday", 4),
        ("last friday", -6),
        ("third sunday", 17),
    ] {
        assert_eq!(date(text), MIDNIGHT + days * DAY, "{text}");
    }
    assert_eq!(date("monday 10:00"), MIDNIGHT + 4 * DAY + 10 * HOUR);
}

#[test]
fn local_time_is_the_zone_of_now() {
    let now = now().with_timezone(&FixedOffset::east_opt(2 * 3600).unwrap());
    assert_eq!(parse_in("2026-01-01 02:10", now), Ok(MIDNIGHT + 600));
    assert_eq!(parse_in("2026-01-01 00:10 UTC", now), Ok(MIDNIGHT + 600));
    assert_eq!(parse_in("2026-01-01", now), Ok(MIDNIGHT - 2 * HOUR));
    assert_eq!(parse("@5", Local::now()), Ok(5));
}

#[test]
fn errors_say_what_was_expected() {
    for (text, why) in [
        ("", "it is empty"),
        ("soon", "unknown word 'soon'"),
        ("2026-02-30", "no such day: 2026-02-30"),
        ("13/1/2026", "no such day: month 13, day 1"),
        ("25:00", "no such time of day: 25:00:00"),
        ("13pm", "no such hour: 13 with am or pm"),
        ("ago", "'ago' without a step before it"),
        ("99999999999999999999 days", "the number 99999999999999999999 is too large"),
        ("9999999999999999 years", "too far away"),
        ("10:00 11:00", "two times of day"),
        ("1/1/26 2/1/26", "two dates"),
        ("2026-01", "expected year-month-day"),
        ("é", "'é' has no meaning here"),
        ("January", "expected a day after the month"),
    ] {
        assert_eq!(wrong(text), format!("date '{text}': {why}; {EXPECTED}"));
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".*") {
        let _ = parse_in(&text, now());
    }

    #[test]
    fn arbitrary_rows_of_items_never_panic(
        items in prop::collection::vec(
            prop::sample::select(vec![
                "now", "ago", "last", "next", "monday", "jan", "9223372036854775807", "12", "2026", "-", "+", ":", "/",
                ".", "@", "pm", "UTC", "dst", "T", "Z", "years", "weeks", "seconds", "(", ")", "0", "99999999", "third",
            ]),
            0..12,
        ),
        gap in "[ ]?",
    ) {
        let _ = parse_in(&items.join(&gap), now());
    }

    #[test]
    fn what_is_written_is_read(seconds in 0..4_102_444_800i64) {
        let moment = Utc.timestamp_opt(seconds, 0).unwrap();
        for format in ["%Y-%m-%d %H:%M:%S", "%B %d, %Y %I:%M:%S%P", "%d %b %Y %H:%M:%S %z", "%a %b %e %T UTC %Y", "@%s"] {
            prop_assert_eq!(parse_in(&moment.format(format).to_string(), now()), Ok(seconds));
        }
    }
}

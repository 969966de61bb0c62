//! Round local times.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike};

/// The steps of an axis of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// So many minutes, counted from midnight; at most a day's.
    Minutes(u32),
    /// Days.
    Days,
    /// Weeks, from Monday to Monday.
    Weeks,
    /// So many months, counted from January.
    Months(u32),
    /// So many years.
    Years(u32),
}

/// From fine to coarse: the steps, what is written at them, at the beginnings of what is greater (a day, a month, a
/// year), and finer steps without anything written, if there is room for them.
const STEPS: [(Step, &str, &str, Option<Step>); 25] = [
    (Step::Minutes(1), TIME, DAY, None),
    (Step::Minutes(2), TIME, DAY, None),
    (Step::Minutes(5), TIME, DAY, Some(Step::Minutes(1))),
    (Step::Minutes(10), TIME, DAY, Some(Step::Minutes(5))),
    (Step::Minutes(15), TIME, DAY, Some(Step::Minutes(5))),
    (Step::Minutes(30), TIME, DAY, Some(Step::Minutes(10))),
    (Step::Minutes(60), TIME, DAY, Some(Step::Minutes(15))),
    (Step::Minutes(120), TIME, DAY, Some(Step::Minutes(60))),
    (Step::Minutes(180), TIME, DAY, Some(Step::Minutes(60))),
    (Step::Minutes(240), TIME, DAY, Some(Step::Minutes(60))),
    (Step::Minutes(360), TIME, DAY, Some(Step::Minutes(60))),
    (Step::Minutes(720), TIME, DAY, Some(Step::Minutes(180))),
    (Step::Days, DAY, DAY, Some(Step::Minutes(360))),
    (Step::Days, "%-d", "%-d %b", Some(Step::Minutes(720))),
    (Step::Weeks, DATE, DATE, Some(Step::Days)),
    (Step::Months(1), "%b", "%Y", Some(Step::Weeks)),
    (Step::Months(2), "%b", "%Y", Some(Step::Months(1))),
    (Step::Months(3), "%b", "%Y", Some(Step::Months(1))),
    (Step::Months(6), "%b", "%Y", Some(Step::Months(1))),
    (Step::Years(1), "%Y", "%Y", Some(Step::Months(3))),
    (Step::Years(2), "%Y", "%Y", Some(Step::Years(1))),
    (Step::Years(5), "%Y", "%Y", Some(Step::Years(1))),
    (Step::Years(10), "%Y", "%Y", Some(Step::Years(1))),
    (Step::Years(50), "%Y", "%Y", Some(Step::Years(10))),
    (Step::Years(500), "%Y", "%Y", Some(Step::Years(100))),
];

const TIME: &str = "%H:%M";
const DAY: &str = "%a %-d";
const DATE: &str = "%-d %b";

impl Step {
    /// About how many seconds.
    fn seconds(self) -> i64 {
        match self {
            Step::Minutes(n) => i64::from(n) * 60,
            // A day may have 23 hours, a month 28 days.
            Step::Days => 23 * 3600,
            Step::Weeks => 7 * 86_400 - 3600,
            Step::Months(n) => i64::from(n) * 28 * 86_400,
            Step::Years(n) => i64::from(n) * 365 * 86_400,
        }
    }

    /// The last local time of this step that is not after another.
    fn floor(self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        let date = time.date();
        let start = match self {
            Step::Minutes(n) => {
                let minute = (time.hour() * 60 + time.minute()) / n.max(1) * n.max(1);
                return date.and_hms_opt(minute / 60, minute % 60, 0);
            }
            Step::Days => Some(date),
            Step::Weeks => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into())),
            Step::Months(n) => NaiveDate::from_ymd_opt(date.year(), date.month0() / n.max(1) * n.max(1) + 1, 1),
            Step::Years(n) => {
                let n = i32::try_from(n.max(1)).unwrap_or(1);
                NaiveDate::from_ymd_opt(date.year().div_euclid(n) * n, 1, 1)
            }
        };
        start.map(|date| date.and_time(NaiveTime::MIN))
    }

    /// The next local time of this step.
    fn next(self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Step::Minutes(n) => {
                // Steps that do not divide a day begin anew at midnight.
                let next = time.checked_add_signed(TimeDelta::minutes(n.max(1).into()))?;
                let midnight = next.date().and_time(NaiveTime::MIN);
                Some(if next.date() == time.date() { next } else { midnight })
            }
            Step::Days => time.checked_add_days(Days::new(1)),
            Step::Weeks => time.checked_add_days(Days::new(7)),
            Step::Months(n) => time.checked_add_months(Months::new(n.max(1))),
            Step::Years(n) => time.checked_add_months(Months::new(n.max(1).saturating_mul(12))),
        }
    }

    /// The moments of a zone that lie in a period: where clocks are set back, some local times come twice; where they
    /// are set forward, some do not come, and a day without midnight begins when it begins.
    pub fn moments<Z: TimeZone>(self, zone: &Z, [from, to]: [i64; 2]) -> Vec<DateTime<Z>> {
        let Some(start) = zone.timestamp_opt(from, 0).earliest() else { return Vec::new() };
        // Clocks that were set back make local times go back too.
        let start = start.naive_local().checked_sub_signed(TimeDelta::hours(3));
        let mut local = start.and_then(|start| self.floor(start));
        let mut moments: Vec<DateTime<Z>> = Vec::new();
        while let Some(time) = local.filter(|_| moments.len() < 5000) {
            let mut found = zone.from_local_datetime(&time);
            if matches!(found, chrono::LocalResult::None) && !matches!(self, Step::Minutes(_)) {
                let later = time.checked_add_signed(TimeDelta::hours(1)).unwrap_or(time);
                found = zone.from_local_datetime(&later);
            }
            let ends = found.clone().earliest().is_some_and(|moment| moment.timestamp() > to);
            let twice = matches!(self, Step::Minutes(_));
            let both = [found.clone().earliest(), found.latest().filter(|_| twice)];
            moments.extend(both.into_iter().flatten().filter(|moment| (from..=to).contains(&moment.timestamp())));
            if ends {
                break;
            }
            local = self.next(time);
        }
        moments.sort_by_key(DateTime::timestamp);
        moments.dedup_by_key(|moment| moment.timestamp());
        moments
    }
}

/// A place on an axis of time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tick {
    /// Seconds since 1970.
    pub time: i64,
    /// What is written there.
    pub label: String,
    /// Whether something greater begins there: a day, a month, a year.
    pub strong: bool,
}

/// Round local times of a period, the finest whose texts have room beside each other; and finer ones without text.
/// `width` tells a text's width, in seconds.
pub fn ticks<Z: TimeZone>(zone: &Z, period: [i64; 2], gap: f64, width: impl Fn(&str) -> f64) -> (Vec<Tick>, Vec<i64>)
where
    Z::Offset: std::fmt::Display,
{
    let span = period[1].saturating_sub(period[0]) as f64;
    for (step, usual, greater, finer) in STEPS {
        // Before texts are made: would they have any room?
        if (step.seconds() as f64) < gap + width("0") || span / step.seconds() as f64 > 1000.0 {
            continue;
        }
        let tick = |moment: &DateTime<Z>| {
            let strong = begins(step, moment);
            let label = moment.format(if strong { greater } else { usual }).to_string();
            Tick { time: moment.timestamp(), label, strong }
        };
        let all: Vec<Tick> = step.moments(zone, period).iter().map(tick).collect();
        let widest = all.iter().map(|tick| width(&tick.label)).fold(0.0, f64::max);
        let coarsest = step == Step::Years(500);
        if step.seconds() as f64 >= widest + gap || coarsest {
            let room = |finer: &Step| finer.seconds() as f64 >= gap / 2.0;
            let finer = finer.filter(room).map_or(Vec::new(), |finer| finer.moments(zone, period));
            return (all, finer.iter().map(DateTime::timestamp).collect());
        }
    }
    (Vec::new(), Vec::new())
}

/// Whether something greater than a step begins at a moment.
fn begins<Z: TimeZone>(step: Step, moment: &DateTime<Z>) -> bool {
    let local = moment.naive_local();
    match step {
        Step::Minutes(_) => (local.hour(), local.minute()) == (0, 0),
        Step::Days => local.day() == 1,
        Step::Months(_) => local.month() == 1,
        Step::Weeks | Step::Years(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, MappedLocalTime, NaiveDateTime, Offset, Utc};

    use super::*;

    /// A zone that is an hour before UTC, in the summer of 2026 two.
    #[derive(Clone, Copy, Debug)]
    struct Central;

    const SUMMER: [i64; 2] = [1_774_746_000, 1_792_890_000];

    fn east(hours: i32) -> FixedOffset {
        FixedOffset::east_opt(hours * 3600).unwrap()
    }

    impl TimeZone for Central {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Central {
            Central
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> MappedLocalTime<FixedOffset> {
            MappedLocalTime::Single(east(1))
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
            let fits = |offset: &FixedOffset| {
                let utc = *local - TimeDelta::seconds(offset.local_minus_utc().into());
                self.offset_from_utc_datetime(&utc).fix() == *offset
            };
            match (Some(east(2)).filter(fits), Some(east(1)).filter(fits)) {
                (Some(one), Some(two)) => MappedLocalTime::Ambiguous(one, two),
                (Some(one), None) | (None, Some(one)) => MappedLocalTime::Single(one),
                (None, None) => MappedLocalTime::None,
            }
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            east(1)
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            let summer = (SUMMER[0]..SUMMER[1]).contains(&utc.and_utc().timestamp());
            east(if summer { 2 } else { 1 })
        }
    }

    fn said(step: Step, period: [i64; 2]) -> Vec<String> {
        step.moments(&Central, period).iter().map(|moment| moment.format("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn an_hour_that_comes_twice_stands_twice() {
        let night = [SUMMER[1] - 2 * 3600, SUMMER[1] + 2 * 3600];
        assert_eq!(said(Step::Minutes(60), night), ["25 01:00", "25 02:00", "25 02:00", "25 03:00", "25 04:00"]);
        assert_eq!(said(Step::Days, [SUMMER[1] - 86_400, SUMMER[1] + 86_400]), ["25 00:00", "26 00:00"]);
    }

    #[test]
    fn an_hour_that_does_not_come_is_left_out() {
        let night = [SUMMER[0] - 2 * 3600, SUMMER[0] + 2 * 3600];
        assert_eq!(said(Step::Minutes(60), night), ["29 00:00", "29 01:00", "29 03:00", "29 04:00", "29 05:00"]);
        let noons = said(Step::Minutes(720), [SUMMER[0] - 86_400, SUMMER[0] + 86_400]);
        assert_eq!(noons, ["28 12:00", "29 00:00", "29 12:00", "30 00:00"]);
    }

    #[test]
    fn great_steps_begin_at_local_midnight() {
        let year = [SUMMER[0] - 80 * 86_400, SUMMER[1] + 60 * 86_400];
        assert!(said(Step::Months(1), year).iter().all(|text| text == "01 00:00"));
        assert!(Step::Weeks.moments(&Central, year).iter().all(|day| day.weekday() == chrono::Weekday::Mon));
        assert_eq!(Step::Years(1).moments(&Central, [0, 1_800_000_000]).len(), 57);
    }

    /// Ticks where a letter is as wide as so many seconds.
    fn chosen(hours: i64, letter: f64) -> Vec<String> {
        // Sunday 22 November 2026, 10:05 UTC.
        let to = 1_795_341_900;
        let width = |text: &str| text.chars().count() as f64 * letter;
        let (ticks, _) = ticks(&Utc, [to - hours * 3600, to], 2.0 * letter, width);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn steps_are_as_fine_as_there_is_room() {
        // 140 letters wide.
        assert_eq!(chosen(6, 6.0 * 3600.0 / 140.0)[..3], ["04:30", "05:00", "05:30"]);
        let day = chosen(24, 24.0 * 3600.0 / 140.0);
        assert_eq!((day.len(), day[6].as_str()), (12, "Sun 22"));
        assert_eq!(chosen(7 * 24, 7.0 * 86_400.0 / 140.0)[..2], ["12:00", "Mon 16"]);
        assert_eq!(chosen(31 * 24, 31.0 * 86_400.0 / 140.0), ["26 Oct", "2 Nov", "9 Nov", "16 Nov"]);
        assert_eq!(chosen(365 * 24, 365.0 * 86_400.0 / 140.0)[..3], ["Dec", "2026", "Feb"]);
        assert_eq!(chosen(40 * 365 * 24, 40.0 * 365.0 * 86_400.0 / 140.0)[..2], ["1988", "1990"]);
        assert!(chosen(1, 1e9).len() <= 1);
    }
}

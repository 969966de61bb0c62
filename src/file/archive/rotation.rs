//! When a new file is begun: by the local clock, counted from midnight, whatever summer time does to the day.

use chrono::{DateTime, Local, Offset};

const DAY: i64 = 86_400;

/// So many files a day, begun at even distances from local midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// Seconds a file.
    period: i64,
    /// Files a day: what the day has left over beyond them belongs to the last.
    files: i64,
}

impl Rotation {
    /// `rotations` times a day a new file is begun, besides at midnight: flow-capture's `-n`, so there are
    /// `rotations + 1` files of 86400 / (`rotations` + 1) seconds. More than one a second are one a second.
    pub fn new(rotations: u32) -> Rotation {
        let files = i64::from(rotations.min(DAY as u32 - 1)) + 1;
        Rotation { period: DAY / files, files }
    }

    /// Seconds from one file to the next.
    pub fn period(self) -> i64 {
        self.period
    }

    /// The first moment after `now` (both seconds since 1970) at which this machine's local clock begins a new file.
    pub fn next(self, now: i64) -> i64 {
        self.next_in(now, zone)
    }

    /// The same in a time zone: `zone` says for a moment how many seconds its clock is ahead of UTC.
    ///
    /// Where the clock is put forward over a boundary, the file lasts until the next; where it is put back, boundaries
    /// within that hour come twice, and a longer file lasts an hour longer.
    pub fn next_in(self, now: i64, zone: impl Fn(i64) -> i32) -> i64 {
        let mut from = now;
        loop {
            let clock = (from + i64::from(zone(from))).rem_euclid(DAY);
            let steps = clock / self.period + 1;
            let wait = if steps >= self.files { DAY - clock } else { steps * self.period - clock };
            // If the clock is changed on the way, the boundary comes so much earlier or later; or at both times.
            let plain = from + wait;
            let shifted = plain - i64::from(zone(plain) - zone(from));
            let mut found = [plain, shifted];
            found.sort_unstable();
            if let Some(next) = found.into_iter().find(|at| *at > now && self.begins(*at, &zone)) {
                return next;
            }
            from = plain;
        }
    }

    /// Whether the clock shows a boundary.
    fn begins(self, at: i64, zone: impl Fn(i64) -> i32) -> bool {
        let clock = (at + i64::from(zone(at))).rem_euclid(DAY);
        clock % self.period == 0 && clock / self.period < self.files
    }
}

/// How many seconds this machine's local clock is ahead of UTC at a moment (seconds since 1970).
pub fn zone(at: i64) -> i32 {
    let utc = DateTime::from_timestamp(at, 0).unwrap_or_default();
    utc.with_timezone(&Local).offset().fix().local_minus_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z: central Europe's summer.
    const SPRING: i64 = 1_774_746_000;
    const AUTUMN: i64 = 1_792_890_000;

    fn europe(at: i64) -> i32 {
        if (SPRING..AUTUMN).contains(&at) { 7200 } else { 3600 }
    }

    fn day(rotations: u32, midnight: i64) -> Vec<i64> {
        let rotation = Rotation::new(rotations);
        let clock = |at: i64| (at + i64::from(europe(at))).rem_euclid(DAY);
        let mut at = midnight;
        let mut gaps = Vec::new();
        loop {
            let next = rotation.next_in(at, europe);
            gaps.push(next - at);
            at = next;
            if clock(at) == 0 {
                return gaps;
            }
        }
    }

    #[test]
    fn a_day_has_one_file_more_than_rotations() {
        let midnight = 1_767_222_000; // 2026-01-01T00:00:00+01:00
        assert_eq!(day(95, midnight), vec![900; 96]);
        assert_eq!(day(0, midnight), vec![DAY]);
        assert_eq!(day(287, midnight), vec![300; 288]);
        // 86400 / 7 leaves six seconds over: they are the last file's.
        assert_eq!(day(6, midnight), [vec![12342; 6], vec![12348]].concat());
        assert_eq!(Rotation::new(u32::MAX).period(), 1);
        assert_eq!(Rotation::new(95).next_in(midnight + 1, europe), midnight + 900);
        assert_eq!(Rotation::new(95).next_in(midnight - 1, europe), midnight);
    }

    #[test]
    fn days_of_23_and_25_hours_end_at_midnight() {
        let spring = SPRING - 2 * 3600;
        let autumn = AUTUMN - 3 * 3600;
        assert_eq!(day(0, spring), vec![23 * 3600]);
        assert_eq!(day(0, autumn), vec![25 * 3600]);
        assert_eq!(day(95, spring), vec![900; 92]);
        assert_eq!(day(95, autumn), vec![900; 100]);
        // Every two hours: 02:00 does not exist in spring, 04:00 is three hours after the first 02:00 in autumn.
        assert_eq!(day(11, spring), [vec![3 * 3600], vec![7200; 10]].concat());
        assert_eq!(day(11, autumn), [vec![7200, 3 * 3600], vec![7200; 10]].concat());
    }

    proptest! {
        #[test]
        fn boundaries_advance_and_none_is_skipped(rotations in 0u32..100_000, at in SPRING - 200_000..AUTUMN + 200_000) {
            let rotation = Rotation::new(rotations);
            let next = rotation.next_in(at, europe);
            prop_assert!(next > at && next - at <= 25 * 3600 + rotation.period());
            prop_assert!(rotation.begins(next, europe));
        }
    }
}

//! Times of the local day, and chance.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Local, Offset, Utc};

/// Local time changes its distance from UTC at most once in so many seconds, at their beginning.
const PERIOD: i64 = 900;
/// Periods remembered: those of a day.
const PERIODS: usize = 96;
const DAY: i64 = 86_400;

/// Remembers how far local time is from UTC, since that is dear to compute.
#[derive(Default, Debug)]
pub(super) struct Zone {
    /// Periods since 1970, and seconds that local time is ahead then.
    known: Vec<Option<(i64, i64)>>,
}

impl Zone {
    /// The second of the local day that a time in ms since 1970 lies in.
    pub(super) fn second_of_day(&mut self, ms: u64) -> u64 {
        let seconds = (ms / 1000) as i64;
        let ahead = self.ahead(seconds);
        (seconds + ahead).rem_euclid(DAY) as u64
    }

    fn ahead(&mut self, seconds: i64) -> i64 {
        let period = seconds / PERIOD;
        self.known.resize(PERIODS, None);
        let slot = self.known.get_mut(period as usize % PERIODS);
        match slot {
            Some(Some((known, ahead))) if *known == period => *ahead,
            slot => {
                let time = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
                let ahead = i64::from(time.with_timezone(&Local).offset().fix().local_minus_utc());
                if let Some(slot) = slot {
                    *slot = Some((period, ahead));
                }
                ahead
            }
        }
    }
}

/// Numbers that look random (SplitMix64), others in each thread of each run.
#[derive(Debug)]
pub(super) struct Chance {
    state: u64,
}

impl Default for Chance {
    fn default() -> Chance {
        Chance { state: RandomState::new().hash_one(0) }
    }
}

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use chrono::Timelike;

    use super::*;

    #[test]
    fn the_day_is_the_local_one() {
        let mut zone = Zone::default();
        // Twice, so that what is remembered is asked too.
        for seconds in (0..400).map(|i| 1_767_225_600 + i * 7919 * 17).chain((0..400).map(|i| 1_767_225_600 + i * 7919))
        {
            let local = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap().with_timezone(&Local);
            assert_eq!(zone.second_of_day(seconds as u64 * 1000 + 999), local.num_seconds_from_midnight().into());
        }
        zone.second_of_day(u64::MAX);
    }

    #[test]
    fn chance_is_even() {
        let mut chance = Chance::default();
        let low = (0..10_000).filter(|_| chance.next() <= u64::MAX / 4).count();
        assert!((2200..2800).contains(&low), "{low} of 10000 in the lowest quarter");
    }
}

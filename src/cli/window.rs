//! `--from` and `--to`: which flows by when they were, and which files by their names.

use chrono::Local;
use clap::Args;

use crate::file::Inputs;
use crate::flow::date;
use crate::select::{Computed, Predicate, Ranges};

/// A file begun at some time holds what arrived from then on for at most a day, the longest a collector writes to one
/// file; flows are taken to arrive within a day of their end, and to last no more than a day.
const DAY: i64 = 86_400;

/// `--from --to`: flows that were active at some time of a period.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Only flows that ended at TIME or later: '2026-01-31 14:05', 2026-01-31T14:05Z, 'yesterday', 1767225600
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub from: Option<i64>,
    /// Only flows that began before TIME
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub to: Option<i64>,
}

impl Window {
    /// Whether a flow was active in the period.
    pub fn predicate(&self) -> Predicate {
        let ms = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
        let mut all = Vec::new();
        if let Some(from) = self.from {
            all.push(Predicate::numbers(Computed::End, Ranges::of([(ms(from), u64::MAX)]).into()));
        }
        if let Some(to) = self.to {
            let before = ms(to).checked_sub(1).map(|last| (0, last));
            all.push(Predicate::numbers(Computed::Start, Ranges::of(before).into()));
        }
        Predicate::and(all)
    }

    /// The inputs without files that by their names hold none of these flows: those begun more than two days before
    /// the period, or more than a day after it.
    pub fn inputs(&self, inputs: Inputs) -> Inputs {
        match (self.from, self.to) {
            (None, None) => inputs,
            (from, to) => {
                let from = from.map_or(i64::MIN, |from| from.saturating_sub(2 * DAY));
                inputs.begun(from, to.map_or(i64::MAX, |to| to.saturating_add(DAY)))
            }
        }
    }
}

/// Seconds since 1970 of a date, or as such.
fn seconds(text: &str) -> Result<i64, String> {
    let digits = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits => Ok(seconds),
        _ => date::parse(text, Local::now()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Prune;
    use crate::flow::time::Span;

    #[test]
    fn times_are_read_in_every_form() {
        for text in ["2026-01-01T00:00:00Z", "2026-01-01 00:00 UTC", "1767225600", "@1767225600", "20260101T000000Z"] {
            assert_eq!(seconds(text), Ok(1_767_225_600), "{text}");
        }
        assert!(seconds("20260101").is_ok_and(|day| day > 1_700_000_000));
        assert!(seconds("soonish").is_err());
    }

    #[test]
    fn a_period_is_open_at_its_end() {
        let second_minute = Span { start: (60_000, 90_000), end: (70_000, 119_000) };
        let may = |from, to| Window { from, to }.predicate().may_match(&second_minute);
        assert!(may(None, None) && may(Some(119), None) && may(None, Some(61)) && may(Some(100), Some(101)));
        assert!(!may(Some(120), None) && !may(None, Some(60)) && !may(None, Some(0)));
    }
}

//! Flows period by period.

use super::totals::Clock;
use crate::flow::FlowBatch;

/// Tells flows of one period from those of the next, as they come.
///
/// Periods are multiples of their length since 1970. Flows that come late count in the period that has begun.
pub struct Periods {
    seconds: u64,
    current: Option<u64>,
    clock: Clock,
}

/// The first and the last second in which a batch's selected flows were told of; `None` if there are none.
#[derive(Default)]
pub struct Times(Clock);

impl Times {
    /// Of a batch.
    pub fn of(&mut self, batch: &FlowBatch) -> Option<(u64, u64)> {
        let span = self.0.span_of(batch);
        (span.least <= span.greatest).then_some((span.least, span.greatest))
    }
}

impl Periods {
    /// Periods of so many seconds.
    pub fn new(seconds: u64) -> Periods {
        Periods { seconds: seconds.max(1), current: None, clock: Clock::default() }
    }

    /// A batch whose flows were told of in these seconds, from the least to the greatest: if all of it belongs to one
    /// period, whether a new period begins with it.
    pub fn whole(&mut self, span: Option<(u64, u64)>) -> Option<bool> {
        let (least, greatest) = span.unwrap_or_default();
        let (first, last) = (least / self.seconds, greatest / self.seconds);
        let before = self.current;
        match before {
            Some(current) if last <= current => return Some(false),
            _ if first < last => return None,
            _ => self.current = Some(last),
        }
        Some(before.is_some())
    }

    /// A batch's selected flows, period by period; each part with whether a new period begins with it.
    pub fn split(&mut self, batch: FlowBatch) -> Vec<(bool, FlowBatch)> {
        let mut parts: Vec<(u64, Vec<u32>)> = Vec::new();
        let before = self.current;
        let mut current = before.unwrap_or(0);
        let times = self.clock.seconds(&batch);
        let mut at = 0;
        batch.rows().each(|row| {
            current = current.max(times.get(at).copied().unwrap_or(0) / self.seconds);
            at += 1;
            match parts.last_mut() {
                Some((period, rows)) if *period == current => rows.push(row as u32),
                _ => parts.push((current, vec![row as u32])),
            }
        });
        self.current = parts.last().map(|(period, _)| *period).or(before);
        let mut last = before;
        let whole = parts.len() == 1;
        let part = |(period, rows): (u64, Vec<u32>)| {
            let begins = last.is_some_and(|last| last != period);
            last = Some(period);
            let mut part = batch.clone();
            if !whole {
                part.select(rows);
                part = part.compact();
            }
            (begins, part)
        };
        parts.into_iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{flow, v5};

    #[test]
    fn late_flows_count_in_the_period_that_has_begun() {
        let record = |seconds: u32| {
            let mut record = flow([1, 2], [3, 4], 6, 1, 1);
            record[..4].copy_from_slice(&seconds.to_be_bytes());
            record
        };
        let mut periods = Periods::new(60);
        let parts = |parts: Vec<(bool, FlowBatch)>| parts.iter().map(|(b, p)| (*b, p.len())).collect::<Vec<_>>();
        let first = periods.split(v5(&[119, 60, 120, 100, 240].map(record)));
        assert_eq!(parts(first), [(false, 2), (true, 2), (true, 1)]);
        assert_eq!(parts(periods.split(v5(&[250, 1].map(record)))), [(false, 2)]);
        assert_eq!(parts(periods.split(v5(&[300].map(record)))), [(true, 1)]);
        let spans = [(1, 359), (1, 360), (360, 419), (360, 420), (420, 420)];
        assert_eq!(spans.map(|span| periods.whole(Some(span))), [Some(false), None, Some(true), None, Some(true)]);
    }
}

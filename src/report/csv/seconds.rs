//! Flows spread over the seconds they lasted.

use std::collections::HashMap;

use crate::flow::FlowBatch;
use crate::flow::time::FlowTimes;
use crate::report::gather::Values;
use crate::report::{Counts, Grouping};

/// Seconds a page.
const PAGE: u64 = 1024;
/// Flows that seem to have lasted longer than uptimes can say have a clock that was set between: they are put where
/// they ended.
const LONGEST: u64 = (u32::MAX / 1000) as u64;

/// What a second comes to.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(super) struct Second {
    /// Its place in the order in which seconds were seen, from 1; 0 if it was not.
    seen: u32,
    /// Flows, octets, packets.
    pub sums: [f64; 3],
}

/// Flows spread evenly over their seconds, the first and the last included.
pub(super) struct Seconds {
    pages: HashMap<u64, Box<[Second]>>,
    count: u32,
    pub counts: Counts,
    grouping: Grouping,
    values: Values,
    times: FlowTimes,
}

impl Seconds {
    /// No flows yet, whose octets and packets will count so many times.
    pub fn new(scale: u64) -> Seconds {
        Seconds {
            pages: HashMap::new(),
            count: 0,
            counts: Counts::default(),
            grouping: Grouping::default().scaled(scale),
            values: Values::default(),
            times: FlowTimes::default(),
        }
    }

    /// Adds a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        let (mut values, mut times) = (std::mem::take(&mut self.values), std::mem::take(&mut self.times));
        values.gather(batch, &self.grouping, &mut self.counts);
        times.gather(batch);
        for (at, (start, end)) in times.start.iter().zip(&times.end).enumerate() {
            let counts = values.get(at);
            let (first, last) = (start / 1000, end / 1000);
            let first = if first <= last && last - first <= LONGEST { first } else { last };
            let count = (last - first + 1) as f64;
            let sums = [counts.flows, counts.octets, counts.packets].map(|sum| sum as f64 / count);
            self.spread(first, last, sums);
        }
        (self.values, self.times) = (values, times);
    }

    fn spread(&mut self, first: u64, last: u64, sums: [f64; 3]) {
        let mut at = first;
        while at <= last {
            let page = self.pages.entry(at / PAGE).or_insert_with(|| vec![Second::default(); PAGE as usize].into());
            let from = at % PAGE;
            let to = (from + (last - at)).min(PAGE - 1);
            for second in page.get_mut(from as usize..=to as usize).unwrap_or_default() {
                if second.seen == 0 {
                    self.count = self.count.saturating_add(1);
                    second.seen = self.count;
                }
                second.sums.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
            }
            at += to - from + 1;
        }
    }

    /// Adds flows that came later.
    pub fn merge(&mut self, later: &Seconds) {
        self.counts.add(&later.counts);
        later.rows().into_iter().for_each(|(at, sums)| self.spread(at, at, sums));
    }

    /// The seconds, each with what it comes to, in the order in which they were seen.
    pub fn rows(&self) -> Vec<(u64, [f64; 3])> {
        let pages = self.pages.iter().map(|(page, seconds)| (page * PAGE, seconds));
        let all = pages.flat_map(|(start, seconds)| (start..).zip(seconds.iter().copied()));
        let mut rows: Vec<(u64, Second)> = all.filter(|(_, second)| second.seen > 0).collect();
        rows.sort_unstable_by_key(|(_, second)| second.seen);
        rows.into_iter().map(|(at, second)| (at, second.sums)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_spread_over_its_seconds() {
        let mut seconds = Seconds::new(1);
        seconds.spread(1030, 1031, [0.5, 10.0, 1.0]);
        seconds.spread(1020, 1030, [1.0, 1.0, 1.0]);
        let rows = seconds.rows();
        assert_eq!(rows.len(), 12);
        assert_eq!(rows[0], (1030, [1.5, 11.0, 2.0]));
        assert_eq!(rows[1], (1031, [0.5, 10.0, 1.0]));
        assert_eq!((rows[2].0, rows[11].0), (1020, 1029));
    }
}

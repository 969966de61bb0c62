//! What all flows of a report come to: counts, rates, times; and distributions where they are asked for.

use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch};
use crate::report::gather::Values;
use crate::report::stat::{Counted, distributions};
use crate::report::{Counts, Grouping, Rates};

/// From the least to the greatest of some numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub least: u64,
    pub greatest: u64,
}

impl Default for Range {
    fn default() -> Range {
        Range { least: u64::MAX, greatest: 0 }
    }
}

impl Range {
    pub fn add(&mut self, other: Range) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn of(numbers: &[u64]) -> Range {
        let [least, greatest] = [numbers.iter().min(), numbers.iter().max()];
        Range { least: least.copied().unwrap_or(u64::MAX), greatest: greatest.copied().unwrap_or(0) }
    }
}

/// When flows were told of: seconds since 1970. Scratch space, kept between batches.
#[derive(Default)]
pub(super) struct Clock {
    pub span: Range,
    seconds: Vec<u64>,
    times: FlowTimes,
}

impl Clock {
    pub fn add(&mut self, batch: &FlowBatch) {
        let span = self.span_of(batch);
        self.span.add(span);
    }

    /// Of a batch's selected flows.
    pub fn span_of(&mut self, batch: &FlowBatch) -> Range {
        Range::of(self.seconds(batch))
    }

    /// When each selected flow was told of; where that is not said, when it ended.
    pub fn seconds(&mut self, batch: &FlowBatch) -> &[u64] {
        if !batch.gather(Field::UnixSecs, &mut self.seconds) && FlowTimes::known(batch.schema()) {
            self.times.gather(batch);
            self.seconds.clear();
            self.seconds.extend(self.times.end.iter().map(|end| end / 1000));
        }
        &self.seconds
    }
}

/// What flows come to that are not grouped.
pub(super) struct Totals {
    pub counts: Counts,
    pub rates: Rates,
    /// Ms of uptime, or since 1970, at which flows ended.
    pub lasted: Range,
    pub distributions: Vec<Counted>,
    grouping: Grouping,
    values: Values,
    stamps: Vec<u64>,
    times: FlowTimes,
}

impl Totals {
    /// No flows yet, whose octets and packets will count so many times.
    pub fn new(scale: u64, detail: bool) -> Totals {
        Totals {
            counts: Counts::default(),
            rates: Rates::default(),
            lasted: Range::default(),
            distributions: if detail { distributions() } else { Vec::new() },
            grouping: Grouping::default().with_rates().scaled(scale),
            values: Values::default(),
            stamps: Vec::new(),
            times: FlowTimes::default(),
        }
    }

    /// Adds a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        self.values.gather(batch, &self.grouping, &mut self.counts);
        for at in 0..batch.len() {
            let counts = self.values.get(at);
            self.rates.add(&Rates::of(&counts));
            let Counts { flows, octets, packets, duration } = counts;
            let values = [octets.checked_div(packets).unwrap_or(0), packets, octets, duration];
            self.distributions.iter_mut().zip(values).for_each(|(counted, value)| counted.add(value, flows));
        }
        let ends = self.ends(batch);
        self.lasted.add(ends);
    }

    /// When flows ended. Uptimes of classic records are taken to begin at 0, as the original does.
    fn ends(&mut self, batch: &FlowBatch) -> Range {
        if batch.gather(Field::Last, &mut self.stamps) {
            return Range { least: 0, ..Range::of(&self.stamps) };
        }
        self.times.gather(batch);
        Range { least: Range::of(&self.times.start).least, ..Range::of(&self.times.end) }
    }

    /// Adds what another thread summed.
    pub fn merge(&mut self, other: &Totals) {
        self.counts.add(&other.counts);
        self.rates.add(&other.rates);
        self.lasted.add(other.lasted);
        self.distributions.iter_mut().zip(&other.distributions).for_each(|(sum, counted)| sum.merge(counted));
    }
}

//! Counting: what flows of a step of time come to, by router, for every counter that a configuration asks for.
//!
//! A flow from outside to inside is inbound, the reverse is outbound; what is neither is counted apart. A flow is
//! counted in the step in which it ended, or spread over those it lasted; either way the sums are exact.

mod hosts;
mod plan;
mod scratch;
mod tally;
#[cfg(test)]
mod tests;
mod time;

pub use plan::{Counter, Dimension, NEITHER_STEM, Plan, TOTAL_STEM};
pub use tally::{Seen, Tally, Worker};
pub use time::{Steps, Times};

/// What a counter holds: inbound and outbound octets, packets and flows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Octets: inbound, outbound.
    pub octets: [u64; 2],
    /// Packets: inbound, outbound.
    pub packets: [u64; 2],
    /// Flows: inbound, outbound.
    pub flows: [u64; 2],
}

/// The data sources of an RRD, in the order of [`Counts::values`].
pub const SOURCES: [&str; 6] = ["in_bytes", "out_bytes", "in_pkts", "out_pkts", "in_flows", "out_flows"];

impl Counts {
    /// Adds others.
    pub fn add(&mut self, other: &Counts) {
        let sums = self.octets.iter_mut().chain(&mut self.packets).chain(&mut self.flows);
        let more = other.octets.iter().chain(&other.packets).chain(&other.flows);
        sums.zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
    }

    /// Whether nothing was counted.
    pub fn is_zero(&self) -> bool {
        *self == Counts::default()
    }

    /// The values in the order of [`SOURCES`].
    pub fn values(&self) -> [u64; 6] {
        let ([a, b], [c, d], [e, f]) = (self.octets, self.packets, self.flows);
        [a, b, c, d, e, f]
    }

    #[inline]
    fn count(&mut self, way: usize, octets: u64, packets: u64, flows: u64) {
        let sum = |sums: &mut [u64; 2], more| {
            sums.get_mut(way).into_iter().for_each(|sum| *sum = sum.saturating_add(more));
        };
        sum(&mut self.octets, octets);
        sum(&mut self.packets, packets);
        sum(&mut self.flows, flows);
    }
}

/// Inbound, as the place in [`Counts`].
pub const IN: usize = 0;
/// Outbound.
pub const OUT: usize = 1;

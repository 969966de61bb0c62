//! Scoreboards: who inside talked most, for each flow file, and in the long run.

mod page;
mod score;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::IpAddr;

pub use page::Page;
pub use score::Score;

use super::count::{IN, OUT};
use crate::flow::{Field, FlowBatch};
use crate::report::{Aggregation, Entry, Grouping, Groups, Order, Outcome, Part, SortBy, Worker};

/// What talkers are listed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Octets.
    Octets,
    /// Packets.
    Packets,
    /// Flows.
    Flows,
}

/// Everything talkers are listed by.
pub const BY: [By; 3] = [By::Octets, By::Packets, By::Flows];

impl By {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            By::Octets => "octets",
            By::Packets => "packets",
            By::Flows => "flows",
        }
    }

    fn order(self) -> Order {
        let by = match self {
            By::Octets => SortBy::Octets,
            By::Packets => SortBy::Packets,
            By::Flows => SortBy::Flows,
        };
        Order { by, descending: true }
    }

    /// The one of these, of octets, packets and flows.
    pub fn of<N: Copy>(self, sums: &[N; 3]) -> N {
        let [octets, packets, flows] = *sums;
        match self {
            By::Octets => octets,
            By::Packets => packets,
            By::Flows => flows,
        }
    }
}

/// An address inside, and its octets, packets and flows in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Talker {
    /// The address.
    pub address: IpAddr,
    /// Octets, packets, flows.
    pub sums: [u64; 3],
}

/// Who talked most in one direction.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Way {
    /// Octets, packets and flows of all.
    pub totals: [u64; 3],
    /// How many there were.
    pub talkers: usize,
    /// The greatest by octets, by packets and by flows.
    pub lists: [Vec<Talker>; 3],
}

/// Who talked most while a file was captured.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Board {
    /// When that was: seconds since 1970, from and to.
    pub period: [u64; 2],
    /// Destinations of what came in, and sources of what went out.
    pub ways: [Way; 2],
}

/// Talkers being counted.
pub struct Counting {
    ways: [Aggregation; 2],
}

/// A thread's part in it.
pub struct Share<'c> {
    ways: [Worker<'c>; 2],
    rows: [Vec<u32>; 2],
}

impl Default for Counting {
    fn default() -> Counting {
        let by = |field| Aggregation::new(Grouping::by(&[Part::Address(field)]).unwrap_or_default());
        Counting { ways: [by(Field::DstAddr), by(Field::SrcAddr)] }
    }
}

impl Counting {
    /// A thread's part.
    pub fn share(&self) -> Share<'_> {
        Share { ways: [self.ways[IN].worker(), self.ways[OUT].worker()], rows: Default::default() }
    }

    /// The `top` of each list of what all threads counted.
    pub fn finish(self, outcomes: Vec<[Outcome; 2]>, top: usize, period: [u64; 2]) -> Board {
        let (mut into, mut out) = (Vec::new(), Vec::new());
        for [one, other] in outcomes {
            into.push(one);
            out.push(other);
        }
        let [inbound, outbound] = self.ways;
        Board { period, ways: [way(inbound.finish(into), top), way(outbound.finish(out), top)] }
    }
}

impl Share<'_> {
    /// Notes a flow's direction.
    #[inline]
    pub fn note(&mut self, row: u32, way: Option<usize>) {
        if let Some(rows) = way.and_then(|way| self.rows.get_mut(way)) {
            rows.push(row);
        }
    }

    /// Counts the flows of a batch whose directions were noted.
    pub fn add(&mut self, batch: &mut FlowBatch) {
        for (worker, rows) in self.ways.iter_mut().zip(&mut self.rows) {
            if !rows.is_empty() {
                batch.select(std::mem::take(rows));
                worker.add(batch);
            }
        }
    }

    /// Hands on what was counted.
    pub fn finish(self) -> [Outcome; 2] {
        self.ways.map(Worker::finish)
    }
}

fn way(mut groups: Groups, top: usize) -> Way {
    let totals = groups.totals();
    let totals = [totals.octets, totals.packets, totals.flows];
    let layout = groups.layout().clone();
    let lists = BY.map(|by| {
        let mut list = Vec::new();
        let _: Result<(), Infallible> = groups.visit(by.order(), top, |entries: &[Entry]| {
            list.extend(entries.iter().map(|entry| Talker {
                address: layout.address(&entry.key, 0),
                sums: [entry.counts.octets, entry.counts.packets, entry.counts.flows],
            }));
            Ok(())
        });
        list
    });
    Way { totals, talkers: groups.len(), lists }
}

//! A flow that is over, both directions of it.

use super::expiry::Reason;
use super::key::Ends;

/// What went in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Direction {
    /// Packets; 0 if nothing went this way.
    pub packets: u64,
    /// Octets.
    pub octets: u64,
    /// The first packet, in ns since 1970.
    pub first_ns: u64,
    /// The last packet, in ns since 1970.
    pub last_ns: u64,
    /// All TCP flags seen.
    pub flags: u8,
    /// The first packet's type of service.
    pub tos: u8,
}

/// A flow that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Biflow {
    /// The flow from its lower end to its higher.
    pub ends: Ends,
    /// There and back.
    pub directions: [Direction; 2],
    /// Why it ended.
    pub reason: Reason,
    /// When it was found to be over, by the clock of the capture, in ns since 1970.
    pub ended_ns: u64,
}

impl Biflow {
    /// The time of the first packet of either direction, in ns since 1970.
    pub fn first_ns(&self) -> u64 {
        self.seen().map(|d| d.first_ns).min().unwrap_or(0)
    }

    /// The time of the last packet of either direction, in ns since 1970.
    pub fn last_ns(&self) -> u64 {
        self.seen().map(|d| d.last_ns).max().unwrap_or(0)
    }

    /// The directions in which there were packets.
    fn seen(&self) -> impl Iterator<Item = &Direction> {
        self.directions.iter().filter(|d| d.packets > 0)
    }

    /// The flow as flows of one direction each, with the ends of each.
    pub fn unidirectional(&self) -> impl Iterator<Item = (Ends, Direction)> {
        let [there, back] = self.directions;
        let flows = [(self.ends, there), (self.ends.turned(), back)];
        flows.into_iter().filter(|(_, direction)| direction.packets > 0)
    }
}

/// Where flows go when they are over.
pub trait Sink {
    /// Why a flow could not be taken.
    type Error;

    /// Told the time of the first packet, in ns since 1970, before any flow comes.
    fn begin(&mut self, _now_ns: u64) {}

    /// Takes a flow.
    fn take(&mut self, flow: &Biflow) -> Result<(), Self::Error>;
}

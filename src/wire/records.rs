//! What datagrams came to: whole classic records, by version; flows of templates, by their shape; and facts.

use super::flows::Flows;
use crate::flow::{Fact, FlowBatch, Order, Version, spare};

/// Versions that arrive in datagrams: 1, 5, 6, 7 and 8's fourteen methods.
const SLOTS: usize = 18;
/// Facts that wait to be taken; further ones are left out.
const MOST_FACTS: usize = 1 << 16;

/// Records decoded and not yet taken: a buffer a version, in this machine's byte order, and batches of flows of
/// templates. Buffers keep their room, so that decoding does not allocate.
#[derive(Debug)]
pub struct Records {
    buffers: [Vec<u8>; SLOTS],
    templated: Flows,
    facts: Vec<Fact>,
}

impl Default for Records {
    fn default() -> Records {
        Records::new()
    }
}

impl Records {
    /// No records.
    pub fn new() -> Records {
        Records { buffers: [const { Vec::new() }; SLOTS], templated: Flows::default(), facts: Vec::new() }
    }

    /// Every classic version that has records, with them. Versions ascend; within a version records are as they arrived.
    pub fn iter(&self) -> impl Iterator<Item = (Version, &[u8])> {
        self.buffers.iter().enumerate().filter(|(_, b)| !b.is_empty()).map(|(at, b)| (version(at), b.as_slice()))
    }

    /// All flows.
    pub fn flows(&self) -> usize {
        let classic: usize = self.iter().map(|(version, bytes)| bytes.len() / version.layout().size).sum();
        classic + self.templated.rows()
    }

    /// Octets of all flows.
    pub fn octets(&self) -> usize {
        self.buffers.iter().map(Vec::len).sum::<usize>() + self.templated.octets()
    }

    /// Whether there are no flows.
    pub fn is_empty(&self) -> bool {
        self.buffers.iter().all(Vec::is_empty) && self.templated.rows() == 0
    }

    /// A version's records, which are gone from here then. Give the buffer back with [`Records::recycle`] when done.
    pub fn take(&mut self, version: Version) -> Vec<u8> {
        slot(version).and_then(|at| self.buffers.get_mut(at)).map(std::mem::take).unwrap_or_default()
    }

    /// Takes every version's records as a batch, and then the flows of templates: of one schema in the order they
    /// came. Dropping a batch gives its buffer back.
    pub fn drain(&mut self) -> impl Iterator<Item = FlowBatch> {
        let full = self.buffers.iter_mut().enumerate().filter(|(_, b)| !b.is_empty());
        let classic = full.map(|(at, b)| FlowBatch::from_raw(version(at), Order::HOST, std::mem::take(b)));
        classic.chain(self.templated.drain())
    }

    /// Takes what exporters have said of themselves that is new, or not as it was before.
    pub fn facts(&mut self) -> impl Iterator<Item = Fact> {
        self.facts.drain(..)
    }

    /// Gives a buffer's room back; what it holds is dropped.
    pub fn recycle(&mut self, version: Version, mut buffer: Vec<u8>) {
        buffer.clear();
        if let Some(to) = slot(version).and_then(|at| self.buffers.get_mut(at))
            && to.capacity() == 0
        {
            *to = buffer;
        }
    }

    /// Drops all flows; buffers keep their room.
    pub fn clear(&mut self) {
        self.buffers.iter_mut().for_each(Vec::clear);
        self.templated.clear();
    }

    /// Where flows of templates go.
    pub(super) fn templated(&mut self) -> &mut Flows {
        &mut self.templated
    }

    /// Takes a fact in.
    pub(super) fn tell(&mut self, fact: Fact) {
        if self.facts.len() < MOST_FACTS {
            self.facts.push(fact);
        }
    }

    /// Where a version's records go.
    pub(super) fn buffer(&mut self, version: Version) -> Option<&mut Vec<u8>> {
        let buffer = self.buffers.get_mut(slot(version)?)?;
        if buffer.capacity() == 0 {
            *buffer = spare();
        }
        Some(buffer)
    }
}

fn slot(version: Version) -> Option<usize> {
    match version {
        Version::V1 => Some(0),
        Version::V5 => Some(1),
        Version::V6 => Some(2),
        Version::V7 => Some(3),
        Version::V8(method @ 1..=14) => Some(3 + usize::from(method)),
        Version::V8(_) | Version::V1005 => None,
    }
}

fn version(slot: usize) -> Version {
    match slot {
        0 => Version::V1,
        1 => Version::V5,
        2 => Version::V6,
        3 => Version::V7,
        other => Version::V8(other as u8 - 3),
    }
}

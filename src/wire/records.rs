//! What datagrams came to: whole classic records, by version.

use crate::flow::{FlowBatch, Order, Version, spare};

/// Versions that arrive in datagrams: 1, 5, 6, 7 and 8's fourteen methods.
const SLOTS: usize = 18;

/// Records decoded and not yet taken, a buffer a version, in this machine's byte order. Buffers keep their room, so
/// that decoding does not allocate.
#[derive(Debug)]
pub struct Records {
    buffers: [Vec<u8>; SLOTS],
}

impl Default for Records {
    fn default() -> Records {
        Records::new()
    }
}

impl Records {
    /// No records.
    pub fn new() -> Records {
        Records { buffers: [const { Vec::new() }; SLOTS] }
    }

    /// Every version that has records, with them. Versions ascend; within a version records are as they arrived.
    pub fn iter(&self) -> impl Iterator<Item = (Version, &[u8])> {
        self.buffers.iter().enumerate().filter(|(_, b)| !b.is_empty()).map(|(at, b)| (version(at), b.as_slice()))
    }

    /// Records of all versions.
    pub fn flows(&self) -> usize {
        self.iter().map(|(version, bytes)| bytes.len() / version.layout().size).sum()
    }

    /// Octets of all records.
    pub fn octets(&self) -> usize {
        self.buffers.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buffers.iter().all(Vec::is_empty)
    }

    /// A version's records, which are gone from here then. Give the buffer back with [`Records::recycle`] when done.
    pub fn take(&mut self, version: Version) -> Vec<u8> {
        slot(version).and_then(|at| self.buffers.get_mut(at)).map(std::mem::take).unwrap_or_default()
    }

    /// Takes every version's records as a batch. Dropping a batch gives its buffer back.
    pub fn drain(&mut self) -> impl Iterator<Item = FlowBatch> {
        let full = self.buffers.iter_mut().enumerate().filter(|(_, b)| !b.is_empty());
        full.map(|(at, b)| FlowBatch::from_raw(version(at), Order::HOST, std::mem::take(b)))
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

    /// Drops all records; buffers keep their room.
    pub fn clear(&mut self) {
        self.buffers.iter_mut().for_each(Vec::clear);
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

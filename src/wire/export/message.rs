//! A message being filled: header, sets, padding.

use super::Protocol;

/// Octets in front of a set's records: its id and length.
pub(super) const SET: usize = 4;
/// What sets are padded to (RFC 3954 section 5.1 asks for it, RFC 7011 section 3.3.1 allows it).
const ALIGNED: usize = 4;

/// One message, begun or not.
pub(super) struct Message {
    protocol: Protocol,
    most: usize,
    octets: Vec<u8>,
    /// Records of all kinds in it: what version 9's header counts.
    records: u16,
    /// Data records, of options too: what IPFIX's sequence numbers count.
    data: u16,
    /// Flows in it.
    pub flows: u16,
    set: Option<Set>,
}

/// The times of a message's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Clock {
    /// Seconds since 1970.
    pub secs: u32,
    /// Uptime in ms, which only version 9 says.
    pub uptime: u32,
}

/// The set at a message's end, which may take more records.
struct Set {
    id: u16,
    start: usize,
    least: usize,
}

impl Message {
    /// A message of at most so many octets, not begun.
    pub fn new(protocol: Protocol, most: usize) -> Message {
        // Padding of the last set finds room where the whole is a multiple of it.
        let most = most.min(usize::from(u16::MAX)) / ALIGNED * ALIGNED;
        Message { protocol, most, octets: Vec::with_capacity(most), records: 0, data: 0, flows: 0, set: None }
    }

    /// Octets that the sets of one message may have, their headers included.
    pub fn capacity(&self) -> usize {
        self.most.saturating_sub(self.protocol.header())
    }

    /// Whether it has been begun.
    pub fn is_open(&self) -> bool {
        !self.octets.is_empty()
    }

    /// Begins it.
    pub fn begin(&mut self) {
        self.octets.clear();
        self.octets.resize(self.protocol.header(), 0);
        (self.records, self.data, self.flows, self.set) = (0, 0, 0, None);
    }

    /// Octets that are free behind the last set, once that is padded; within it a record may use its padding too.
    pub fn room(&self) -> usize {
        self.most.saturating_sub(self.octets.len() + self.padding())
    }

    /// Octets that are free for records in a set of this id, the open one or a new one.
    pub fn room_for(&self, id: u16) -> usize {
        if self.is_in(id) { self.room_in_set() } else { self.room().saturating_sub(SET) }
    }

    /// Octets that are free in the open set.
    pub fn room_in_set(&self) -> usize {
        self.most.saturating_sub(self.octets.len())
    }

    /// Whether the open set is of this id.
    pub fn is_in(&self, id: u16) -> bool {
        self.set.as_ref().is_some_and(|set| set.id == id)
    }

    /// Begins a set, unless the open one is of this id. None of its records is shorter than `least`.
    pub fn set(&mut self, id: u16, least: usize) {
        if !self.is_in(id) {
            self.end_set();
            self.set = Some(Set { id, start: self.octets.len(), least });
            self.octets.extend_from_slice(&id.to_be_bytes());
            self.octets.extend_from_slice(&[0, 0]);
        }
    }

    /// Room for `count` records of `size` octets each at the end of the open set, zeros so far.
    pub fn records(&mut self, count: usize, size: usize, data: bool) -> &mut [u8] {
        // A message has fewer octets than 16 bits count, and no record is empty.
        self.records += count as u16;
        self.data += if data { count as u16 } else { 0 };
        let start = self.octets.len();
        self.octets.resize(start + count * size, 0);
        self.octets.get_mut(start..).unwrap_or_default()
    }

    /// Ends the message, and gives its octets and how far it moves the sequence number on. It is to be begun anew.
    pub fn end(&mut self, clock: Clock, domain: u32, sequence: u32) -> (&[u8], u32) {
        self.end_set();
        let Clock { secs, uptime } = clock;
        let (words, step): ([u32; 4], u32) = match self.protocol {
            Protocol::V9 => ([uptime, secs, sequence, domain], 1),
            Protocol::Ipfix => ([secs, sequence, domain, 0], self.data.into()),
        };
        let second = match self.protocol {
            Protocol::V9 => self.records,
            Protocol::Ipfix => self.octets.len() as u16,
        };
        let head = self.protocol.number().to_be_bytes().into_iter().chain(second.to_be_bytes());
        let head = head.chain(words.into_iter().flat_map(u32::to_be_bytes));
        let header = self.protocol.header();
        self.octets.iter_mut().take(header).zip(head).for_each(|(to, octet)| *to = octet);
        (&self.octets, step)
    }

    /// Forgets what is in it.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.set = None;
    }

    /// Padding that the open set would end with: none where it could be taken for a record.
    fn padding(&self) -> usize {
        let Some(set) = &self.set else { return 0 };
        let padding = (self.octets.len() - set.start).next_multiple_of(ALIGNED) - (self.octets.len() - set.start);
        if padding < set.least && self.octets.len() + padding <= self.most { padding } else { 0 }
    }

    fn end_set(&mut self) {
        let padding = self.padding();
        let Some(set) = self.set.take() else { return };
        self.octets.resize(self.octets.len() + padding, 0);
        let length = (self.octets.len() - set.start) as u16;
        if let Some(to) = self.octets.get_mut(set.start + 2..set.start + SET) {
            to.copy_from_slice(&length.to_be_bytes());
        }
    }
}

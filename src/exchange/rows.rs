//! Making records field by field.

use crate::flow::clock::Stamps;
use crate::flow::{Element, FlowBatch, Layout, Order, Version, ie};

/// Records of a classic version, while they are made.
pub struct Rows {
    layout: &'static Layout,
    records: Vec<u8>,
}

impl Rows {
    pub(super) fn new(version: Version) -> Rows {
        Rows { layout: version.layout(), records: Vec::new() }
    }

    /// Begins a record: everything in it is 0.
    pub(super) fn begin(&mut self) {
        self.records.resize(self.records.len() + self.layout.size, 0);
    }

    /// Puts a number into the record begun last, if it has the field: the greatest that fits of one that does not.
    pub(super) fn set(&mut self, element: Element, value: u64) {
        let Some((at, width)) = self.layout.find(element) else { return };
        let most = u64::MAX >> (64 - 8 * width.clamp(1, 8));
        let value = value.min(most);
        let start = self.records.len().saturating_sub(self.layout.size) + at;
        let Some(cell) = self.records.get_mut(start..start + width) else { return };
        match Order::HOST {
            Order::Little => cell.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from),
            Order::Big => cell.iter_mut().rev().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from),
        }
    }

    /// Says by the clocks of the record when its flow was, ms since 1970.
    pub(super) fn times(&mut self, start: u64, end: u64) {
        let stamps = Stamps::of(start, end, None, None);
        self.set(ie::UNIX_SECS, stamps.unix_secs.into());
        self.set(ie::UNIX_NSECS, stamps.unix_nsecs.into());
        self.set(ie::UPTIME, stamps.uptime.into());
        self.set(ie::FIRST, stamps.first.into());
        self.set(ie::LAST, stamps.last.into());
    }

    /// Forgets the record begun last.
    pub(super) fn undo(&mut self) {
        self.records.truncate(self.records.len().saturating_sub(self.layout.size));
    }

    pub(super) fn len(&self) -> usize {
        self.records.len() / self.layout.size
    }

    /// The records made so far, if there are any.
    pub(super) fn take(&mut self) -> Option<FlowBatch> {
        let records = std::mem::take(&mut self.records);
        (!records.is_empty()).then(|| FlowBatch::from_raw(self.layout.version, Order::HOST, records))
    }
}

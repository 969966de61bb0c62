//! Grouping, summing and ranking flows, and the reports made of that.
//!
//! [`Aggregation`] groups flows by a [`Grouping`], a key of any fields, and sums flows, octets, packets and time.
//! Each thread has a [`Worker`] of its own, which is handed batches in any order. [`Groups`] are the result: ranked by
//! an [`Order`], they are turned to text piece by piece on all cores. [`stat`] has flow-stat's reports, [`by`] those
//! of any key and any columns.
//!
//! [`Arrived`] are groups in the order in which their first flows came, where that order is wanted.
//!
//! How it is fast: a small key (a port, a protocol) indexes an array. Other keys are scattered over a thousand
//! partitions small enough for the cache, by a hash; a partition's flows are summed when enough of them wait. Memory
//! grows with the number of groups, not of flows. Counters have 64 bits and do not wrap.

mod arrival;
pub mod by;
pub mod cache;
mod codes;
pub mod csv;
mod direct;
mod engine;
pub mod exporters;
mod gather;
mod group;
#[cfg(test)]
mod group_tests;
pub mod interfaces;
mod key;
mod parcel;
mod part;
mod pool;
mod rank;
mod rates;
pub mod scan;
pub mod stat;
mod table;
pub mod talkers;
pub mod text;
mod top;
mod words;

pub use arrival::Arrived;
pub use group::{Aggregation, Groups, Outcome, Worker};
pub use key::{Grouping, KeyLayout, KeyWords};
pub use part::Part;
pub use rank::{Order, SortBy};
pub use rates::{Rate, Rates, Unit};

/// What is summed of a group's flows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Flows; an aggregated record counts as the flows it stands for.
    pub flows: u64,
    /// Octets of IP.
    pub octets: u64,
    /// Packets.
    pub packets: u64,
    /// Milliseconds from first to last packet; 0 if they were not asked for.
    pub duration: u64,
}

impl Counts {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Counts) {
        self.flows = self.flows.saturating_add(other.flows);
        self.octets = self.octets.saturating_add(other.octets);
        self.packets = self.packets.saturating_add(other.packets);
        self.duration = self.duration.saturating_add(other.duration);
    }
}

/// A group: its key, and what its flows come to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Entry {
    /// The key; [`Groups::layout`] takes it apart.
    pub key: KeyWords,
    /// The sums.
    pub counts: Counts,
    /// How fast its flows were; of none if that was not asked for.
    pub rates: Rates,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::flow::{Column, Field, FieldSpec, FlowBatch, Order as ByteOrder, Schema, Version, ie};

    /// A version 5 record of two hosts, two ports, a protocol, octets and packets.
    pub fn flow(hosts: [u32; 2], ports: [u16; 2], protocol: u8, octets: u32, packets: u32) -> Vec<u8> {
        let layout = Version::V5.layout();
        let mut record = vec![0; layout.size];
        let mut put = |field: Field, bytes: &[u8]| {
            let at = usize::from(layout.offsets[layout.schema.resolve(field).unwrap()]);
            record[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(Field::SrcAddr, &hosts[0].to_be_bytes());
        put(Field::DstAddr, &hosts[1].to_be_bytes());
        put(Field::SrcPort, &ports[0].to_be_bytes());
        put(Field::DstPort, &ports[1].to_be_bytes());
        put(Field::Protocol, &[protocol]);
        put(Field::Octets, &octets.to_be_bytes());
        put(Field::Packets, &packets.to_be_bytes());
        put(Field::Last, &1000u32.to_be_bytes());
        record
    }

    /// A batch of records.
    pub fn v5(records: &[Vec<u8>]) -> FlowBatch {
        FlowBatch::from_raw(Version::V5, ByteOrder::Big, records.concat())
    }

    /// Flows between IPv6 hosts, as columns: (source, destination, octets) each.
    pub fn v6(flows: &[(u128, u128, u64)]) -> FlowBatch {
        let field = |element, width| FieldSpec { element, occurrence: 0, width };
        let fields =
            [field(ie::SRC_ADDR6, 16), field(ie::DST_ADDR6, 16), field(ie::OCTETS, 8), field(ie::SRC_MASK6, 1)];
        let column = |width, data| Column::Plain { width, data };
        let columns = vec![
            column(16, flows.iter().flat_map(|f| f.0.to_ne_bytes()).collect()),
            column(16, flows.iter().flat_map(|f| f.1.to_ne_bytes()).collect()),
            column(8, flows.iter().flat_map(|f| f.2.to_ne_bytes()).collect()),
            column(1, vec![48; flows.len()]),
        ];
        FlowBatch::from_columns(Arc::new(Schema::new(fields.to_vec())), flows.len(), columns)
    }
}

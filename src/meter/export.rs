//! Flows as classic records; [`Columns`] makes batches of them.
//!
//! A classic record gives a flow's first and last packet by the exporter's uptime, in 32 bits of milliseconds (49.7
//! days), and says beside it what uptime and wall clock were at export. The meter's uptime is one of its own: it
//! "started" a minute before the first packet, and records say `now - start`. So for captures of any age the wall clock
//! less uptime plus First is the packet's exact time in ms. Where a flow would not fit between start and
//! start + 49.7 days, the meter has started anew, about a minute before it; a flow longer than that begins later in
//! its record.
//!
//! Counters of classic records have 32 bits, and so may those of a user's template. A flow that has more becomes as
//! many records as it needs, with as good as equal shares of its packets and octets, so that the sums are the flow's
//! and no record is without packets. All of them tell the whole flow's times: what came when within a flow is not
//! known, and who adds the records up by any key finds the flow as it was.

mod columns;
mod rows;
mod shape;
mod split;
mod tell;
mod template;

pub use columns::Columns;
pub use shape::{Shape, Times};
pub use template::Template;

use std::net::Ipv4Addr;

use super::biflow::{Biflow, Direction, Sink};
use super::key::Ends;
use super::packet::Address;
use crate::flow::Version;
use split::{part, parts};

/// How long before the first packet the meter starts, in ms: so that uptimes of 0, which some take for missing, are
/// rare.
const LEAD_MS: u64 = 60_000;
/// The longest time that a record's First, Last and uptime can tell.
const SPAN_MS: u64 = u32::MAX as u64;
/// The latest time whose seconds fit into a record, in ms.
const END_MS: u64 = (1 << 32) * 1000 - 1;

/// The longest life, in seconds, of flows that are to become classic records: some days less than a record can tell.
pub const MAX_LIFE: u64 = 45 * 86_400;

/// Turns flows into records of a classic version and hands them on in pieces, in this machine's byte order.
pub struct Classic<F> {
    version: Version,
    exporter: u32,
    /// Of input and output.
    interfaces: u32,
    hand_on: F,
    /// Flows gathered, stamped and handed on together.
    gathered: Vec<Record>,
    most: usize,
    octets: Vec<u8>,
    start_ms: Option<u64>,
    /// The first and last packet's time and the end of the flows gathered.
    first_ms: u64,
    last_ms: u64,
    now_ms: u64,
    records: u64,
    ipv6: u64,
}

/// A record before it is stamped.
#[derive(Clone, Copy)]
struct Record {
    addresses: [u32; 2],
    ports: [u16; 2],
    first_ms: u64,
    last_ms: u64,
    packets: u32,
    octets: u32,
    protocol: u8,
    tos: u8,
    flags: u8,
}

impl<F, E> Classic<F>
where
    F: FnMut(&[u8]) -> Result<(), E>,
{
    /// Hands records of `version` (1, 5, 6, 7 or 1005) to `hand_on`, at most `most` at a time; all of one piece have
    /// the same export time.
    pub fn new(version: Version, exporter: Ipv4Addr, most: usize, hand_on: F) -> Classic<F> {
        Classic {
            version,
            exporter: exporter.to_bits(),
            interfaces: 0,
            hand_on,
            gathered: Vec::with_capacity(most.max(1)),
            most: most.max(1),
            octets: Vec::new(),
            start_ms: None,
            first_ms: u64::MAX,
            last_ms: 0,
            now_ms: 0,
            records: 0,
            ipv6: 0,
        }
    }

    /// The interface that packets were seen on: as softflowd has it, that of input and output. Classic records have 16
    /// bits for its number; a greater one is told as 0, which is none.
    pub fn on_interface(self, number: u32) -> Classic<F> {
        let number = u32::from(u16::try_from(number).unwrap_or(0));
        Classic { interfaces: number << 16 | number, ..self }
    }

    /// Records made.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Flows left out because they are IPv6.
    pub fn ipv6(&self) -> u64 {
        self.ipv6
    }

    /// Hands on what is gathered.
    pub fn flush(&mut self) -> Result<(), E> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        // Long after the flows' end, a nearer time will do.
        let now_ms = if self.now_ms - self.first_ms > SPAN_MS { self.last_ms } else { self.now_ms };
        let start_ms = match self.start_ms {
            Some(start) if start <= self.first_ms && now_ms - start <= SPAN_MS => start,
            _ => self.first_ms - LEAD_MS.min(self.first_ms).min(SPAN_MS - (now_ms - self.first_ms)),
        };
        self.start_ms = Some(start_ms);
        self.octets.clear();
        let stamp = Stamp { exporter: self.exporter, interfaces: self.interfaces, now_ms, start_ms };
        for record in &self.gathered {
            stamp.append(record, self.version, &mut self.octets);
        }
        self.gathered.clear();
        (self.first_ms, self.last_ms, self.now_ms) = (u64::MAX, 0, 0);
        (self.hand_on)(&self.octets)
    }

    fn gather(&mut self, record: Record, ended_ms: u64) -> Result<(), E> {
        let (first, last) = (self.first_ms.min(record.first_ms), self.last_ms.max(record.last_ms));
        if self.gathered.len() >= self.most || last - first > SPAN_MS {
            self.flush()?;
        }
        self.first_ms = self.first_ms.min(record.first_ms);
        self.last_ms = self.last_ms.max(record.last_ms);
        self.now_ms = self.now_ms.max(ended_ms).max(self.last_ms);
        self.records += 1;
        self.gathered.push(record);
        Ok(())
    }

    /// One direction of a flow: more than one record where its counters need them.
    fn direction(&mut self, addresses: [u32; 2], ends: &Ends, way: &Direction, ended_ms: u64) -> Result<(), E> {
        let last_ms = (way.last_ns / 1_000_000).min(END_MS);
        let first_ms = (way.first_ns / 1_000_000).clamp(last_ms.saturating_sub(SPAN_MS), last_ms);
        let most = u64::from(u32::MAX);
        let parts = parts([(way.packets, most), (way.octets, most)]);
        for at in 0..parts {
            let record = Record {
                addresses,
                ports: ends.ports,
                first_ms,
                last_ms,
                packets: part(way.packets, at, parts) as u32,
                octets: part(way.octets, at, parts) as u32,
                protocol: ends.protocol,
                tos: way.tos,
                flags: way.flags,
            };
            self.gather(record, ended_ms)?;
        }
        Ok(())
    }
}

impl<F, E> Sink for Classic<F>
where
    F: FnMut(&[u8]) -> Result<(), E>,
{
    type Error = E;

    fn begin(&mut self, now_ns: u64) {
        self.start_ms = Some((now_ns / 1_000_000).min(END_MS).saturating_sub(LEAD_MS));
    }

    fn take(&mut self, flow: &Biflow) -> Result<(), E> {
        let ended_ms = (flow.ended_ns / 1_000_000).min(END_MS);
        for (ends, way) in flow.unidirectional() {
            match ends.addresses {
                [Address::V4(source), Address::V4(destination)] => {
                    self.direction([source, destination], &ends, &way, ended_ms)?;
                }
                _ => self.ipv6 += 1,
            }
        }
        Ok(())
    }
}

/// What all records of a piece say.
struct Stamp {
    exporter: u32,
    interfaces: u32,
    now_ms: u64,
    start_ms: u64,
}

impl Stamp {
    /// Appends a record. Versions 1, 5, 6, 7 and 1005 differ only in what follows the TCP flags, which is 0 here.
    fn append(&self, record: &Record, version: Version, out: &mut Vec<u8>) {
        let mut octets = [0; 72];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(place) = octets.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
            at += bytes.len();
        };
        let [source, destination] = record.addresses;
        let next_hop = 0u32;
        let since_start = |ms: u64| (ms - self.start_ms) as u32;
        for word in [
            (self.now_ms / 1000) as u32,
            (self.now_ms % 1000) as u32 * 1_000_000,
            since_start(self.now_ms),
            self.exporter,
            source,
            destination,
            next_hop,
            self.interfaces,
            record.packets,
            record.octets,
            since_start(record.first_ms),
            since_start(record.last_ms),
        ] {
            put(&word.to_ne_bytes());
        }
        record.ports.iter().for_each(|port| put(&port.to_ne_bytes()));
        put(&[record.protocol, record.tos, record.flags]);
        out.extend_from_slice(octets.get(..version.layout().size).unwrap_or(&octets));
    }
}

#[cfg(test)]
mod tests;

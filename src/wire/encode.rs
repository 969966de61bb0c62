//! Classic records to datagrams.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::header::Header;
use super::layout::{DATAGRAM, Head, Plan, number, plan};
use super::v5;
use crate::flow::{Order, RawRows, Rows, Version};

/// The time a datagram says it was sent at, by both of the exporter's clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// Seconds since 1970.
    pub unix_secs: u32,
    /// Nanoseconds beside them.
    pub unix_nsecs: u32,
    /// Uptime in ms.
    pub uptime: u32,
}

/// A datagram ready to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Export<'a> {
    /// The exporter its records are of.
    pub exporter: Ipv4Addr,
    /// Records in it.
    pub flows: u16,
    /// The UDP payload.
    pub octets: &'a [u8],
}

/// Packs classic records into datagrams, in the records' order.
///
/// A datagram ends when it is full ([`flows_per_datagram`](super::flows_per_datagram)), and before a record of
/// another version, exporter, engine, clock or uptime: its header can say only one of each. Sequence numbers count
/// an engine's flows. A datagram that is not full stays open until [`Encoder::finish`].
pub struct Encoder {
    plan: Option<&'static Plan>,
    head: Head,
    count: u16,
    datagram: [u8; DATAGRAM],
    sequences: HashMap<Engine, u32>,
    clock: Option<Clock>,
    by_exporter: bool,
}

/// What sequence numbers are counted by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Engine {
    version: u16,
    method: u8,
    engine_type: u8,
    engine_id: u8,
    exporter: u32,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new()
    }
}

impl Encoder {
    /// An encoder whose sequence numbers begin at 0.
    pub fn new() -> Encoder {
        Encoder {
            plan: None,
            head: Head::default(),
            count: 0,
            datagram: [0; DATAGRAM],
            sequences: HashMap::new(),
            clock: None,
            by_exporter: false,
        }
    }

    /// Counts sequence numbers by exporter too: for datagrams that go out in their exporters' names. Without this
    /// all of them come from one sender, whose numbers they are.
    pub fn by_exporter(mut self) -> Encoder {
        self.by_exporter = true;
        self
    }

    /// The time in the headers of datagrams begun from now on, whatever the records say; `None` is what they say.
    pub fn set_clock(&mut self, clock: Option<Clock>) {
        self.clock = clock;
    }

    /// Leaves a gap of so many flows in an engine's numbers: for flows that are known to be missing. The exporter
    /// matters only where numbers are counted by it.
    pub fn skip(&mut self, version: Version, exporter: Ipv4Addr, (engine_type, engine_id): (u8, u8), flows: u32) {
        let exporter = if self.by_exporter { exporter.to_bits() } else { 0 };
        let engine = Engine { version: number(version), method: version.method(), engine_type, engine_id, exporter };
        let next = self.sequences.entry(engine).or_insert(0);
        *next = next.wrapping_add(flows);
    }

    /// Adds the selected records, and hands every datagram that they complete to `send`, whose first error ends the
    /// work. Version 1005 goes out as version 5, without its tags.
    pub fn encode<E>(
        &mut self,
        raw: &RawRows<'_>,
        rows: Rows<'_>,
        mut send: impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(plan) = plan(raw.layout.version) else { return Ok(()) };
        if self.plan.is_some_and(|p| p.version != plan.version) {
            self.finish(&mut send)?;
        }
        self.plan = Some(plan);
        let mut result = Ok(());
        rows.each(|row| {
            if let (Ok(()), Some(record)) = (&result, raw.bytes.get(row * plan.stored..(row + 1) * plan.stored)) {
                result = self.add(plan, record, raw.order, &mut send);
            }
        });
        result
    }

    /// Hands over the datagram that is not full, if there is one.
    pub fn finish<E>(&mut self, mut send: impl FnMut(Export<'_>) -> Result<(), E>) -> Result<(), E> {
        let Some(plan) = self.plan.filter(|_| self.count > 0) else { return Ok(()) };
        let Head { unix_secs, unix_nsecs, uptime, exporter, engine_type, engine_id } = self.head;
        let (version, method) = (number(plan.version), plan.version.method());
        let by = if self.by_exporter { exporter } else { 0 };
        let next = self.sequences.entry(Engine { version, method, engine_type, engine_id, exporter: by }).or_insert(0);
        let count = self.count;
        let header =
            Header { version, count, uptime, unix_secs, unix_nsecs, sequence: *next, engine_type, engine_id, method };
        *next = next.wrapping_add(count.into());
        self.count = 0;
        header.write(&mut self.datagram);
        let octets = self.datagram.get(..plan.header + usize::from(count) * plan.wire).unwrap_or_default();
        send(Export { exporter: Ipv4Addr::from_bits(exporter), flows: count, octets })
    }

    #[inline]
    fn add<E>(
        &mut self,
        plan: &Plan,
        record: &[u8],
        order: Order,
        send: &mut impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut head = plan.clock.read(record, order);
        if let Some(Clock { unix_secs, unix_nsecs, uptime }) = self.clock {
            head = Head { unix_secs, unix_nsecs, uptime, ..head };
        }
        if usize::from(self.count) == plan.most || head != self.head {
            self.finish(send)?;
            self.head = head;
        }
        let at = plan.header + usize::from(self.count) * plan.wire;
        self.count += 1;
        let Some(wire) = self.datagram.get_mut(at..at + plan.wire) else { return Ok(()) };
        match (plan.version, record.first_chunk(), wire.first_chunk_mut()) {
            (Version::V5, Some(record), Some(wire)) => v5::encode(record, order, wire),
            _ => {
                wire.fill(0);
                plan.moves.encode(record, order, wire);
            }
        }
        Ok(())
    }
}

//! How a flow becomes a row of values.
//!
//! A flow's values are laid out once, each in its [`Slot`]; a row's fields are then copied from there. A field of
//! fewer octets than a value in its slot is the least significant of them; what does not fit is the largest that does.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::biflow::{Biflow, Direction};
use super::super::expiry::{FIN, RST, Reason};
use super::super::key::Ends;
use super::super::packet::{Address, ICMP, ICMP6, TCP};
use super::shape::{Shape, has_uptime};
use super::split::{largest, part, parts};
use super::tell::{BIFLOW_DIRECTION, OF_A_WAY, REVERSE, Slot};
use super::template::Field;
use super::{END_MS, SPAN_MS};
use crate::flow::{Element, FieldSpec, FlowBatch, Order, RowLayout, Schema, ie, spare};

const ARBITRARY: u8 = 0;
const INITIATOR: u8 = 1;
/// Octets that a value is copied with; those beyond its width are written over by what follows.
const STEP: usize = 8;

/// What flows some rows are of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    pub ipv6: bool,
    /// Both directions in one row.
    pub both: bool,
    /// ICMP, where it is told apart.
    pub icmp: bool,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 8] = {
        let mut all = [Kind { ipv6: false, both: false, icmp: false }; 8];
        let mut at = 0;
        while at < 8 {
            all[at] = Kind { ipv6: at & 1 != 0, both: at & 2 != 0, icmp: at & 4 != 0 };
            at += 1;
        }
        all
    };

    /// The kind's number.
    pub fn number(self) -> usize {
        usize::from(self.ipv6) + 2 * usize::from(self.both) + 4 * usize::from(self.icmp)
    }
}

/// A flow as it is told.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub ends: Ends,
    pub way: Direction,
    pub back: Option<(Direction, u8)>,
    pub ended_ns: u64,
    /// `flowEndReason`.
    pub reason: u8,
    /// `flowDirection` as softflowd tells it: whether it is the way back of what was metered.
    pub direction: u8,
    /// The flow's number.
    pub number: u64,
}

impl Told {
    /// Both directions of a flow, from who began.
    pub fn both(flow: &Biflow, number: u64) -> Told {
        let [there, back] = flow.directions;
        let (ends, way, back) = match there.first_ns > back.first_ns {
            true => (flow.ends.turned(), back, there),
            false => (flow.ends, there, back),
        };
        let began = if way.first_ns < back.first_ns { INITIATOR } else { ARBITRARY };
        let reason = end_reason(flow);
        Told { ends, way, back: Some((back, began)), ended_ns: flow.ended_ns, reason, direction: 0, number }
    }

    /// The directions of a flow that had packets, one by one.
    pub fn each(flow: &Biflow, number: u64) -> impl Iterator<Item = Told> {
        let [there, back] = flow.directions;
        let reason = end_reason(flow);
        let told = move |ends, way, direction| Told {
            ends,
            way,
            back: None,
            ended_ns: flow.ended_ns,
            reason,
            direction,
            number,
        };
        let ways = [there.packets > 0, back.packets > 0];
        let both = [ways[0].then(|| told(flow.ends, there, 0)), ways[1].then(|| told(flow.ends.turned(), back, 1))];
        both.into_iter().flatten()
    }

    /// The part of it that the record at a place of so many tells.
    fn part(&self, at: u64, parts: u64) -> Told {
        let of = |way: &Direction| Direction {
            packets: part(way.packets, at, parts),
            octets: part(way.octets, at, parts),
            ..*way
        };
        Told { way: of(&self.way), back: self.back.map(|(back, began)| (of(&back), began)), ..*self }
    }

    pub fn is_ipv6(&self) -> bool {
        matches!(self.ends.addresses[0], Address::V6(_))
    }

    /// Whether it is a flow of its IP version's ICMP.
    pub fn is_icmp(&self) -> bool {
        self.ends.protocol == if self.is_ipv6() { ICMP6 } else { ICMP }
    }
}

/// Why a flow ended, as IPFIX has it (RFC 5102 section 5.11.3). A TCP connection that was reset, or finished by both
/// ends, ended by itself whatever it waited for afterwards.
fn end_reason(flow: &Biflow) -> u8 {
    const IDLE: u8 = 1;
    const ACTIVE: u8 = 2;
    const END_SEEN: u8 = 3;
    const FORCED: u8 = 4;
    const LACK_OF_RESOURCES: u8 = 5;
    let [there, back] = flow.directions.map(|way| way.flags);
    let over = flow.ends.protocol == TCP && ((there | back) & RST != 0 || there & back & FIN != 0);
    match flow.reason {
        Reason::TcpRst | Reason::TcpFin => END_SEEN,
        Reason::Flushed | Reason::MaxFlows if over => END_SEEN,
        Reason::General | Reason::Tcp | Reason::Udp | Reason::Icmp => IDLE,
        Reason::MaxLife => ACTIVE,
        Reason::Flushed => FORCED,
        Reason::OverBytes | Reason::MaxFlows => LACK_OF_RESOURCES,
    }
}

/// Where a value goes: from its slot to an offset in the row.
#[derive(Clone, Copy, Debug)]
struct Cell {
    slot: u8,
    at: u16,
    /// The largest value that finds room.
    most: u64,
    /// How far a value is moved up so that its octets come first.
    shift: u8,
}

/// Flows gathered, one behind the other: those to be sent as messages have them, others in this machine's byte order.
pub(super) struct Rows {
    schema: Arc<Schema>,
    layout: Arc<RowLayout>,
    cells: Vec<Cell>,
    values: Values,
    /// What counters can tell, packets and octets; `None` if that is everything.
    most: Option<(u64, u64)>,
    /// The row being made, and room behind it.
    row: Vec<u8>,
    octets: Vec<u8>,
}

impl Rows {
    /// No flows yet.
    pub fn new(shape: &Shape, kind: Kind) -> Rows {
        let order = if shape.export_time { Order::Big } else { Order::HOST };
        let mut made = Maker::new(order);
        let fields = shape.fields(kind);
        fields.iter().for_each(|field| made.field(*field, false));
        if kind.both {
            fields.iter().filter(|field| field.tell.slot.of_a_way()).for_each(|field| made.field(*field, true));
            if shape.adds_direction(&fields) {
                made.add(Element::iana(BIFLOW_DIRECTION), 1, Slot::Began as u8);
            }
        }
        if shape.has_clock(&fields) {
            made.add(ie::UNIX_SECS, 4, Slot::Secs as u8);
            made.add(ie::UNIX_NSECS, 4, Slot::Nsecs as u8);
        }
        if has_uptime(&fields) {
            made.add(ie::UPTIME, 4, Slot::Uptime as u8);
        }
        let least = |slot| fields.iter().filter(|f| f.tell.slot == slot).map(|f| largest(f.width)).min();
        let most = [Slot::Packets, Slot::Octets].map(|slot| least(slot).unwrap_or(u64::MAX));
        let Maker { specs, offsets, cells, size, .. } = made;
        Rows {
            schema: Arc::new(Schema::new(specs)),
            layout: Arc::new(RowLayout { size: size.into(), offsets, order }),
            cells,
            values: Values::new(shape, kind, &fields, order),
            most: (most != [u64::MAX; 2]).then_some(most.into()),
            row: vec![0; usize::from(size) + STEP],
            octets: Vec::new(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.octets.len() / self.layout.size.max(1)
    }

    /// How many rows a flow needs: one, but for those whose counters are longer than a row's.
    #[inline]
    pub fn needs(&self, told: &Told) -> u64 {
        let Some((packets, octets)) = self.most else { return 1 };
        let back = told.back.map(|(back, _)| back).unwrap_or_default();
        parts([(told.way.packets, packets), (told.way.octets, octets), (back.packets, packets), (back.octets, octets)])
    }

    /// Adds the part of a flow that the row at a place of so many tells.
    #[inline]
    pub fn append(&mut self, told: &Told, at: u64, parts: u64) {
        match parts {
            1 => self.values.set(told),
            _ => self.values.set(&told.part(at, parts)),
        }
        match self.layout.order {
            Order::Big => self.lay(u64::to_be_bytes),
            Order::Little => self.lay(u64::to_le_bytes),
        }
        if self.octets.capacity() == 0 {
            self.octets = spare();
        }
        self.octets.extend_from_slice(self.row.get(..self.layout.size).unwrap_or_default());
    }

    /// Copies the values to the row.
    #[inline]
    fn lay(&mut self, octets: impl Fn(u64) -> [u8; STEP]) {
        for cell in &self.cells {
            let value = self.values.get(cell.slot).min(cell.most) << cell.shift;
            if let Some(to) = self.row.get_mut(usize::from(cell.at)..).and_then(|rest| rest.first_chunk_mut()) {
                *to = octets(value);
            }
        }
    }

    /// What is gathered.
    pub fn batch(&mut self) -> Option<FlowBatch> {
        let octets = std::mem::take(&mut self.octets);
        (!octets.is_empty()).then(|| FlowBatch::from_rows(self.schema.clone(), self.layout.clone(), octets))
    }
}

/// Lays out a row.
struct Maker {
    order: Order,
    specs: Vec<FieldSpec>,
    offsets: Vec<u16>,
    cells: Vec<Cell>,
    size: u16,
}

impl Maker {
    fn new(order: Order) -> Maker {
        Maker { order, specs: Vec::new(), offsets: Vec::new(), cells: Vec::new(), size: 0 }
    }

    fn field(&mut self, field: Field, reverse: bool) {
        let element = field.tell.element();
        match reverse {
            true => self.add(Element { enterprise: REVERSE, ..element }, field.width, field.tell.slot as u8 + OF_A_WAY),
            false => self.add(element, field.width, field.tell.slot as u8),
        }
    }

    fn add(&mut self, element: Element, width: u16, slot: u8) {
        let occurrence = self.specs.iter().filter(|spec| spec.element == element).count() as u16;
        self.specs.push(FieldSpec { element, occurrence, width });
        self.offsets.push(self.size);
        let (big, wide) = (self.order == Order::Big, width == 16);
        for from in (0..width).step_by(STEP) {
            let step = (width - from).min(STEP as u16);
            // The half of an address that comes first in memory; padding is of zeros from one slot.
            let high = wide && (from == 0) == big;
            self.cells.push(Cell {
                slot: if slot == Slot::Zero as u8 { slot } else { slot + u8::from(high) },
                at: self.size + from,
                most: largest(step),
                shift: if big { 64 - 8 * step as u8 } else { 0 },
            });
        }
        self.size += width;
    }
}

/// A flow's values, each in its slot.
struct Values {
    slots: [u64; 64],
    order: Order,
    wants: Wants,
}

/// What is worked out of times, where it is told.
#[derive(Clone, Copy, Default)]
struct Wants {
    clock: bool,
    uptime: bool,
    secs: bool,
    ms: bool,
    ntp: bool,
    duration: bool,
    icmp: bool,
    macs: bool,
}

impl Values {
    fn new(shape: &Shape, kind: Kind, fields: &[Field], order: Order) -> Values {
        let has = |slots: &[Slot]| fields.iter().any(|field| slots.contains(&field.tell.slot));
        let wants = Wants {
            clock: shape.has_clock(fields),
            uptime: has_uptime(fields),
            secs: has(&[Slot::FirstSecs, Slot::LastSecs]),
            ms: has(&[Slot::FirstMs, Slot::LastMs]),
            ntp: has(&[Slot::FirstUs, Slot::LastUs, Slot::FirstNs, Slot::LastNs]),
            duration: has(&[Slot::DurationMs, Slot::DurationUs]),
            icmp: has(&[Slot::Icmp, Slot::IcmpType, Slot::IcmpCode]),
            macs: has(&[Slot::SourceMac, Slot::DestinationMac]),
        };
        let mut values = Values { slots: [0; 64], order, wants };
        values.put(Slot::IpVersion, if kind.ipv6 { 6 } else { 4 });
        values.put(Slot::Interface, shape.interface.unwrap_or(0).into());
        values.put(Slot::Uptime, SPAN_MS);
        match shape.exporter {
            Some(IpAddr::V4(address)) => values.put(Slot::Exporter, address.to_bits().into()),
            Some(IpAddr::V6(address)) => values.put_wide([Slot::Exporter, Slot::ExporterHigh], address.to_bits()),
            None => {}
        }
        values
    }

    #[inline]
    fn get(&self, slot: u8) -> u64 {
        self.slots.get(usize::from(slot)).copied().unwrap_or(0)
    }

    #[inline]
    fn at(&mut self, slot: u8, value: u64) {
        if let Some(place) = self.slots.get_mut(usize::from(slot)) {
            *place = value;
        }
    }

    #[inline]
    fn put(&mut self, slot: Slot, value: u64) {
        self.at(slot as u8, value);
    }

    /// A value in two halves.
    #[inline]
    fn put_wide(&mut self, [low, high]: [Slot; 2], value: u128) {
        self.put(low, value as u64);
        self.put(high, (value >> 64) as u64);
    }

    /// Lays out a flow.
    #[inline]
    fn set(&mut self, told: &Told) {
        let ends = &told.ends;
        let [source, destination] = ends.addresses;
        let slots = [[Slot::Source, Slot::SourceHigh], [Slot::Destination, Slot::DestinationHigh]];
        for (slots, address) in slots.into_iter().zip([source, destination]) {
            match address {
                Address::V4(number) => self.put(slots[0], number.into()),
                Address::V6(number) => self.put_wide(slots, number),
            }
        }
        self.put(Slot::SourcePort, ends.ports[0].into());
        self.put(Slot::DestinationPort, ends.ports[1].into());
        self.put(Slot::Protocol, ends.protocol.into());
        self.put(Slot::Vlan, ends.vlan.into());
        self.put(Slot::EndReason, told.reason.into());
        self.put(Slot::FlowDirection, told.direction.into());
        self.put(Slot::Number, told.number);
        if self.wants.icmp {
            let [kind, code] = if told.is_icmp() { ends.ports[1].to_be_bytes() } else { [0; 2] };
            self.put(Slot::Icmp, u16::from_be_bytes([kind, code]).into());
            self.put(Slot::IcmpType, kind.into());
            self.put(Slot::IcmpCode, code.into());
        }
        if self.wants.macs {
            self.put(Slot::SourceMac, as_on_the_wire(ends.macs[0], self.order));
            self.put(Slot::DestinationMac, as_on_the_wire(ends.macs[1], self.order));
        }
        let now_ms = if self.wants.clock { self.clock(told) } else { 0 };
        self.way(&told.way, 0, now_ms);
        if let Some((back, began)) = &told.back {
            self.put(Slot::Began, (*began).into());
            self.way(back, OF_A_WAY, now_ms);
        }
    }

    /// What the clock says beside the times. The uptime is [`SPAN_MS`] then, the most that 32 bits tell.
    fn clock(&mut self, told: &Told) -> u64 {
        let (mut first_ns, mut last_ns) = (told.way.first_ns, told.way.last_ns);
        if let Some((back, _)) = &told.back {
            (first_ns, last_ns) = (first_ns.min(back.first_ns), last_ns.max(back.last_ns));
        }
        let last_ms = (last_ns / 1_000_000).min(END_MS);
        let ended_ms = (told.ended_ns / 1_000_000).clamp(last_ms, END_MS);
        // Long after the flow's end, a nearer time will do.
        let far = self.wants.uptime && ended_ms.saturating_sub(first_ns / 1_000_000) > SPAN_MS;
        let now_ms = if far { last_ms } else { ended_ms };
        self.put(Slot::Secs, now_ms / 1000);
        self.put(Slot::Nsecs, now_ms % 1000 * 1_000_000);
        now_ms
    }

    /// One direction, so many slots further on.
    #[inline]
    fn way(&mut self, way: &Direction, on: u8, now_ms: u64) {
        let mut put = |slot: Slot, value: u64| self.at(slot as u8 + on, value);
        put(Slot::Packets, way.packets);
        put(Slot::Octets, way.octets);
        put(Slot::Tos, way.tos.into());
        put(Slot::Dscp, (way.tos >> 2).into());
        put(Slot::Precedence, (way.tos >> 5).into());
        put(Slot::Flags, way.flags.into());
        let (first, last) = (way.first_ns, way.last_ns);
        let Wants { uptime, secs, ms, ntp, duration, .. } = self.wants;
        let mut put = |slot: Slot, value: u64| self.at(slot as u8 + on, value);
        if uptime {
            let stamp = |ns: u64| SPAN_MS - now_ms.saturating_sub(ns / 1_000_000).min(SPAN_MS);
            put(Slot::FirstUptime, stamp(first));
            put(Slot::LastUptime, stamp(last));
        }
        if secs {
            put(Slot::FirstSecs, first / 1_000_000_000);
            put(Slot::LastSecs, last / 1_000_000_000);
        }
        if ms {
            put(Slot::FirstMs, first / 1_000_000);
            put(Slot::LastMs, last / 1_000_000);
        }
        if ntp {
            put(Slot::FirstUs, ntp_time(first / 1000 * 1000, 11));
            put(Slot::LastUs, ntp_time(last / 1000 * 1000, 11));
            put(Slot::FirstNs, ntp_time(first, 0));
            put(Slot::LastNs, ntp_time(last, 0));
        }
        if duration {
            put(Slot::DurationMs, (last / 1_000_000).saturating_sub(first / 1_000_000));
            put(Slot::DurationUs, (last / 1000).saturating_sub(first / 1000));
        }
    }
}

/// A MAC address as the number of which so ordered the first six octets are its own.
fn as_on_the_wire(mac: u64, order: Order) -> u64 {
    match order {
        Order::Big => mac,
        Order::Little => (mac << 16).swap_bytes(),
    }
}

/// A time in NTP's 64-bit format (RFC 7011 sections 6.1.9 and 6.1.10), so many bits of the fraction being 0: the least
/// one that is not before it, so that whoever cuts off what is finer finds it again.
fn ntp_time(ns: u64, zero: u32) -> u64 {
    /// From 1900 to 1970, in seconds.
    const EPOCH: u64 = 2_208_988_800;
    let secs = (ns / 1_000_000_000 + EPOCH) & u64::from(u32::MAX);
    let fraction = ((ns % 1_000_000_000) << 32).div_ceil(1_000_000_000);
    secs << 32 | fraction.div_ceil(1 << zero) << zero
}

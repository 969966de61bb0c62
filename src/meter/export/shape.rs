//! What batches tell of a flow: the fields, and how a flow becomes a row of them.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::biflow::{Biflow, Direction};
use super::super::key::Ends;
use super::super::packet::Address;
use super::super::sensor::Track;
use super::{END_MS, SPAN_MS};
use crate::flow::{Element, FieldSpec, FlowBatch, Order, RowLayout, Schema, ie};

/// The enterprise number of elements that tell a biflow's way back (RFC 5103 section 6.1).
const REVERSE: u32 = 29_305;
/// `biflowDirection` (RFC 5103 section 6.3): whether the source is who began.
const BIFLOW_DIRECTION: Element = Element::iana(239);
const ARBITRARY: u8 = 0;
const INITIATOR: u8 = 1;

/// How the times of a flow's packets are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// Milliseconds of uptime (`flowStartSysUpTime`), in 32 bits, with the clock beside them: what version 9 has.
    Uptime,
    /// `flowStartSeconds`, `flowEndSeconds`.
    Seconds,
    /// `flowStartMilliseconds`, `flowEndMilliseconds`.
    Milliseconds,
    /// `flowStartMicroseconds`, `flowEndMicroseconds`.
    Microseconds,
    /// `flowStartNanoseconds`, `flowEndNanoseconds`.
    Nanoseconds,
}

/// What is told of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The exporter's address, if it is to be a field.
    pub exporter: Option<IpAddr>,
    /// VLANs and MAC addresses, as far as these make flows.
    pub track: Track,
    /// How its times are told.
    pub times: Times,
    /// Whether it is told when the flow was found to be over, for the headers of messages.
    pub export_time: bool,
    /// Whether both directions make one record, where both had packets (RFC 5103).
    pub biflow: bool,
}

impl Shape {
    /// What modern files have of flows.
    pub fn of_file(exporter: Option<IpAddr>, track: Track) -> Shape {
        Shape { exporter, track, times: Times::Milliseconds, export_time: false, biflow: false }
    }

    /// What exports with templates have of flows.
    pub fn of_export(times: Times, track: Track, biflow: bool) -> Shape {
        Shape { exporter: None, track, times, export_time: true, biflow }
    }

    /// The fields, in the order in which [`Rows::append`] puts their values.
    fn fields(&self, ipv6: bool, both: bool) -> Vec<(Element, u16)> {
        let addresses = if ipv6 { [ie::SRC_ADDR6, ie::DST_ADDR6] } else { [ie::SRC_ADDR4, ie::DST_ADDR4] };
        let mut fields: Vec<_> = addresses.map(|address| (address, if ipv6 { 16 } else { 4 })).into();
        fields.extend(self.way());
        fields.extend([(ie::SRC_PORT, 2), (ie::DST_PORT, 2), (ie::PROTOCOL, 1)]);
        if both {
            let reverse = |(element, width): (Element, u16)| (Element { enterprise: REVERSE, ..element }, width);
            fields.extend(self.way().into_iter().map(reverse));
            fields.push((BIFLOW_DIRECTION, 1));
        }
        if self.track >= Track::Vlan {
            fields.push((ie::VLAN_ID, 2));
        }
        if self.track >= Track::Ether {
            fields.extend([(ie::SRC_MAC, 6), (ie::DST_MAC, 6)]);
        }
        fields.extend(self.exporter.map(|address| match address {
            IpAddr::V4(_) => (ie::EXPORTER4, 4),
            IpAddr::V6(_) => (ie::EXPORTER6, 16),
        }));
        if self.has_clock() {
            fields.extend([(ie::UNIX_SECS, 4), (ie::UNIX_NSECS, 4)]);
        }
        if self.times == Times::Uptime {
            fields.push((ie::UPTIME, 4));
        }
        fields
    }

    /// What is told of each direction.
    fn way(&self) -> [(Element, u16); 6] {
        let (first, last, width) = match self.times {
            Times::Uptime => (ie::FIRST, ie::LAST, 4),
            Times::Seconds => (ie::START_SECS, ie::END_SECS, 4),
            Times::Milliseconds => (ie::START_MS, ie::END_MS, 8),
            Times::Microseconds => (ie::START_US, ie::END_US, 8),
            Times::Nanoseconds => (ie::START_NS, ie::END_NS, 8),
        };
        let counters = [(ie::PACKETS, 8), (ie::OCTETS, 8)];
        let [packets, octets] = counters;
        [packets, octets, (first, width), (last, width), (ie::TOS, 1), (ie::TCP_FLAGS, 1)]
    }

    fn has_clock(&self) -> bool {
        self.export_time || self.times == Times::Uptime
    }
}

/// A flow as it is told.
pub(super) struct Told {
    pub ends: Ends,
    pub way: Direction,
    pub back: Option<(Direction, u8)>,
    pub ended_ns: u64,
}

impl Told {
    /// Both directions of a flow, from who began.
    pub fn both(flow: &Biflow) -> Told {
        let [there, back] = flow.directions;
        let (ends, way, back) = match there.first_ns > back.first_ns {
            true => (flow.ends.turned(), back, there),
            false => (flow.ends, there, back),
        };
        let began = if way.first_ns < back.first_ns { INITIATOR } else { ARBITRARY };
        Told { ends, way, back: Some((back, began)), ended_ns: flow.ended_ns }
    }
}

/// Flows gathered, one behind the other, in this machine's byte order.
pub(super) struct Rows {
    schema: Arc<Schema>,
    layout: Arc<RowLayout>,
    octets: Vec<u8>,
}

impl Rows {
    /// No flows yet.
    pub fn new(shape: &Shape, ipv6: bool, both: bool) -> Rows {
        let fields = shape.fields(ipv6, both);
        let mut size = 0;
        let offsets = fields.iter().map(|(_, width)| {
            size += width;
            size - width
        });
        let offsets = offsets.collect();
        let specs = fields.iter().map(|(element, width)| FieldSpec { element: *element, occurrence: 0, width: *width });
        let schema = Arc::new(Schema::new(specs.collect()));
        let layout = Arc::new(RowLayout { size: size.into(), offsets, order: Order::HOST });
        Rows { schema, layout, octets: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.octets.len() / self.layout.size.max(1)
    }

    /// Adds a flow, of the addresses and directions that these rows are of.
    pub fn append(&mut self, told: &Told, shape: &Shape) {
        let clock = Clock::of(told, shape.times);
        let out = &mut self.octets;
        for address in told.ends.addresses {
            match address {
                Address::V4(number) => out.extend(number.to_ne_bytes()),
                Address::V6(number) => out.extend(number.to_ne_bytes()),
            }
        }
        clock.way(&told.way, out);
        told.ends.ports.iter().for_each(|port| out.extend(port.to_ne_bytes()));
        out.push(told.ends.protocol);
        if let Some((back, began)) = &told.back {
            clock.way(back, out);
            out.push(*began);
        }
        if shape.track >= Track::Vlan {
            out.extend(told.ends.vlan.to_ne_bytes());
        }
        if shape.track >= Track::Ether {
            // As on the wire.
            told.ends.macs.iter().for_each(|mac| out.extend(mac.to_be_bytes().into_iter().skip(2)));
        }
        match shape.exporter {
            Some(IpAddr::V4(address)) => out.extend(address.to_bits().to_ne_bytes()),
            Some(IpAddr::V6(address)) => out.extend(address.to_bits().to_ne_bytes()),
            None => {}
        }
        if shape.has_clock() {
            out.extend(((clock.now_ms / 1000) as u32).to_ne_bytes());
            out.extend(((clock.now_ms % 1000) as u32 * 1_000_000).to_ne_bytes());
        }
        if shape.times == Times::Uptime {
            out.extend((SPAN_MS as u32).to_ne_bytes());
        }
    }

    /// What is gathered.
    pub fn batch(&mut self) -> Option<FlowBatch> {
        let octets = std::mem::take(&mut self.octets);
        (!octets.is_empty()).then(|| FlowBatch::from_rows(self.schema.clone(), self.layout.clone(), octets))
    }
}

/// Tells a flow's times.
struct Clock {
    times: Times,
    /// What the clock says beside the times. The uptime is [`SPAN_MS`] then, the most that 32 bits tell.
    now_ms: u64,
}

impl Clock {
    fn of(told: &Told, times: Times) -> Clock {
        let back = told.back.iter().map(|(back, _)| back);
        let ways = || std::iter::once(&told.way).chain(back.clone());
        let first_ms = ways().map(|way| way.first_ns).min().unwrap_or(0) / 1_000_000;
        let last_ms = (ways().map(|way| way.last_ns).max().unwrap_or(0) / 1_000_000).min(END_MS);
        let ended_ms = (told.ended_ns / 1_000_000).clamp(last_ms, END_MS);
        // Long after the flow's end, a nearer time will do.
        let far = times == Times::Uptime && ended_ms.saturating_sub(first_ms) > SPAN_MS;
        Clock { times, now_ms: if far { last_ms } else { ended_ms } }
    }

    /// Appends what [`Shape::way`] names.
    fn way(&self, way: &Direction, out: &mut Vec<u8>) {
        out.extend(way.packets.to_ne_bytes());
        out.extend(way.octets.to_ne_bytes());
        for ns in [way.first_ns, way.last_ns] {
            match self.times {
                Times::Uptime => {
                    let ago = self.now_ms.saturating_sub(ns / 1_000_000).min(SPAN_MS);
                    out.extend(((SPAN_MS - ago) as u32).to_ne_bytes());
                }
                Times::Seconds => out.extend(((ns / 1_000_000_000) as u32).to_ne_bytes()),
                Times::Milliseconds => out.extend((ns / 1_000_000).to_ne_bytes()),
                Times::Microseconds => out.extend(ntp(ns / 1000 * 1000, 11).to_ne_bytes()),
                Times::Nanoseconds => out.extend(ntp(ns, 0).to_ne_bytes()),
            }
        }
        out.extend([way.tos, way.flags]);
    }
}

/// A time in NTP's 64-bit format (RFC 7011 sections 6.1.9 and 6.1.10), so many bits of the fraction being 0: the least
/// one that is not before it, so that whoever cuts off what is finer finds it again.
fn ntp(ns: u64, zero: u32) -> u64 {
    /// From 1900 to 1970, in seconds.
    const EPOCH: u64 = 2_208_988_800;
    let secs = (ns / 1_000_000_000 + EPOCH) & u64::from(u32::MAX);
    let fraction = ((ns % 1_000_000_000) << 32).div_ceil(1_000_000_000);
    secs << 32 | fraction.div_ceil(1 << zero) << zero
}

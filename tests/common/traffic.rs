//! Flows of three exporters, IPv4 and IPv6, as a collector stores them; and what they come to, added up by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Column, Element, FieldSpec, FlowBatch, Form, Order, Schema, StreamInfo, Version, flags, ie};

use super::made::any;

/// When it begins: a multiple of 300.
pub const T: u64 = 1_767_225_600;

/// What is counted of it.
pub const CONFIG: &str = "\
Subnet 10.0.0.0/8
Subnet 2001:db8::/32
Network 10.1.0.0/16,2001:db8:1::/48 labs
Network 10.0.0.0/8 campus
Router 192.0.2.1 edge
Router 192.0.2.2 core
Router 192.0.2.3
Service 443/tcp,8000-8010/tcp web
Service 53/udp dns
Protocol 6 tcp
Protocol 17
TOS 0 normal
TOS 0x20-0x3f,46 better
ASNumber 64496,64497 friends
Multicast
OutputDir rrds
";

/// The RRDs of its services, by source and by destination.
const SERVICES: [[&str; 2]; 2] = [["service_web_src", "service_dns_src"], ["service_web_dst", "service_dns_dst"]];

/// A flow.
#[derive(Clone, Copy)]
pub struct Flow {
    pub exporter: Ipv4Addr,
    /// The host inside and the one outside, as the last octets; the one inside is in the labs if it is odd.
    pub hosts: [u8; 2],
    pub six: bool,
    /// 0 from outside to inside, 1 the reverse, 2 neither.
    pub way: usize,
    pub ports: [u16; 2],
    pub protocol: u8,
    pub tos: u8,
    /// Of the host outside; the one inside has the least friend's.
    pub asn: u16,
    pub octets: u32,
    pub packets: u32,
    /// When it ended, ms since 1970.
    pub end: u64,
}

/// Flows that ended in five minutes from `start` on: IPv6 ones of one exporter, or IPv4 ones of two.
pub fn flows(start: u64, six: bool, count: u64) -> Vec<Flow> {
    let mut seed = start + u64::from(six);
    let pick = |seed: &mut u64, of: &[u64]| of[any(seed) as usize % of.len()];
    let flow = |_| {
        let seed = &mut seed;
        Flow {
            exporter: Ipv4Addr::new(192, 0, 2, if six { 3 } else { pick(seed, &[1, 2]) as u8 }),
            hosts: [any(seed) as u8, any(seed) as u8],
            six,
            way: pick(seed, &[0, 0, 0, 1, 1, 2]) as usize,
            ports: [pick(seed, &[443, 8003, 53, 9999]) as u16, pick(seed, &[443, 53, 40_000]) as u16],
            protocol: pick(seed, &[6, 17, 47]) as u8,
            tos: pick(seed, &[0, 0x2f, 46, 8]) as u8,
            asn: pick(seed, &[64_496, 64_497, 1]) as u16,
            // flow-report leaves flows of no packets out.
            octets: (any(seed) % 1_000_000 + 1) as u32,
            packets: (any(seed) % 1000 + 1) as u32,
            end: start * 1000 + any(seed) % 300_000,
        }
    };
    (0..count).map(flow).collect()
}

impl Flow {
    fn four(&self) -> [u32; 2] {
        let inside = 0x0A00_0000 + (u32::from(self.hosts[0] & 1) << 16) + u32::from(self.hosts[0]);
        let outside = if self.is_to_group() { 0xEF01_0100 } else { 0xC633_6400 };
        self.ways(inside, outside + u32::from(self.hosts[1]))
    }

    fn six(&self) -> [u128; 2] {
        let lab = u128::from(self.hosts[0] & 1) << 80;
        let inside = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0).to_bits() + lab + u128::from(self.hosts[0]);
        let first = if self.is_to_group() { 0xff0e } else { 0x2001 };
        self.ways(inside, Ipv6Addr::new(first, 0xdb9, 0, 0, 0, 0, 0, 1).to_bits() + u128::from(self.hosts[1]))
    }

    /// Whether it goes out to a group.
    fn is_to_group(&self) -> bool {
        self.way == 1 && self.hosts[1] < 32
    }

    fn asns(&self) -> [u32; 2] {
        self.ways(64_496, self.asn.into())
    }

    fn ways<A: Copy>(&self, inside: A, outside: A) -> [A; 2] {
        match self.way {
            0 => [outside, inside],
            1 => [inside, outside],
            _ => [outside, outside],
        }
    }

    /// The RRDs it is counted in, of [`CONFIG`] with the categories that are built in left out.
    fn counters(&self) -> Vec<String> {
        let mut names = vec!["total"];
        names.extend((self.hosts[0] & 1 == 1).then_some("network_labs"));
        names.extend((!self.six).then_some("network_campus"));
        names.extend(match self.protocol {
            6 => Some("protocol_tcp"),
            17 => Some("protocol_17"),
            _ => None,
        });
        names.extend(match self.tos {
            0 => Some("tos_normal"),
            0x2f | 46 => Some("tos_better"),
            _ => None,
        });
        names.extend((self.asn >= 64_496).then_some("as_friends"));
        names.extend(self.is_to_group().then_some("protocol_multicast"));
        for (port, [web, dns]) in self.ports.iter().zip(SERVICES) {
            names.extend(match (self.protocol, port) {
                (6, 443 | 8003) => Some(web),
                (17, 53) => Some(dns),
                _ => None,
            });
        }
        self.at(&names)
    }

    /// RRDs of all routers together, and its own.
    fn at(&self, names: &[&str]) -> Vec<String> {
        let router = match self.exporter.octets()[3] {
            1 => "edge".to_owned(),
            2 => "core".to_owned(),
            _ => self.exporter.to_string(),
        };
        names.iter().flat_map(|name| [(*name).to_owned(), format!("{router}/{name}")]).collect()
    }
}

/// What flows come to: in_bytes, out_bytes, in_pkts, out_pkts, in_flows, out_flows of each RRD; what is neither stands
/// where inbound does.
pub fn sums<'f>(flows: impl IntoIterator<Item = &'f Flow>) -> BTreeMap<String, [u64; 6]> {
    let mut sums: BTreeMap<String, [u64; 6]> = BTreeMap::new();
    for flow in flows {
        let (names, way) = if flow.way < 2 { (flow.counters(), flow.way) } else { (flow.at(&["neither"]), 0) };
        for name in names {
            let sum = sums.entry(name).or_default();
            sum[way] += u64::from(flow.octets);
            sum[2 + way] += u64::from(flow.packets);
            sum[4 + way] += 1;
        }
    }
    sums
}

/// A finished file of flows, captured from `start` for five minutes: modern if there is IPv6, else classic.
pub fn stored(start: u64, flows: &[Flow]) -> Vec<u8> {
    let info = StreamInfo {
        flags: flags::DONE,
        start: Some(start as u32),
        end: Some(start as u32 + 300),
        flows: Some(flows.len() as u64),
        ..StreamInfo::default()
    };
    if flows.iter().any(|flow| flow.six) {
        let mut writer = FlowWriter::new(Vec::new(), &WriteOptions::new(Form::Modern, info)).unwrap();
        let (six, four): (Vec<Flow>, Vec<Flow>) = flows.iter().copied().partition(|flow| flow.six);
        writer.write(&columns(&six)).unwrap();
        if !four.is_empty() {
            writer.write(&FlowBatch::from_raw(Version::V5, Order::Big, records(&four))).unwrap();
        }
        return writer.finish().unwrap();
    }
    let options = WriteOptions { order: Order::Big, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write(&FlowBatch::from_raw(Version::V5, Order::Big, records(flows))).unwrap();
    writer.finish().unwrap()
}

fn records(flows: &[Flow]) -> Vec<u8> {
    let layout = Version::V5.layout();
    let mut out = vec![0; layout.size * flows.len()];
    for (flow, record) in flows.iter().zip(out.chunks_exact_mut(layout.size)) {
        let mut set = |element: Element, value: u32| {
            let (at, width) = layout.find(element).unwrap();
            record[at..at + width].copy_from_slice(&value.to_be_bytes()[4 - width..]);
        };
        set(ie::UNIX_SECS, (flow.end / 1000) as u32);
        set(ie::UNIX_NSECS, (flow.end % 1000) as u32 * 1_000_000);
        [ie::UPTIME, ie::FIRST, ie::LAST].into_iter().for_each(|element| set(element, 7_000_000));
        set(ie::EXPORTER4, flow.exporter.to_bits());
        let [from, to] = flow.four();
        set(ie::SRC_ADDR4, from);
        set(ie::DST_ADDR4, to);
        let [from, to] = flow.ports;
        set(ie::SRC_PORT, from.into());
        set(ie::DST_PORT, to.into());
        set(ie::PROTOCOL, flow.protocol.into());
        set(ie::TOS, flow.tos.into());
        let [from, to] = flow.asns();
        set(ie::SRC_AS, from);
        set(ie::DST_AS, to);
        set(ie::OCTETS, flow.octets);
        set(ie::PACKETS, flow.packets);
    }
    out
}

fn columns(flows: &[Flow]) -> FlowBatch {
    let value = |flow: &Flow, element: Element| -> u128 {
        match element {
            ie::SRC_ADDR6 => flow.six()[0],
            ie::DST_ADDR6 => flow.six()[1],
            ie::EXPORTER4 => flow.exporter.to_bits().into(),
            ie::SRC_PORT => flow.ports[0].into(),
            ie::DST_PORT => flow.ports[1].into(),
            ie::PROTOCOL => flow.protocol.into(),
            ie::TOS => flow.tos.into(),
            ie::SRC_AS => flow.asns()[0].into(),
            ie::DST_AS => flow.asns()[1].into(),
            ie::OCTETS => flow.octets.into(),
            ie::PACKETS => flow.packets.into(),
            _ => flow.end.into(),
        }
    };
    let fields = [
        (ie::SRC_ADDR6, 16),
        (ie::DST_ADDR6, 16),
        (ie::EXPORTER4, 4),
        (ie::SRC_PORT, 2),
        (ie::DST_PORT, 2),
        (ie::PROTOCOL, 1),
        (ie::TOS, 1),
        (ie::SRC_AS, 4),
        (ie::DST_AS, 4),
        (ie::OCTETS, 8),
        (ie::PACKETS, 8),
        (ie::START_MS, 8),
        (ie::END_MS, 8),
    ];
    let column = |(element, width): (Element, u16)| {
        let mut data = Vec::new();
        flows.iter().for_each(|flow| data.extend(&value(flow, element).to_le_bytes()[..usize::from(width)]));
        Column::Plain { width, data }
    };
    let schema = fields.iter().map(|(element, width)| FieldSpec { element: *element, occurrence: 0, width: *width });
    FlowBatch::from_columns(Arc::new(Schema::new(schema.collect())), flows.len(), fields.map(column).to_vec())
}

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use super::*;
use crate::flow::{BlockFacts, Column, Element, Field, FieldSpec, FlowBatch, Order, Prune, Schema, Version, ie};
use crate::select::Scratch;

pub(super) fn compile(text: &str) -> Result<Predicate, ExprError> {
    let load = |name: &str| match name {
        "nets" => Ok("10.0.0.0/8 # ours\n2001:db8::/32,192.0.2.1\n".to_owned()),
        "bad" => Ok("10.0.0.1\n10.0.0.x".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    static SYMBOLS: OnceLock<Symbols> = OnceLock::new();
    let now = DateTime::parse_from_rfc3339("2026-01-10T12:00:00Z").unwrap().with_timezone(&Local);
    parse(text, &Context { symbols: SYMBOLS.get_or_init(Symbols::default), now, load: &load })
}

/// A flow, as the tests think of it.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub src: u32,
    pub dst: u32,
    pub sport: u16,
    pub dport: u16,
    pub proto: u8,
    pub flags: u8,
    pub packets: u32,
    pub octets: u32,
    pub first: u32,
    pub last: u32,
}

const EXPORTED: u64 = 1_767_225_600;

impl Flow {
    fn number(&self, element: Element) -> u32 {
        match element {
            ie::SRC_ADDR4 => self.src,
            ie::DST_ADDR4 => self.dst,
            ie::SRC_PORT => self.sport.into(),
            ie::DST_PORT => self.dport.into(),
            ie::PROTOCOL => self.proto.into(),
            ie::TCP_FLAGS => self.flags.into(),
            ie::PACKETS => self.packets,
            ie::OCTETS => self.octets,
            ie::FIRST => self.first,
            ie::LAST => self.last,
            ie::UNIX_SECS => EXPORTED as u32,
            _ => 0,
        }
    }
}

/// The same flows as records of version 5, and as columns with IPv6 addresses, 64-bit counters and a VLAN.
pub(super) fn batches(flows: &[Flow]) -> [FlowBatch; 2] {
    let mut bytes = Vec::new();
    for flow in flows {
        for spec in Version::V5.layout().schema.fields() {
            bytes.extend(&flow.number(spec.element).to_be_bytes()[4 - usize::from(spec.width)..]);
        }
    }
    let six = |n: u32| (0x2001_0db8 << 96 | u128::from(n)).to_ne_bytes().to_vec();
    let ms = |stamp: u32| (EXPORTED * 1000 + u64::from(stamp)).to_ne_bytes().to_vec();
    type Make<'m> = &'m dyn Fn(&Flow) -> Vec<u8>;
    let columns: [(Element, u16, Make<'_>); 11] = [
        (ie::SRC_ADDR6, 16, &|f| six(f.src)),
        (ie::DST_ADDR6, 16, &|f| six(f.dst)),
        (ie::SRC_PORT, 2, &|f| f.sport.to_ne_bytes().to_vec()),
        (ie::DST_PORT, 2, &|f| f.dport.to_ne_bytes().to_vec()),
        (ie::PROTOCOL, 1, &|f| vec![f.proto]),
        (ie::TCP_FLAGS, 2, &|f| u16::from(f.flags).to_ne_bytes().to_vec()),
        (ie::PACKETS, 8, &|f| u64::from(f.packets).to_ne_bytes().to_vec()),
        (ie::OCTETS, 8, &|f| u64::from(f.octets).to_ne_bytes().to_vec()),
        (ie::START_MS, 8, &|f| ms(f.first)),
        (ie::END_MS, 8, &|f| ms(f.last)),
        (ie::VLAN_ID, 2, &|_| 12u16.to_ne_bytes().to_vec()),
    ];
    let schema =
        columns.iter().map(|(element, width, _)| FieldSpec { element: *element, occurrence: 0, width: *width });
    let data = columns
        .iter()
        .map(|(_, width, make)| Column::Plain { width: *width, data: flows.iter().flat_map(make).collect() });
    let columns = FlowBatch::from_columns(Arc::new(Schema::new(schema.collect())), flows.len(), data.collect());
    [FlowBatch::from_raw(Version::V5, Order::Big, bytes), columns]
}

pub(super) fn rows(predicate: &Predicate, batch: &FlowBatch) -> Vec<u32> {
    let mut out = Vec::new();
    predicate.select(batch, &mut Scratch::default(), &mut out);
    out
}

/// Which of four flows match, as records and as columns: a DNS query, its answer, a long download, a refused SYN.
fn picked(text: &str) -> [Vec<u32>; 2] {
    let ip = |d| u32::from(Ipv4Addr::new(10, 0, 0, d));
    let flow = |src, sport, dst, dport, proto, flags| Flow {
        src: ip(src),
        dst: ip(dst),
        sport,
        dport,
        proto,
        flags,
        packets: 1,
        octets: 60,
        first: 1000,
        last: 1000,
    };
    let flows = [
        flow(1, 5353, 2, 53, 17, 0),
        flow(2, 53, 1, 5353, 17, 0),
        Flow { packets: 4000, octets: 6_000_000, last: 61_000, ..flow(3, 443, 1, 50000, 6, 0x1B) },
        flow(1, 50001, 4, 80, 6, 0x02),
    ];
    let predicate = compile(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    batches(&flows).map(|batch| rows(&predicate, &batch))
}

#[test]
fn expressions_mean_what_they_say() {
    let cases: &[(&str, &[u32])] = &[
        ("", &[0, 1, 2, 3]),
        ("any", &[0, 1, 2, 3]),
        ("port 53", &[0, 1]),
        ("dst port 53", &[0]),
        ("src or dst port 53", &[0, 1]),
        ("src and dst port 53", &[]),
        ("port domain or https", &[0, 1, 2]),
        ("port 53 or 443", &[0, 1, 2]),
        ("port in (53, 80)", &[0, 1, 3]),
        ("dst port in [53 80]", &[0, 3]),
        ("port 53,80", &[0, 1, 3]),
        ("port not in (53, 80)", &[2]),
        ("portrange 440-450", &[2]),
        ("dst port > 1k", &[1, 2]),
        ("udp and not dst port 53", &[1]),
        ("tcp", &[2, 3]),
        ("TCP DST PORT 80", &[3]),
        ("proto 17 || proto tcp and packets gt 1", &[0, 1, 2]),
        ("(proto 17 or tcp) && packets = 1", &[0, 1, 3]),
        ("! udp", &[2, 3]),
        ("not not udp", &[0, 1]),
        ("bytes>1M", &[2]),
        ("packets 2..5k", &[2]),
        ("packets 1 .. 3", &[0, 1, 3]),
        ("octets 100..", &[2]),
        ("flags S", &[2, 3]),
        ("flags = S", &[3]),
        ("flags S and not flags AR", &[3]),
        ("not flags S", &[0, 1]),
        ("not (flags AR)", &[0, 1, 2, 3]),
        ("tcp and flags & 0x12 == 2", &[3]),
        ("duration > 30s", &[2]),
        ("duration 1m", &[2]),
        ("duration < 1", &[0, 1, 3]),
        ("pps > 66", &[2]),
        ("pps >= 66.7", &[]),
        ("bps 790k..810k", &[2]),
        ("bpp 60", &[0, 1, 3]),
        ("bpp > 1499.5", &[2]),
        ("first after \"2026-01-01 00:00:01 UTC\"", &[0, 1, 2, 3]),
        ("last after \"2026-01-01 00:00:02 UTC\"", &[2]),
        ("last seen <= 2026-01-01T00:00:01Z", &[0, 1, 3]),
        ("octetDeltaCount > 100", &[2]),
        ("dOctets 60", &[0, 1, 3]),
        ("destinationTransportPort == 80", &[3]),
    ];
    for (text, want) in cases {
        assert_eq!(picked(text), [want.to_vec(), want.to_vec()], "{text}");
    }
}

#[test]
fn addresses_are_of_both_kinds() {
    let cases: &[(&str, &[u32], &[u32])] = &[
        ("host 10.0.0.1", &[0, 1, 2, 3], &[]),
        ("src 10.0.0.1", &[0, 3], &[]),
        ("src host 10.0.0.2 or 10.0.0.3", &[1, 2], &[]),
        ("src ip 10.0.0.2 or dst ip 10.0.0.2", &[0, 1], &[]),
        ("10.0.0.2", &[0, 1], &[]),
        ("not host 10.0.0.2", &[2, 3], &[0, 1, 2, 3]),
        ("net 10/8", &[0, 1, 2, 3], &[]),
        ("src net 10.0.0.2/31", &[1, 2], &[]),
        ("dst net 10.0.0.4 mask 255.255.255.252", &[3], &[]),
        ("dst net 10.0.0.4 255.255.255.252", &[3], &[]),
        ("src host 10.0.0.2-10.0.0.9", &[1, 2], &[]),
        ("ip in [10.0.0.3, 10.0.0.4]", &[2, 3], &[]),
        ("net @nets", &[0, 1, 2, 3], &[0, 1, 2, 3]),
        ("src @nets and dst in @nets", &[0, 1, 2, 3], &[0, 1, 2, 3]),
        ("dst host 2001:db8::a00:4", &[], &[3]),
        ("host 2001:db8::a00:2", &[], &[0, 1]),
        ("not net 2001:db8::/32", &[0, 1, 2, 3], &[]),
        ("ip", &[0, 1, 2, 3], &[]),
        ("ip6", &[], &[0, 1, 2, 3]),
        ("ip6 tcp dst port 80", &[], &[3]),
        ("not ip4", &[], &[0, 1, 2, 3]),
        ("sourceIPv6Address 2001:db8::/32", &[], &[0, 1, 2, 3]),
        ("vlanId == 12", &[], &[0, 1, 2, 3]),
        ("vlan 13", &[], &[]),
        ("not vlan 13", &[], &[0, 1, 2, 3]),
        ("vlan 12 or src port 443", &[2], &[0, 1, 2, 3]),
        ("router 0.0.0.0", &[0, 1, 2, 3], &[]),
    ];
    for (text, raw, columns) in cases {
        assert_eq!(picked(text), [raw.to_vec(), columns.to_vec()], "{text}");
    }
}

#[test]
fn icmp_types_lie_in_the_port_of_classic_records() {
    let flow = |proto, dport| Flow {
        src: 1,
        dst: 2,
        sport: 0,
        dport,
        proto,
        flags: 0,
        packets: 1,
        octets: 1,
        first: 0,
        last: 0,
    };
    let [raw, _] = batches(&[flow(1, 0x0301), flow(1, 0x0800), flow(6, 0x0301)]);
    for (text, want) in [
        ("icmp-type 3", vec![0]),
        ("icmp icmp-type 3 and icmp-code 1", vec![0]),
        ("icmp-code 0", vec![1]),
        ("icmp-type != 3", vec![1]),
        ("icmp-type >= 3", vec![0, 1]),
        ("not icmp-type 3", vec![1, 2]),
    ] {
        assert_eq!(rows(&compile(text).unwrap(), &raw), want, "{text}");
    }
}

#[test]
fn elements_of_every_kind_are_compared() {
    let element = |id| Element::iana(id);
    let plain = |width: u16, values: [Vec<u8>; 2]| Column::Plain { width, data: values.concat() };
    let variable = Column::Variable { ends: vec![3, 7], data: b"dnshttp".to_vec() };
    let ntp = |secs: u64| ((secs + 2_208_988_800) << 32 | 7).to_ne_bytes().to_vec();
    let columns = [
        (element(56), 6, plain(6, [vec![0, 27, 68, 17, 58, 183], vec![1; 6]])),
        (element(96), 0xFFFF, variable),
        (element(82), 4, plain(4, [b"eth0".to_vec(), b"lo\0\0".to_vec()])),
        (element(154), 8, plain(8, [ntp(EXPORTED), ntp(EXPORTED + 60)])),
        (element(276), 1, plain(1, [vec![1], vec![2]])),
        (element(320), 8, plain(8, [(-1.5f64).to_ne_bytes().to_vec(), 2.5f64.to_ne_bytes().to_vec()])),
        (Element { enterprise: 9, id: 60001 }, 2, plain(2, [7u16, 9].map(|n| n.to_ne_bytes().to_vec()))),
        (Element { enterprise: 9, id: 60002 }, 0xFFFF, Column::Variable { ends: vec![3, 4], data: b"abcd".to_vec() }),
        (element(434), 4, plain(4, [(-5i32).to_ne_bytes().to_vec(), 5i32.to_ne_bytes().to_vec()])),
    ];
    let specs = columns.iter().map(|(element, width, _)| FieldSpec { element: *element, occurrence: 0, width: *width });
    let schema = Arc::new(Schema::new(specs.collect()));
    let batch = FlowBatch::from_columns(schema, 2, columns.into_iter().map(|(_, _, column)| column).collect());
    for (text, want) in [
        ("src mac 00:1b:44:11:3a:b7", vec![0]),
        ("sourceMacAddress != 001b.4411.3ab7", vec![1]),
        ("applicationName == \"http\"", vec![1]),
        ("applicationName in (dns, ssh)", vec![0]),
        ("interfaceName lo", vec![1]),
        ("e0id82 lo", vec![1]),
        ("applicationName ~ TT", vec![1]),
        ("applicationName contains 'ns' or e0id96 ~ p", vec![0, 1]),
        ("not applicationName ~ ns", vec![1]),
        ("e9id60001 = 7", vec![0]),
        ("e9id60001 in (8-9, 12)", vec![1]),
        ("e9id60002 = 'abc'", vec![0]),
        ("e9id60002 ~ 'C'", vec![0]),
        ("e9id60003 = 1", vec![]),
        ("flowStartMicroseconds after '2026-01-01 00:00:30 UTC'", vec![1]),
        ("flowStartMicroseconds = '2026-01-01 00:00:00 UTC'", vec![0]),
        ("dataRecordsReliability false", vec![1]),
        ("absoluteError < 0", vec![0]),
        ("absoluteError -2..2.5", vec![0, 1]),
        ("mibObjectValueInteger < -4", vec![0]),
        ("not mibObjectValueInteger = 5", vec![0]),
    ] {
        let predicate = compile(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(rows(&predicate, &batch), want, "{text}");
        // Only what is looked at is read.
        let read = batch.schema().fields().iter().filter(|spec| predicate.fields().wants(spec.element)).count();
        assert!(read <= 1, "{text}");
    }
}

#[test]
fn errors_point_at_the_word() {
    let cases = [
        ("src port x", "column 10: 'x': expected a number from 0 to 65535, a port's name or a range such as 1-3"),
        ("port 53 and prto 6", "column 13: 'prto': expected a condition such as"),
        ("port 70000", "column 6: '70000': expected a number from 0 to 65535"),
        ("port 80-70", "column 6: '80-70': expected a range that ends after it starts"),
        ("port", "column 5: expected a number from 0 to 65535, a port's name or a range such as 1-3 at the end"),
        ("port 53 port 80", "column 9: 'port': expected 'and', 'or' or the end"),
        ("(port 53", "column 9: expected 'and', 'or' or ')' at the end"),
        ("port 53)", "column 8: ')': expected 'and', 'or' or the end"),
        ("port in (53", "column 12: expected ',' or ')' at the end"),
        ("udp and", "column 8: expected a condition"),
        ("src bytes 5", "column 5: 'bytes': expected an address, or host"),
        ("host > 10.0.0.1", "column 6: '>': expected '=', '!=' or 'in'"),
        ("bytes ~ 5", "column 7: '~': expected '=', '!=' or 'in'"),
        ("host 10.0.0", "column 6: '10.0.0': expected an address or a prefix"),
        ("duration 5x", "column 10: '5x': expected a time such as 500ms"),
        ("first after 2026-13-01", "column 13: '2026-13-01': "),
        ("flags XY", "column 7: 'XY': expected TCP flags"),
        ("host @none", "column 6: '@none': no such file"),
        ("host @bad", "column 6: '@bad': line 2: '10.0.0.x': expected an address"),
        ("53", "column 1: '53': expected a condition"),
        ("host \"10", "column 6: '\"10': expected a closing quote"),
    ];
    for (text, want) in cases {
        let error = compile(text).unwrap_err().to_string();
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    for word in ["(", "not ", "tcp ", "! ", "port in ("] {
        let text = word.repeat(10_000);
        assert!(compile(&text).is_err(), "{word}");
    }
    assert!(compile("udp or ".repeat(5000).trim_end_matches("or ")).is_ok());
}

/// A block of port 53 to one server in one hour.
struct Block;

impl BlockFacts for Block {
    fn bounds(&self, field: Field) -> Option<(u64, u64)> {
        let start = EXPORTED * 1000;
        match field {
            Field::DstPort => Some((53, 53)),
            Field::Octets => Some((40, 1500)),
            Field::StartMs => Some((start, start + 3_600_000)),
            _ => None,
        }
    }

    fn may_hold(&self, address: IpAddr) -> bool {
        address == IpAddr::from([10, 0, 0, 1])
    }
}

#[test]
fn expressions_rule_blocks_out() {
    let cases = [
        ("dst port 53 and host 10.0.0.1", true),
        ("dst port 80", false),
        ("not dstport 53", false),
        // Flows without ports may be among them.
        ("not dst port 53", true),
        ("port 80", true),
        ("host 10.0.0.2", false),
        ("host 2001:db8::1 or net 10.0.0.0/30", true),
        ("not host 10.0.0.2", true),
        ("bytes > 1M", false),
        ("bytes & 1 = 1", true),
        ("first after '2026-01-01 02:00 UTC'", false),
        ("first before '2026-01-01 00:30 UTC'", true),
        ("duration > 1d or vlanId 3", true),
        ("flowEndReason 1 and bytes < 40", false),
    ];
    for (text, want) in cases {
        assert_eq!(compile(text).unwrap().may_match(&Block), want, "{text}");
    }
}

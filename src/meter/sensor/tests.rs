use std::convert::Infallible;
use std::net::IpAddr;

use proptest::prelude::*;

use super::super::biflow::Direction;
use super::super::expiry::{FIN, RST, Reason};
use super::super::link::LinkType;
use super::super::packet::{TCP, UDP};
use super::*;

/// Keeps every flow.
#[derive(Default)]
struct Keep {
    began: Vec<u64>,
    flows: Vec<Biflow>,
}

impl Sink for Keep {
    type Error = Infallible;

    fn begin(&mut self, now_ns: u64) {
        self.began.push(now_ns);
    }

    fn take(&mut self, flow: &Biflow) -> Result<(), Infallible> {
        self.flows.push(*flow);
        Ok(())
    }
}

const S: u64 = 1_000_000_000;

/// An IPv4 packet of TCP or UDP between two hosts of 10.0.0.0/24.
fn packet(protocol: u8, hosts: [u8; 2], ports: [u16; 2], flags: u8) -> Vec<u8> {
    let [s, d] = hosts;
    let mut octets = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, s, 10, 0, 0, d];
    octets.extend(ports.iter().flat_map(|p| p.to_be_bytes()));
    octets.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    octets
}

/// Counts raw IP packets at times, and ends everything.
fn meter(settings: Settings, packets: &[(u64, Vec<u8>)]) -> (Keep, Stats) {
    let mut meter = Meter::new(settings).unwrap();
    let mut keep = Keep::default();
    for (time_ns, data) in packets {
        let frame = Frame { time_ns: *time_ns, wire_len: data.len() as u32 + 6, link: LinkType::RAW, data };
        meter.frame(&frame, &mut keep).unwrap();
    }
    meter.finish(&mut keep).unwrap();
    assert_eq!(meter.flows(), 0);
    (keep, meter.stats().clone())
}

fn reasons(keep: &Keep) -> Vec<Reason> {
    keep.flows.iter().map(|f| f.reason).collect()
}

#[test]
fn both_directions_are_counted_by_themselves() {
    let there = |flags| packet(TCP, [1, 2], [1024, 80], flags);
    let back = |flags| packet(TCP, [2, 1], [80, 1024], flags);
    let packets = [(10 * S, there(2)), (11 * S, back(0x12)), (12 * S, there(0x10)), (9 * S, there(8))];
    let (keep, stats) = meter(Settings::default(), &packets);
    assert_eq!((keep.began, keep.flows.len(), stats.packets), (vec![10 * S], 1, 4));
    let flow = keep.flows[0];
    let way = |packets, first_ns, last_ns, flags| Direction {
        packets,
        octets: packets * 40,
        first_ns,
        last_ns,
        flags,
        tos: 0,
    };
    assert_eq!(flow.directions, [way(3, 9 * S, 12 * S, 0x1a), way(1, 11 * S, 11 * S, 0x12)]);
    assert_eq!((flow.reason, flow.ended_ns), (Reason::Flushed, 12 * S));
    let ends: Vec<_> =
        flow.unidirectional().map(|(e, _)| (IpAddr::from(e.addresses[0]).to_string(), e.ports)).collect();
    assert_eq!(ends, [("10.0.0.1".to_owned(), [1024, 80]), ("10.0.0.2".to_owned(), [80, 1024])]);
    // As softflowd has it: octets of the frame, one pair of times for both directions.
    let (keep, _) = meter(Settings { compat: true, ..Settings::default() }, &packets);
    let [there, back] = keep.flows[0].directions;
    assert_eq!((there.octets, back.octets), (3 * 46, 46));
    assert_eq!((back.first_ns, back.last_ns), (9 * S, 12 * S));
}

#[test]
fn flows_are_over_when_their_time_has_come() {
    let timeouts = Timeouts { interval: 1, ..Timeouts::default() };
    let settings = Settings { timeouts, ..Settings::default() };
    let udp = || packet(UDP, [1, 2], [5, 6], 0);
    let at = |seconds: u64| 1_700_000_000 * S + seconds * S;
    let (keep, _) = meter(settings, &[(at(0), udp()), (at(299), udp()), (at(598), udp()), (at(898), udp())]);
    assert_eq!(reasons(&keep), [Reason::Udp, Reason::Flushed]);
    assert_eq!((keep.flows[0].directions[0].packets, keep.flows[0].ended_ns), (3, at(898)));
    let tcp = |flags| packet(TCP, [1, 2], [5, 6], flags);
    let back = |flags| packet(TCP, [2, 1], [6, 5], flags);
    let other = || packet(TCP, [8, 9], [5, 6], 0);
    let closing = [(at(0), tcp(2)), (at(1), tcp(FIN)), (at(2), back(FIN)), (at(301), other()), (at(302), other())];
    assert_eq!(reasons(&meter(settings, &closing).0), [Reason::TcpFin, Reason::Flushed]);
    let reset = [(at(0), tcp(2)), (at(1), back(RST)), (at(120), other()), (at(121), other())];
    assert_eq!(reasons(&meter(settings, &reset).0), [Reason::TcpRst, Reason::Flushed]);
    let busy = Settings { timeouts: Timeouts { max_life: 60, ..timeouts }, ..settings };
    let packets: Vec<_> = (0..=100).map(|i| (at(i), tcp(0x10))).collect();
    let (keep, _) = meter(busy, &packets);
    assert_eq!(reasons(&keep), [Reason::MaxLife, Reason::Flushed]);
    assert_eq!(keep.flows.iter().map(|f| f.directions[0].packets).sum::<u64>(), 101);
}

#[test]
fn expiry_is_looked_for_once_an_interval() {
    let timeouts = Timeouts { udp: 10, interval: 60, ..Timeouts::default() };
    let udp = |port| packet(UDP, [1, 2], [5, port], 0);
    let packets = [(0, udp(1)), (15 * S, udp(2)), (59 * S, udp(1)), (61 * S, udp(3))];
    let (keep, _) = meter(Settings { timeouts, ..Settings::default() }, &packets);
    assert_eq!(reasons(&keep), [Reason::Udp, Reason::Flushed, Reason::Flushed]);
    assert_eq!(keep.flows[0].ends.ports[1].max(keep.flows[0].ends.ports[0]), 5);
    assert_eq!(keep.flows.iter().map(|f| f.directions[0].packets).max(), Some(2));
}

#[test]
fn a_full_cache_ends_the_flows_that_would_have_ended_first() {
    let packets: Vec<_> = (0..500u16).map(|i| (u64::from(i) * S / 100, packet(UDP, [1, 2], [i, 9000], 0))).collect();
    let (keep, stats) = meter(Settings { max_flows: 100, ..Settings::default() }, &packets);
    let forced = keep.flows.iter().filter(|f| f.reason == Reason::MaxFlows).count();
    assert_eq!((keep.flows.len(), forced, stats.because(Reason::MaxFlows)), (500, 400, 400));
    // The oldest went first.
    let ports: Vec<u16> = keep.flows.iter().map(|f| f.ends.ports[0].min(f.ends.ports[1])).collect();
    assert_eq!(ports, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_flow_of_two_gigabytes_ends() {
    let data = packet(UDP, [1, 2], [5, 6], 0);
    let mut meter = Meter::new(Settings { compat: true, ..Settings::default() }).unwrap();
    let mut keep = Keep::default();
    for _ in 0..5 {
        let frame = Frame { time_ns: S, wire_len: 1 << 30, link: LinkType::RAW, data: &data };
        meter.frame(&frame, &mut keep).unwrap();
    }
    meter.finish(&mut keep).unwrap();
    assert_eq!(reasons(&keep), [Reason::OverBytes, Reason::Flushed]);
    assert_eq!(keep.flows[0].directions[0].octets, 3 << 30);
}

#[test]
fn tracking_less_merges_and_tracking_more_splits() {
    let frame = |vlan: u8, mac: u8, tos: u8, port: u16, protocol: u8| {
        let mut ip = packet(protocol, [1, 2], [port, 80], 0);
        ip[1] = tos;
        [&[mac; 12][..], &[0x81, 0, 0, vlan, 8, 0], &ip].concat()
    };
    let frames = [
        frame(1, 1, 0, 7, UDP),
        frame(1, 1, 9, 7, UDP),
        frame(1, 1, 0, 8, UDP),
        frame(1, 1, 0, 7, TCP),
        frame(2, 1, 0, 7, UDP),
        frame(2, 3, 0, 7, UDP),
    ];
    for (track, expected) in
        [(Track::Ip, 1), (Track::Protocol, 2), (Track::Full, 3), (Track::Vlan, 4), (Track::Ether, 5)]
    {
        let mut meter = Meter::new(Settings { track, ..Settings::default() }).unwrap();
        let mut keep = Keep::default();
        for data in &frames {
            let frame = Frame { time_ns: S, wire_len: data.len() as u32, link: LinkType::ETHERNET, data };
            meter.frame(&frame, &mut keep).unwrap();
        }
        meter.finish(&mut keep).unwrap();
        assert_eq!(keep.flows.len(), expected, "{track:?}");
        let ends = keep.flows[0].ends;
        assert_eq!(ends.protocol == 0, track == Track::Ip);
        assert_eq!(ends.ports == [0; 2], track < Track::Full);
        assert_eq!((ends.vlan == 0, ends.macs[0] == 0), (track < Track::Vlan, track < Track::Ether));
    }
}

#[test]
fn ipv6_is_kept_or_only_counted() {
    let mut data = vec![0x60, 0, 0, 0, 0, 12, UDP, 64];
    data.extend([1; 16]);
    data.extend([2; 16]);
    data.extend([4, 0, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]);
    for (ipv6, flows) in [(true, 1), (false, 0)] {
        let (keep, stats) = meter(Settings { ipv6, ..Settings::default() }, &[(S, data.clone())]);
        assert_eq!((keep.flows.len(), stats.ipv6, stats.packets), (flows, 1, 1));
        if let Some(flow) = keep.flows.first() {
            assert!(matches!(flow.ends.addresses, [Address::V6(_), Address::V6(_)]));
            assert_eq!((flow.ends.ports, flow.directions[0].octets), ([1024, 53], 52));
        }
    }
}

#[test]
fn sampling_counts_one_packet_in_so_many() {
    let packets: Vec<_> = (0..10).map(|i| (i * S, packet(UDP, [1, 2], [5, 6], 0))).collect();
    let (keep, stats) = meter(Settings { sampling: 4, ..Settings::default() }, &packets);
    assert_eq!((keep.flows[0].directions[0].packets, stats.packets, stats.not_sampled), (3, 3, 7));
}

proptest! {
    /// However packets come, none gets lost, and no more flows are kept than there may be.
    #[test]
    fn every_packet_is_in_one_flow(
        max_flows in 1usize..40,
        packets in proptest::collection::vec((0u64..200, 1u8..6, 1u8..6, 0u16..4, 0u8..32), 0..400),
    ) {
        let timeouts = Timeouts { tcp: 30, tcp_fin: 5, tcp_rst: 3, max_life: 90, interval: 1, ..Timeouts::default() };
        let mut now = 1_000_000;
        let packets: Vec<_> = packets
            .into_iter()
            .map(|(step, s, d, port, flags)| {
                // Mostly forward, in part far, a little backward.
                now = if step > 190 { now - 2 } else { now + step * step / 2000 };
                (now * S, packet(TCP, [s, d], [port, 80], flags))
            })
            .collect();
        let (keep, stats) = meter(Settings { max_flows, timeouts, ..Settings::default() }, &packets);
        let sum = |f: fn(&Direction) -> u64| keep.flows.iter().flat_map(|b| &b.directions).map(f).sum::<u64>();
        prop_assert_eq!(sum(|d| d.packets), packets.len() as u64);
        prop_assert_eq!(sum(|d| d.octets), 40 * packets.len() as u64);
        prop_assert_eq!((stats.flows(), stats.packets), (keep.flows.len() as u64, packets.len() as u64));
        for flow in &keep.flows {
            prop_assert!(flow.first_ns() <= flow.last_ns() && flow.last_ns() <= flow.ended_ns);
        }
    }
}

#[test]
fn fragments_follow_their_first_but_not_softflowds() {
    let fragment = |bits: u16| {
        let mut data = packet(UDP, [1, 2], if bits == 0x2000 { [1024, 53] } else { [9, 9] }, 0);
        data[4..6].copy_from_slice(&[0, 77]);
        data[6..8].copy_from_slice(&bits.to_be_bytes());
        data
    };
    let packets = [(S, fragment(0x2000)), (S, fragment(0x2005)), (2 * S, fragment(0x0009))];
    let (keep, stats) = meter(Settings::default(), &packets);
    assert_eq!((keep.flows.len(), stats.fragments), (1, 3));
    let flow = keep.flows[0];
    assert_eq!((flow.directions[0].packets + flow.directions[1].packets, flow.directions[0].octets), (3, 120));
    let (keep, _) = meter(Settings { compat: true, ..Settings::default() }, &packets);
    let mut ports: Vec<_> = keep.flows.iter().map(|flow| flow.ends.ports).collect();
    ports.sort_unstable();
    assert_eq!(ports, [[0, 0], [1024, 53]]);
}

#[test]
fn a_link_type_that_is_not_understood_is_told() {
    let mut meter = Meter::new(Settings::default()).unwrap();
    let mut keep = Keep::default();
    let frame = Frame { time_ns: S, wire_len: 40, link: LinkType::RAW, data: &packet(UDP, [1, 2], [5, 6], 0) };
    meter.frame(&frame, &mut keep).unwrap();
    assert_eq!(meter.unknown_link(), None);
    meter.frame(&Frame { link: LinkType(187), ..frame }, &mut keep).unwrap();
    assert_eq!((meter.unknown_link(), meter.stats().not_ip), (Some(LinkType(187)), 1));
}

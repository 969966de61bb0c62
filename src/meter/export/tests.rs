use std::convert::Infallible;

use super::super::expiry::Reason;
use super::*;
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Order};

const MS: u64 = 1_000_000;
const DAY: u64 = 86_400_000 * MS;

fn flow(first_ns: u64, last_ns: u64) -> Biflow {
    let ends = Ends {
        addresses: [Address::V4(0x0a00_0001), Address::V4(0x0a00_0002)],
        ports: [1024, 80],
        macs: [0; 2],
        protocol: 6,
        vlan: 0,
    };
    let there = Direction { packets: 3, octets: 120, first_ns, last_ns, flags: 0x1b, tos: 0x10 };
    let back = Direction { packets: 1, octets: 40, flags: 0x12, tos: 0, ..there };
    Biflow { ends, directions: [there, back], reason: Reason::Flushed, ended_ns: last_ns }
}

/// The records of some flows, in pieces of at most `most`.
fn records(version: Version, most: usize, flows: &[Biflow]) -> Vec<FlowBatch> {
    let mut batches = Vec::new();
    let exporter = Ipv4Addr::new(192, 0, 2, 9);
    let mut sink = Classic::new(version, exporter, most, |bytes: &[u8]| {
        batches.push(FlowBatch::from_raw(version, Order::HOST, bytes.to_vec()));
        Ok::<_, Infallible>(())
    });
    sink.begin(flows.first().map_or(0, Biflow::first_ns));
    for flow in flows {
        sink.take(flow).unwrap();
    }
    sink.flush().unwrap();
    sink.flush().unwrap();
    batches
}

fn times(batch: &FlowBatch) -> Vec<(u64, u64)> {
    let mut times = FlowTimes::default();
    times.gather(batch);
    times.start.iter().copied().zip(times.end.iter().copied()).collect()
}

#[test]
fn a_flow_is_a_record_a_direction() {
    for version in [Version::V1, Version::V5, Version::V6, Version::V7, Version::V1005] {
        let batches = records(version, 100, &[flow(1_700_000_000_123 * MS, 1_700_000_009_456 * MS + 999_999)]);
        assert_eq!(batches.len(), 1);
        let all = |field| {
            let mut values = Vec::<u32>::new();
            assert!(batches[0].gather(field, &mut values), "{field:?}");
            values
        };
        assert_eq!((all(Field::SrcAddr), all(Field::DstPort)), (vec![0x0a00_0001, 0x0a00_0002], vec![80, 1024]));
        assert_eq!((all(Field::DstAddr), all(Field::SrcPort)), (vec![0x0a00_0002, 0x0a00_0001], vec![1024, 80]));
        assert_eq!((all(Field::Packets), all(Field::Octets)), (vec![3, 1], vec![120, 40]));
        assert_eq!(
            (all(Field::TcpFlags), all(Field::Tos), all(Field::Protocol)),
            (vec![0x1b, 0x12], vec![0x10, 0], vec![6; 2])
        );
        assert_eq!((all(Field::First), all(Field::Exporter)), (vec![60_000; 2], vec![0xc000_0209; 2]));
        assert_eq!((all(Field::NextHop), all(Field::Input)), (vec![0; 2], vec![0; 2]));
        assert_eq!(times(&batches[0]), [(1_700_000_000_123, 1_700_000_009_456); 2]);
    }
}

#[test]
fn times_are_exact_for_any_age_and_any_distance() {
    let spans = [
        (1_000 * MS, 2_000 * MS),
        (0, 5 * MS),
        (3 * DAY, 4 * DAY),
        (48 * DAY, 60 * DAY),
        (55 * DAY, 104 * DAY),
        (20_000 * DAY, 20_040 * DAY),
        (2_000 * DAY, 2_000 * DAY + 1),
        (49_000 * DAY, 49_000 * DAY),
    ];
    let flows: Vec<Biflow> = spans.iter().map(|(first, last)| flow(*first, *last)).collect();
    let seen: Vec<_> = records(Version::V5, 100, &flows).iter().flat_map(times).collect();
    let expected: Vec<_> = spans.iter().flat_map(|(f, l)| [(f / MS, l / MS); 2]).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_flow_found_over_long_after_it_is_has_exact_times() {
    let late = Biflow { ended_ns: 200 * DAY, ..flow(DAY, 2 * DAY) };
    let seen = records(Version::V5, 100, &[late]);
    assert_eq!(times(&seen[0])[0], (86_400_000, 2 * 86_400_000));
}

#[test]
fn a_flow_too_long_for_a_record_begins_later() {
    let seen = records(Version::V5, 100, &[flow(DAY, 300 * DAY)]);
    assert_eq!(times(&seen[0])[0], (300 * 86_400_000 - u64::from(u32::MAX), 300 * 86_400_000));
}

#[test]
fn times_beyond_the_format_are_its_last() {
    let seen = records(Version::V5, 100, &[flow(u64::MAX - DAY, u64::MAX)]);
    assert_eq!(times(&seen[0])[0], (END_MS, END_MS));
}

#[test]
fn pieces_are_no_longer_than_asked_for_and_have_one_time() {
    let flows: Vec<Biflow> = (0..10).map(|i| flow(DAY, DAY + i * 1000 * MS)).collect();
    let batches = records(Version::V5, 6, &flows);
    assert_eq!(batches.iter().map(FlowBatch::len).collect::<Vec<_>>(), [6, 6, 6, 2]);
    for batch in batches {
        let mut uptimes = Vec::<u32>::new();
        batch.gather(Field::Uptime, &mut uptimes);
        uptimes.dedup();
        assert_eq!(uptimes.len(), 1);
    }
}

#[test]
fn counters_too_large_for_a_record_need_several() {
    let mut big = flow(DAY, DAY);
    big.directions[0].octets = 10_000_000_000;
    big.directions[1].packets = 0;
    let batches = records(Version::V5, 100, &[big]);
    let sum = |field| {
        let mut values = Vec::<u32>::new();
        batches[0].gather(field, &mut values);
        assert!(values.iter().all(|n| *n > 0));
        values.iter().map(|n| u64::from(*n)).sum::<u64>()
    };
    assert_eq!((sum(Field::Octets), sum(Field::Packets), batches[0].len()), (10_000_000_000, 3, 3));
}

#[test]
fn a_flow_of_a_tebibyte_in_a_second_is_many_records() {
    let mut big = flow(DAY, DAY + 1000 * MS);
    (big.directions[0].octets, big.directions[0].packets) = (1 << 40, 1 << 33);
    big.directions[1].packets = 0;
    let batches = records(Version::V5, 100, &[big]);
    let all = |field| {
        let mut values = Vec::<u32>::new();
        batches.iter().for_each(|batch| {
            let mut some = Vec::<u32>::new();
            batch.gather(field, &mut some);
            values.extend(some);
        });
        values
    };
    let sum = |values: &[u32]| values.iter().map(|n| u64::from(*n)).sum::<u64>();
    let (octets, packets) = (all(Field::Octets), all(Field::Packets));
    assert_eq!((sum(&octets), sum(&packets), octets.len()), (1 << 40, 1 << 33, 257));
    assert!(packets.iter().all(|n| *n > 0) && octets.iter().max().unwrap() - octets.iter().min().unwrap() <= 1);
    assert!(batches.iter().flat_map(times).all(|span| span == (86_400_000, 86_401_000)));
}

#[test]
fn the_interface_is_input_and_output() {
    for (number, told) in [(7, 7), (65_535, 65_535), (65_536, 0)] {
        let mut seen = Vec::new();
        let mut sink = Classic::new(Version::V5, Ipv4Addr::UNSPECIFIED, 30, |bytes: &[u8]| {
            let batch = FlowBatch::from_raw(Version::V5, Order::HOST, bytes.to_vec());
            seen.extend([Field::Input, Field::Output].map(|field| batch.view(field).unwrap().number(0)));
            Ok::<_, Infallible>(())
        })
        .on_interface(number);
        sink.take(&flow(DAY, DAY)).unwrap();
        sink.flush().unwrap();
        drop(sink);
        assert_eq!(seen, [told; 2]);
    }
}

#[test]
fn ipv6_flows_are_counted() {
    let mut six = flow(DAY, DAY);
    six.ends.addresses = [Address::V6(1), Address::V6(2)];
    let mut sink = Classic::new(Version::V5, Ipv4Addr::UNSPECIFIED, 30, |_: &[u8]| Err("nothing to hand on"));
    sink.take(&six).unwrap();
    sink.flush().unwrap();
    assert_eq!((sink.ipv6(), sink.records()), (2, 0));
}

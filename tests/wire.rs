//! Datagrams and back, through the library's doors.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowtools::flow::{FlowBatch, Form, Order, Version, ie};
use flowtools::wire::{Clock, Decoder, Encoder, Export, Records, Reject, Sequence, flows_per_datagram};
use proptest::prelude::*;

const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// A datagram with its exporter, as the encoder made it.
type Sent = (Ipv4Addr, Vec<u8>);

fn encode(encoder: &mut Encoder, batches: &[FlowBatch]) -> Vec<Sent> {
    let mut sent = Vec::new();
    let mut keep = |export: Export<'_>| -> Result<(), Infallible> {
        sent.push((export.exporter, export.octets.to_vec()));
        Ok(())
    };
    for batch in batches {
        encoder.encode(&batch.raw().unwrap(), batch.rows(), &mut keep).unwrap();
    }
    encoder.finish(&mut keep).unwrap();
    sent
}

/// Records of a version whose octets count up, with one head for all.
fn records(version: Version, flows: usize) -> Vec<u8> {
    let layout = version.layout();
    let mut out: Vec<u8> = (0..flows * layout.size).map(|i| (i * 7 + i / layout.size) as u8).collect();
    for record in out.chunks_exact_mut(layout.size) {
        for element in [ie::UNIX_SECS, ie::UNIX_NSECS, ie::UPTIME, ie::EXPORTER4, ie::ENGINE_TYPE, ie::ENGINE_ID] {
            if let Some((at, width)) = layout.find(element) {
                record[at..at + width].fill(5);
            }
        }
    }
    out
}

/// The records with everything zeroed that the wire does not carry.
fn on_the_wire(version: Version, records: &[u8]) -> Vec<u8> {
    let layout = version.layout();
    let mut out = records.to_vec();
    for record in out.chunks_exact_mut(layout.size) {
        for (spec, at) in layout.schema.fields().iter().zip(&layout.offsets) {
            if [ie::PADDING, ie::RESERVED].contains(&spec.element) {
                record[usize::from(*at)..usize::from(*at + spec.width)].fill(0);
            }
        }
    }
    out
}

fn exported() -> impl Iterator<Item = Version> {
    Version::ALL.into_iter().filter(|v| *v != Version::V1005)
}

#[test]
fn every_version_comes_back_as_it_was_sent() {
    for version in exported() {
        let original = records(version, 100);
        let batch = FlowBatch::from_raw(version, Order::HOST, original.clone());
        let sent = encode(&mut Encoder::new(), &[batch]);
        let most = flows_per_datagram(version);
        assert_eq!(sent.len(), 100usize.div_ceil(most), "version {version}");
        let (mut decoder, mut back) = (Decoder::new(), Records::new());
        for (at, (exporter, datagram)) in sent.iter().enumerate() {
            assert!(datagram.len() <= 1464, "version {version}");
            let heard = decoder.decode((*exporter).into(), 2055, datagram, &mut back).unwrap();
            assert_eq!(heard.form, Form::Classic(version));
            let expected = match version {
                Version::V1 => Sequence::Unnumbered,
                _ if at == 0 => Sequence::First,
                _ => Sequence::InOrder,
            };
            assert_eq!(heard.sequence, expected, "version {version}");
        }
        assert_eq!(back.flows(), 100);
        assert!(back.take(version) == on_the_wire(version, &original), "version {version}");
        assert!(back.is_empty());
    }
}

#[test]
fn either_byte_order_gives_the_same_datagrams() {
    // Of some versions records of the other order are never looked at as they are.
    for version in exported().filter(|v| !v.layout().mixed) {
        let host = records(version, 40);
        let mut other = host.clone();
        version.layout().swap(&mut other);
        let swapped = if Order::HOST == Order::Little { Order::Big } else { Order::Little };
        let a = encode(&mut Encoder::new(), &[FlowBatch::from_raw(version, Order::HOST, host)]);
        let b = encode(&mut Encoder::new(), &[FlowBatch::from_raw(version, swapped, other)]);
        assert!(a == b, "version {version}");
    }
}

#[test]
fn a_new_head_begins_a_new_datagram() {
    let layout = Version::V5.layout();
    let mut bytes = records(Version::V5, 10);
    for (flow, element) in [(2, ie::UNIX_SECS), (4, ie::EXPORTER4), (6, ie::ENGINE_ID), (8, ie::UPTIME)] {
        let (at, _) = layout.find(element).unwrap();
        for record in bytes.chunks_exact_mut(layout.size).skip(flow) {
            record[at] += 1;
        }
    }
    let sent = encode(&mut Encoder::new(), &[FlowBatch::from_raw(Version::V5, Order::HOST, bytes.clone())]);
    assert!(sent.iter().all(|(_, datagram)| datagram.len() == 24 + 2 * 48));
    let sequences: Vec<u32> = sent.iter().map(|(_, d)| u32::from_be_bytes(d[16..20].try_into().unwrap())).collect();
    // Engine 5 has sent six flows when engine 6 begins.
    assert_eq!(sequences, [0, 2, 4, 0, 2]);
    // In their exporters' names each exporter counts for itself.
    let sent = encode(&mut Encoder::new().by_exporter(), &[FlowBatch::from_raw(Version::V5, Order::HOST, bytes)]);
    let sequences: Vec<u32> = sent.iter().map(|(_, d)| u32::from_be_bytes(d[16..20].try_into().unwrap())).collect();
    assert_eq!(sequences, [0, 2, 0, 0, 2]);
}

#[test]
fn a_clock_of_our_own_stands_in_the_header() {
    let mut encoder = Encoder::new();
    encoder.set_clock(Some(Clock { unix_secs: 1, unix_nsecs: 2, uptime: 3 }));
    let sent = encode(&mut encoder, &[FlowBatch::from_raw(Version::V1, Order::HOST, records(Version::V1, 1))]);
    let (_, datagram) = &sent[0];
    assert_eq!(datagram[..16], [0, 1, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2]);
}

#[test]
fn versions_do_not_share_a_datagram() {
    let batches =
        [Version::V1005, Version::V7, Version::V5].map(|v| FlowBatch::from_raw(v, Order::HOST, records(v, 3)));
    let sent = encode(&mut Encoder::new(), &batches);
    let versions: Vec<u8> = sent.iter().map(|(_, d)| d[1]).collect();
    assert_eq!(versions, [5, 7, 5]);
    assert_eq!(u32::from_be_bytes(sent[2].1[16..20].try_into().unwrap()), 3);
}

#[test]
fn version_1_has_a_long_form() {
    let mut datagram = vec![0; 16 + 2 * 52];
    (datagram[1], datagram[3]) = (1, 2);
    (datagram[16], datagram[16 + 52]) = (11, 22);
    let mut records = Records::new();
    Decoder::new().decode(EXPORTER, 1, &datagram, &mut records).unwrap();
    let batch = records.drain().next().unwrap();
    let mut sources = Vec::<u32>::new();
    batch.gather(flowtools::flow::Field::SrcAddr, &mut sources);
    assert_eq!(sources, [11 << 24, 22 << 24]);
}

#[test]
fn what_is_no_export_is_refused_with_a_reason() {
    let mut decoder = Decoder::new();
    let mut refuse = |datagram: &[u8]| decoder.decode(EXPORTER, 1, datagram, &mut Records::new()).unwrap_err();
    assert_eq!(refuse(&[]), Reject::Short { octets: 0, need: 2 });
    assert_eq!(refuse(&[0, 5, 0, 1]), Reject::Short { octets: 4, need: 24 });
    assert_eq!(refuse(&[0, 2, 0, 0]), Reject::Version(2));
    assert_eq!(refuse(&[&[0, 5][..], &[0; 22]].concat()), Reject::Empty);
    assert_eq!(refuse(&[&[0, 5, 0, 2][..], &[0; 20 + 48]].concat()), Reject::Count { says: 2, holds: 1 });
    assert_eq!(refuse(&[&[0, 8, 0, 2][..], &[0; 18], &[15, 2, 0, 0, 0, 0]].concat()), Reject::Method(15));
    let total = decoder.total();
    assert_eq!((total.corrupt, total.packets, total.flows), (6, 0, 0));
}

#[test]
fn exporters_are_ipv4_addresses_or_0() {
    let mut datagram = vec![0; 24 + 48];
    (datagram[1], datagram[3]) = (5, 1);
    let mut decoder = Decoder::new();
    let mapped = Ipv4Addr::new(10, 1, 2, 3).to_ipv6_mapped();
    for (from, stored) in [(mapped, 0x0a01_0203u32), (Ipv6Addr::LOCALHOST, 0)] {
        let mut records = Records::new();
        decoder.decode(from.into(), 1, &datagram, &mut records).unwrap();
        assert_eq!(records.take(Version::V5)[12..16], stored.to_ne_bytes());
    }
    let exporters = decoder.exporters();
    assert!(exporters.contains_key(&(Ipv4Addr::new(10, 1, 2, 3).into(), 5)));
    assert_eq!(exporters.len(), 2);
}

/// Datagrams that look right at first sight.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let head = (prop::sample::select(vec![1u8, 5, 6, 7, 8, 9, 10]), 0u8..60, 0u8..20);
    (head, prop::collection::vec(any::<u8>(), 20..1500)).prop_map(|((version, count, method), mut bytes)| {
        bytes[..4].copy_from_slice(&[0, version, 0, count]);
        if let Some(octet) = bytes.get_mut(22) {
            *octet = method;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn arbitrary_octets_are_decoded_or_refused(
        datagram in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), nearly()]
    ) {
        let (mut decoder, mut records) = (Decoder::new(), Records::new());
        let result = decoder.decode(EXPORTER, 2055, &datagram, &mut records);
        if result.is_ok_and(|heard| heard.protocol < 9) {
            prop_assert!(!records.is_empty());
        }
        // Before each record, however short, stand the facts of the header.
        prop_assert!(records.octets() <= datagram.len() * 40);
        prop_assert_eq!(records.flows(), result.map_or(0, |heard| heard.flows));
    }

    #[test]
    fn arbitrary_records_survive(
        which in 0usize..18,
        octets in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let version = exported().nth(which).unwrap();
        let size = version.layout().size;
        let whole = octets[..octets.len() / size * size].to_vec();
        let sent = encode(&mut Encoder::new(), &[FlowBatch::from_raw(version, Order::HOST, whole.clone())]);
        let (mut decoder, mut back) = (Decoder::new(), Records::new());
        for (exporter, datagram) in &sent {
            decoder.decode((*exporter).into(), 1, datagram, &mut back).unwrap();
        }
        prop_assert_eq!(back.take(version), on_the_wire(version, &whole));
        let total = decoder.total();
        prop_assert_eq!(total.lost + total.resets + total.corrupt + total.misordered, 0);
    }
}

//! NetFlow 9 and IPFIX, through the library's doors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::slice::from_ref;

use flowtools::flow::time::FlowTimes;
use flowtools::flow::{About, Element, Fact, Field, FlowBatch, Form, ie};
use flowtools::meter::packet::udp_payload;
use flowtools::meter::source::Capture;
use flowtools::wire::{Datagram, Decoder, Records, Reject, Sequence, Session};
use proptest::prelude::*;

const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SECS: u32 = 1_700_000_000;

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn set(id: u16, body: &[u8]) -> Vec<u8> {
    [&words(&[id, body.len() as u16 + 4]), body].concat()
}

fn v9(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let numbers = [5000, SECS, sequence, 7].map(u32::to_be_bytes).concat();
    [words(&[9, 1]), numbers, sets.concat()].concat()
}

fn ipfix(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let (sets, numbers) = (sets.concat(), [SECS, sequence, 7].map(u32::to_be_bytes).concat());
    [words(&[10, sets.len() as u16 + 16]), numbers, sets].concat()
}

/// Source address and octets, both in four octets.
const FIELDS: [u16; 4] = [8, 4, 1, 4];

fn template(id: u16) -> Vec<u8> {
    [words(&[id, 2]), words(&FIELDS)].concat()
}

/// Records of [`FIELDS`].
fn flows(octets: impl IntoIterator<Item = u32>) -> Vec<u8> {
    octets.into_iter().flat_map(|n| [0x0A00_0001, n]).flat_map(u32::to_be_bytes).collect()
}

fn octets(records: &mut Records) -> Vec<u64> {
    let mut all = Vec::new();
    for batch in records.drain() {
        let mut some = Vec::<u64>::new();
        batch.gather(Field::Octets, &mut some);
        all.extend(some);
    }
    all
}

fn hear(decoder: &mut Decoder, message: &[u8], records: &mut Records) -> Datagram {
    decoder.decode(EXPORTER, 2055, message, records).unwrap()
}

/// The flows of one message to a decoder that has heard nothing yet.
fn heard(message: &[u8]) -> Vec<FlowBatch> {
    let mut records = Records::new();
    hear(&mut Decoder::new(), message, &mut records);
    records.drain().collect()
}

fn of(batch: &FlowBatch, element: Element) -> Vec<u8> {
    let at = batch.schema().position(element, 0).unwrap();
    batch.column(at).unwrap().octets(0).0.to_vec()
}

#[test]
fn a_template_and_its_flows_in_one_datagram() {
    let batches = heard(&v9(1, &[set(0, &template(256)), set(256, &[flows([5, 6]), vec![0; 3]].concat())]));
    assert_eq!((batches.len(), batches[0].len()), (1, 2));
    let batch = &batches[0];
    let numbers = [Field::Octets, Field::UnixSecs, Field::Uptime, Field::SrcAddr, Field::Exporter].map(|field| {
        let mut all = Vec::<u64>::new();
        assert!(batch.gather(field, &mut all), "{field:?}");
        all
    });
    let secs = u64::from(SECS);
    assert_eq!(numbers, [[5, 6], [secs; 2], [5000; 2], [0x0A00_0001; 2], [0xC000_0201; 2]].map(Vec::from));
    assert_eq!(of(batch, Element::iana(149)), 7u32.to_be_bytes());
}

#[test]
fn exporters_of_either_family_are_told() {
    let message = ipfix(0, &[set(2, &template(256)), set(256, &flows([5]))]);
    for exporter in [EXPORTER, Ipv6Addr::LOCALHOST.into(), Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into()] {
        let mut records = Records::new();
        Decoder::new().decode(exporter, 1, &message, &mut records).unwrap();
        let batch = records.drain().next().unwrap();
        assert_eq!(batch.view(Field::Exporter).unwrap().address(0), exporter.to_canonical());
        assert!(!batch.has(Field::Uptime));
    }
}

#[test]
fn fields_of_varying_length_become_columns() {
    let names = [&b"\x04eth0"[..], &[255, 1, 0], &[b'x'; 256], b"\0"];
    let record =
        |octets: u32, name: &[&[u8]]| [&octets.to_be_bytes()[..], &name.concat(), &[1, 2, 3, 4, 5, 6]].concat();
    let body = [record(1, &names[..1]), record(2, &names[1..3]), record(3, &names[3..]), vec![0; 3]].concat();
    let fields = words(&[300, 3, 1, 4, 82, 65_535, 56, 6]);
    let batches = heard(&ipfix(0, &[set(2, &fields), set(300, &body)]));
    assert_eq!(batches[0].len(), 3);
    let (octets, name) = (batches[0].view(Field::Octets).unwrap(), batches[0].column(4).unwrap());
    assert_eq!([0, 1, 2].map(|row| octets.number(row)), [1, 2, 3]);
    assert_eq!([0, 1, 2].map(|row| name.octets(row).0.len()), [4, 256, 0]);
    assert_eq!(of(&batches[0], ie::SRC_MAC), [1, 2, 3, 4, 5, 6]);
    assert_eq!(of(&batches[0], ie::EXPORTER4), 0xC000_0201u32.to_ne_bytes());
}

#[test]
fn repeated_empty_and_foreign_fields_are_kept_apart() {
    let fields = words(&[300, 6, 1, 4, 1, 2, 210, 3, 82, 0, 0x8007, 2, 0, 29_305, 0x8007, 1, 0, 4242]);
    let batches = heard(&ipfix(0, &[set(2, &fields), set(300, &[0, 0, 0, 1, 0, 2, 9, 9, 9, 0, 3, 4])]));
    let specs: Vec<_> =
        batches[0].schema().fields()[3..].iter().map(|s| (s.element.enterprise, s.element.id, s.occurrence)).collect();
    assert_eq!(specs, [(0, 1, 0), (0, 1, 1), (0, 210, 0), (29_305, 7, 0), (4242, 7, 0)]);
    assert_eq!(batches[0].column(4).unwrap().number(0), 2);
}

#[test]
fn of_40_000_records_before_their_template_none_is_lost() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    for datagram in 0..2000 {
        let body = flows(datagram * 20..datagram * 20 + 20);
        let heard = hear(&mut decoder, &v9(datagram, &[set(256, &body)]), &mut records);
        assert_eq!(heard.flows, 0);
    }
    assert!(records.is_empty());
    let heard = hear(&mut decoder, &v9(2000, &[set(256, &flows([40_000])), set(0, &template(256))]), &mut records);
    assert_eq!((heard.flows, heard.templates, heard.form), (40_001, 1, Form::Modern));
    assert!(octets(&mut records).into_iter().eq(0..=40_000));
    let total = decoder.total();
    assert_eq!((total.flows, total.lost, total.dropped), (40_001, 0, 0));
}

#[test]
fn what_waits_is_bounded_and_what_is_dropped_is_counted() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let body = vec![0; 60_000];
    for datagram in 0..200 {
        hear(&mut decoder, &v9(datagram, &[set(256, &body)]), &mut records);
    }
    let total = *decoder.total();
    assert!((50..70).contains(&total.dropped), "{total:?}");
    let heard = hear(&mut decoder, &v9(200, &[set(0, &template(256))]), &mut records);
    assert_eq!(heard.flows as u64, (200 - total.dropped) * 60_000 / 8);
    // Of many exporters, those heard least recently make room.
    for port in 0..20 {
        for datagram in 0..130 {
            let message = v9(datagram, &[set(257, &body)]);
            decoder.decode(EXPORTER, port, &message, &mut records).unwrap();
        }
    }
    records.clear();
    let mut waited = |port| {
        let message = v9(200, &[set(0, &template(257))]);
        decoder.decode(EXPORTER, port, &message, &mut records).unwrap().flows
    };
    assert_eq!((waited(0), waited(19)), (0, 130 * 7500));
}

#[test]
fn a_template_is_another_after_it_was_defined_anew() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    hear(&mut decoder, &v9(0, &[set(0, &template(256)), set(256, &flows([1]))]), &mut records);
    hear(&mut decoder, &v9(1, &[set(0, &words(&[256, 1, 1, 2])), set(256, &[0, 2, 0, 3])]), &mut records);
    assert_eq!(octets(&mut records), [1, 2, 3]);
    // The exporter began anew: templates hold until it says otherwise.
    let again = hear(&mut decoder, &v9(0, &[set(256, &[0, 4])]), &mut records);
    assert_eq!((octets(&mut records), again.sequence), (vec![4], Sequence::Reset));
}

#[test]
fn withdrawn_templates_are_no_more() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let both = set(2, &[template(256), template(257)].concat());
    hear(&mut decoder, &ipfix(0, &[both.clone(), set(2, &words(&[256, 0]))]), &mut records);
    let data = [set(256, &flows([1])), set(257, &flows([2]))];
    assert_eq!(hear(&mut decoder, &ipfix(0, &data), &mut records).flows, 1);
    hear(&mut decoder, &ipfix(0, &[set(2, &words(&[2, 0]))]), &mut records);
    assert_eq!(hear(&mut decoder, &ipfix(0, &data), &mut records).flows, 0);
    // What came meanwhile waits for new ones.
    assert_eq!(hear(&mut decoder, &ipfix(0, &[both]), &mut records).flows, 3);
}

#[test]
fn templates_are_a_ports_a_domains_and_a_connections_own() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let (defined, data) = (ipfix(0, &[set(2, &template(256))]), ipfix(0, &[set(256, &flows([1]))]));
    let own = Session::connection(EXPORTER, 9, 1);
    decoder.decode_in(own, &defined, &mut records).unwrap();
    let mut flows = |session, decoder: &mut Decoder| decoder.decode_in(session, &data, &mut records).unwrap().flows;
    assert_eq!(flows(own, &mut decoder), 1);
    assert_eq!(flows(Session::connection(EXPORTER, 9, 2), &mut decoder), 0);
    assert_eq!(flows(Session::datagrams(EXPORTER, 9), &mut decoder), 0);
    decoder.forget(own);
    assert_eq!(flows(own, &mut decoder), 0);
}

#[test]
fn what_is_malformed_does_not_harm_what_came_before() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let sound = [set(2, &template(256)), set(256, &flows([1]))].concat();
    let mut heard = |tail: Vec<u8>| {
        let heard = hear(&mut decoder, &ipfix(0, &[sound.clone(), tail]), &mut records);
        assert_eq!((heard.flows, octets(&mut records)), (1, vec![1]));
        heard.damage
    };
    assert_eq!(heard(vec![1, 0, 0, 3]), Some(Reject::Set { id: 256, says: 3, holds: 4 }));
    assert_eq!(heard(words(&[256, 100])), Some(Reject::Set { id: 256, says: 100, holds: 4 }));
    assert_eq!(heard(set(2, &words(&[9, 1, 1, 1]))), Some(Reject::Template(9)));
    let cut = [set(2, &words(&[300, 2, 82, 65_535, 1, 1])), set(300, b"\x09ab")].concat();
    assert_eq!(heard(cut), Some(Reject::Record(300)));
    assert_eq!(heard(vec![0; 9]), None);
    assert_eq!(decoder.total().corrupt, 4);
    assert_eq!(decoder.decode(EXPORTER, 1, &words(&[9, 1]), &mut records), Err(Reject::Short { octets: 4, need: 20 }));
}

#[test]
fn version_9_counts_datagrams_and_ipfix_records() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let body = set(256, &flows([1, 2, 3]));
    let options = [set(3, &words(&[257, 1, 1, 41, 2])), set(257, &[0, 1, 0, 2])].concat();
    let mut hear = |message: Vec<u8>| hear(&mut decoder, &message, &mut records).sequence;
    assert_eq!(hear(v9(10, &[set(0, &template(256)), body.clone()])), Sequence::First);
    assert_eq!(hear(v9(11, from_ref(&body))), Sequence::InOrder);
    assert_eq!(hear(v9(14, from_ref(&body))), Sequence::Lost(2));
    assert_eq!(hear(ipfix(10, &[set(2, &template(256)), body.clone()])), Sequence::First);
    assert_eq!(hear(ipfix(13, &[body.clone(), options])), Sequence::InOrder);
    assert_eq!(hear(ipfix(18, &[body.clone(), body.clone()])), Sequence::InOrder);
    assert_eq!(hear(ipfix(30, from_ref(&body))), Sequence::Lost(6));
    // How many records are in a set without a template is not known.
    assert_eq!(hear(ipfix(33, &[set(999, &[0; 9])])), Sequence::InOrder);
    assert_eq!(hear(ipfix(40, &[body])), Sequence::First);
    let total = decoder.total();
    assert_eq!((total.lost, total.resets, total.options, total.templates), (8, 0, 2, 3));
}

#[test]
fn options_records_are_facts_not_flows() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let fields = words(&[300, 4, 8, 2, 4, 82, 6, 83, 65_535]);
    let body = [&b"\0\0\0\x07eth0\0\0"[..], b"\x03wan"].concat();
    let heard = hear(&mut decoder, &v9(0, &[set(1, &fields), set(300, &body)]), &mut records);
    assert_eq!((heard.flows, heard.options, records.is_empty()), (0, 1, true));
    let fact = Fact {
        exporter: EXPORTER,
        domain: 7,
        about: About::Interface(7),
        name: "eth0".into(),
        description: "wan".into(),
    };
    assert_eq!(records.facts().collect::<Vec<_>>(), from_ref(&fact));
    hear(&mut decoder, &v9(1, &[set(300, &body)]), &mut records);
    assert_eq!(records.facts().count(), 0, "it is no news");
    assert_eq!(decoder.facts().collect::<Vec<_>>(), [&fact]);
}

#[test]
fn counters_are_multiplied_by_the_sampling_rate_if_asked() {
    let sampler = [set(1, &words(&[300, 4, 8, 1, 0, 48, 1, 50, 2])), set(300, &[3, 0, 100])].concat();
    let fields = words(&[256, 4, 1, 3, 48, 1, 2, 8, 8, 4]);
    let record = |sampler: u8| [&[0xFF, 0xFF, 0xFF, sampler][..], &3u64.to_be_bytes(), &[10, 0, 0, 1]].concat();
    let message = v9(0, &[sampler, set(0, &fields), set(256, &[record(3), record(4)].concat())]);
    for (decoder, times) in [(Decoder::new(), 1u64), (Decoder::new().scale_sampling(), 100)] {
        let (mut decoder, mut records) = (decoder, Records::new());
        hear(&mut decoder, &message, &mut records);
        let batch = records.drain().next().unwrap();
        let [mut octets, mut packets, mut sources] = [const { Vec::<u64>::new() }; 3];
        batch.gather(Field::Octets, &mut octets);
        batch.gather(Field::Packets, &mut packets);
        batch.gather(Field::SrcAddr, &mut sources);
        assert_eq!((octets, packets), (vec![0xFF_FFFF * times, 0xFF_FFFF], vec![3 * times, 3]));
        assert_eq!(sources, [0x0A00_0001; 2]);
    }
}

#[test]
fn columns_and_version_5_are_multiplied_too() {
    let fields = words(&[256, 3, 1, 2, 34, 2, 82, 65_535]);
    let message = ipfix(0, &[set(2, &fields), set(256, &[0, 9, 1, 0, 1, b'a'])]);
    let mut records = Records::new();
    hear(&mut Decoder::new().scale_sampling(), &message, &mut records);
    assert_eq!(octets(&mut records), [9 * 256]);
    let mut datagram = vec![0; 24 + 48];
    (datagram[1], datagram[3], datagram[23], datagram[24 + 20]) = (5, 1, 10, 0x40);
    datagram[24 + 19] = 7;
    hear(&mut Decoder::new().scale_sampling(), &datagram, &mut records);
    let batch = records.drain().next().unwrap();
    assert_eq!(batch.view(Field::Packets).unwrap().number(0), 70);
    assert_eq!(batch.view(Field::Octets).unwrap().number(0), u128::from(u32::MAX));
}

#[test]
fn a_restart_of_the_collector_loses_no_template() {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let options = [set(3, &words(&[300, 2, 1, 10, 4, 82, 4])), set(300, b"\0\0\0\x07eth0")].concat();
    hear(&mut decoder, &ipfix(0, &[set(2, &template(256)), options]), &mut records);
    decoder.decode_in(Session::connection(EXPORTER, 1, 1), &ipfix(0, &[set(2, &template(256))]), &mut records).unwrap();
    let mut saved = Vec::new();
    decoder.save(&mut saved);
    let mut next = Decoder::new();
    next.load(&saved).unwrap();
    assert_eq!(hear(&mut next, &ipfix(0, &[set(256, &flows([3]))]), &mut records).flows, 1);
    assert_eq!(next.facts().collect::<Vec<_>>(), decoder.facts().collect::<Vec<_>>());
    let connected = next.decode_in(Session::connection(EXPORTER, 1, 1), &ipfix(0, &[set(256, &[0; 8])]), &mut records);
    assert_eq!(connected.unwrap().flows, 0);
    for cut in 0..saved.len() {
        assert!(Decoder::new().load(&saved[..cut]).is_err(), "{cut}");
    }
    for at in 0..saved.len() {
        saved[at] ^= 0x10;
        assert!(Decoder::new().load(&saved).is_err(), "{at}");
        saved[at] ^= 0x10;
    }
}

#[test]
fn an_exporter_may_say_in_options_when_it_was_started() {
    let boot = u64::from(SECS) * 1000 - 50_000;
    let options =
        [set(3, &words(&[300, 2, 1, 143, 4, 160, 8])), set(300, &[&[0; 4][..], &boot.to_be_bytes()].concat())];
    let data = [set(2, &words(&[256, 2, 22, 4, 21, 4])), set(256, &[1000u32, 2000].map(u32::to_be_bytes).concat())];
    let batches = heard(&ipfix(0, &[options.concat(), data.concat()]));
    let mut times = FlowTimes::default();
    times.gather(&batches[0]);
    assert_eq!((times.start[0], times.end[0]), (boot + 1000, boot + 2000));
}

/// Packets and octets over IPv4, and IPv6 flows, of a capture of exports.
fn totals(name: &str) -> (u64, u64, usize) {
    let file = std::fs::File::open(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut capture = Capture::open(Box::new(file)).unwrap();
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    while let Some(frame) = capture.next_frame().unwrap() {
        let Some(datagram) = udp_payload(&frame) else { continue };
        decoder.decode(datagram.source, datagram.source_port, datagram.payload, &mut records).unwrap();
    }
    let total = decoder.total();
    assert_eq!((total.corrupt, total.lost, total.dropped, total.resets), (0, 0, 0, 0), "{name}");
    let (mut packets, mut octets, mut wide) = (0, 0, 0);
    for batch in records.drain() {
        if batch.view(Field::SrcAddr).is_some_and(|view| view.width() == 16) {
            wide += batch.len();
            continue;
        }
        let mut some = Vec::<u64>::new();
        assert!(batch.gather(Field::Packets, &mut some));
        packets += some.iter().sum::<u64>();
        assert!(batch.gather(Field::Octets, &mut some));
        octets += some.iter().sum::<u64>();
        assert!(FlowTimes::known(batch.schema()), "{name}");
    }
    (packets, octets, wide)
}

#[test]
fn softflowd_says_the_same_in_every_version() {
    let (packets, octets, wide) = totals("export-softflowd-v5.pcap");
    assert_eq!(wide, 0, "version 5 has no IPv6");
    for name in ["export-softflowd-v9.pcap", "export-softflowd-v10.pcap"] {
        assert_eq!(totals(name), (packets, octets, 58), "{name}");
    }
}

/// Elements and widths, and records of them: a value a field.
type Described = (Vec<(u16, u16)>, Vec<Vec<Vec<u8>>>);

/// A template of any fields, and records of them.
fn described() -> impl Strategy<Value = Described> {
    let width = prop_oneof![0u16..20, Just(65_535), 0u16..300];
    prop::collection::vec((1u16..500, width), 1..12).prop_flat_map(|fields| {
        let values: Vec<_> = fields
            .iter()
            .map(|(_, width)| match width {
                65_535 => prop::collection::vec(any::<u8>(), 0..300).boxed(),
                width => prop::collection::vec(any::<u8>(), usize::from(*width)).boxed(),
            })
            .collect();
        (Just(fields), prop::collection::vec(values, 1..6))
    })
}

/// A value as it is sent.
fn sent(width: u16, value: &[u8]) -> Vec<u8> {
    match (width, value.len()) {
        (65_535, length @ 0..255) => [&[length as u8], value].concat(),
        (65_535, length) => [&[255, (length >> 8) as u8, length as u8], value].concat(),
        _ => value.to_vec(),
    }
}

proptest! {
    #[test]
    fn every_octet_of_any_record_survives((fields, records) in described()) {
        prop_assume!(fields.iter().any(|(_, width)| *width > 0));
        let template: Vec<u16> = fields.iter().flat_map(|(id, width)| [*id, *width]).collect();
        let template = [words(&[256, fields.len() as u16]), words(&template)].concat();
        let body: Vec<u8> = records
            .iter()
            .flat_map(|record| record.iter().zip(&fields).flat_map(|(value, (_, width))| sent(*width, value)))
            .collect();
        let batches = heard(&ipfix(0, &[set(2, &template), set(256, &body)]));
        prop_assert_eq!(batches.iter().map(FlowBatch::len).sum::<usize>(), records.len());
        let batch = &batches[0];
        let kept = || fields.iter().enumerate().filter(|(_, (_, width))| *width > 0);
        let lead = batch.schema().fields().len() - kept().count();
        for (row, record) in records.iter().enumerate() {
            for (column, (at, (id, width))) in kept().enumerate() {
                let (octets, order) = batch.column(lead + column).unwrap().octets(row);
                let mut octets = octets.to_vec();
                let number = flowtools::flow::registry::is_number(Element::iana(*id), *width);
                if order == flowtools::flow::Order::Little && number && *width != 65_535 {
                    octets.reverse();
                }
                prop_assert_eq!(&octets, &record[at], "row {}, element {}", row, id);
            }
        }
    }

    #[test]
    fn arbitrary_messages_do_no_harm(
        messages in prop::collection::vec(
            (any::<bool>(), prop::collection::vec((0u16..260, prop::collection::vec(any::<u8>(), 0..80)), 0..8)),
            0..12
        ),
        scaled in any::<bool>(),
    ) {
        let mut decoder = if scaled { Decoder::new().scale_sampling() } else { Decoder::new() };
        let mut records = Records::new();
        for (sequence, (old, sets)) in (0..).zip(messages) {
            let sets: Vec<_> = sets.iter().map(|(id, body)| set(*id, body)).collect();
            let message = if old { v9(sequence, &sets) } else { ipfix(sequence, &sets) };
            hear(&mut decoder, &message, &mut records);
        }
        let flows = records.flows();
        let batches: Vec<_> = records.drain().collect();
        prop_assert_eq!(batches.iter().map(FlowBatch::len).sum::<usize>(), flows);
        let mut times = FlowTimes::default();
        batches.iter().for_each(|batch| times.gather(batch));
        let mut saved = Vec::new();
        decoder.save(&mut saved);
        Decoder::new().load(&saved).unwrap();
    }

    #[test]
    fn arbitrary_octets_are_no_saved_templates(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Decoder::new().load(&octets).is_err());
        let body = octets.get(8..).unwrap_or_default();
        let sound = [b"FTT\x01", &crc32c::crc32c(body).to_be_bytes()[..], body].concat();
        let _ = Decoder::new().load(&sound);
    }
}

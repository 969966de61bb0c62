use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::flow::{Field, Form, Order, Version, ie, pattern};
use crate::print::CsvFields;

fn all<I: Import>(import: I) -> (Vec<FlowBatch>, Option<String>) {
    let (mut batches, mut wrong) = (Vec::new(), None);
    for batch in Batches::of(import) {
        match batch {
            Ok(batch) => batches.push(batch),
            Err(error) => wrong = Some(error.to_string()),
        }
    }
    (batches, wrong)
}

fn gathered(batches: &[FlowBatch], field: Field) -> Vec<u32> {
    let mut all = Vec::new();
    for batch in batches {
        let mut values: Vec<u32> = Vec::new();
        assert!(batch.gather(field, &mut values));
        all.extend(values);
    }
    all
}

/// Flows whose times are sane enough to be told in seconds.
fn flows(count: usize) -> FlowBatch {
    let mut records = Vec::new();
    pattern::records(Version::V5, 1, count, &mut records);
    let mut batch = FlowBatch::from_raw(Version::V5, Order::HOST, records);
    for (element, value) in [(ie::UNIX_SECS, 1_800_000_000), (ie::UNIX_NSECS, 0), (ie::UPTIME, 90_000)] {
        let at = batch.schema().position(element, 0).unwrap();
        batch.update(at, None, |_| value);
    }
    let [first, last] = [ie::FIRST, ie::LAST].map(|element| batch.schema().position(element, 0).unwrap());
    batch.update(first, None, |_| 10_000);
    batch.update(last, None, |_| 30_000);
    batch
}

#[test]
fn cflowd_reads_what_it_writes() {
    let batch = flows(CHUNK + 5);
    let mut octets = Vec::new();
    assert_eq!(cflowd::Writer::new(None).write(&batch, &mut octets), 0);
    assert_eq!((octets.len(), &octets[..4]), ((CHUNK + 5) * 55, &[0, 0xC7, 0xFF, 0xFF][..]));
    let (read, wrong) = all(cflowd::Reader::new(Cursor::new(&octets), Version::V5.into()));
    assert_eq!((read.len(), wrong), (2, None));
    let own = [batch];
    for field in [Field::SrcAddr, Field::DstPort, Field::Octets, Field::SrcAs, Field::TcpFlags, Field::EngineId] {
        assert_eq!(gathered(&read, field), gathered(&own, field), "{field:?}");
    }
    let mut times = crate::flow::time::FlowTimes::default();
    times.gather(&read[0]);
    assert_eq!((times.start[0], times.end[0]), (1_799_999_920_000, 1_799_999_940_000));
    // Cut off: what is whole is read.
    let (read, wrong) = all(cflowd::Reader::new(Cursor::new(&octets[..55 * 3 - 1]), Version::V5.into()));
    assert_eq!((read[0].len(), wrong.as_deref()), (2, Some("octet 110: the file ends within a flow")));
}

#[test]
fn cflowd_writes_the_fields_asked_for() {
    let mut octets = Vec::new();
    let fields: CsvFields = "srcaddr,dpkts".parse().unwrap();
    cflowd::Writer::new(Some(&fields.order())).write(&flows(1), &mut octets);
    assert_eq!((octets.len(), &octets[..4]), (12, &[0, 0, 0, 0x82][..]));
}

#[test]
fn lines_of_fields_are_read_by_heading_mask_or_version() {
    let text = "#:exaddr,srcaddr,doctets,nexthop,nexthop\n10.0.0.1,10.0.0.2,5000000000,1.1.1.1,2.2.2.2\r\n\n# end\n";
    let (read, wrong) = all(csv::Reader::new(Cursor::new(text), Version::V6.into(), None));
    let clipped = "1 numbers: do not fit into a flow's fields: the greatest that do were written";
    assert_eq!(wrong.as_deref(), Some(clipped));
    assert_eq!(gathered(&read, Field::SrcAddr), [0x0A00_0002]);
    assert_eq!(gathered(&read, Field::Octets), [u32::MAX]);
    assert_eq!(
        (gathered(&read, Field::NextHop), gathered(&read, Field::PeerNextHop)),
        (vec![0x0101_0101], vec![0x0202_0202])
    );
    let mask = "dpkts,srcport".parse().ok();
    let (read, wrong) = all(csv::Reader::new(Cursor::new("7,80\n8,x\n"), Version::V5.into(), mask));
    assert_eq!((gathered(&read, Field::Packets), gathered(&read, Field::SrcPort)), (vec![7], vec![80]));
    assert_eq!(wrong.as_deref(), Some("line 2: srcport: 'x': expected a number"));
    for (text, why) in [("7", "line 1: srcport: the line ends too early"), ("7,8,9", "line 1: more than 2 fields")] {
        let (_, wrong) = all(csv::Reader::new(Cursor::new(text), Version::V5.into(), mask));
        assert_eq!(wrong.as_deref(), Some(why));
    }
}

#[test]
fn lines_of_ipv6_are_read_and_modern_numbers_have_room() {
    let text = "#:srcaddr,dstaddr,nexthop,doctets,src_mask,src_as\n10.0.0.1,10.0.0.2,0.0.0.0,5000000000,8,4200000000\n\
                2001:db8::1,2001:db8::2,fe80::1,6000000000,48,1\n2001:db8::1,10.0.0.1,::,1,1,1\n";
    let (read, wrong) = all(csv::Reader::new(Cursor::new(text), Form::Modern, None));
    assert_eq!((read.len(), wrong), (2, None));
    let mut octets: Vec<u64> = Vec::new();
    for (batch, addresses, counts) in [
        (&read[0], ["10.0.0.1", "10.0.0.2", "0.0.0.0"], [5_000_000_000, 8, 4_200_000_000]),
        (&read[1], ["2001:db8::1", "2001:db8::2", "fe80::1"], [6_000_000_000, 48, 1]),
    ] {
        let shown =
            [Field::SrcAddr, Field::DstAddr, Field::NextHop].map(|f| batch.view(f).unwrap().address(0).to_string());
        assert_eq!(shown, addresses);
        for (field, count) in [Field::Octets, Field::SrcMask, Field::SrcAs].into_iter().zip(counts) {
            assert!(batch.gather(field, &mut octets));
            assert_eq!(octets[0], count, "{field:?}");
        }
    }
    let long = "x".repeat(50);
    let (_, wrong) = all(csv::Reader::new(Cursor::new(&long), Form::Modern, "dpkts".parse().ok()));
    assert_eq!(wrong, Some(format!("line 1: dPkts: '{}...': expected a number", "x".repeat(40))));
}

#[test]
fn collectors_lines_are_read_by_their_aggregation() {
    let text = "SOURCE 192.0.2.1|FORMAT A|AGGREGATION DetailCallRecord|PERIOD 15|STARTTIME 1767225600|ENDTIME 1767226500|\
FLOWS 1|MISSED 0|RECORDS 1\n10.0.0.1|10.0.0.2|3|4|1024|443|6|0|10|1500|1|1767225601|1767225605|4000\n";
    let (read, wrong) = all(collector::Reader::new(Cursor::new(text), Version::V5.into()));
    assert_eq!(wrong, None);
    for (field, value) in [
        (Field::Exporter, 0xC000_0201),
        (Field::SrcAddr, 0x0A00_0001),
        (Field::Input, 3),
        (Field::DstPort, 443),
        (Field::Octets, 1500),
        (Field::UnixSecs, 1_767_225_605),
    ] {
        assert_eq!(gathered(&read, field), [value], "{field:?}");
    }
    for (text, why) in [
        ("1.1.1.1|2.2.2.2\n", "line 1: expected a header with AGGREGATION before the flows"),
        ("SOURCE 1.1.1.1|FORMAT B\n", "line 1: binary files are not read, expected FORMAT A"),
    ] {
        assert_eq!(all(collector::Reader::new(Cursor::new(text), Version::V5.into())).1.as_deref(), Some(why));
    }
}

/// A file of nfdump's with one flow of IPv4 and one of IPv6.
fn nfdump_file(codec: u8) -> Vec<u8> {
    fn element(kind: u16, values: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(values.len() as u16 + 4).to_le_bytes(), values].concat()
    }
    fn record(elements: &[Vec<u8>]) -> Vec<u8> {
        let size = elements.iter().map(Vec::len).sum::<usize>() as u16 + 12;
        let mut head = [&11u16.to_le_bytes()[..], &size.to_le_bytes(), &(elements.len() as u16).to_le_bytes()].concat();
        head.extend([0, 9, 0, 0, 0, 5]);
        [head, elements.concat()].concat()
    }
    let numbers = [1_767_225_600_123u64, 1_767_225_601_456, 0, 5, 777].map(u64::to_le_bytes).concat();
    let common = element(1, &[&numbers[..], &1024u16.to_le_bytes(), &443u16.to_le_bytes(), &[6, 0x1B, 0, 8]].concat());
    let four = element(2, &[0x0A00_0001u32.to_le_bytes(), 0x0A00_0002u32.to_le_bytes()].concat());
    let wide = [0x2001_0db8_0000_0000u64, 1, 0x2001_0db8_0000_0000, 2].map(u64::to_le_bytes).concat();
    let records = [record(&[common.clone(), four]), record(&[common, element(3, &wide)])].concat();
    let stored = match codec {
        // Nothing but literals.
        1 => [&[0, (records.len() - 18) as u8][..], &records, &[17, 0, 0]].concat(),
        3 => lz4_flex::block::compress(&records),
        4 => zstd::bulk::compress(&records, 1).unwrap(),
        _ => records,
    };
    let mut file = vec![0x0C, 0xA5, 2, 0];
    file.resize(16, 0);
    file.push(codec);
    file.resize(40, 0);
    file.extend(2u32.to_le_bytes());
    file.extend((stored.len() as u32).to_le_bytes());
    file.extend([3, 0, 0, 0]);
    file.extend(stored);
    file
}

#[test]
fn nfdumps_flows_are_read_compressed_or_not() {
    for codec in [0, 1, 3, 4] {
        let file = nfdump_file(codec);
        let batches: Vec<FlowBatch> = nfdump::Reader::new(Cursor::new(&file)).map(Result::unwrap).collect();
        assert_eq!(gathered(&batches[..1], Field::SrcAddr), [0x0A00_0001]);
        let six = batches[1].view(Field::DstAddr).unwrap().address(0);
        assert_eq!(six.to_string(), "2001:db8::2");
        for (field, value) in [(Field::Octets, 777), (Field::DstPort, 443), (Field::TcpFlags, 0x1B), (Field::Tos, 8)] {
            assert_eq!(gathered(&batches, field), [value; 2], "{field:?}");
        }
        let mut times = crate::flow::time::FlowTimes::default();
        times.gather(&batches[0]);
        assert_eq!((times.start[0], times.end[0]), (1_767_225_600_123, 1_767_225_601_456));
        let cut: Vec<_> = nfdump::Reader::new(Cursor::new(&file[..file.len() - 1])).collect();
        assert!(matches!(&cut[..], [Err(wrong)] if wrong.what.contains("cut off")), "{cut:?}");
    }
    for (codec, why) in [(2, "bzip2"), (9, "not known")] {
        let wrong = nfdump::Reader::new(Cursor::new(nfdump_file(codec))).next().unwrap().unwrap_err();
        assert!(wrong.to_string().contains(why), "{wrong}");
    }
}

proptest! {
    #[test]
    fn arbitrary_blocks_are_read_or_refused(block in prop::collection::vec(any::<u8>(), 0..200), codec in 0u8..5, at in 44usize..300, octet in any::<u8>()) {
        let mut file = nfdump_file(0);
        file.truncate(40);
        file[16] = codec;
        file.extend(1u32.to_le_bytes());
        file.extend((block.len() as u32).to_le_bytes());
        file.extend([3, 0, 0, 0]);
        file.extend(block);
        let _ = nfdump::Reader::new(Cursor::new(&file)).count();
        let mut damaged = nfdump_file(if codec == 3 { 3 } else { 0 });
        if let Some(place) = damaged.get_mut(at) {
            *place = octet;
        }
        let _ = nfdump::Reader::new(Cursor::new(&damaged)).count();
    }

    #[test]
    fn arbitrary_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..300), mask in 0u32..1 << 24) {
        let _ = all(cflowd::Reader::new(Cursor::new(&octets), Version::V5.into()));
        let _ = all(csv::Reader::new(Cursor::new(&octets), Version::V5.into(), None));
        let _ = all(collector::Reader::new(Cursor::new(&octets), Version::V5.into()));
        let masked = [&mask.to_be_bytes()[..], &octets].concat();
        let _ = all(cflowd::Reader::new(Cursor::new(&masked), Version::V7.into()));
    }

    #[test]
    fn arbitrary_lines_are_read_or_refused(text in "(#:srcaddr,dpkts\n|AGGREGATION HostMatrix\n|[0-9.,|]|\n){0,40}") {
        let _ = all(csv::Reader::new(Cursor::new(&text), Version::V5.into(), None));
        let _ = all(collector::Reader::new(Cursor::new(&text), Version::V5.into()));
    }
}

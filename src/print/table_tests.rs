use std::net::Ipv6Addr;
use std::sync::Arc;

use super::super::{CsvFields, FORMATS, Format};
use super::*;
use crate::flow::{Column as Values, Element, FieldSpec, Order, Version, ie};

/// A field, and its value in record i.
type Set = (Element, fn(usize) -> u32);

/// Records of a version, all fields 0 but those given.
fn records(version: Version, count: usize, set: &[Set]) -> FlowBatch {
    let layout = version.layout();
    let mut bytes = vec![0; layout.size * count];
    for (i, record) in bytes.chunks_exact_mut(layout.size).enumerate() {
        for (element, value) in set {
            let (at, width) = layout.find(*element).unwrap();
            record[at..at + width].copy_from_slice(&value(i).to_be_bytes()[4 - width..]);
        }
    }
    FlowBatch::from_raw(version, Order::Big, bytes)
}

fn lines(table: &Table, batch: &FlowBatch) -> Vec<String> {
    let names = Symbols::default();
    let mut out = Vec::new();
    TableWriter::new(table, &names).write(batch, &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

/// Flows of IPv6, as a modern file has them.
fn six() -> FlowBatch {
    let schema = [
        (ie::SRC_ADDR6, 16),
        (ie::DST_ADDR6, 16),
        (ie::SRC_PORT, 2),
        (ie::DST_PORT, 2),
        (ie::PROTOCOL, 1),
        (ie::OCTETS, 8),
        (ie::PACKETS, 8),
        (ie::START_MS, 8),
        (ie::END_MS, 8),
        (ie::SRC_MASK6, 1),
    ];
    let plain = |values: [u64; 2], width: u16| {
        let wide = values.iter().flat_map(|v| v.to_le_bytes()[..usize::from(width)].to_vec());
        let data: Vec<u8> = wide.collect();
        let data = match Order::HOST {
            Order::Little => data,
            Order::Big => data.chunks(width.into()).flat_map(|v| v.iter().rev().copied()).collect(),
        };
        Values::Plain { width, data }
    };
    let address =
        |text: &str| Values::Constant { value: u128::from(text.parse::<Ipv6Addr>().unwrap()).to_ne_bytes().to_vec() };
    let columns = vec![
        address("2001:db8::1"),
        address("2001:db8:1111:2222:3333:4444:5555:6666"),
        plain([443, 80], 2),
        plain([50000, 9], 2),
        plain([6, 17], 1),
        plain([20_000_000_000, 40], 8),
        plain([12_000_000, 1], 8),
        plain([1_767_225_600_000, 1_767_225_600_001], 8),
        plain([1_767_225_601_500, 1_767_225_600_001], 8),
        plain([48, 64], 1),
    ];
    let specs = schema.map(|(element, width)| FieldSpec { element, occurrence: 0, width });
    FlowBatch::from_columns(Arc::new(Schema::new(specs.to_vec())), 2, columns)
}

#[test]
fn ipv6_takes_the_room_it_needs() {
    let flows = six();
    let long = "2001:db8:1111:2222:3333:4444:5555:6666";
    let three = lines(&Format::new(3).unwrap().table(false, true).unwrap(), &flows);
    assert_eq!(three[0], format!("2001:db8::1      {long}  tcp   https    50000    20000000000  12000000  "));
    let four = lines(&Format::new(4).unwrap().table(false, false).unwrap(), &flows);
    assert_eq!(four[1], format!("2001:db8::1/64     {long}/0 17    0      0      40          1         "));
    let one = lines(&Format::new(1).unwrap().table(false, false).unwrap(), &flows);
    assert_eq!(one[1][38..], *"     1.500 1666 00 00");
    assert_eq!((one.len(), one[2].as_str()), (6, ""));
    let csv = lines(&CsvFields::default_for(None).table(), &flows);
    assert_eq!(
        csv[0],
        format!(
            "1767225601,500000000,1500,0.0.0.0,12000000,20000000000,0,1500,0,0,2001:db8::1,{long},0.0.0.0,0,0,443,50000,\
             6,0,0,48,0,0,0"
        )
    );
}

#[test]
fn every_format_shows_every_version_that_has_its_fields() {
    let everything: fn(usize) -> u32 = |i| u32::MAX - i as u32;
    for format in FORMATS {
        let Some(table) = format.table(false, false) else { continue };
        let each = table.columns.iter().map(|column| column.tail.lines()).sum::<usize>();
        let mut shown = 0;
        for version in Version::ALL.into_iter().filter(|v| format.lacks(*v).is_none()) {
            let elements: Vec<Element> = version.layout().schema.fields().iter().map(|spec| spec.element).collect();
            let set: Vec<_> = elements.into_iter().map(|element| (element, everything)).collect();
            for (wide, names) in [(false, false), (true, false), (false, true), (true, true)] {
                let table = format.table(wide, names).unwrap();
                let got = lines(&table, &records(version, 3, &set));
                assert_eq!(got.len(), if table.only_syns { 0 } else { 3 * each }, "{format:?} {version}");
                assert!(table.heading().ends_with('\n'));
            }
            shown += 1;
        }
        assert!(shown > 0, "no version has {format:?}");
    }
    for (number, format) in FORMATS.iter().take(25).enumerate() {
        assert_eq!(format.name(), number.to_string());
    }
    for version in Version::ALL {
        assert_eq!(Format::default_for(Some(version)).lacks(version), None);
    }
    assert_eq!(Format::new(7).unwrap().lacks(Version::V5), Some("router_sc"));
    assert!(Format::new(25).is_none());
}

#[test]
fn only_bare_syns_are_candidates_of_an_attack() {
    let flows = records(
        Version::V5,
        600,
        &[
            (ie::PROTOCOL, |i| if i % 2 == 0 { 6 } else { 17 }),
            (ie::TCP_FLAGS, |i| if i % 3 == 0 { 2 } else { 18 }),
            (ie::PACKETS, |_| 3),
            (ie::OCTETS, |i| if i < 300 { 120 } else { 132 }),
            (ie::SRC_PORT, |i| i as u32),
        ],
    );
    let table = Format::new(2).unwrap().table(false, false).unwrap();
    let got = lines(&table, &flows);
    assert_eq!(got.len(), 50 * 3);
    assert_eq!(got[3], "00  0.0.0.0          00  0.0.0.0         06 6    0    3          120       ");
    let mut some = flows.clone();
    some.select(vec![0, 1, 5, 6, 12, 300]);
    assert_eq!(lines(&table, &some).len(), 3 * 3);
}

#[test]
fn a_selection_is_what_is_written_across_windows() {
    let mut flows = records(Version::V5, 5 * ROWS + 7, &[(ie::SRC_PORT, |i| i as u32), (ie::PROTOCOL, |i| i as u32)]);
    let table = "srcport,prot".parse::<CsvFields>().unwrap().table();
    let all: Vec<String> = (0..5 * ROWS + 7).map(|i| format!("{i},{}", i % 256)).collect();
    assert_eq!(lines(&table, &flows), all);
    let picked: Vec<u32> = (0..5 * ROWS as u32 + 7).filter(|i| i % 3 == 1).collect();
    flows.select(picked.clone());
    let want: Vec<String> = picked.iter().map(|i| all[*i as usize].clone()).collect();
    assert_eq!(lines(&table, &flows), want);
    let five = lines(&Format::new(5).unwrap().table(false, false).unwrap(), &flows);
    assert_eq!(five.len(), picked.len());
}

#[test]
fn what_the_original_mixes_up_stays_mixed_up() {
    let address: fn(usize) -> u32 = |_| 0xFFFF_0007;
    let set: [Set; 4] = [(ie::DST_ADDR4, address), (ie::SRC_AS, |_| 7), (ie::DST_AS, |_| 9), (ie::TOS, |_| 5)];
    let by_prefixes = lines(&Format::new(22).unwrap().table(false, false).unwrap(), &records(Version::V8(13), 1, &set));
    assert!(by_prefixes[0].starts_with("5    0/0                 255.2  7                   9      0      0      "));
    let csv = CsvFields::default_for(Some(Version::V8(6))).table();
    assert!(csv.heading().ends_with(",router_sc,extra_pkts,marked_tos\n"));
    let set: [Set; 2] = [(ie::EXTRA_PACKETS, |_| 1000), (ie::MARKED_TOS, |_| 3)];
    assert!(lines(&csv, &records(Version::V8(6), 1, &set))[0].ends_with(",0.0.0.0,3,1000"));
}

#[test]
fn routers_views_have_their_columns() {
    let set: [Set; 16] = [
        (ie::EXPORTER4, |_| 0xC000_0201),
        (ie::SRC_ADDR4, |_| 0x0A01_0203),
        (ie::DST_ADDR4, |_| 0xAC10_0A02),
        (ie::INPUT, |i| [1, 7][i]),
        (ie::OUTPUT, |i| [2, 0][i]),
        (ie::PROTOCOL, |_| 6),
        (ie::SRC_PORT, |_| 0xC6F3),
        (ie::DST_PORT, |_| 443),
        (ie::PACKETS, |i| [11_500, 3][i]),
        (ie::OCTETS, |i| [11_500 * 840, 120][i]),
        (ie::TOS, |_| 0xC0),
        (ie::TCP_FLAGS, |_| 0x1B),
        (ie::SRC_MASK, |_| 8),
        (ie::DST_MASK, |_| 24),
        (ie::SRC_AS, |_| 65_001),
        (ie::LAST, |_| 10_890),
    ];
    let batch = records(Version::V5, 2, &set);
    let name = |index, name: &str| crate::flow::Fact {
        exporter: std::net::IpAddr::from([192, 0, 2, 1]),
        domain: 0,
        about: crate::flow::About::Interface(index),
        name: name.into(),
        description: String::new(),
    };
    let names = InterfaceNames::of(&[name(1, "GigabitEthernet0/0"), name(2, "Serial1/0")]);
    let show = |format: &str| {
        let table = Format::named(format).unwrap().table(false, false).unwrap();
        let (symbols, mut out) = (Symbols::default(), table.heading().as_bytes().to_vec());
        TableWriter::new(&table, &symbols).with_interfaces(&names).write(&batch, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        show("Show  IP cache flow"),
        "SrcIf         SrcIPaddress    DstIf         DstIPaddress    Pr SrcP DstP  Pkts\n\
         Gi0/0         10.1.2.3        Serial1/0     172.16.10.2     06 C6F3 01BB   11K\n\
         7             10.1.2.3        Null          172.16.10.2     06 C6F3 01BB     3\n"
    );
    assert_eq!(
        show("cisco-verbose"),
        "SrcIf          SrcIPaddress    DstIf          DstIPaddress    Pr TOS Flgs  Pkts\n\
         Port Msk AS                    Port Msk AS    NextHop              B/Pk  Active\n\
         Gi0/0          10.1.2.3        Serial1/0      172.16.10.2     06 C0  1B     11K\n\
         C6F3 /8  65001                 01BB /24 0     0.0.0.0               840    10.8\n\
         7              10.1.2.3        Null           172.16.10.2     06 C0  1B       3\n\
         C6F3 /8  65001                 01BB /24 0     0.0.0.0                40    10.8\n"
    );
}

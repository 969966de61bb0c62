use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::flow::{Column, Order, VARIABLE, Version};

fn lines(batch: &FlowBatch) -> Vec<String> {
    let mut out = Vec::new();
    JsonWriter::default().write(batch, &mut out);
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

fn batch(rows: usize, columns: Vec<(Element, u16, Column)>) -> FlowBatch {
    let mut specs: Vec<FieldSpec> = Vec::new();
    for (element, width, _) in &columns {
        let occurrence = specs.iter().filter(|spec| spec.element == *element).count() as u16;
        specs.push(FieldSpec { element: *element, occurrence, width: *width });
    }
    FlowBatch::from_columns(Arc::new(Schema::new(specs)), rows, columns.into_iter().map(|(.., c)| c).collect())
}

fn constant(value: &[u8]) -> Column {
    Column::Constant { value: value.to_vec() }
}

#[test]
fn a_record_of_version_5() {
    let layout = Version::V5.layout();
    let mut bytes = vec![0; layout.size * 3];
    for (i, record) in bytes.chunks_exact_mut(layout.size).enumerate() {
        let mut set = |element, value: u32| {
            let (at, width) = layout.find(element).unwrap();
            record[at..at + width].copy_from_slice(&value.to_be_bytes()[4 - width..]);
        };
        set(ie::UNIX_SECS, 1_767_225_600);
        set(ie::UPTIME, 10_000);
        set(ie::FIRST, 4_000);
        set(ie::LAST, 9_000);
        set(ie::SRC_ADDR4, 0x0A00_0001);
        set(ie::SRC_PORT, 5);
        set(ie::DST_PORT, 0x0803);
        set(ie::PROTOCOL, [6, 1, 58][i]);
        set(ie::OCTETS, u32::MAX);
    }
    let got = lines(&FlowBatch::from_raw(Version::V5, Order::Big, bytes));
    let begin =
        "{\"flowStartMilliseconds\":1767225594000,\"flowEndMilliseconds\":1767225599000,\"exportSeconds\":1767225600,";
    for line in &got {
        assert!(line.starts_with(begin), "{line}");
        assert!(line.contains(",\"sourceIPv4Address\":\"10.0.0.1\",\"destinationIPv4Address\":\"0.0.0.0\","), "{line}");
        assert!(line.contains(",\"octetDeltaCount\":4294967295,"), "{line}");
        assert!(line.ends_with(",\"bgpDestinationAsNumber\":0}"), "{line}");
        assert!(!line.contains("padding"), "{line}");
    }
    assert!(got[0].contains(",\"sourceTransportPort\":5,\"destinationTransportPort\":2051,\"protocolIdentifier\":6,"));
    assert!(got[1].contains("Port\":2051,\"icmpTypeIPv4\":8,\"icmpCodeIPv4\":3,\"protocolIdentifier\":1,"));
    assert!(got[2].contains("Port\":2051,\"icmpTypeIPv6\":8,\"icmpCodeIPv6\":3,\"protocolIdentifier\":58,"));
}

#[test]
fn every_element_is_there_and_no_key_twice() {
    let unknown = Element { enterprise: 4242, id: 7 };
    let flows = batch(
        1,
        vec![
            (ie::SRC_ADDR6, 16, constant(&1u128.to_ne_bytes())),
            (ie::SRC_MAC, 6, constant(&[0, 1, 2, 3, 4, 0xFF])),
            (Element::iana(82), VARIABLE, Column::Variable { ends: vec![4], data: b"eth0".to_vec() }),
            (unknown, 2, constant(&9u16.to_ne_bytes())),
            (unknown, 2, constant(&10u16.to_ne_bytes())),
            (Element { enterprise: 4242, id: 8 }, 3, constant(&[0; 3])),
            (Element { enterprise: 4242, id: 9 }, 16, constant(&[0xAB; 16])),
            (ie::OCTETS, 3, constant(&[0; 3])),
            (Element::iana(469), 2, constant(b"a\0")),
            (Element { enterprise: 5951, id: 183 }, 1, constant(b"b")),
            (ie::PADDING, 1, constant(&[0])),
            (ie::START_MS, 8, constant(&5u64.to_ne_bytes())),
        ],
    );
    let want = "{\"sourceIPv6Address\":\"::1\",\"sourceMacAddress\":\"00:01:02:03:04:ff\",\"interfaceName\":\"eth0\",\
                \"4242/7\":9,\"4242/7#2\":10,\"4242/8\":0,\"4242/9\":\"abababababababababababababababab\",\
                \"octetDeltaCount\":0,\"httpContentType\":\"a\",\"5951/183\":\"b\",\"flowStartMilliseconds\":5}";
    assert_eq!(lines(&flows), [want]);
}

#[test]
fn nothing_to_say_is_an_empty_object() {
    assert_eq!(lines(&batch(2, vec![(ie::PADDING, 1, constant(&[0]))])), ["{}", "{}"]);
    assert_eq!(lines(&batch(2, Vec::new())), ["{}", "{}"]);
}

#[test]
fn a_long_text_among_short_ones_does_not_make_all_lines_long() {
    let rows = 2000;
    let long = 60_000;
    let data = vec![b'"'; long + rows - 1];
    let ends = (0..rows).map(|row| if row < 7 { row + 1 } else { row + long }).map(|end| end as u32).collect();
    let flows = batch(rows, vec![(Element::iana(82), VARIABLE, Column::Variable { ends, data })]);
    let mut writer = JsonWriter::default();
    let mut out = Vec::new();
    writer.write(&flows, &mut out);
    assert!(writer.page.room() <= BYTES + 4 * long, "{}", writer.page.room());
    let got: Vec<usize> = String::from_utf8(out).unwrap().lines().map(str::len).collect();
    assert_eq!(got.len(), rows);
    let empty = "{\"interfaceName\":\"\"}".len();
    assert!(got.iter().enumerate().all(|(row, len)| *len == empty + 2 * if row == 7 { long } else { 1 }));
}

proptest! {
    /// Whatever the octets, a line a flow, and text that ends where it should.
    #[test]
    fn arbitrary_values_stay_in_their_place(values: Vec<Vec<u8>>, picked: Vec<bool>) {
        let (mut ends, mut data) = (Vec::new(), Vec::new());
        for value in &values {
            data.extend_from_slice(value);
            ends.push(data.len() as u32);
        }
        let column = || Column::Variable { ends: ends.clone(), data: data.clone() };
        let mut flows = batch(values.len(), vec![
            (Element::iana(82), VARIABLE, column()),
            (Element::iana(90), VARIABLE, column()),
            (ie::OCTETS, VARIABLE, column()),
        ]);
        let rows: Vec<u32> = (0..values.len() as u32).filter(|r| picked.get(*r as usize) == Some(&true)).collect();
        flows.select(rows.clone());
        let got = lines(&flows);
        prop_assert_eq!(got.len(), rows.len());
        for (line, row) in got.iter().zip(rows) {
            let octets: String = values[row as usize].iter().map(|b| format!("{b:02x}")).collect();
            let begin = "{\"interfaceName\":\"";
            prop_assert!(line.starts_with(begin), "{}", line);
            let middle = format!("\",\"mplsVpnRouteDistinguisher\":\"{octets}\",\"octetDeltaCount\":");
            prop_assert!(line.contains(&middle), "{}", line);
        }
    }
}

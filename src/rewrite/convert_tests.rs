use std::sync::Arc;

use super::*;
use crate::flow::{Column, FieldSpec};

/// Records whose every field has a value of its own, made of its element and its row.
fn sample(version: Version, order: Order, rows: usize) -> FlowBatch {
    let layout = version.layout();
    let mut bytes = vec![0u8; layout.size * rows];
    for (row, record) in bytes.chunks_exact_mut(layout.size).enumerate() {
        for (spec, at) in layout.schema.fields().iter().zip(&layout.offsets) {
            put(record, usize::from(*at), usize::from(spec.width), value(spec.element, row, spec.width));
        }
    }
    if order != Order::HOST {
        for record in bytes.chunks_exact_mut(layout.size) {
            for (spec, at) in layout.schema.fields().iter().zip(&layout.offsets) {
                record[usize::from(*at)..][..usize::from(spec.width)].reverse();
            }
        }
    }
    FlowBatch::from_raw(version, order, bytes)
}

fn value(element: Element, row: usize, width: u16) -> u64 {
    let n = (u64::from(element.id) * 2_654_435_761 + u64::from(element.enterprise != 0) * 97 + row as u64) | 1;
    n & ((1 << (8 * width)) - 1)
}

fn columns(fields: &[(Element, u16, &[u64])]) -> FlowBatch {
    let rows = fields[0].2.len();
    let spec = |f: &(Element, u16, &[u64])| FieldSpec { element: f.0, occurrence: 0, width: f.1 };
    let column = |f: &(Element, u16, &[u64])| {
        let wide: Vec<u8> = match f.1 {
            1 => f.2.iter().map(|v| *v as u8).collect(),
            2 => f.2.iter().flat_map(|v| (*v as u16).to_ne_bytes()).collect(),
            4 => f.2.iter().flat_map(|v| (*v as u32).to_ne_bytes()).collect(),
            8 => f.2.iter().flat_map(|v| v.to_ne_bytes()).collect(),
            _ => f.2.iter().flat_map(|v| u128::from(*v).to_ne_bytes()).collect(),
        };
        Column::Plain { width: f.1, data: wide }
    };
    let schema = Arc::new(Schema::new(fields.iter().map(spec).collect()));
    FlowBatch::from_columns(schema, rows, fields.iter().map(column).collect())
}

fn read(records: &[u8], to: Version, element: Element) -> Vec<u64> {
    let batch = FlowBatch::from_raw(to, Order::HOST, records.to_vec());
    let mut out = Vec::new();
    let at = batch.schema().position(element, 0).unwrap();
    batch.column(at).unwrap().gather(batch.rows(), &mut out);
    out
}

#[test]
fn what_both_versions_have_is_kept() {
    const PLAIN: [Version; 5] = [Version::V1, Version::V5, Version::V6, Version::V7, Version::V1005];
    for from in PLAIN {
        for to in PLAIN {
            for order in [Order::Little, Order::Big] {
                let mut batch = sample(from, order, 5);
                batch.select(vec![1, 4]);
                let mut out = Vec::new();
                convert(&batch, to, &mut out).unwrap();
                assert_eq!(out.len(), 2 * to.layout().size);
                for spec in to.layout().schema.fields().iter().filter(|s| s.element != ie::PADDING) {
                    let both = from.layout().schema.position(spec.element, 0).is_some();
                    let want = [1, 4].map(|row| if both { value(spec.element, row, spec.width) } else { 0 });
                    assert_eq!(read(&out, to, spec.element), want, "{from} to {to}: {:?}", spec.element);
                }
            }
        }
    }
}

#[test]
fn records_and_columns_convert_alike() {
    for from in Version::ALL {
        let raw = sample(from, Order::Big, 7);
        let owned = raw.schema().fields().iter().enumerate().map(|(i, spec)| {
            let mut values = Vec::<u64>::new();
            raw.column(i).unwrap().gather(raw.rows(), &mut values);
            let data = values.iter().flat_map(|v| match spec.width {
                1 => vec![*v as u8],
                2 => (*v as u16).to_ne_bytes().to_vec(),
                _ => (*v as u32).to_ne_bytes().to_vec(),
            });
            Column::Plain { width: spec.width, data: data.collect() }
        });
        let columns = FlowBatch::from_columns(Arc::new(raw.schema().clone()), 7, owned.collect());
        for to in Version::ALL {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            assert_eq!(convert(&raw, to, &mut a), convert(&columns, to, &mut b), "{from} to {to}");
            assert_eq!(a, b, "{from} to {to}");
            if from == to {
                assert_eq!(a, sample(from, Order::HOST, 7).raw().unwrap().bytes, "{from}");
            }
        }
    }
}

#[test]
fn a_flow_is_an_aggregate_of_one_and_aggregates_are_no_flows() {
    let mut out = Vec::new();
    convert(&sample(Version::V5, Order::HOST, 2), Version::V8(2), &mut out).unwrap();
    assert_eq!(read(&out, Version::V8(2), ie::FLOWS), [1, 1]);
    for (from, to) in [(Version::V8(1), Version::V5), (Version::V8(8), Version::V5), (Version::V8(1), Version::V8(2))] {
        assert!(check(&from.layout().schema, to).is_err(), "{from} to {to}");
    }
    assert!(check(&Version::V8(14).layout().schema, Version::V8(2)).is_ok());
}

#[test]
fn wide_numbers_are_fitted() {
    let batch = columns(&[
        (ie::SRC_ADDR4, 4, &[0x0A000001, 0x0A000002]),
        (ie::DST_ADDR4, 4, &[0x0A000003, 0x0A000004]),
        (ie::OCTETS, 8, &[1 << 40, 77]),
        (ie::SRC_AS, 4, &[4_200_000_000, 64512]),
        (ie::INPUT, 4, &[70_000, 3]),
        (ie::TCP_FLAGS, 2, &[0x112, 0x10]),
        (ie::DST_PORT, 2, &[0, 53]),
        (ie::ICMP_TYPE_CODE4, 2, &[0x0800, 0x0303]),
        (ie::START_MS, 8, &[1_767_225_600_123, 1_767_225_600_500]),
        (ie::END_MS, 8, &[1_767_225_601_123, 1_767_225_600_500]),
    ]);
    let mut out = Vec::new();
    convert(&batch, Version::V5, &mut out).unwrap();
    let field = |element| read(&out, Version::V5, element);
    assert_eq!(field(ie::SRC_ADDR4), [0x0A000001, 0x0A000002]);
    assert_eq!(field(ie::OCTETS), [u64::from(u32::MAX), 77]);
    assert_eq!(field(ie::SRC_AS), [23456, 64512]);
    assert_eq!(field(ie::INPUT), [65535, 3]);
    assert_eq!(field(ie::TCP_FLAGS), [0x12, 0x10]);
    assert_eq!(field(ie::DST_PORT), [0x0800, 53]);
    assert_eq!(field(ie::UNIX_SECS), [1_767_225_601, 1_767_225_600]);
    assert_eq!(field(ie::FIRST), [0, 0]);
    assert_eq!(field(ie::LAST), [1000, 0]);
}

#[test]
fn ipv6_has_no_classic_record() {
    let batch = columns(&[(ie::SRC_ADDR6, 16, &[1]), (ie::DST_ADDR6, 16, &[2])]);
    let mut out = Vec::new();
    let refusal = convert(&batch, Version::V5, &mut out).unwrap_err();
    assert_eq!(refusal.to_string(), "cannot be converted to version 5: the flows are of IPv6");
    assert!(out.is_empty());
    // An aggregate by AS has no addresses.
    assert!(convert(&batch, Version::V8(1), &mut out).is_ok());
}

#[test]
fn a_converter_keeps_what_it_worked_out() {
    let mut converter = Converter::new(Version::V1);
    let mut out = Vec::new();
    for _ in 0..3 {
        for from in [Version::V5, Version::V7] {
            converter.convert(&sample(from, Order::Little, 1), &mut out).unwrap();
        }
    }
    assert_eq!((converter.known.len(), out.len()), (2, 6 * 60));
}

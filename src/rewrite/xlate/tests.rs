use std::sync::Arc;

use chrono::Local;
use proptest::prelude::*;

use super::*;
use crate::flow::{Column, Element, FieldSpec, Order, Schema, Symbols, ie};
use crate::rewrite::cryptopan::CryptoPan;
use crate::select::config::{Mistake, Sources, Variables};
use crate::select::nfilter::Context;

const FILTERS: &str = "filter-primitive TEN\n type ip-address-prefix\n permit 10/8\nfilter-definition ten\n match ip-source-address TEN\n";
const KEY: &str = "1522178d33a4cf80130a5b1649907d10d8988f83797965276257\
                   4c2d2a842202";

fn parse(text: &str) -> Result<Translations, Mistake> {
    let read = |name: &str| match name {
        "f" => Ok(FILTERS.to_owned()),
        "key" => Ok(format!("{KEY}\n")),
        "missing" => Err("no such file".to_owned()),
        _ => Ok(text.to_owned()),
    };
    let symbols = Symbols::default();
    let context = Context { symbols: &symbols, now: Local::now() };
    Translations::parse("x", &mut Sources::new(Variables::default(), read), context)
}

/// A definition `d` of one term that is one action of these lines.
fn action(lines: &str) -> Translation {
    let text = format!("xlate-action A\n{lines}\nxlate-definition d\nterm\naction A\n");
    parse(&text).unwrap().definition("d").unwrap().clone()
}

/// Flows from these addresses, with prefixes of 20 bits and ports 1000 to 0x1234, of 2^30 octets.
fn flows(addresses: &[u32]) -> FlowBatch {
    let layout = Version::V1005.layout();
    let mut records = vec![0; layout.size * addresses.len()];
    for (record, address) in records.chunks_exact_mut(layout.size).zip(addresses) {
        let mut set = |element: Element, value: u32| {
            let (at, width) = layout.find(element).unwrap();
            record[at..at + width].copy_from_slice(&value.to_be_bytes()[4 - width..]);
        };
        set(ie::SRC_ADDR4, *address);
        set(ie::DST_ADDR4, 0xC0A8_FFFF);
        set(ie::SRC_MASK, 20);
        set(ie::SRC_PORT, 1000);
        set(ie::DST_PORT, 0x1234);
        set(ie::OCTETS, 1 << 30);
        set(ie::PACKETS, 3);
        set(ie::SRC_TAG, 0xABCD_EF01);
        set(ie::DST_AS, 9);
    }
    FlowBatch::from_raw(Version::V1005, Order::Big, records)
}

fn six(address: u128) -> FlowBatch {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let schema = Schema::new(vec![spec(ie::SRC_ADDR6, 16), spec(ie::SRC_MASK6, 1)]);
    let column = |octets: &[u8]| Column::Constant { value: octets.to_vec() };
    FlowBatch::from_columns(Arc::new(schema), 2, vec![column(&address.to_ne_bytes()), column(&[48])])
}

fn gathered(batch: &FlowBatch, field: Field) -> Vec<u32> {
    let mut values = Vec::new();
    assert!(batch.gather(field, &mut values));
    values
}

fn run(lines: &str, batch: FlowBatch) -> FlowBatch {
    action(lines).apply(batch, &mut Scratch::default())
}

const ADDRESS: u128 = 0x2001_0db8_1234_5678_9abc_def0_1111_2222;

#[test]
fn host_bits_go_by_length_or_by_class() {
    let batch = flows(&[0x0A01_FFFF, 0x8001_FFFF, 0xC001_FFFF, 0xE001_FFFF]);
    let by_length = run("type ip-source-address-to-network", batch.clone());
    assert!(by_length.raw().is_some());
    assert_eq!(gathered(&by_length, Field::SrcAddr), [0x0A01_F000, 0x8001_F000, 0xC001_F000, 0xE001_F000]);
    let by_class = run("type ip-source-address-to-class-network", batch);
    assert_eq!(gathered(&by_class, Field::SrcAddr), [0x0A00_0000, 0x8001_0000, 0xC001_FF00, 0xE001_FF00]);
    assert_eq!(
        run("type ip-source-address-to-network", six(ADDRESS)).column(0).unwrap().number(1),
        ADDRESS >> 80 << 80
    );
}

#[test]
fn masks_keep_only_their_bits() {
    let batch = run("type ip-address-privacy-mask\nmask 0xFFFFFF00 0xFFFF0000", flows(&[0x0A01_FFFF]));
    assert_eq!(
        (gathered(&batch, Field::SrcAddr), gathered(&batch, Field::DstAddr)),
        (vec![0x0A01_FF00], vec![0xC0A8_0000])
    );
    for (mask, kept) in [("0xFFFFFF00 0", 48), ("0xFFFFFFFF 0", 128), ("0 0", 0), ("0xFF 0 /56 /0", 56)] {
        let batch = run(&format!("type ip-address-privacy-mask\nmask {mask}"), six(ADDRESS));
        let want = ADDRESS & u128::MAX.checked_shl(128 - kept).unwrap_or(0);
        assert_eq!(batch.column(0).unwrap().number(0), want, "{mask}");
    }
    let batch = run("type ip-port-privacy-mask\nmask 0xFFF0 0xFF00", flows(&[1]));
    assert_eq!((gathered(&batch, Field::SrcPort), gathered(&batch, Field::DstPort)), (vec![992], vec![0x1200]));
    let batch = run("type tag-mask\nmask 0xFFFF 0", flows(&[1]));
    assert_eq!(gathered(&batch, Field::SrcTag), [0xEF01]);
}

#[test]
fn counters_that_grow_too_great_are_counted() {
    let (scale, mut scratch) = (action("type scale\nscale 5"), Scratch::default());
    let batch = scale.apply(flows(&[1, 2]), &mut scratch);
    assert_eq!((gathered(&batch, Field::Octets), gathered(&batch, Field::Packets)), (vec![u32::MAX; 2], vec![15; 2]));
    assert_eq!((scratch.take_clipped(), scratch.take_clipped()), (2, 0));
}

#[test]
fn only_as_0_is_replaced() {
    let batch = run("type replace-source-as0\nas 70000", flows(&[1]));
    assert_eq!(gathered(&batch, Field::SrcAs), [23456]);
    assert_eq!(gathered(&run("type replace-destination-as0\nas 7", flows(&[1])), Field::DstAs), [9]);
    let spec = FieldSpec { element: ie::SRC_AS, occurrence: 0, width: 4 };
    let column = Column::Constant { value: vec![0; 4] };
    let wide = FlowBatch::from_columns(Arc::new(Schema::new(vec![spec])), 1, vec![column]);
    assert_eq!(gathered(&run("type replace-source-as0\nas 70000", wide), Field::SrcAs), [70000]);
}

#[test]
fn addresses_are_anonymised_under_a_key_or_a_file() {
    let pan = CryptoPan::parse(KEY).unwrap();
    for source in [format!("key {KEY}"), "key-file key\nkey-file-refresh 10 02:00:00".to_owned()] {
        let lines = format!("type ip-source-address-anonymize\nalgorithm cryptopan-aes128\n{source}");
        let batch = run(&lines, flows(&[0x800B_4484, 5]));
        assert_eq!(gathered(&batch, Field::SrcAddr), [0x87F2_B484, pan.four(5)]);
        assert_eq!(gathered(&batch, Field::DstAddr), [0xC0A8_FFFF; 2]);
        assert_eq!(run(&lines, six(ADDRESS)).column(0).unwrap().number(1), pan.six(ADDRESS));
    }
}

#[test]
fn a_stop_keeps_flows_from_later_terms() {
    let text = "include-filter f\nxlate-action A\ntype scale\nscale 2\nxlate-action B\ntype replace-source-as0\nas 5
        xlate-definition d\nterm\nfilter ten\naction A\nstop\nterm\naction B\nstop\nterm\naction A";
    let translations = parse(text).unwrap();
    let translation = translations.definition("d").unwrap();
    let mut batch = flows(&[0x0A00_0001, 7, 0x0A00_0002, 8]);
    let all = translation.apply(batch.clone(), &mut Scratch::default());
    assert_eq!(gathered(&all, Field::Packets), [6, 3, 6, 3]);
    assert_eq!(gathered(&all, Field::SrcAs), [0, 5, 0, 5]);
    batch.select(vec![1, 2]);
    let some = translation.apply(batch, &mut Scratch::default());
    assert_eq!((gathered(&some, Field::Packets), gathered(&some, Field::SrcAs)), (vec![3, 6], vec![5, 0]));
}

#[test]
fn what_makes_no_sense_is_named() {
    for (text, mistake) in [
        ("term", "x:1:1: 'term': expected xlate-action, xlate-definition or include-filter"),
        ("xlate-action A\ntype scale\nmask 1 2", "x:3:1: 'mask': expected scale"),
        ("xlate-action A\ntype scale\n", "x:1:14: 'A': expected a scale in this xlate-action"),
        (
            "xlate-action A\ntype ip-address-anonymize\nkey 12",
            "x:3:5: 'key': expected a key of 64 hexadecimal digits, or of 32",
        ),
        ("xlate-action A\ntype ip-address-anonymize\nkey-file missing", "x:3:10: 'missing': no such file"),
        (
            "xlate-action A\ntype ip-address-anonymize\nkey-file-refresh 0",
            "x:3:18: '0': expected minutes, from 1 to 1000000",
        ),
        (
            "xlate-action A\ntype ip-address-anonymize\nkey-file-refresh 5 25:00",
            "x:3:20: '25:00': expected a time of day such as 02:00:00",
        ),
        ("xlate-action A\ntype ip-port-privacy-mask\nmask 70000 1", "x:3:6: '70000': expected a mask such as 0xFF00"),
        ("xlate-definition d\nterm\nfilter no", "x:3:8: 'no': expected a filter-definition, but none is defined"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), mistake);
    }
    assert_eq!(action("type tag-mask\nmask 1 1").lacks(Version::V5), Some(Field::SrcTag));
    assert_eq!(action("type ip-source-address-to-network").lacks(Version::V1), Some(Field::SrcMask));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        words in prop::collection::vec("(xlate-action|type|scale|mask|key|0x1|xlate-definition|term|stop|action|a|\n|.){1}", 0..30)
    ) {
        let _ = parse(&words.join(" "));
    }
}

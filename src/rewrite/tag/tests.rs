use std::sync::Arc;

use chrono::Local;
use proptest::prelude::*;

use super::*;
use crate::flow::{Column, Element, Schema, Symbols};
use crate::select::config::{Sources, Variables};
use crate::select::nfilter::Context;

const FILTERS: &str =
    "filter-primitive TAGGED\n type tag\n permit 7\nfilter-definition tagged\n match source-tag TAGGED\n";

fn tags(text: &str) -> Result<Tags, Mistake> {
    let read = |name: &str| Ok(if name == "f" { FILTERS.to_owned() } else { text.to_owned() });
    let symbols = Symbols::default();
    let context = Context { symbols: &symbols, now: Local::now() };
    Tags::parse("t", &mut Sources::new(Variables::default(), read), context)
}

/// Four version 5 flows, two of TCP, to port 443 and from it, one of UDP to port 443, one from elsewhere.
fn flows() -> FlowBatch {
    let layout = Version::V5.layout();
    let mut records = vec![0; layout.size * 4];
    let rows = [(0x0A00_0001, 6, 9, 443), (0x0A00_0002, 6, 443, 9), (0x0A00_0041, 17, 9, 443), (0, 6, 443, 443)];
    for (n, (record, row)) in records.chunks_exact_mut(layout.size).zip(rows).enumerate() {
        let mut set = |element: Element, value: u32| {
            let (at, width) = layout.find(element).unwrap();
            record[at..at + width].copy_from_slice(&value.to_be_bytes()[4 - width..]);
        };
        set(ie::SRC_ADDR4, row.0);
        set(ie::PROTOCOL, row.1);
        set(ie::SRC_PORT, row.2);
        set(ie::DST_PORT, row.3);
        set(ie::INPUT, n as u32);
    }
    FlowBatch::from_raw(Version::V5, Order::Big, records)
}

fn both(batch: &FlowBatch) -> Vec<(u32, u32)> {
    let (mut source, mut destination) = (Vec::<u32>::new(), Vec::<u32>::new());
    assert!(batch.gather(Field::SrcTag, &mut source) && batch.gather(Field::DstTag, &mut destination));
    source.into_iter().zip(destination).collect()
}

const SITE: &str = "
include-filter f
tag-action NET
  type src-prefix
  match 10.0.0.0/26 set-source 7
  match 10.0.0.0/8 set-source 0x8
  match 10.0.0.0/8 or-destination 1
  match 10.0.0.0/26 or-destination 0x10
tag-action WEB
  type tcp-port
  match https or-destination 0x100
  match 9 or-destination 0x200
tag-action MARK
  type any
  match any or-source 0x1000
tag-definition site
  term
    action net
    action WEB
tag-definition marked
  term
    filter tagged
    input-filter !0
    action MARK
";

#[test]
fn tags_are_set_in_the_order_of_actions() {
    let (tags, mut scratch) = (tags(SITE).unwrap(), Scratch::default());
    let site = tags.definition("site").unwrap();
    let tagged = site.apply(flows(), &mut scratch);
    assert_eq!(tagged.raw().unwrap().layout.version, Version::V1005);
    assert_eq!(both(&tagged), [(7, 0x310), (7, 0x310), (8, 1), (0, 0x100)]);
    // A condition on tags sees those that an earlier definition set.
    let all = Tagging::all([site, tags.definition("marked").unwrap()]);
    assert_eq!(both(&all.apply(flows(), &mut scratch)), [(7, 0x310), (0x1007, 0x310), (8, 1), (0, 0x100)]);
    // Tags there are stay.
    let again = tags.definition("marked").unwrap().apply(tagged, &mut scratch);
    assert_eq!(both(&again), [(7, 0x310), (0x1007, 0x310), (8, 1), (0, 0x100)]);
}

#[test]
fn only_selected_flows_need_be_tagged() {
    let mut batch = flows();
    batch.select(vec![1, 2]);
    let tags = tags(SITE).unwrap();
    let batch = tags.definition("site").unwrap().apply(batch, &mut Scratch::default());
    assert_eq!(both(&batch), [(7, 0x310), (8, 1)]);
}

#[test]
fn ipv6_flows_get_columns_of_tags() {
    let schema = Schema::new(vec![FieldSpec { element: ie::SRC_ADDR6, occurrence: 0, width: 16 }]);
    let data = [0x2001_0db8u128 << 96, 1].iter().flat_map(|n| n.to_ne_bytes()).collect();
    let batch = FlowBatch::from_columns(Arc::new(schema), 2, vec![Column::Plain { width: 16, data }]);
    let tags =
        tags("tag-action A\ntype prefix\nmatch 2001:db8::/32 set-source 3\ntag-definition d\nterm\naction A").unwrap();
    assert_eq!(both(&tags.definition("d").unwrap().apply(batch, &mut Scratch::default())), [(3, 0), (0, 0)]);
}

#[test]
fn what_flow_tools_misreads_is_misread_and_said() {
    let tags = tags("tag-action A\ntype tos\nmatch 0x28 set-source 3\ntag-definition d\nterm\naction A").unwrap();
    let doubts: Vec<String> = tags.doubts().iter().map(ToString::to_string).collect();
    assert_eq!(doubts, ["t:3:7: '0x28': is read as 0 here, as flow-tools does: expected a decimal number"]);
    assert_eq!(both(&tags.definition("d").unwrap().apply(flows(), &mut Scratch::default()))[0], (3, 0));
}

#[test]
fn what_makes_no_sense_is_named() {
    for (text, mistake) in [
        ("term", "t:1:1: 'term': expected tag-action, tag-definition or include-filter"),
        ("tag-action A\nmatch 1 set-source 1", "t:2:1: 'match': expected type before the first match"),
        (
            "tag-action A\ntype as\nmatch 1 put 1",
            "t:3:9: 'put': expected set-source, set-destination, or-source or or-destination",
        ),
        (
            "tag-action A\ntype as\nmatch 1 set-source",
            "t:3:19: expected a tag, a number such as 0x20 or a name at the end of the line",
        ),
        ("tag-action A\ntype tos\nmatch 256 set-source 1", "t:3:7: '256': expected a number from 0 to 255"),
        ("tag-action A\n", "t:1:12: 'A': expected a type in this tag-action"),
        ("tag-definition d\naction A", "t:2:1: 'action': expected term"),
        ("tag-definition d\nterm\naction A", "t:3:8: 'A': expected a tag-action, but none is defined"),
        ("tag-definition d\nterm\ninput-filter x", "t:3:14: 'x': expected interfaces, a list such as 1,5-9 or !1,5-9"),
    ] {
        assert_eq!(tags(text).unwrap_err().to_string(), mistake);
    }
    let wrong = tags("tag-action A\ntype colour").unwrap_err().to_string();
    assert!(wrong.contains("'colour': expected a type: one of source-prefix, "), "{wrong}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        words in prop::collection::vec("(tag-action|type|as|prefix|match|10/8|set-source|0x1|tag-definition|term|action|a|\n|.){1}", 0..30)
    ) {
        let _ = tags(&words.join(" "));
    }
}

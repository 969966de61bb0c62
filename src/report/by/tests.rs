//! Specs, and answers against plain maps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::flow::FlowBatch;
use crate::flow::symbols::Symbols;
use crate::report::tests::{flow, v5, v6};

fn spec(text: &str) -> Spec {
    text.parse().unwrap()
}

fn answer(specs: &[Spec], batches: &[FlowBatch], look: impl Fn(&mut Answer)) {
    let reports = Reports::new(specs);
    // Two workers, as on two cores.
    let mut workers = [reports.worker(), reports.worker()];
    batches.iter().enumerate().for_each(|(at, batch)| workers[at % 2].add(batch));
    let outcomes = workers.map(Workers::finish).into();
    reports.finish(outcomes).iter_mut().for_each(look);
}

fn shown(text: &str, sort: &str, batches: &[FlowBatch], format: Format, top: usize) -> String {
    let out = std::cell::RefCell::new(Vec::new());
    let names = Symbols::none();
    let how = Text { format, percent: false, top, names: &names, several: false };
    answer(&[spec(text)], batches, |answer| {
        how.write(answer, &sort.parse().unwrap(), &mut *out.borrow_mut()).unwrap();
    });
    String::from_utf8(out.into_inner()).unwrap()
}

const NET: u128 = 0x2001_0DB8 << 96;

fn mixed() -> [FlowBatch; 2] {
    let four = v5(&[
        flow([0x0A00_0001, 0x0A00_0102], [80, 1024], 6, 50, 1),
        flow([0x0A00_0102, 0x0A00_0001], [1, 2], 17, 9, 3),
    ]);
    [four, v6(&[(NET | 1, NET | 2, 1 << 33), (NET | 2, NET | 1, 7)])]
}

#[test]
fn errors_name_the_word() {
    for (text, want) in [
        ("srcadr", "'srcadr': no such field, expected any of srcaddr dstaddr"),
        ("", "'': no such field"),
        ("srcaddr,", "'': no such field"),
        ("srcaddr/33/64", "'srcaddr/33/64': expected bits of an address"),
        ("srcaddr/129", "'srcaddr/129': expected bits"),
        ("srcaddr/+4", "'srcaddr/+4': expected bits"),
        ("dstport/8", "'dstport/8': only addresses (/24) and times (/5m) can be cut"),
        ("first/5", "'first/5': expected a span of time"),
        ("first/0s", "'first/0s': expected a span"),
        ("distinct(dstaddr)", "'distinct(dstaddr)': expected a field to group by"),
        ("srcaddr,sum(octets)", "'sum(octets)': expected distinct(FIELD)"),
        ("srcaddr,srcip", "'srcip': stands in the key twice"),
        ("pair(addr),pair(port)", "'pair(port)': expected one pair(...)"),
        ("pair(prot)", "'prot': not a field of either end, expected any of addr port"),
        ("srcaddr,dstaddr,nexthop,exaddr,router_sc", "'srcaddr,dstaddr,nexthop,exaddr,router_sc': too long a key"),
    ] {
        let error = text.parse::<Spec>().unwrap_err().to_string();
        assert!(error.starts_with(want), "{text}: {error}");
    }
    let error = spec("srcaddr/24,prot").check(&"dstport".parse().unwrap()).unwrap_err().to_string();
    let known = "expected any of srcaddr/24 prot flows octets packets";
    assert_eq!(error, format!("'dstport': no such column of 'srcaddr/24,prot', {known}"));
    for sort in ["srcaddr", "SRCADDR/24:desc", "proto:asc", "bytes", "pkts", "flows"] {
        assert_eq!(spec("srcaddr/24,prot").check(&sort.parse().unwrap()), Ok(()), "{sort}");
    }
}

#[test]
fn a_table_has_titles_and_totals() {
    let got = shown("srcaddr,dstport", "octets", &mixed()[..1], Format::Table, 1);
    let want = "srcaddr   dstport      flows  octets  packets\n\
                10.0.0.1  1024             1      50        1\n\
                total of 2 groups          2      59        4\n";
    assert_eq!(got.split_whitespace().collect::<Vec<_>>(), want.split_whitespace().collect::<Vec<_>>());
    let widths: BTreeSet<usize> = got.lines().map(str::len).collect();
    assert_eq!(widths.len(), 1, "{got}");
}

#[test]
fn both_families_stand_in_one_report() {
    let csv = |text, sort| shown(text, sort, &mixed(), Format::Csv, usize::MAX);
    assert_eq!(
        csv("srcaddr/24/64,distinct(dstaddr),approx(dstaddr)", "octets"),
        "srcaddr/24/64,flows,octets,packets,distinct(dstaddr),approx(dstaddr)\n\
         2001:db8::/64,2,8589934599,0,2,2\n10.0.0.0/24,1,50,1,1,1\n10.0.1.0/24,1,9,3,1,1\n"
    );
    // Only the values that are counted are long.
    let got = csv("bytes,distinct(srcaddr),approx(srcaddr/24/64)", "bytes:asc");
    assert!(got.ends_with("\n7,1,7,0,1,1\n9,1,9,3,1,1\n50,1,50,1,1,1\n8589934592,1,8589934592,0,1,1\n"), "{got}");
    assert_eq!(
        csv("pair(addr)", "addr1"),
        "addr1,addr2,flows,octets,packets\n10.0.0.1,10.0.1.2,2,59,4\n2001:db8::1,2001:db8::2,2,8589934599,0\n"
    );
    assert_eq!(
        csv("srcaddr/0/0", "octets:asc"),
        "srcaddr/0/0,flows,octets,packets\n0.0.0.0/0,2,59,4\n::/0,2,8589934599,0\n"
    );
}

#[test]
fn conversations_keep_ports_with_their_hosts() {
    let batch =
        v5(&[flow([1, 2], [80, 1024], 6, 1, 1), flow([2, 1], [1024, 80], 6, 2, 1), flow([2, 1], [80, 1024], 6, 4, 1)]);
    let got = shown("prot,pair(addr,port)", "octets", &[batch], Format::Json, 9);
    assert_eq!(
        got,
        "{\"prot\":6,\"addr1\":\"0.0.0.1\",\"port1\":1024,\"addr2\":\"0.0.0.2\",\"port2\":80,\"flows\":1,\"octets\":4,\"packets\":1}\n\
         {\"prot\":6,\"addr1\":\"0.0.0.1\",\"port1\":80,\"addr2\":\"0.0.0.2\",\"port2\":1024,\"flows\":2,\"octets\":3,\"packets\":2}\n"
    );
}

#[test]
fn any_element_is_a_key() {
    use std::sync::Arc;

    use crate::flow::{Column, Element, FieldSpec, Schema, VARIABLE, ie};

    let elements = [
        (ie::OCTETS, 4),
        (Element::iana(147), VARIABLE),
        (ie::SRC_MAC, 6),
        (Element::iana(225), 4),
        (Element::iana(434), 4),
    ];
    let fields = elements.map(|(element, width)| FieldSpec { element, occurrence: 0, width });
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let number = |n: u32| n.to_ne_bytes();
    let columns = vec![
        Column::Plain { width: 4, data: [5, 6, 7].into_iter().flat_map(number).collect() },
        Column::Variable { ends: vec![4, 9, 13], data: b"wlanguestwlan".to_vec() },
        Column::Plain { width: 6, data: [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 1]].concat() },
        Column::Plain {
            width: 4,
            data: [0x0A00_0001, 0x0900_0001, 0x0A00_0001].into_iter().flat_map(number).collect(),
        },
        Column::Plain { width: 4, data: [-3i32, 4, -3].into_iter().flat_map(i32::to_ne_bytes).collect() },
    ];
    let batches = [FlowBatch::from_columns(schema, 3, columns), v5(&[flow([1, 2], [3, 4], 6, 50, 1)])];
    let csv = |text: &str, sort: &str| shown(text, sort, &batches, Format::Csv, 9);
    assert_eq!(csv("wlanSSID", "wlanssid"), "wlanSSID,flows,octets,packets\nguest,1,6,0\nwlan,2,12,0\n");
    assert_eq!(
        csv("postNATSourceIPv4Address,distinct(wlanSSID),approx(WLANSSID)", "postNATSourceIPv4Address:desc"),
        "postNATSourceIPv4Address,flows,octets,packets,distinct(wlanSSID),approx(wlanSSID)\n\
         10.0.0.1,2,12,0,1,1\n9.0.0.1,1,6,0,1,1\n"
    );
    assert_eq!(
        csv("mibObjectValueInteger,src_mac", "mibObjectValueInteger"),
        "mibObjectValueInteger,src_mac,flows,octets,packets\n-3,02:00:00:00:00:01,2,12,0\n4,02:00:00:00:00:09,1,6,0\n"
    );
    answer(&[spec("wlanSSID")], &batches, |answer| assert_eq!(answer.lacking(), 1));
    assert!(Reports::new(&[spec("wlanSSID,mibObjectValueInteger")]).fields().wants(Element::iana(147)));
    assert!("wlanSSID/3".parse::<Spec>().is_err());
}

/// Hosts, ports, octets: few of each, so that groups have several flows.
fn flows() -> impl Strategy<Value = Vec<([u32; 2], [u16; 2], u32)>> {
    let one = ([0u32..40, 0u32..40], [0u16..4, 0u16..4], 0u32..1000);
    proptest::collection::vec(one, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_never_panics(text in "\\PC*") {
        let _ = text.parse::<Spec>();
    }

    #[test]
    fn text_like_a_spec_never_panics(text in "((srcaddr|dstaddr|first|last|pair|distinct|approx|port|addr)[(),/0-9a-z]{0,6}){1,5}",
                                     sort in "[a-z(),:/0-9]{0,20}") {
        if let Ok(spec) = text.parse::<Spec>() {
            let _ = spec.check(&sort.parse().unwrap());
        }
    }

    #[test]
    fn answers_are_those_of_a_plain_map(flows in flows(), top in 1usize..60) {
        let mut map = BTreeMap::<(u32, u16), (u64, u64, BTreeSet<u32>)>::new();
        for (hosts, ports, octets) in &flows {
            let group = map.entry((hosts[0] & !3, ports[1])).or_default();
            group.0 += 1;
            group.1 += u64::from(*octets);
            group.2.insert(hosts[1]);
        }
        let records: Vec<_> = flows.iter().map(|(hosts, ports, octets)| flow(*hosts, *ports, 6, *octets, 1)).collect();
        let batches: Vec<_> = records.chunks(50).map(v5).collect();
        type Group = ((u32, u16), (u64, u64, BTreeSet<u32>));
        let value = |sort: &str, group: &Group| match sort {
            "octets" => group.1.1,
            _ => group.1.2.len() as u64,
        };
        for sort in ["octets", "distinct(dstaddr)"] {
            let mut groups: Vec<_> = map.clone().into_iter().collect();
            groups.sort_by_key(|group| (std::cmp::Reverse(value(sort, group)), group.0));
            let text = "srcaddr/30,dstport,distinct(dstaddr),approx(dstaddr)";
            let got = shown(text, sort, &batches, Format::Csv, top);
            let want: Vec<_> = groups.iter().take(top).map(|((host, port), (flows, octets, hosts))| {
                let (host, hosts) = (std::net::Ipv4Addr::from(*host), hosts.len());
                format!("{host}/30,{port},{flows},{octets},{flows},{hosts},{hosts}")
            }).collect();
            prop_assert_eq!(got.lines().skip(1).collect::<Vec<_>>(), want);
        }
    }
}

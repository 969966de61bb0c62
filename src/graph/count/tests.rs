//! Hand-computed, directive by directive.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::*;
use crate::flow::symbols::Symbols;
use crate::flow::{About, Column, Element, Fact, FieldSpec, FlowBatch, Order, Schema, Version};
use crate::graph::config::Config;
use crate::select::config::{Sources, Variables};

const CONFIG: &str = "\
Subnet 10.0.0.0/8
Network 10.1.0.0/16 labs
Network 10.1.2.0/24 desk
Router 192.0.2.1 edge
Service 80/tcp,8080/tcp http
Service 53/udp dns
Protocol 6 tcp
Protocol 17 udp
TOS 0 normal
TOS 32-63 better
ASNumber 64496 friends
Multicast
Category apps
";

const CATEGORIES: &str = "category web\nport 80/tcp\napplication http*\ncategory names\nport 53/udp\napplication dns\n";

fn plan() -> Plan {
    plan_of(CONFIG)
}

fn plan_of(config: &str) -> Plan {
    let files = |name: &str| Ok(if name == "apps" { CATEGORIES } else { config }.to_owned());
    let mut sources = Sources::new(Variables::default(), files);
    Plan::of(&Config::read(&mut sources, "CUFlow.cf", &Symbols::default()).unwrap())
}

/// A flow of version 5 that ended 10 ms after `secs`.
struct Five {
    exporter: &'static str,
    from: (&'static str, u16, u16),
    to: (&'static str, u16, u16),
    protocol: u8,
    tos: u8,
    octets: u32,
    packets: u32,
    secs: u32,
}

fn five(flows: &[Five]) -> FlowBatch {
    let four = |text: &str| text.parse::<std::net::Ipv4Addr>().unwrap().to_bits().to_be_bytes();
    let mut bytes = Vec::new();
    for flow in flows {
        bytes.extend(flow.secs.to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(four(flow.exporter));
        bytes.extend(four(flow.from.0));
        bytes.extend(four(flow.to.0));
        bytes.extend([0; 8]);
        bytes.extend(flow.packets.to_be_bytes());
        bytes.extend(flow.octets.to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(10u32.to_be_bytes());
        bytes.extend(flow.from.1.to_be_bytes());
        bytes.extend(flow.to.1.to_be_bytes());
        bytes.extend([flow.protocol, flow.tos, 0, 0, 0, 0, 0, 0]);
        bytes.extend(flow.from.2.to_be_bytes());
        bytes.extend(flow.to.2.to_be_bytes());
    }
    FlowBatch::from_raw(Version::V5, Order::Big, bytes)
}

/// What each RRD would be given in a step, those with nothing left out.
fn shown(plan: &Plan, tally: &Tally, step: u64, router: Option<u16>) -> BTreeMap<String, [u64; 6]> {
    let counts = tally.books.get(&(step, router)).cloned().unwrap_or_default();
    let all = plan.counters.iter().map(Counter::stem).zip(counts.iter().map(Counts::values));
    all.filter(|(_, values)| *values != [0; 6]).collect()
}

#[test]
fn flows_are_counted_under_all_they_belong_to() {
    let plan = plan();
    let (edge, other) = ("192.0.2.1", "192.0.2.9");
    let flows = [
        // A page is asked for, and comes.
        Five {
            exporter: edge,
            from: ("10.1.2.3", 40000, 0),
            to: ("198.51.100.7", 80, 64496),
            protocol: 6,
            tos: 0,
            octets: 500,
            packets: 5,
            secs: 1000,
        },
        Five {
            exporter: edge,
            from: ("198.51.100.7", 80, 64496),
            to: ("10.1.2.3", 40000, 0),
            protocol: 6,
            tos: 40,
            octets: 9000,
            packets: 7,
            secs: 1000,
        },
        // A name, from elsewhere, in the next step.
        Five {
            exporter: other,
            from: ("10.1.9.9", 53, 0),
            to: ("203.0.113.5", 53, 1),
            protocol: 17,
            tos: 8,
            octets: 80,
            packets: 1,
            secs: 1500,
        },
        // A group, from no network.
        Five {
            exporter: other,
            from: ("10.9.9.9", 9, 0),
            to: ("239.1.1.1", 9, 0),
            protocol: 17,
            tos: 0,
            octets: 60,
            packets: 2,
            secs: 1500,
        },
        // Neither: inside, and passing by.
        Five {
            exporter: edge,
            from: ("10.1.9.9", 1, 0),
            to: ("10.1.2.3", 80, 0),
            protocol: 6,
            tos: 0,
            octets: 1,
            packets: 1,
            secs: 1000,
        },
        Five {
            exporter: edge,
            from: ("198.51.100.7", 1, 0),
            to: ("203.0.113.5", 80, 0),
            protocol: 6,
            tos: 0,
            octets: 2,
            packets: 2,
            secs: 1000,
        },
    ];
    let mut worker = Worker::new(&plan, Steps::of(300, 900, 1800), Times::End);
    let mut ways = Vec::new();
    worker.add(&five(&flows), |row, way| ways.push((row, way)));
    assert_eq!(ways, [(0, Some(OUT)), (1, Some(IN)), (2, Some(OUT)), (3, Some(OUT)), (4, None), (5, None)]);
    let tally = worker.finish();
    assert_eq!((tally.hits, tally.neither), ([4, 15, 9640], [2, 3, 3]));
    let both = [9000, 500, 7, 5, 1, 1];
    let (into, out) = ([9000, 0, 7, 0, 1, 0], [0, 500, 0, 5, 0, 1]);
    let expected = [
        ("total", both),
        ("neither", [3, 0, 3, 0, 2, 0]),
        ("network_labs", both),
        ("network_desk", both),
        ("protocol_tcp", both),
        ("tos_normal", out),
        ("tos_better", into),
        ("as_friends", both),
        ("service_http_src", into),
        ("service_http_dst", out),
        ("category_web", both),
    ];
    let named = |list: &[(&str, [u64; 6])]| list.iter().map(|(name, values)| ((*name).to_owned(), *values)).collect();
    assert_eq!(shown(&plan, &tally, 900, Some(0)), named(&expected));
    let (name, group) = ([0, 80, 0, 1, 0, 1], [0, 60, 0, 2, 0, 1]);
    let expected = [
        ("total", [0, 140, 0, 3, 0, 2]),
        ("network_labs", name),
        ("protocol_udp", [0, 140, 0, 3, 0, 2]),
        ("protocol_multicast", group),
        ("tos_normal", group),
        ("service_dns_src", name),
        ("service_dns_dst", name),
        ("category_names", name),
        ("category_other", group),
    ];
    assert_eq!(shown(&plan, &tally, 1500, None), named(&expected));
    assert_eq!(tally.books.len(), 2);
}

#[test]
fn an_application_goes_before_its_ports() {
    let plan = plan();
    let element = |id, width| FieldSpec { element: Element::iana(id), occurrence: 0, width };
    let schema = Schema::new(vec![
        element(27, 16),
        element(28, 16),
        element(4, 1),
        element(7, 2),
        element(11, 2),
        element(1, 8),
        element(2, 8),
        element(153, 8),
        element(95, 4),
    ]);
    let six = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().to_bits().to_ne_bytes();
    // Two flows on port 80: one whose application has a name, one whose has none; both from outside everything.
    let mut columns: Vec<Vec<u8>> = vec![Vec::new(); 9];
    for application in [[13, 0, 0, 53], [13, 0, 0, 99]] {
        columns[0].extend(six("2001:db8::1"));
        columns[1].extend(six("2001:db8::2"));
        columns[2].push(6);
        columns[3].extend(50000u16.to_ne_bytes());
        columns[4].extend(80u16.to_ne_bytes());
        columns[5].extend(100u64.to_ne_bytes());
        columns[6].extend(1u64.to_ne_bytes());
        columns[7].extend(1_000_000u64.to_ne_bytes());
        columns[8].extend(application);
    }
    let widths = schema.fields().iter().map(|field| field.width);
    let columns = columns.into_iter().zip(widths);
    let columns = columns.map(|(bytes, width)| Column::Plain { width, data: bytes }).collect();
    let batch = FlowBatch::from_columns(Arc::new(schema), 2, columns);
    let text = CONFIG.replace("Subnet 10.0.0.0/8", "Subnet 2001:db8::1/128");
    let files = |name: &str| Ok(if name == "apps" { CATEGORIES.to_owned() } else { text.clone() });
    let mut sources = Sources::new(Variables::default(), files);
    let six = Plan::of(&Config::read(&mut sources, "CUFlow.cf", &Symbols::default()).unwrap());
    assert_eq!(six.counters, plan.counters);
    let mut worker = Worker::new(&six, Steps::of(300, 900, 1200), Times::End);
    worker.add(&batch, |_, _| ());
    let mut tally = worker.finish();
    let fact = Fact {
        exporter: IpAddr::V4(0.into()),
        domain: 0,
        about: About::Application(vec![13, 0, 0, 53]),
        name: "DNS".into(),
        description: String::new(),
    };
    tally.name(&six, &[fact]);
    let shown = shown(&six, &tally, 900, None);
    assert_eq!(shown.get("category_names"), Some(&[0, 100, 0, 1, 0, 1]));
    assert_eq!(shown.get("category_web"), Some(&[0, 100, 0, 1, 0, 1]));
    assert_eq!(shown.get("total"), Some(&[0, 200, 0, 2, 0, 2]));
}

#[test]
fn a_flow_counts_under_each_label_that_has_it() {
    let plan = plan_of(
        "Subnet 10.0.0.0/8\nService 80/tcp,443/tcp web\nService 443/tcp https\nService 1-1023/tcp low\n\
         TOS 0 normal\nTOS 0-255 all\nASNumber 7 a\nASNumber 7,8 b\n",
    );
    let flow = |port, tos, asn| Five {
        exporter: "192.0.2.1",
        from: ("10.0.0.1", 50000, 0),
        to: ("192.0.2.9", port, asn),
        protocol: 6,
        tos,
        octets: 100,
        packets: 1,
        secs: 1000,
    };
    let mut worker = Worker::new(&plan, Steps::of(300, 900, 1200), Times::End);
    worker.add(&five(&[flow(443, 0, 7), flow(80, 4, 8), flow(22, 4, 9)]), |_, _| ());
    let shown = shown(&plan, &worker.finish(), 900, None);
    let flows: Vec<(&str, u64)> = shown.iter().map(|(name, values)| (name.as_str(), values[5])).collect();
    assert_eq!(
        flows,
        [
            ("as_a", 1),
            ("as_b", 2),
            ("service_https_dst", 1),
            ("service_low_dst", 3),
            ("service_web_dst", 2),
            ("tos_all", 3),
            ("tos_normal", 1),
            ("total", 3)
        ]
    );
}

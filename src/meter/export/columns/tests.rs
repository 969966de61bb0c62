use std::convert::Infallible;
use std::net::IpAddr;

use super::super::super::biflow::Direction;
use super::super::super::expiry::Reason;
use super::super::super::key::Ends;
use super::super::super::packet::Address;
use super::super::super::sensor::Track;
use super::super::shape::Times;
use super::*;
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field};

fn flow(addresses: [Address; 2]) -> Biflow {
    let way =
        Direction { packets: 1 << 40, octets: 1 << 50, first_ns: 5_000_000, last_ns: 7_999_999, flags: 2, tos: 1 };
    let macs = [0x0200_0000_0001, 0x0200_0000_0002];
    Biflow {
        ends: Ends { addresses, ports: [9, 53], macs, protocol: 17, vlan: 12 },
        directions: [way, Direction { packets: 2, octets: 7, ..way }],
        reason: Reason::Flushed,
        ended_ns: 9_000_000,
    }
}

const FOUR: [Address; 2] = [Address::V4(0x0A00_0001), Address::V4(0x0A00_0002)];

fn batches(shape: Shape, flows: &[Biflow]) -> Vec<FlowBatch> {
    let mut batches = Vec::new();
    let mut sink = Columns::new(shape, 10, |batch: &FlowBatch| {
        batches.push(batch.clone());
        Ok::<_, Infallible>(())
    });
    flows.iter().for_each(|flow| sink.take(flow).unwrap());
    sink.flush().unwrap();
    batches
}

#[test]
fn flows_of_both_versions_are_handed_on() {
    let exporter = Some(IpAddr::from([192, 0, 2, 1]));
    let shape = Shape { exporter, ..Shape::of_file(None, Track::Ether) };
    let batches = batches(shape, &[flow(FOUR), flow([Address::V6(1 << 120), Address::V6(2)])]);
    for (batch, address) in batches.iter().zip(["10.0.0.1", "100::"]) {
        assert_eq!(batch.len(), 2);
        let number = |field, row| batch.view(field).unwrap().number(row);
        assert_eq!(batch.view(Field::SrcAddr).unwrap().address(0).to_string(), address);
        assert_eq!(batch.view(Field::DstAddr).unwrap().address(1).to_string(), address);
        assert_eq!((number(Field::Octets, 0), number(Field::Packets, 1)), (1 << 50, 2));
        assert_eq!((number(Field::StartMs, 0), number(Field::EndMs, 0)), (5, 7));
        assert_eq!((number(Field::SrcPort, 1), number(Field::VlanId, 0)), (53, 12));
        assert_eq!(batch.view(Field::SrcMac).unwrap().octets(0).0, [2, 0, 0, 0, 0, 1]);
        assert_eq!(number(Field::Exporter, 0), 0xC000_0201);
    }
}

#[test]
fn times_are_told_in_every_unit() {
    const S: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * S;
    let spans = [(1_700_000_000_123_456_789, 1_700_000_009_001_000_001), (60 * DAY, 60 * DAY), (DAY, 40 * DAY)];
    for times in [Times::Uptime, Times::Seconds, Times::Milliseconds, Times::Microseconds, Times::Nanoseconds] {
        for (first_ns, last_ns) in spans {
            let mut flow = flow(FOUR);
            (flow.directions[0].first_ns, flow.directions[0].last_ns) = (first_ns, last_ns);
            flow.directions[1].packets = 0;
            for ended_ns in [last_ns, last_ns + 5 * S, last_ns + 300 * DAY] {
                let shape = Shape::of_export(times, Track::Full, false);
                let batch = &batches(shape, &[Biflow { ended_ns, ..flow }])[0];
                let mut told = FlowTimes::default();
                told.gather(batch);
                let unit = if times == Times::Seconds { S } else { 1_000_000 };
                let ms = |ns: u64| ns / unit * unit / 1_000_000;
                assert_eq!((told.start[0], told.end[0]), (ms(first_ns), ms(last_ns)), "{times:?}");
            }
        }
    }
}

#[test]
fn both_directions_are_one_record_from_who_began() {
    let mut one = flow(FOUR);
    one.directions[0].first_ns += 1_000_000;
    let shape = Shape::of_export(Times::Milliseconds, Track::Full, true);
    let mut alone = flow(FOUR);
    alone.directions[0].packets = 0;
    let together = flow(FOUR);
    let batches = batches(shape, &[one, alone, together]);
    assert_eq!(batches.iter().map(FlowBatch::len).collect::<Vec<_>>(), [1, 2]);
    let number = |element, row| {
        let at = batches[1].schema().position(element, 0).unwrap();
        batches[1].column(at).unwrap().number(row)
    };
    let reverse = |id| Element { enterprise: 29305, id };
    assert_eq!(batches[1].view(Field::SrcAddr).unwrap().address(0).to_string(), "10.0.0.2");
    assert_eq!((number(Element::iana(1), 0), number(reverse(1), 0)), (7, 1 << 50));
    assert_eq!((number(Element::iana(2), 0), number(reverse(2), 0)), (2, 1 << 40));
    assert_eq!((number(Element::iana(152), 0), number(reverse(152), 0)), (5, 6));
    // Began: the source; nobody knows.
    assert_eq!([0, 1].map(|row| number(Element::iana(239), row)), [1, 0]);
}

/// The fields of a batch's first row, as numbers, by element.
fn told(batch: &FlowBatch) -> Vec<(u32, u16, u16, u128)> {
    let fields = batch.schema().fields().iter().enumerate();
    let value = |at: usize| match batch.column(at).unwrap() {
        view if view.width() <= 8 || view.width() == 16 => view.number(0),
        _ => 0,
    };
    fields.map(|(at, spec)| (spec.element.enterprise, spec.element.id, spec.width, value(at))).collect()
}

fn of_template(list: &str, biflow: bool) -> Shape {
    let template = Some(list.parse().unwrap());
    Shape { template, ..Shape::of_export(Times::Milliseconds, Track::Full, biflow) }
}

/// The row's fields that are IANA's.
fn row(list: &str, flow: Biflow, more: impl Fn(Shape) -> Shape) -> Vec<(u16, u16, u128)> {
    let batches = batches(more(of_template(list, false)), &[flow]);
    told(&batches[0]).into_iter().filter(|field| field.0 == 0).map(|(_, id, width, value)| (id, width, value)).collect()
}

#[test]
fn every_element_is_told() {
    let way = Direction {
        packets: 3,
        octets: 700,
        first_ns: 1_700_000_000_123_456_789,
        flags: 0x1b,
        tos: 0xb8,
        ..Direction::default()
    };
    let way = Direction { last_ns: way.first_ns + 2_000_001_000, ..way };
    let four = Biflow { directions: [way, Direction::default()], ..flow(FOUR) };
    let mac = |last: u8| u64::from_ne_bytes([2, 0, 0, 0, 0, last, 0, 0]) as u128;
    let ntp =
        |secs: u64, ns: u64| u128::from(secs + 2_208_988_800) << 32 | (u128::from(ns) << 32).div_ceil(1_000_000_000);
    let all = "1,2,4,5,6/2,7,8,10,11,12,14/2,58,59,60,61,85,86,130,136,148/4,150,151,152,153,156,157,161,162/3,195,196,210,239,243,252,253";
    let got = row(all, four, |shape| Shape { interface: Some(300), exporter: Some([192, 0, 2, 1].into()), ..shape });
    let expected = [
        (1, 8, 700),
        (2, 8, 3),
        (4, 1, 17),
        (5, 1, 0xb8),
        (6, 2, 0x1b),
        (7, 2, 9),
        (8, 4, 0x0a00_0001),
        (10, 4, 300),
        (11, 2, 53),
        (12, 4, 0x0a00_0002),
        (14, 2, 300),
        (58, 2, 12),
        (59, 2, 12),
        (60, 1, 4),
        (61, 1, 0),
        (85, 8, 700),
        (86, 8, 3),
        (130, 4, 0xc000_0201),
        (136, 1, 4),
        (148, 4, 1),
        (150, 4, 1_700_000_000),
        (151, 4, 1_700_000_002),
        (152, 8, 1_700_000_000_123),
        (153, 8, 1_700_000_002_123),
        (156, 8, ntp(1_700_000_000, 123_456_789)),
        (157, 8, ntp(1_700_000_002, 123_457_789)),
        (161, 4, 2000),
        (162, 3, 2_000_001),
        (195, 1, 46),
        (196, 1, 5),
        (210, 1, 0),
        (239, 1, 0),
        (243, 2, 12),
        (252, 4, 300),
        (253, 4, 300),
    ];
    assert_eq!(got, expected);
    let macs = batches(of_template("56,80", false), &[four]);
    assert_eq!([0, 1].map(|at| macs[0].column(at).unwrap().octets(0).0[5]), [1, 2]);
    assert_eq!(mac(1), u128::from(u64::from_ne_bytes([2, 0, 0, 0, 0, 1, 0, 0])));
    // What does not fit is the most that does.
    assert_eq!(
        row("10/1,162/2", four, |shape| Shape { interface: Some(300), ..shape }),
        [(10, 1, 255), (162, 2, 65_535)]
    );
    // Of IPv6 flows, what stands for the elements of IPv4.
    let six = Biflow { ends: Ends { addresses: [Address::V6(1 << 120 | 5), Address::V6(2)], ..four.ends }, ..four };
    let exporter = |shape| Shape { exporter: Some(IpAddr::from([7u16; 8])), ..shape };
    let sevens = 0x0007_0007_0007_0007_0007_0007_0007_0007;
    assert_eq!(row("12,8,130,60", six, exporter), [(28, 16, 2), (27, 16, 1 << 120 | 5), (131, 16, sevens), (60, 1, 6)]);
}

#[test]
fn icmp_has_type_and_code() {
    let mut four = flow(FOUR);
    four.directions[1].packets = 0;
    (four.ends.protocol, four.ends.ports) = (1, [0, 0x0305]);
    let elements = "32,176,177,11";
    assert_eq!(row(elements, four, |shape| shape), [(32, 2, 0x305), (176, 1, 3), (177, 1, 5), (11, 2, 0x305)]);
    let mut six = Biflow { ends: Ends { addresses: [Address::V6(1), Address::V6(2)], ..four.ends }, ..four };
    // ICMP of the other IP version is no ICMP.
    assert_eq!(row(elements, six, |shape| shape)[..3], [(139, 2, 0), (178, 1, 0), (179, 1, 0)]);
    six.ends.protocol = 58;
    assert_eq!(row(elements, six, |shape| shape)[..3], [(139, 2, 0x305), (178, 1, 3), (179, 1, 5)]);
    // By itself, as softflowd does: flows of ICMP apart from others, without TCP flags.
    let udp = Biflow { ends: Ends { protocol: 17, ..four.ends }, ..four };
    let batches = batches(Shape::of_export(Times::Milliseconds, Track::Full, false), &[four, udp, six]);
    let has = |batch: &FlowBatch, id| batch.schema().position(Element::iana(id), 0).is_some();
    let elements: Vec<_> = batches.iter().map(|batch| [32, 139, 6].map(|id| has(batch, id))).collect();
    assert_eq!(elements, [[false, false, true], [true, false, false], [false, true, false]]);
}

#[test]
fn exports_have_the_elements_of_softflowds() {
    let ids = |shape: Shape| {
        let batches = batches(shape, &[flow(FOUR)]);
        told(&batches[0]).into_iter().filter(|field| field.0 != crate::flow::LOCAL).map(|f| f.1).collect::<Vec<_>>()
    };
    let nine = [8, 12, 22, 21, 1, 2, 10, 14, 61, 136, 7, 11, 4, 6, 60, 5];
    assert_eq!(ids(Shape::of_export(Times::Uptime, Track::Full, false)), nine);
    let ether = ids(Shape::of_export(Times::Milliseconds, Track::Ether, true));
    assert_eq!(ether[..4], [8, 12, 152, 153]);
    assert_eq!(ether[16..], [58, 56, 80, 152, 153, 1, 2, 6, 5, 239]);
}

#[test]
fn reasons_are_ipfix_s() {
    let reason = |reason, flags: [u8; 2]| {
        let mut flow = Biflow { reason, ..flow(FOUR) };
        flow.ends.protocol = 6;
        (flow.directions[0].flags, flow.directions[1].flags) = (flags[0], flags[1]);
        row("136", flow, |shape| shape)[0].2
    };
    for idle in [Reason::General, Reason::Tcp, Reason::Udp, Reason::Icmp] {
        assert_eq!(reason(idle, [1, 0]), 1);
    }
    assert_eq!(reason(Reason::MaxLife, [1, 1]), 2);
    assert_eq!([Reason::TcpRst, Reason::TcpFin].map(|end| reason(end, [0; 2])), [3; 2]);
    assert_eq!([[1, 1], [0, 4], [1, 0]].map(|flags| reason(Reason::Flushed, flags)), [3, 3, 4]);
    assert_eq!([reason(Reason::MaxFlows, [2, 2]), reason(Reason::OverBytes, [1, 1])], [5; 2]);
}

#[test]
fn counters_shorter_than_a_flows_share_it_out() {
    let mut big = flow(FOUR);
    (big.directions[0].octets, big.directions[0].packets) = (1 << 40, 1 << 30);
    (big.directions[1].octets, big.directions[1].packets) = (77, 1);
    for (list, biflow, rows) in [
        ("1/4,2,152,148", false, 258),
        ("1/4,2,152,148", true, 257),
        ("1,2/3,152,148", false, 66),
        ("85/8,86,152,148", false, 2),
    ] {
        let batches = batches(of_template(list, biflow), &[big]);
        assert_eq!(batches.iter().map(FlowBatch::len).sum::<usize>(), rows, "{list}");
        let sum = |enterprise, at: usize| {
            let id = batches[0].schema().fields()[at].element.id;
            let columns = batches.iter().filter_map(|b| Some((b, b.schema().position(Element { enterprise, id }, 0)?)));
            columns
                .map(|(b, at)| (0..b.len()).map(|i| b.column(at).unwrap().number(i) as u64).sum::<u64>())
                .sum::<u64>()
        };
        assert_eq!(sum(0, 0) + sum(29305, 0), (1 << 40) + 77);
        assert_eq!(sum(0, 1) + sum(29305, 1), (1 << 30) + 1);
        for batch in &batches {
            for at in [2, 3] {
                assert!((0..batch.len()).all(|i| batch.column(at).unwrap().number(i) as u64 == [5, 1][at - 2]));
            }
        }
    }
}

#[test]
fn flows_are_told_otherwise_from_one_on() {
    let mut batches = Vec::new();
    let mut sink = Columns::new(of_template("1,8", false), 10, |batch: &FlowBatch| {
        batches.push((batch.len(), batch.schema().fields()[0].element.id));
        Ok::<_, Infallible>(())
    });
    sink.take(&flow(FOUR)).unwrap();
    sink.reshape(of_template("2,8", false)).unwrap();
    assert_eq!(sink.shape(), &of_template("2,8", false));
    sink.take(&flow(FOUR)).unwrap();
    sink.flush().unwrap();
    assert_eq!(sink.flows(), 4);
    assert_eq!(batches, [(2, 1), (2, 2)]);
}

#[test]
fn files_say_the_interface_if_it_is_known() {
    let shape = Shape { interface: Some(7), ..Shape::of_file(None, Track::Full) };
    let number = |batch: &FlowBatch, field| batch.view(field).map(|view| view.number(0));
    let with = batches(shape, &[flow(FOUR)]);
    assert_eq!([Field::Input, Field::Output].map(|field| number(&with[0], field)), [Some(7); 2]);
    assert_eq!(number(&batches(Shape::of_file(None, Track::Full), &[flow(FOUR)])[0], Field::Input), None);
}

use proptest::prelude::*;

use super::*;
use crate::report::tests::{flow, v5, v6};
use crate::select::config::{Sources, Variables};

fn sources<'r>(text: &'r str) -> Sources<'r> {
    Sources::new(Variables::default(), move |_| Ok(text.to_owned()))
}

/// The alerts of flows of TCP: (source, destination, destination port) each.
fn alerts(detector: &mut Detector, flows: impl IntoIterator<Item = (u32, u32, u16)>) -> Vec<Alert> {
    let records: Vec<_> = flows.into_iter().map(|(from, to, port)| flow([from, to], [9999, port], 6, 40, 1)).collect();
    let mut alerts = Vec::new();
    assert!(records.is_empty() || detector.see(v5(&records), &mut alerts));
    alerts
}

fn kinds(alerts: &[Alert]) -> Vec<Kind> {
    alerts.iter().map(|alert| alert.kind).collect()
}

#[test]
fn more_hosts_than_allowed_are_a_scan_that_is_told_of_once() {
    let mut detector = Detector::new(Limits::default());
    assert!(alerts(&mut detector, (0..64).map(|n| (1, n, 80))).is_empty());
    assert!(alerts(&mut detector, (0..64).map(|n| (1, n, 80))).is_empty());
    let found = alerts(&mut detector, (64..1000).map(|n| (1, n, 80)));
    assert_eq!(kinds(&found), [Kind::HostScan]);
    assert!(found[0].to_string().starts_with("host scan: ip=0.0.0.1 ts="), "{}", found[0]);
}

#[test]
fn more_ports_than_allowed_are_a_scan() {
    let mut detector = Detector::new(Limits::default());
    assert!(alerts(&mut detector, (0..64).map(|n| (1, 2, n))).is_empty());
    // High ports do not count.
    assert!(alerts(&mut detector, (1024..4000).map(|n| (1, 2, n))).is_empty());
    let found = alerts(&mut detector, (64..1000).map(|n| (1, 2, n)));
    assert_eq!(kinds(&found), [Kind::PortScan]);
    assert!(found[0].to_string().starts_with("port scan: src=0.0.0.1 dst=0.0.0.2 ts="), "{}", found[0]);
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let mut detector = Detector::new(Limits { age: 100, ..Limits::default() });
    // A host every second flow, the others from somewhere else: never more than 51 in the window.
    let slow = (0..10_000u32).map(|n| if n.is_multiple_of(2) { (1, n, 80) } else { (2, 3, 80) });
    assert!(alerts(&mut detector, slow).is_empty());
    let scan = || (0..65).map(|n| (1, n, 80));
    assert_eq!(kinds(&alerts(&mut detector, scan())), [Kind::HostScan]);
    assert!(alerts(&mut detector, scan()).is_empty());
    alerts(&mut detector, (0..101).map(|_| (7, 7, 80)));
    assert_eq!(kinds(&alerts(&mut detector, scan())), [Kind::HostScan]);
}

#[test]
fn great_flows_are_told_of() {
    let limits = Limits { octets: Some(39), packets: Some(0), duration: Some(999), ..Limits::default() };
    let found = alerts(&mut Detector::new(limits), [(1, 2, 80)]);
    assert_eq!(kinds(&found), [Kind::Octets(40), Kind::Packets(1), Kind::Duration(1000)]);
    assert!(found[0].to_string().starts_with("octets: src=0.0.0.1 dst=0.0.0.2 octets=40 ts="));
}

#[test]
fn scans_of_ipv6_are_found() {
    let flows: Vec<_> = (0..65).map(|n| (1 << 120, n, 1)).collect();
    let (mut detector, mut found) = (Detector::new(Limits::default()), Vec::new());
    assert!(detector.see(v6(&flows), &mut found));
    assert!(found[0].to_string().starts_with("host scan: ip=100:: ts="), "{}", found[0]);
}

#[test]
fn lists_keep_flows_from_being_looked_at() {
    let list = "# name servers\n0.0.0.1 17 - -\n0.0.0.1 6 9999 80\n0.0.1.0/24 -\n";
    let quiet = suppressed("x.src", Field::SrcAddr, &mut sources(list)).unwrap();
    let mut detector = Detector::new(Limits::default());
    detector.ignore(quiet);
    assert!(alerts(&mut detector, (0..100).map(|n| (1, n, 80))).is_empty());
    assert!(alerts(&mut detector, (0..100).map(|n| (0x1FF, n, 81))).is_empty());
    assert_eq!(alerts(&mut detector, (0..100).map(|n| (1, n, 81))).len(), 1);
    assert_eq!(alerts(&mut detector, (0..100).map(|n| (2, n, 80))).len(), 1);
    for (wrong, at) in [("0.0.0.x", "1:1"), ("- 6 - -\n- 256", "2:3"), ("- - - - -", "1:9")] {
        let mistake = suppressed("x.src", Field::SrcAddr, &mut sources(wrong)).unwrap_err().to_string();
        assert!(mistake.starts_with(&format!("x.src:{at}: ")), "{mistake}");
    }
}

#[test]
fn what_is_saved_goes_on_where_it_was() {
    let mut detector = Detector::new(Limits::default());
    alerts(&mut detector, (0..64).map(|n| (1, n, n as u16)).chain((0..64).map(|n| (3, 4, n))));
    alerts(&mut detector, (0..65).map(|n| (2, n, 80)));
    let mut text = String::new();
    detector.save(&mut text);
    let mut again = Detector::new(Limits::default());
    again.load("state", &mut sources(&text)).unwrap();
    let mut same = String::new();
    again.save(&mut same);
    assert_eq!(same, text);
    let found = alerts(&mut again, [(1, 64, 80), (2, 65, 80), (3, 4, 64)]);
    assert_eq!(kinds(&found), [Kind::HostScan, Kind::PortScan]);
    for wrong in
        ["source 1.2.3.4 1 -", "clock 1\nto 1.2.3.4 1 -", "clock 5\nsource x 1 -", "clock 5\nsource ::1 1 -\nclock 0"]
    {
        assert!(again.load("state", &mut sources(wrong)).is_err(), "{wrong}");
    }
    same.clear();
    again.save(&mut same);
    assert!(same.contains("clock 196\n"), "{same}");
}

#[test]
fn memory_is_bounded() {
    let limits = Limits { age: u64::MAX, room: 1 << 20, ..Limits::default() };
    let mut detector = Detector::new(limits);
    for turn in 0..50 {
        let flows = (0..1000).map(|n| (turn * 1000 + n, n, (n % 2000) as u16)).chain((0..65).map(|n| (0, n, 80)));
        alerts(&mut detector, flows);
        let mut text = String::new();
        detector.save(&mut text);
        // A source and a host of it take 160 octets of the megabyte, and a line each.
        assert!(text.lines().count() < 14_000, "{}", text.lines().count());
    }
    assert!(detector.cuts() > 0);
}

proptest! {
    #[test]
    fn any_state_is_loaded_or_refused(text in "[-a-z0-9.:, \n#]{0,200}") {
        let mut detector = Detector::new(Limits::default());
        let _ = detector.load("state", &mut sources(&text));
        alerts(&mut detector, [(1, 2, 80)]);
        let _ = suppressed("list", Field::DstAddr, &mut sources(&text));
    }

    #[test]
    fn any_lines_of_a_state_are_loaded_or_refused(
        lines in prop::collection::vec((0..4usize, 0..3u32, 0..4u64, 0..1030u16), 0..30)
    ) {
        let text: String = lines.iter().map(|(kind, host, flow, port)| match kind {
            0 => format!("clock {flow}\n"),
            1 => format!("source 0.0.0.{host} {flow} hosts\n"),
            2 => format!("source 0.0.0.{host} {flow} -\n"),
            _ => format!("to 0.0.0.{host} {flow} {port},80\n"),
        }).collect();
        let mut detector = Detector::new(Limits { age: 1, ..Limits::default() });
        let _ = detector.load("state", &mut sources(&text));
        alerts(&mut detector, (0..5).map(|n| (1, n, 80)));
    }
}

//! flow-header's views of exporters and interfaces, as their users ask for them.

mod common;

use std::fs;

use common::{fine, flow_file, run, stderr};
use flowtools::file::{FlowWriter, WriteOptions};

use flowtools::flow::{InterfaceName, Order, StreamInfo, Version, flags, ie};

const HEADER: &str = env!("CARGO_BIN_EXE_flow-header");
const PRINT: &str = env!("CARGO_BIN_EXE_flow-print");

/// A file of so many flows that came by interface 3, whose header tells of losses and names it.
fn named(count: u32) -> Vec<u8> {
    let name = |number, name: &str| InterfaceName {
        exporter: [192, 0, 2, 254].into(),
        interfaces: vec![number],
        name: name.into(),
        alias: false,
    };
    let info = StreamInfo {
        flags: flags::DONE,
        lost: Some(7),
        resets: Some(1),
        interfaces: vec![name(3, "GigabitEthernet0/0/1.100")],
        ..StreamInfo::default()
    };
    let options = WriteOptions { order: Order::HOST, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    let mut records = common::records(count);
    let layout = Version::V5.layout();
    let (at, width) = layout.find(ie::INPUT).unwrap();
    for record in records.chunks_exact_mut(layout.size) {
        record[at..at + width].copy_from_slice(&3u16.to_ne_bytes());
    }
    writer.write_records(&records).unwrap();
    writer.finish().unwrap()
}

fn shown(program: &str, args: &[&str], input: &[u8]) -> String {
    String::from_utf8(fine(program, args, input)).unwrap()
}

#[test]
fn exporters_are_summed_over_all_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ft-a"), named(10)).unwrap();
    fs::write(folder.path().join("ft-b"), named(5)).unwrap();
    let all = folder.path().to_str().unwrap();
    let text = shown(HEADER, &["-f", "export", all], b"");
    // Flow n has n packets of a hundred octets.
    for line in [
        "Flow export of 192.0.2.254",
        "  Version 5 flow records",
        "  15 flows exported: 55 packets, 5500 octets",
        "  Names told of 1 interfaces",
        "2 files read, 2 with counts of what was lost",
        "  14 flows lost",
        "  2 sequence resets",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}: {text}");
    }
    assert_eq!(shown(HEADER, &["-f", "Show IP flow export", all], b""), text);
    let modern = fine(env!("CARGO_BIN_EXE_flow-cat"), &["-V10", all], b"");
    let text = shown(HEADER, &["-fexport"], &modern);
    assert!(text.contains("\n  15 flows exported: 55 packets, 5500 octets\n"), "{text}");
}

#[test]
fn interfaces_have_names_and_both_directions() {
    let text = shown(HEADER, &["-f", "interface"], &named(10));
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..5], ["exporter", "interface", "name", "flows", "in"]);
    assert_eq!(lines[1], ["192.0.2.254", "0", "Null", "0", "0", "0", "10", "45", "4500"], "{text}");
    let name = "GigabitEthernet0/0/1.100";
    assert_eq!(lines[2], ["192.0.2.254", "3", name, "10", "45", "4500", "0", "0", "0"], "{text}");
    assert_eq!(lines.len(), 3);
    let text = shown(HEADER, &["-f", "interface"], &flow_file(10, 0, Order::Little));
    assert!(text.lines().nth(1).unwrap().contains(" Null "), "{text}");
}

#[test]
fn routers_views_name_interfaces_too() {
    let text = shown(PRINT, &["-f", "cisco"], &named(2));
    assert!(
        text.lines().nth(1).unwrap().starts_with("Gi0/0/1.100   10.0.0.0        Null          192.0.2.1 "),
        "{text}"
    );
    let text = shown(PRINT, &["-f", "show ip cache verbose flow"], &flow_file(2, 0, Order::Little));
    assert_eq!(text.lines().count(), 2 + 2 * 2);
    assert!(
        text.lines().nth(2).unwrap().starts_with("Null           10.0.0.0        Null           192.0.2.1 "),
        "{text}"
    );
}

#[test]
fn what_is_cut_short_is_summed_as_far_as_it_goes() {
    let whole = flow_file(100, 0, Order::Little);
    for view in ["export", "interface"] {
        let output = run(HEADER, &["-f", view], &whole[..whole.len() - 10]);
        assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(1), 1));
        assert!(String::from_utf8_lossy(&output.stdout).contains("99 "), "{view}");
    }
}

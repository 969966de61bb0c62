//! Applications, as exporters name them: from datagrams in a capture through flow-receive into flow-scan's categories.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::rrds::{counted, folder, scan_well};
use common::traffic::T;
use common::{run_in, stderr};

/// A flow from 10.0.0.1: the port at 198.51.100.7, the application's id, and octets.
type Flow = (u16, [u8; 4], u32);

/// Flows whose ports and applications have categories of their own, or none.
const FLOWS: [Flow; 5] = [
    // A film and shared files, on the web's ports.
    (443, [13, 0, 0, 1], 1000),
    (80, [13, 0, 0, 2], 200),
    // A page on a port of nothing.
    (40_001, [13, 0, 0, 3], 30),
    // What the table calls something that no category knows, and what it does not have.
    (25, [13, 0, 0, 4], 4),
    (22, [13, 0, 0, 5], 5),
];
const NAMES: [([u8; 4], &str); 4] = [
    ([13, 0, 0, 1], "youtube"),
    ([13, 0, 0, 2], "BitTorrent"),
    ([13, 0, 0, 3], "http"),
    ([13, 0, 0, 4], "frobnication"),
];

/// Fields of a flow's record: element and octets.
const FIELDS: [(u16, u16); 8] = [(8, 4), (12, 4), (4, 1), (7, 2), (11, 2), (1, 4), (2, 4), (95, 4)];

/// A set or flowset: its number, and what is in it.
fn set(number: u16, content: &[u8]) -> Vec<u8> {
    let content = [content, &vec![0; content.len().next_multiple_of(4) - content.len()]].concat();
    let length = content.len() as u16 + 4;
    [&number.to_be_bytes()[..], &length.to_be_bytes(), &content].concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The templates of flows (256) and of applications' names (257), as version 9 or 10 has them.
fn templates(version: u16) -> Vec<u8> {
    let fields: Vec<u16> = FIELDS.iter().flat_map(|(element, width)| [*element, *width]).collect();
    let flows = words(&[&[256, FIELDS.len() as u16], &fields[..]].concat());
    let names = match version {
        // The scope is the system, 4 octets; then the id and the name.
        9 => set(1, &words(&[257, 4, 8, 1, 4, 95, 4, 96, 24])),
        // The scope is the id.
        _ => set(3, &words(&[257, 2, 1, 95, 4, 96, 24])),
    };
    [set(if version == 9 { 0 } else { 2 }, &flows), names].concat()
}

fn flows() -> Vec<u8> {
    let flow = |(port, application, octets): &Flow| {
        let ends = [&[10, 0, 0, 1, 198, 51, 100, 7, 6][..], &words(&[50_000, *port])].concat();
        [&ends[..], &octets.to_be_bytes(), &1u32.to_be_bytes(), application].concat()
    };
    set(256, &FLOWS.iter().flat_map(flow).collect::<Vec<u8>>())
}

fn names(version: u16) -> Vec<u8> {
    let name = |(id, name): &([u8; 4], &str)| {
        let mut text = name.as_bytes().to_vec();
        text.resize(24, 0);
        [if version == 9 { &[0; 4][..] } else { &[] }, id, &text].concat()
    };
    set(257, &NAMES.iter().flat_map(name).collect::<Vec<u8>>())
}

/// A datagram sent so many seconds after [`T`].
fn datagram(version: u16, after: u32, sets: &[Vec<u8>]) -> (u32, Vec<u8>) {
    let (sets, now) = (sets.concat(), T as u32 + after);
    let header = match version {
        9 => [&words(&[9, 2])[..], &1000u32.to_be_bytes(), &now.to_be_bytes(), &after.to_be_bytes(), &[0; 4]].concat(),
        _ => [&words(&[10, sets.len() as u16 + 16])[..], &now.to_be_bytes(), &[0; 8]].concat(),
    };
    (now, [header, sets].concat())
}

/// A capture of IP packets (link type 101) from 192.0.2.1 to port 9995.
fn capture(datagrams: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut all =
        [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 101].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    for (at, payload) in datagrams {
        let length = payload.len() as u16;
        let ip = [&words(&[0x4500, length + 28, 0, 0, 0x4011, 0])[..], &[192, 0, 2, 1, 192, 0, 2, 99]].concat();
        let packet = [&ip, &words(&[4000, 9995, length + 8, 0])[..], payload].concat();
        for number in [*at, 0, packet.len() as u32, packet.len() as u32] {
            all.extend(number.to_le_bytes());
        }
        all.extend(packet);
    }
    all
}

/// Octets of each category that has some, once a capture has been received and its flows scanned.
fn categories(folder: &Path, datagrams: &[(u32, Vec<u8>)]) -> BTreeMap<String, u64> {
    let _ = fs::remove_dir_all(folder.join("rrds"));
    fs::write(folder.join("exports.pcap"), capture(datagrams)).unwrap();
    let receive = ["-r", "exports.pcap", "-V", "10", "-o", "flows/ft"];
    let output = run_in(folder, env!("CARGO_BIN_EXE_flow-receive"), &receive, b"");
    assert!(output.status.success(), "{}", stderr(&output));
    scan_well(folder, &["-q", "flows"]);
    let counted = counted(folder, 1).into_iter();
    let octets =
        counted.filter_map(|(name, sums)| Some((name.strip_prefix("category_")?.to_owned(), sums[1].round() as u64)));
    octets.filter(|(_, octets)| *octets > 0).collect()
}

#[test]
fn names_of_applications_go_before_ports() {
    let folder = folder("Subnet 10.0.0.0/8\nOutputDir rrds\n");
    let expected = |list: &[(&str, u64)]| list.iter().map(|(name, octets)| ((*name).to_owned(), *octets)).collect();
    let by_name: BTreeMap<String, u64> =
        expected(&[("streaming", 1000), ("p2p", 200), ("web", 30), ("mail", 4), ("interactive", 5)]);
    let by_port: BTreeMap<String, u64> = expected(&[("web", 1200), ("other", 30), ("mail", 4), ("interactive", 5)]);
    for version in [9, 10] {
        let (templates, flows, names) = (templates(version), flows(), names(version));
        // The table may come before the flows or behind them.
        for sets in [[templates.clone(), names.clone(), flows.clone()], [templates.clone(), flows.clone(), names]] {
            let found = categories(folder.path(), &[datagram(version, 10, &sets), datagram(version, 290, &[])]);
            assert_eq!(found, by_name, "version {version}");
        }
        let found =
            categories(folder.path(), &[datagram(version, 10, &[templates, flows]), datagram(version, 290, &[])]);
        assert_eq!(found, by_port, "version {version} without names");
    }
}

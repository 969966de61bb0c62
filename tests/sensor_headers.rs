//! flow-sensor on captures of other links, tunnels and fragments: what it counts, what it leaves out, what it says.

use std::path::Path;
use std::process::{Command, Output};

/// A capture with a frame a second.
fn capture(link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0], &link.to_le_bytes()].concat();
    for (n, frame) in (1_700_000_000u32..).zip(frames) {
        let len = frame.len() as u32;
        octets.extend([n, 0, len, len].iter().flat_map(|word| word.to_le_bytes()));
        octets.extend(frame);
    }
    octets
}

/// An IPv4 packet from 10.0.0.1 to 10.0.0.2.
fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = fragment.to_be_bytes();
    let header = [0x45, 0, 0, 20 + payload.len() as u8, 0, 7, high, low, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&header[..], payload].concat()
}

/// UDP from port 1024 to port 53.
const UDP: [u8; 16] = [4, 0, 0, 53, 0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

/// Meters a capture in `dir` and returns its flows: protocol, ports, packets and octets; and what it said.
fn metered(dir: &Path, options: &[&str], capture: &[u8]) -> (Vec<[u64; 5]>, Output) {
    let (input, output) = (dir.join("in.pcap"), dir.join("flows"));
    std::fs::write(&input, capture).unwrap();
    let mut sensor = Command::new(env!("CARGO_BIN_EXE_flow-sensor"));
    let said = sensor.args(options).args(["-V", "10", "-r"]).arg(&input).arg("-w").arg(&output).output().unwrap();
    let export = Command::new(env!("CARGO_BIN_EXE_flow-export")).args(["-f", "json"]).arg(&output).output().unwrap();
    let names = ["protocolIdentifier", "sourceTransportPort", "destinationTransportPort", "packetDeltaCount"];
    let number = |line: &str, name: &str| -> u64 {
        let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name}: {line}"));
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    let text = String::from_utf8(export.stdout).unwrap();
    let mut flows: Vec<[u64; 5]> = text
        .lines()
        .map(|line| {
            let [protocol, source, destination, packets] = names.map(|name| number(line, name));
            [protocol, source, destination, packets, number(line, "octetDeltaCount")]
        })
        .collect();
    flows.sort_unstable();
    (flows, said)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn fragments_are_one_flow_with_their_first() {
    let dir = folder();
    let frames = [ipv4(17, 0x2000, &UDP), ipv4(17, 0x2002, &UDP), ipv4(17, 4, &UDP[..8])];
    let capture = capture(101, &frames);
    assert_eq!(metered(dir.path(), &[], &capture).0, [[17, 1024, 53, 3, 100]]);
    let softflowds = [[17, 0, 0, 2, 64], [17, 1024, 53, 1, 36]];
    assert_eq!(metered(dir.path(), &["--compat"], &capture).0, softflowds);
}

#[test]
fn octets_are_the_packets_whatever_carries_them() {
    let dir = folder();
    let macs = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    let frame = |header: &[u8]| [&macs[..], header, &ipv4(17, 0, &UDP), &[0; 10]].concat();
    let frames = [
        frame(&[8, 0]),
        frame(&[0x81, 0, 0, 7, 8, 0]),
        frame(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0]),
        frame(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 38, 0, 0x21]),
        frame(&[0x88, 0x47, 0, 1, 1, 64]),
        frame(&[0, 44, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
    ];
    let ethernet = capture(1, &frames);
    let (flows, said) = metered(dir.path(), &[], &ethernet);
    assert_eq!(flows, [[17, 1024, 53, 6, 216]]);
    assert!(said.status.success());
    // Softflowd does not look behind two tags, PPPoE or 802.2, and counts padding and labels.
    assert_eq!(metered(dir.path(), &["--compat"], &ethernet).0, [[17, 1024, 53, 3, 142]]);
    let wifi = [&[8, 1][..], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ipv4(17, 0, &UDP)].concat();
    assert_eq!(metered(dir.path(), &[], &capture(105, &[wifi])).0, [[17, 1024, 53, 1, 36]]);
}

#[test]
fn tunnels_are_metered_by_their_outer_header() {
    let dir = folder();
    let inner = ipv4(17, 0, &UDP);
    let tunnels = [ipv4(4, 0, &inner), ipv4(47, 0, &[&[0, 0, 8, 0], &inner[..]].concat()), ipv4(41, 0, &inner)];
    let flows = metered(dir.path(), &[], &capture(101, &tunnels)).0;
    assert_eq!(flows, [[4, 0, 0, 1, 56], [41, 0, 0, 1, 56], [47, 0, 0, 1, 60]]);
}

#[test]
fn a_link_that_is_not_understood_is_named() {
    let dir = folder();
    let (flows, said) = metered(dir.path(), &[], &capture(187, &[vec![1, 2, 3, 4], vec![5, 6, 7, 8]]));
    let stderr = String::from_utf8(said.stderr).unwrap();
    assert_eq!((flows.len(), said.status.code(), stderr.lines().count()), (0, Some(1), 1));
    assert!(stderr.contains("in.pcap: frames of link type 187 (BLUETOOTH_HCI_H4) are not understood"), "{stderr}");
}

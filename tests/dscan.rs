//! flow-dscan, on flow files.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{flow_file, run, run_in, stderr};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Field, Order, StreamInfo, Version};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const DSCAN: &str = env!("CARGO_BIN_EXE_flow-dscan");

/// Ordinary flows, among which every tenth is of 10.9.9.9, which goes through the hosts of a /16.
fn scan_inside(flows: u32) -> Vec<u8> {
    let layout = Version::V5.layout();
    let mut records = common::records(flows);
    for (n, record) in records.chunks_exact_mut(layout.size).enumerate() {
        let mut set = |field: Field, value: u32| {
            let at = usize::from(layout.offsets[layout.schema.resolve(field).unwrap()]);
            record[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        };
        if n % 10 == 0 {
            set(Field::SrcAddr, 0x0A09_0909);
            set(Field::DstAddr, 0xAC10_0000 + n as u32 / 10);
        }
    }
    let options = WriteOptions::new(Version::V5, StreamInfo::default());
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&records).unwrap();
    writer.finish().unwrap()
}

#[test]
fn a_scan_of_a_network_is_found() {
    let output = run(DSCAN, &["-b"], &scan_inside(5000));
    assert!(output.status.success());
    let (text, scanner) = (stderr(&output), Ipv4Addr::new(10, 9, 9, 9));
    assert_eq!(text.lines().count(), 1, "{text}");
    // The 65th host of it, in the 641st flow.
    assert!(text.starts_with(&format!("flow-dscan: host scan: ip={scanner} ts=")), "{text}");
    assert!(run(DSCAN, &["-b"], &flow_file(5000, 0, Order::HOST)).stderr.is_empty());
    assert!(run(DSCAN, &["-b", "-D", "1000"], &scan_inside(5000)).stderr.is_empty());
    assert!(run(DSCAN, &["-b", "-t", "600"], &scan_inside(5000)).stderr.is_empty());
}

#[test]
fn lists_and_interfaces_leave_flows_out() {
    let folder = tempfile::tempdir().unwrap();
    let dscan = |args: &[&str]| run_in(folder.path(), DSCAN, args, &scan_inside(2000));
    for (list, quiet) in [("10.9.9.9 - - -\n", true), ("10.9.0.0/16\n", true), ("10.9.9.9 1 - -\n", false)] {
        std::fs::write(folder.path().join("known.src"), list).unwrap();
        std::fs::write(folder.path().join("known.dst"), "# none\n").unwrap();
        assert_eq!(dscan(&["-b", "-L", "known"]).stderr.is_empty(), quiet, "{list}");
    }
    assert!(dscan(&["-b", "-i", "7"]).stderr.is_empty());
    assert!(!dscan(&["-b", "-i", "0", "-m", "-w", "-W"]).stderr.is_empty());
    std::fs::write(folder.path().join("known.dst"), "\n10.9.9.x\n").unwrap();
    let output = dscan(&["-b", "-L", "known"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("flow-dscan: known.dst:2:1: '10.9.9.x': expected an address"));
}

#[test]
fn great_flows_are_told_of() {
    // Record n has n packets and n hundred octets.
    let output = run(DSCAN, &["-b", "-O", "9800", "-P", "97"], &flow_file(100, 0, Order::HOST));
    let text = stderr(&output);
    assert_eq!(text.lines().filter(|line| line.contains(" packets: src=")).count(), 2, "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" octets: src=")).count(), 1, "{text}");
    assert!(
        text.contains("octets: src=10.0.0.99 dst=192.0.2.1 octets=9900 ts=1767225689 start=0101.00:01:29.000"),
        "{text}"
    );
}

#[test]
fn what_is_saved_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let dscan = |args: &[&str], flows: u32| run_in(folder.path(), DSCAN, args, &scan_inside(flows));
    let missing = dscan(&["-b", "-l", "-s", "none"], 10);
    assert_eq!(missing.status.code(), Some(2), "{}", stderr(&missing));
    assert!(dscan(&["-b", "-p", "-s", "state"], 600).stderr.is_empty());
    // The same hosts again are no news; the last five make it a scan.
    assert!(dscan(&["-b", "-l", "-p", "-s", "state"], 640).stderr.is_empty());
    assert!(stderr(&dscan(&["-b", "-l", "-p", "-s", "state"], 650)).contains("host scan: ip=10.9.9.9"));
    assert!(dscan(&["-b", "-l", "-s", "state"], 2000).stderr.is_empty());
}

#[test]
fn signals_are_heard_while_it_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(DSCAN)
        .args(["-b", "-p", "-s", "state"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&scan_inside(5000)).unwrap();
    stdin.flush().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("host scan"), "{line}");
    let state = folder.path().join("state");
    for signal in [Signal::SIGUSR1, Signal::SIGTERM] {
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let begun = Instant::now();
        while std::fs::remove_file(&state).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "no state after {signal}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(child.wait().unwrap().success());
    drop(stdin);
}

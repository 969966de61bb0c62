//! flow-filter, run as a user runs it.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::run_in;
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{StreamInfo, Version, flags, pattern};

/// Runs flow-filter with `input` on its standard input.
fn filter(args: &[&str], input: &[u8]) -> Output {
    filter_in(Path::new("."), args, input)
}

fn filter_in(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    run_in(folder, env!("CARGO_BIN_EXE_flow-filter"), args, input)
}

/// A file of flow-gen's test flows: source port i, destination port 0xFF00 + i, ToS i, source address i.
fn flows(version: Version, count: usize, info: StreamInfo) -> Vec<u8> {
    let mut records = Vec::new();
    pattern::records(version, 0, count, &mut records);
    let options = WriteOptions::new(version, info);
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&records).unwrap();
    writer.finish().unwrap()
}

fn sample(count: usize) -> Vec<u8> {
    flows(Version::V5, count, StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() })
}

/// The source ports of the version 5 flows in a file, which say their places in the sample.
fn picked(file: &[u8]) -> Vec<u32> {
    let little = file[2] == 1;
    let start = <[u8; 4]>::try_from(&file[4..8]).unwrap();
    let start = if little { u32::from_le_bytes(start) } else { u32::from_be_bytes(start) };
    let port = |r: &[u8]| if little { u16::from_le_bytes([r[48], r[49]]) } else { u16::from_be_bytes([r[48], r[49]]) };
    file[start as usize..].chunks_exact(64).map(|record| port(record).into()).collect()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

#[test]
fn a_list_of_ports_picks_its_flows() {
    let input = sample(100);
    for (args, want) in [
        (vec!["-p5,7-9"], vec![5, 7, 8, 9]),
        (vec!["-P", "0xFF03"], vec![3]),
        (vec!["-p!3-99"], vec![0, 1, 2]),
        (vec!["-p1-9", "-P65285-65299"], vec![5, 6, 7, 8, 9]),
        (vec!["-o", "-p1", "-P65282"], vec![1, 2]),
        (vec!["-t0x10/0xFE"], vec![16, 17]),
        (vec!["-a4", "-A65284", "-i4", "-I65284", "-r17", "-e0.0.0.0"], vec![4]),
        (vec!["-r6"], vec![]),
        // Flows that are not of TCP are not asked for its flags, unless one condition is enough.
        (vec!["-T2/2", "-p98-99"], vec![98, 99]),
        (vec!["-o", "-T2/2", "-p98-99"], vec![98, 99]),
    ] {
        let output = filter(&args, &input);
        assert_eq!((error(&output).as_str(), output.status.code()), ("", Some(0)), "{args:?}");
        assert_eq!(picked(&output.stdout), want, "{args:?}");
    }
}

#[test]
fn without_conditions_everything_passes_as_it_was() {
    let input = sample(100_000);
    let output = filter(&[], &input);
    assert_eq!(picked(&output.stdout), (0..100_000).map(|n| n & 0xFFFF).collect::<Vec<_>>());
    assert_eq!(output.stdout[output.stdout.len() - 6_400_000..], input[input.len() - 6_400_000..]);
}

#[test]
fn order_is_kept_and_orders_of_octets_are_chosen() {
    let input = sample(60_000);
    let want: Vec<u32> = (0..60_000).filter(|n| *n >= 30_000).collect();
    for order in ["little", "big"] {
        let once = filter(&["-b", order, "-p30000-65535"], &input);
        assert_eq!(picked(&once.stdout), want);
        let again = filter(&["-b", "little", "-p30000-65535"], &once.stdout);
        assert_eq!(picked(&again.stdout), want, "read back from {order}");
    }
}

#[test]
fn access_lists_are_read_from_flow_acl() {
    let folder = tempfile::tempdir().unwrap();
    let lists = "! three\nip access-list standard low permit 0.0.0.0 0.0.0.7\naccess-list 9 deny host 0.0.0.3 # not this\naccess-list 9 permit any\n";
    fs::write(folder.path().join("flow.acl"), lists).unwrap();
    let input = sample(10);
    let run = |args: &[&str]| picked(&filter_in(folder.path(), args, &input).stdout);
    assert_eq!(run(&["-Slow"]), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(run(&["-S!low"]), [8, 9]);
    assert_eq!(run(&["-S", "9", "-p0-4"]), [0, 1, 2, 4]);
    assert_eq!(run(&["-Dlow"]), Vec::<u32>::new());
    assert_eq!(run(&["-xlow", "-S9"]), [0, 1, 2, 4, 5, 6, 7, 8, 9]);

    let none = filter_in(folder.path(), &["-Shigh"], &input);
    assert_eq!(error(&none), "flow-filter: flow.acl: no access list 'high', expected one of low, 9");
    assert_eq!(none.status.code(), Some(2));
    fs::write(folder.path().join("bad"), "\nip access-list standard x prmit any\n").unwrap();
    let bad = filter_in(folder.path(), &["-f", "bad", "-Sx"], &input);
    assert_eq!(error(&bad), "flow-filter: bad:2:27: 'prmit': expected permit or deny");
    assert_eq!(bad.status.code(), Some(2));
    let missing = filter_in(folder.path(), &["-f", "nowhere", "-Sx"], &input);
    assert_eq!(missing.status.code(), Some(1));
    assert!(error(&missing).starts_with("flow-filter: nowhere: "));
}

#[test]
fn the_header_keeps_its_times_if_asked_to() {
    let info = StreamInfo { start: Some(1_767_225_600), end: Some(1_767_229_200), ..StreamInfo::default() };
    let input = flows(Version::V5, 5, info);
    let header = |args: &[&str]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), filter(args, &input).stdout).unwrap();
        flowtools::file::read_info(file.path()).unwrap()
    };
    let kept = header(&["-k", "-C", "ports", "-z4", "-p2"]);
    assert_eq!((kept.start, kept.end), (Some(1_767_225_600), Some(1_767_229_200)));
    assert_eq!(kept.comments.as_deref(), Some("ports"));
    let new = header(&["-p2"]);
    assert_eq!((new.start, new.end, new.comments), (None, None, None));
}

#[test]
fn files_and_folders_may_be_named_and_versions_mixed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), sample(4)).unwrap();
    fs::write(folder.path().join("b"), flows(Version::V7, 6, StreamInfo::default())).unwrap();
    let both = filter(&["-p2-9", folder.path().to_str().unwrap()], b"");
    assert_eq!((error(&both).as_str(), both.status.code()), ("", Some(0)));
    assert_eq!(picked(&both.stdout), [2, 3, 2, 3, 4, 5]);

    fs::write(folder.path().join("c"), flows(Version::V8(1), 3, StreamInfo::default())).unwrap();
    let all = filter(&["-p2-9", folder.path().to_str().unwrap()], b"");
    assert_eq!(picked(&all.stdout), [2, 3, 2, 3, 4, 5]);
    assert_eq!(all.status.code(), Some(1));
    assert!(error(&all).contains("3 flows lack a field"), "{}", error(&all));
}

#[test]
fn a_field_that_the_flows_lack_is_an_error() {
    let input = flows(Version::V8(1), 5, StreamInfo::default());
    let output = filter(&["-P53"], &input);
    assert_eq!(error(&output), "flow-filter: flows of version 8.1 have no dstport");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(filter(&["-a3"], &input).status.code(), Some(0));
}

#[test]
fn damaged_input_is_used_as_far_as_it_is_good() {
    let input = sample(10);
    let output = filter(&["-p0-99"], &input[..input.len() - 70]);
    assert_eq!(picked(&output.stdout), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).starts_with("flow-filter: standard input: "), "{}", error(&output));
}

#[test]
fn wrong_usage_is_told_in_a_line() {
    for args in [["-P70000"], ["-rudp?"], ["-t1/x"], ["-enowhere"], ["-z11"], ["-Q"]] {
        let output = filter(&args, b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(error(&output).lines().count(), 1, "{}", error(&output));
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flow-filter"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&sample(100_000))));
    stdout.read_exact(&mut [0; 64]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!((error(&output).as_str(), output.status.code()), ("", Some(0)));
}

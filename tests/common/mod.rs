//! What the integration tests share: running the real programs, and flows to run them on.
#![allow(dead_code)] // Every test file uses its own part.

pub mod made;
pub mod namespace;
pub mod rrds;
pub mod traffic;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Element, Order, StreamInfo, Version, flags, ie};

/// Runs a program with `input` on its standard input. It may end before it has read all.
pub fn run(program: &str, args: &[&str], input: &[u8]) -> Output {
    run_in(Path::new("."), program, args, input)
}

/// The same in a folder.
pub fn run_in(folder: &Path, program: &str, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = feed.join();
    output
}

/// Starts a program that goes on until it is told to end, and waits for its first line on standard error, which says
/// `what`. The rest of it can be read from the child.
pub fn started(command: &mut Command, what: &str) -> Child {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let (mut said, mut octet) = (String::new(), [0]);
    let errors = child.stderr.as_mut().unwrap();
    while !said.ends_with('\n') && errors.read(&mut octet).unwrap() > 0 {
        said.push(octet[0] as char);
    }
    assert!(said.contains(what), "{said}");
    child
}

/// Standard output of a run that must be fine.
pub fn fine(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run(program, args, input);
    assert!(output.status.success(), "{program} {args:?}: {}", stderr(&output));
    output.stdout
}

/// What a run said on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `count` version 5 records in host order, all different: record i has i packets of 100 octets, source port i,
/// destination 443, protocol 6 or (every third) 17, and addresses 10.0.0.i to 192.0.2.1.
pub fn records(count: u32) -> Vec<u8> {
    let layout = Version::V5.layout();
    let mut out = vec![0; layout.size * count as usize];
    for (i, record) in out.chunks_exact_mut(layout.size).enumerate() {
        let i = i as u32;
        let mut set = |element: Element, value: u32| {
            let (at, width) = layout.find(element).unwrap();
            let octets = if cfg!(target_endian = "little") {
                &value.to_le_bytes()[..width]
            } else {
                &value.to_be_bytes()[4 - width..]
            };
            record[at..at + width].copy_from_slice(octets);
        };
        set(ie::UNIX_SECS, 1_767_225_600 + i);
        set(ie::UPTIME, 1_000_000);
        set(ie::FIRST, 990_000);
        set(ie::LAST, 995_000);
        set(ie::SRC_ADDR4, 0x0A00_0000 + i);
        set(ie::DST_ADDR4, 0xC000_0201);
        set(ie::EXPORTER4, 0xC000_02FE);
        set(ie::SRC_PORT, i & 0xFFFF);
        set(ie::DST_PORT, 443);
        set(ie::PROTOCOL, if i.is_multiple_of(3) { 17 } else { 6 });
        set(ie::PACKETS, i);
        set(ie::OCTETS, i * 100);
    }
    out
}

/// A finished version 5 file of [`records`].
pub fn flow_file(count: u32, level: u8, order: Order) -> Vec<u8> {
    let info = StreamInfo {
        flags: flags::DONE,
        start: Some(1_767_225_600),
        end: Some(1_767_225_600 + count),
        flows: Some(count.into()),
        host: Some("test".into()),
        ..StreamInfo::default()
    };
    let options = WriteOptions { order, level, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&records(count)).unwrap();
    writer.finish().unwrap()
}

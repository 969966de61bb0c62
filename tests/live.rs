//! Flows that are read while they come: through pipes that pause, and from files that are being written.

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::made::{Kind, columns4, file, rows9};
use common::{fine, records};
use flowtools::file::{FlowReader, FlowWriter, Inputs, Scan, WriteOptions};
use flowtools::flow::{FlowBatch, Form, Order, StreamInfo, Version, flags};

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");
const FILTER: &str = env!("CARGO_BIN_EXE_flow-filter");

#[test]
fn a_burst_is_passed_on_though_nothing_follows() {
    for program in [CAT, FILTER] {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (out, flows) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        let reading = thread::spawn(move || {
            let mut reader = FlowReader::new(stdout, "pipe").unwrap();
            while let Some(batch) = reader.next_batch().unwrap() {
                out.send(batch.len()).unwrap();
            }
        });
        let info = StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() };
        let options = WriteOptions { quick: true, ..WriteOptions::new(Form::Modern, info) };
        let mut writer = FlowWriter::new(child.stdin.take().unwrap(), &options).unwrap();
        for burst in 1..=2 {
            for _ in 0..20 {
                writer.write(&FlowBatch::from_raw(Version::V5, Order::HOST, records(5))).unwrap();
                writer.flush().unwrap();
            }
            let mut got = 0;
            while got < 100 {
                // Far more than it takes: a machine may be busy.
                let some = flows.recv_timeout(Duration::from_secs(20));
                got += some.unwrap_or_else(|_| panic!("{program} keeps flows of burst {burst}: {got} of 100 came"));
            }
        }
        drop(writer.finish().unwrap());
        reading.join().unwrap();
        assert!(child.wait().unwrap().success());
    }
}

/// Flows of a file by both ways of reading it: nothing may be wrong with it.
fn count(path: &Path) -> (usize, usize) {
    let mut reader = FlowReader::open(path).unwrap();
    let mut streamed = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        streamed += batch.len();
    }
    let scan = Scan::open(&Inputs::of(&[path.to_path_buf()])).unwrap();
    let (sums, summary) = scan.fold(|| 0, |sum, batch| *sum += batch.len());
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    (streamed, sums.into_iter().sum())
}

#[test]
fn a_file_that_is_being_written_is_read_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tmp-v10.2026-01-01.000000+0000");
    let batches: Vec<FlowBatch> = (0..60).flat_map(|n| [columns4(40 + n, n * 40), rows9(30, n)]).collect();
    let total: usize = batches.iter().map(FlowBatch::len).sum();
    let octets = file(Kind::Live, &batches);
    let (header, blocks) = octets.split_at(u32::from_le_bytes(octets[4..8].try_into().unwrap()) as usize);
    fs::write(&path, header).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut out = File::options().append(true).open(&path).unwrap();
            // However the octets come.
            let mut rest = blocks;
            for step in [1, 7, 24, 100, 1000, 3].into_iter().cycle() {
                let (some, others) = rest.split_at(step.min(rest.len()));
                out.write_all(some).unwrap();
                rest = others;
                if rest.is_empty() {
                    break;
                }
                thread::sleep(Duration::from_micros(100));
            }
            ended.store(true, Ordering::SeqCst);
        });
        let (mut before, mut reads) = (0, 0);
        loop {
            let last = ended.load(Ordering::SeqCst);
            let (streamed, scanned) = count(&path);
            assert!(before <= streamed && streamed <= scanned, "{before} {streamed} {scanned}");
            (before, reads) = (scanned, reads + 1);
            if last {
                break;
            }
        }
        assert_eq!(before, total);
        assert!(reads > 3);
    });
    let path = path.to_str().unwrap();
    let passed = fine(FILTER, &["--count", path], b"");
    assert_eq!(String::from_utf8(passed).unwrap().trim(), total.to_string());
}

#[test]
fn a_file_that_has_only_just_been_made_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tmp-v05.2026-01-01.000000+0000");
    File::create(&path).unwrap();
    let late = path.clone();
    let writing = thread::spawn(move || {
        thread::sleep(Duration::from_millis(15));
        let mut octets = WriteOptions::new(Version::V5, StreamInfo::default()).header();
        octets.extend(records(3));
        fs::write(late, octets).unwrap();
    });
    // A machine may be so busy that the wait is over first: then it is said that the file is empty.
    match FlowReader::open(&path) {
        Ok(mut reader) => assert_eq!(reader.next_batch().unwrap().unwrap().len(), 3),
        Err(error) => assert!(error.to_string().contains("empty"), "{error}"),
    }
    writing.join().unwrap();
    assert_eq!(FlowReader::open(&path).unwrap().next_batch().unwrap().unwrap().len(), 3);
    let other = folder.path().join("empty");
    File::create(&other).unwrap();
    assert!(FlowReader::open(&other).is_err());
}

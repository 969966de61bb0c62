//! flow-cat -f: an archive is followed as it grows.

mod collector;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use collector::{Collector, Exporter, complete, flows_in, unfinished, until};
use flowtools::file::{FlowReader, FlowWriter, WriteOptions};
use flowtools::flow::{Field, FlowBatch, Form, Order, StreamInfo, Version, flags, ie};

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");

/// A flow-cat that follows, and what it has written so far.
struct Following {
    child: Child,
    flows: Arc<Mutex<Vec<u32>>>,
    reading: Option<JoinHandle<()>>,
}

impl Following {
    fn start(folder: &Path, args: &[&str]) -> Following {
        let mut command = Command::new(CAT);
        let mut child =
            command.arg("-f").args(args).arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let flows = Arc::<Mutex<Vec<u32>>>::default();
        let (to, stdout) = (flows.clone(), child.stdout.take().unwrap());
        let reading = std::thread::spawn(move || {
            let mut reader = FlowReader::new(stdout, "pipe").unwrap();
            while let Some(batch) = reader.next_batch().unwrap() {
                let mut some = Vec::<u32>::new();
                batch.gather(Field::SrcAddr, &mut some);
                to.lock().unwrap().extend(some);
            }
        });
        Following { child, flows, reading: Some(reading) }
    }

    fn count(&self) -> usize {
        self.flows.lock().unwrap().len()
    }

    fn wait(&self, flows: usize) {
        until(&format!("{flows} flows, after {}", self.count()), || self.count() >= flows);
    }

    /// Ends it; all flows, sorted.
    fn end(mut self) -> Vec<u32> {
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        let exit = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(exit.success() && said.is_empty(), "{exit}: {said}");
        self.reading.take().unwrap().join().unwrap();
        let mut flows = self.flows.lock().unwrap().clone();
        flows.sort_unstable();
        flows
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn every_flow_comes_once_through_rotation_and_a_killed_collector() {
    for args in [["-z0", "-N0"], ["-z6", "-N3"], ["-V10", "-N-1"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Collector::start(folder.path(), &args);
        let mut exporter = Exporter::to("127.0.0.1", first.port);
        exporter.send(5, 300);
        until("they are stored", || flows_in(&unfinished(folder.path())) == 300);
        let following = Following::start(folder.path(), &[]);
        following.wait(300);
        let sent = Instant::now();
        exporter.send(5, 30);
        following.wait(330);
        assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
        for rotation in 1..=2 {
            exporter.send(5, 600);
            std::thread::sleep(Duration::from_millis(300));
            first.signal("HUP");
            until("a file is complete", || complete(folder.path()).len() == rotation);
            exporter.send(5, 300);
        }
        following.wait(330 + 2 * 900);
        // Killed with flows that may or may not be in its file.
        exporter.send(5, 90);
        std::thread::sleep(Duration::from_millis(1000));
        first.kill();
        let mut sent = exporter.sources();
        let mut next = Collector::start(folder.path(), &args);
        until("its file is complete", || complete(folder.path()).len() == 3);
        let mut exporter = Exporter::to("127.0.0.1", next.port);
        exporter.send(5, 300);
        sent.extend(exporter.sources());
        following.wait(sent.len());
        next.end();
        // What is refined at the end is nothing new.
        std::thread::sleep(Duration::from_millis(600));
        sent.sort_unstable();
        assert!(following.end() == sent, "{args:?}");
    }
}

#[test]
fn what_was_there_is_passed_over_from_now_on() {
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start(folder.path(), &["-z1"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 90);
    until("they are stored", || flows_in(&unfinished(folder.path())) == 90);
    collector.signal("HUP");
    until("a file is complete", || complete(folder.path()).len() == 1);
    exporter.send(5, 60);
    until("they are stored", || flows_in(&unfinished(folder.path())) == 60);
    let following = Following::start(folder.path(), &["--from-now"]);
    std::thread::sleep(Duration::from_millis(700));
    exporter.send(5, 30);
    following.wait(30);
    assert_eq!(following.end(), exporter.sources()[150..]);
}

#[test]
fn a_file_made_anew_and_files_and_folders_that_come_and_go_are_read_once() {
    for args in [["-z6", "-N2"], ["-V10", "-N2"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut collector = Collector::start(folder.path(), &args);
        let following = Following::start(folder.path(), &[]);
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        exporter.send(5, 90);
        following.wait(90);
        // Somebody deletes what is being written: the collector makes it anew.
        fs::remove_file(&unfinished(folder.path())[0]).unwrap();
        collector.wait_for("made anew with all its flows");
        exporter.send(5, 60);
        following.wait(150);
        collector.signal("HUP");
        until("a file is complete", || complete(folder.path()).len() == 1);
        fs::remove_file(&complete(folder.path())[0]).unwrap();
        exporter.send(5, 60);
        following.wait(210);
        let flows = exporter.sources();
        collector.end();
        std::thread::sleep(Duration::from_millis(500));
        assert!(following.end() == flows, "{args:?}");
    }
}

/// Records of version 5 whose source addresses are these.
fn records(sources: std::ops::Range<u32>) -> Vec<u8> {
    let layout = Version::V5.layout();
    let (at, _) = layout.find(ie::SRC_ADDR4).unwrap();
    let mut out = vec![0; layout.size * sources.len()];
    for (record, source) in out.chunks_exact_mut(layout.size).zip(sources) {
        record[at..at + 4].copy_from_slice(&source.to_ne_bytes());
    }
    out
}

/// A complete file of version 5.
fn whole(sources: std::ops::Range<u32>) -> Vec<u8> {
    let info = StreamInfo { flags: flags::DONE, start: Some(1), end: Some(2), ..StreamInfo::default() };
    let mut out = WriteOptions::new(Version::V5, info).header();
    out.extend(records(sources));
    out
}

#[test]
fn octets_may_come_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes"), "not an archive's").unwrap();
    let following = Following::start(folder.path(), &["-V", "5"]);
    // A day begins, with a file that is empty at first.
    let day = folder.path().join("2026/2026-01/2026-01-02");
    fs::create_dir_all(&day).unwrap();
    let path = day.join("tmp-v05.2026-01-02.000000+0000");
    let mut file = File::create(&path).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    file.write_all(&WriteOptions::new(Version::V5, StreamInfo::default()).header()).unwrap();
    for part in records(0..20).chunks(100) {
        file.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    following.wait(20);
    fs::write(folder.path().join("ft-v05.2026-01-01.000000+0000"), whole(100..105)).unwrap();
    following.wait(25);
    // A collector that was killed wrote so much of a block of a modern file; the next appends the rest elsewhere.
    let info = StreamInfo { start: Some(1), ..StreamInfo::default() };
    let options = WriteOptions { quick: true, ..WriteOptions::new(Form::Modern, info) };
    let modern = day.join("tmp-v10.2026-01-02.000000+0000");
    let mut writer = FlowWriter::new(File::create(&modern).unwrap(), &options).unwrap();
    writer.write(&FlowBatch::from_raw(Version::V5, Order::HOST, records(200..210))).unwrap();
    writer.flush().unwrap();
    following.wait(35);
    fs::rename(&path, day.join("ft-v05.2026-01-02.000000+0000")).unwrap();
    file.write_all(&records(20..21)).unwrap();
    following.wait(36);
    assert_eq!(following.end(), (0..21).chain(100..105).chain(200..210).collect::<Vec<_>>());
}

#[test]
fn nobody_to_read_and_nothing_to_follow() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ft-v05.2026-01-01.000000+0000"), whole(0..9)).unwrap();
    let mut child = Command::new(CAT).arg("-f").arg(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut octet = [0];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut octet).unwrap();
    drop(stdout);
    assert!(child.wait().unwrap().success(), "a closed pipe is the end");
    let wrong = |args: &[&str], words: &str| {
        let output = Command::new(CAT).args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(words)), (Some(2), true), "{said}");
    };
    wrong(&["-f"], "no folder");
    wrong(&["-f", "/dev/null"], "not a folder");
    wrong(&["-f", "-p", "."], "cannot be used with");
    wrong(&["--from-now", "."], "--follow");
}

//! Packets sent on from one sensor to another (PSAMP): the flows are those that the first would have made.

mod common;

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{fine, run, stderr};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SENSOR: &str = env!("CARGO_BIN_EXE_flow-sensor");
const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");
const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real-traffic.pcap");

/// The flows of a file as CSV, sorted.
fn flows(path: &Path) -> Vec<String> {
    let text = String::from_utf8(fine(EXPORT, &["-f", "json", path.to_str().unwrap()], b"")).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What the receiving sensor makes of what comes while `send` sends to its port.
fn received(file: &Path, send: impl FnOnce(&str)) -> Vec<String> {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let heard = Command::new(SENSOR)
        .args(["-d", "-c", "none", "--user", "root", "--chroot", "none", "-R", &port.to_string(), "-m", "100000", "-w"])
        .arg(file)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while UdpSocket::bind(("::", port)).is_ok() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    send(&format!("127.0.0.1:{port}"));
    thread::sleep(Duration::from_millis(500));
    kill(Pid::from_raw(heard.id() as i32), Signal::SIGTERM).unwrap();
    let output = heard.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    flows(file)
}

#[test]
fn packets_sent_on_become_the_same_flows() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    // Timeouts go by the clock there: no flow shall be over before the end.
    let long = ["-m", "100000", "-t", "maxlife=0", "-t", "tcp.rst=0", "-t", "tcp.fin=0", "-t", "expint=3600"];
    fine(SENSOR, &[&["-r", CAPTURE, "-w", here.to_str().unwrap()][..], &long].concat(), b"");
    let there = received(&there, |to| {
        fine(SENSOR, &["-r", CAPTURE, "-v", "psamp", "-n", to, "--pace", "1000"], b"");
    });
    let totals = |flows: &[String], what: &str| -> u64 {
        let value = |line: &String| {
            let (_, rest) = line.split_once(&format!("\"{what}\":")).unwrap();
            rest.split([',', '}']).next().unwrap().trim().parse::<u64>().unwrap()
        };
        flows.iter().map(value).sum()
    };
    let here = flows(&here);
    for what in ["packetDeltaCount", "octetDeltaCount"] {
        assert_eq!(totals(&there, what), totals(&here, what), "{what}");
    }
}

#[test]
fn sampling_sends_one_in_so_many() {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let to = collector.local_addr().unwrap().to_string();
    let sender = thread::spawn(move || {
        let output = run(SENSOR, &["-r", CAPTURE, "-v", "psamp", "-s", "100", "-n", &to], b"");
        assert!(output.status.success(), "{}", stderr(&output));
    });
    let (mut octets, mut records) = ([0; 2000], 0);
    while let Ok(len) = collector.recv(&mut octets) {
        assert_eq!(octets[..2], [0, 10]);
        // Data sets, not those of templates.
        records += usize::from(octets[16..18] != [0, 2] && len > 20);
    }
    sender.join().unwrap();
    let frames = 653_usize;
    assert!(records >= frames / 100 && records <= frames, "{records}");
    let output = run(SENSOR, &["-r", CAPTURE, "-v", "psamp"], b"");
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
}

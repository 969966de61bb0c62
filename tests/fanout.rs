//! flow-fanout, through real sockets.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use flowtools::flow::{Field, Order};
use flowtools::wire::{Counters, Decoder, Encoder, Records};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A flow-fanout in the foreground.
struct Fanout {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    to: SocketAddr,
}

impl Fanout {
    /// Starts it, and waits until it listens.
    fn start(args: &[&str], destinations: &[&UdpSocket]) -> Fanout {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ports = destinations.iter().map(|socket| socket.local_addr().unwrap().port());
        let ends = ports.map(|port| format!("0/127.0.0.1/{port}"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_flow-fanout"))
            .arg("-D")
            .args(args)
            .arg(format!("127.0.0.1/0/{}", to.port()))
            .args(ends)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("listening at"), "{line}");
        Fanout { child, said, to }
    }

    /// Ends it. Its exit, and what it said.
    fn end(mut self) -> (ExitStatus, String) {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        let mut words = String::new();
        self.said.read_to_string(&mut words).unwrap();
        (self.child.wait().unwrap(), words)
    }
}

fn here(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// A datagram and who sent it.
fn datagram(socket: &UdpSocket) -> (SocketAddr, Vec<u8>) {
    let mut octets = vec![0; 65_536];
    let (size, from) = socket.recv_from(&mut octets).unwrap();
    octets.truncate(size);
    (from, octets)
}

/// Version 5 datagrams of `records(count)`, whose clocks are made equal so that they are full.
fn datagrams(count: u32) -> Vec<Vec<u8>> {
    let mut records = common::records(count);
    for record in records.chunks_exact_mut(64) {
        record[..4].copy_from_slice(&1_767_225_600u32.to_ne_bytes());
    }
    let batch = flowtools::flow::FlowBatch::from_raw(flowtools::flow::Version::V5, Order::HOST, records);
    let (mut encoder, mut all) = (Encoder::new(), Vec::new());
    let mut push = |export: flowtools::wire::Export<'_>| -> Result<(), ()> {
        all.push(export.octets.to_vec());
        Ok(())
    };
    encoder.encode(&batch.raw().unwrap(), batch.rows(), &mut push).unwrap();
    encoder.finish(&mut push).unwrap();
    all
}

/// What a collector makes of datagrams until it has so many flows: what it counted, and values of a field.
fn collect(socket: &UdpSocket, flows: usize, field: Field) -> (Counters, Vec<u32>) {
    let (mut decoder, mut records, mut values) = (Decoder::new(), Records::new(), Vec::new());
    while values.len() < flows {
        let (from, octets) = datagram(socket);
        decoder.decode(from.ip(), from.port(), &octets, &mut records).unwrap();
        for batch in records.drain() {
            let mut some = Vec::<u32>::new();
            assert!(batch.gather(field, &mut some));
            values.extend(some);
        }
    }
    (*decoder.total(), values)
}

#[test]
fn datagrams_go_on_as_they_came_and_a_dead_destination_is_nobody_elses_concern() {
    let (first, second) = (here("127.0.0.1"), here("127.0.0.1"));
    let dead = here("127.0.0.1");
    let fanout = Fanout::start(&[], &[&first, &dead, &second]);
    drop(dead);
    let exporter = here("127.0.0.1");
    let sent = datagrams(300);
    exporter.send_to(b"none", fanout.to).unwrap();
    for datagram in &sent {
        exporter.send_to(datagram, fanout.to).unwrap();
        // That nobody listens is known only to the next datagram.
        std::thread::sleep(Duration::from_millis(20));
    }
    for collector in [&first, &second] {
        sent.iter().for_each(|sent| assert_eq!(datagram(collector).1, *sent));
    }
    let (exit, words) = fanout.end();
    assert!(exit.success(), "{words}");
    assert!(words.contains("nobody listens there") && words.contains("a corrupt datagram"), "{words}");
    assert!(words.contains("300 flows in 10 datagrams received; 0 lost on the way, 1 corrupt datagrams"), "{words}");
}

#[test]
fn exporters_that_share_an_engine_are_numbered_in_one_series() {
    let collector = here("127.0.0.1");
    let fanout = Fanout::start(&[], &[&collector]);
    let exporters = [here("127.0.0.1"), here("127.0.0.2")];
    for datagram in datagrams(300) {
        for exporter in &exporters {
            exporter.send_to(&datagram, fanout.to).unwrap();
        }
    }
    let (total, _) = collect(&collector, 600, Field::SrcAddr);
    assert_eq!((total.flows, total.lost, total.resets, total.misordered), (600, 0, 0, 0));
    fanout.end();
}

#[test]
fn what_is_filtered_is_not_missing_and_what_was_lost_is() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("filter.cfg");
    let text = "filter-primitive TCP\n type ip-protocol\n permit @P\nfilter-definition tcp\n match ip-protocol TCP\n";
    std::fs::write(&config, text).unwrap();
    let collector = here("127.0.0.1");
    let config = config.to_str().unwrap();
    let args = ["-f", config, "-F", "tcp", "-v", "P=tcp", "-m", "/24", "-A", "65000"];
    let fanout = Fanout::start(&args, &[&collector]);
    let exporter = here("127.0.0.1");
    let mut sent = datagrams(300);
    sent.remove(4);
    for datagram in &sent {
        exporter.send_to(datagram, fanout.to).unwrap();
    }
    // Every third flow is of UDP; the fifth datagram was lost.
    let (total, sources) = collect(&collector, 180, Field::SrcAddr);
    assert_eq!((total.flows, total.lost, total.resets), (180, 30, 0));
    assert!(sources.iter().all(|address| [0x0A00_0000, 0x0A00_0100].contains(address)), "{sources:x?}");
    kill(Pid::from_raw(fanout.child.id() as i32), Signal::SIGHUP).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    let (exit, words) = fanout.end();
    assert!(exit.success(), "{words}");
    let stat = "src_ip=127.0.0.1 dst_ip=127.0.0.1 d_ver=5 pkts=9 flows=270 lost=30 reset=0 filter_drops=90";
    assert!(words.contains(stat) && words.contains("SENT: "), "{words}");
}

#[test]
fn another_version_is_sent_where_it_was_asked_for() {
    for (version, protocol) in [("10", 10), ("9", 9), ("7", 7), ("1", 1)] {
        let collector = here("127.0.0.1");
        let fanout = Fanout::start(&["-V", version, "-A", "65000"], &[&collector]);
        let exporter = here("127.0.0.1");
        for datagram in datagrams(90) {
            exporter.send_to(&datagram, fanout.to).unwrap();
        }
        let mut first = [0; 2];
        collector.peek(&mut first).unwrap();
        assert_eq!(u16::from_be_bytes(first), protocol);
        let field = if version == "1" { Field::SrcPort } else { Field::SrcAs };
        let (total, values) = collect(&collector, 90, field);
        assert_eq!((total.flows, total.lost, total.resets), (90, 0, 0), "version {version}");
        assert!(version == "1" || values.iter().all(|asn| *asn == 65_000), "version {version}: {values:?}");
        let (exit, words) = fanout.end();
        assert!(exit.success(), "{words}");
    }
}

#[test]
fn spoofed_datagrams_come_from_their_exporters() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let collector = here("127.0.0.1");
    let fanout = Fanout::start(&["-s"], &[&collector]);
    let sent = datagrams(30);
    for n in [5, 6] {
        let address = Ipv4Addr::new(127, 0, 0, n);
        here(&address.to_string()).send_to(&sent[0], fanout.to).unwrap();
        let (from, octets) = datagram(&collector);
        assert_eq!((from.ip(), &octets), (IpAddr::V4(address), &sent[0]));
    }
    fanout.end();
}

#[test]
fn changed_datagrams_are_spoofed_too_and_paced() {
    let root = nix::unistd::geteuid().is_root();
    let collector = here("127.0.0.1");
    let args = ["-x", "20000", "-A", "65000", "-m", "/24", "-s"];
    let fanout = Fanout::start(if root { &args } else { &args[..6] }, &[&collector]);
    let exporter = here("127.0.0.7");
    for sent in datagrams(300) {
        exporter.send_to(&sent, fanout.to).unwrap();
    }
    let (first, begun) = (datagram(&collector).0, Instant::now());
    assert!(!root || first.ip() == IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7)), "{first}");
    let (total, sources) = collect(&collector, 270, Field::SrcAs);
    assert!(begun.elapsed() > Duration::from_millis(100), "{:?}", begun.elapsed());
    assert_eq!((total.flows, total.lost), (270, 0));
    assert!(sources.iter().all(|asn| *asn == 65_000), "{sources:?}");
    let (exit, words) = fanout.end();
    assert!(exit.success(), "{words}");
}

#[test]
fn wrong_arguments_are_said() {
    let fanout = env!("CARGO_BIN_EXE_flow-fanout");
    for (args, code, says) in [
        (&["0/0/9999"][..], 2, "required"),
        (&["-D", "0/0/9999", "0/0/9998"], 2, "no remote address"),
        (&["-D", "-F", "x", "0/0/9999", "0/127.0.0.1/9998"], 2, "filter.cfg"),
        (&["-D", "-V", "11", "0/0/9999", "0/127.0.0.1/9998"], 2, "not an export version"),
    ] {
        let (output, begun) = (common::run(fanout, args, b""), Instant::now());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", common::stderr(&output));
        assert!(common::stderr(&output).contains(says), "{}", common::stderr(&output));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

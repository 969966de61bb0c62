//! flow-send and flow-receive, through real sockets, files and pipes.

mod common;

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use common::{fine, flow_file, records, run, stderr};
use flowtools::file::{FlowWriter, Inputs, Scan, WriteOptions};
use flowtools::flow::time::FlowTimes;
use flowtools::flow::{
    About, Column, Element, Fact, Field, FieldSpec, FlowBatch, Form, Order, Schema, StreamInfo, VARIABLE, Version,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SEND: &str = env!("CARGO_BIN_EXE_flow-send");
const RECEIVE: &str = env!("CARGO_BIN_EXE_flow-receive");
const HEADER: usize = 4;

/// A flow-receive that hears.
struct Hearing {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    output: std::thread::JoinHandle<Vec<u8>>,
}

impl Hearing {
    /// Starts it, and waits until it hears.
    fn start(args: &[&str]) -> Hearing {
        let mut child = Command::new(RECEIVE)
            .args(["-d", "1"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("hearing"), "{line}");
        let mut stdout = child.stdout.take().unwrap();
        let output = std::thread::spawn(move || {
            let mut all = Vec::new();
            stdout.read_to_end(&mut all).unwrap();
            all
        });
        Hearing { child, said, output }
    }

    /// Ends it with a signal, once what was sent has had time to arrive. Gives its exit, output and last words.
    fn end(mut self, signal: Signal) -> (ExitStatus, Vec<u8>, String) {
        std::thread::sleep(std::time::Duration::from_millis(300));
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        let mut words = String::new();
        self.said.read_to_string(&mut words).unwrap();
        (self.child.wait().unwrap(), self.output.join().unwrap(), words)
    }
}

/// A raw version 5 file.
fn v5(count: u32) -> Vec<u8> {
    flow_file(count, 0, Order::HOST)
}

/// A file's version and its records in this machine's order.
fn read(file: &[u8]) -> (Version, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    std::fs::write(&path, file).unwrap();
    let scan = Scan::open(&Inputs::of(&[path])).unwrap();
    let version = scan.info().version.unwrap();
    let mut records = Vec::new();
    let copy = |batch: FlowBatch| -> Result<(), Infallible> {
        batch.raw().unwrap().copy(batch.rows(), Order::HOST, &mut records);
        Ok(())
    };
    assert!(scan.ordered(|| (), |(), batch| batch, copy).unwrap().problems.is_empty());
    (version, records)
}

/// A UDP port that is free now.
fn port(address: &str) -> u16 {
    UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap().port()
}

/// The records of a flow file.
fn body(file: &[u8]) -> &[u8] {
    let at: [u8; 4] = file[HEADER..HEADER + 4].try_into().unwrap();
    let at = if file[2] == 1 { u32::from_le_bytes(at) } else { u32::from_be_bytes(at) };
    &file[at as usize..]
}

/// A version 5 record's octets that the network carries unchanged.
fn comparable(records: &[u8]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = records.chunks_exact(64).map(|r| [&r[..12], &r[16..]].concat()).collect();
    all.sort();
    all
}

#[test]
fn flows_sent_are_flows_received() {
    for (signal, local, remote) in [
        (Signal::SIGINT, "127.0.0.1", "127.0.0.1"),
        (Signal::SIGTERM, "0", "127.0.0.1"),
        (Signal::SIGHUP, "::1", "::1"),
    ] {
        let bind = if local.contains(':') { "::1" } else { "127.0.0.1" };
        if UdpSocket::bind((bind, 0)).is_err() {
            continue; // a machine without IPv6
        }
        let port = port(bind);
        let hearing = Hearing::start(&[&format!("{local}/0/{port}")]);
        fine(SEND, &["-x", "20", &format!("0/{remote}/{port}")], &v5(500));
        let (exit, output, words) = hearing.end(signal);
        assert!(exit.success(), "{words}");
        assert_eq!(words, "");
        assert!(comparable(body(&output)) == comparable(&records(500)), "{local}");
        let exporter = if bind == "::1" { 0u32 } else { 0x7f00_0001 };
        assert_eq!(body(&output)[12..16], exporter.to_ne_bytes());
    }
}

#[test]
fn only_the_remote_address_is_heard() {
    let port = port("127.0.0.1");
    let hearing = Hearing::start(&[&format!("127.0.0.1/127.0.0.2/{port}")]);
    fine(SEND, &[&format!("127.0.0.1/127.0.0.1/{port}")], &v5(3));
    fine(SEND, &[&format!("127.0.0.2/127.0.0.1/{port}")], &v5(5));
    let (exit, output, _) = hearing.end(Signal::SIGTERM);
    assert!(exit.success());
    assert_eq!(body(&output).len(), 5 * 64);
    assert_eq!(body(&output)[12..16], 0x7f00_0002u32.to_ne_bytes());
}

#[test]
fn versions_and_addresses_change_on_the_way() {
    let port = port("127.0.0.1");
    let hearing = Hearing::start(&["-V7", "-b", "big", "-z6", &format!("0/0/{port}")]);
    fine(SEND, &["-V1", "-m", "255.255.255.0", "-x50", &format!("0/127.0.0.1/{port}")], &v5(300));
    let (exit, output, _) = hearing.end(Signal::SIGTERM);
    assert!(exit.success());
    let (version, records) = read(&output);
    assert_eq!(version, Version::V7);
    let sources: Vec<u32> =
        records.chunks_exact(68).map(|r| u32::from_ne_bytes(r[16..20].try_into().unwrap())).collect();
    assert_eq!(sources.len(), 300);
    assert!(sources.iter().all(|s| s & 0xFF == 0), "{sources:x?}");
}

#[test]
fn what_is_no_export_is_counted_and_said() {
    let port = port("127.0.0.1");
    let hearing = Hearing::start(&[&format!("0/0/{port}")]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"hello", ("127.0.0.1", port)).unwrap();
    fine(SEND, &[&format!("0/127.0.0.1/{port}")], &v5(2));
    let (exit, output, words) = hearing.end(Signal::SIGTERM);
    assert_eq!(exit.code(), Some(1));
    assert!(
        words.contains("1 datagrams were not understood; the first, from 127.0.0.1: export version 26725"),
        "{words}"
    );
    assert_eq!(body(&output).len(), 2 * 64);
}

#[test]
fn a_capture_is_as_good_as_the_network() {
    let pcap = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/export-softflowd-v5.pcap");
    let whole = fine(RECEIVE, &["-r", pcap], b"");
    assert!(!body(&whole).is_empty() && body(&whole).len().is_multiple_of(64));
    let bytes = std::fs::read(pcap).unwrap();
    assert!(fine(RECEIVE, &["-r", "-"], &bytes) == whole);
    // An endpoint nothing goes to, and a capture cut short.
    assert_eq!(body(&fine(RECEIVE, &["-r", pcap, "0/0/1"], b"")), b"");
    let cut = run(RECEIVE, &["-r", "-"], &bytes[..bytes.len() - 1]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(stderr(&cut).contains("offset"), "{}", stderr(&cut));
}

#[test]
fn a_file_says_at_the_end_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    let pcap = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/export-softflowd-v5.pcap");
    fine(RECEIVE, &["-r", pcap, "-o", path.to_str().unwrap(), "-C", "a comment"], b"");
    let info = flowtools::file::read_info(&path).unwrap();
    let size = std::fs::read(&path).map(|file| body(&file).len()).unwrap();
    assert_eq!((info.flows, info.lost, info.corrupt), (Some((size / 64) as u64), Some(0), Some(0)));
    assert!(info.is(flowtools::flow::flags::DONE) && info.start <= info.end);
    assert_eq!(info.comments.as_deref(), Some("a comment"));
}

#[test]
fn nobody_listening_is_said_and_no_failure() {
    let port = port("127.0.0.1");
    let output = run(SEND, &["-x", "2000", &format!("0/127.0.0.1/{port}")], &v5(10));
    assert!(output.status.success());
    assert!(stderr(&output).contains("nobody listens there"), "{}", stderr(&output));
}

#[test]
fn wrong_usage_is_exit_2() {
    for args in [&["0/0/2055"][..], &["127.0.0.1"], &["0/127.0.0.1/0"], &["-m", "x", "0/127.0.0.1/1"], &[]] {
        assert_eq!(run(SEND, args, b"").status.code(), Some(2), "{args:?}");
    }
    for args in [&[][..], &["1.2.3.4"], &["-V", "9", "0/0/1"]] {
        assert_eq!(run(RECEIVE, args, b"").status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn aggregates_cannot_go_as_version_5() {
    let info = StreamInfo::default();
    let options = WriteOptions::new(Version::V8(1), info);
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&[0; 48]).unwrap();
    let output = run(SEND, &["-V5", "0/127.0.0.1/9"], &writer.finish().unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("1 flows cannot be converted to version 5"), "{}", stderr(&output));
}

#[test]
fn it_does_not_go_on_hearing_for_nobody() {
    let endpoint = format!("127.0.0.1/0/{}", port("127.0.0.1"));
    let mut receive = Command::new(RECEIVE).arg(&endpoint).stdout(Stdio::piped()).spawn().unwrap();
    drop(receive.stdout.take());
    assert!(receive.wait().unwrap().success());
}

/// Source and destination, octets, packets, ports, start and end of each flow of a file, in order of their values.
fn essence(file: &[u8]) -> Vec<[u128; 8]> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    std::fs::write(&path, file).unwrap();
    let mut all = Vec::new();
    let scan = Scan::open(&Inputs::of(&[path])).unwrap();
    let look = |batch: FlowBatch| -> Result<(), Infallible> {
        let mut times = FlowTimes::default();
        times.gather(&batch);
        let fields = [Field::SrcAddr, Field::DstAddr, Field::Octets, Field::Packets, Field::SrcPort, Field::DstPort];
        let columns = fields.map(|field| {
            let mut values = Vec::<u128>::new();
            assert!(batch.gather(field, &mut values), "{field:?}");
            values
        });
        for (row, (start, end)) in times.start.iter().zip(&times.end).enumerate() {
            let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(|at: usize| columns[at][row]);
            all.push([a, b, c, d, e, f, (*start).into(), (*end).into()]);
        }
        Ok(())
    };
    assert!(scan.ordered(|| (), |(), batch| batch, look).unwrap().problems.is_empty());
    all.sort_unstable();
    all
}

#[test]
fn flows_go_with_templates_and_keep_their_times() {
    for (version, transport) in [("9", "udp"), ("10", "udp"), ("10", "tcp")] {
        let port = port("127.0.0.1");
        let hearing = Hearing::start(&["--transport", transport, &format!("127.0.0.1/0/{port}")]);
        let to = format!("0/127.0.0.1/{port}");
        fine(SEND, &["-x20", "-V", version, "--transport", transport, &to], &v5(1000));
        let (exit, output, words) = hearing.end(Signal::SIGTERM);
        assert!(exit.success(), "{words}");
        assert_eq!(output[3], 4, "a modern file");
        assert!(essence(&output) == essence(&v5(1000)), "version {version} by {transport}");
    }
}

/// A modern file of IPv6 flows with names of variable length, a field of an enterprise's own, and facts.
fn six() -> Vec<u8> {
    const FLOWS: usize = 300;
    let spec = |enterprise, id, width| FieldSpec { element: Element { enterprise, id }, occurrence: 0, width };
    let numbers = |width: u16, value: &dyn Fn(u128) -> u128| Column::Plain {
        width,
        data: (0..FLOWS as u128).flat_map(|n| value(n).to_le_bytes()[..width.into()].to_vec()).collect(),
    };
    const NET: u128 = 0x2001_0db8 << 96;
    let columns = vec![
        (spec(0, 27, 16), numbers(16, &|n| NET + n)),
        (spec(0, 28, 16), numbers(16, &|n| NET + n % 7)),
        (spec(0, 1, 8), numbers(8, &|n| (n << 33) + 1)),
        (spec(0, 2, 8), numbers(8, &|n| n + 1)),
        (spec(0, 7, 2), numbers(2, &|n| n + 1024)),
        (spec(0, 11, 2), Column::Constant { value: 443u16.to_le_bytes().to_vec() }),
        (spec(0, 152, 8), numbers(8, &|n| 1_767_225_600_000 + n)),
        (spec(0, 153, 8), numbers(8, &|n| 1_767_225_600_500 + n)),
        (spec(29305, 1, 8), numbers(8, &|n| n)),
        (spec(0, 149, 4), numbers(4, &|n| n % 3)),
    ];
    let (mut specs, mut columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let (mut ends, mut data) = (Vec::new(), Vec::new());
    for n in 0..FLOWS {
        data.extend(format!("app{}", "x".repeat(n)).bytes());
        ends.push(data.len() as u32);
    }
    specs.push(spec(0, 96, VARIABLE));
    columns.push(Column::Variable { ends, data });
    let batch = FlowBatch::from_columns(Arc::new(Schema::new(specs)), FLOWS, columns);
    let mut writer = FlowWriter::new(Vec::new(), &WriteOptions::new(Form::Modern, StreamInfo::default())).unwrap();
    writer.facts(&[name(1)]).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap()
}

/// An interface's name, as the exporter of 127.0.0.1 says it.
fn name(domain: u32) -> Fact {
    let (exporter, about) = ([127, 0, 0, 1].into(), About::Interface(70_000));
    Fact { exporter, domain, about, name: "xe-0/0/1".into(), description: "uplink".into() }
}

/// The text and the domain of each flow, in order, and the file's facts.
fn texts(file: &[u8]) -> (Vec<(Vec<u8>, u128)>, Vec<Fact>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    std::fs::write(&path, file).unwrap();
    let scan = Scan::open(&Inputs::of(&[path])).unwrap();
    let facts = scan.info().facts.clone();
    let mut all = Vec::new();
    let look = |batch: FlowBatch| -> Result<(), Infallible> {
        let view = |id| batch.column(batch.schema().position(Element::iana(id), 0).unwrap()).unwrap();
        batch.rows().each(|row| all.push((view(96).octets(row).0.to_vec(), view(149).number(row))));
        Ok(())
    };
    assert!(scan.ordered(|| (), |(), batch| batch, look).unwrap().problems.is_empty());
    all.sort_unstable();
    (all, facts)
}

#[test]
fn modern_flows_go_as_ipfix_with_all_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    std::fs::write(&path, six()).unwrap();
    for transport in ["udp", "tcp"] {
        let port = port("127.0.0.1");
        let output = folder.path().join(transport);
        let to = output.to_str().unwrap();
        let hearing = Hearing::start(&["--transport", transport, "-o", to, &format!("0/0/{port}")]);
        let endpoint = format!("0/127.0.0.1/{port}");
        let file = path.to_str().unwrap();
        fine(SEND, &["-x20", "--mtu", "600", "--transport", transport, &endpoint, file], b"");
        let (exit, _, words) = hearing.end(Signal::SIGTERM);
        assert!(exit.success(), "{words}");
        let received = std::fs::read(&output).unwrap();
        assert!(essence(&received) == essence(&six()), "{transport}");
        assert!(texts(&received).0 == texts(&six()).0, "{transport}");
        assert_eq!(texts(&received).1, [name(1)]);
        let info = flowtools::file::read_info(&output).unwrap();
        assert_eq!((info.flows, info.lost, info.corrupt), (Some(300), Some(0), Some(0)), "{transport}");
    }
}

#[test]
fn what_is_sent_with_templates_can_be_masked_and_is_bounded() {
    let port = port("127.0.0.1");
    let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    let to = format!("0/127.0.0.1/{port}");
    fine(SEND, &["-V10", "--mtu", "576", "--refresh", "1,60", "-m", "/8", &to], &v5(40));
    let (mut flows, mut octets) = (0, [0; 2000]);
    while flows < 40 {
        let length = socket.recv(&mut octets).unwrap();
        assert!(length <= 576 - 28);
        assert_eq!(octets[16..18], [0, 2], "a template in every message");
        let set = 16 + usize::from(u16::from_be_bytes([octets[18], octets[19]]));
        let records = &octets[set + 4..length];
        flows += records.len() / 55;
        assert!(records.chunks_exact(55).all(|record| record[..8] == [10, 0, 0, 0, 192, 0, 0, 0]));
    }
    let output = run(SEND, &["-V9", &to], &six());
    assert!(output.status.success());
    let words = "sent without what version 9 cannot carry: applicationName, ";
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
}

#[test]
fn connections_are_for_ipfix() {
    let to = format!("0/127.0.0.1/{}", port("127.0.0.1"));
    for args in [&["-V5"][..], &["-V9"], &["-s"], &["-V", "11"], &["--mtu", "100"], &["--refresh", "5"]] {
        let args = [&["--transport", "tcp"], args, &[&to]].concat();
        assert_eq!(run(SEND, &args, &v5(1)).status.code(), Some(2), "{args:?}");
    }
    let output = run(SEND, &["--transport", "tcp", &to], &v5(1));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("refused"), "{}", stderr(&output));
}

#[test]
fn a_connection_without_ipfix_is_closed_and_said() {
    let port = port("127.0.0.1");
    let hearing = Hearing::start(&["--transport", "tcp", &format!("127.0.0.1/0/{port}")]);
    let mut stranger = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut stranger, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(matches!(stranger.read(&mut [0; 1]), Ok(0) | Err(_)), "closed");
    fine(SEND, &["--transport", "tcp", &format!("0/127.0.0.1/{port}")], &v5(7));
    let (exit, output, words) = hearing.end(Signal::SIGTERM);
    assert_eq!(exit.code(), Some(1));
    assert!(words.contains("version 18245, expected IPFIX (10): the connection was closed"), "{words}");
    assert_eq!(essence(&output).len(), 7);
}

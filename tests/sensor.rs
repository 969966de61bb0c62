//! flow-sensor, run as it is used: captures in, flow files and datagrams out.

use std::io::Write;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use flowtools::file::{Inputs, Scan, read_info};
use flowtools::flow::time::FlowTimes;
use flowtools::flow::{Field, FlowBatch, flags};

/// A flow as a test wants it: source, destination, protocol, ports, packets, octets, flags, first and last ms.
type Flow = (u32, u32, u8, u16, u16, u32, u32, u8, u64, u64);

const A: u32 = 0x0a00_0001;
const B: u32 = 0x0a00_0002;

fn sensor(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flow-sensor"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    // Who refuses the arguments does not read.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The flows of a file, sorted.
fn flows(path: &Path) -> Vec<Flow> {
    fn column<N: flowtools::flow::Number>(batch: &FlowBatch, field: Field) -> Vec<N> {
        let mut values = Vec::new();
        batch.gather(field, &mut values);
        values
    }
    let scan = Scan::open(&Inputs::of(&[path.to_owned()])).unwrap();
    let mut flows = Vec::new();
    let summary = scan
        .ordered(
            || (),
            |(), batch| batch,
            |batch| {
                let mut times = FlowTimes::default();
                times.gather(&batch);
                let (s, d) = (column(&batch, Field::SrcAddr), column(&batch, Field::DstAddr));
                let (p, q) = (column(&batch, Field::SrcPort), column(&batch, Field::DstPort));
                let (protocol, flags) = (column(&batch, Field::Protocol), column(&batch, Field::TcpFlags));
                let (packets, octets) = (column(&batch, Field::Packets), column(&batch, Field::Octets));
                flows.extend((0..batch.len()).map(|i| {
                    let at = (times.start[i], times.end[i]);
                    (s[i], d[i], protocol[i], p[i], q[i], packets[i], octets[i], flags[i], at.0, at.1)
                }));
                Ok::<_, ()>(())
            },
        )
        .unwrap();
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    flows.sort_unstable();
    flows
}

fn ipv4(protocol: u8, ends: [u32; 2], fragment: u16, payload: &[u8]) -> Vec<u8> {
    let len = 20 + payload.len() as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([0, 7]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(ends.iter().flat_map(|a| a.to_be_bytes()));
    packet.extend(payload);
    packet
}

fn tcp(ends: [u32; 2], ports: [u16; 2], flags: u8) -> Vec<u8> {
    let mut header: Vec<u8> = ports.iter().flat_map(|p| p.to_be_bytes()).collect();
    header.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    ipv4(6, ends, 0, &header)
}

fn udp(ends: [u32; 2], ports: [u16; 2], len: usize) -> Vec<u8> {
    let mut header: Vec<u8> = ports.iter().flat_map(|p| p.to_be_bytes()).collect();
    header.extend((8 + len as u16).to_be_bytes());
    header.extend(vec![0; 2 + len]);
    ipv4(17, ends, 0, &header)
}

/// An Ethernet frame, padded as Ethernet pads.
fn ether(tags: &[u8], packet: &[u8]) -> Vec<u8> {
    let mut frame = [&[2; 12][..], tags, &[8, 0], packet].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A microsecond pcap of Ethernet frames at times in ms.
fn pcap(frames: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut file: Vec<u8> =
        [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65535, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    for (ms, frame) in frames {
        let len = frame.len() as u32;
        file.extend([(ms / 1000) as u32, (ms % 1000 * 1000) as u32, len, len].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(frame);
    }
    file
}

const T: u64 = 1_000_000_000_000;

fn conversation() -> Vec<u8> {
    pcap(&[
        (T, ether(&[], &tcp([A, B], [1024, 80], 2))),
        (T + 5, ether(&[], &tcp([B, A], [80, 1024], 0x12))),
        (T + 9, ether(&[], &tcp([A, B], [1024, 80], 0x10))),
        (T + 700, ether(&[], &udp([A, B], [53, 53], 100))),
    ])
}

#[test]
fn a_capture_becomes_a_flow_file() {
    let dir = tempfile::tempdir().unwrap();
    let (capture, out) = (dir.path().join("c.pcap"), dir.path().join("flows"));
    std::fs::write(&capture, conversation()).unwrap();
    let (capture, out_name) = (capture.to_str().unwrap(), out.to_str().unwrap());
    let expected: [Flow; 3] = [
        (A, B, 6, 1024, 80, 2, 80, 0x12, T, T + 9),
        (A, B, 17, 53, 53, 1, 128, 0, T + 700, T + 700),
        (B, A, 6, 80, 1024, 1, 40, 0x12, T + 5, T + 5),
    ];
    for extra in [&[][..], &["--byte-order", "big", "--level", "6"], &["-v", "1"], &["-v7"]] {
        let output = sensor(&[&["-r", capture, "-w", out_name], extra].concat(), b"");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
        assert_eq!(flows(&out), expected);
        let info = read_info(&out).unwrap();
        assert!(info.is(flags::DONE) && info.host.is_some());
        assert_eq!((info.start, info.end, info.flows), (Some(1_000_000_000), Some(1_000_000_000), Some(3)));
    }
    // The same through pipes; a pipe's header cannot be filled in later.
    let output = sensor(&["-r", "-", "-w", "-"], &conversation());
    std::fs::write(&out, &output.stdout).unwrap();
    assert_eq!(flows(&out), expected);
    assert!(read_info(&out).unwrap().is(flags::STREAMING));
}

#[test]
fn compat_counts_frames_as_softflowd_does() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("flows");
    let capture = pcap(&[
        (T, ether(&[], &tcp([A, B], [1024, 80], 2))),
        (T + 5, ether(&[], &tcp([B, A], [80, 1024], 0x12))),
        (T + 6, ether(&[0x81, 0, 0, 5], &udp([A, B], [53, 53], 100))),
        (T + 7, ether(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], &udp([A, B], [54, 54], 100))),
        (T + 8, ether(&[], &ipv4(132, [A, B], 0, &[0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]))),
        (T + 9, ether(&[], &ipv4(17, [A, B], 0x00b9, &[0; 30]))),
    ]);
    let run = |args: &[&str]| {
        let output = sensor(&[&["-r", "-", "-w", out.to_str().unwrap()], args].concat(), &capture);
        assert!(output.status.success(), "{}", stderr(&output));
        flows(&out)
    };
    assert_eq!(
        run(&["--compat"]),
        [
            (A, B, 6, 1024, 80, 1, 46, 2, T, T + 5),
            (A, B, 17, 0, 0, 1, 50, 0, T + 9, T + 9),
            (A, B, 17, 53, 53, 1, 128, 0, T + 6, T + 6),
            (A, B, 132, 0, 0, 1, 46, 0, T + 8, T + 8),
            (B, A, 6, 80, 1024, 1, 46, 0x12, T, T + 5),
        ]
    );
    assert_eq!(
        run(&[]),
        [
            (A, B, 6, 1024, 80, 1, 40, 2, T, T),
            (A, B, 17, 0, 0, 1, 50, 0, T + 9, T + 9),
            (A, B, 17, 53, 53, 1, 128, 0, T + 6, T + 6),
            (A, B, 17, 54, 54, 1, 128, 0, T + 7, T + 7),
            (A, B, 132, 1, 2, 1, 32, 0, T + 8, T + 8),
            (B, A, 6, 80, 1024, 1, 40, 0x12, T + 5, T + 5),
        ]
    );
}

#[test]
fn collectors_get_datagrams_with_the_captures_times() {
    let collectors: Vec<UdpSocket> = (0..2).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let to: Vec<String> = collectors.iter().map(|c| c.local_addr().unwrap().to_string()).collect();
    let frames: Vec<_> = (0..40u16).map(|i| (T + u64::from(i), ether(&[], &udp([A, B], [2000 + i, 53], 9)))).collect();
    let capture = pcap(&frames);
    let receive = |collector: &UdpSocket| {
        collector.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut datagram = [0; 2000];
        let len = collector.recv(&mut datagram).unwrap();
        datagram[..len].to_vec()
    };
    let word = |d: &[u8], at: usize| u32::from_be_bytes(d[at..at + 4].try_into().unwrap());
    for share in [false, true] {
        let both = to.join(",");
        let mut args = vec!["-r", "-", "-n", &both, "-v", "5", "-s", "1"];
        args.extend(share.then_some("-l"));
        let output = sensor(&args, &capture);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
        let mut datagrams = Vec::new();
        for collector in &collectors {
            let first = receive(collector);
            datagrams.push(if share { vec![first] } else { vec![first, receive(collector)] });
        }
        let all: Vec<Vec<u8>> = if share { datagrams.concat() } else { datagrams[0].clone() };
        let sizes: Vec<usize> = all.iter().map(Vec::len).collect();
        assert_eq!(sizes, [24 + 30 * 48, 24 + 10 * 48]);
        assert!(share || datagrams[0] == datagrams[1]);
        assert_eq!((word(&all[0], 16), word(&all[1], 16)), (0, 30));
        let first = &all[0];
        let boot =
            u64::from(word(first, 8)) * 1000 + u64::from(word(first, 12) / 1_000_000) - u64::from(word(first, 4));
        assert_eq!(boot + u64::from(word(first, 24 + 24)), T);
        assert_eq!((word(first, 24), word(first, 24 + 16), word(first, 24 + 20)), (A, 1, 37));
    }
}

#[test]
fn sampling_is_told_to_the_collector() {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = collector.local_addr().unwrap().to_string();
    assert!(sensor(&["-r", "-", "-n", &to, "-s", "3"], &conversation()).status.success());
    collector.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut datagram = [0; 2000];
    collector.recv(&mut datagram).unwrap();
    assert_eq!((datagram[3], &datagram[22..24]), (2, &[0x40, 3][..]));
}

#[test]
fn damage_is_reported_and_what_came_before_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let (capture, out) = (dir.path().join("cut.pcap"), dir.path().join("flows"));
    let whole = conversation();
    std::fs::write(&capture, &whole[..whole.len() - 1]).unwrap();
    let output = sensor(&["-r", capture.to_str().unwrap(), "-w", out.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    let (name, message) = (capture.display(), stderr(&output));
    assert_eq!(message, format!("flow-sensor: {name}: offset 252: record cut short: 141 octets of a frame of 142\n"));
    assert_eq!(flows(&out).len(), 2);
    let output = sensor(&["-r", "-", "-w", out.to_str().unwrap()], b"no capture");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("flow-sensor: standard input: offset 0: not a capture file"));
    assert!(flows(&out).is_empty());
    let output = sensor(&["-r", "/nowhere/x.pcap", "-w", "-"], b"");
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(1), 1));
}

#[test]
fn statistics_are_softflowds() {
    let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
    six.extend([1; 16]);
    six.extend([2; 16]);
    six.extend([0, 1, 0, 2, 0, 8, 0, 0]);
    let mut capture = conversation();
    let frame = [&[2; 12][..], &[0x86, 0xdd], &six].concat();
    capture.extend(&pcap(&[(T + 800, frame), (T + 900, ether(&[8, 6], &[]))])[24..]);
    for (args, kept) in [(&["-r", "-", "-d"][..], 0), (&["-r", "-", "-D"], 1)] {
        let output = sensor(args, &capture);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{text}");
        for line in [
            "Number of active flows: 0",
            &format!("Packets processed: {}", 4 + kept),
            &format!("Ignored packets: {0} ({0} non-IP, 0 too short)", 2 - kept),
            "            tcp (6):            120            3       0.01s       0.01s",
            &format!("IPv6 packets: 1 (not exportable in version 5; {kept} flows kept)"),
            "Flows exported: 3 (3 records) in 0 packets (0 failures)",
        ] {
            assert!(text.lines().any(|l| l == line), "{line:?} in {text}");
        }
    }
}

#[test]
fn what_cannot_be_had_is_one_line_and_exit_2() {
    for args in [
        &["-i", "eth0", "-r", "x"][..],
        &["-i", "99999:eth0"],
        &["-r", "x", "-w", "/"],
        &[],
        &["-r", "x", "-v", "psamp"],
        &["-r", "x", "-A", "pico"],
        &["-r", "x", "-v", "4"],
        &["-r", "x", "-t", "sctp=5"],
        &["-r", "x", "-t", "udp=soon"],
        &["-r", "x", "-T", "most"],
        &["-r", "x", "-m", "0"],
        &["-r", "x", "-s", "0"],
        &["-r", "x", "-P", "tcp"],
        &["-r", "x", "-R", "4739"],
        &["-r", "x", "--threads", "0"],
        &["-r", "x", "--codec", "zip"],
        &["-r", "x", "-V", "8.1"],
        &["-r", "x", "-Q"],
    ] {
        let output = sensor(args, b"");
        let text = stderr(&output);
        assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{args:?}: {text}");
        assert!(text.starts_with("flow-sensor: "), "{text}");
    }
}

#[test]
fn softflowds_letters_are_accepted() {
    let args = "-r - -w - -6 -d -a -N -b -l -g -A milli -B 1000 -C 128 -c none -e 192.0.2.1 -I 60 -L 3 -m 100 -P udp -p x \
                -s 1 -T full -t udp=1m30s -t tcp=1h,tcp.rst=5 -v 5 -x 3";
    let args: Vec<&str> = args.split_whitespace().collect();
    let output = sensor(&args, &conversation());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(output.stdout.starts_with(&[0xcf, 0x10]));
}

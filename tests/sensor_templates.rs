//! flow-sensor's exports with templates, and what it writes beside them: heard by sockets, read from files.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtools::flow::time::FlowTimes;
use flowtools::flow::{About, Element, Field, FlowBatch};
use flowtools::wire::{Decoder, Records};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const A: u32 = 0x0a00_0001;
const B: u32 = 0x0a00_0002;
const T: u64 = 1_700_000_000_123;

/// A flow as a test wants it: source, destination, packets, octets, first and last ms.
type Flow = (String, String, u64, u64, u64, u64);

fn sensor(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flow-sensor")).args(args).output().unwrap()
}

fn udp(ports: [u16; 2], len: u16) -> Vec<u8> {
    let header: Vec<u8> = [ports[0], ports[1], 8 + len, 0].iter().flat_map(|n| n.to_be_bytes()).collect();
    [header, vec![0; len.into()]].concat()
}

fn four(ends: [u32; 2], payload: &[u8]) -> Vec<u8> {
    let mut frame = [&[2; 12][..], &[8, 0, 0x45, 0]].concat();
    frame.extend((20 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 7, 0, 0, 64, 17, 0, 0]);
    frame.extend(ends.iter().flat_map(|a| a.to_be_bytes()));
    [frame, payload.to_vec()].concat()
}

fn six(ends: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let mut frame = [&[2; 12][..], &[0x86, 0xdd, 0x60, 0, 0, 0]].concat();
    frame.extend((payload.len() as u16).to_be_bytes());
    frame.extend([17, 64]);
    for end in ends {
        frame.extend([&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[end]].concat());
    }
    [frame, payload.to_vec()].concat()
}

/// A capture: a conversation of IPv4, from the higher to the lower address, one way of IPv6.
fn capture(path: &Path, count: u16) {
    let mut frames = vec![
        (T, four([B, A], &udp([53, 1024], 100))),
        (T + 5, four([A, B], &udp([1024, 53], 9))),
        (T + 7, four([B, A], &udp([53, 1024], 100))),
        (T + 9, six([1, 2], &udp([7, 8], 60))),
    ];
    frames.extend((0..count).map(|i| (T + 10, four([A, B], &udp([2000 + i, 9], 1)))));
    write(path, &frames);
}

fn write(path: &Path, frames: &[(u64, Vec<u8>)]) {
    let mut file: Vec<u8> =
        [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65535, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    for (ms, frame) in frames {
        // What is not there of IPv4 packets was not captured.
        let total = u32::from(u16::from_be_bytes([frame[16], frame[17]]));
        let (len, all) = (frame.len() as u32, if frame[12] == 8 { 14 + total } else { frame.len() as u32 });
        file.extend([(ms / 1000) as u32, (ms % 1000 * 1000) as u32, len, all].iter().flat_map(|n| n.to_le_bytes()));
        file.extend(frame);
    }
    std::fs::write(path, file).unwrap();
}

fn expected() -> Vec<Flow> {
    let flow =
        |s: &str, d: &str, packets, octets, first, last| (s.to_owned(), d.to_owned(), packets, octets, first, last);
    vec![
        flow("10.0.0.1", "10.0.0.2", 1, 37, T + 5, T + 5),
        flow("10.0.0.2", "10.0.0.1", 2, 256, T, T + 7),
        flow("2001:db8::1", "2001:db8::2", 1, 108, T + 9, T + 9),
    ]
}

fn flows(batches: &[FlowBatch]) -> Vec<Flow> {
    let mut flows = Vec::new();
    for batch in batches {
        let mut times = FlowTimes::default();
        times.gather(batch);
        let address = |field, i| batch.view(field).unwrap().address(i).to_string();
        let number = |field, i| batch.view(field).unwrap().number(i) as u64;
        flows.extend((0..batch.len()).map(|i| {
            let (s, d) = (address(Field::SrcAddr, i), address(Field::DstAddr, i));
            (s, d, number(Field::Packets, i), number(Field::Octets, i), times.start[i], times.end[i])
        }));
    }
    flows.sort_unstable();
    flows
}

/// Exports a capture to some sockets: what each of them hears.
fn export<const N: usize>(sockets: &[UdpSocket; N], capture: &Path, args: &[&str]) -> [Vec<Vec<u8>>; N] {
    let to: Vec<String> = sockets.iter().map(|socket| socket.local_addr().unwrap().to_string()).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ears = sockets.each_ref().map(|socket| scope.spawn(|| hear(socket, &done)));
        let out = sensor(&[&["-r", capture.to_str().unwrap(), "-n", &to.join(",")], args].concat());
        done.store(true, Ordering::SeqCst);
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        ears.map(|ear| ear.join().unwrap())
    })
}

/// What a socket hears until the sender is done.
fn hear(socket: &UdpSocket, done: &AtomicBool) -> Vec<Vec<u8>> {
    let (mut datagrams, mut octets) = (Vec::new(), [0; 2000]);
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    loop {
        let last = done.load(Ordering::SeqCst);
        match socket.recv(&mut octets) {
            Ok(len) => datagrams.push(octets[..len].to_vec()),
            Err(_) if last => return datagrams,
            Err(_) => {}
        }
    }
}

fn decode(messages: &[Vec<u8>]) -> (Vec<FlowBatch>, Decoder) {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    for message in messages {
        decoder.decode(HERE, 4000, message, &mut records).unwrap();
    }
    (records.drain().collect(), decoder)
}

#[test]
fn flows_of_both_ip_versions_are_sent_with_templates() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 0);
    let sockets = [UdpSocket::bind("127.0.0.1:0").unwrap()];
    for (version, unit) in [("9", "milli"), ("10", "milli"), ("10", "micro"), ("10", "nano")] {
        let [messages] = export(&sockets, &path, &["-v", version, "-A", unit]);
        assert_eq!(messages[0][..2], version.parse::<u16>().unwrap().to_be_bytes());
        assert_eq!(flows(&decode(&messages).0), expected(), "version {version} {unit}");
    }
    let [messages] = export(&sockets, &path, &["-v", "10", "-A", "sec"]);
    let seconds = flows(&decode(&messages).0);
    assert_eq!((seconds[0].4, seconds[0].5), (T / 1000 * 1000, T / 1000 * 1000));
}

#[test]
fn both_directions_are_one_record_if_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 0);
    let [messages] = export(&[UdpSocket::bind("127.0.0.1:0").unwrap()], &path, &["-v", "10", "-b"]);
    let (batches, _) = decode(&messages);
    assert_eq!(flows(&batches), expected()[1..]);
    let both: Vec<&FlowBatch> =
        batches.iter().filter(|b| b.schema().position(Element::iana(239), 0).is_some()).collect();
    assert_eq!((both.len(), both[0].len()), (1, 1));
    let reverse = |id| {
        let at = both[0].schema().position(Element { enterprise: 29305, id }, 0).unwrap();
        both[0].column(at).unwrap().number(0) as u64
    };
    assert_eq!([1, 2, 152, 153].map(reverse), [37, 1, T + 5, T + 5]);
}

/// The fields of the flows' templates, of one IP version, as (element, width).
fn fields(batches: &[FlowBatch], address: u16) -> Vec<(u16, u16)> {
    let ours = |batch: &&FlowBatch| batch.schema().position(Element::iana(address), 0).is_some();
    let batch = batches.iter().find(ours).unwrap();
    // Exporter, domain and what messages say of the time are added by who decodes them.
    let added = |element: Element| element.enterprise != 0 || [130, 149].contains(&element.id);
    let sent = batch.schema().fields().iter().filter(|spec| !added(spec.element));
    sent.map(|spec| (spec.element.id, spec.width)).collect()
}

fn value(batch: &FlowBatch, element: Element, row: usize) -> u64 {
    let at = batch.schema().position(element, 0).unwrap();
    batch.column(at).unwrap().number(row) as u64
}

#[test]
fn the_template_is_the_users() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 0);
    let sockets = [UdpSocket::bind("127.0.0.1:0").unwrap()];
    let list = "sourceIPv4Address,dstaddr,PACKETDELTACOUNT/3,octetDeltaCount/4,152,153,flowEndReason,ipVersion,paddingOctets/2";
    let ids = |from: [u16; 2], width| [vec![(from[0], width), (from[1], width)], vec![(2, 3), (1, 4)]].concat();
    for version in ["9", "10"] {
        let [messages] = export(&sockets, &path, &["-v", version, "--template", list]);
        let (batches, _) = decode(&messages);
        assert_eq!(flows(&batches), expected(), "version {version}");
        assert_eq!(fields(&batches, 8)[..4], ids([8, 12], 4));
        assert_eq!(fields(&batches, 27)[..4], ids([27, 28], 16));
        assert_eq!([value(&batches[0], Element::iana(136), 0), value(&batches[0], Element::iana(60), 0)], [4, 4]);
        // Times of every kind, uptimes in IPFIX too.
        for times in ["First,Last", "flowStartMicroseconds,flowEndMicroseconds", "156,157"] {
            let list = format!("8,12,1,2,{times}");
            let [messages] = export(&sockets, &path, &["-v", version, "--template", &list]);
            assert_eq!(flows(&decode(&messages).0), expected(), "version {version} {times}");
        }
    }
    let [messages] = export(&sockets, &path, &["-v", "10", "-b", "--template", "8,12,1/2,2/1,152,7"]);
    let (batches, _) = decode(&messages);
    let both = batches.iter().find(|b| b.schema().position(Element::iana(239), 0).is_some()).unwrap();
    let reverse = |id| value(both, Element { enterprise: 29305, id }, 0);
    assert_eq!([1, 2, 152].map(reverse), [37, 1, T + 5]);
    assert_eq!(value(both, Element::iana(1), 0), 256);
}

#[test]
fn templates_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 0);
    for (version, list, words) in [
        ("9", "srcaddr,fooBar", "'fooBar' is not an element"),
        ("10", "bgpSourceAsNumber", "cannot be told of packets"),
        ("10", "octetDeltaCount/9", "expected 1 to 8"),
        ("5", "octetDeltaCount", "version 5 has no templates"),
    ] {
        let out = sensor(&["-r", path.to_str().unwrap(), "-n", "127.0.0.1:9", "-v", version, "--template", list]);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn flows_of_more_than_32_bits_are_several_records() {
    const PACKETS: u64 = 70_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    // The first octets of packets of 65,535, all within a second.
    let mut frame = four([A, B], &udp([1, 2], 20));
    frame.truncate(42);
    frame[16..18].copy_from_slice(&[0xff, 0xff]);
    let frames: Vec<_> = (0..PACKETS).map(|n| (T + n / 100, frame.clone())).collect();
    write(&path, &frames);
    let sockets = [UdpSocket::bind("127.0.0.1:0").unwrap()];
    let file = dir.path().join("flows");
    for (args, records) in
        [(&["-v", "5"][..], 2), (&["-v", "10"], 1), (&["-v", "9", "--template", "8,12,1/4,2/2,152,153"], 2)]
    {
        let [messages] = export(&sockets, &path, args);
        let batches = decode(&messages).0;
        let told = flows(&batches);
        let sum = |of: fn(&Flow) -> u64| told.iter().map(of).sum::<u64>();
        assert_eq!(
            (told.len(), sum(|flow| flow.2), sum(|flow| flow.3)),
            (records, PACKETS, PACKETS * 65_535),
            "{args:?}"
        );
        assert!(told.iter().all(|flow| (flow.4, flow.5) == (T, T + (PACKETS - 1) / 100) && flow.2 > 0));
    }
    for (compat, ended_early) in [(&[][..], false), (&["--compat"], true)] {
        let args = [&["-r", path.to_str().unwrap(), "-w", file.to_str().unwrap(), "-v", "5", "-d"], compat].concat();
        let Output { stdout, stderr, .. } = sensor(&args);
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(said.contains("over 2 GiB =         0"), !ended_early, "{said}");
    }
}

#[test]
fn the_sensor_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 0);
    let sockets = [UdpSocket::bind("127.0.0.1:0").unwrap()];
    for (version, scopes) in [("9", [0, 2, 0, 4]), ("10", [0, 143, 0, 4])] {
        let [messages] = export(&sockets, &path, &["-v", version]);
        assert!(messages[0].windows(4).any(|octets| octets == scopes));
        let facts: Vec<About> = decode(&messages).1.facts().map(|fact| fact.about.clone()).collect();
        assert_eq!(facts, [About::Sampler { id: None, population: 1, taken: 1 }]);
    }
}

#[test]
fn ipfix_goes_over_connections() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 500);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let heard = std::thread::spawn(move || {
        let (mut stream, mut octets) = (listener.accept().unwrap().0, Vec::new());
        stream.read_to_end(&mut octets).unwrap();
        octets
    });
    let out = sensor(&["-r", path.to_str().unwrap(), "-n", &to, "-v", "10", "-P", "tcp"]);
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    let (octets, mut messages) = (heard.join().unwrap(), Vec::new());
    let mut rest = &octets[..];
    while !rest.is_empty() {
        let (message, behind) = rest.split_at(u16::from_be_bytes([rest[2], rest[3]]).into());
        messages.push(message.to_vec());
        rest = behind;
    }
    assert!(messages[0].len() > 10_000);
    assert_eq!(flows(&decode(&messages).0).len(), 503);
    // Only IPFIX does.
    let out = sensor(&["-r", path.to_str().unwrap(), "-n", &to, "-v", "9", "-P", "tcp"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn collectors_that_share_all_know_the_templates() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 200);
    let sockets = [0; 2].map(|_| UdpSocket::bind("127.0.0.1:0").unwrap());
    for version in ["9", "10"] {
        let heard = export(&sockets, &path, &["-v", version, "-l"]);
        let counts = heard.map(|messages| flows(&decode(&messages).0).len());
        assert_eq!(counts.iter().sum::<usize>(), 203);
        assert!(counts.iter().all(|count| *count > 70), "{counts:?}");
    }
}

#[test]
fn templates_and_sampling_are_told_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.pcap");
    capture(&path, 3000);
    let sockets = [UdpSocket::bind("127.0.0.1:0").unwrap()];
    for version in ["9", "10"] {
        let [messages] = export(&sockets, &path, &["-v", version, "-s", "2", "-I", "3600"]);
        let (batches, decoder) = decode(&messages);
        assert_eq!(flows(&batches).len(), 1501);
        let facts: Vec<&About> = decoder.facts().map(|fact| &fact.about).collect();
        assert!(matches!(facts[..], [About::Sampler { id: None, population: 2, taken: 1 }]), "{facts:?}");
        // Who comes late hears the templates too.
        assert!(messages.len() > 40);
        assert!(flows(&decode(&messages[15..]).0).len() > 500);
    }
}

#[test]
fn files_have_what_their_version_can_tell() {
    let dir = tempfile::tempdir().unwrap();
    let (path, out) = (dir.path().join("c.pcap"), dir.path().join("flows"));
    capture(&path, 0);
    let (path, out_name) = (path.to_str().unwrap(), out.to_str().unwrap());
    let written = |args: &[&str]| {
        let output = sensor(&[&["-r", path, "-w", out_name], args].concat());
        assert!(output.status.success(), "{output:?}");
        let scan = flowtools::file::Scan::open(&flowtools::file::Inputs::of(std::slice::from_ref(&out))).unwrap();
        let mut batches = Vec::new();
        scan.ordered(
            || (),
            |(), batch| batch,
            |batch| {
                batches.push(batch);
                Ok::<_, ()>(())
            },
        )
        .unwrap();
        (flows(&batches), batches[0].raw().is_some(), String::from_utf8(output.stderr).unwrap())
    };
    let said = "flow-sensor: left out 1 IPv6 packets; versions 9 and 10 can carry them (-v, for files -V)\n".to_owned();
    assert_eq!(written(&["-v", "5"]), (expected()[..2].to_vec(), true, said.clone()));
    assert_eq!(written(&["-v", "9", "-V", "5"]), (expected()[..2].to_vec(), true, said));
    for args in [&[][..], &["-v", "9"], &["-v", "10", "-b"], &["-V", "10"], &["-v", "1", "-V", "10"]] {
        assert_eq!(written(args), (expected(), false, String::new()), "{args:?}");
    }
}

//! Filters beside tcpdump: the same expression lets the same frames of the same capture through.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flowtools::meter::filter::Program;
use flowtools::meter::source::Capture;

const EXPRESSIONS: [&str; 34] = [
    "",
    "ip",
    "ip6",
    "arp or rarp",
    "tcp",
    "udp",
    "icmp or icmp6",
    "not ip",
    "port 53",
    "tcp port 80 or tcp port 443",
    "src port 53",
    "dst portrange 1024-65535",
    "host 10.0.0.1",
    "src net 10.0.0.0/8 and not dst net 10.0.0.0/8",
    "net 192.168.0.0/16 or net 172.16.0.0/12",
    "ip6 host ::1",
    "greater 100",
    "less 100",
    "len > 60 and len <= 1000",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "tcp[tcpflags] = tcp-ack",
    "icmp[icmptype] = icmp-echo or icmp[icmptype] = icmp-echoreply",
    "ip[6:2] & 0x1fff != 0",
    "ip[8] < 64",
    "((ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2)) != 0",
    "ip[2:2] * 3 / 2 > 100",
    "ip[2:2] % 7 = 3",
    "ip[2:2] ^ 0xff > 100",
    "udp[8:4] >> 3 > 5",
    "ip proto 47 or ip proto 50 or ip6 proto 17",
    "ip multicast or ip6 multicast",
    "vlan",
    "mpls or pppoes",
    "port 33024",
];

/// The frames of a capture: time, length, octets.
type Frames = Vec<(u64, u32, Vec<u8>)>;

/// What tcpdump lets through; `None` where it does not want the expression for such a capture.
fn theirs(file: &Path, expression: &str) -> Option<Frames> {
    let output = Command::new("tcpdump").arg("-r").arg(file).args(["-w", "-"]).arg(expression).output().unwrap();
    let mut capture = output.status.success().then(|| Capture::open(Box::new(Cursor::new(output.stdout))).unwrap())?;
    let mut frames = Frames::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        frames.push((frame.time_ns / 1000, frame.wire_len, frame.data.to_vec()));
    }
    Some(frames)
}

fn ours(file: &Path, expression: &str) -> Result<Frames, String> {
    let mut capture = Capture::open(Box::new(File::open(file).unwrap())).unwrap();
    let (mut frames, mut program) = (Frames::new(), None);
    while let Ok(Some(frame)) = capture.next_frame() {
        if program.is_none() {
            program = Some(Program::compile(expression, frame.link, 262_144)?);
        }
        if program.as_ref().is_some_and(|program| program.accepts(frame.data, frame.wire_len)) {
            frames.push((frame.time_ns / 1000, frame.wire_len, frame.data.to_vec()));
        }
    }
    Ok(frames)
}

/// Captures of the repository, and of a folder that the environment names.
fn captures() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let names =
        ["real-traffic", "traffic-loop-bigendian", "traffic-raw", "traffic-sll", "traffic-sll2", "traffic-snap"];
    let mut files: Vec<_> = names.iter().map(|name| fixtures.join(format!("{name}.pcap"))).collect();
    if let Some(folder) = std::env::var_os("CAPTURES") {
        let found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.extend(found.filter(|path| path.extension().is_some_and(|end| end == "pcap")));
    }
    files.sort();
    files
}

#[test]
fn the_same_frames_pass() {
    let there = Command::new("tcpdump").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!("the_same_frames_pass: passed over: no tcpdump");
        return;
    }
    let (mut compared, mut passed) = (0, 0);
    for file in captures() {
        for expression in EXPRESSIONS {
            let (theirs, ours) = (theirs(&file, expression), ours(&file, expression));
            match (&theirs, &ours) {
                (Some(theirs), Ok(ours)) => assert!(theirs == ours, "{}: {expression}", file.display()),
                (None, Err(_)) => continue,
                _ => panic!("{}: {expression}: {:?}, {:?}", file.display(), theirs.map(|f| f.len()), ours),
            }
            compared += 1;
            passed += theirs.map_or(0, |frames| frames.len());
        }
    }
    eprintln!("{compared} pairs of capture and expression, {passed} frames passed");
    assert!(passed > 1000);
}

#[test]
fn errors_are_libpcaps() {
    use flowtools::meter::link::LinkType;
    let error = |expression: &str| Program::compile(expression, LinkType::ETHERNET, 262_144).unwrap_err();
    let words = error("tcp portt 80");
    if words.contains("needs libpcap") {
        assert!(words.contains("libpcap0.8"), "{words}");
        return;
    }
    assert!(words.starts_with("filter \"tcp portt 80\": ") && words.contains("syntax error"), "{words}");
    assert!(error("ip\0").ends_with("it has a NUL octet in it"));
    assert_eq!(Program::compile("", LinkType::RAW, 96).unwrap().instructions().len(), 1);
}

//! A site that runs flow-tools 0.68 changes nothing: every line of its crontab (`tests/fixtures/migration`) is run by the
//! shell with our programs, on an archive of an hour of flows whose sums are worked out here.

mod collector;
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use collector::{complete, flows_in, free_port, unfinished, until};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Element, StreamInfo, Version, flags, ie};
use flowtools::graph::{Consolidation, Rrdtool};

/// When the first flow was: 2026-01-01, 00:00 UTC. There is one each second.
const T: u32 = 1_767_225_600;
const FLOWS: u32 = 3600;

/// A flow of the archive, as the site's router told of it.
struct Flow {
    second: u32,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    input: u32,
    output: u32,
    source_port: u32,
    port: u32,
    protocol: u32,
    packets: u32,
    octets: u32,
}

/// Flow number i. Every tenth is of 10.9.9.9, which looks for hosts; every tenth is mail, the others are for port 443.
fn flow(i: u32) -> Flow {
    let host = |net: u32| Ipv4Addr::from(net + i);
    let probe = i.is_multiple_of(10);
    Flow {
        second: T + i,
        source: if probe { Ipv4Addr::new(10, 9, 9, 9) } else { host(0x0A00_0000) },
        destination: if probe { host(0xC633_0000) } else { Ipv4Addr::new(192, 0, 2, 1 + (i % 7) as u8) },
        input: i % 4,
        output: i % 5,
        source_port: i,
        port: if i % 10 == 3 { 25 } else { 443 },
        protocol: if i.is_multiple_of(3) { 17 } else { 6 },
        // Reports leave flows out that have none.
        packets: i.max(1),
        octets: i.max(1) * 100,
    }
}

fn flows() -> impl Iterator<Item = Flow> {
    (0..FLOWS).map(flow)
}

/// Flows, octets and packets of those that match.
fn sums(all: impl Iterator<Item = Flow>) -> [u64; 3] {
    all.fold([0; 3], |[n, octets, packets], flow| {
        [n + 1, octets + u64::from(flow.octets), packets + u64::from(flow.packets)]
    })
}

/// A quarter of an hour's file, as flow-capture leaves it.
fn quarter(from: u32) -> Vec<u8> {
    let mut records = common::records(from + 900).split_off(from as usize * 64);
    for (i, record) in (from..).zip(records.chunks_exact_mut(64)) {
        let flow = flow(i);
        let mut set = |element: Element, value: u32| {
            let (at, width) = Version::V5.layout().find(element).unwrap();
            let octets = value.to_le_bytes();
            record[at..at + width].copy_from_slice(&octets[..width]);
            if cfg!(target_endian = "big") {
                record[at..at + width].reverse();
            }
        };
        set(ie::SRC_ADDR4, flow.source.into());
        set(ie::DST_ADDR4, flow.destination.into());
        set(Element { enterprise: 0, id: 10 }, flow.input);
        set(Element { enterprise: 0, id: 14 }, flow.output);
        set(ie::DST_PORT, flow.port);
        set(ie::PACKETS, flow.packets);
        set(ie::OCTETS, flow.octets);
    }
    let info = StreamInfo {
        flags: flags::DONE | flags::COMPRESSED,
        start: Some(T + from),
        end: Some(T + from + 900),
        flows: Some(900),
        host: Some("border".into()),
        ..StreamInfo::default()
    };
    let mut writer =
        FlowWriter::new(Vec::new(), &WriteOptions { level: 6, ..WriteOptions::new(Version::V5, info) }).unwrap();
    writer.write_records(&records).unwrap();
    writer.finish().unwrap()
}

/// The site: a folder with all that the crontab's variables name, and what they are.
struct Site {
    folder: tempfile::TempDir,
    variables: BTreeMap<&'static str, String>,
}

impl Site {
    fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["bin", "etc", "www", "rrd", "run/live", "flows/2026/2026-01/2026-01-01"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for from in (0..FLOWS).step_by(900) {
            let name = format!("flows/2026/2026-01/2026-01-01/ft-v05.2026-01-01.00{:02}00+0000", from / 60);
            fs::write(root.join(name), quarter(from)).unwrap();
        }
        let etc = root.join("etc");
        for entry in fs::read_dir(fixtures()).unwrap() {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap().replace("/etc/flow-tools", etc.to_str().unwrap());
            fs::write(etc.join(entry.file_name()), text).unwrap();
        }
        let script = |name: &str| fs::set_permissions(root.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        script("etc/rotated");
        // Our programs, and a date for which yesterday is the first of January.
        for program in fs::read_dir(Path::new(env!("CARGO_BIN_EXE_flow-cat")).parent().unwrap()).unwrap().flatten() {
            let name = program.file_name().into_string().unwrap();
            if name.starts_with("flow-") && !name.contains('.') {
                symlink(program.path(), root.join("bin").join(name)).unwrap();
            }
        }
        let date = "#!/bin/sh\n[ \"$1 $2\" = '-d yesterday' ] && shift 2 && exec /bin/date -d 2026-01-01 \"$@\"\nexec /bin/date \"$@\"\n";
        fs::write(root.join("bin/date"), date).unwrap();
        script("bin/date");
        let at = |name: &str| root.join(name).display().to_string();
        let port = || free_port().to_string();
        let path = format!("{}:{}", at("bin"), std::env::var("PATH").unwrap());
        let variables = [
            ("PATH", path),
            ("TZ", "UTC".into()),
            ("ARCHIVE", at("flows")),
            ("CFG", at("etc")),
            ("WWW", at("www")),
            ("RRD", at("rrd")),
            ("RUN", at("run")),
            ("LOG", at("etc/netflow.log")),
            ("FANOUT", port()),
            ("CAPTURE", port()),
            ("OTHER", port()),
        ];
        Site { variables: variables.into(), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, command: &str) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).current_dir(self.folder.path()).envs(&self.variables);
        shell.stdin(std::process::Stdio::null()).output().unwrap()
    }

    /// Runs the line of the crontab that has some words in it; it must have nothing to say, or cron would send mail.
    fn cron(&self, words: &str) {
        let lines = commands();
        let found: Vec<&String> = lines.iter().filter(|line| line.contains(words)).collect();
        let [line] = found.as_slice() else { panic!("{words}: {found:?}") };
        let output = self.run(line);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), common::stderr(&output));
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{line}");
    }

    /// What an RRD counted in each step of so many: a line a step, a number a source.
    fn counted(&self, file: &Path, steps: i64) -> Vec<Vec<u64>> {
        let mut tool = Rrdtool::start().expect("these tests need rrdtool (apt-get install rrdtool)");
        let range = [i64::from(T), i64::from(T) + steps * 300];
        let fetched = tool.fetch(file.to_str().unwrap(), Consolidation::Average, range, 300).unwrap();
        let rows = fetched.rows.into_iter().filter(|(time, _)| *time <= range[1]);
        rows.map(|(_, values)| values.iter().map(|value| (value * 300.0).round() as u64).collect()).collect()
    }
}

impl Drop for Site {
    /// Collectors that a failed test has left behind.
    fn drop(&mut self) {
        for name in ["fanout", "capture"] {
            self.signal(name, "-KILL");
        }
    }
}

impl Site {
    fn signal(&self, name: &str, signal: &str) {
        let port = &self.variables[name.to_uppercase().as_str()];
        if let Ok(pid) = fs::read_to_string(self.path(&format!("run/{name}.pid.{port}"))) {
            let _ = Command::new("kill").args([signal, pid.trim()]).output();
        }
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/migration")
}

/// The crontab's commands.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(fixtures().join("crontab")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || "*@".contains(c)));
    let command = |line: &str| {
        let times = if line.starts_with('@') { 1 } else { 5 };
        let mut rest = line;
        for _ in 0..times {
            rest = rest.split_once(char::is_whitespace).unwrap().1.trim_start();
        }
        rest.replace("\\%", "%")
    };
    lines.map(command).collect()
}

#[test]
fn the_crontab_has_fifteen_lines() {
    assert_eq!(commands().len(), 15);
}

#[test]
fn nightly_reports() {
    let site = Site::new();
    site.cron("-F customers");
    let customers = || flows().filter(|flow| u32::from(flow.source) >> 10 == 0x0A00_0400 >> 10);
    let [web, mail] = [443, 25].map(|port| sums(customers().filter(|flow| flow.port == port)));
    let row = |[flows, octets, packets]: [u64; 3]| format!("{flows},{octets},{packets}");
    let expected = format!("# recn: ip-destination-port*,flows,octets,packets\n443,{}\n25,{}\n", row(web), row(mail));
    assert_eq!(site.text("www/2026-01-01/ports.csv"), expected);
    // Each flow lasted five seconds.
    let line = |(name, protocol)| {
        let sums = sums(customers().filter(|flow| flow.port == 443 && flow.protocol == protocol));
        format!("{name},{},{}\n", row(sums), sums[0] * 5000)
    };
    let expected = [("tcp", 6), ("udp", 17)].map(line).concat();
    assert_eq!(
        site.text("www/protocols.csv"),
        format!("# recn: ip-protocol*,flows,octets,packets,duration\n{expected}")
    );

    site.cron("flow-tag");
    let site_of = |interface: u32| match interface {
        1 => 0x1065,
        2 => 0x1066,
        _ => 0x1000,
    };
    let line = |tag: u32| format!("{tag},{}\n", row(sums(flows().filter(|flow| site_of(flow.input) == tag))));
    let expected = [0x1066, 0x1065, 0x1000].map(line).concat();
    assert_eq!(site.text("www/sites.csv"), format!("# recn: source-tag*,flows,octets,packets\n{expected}"));
}

#[test]
fn text_for_people() {
    let site = Site::new();
    site.cron("flow-header");
    let header = site.text("www/header.txt");
    // The second file and the third.
    for line in [
        "capture flows:        1800",
        "export version:       5",
        "capture start:        Thu, 01 Jan 2026 00:15:00 +0000",
    ] {
        assert!(header.contains(&format!("# {line}\n")), "{line}: {header}");
    }
    site.cron("flow-stat -f10");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let text = site.text("www/pairs.txt");
    assert_eq!(text.lines().count(), 40);
    let pairs: Vec<Vec<String>> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(words).collect();
    assert!(pairs.len() > 15, "{text}");
    for (pair, i) in pairs.iter().zip((0..FLOWS).rev()) {
        let Flow { source, destination, octets, packets, .. } = flow(i);
        assert_eq!(
            *pair,
            [source.to_string(), destination.to_string(), "1".into(), octets.to_string(), packets.to_string()]
        );
    }
    site.cron("flow-print -f5");
    let text = site.text("www/mail.txt");
    let lines: Vec<Vec<String>> = text.lines().skip(2).map(|line| words(line)[2..].to_vec()).collect();
    let mail: Vec<Vec<String>> = flows()
        .filter(|flow| flow.port == 25 && flow.output == 3)
        .map(|flow| {
            let Flow { input, source, source_port, output, destination, protocol, packets, octets, .. } = flow;
            words(&format!("{input} {source} {source_port} {output} {destination} 25 {protocol} 0 {packets} {octets}"))
        })
        .collect();
    assert_eq!((lines.len(), lines), (360, mail));
    assert!(text.lines().nth(2).unwrap().starts_with("1231.23:59:53.000 1231.23:59:58.000 "), "{text}");

    site.cron("flow-dscan");
    let alarms = site.text("www/dscan.txt");
    let lines: Vec<&str> = alarms.lines().collect();
    // The 65th host, in flow 640; and the greatest flow but for that of our own probe.
    let scan = format!("flow-dscan: host scan: ip=10.9.9.9 ts={}", T + 640 - 10);
    let great = "flow-dscan: octets: src=10.0.14.14 dst=192.0.2.1 octets=359800 ";
    assert!(lines.len() == 2 && lines[0].starts_with(&scan) && lines[1].starts_with(great), "{alarms}");
}

#[test]
fn round_robin_databases() {
    let site = Site::new();
    site.cron("-S 5min");
    for (name, ports) in [("smtp", &[25][..]), ("https", &[443]), ("totals", &[25, 443])] {
        let step = |at: u32| {
            let inside = |flow: &Flow| (flow.second - T) / 300 == at && ports.contains(&flow.port);
            sums(flows().filter(inside)).to_vec()
        };
        let expected: Vec<Vec<u64>> = (0..12).map(step).collect();
        assert_eq!(site.counted(&site.path("rrd").join(format!("{name}.rrd")), 12), expected, "{name}");
    }
    site.cron("flow-log2rrd");
    let rrd = |program: &str| site.path("rrd").join(format!("{program}.border.192.0.2.254.192.0.2.9.5.rrd"));
    assert_eq!(site.counted(&rrd("capture"), 2), [[300, 10, 3], [900, 30, 0]]);
    assert_eq!(site.counted(&rrd("fanout"), 1), [[300, 10, 0]]);
}

#[test]
fn flows_for_others() {
    let site = Site::new();
    site.cron("flow-export");
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(site.path("www/billing.csv.gz")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let line = |flow: Flow| format!("{},{},{}\n", flow.octets, flow.source, flow.destination);
    assert_eq!(text, flows().map(line).collect::<String>());

    site.cron("flow-split");
    let csv = |command: &str| {
        let output = site.run(&format!("{command} | flow-export -f2 -m 0x3041"));
        String::from_utf8(output.stdout).unwrap().lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()
    };
    let all = |flow: Flow| {
        let second = flow.second;
        format!("{second},{}", line(flow))
    };
    for piece in 0..3 {
        let expected: String = flows().skip(1200 * piece).take(1200).map(all).collect();
        assert_eq!(csv(&format!("cat $WWW/piece.{piece}")), expected, "{piece}");
    }
    site.cron("flow-merge $WWW");
    assert_eq!(csv("cat $WWW/merged"), flows().map(all).collect::<String>());

    site.cron("flow-xlate");
    let blurred = |address: Ipv4Addr| Ipv4Addr::from(u32::from(address) & 0xFFFF_FF00);
    let sampled = |flow: Flow| {
        let octets = if flow.port == 443 { flow.octets * 10 } else { flow.octets };
        format!("{},{octets},{},{}\n", flow.second, blurred(flow.source), blurred(flow.destination))
    };
    assert_eq!(csv("cat $WWW/research.v7"), flows().map(sampled).collect::<String>());
    let header = site.run("flow-header < $WWW/research.v7").stdout;
    assert!(String::from_utf8(header).unwrap().contains("# export version:       7\n"));
}

#[test]
fn old_files_expire() {
    let site = Site::new();
    site.cron("flow-expire");
    let names: Vec<String> = complete(&site.path("flows"))
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["ft-v05.2026-01-01.003000+0000", "ft-v05.2026-01-01.004500+0000"]);
}

#[test]
fn a_fan_out_feeds_two_collectors() {
    let site = Site::new();
    let port = |name: &str| site.variables[name].parse::<u16>().unwrap();
    let other = UdpSocket::bind(("127.0.0.1", port("OTHER"))).unwrap();
    other.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for (words, name) in [("flow-capture", "CAPTURE"), ("flow-fanout", "FANOUT")] {
        site.cron(words);
        until("it listens", || UdpSocket::bind(("127.0.0.1", port(name))).is_err());
        let pid = format!("run/{}.pid.{}", name.to_lowercase(), port(name));
        until("it says who it is", || site.path(&pid).exists());
    }
    let hearing = std::thread::spawn(move || {
        let (mut heard, mut datagram) = (0, [0; 2048]);
        while heard < 900 {
            let size = other.recv(&mut datagram).unwrap();
            assert!(size > 24 && datagram[1] == 5);
            heard += usize::from(datagram[3]);
        }
        heard
    });
    // A router with an hour's first quarter.
    let file = "$ARCHIVE/2026/2026-01/2026-01-01/ft-v05.2026-01-01.000000+0000";
    let sent = site.run(&format!("flow-send -x 200 0/127.0.0.1/$FANOUT < {file}"));
    assert!(sent.status.success(), "{}", common::stderr(&sent));
    assert_eq!(hearing.join().unwrap(), 900);
    let live = site.path("run/live");
    until("all is stored", || flows_in(&unfinished(&live)) + flows_in(&complete(&live)) == 900);
    site.signal("capture", "-TERM");
    until("the file is complete", || flows_in(&complete(&live)) == 900);
    // Its program makes graphs of each file.
    let rrds = ["25", "443", "totals"].map(|key| site.path("rrd").join(format!("{key}.live.rrd")));
    until("its program has run", || rrds.iter().all(|rrd| rrd.exists()));
    for (rrd, port) in rrds.iter().zip([Some(25), Some(443), None]) {
        let expected = sums(flows().take(900).filter(|flow| port.is_none_or(|port| flow.port == port)));
        // Of a file that lasts three steps each has a third.
        until("it has put all there", || site.counted(rrd, 3) == vec![expected.map(|sum| sum / 3).to_vec(); 3]);
    }
    site.signal("fanout", "-TERM");
}

//! The examples that every program's help and man page give can be run as they stand, but for those that need a network,
//! other programs, or for ever.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{fine, flow_file, records};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Order, StreamInfo, Version};

const CONFIGURATIONS: &[(&str, &str)] = &[
    (
        "filter.cfg",
        "filter-primitive WEB\n  type ip-port\n  permit 80,443\n\
         filter-primitive HOST\n  type ip-address\n  permit @{HOST:-10.0.0.1}\n\
         filter-primitive OURS\n  type ip-address-prefix\n  permit 10.0.0.0/8\n\
         filter-primitive GOLD\n  type tag\n  permit 1\n\
         filter-definition web\n  match ip-destination-port WEB\n\
         filter-definition host\n  match ip-source-address HOST\n\
         filter-definition not-ours\n  invert\n  match ip-source-address OURS\n\
         filter-definition gold\n  match source-tag GOLD\n",
    ),
    (
        "tag.cfg",
        "tag-action OURS\n  type source-prefix\n  match @{SITE:-10.0.0.0/8} set-source 1\n\
         tag-action WEB\n  type tcp-port\n  match 443 or-destination 2\n\
         tag-definition customers\n  term\n    action OURS\n\
         tag-definition services\n  term\n    action WEB\n\
         tag-definition site\n  term\n    action OURS\n",
    ),
    ("mask.cfg", "mask-definition site\n  prefix 10.0.0.0/8 24\n"),
    (
        "xlate.cfg",
        "xlate-action NET\n  type ip-source-address-to-network\n\
         xlate-action SHARE\n  type ip-address-privacy-mask\n  mask 0xFFFFFF00 0xFFFFFF00\n\
         xlate-action RATE\n  type scale\n  scale @{RATE:-10}\n\
         xlate-definition to-network\n  term\n    action NET\n\
         xlate-definition share\n  term\n    action SHARE\n\
         xlate-definition sampled\n  term\n    action RATE\n",
    ),
    (
        "stat.cfg",
        "stat-report r\n  type @{TYPE:-ip-protocol}\n  output\n\
         stat-definition daily\n  report r\nstat-definition default\n  report r\n",
    ),
    ("etc/flow.acl", "ip access-list standard inside permit 10.0.0.0 0.255.255.255\n"),
    ("suspects.txt", "10.0.0.1\n10.0.0.0/30\n"),
    ("dscan.suppress.src", "10.0.0.53 17 53 -\n"),
    ("dscan.suppress.dst", "# none\n"),
    ("table.csv", "100,10.0.0.1,10.0.0.2\n"),
];

/// Where examples find flow files.
const FILES: [&str; 11] = [
    "flows",
    "ft-v05.2026-01-01.000000+0000",
    "own/ft-v05.2026-01-15.120000+0000",
    "own/2026/2026-01/2026-01-15/ft-v05.2026-01-15.120000+0000",
    "own/2026/2026-01/2026-01-01/ft-v05.2026-01-01.000000+0000",
    "own/2026/2026-01-15/ft-v05.2026-01-15.120000+0000",
    "own/router1/2026-01-15/ft-v05.2026-01-15.120000+0000",
    "own/router2/2026-01-15/ft-v05.2026-01-15.120000+0000",
    "router1/ft-v05.2026-01-15.120000+0000",
    "router2/ft-v05.2026-01-15.120000+0000",
    "router3/ft-v05.2026-01-15.120000+0000",
];

/// Makes everything that examples name; `own` and `etc` stand for folders at the root.
fn furnish(folder: &Path) {
    let put = |name: &str, octets: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, octets).unwrap();
    };
    let flows = flow_file(40, 0, Order::HOST);
    CONFIGURATIONS.iter().for_each(|(name, text)| put(name, text.as_bytes()));
    FILES.iter().for_each(|name| put(name, &flows));
    // One that was captured just now.
    let now = chrono::Local::now().timestamp() as u32;
    let info = StreamInfo { start: Some(now - 60), end: Some(now), ..StreamInfo::default() };
    let mut writer = FlowWriter::new(Vec::new(), &WriteOptions::new(Version::V5, info)).unwrap();
    writer.write_records(&records(5)).unwrap();
    put("own/ft-v05.2026-12-31.000000+0000", &writer.finish().unwrap());
    let modern = fine(env!("CARGO_BIN_EXE_flow-xlate"), &["-V10"], &flows);
    for name in ["modern", "flows6", "ft-v10.2026-01-01.000000+0000"] {
        put(name, &modern);
    }
    put("flows.csv", &fine(env!("CARGO_BIN_EXE_flow-export"), &["-f2"], &flows));
    let cflowd = fine(env!("CARGO_BIN_EXE_flow-export"), &["-f0"], &flows);
    put("flows.0", &cflowd);
    put("flows.1", &cflowd);
    let talkers =
        fine(env!("CARGO_BIN_EXE_flow-report"), &["-s", folder.join("stat.cfg").to_str().unwrap(), "-Sdaily"], &flows);
    put("talkers.csv", &talkers);
    // A file of nfdump's without flows.
    let mut nfdump = vec![0x0C, 0xA5, 2, 0];
    nfdump.resize(40, 0);
    put("nfcapd.202601010000", &nfdump);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (name, fixture) in [("exports.pcap", "export-softflowd-v5.pcap"), ("morning.pcap", "real-traffic.pcap")] {
        put(name, &fs::read(fixtures.join(fixture)).unwrap());
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to) } else { _ = fs::copy(from, to).unwrap() }
    }
}

/// The examples of a program's help.
fn examples(program: &Path) -> Vec<String> {
    let output = Command::new(program).arg("--help").stdin(Stdio::null()).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let behind = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    behind.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()).collect()
}

/// Whether an example talks to others, or listens; needs what is not part of the tests; or does not end.
fn needs_more(example: &str) -> bool {
    let endpoint = |word: &str| {
        let parts: Vec<&str> = word.split('/').collect();
        parts.len() == 3 && parts[2].parse::<u16>().is_ok_and(|port| port > 1024)
    };
    let to =
        |word: &str| word.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 1024));
    let words = || example.split_whitespace();
    words().any(|word| endpoint(word) || to(word) || word == "-i" && example.starts_with("flow-sensor"))
        || example.starts_with("flow-sensorctl")
        || ["rrd", "flow-scan", "flow-graph", "psql", "postgres", "example.net", "--from-now"]
            .iter()
            .any(|other| example.contains(other))
}

#[test]
fn examples_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let furnished = folder.path().join("furnished");
    furnish(&furnished);
    let programs = Path::new(env!("CARGO_BIN_EXE_flow-cat")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin")).unwrap();
    let mut names: Vec<_> = sources.map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned()).collect();
    names.sort();
    let (mut run, mut wrong) = (0, Vec::new());
    for name in names {
        let all = examples(&programs.join(&name));
        assert!(!all.is_empty(), "{name:?} has no example");
        for example in all.iter().filter(|example| !needs_more(example)) {
            let own = folder.path().join(format!("example{run}"));
            copy(&furnished, &own);
            let mut line = example.replace(" /etc", " etc");
            for root in [" /flows", " /var/lib"] {
                line = line.replace(root, " own");
            }
            let pagers = [" | less -S", " | less", " | jq .destinationIPv4Address", " | jq"];
            pagers.iter().for_each(|pager| line = line.replace(pager, " | cat"));
            let output = Command::new("sh").args(["-c", &line]).current_dir(&own).env("PATH", &path).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let quiet =
                said.is_empty() || line.contains("-d 1") || line.contains("dscan") && !said.contains("expected");
            if !output.status.success() || !quiet {
                wrong.push(format!("{example}\n  {:?} {said}", output.status.code()));
            }
            run += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 40, "{run} examples");
}

//! A day of five-minute files through flow-scan: every RRD holds what flow-report and flow-stat say of the same flows,
//! however often the run was killed.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::made::any;
use common::rrds::{SCAN, contents, counted, folder, scan_well, store};
use common::traffic::{CONFIG, T, flows};
use common::{fine, run_in, stderr};

/// Five-minute files of a day.
const FILES: u64 = 288;

const CATEGORIES: &str = "category web\nport 443/tcp,8000-8010/tcp\ncategory names\nport 53/udp\n";

/// What counters are, as flow-nfilter says it.
const PRIMITIVES: &str = "\
filter-primitive INSIDE
  type ip-address-prefix
  permit 10.0.0.0/8
  permit 2001:db8::/32
filter-primitive OUTSIDE
  type ip-address-prefix
  deny 10.0.0.0/8
  deny 2001:db8::/32
  default permit
filter-primitive LABS
  type ip-address-prefix
  permit 10.1.0.0/16
  permit 2001:db8:1::/48
filter-primitive CAMPUS
  type ip-address-prefix
  permit 10.0.0.0/8
filter-primitive GROUPS
  type ip-address-prefix
  permit 224.0.0.0/4
  permit ff00::/8
filter-primitive TCP
  type ip-protocol
  permit 6
filter-primitive UDP
  type ip-protocol
  permit 17
filter-primitive NEITHER-TCP-NOR-UDP
  type ip-protocol
  deny 6,17
  default permit
filter-primitive NORMAL
  type ip-tos
  permit 0
filter-primitive BETTER
  type ip-tos
  mask 0xE0
  permit 0x20
filter-primitive FRIENDS
  type as
  permit 64496,64497
filter-primitive WEB
  type ip-port
  permit 443,8000-8010
filter-primitive NOT-WEB
  type ip-port
  deny 443,8000-8010
  default permit
filter-primitive DNS
  type ip-port
  permit 53
filter-primitive NOT-DNS
  type ip-port
  deny 53
  default permit
";

/// Every counter, and what holds of its flows: with commas between what must hold together, and `or` between those.
/// HOST and AS are those inside and outside.
const COUNTERS: [(&str, &str); 16] = [
    ("total", ""),
    ("network_labs", "HOST LABS"),
    ("network_campus", "HOST CAMPUS"),
    ("protocol_tcp", "ip-protocol TCP"),
    ("protocol_17", "ip-protocol UDP"),
    ("protocol_multicast", "ip-destination-address GROUPS"),
    ("tos_normal", "ip-tos NORMAL"),
    ("tos_better", "ip-tos BETTER"),
    ("as_friends", "AS FRIENDS"),
    ("service_web_src", "ip-protocol TCP,ip-source-port WEB"),
    ("service_web_dst", "ip-protocol TCP,ip-destination-port WEB"),
    ("service_dns_src", "ip-protocol UDP,ip-source-port DNS"),
    ("service_dns_dst", "ip-protocol UDP,ip-destination-port DNS"),
    ("category_web", "ip-protocol TCP,ip-source-port WEB or ip-protocol TCP,ip-destination-port WEB"),
    ("category_names", "ip-protocol UDP,ip-source-port DNS or ip-protocol UDP,ip-destination-port DNS"),
    (
        "category_other",
        "ip-protocol NEITHER-TCP-NOR-UDP or ip-protocol TCP,ip-source-port NOT-WEB,ip-destination-port NOT-WEB \
         or ip-protocol UDP,ip-source-port NOT-DNS,ip-destination-port NOT-DNS",
    ),
];

/// What holds of flows of each direction.
const WAYS: [&str; 2] = [
    "ip-source-address OUTSIDE,ip-destination-address INSIDE",
    "ip-source-address INSIDE,ip-destination-address OUTSIDE",
];

/// A folder with a day of flows: three exporters, IPv4 and IPv6, in classic files and modern ones.
fn day(count: u64) -> tempfile::TempDir {
    let folder = folder(&format!("{CONFIG}Category categories\n"));
    fs::write(folder.path().join("categories"), CATEGORIES).unwrap();
    for period in 0..FILES {
        let mut all = flows(T + 300 * period, false, count);
        if period % 3 > 0 {
            all.extend(flows(T + 300 * period, true, count / 2));
        }
        store(folder.path(), &format!("ft-{period:03}"), period, &all);
    }
    folder
}

/// A definition of a filter: alternatives, each of several matches.
fn definition(text: &mut String, name: &str, alternatives: &[String]) {
    let _ = writeln!(text, "filter-definition {name}");
    for (at, matches) in alternatives.iter().enumerate() {
        text.push_str(if at > 0 { "  or\n" } else { "" });
        matches.split(',').filter(|one| !one.is_empty()).for_each(|one| {
            let _ = writeln!(text, "  match {one}");
        });
    }
}

/// What flow-report says of every counter and router: the values of an RRD, by its name.
fn reported(folder: &Path) -> BTreeMap<String, [u64; 6]> {
    let (mut filters, mut reports) = (PRIMITIVES.to_owned(), "include-filter filter.cfg\n".to_owned());
    let mut names = Vec::new();
    for (stem, holds) in COUNTERS {
        for (way, direction) in WAYS.into_iter().enumerate() {
            let (host, asn) = [("destination", "source"), ("source", "destination")][way];
            let holds = holds.replace("HOST", &format!("ip-{host}-address")).replace("AS ", &format!("{asn}-as "));
            let all: Vec<String> = holds.split(" or ").map(|one| format!("{direction},{}", one.trim())).collect();
            definition(&mut filters, &format!("{stem}-{way}"), &all);
            names.push((stem, way));
        }
    }
    definition(&mut filters, "neither-0", &WAYS.map(str::to_owned));
    filters.push_str("  invert\n");
    names.push(("neither", 0));
    for (stem, way) in &names {
        let _ = writeln!(
            reports,
            "stat-report {stem}-{way}\n  type ip-exporter-address\n  filter {stem}-{way}\n  output\n    \
             fields +key,+flows,+octets,+packets,-duration\n    path reports/{stem}-{way}"
        );
    }
    reports.push_str("stat-definition day\n");
    names.iter().for_each(|(stem, way)| reports.push_str(&format!("  report {stem}-{way}\n")));
    fs::write(folder.join("filter.cfg"), filters).unwrap();
    fs::write(folder.join("stat.cfg"), reports).unwrap();
    let output = run_in(folder, env!("CARGO_BIN_EXE_flow-report"), &["-s", "stat.cfg", "-S", "day", "flows"], b"");
    assert!(output.status.success(), "{}", stderr(&output));
    let mut sums: BTreeMap<String, [u64; 6]> = BTreeMap::new();
    for (stem, way) in names {
        let text = fs::read_to_string(folder.join(format!("reports/{stem}-{way}"))).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (exporter, values) = line.split_once(',').unwrap();
            let values: Vec<u64> = values.split(',').map(|value| value.parse().unwrap()).collect();
            let router = match exporter {
                "192.0.2.1" => "edge",
                "192.0.2.2" => "core",
                other => other,
            };
            for name in [stem.to_owned(), format!("{router}/{stem}")] {
                let sum = sums.entry(name).or_default();
                [4, 0, 2].into_iter().zip(&values).for_each(|(at, value)| sum[at + way] += value);
            }
        }
    }
    sums
}

/// Flows, octets and packets that flow-stat counts of what an expression selects.
fn counted_by_stat(folder: &Path, expression: &str) -> [u64; 3] {
    let flows = run_in(folder, env!("CARGO_BIN_EXE_flow-filter"), &["-w", expression, "flows"], b"");
    assert!(flows.status.success(), "{}", stderr(&flows));
    let text = String::from_utf8(fine(env!("CARGO_BIN_EXE_flow-stat"), &["-f0"], &flows.stdout)).unwrap();
    ["Flows", "Octets", "Packets"].map(|what| {
        let line = text.lines().find(|line| line.starts_with(&format!("Total {what}"))).unwrap();
        line.split_once(':').unwrap().1.trim().parse().unwrap()
    })
}

/// Every RRD holds these sums, to rounding: rrdtool says eleven digits.
fn assert_same(folder: &Path, expected: &BTreeMap<String, [u64; 6]>) {
    let counted = counted(folder, FILES);
    // All counters, of all together and of three routers; each has flows somewhere.
    assert_eq!(counted.len(), (COUNTERS.len() + 1) * 4, "{:?}", counted.keys());
    for (name, values) in counted {
        let expected = expected.get(&name).copied().unwrap_or_default();
        for (value, expected) in values.iter().zip(expected) {
            let expected = expected as f64;
            assert!((value - expected).abs() <= expected * 1e-8, "{name}: {values:?}: expected {expected}");
        }
    }
}

#[test]
fn a_day_comes_to_what_reports_say() {
    let folder = day(40);
    let folder = folder.path();
    let expected = reported(folder);
    assert!(expected.values().filter(|sums| sums[4] + sums[5] > 0).count() > COUNTERS.len() * 4 - 4, "too few flows");
    let inside = "(10.0.0.0/8 or 2001:db8::/32)".to_owned();
    let net =
        |end: &str| inside.replace("10.0", &format!("{end} net 10.0")).replace("2001", &format!("{end} net 2001"));
    for (router, condition) in [("", ""), ("edge/", " and router 192.0.2.1"), ("192.0.2.3/", " and router 192.0.2.3")] {
        let total = expected[&format!("{router}total")];
        for (way, [from, to]) in [["dst", "src"], ["src", "dst"]].iter().enumerate() {
            let [flows, octets, packets] =
                counted_by_stat(folder, &format!("{} and not {}{condition}", net(from), net(to)));
            assert_eq!([octets, packets, flows], [total[way], total[2 + way], total[4 + way]], "{router} {way}");
        }
    }
    scan_well(folder, &["-q", "flows"]);
    assert_same(folder, &expected);
    let before = contents(folder);
    assert_eq!(scan_well(folder, &["flows"]), "");
    assert!(contents(folder) == before, "a second run changed something");
}

#[test]
fn twenty_killed_runs_come_to_the_same() {
    let folder = day(10);
    let folder = folder.path();
    let expected = reported(folder);
    let began = Instant::now();
    scan_well(folder, &["-q", "flows"]);
    let lasted = began.elapsed().as_millis() as u64;
    assert_same(folder, &expected);
    let (mut killed, mut seed) = (0, 22);
    while killed < 20 {
        fs::remove_dir_all(folder.join("rrds")).unwrap();
        // What these do together is less than all, mostly.
        for _ in 0..5 {
            let mut command = Command::new(SCAN);
            let mut child = command.args(["-q", "flows"]).current_dir(folder).stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(any(&mut seed) % (lasted / 3)));
            child.kill().unwrap();
            killed += u32::from(!child.wait().unwrap().success());
        }
        scan_well(folder, &["-q", "flows"]);
        assert_same(folder, &expected);
    }
}

//! flow-rpt2rrd and flow-log2rrd, whose files rrdtool itself reads again. It must be installed: Debian's package is
//! rrdtool.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::made::{Kind, columns6, file};
use common::{flow_file, run_in, stderr};
use flowtools::flow::{Codec, Order};
use flowtools::graph::{Consolidation, Error, Layout, Rrdtool, Sort, Source, Update, file_name};

const REPORT: &str = env!("CARGO_BIN_EXE_flow-report");
const RPT2RRD: &str = env!("CARGO_BIN_EXE_flow-rpt2rrd");
const LOG2RRD: &str = env!("CARGO_BIN_EXE_flow-log2rrd");

/// When the flows of `flow_file` begin: a multiple of 300.
const T: i64 = 1_767_225_600;

/// The rrdtool of this machine.
fn rrdtool() -> Rrdtool {
    Rrdtool::start().unwrap_or_else(|why| panic!("these tests need rrdtool (apt-get install rrdtool): {why}"))
}

/// What an RRD says was counted in each step of so many: a line a step, a number a source.
fn counted(folder: &Path, name: &str, from: i64, steps: i64) -> Vec<Vec<f64>> {
    let file = folder.join(name).to_str().unwrap().to_owned();
    let to = from + 300 * steps;
    let fetched = rrdtool().fetch(&file, Consolidation::Average, [from, to], 300).unwrap();
    let rows = fetched.rows.into_iter().filter(|(time, _)| (from + 1..=to).contains(time));
    // rrdtool says ten digits.
    rows.map(|(_, values)| values.iter().map(|v| (v * 300.0 * 1e3).round() / 1e3).collect()).collect()
}

fn unknown(rows: &[Vec<f64>]) -> bool {
    rows.iter().flatten().all(|value| value.is_nan())
}

/// A report of so many flows.
fn report(folder: &Path, kind: &str, definition: &str, flows: &[u8]) -> Vec<u8> {
    let config = "stat-report r\n type @{TYPE:-ip-protocol}\n output\n  options +header,+xheader,+totals\n\
                  stat-report rates\n type ip-protocol\n output\n  options +header\n  fields +pps\n\
                  stat-report bare\n type ip-protocol\n output\n  fields +first,+last\n\
                  stat-definition one\n report r\nstat-definition series\n time-series 300\n report r\n\
                  stat-definition rates\n report rates\nstat-definition bare\n report bare\n";
    fs::write(folder.join("stat.cfg"), config).unwrap();
    let output = run_in(folder, REPORT, &["-S", definition, "-v", &format!("TYPE={kind}")], flows);
    assert!(output.status.success(), "{}", stderr(&output));
    output.stdout
}

fn put(folder: &Path, args: &[&str], report: &[u8]) -> Output {
    drop(rrdtool());
    run_in(folder, RPT2RRD, args, report)
}

fn put_well(folder: &Path, args: &[&str], report: &[u8]) {
    let output = put(folder, args, report);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
}

/// The rows of a report's table, by key.
fn rows(report: &[u8]) -> BTreeMap<String, Vec<f64>> {
    let text = std::str::from_utf8(report).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("# recn:")).skip(1);
    let row = |line: &str| {
        let (key, rest) = line.split_once(',').unwrap();
        (key.to_owned(), rest.split(',').take(3).map(|n| n.parse().unwrap()).collect())
    };
    lines.map(row).collect()
}

#[test]
fn rrds_hold_the_reports_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = report(folder, "ip-protocol", "one", &flow_file(250, 0, Order::HOST));
    put_well(folder, &["-k", "6,17,47,totals", "-p", "new/rrds", "-P", ".in"], &report);
    let rrds = folder.join("new/rrds");
    let rows = rows(&report);
    assert_eq!(rows["17"][0], 84.0, "every third of 250");
    for key in ["6", "17"] {
        assert_eq!(counted(&rrds, &format!("{key}.in.rrd"), T, 1), [rows[key].clone()], "{key}");
        assert!(unknown(&counted(&rrds, &format!("{key}.in.rrd"), T + 300, 1)));
    }
    let sum = f64::from((0..250).sum::<u32>());
    assert_eq!(counted(&rrds, "totals.in.rrd", T, 1), [[250.0, sum * 100.0, sum]]);
    // What a report does not list was not there.
    assert_eq!(counted(&rrds, "47.in.rrd", T, 1), [[0.0; 3]]);
    // rrdtool's own word for it, and what it was made with.
    let tool = |args: &[&str]| {
        let output = Command::new("rrdtool").args(args).current_dir(&rrds).env("LC_ALL", "C").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let fetched = tool(&["fetch", "17.in.rrd", "AVERAGE", "-s", &T.to_string(), "-e", &(T + 1).to_string()]);
    assert!(fetched.contains(&format!("{}: 2.8000000000e-01 ", T + 300)), "{fetched}");
    let info = tool(&["info", "17.in.rrd"]);
    for line in ["step = 300", "ds[octets].type = \"ABSOLUTE\"", "ds[flows].minimal_heartbeat = 600"] {
        assert!(info.contains(line), "{line}: {info}");
    }
    for (archive, cf, steps, size) in
        [(0, "AVERAGE", 1, 600), (1, "AVERAGE", 6, 600), (3, "AVERAGE", 288, 732), (7, "MAX", 288, 732)]
    {
        let lines = [
            format!("rra[{archive}].cf = \"{cf}\""),
            format!("rra[{archive}].pdp_per_row = {steps}"),
            format!("rra[{archive}].rows = {size}"),
        ];
        assert!(lines.iter().all(|line| info.contains(line)), "{lines:?}: {info}");
    }
}

#[test]
fn a_time_series_is_a_step_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let series = report(folder.path(), "ip-protocol", "series", &flow_file(900, 0, Order::HOST));
    put_well(folder.path(), &["-k6,17,1,totals"], &series);
    for (name, wanted) in [("6", 0), ("17", 17), ("totals", 99), ("1", 1)] {
        let of = |i: &u32| match wanted {
            0 => !i.is_multiple_of(3),
            17 => i.is_multiple_of(3),
            99 => true,
            _ => false,
        };
        let step = |step: u32| {
            let flows: Vec<u32> = (step * 300..step * 300 + 300).filter(of).collect();
            let sum = f64::from(flows.iter().sum::<u32>());
            vec![flows.len() as f64, sum * 100.0, sum]
        };
        let expected: Vec<Vec<f64>> = (0..3).map(step).collect();
        assert_eq!(counted(folder.path(), &format!("{name}.rrd"), T, 3), expected, "{name}");
    }
}

#[test]
fn keys_come_from_files_and_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let flows = flow_file(250, 0, Order::HOST);
    fs::write(folder.join("keys"), "# ours\ntcp, udp\n47 # and that\n").unwrap();
    put_well(folder, &["-n", "-K", "keys", "-f", "flows"], &report(folder, "ip-protocol", "one", &flows));
    assert_eq!(counted(folder, "tcp.rrd", T, 1), [[166.0]]);
    assert_eq!(counted(folder, "gre.rrd", T, 1), [[0.0]], "a number that has a name");
    // Rates are no counts; the report's time may stand in columns.
    put_well(folder, &["-k6", "-fflows,avg-pps", "-P-rates"], &report(folder, "", "rates", &flows));
    assert_eq!(counted(folder, "6-rates.rrd", T, 1)[0][0], 166.0);
    put_well(folder, &["-k6", "-P-bare", "-r", "10:1:1:1"], &report(folder, "", "bare", &flows));
    assert_eq!(counted(folder, "6-bare.rrd", T, 1)[0][0], 166.0);
}

#[test]
fn reports_come_again_and_late() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = report(folder, "ip-protocol", "one", &flow_file(200, 0, Order::HOST));
    put_well(folder, &["-k6,17"], &first);
    let before = fs::read(folder.join("6.rrd")).unwrap();
    let again = put(folder, &["-k6,17"], &first);
    assert_eq!(again.status.code(), Some(1));
    let said =
        "flow-rpt2rrd: 2 values are not later than what their RRDs have: left out; first 6, 2026-01-01 00:05:00\n";
    assert_eq!(stderr(&again), said);
    assert_eq!(fs::read(folder.join("6.rrd")).unwrap(), before);
    // An hour later: what was between is unknown, what is then is known.
    let later = String::from_utf8(first).unwrap();
    let shift = |line: &str| match line.split_once("-flow:") {
        Some((name, rest)) => {
            let time: i64 = rest.split_whitespace().next().unwrap().parse().unwrap();
            format!("{name}-flow:           {} later\n", time + 3600)
        }
        None => format!("{line}\n"),
    };
    let later: String = later.lines().map(shift).collect();
    put_well(folder, &["-k6,17"], later.as_bytes());
    let rows = counted(folder, "6.rrd", T, 13);
    assert!(rows[0][0] == 133.0 && unknown(&rows[1..12]) && rows[12][0] == 133.0, "{rows:?}");
}

#[test]
fn long_reports_are_spread_over_their_steps() {
    let folder = tempfile::tempdir().unwrap();
    let whole = report(folder.path(), "ip-protocol", "one", &flow_file(1200, 0, Order::HOST));
    put_well(folder.path(), &["-k17"], &whole);
    let of = rows(&whole)["17"].iter().map(|n| n / 4.0).collect::<Vec<f64>>();
    assert_eq!(counted(folder.path(), "17.rrd", T, 4), vec![of; 4]);
    let output = put(folder.path(), &["-k17", "-r3:1:1:1"], &whole);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("expected at most 3 steps of 300 s"), "{}", stderr(&output));
}

#[test]
fn addresses_and_odd_keys_are_files_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let six = file(Kind::Done(Codec::None), &[columns6(300, 0)]);
    let sources = report(folder, "ip-source-address", "one", &six);
    fs::create_dir(folder.join("six")).unwrap();
    put_well(folder, &["--all", "-psix", "-fflows,octets", "-r9:1:1:1"], &sources);
    let expected = rows(&sources);
    assert!(expected.len() > 3 && expected.keys().all(|key| key.contains("::")), "{expected:?}");
    let started = String::from_utf8(sources.clone()).unwrap();
    let began: i64 = started.split("first-flow:").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    for (key, values) in &expected {
        assert_eq!(counted(&folder.join("six"), &format!("{key}.rrd"), began / 300 * 300, 1), [&values[..2]], "{key}");
    }
    // The same address, written otherwise.
    let key = expected.keys().next().unwrap();
    put_well(folder, &["-k", &key.to_uppercase(), "-fflows"], &sources);
    assert!(folder.join(format!("{key}.rrd")).exists());
    let keys = ["../up", "/etc/x", ".hidden", "-o", "a b", "it's \"so\"", "ü", "50%", "\u{1b}[2J", "a'b"];
    let mut odd = format!("# first-flow: {T}\n# last-flow: {T}\n# recn: source-tag*,flows\n");
    keys.iter().for_each(|key| odd.push_str(&format!("{key},7\n")));
    let inside = folder.join("in 'side' \"\u{fc}\"");
    put_well(folder, &["--all", "-fflows", "-r9:1:1:1", "-p", inside.to_str().unwrap()], odd.as_bytes());
    assert_eq!(fs::read_dir(&inside).unwrap().count(), keys.len());
    for key in keys {
        assert_eq!(counted(&inside, &file_name(key), T, 1), [[7.0]], "{key:?}");
    }
}

#[test]
fn what_rrdtool_refuses_stops_only_that_rrd() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let series = report(folder, "ip-protocol", "series", &flow_file(900, 0, Order::HOST));
    fs::write(folder.join("6.rrd"), "no database").unwrap();
    let layout = Layout {
        start: T,
        step: 300,
        sources: vec![Source::new("other", Sort::Gauge, 600)],
        archives: Layout::archives(&[9]),
    };
    let mut tool = rrdtool();
    tool.create(folder.join("totals.rrd").to_str().unwrap(), &layout).unwrap();
    assert_eq!(tool.finish().unwrap(), []);
    let output = put(folder, &["-k6,17,totals"], &series);
    let said = stderr(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 2), "{said}");
    assert!(said.contains("6.rrd") && said.contains("totals.rrd: unknown DS name 'flows'"), "{said}");
    assert_eq!(counted(folder, "17.rrd", T, 3).iter().map(|row| row[0]).collect::<Vec<_>>(), [100.0; 3]);
    for (args, input, code, why) in [
        (&["-k6"][..], "# recn: ip-protocol*,flows,octets,packets\n6,1,1,1\n", 1, "a report without its time"),
        (&["-k6", "-foctets"], "# recn: ip-protocol*,flows\n6,1\n", 1, "no column 'octets'"),
        (&["-k6", "-fflows"], "# recn: ip-protocol*,flows\n6,x\n", 1, "line 2: 'x': expected a number"),
        (&["-kx", "-fflows", "-p", "/dev/null/x"], "", 1, "/dev/null/x: "),
        (&[], "", 2, "expected keys (-k or -K), or --all"),
        (&["-kx", "-r1:2"], "", 2, "-r: expected four numbers of rows"),
    ] {
        let output = put(folder, args, input.as_bytes());
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(stderr(&output).contains(why), "{args:?}: {}", stderr(&output));
    }
    let output = Command::new(RPT2RRD).args(["-k6"]).env("PATH", folder).current_dir(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "flow-rpt2rrd: rrdtool: not found: RRDs are its files; Debian's package is rrdtool\n");
}

#[test]
fn collectors_logs_are_kept_an_exporter_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = |now: i64, startup: i64, who: &str, counts: [u32; 3]| {
        let [packets, flows, lost] = counts;
        format!(
            "Jan  1 00:00:00 border flow-capture[7]: STAT: now={now} startup={startup} src_ip={who} dst_ip=::1 d_ver=9 \
             pkts={packets} flows={flows} lost={lost} reset=0 filter_drops=0 templates=1\n"
        )
    };
    let mut log = String::from("Jan  1 00:00:00 border flow-capture[7]: New exporter\n");
    log += &line(T + 300, T, "192.0.2.1", [10, 300, 3]);
    log += &line(T + 300, T, "2001:db8::1", [1, 30, 0]);
    log += &line(T + 600, T, "192.0.2.1", [40, 1200, 3]);
    // Started anew a second after that, and already beyond it: 299 s of 2 packets, 5 flows, 1 lost.
    log += &line(T + 900, T + 601, "192.0.2.1", [598, 1495, 299]);
    drop(rrdtool());
    let output = run_in(folder, LOG2RRD, &["-p", "rrds"], log.as_bytes());
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let rrds = folder.join("rrds");
    let rows = counted(&rrds, "capture.border.192.0.2.1.::1.9.rrd", T, 3);
    assert_eq!(rows, [[300.0, 10.0, 3.0], [900.0, 30.0, 0.0], [1500.0, 600.0, 300.0]]);
    assert_eq!(counted(&rrds, "capture.border.2001:db8::1.::1.9.rrd", T, 1), [[30.0, 1.0, 0.0]]);
    // The same log again, and a line that was cut.
    log += "STAT: now=1";
    let output = run_in(folder, LOG2RRD, &["-p", "rrds"], log.as_bytes());
    let said = "flow-log2rrd: standard input: line 6: no d_ver=\n\
                flow-log2rrd: standard input: 4 lines are not later than what their RRDs have: left out\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), said));
}

#[test]
fn a_thousand_rrds_are_written_by_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut tool = rrdtool();
    let archives = Layout::archives(&[9]);
    let layout = Layout { start: T, step: 300, sources: vec![Source::new("n", Sort::Gauge, 600)], archives };
    let files: Vec<String> = (0..1000).map(|n| folder.path().join(format!("{n}.rrd")).display().to_string()).collect();
    for (n, file) in files.iter().enumerate() {
        tool.create(file, &layout).unwrap();
        let update = |at: i64| Update { time: T + at * 300, values: vec![n as f64] };
        tool.update(file, &["n"], &(1..=5).map(update).collect::<Vec<_>>()).unwrap();
    }
    tool.update(&files[7], &["n"], &[Update { time: T, values: vec![1.0] }]).unwrap();
    let refused = tool.settle().unwrap();
    assert!(refused.len() == 1 && refused[0].file == files[7], "{refused:?}");
    assert!(refused[0].to_string().contains("minimum one second step"), "{}", refused[0]);
    let names: Vec<&str> = files.iter().map(String::as_str).chain(["/no/such.rrd"]).collect();
    let last = tool.last(&names).unwrap();
    assert!(last[..1000].iter().all(|last| *last == Ok(T + 1500)) && last[1000].is_err());
    let fetched = tool.fetch(&files[900], Consolidation::Max, [T, T + 1500], 300).unwrap();
    assert_eq!((fetched.sources, &fetched.rows[0]), (vec!["n".to_owned()], &(T + 300, vec![900.0])));
    assert!(matches!(tool.command(&["xport", "a\nquit"]), Err(Error::Word(_))));
    let exported = tool.command(&[
        "xport",
        "--start",
        "1767225600",
        "--end",
        "1767225900",
        &format!("DEF:a={}:n:MAX", files[3]),
        "XPORT:a:it's",
    ]);
    assert!(exported.unwrap().contains("<entry>it's</entry>"));
    assert!(matches!(tool.command(&["fetch", "/no/such.rrd", "MAX"]), Err(Error::Refused(_))));
    assert_eq!(tool.finish().unwrap(), []);
}

//! flow-stat as its users run it.

mod common;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use common::{fine, flow_file, run, stderr};
use flowtools::flow::Order;

const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");
const GEN: &str = env!("CARGO_BIN_EXE_flow-gen");

fn text(args: &[&str], input: &[u8]) -> String {
    String::from_utf8(fine(STAT, args, input)).unwrap()
}

/// The lines of a report that are no comment.
fn lines(args: &[&str], input: &[u8]) -> Vec<String> {
    text(args, input).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn little(count: u32) -> Vec<u8> {
    flow_file(count, 0, Order::Little)
}

#[test]
fn a_heading_says_what_was_asked_for() {
    let got = text(&["-f9", "-P", "-s2", "-S1", "-T", "Some hosts"], &little(3));
    let args = format!("# Args:      {STAT} -f9 -P -s2 -S1 -T Some hosts \n");
    let want = "#  --- ---- ---- Report Information --- --- ---\n#\n# Title:     Some hosts\n\
        # Fields:    Percent Total\n# Symbols:   Disabled\n# Sorting:   Descending Field 1\n\
        # Name:      Source IP\n#\n";
    let titles = "#\n#\n# IPaddr         flows    octets   packets\n#\n";
    let rows = "10.0.0.0         33.333   0.000    0.000 \n\
        10.0.0.1         33.333   33.333   33.333\n10.0.0.2         33.333   66.667   66.667\n";
    assert_eq!(got, format!("{want}{args}{titles}{rows}"));
}

#[test]
fn the_header_comes_first_where_it_is_asked_for() {
    let got = text(&["-p", "-c%", "-f12"], &little(1));
    assert!(got.contains("% Args:") && got.contains("%\n% mode:                 normal\n"), "{got}");
    assert!(got.ends_with("% capture flows:        1\n%\n%\n% protocol  flows                 octets                packets\n%\n17          1                     0                     0                   \n"), "{got}");
}

#[test]
fn many_groups_are_ranked_whatever_they_are_read_from() {
    let count = 30_000u32;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    fs::write(&path, flow_file(count, 6, Order::Big)).unwrap();
    let path = path.to_str().unwrap();
    let want: Vec<String> = (0..count)
        .rev()
        .map(|i| {
            let (source, octets) = (format!("10.0.{}.{}", i >> 8, i & 255), i * 100);
            format!("{source:<17}{:<17}{:<22}{octets:<22}{i:<20}", "192.0.2.1", 1)
        })
        .collect();
    let input = little(count);
    assert_eq!(lines(&["-f10", "-S3"], &input), want);
    assert_eq!(lines(&["-f10", "-S4", path], &[]), want);
    assert_eq!(lines(&["-f10", "-S0", "-"], &input), want);
    let twice = lines(&["-f10", "-S2", path, path], &[]);
    assert_eq!(twice.len(), count as usize);
    assert!(twice[1].starts_with("10.0.0.1         192.0.2.1        2                     200 "), "{}", twice[1]);
}

#[test]
fn a_wide_report_has_wider_columns_and_the_duration() {
    let got = lines(&["-w", "-f12"], &little(3));
    let want = "17               1                     0                     0                     5000";
    assert_eq!(got, [want, "6                2                     300                   3                     10000"]);
    assert_eq!(lines(&["-f12", "-S4"], &little(3))[0].split_whitespace().next(), Some("6"));
    let got = lines(&["-w", "-P", "-f12"], &little(3));
    assert_eq!(got[1], "6                66.667   100.000   100.000   66.667");
}

#[test]
fn names_stand_for_numbers_they_are_known_for() {
    let got = lines(&["-n", "-f5"], &little(4));
    assert_eq!(got, ["https       4                     600                   6                   "]);
    let got = lines(&["-n", "-f12"], &little(4));
    assert!(got[0].starts_with("udp         2 ") && got[1].starts_with("tcp         2 "), "{got:?}");
}

#[test]
fn tallies_are_running_totals() {
    let got = text(&["-t2", "-f9", "-S2"], &little(5));
    let rows: Vec<&str> = got.lines().skip(12).collect();
    let row = |key: &str, flows: u32, octets: u32| format!("{key:<17}{flows:<22}{octets:<22}{}", octets / 100);
    let want = [
        row("10.0.0.4", 1, 400),
        row("10.0.0.3", 1, 300),
        row("# tally", 2, 700),
        row("10.0.0.2", 1, 200),
        row("10.0.0.1", 1, 100),
        row("# tally", 4, 1000),
        row("10.0.0.0", 1, 0),
    ];
    assert_eq!(rows, want);
}

#[test]
fn plots_keep_the_flows_order() {
    let got = text(&["-f13"], &little(9000));
    let points: Vec<&str> = got.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(points.len(), 27_000);
    assert_eq!(points[3..6], ["990000       100       ", "995000       100       ", ""]);
    let last = "# xmin=990000       ymin=0            xmax=995000       ymax=899900    ";
    assert_eq!(got.lines().last(), Some(last));
}

#[test]
fn sizes_stand_as_they_came_unless_sorted() {
    let first =
        |args: &[&str]| lines(args, &little(4)).into_iter().map(|l| l[..4].trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(first(&["-f2"]), ["0", "1", "2", "3"]);
    assert_eq!(first(&["-f2", "-S0"]), ["3", "2", "1", "0"]);
}

#[test]
fn summaries_of_nothing_are_zeros() {
    let empty = little(0);
    assert!(text(&[], &empty).contains("Average flows / second (real)   : 0.0000\n"));
    assert!(text(&["-f15"], &empty).ends_with("\n0                   0                   0.000\n"));
    for report in 1..30 {
        fine(STAT, &[&format!("-f{report}")], &empty);
    }
}

#[test]
fn a_summary_adds_up() {
    let got = text(&["-f0"], &little(2001));
    for line in ["Total Flows                     : 2001\n", "Total Packets                   : 2001000\n"] {
        assert!(got.contains(line), "{got}");
    }
    assert!(
        got.contains("Duration of data  (realtime)    : 2000\nDuration of data (1/1000 secs)  : 2005000\n"),
        "{got}"
    );
    assert!(got.contains("Average flow size (octets)      : 100000.0000\n"), "{got}");
}

#[test]
fn a_report_of_fields_the_flows_lack_is_refused() {
    let flows = fine(GEN, &["-V8.1", "-n3"], &[]);
    let output = run(STAT, &["-f10"], &flows);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(stderr(&output), "flow-stat: report 10 needs srcaddr, which flows of version 8.1 lack\n");
    // Of several files, those that have them are used.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), little(3)).unwrap();
    fs::write(folder.path().join("b"), &flows).unwrap();
    let output = run(STAT, &["-f10", folder.path().to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "flow-stat: 3 flows without the fields of report 10 left out\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 12 + 3);
}

#[test]
fn what_makes_no_sense_is_said_and_refused() {
    for (args, why) in
        [(["-f33"], "'33'"), (["-Sx"], "'x'"), (["-f9 -S5"], "columns 0 to 4"), (["-f10 -s6"], "columns 0 to 5")]
    {
        let words: Vec<&str> = args[0].split(' ').collect();
        let output = run(STAT, &words, &little(1));
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains(why), "{words:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_file_cut_short_is_reported_as_far_as_it_is_good() {
    let whole = little(100);
    let output = run(STAT, &["-f12"], &whole[..whole.len() - 70]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("flow-stat: standard input: "), "{}", stderr(&output));
    let got = String::from_utf8(output.stdout).unwrap();
    assert!(got.lines().any(|line| line.starts_with("6           65 ")), "{got}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    fs::write(&path, little(50_000)).unwrap();
    for report in ["-f9", "-f13"] {
        let mut child =
            Command::new(STAT).arg(report).arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut some = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{report}: {}", stderr(&output));
    }
}

#[test]
fn top_talkers_as_routers_show_them() {
    let flows = flow_file(20, 0, Order::Little);
    let text = String::from_utf8(fine(STAT, &["--format", "top-talkers"], &flows)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("Pr SrcP DstP Bytes"), "{text}");
    assert_eq!(lines[1], "0             10.0.0.19       0             192.0.2.1       06 0013 01BB 1900");
    assert_eq!((lines.len(), lines[11]), (12, "10 of 20 top talkers shown. 20 flows processed."));
}

//! flow-stat --by as its users run it.

mod common;

use std::fs;

use common::{fine, flow_file, run, stderr};
use flowtools::flow::Order;

const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");

fn text(args: &[&str], count: u32) -> String {
    String::from_utf8(fine(STAT, args, &flow_file(count, 0, Order::Little))).unwrap()
}

#[test]
fn a_table_is_the_default() {
    let want = "\
prot  dstport      flows  octets  packets
6     443              6    2700       27
total of 2 groups     10    4500       45
";
    assert_eq!(text(&["--by", "prot,dstport", "--top", "1"], 10), want);
    let want = "\
prot  dstport       flows%  octets%  packets%
udp   https         40.000   40.000    40.000
tcp   https         60.000   60.000    60.000
total of 2 groups  100.000  100.000   100.000
";
    assert_eq!(text(&["--by", "proto,dport", "-n", "-P", "--sort", "octets:asc"], 10), want);
}

#[test]
fn networks_times_and_distinct_values() {
    let by = "srcaddr/30,first/1m,distinct(srcaddr),approx(srcport),duration";
    let got = text(&["--by", by, "--sort", "srcaddr", "--format", "csv"], 8);
    let want = "\
srcaddr/30,first/1m,flows,octets,packets,duration,distinct(srcaddr),approx(srcport)
10.0.0.0/30,2025-12-31 23:59:00,4,600,6,20000,4,4
10.0.0.4/30,2025-12-31 23:59:00,4,2200,22,20000,4,4
";
    assert_eq!(got, want);
}

#[test]
fn several_reports_of_one_reading() {
    let args = ["--by", "pair(addr)", "--by", "prot", "--sort", "flows", "--top", "1", "--format"];
    let json = text(&[&args[..], &["json"]].concat(), 4);
    let want = "\
{\"by\":\"pair(addr)\",\"addr1\":\"10.0.0.0\",\"addr2\":\"192.0.2.1\",\"flows\":1,\"octets\":0,\"packets\":0}
{\"by\":\"prot\",\"prot\":6,\"flows\":2,\"octets\":300,\"packets\":3}
";
    assert_eq!(json, want);
    let csv = text(&[&args[..], &["csv"]].concat(), 4);
    assert_eq!(
        csv,
        "addr1,addr2,flows,octets,packets\n10.0.0.0,192.0.2.1,1,0,0\n\nprot,flows,octets,packets\n6,2,300,3\n"
    );
}

#[test]
fn many_rows_are_ranked_with_and_without_a_limit() {
    let count = 80_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    fs::write(&path, flow_file(count, 6, Order::Big)).unwrap();
    let path = path.to_str().unwrap();
    let rows = |more: &[&str]| {
        let args = [&["--by", "srcaddr,srcport", "--format", "csv", path], more].concat();
        String::from_utf8(fine(STAT, &args, &[])).unwrap().lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = rows(&[]);
    let want = (0..count)
        .rev()
        .map(|i| format!("10.{}.{}.{},{},1,{},{i}", i >> 16, i >> 8 & 255, i & 255, i & 0xFFFF, u64::from(i) * 100));
    assert_eq!(all, want.collect::<Vec<_>>());
    for top in [10, 5000, 70_000] {
        assert_eq!(rows(&["--top", &top.to_string()]), all[..top.min(all.len())], "{top}");
    }
    let table = String::from_utf8(fine(STAT, &["--by", "srcaddr,srcport", path], &[])).unwrap();
    let mut lines = table.lines();
    let width = lines.next().unwrap().len();
    assert!(lines.all(|line| line.len() == width));
}

#[test]
fn wrong_usage_says_what_is_known() {
    let input = flow_file(1, 0, Order::Little);
    for (args, want) in [
        (&["--by", "srcadr"][..], "'srcadr': no such field, expected any of srcaddr dstaddr"),
        (&["--by", "srcaddr", "--sort", "dstaddr"], "--sort 'dstaddr': no such column of 'srcaddr', expected any of"),
        (&["--by", "srcaddr", "-f9"], "cannot be used with"),
        (&["--by", "srcaddr", "-S1"], "cannot be used with"),
        (&["--top", "5"], "--top: expected --by, or --format top-talkers"),
        (&["--by", "srcaddr", "--top", "0"], "invalid value '0'"),
        (&["--by", "srcaddr", "--format", "xml"], "expected one of table, csv, json"),
    ] {
        let output = run(STAT, args, &input);
        let error = stderr(&output);
        assert!(output.status.code() == Some(2) && error.contains(want), "{args:?}: {error}");
        assert_eq!((error.lines().count(), output.stdout.len()), (1, 0), "{error}");
    }
}

#[test]
fn fields_that_flows_lack_are_reported() {
    let output = run(STAT, &["--by", "prot", "--by", "src_tag", "--format", "csv"], &flow_file(3, 0, Order::Little));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "flow-stat: --by src_tag: 3 flows without these fields left out\n");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n6,2,300,3\n") && text.ends_with("\n\nsrc_tag,flows,octets,packets\n"), "{text}");
}

//! flow-report and flow-rptfmt as their users run them.

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use common::made::{Kind, file};
use common::{fine, flow_file, run, run_in, stderr};
use flowtools::flow::{Column, FieldSpec, FlowBatch, Order, Schema, ie};
use flowtools::report::csv::TYPES;

const REPORT: &str = env!("CARGO_BIN_EXE_flow-report");
const RPTFMT: &str = env!("CARGO_BIN_EXE_flow-rptfmt");

fn flows(count: u32) -> Vec<u8> {
    flow_file(count, 0, Order::Little)
}

/// What a configuration makes of some flows, in a folder with other files.
fn made(folder: &Path, config: &str, more: &[&str], count: u32) -> String {
    fs::write(folder.join("stat.cfg"), config).unwrap();
    let output = run_in(folder, REPORT, more, &flows(count));
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{config}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_a_file_variables_say_what_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["-v", "TYPE=ip-protocol", "-v", "SORT=+octets", "-v", "OPTIONS=+names", "-v", "FIELDS=-duration"];
    let output = run_in(folder.path(), REPORT, &args, &flows(10));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, "# recn: ip-protocol*,flows,octets,packets\ntcp,6,2700,27\nudp,4,1800,18\n");
}

#[test]
fn help_lists_the_types() {
    let types = String::from_utf8(fine(REPORT, &["-hh"], &[])).unwrap();
    assert_eq!(types.lines().count(), TYPES.len());
    assert!(types.starts_with("summary-detail\nsummary-counters\n"), "{types}");
    let help = String::from_utf8(fine(REPORT, &["-h"], &[])).unwrap();
    assert!(help.contains("Usage: flow-report") && help.contains("stat-definition"), "{help}");
}

const MANY: &str = "\
include-filter filters
stat-report ports
  type ip-destination-port
  filter tcp
  scale 10
  output
    fields +pps,+index
    options +totals,+percent-total
  output
    sort -flows
    tally 1
    fields -key,-duration
stat-report sources
  type ip-source-address
  output
    path out/%Y-%m-%d/@{NAME:-sources}.csv
    time start
    sort +packets
    records 2
    options +header,+xheader
  output
    path |sort -r > sorted
    records 3
stat-definition all
  filter few
  report ports
  report sources
";

const FILTERS: &str = "\
filter-primitive TCP
  type ip-protocol
  permit tcp
filter-primitive FEW
  type counter
  permit lt 6
filter-definition tcp
  match ip-protocol TCP
filter-definition few
  match packets FEW
";

#[test]
fn filters_outputs_sorts_and_paths() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("filters"), FILTERS).unwrap();
    let text = made(folder.path(), MANY, &["-S", "all", "-v", "NAME=top"], 20);
    let want = "\
# rec1: records,ignores,flows,octets,packets,duration,avg_pps,min_pps,max_pps
1,0,4,12000,120,20000,6.000000,2.000000,10.000000
# recn: index,ip-destination-port*,flows,octets,packets,duration,avg-pps,min-pps,max-pps
0,443,100.000000,100.000000,100.000000,100.000000,100.000000,100.000000,100.000000
# recn: flows,octets,packets
4,12000,120
# tally: 1,100.000000,100.000000,100.000000
";
    assert_eq!(text, want);
    let day = chrono::DateTime::from_timestamp(1_767_225_600, 0).unwrap().with_timezone(&chrono::Local);
    let path = folder.path().join(format!("out/{}/top.csv", day.format("%Y-%m-%d")));
    let top = fs::read_to_string(path).unwrap();
    for line in ["# name:                 sources", "# sort_field:           +packets", "# capture flows:        20"] {
        assert!(top.lines().any(|known| known == line), "{line}\n{top}");
    }
    assert!(top.ends_with("10.0.0.5,1,500,5,5000\n10.0.0.4,1,400,4,5000\n"), "{top}");
    let sorted = fs::read_to_string(folder.path().join("sorted")).unwrap();
    assert!(sorted.starts_with("10.0.0.2,1,200,2,5000\n10.0.0.1,") && sorted.lines().count() == 4, "{sorted}");
}

#[test]
fn tags_and_masks_come_before_reports() {
    let folder = tempfile::tempdir().unwrap();
    let tags = "tag-action A\n type source-prefix\n match 10.0.0.0/30 set-source 0x11\n match 10.0.0.4/30 set-source 0x22\n\
                tag-definition t\n term\n  action A\n";
    fs::write(folder.path().join("tags"), tags).unwrap();
    fs::write(folder.path().join("masks"), "mask-definition m\n prefix 10.0.0.0/8 30\n").unwrap();
    let config = "include-tag tags\ninclude-mask masks\n\
        stat-report t\n type source-tag\n tag-mask 0x0F 0\n output\n  fields -duration\n\
        stat-report n\n type ip-source-address\n ip-source-address-format prefix-mask\n output\n  fields -duration\n\
        stat-definition default\n tag t\n mask m\n report t\n report n\n";
    let want = "\
# recn: source-tag*,flows,octets,packets
1,4,600,6
2,4,2200,22
# recn: ip-source-address*,flows,octets,packets
10/30,4,600,6
10.0.0.4/30,4,2200,22
";
    assert_eq!(made(folder.path(), config, &[], 8), want);
}

#[test]
fn what_makes_no_report_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("filters"),
        "filter-primitive T\n type tag\n permit 1\nfilter-definition t\n match source-tag T\n",
    )
    .unwrap();
    for (config, code, why) in [
        ("stat-definition default\n", 2, "stat.cfg: 'default': expected a line 'report NAME' in this stat-definition"),
        (
            "include-filter filters\nstat-report r\n type ip-tos\n filter t\nstat-definition default\n report r\n",
            1,
            "report r needs src_tag, which flows of version 5 lack",
        ),
    ] {
        fs::write(folder.path().join("stat.cfg"), config).unwrap();
        let output = run_in(folder.path(), REPORT, &["-s", "stat.cfg"], &flows(3));
        assert_eq!((output.status.code(), stderr(&output).trim_end()), (Some(code), &*format!("flow-report: {why}")));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_report_every_period() {
    let folder = tempfile::tempdir().unwrap();
    let config = "stat-report s\n type ip-protocol\n output\n  time start\n  path %s.csv\n  fields -duration\n\
        stat-definition default\n time-series 4\n report s\n";
    made(folder.path(), config, &[], 10);
    let text = |at: u32| fs::read_to_string(folder.path().join(format!("{}.csv", 1_767_225_600 + at))).unwrap();
    assert_eq!(text(0), "# recn: ip-protocol*,flows,octets,packets\n6,2,300,3\n17,2,300,3\n");
    assert_eq!(text(8), "# recn: ip-protocol*,flows,octets,packets\n6,1,800,8\n17,1,900,9\n");
}

/// Flows between IPv6 hosts.
fn six() -> FlowBatch {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let fields = [
        (ie::SRC_ADDR6, 16),
        (ie::DST_ADDR6, 16),
        (ie::OCTETS, 8),
        (ie::PACKETS, 8),
        (ie::START_MS, 8),
        (ie::END_MS, 8),
    ];
    let columns = fields.map(|(_, width)| {
        let values = (1..=3u128).flat_map(|n| {
            let n = if width == 16 { 0x2001_0DB8 << 96 | n } else { 1_767_225_600_000 + n * 1000 };
            if width == 16 { n.to_ne_bytes().to_vec() } else { (n as u64).to_ne_bytes().to_vec() }
        });
        Column::Plain { width, data: values.collect() }
    });
    let schema = Schema::new(fields.map(|(element, width)| spec(element, width)).to_vec());
    FlowBatch::from_columns(Arc::new(schema), 3, columns.to_vec())
}

#[test]
fn ipv6_stands_beside_ipv4() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("six"), file(Kind::Streaming, &[six()])).unwrap();
    fs::write(folder.path().join("four"), flows(3)).unwrap();
    let types = String::from_utf8(fine(REPORT, &["-hh"], &[])).unwrap();
    for kind in types.lines().filter(|kind| !kind.contains("tag")) {
        let kind = format!("TYPE={kind}");
        let output = run_in(folder.path(), REPORT, &["-v", &kind, "four", "six"], &[]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{kind}");
        assert!(output.stdout.split(|c| *c == b'\n').count() > 2, "{kind}");
    }
    let output = run_in(folder.path(), REPORT, &["-v", "TYPE=ip-source-address", "four", "six"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n10.0.0.1,1,100,1,5000\n") && text.contains("\n2001:db8::1,1,1767225601000,"), "{text}");
}

#[test]
fn what_makes_no_sense_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |config: &str, code: i32, why: &str| {
        fs::write(folder.path().join("stat.cfg"), config).unwrap();
        let output = run_in(folder.path(), REPORT, &[], &flows(2));
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(code), why), "{config}");
    };
    let with = |output: &str| {
        format!("stat-report r\n type octets\n output\n  {output}\nstat-definition default\n report r\n")
    };
    for (config, why) in [
        ("stat-report r\n type nonsense\n".to_owned(), "2:7: 'nonsense': expected a type of report (-hh lists them)"),
        ("stat-report r\n scale 2\n".into(), "1:13: 'r': expected a type in this report"),
        (" scale 2\n".into(), "1:2: 'scale': expected stat-report, stat-definition or include-filter, -tag or -mask"),
        (with("fields +key2"), "4:10: '+key2': reports of type octets have no field 'key2'"),
        (with("fields key"), "4:10: 'key': expected + or - before 'key'"),
        (with("options +nothing"), "4:11: '+nothing': expected header, xheader, totals, percent-total or names"),
        (with("sort +index"), "4:8: '+index': reports of type octets are not sorted by that"),
        (with("format html"), "4:10: 'html': expected ascii"),
        (with("time then"), "4:8: 'then': expected now, start, end or mid"),
        ("stat-definition default\n report r\n".into(), "2:9: 'r': expected a stat-report, but none is defined"),
        (
            "stat-report r\n type octets\n filter f\nstat-definition default\n report r\n".into(),
            "3:9: 'f': expected a filter-definition, but none is defined",
        ),
        (
            "include-filter none\nstat-report r\n type octets\n filter f\nstat-definition default\n report r\n".into(),
            "1:16: 'none': No such file or directory (os error 2)",
        ),
    ] {
        fails(&config, 2, &format!("flow-report: stat.cfg:{why}\n"));
    }
    fails(
        "stat-definition other\n",
        2,
        "flow-report: stat.cfg: 'default': expected a stat-definition that is defined (other)\n",
    );
    let tags = "stat-report r\n type source-tag\nstat-definition default\n report r\n";
    fails(tags, 1, "flow-report: report r needs src_tag, which flows of version 5 lack\n");
    fails(&with("path |exit 3"), 1, "flow-report: |exit 3: the command ended with exit status: 3\n");
}

#[test]
fn a_damaged_file_is_used_as_far_as_it_is_good() {
    let mut flows = flows(4);
    flows.truncate(flows.len() - 10);
    let output = run(REPORT, &["-v", "TYPE=ip-protocol"], &flows);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("6,2,300,3,10000\n"));
}

#[test]
fn reports_are_made_readable() {
    let csv = "# name: x\n# recn: ip-protocol*,flows,octets\n6,1,10\n17,3,30\n";
    let text = String::from_utf8(fine(RPTFMT, &["-n", "-s", "+flows", "-H"], csv.as_bytes())).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("# ['") && first.ends_with("flow-rptfmt', '-n', '-s', '+flows', '-H']"), "{first}");
    assert_eq!(rest, "# name: x\nip-protocol flows octets\nudp         3     30\ntcp         1     10\n");
    let html = String::from_utf8(fine(RPTFMT, &["-fhtml", "-F", "octets", "-m1", "-p"], csv.as_bytes())).unwrap();
    assert!(html.ends_with("<tr><th>octets</th></tr>\n <tr><td>25.000</td></tr>\n</table>\n"), "{html}");
}

#[test]
fn many_rows_are_numbered_and_summed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let config = "stat-report all\n type first\n output\n  sort +key\n  fields +index,-duration,+bps\n  tally 1000\n\
                  stat-definition all\n report all\n";
    let (records, mut all) = (40_000u32, flows(1));
    // One flow many times over, each begun a millisecond later than the one before.
    let header = u32::from_le_bytes(all[4..8].try_into().unwrap()) as usize;
    let record = all.split_off(header);
    for at in 0..records {
        let mut record = record.clone();
        let first = u32::from_le_bytes(record[40..44].try_into().unwrap()) + at;
        record[40..44].copy_from_slice(&first.to_le_bytes());
        record[44..48].copy_from_slice(&(first + 100).to_le_bytes());
        all.extend_from_slice(&record);
    }
    fs::write(folder.path().join("stat.cfg"), config).unwrap();
    let text = String::from_utf8(fine_in(folder.path(), &["-S", "all"], &all)).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), records as usize);
    for (at, row) in rows.iter().enumerate() {
        assert!(row.starts_with(&format!("{at},")), "{at}: {row}");
    }
    let tallies: Vec<&str> = text.lines().filter(|line| line.starts_with("# tally")).collect();
    assert_eq!(tallies.len(), 40);
    for (at, tally) in (1..).zip(tallies) {
        assert!(tally.starts_with(&format!("# tally: {at}000,{at}000,")), "{tally}");
    }
}

/// Standard output of a flow-report in a folder that finds nothing to complain about.
fn fine_in(folder: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run_in(folder, REPORT, args, input);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    output.stdout
}

#[test]
fn a_page_that_takes_too_long_is_given_up() {
    let mut command = std::process::Command::new(RPTFMT);
    let mut child =
        command.args(["-a", "1"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let child = child.as_mut().unwrap();
    // Its input has no end yet.
    let open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(said, "flow-rptfmt: not done after 1 seconds, as -a has it\n");
    drop(open);
}

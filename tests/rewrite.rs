//! flow-tag, flow-mask and flow-xlate with configurations: what they write, and what they say is wrong with those.

mod common;

use std::fs;

use common::{fine, flow_file, run, run_in, stderr};
use flowtools::flow::Order;

const TAG: &str = env!("CARGO_BIN_EXE_flow-tag");
const MASK: &str = env!("CARGO_BIN_EXE_flow-mask");
const XLATE: &str = env!("CARGO_BIN_EXE_flow-xlate");
const PRINT: &str = env!("CARGO_BIN_EXE_flow-print");
const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");

const TAGS: &str = "\
include-filter filter.cfg
tag-action OURS
  type source-prefix
  match 10.0.0.0/@{LENGTH:-30} set-source 0x10
tag-action UDP
  type any
  match any or-destination 0x20
tag-definition default
  term
    action OURS
  term
    filter udp
    action UDP
";

const FILTERS: &str = "\
filter-primitive UDP
  type ip-protocol
  permit udp
filter-definition udp
  match ip-protocol UDP
";

/// The fields of each flow, as CSV says them.
fn csv(fields: &str, flows: &[u8]) -> Vec<String> {
    let text = String::from_utf8(fine(EXPORT, &["-f2", "-m", fields], flows)).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn flows_are_tagged_in_classic_and_modern_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tag.cfg"), TAGS).unwrap();
    fs::write(folder.path().join("filter.cfg"), FILTERS).unwrap();
    let classic = flow_file(5, 0, Order::Big);
    let modern = fine(XLATE, &["-V", "10"], &classic);
    for (input, version) in [(&classic, "1005"), (&modern, "10")] {
        let output = run_in(folder.path(), TAG, &[], input);
        assert!(output.status.success(), "{}", stderr(&output));
        let tags = csv("SRCADDR,SRC_TAG,DST_TAG", &fine(XLATE, &["-V", "1005"], &output.stdout));
        let want = ["10.0.0.0,16,32", "10.0.0.1,16,0", "10.0.0.2,16,0", "10.0.0.3,16,32", "10.0.0.4,0,0"];
        assert_eq!(tags, want, "{version}");
        let header = fine(env!("CARGO_BIN_EXE_flow-header"), &[], &output.stdout);
        let said = String::from_utf8(header).unwrap();
        assert!(said.contains(version), "{said}");
    }
    let output = run_in(folder.path(), TAG, &["-v", "LENGTH=29"], &classic);
    assert_eq!(csv("SRC_TAG", &output.stdout), ["16"; 5]);
    let output = run_in(folder.path(), TAG, &["-V5"], &classic);
    assert_eq!(stderr(&output), "flow-tag: -V 5 has no room for tags: expected 1005 or 10\n");
}

#[test]
fn prefix_lengths_are_set_and_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mask.cfg"), "mask-definition m\nprefix 10.0.0.0/8 31\nprefix 192.0.2.0/24 8\n")
        .unwrap();
    let text =
        "xlate-action S\ntype ip-source-address-to-network\nxlate-action D\ntype ip-destination-address-to-network
        xlate-definition net\nterm\naction S\naction D\n";
    fs::write(folder.path().join("xlate.cfg"), text).unwrap();
    let classic = flow_file(3, 0, Order::Little);
    let masked = run_in(folder.path(), MASK, &["-Mm"], &classic);
    assert!(masked.status.success(), "{}", stderr(&masked));
    let networks = run_in(folder.path(), XLATE, &["-X", "net"], &masked.stdout);
    let rows = csv("SRCADDR,DSTADDR,SRC_MASK,DST_MASK", &networks.stdout);
    assert_eq!(rows, ["10.0.0.0,192.0.0.0,31,8", "10.0.0.0,192.0.0.0,31,8", "10.0.0.2,192.0.0.0,31,8"]);
    let old = fine(XLATE, &["-V1"], &classic);
    let refused = run_in(folder.path(), MASK, &["-Mm"], &old);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).starts_with("flow-mask: flows of version 1 have no src_mask"), "{}", stderr(&refused));
}

#[test]
fn addresses_are_anonymised_by_a_key_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let key = "1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202";
    fs::write(folder.path().join("secret"), key).unwrap();
    let text = "xlate-action HIDE\ntype ip-address-anonymize\nalgorithm cryptopan-aes128\nkey-file secret
        key-file-refresh 60 03:00:00\nxlate-definition default\nterm\naction HIDE\n";
    fs::write(folder.path().join("x.cfg"), text).unwrap();
    // What exactly comes out is checked beside the code, by the published sample.
    let hidden = run_in(folder.path(), XLATE, &["-x", "x.cfg"], &flow_file(3, 0, Order::Big));
    assert!(hidden.status.success(), "{}", stderr(&hidden));
    let rows = csv("SRCADDR", &hidden.stdout);
    let address = |row: &String| row.parse::<std::net::Ipv4Addr>().unwrap().to_bits();
    let source: Vec<u32> = rows.iter().map(address).collect();
    assert_eq!((source[0] ^ source[1]).leading_zeros(), 31);
    assert_eq!((source[0] ^ source[2]).leading_zeros(), 30);
    assert!(source.iter().all(|address| address >> 8 != 0x000A_0000));
    let page = fine(PRINT, &["-f5"], &hidden.stdout);
    assert!(!String::from_utf8(page).unwrap().contains("192.0.2.1 "));
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let flows = flow_file(1, 0, Order::Big);
    let write = |text: &str| fs::write(folder.path().join("c"), text).unwrap();
    write("xlate-action A\n  type grow\n");
    let output = run_in(folder.path(), XLATE, &["-x", "c"], &flows);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("flow-xlate: c:2:8: 'grow': expected ip-source-address-to-network, "));
    write("xlate-action A\ntype scale\nscale 4000000000\nxlate-definition a\nterm\naction A\n");
    let output = run_in(folder.path(), XLATE, &["-x", "c", "-X", "b"], &flows);
    assert_eq!(stderr(&output), "flow-xlate: c: 'b': expected an xlate-definition that is defined (a)\n");
    let output = run_in(folder.path(), XLATE, &["-x", "c", "-X", "a"], &flow_file(2, 0, Order::Big));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("1 numbers became greater"), "{}", stderr(&output));
    assert_eq!(csv("DOCTETS", &output.stdout), ["0", "4294967295"]);
    let output = run(TAG, &["-t", "/nonexistent/tag.cfg"], &flows);
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
}

#[test]
fn what_is_exported_can_be_imported() {
    let import = env!("CARGO_BIN_EXE_flow-import");
    let flows = flow_file(50, 0, Order::Little);
    let lines = fine(EXPORT, &["-f2"], &flows);
    assert_eq!(fine(EXPORT, &["-f2"], &fine(import, &["-f2"], &lines)), lines);
    let cflowd = fine(EXPORT, &["-f0"], &flows);
    assert_eq!(cflowd.len(), 50 * 55);
    let fields = "EXADDR,DPKTS,DOCTETS,SRCADDR,DSTADDR,SRCPORT,DSTPORT,PROT";
    assert_eq!(csv(fields, &fine(import, &["-f0"], &cflowd)), csv(fields, &flows));
    // Of a file that is cut off, what is whole is used.
    let cut = run(import, &["-f0"], &cflowd[..cflowd.len() - 1]);
    assert_eq!(cut.status.code(), Some(1));
    assert_eq!(stderr(&cut), "flow-import: standard input: octet 2695: the file ends within a flow\n");
    assert_eq!(csv("SRCADDR", &cut.stdout).len(), 49);
    // What is no flow leaves no file, and what is missing behind something leaves that.
    let missing = run(import, &["-f2", "-", "/nowhere/else"], &lines);
    assert_eq!(stderr(&missing), "flow-import: /nowhere/else: No such file or directory (os error 2)\n");
    assert_eq!((missing.status.code(), fine(EXPORT, &["-f2"], &missing.stdout) == lines), (Some(1), true));
    for (format, why) in [("-f2", "empty, expected flows"), ("-fpcap", "offset 0: not a capture file: 0 octets")] {
        let nothing = run(import, &[format], &[]);
        assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(1), 0));
        let told = stderr(&nothing);
        assert!(told.starts_with(&format!("flow-import: standard input: {why}")), "{told}");
    }
    let wrong = run(import, &["-f3"], b"nothing\n");
    assert_eq!(
        stderr(&wrong),
        "flow-import: standard input: line 1: expected a header with AGGREGATION before the flows\n"
    );
}

#[test]
fn exports_as_datagrams_are_those_of_an_exporter() {
    let flows = flow_file(31, 0, Order::Big);
    let datagrams = fine(EXPORT, &["-f", "wire"], &flows);
    // Every record has a clock of its own, so each is a datagram: header and record.
    assert_eq!((datagrams.len(), &datagrams[..4]), (31 * (24 + 48), &[0, 5, 0, 1][..]));
    let modern = fine(XLATE, &["-V10"], &flows);
    assert_eq!(fine(EXPORT, &["-f4"], &modern)[..2], [0, 10]);
}

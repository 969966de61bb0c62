//! flow-nfilter, run as a user runs it.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::made::{self, Kind};
use common::{flow_file, records, run_in, stderr};
use flowtools::flow::Order;

const NFILTER: &str = env!("CARGO_BIN_EXE_flow-nfilter");

const CONFIG: &str = "\
# Flows by their ports and places
include-filter places.cfg
filter-primitive PORT
  type ip-port
  permit @{PORT:-5,7-9}
filter-primitive TCP
  type ip-protocol
  permit tcp
filter-definition default
  match ip-source-port PORT
filter-definition tcp
  match ip-source-port PORT
  match ip-protocol TCP
filter-definition few
  match ip-source-address FEW
filter-definition tagged
  match source-tag TAG
";

const PLACES: &str = "\
filter-primitive FEW
  type ip-address-prefix
  permit 10.0.0.0/30
  permit 2001:db8::/32
filter-primitive TAG
  type tag
  permit 1
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("filter.cfg"), CONFIG).unwrap();
    fs::write(folder.path().join("places.cfg"), PLACES).unwrap();
    folder
}

fn nfilter(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    run_in(folder, NFILTER, args, input)
}

/// The places in the input of the flows in a version 5 file.
fn picked(output: &Output) -> Vec<usize> {
    assert!(output.status.success(), "{}", stderr(output));
    let all = records(100);
    let start = u32::from_ne_bytes(output.stdout[4..8].try_into().unwrap()) as usize;
    let place = |record: &[u8]| all.chunks_exact(64).position(|known| known == record).unwrap();
    output.stdout[start..].chunks_exact(64).map(place).collect()
}

#[test]
fn a_definition_picks_its_flows() {
    let folder = folder();
    let input = flow_file(100, 0, Order::HOST);
    for (args, want) in [
        (vec![], vec![5, 7, 8, 9]),
        (vec!["-F", "tcp"], vec![5, 7, 8]),
        (vec!["-f", "filter.cfg", "-Ffew"], vec![0, 1, 2, 3]),
        (vec!["-v", "PORT=11", "-F", "default"], vec![11]),
        (vec!["-vPORT=12,13", "-Ftcp"], vec![13]),
    ] {
        assert_eq!(picked(&nfilter(folder.path(), &args, &input)), want, "{args:?}");
    }
}

#[test]
fn ipv6_and_modern_files_are_filtered() {
    let folder = folder();
    let input = made::file(Kind::Streaming, &[made::columns6(100, 0), made::columns4(100, 0)]);
    let output = nfilter(folder.path(), &["-F", "few"], &input);
    assert!(output.status.success(), "{}", stderr(&output));
    // A modern file stays one.
    assert_eq!(output.stdout.get(..4), Some(&[0xCF, 0x10, 1, 4][..]));
}

#[test]
fn capture_times_are_kept_on_request() {
    let folder = folder();
    let input = flow_file(100, 0, Order::HOST);
    let start = |args: &[&str]| {
        let path = folder.path().join("out");
        fs::write(&path, nfilter(folder.path(), args, &input).stdout).unwrap();
        flowtools::file::read_info(&path).unwrap().start
    };
    assert_eq!((start(&["-k"]), start(&[])), (Some(1_767_225_600), None));
}

#[test]
fn mistakes_are_wrong_usage_and_named() {
    let folder = folder();
    fs::write(folder.path().join("bad.cfg"), "filter-primitive A\n  type ip-prt\n").unwrap();
    fs::write(folder.path().join("lost.cfg"), "include-filter nowhere.cfg\n").unwrap();
    for (args, want) in [
        (vec!["-fbad.cfg"], "bad.cfg:2:8: 'ip-prt': expected as, ip-address-prefix, "),
        (vec!["-fnone.cfg"], "none.cfg: No such file"),
        (vec!["-flost.cfg"], "lost.cfg:1:16: 'nowhere.cfg': No such file"),
        (
            vec!["-Fnone"],
            "filter.cfg: 'none': expected a filter-definition that is defined (default, tcp, few, tagged)",
        ),
        (vec!["-vPORT"], "-v: 'PORT': expected NAME=VALUE"),
    ] {
        let output = nfilter(folder.path(), &args, &flow_file(1, 0, Order::HOST));
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).starts_with(&format!("flow-nfilter: {want}")), "{}", stderr(&output));
    }
}

#[test]
fn flows_that_lack_a_field_are_refused() {
    let folder = folder();
    let output = nfilter(folder.path(), &["-F", "tagged"], &flow_file(1, 0, Order::HOST));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output).trim_end(), "flow-nfilter: flows of version 5 have no src_tag");
    // Of a modern file some flows may lack what others have: it is said if none has it.
    let modern = made::file(Kind::Streaming, &[made::columns6(10, 0)]);
    let output = nfilter(folder.path(), &["-F", "tagged"], &modern);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output).trim_end(), "flow-nfilter: input: no flow has what is asked for: src_tag");
}

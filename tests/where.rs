//! flow-filter --where, run as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{StreamInfo, Version, pattern};

/// A file of flow-gen's test flows: source port i, destination port 0xFF00 + i, source address i, protocol 17.
fn write(path: &Path, version: Version, count: usize) {
    let mut records = Vec::new();
    pattern::records(version, 0, count, &mut records);
    let options = WriteOptions::new(version, StreamInfo::default());
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&records).unwrap();
    fs::write(path, writer.finish().unwrap()).unwrap();
}

fn filter(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flow-filter")).args(args).current_dir(folder).output().unwrap()
}

/// What is printed, after making sure that all went well.
fn fine(folder: &Path, args: &[&str]) -> Vec<u8> {
    let output = filter(folder, args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((error.as_str(), output.status.code()), ("", Some(0)), "{args:?}");
    output.stdout
}

fn count(folder: &Path, args: &[&str]) -> usize {
    let args = [args, &["--count"]].concat();
    String::from_utf8(fine(folder, &args)).unwrap().trim_end().parse().unwrap()
}

fn fails(folder: &Path, args: &[&str]) -> (String, Option<i32>) {
    let output = filter(folder, args);
    (String::from_utf8_lossy(&output.stderr).trim_end().to_owned(), output.status.code())
}

#[test]
fn flows_are_counted_and_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 1000);
    let cases = [
        ("src port 5 or 7-9", 4),
        ("src net 0.0.0.0/29 and udp", 8),
        ("tcp", 0),
        ("", 1000),
        ("packets 10..19 and not src port 15", 9),
        ("duration > 1s", 1000),
        ("octetDeltaCount >= 991", 10),
    ];
    for (text, want) in cases {
        assert_eq!(count(folder.path(), &["-w", text, "a"]), want, "{text}");
        let passed = fine(folder.path(), &["--where", text, "a"]);
        fs::write(folder.path().join("passed"), passed).unwrap();
        assert_eq!(count(folder.path(), &["passed"]), want, "{text}");
    }
}

#[test]
fn letters_are_joined_to_it() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 100);
    assert_eq!(count(folder.path(), &["-p1-9", "-w", "src port > 5", "a"]), 4);
    assert_eq!(count(folder.path(), &["-o", "-p1-9", "-P65300", "-w", "src port > 5", "a"]), 5);
    assert_eq!(count(folder.path(), &["-p1-9", "a"]), 9);
}

#[test]
fn lists_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 100);
    fs::write(folder.path().join("list"), b"# th\xEFs is ours\n0.0.0.1, 0.0.0.5\n0.0.0.8/30 # four\n2001:db8::/32\n")
        .unwrap();
    assert_eq!(count(folder.path(), &["-w", "src host @list", "a"]), 6);
    fs::write(folder.path().join("bad"), "0.0.0.1\n0.0.0\n").unwrap();
    let (error, code) = fails(folder.path(), &["-w", "src host @bad", "a"]);
    assert!(error.starts_with("flow-filter: -w: column 10: '@bad': line 2: '0.0.0': expected an address"), "{error}");
    assert_eq!(code, Some(2));
    let (error, _) = fails(folder.path(), &["-w", "host @none", "a"]);
    assert!(error.starts_with("flow-filter: -w: column 6: '@none': "), "{error}");
}

#[test]
fn errors_point_at_the_word_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (error, code) = fails(folder.path(), &["-w", "port 53 and prto 6", "a"]);
    let want = "flow-filter: -w: column 13: 'prto': expected a condition such as 'src net 10.0.0.0/8', 'dst port 53' or 'bytes > 1M'";
    assert_eq!((error.as_str(), code), (want, Some(2)));
    let (error, _) = fails(folder.path(), &["-w", "host\n'a\nb", "a"]);
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn what_flows_lack_matches_neither_way() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 10);
    write(&folder.path().join("b"), Version::V1005, 10);
    assert_eq!(count(folder.path(), &["-w", "src tag 1..3", "a", "b"]), 3);
    assert_eq!(count(folder.path(), &["-w", "not src tag 1..3", "a", "b"]), 7);
    assert_eq!(count(folder.path(), &["-w", "src tag 3 or src port 4", "a", "b"]), 3);
    // That none has it is worth a word.
    let output = filter(folder.path(), &["-w", "src tag 3", "--count", "a"]);
    assert_eq!((output.stdout.as_slice(), output.status.code()), (b"0\n".as_slice(), Some(1)));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(error.trim_end(), "flow-filter: input: no flow has what the expression asks for: src_tag");
}

#[test]
fn names_come_from_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 100);
    fs::write(folder.path().join("tcp-port.sym"), "42 answers\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_flow-filter"))
        .args(["-w", "src port answers", "--count", "a"])
        .env("FLOW_TOOLS_SYM", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"1\n");
}

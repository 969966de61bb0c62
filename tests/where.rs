//! flow-filter --where, run as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Codec, FlowBatch, Form, Order, StreamInfo, Version, flags, pattern};

/// A file of flow-gen's test flows: source port i, destination port 0xFF00 + i, source address i, protocol 17.
fn write(path: &Path, version: Version, count: usize) {
    let mut records = Vec::new();
    pattern::records(version, 0, count, &mut records);
    let options = WriteOptions::new(version, StreamInfo::default());
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&records).unwrap();
    fs::write(path, writer.finish().unwrap()).unwrap();
}

/// The same flows in a modern file, some to a block.
fn write_modern(path: &Path, version: Version, count: usize, codec: Codec) {
    let options = WriteOptions { codec, ..WriteOptions::new(Form::Modern, StreamInfo::default()) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    let mut records = Vec::new();
    pattern::records(version, 0, count, &mut records);
    for some in records.chunks(version.layout().size * 100) {
        writer.write(&FlowBatch::from_raw(version, Order::HOST, some.to_vec())).unwrap();
        writer.flush().unwrap();
    }
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
    assert_eq!(error.trim_end(), "flow-filter: input: no flow has what is asked for: src_tag");
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

#[test]
fn modern_files_answer_as_classic_ones() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("v5"), Version::V5, 1000);
    for (name, codec) in [("none", Codec::None), ("lz4", Codec::Lz4), ("zstd", Codec::Zstd)] {
        write_modern(&folder.path().join(name), Version::V5, 1000, codec);
    }
    fs::create_dir(folder.path().join("mixed")).unwrap();
    write(&folder.path().join("mixed/a"), Version::V5, 1000);
    write_modern(&folder.path().join("mixed/b"), Version::V5, 1000, Codec::Zstd);
    for text in ["src port 5 or 7-9", "host 0.0.0.77", "packets 10..19", "dst port > 65500", "not udp", "duration > 1s"]
    {
        let want = count(folder.path(), &["-w", text, "v5"]);
        for name in ["none", "lz4", "zstd"] {
            assert_eq!(count(folder.path(), &["-w", text, name]), want, "{text} of {name}");
            let passed = fine(folder.path(), &["-w", text, name]);
            fs::write(folder.path().join("passed"), passed).unwrap();
            assert_eq!(count(folder.path(), &["passed"]), want, "{text} of {name}, passed on");
        }
        assert_eq!(count(folder.path(), &["-w", text, "mixed"]), 2 * want, "{text}");
    }
    // That none has it is worth a word, blocks that were not read included.
    let (error, code) = fails(folder.path(), &["-w", "src tag 3", "--count", "zstd"]);
    assert_eq!(error, "flow-filter: input: no flow has what is asked for: src_tag");
    assert_eq!(code, Some(1));
}

#[test]
fn only_blocks_that_may_match_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write_modern(&folder.path().join("m"), Version::V5, 1000, Codec::Zstd);
    let said = |args: &[&str]| String::from_utf8(fine(folder.path(), args)).unwrap();
    let text = said(&["--explain", "-w", "src port 250", "m"]);
    assert!(
        text.contains("blocks   1 of 10 are read\n         9 ruled out by their least and greatest values"),
        "{text}"
    );
    let text = said(&["--explain", "-w", "src tag 1", "m"]);
    assert!(
        text.contains("blocks   0 of 10 are read\n         10 ruled out by what their flows have no field"),
        "{text}"
    );
    let (error, _) = fails(folder.path(), &["-d1", "--count", "-w", "src port 250", "m"]);
    assert!(error.starts_with("flow-filter: 1 of 10 blocks read, "), "{error}");
}

#[test]
fn a_period_rules_out_files_by_name_and_flows_by_their_times() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    for day in ["01", "05", "09"] {
        write(&folder.path().join(format!("a/ft-v05.2026-01-{day}.000000+0000")), Version::V5, 10);
    }
    // The test flows are of 1970, whatever the names say.
    let all = |args: &[&str]| count(folder.path(), &[args, &["a"]].concat());
    assert_eq!(all(&[]), 30);
    assert_eq!(all(&["--from", "1960-01-01T00:00:00Z"]), 30);
    assert_eq!(all(&["--to", "2026-01-04T12:00:00Z"]), 20);
    assert_eq!(all(&["--to", "2026-01-03"]), 10);
    assert_eq!(all(&["--from", "2026-01-01"]), 0);
    let text = fine(folder.path(), &["--explain", "--to", "2026-01-03", "a"]);
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("files    1 of 3 are read\n         2 ruled out by their names\n"), "{text}");
    let (error, code) = fails(folder.path(), &["--from", "soonish", "a"]);
    assert!(error.contains("'soonish'") && code == Some(2), "{error}");
}

#[test]
fn a_complete_file_is_explained_by_its_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let info = StreamInfo { flags: flags::DONE, flows: Some(200), ..StreamInfo::default() };
    let mut options = WriteOptions::new(Form::Modern, info);
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    for _ in 0..2 {
        let mut records = Vec::new();
        pattern::records(Version::V5, 0, 100, &mut records);
        writer.write(&FlowBatch::from_raw(Version::V5, Order::HOST, records)).unwrap();
        writer.flush().unwrap();
    }
    options.info.span = writer.span();
    let mut octets = writer.finish().unwrap();
    let header = options.header();
    octets[..header.len()].copy_from_slice(&header);
    fs::write(folder.path().join("a"), octets).unwrap();
    let said = |args: &[&str]| String::from_utf8(fine(folder.path(), args)).unwrap();
    let text = said(&["--explain", "-w", "src port 7", "a"]);
    assert!(text.contains("blocks   2 of 2 are read\nflows    200 of 200 are looked at\n"), "{text}");
    let text = said(&["--explain", "--from", "2026-01-01", "a"]);
    assert!(text.contains("1 ruled out by the times in their headers"), "{text}");
}

#[test]
fn ports_are_those_of_protocols_that_have_them() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), Version::V5, 100);
    // Of version 8.8, protocols count up as ports do.
    write(&folder.path().join("b"), Version::V8(8), 100);
    assert_eq!(count(folder.path(), &["-w", "src port 0-99", "a"]), 100);
    assert_eq!(count(folder.path(), &["-w", "src port 0-99", "b"]), 3);
    assert_eq!(count(folder.path(), &["-w", "srcport 0-99", "b"]), 100);
    assert_eq!(count(folder.path(), &["-w", "not src port 0-99", "b"]), 97);
    assert_eq!(count(folder.path(), &["-p", "0-99", "b"]), 100);
}

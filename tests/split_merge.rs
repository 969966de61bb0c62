//! flow-split, flow-merge and flow-expire, run as a user runs them.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{fine, flow_file, records, run_in, stderr};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Order, StreamInfo, Version, flags};

const SPLIT: &str = env!("CARGO_BIN_EXE_flow-split");
const MERGE: &str = env!("CARGO_BIN_EXE_flow-merge");
const EXPIRE: &str = env!("CARGO_BIN_EXE_flow-expire");
const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");

/// A version 5 file of these of [`records`], in this order.
fn file_of(order: Order, places: impl Iterator<Item = usize>) -> Vec<u8> {
    let all = records(4000);
    let mut chosen = Vec::new();
    for place in places {
        chosen.extend_from_slice(&all[place * 64..place * 64 + 64]);
    }
    let info = StreamInfo { flags: flags::DONE, ..StreamInfo::default() };
    let options = WriteOptions { order, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(&chosen).unwrap();
    writer.finish().unwrap()
}

/// The records of a classic file of this machine's order.
fn body(file: &[u8]) -> &[u8] {
    &file[u32::from_ne_bytes(file[4..8].try_into().unwrap()) as usize..]
}

fn ran(folder: &Path, program: &str, args: &[&str], input: &[u8]) -> Output {
    let output = run_in(folder, program, args, input);
    assert!(output.status.success(), "{program} {args:?}: {}", stderr(&output));
    output
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn parts_together_are_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    ran(folder.path(), SPLIT, &["-N", "400", "-opart"], &flow_file(1000, 0, Order::HOST));
    assert_eq!(names(folder.path()), ["part.0", "part.1", "part.2"]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let all = [read("part.0"), read("part.1"), read("part.2")];
    assert_eq!(all.iter().map(|file| body(file).len() / 64).collect::<Vec<_>>(), [400, 400, 200]);
    assert_eq!(all.iter().flat_map(|file| body(file).to_vec()).collect::<Vec<u8>>(), records(1000));
}

#[test]
fn parts_are_cut_by_time() {
    let folder = tempfile::tempdir().unwrap();
    // Exported a second one after the other.
    ran(folder.path(), SPLIT, &["-T60"], &flow_file(150, 0, Order::Big));
    assert_eq!(names(folder.path()), ["split.0", "split.1", "split.2"]);
    let flows = |name: &str| {
        fine(
            CAT,
            &["-b", if cfg!(target_endian = "little") { "little" } else { "big" }],
            &fs::read(folder.path().join(name)).unwrap(),
        )
    };
    assert_eq!(body(&flows("split.0")), &records(60)[..]);
    assert_eq!(body(&flows("split.2")).len() / 64, 30);
}

#[test]
fn modern_flows_are_split_too() {
    let folder = tempfile::tempdir().unwrap();
    let modern = fine(CAT, &["-V10"], &flow_file(1000, 0, Order::HOST));
    ran(folder.path(), SPLIT, &["-N999", "-g", "-o", "m"], &modern);
    assert_eq!(names(folder.path()), ["m.0.0", "m.0.1"]);
    let last = fine(CAT, &["-V5"], &fs::read(folder.path().join("m.0.1")).unwrap());
    assert_eq!(body(&last), &records(1000)[999 * 64..]);
}

#[test]
fn tags_need_flows_that_have_them() {
    let output = run_in(Path::new("."), SPLIT, &["-G"], &flow_file(1, 0, Order::HOST));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output).trim_end(), "flow-split: flows of version 5 have no dst_tag");
}

/// Forty files of which each has every fortieth flow, of both orders, one of them modern if asked for.
fn deal(folder: &Path, modern: bool) {
    for at in 0..40 {
        let order = if at % 2 == 0 { Order::Little } else { Order::Big };
        let mut file = file_of(order, (at..4000).step_by(40));
        if modern && at >= 3 {
            file = fine(CAT, &["-V10"], &file);
        }
        fs::write(folder.join(format!("f{at:02}")), file).unwrap();
    }
}

#[test]
fn files_are_merged_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    deal(folder.path(), false);
    let merged = ran(folder.path(), MERGE, &["."], &[]).stdout;
    assert_eq!(body(&merged), records(4000));
    // Those named by a list, and one more.
    let list: Vec<String> = (1..40).map(|at| format!("f{at:02}\n")).collect();
    let merged = ran(folder.path(), MERGE, &["-g", "-i", "-", "f00", "-o", "out"], list.concat().as_bytes());
    assert!(merged.stdout.is_empty());
    assert_eq!(body(&fs::read(folder.path().join("out")).unwrap()), records(4000));
}

#[test]
fn classic_and_modern_files_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    deal(folder.path(), true);
    let merged = ran(folder.path(), MERGE, &["."], &[]).stdout;
    assert_eq!(merged.get(..4), Some(&[0xCF, 0x10, 1, 4][..]));
    assert_eq!(body(&fine(CAT, &["-V5"], &merged)), records(4000));
}

#[test]
fn flows_of_the_same_time_come_in_the_files_order_and_files_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), file_of(Order::HOST, [1, 5, 2, 9].into_iter())).unwrap();
    fs::write(folder.path().join("b"), file_of(Order::HOST, [0, 5, 6, 9, 10].into_iter())).unwrap();
    let merged = ran(folder.path(), MERGE, &["a", "b"], &[]).stdout;
    let ports: Vec<u16> = body(&merged).chunks_exact(64).map(|r| u16::from_ne_bytes([r[48], r[49]])).collect();
    assert_eq!(ports, [0, 1, 5, 2, 5, 6, 9, 9, 10]);
}

#[test]
fn what_cannot_be_merged_is_named_and_the_rest_is_merged() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good"), file_of(Order::HOST, 0..10)).unwrap();
    fs::write(folder.path().join("bad"), b"not a flow file").unwrap();
    let whole = file_of(Order::HOST, 10..20);
    fs::write(folder.path().join("cut"), &whole[..whole.len() - 7]).unwrap();
    let output = run_in(folder.path(), MERGE, &["good", "bad", "cut"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(body(&output.stdout), &records(19)[..]);
    let said = stderr(&output);
    assert!(said.contains("flow-merge: bad: ") && said.contains("flow-merge: cut: "), "{said}");
    assert_eq!(run_in(folder.path(), MERGE, &["bad"], &[]).status.code(), Some(1));
}

#[test]
fn the_oldest_files_of_an_archive_are_expired() {
    let folder = tempfile::tempdir().unwrap();
    for day in 1..=5 {
        let below = folder.path().join(format!("2026-01-0{day}"));
        fs::create_dir(&below).unwrap();
        fs::write(below.join(format!("ft-v05.2026-01-0{day}.000000+0000")), flow_file(100, 0, Order::HOST)).unwrap();
    }
    fs::write(folder.path().join("notes"), "mine").unwrap();
    let would = ran(folder.path(), EXPIRE, &["-w.", "-e3", "--dry-run"], &[]).stdout;
    let want = "./2026-01-01/ft-v05.2026-01-01.000000+0000\n./2026-01-02/ft-v05.2026-01-02.000000+0000\n";
    assert_eq!(String::from_utf8(would).unwrap(), want);
    assert_eq!(names(folder.path()).len(), 6);
    let said = stderr(&ran(folder.path(), EXPIRE, &["-w", ".", "-e", "3", "-d1"], &[]));
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(names(folder.path()), ["2026-01-03", "2026-01-04", "2026-01-05", "notes"]);
    ran(folder.path(), EXPIRE, &["-w.", "-E10K"], &[]);
    assert_eq!(names(folder.path()), ["2026-01-05", "notes"]);
}

#[test]
fn flow_files_of_other_names_are_expired_by_their_time_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let begun = |start: u32| {
        let info = StreamInfo { flags: flags::DONE, start: Some(start), ..StreamInfo::default() };
        let mut writer = FlowWriter::new(Vec::new(), &WriteOptions::new(Version::V5, info)).unwrap();
        writer.write_records(&records(10)).unwrap();
        writer.finish().unwrap()
    };
    let put = |name: &str, octets: &[u8]| fs::write(folder.path().join(name), octets).unwrap();
    put("ft-v05.2026-01-02.000000+0000", &begun(1));
    put("old.flows", &begun(1_767_225_600));
    put("new.flows", &begun(1_767_225_600 + 3 * 86_400));
    // A file that does not say when it began, changed just now.
    put("unsaid", &begun(0));
    let kept = [("tmp-v05.2025-01-01.000000+0000", begun(1)), ("tmp.1", begun(1)), (".keep", begun(1))];
    let other = [("notes", b"mine".to_vec()), ("magic", vec![0xCF, 0x10, 1, 3, 9]), ("empty", Vec::new())];
    kept.iter().chain(&other).for_each(|(name, octets)| put(name, octets));
    std::os::unix::fs::symlink("old.flows", folder.path().join("link")).unwrap();
    let would = ran(folder.path(), EXPIRE, &["-w.", "-e1", "--dry-run"], &[]).stdout;
    let want = "./old.flows\n./ft-v05.2026-01-02.000000+0000\n./new.flows\n";
    assert_eq!(String::from_utf8(would).unwrap(), want);
    ran(folder.path(), EXPIRE, &["-w.", "-e1"], &[]);
    let mut want: Vec<&str> = kept.iter().chain(&other).map(|(name, _)| *name).chain(["link", "unsaid"]).collect();
    want.sort_unstable();
    assert_eq!(names(folder.path()), want);
}

#[test]
fn expiring_wants_a_limit_and_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for (args, code) in [(vec!["-w."], 2), (vec!["-e1"], 2), (vec!["-wnowhere", "-e1"], 1), (vec!["-w.", "-E1X"], 2)] {
        assert_eq!(run_in(folder.path(), EXPIRE, &args, &[]).status.code(), Some(code), "{args:?}");
    }
}

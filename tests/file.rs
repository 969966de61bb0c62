//! Flow files through the real programs: whole, cut, damaged and foreign.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use common::{fine, flow_file, records, run, stderr};
use flowtools::file::{FlowReader, FlowWriter, WriteOptions};
use flowtools::flow::{Field, Order, StreamInfo, Version, flags};

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");
const HEADER: &str = env!("CARGO_BIN_EXE_flow-header");

/// The packet counts of a file's flows: 0, 1, 2... in what [`records`] makes.
fn packets(file: &[u8]) -> Vec<u64> {
    let mut reader = FlowReader::new(std::io::Cursor::new(file.to_vec()), "test").unwrap();
    let (mut all, mut some) = (Vec::new(), Vec::new());
    while let Some(batch) = reader.next_batch().unwrap() {
        batch.gather(Field::Packets, &mut some);
        all.extend_from_slice(&some);
    }
    all
}

#[test]
fn records_survive_both_orders_and_every_level() {
    let plain = flow_file(10_000, 0, Order::HOST);
    let want: Vec<u64> = (0..10_000).collect();
    for order in ["little", "big"] {
        for level in ["0", "1", "6", "9"] {
            let written = fine(CAT, &["-b", order, "-z", level], &plain);
            assert_eq!(packets(&written), want);
            let back = fine(CAT, &[], &written);
            assert!(back.ends_with(&records(10_000)), "{order} {level}");
        }
    }
}

#[test]
fn a_cut_file_is_read_as_far_as_it_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut");
    for level in [0, 6] {
        let whole = flow_file(5_000, level, Order::Little);
        fs::write(&path, &whole[..whole.len() - 70]).unwrap();
        let output = run(CAT, &[path.to_str().unwrap()], b"");
        assert_eq!(output.status.code(), Some(1));
        let kept = packets(&output.stdout).len();
        assert!((4_000..5_000).contains(&kept), "{kept}");
        let said = stderr(&output);
        assert!(said.starts_with(&format!("flow-cat: {}: record {kept}: ", path.display())), "{said}");
        assert!(said.contains(&format!("(kept {kept} flows)")) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_file_cut_between_records_is_missed_by_its_count() {
    let whole = flow_file(100, 0, Order::Little);
    let output = run(CAT, &[], &whole[..whole.len() - 128]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("standard input: record 98: file ends early: the header counts 100 flows"));
}

#[test]
fn damage_inside_zlib_keeps_what_came_before() {
    let mut file = flow_file(20_000, 6, Order::Little);
    let middle = file.len() / 2;
    file[middle..middle + 64].fill(0xFF);
    let output = run(CAT, &[], &file);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("zlib data is damaged"), "{}", stderr(&output));
    let kept = packets(&output.stdout);
    assert!(kept.len() > 1_000, "{}", kept.len());
    assert_eq!(kept[..1_000], (0..1_000).collect::<Vec<u64>>());
}

#[test]
fn a_bad_file_among_good_ones_is_named_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), flow_file(10, 0, Order::Little)).unwrap();
    fs::write(dir.path().join("b"), b"GIF89a").unwrap();
    fs::write(dir.path().join("c"), flow_file(10, 6, Order::Big)).unwrap();
    fs::write(dir.path().join("tmp-v05"), b"").unwrap();
    let output = run(CAT, &[dir.path().to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(packets(&output.stdout).len(), 20);
    assert!(stderr(&output).ends_with("b: offset 0: not a flow file (it does not begin with cf 10)\n"));
}

#[test]
fn empty_missing_and_odd_inputs_are_errors_in_one_line() {
    for (args, input, code, want) in [
        (vec![], &b""[..], 1, "standard input: empty, expected a flow file"),
        (vec!["/nonexistent"], b"", 1, "/nonexistent: No such file"),
        (vec!["-z", "10"], b"", 2, "10"),
        (vec!["-t", "no such date"], b"", 2, "no such date"),
        (vec!["--no-such"], b"", 2, "--no-such"),
    ] {
        let output = run(CAT, &args, input);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let said = stderr(&output);
        assert!(said.starts_with("flow-cat: ") && said.contains(want) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn headers_that_ask_for_too_much_are_refused() {
    let mut file = flow_file(1, 0, Order::Little);
    file[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let output = run(HEADER, &[], &file);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("offset 4: header of 4294967295 octets"), "{}", stderr(&output));
}

#[test]
fn preloading_sums_the_headers() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(dir.path().join(name), flow_file(10, 0, Order::Little)).unwrap();
    }
    let cat = fine(CAT, &["-p", "-C", "both", dir.path().to_str().unwrap()], b"");
    let text = String::from_utf8(fine(HEADER, &[], &cat)).unwrap();
    assert!(text.contains("capture flows:        20\n") && text.contains("comments:             both\n"), "{text}");
    // A preloaded count is a sum of what headers said, not a promise that this file keeps.
    assert_eq!(packets(&fine(CAT, &[], &cat)).len(), 20);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("big");
    fs::write(&path, flow_file(100_000, 0, Order::Little)).unwrap();
    let script = format!(
        "set -o pipefail; {CAT} {} {} | head -c 10 | wc -c; echo ${{PIPESTATUS[0]}}",
        path.display(),
        path.display()
    );
    let output = run("bash", &["-c", &script], b"");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "10\n0\n");
    assert_eq!(stderr(&output), "");
}

#[test]
fn no_good_file_is_no_reason_to_read_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad");
    fs::write(&path, b"GIF89a").unwrap();
    for option in ["-p", "-g"] {
        let output = run(CAT, &[option, path.to_str().unwrap()], &flow_file(10, 0, Order::Little));
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let said = stderr(&output);
        assert!(said.contains("bad: offset 0: not a flow file") && said.lines().count() == 1, "{said}");
    }
    let output = run(HEADER, &[tempfile::tempdir().unwrap().path().to_str().unwrap()], b"");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), "flow-header: input: no flow file in it\n"));
}

/// Starts flow-print on pipes.
fn printing() -> (Child, ChildStdin, BufReader<ChildStdout>) {
    let mut print = Command::new(env!("CARGO_BIN_EXE_flow-print"))
        .arg("-f3")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdin, stdout) = (print.stdin.take().unwrap(), print.stdout.take().unwrap());
    (print, stdin, BufReader::new(stdout))
}

#[test]
fn compressed_flows_are_shown_as_they_arrive() {
    let (mut print, stdin, mut stdout) = printing();
    let info = StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() };
    let options = WriteOptions { level: 6, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(stdin, &options).unwrap();
    for lines in [2, 1] {
        writer.write_records(&records(1)).unwrap();
        writer.flush().unwrap();
        (0..lines).for_each(|_| assert!(stdout.read_line(&mut String::new()).unwrap() > 0));
    }
    drop(writer.finish().unwrap());
    assert!(print.wait().unwrap().success());
}

#[test]
fn a_closed_output_ends_the_wait_for_more_input() {
    let (mut print, mut stdin, stdout) = printing();
    stdin.write_all(&flow_file(1, 0, Order::HOST)).unwrap();
    drop(stdout);
    // The pipe stays open. A process that another test is just starting may hold the output open for a moment, so one
    // more flow need not be enough to notice that it is closed.
    let ended = (0..100).find_map(|_| {
        let _ = stdin.write_all(&records(1));
        std::thread::sleep(Duration::from_millis(50));
        print.try_wait().unwrap()
    });
    let _ = print.kill();
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}
